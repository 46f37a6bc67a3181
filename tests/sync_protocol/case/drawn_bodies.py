"""Bodies that publish, register and promise: drawn sound, and then with one thing damaged."""

import random
from collections.abc import Callable
from copy import deepcopy
from datetime import date
from typing import Any

import cbor2

from sync_protocol.case import kinds

Body = dict[int, Any]
KINDS = (
    kinds.COMMITMENT, kinds.COMMITMENT_KEPT, kinds.LANE, kinds.CATALOGUE, kinds.CALENDAR, kinds.AUTHORITY, kinds.SEAL,
    kinds.KIN, kinds.CREATE,
)  # fmt: skip
PEOPLE = ("1", "2", "3", "4")
DEPARTMENTS = ("民政", "民政", "民政", "国土")
ITEMS = ("A1", "A2", "A3")
DAYS = tuple(f"2026-11-{day}" for day in range(18, 27))
PROCEDURES = ("听证", "专家评审", "评审", "现场核查", "招标公告", "入户核查")
LENGTHS = (0, 1, 10, 11, 30, 31, 32, 33, 40, 41, 60, 61, 80, 81, 100, 101, 150, 151, 200, 201, 400, 401, 1_000, 1_001)
NUMBERS = (
    -2, -1, 0, 1, 3, 99, 100, 365, 366, 367, 999, 1_000, 1_969, 1_970, 2_199, 2_200, 65_535, 65_536, 10**12, 10**12 + 1,
)  # fmt: skip
ODD: tuple[Any, ...] = (
    0, 1, True, False, "", "x", "higher", "2026-02-30", "2026-2-03", "0000-01-01", b"x" * 16, [], [[]], {}, {0: 1},
)  # fmt: skip
# The first and the last day of what has both, one in the other's place.
TURNED = {kinds.AUTHORITY: {10: 11, 11: 10}, kinds.SEAL: {6: 7, 7: 6}, kinds.CATALOGUE: {19: 20, 20: 19}}
BARRED = "\x00\x08\x0b\x1f\x7f\x9f\u200e\u202a\u2069\ufeff"
ALLOWED = "\t\n\u3000\u2028é字𠀀"


def position(chance: random.Random) -> list[Any]:
    return [bytes([chance.randrange(3)]) * 16, chance.randrange(1, 9), bytes([chance.randrange(9)]) * 8]


def some(chance: random.Random, among: tuple[Any, ...], least: int = 0) -> list[Any]:
    return chance.sample(among, chance.randint(least, len(among)))


def maybe(chance: random.Random, fields: Body) -> Body:
    return {number: value for number, value in fields.items() if chance.random() < 0.5}


def authority(chance: random.Random) -> Body:
    what = chance.choice(("delegate", "delegate", "delegate", "consent", "revoke", "absent", "absent", "back"))
    if what == "absent":
        first, last = sorted(chance.choices(DAYS, k=2))
        return {0: what, 10: first, 14: chance.choice(PEOPLE), **maybe(chance, {11: last})}
    if what != "delegate":
        more = {12: "准〔2026〕1号", 15: "调整"}
        needed = {"consent": (12,), "revoke": (12, 15)}.get(what, ())
        return {0: what, 13: position(chance), **{number: more[number] for number in needed}}
    first, last = chance.choice(DAYS[:5]), chance.choice(DAYS[4:])
    a, b = chance.sample(PEOPLE[1:], 2)
    roles = {**({4: a, 5: "甲"} if chance.random() < 0.8 else {}), **({6: b, 7: "乙"} if chance.random() < 0.7 else {})}
    lists = {8: some(chance, ITEMS, 1), **maybe(chance, {9: some(chance, ITEMS)})} if chance.random() < 0.9 else {}
    number = f"委〔2026〕{chance.randrange(9)}号"
    department, head = chance.choice(DEPARTMENTS), chance.choice(PEOPLE[:2])
    return {0: what, 1: department, 2: head, 3: "丁", **roles, **lists, 10: first, 11: last, 12: number}


def seal(chance: random.Random) -> Body:
    first, last = sorted(chance.choices(DAYS, k=2))
    more = maybe(chance, {3: chance.choice(DEPARTMENTS), 4: "（1）", 7: last, 9: "换章"})
    use = chance.choice(("acceptance", "decision"))
    custodians = some(chance, PEOPLE, 1)
    kept = {0: chance.choice(("S1", "S2", "S3")), 1: use, 2: "某局", 5: custodians, 6: first, 8: "刻〔2026〕1号"}
    return {**kept, **more}


def kin(chance: random.Random) -> Body:
    spelt = ("62102119900101123X", "62102119900101123x", "621021 19900101-123X", "6210211990010\u3000123x", "E1", "-")
    who = {0: chance.choice(PEOPLE), 1: "张三", 2: chance.choice(spelt), 3: "父子"}
    return {**who, **maybe(chance, {4: chance.random() < 0.5})}


def calendar(chance: random.Random) -> Body:
    year = chance.choice((2025, 2026, 2026, 2027, 2028, 1970, 2199))
    first = date(year, 1, 1).toordinal()
    leap = date(year, 12, 31).toordinal() - first + 1
    near = [*range(1, 15), *range(322, 336), leap - 1, leap]
    off = sorted(day for day in near if date.fromordinal(first + day - 1).weekday() < 5 and chance.random() < 0.2)
    on = sorted(day for day in near if date.fromordinal(first + day - 1).weekday() > 4 and chance.random() < 0.2)
    announced = chance.random() < 0.5
    spans = [[*sorted(chance.choices(near, k=2)), "节", chance.choice(("", "国办发〔2026〕1号"))]] * chance.randrange(2)
    body = {0: year, 1: off, 2: on, 3: announced, 5: spans, 6: "安排"}
    two = {7: "1", 8: "2"} if chance.random() < 0.3 else {}
    return {**body, **({4: "国办发〔2025〕7号"} if announced or chance.random() < 0.3 else {}), **two}


def item(chance: random.Random) -> Body:
    levels = ("village", "township", "county")
    review, decide = chance.choice(("", *levels)), chance.choice((*levels, "higher"))
    begins, ends = sorted(chance.choices(DAYS, k=2))
    form = [
        ["income", "收入", "income", "amount", True, [], ""], ["heads", "人数", "heads", "number", False, [], "全家"],
        ["kind", "类别", "kind", "choice", True, ["甲", "乙"], ""], ["born", "出生", "born", "date", True, [], ""],
    ]  # fmt: skip
    paper = ["身份证", 1, True, "", chance.random() < 0.5, chance.choice(("applicant", "share")), chance.choice("ABCD")]
    rules = [[["income"], ["heads", "income"], "不得多于", "not more"]]
    days = [chance.randrange(30), 5, *(chance.choice((-1, 0, 3)) for _ in range(4))]
    return {
        0: chance.choice(ITEMS), 1: chance.randint(1, 3), 2: "补贴", 3: "benefit", 4: chance.choice(DEPARTMENTS),
        5: chance.choice(("即办件", "承诺件", "联办件", "上报件")),
        6: chance.choice(("村级受理", "直办", "代办", "协办", "告知")),
        7: [some(chance, levels, 1), review, decide, some(chance, levels, 1)],
        8: days, 9: [chance.choice((0, 0, 7)), chance.choice(("calendar", "working")), chance.random() < 0.5],
        10: some(chance, PROCEDURES[:2]), 11: [paper] * chance.randrange(3), 12: form, 13: rules * chance.randrange(2),
        14: chance.choice((["0", []], ["每件10元", [["工本费", 1_000, "件"]]])), 15: [chance.random() < 0.5, ""],
        16: chance.random() < 0.5, 17: [["basis", "条例"]] * chance.randrange(2),
        18: some(chance, ITEMS[1:]) if chance.random() < 0.2 else [],
        19: begins, **maybe(chance, {20: ends}), 21: chance.random() < 0.8,
        22: chance.choice(("sample", "public page", "field report")), 23: ["调整", ""],
    }  # fmt: skip


def commitment(chance: random.Random) -> Body:
    more: Body = {1: [["户口簿", 1, True]] * chance.randint(1, 2), 2: "符合告知的条件"}
    what = chance.choice(("tolerance", "declaration"))
    needed = 1 if what == "tolerance" else 2
    return {0: what, needed: more[needed], **maybe(chance, more), 3: chance.choice(DAYS), 4: "张三"}


def commitment_kept(chance: random.Random) -> Body:
    more: Body = {1: "核查属实", 2: [position(chance) for _ in range(chance.randint(1, 3))]}
    kept = chance.choice((1, 2))
    return {0: position(chance), kept: more[kept], **maybe(chance, more)}


def lane(chance: random.Random) -> Body:
    what = chance.choice(("ordinary", "green", "urgent", "ahead"))
    more: Body = {2: "县领导", 3: "7", 4: chance.random() < 0.5, 5: "621021101001-261121-7K3M-12-L", 6: "电话同意"}
    needed = {"green": (2,), "urgent": (3,), "ahead": (5, 6)}.get(what, ())
    return {0: what, 1: "重点项目", **maybe(chance, more), **{number: more[number] for number in needed}}


def create(chance: random.Random) -> Body:
    upon = {15: chance.choice(("change", "renew", "revoke")), 16: "621021101001-261121-7K3M-12-L"}
    more = maybe(
        chance, {5: "13900001111", 7: "李四", 11: {"人数": "3"}, 12: [["户口簿", 1, True]], 13: "第一行\n第二行"}
    )
    who = {0: chance.choice(ITEMS), 1: 1, 2: "张三", 3: chance.choice(("resident_id", "credit_code")), 4: "6210"}
    return {**who, **more, **chance.choice(({}, upon, {16: upon[16]}))}


DRAWN: dict[int, Callable[[random.Random], Body]] = {
    kinds.COMMITMENT: commitment, kinds.COMMITMENT_KEPT: commitment_kept, kinds.LANE: lane, kinds.CATALOGUE: item,
    kinds.CALENDAR: calendar, kinds.AUTHORITY: authority, kinds.SEAL: seal, kinds.KIN: kin, kinds.CREATE: create,
}  # fmt: skip


def drawn(chance: random.Random, kind: int) -> bytes:
    """The bytes of a sound body."""
    return cbor2.dumps(DRAWN[kind](chance), canonical=True)


def damaged(chance: random.Random, kind: int) -> tuple[str, bytes]:
    """What was done to which field of a sound body, and the bytes: some of it no damage after all."""
    body: dict[Any, Any] = deepcopy(DRAWN[kind](chance))
    number, turned = chance.choice(list(body)), TURNED.get(kind, {})
    how = chance.choice(("absent", "null", "odd", *("inside",) * 5, "key", "bytes", "days"))
    if how == "absent":
        del body[number]
    elif how == "null":
        body[number] = None
    elif how == "odd":
        body[number] = chance.choice(ODD)
    elif how == "inside":
        how, body[number] = _changed(chance, body[number])
    elif how == "days":
        body = {turned.get(number, number): value for number, value in body.items()}
    elif how == "key":
        number = chance.choice((-1, "x", 23, 22, 24))
        body[number] = chance.choice((None, 1, "x"))
    raw = cbor2.dumps(body, canonical=True)
    if how == "bytes":
        number, raw = _broken(chance, raw)
    return f"{number} {how}", raw


def _broken(chance: random.Random, raw: bytes) -> tuple[int, bytes]:
    broken = (
        raw + b"\x00", raw[:-1], b"", b"\xbf" + raw[1:] + b"\xff", bytes([raw[0] & 0xE0 | 24, raw[0] & 31]) + raw[1:],
        cbor2.dumps({0: 1.5}), cbor2.dumps([]), b"\xa2\x00\x61x\x00\x61x", b"\xff",
    )  # fmt: skip
    number = chance.randrange(len(broken))
    return number, broken[number]


def _changed(chance: random.Random, value: Any) -> tuple[str, Any]:
    """One part of a value, changed."""
    if isinstance(value, list) and value and chance.random() < 0.6:
        at = chance.randrange(len(value))
        how, part = _changed(chance, value[at])
        return f"{at} {how}", [*value[:at], part, *value[at + 1 :]]
    if isinstance(value, list):
        at = chance.randrange(len(value)) if value else 0
        texts = [f"T{each}" for each in range(chance.choice(LENGTHS[:16]))]
        return chance.choice((
            ("turned", [*value[1::-1], *value[2:]]),
            ("twice", [*value, *value[at : at + 1]]), ("fewer", value[:-1]), ("swapped", value[::-1]), ("none", []),
            ("more", [*value, chance.choice(ODD)]), ("many", texts),
        ))  # fmt: skip
    if isinstance(value, bool):
        return "turned", not value
    if isinstance(value, int):
        return "number", chance.choice(NUMBERS)
    if isinstance(value, bytes):
        return "bytes", value[: chance.randrange(len(value))]
    if isinstance(value, str) and chance.random() < 0.4:
        length = chance.choice(LENGTHS)
        return f"length {length}", "字" * length
    if isinstance(value, str) and chance.random() < 0.6:
        return "sign", value + chance.choice(BARRED + ALLOWED)
    return "odd", chance.choice(ODD)
