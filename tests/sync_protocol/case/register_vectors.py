"""Vectors of registers and publications: `python -m tests.sync_protocol.case.register_vectors` writes them.

Bodies, sound and damaged; registers of a place with who may act by them; publications with which of them count. A file
that is there stays as it is: an implementation that answers otherwise is wrong, not the file.
"""

import json
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from sync_protocol import encoding, errors
from sync_protocol.case import Catalogue, Item, Position, bodies, calendars, delegations, editions, kinds, kinship
from sync_protocol.case import registers as entries_of
from sync_protocol.case import seals as seals_of
from sync_protocol.case.publications import Publication
from sync_protocol.case.workdays import Calendar, day_of
from tests.sync_protocol.case import drawn_bodies, drawn_entries
from tests.sync_protocol.case.drawn_entries import BROUGHT, DAY, PLACE, WAY
from tests.sync_protocol.case.histories import catalogue
from tests.sync_protocol.case.second_registers import Entry
from tests.sync_protocol.case.second_registers import Item as Asked

HERE = Path(__file__).parent
BODIES, REGISTERS, PUBLICATIONS = (HERE / f"{name}_vectors.json" for name in ("body", "register", "publication"))
ABOUT = {
    BODIES: "Bodies by kind, in hex, and whether each fits its table: CASE.md, sections 3, 10.1, 12.1 and 13.",
    REGISTERS: "Registers of a place and what section 10.1 of CASE.md makes of them at a moment. Positions are "
    "incarnation.seq.mark in hex. Of an entry kind_version 1 and nothing critical goes without saying. Each act is "
    "asked for `persons`, of whom the first alone holds the role `head`: null where they may not, else what they rely "
    "on; a countersignature has its document number in front. The seals (of a `docket` and of an `issue`) are asked "
    "for all but the first and the last: null where they may not, empty where none is kept.",
    PUBLICATIONS: "What was published on the way from a place to the root (from the root down), and by sections 12.1 "
    "and 13 of CASE.md which event counts under each number and version, which version a clock offers, and which "
    "calendar is in force. `brought`: the item versions that the program brings, all of them in force.",
}
PERSONS = (("1", True), ("1", False), ("2", False), ("3", False), ("4", False), ("", False))
OTHER_RANK = {WAY[0][0]: WAY[1][0], WAY[1][0]: WAY[0][0]}
SORTS = ("consent", "revoke", "absent", "back")
MOST = {BODIES: 48, REGISTERS: 34, PUBLICATIONS: 40}


def fits(kind: int, raw: bytes) -> bool:
    """What the product says of a body."""
    if kind == kinds.CATALOGUE:
        return editions.from_bytes(raw) is not None
    if kind == kinds.CALENDAR:
        return calendars.from_bytes(raw) is not None
    if kind in entries_of.TABLES:
        return entries_of.from_bytes(kind, raw) is not None
    try:
        return bodies.check(kind, encoding.decode(raw)) is None
    except errors.ProtocolError:
        return False


def read(entries: Iterable[Entry], place: str, kind: int) -> Iterator[tuple[Entry, Any]]:
    """The entries of a place that the product can read, with what they say, as the casebook picks them."""
    for entry in entries:
        understood = kinds.understood(kind, entry.kind_version) and not entry.critical
        if (entry.place, entry.kind) != (place, kind) or not understood or entry.body is None:
            continue
        reader: Callable[[bytes], Any] = lambda raw: entries_of.from_bytes(kind, raw)  # noqa: E731
        if kind in (kinds.CATALOGUE, kinds.CALENDAR):
            reader = editions.from_bytes if kind == kinds.CATALOGUE else calendars.from_bytes
        said = reader(entry.body)
        if said is not None:
            yield entry, said


def of_place(entries: Iterable[Entry], kind: int) -> list[entries_of.Entry]:
    return [
        entries_of.Entry(Position(*entry.position), entry.order, entry.claimed, entry.actor, said)
        for entry, said in read(entries, PLACE, kind)
    ]


def item_of(asked: Asked) -> Item:
    return replace(
        catalogue().item("001"), item_no=asked.number, department=asked.department, delegable=asked.delegable,
        delegable_basis=asked.document, publicity_days=asked.publicity, special_procedures=asked.procedures,
    )  # fmt: skip


def by_register(entries: list[Entry], level: str, moment: int, asked: Asked) -> dict[str, Any]:
    """What the product makes of the registers of a place."""
    register = delegations.register_of(of_place(entries, kinds.AUTHORITY), by_two=level == "county").as_of(moment)
    item = item_of(asked)
    found: dict[str, Any] = {}
    for act in ("decide", "issue"):
        judged = [delegations.authority(register, item, act, who, moment, is_head=head) for who, head in PERSONS]
        found[act] = [None if each.why_not else list(map(written, each.relied_on)) for each in judged]
    signing = [delegations.countersigner(register, item.department, who, moment) for who, _ in PERSONS]
    found["countersign"] = [
        [each.delegation.text("document_no"), *map(written, each.relied_on)] if each.delegation else None
        for each in signing
    ]
    seals, day = seals_of.seals_of(of_place(entries, kinds.SEAL)), day_of(moment)
    for name, kind in (("docket", kinds.DOCKET), ("issue_seal", kinds.ISSUE)):
        used = [seals_of.use(seals, kind, item, who, day) for who, _ in PERSONS[1:5]]
        found[name] = [None if each.why_not else each.number for each in used]
    declared = kinship.kin_of(PLACE, of_place(entries, kinds.KIN))
    return {**found, "kin": sorted([each.staff_no, each.id_no] for each in declared)}


@cache
def brought() -> Catalogue:
    """What the program brings."""
    some = catalogue().item("001")
    return Catalogue(replace(some, item_no=number, version=version) for number, version in sorted(BROUGHT))


def by_publications(entries: list[Entry], clock: int) -> dict[str, Any]:
    """What the product makes of what was published."""
    found: dict[int, list[Publication[Any]]] = {kinds.CATALOGUE: [], kinds.CALENDAR: []}
    for rank, (place, level) in enumerate(WAY):
        for kind, several in found.items() if level == "county" else ():
            several += [
                Publication(Position(*entry.position), place, rank, entry.order, entry.claimed, said)
                for entry, said in read(entries, place, kind)
            ]
    counting = editions.counting(found[kinds.CATALOGUE], brought())
    # As the casebook does where people file.
    wrong = clock < max((each.claimed_ms for each in counting.values()), default=clock) - DAY
    offered = editions.catalogue_of(found[kinds.CATALOGUE], brought()).offered(None if wrong else day_of(clock))
    in_force = calendars.in_force(found[kinds.CALENDAR])
    return {
        "counting": {f"{key[0]} {key[1]}": written(each.position) for key, each in sorted(counting.items())},
        "offered": {item.item_no: item.version for item in offered},
        "calendars": {str(year): written(each.position) for year, each in sorted(in_force.items())},
        "version": calendars.calendar_of(found[kinds.CALENDAR], Calendar("", {})).version,
    }


def written(position: tuple[bytes, int, bytes]) -> str:
    return f"{position[0].hex()}.{position[1]}.{position[2].hex()}"


def entry_out(entry: Entry) -> dict[str, Any]:
    odd = {"kind_version": entry.kind_version} if entry.kind_version != 1 else {}
    return {
        "position": written(entry.position), "order": entry.order, "place": entry.place, "kind": entry.kind,
        "claimed": entry.claimed, "actor": entry.actor, "body": None if entry.body is None else entry.body.hex(),
        **odd, **({"critical": True} if entry.critical else {}),
    }  # fmt: skip


def entry_in(told: dict[str, Any]) -> Entry:
    incarnation, seq, mark = told["position"].split(".")
    body = None if told["body"] is None else bytes.fromhex(told["body"])
    return Entry(
        (bytes.fromhex(incarnation), int(seq), bytes.fromhex(mark)), told["order"], told["place"], told["kind"],
        told["claimed"], told["actor"], body, told.get("kind_version", 1), told.get("critical", False),
    )  # fmt: skip


def asked_in(told: dict[str, Any]) -> Asked:
    return Asked(**{**told, "procedures": tuple(told["procedures"])})


def drawn_register(seed: int) -> tuple[list[Entry], str, int, Asked]:
    chance = random.Random(f"register {seed}")
    held, level = drawn_entries.register(chance), chance.choice(("township", "county"))
    return held, level, drawn_entries.moment(chance), drawn_entries.item(chance)


def drawn_publications(seed: int) -> tuple[list[Entry], int]:
    chance = random.Random(f"publications {seed}")
    return drawn_entries.publications(chance), drawn_entries.moment(chance)


def drawn_body(seed: int) -> tuple[int, str, bytes]:
    chance = random.Random(f"body {seed}")
    kind = chance.choice(drawn_bodies.KINDS)
    return (kind, *drawn_bodies.damaged(chance, kind)) if seed % 4 else (kind, "", drawn_bodies.drawn(chance, kind))


def body_rows() -> Iterator[tuple[Any, dict[str, Any]]]:
    """Of each kind, field and damage one body that fits in spite of it and one that does not."""
    for seed in range(6_000):
        kind, how, raw = drawn_body(seed)
        sound = fits(kind, raw)
        yield (kind, how.split()[:1], how.split()[-1:], sound), {"kind": kind, "body": raw.hex(), "fits": sound}


def register_rows() -> Iterator[tuple[Any, dict[str, Any]]]:
    """Registers in which it matters that there are entries of one sort or another, of a later time or of one actor, or
    what the item is."""
    for seed in range(3_000):
        held, level, moment, asked = drawn_register(seed)
        found = by_register(held, level, moment, asked)
        without = [[each for each in held if what.encode() not in (each.body or b"")] for what in SORTS]
        without.append([replace(each, claimed=min(each.claimed, moment)) for each in held])
        without.append([replace(each, actor=str(number)) for number, each in enumerate(held)])
        answers = [by_register(some, level, moment, asked) for some in without]
        answers.append(by_register(held, level, moment, asked._replace(procedures=())))
        matters = [other != found for other in answers]
        # A representative decides, or would if something were not there.
        able = any(any(each["decide"][2:]) for each in (found, *answers))
        shape = [[each and len(each) for each in found[act]] for act in ("decide", "issue", "countersign")]
        if any(matters) and able:
            told = {"level": level, "moment": moment, "item": asked._asdict(), "entries": list(map(entry_out, held))}
            yield (level, matters, shape), {"place": PLACE, **told, "expected": found}


def publication_rows() -> Iterator[tuple[Any, dict[str, Any]]]:
    """Publications of which several stand under one number and version, or one year, and others."""
    for seed in range(3_000):
        held, clock = drawn_publications(seed)
        found = by_publications(held, clock)
        upside_down = [replace(each, place=OTHER_RANK.get(each.place, each.place)) for each in held]
        matters = [by_publications(upside_down, clock)[name] != found[name] for name in ("counting", "calendars")]
        shape = matters, sorted(found["counting"]), found["offered"], sorted(found["calendars"])
        if any(matters) or seed % 12 == 0:
            yield shape, {"clock": clock, "entries": list(map(entry_out, held)), "expected": found}


def chosen(path: Path, rows: Iterator[tuple[Any, dict[str, Any]]]) -> list[dict[str, Any]]:
    """One of each trait, at most so many, and of bodies at most so many of a kind."""
    seen, counts, found = set(), dict[Any, int](), []
    for trait, row in rows:
        key, kind = json.dumps(trait, ensure_ascii=False), row.get("kind")
        if key not in seen and counts.get(kind, 0) < MOST[path]:
            seen.add(key)
            counts[kind] = counts.get(kind, 0) + 1
            found.append(row)
    return found


def main() -> None:
    """Write the files that are not there yet."""
    for path, rows in ((BODIES, body_rows), (REGISTERS, register_rows), (PUBLICATIONS, publication_rows)):
        head: dict[str, Any] = {"about": ABOUT[path]}
        if path == PUBLICATIONS:
            head |= {"way": WAY, "brought": sorted(BROUGHT)}
        if path == REGISTERS:
            head |= {"persons": [who for who, _ in PERSONS]}
        if not path.exists():
            lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in chosen(path, rows()))
            start = json.dumps(head, ensure_ascii=False)[:-1]
            path.write_text(f'{start}, "cases": [\n{lines}\n]}}\n', "utf-8")


if __name__ == "__main__":
    main()
