"""What holds for every case: days add up, no order matters, our own returns stop nothing, more excluded is never more
used. The engine counts by subtraction and search; here every day is asked by itself."""

import random
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_protocol.case.clock import explain, grade_on, read, turns, watched
from sync_protocol.case.exclusions import EXCLUSIONS
from sync_protocol.case.facts import Correction, Exclusion, Facts, Hold, Limits, Outage
from sync_protocol.case.gaps import stops
from tests.sync_protocol.case.year_2026 import CALENDAR, days_between

BEGIN = date(2026, 1, 12)
SPAN = 120
HOLDERS = ("village", "transit_up", "township", "county", "transit_down")


def day(number: int) -> date:
    return BEGIN + timedelta(number)


NUMBERS = st.integers(0, SPAN)
EXCLUSION = st.builds(
    lambda kind, first, length, planned: Exclusion(
        kind, day(first), None if length is None else day(first + length), planned
    ),
    st.sampled_from([kind for kind in EXCLUSIONS if kind != "correction"]),
    NUMBERS,
    st.none() | st.integers(-3, 30),
    st.none() | st.integers(0, 15),
)
LIMITS = st.builds(
    Limits,
    promised=st.none() | st.integers(0, 25),
    statutory=st.none() | st.integers(1, 30),
    village=st.none() | st.integers(0, 3),
    township=st.none() | st.integers(0, 10),
    county=st.none() | st.integers(0, 10),
    publicity_unit=st.sampled_from(["calendar", "working"]),
    publicity_excluded=st.booleans(),
    acceptance=st.just(5),
    delivery=st.just(10),
    prereview=st.just(2),
)


@st.composite
def cases(draw: st.DrawFn) -> Facts:
    """A case of any shape whose days come in order."""
    days = sorted(draw(st.lists(NUMBERS, min_size=6, max_size=6)))
    reached = draw(st.integers(1, 6))
    named = ("received", "accepted", "decided", "settled", "delivered")
    known = {name: day(number) for name, number in list(zip(named, days[1:], strict=True))[: reached - 1]}
    holds = [Hold(day(days[0]), "village")] + [
        Hold(day(number), draw(st.sampled_from(HOLDERS)))
        for number in sorted(draw(st.lists(st.integers(days[0], SPAN), max_size=5)))
    ]
    asked = sorted(draw(st.lists(st.integers(days[1], days[2]), max_size=2)))
    corrections = [Correction(day(number), day(min(number + 4, days[2]))) for number in asked if reached > 2]
    outage = draw(NUMBERS)
    return Facts(
        draw(LIMITS),
        begun=day(days[0]),
        corrections=tuple(corrections),
        exclusions=tuple(draw(st.lists(EXCLUSION, max_size=4))),
        extension_days=draw(st.sampled_from([0, 0, 10])),
        holds=tuple(holds),
        outages=(Outage(day(outage), day(outage + 5)),),
        told_earlier=(),
        **known,
    )


AS_OF = st.integers(0, SPAN + 60).map(day)


@given(cases(), AS_OF)
def test_every_working_day_belongs_to_exactly_one_holder(facts: Facts, as_of: date) -> None:
    clocks = read(facts, CALENDAR, as_of)
    assert facts.begun is not None
    last = min(as_of, facts.delivered or as_of)
    assert sum(clocks.shares.values()) == clocks.elapsed == CALENDAR.count(facts.begun, last)


@given(cases(), AS_OF, st.randoms(use_true_random=False))
def test_the_order_of_the_ledger_does_not_matter(facts: Facts, as_of: date, chance: random.Random) -> None:
    turned = list(facts.exclusions)
    chance.shuffle(turned)
    other = facts._replace(exclusions=tuple(turned), corrections=facts.corrections[::-1])
    assert read(other, CALENDAR, as_of) == read(facts, CALENDAR, as_of)
    assert explain(other, CALENDAR, as_of) == explain(facts, CALENDAR, as_of)


@given(cases(), AS_OF, st.lists(st.tuples(NUMBERS, st.sampled_from(HOLDERS))), NUMBERS)
def test_passing_a_case_among_ourselves_never_stops_the_applicants_clock(
    facts: Facts, as_of: date, moves: list[tuple[int, str]], back: int
) -> None:
    holds = [Hold(day(number), bucket) for number, bucket in sorted(moves)]  # type: ignore[arg-type]
    returned = (*facts.exclusions, Exclusion("returned", day(back)), Exclusion("countersign", day(back), day(back + 9)))
    other = facts._replace(holds=tuple(holds), exclusions=returned)
    for name in ("acceptance", "promised", "statutory", "delivery"):
        assert read(other, CALENDAR, as_of).of(name) == read(facts, CALENDAR, as_of).of(name)


@given(cases(), AS_OF, EXCLUSION)
def test_more_excluded_is_never_more_used(facts: Facts, as_of: date, more: Exclusion) -> None:
    before, after = (
        read(facts, CALENDAR, as_of),
        read(facts._replace(exclusions=(*facts.exclusions, more)), CALENDAR, as_of),
    )
    for reading in after.readings:
        if reading.clock in ("acceptance", "promised", "statutory", "delivery"):
            same = before.of(reading.clock)
            assert same is not None and reading.used <= same.used and reading.due >= same.due


def asked_too_late(facts: Facts) -> list[Exclusion]:
    """Corrections asked for when the case was accepted by silence: supplements by then."""
    start, late = facts.received, list[Exclusion]()
    for asked, supplied in sorted(facts.corrections):
        assert start is not None
        if late or sum(map(CALENDAR.is_working, days_between(start + timedelta(1), asked))) > 5:
            late.append(Exclusion("supplement", asked, supplied))
        else:
            start = supplied
    return late


@given(cases(), AS_OF)
def test_used_is_what_asking_each_day_finds(facts: Facts, as_of: date) -> None:
    for reading in read(facts, CALENDAR, as_of).readings:
        if reading.clock not in ("promised", "statutory", "delivery"):
            continue
        closed = set[date]()
        ledger = [*facts.exclusions, *asked_too_late(facts)]
        for each in ledger:
            if not stops(each.kind, reading.clock, facts.limits):
                continue
            end = min(each.closed or as_of, as_of)
            if each.planned is not None:
                if each.kind == "publicity" and facts.limits.publicity_unit == "calendar":
                    end = min(end, each.opened + timedelta(each.planned))
                else:
                    end = min(end, CALENDAR.nth(each.opened, each.planned))
            closed.update(days_between(each.opened + timedelta(1), end))
        last = min(reading.end or as_of, as_of)
        counted = [one for one in days_between(reading.start + timedelta(1), last) if CALENDAR.is_working(one)]
        assert reading.used == len([one for one in counted if one not in closed])
        assert reading.excluded == len([one for one in counted if one in closed])


@given(cases(), AS_OF)
def test_due_is_the_first_day_on_which_all_is_used(facts: Facts, as_of: date) -> None:
    """As if what is open were closed today: so the case is looked at again with everything closed."""
    shut = tuple(
        each._replace(closed=max(each.opened, as_of)) if each.closed is None else each for each in facts.exclusions
    )
    closed = facts._replace(exclusions=shut)
    for reading in read(facts, CALENDAR, as_of).readings:
        if reading.clock in ("promised", "statutory", "delivery") and reading.end is None and reading.limit:
            then, before = (read(closed, CALENDAR, reading.due - timedelta(less)).of(reading.clock) for less in (0, 1))
            if reading.due >= as_of and then is not None:
                assert then.used == reading.limit
                assert before is None or before.used == reading.limit - 1


@given(cases(), AS_OF)
def test_the_ledger_day_by_day_adds_up_to_the_sums(facts: Facts, as_of: date) -> None:
    clocks, lines = read(facts, CALENDAR, as_of), explain(facts, CALENDAR, as_of)
    for reading in clocks.readings:
        if reading.clock in ("promised", "statutory", "delivery"):
            assert sum(reading.clock in line.counted for line in lines) == reading.used
            assert sum(reading.clock in line.stopped for line in lines) == reading.excluded
    working = [line for line in lines if line.day.working]
    for bucket, count in clocks.shares.items():
        assert sum(line.bucket == bucket for line in working) == count
    assert len(working) == clocks.elapsed


@given(cases(), st.integers(0, 90))
def test_the_grade_of_a_day_to_come_can_be_read_from_when_it_turns(facts: Facts, later: int) -> None:
    told = [facts.begun, facts.received, facts.accepted, facts.decided, facts.settled, facts.delivered]
    told += [each.since for each in facts.holds]
    told += [one for each in facts.exclusions for one in (each.opened, each.closed)]
    now = max(one for one in told if one is not None)
    turned = turns(facts, CALENDAR, now)
    then = now + timedelta(later)
    assert grade_on(turned, then) == read(facts, CALENDAR, then).grade
    leading = read(facts, CALENDAR, now).leading
    assert turned.due == (leading.due if leading is not None else None)


@pytest.mark.slow
@given(cases())
def test_half_the_time_is_gone_on_the_first_day_on_which_asking_finds_it(facts: Facts) -> None:
    known = [each.since for each in watched(facts, CALENDAR) if each.why == "half"]
    deemed_on = read(facts, CALENDAR, day(2 * SPAN)).deemed
    flagged = [each for each in days_between(BEGIN, day(SPAN)) if "half" in read(facts, CALENDAR, each).flags]
    if flagged and deemed_on is None:
        assert known == [flagged[0]]
    if known and known[0] <= day(SPAN) and deemed_on is None:
        assert known[0] in flagged
