"""A second reader of windows, written from CASE.md section 10.6 alone and sharing nothing with the first."""

import calendar
import datetime
import itertools
import re
from typing import Any

_HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


class _Wrong(Exception):
    pass


def _must(true: object) -> None:
    if not true:
        raise _Wrong


def _text(value: Any, most: int) -> None:
    _must(type(value) is str and 1 <= len(value) <= most and not _HIDDEN.search(value))


def _day(value: Any) -> datetime.date:
    _must(type(value) is str and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII))
    try:
        return datetime.date.fromisoformat(value)
    except ValueError:
        raise _Wrong from None


def _month_day(value: Any) -> None:
    _must(type(value) is str and re.fullmatch(r"\d{2}-\d{2}", value, re.ASCII))
    month, day = int(value[:2]), int(value[3:])
    _must(1 <= month <= 12 and 1 <= day <= calendar.monthrange(2028, month)[1])


def _list(value: Any, low: int, high: int) -> list[Any]:
    _must(type(value) is list and low <= len(value) <= high)
    found: list[Any] = value
    return found


def fits(body: Any) -> bool:
    """Whether a decoded body says something."""
    try:
        _must(type(body) is dict and all(type(key) is int and key >= 0 for key in body))
        _judge(body)
    except _Wrong:
        return False
    return True


def _judge(body: dict[int, Any]) -> None:
    _text(body.get(0), 20)
    _must(not any(each.isspace() for each in body[0]))
    _must(type(body.get(1)) is str and body[1] in ("open", "change", "close"))
    first = _day(body.get(2))
    _text(body.get(3), 80)
    _text(body.get(4), 100)
    if body[1] == "close":
        _must(not set(range(5, 12)) & set(body))
        return
    _must(type(body.get(5)) is str and body[5] in ("fixed", "mobile", "seasonal", "head"))
    if 6 in body:
        _text(body[6], 40)
    if 7 in body:
        for each in _list(body[7], 1, 128):
            _text(each, 30)
        _must(len(set(body[7])) == len(body[7]))
    if 8 in body:
        _must(_day(body[8]) >= first)
    _must((9 in body) is (body[5] == "seasonal") and (10 in body) is (body[5] == "mobile"))
    for each in _list(body[9], 2, 2) if 9 in body else ():
        _month_day(each)
    weekdays = []
    for each in _list(body[10], 1, 7) if 10 in body else ():
        number, where = _list(each, 2, 2)
        _must(type(number) is int and 1 <= number <= 7)
        _text(where, 60)
        weekdays.append(number)
    _must(all(one < other for one, other in itertools.pairwise(weekdays)))
    tasks = _list(body.get(11), 1, 3)
    _must(all(type(each) is str for each in tasks))
    numbers = [{"consult": 1, "accept": 2, "settle": 3}.get(each, 0) for each in tasks]
    _must(0 not in numbers and numbers == sorted(set(numbers)))


def open_on(events: list[tuple[Any, dict[int, Any]]], day: str) -> tuple[dict[int, Any], str] | None:
    """Of the counting events of one window, each with its place in the order: what holds on a day and where it is, if
    the window is open."""
    begun = [(body[2], order, number) for number, (order, body) in enumerate(events) if body[2] <= day]
    if not begun:
        return None
    body = events[max(begun)[2]][1]
    if body[1] == "close" or (8 in body and day > body[8]):
        return None
    if 9 in body:
        start, end = body[9]
        inside = start <= day[5:] <= end
        if start > end:
            inside = start <= day[5:] <= "12-31" or "01-01" <= day[5:] <= end
        if not inside:
            return None
    if 10 not in body:
        return body, ""
    for weekday, where in body[10]:
        if weekday == datetime.date.fromisoformat(day).isoweekday():
            return body, where
    return None


def takes(body: dict[int, Any], item_no: str, department: str) -> bool:
    """Whether a window takes an item."""
    if "accept" not in body[11]:
        return False
    if 7 in body:
        return item_no in body[7]
    return 6 not in body or body[6] == department
