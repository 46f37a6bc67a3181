"""A second reading of the bodies that publish, register and promise, from CASE.md alone: sections 3, 10.1, 12.1, 13.

Nothing of the product but its decoder is used. Each reader takes bytes and gives the known fields, or None for what is
malformed.
"""

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from sync_protocol import encoding, errors

Body = dict[int, Any]
Test = Callable[[Any], bool]

BARRED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
LEVELS = ("village", "township", "county")
CREATE, COMMITMENT, KEPT, LANE, CATALOGUE, CALENDAR, AUTHORITY, SEAL, KIN = 1, 25, 26, 27, 66, 69, 70, 71, 72
CROCKFORD = "0-9A-HJKMNP-TV-Z"
CASE_NO = re.compile(
    f"[0-9A-Z]{{1,16}}(-[0-9A-Z]{{1,8}}){{0,3}}-[0-9]{{6}}-[{CROCKFORD}]{{4}}-[1-9][0-9]{{0,8}}-[0-9A-Z]"
)


def text(least: int, most: int) -> Test:
    return lambda value: isinstance(value, str) and least <= len(value) <= most and not BARRED.search(value)


def whole(least: int, most: int) -> Test:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def one_of(*words: str) -> Test:
    return lambda value: isinstance(value, str) and value in words


def array(least: int, most: int, each: Test, *, twice: bool = True) -> Test:
    def holds(value: Any) -> bool:
        fits = isinstance(value, list) and least <= len(value) <= most and all(map(each, value))
        return fits and (twice or len(set(value)) == len(value))

    return holds


def row(*parts: Test) -> Test:
    return lambda value: (
        isinstance(value, list)
        and len(value) == len(parts)
        and all(part(each) for part, each in zip(parts, value, strict=True))
    )


def truth(value: Any) -> bool:
    return isinstance(value, bool)


def day(value: Any) -> bool:
    if not isinstance(value, str) or not re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def position(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 3
        and isinstance(value[0], bytes)
        and len(value[0]) == 16
        and whole(1, 2**53 - 1)(value[1])
        and isinstance(value[2], bytes)
        and len(value[2]) == 8
    )


def case_no(value: Any) -> bool:
    return isinstance(value, str) and CASE_NO.fullmatch(value) is not None


def names(least: int, most: int) -> Test:
    return array(least, most, text(1, 30), twice=False)


def opened(raw: bytes) -> Body | None:
    """The map of a body, its keys from 0 up; or None."""
    try:
        body = encoding.decode(raw)
    except errors.ProtocolError:
        return None
    if not isinstance(body, dict):
        return None
    return body if all(isinstance(key, int) and key >= 0 for key in body) else None


def fitting(raw: bytes, table: dict[int, Test], optional: tuple[int, ...]) -> Body | None:
    """The fields of ``table`` that the body has, if each is of its type and none is absent but the optional ones."""
    body = opened(raw)
    if body is None or any(number not in body and number not in optional for number in table):
        return None
    known = {number: body[number] for number in table if number in body}
    return known if all(table[number](value) for number, value in known.items()) else None


def answers(value: Any) -> bool:
    if not isinstance(value, dict) or len(value) > 64:
        return False
    return all(text(1, 64)(name) and text(0, 2_000)(said) for name, said in value.items())


PAPER = row(text(1, 100), whole(0, 99), truth)
TABLES: dict[int, dict[int, Test]] = {
    CREATE: {
        0: text(1, 32), 1: whole(1, 65_535), 2: text(1, 60),
        3: one_of("resident_id", "household_book", "passport", "credit_code", "other"), 4: text(1, 40), 5: text(1, 30),
        6: text(1, 200), 7: text(1, 60), 8: text(1, 40), 9: text(1, 30), 10: text(1, 200), 11: answers,
        12: array(0, 64, PAPER), 13: text(1, 500), 14: text(1, 60), 15: one_of("change", "renew", "revoke"),
        16: case_no,
    },
    COMMITMENT: {
        0: one_of("tolerance", "declaration"), 1: array(1, 16, row(text(1, 100), whole(0, 99), truth)),
        2: text(1, 1_000), 3: day, 4: text(1, 60),
    },
    KEPT: {0: position, 1: text(1, 150), 2: array(1, 16, position)},
    LANE: {
        0: one_of("ordinary", "green", "urgent", "ahead"), 1: text(1, 400), 2: text(1, 60), 3: text(1, 32), 4: truth,
        5: case_no, 6: text(1, 200),
    },
    AUTHORITY: {
        0: one_of("delegate", "consent", "revoke", "absent", "back"), 1: text(1, 40), 2: text(1, 32), 3: text(1, 60),
        4: text(1, 32), 5: text(1, 60), 6: text(1, 32), 7: text(1, 60), 8: names(0, 128), 9: names(0, 128), 10: day,
        11: day, 12: text(1, 80), 13: position, 14: text(1, 32), 15: text(1, 100),
    },
    SEAL: {
        0: text(1, 40), 1: one_of("acceptance", "decision"), 2: text(1, 60), 3: text(1, 40), 4: text(1, 10),
        5: names(1, 12), 6: day, 7: day, 8: text(1, 80), 9: text(1, 100),
    },
    KIN: {0: text(1, 32), 1: text(1, 60), 2: text(1, 40), 3: text(1, 40), 4: truth, 5: day, 6: day},
}  # fmt: skip
OPTIONAL = {
    CREATE: tuple(range(5, 17)),
    COMMITMENT: (1, 2), KEPT: (1, 2), LANE: (2, 3, 4, 5, 6), AUTHORITY: tuple(range(1, 16)), SEAL: (3, 4, 7, 9),
    KIN: (4, 5, 6),
}  # fmt: skip
# By what field 0 says: what must be there as well.
NEEDED: dict[int, dict[str, tuple[int, ...]]] = {
    COMMITMENT: {"tolerance": (1,), "declaration": (2,)},
    LANE: {"green": (2,), "urgent": (3,), "ahead": (5, 6)},
    AUTHORITY: {
        "delegate": (1, 2, 3, 10, 11, 12), "consent": (12, 13), "revoke": (12, 13, 15), "absent": (10, 14),
        "back": (13,),
    },
}  # fmt: skip


def read(kind: int, raw: bytes) -> Body | None:
    """A body of one of these kinds, or None for what is malformed."""
    if kind in (CATALOGUE, CALENDAR):
        return read_item(raw) if kind == CATALOGUE else read_calendar(raw)
    body = fitting(raw, TABLES[kind], OPTIONAL[kind])
    needed = NEEDED[kind].get(body[0], ()) if body is not None and kind in NEEDED else ()
    if body is None or any(number not in body for number in needed):
        return None
    if kind == CREATE:
        return body if 16 in body or 15 not in body else None
    if kind == KEPT:
        return body if 1 in body or 2 in body else None
    first, last = {AUTHORITY: (10, 11), SEAL: (6, 7), KIN: (5, 6)}.get(kind, (-1, -1))
    if first in body and last in body and body[last] < body[first]:
        return None
    return body if kind != AUTHORITY or roles_fit(body) else None


def roles_fit(body: Body) -> bool:
    """What section 10.1 asks over several fields of an authority."""
    return (4 in body) == (5 in body) and (6 in body) == (7 in body) and not (4 in body and body[4] == body.get(6))


def days_in(year: int) -> int:
    return (date(year + 1, 1, 1) - date(year, 1, 1)).days


def weekend(year: int, number: int) -> bool:
    return (date(year, 1, 1) + timedelta(number - 1)).weekday() >= 5


def read_calendar(raw: bytes) -> Body | None:
    """The arrangement of a year (section 12.1)."""
    number = whole(1, 366)
    table: dict[int, Test] = {
        0: whole(1970, 2199), 1: array(0, 120, number), 2: array(0, 30, number), 3: truth, 4: text(1, 80),
        5: array(0, 12, row(number, number, text(1, 40), text(0, 80))), 6: text(1, 100), 7: text(1, 32),
        8: text(1, 32),
    }  # fmt: skip
    body = fitting(raw, table, (4, 7, 8))
    if body is None:
        return None
    year, off, on = body[0], body[1], body[2]
    sound = (
        all(one <= days_in(year) for one in [*off, *on, *(each for span in body[5] for each in span[:2])])
        and all(span[0] <= span[1] for span in body[5])
        and off == sorted(set(off))
        and on == sorted(set(on))
        and not any(weekend(year, one) for one in off)
        and all(weekend(year, one) for one in on)
        and (4 in body or not body[3])
        and (7 in body) == (8 in body)
        and not (7 in body and body[7] == body[8])
    )
    return body if sound else None


LEVEL = one_of(*LEVELS)
QUESTION = row(
    lambda value: isinstance(value, str) and re.fullmatch("[a-z][a-z0-9_]{0,29}", value) is not None,
    text(1, 60), text(1, 100), one_of("text", "amount", "number", "date", "choice"), truth,
    array(0, 32, text(1, 60), twice=False), text(0, 200),
)  # fmt: skip
CODES = array(1, 8, lambda value: isinstance(value, str), twice=False)
ITEM: dict[int, Test] = {
    0: text(1, 32), 1: whole(1, 65535), 2: text(1, 100), 3: text(1, 100), 4: text(1, 30),
    5: one_of("即办件", "承诺件", "联办件", "上报件"), 6: one_of("村级受理", "直办", "代办", "协办", "告知"),
    7: row(array(1, 3, LEVEL, twice=False), one_of("", *LEVELS), one_of("higher", *LEVELS),
           array(1, 3, LEVEL, twice=False)),
    8: row(whole(0, 999), whole(0, 999), *[whole(-1, 999)] * 4),
    9: row(whole(0, 999), one_of("calendar", "working"), truth),
    10: array(0, 16, text(1, 40), twice=False),
    11: array(0, 64, row(text(1, 100), whole(0, 99), truth, text(0, 200), truth, one_of("applicant", "share"),
                         one_of("", "A", "B", "C", "D"))),
    12: array(0, 32, QUESTION),
    13: array(0, 16, row(CODES, CODES, text(1, 200), text(1, 200))),
    14: row(text(1, 100), array(0, 32, row(text(1, 60), whole(0, 10**12), text(1, 30)))),
    15: row(truth, text(0, 80)), 16: truth, 17: array(0, 16, row(text(1, 30), text(1, 1000))),
    18: array(0, 16, text(1, 32), twice=False), 19: day, 20: day, 21: truth,
    22: one_of("sample", "public page", "field report"),
    23: row(text(1, 200), text(0, 400)),
}  # fmt: skip


def read_item(raw: bytes) -> Body | None:
    """A version of an item (section 13)."""
    body = fitting(raw, ITEM, (20,))
    if body is None:
        return None
    questions = body[12]
    summed = {each[0] for each in questions if each[3] in ("amount", "number")}
    sound = (
        len({each[0] for each in questions}) == len({each[1] for each in questions}) == len(questions)
        and all(bool(each[5]) == (each[3] == "choice") for each in questions)
        and all(summed.issuperset([*rule[0], *rule[1]]) for rule in body[13])
        and not (20 in body and body[20] < body[19])
    )
    return body if sound else None
