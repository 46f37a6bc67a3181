"""The working days a node knows by itself, from the `holidays` package: what it counts with until the county publishes
its own. Nothing else reads that package, and what comes out are plain values."""

import re
from collections.abc import Iterable
from datetime import date, timedelta
from importlib import metadata
from itertools import groupby
from typing import Final

from sync_protocol.case.workdays import Calendar, Span, Year, day_of_year

FIRST_YEAR: Final = 2015
LAST_YEAR: Final = 2040  # beyond it the lunar days are anybody's guess
# Numbers of the State Council's notices, as far as known; a county may publish a year again with its number.
_NUMBERS: Final = {
    2024: "国办发明电〔2023〕7号",
    2025: "国办发明电〔2024〕12号",
    2026: "国办发明电〔2025〕7号",
}
_NOTICE: Final = "国务院办公厅关于{year}年部分节假日安排的通知"
_EVE: Final = "农历除夕"
_SPRING: Final = "春节"
_NO_FESTIVAL: Final = re.compile("^休息日|^农历除夕$")


def built_in() -> Calendar:
    """Every announced year the package knows: one with make-up days, since no arrangement has yet been made without a
    shift. Of any other year two versions may know different things: it has the days that the law names for all, until
    the county publishes it."""
    from holidays.countries.china import China

    numbers = range(FIRST_YEAR, LAST_YEAR + 1)
    known = China(years=numbers, language="zh_CN")  # type: ignore[no-untyped-call]
    named = {day: known[day] for day in known if day.year in numbers}
    worked = {day for day in known.weekend_workdays if day.year in numbers}
    years = {number: year for number in numbers if (year := _year(number, named, worked)).announced}
    return Calendar(f"holidays-{metadata.version('holidays')}", years)


def _year(number: int, named: dict[date, str], worked: Iterable[date]) -> Year:
    off = {day: name for day, name in named.items() if day.year == number and day.weekday() < 5}
    on = [day for day in worked if day.year == number]
    document = _NUMBERS.get(number) or _NOTICE.format(year=number)
    spans = tuple(_spans(number, {day: name for day, name in named.items() if day.year == number}, set(on)))
    made = Year.of_days(off, on, document, spans)
    return made if on else made._replace(announced=False, document_no="")


def _spans(number: int, named: dict[date, str], worked: set[date]) -> Iterable[Span]:
    """The festivals with the days around them that are off as well: runs without a working day."""
    first = date(number, 1, 1)
    days = [first + timedelta(each) for each in range((date(number, 12, 31) - first).days + 1)]
    for free, run in groupby(days, key=lambda day: day not in worked and (day in named or day.weekday() >= 5)):
        stretch = list(run)
        names = (name for day in stretch if day in named for name in named[day].split("; "))
        festivals = dict.fromkeys(map(_festival, names))
        festivals.pop("", None)
        if free and festivals:
            yield Span(day_of_year(stretch[0]), day_of_year(stretch[-1]), "、".join(festivals))


def _festival(name: str) -> str:
    """The festival a day off belongs to; empty for a day that is only shifted."""
    if name == _EVE:
        return _SPRING
    return "" if _NO_FESTIVAL.match(name) else name.partition("（")[0]
