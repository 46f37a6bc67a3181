"""The end of a day (日清): what came to a place on a day, and what of it is left over, each with its reason.

A day end is an event of kind 83 in the ``about:`` scope of the place that closes its day, apart, about no case. Whoever
closes it answers for it: the chief representative of a department that has one, the room for everything else.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from sync_protocol import encoding
from sync_protocol.case import kinds
from sync_protocol.case.beside import Record, age, decoded
from sync_protocol.case.bodies import is_date, is_int, is_place, plain

KIND: Final = kinds.DAY_END
WHY: Final[dict[str, tuple[str, str]]] = {
    "late": ("临近下班才到", "came at the end of the day"),
    "to_check": ("需要核实或勘验", "to be checked or looked at"),
    "applicant": ("等申请人或他人", "waits for the applicant or others"),
    "network": ("网络或系统故障", "line or system down"),
    "nobody": ("经办人不在岗", "nobody at the post"),
    "other": ("其他", "other"),
}
OTHER: Final = "other"
MOST_LEFT: Final = 256  # cases named by one day end: with the bounds below they stay within a body apart
MOST_REASONS: Final = 64
WORDS_MAX: Final = 60
DEPARTMENT_MAX: Final = 40
MOST_POSTS: Final = 8
POST_MAX: Final = 10
_MOST: Final = 2**53 - 1
_CASE_ID: Final = 16


class Left(NamedTuple):
    """A case that is left over: since which day, why (a key of ``WHY``), and in words where there are any."""

    home: str
    case_id: bytes
    since: str
    why: str
    words: str = ""


class DayEnd(NamedTuple):
    """What is said of a day. ``department``: whose day it is, empty for the room; ``came``: cases that came that day;
    ``more``: how many are left over beside those named; ``posts``: entered in the roster of the day, ``empty``: those
    of them at which nobody was seen."""

    day: str
    department: str
    came: int
    left: tuple[Left, ...]
    more: int = 0
    posts: int = 0
    empty: tuple[str, ...] = ()

    @property
    def left_over(self) -> int:
        """How many cases are left over."""
        return len(self.left) + self.more

    @property
    def done(self) -> int:
        """How many of those that came that day were acted upon."""
        return max(0, self.came - self.more - sum(each.since == self.day for each in self.left))


def to_bytes(said: DayEnd) -> bytes:
    """The body of a day end. Raises ValueError naming the first field that does not fit."""
    reasons: dict[tuple[str, str], list[list[Any]]] = {}
    for each in said.left:
        reasons.setdefault((each.why, each.words), []).append([each.home, each.case_id, each.since])
    body: dict[int, Any] = {0: said.day, 2: said.came}
    body |= {1: said.department} if said.department else {}
    body |= {3: [[why, words, named] for (why, words), named in reasons.items()]} if reasons else {}
    body |= {4: said.more} if said.more else {}
    body |= {5: said.posts} if said.posts else {}
    body |= {6: list(said.empty)} if said.empty else {}
    wrong = first_wrong(body)
    if wrong is not None:
        raise ValueError(wrong)
    return encoding.encode(body)


def read(raw: bytes) -> dict[str, Any] | None:
    """What a body says, under ``said``; None where it does not fit its form, and then it says nothing."""
    body = decoded(raw)
    if body is None or not all(type(key) is int and key >= 0 for key in body) or first_wrong(body) is not None:
        return None
    left = tuple(
        Left(home, case_id, since, why, words)
        for why, words, named in body.get(3, ())
        for home, case_id, since in named
    )
    numbers = body[2], left, body.get(4, 0), body.get(5, 0), tuple(body.get(6, ()))
    return {"said": DayEnd(body[0], body.get(1, ""), *numbers)}


def first_wrong(body: Mapping[int, Any]) -> str | None:
    """The name of the first field of a body that does not fit; None if all do."""
    if not is_date(body.get(0)):
        return "day"
    if 1 in body and not plain(body[1], 1, DEPARTMENT_MAX):
        return "department"
    if not is_int(body.get(2), 0, _MOST):
        return "came"
    if 3 in body and not _are_left(body[3], body[0]):
        return "left"
    if not is_int(body.get(4, 1), 1, _MOST) or (4 in body and 3 not in body):
        return "more"
    if not is_int(body.get(5, 1), 1, MOST_POSTS):
        return "posts"
    return None if 6 not in body or _are_posts(body[6], body.get(5, 0)) else "empty"


def _are_left(value: object, day: str) -> bool:
    if type(value) is not list or not 1 <= len(value) <= MOST_REASONS:
        return False
    named: list[tuple[str, bytes]] = []
    for row in value:
        if type(row) is not list or len(row) != 3 or type(row[0]) is not str or row[0] not in WHY:
            return False
        if not plain(row[1], row[0] == OTHER, WORDS_MAX):
            return False
        if type(row[2]) is not list or not row[2] or not all(_is_case(each, day) for each in row[2]):
            return False
        named += [(each[0], each[1]) for each in row[2]]
    return len(named) <= MOST_LEFT and len(set(named)) == len(named)


def _is_case(value: object, day: str) -> bool:
    if type(value) is not list or len(value) != 3 or not is_place(value[0]) or not is_date(value[2]):
        return False
    return type(value[1]) is bytes and len(value[1]) == _CASE_ID and value[2] <= day


def _are_posts(value: object, posts: int) -> bool:
    if type(value) is not list or not 1 <= len(value) <= posts or len(set(map(str, value))) < len(value):
        return False
    return all(plain(each, 1, POST_MAX) for each in value)


def counting(records: Iterable[Record]) -> dict[tuple[str, str, str], Record]:
    """(place, day, department) -> the day end that counts: the last in the order, of the place itself. A pure function
    of the set of records."""
    found: dict[tuple[str, str, str], Record] = {}
    for each in sorted(records, key=age):
        said: DayEnd = each.said["said"]
        if each.scope == f"about:{each.place}":
            found[each.place, said.day, said.department] = each
    return found
