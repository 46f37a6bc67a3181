"""Working days: which days count, why a day does not, and counting between two days by the calendar of the moment.

A year says where it departs from the plain week: weekdays that are off, Saturdays and Sundays that are worked. The
arrangement of a year is announced in the autumn before it; until then only the days count as off that the law itself
names, and every date that touches the year is provisional. A Saturday on which somebody sits at the window is no
working day.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from itertools import accumulate
from typing import Final, Literal, NamedTuple

# Days outside are taken as the nearest of these: a clock that is out of its mind must not make anybody count for hours.
FIRST_DAY: Final = date(1970, 1, 1)
LAST_DAY: Final = date(2199, 12, 31)
_SATURDAY: Final = 5
_CHINA_MS: Final = 8 * 3_600_000
_DAY_MS: Final = 86_400_000

DayKind = Literal["workday", "makeup", "weekend", "holiday"]
DAY_WORDS: Final[dict[DayKind, tuple[str, str]]] = {
    "workday": ("工作日", "working day"),
    "makeup": ("调休上班", "make-up working day"),
    "weekend": ("周末", "weekend"),
    "holiday": ("放假", "day off"),
}


class Span(NamedTuple):
    """A run of days with a name, from ``first`` to ``last`` (days of the year from 1, both inside): what a day off is
    called. ``document_no``: of what names it, empty where it is the year's own."""

    first: int
    last: int
    name: str
    document_no: str = ""


class Year(NamedTuple):
    """Where one year departs from the plain week, as days of the year from 1.

    ``off``: days from Monday to Friday that are no working days; ``on``: Saturdays and Sundays that are. Not
    ``announced``: computed from what is known so far. ``spans``: the names of holidays; where they overlap the last
    counts.
    """

    off: frozenset[int] = frozenset()
    on: frozenset[int] = frozenset()
    announced: bool = False
    document_no: str = ""
    spans: tuple[Span, ...] = ()

    @classmethod
    def of_days(cls, off: Iterable[date], on: Iterable[date], document_no: str, spans: Iterable[Span] = ()) -> "Year":
        """An announced year from dates, all of that year."""
        return cls(frozenset(map(day_of_year, off)), frozenset(map(day_of_year, on)), True, document_no, tuple(spans))


# The law that names the days off of each year, 《全国年节及纪念日放假办法》, article 2: those with a date of the solar
# calendar. What it names by the moon or by the sun's longitude waits for the arrangement.
FIXED_BY: Final = "国务院令第795号"
_FIXED: Final = (("元旦", (1, 1), (1, 1)), ("劳动节", (5, 1), (5, 2)), ("国庆节", (10, 1), (10, 3)))


@lru_cache(maxsize=256)
def unannounced(number: int) -> Year:
    """A year of which nothing was announced yet: the plain week, but for the days that are off in any year."""
    spans = tuple(
        Span(day_of_year(date(number, *first)), day_of_year(date(number, *last)), name, FIXED_BY)
        for name, first, last in _FIXED
    )
    days = (date(number, 1, 1) + timedelta(day - 1) for each in spans for day in range(each.first, each.last + 1))
    return Year(frozenset(day_of_year(day) for day in days if day.weekday() < _SATURDAY), spans=spans)


class Day(NamedTuple):
    """One day as the calendar sees it: what it is, what it is called, by which document; ``provisional`` where its year
    is not announced yet."""

    day: date
    kind: DayKind
    name: str
    document_no: str
    provisional: bool

    @property
    def working(self) -> bool:
        """Whether it counts."""
        return self.kind in ("workday", "makeup")


@dataclass(frozen=True, slots=True, eq=False)  # as a key it stands for itself: what is made anew is another calendar
class Calendar:
    """The working days of all years. ``version`` names what they were taken from, and stands beside every date that is
    shown; of a year that is not among ``years`` only the days count as off that the law itself names."""

    version: str
    years: Mapping[int, Year]

    def year(self, number: int) -> Year:
        """What is known of a year."""
        return self.years.get(number) or unannounced(number)

    def look(self, day: date) -> Day:
        """Say what a day is, and why."""
        year, number = self.year(day.year), day_of_year(day)
        span = next((each for each in reversed(year.spans) if each.first <= number <= each.last), None)
        kind: DayKind
        if day.weekday() < _SATURDAY:
            kind = "holiday" if number in year.off else "workday"
        elif number in year.on:
            kind = "makeup"
        else:
            kind = "holiday" if span else "weekend"
        document_no = "" if kind in ("workday", "weekend") else (span and span.document_no) or year.document_no
        # A span runs over its make-up days too where it must; what is worked has no holiday's name.
        name = span.name if span and kind == "holiday" else ""
        return Day(day, kind, name, document_no, not year.announced)

    def is_working(self, day: date) -> bool:
        """Whether a day is a working day."""
        number = day_of_year(day)
        year = self.year(day.year)
        return number not in year.off if day.weekday() < _SATURDAY else number in year.on

    def count(self, after: date, upto: date) -> int:
        """How many working days lie in (after, upto]; 0 where upto is not after it."""
        after, upto = within(after), within(upto)
        if upto <= after:
            return 0
        first, before = self._table(after.year)
        if after.year == upto.year:
            return before[upto.toordinal() - first] - before[after.toordinal() - first]
        between = sum(self._table(number)[1][-1] for number in range(after.year + 1, upto.year))
        last, until = self._table(upto.year)
        return before[-1] - before[after.toordinal() - first] + between + until[upto.toordinal() - last]

    def nth(self, after: date, number: int) -> date:
        """The working day number ``number`` (from 1) after a day; ``after`` itself for 0."""
        day = within(after)
        if number <= 0:
            return day
        eve, table = self._table(day.year)
        left = number + table[day.toordinal() - eve]
        for year in range(day.year, LAST_DAY.year + 1):
            eve, table = self._table(year)
            if left <= table[-1]:
                return date.fromordinal(eve + bisect_left(table, left))
            left -= table[-1]
        return LAST_DAY

    def provisional(self, first: date, last: date) -> bool:
        """Whether any day from ``first`` to ``last`` lies in a year that is not announced."""
        return any(not self.year(number).announced for number in range(within(first).year, within(last).year + 1))

    def _table(self, number: int) -> tuple[int, tuple[int, ...]]:
        year = self.year(number)
        return _running(number, year.off, year.on)


def within(day: date) -> date:
    """The day, or the nearest that is counted with."""
    return day if FIRST_DAY <= day <= LAST_DAY else min(max(day, FIRST_DAY), LAST_DAY)


def day_of_year(day: date) -> int:
    """1 for New Year's Day, 365 or 366 for the last of December."""
    return day.toordinal() - date(day.year, 1, 1).toordinal() + 1


def day_of(time_ms: int) -> date:
    """The day in China of a time in ms since 1970; the nearest that is counted with where the clock is out of its
    mind. Every fold of every node finds the same, whatever time zone its machine believes it is in."""
    return _nth_day((time_ms + _CHINA_MS) // _DAY_MS)


@lru_cache(maxsize=4_096)  # every event asks for one of a few days
def _nth_day(number: int) -> date:
    return FIRST_DAY + timedelta(min(max(0, number), (LAST_DAY - FIRST_DAY).days))


@lru_cache(maxsize=1_024)
def _running(number: int, off: frozenset[int], on: frozenset[int]) -> tuple[int, tuple[int, ...]]:
    """The ordinal of New Year's Eve, and the working days from then to each day of the year; on the eve, none. Counting
    and looking for the n-th are then a subtraction and a search, however long the case has run."""
    first = date(number, 1, 1)
    start, length = first.weekday(), (date(number, 12, 31) - first).days + 1
    works = [(day not in off) if (start + day - 1) % 7 < _SATURDAY else (day in on) for day in range(1, length + 1)]
    return first.toordinal() - 1, tuple(accumulate(works, initial=0))
