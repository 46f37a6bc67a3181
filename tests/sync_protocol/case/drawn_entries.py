"""Sets of events about no case as a node might hold them: registers with every kind of entry, and publications."""

import random
from dataclasses import replace
from typing import Any

import cbor2

from sync_protocol.case import kinds
from tests.sync_protocol.case.drawn_bodies import DEPARTMENTS, DRAWN, ITEMS, damaged
from tests.sync_protocol.case.second_registers import Entry, Item

PLACE, ABOVE, BELOW = "621021101000", "621021000000", "621021101001"
# As a root of the second level has it, whose counties publish beside it.
WAY = [("621000000000", "county"), (ABOVE, "county"), (PLACE, "township")]
NOON, HOUR, DAY = 1_795_060_800_000, 3_600_000, 86_400_000  # noon of 19 November 2026 at +08:00
BROUGHT = frozenset({("A3", 1), ("A3", 2)})


def moment(chance: random.Random) -> int:
    """A time within the days that the bodies name, or out of its mind."""
    if chance.random() < 0.03:
        return chance.choice((-(2**62), -1, 0, 2**60))
    return NOON + chance.randrange(7) * DAY + chance.choice((0, 0, 1, 12 * HOUR - 1, 12 * HOUR, -12 * HOUR, HOUR))


def entry(chance: random.Random, kind: int, held: list[Entry], places: tuple[str, ...]) -> Entry:
    """One more entry, as a rule sound, and where it names another one that is held."""
    body: dict[int, Any] = DRAWN[kind](chance)
    named = [each for each in held if each.kind == kinds.AUTHORITY and each.body]
    if 13 in body and named and chance.random() < 0.9:
        incarnation, seq, mark = chance.choice(named).position
        body[13] = [incarnation, seq, mark]
    raw: bytes | None = cbor2.dumps(body, canonical=True)
    if chance.random() < 0.08:
        raw = chance.choice((None, damaged(chance, kind)[1]))
    life = chance.randrange(3)
    position = bytes([life]) * 16, len(held) + 2 - chance.randrange(2), bytes([len(held)]) * 8
    place = places[0] if chance.random() < 0.8 else chance.choice(places)
    # The second and the third life entered at one place in the order: the seq, and then the mark tells.
    made = Entry(position, min(life, 1), place, kind, moment(chance), chance.choice("56"), raw)
    odd = chance.random()
    return replace(made, kind_version=2) if odd < 0.03 else replace(made, critical=True) if odd < 0.06 else made


def register(chance: random.Random) -> list[Entry]:
    """The registers of a place, and of another beside it, in no order."""
    held: list[Entry] = []
    for _ in range(chance.randrange(1, 22)):
        kind = chance.choice((kinds.AUTHORITY,) * 5 + (kinds.SEAL, kinds.SEAL, kinds.KIN, kinds.KIN))
        held.append(entry(chance, kind, held, (PLACE, BELOW)))
    chance.shuffle(held)
    return held


def publications(chance: random.Random) -> list[Entry]:
    """What was published on the way from a place to the root, and some of it beside the way."""
    held: list[Entry] = []
    for _ in range(chance.randrange(1, 10)):
        kind = chance.choice((kinds.CATALOGUE, kinds.CALENDAR))
        held.append(entry(chance, kind, held, (ABOVE, WAY[0][0], PLACE)))
    chance.shuffle(held)
    return held


def item(chance: random.Random) -> Item:
    """What is asked of an item when somebody acts."""
    procedures = chance.choice(((), ("现场核查",), ("听证",), ("组织专家评审",), ("入户核查", "公开招标")))
    document = chance.choice(("", "", "庆政〔2026〕3号"))
    delegable, days = chance.random() < 0.9, chance.choice((0, 0, 0, 7))
    number, department = chance.choice(ITEMS), chance.choice(DEPARTMENTS)
    return Item(number, department, delegable, document, days, procedures)
