"""What sums over the rows of cases say of a period is what a count of all events says, whatever the histories."""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from hashlib import sha256
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync_protocol import encoding
from sync_protocol.case import CaseEvent, kinds, legal_dates
from sync_protocol.case.rates import Counts
from sync_protocol.case.workdays import FIRST_DAY, Calendar, Year, day_of
from sync_protocol.places import about
from tests.sync_protocol.case.histories import CASE_NUMBER, COUNTY, PLACES, History, Network, catalogue, histories
from tests.sync_protocol.case.tape import Tape
from tests.village_node.casebook.rates_by_events import Period, Told, counts
from village_node.casebook import blame, case_rows
from village_node.casebook.rates import _counted, _Tally
from village_node.store import Store, cases, faults, rows
from village_node.store.cases import CaseRow
from village_node.store.faults import FaultRow

FIRST = date(2026, 1, 5)
HOUR_MS = 3_600_000
START_MS = (FIRST - FIRST_DAY).days * 24 * HOUR_MS
RECEIVED = encoding.encode({0: CASE_NUMBER, 1: "0123456789ABC"})
ARRIVED = encoding.encode({1: 5, 2: 3, 3: 9, 4: 5, 5: False})
BEFORE = 1_000_000  # what the clock of a history says when it begins
OFF = [date(2026, 2, day) for day in (16, 17, 18, 19, 20, 23)]
CALENDAR = Calendar("test", {2026: Year.of_days(OFF, [date(2026, 2, 14), date(2026, 2, 28)], "国办发明电〔2025〕7号")})
HOURS = (3, 11, 31, 53)  # that one tick of a history lasts
# Some at random, and of what is rare some that have it.
SEEDS = (*range(30), 51, 66, 93, 94, 97, 109, 112, 150, 154, 159, 173, 188, 207, 218, 229, 234, 285)
PERIODS = ((1, 31), (1, 90), (1, 365), (32, 59), (60, 120), (91, 181), (182, 500))  # days of 2026, both counted


def more(number: int | None) -> int | None:
    return None if number is None else number + 1


def later(day: int | None) -> int | None:
    return None if day is None else day + 40


def flipped(number: int | None) -> int | None:
    return None if number is None else 1 - number


# The columns that rates alone are counted from, each with a way to be wrong.
OF_CASES: dict[str, Callable[[int | None], int | None]] = {
    "owed_day": later, "statute": flipped, "returned": lambda number: 1 - (number or 0), "transfers": more,
    "transfer_days": more, "visits": more, "previews": more, "previews_in_time": more, "preview_due": later,
}  # fmt: skip
OF_RATINGS: dict[str, Callable[[int | None], int | None]] = {"due_day": later, "mended": flipped, "called": flipped}


def retold(history: History, step: int) -> list[CaseEvent]:
    """The events of a history over weeks or months, some taken in at a counter, some recorded by applicants."""
    found = []
    for number, event in enumerate(history.events):
        at_ms = START_MS + (event.claimed_ms - BEFORE) * step * HOUR_MS
        raw = event.body
        if event.kind == kinds.ACCEPT and raw == ARRIVED:
            raw = encoding.encode({1: 5, 2: 3, 3: at_ms, 4: max(START_MS, at_ms - 9 * HOUR_MS), 5: False})
        elif raw == RECEIVED and number % 3:
            raw = encoding.encode({0: CASE_NUMBER, 1: "0123456789ABC", 2: ("counter", "online")[number % 2]})
        actor = "resident" if event.kind == kinds.FOLLOW_UP and number % 4 == 0 else event.actor
        found.append(replace(event, claimed_ms=at_ms, body=raw, actor=actor))
    return found


class Corpus(NamedTuple):
    """Cases with what their events say of each period."""

    told: list[Told]
    wanted: dict[Period, Counts]


Folded = tuple[list[CaseRow], list[FaultRow]]


def folded(told: Sequence[Told]) -> Folded:
    """The rows of these cases, as they are folded on the day of the last event of each."""
    listed, against = [], []
    for number, (case, events) in enumerate(told):
        key = about(case.home), sha256(b"%d" % number).digest()[:16]
        last = max(event.claimed_ms for event in events)
        turned = legal_dates.turns_of(case, events, PLACES, catalogue(), CALENDAR, day_of(last))
        row = case_rows.folded(key, case, len(events), last, turned, PLACES, catalogue())
        row = case_rows.counted(row, case, events, PLACES, catalogue(), CALENDAR, settling=True, before=None)
        listed.append(row)
        against += blame.rows_of(key, case, PLACES, CALENDAR)
    return listed, against


def write(store: Store, made: Folded) -> None:
    """Have the store hold these rows and no others."""
    listed, against = made
    with store.writing() as connection:
        for table in ("cases", "faults"):
            rows.do(connection, f"DELETE FROM {table}")
        cases.put(connection, listed)
        faults.put(connection, [row[:2] for row in listed], against)


def summed(store: Store, period: Period) -> Counts:
    """What the rows say of a period, without the villages."""
    tally = _Tally(PLACES, PLACES.kept_at(COUNTY))
    with store.reading() as connection:
        for scope, grown in _counted(connection, CALENDAR, period.first, period.upto, period.today):
            tally.add(scope, **grown)
    whole = Counts()
    for line in tally.lines(COUNTY):
        whole = whole.plus(line.counts)
    return whole._replace(villages=0, reached=0)


def corpus_of(found: Iterable[tuple[History, int]], days: int) -> Corpus:
    """Histories, each over so many hours a tick, and what is counted so many days behind the last event of all."""
    told = []
    for history, step in found:
        events = retold(history, step)
        told.append(Told(history.fold(events), events))
    today = max(day_of(event.claimed_ms) for each in told for event in each.events) + timedelta(days)
    wanted = {}
    for both in PERIODS:
        first, last = (date(2026, 1, 1) + timedelta(day - 1) for day in both)
        if first <= today:
            period = Period(first, last, today)
            wanted[period] = counts(told, period, PLACES, catalogue(), CALENDAR)
    return Corpus(told, wanted)


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    """Cases of which some do whatever is counted."""
    found = []
    for seed in SEEDS:
        chance = random.Random(seed)
        tape = Tape([chance.randrange(256) for _ in range(chance.randint(120, 300))])
        found.append((Network(tape, honest=seed % 4 > 0).run(), chance.choice(HOURS)))
    return corpus_of(found, 3)


@pytest.mark.slow
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(st.tuples(histories(), st.sampled_from(HOURS)), min_size=1, max_size=3), st.integers(0, 90))
def test_sums_over_rows_say_what_the_events_say(store: Store, found: list[tuple[History, int]], days: int) -> None:
    told, wanted = corpus_of(found, days)
    write(store, folded(told))
    assert {period: summed(store, period) for period in wanted} == wanted


@pytest.mark.slow
def test_of_many_cases_whatever_is_counted_is_what_the_events_say(store: Store, corpus: Corpus) -> None:
    write(store, folded(corpus.told))
    assert {period: summed(store, period) for period in corpus.wanted} == corpus.wanted
    seen = Counts()
    for found in corpus.wanted.values():
        seen = seen.plus(found)
    nowhere = {name for name, number in seen._asdict().items() if not number}
    assert nowhere == {"villages", "reached"}, "which are counted of the others"


@pytest.mark.slow
@pytest.mark.parametrize("column", [*OF_CASES, *OF_RATINGS])
def test_one_column_that_is_wrong_makes_another_count(store: Store, corpus: Corpus, column: str) -> None:
    listed, against = folded(corpus.told)

    def spoiled(row: Any, wrong: Callable[[int | None], int | None]) -> Any:
        return row._replace(**{column: wrong(getattr(row, column))})

    if column in OF_CASES:
        listed = [spoiled(row, OF_CASES[column]) for row in listed]
    else:
        against = [spoiled(row, OF_RATINGS[column]) for row in against]
    write(store, (listed, against))
    assert {period: summed(store, period) for period in corpus.wanted} != corpus.wanted
