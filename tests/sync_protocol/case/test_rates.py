"""The rates of a period as formulas: what is divided by what, how it is rounded, and on which day a case was due."""

from datetime import date

import pytest

from sync_protocol.case import rates
from sync_protocol.case.clock import overdue_from
from sync_protocol.case.facts import Exclusion, Facts, Limits
from sync_protocol.case.rates import Counts, Frame
from sync_protocol.case.workdays import Calendar, Year

# In 2026 the 1st of October is a Thursday; the first seven days are off, the 10th (a Saturday) is worked.
OCTOBER = [date(2026, 10, day) for day in (1, 2, 5, 6, 7)]
CALENDAR = Calendar("test", {2026: Year.of_days(OCTOBER, [date(2026, 10, 10)], "国办发明电〔2025〕7号")})
FRAME = Frame(20, 30, 80, 45, 400, 100)


def test_each_rate_divides_what_its_name_says() -> None:
    counts = Counts(**{name: 2**number for number, name in enumerate(Counts._fields)})
    found = {each.code: (each.part, each.whole) for each in rates.rates_of(counts, FRAME)}
    assert tuple(found) == rates.CODES and set(rates.COMPARED) < set(rates.CODES)
    assert found == {
        "due_settled": (counts.due_settled, counts.due),
        "statutory_late": (counts.over, counts.limited),
        "joint_statutory_late": (counts.joint_over, counts.joint_limited),
        "at_once_items": (45, 80),
        "compression": (300, 400),
        "corrected": (counts.corrected, counts.received),
        "refused": (counts.refused, counts.accepted + counts.refused),
        "returned": (counts.returned, counts.accepted),
        "preview_in_time": (counts.previews_in_time, counts.previews),
        "near": (counts.near, counts.received),
        "villages_reached": (counts.reached, counts.villages),
        "transfer_time": (counts.transfer_days, counts.transfers),
        "visits": (counts.visits, counts.readable),
        "per_working_day": (counts.settled, 20),
        "per_calendar_day": (counts.settled, 30),
        "per_day_off": (counts.off_received, 10),
        "rated": (counts.rated, counts.settled),
        "bad_mended": (counts.bad_mended, counts.bad),
        "bad_asked": (counts.bad_asked, counts.bad),
    }


def test_where_there_is_nothing_to_divide_by_there_is_no_rate() -> None:
    empty = rates.rates_of(Counts(), Frame(0, 0, 0, 0, 0, 0))
    assert {each.tenths for each in empty} == {None} and rates.words(None) == ""
    of_one = Counts(due=3)
    assert of_one.plus(Counts(due=1, due_settled=3)) == Counts(due=4, due_settled=3)


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [(0, 7, "0.0"), (1, 3, "0.3"), (2, 3, "0.7"), (1, 20, "0.1"), (7, 4, "1.8"), (-1, 20, "-0.1"), (-3, 10, "-0.3")],
)
def test_a_half_is_rounded_away_from_nought(part: int, whole: int, said: str) -> None:
    assert rates.words(rates.tenths(part, whole)) == said
    assert rates.Rate("due_settled", "percent", 1, 16).tenths == 63, "6.25 %"


@pytest.mark.parametrize(
    ("settled", "left", "due"),
    [
        (date(2026, 10, 8), 0, date(2026, 10, 8)),
        (date(2026, 9, 30), 1, date(2026, 10, 8)),  # the days off between do not count
        (date(2026, 9, 30), 3, date(2026, 10, 10)),  # the Saturday that is worked
        (date(2026, 10, 11), 0, date(2026, 10, 10)),  # settled on a day off, its promise had ended before
        (date(2026, 10, 8), -1, date(2026, 9, 30)),
        (date(2026, 10, 9), -2, date(2026, 9, 30)),
        (date(2026, 10, 11), -1, date(2026, 10, 9)),  # settled on a day off, one working day beyond
    ],
)
def test_a_settled_case_was_due_as_many_working_days_away_as_were_left(settled: date, left: int, due: date) -> None:
    assert rates.due_day(settled, left, CALENDAR) == due
    if left < 0:
        assert CALENDAR.count(due, settled) == -left and CALENDAR.is_working(due)


def test_a_case_in_hand_is_overdue_where_its_promise_turns_red_on_the_next_working_day() -> None:
    accepted, due = date(2026, 9, 28), date(2026, 9, 30)
    running = Facts(Limits(promised=2, statutory=20), date(2026, 9, 1), date(2026, 9, 1), accepted)
    assert overdue_from(running._replace(received=accepted), CALENDAR) == due
    assert overdue_from(running, CALENDAR) is None, "nobody could know before that it counted as accepted on the 1st"
    running = running._replace(received=accepted)

    def waits(opened: date, planned: int | None = None) -> date | None:
        return overdue_from(running._replace(exclusions=(Exclusion("testing", opened, None, planned),)), CALENDAR)

    assert waits(date(2026, 9, 29)) is None, "its clock stands still"
    assert waits(date(2026, 9, 29), 3) == date(2026, 10, 10), "from where it goes on, as it is planned"
    assert waits(due, 3) is None, "all is used, and it stands still on the next working day"
    assert waits(date(2026, 10, 8)) == due, "what comes when it is red changes nothing"
    assert overdue_from(running._replace(settled=date(2026, 10, 9)), CALENDAR) is None
    assert overdue_from(running._replace(closed=due), CALENDAR) is None
    assert overdue_from(running._replace(limits=Limits()), CALENDAR) is None, "nothing was promised"


def test_a_transfer_lasts_from_the_last_handoff_to_the_acceptance_behind_it() -> None:
    days = [date(2026, 9, day) for day in (24, 25, 28, 29)]
    assert rates.transfer_days([], CALENDAR) == []
    assert rates.transfer_days([(True, days[0]), (False, days[0])], CALENDAR) == [0]
    assert rates.transfer_days([(True, days[0]), (False, days[2]), (True, days[2]), (False, days[3])], CALENDAR) == [
        2,
        1,
    ]
    assert rates.transfer_days([(False, days[0]), (True, days[1])], CALENDAR) == [], "on its way"
    assert rates.transfer_days([(True, days[0]), (True, days[2]), (False, days[3])], CALENDAR) == [1]
