"""Which days count: the announced year, the year that is not announced yet, and counting from day to day."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_protocol.case.workdays import (
    FIRST_DAY,
    FIXED_BY,
    LAST_DAY,
    Calendar,
    Span,
    Year,
    day_of,
    day_of_year,
)
from tests.sync_protocol.case.year_2026 import CALENDAR, DOCUMENT_NO, YEAR_2026, days_between

DAYS = st.dates(date(2025, 6, 1), date(2028, 6, 1))


def test_the_announced_year_has_as_many_working_days_as_the_announcement_leaves() -> None:
    # 261 weekdays in 2026, 19 of them off, 6 Saturdays and Sundays worked.
    assert len(YEAR_2026.off) == 19
    assert len(YEAR_2026.on) == 6
    assert CALENDAR.count(date(2025, 12, 31), date(2026, 12, 31)) == 261 - 19 + 6


@pytest.mark.parametrize(
    ("day", "kind", "name", "document_no"),
    [
        (date(2026, 2, 13), "workday", "", ""),
        (date(2026, 2, 14), "makeup", "", DOCUMENT_NO),  # a Saturday worked for Spring Festival
        (date(2026, 2, 15), "holiday", "春节", DOCUMENT_NO),  # a Sunday inside the festival
        (date(2026, 2, 23), "holiday", "春节", DOCUMENT_NO),
        (date(2026, 2, 24), "workday", "", ""),
        (date(2026, 3, 1), "weekend", "", ""),
        (date(2026, 1, 4), "makeup", "", DOCUMENT_NO),  # a Sunday worked for New Year
    ],
)
def test_a_day_says_what_it_is_and_by_which_document(day: date, kind: str, name: str, document_no: str) -> None:
    seen = CALENDAR.look(day)
    assert (seen.kind, seen.name, seen.document_no) == (kind, name, document_no)
    assert seen.working == CALENDAR.is_working(day) == (kind in ("workday", "makeup"))
    assert not seen.provisional


def test_a_day_closed_by_the_county_names_the_document_that_closed_it() -> None:
    flood = date(2026, 7, 20)
    number = day_of_year(flood)
    closed = YEAR_2026._replace(
        off=YEAR_2026.off | {number}, spans=(*YEAR_2026.spans, Span(number, number, "防汛停工", "庆政办发〔2026〕31号"))
    )
    seen = Calendar("test-2", {2026: closed}).look(flood)
    assert (seen.working, seen.name, seen.document_no) == (False, "防汛停工", "庆政办发〔2026〕31号")


def test_a_year_that_is_not_announced_is_computed_and_whatever_touches_it_is_provisional() -> None:
    assert CALENDAR.look(date(2027, 1, 1)).kind == "holiday"
    assert CALENDAR.look(date(2027, 1, 2)).kind == "weekend"
    assert CALENDAR.look(date(2027, 1, 4)).provisional
    assert CALENDAR.provisional(date(2026, 12, 30), date(2027, 1, 4))
    assert not CALENDAR.provisional(date(2026, 12, 30), date(2026, 12, 31))
    # Of 2030 nothing is known here: the plain week.
    assert CALENDAR.count(date(2030, 1, 6), date(2030, 1, 13)) == 5


def test_days_that_the_law_names_are_off_in_a_year_that_is_not_announced() -> None:
    plain = Calendar("nothing", {})
    off = [date(2027, 1, 1), *(date(2027, 10, day) for day in (1, 2, 3)), *(date(2028, 5, day) for day in (1, 2))]
    assert [plain.look(day).name for day in off] == ["元旦", *["国庆节"] * 3, *["劳动节"] * 2]
    assert all(plain.look(day).kind == "holiday" and plain.look(day).provisional for day in off)
    assert plain.look(off[0]).document_no == FIXED_BY
    assert plain.nth(date(2026, 12, 31), 1) == date(2027, 1, 4), "Friday is New Year's Day"
    assert plain.count(date(2026, 9, 30), date(2026, 10, 8)) == 4
    # An arrangement that was announced says all of its year itself.
    assert Calendar("said", {2027: Year(announced=True)}).is_working(date(2027, 1, 1))


@pytest.mark.parametrize(
    ("after", "number", "expected", "why"),
    [
        (date(2026, 2, 12), 5, date(2026, 2, 26), "Fri 13, Sat 14 (make-up), Tue 24, Wed 25, Thu 26"),
        (date(2026, 4, 30), 5, date(2026, 5, 11), "Wed 6, Thu 7, Fri 8, Sat 9 (make-up), Mon 11"),
        (date(2026, 9, 30), 3, date(2026, 10, 10), "Thu 8, Fri 9, Sat 10 (make-up)"),
        (date(2026, 12, 30), 3, date(2027, 1, 5), "Thu 31, then Mon 4, Tue 5: 1 January off"),
        (date(2026, 3, 6), 0, date(2026, 3, 6), "nothing to count"),
    ],
)
def test_the_nth_working_day(after: date, number: int, expected: date, why: str) -> None:
    assert CALENDAR.nth(after, number) == expected, why
    assert CALENDAR.count(after, expected) == number


@given(DAYS, DAYS, DAYS)
def test_counts_add_up_and_agree_with_asking_each_day(one: date, other: date, third: date) -> None:
    first, middle, last = sorted((one, other, third))
    assert CALENDAR.count(first, middle) + CALENDAR.count(middle, last) == CALENDAR.count(first, last)
    assert CALENDAR.count(last, first) == 0
    asked = days_between(first + timedelta(1), last) if first < last else []
    assert CALENDAR.count(first, last) == sum(map(CALENDAR.is_working, asked))


@given(DAYS, st.integers(1, 400))
def test_the_nth_working_day_is_one_and_the_nth(after: date, number: int) -> None:
    found = CALENDAR.nth(after, number)
    assert CALENDAR.is_working(found)
    assert CALENDAR.count(after, found) == number


def test_a_leap_year_has_its_day() -> None:
    assert day_of_year(date(2028, 12, 31)) == 366
    leap = Calendar("test-3", {2028: Year(on=frozenset({366}))})  # Sunday 31 December 2028, worked
    assert leap.nth(date(2028, 12, 29), 1) == date(2028, 12, 31)


def test_the_day_is_the_day_in_china() -> None:
    assert day_of(1_779_465_599_999) == date(2026, 5, 22)  # 23:59:59.999 at +08:00
    assert day_of(1_779_465_600_000) == date(2026, 5, 23)


@pytest.mark.parametrize(
    ("time_ms", "expected"), [(-(2**62), FIRST_DAY), (0, FIRST_DAY), (2**62, LAST_DAY), (2**53 - 1, LAST_DAY)]
)
def test_a_clock_out_of_its_mind_gives_the_nearest_day_that_is_counted_with(time_ms: int, expected: date) -> None:
    assert day_of(time_ms) == expected


def test_counting_ends_where_days_end() -> None:
    assert CALENDAR.nth(LAST_DAY, 5) == LAST_DAY
    assert CALENDAR.count(date(1900, 1, 1), date(9999, 1, 1)) == CALENDAR.count(FIRST_DAY, LAST_DAY)
