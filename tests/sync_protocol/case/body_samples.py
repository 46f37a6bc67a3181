"""Bodies made from the field tables, good and bad, from a seeded generator: what checkers and schemas are held to."""

import random
from typing import Any

from sync_protocol.case import bodies
from sync_protocol.case.fields import Field, Table

TEXTS = ("张三", "a", "申请人家庭困难,请予审核", "line one\nline two", "tab\there", "O'Brien & Söhne", "𠮷野家")
BAD_TEXTS = ("", "\x00", "a\x07b", "\u202edlrow", "a\r\nb", "\ufeffx", "\ud800")
BAD_TYPES: tuple[Any, ...] = (
    None,
    0,
    1,
    -1,
    True,
    False,
    "",
    "1",
    b"",
    b"abc",
    [],
    [[]],
    {},
    {"a": 1},
    2**60,
    "approve",
)


def good_position(chance: random.Random) -> list[Any]:
    return [chance.randbytes(16), chance.choice((1, 7, 2**53 - 1)), chance.randbytes(8)]


def bad_position(chance: random.Random) -> Any:
    return chance.choice((
        [b"short", 1, b"m" * 8], [b"i" * 16, 0, b"m" * 8], [b"i" * 16, 1, b"m"], [b"i" * 16, "1", b"m" * 8],
        [b"i" * 16, 1], [b"i" * 16, True, b"m" * 8], [b"i" * 16, 2**53, b"m" * 8], "text", None, {},
    ))  # fmt: skip


def good_text(chance: random.Random, low: int, high: int) -> str:
    text = chance.choice(TEXTS) * chance.choice((1, 1, 1, 3))
    wanted = chance.choice((low, high, len(text), len(text)))
    return (text * (wanted // len(text) + 1))[: max(low, min(high, wanted))]


def bad_text(chance: random.Random, low: int, high: int) -> Any:
    return chance.choice((*BAD_TEXTS, "x" * (high + 1), 5, None, b"bytes", True, ["x"]))


def good_value(field: Field, chance: random.Random) -> Any:
    """A value the field takes."""
    if field.type == "text":
        return good_text(chance, field.low, field.high)
    if field.type == "int":
        return chance.choice((field.low, field.high, (field.low + field.high) // 2))
    if field.type == "choice":
        return chance.choice(field.choices)
    count = chance.choice((field.low, max(field.low, 1), min(field.high, 3)))
    makers: dict[str, Any] = {
        "bool": lambda: chance.random() < 0.5,
        "date": lambda: chance.choice(("2026-11-21", "2024-02-29", "1999-12-31")),
        "place": lambda: chance.choice(("621021000000", "621021101001", "a", "621021101001-1")),
        "case_no": lambda: chance.choice(("621021101001-261121-7K3M-12-L", "621021101001-1-261121-0000-1-A")),
        "query_code": lambda: chance.choice(("0123456789ABC", "ZZZZZZZZZZZZZ")),
        "answers": lambda: {f"{good_text(chance, 1, 20)}{n}": good_text(chance, 0, 2_000) for n in range(count)},
        "materials": lambda: [[good_text(chance, 1, 100), chance.choice((0, 1, 99)), True] for _ in range(count)],
        "marks": lambda: [[good_text(chance, 1, 100), good_text(chance, 1, 500)] for _ in range(count)],
        "position": lambda: good_position(chance),
        "positions": lambda: [good_position(chance) for _ in range(count)],
        "names": lambda: [f"{good_text(chance, 1, 20)}{n}" for n in range(count)],
        "hash": lambda: chance.randbytes(32).hex(),
        "bytes": lambda: chance.randbytes(chance.choice((field.low, field.high))),
        "actions": lambda: [[good_text(chance, 1, 200), good_text(chance, 1, 60), "2026-11-21"] for _ in range(count)],
    }
    return makers[field.type]()


def bad_value(field: Field, chance: random.Random) -> Any:
    """A value the field most likely does not take; the checker is the judge."""
    if chance.random() < 0.4:
        return chance.choice(BAD_TYPES)
    makers: dict[str, Any] = {
        "text": lambda: bad_text(chance, field.low, field.high),
        "int": lambda: chance.choice((field.low - 1, field.high + 1, str(field.low), float(field.high), True)),
        "bool": lambda: chance.choice((0, 1, "true", "yes", None)),
        "choice": lambda: chance.choice(("", "APPROVE", "approve ", 0, None, ["approve"])),
        "date": lambda: chance.choice(("2026-02-30", "2026-2-3", "20261121", "2026-11-21T00:00", "0000-01-01")),
        "place": lambda: chance.choice(("", "-", "6210 21", "六二一", "a" * 17, "a-", "a-b-c-d-e")),
        "case_no": lambda: chance.choice(("", "621021-261121-7K3M-12", "x-1-2-3-4", "621021101001-261121-7I3M-1-A")),
        "query_code": lambda: chance.choice(("0123456789AB", "0123456789abc", "0123456789ABI", "0123456789ABCD")),
        "answers": lambda: chance.choice((
            {"": "x"}, {1: "x"}, {"a": 1}, {"a": "\x00"}, {"a" * 65: "x"}, {"a": "x" * 2_001}, {"a": None}, ["a"],
            {str(n): "" for n in range(field.high + 1)},
        )),
        "materials": lambda: [chance.choice((
            ["x", 1], ["x", 1, 1], ["x", -1, True], ["x", 100, True], ["", 1, True], ["x", True, True], {}, "x", None,
            ["x", 1, True, 1],
        ))] * chance.choice((1, field.high + 1)),
        "marks": lambda: [chance.choice((["x"], ["x", ""], ["", "x"], ["x", 1], "x", ["x"] * 3, ["x", "y" * 501]))],
        "position": lambda: bad_position(chance),
        "positions": lambda: [bad_position(chance), good_position(chance)][: chance.choice((1, 2))]
        + [good_position(chance)] * chance.choice((0, field.high)),
        "names": lambda: chance.choice((
            [], ["x", "x"], ["x" * 31], [""], ["a\x00"], [1], "x", [str(n) for n in range(field.high + 1)]
        )),
        "actions": lambda: [chance.choice((
            ["x", "y"], ["x", "y", "soon"], ["", "y", "2026-11-21"], ["x", "", "2026-11-21"], ["x", "y", "2026-02-30"],
            ["x" * 201, "y", "2026-11-21"], ["x", "y" * 61, "2026-11-21"], "x", {}, ["x", "y", "2026-11-21", "z"],
        ))] * chance.choice((1, field.high + 1)),
        "bytes": lambda: chance.choice((b"", bytes(field.low - 1), bytes(field.high + 1), "zz" * field.low, None)),
        "hash": lambda: chance.choice(("", "0" * 63, "0" * 65, "G" * 64, "A" * 64, 64)),
    }  # fmt: skip
    return makers[field.type]()


def body_of(table: Table, chance: random.Random) -> dict[int, Any]:
    """A body for this table: sound, or with one or two things wrong."""
    body = {
        field.number: good_value(field, chance) for field in table.fields if field.required or chance.random() < 0.5
    }
    if table.dates and chance.random() < 0.7:
        body |= dates(chance)
    if table.manifest and chance.random() < 0.7:
        body = manifest(chance)
    for _ in range(chance.choice((0, 0, 1, 1, 2))):
        field = chance.choice(table.fields)
        if chance.random() < 0.3:
            body.pop(field.number, None)
        else:
            body[field.number] = bad_value(field, chance)
    if chance.random() < 0.1:
        body[23] = "from a newer reader"
    return body


def dates(chance: random.Random) -> dict[int, Any]:
    """The five dates of an accept, mostly agreeing with each other."""
    claimed, not_before, not_after = (chance.randrange(10) for _ in range(3))
    used = min(max(claimed, not_before), not_after)
    sound = {1: claimed, 2: not_before, 3: not_after, 4: used, 5: used != claimed}
    if chance.random() < 0.3:
        sound[chance.choice((4, 5))] = chance.choice((True, False, 3))
    return sound


def manifest(chance: random.Random) -> dict[int, Any]:
    """A paper's file, or what takes one away; mostly agreeing with itself."""
    if chance.random() < 0.3:
        return {0: "withdraw", 8: [good_position(chance)], 9: "拍错了"}
    size = chance.choice((1, 65_536, 65_537, 10_485_760))
    chunks = -(-size // 65_536) + (chance.random() < 0.1)
    preview = {6: chance.randbytes(32), 7: 30_720} if chance.random() < 0.5 else {}
    return {0: "add", 1: "户口簿", 2: chance.randbytes(32), 3: size, 4: "image/png", 5: bytes(32 * chunks), **preview}


def samples(count: int, seed: int = 20261121) -> list[tuple[int, dict[int, Any]]]:
    """(kind, body) pairs, the kinds in turn; the same for the same seed."""
    chance = random.Random(seed)
    tables = list(bodies.TABLES.values())
    return [(tables[n % len(tables)].kind, body_of(tables[n % len(tables)], chance)) for n in range(count)]
