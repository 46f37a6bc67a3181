"""Windows of a place (窗口): opened, changed and closed by a document; which are open on a day, and what they take.

A window event is an event of kind 84 in the ``below:`` scope of the place whose window it is, apart, about no case: so
the places above hear of it and every place under it can tell residents where to go. What holds is a question about a
day: each event says the whole window anew from its first day on, so a change is written before it comes into force.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

from sync_protocol import encoding
from sync_protocol.case import kinds
from sync_protocol.case.beside import Record, age, decoded
from sync_protocol.case.bodies import is_date, is_int, is_names, plain

KIND: Final = kinds.WINDOW
ACTS: Final = ("open", "change", "close")
CLOSE: Final = "close"
SORTS: Final[dict[str, tuple[str, str]]] = {
    "fixed": ("固定窗口", "fixed"),
    "mobile": ("流动窗口", "mobile"),
    "seasonal": ("季节窗口", "seasonal"),
    "head": ("总服务台", "head desk"),
}
HEAD: Final = "head"
TASKS: Final[dict[str, tuple[str, str]]] = {
    "consult": ("咨询", "enquiries"),
    "accept": ("受理", "applications"),
    "settle": ("缴费领取", "fees and results"),
}
NAME_MAX: Final = 20
DEPARTMENT_MAX: Final = 40
MOST_ITEMS: Final = 128
WHERE_MAX: Final = 60
DOCUMENT_MAX: Final = 80
REASON_MAX: Final = 100
_SPACE: Final = re.compile(r"\s")
_MONTH_DAY: Final = re.compile(r"[0-9]{2}-[0-9]{2}", re.ASCII)
_LEAP: Final = 2000  # a year that has every day
_FIELDS: Final = (
    "window", "what", "first", "document_no", "reason", "sort", "department", "items", "last", "season", "days",
    "tasks",
)  # fmt: skip


class Window(NamedTuple):
    """What one event says. ``first``: the day from which it holds, of a closing the first day without the window;
    ``items``: the item numbers it takes, all of its department where there are none, all there are where it has no
    department either; ``last``: its last day, if one is known; ``season``: month and day, both included, each year;
    ``days``: weekday (1 to 7) -> where a mobile one stands."""

    window: str
    what: str
    first: str
    document_no: str
    reason: str
    sort: str = ""
    department: str = ""
    items: tuple[str, ...] = ()
    last: str = ""
    season: tuple[str, ...] = ()
    days: tuple[tuple[int, str], ...] = ()
    tasks: tuple[str, ...] = ()

    def stands(self, day: date) -> bool:
        """Whether there is such a window on a day from ``first`` on, though it may not be open that day."""
        return self.what != CLOSE and self.first <= day.isoformat() <= (self.last or "9999-12-31")

    def is_open(self, day: date) -> bool:
        """Whether it is open on a day: it stands, and the day is one of its season and of its weekdays."""
        return self.stands(day) and self.in_season(day) and (not self.days or day.isoweekday() in dict(self.days))

    def in_season(self, day: date) -> bool:
        """Whether a day is one of its season: always where it has none; a season may go over the turn of the year."""
        if not self.season:
            return True
        first, last = self.season
        at = f"{day.month:02}-{day.day:02}"
        return first <= at <= last if first <= last else at >= first or at <= last

    def where(self, day: date) -> str:
        """Where a mobile window stands on a day; empty where it says nothing of that."""
        return dict(self.days).get(day.isoweekday(), "")

    def takes(self, item_no: str, department: str) -> bool:
        """Whether it takes an item of a department."""
        if "accept" not in self.tasks:
            return False
        return item_no in self.items if self.items else self.department in ("", department)


def to_bytes(said: Window) -> bytes:
    """The body of a window event; what is empty is left out. Raises ValueError naming the first wrong field."""
    season, days = list(said.season), [list(each) for each in said.days]
    values = {**said._asdict(), "items": list(said.items), "season": season, "days": days, "tasks": list(said.tasks)}
    body = {number: values[name] for number, name in enumerate(_FIELDS) if values[name] not in ("", [])}
    wrong = first_wrong(body)
    if wrong is not None:
        raise ValueError(wrong)
    return encoding.encode(body)


def read(raw: bytes) -> dict[str, Any] | None:
    """What a body says, under ``said``; None where it does not fit its form, and then it says nothing."""
    body = decoded(raw)
    if body is None or not all(type(key) is int and key >= 0 for key in body) or first_wrong(body) is not None:
        return None
    named = {name: body[number] for number, name in enumerate(_FIELDS) if number in body}
    for name in ("items", "season", "tasks"):
        named[name] = tuple(named.get(name, ()))
    return {"said": Window(**{**named, "days": tuple((number, where) for number, where in named.get("days", ()))})}


def first_wrong(body: Mapping[int, Any]) -> str | None:
    """The name of the first field of a body that does not fit; None if all do."""
    if not plain(body.get(0), 1, NAME_MAX) or _SPACE.search(body[0]):
        return "window"
    if body.get(1) not in ACTS:
        return "what"
    if not is_date(body.get(2)):
        return "first"
    if not plain(body.get(3), 1, DOCUMENT_MAX):
        return "document_no"
    if not plain(body.get(4), 1, REASON_MAX):
        return "reason"
    if body[1] == CLOSE:
        return next((_FIELDS[number] for number in range(5, len(_FIELDS)) if number in body), None)
    return _first_wrong_of_one_that_stands(body)


def _first_wrong_of_one_that_stands(body: Mapping[int, Any]) -> str | None:
    sort = body.get(5)
    if type(sort) is not str or sort not in SORTS:
        return "sort"
    if 6 in body and not plain(body[6], 1, DEPARTMENT_MAX):
        return "department"
    if 7 in body and not is_names(body[7], 1, MOST_ITEMS):
        return "items"
    if 8 in body and not (is_date(body[8]) and body[8] >= body[2]):
        return "last"
    if (9 in body) != (sort == "seasonal") or (9 in body and not _is_season(body[9])):
        return "season"
    if (10 in body) != (sort == "mobile") or (10 in body and not _are_days(body[10])):
        return "days"
    return None if _are_tasks(body.get(11)) else "tasks"


def _is_season(value: object) -> bool:
    return type(value) is list and len(value) == 2 and all(map(is_month_day, value))


def is_month_day(value: object) -> bool:
    """Whether this is a day of some year, as MM-DD."""
    return type(value) is str and _MONTH_DAY.fullmatch(value) is not None and is_date(f"{_LEAP}-{value}")


def _are_days(value: object) -> bool:
    if type(value) is not list or not 1 <= len(value) <= 7:
        return False
    for row in value:
        if type(row) is not list or len(row) != 2 or not is_int(row[0], 1, 7) or not plain(row[1], 1, WHERE_MAX):
            return False
    numbers = [row[0] for row in value]
    return numbers == sorted(set(numbers))


def _are_tasks(value: object) -> bool:
    if type(value) is not list or not value or not all(type(each) is str and each in TASKS for each in value):
        return False
    return value == [each for each in TASKS if each in value]


def histories(records: Iterable[Record]) -> dict[tuple[str, str], list[Record]]:
    """(place, window) -> its events that count, by the day from which they hold and their order. A pure function of
    the set of records."""
    found: dict[tuple[str, str], list[Record]] = {}
    for each in sorted(records, key=lambda each: (each.said["said"].first, age(each))):
        if each.scope == f"below:{each.place}":
            found.setdefault((each.place, each.said["said"].window), []).append(each)
    return found


def holding(history: Iterable[Record], day: date) -> Record | None:
    """Of the events of one window, by ``histories``, the one that holds on a day; None before its first."""
    begun = [each for each in history if each.said["said"].first <= day.isoformat()]
    return begun[-1] if begun else None


def next_open(history: Iterable[Record], day: date, within_days: int = 366) -> date | None:
    """The first day from one on, at most so many days later, on which a window is open."""
    known = list(history)
    for number in range(within_days + 1):
        wanted = day + timedelta(number)
        held = holding(known, wanted)
        if held is not None and held.said["said"].is_open(wanted):
            return wanted
    return None
