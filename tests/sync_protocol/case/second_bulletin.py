"""A second reader of bulletins, written from CASE.md section 8.2 alone and sharing nothing with the first."""

import datetime
import re
from typing import Any

_HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
_PERIOD = {"month": r"(\d{4})-(0[1-9]|1[0-2])", "quarter": r"(\d{4})-Q([1-4])", "year": r"(\d{4})"}
_BIG = 2**53 - 1
_CODE = r"[0-9A-Za-z]{1,16}(?:-[0-9A-Za-z]{1,8}){0,3}"


class _Wrong(Exception):
    pass


def _must(true: object) -> None:
    if not true:
        raise _Wrong


def _text(value: Any, low: int, high: int) -> None:
    _must(type(value) is str and low <= len(value) <= high and not _HIDDEN.search(value))


def _int(value: Any, low: int, high: int) -> None:
    _must(type(value) is int and low <= value <= high)


def _list(value: Any, length: int | None = None, most: int = 0) -> list[Any]:
    _must(type(value) is list)
    _must(len(value) == length if length is not None else len(value) <= most)
    found: list[Any] = value
    return found


def _day(value: Any) -> None:
    _must(type(value) is str and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII))
    try:
        datetime.date.fromisoformat(value)
    except ValueError:
        raise _Wrong from None


def _place(value: Any) -> None:
    _must(type(value) is str and re.fullmatch(_CODE, value, re.ASCII))


def _points(value: Any) -> None:
    base, *rest = _list(value, 7)
    _int(base, 1, 1000)
    for each in rest[:4]:
        _int(each, 0, 1000)
    for each in rest[4:]:
        _int(each, 0, 100)


def _tally(value: Any) -> None:
    for index, each in enumerate(_list(value, most=27)):
        _int(each, -_BIG if index == 14 else 0, _BIG)


def _ordered(lines: list[Any]) -> None:
    names = [each[0] for each in lines]
    _must(names == sorted(set(names)))


def _rules(body: dict[int, Any]) -> None:
    _text(body.get(1), 1, 80)
    _day(body.get(2))
    _points(body.get(3))


def _bulletin(body: dict[int, Any]) -> None:
    _text(body.get(1), 1, 80)
    kind, period = body.get(2), body.get(3)
    _must(type(kind) is str and kind in _PERIOD and type(period) is str)
    found = re.fullmatch(_PERIOD[str(kind)], str(period), re.ASCII)
    _must(found and 1970 <= int(found[1]) <= 2199)
    number, since, *points = _list(body.get(4), 9)
    _text(number, 0, 80)
    if number == "":
        _must(since == "")
    else:
        _day(since)
    _points(points)
    places = _list(body.get(5), most=600)
    _must(places)
    for each in places:
        place, level, parent, tally = _list(each, 4)
        _place(place)
        _int(level, 0, 2)
        _int(parent, -1, len(places) - 1)
        _must(parent == -1 or places[parent][1] < level)
        _tally(tally)
    _ordered(places)
    departments = _list(body.get(6), most=100)
    for each in departments:
        name, tally = _list(each, 2)
        _text(name, 1, 60)
        _tally(tally)
    _ordered(departments)
    items = _list(body.get(7), most=600)
    for each in items:
        item, department, tally = _list(each, 3)
        _text(item, 1, 32)
        _int(department, 0, len(departments) - 1)
        _tally(tally)
    _ordered(items)
    for each in _list(body.get(8), most=400):
        rule, place, department, home, case_id, day = _list(each, 6)
        _int(rule, 0, 3)
        _place(place)
        _int(department, -1, len(departments) - 1)
        _place(home)
        _must(type(case_id) is bytes and len(case_id) == 16)
        _int(day, 0, 10**6)
    for each in _list(body.get(9), most=600):
        place, what, times = _list(each, 3)
        _place(place)
        _text(what, 1, 32)
        _int(times, 1, _BIG)
    for each in _list(body.get(10), 3):
        _int(each, -_BIG, _BIG)
    _text(body.get(11), 0, 40)


def _part(body: dict[int, Any]) -> None:
    _text(body.get(1), 1, 80)
    _int(body.get(3), 2, 8)
    _int(body.get(2), 0, body[3] - 1)
    raw = body.get(4)
    _must(type(raw) is bytes and 1 <= len(raw) <= 24_000)


_READERS = {"rules": _rules, "bulletin": _bulletin, "part": _part}


def read(body: dict[Any, Any]) -> dict[int, Any] | None:
    """The body itself where it fits its form, None where it does not."""
    try:
        _must(all(type(key) is int and key >= 0 for key in body))
        _must(type(body.get(0)) is str and body[0] in _READERS)
        _READERS[body[0]](body)
    except _Wrong:
        return None
    return body


def within(body: dict[int, Any], place: str, parents: dict[str, str | None]) -> bool:
    """Whether a bulletin that fits its form names nothing outside the part of the tree that begins at a place."""
    if place in parents and parents[place] is None:
        return True
    named = [line[0] for line in body[5] + body[9]] + [line[field] for line in body[8] for field in (1, 3)]
    for code in named:
        at: str | None = code
        while at is not None and at != place:
            at = parents.get(at)
        if at is None:
            return False
    return place in parents
