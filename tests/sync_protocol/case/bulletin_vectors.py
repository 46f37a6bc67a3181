"""Vectors of bulletins and ends of days: `python -m tests.sync_protocol.case.bulletin_vectors` writes them.

Bodies, sound and damaged; bulletins with who published them, and whether they speak only of that place and those below
it; ends of days with which of them count. A file that is there stays as it is: an implementation that answers otherwise
is wrong, not the file.
"""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cbor2

from sync_protocol.case import Position, bulletin_bodies, bulletins, day_ends, kinds
from sync_protocol.case.beside import Record
from sync_protocol.places import PlaceTree
from tests.sync_protocol.case.second_day_ends import Held

PATH = Path(__file__).parent / "bulletin_vectors.json"
COUNTY, TOWNSHIP, OTHER = "621021000000", "621021101000", "621021102000"
VILLAGE, BESIDE, ELSEWHERE = "621021101001", "621021101002", "621021102001"
PLACES: tuple[tuple[str, str, str | None, str], ...] = (
    (COUNTY, "county", None, "县"), (TOWNSHIP, "township", COUNTY, "镇"), (OTHER, "township", COUNTY, "邻镇"),
    (VILLAGE, "village", TOWNSHIP, "村"), (BESIDE, "village", TOWNSHIP, "邻村"), (ELSEWHERE, "village", OTHER, "外村"),
)  # fmt: skip
KINDS = (kinds.BULLETIN, kinds.DAY_END)
ODD: tuple[Any, ...] = (
    None, True, -1, 0, 2**53, "", "x" * 81, "2026-10", "2026-02-30", "month", "nobody", "6210!", b"", bytes(16), [],
    [0], [[]], {},
)  # fmt: skip
ABOUT = (
    "Sections 8.2 and 10.5 of CASE.md. `bodies`: kind, body in hex, whether it fits its form. `named`: who published a "
    "bulletin, its body in hex, whether it names only places that they may speak of, in a network of these `places`. "
    "`ends`: ends of days (position, order, scope, place, body in hex), and which counts of each place, day and "
    "department. Positions are incarnation.seq.mark in hex."
)


def tree() -> PlaceTree:
    return PlaceTree.from_rows(PLACES)


def tally(chance: random.Random) -> list[int]:
    found = [chance.choice((0, 1, 7, 2**40)) for _ in range(chance.choice((0, 3, 14, 27)))]
    while found and found[-1] == 0:
        found.pop()
    return found


def points(chance: random.Random) -> list[int]:
    return [chance.randint(1, 1_000), *(chance.choice((0, 3, 1_000)) for _ in range(4)), 8, chance.randint(0, 100)]


def rules_in(chance: random.Random) -> list[Any]:
    own = chance.random() < 0.5
    return [*(("庆政务发〔2026〕9号", "2026-10-01") if own else ("", "")), *points(chance)]


def bulletin(chance: random.Random, among: tuple[str, ...]) -> dict[int, Any]:
    """The body of a bulletin that names some of these places."""
    named = sorted(chance.sample(among, chance.randint(1, len(among))))
    levels = {code: ("county", "township", "village").index(level) for code, level, *_ in PLACES}
    above = {code: parent or "" for code, _, parent, _ in PLACES}
    kind, period = chance.choice((("month", "2026-10"), ("quarter", "2026-Q4"), ("year", "2199")))
    departments = sorted(chance.sample(("—", "民政", "文旅"), chance.randrange(4)))
    items = sorted(chance.sample(("001", "016", "036"), chance.randrange(4))) if departments else []
    whose = range(-1, len(departments))
    return {
        0: "bulletin", 1: f"政务行审通报〔2026〕{named[0]}-7M7N-{chance.randint(1, 9)}号", 2: kind, 3: period,
        4: rules_in(chance),
        5: [[code, levels[code], named.index(above[code]) if above[code] in named else -1, tally(chance)]
            for code in named],
        6: [[name, tally(chance)] for name in departments],
        7: [[item, chance.randrange(len(departments)), tally(chance)] for item in items],
        8: [[chance.randrange(4), chance.choice(among), chance.choice(whose), chance.choice(among),
             chance.randbytes(16), chance.randrange(20_000, 21_000)] for _ in range(chance.randrange(3))],
        9: [[chance.choice(among), "help", chance.randint(1, 9)] for _ in range(chance.randrange(3))],
        10: [chance.randint(-2, 3) for _ in range(3)], 11: chance.choice(("", "M-2")),
    }  # fmt: skip


def day_end(chance: random.Random) -> dict[int, Any]:
    """The body of an end of a day."""
    day = chance.choice(("2026-11-18", "2026-11-19"))
    body: dict[int, Any] = {0: day, 2: chance.randrange(9)}
    if chance.random() < 0.5:
        body[1] = "民政"
    if chance.random() < 0.7:
        why = chance.sample(("late", "nobody", "other"), chance.randint(1, 3))
        body[3] = [[each, "等回电" if each == "other" else "", [[VILLAGE, chance.randbytes(16), "2026-11-17"]]]
                   for each in why]  # fmt: skip
        body |= {4: chance.randint(1, 9)} if chance.random() < 0.3 else {}
    if chance.random() < 0.5:
        body[5] = chance.randint(1, 8)
        body |= {6: ["B"]} if chance.random() < 0.5 else {}
    return body


def drawn(chance: random.Random, kind: int) -> dict[int, Any]:
    """A body that fits."""
    if kind == kinds.DAY_END:
        return day_end(chance)
    what = chance.choice(("bulletin", "bulletin", "rules", "part"))
    if what == "rules":
        return {0: what, 1: "庆政务发〔2026〕9号", 2: "2026-10-01", 3: points(chance)}
    if what == "part":
        of = chance.randint(2, 8)
        return {0: what, 1: "通报1号", 2: chance.randrange(of), 3: of, 4: chance.randbytes(chance.randint(1, 30))}
    return bulletin(chance, tuple(code for code, *_ in PLACES))


def damaged(chance: random.Random, kind: int) -> bytes:
    """A body of which one value, somewhere, is something odd or is not there."""
    made = drawn(chance, kind)
    at: Any = made
    key: Any = chance.choice(sorted(made))
    while type(at[key]) is list and at[key] and chance.random() < 0.8:
        at, key = at[key], chance.randrange(len(at[key]))
    if chance.random() < 0.2:
        del at[key]
    else:
        at[key] = chance.choice(ODD)
    return cbor2.dumps(made, canonical=True)


def fits(kind: int, raw: bytes) -> bool:
    """What the product says of a body."""
    read = bulletin_bodies.from_bytes if kind == kinds.BULLETIN else day_ends.read
    return read(raw) is not None


def drawn_named(chance: random.Random) -> tuple[str, bytes]:
    """Who published a bulletin, and its body, which most often is about places that are theirs."""
    own = (TOWNSHIP, VILLAGE, BESIDE)
    among = own if chance.random() < 0.6 else (*own, *chance.sample((COUNTY, OTHER, ELSEWHERE, "X-1"), 1))
    among = tuple(code for code in among if code != "X-1")
    return chance.choice((TOWNSHIP, TOWNSHIP, COUNTY, OTHER)), cbor2.dumps(bulletin(chance, among), canonical=True)


def named(place: str, raw: bytes) -> bool:
    """What the product says of it."""
    said = bulletin_bodies.from_bytes(raw)
    assert isinstance(said, bulletins.Bulletin)
    return bulletins.within(said, place, tree())


def drawn_ends(chance: random.Random) -> list[Held]:
    """Ends of days, of which some are of the same place, day and department and some are not where they should be."""
    found: list[Held] = []
    for seq in range(1, chance.randint(3, 7)):
        life, place = chance.randrange(2), chance.choice((VILLAGE, VILLAGE, TOWNSHIP))
        scope = f"about:{place if chance.random() < 0.8 else BESIDE}"
        found.append(((bytes([life]) * 16, seq, bytes([seq]) * 8), life + 1, scope, place, day_end(chance)))
    chance.shuffle(found)
    return found


def counting(held: list[Held]) -> dict[str, str]:
    """What the product makes of ends of days."""
    records = []
    for at, order, scope, place, body in held:
        said = day_ends.read(cbor2.dumps(body, canonical=True))
        assert said is not None
        records.append(Record(Position(*at), order, scope, place, 0, said))
    return {" ".join(key): written(each.position) for key, each in sorted(day_ends.counting(records).items())}


def written(at: tuple[bytes, int, bytes]) -> str:
    return f"{at[0].hex()}.{at[1]}.{at[2].hex()}"


def end_out(held: Held) -> list[Any]:
    at, *told, body = held
    return [written(at), *told, cbor2.dumps(body, canonical=True).hex()]


def end_in(told: list[Any]) -> Held:
    incarnation, seq, mark = told[0].split(".")
    at = bytes.fromhex(incarnation), int(seq), bytes.fromhex(mark)
    return at, told[1], told[2], told[3], cbor2.loads(bytes.fromhex(told[4]))


def body_rows() -> Iterator[list[Any]]:
    chance = random.Random("bodies of bulletins and ends of days")
    for kind in KINDS:
        for number in range(90):
            raw = damaged(chance, kind) if number % 3 else cbor2.dumps(drawn(chance, kind), canonical=True)
            yield [kind, raw.hex(), fits(kind, raw)]


def named_rows() -> Iterator[list[Any]]:
    chance = random.Random("places that bulletins name")
    for _ in range(40):
        place, raw = drawn_named(chance)
        yield [place, raw.hex(), named(place, raw)]


def end_rows() -> Iterator[list[Any]]:
    """Ends of which some do not count."""
    for seed in range(60):
        held = drawn_ends(random.Random(f"ends {seed}"))
        if len(counting(held)) < len(held):
            yield [list(map(end_out, held)), counting(held)]


def main() -> None:
    """Write the file if it is not there yet."""
    if not PATH.exists():
        made = {"bodies": list(body_rows()), "named": list(named_rows()), "ends": list(end_rows())[:30]}
        lines = (
            f"{json.dumps(name)}: [\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n]"
            for name, rows in made.items()
        )
        head = f'"about": {json.dumps(ABOUT)},\n"places": {json.dumps(PLACES, ensure_ascii=False)},\n'
        PATH.write_text(f"{{{head}" + ",\n".join(lines) + "}\n", "utf-8")


if __name__ == "__main__":
    main()
