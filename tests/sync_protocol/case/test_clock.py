"""The legal clock worked out by hand, over the holidays and make-up days of 2026 and into a year not announced yet."""

from datetime import date
from typing import Any

import pytest

from sync_protocol.case.clock import grade_on, read, thresholds, turns, watched
from sync_protocol.case.exclusions import ClockName
from sync_protocol.case.facts import Correction, Exclusion, Facts, Hold, Limits, Outage
from tests.sync_protocol.case.year_2026 import CALENDAR


def on(month: int, day: int, year: int = 2026) -> date:
    return date(year, month, day)


def accepted(day: date, promised: int | None = 10, statutory: int | None = 20, **more: Any) -> Facts:
    """A case received and accepted on one day at the county's window."""
    limits = Limits(promised=promised, statutory=statutory)
    return Facts(limits, begun=day, received=day, accepted=day, holds=(Hold(day, "county"),), **more)


SUPPLEMENT = (Exclusion("supplement", on(3, 6), on(3, 11)),)
HEARING = (Exclusion("hearing", on(5, 6), None, 3),)

# What happened, the day it is looked at, the clock; used, due, remaining, grade; and the arithmetic in words.
WORKED: list[tuple[str, Facts, date, ClockName, int, date, int, str, str]] = [
    (
        "over Spring Festival",
        accepted(on(2, 12)),
        on(2, 26),
        "promised",
        5,
        on(3, 4),
        5,
        "notice",
        "Thu 12 is not counted; Fri 13 and Sat 14 (make-up) are 1, 2; 15 to 23 off; Tue 24 to Thu 26 are 3 to 5. "
        "Then Fri 27 is 6, Sat 28 (make-up) 7, Mon 2, Tue 3 March 8, 9, Wed 4 is 10.",
    ),
    (
        "over May Day",
        accepted(on(4, 29), promised=5),
        on(5, 9),
        "promised",
        5,
        on(5, 9),
        0,
        "yellow",
        "Thu 30 April is 1; 1 to 5 May off; Wed 6, Thu 7, Fri 8 are 2, 3, 4; Sat 9 (make-up) is 5: all used.",
    ),
    (
        "a day later it is over",
        accepted(on(4, 29), promised=5),
        on(5, 11),
        "promised",
        6,
        on(5, 9),
        -1,
        "red",
        "As above, and Mon 11 is 6.",
    ),
    (
        "the Sunday between changes nothing: due on a Saturday worked, looked at on the day off",
        accepted(on(4, 29), promised=5),
        on(5, 10),
        "promised",
        5,
        on(5, 9),
        0,
        "yellow",
        "Sun 10 May is no working day: used stays 5.",
    ),
    (
        "over National Day",
        accepted(on(9, 18), promised=10),
        on(9, 30),
        "promised",
        8,
        on(10, 9),
        2,
        "yellow",
        "Sun 20 (make-up) is 1; Mon 21 to Thu 24 are 2 to 5; 25 to 27 off; Mon 28 to Wed 30 are 6, 7, 8; "
        "1 to 7 October off; Thu 8, Fri 9 are 9, 10.",
    ),
    (
        "papers wanted in the examination stop the promise",
        accepted(on(3, 2), exclusions=SUPPLEMENT),
        on(3, 12),
        "promised",
        5,
        on(3, 19),
        5,
        "notice",
        "Tue 3 to Fri 6 March are 1 to 4: the day of the notice counts; Mon 9 to Wed 11 do not; Thu 12 is 5; "
        "Fri 13, Mon 16 to Thu 19 are 6 to 10.",
    ),
    (
        "and leave the statute running",
        accepted(on(3, 2), exclusions=SUPPLEMENT),
        on(3, 12),
        "statutory",
        8,
        on(3, 30),
        12,
        "",
        "Tue 3 to Fri 6 are 4 days, Mon 9 to Thu 12 another 4; 12 more: Fri 13, 16 to 20, 23 to 27, Mon 30.",
    ),
    (
        "papers still wanting: due as if they came today",
        accepted(on(3, 2), exclusions=(Exclusion("supplement", on(3, 6)),)),
        on(3, 12),
        "promised",
        4,
        on(3, 20),
        6,
        "",
        "Tue 3 to Fri 6 are 1 to 4, then nothing; from Thu 12 on: Fri 13 is 5, Mon 16 to Fri 20 are 6 to 10.",
    ),
    (
        "a hearing stops both clocks and closes by itself at its planned end",
        accepted(on(4, 28), exclusions=HEARING),
        on(5, 12),
        "statutory",
        5,
        on(6, 2),
        15,
        "",
        "Wed 29, Thu 30 April are 1, 2; Wed 6 May is 3; planned: Thu 7 to Sat 9 (make-up); Mon 11, Tue 12 are 4, 5. "
        "15 more: 13 to 15 (3), 18 to 22 (8), 25 to 29 (13), Mon 1, Tue 2 June.",
    ),
    (
        "two procedures that overlap are one gap",
        accepted(
            on(3, 2),
            exclusions=(Exclusion("testing", on(3, 4), on(3, 10)), Exclusion("appraisal", on(3, 6), on(3, 12))),
        ),
        on(3, 13),
        "statutory",
        3,
        on(4, 8),
        17,
        "",
        "Tue 3, Wed 4 are 1, 2; (4, 12] is one gap; Fri 13 is 3. 17 more: 16 to 20 (5), 23 to 27 (10), 30 March to "
        "3 April (15), Mon 6 April off, Tue 7, Wed 8.",
    ),
    (
        "closed on the day the next one opens: that day counts for neither",
        accepted(
            on(3, 2),
            exclusions=(Exclusion("testing", on(3, 4), on(3, 6)), Exclusion("appraisal", on(3, 6), on(3, 10))),
        ),
        on(3, 11),
        "statutory",
        3,
        on(4, 3),
        17,
        "",
        "Tue 3, Wed 4 are 1, 2; (4, 6] and (6, 10] touch; Wed 11 is 3. 17 more: 12, 13 (2), 16 to 20 (7), 23 to 27 "
        "(12), 30 March to Fri 3 April (17).",
    ),
    (
        "an exclusion from before acceptance takes nothing away twice",
        accepted(on(3, 9), exclusions=(Exclusion("testing", on(3, 2), on(3, 10)),)),
        on(3, 12),
        "statutory",
        2,
        on(4, 8),
        18,
        "",
        "Of (2, 10] only Tue 10 lies after Mon 9; Wed 11, Thu 12 are 1, 2. 18 more: Fri 13 (1), 16 to 20 (6), 23 to 27 "
        "(11), 30 March to 3 April (16), Tue 7, Wed 8.",
    ),
    (
        "nothing promised but the day itself",
        accepted(on(2, 13), promised=0),
        on(2, 13),
        "promised",
        0,
        on(2, 13),
        0,
        "",
        "Limit 0: due on the day of acceptance, no grade on that day.",
    ),
    (
        "and the next working day, a Saturday, is too late",
        accepted(on(2, 13), promised=0),
        on(2, 14),
        "promised",
        1,
        on(2, 13),
        -1,
        "red",
        "Sat 14 February is a make-up day: 1 used of 0.",
    ),
    (
        "extended by ten days",
        accepted(on(3, 2), extension_days=10),
        on(3, 16),
        "promised",
        10,
        on(3, 30),
        10,
        "notice",
        "Tue 3 to Fri 6 (4), 9 to 13 (9), Mon 16 is 10 of 20. 10 more: 17 to 20 (4), 23 to 27 (9), Mon 30.",
    ),
    (
        "into a year that is not announced",
        accepted(on(12, 28), promised=5),
        on(12, 31),
        "promised",
        3,
        on(1, 5, 2027),
        2,
        "notice",
        "Tue 29 to Thu 31 are 1 to 3; Fri 1 January off; Mon 4, Tue 5 January 2027 are 4, 5, as far as known.",
    ),
    (
        "silence of five days",
        Facts(
            Limits(promised=10, statutory=20), begun=on(3, 2), received=on(3, 2), holds=(Hold(on(3, 2), "township"),)
        ),
        on(3, 10),
        "acceptance",
        6,
        on(3, 9),
        -1,
        "red",
        "Tue 3 to Fri 6 are 1 to 4, Mon 9 is 5, Tue 10 is 6 of 5: accepted by silence.",
    ),
    (
        "the promise then runs from the receipt",
        Facts(
            Limits(promised=10, statutory=20), begun=on(3, 2), received=on(3, 2), holds=(Hold(on(3, 2), "township"),)
        ),
        on(3, 10),
        "promised",
        6,
        on(3, 16),
        4,
        "notice",
        "From Mon 2: 6 used by Tue 10; Wed 11 to Fri 13 are 7 to 9, Mon 16 is 10.",
    ),
    (
        "papers for acceptance still wanting: five days from the day they come",
        Facts(
            begun=on(2, 9), received=on(2, 9), corrections=(Correction(on(2, 12)),), holds=(Hold(on(2, 9), "township"),)
        ),
        on(2, 14),
        "acceptance",
        0,
        on(2, 28),
        5,
        "",
        "If they come on Sat 14: Tue 24 to Fri 27 are 1 to 4, Sat 28 (make-up) is 5.",
    ),
    (
        "they came: the clock starts anew",
        Facts(
            begun=on(2, 9),
            received=on(2, 9),
            corrections=(Correction(on(2, 12), on(2, 14)),),
            holds=(Hold(on(2, 9), "township"),),
        ),
        on(2, 27),
        "acceptance",
        4,
        on(2, 28),
        1,
        "yellow",
        "From Sat 14: Tue 24 to Fri 27 are 1 to 4.",
    ),
    (
        "ten days to deliver, from the decision",
        accepted(on(9, 1), decided=on(9, 15), settled=on(9, 15)),
        on(9, 30),
        "delivery",
        11,
        on(9, 29),
        -1,
        "red",
        "Wed 16 to Fri 18 are 1 to 3, Sun 20 (make-up) is 4, Mon 21 to Thu 24 are 5 to 8; 25 to 27 off; Mon 28, Tue 29 "
        "are 9, 10; Wed 30 is 11.",
    ),
]


@pytest.mark.parametrize(
    ("facts", "as_of", "clock", "used", "due", "remaining", "grade", "words"),
    [row[1:] for row in WORKED],
    ids=[row[0] for row in WORKED],
)
def test_worked_by_hand(
    facts: Facts, as_of: date, clock: ClockName, used: int, due: date, remaining: int, grade: str, words: str
) -> None:
    reading = read(facts, CALENDAR, as_of).of(clock)
    assert reading is not None
    assert (reading.used, reading.due, reading.remaining, reading.grade) == (used, due, remaining, grade), words


def test_a_sum_due_into_an_unannounced_year_is_provisional_and_names_the_calendar() -> None:
    crossing = read(accepted(on(12, 28), promised=5), CALENDAR, on(12, 31))
    assert crossing.calendar_version == "test-1"
    by_name = {each.clock: each.provisional for each in crossing.readings}
    assert (
        by_name["promised"] and not read(accepted(on(12, 21), promised=5), CALENDAR, on(12, 22)).readings[1].provisional
    )


def test_a_planned_procedure_shows_both_dates() -> None:
    facts = accepted(on(4, 28), exclusions=(Exclusion("hearing", on(5, 6), None, 5),))
    reading = read(facts, CALENDAR, on(5, 8)).of("promised")
    assert reading is not None and reading.state == "stopped"
    # Closed today, 3 days are used by Wed 6; 7 more: Sat 9, 11 to 15 (6), Mon 18. At the planned end, Tue 12: Thu 21.
    assert (reading.used, reading.due, reading.due_planned) == (3, on(5, 18), on(5, 21))
    # An early result closes it the day it comes.
    early = accepted(on(4, 28), exclusions=(Exclusion("hearing", on(5, 6), on(5, 8), 5),))
    assert read(early, CALENDAR, on(5, 11)).of("promised").used == 5  # type: ignore[union-attr]


def test_publicity_counts_calendar_days_and_is_left_out_where_the_item_says_so() -> None:
    posted = (Exclusion("publicity", on(4, 28), on(5, 6), 7),)  # seven days to Tue 5 May; the event came the day after
    for excluded, used in ((True, 3), (False, 5)):
        facts = accepted(on(4, 27), exclusions=posted)._replace(limits=Limits(10, 20, publicity_excluded=excluded))
        clocks = read(facts, CALENDAR, on(5, 7))
        # Tue 28 April, then Wed 6, Thu 7 May; not excluded also Wed 29, Thu 30 April.
        assert clocks.of("promised").used == used  # type: ignore[union-attr]
        assert clocks.of("statutory").used == 5  # type: ignore[union-attr]
        assert clocks.shares == {"county": 3, "publicity": 2}


def test_accepted_in_time_the_promise_runs_from_acceptance_and_late_from_the_receipt() -> None:
    for day, start in ((on(3, 9), on(3, 9)), (on(3, 10), on(3, 2))):
        facts = accepted(on(3, 2))._replace(accepted=day)
        clocks = read(facts, CALENDAR, on(3, 12))
        assert clocks.of("promised").start == start  # type: ignore[union-attr]
        assert clocks.deemed == (start if start == on(3, 2) else None)


def test_a_notice_after_the_five_days_stops_no_acceptance_but_the_promise() -> None:
    facts = Facts(Limits(10, 20), begun=on(3, 2), received=on(3, 2), corrections=(Correction(on(3, 11)),))
    clocks = read(facts, CALENDAR, on(3, 13))
    assert clocks.deemed == on(3, 2)
    promised, acceptance = clocks.of("promised"), clocks.of("acceptance")
    assert promised is not None and acceptance is not None
    assert (promised.used, promised.state, acceptance.grade) == (7, "stopped", "red")


def test_withdrawn_while_papers_were_wanting_leaves_no_card() -> None:
    facts = Facts(begun=on(3, 2), received=on(3, 2), corrections=(Correction(on(3, 4)),), closed=on(4, 30))
    clocks = read(facts, CALENDAR, on(5, 29))
    assert clocks.grade == "" and clocks.of("acceptance").used == 2  # type: ignore[union-attr]


def test_a_card_stays_when_the_case_is_closed_and_a_notice_does_not() -> None:
    done: dict[str, Any] = {"decided": on(3, 18), "settled": on(3, 18), "delivered": on(3, 18)}
    assert read(accepted(on(3, 2), promised=11, **done), CALENDAR, on(6, 1)).of("promised").grade == "red"  # type: ignore[union-attr]
    assert read(accepted(on(3, 2), promised=20, **done), CALENDAR, on(6, 1)).grade == ""


def test_beyond_the_statute_is_the_worst() -> None:
    assert read(accepted(on(3, 2)), CALENDAR, on(3, 31)).grade == "red_plus"


def test_a_proven_outage_on_the_day_of_acceptance_gives_the_fallback() -> None:
    facts = accepted(on(3, 2), promised=0)
    limits = facts.limits._replace(fallback=3)
    cut = facts._replace(limits=limits, outages=(Outage(on(2, 27), on(3, 3)),))
    assert read(cut, CALENDAR, on(3, 5)).of("promised")[4:6] == (3, 3)  # type: ignore[index]
    assert read(facts._replace(limits=limits), CALENDAR, on(3, 5)).of("promised").limit == 0  # type: ignore[union-attr]


def test_a_step_is_yellow_beyond_its_budget_and_never_red() -> None:
    holds = (Hold(on(3, 2), "village"), Hold(on(3, 5), "transit_up"), Hold(on(3, 9), "township"))
    facts = Facts(Limits(village=2, township=4), begun=on(3, 2), holds=holds)
    clocks = read(facts, CALENDAR, on(3, 11))
    # Village: Tue 3, Wed 4, Thu 5 (its day at midnight); on the way Fri 6, Mon 9; township: Tue 10, Wed 11.
    assert clocks.shares == {"village": 3, "transit_up": 2, "township": 2}
    assert [(each.clock, each.used, each.grade) for each in clocks.readings] == [
        ("village", 3, "yellow"),
        ("township", 2, "notice"),
    ]
    assert read(facts, CALENDAR, on(6, 30)).of("township").grade == "yellow"  # type: ignore[union-attr]


def test_days_on_the_way_during_a_proven_outage_are_the_networks() -> None:
    holds = (Hold(on(3, 2), "village"), Hold(on(3, 3), "transit_up"), Hold(on(3, 9), "township"))
    facts = Facts(begun=on(3, 2), holds=holds, outages=(Outage(on(3, 4), on(3, 6)),))
    assert read(facts, CALENDAR, on(3, 9)).shares == {"village": 1, "transit_up": 2, "network": 2}


def test_an_exclusion_that_ends_before_it_begins_is_empty_and_flagged() -> None:
    clocks = read(accepted(on(3, 2), exclusions=(Exclusion("testing", on(3, 6), on(3, 4)),)), CALENDAR, on(3, 9))
    assert clocks.flags == ("empty",) and clocks.of("statutory").used == 5  # type: ignore[union-attr]


def test_many_exclusions_and_much_excluded_time_are_flagged() -> None:
    ledger = tuple(Exclusion("testing", on(3, 2 + number), on(3, 3 + number)) for number in range(3))
    assert "many" in read(accepted(on(3, 2), exclusions=ledger), CALENDAR, on(3, 31)).flags
    assert "many" not in read(accepted(on(3, 2), exclusions=ledger[:2]), CALENDAR, on(3, 31)).flags
    long = (Exclusion("testing", on(3, 3), on(3, 6)),)  # 3 of 5 days by Mon 9, 3 of 6 by Tue 10
    assert read(accepted(on(3, 2), exclusions=long), CALENDAR, on(3, 9)).flags == ("half",)
    assert read(accepted(on(3, 2), exclusions=long), CALENDAR, on(3, 10)).flags == ()


def test_a_case_is_listed_for_supervision_from_the_day_it_is_asked_again_or_half_its_time_is_gone() -> None:
    asked = Exclusion("supplement", on(3, 4), on(3, 5))
    assert watched(accepted(on(3, 2), exclusions=(asked,)), CALENDAR) == []
    again = (asked, Exclusion("returned", on(3, 9)))
    assert watched(accepted(on(3, 2), exclusions=again), CALENDAR) == [("again", on(3, 9))]
    before = accepted(on(3, 10), corrections=(Correction(on(3, 3), on(3, 6)),))
    assert watched(before, CALENDAR) == []
    after = before._replace(exclusions=(Exclusion("supplement", on(3, 12), on(3, 12)),))
    assert watched(after, CALENDAR) == [("again", on(3, 12))]
    three = tuple(Exclusion("testing", on(3, 16 + 3 * number), on(3, 17 + 3 * number)) for number in range(3))
    assert watched(accepted(on(3, 2), exclusions=three), CALENDAR) == [("many", on(3, 22))]
    # From Mon 2: 3 and 4 count, 5, 6 and Mon 9 do not: 3 of 5 is more than half, 2 of 4 was not.
    open_ = (Exclusion("testing", on(3, 4)),)
    assert watched(accepted(on(3, 2), exclusions=open_), CALENDAR) == [("half", on(3, 9))]
    assert turns(accepted(on(3, 2), exclusions=open_), CALENDAR, on(3, 4)).watched == on(3, 9)
    assert watched(accepted(on(3, 2), exclusions=(open_[0]._replace(closed=on(3, 6)),)), CALENDAR) == []


def test_the_prereview_has_two_days() -> None:
    asked = Facts(preview_asked=on(3, 2))
    assert [read(asked, CALENDAR, on(3, day)).grade for day in (2, 3, 4, 5)] == ["", "notice", "yellow", "red"]
    assert read(asked._replace(preview_answered=on(3, 3)), CALENDAR, on(3, 5)).grade == ""


def test_a_collected_or_unpaid_result_stops_the_delivery_clock() -> None:
    facts = accepted(on(3, 2), decided=on(3, 6), settled=on(3, 6))
    for kind in ("collection", "fee"):
        reading = read(facts._replace(exclusions=(Exclusion(kind, on(3, 10)),)), CALENDAR, on(4, 30)).of("delivery")
        assert reading is not None and (reading.used, reading.state) == (2, "stopped")


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        (0, (None, None, 1)),
        (1, (1, 1, 2)),
        (2, (1, 2, 3)),
        (3, (2, 2, 4)),
        (5, (3, 4, 6)),
        (10, (5, 8, 11)),
        (25, (13, 20, 26)),
    ],
)
def test_where_the_grades_begin(limit: int, expected: tuple[int | None, int, int]) -> None:
    assert thresholds(limit, "promised") == expected


def test_the_leading_clock_is_the_one_people_ask_about() -> None:
    waiting = Facts(Limits(10, 20), begun=on(3, 2), received=on(3, 2))
    assert read(waiting, CALENDAR, on(3, 3)).leading.clock == "acceptance"  # type: ignore[union-attr]
    assert read(accepted(on(3, 2)), CALENDAR, on(3, 3)).leading.clock == "promised"  # type: ignore[union-attr]
    decided = accepted(on(3, 2), decided=on(3, 6), settled=on(3, 6))
    assert read(decided, CALENDAR, on(3, 9)).leading.clock == "delivery"  # type: ignore[union-attr]
    over = decided._replace(delivered=on(3, 9))
    assert read(over, CALENDAR, on(3, 10)).leading.clock == "promised"  # type: ignore[union-attr]
    assert read(Facts(), CALENDAR, on(3, 10)).leading is None


def test_turns_say_on_which_day_a_case_turns_yellow_and_red() -> None:
    turned = turns(accepted(on(4, 29), promised=5), CALENDAR, on(4, 29))
    assert (turned.due, turned.notice, turned.yellow, turned.red) == (on(5, 9), on(5, 7), on(5, 8), on(5, 11))
    assert [grade_on(turned, on(5, day)) for day in (6, 7, 8, 10, 11)] == ["", "notice", "yellow", "yellow", "red"]
