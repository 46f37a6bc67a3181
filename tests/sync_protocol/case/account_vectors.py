"""Vectors of accounts: `python -m tests.sync_protocol.case.account_vectors` writes them where the file is not there.

Bodies, sound and damaged; orders and which accounts they keep shut; reports and which acts are late by them. An
implementation that answers otherwise than the file is wrong, not the file.
"""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cbor2

from sync_protocol.case import Position, accounts, kinds
from sync_protocol.case import beside as records_of
from sync_protocol.places import PlaceTree
from tests.sync_protocol.case.second_accounts import Record

PATH = Path(__file__).parent / "account_vectors.json"
COUNTY, TOWNSHIP, VILLAGE, BESIDE = "621021000000", "621021101000", "621021101001", "621021101002"
PLACES = [
    (COUNTY, "county", None, "县"), (TOWNSHIP, "township", COUNTY, "镇"), (VILLAGE, "village", TOWNSHIP, "村"),
    (BESIDE, "village", TOWNSHIP, "邻村"),
]  # fmt: skip
ACCOUNTS = ("0001", "0002")
LIVES = tuple(bytes([number]) * 16 for number in range(6))
SCOPES = (f"about:{VILLAGE}", f"below:{VILLAGE}", f"about:{BESIDE}")
ODD: tuple[Any, ...] = (
    "",
    "x" * 33,
    0,
    -1,
    True,
    None,
    b"",
    [],
    ["x"],
    "disabled",
    b"x" * 32,
    [[b"x" * 16, "about:", 1]],
)
ABOUT = (
    "Section 10.4 of CASE.md. `bodies`: by kind, in hex, and whether each fits its table. `orders`: records in about: "
    f"of {VILLAGE}, under {TOWNSHIP}, under {COUNTY}, and what keeps each account shut. `acts`: records, and of "
    "acts of an account (incarnation, order, scope, seq) which are late. Positions are incarnation.seq.mark in hex."
)


def tree() -> PlaceTree:
    return PlaceTree.from_rows(PLACES)


def position(chance: random.Random) -> Position:
    return Position(chance.choice(LIVES), chance.randrange(1, 9), bytes([chance.randrange(9)]) * 8)


def body(chance: random.Random, kind: int, named: list[Position]) -> dict[int, Any]:
    if kind == kinds.AUDIT_HEAD:
        return {0: chance.randrange(1, 9_999), 1: chance.randbytes(32)}
    account = chance.choice(ACCOUNTS)
    if kind == kinds.ACCOUNT_ORDER:
        if named and chance.random() < 0.4:
            lifted = chance.sample(named, chance.randint(1, min(2, len(named))))
            return {0: account, 1: "lift", 2: "查明", 3: [list(each) for each in lifted]}
        return {0: account, 1: "disable", 2: "调离"}
    streams = [(life, scope) for life in LIVES[:3] for scope in SCOPES]
    some = [[*each, chance.randrange(1, 9)] for each in chance.sample(streams, chance.randrange(3))]
    more = {4: chance.random() < 0.5} if chance.random() < 0.3 else {}
    order = {2: list(position(chance))} if chance.random() < 0.3 else {}
    return {0: account, 1: chance.choice(accounts.STATES), **order, **({3: some} if some else {}), **more}


def damaged(chance: random.Random, kind: int) -> bytes:
    made = body(chance, kind, [position(chance)])
    number = chance.choice(sorted(made))
    if chance.random() < 0.3:
        del made[number]
    else:
        made[number] = chance.choice(ODD)
    return cbor2.dumps(made, canonical=True)


def drawn(chance: random.Random, kind: int) -> list[Record]:
    """Records of one kind, most of them where and by whom they should be."""
    held: list[Record] = []
    for _ in range(chance.randrange(1, 7)):
        life = chance.randrange(3)
        above = (TOWNSHIP, COUNTY, COUNTY) if kind == kinds.ACCOUNT_ORDER else (VILLAGE,) * 3
        place = above[life] if chance.random() < 0.9 else chance.choice((VILLAGE, BESIDE))
        raw: bytes | None = cbor2.dumps(body(chance, kind, [Position(*each.position) for each in held]), canonical=True)
        if chance.random() < 0.06:
            raw = chance.choice((None, damaged(chance, kind)))
        scope = SCOPES[0] if chance.random() < 0.9 else chance.choice(SCOPES)
        at = LIVES[life], len(held) + 1, bytes([len(held)]) * 8
        held.append(Record(at, min(life, 1) + 1, scope, place, kind, raw))
    chance.shuffle(held)
    return held


def as_read(held: list[Record]) -> list[records_of.Record]:
    """The records that the product can read."""
    found = []
    for each in held:
        said = accounts.read(each.kind, each.body) if each.body is not None else None
        if said is not None:
            at = Position(*each.position)
            found.append(records_of.Record(at, each.order, each.scope, each.place, 0, said))
    return found


def shut(held: list[Record]) -> dict[str, list[str]]:
    """What the product makes of orders."""
    found = accounts.standing(tree(), VILLAGE, as_read(held))
    return {account: [written(each.position) for each in orders] for account, orders in sorted(found.items())}


def drawn_act(chance: random.Random) -> tuple[bytes, int, str, int]:
    life = chance.randrange(3)
    return LIVES[life], min(life, 1) + 1, chance.choice(SCOPES), chance.randrange(1, 10)


def late(held: list[Record], account: str, act: tuple[bytes, int, str, int]) -> bool:
    """What the product says of an act."""
    said = accounts.reports_of(VILLAGE, as_read(held)).get(account, [])
    return accounts.is_late(accounts.ends_of(said, *act[:3]), act[3])


def written(at: tuple[bytes, int, bytes]) -> str:
    return f"{at[0].hex()}.{at[1]}.{at[2].hex()}"


def record_out(each: Record) -> list[Any]:
    return [
        written(each.position),
        each.order,
        each.scope,
        each.place,
        each.body.hex() if each.body is not None else None,
    ]


def record_in(kind: int, told: list[Any]) -> Record:
    incarnation, seq, mark = told[0].split(".")
    raw = bytes.fromhex(told[4]) if told[4] is not None else None
    order, scope, place = told[1:4]
    return Record((bytes.fromhex(incarnation), int(seq), bytes.fromhex(mark)), order, scope, place, kind, raw)


def body_rows() -> Iterator[list[Any]]:
    chance = random.Random("bodies of accounts")
    for kind in accounts.TABLES:
        for number in range(24):
            raw = damaged(chance, kind) if number % 3 else cbor2.dumps(body(chance, kind, []), canonical=True)
            yield [kind, raw.hex(), accounts.read(kind, raw) is not None]


def order_rows() -> Iterator[list[Any]]:
    """Orders of which some are lifted and some are not."""
    for seed in range(400):
        held = drawn(random.Random(f"orders {seed}"), kinds.ACCOUNT_ORDER)
        without = [each for each in held if b"lift" not in (each.body or b"")]
        if shut(held) != shut(without):
            yield [list(map(record_out, held)), shut(held)]


def act_rows() -> Iterator[list[Any]]:
    """Reports by which some acts are late and others are not."""
    for seed in range(200):
        chance = random.Random(f"acts {seed}")
        held, acts = drawn(chance, kinds.ACCOUNT_STATE), [drawn_act(chance) for _ in range(12)]
        judged = [[account, act[0].hex(), *act[1:], late(held, account, act)] for account in ACCOUNTS for act in acts]
        if {each[-1] for each in judged} == {True, False}:
            yield [list(map(record_out, held)), judged]


def main() -> None:
    """Write the file if it is not there yet."""
    if not PATH.exists():
        made = {"bodies": list(body_rows()), "orders": list(order_rows())[:40], "acts": list(act_rows())[:30]}
        lines = (f"{json.dumps(name)}: [\n" + ",\n".join(map(json.dumps, rows)) + "\n]" for name, rows in made.items())
        PATH.write_text(f'{{"about": {json.dumps(ABOUT)},\n' + ",\n".join(lines) + "}\n", "utf-8")


if __name__ == "__main__":
    main()
