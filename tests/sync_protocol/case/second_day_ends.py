"""A second reading of ends of days, from CASE.md alone: sections 3 and 10.5."""

import re
from typing import Any

from tests.sync_protocol.case.second_bodies import Body, Test, array, day, fitting, one_of, text, whole

DAY_END = 83
MOST = 2**53 - 1
CODE = re.compile("[0-9A-Za-z]{1,16}(-[0-9A-Za-z]{1,8}){0,3}")
WHY = one_of("late", "to_check", "applicant", "network", "nobody", "other")


def case(value: Any) -> bool:
    if not isinstance(value, list) or len(value) != 3:
        return False
    home, case_id, since = value
    fits = isinstance(home, str) and CODE.fullmatch(home) is not None
    return fits and isinstance(case_id, bytes) and len(case_id) == 16 and day(since)


def reason(value: Any) -> bool:
    if not isinstance(value, list) or len(value) != 3 or not WHY(value[0]):
        return False
    return text(1 if value[0] == "other" else 0, 60)(value[1]) and array(1, 256, case)(value[2])


TABLE: dict[int, Test] = {
    0: day,
    1: text(1, 40),
    2: whole(0, MOST),
    3: array(1, 64, reason),
    4: whole(1, MOST),
    5: whole(1, 8),
    6: array(1, 8, text(1, 10)),
}


def read(raw: bytes) -> Body | None:
    """The body of an end of a day, or None for what says nothing."""
    body = fitting(raw, TABLE, (1, 3, 4, 5, 6))
    if body is None:
        return None
    named = [each for _, _, cases in body.get(3, []) for each in cases]
    posts = body.get(6, [])
    fits = (
        len(named) <= 256
        and len({(home, case_id) for home, case_id, _ in named}) == len(named)
        and all(since <= body[0] for _, _, since in named)
        and (4 not in body or 3 in body)
        and len(set(posts)) == len(posts) <= body.get(5, 0)
    )
    return body if fits else None


Held = tuple[tuple[bytes, int, bytes], int, str, str, Body]


def counting(records: list[Held]) -> dict[tuple[str, str, str], tuple[bytes, int, bytes]]:
    """(place, day, department) -> the position of the one that counts; of each: position, order, scope, place, body."""
    found: dict[tuple[str, str, str], tuple[bytes, int, bytes]] = {}
    for at, _, scope, author, body in sorted(records, key=lambda each: (each[1], each[0][1], each[0][2], each[0][0])):
        if scope == "about:" + author:
            found[author, body[0], body.get(1, "")] = at
    return found
