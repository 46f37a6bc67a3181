"""The property of purging: nothing is ever dropped that the county does not hold, and all of it can be given back.

A county, two townships and three villages work and talk at random: cases are filed, moved, closed and spoken of again,
days pass, clocks jump, the county writes checkpoints or misses days, links are down. Purges run anywhere at random.
After each, every body dropped is looked for on the county's disk; at the end a village is lost, and what it had is
taken back from above.
"""

import random
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sync_protocol.case import kinds
from sync_protocol.event import Event, fits, load_header
from sync_protocol.places import about
from tests.builders import APPLICATION
from tests.closing import DAY_MS, close_case, settle_lines, step
from tests.network import COUNTY, OTHER_TOWNSHIP, OTHER_VILLAGE, SECOND_VILLAGE, TOWNSHIP, VILLAGE, Network, network
from tests.postgresql import memory
from village_node.casebook import CaseRef, NotAllowed
from village_node.store import streams
from village_node.store.streams import PURGED

PLACES: Final = (COUNTY, TOWNSHIP, VILLAGE, SECOND_VILLAGE, OTHER_TOWNSHIP, OTHER_VILLAGE)
VILLAGES: Final = (VILLAGE, SECOND_VILLAGE, OTHER_VILLAGE)
TERM_DAYS: Final = 2  # short, so that it passes while much is still under way
ITEMS: Final = ("001", "004", "009", "016")


@dataclass
class World:
    """The network under test and what has happened to it."""

    net: Network
    chance: random.Random
    refs: list[CaseRef] = field(default_factory=list)
    down: set[str] = field(default_factory=set)
    purged: int = 0

    def member(self, code: str):
        return self.net[code].member


def open_world(folder: Path, seed: int) -> World:
    """Six nodes that have met, and two cases that are closed already: what is said of them later goes its own way."""
    net = network(folder, *PLACES, seed=seed)
    net.settle()
    world = World(net, random.Random(seed))
    for village in (VILLAGE, OTHER_VILLAGE):
        world.refs.append(world.member(village).file())
        close_case(net, world.refs[-1])
    return world


def act(world: World) -> None:
    """Somebody files, or moves a case on, somewhere."""
    chance = world.chance
    if len(world.refs) < 6 and chance.random() < 0.5:
        village = chance.choice(VILLAGES)
        ref = world.member(village).file(**{**APPLICATION, "item_no": chance.choice(ITEMS)})
        world.refs.append(ref)
    for ref in world.refs:
        for code in PLACES:
            if chance.random() < 0.7:
                step(world.member(code), ref)
        about_it = chance.choice(PLACES)
        member = world.member(about_it)
        if member.state(ref) and member.casebook.purge_of(ref.scope, ref.case_id) is None:
            member.act(ref, kinds.NOTE, {"text": "回访"})


def talk(world: World) -> None:
    """Some of the hops that are up exchange, once or to rest."""
    for code in world.chance.sample(PLACES[1:], k=world.chance.randrange(1, len(PLACES))):
        if code in world.down:
            continue
        if world.chance.random() < 0.5:
            world.net[code].sync()
        else:
            world.net[code].exchange()


def line(world: World) -> None:
    """A township's line to the county goes down for a long time, or comes back."""
    world.down ^= {world.chance.choice((TOWNSHIP, OTHER_TOWNSHIP))}


def pass_days(world: World) -> None:
    """Days pass, by a clock that is now and then years off for a while."""
    world.net.built.clock.now_ms += world.chance.choice((1, 1, 1, 3, TERM_DAYS)) * DAY_MS


def checkpoint(world: World) -> None:
    """The county says what it holds."""
    if world.member(COUNTY).casebook.holds_events():
        world.member(COUNTY).casebook.write_checkpoint()


def purge(world: World) -> None:
    """A node drops what it may; its clock may be far ahead as it does so."""
    code = world.chance.choice(PLACES[1:])
    clock = world.net.built.clock
    jump_ms = world.chance.choice((0, 0, 3_650 * DAY_MS))
    clock.now_ms += jump_ms
    world.purged += world.member(code).casebook.purge(TERM_DAYS * DAY_MS).bodies
    clock.now_ms -= jump_ms


def recall(world: World) -> None:
    """Somebody wants a cleared case back."""
    for ref in world.refs:
        code = world.chance.choice((ref.scope.removeprefix("about:"), TOWNSHIP))
        if world.member(code).casebook.purge_of(ref.scope, ref.case_id) is not None:
            world.member(code).casebook.recall("0001", ref.scope, ref.case_id)
            return


STEPS: Final = (act, act, act, talk, talk, talk, line, pass_days, checkpoint, checkpoint, purge, purge, recall)


def nothing_is_gone_that_the_county_does_not_hold(world: World) -> int:
    """Every body dropped anywhere is here at the county, and is the very one; how many were dropped."""
    county, found = world.member(COUNTY), 0
    for code in PLACES[1:]:
        member = world.member(code)
        with member.store.reading() as view, county.store.reading() as above:
            for row in streams.in_scopes(view):
                for event in streams.events_between(view, row.id, 0, row.head_seq, 10_000):
                    if event.body_state != PURGED:
                        continue
                    found += 1
                    there = streams.by_keys(above, [row.key]).get(row.key)
                    held = streams.event_at(above, there.id, event.seq) if there is not None else None
                    assert held is not None, f"{code} dropped {row.scope} {event.seq}: the county has no such event"
                    chained = Event(load_header(event.header), event.header, event.hash, None, None)
                    assert held.hash == event.hash, "the county holds another event there"
                    assert held.body is not None and held.salt is not None, "the county has no body for it"
                    assert fits(chained, held.salt, held.body), "the county's body is another one"
    return found


def histories(world: World, steps: int) -> None:
    """So many random steps, the property looked at after each purge."""
    for _ in range(steps):
        chosen = world.chance.choice(STEPS)
        try:
            chosen(world)
        except NotAllowed:
            continue  # offered by one view of the case, refused by the other: nothing was written
        if chosen is purge:
            nothing_is_gone_that_the_county_does_not_hold(world)
    closing(world)


def closing(world: World) -> None:
    """The end of a history: what is open is closed and crosses, the term passes, everybody drops what he may."""
    for _ in range(12):
        for ref in world.refs:
            for code in PLACES:
                try:
                    step(world.member(code), ref)
                except NotAllowed:
                    continue
        world.net.settle()
    for days in (0, TERM_DAYS + 1):
        world.net.built.clock.now_ms += days * DAY_MS
        checkpoint(world)
        settle_lines(world.net)
    for code in PLACES[1:]:
        world.purged += world.member(code).casebook.purge(TERM_DAYS * DAY_MS).bodies
    nothing_is_gone_that_the_county_does_not_hold(world)


def all_comes_back_from_above(world: World) -> None:
    """A village burns down after it has dropped much: whoever comes after it gets every event and every body."""
    lost = world.net[VILLAGE].member
    held = {row.key: row.body_seq for row in streams_of(lost)}
    lost.store.close()
    world.net[VILLAGE].downlink.close()
    for file in world.net.built.folder.glob(f"{VILLAGE}.db*"):
        file.unlink()
    # The township may have dropped the same: it asks the county for what the village asks of it.
    member = world.net.built.open(VILLAGE, life=1)
    live = world.net.wire_up(member)
    live.member.casebook.apply_roster(world.net.built.changes)
    for _ in range(12):
        world.net.sync()
        back = {row.key: row for row in streams_of(live.member)}
        if all(key in back and back[key].body_seq >= seq for key, seq in held.items()):
            break
    for key, seq in held.items():
        assert key in back and back[key].body_seq >= seq, f"{key[1]}: {seq} were held"
    with live.member.store.reading() as view:
        for row in streams.in_scopes(view, [about(VILLAGE)]):
            for event in streams.events_between(view, row.id, 0, row.head_seq, 10_000):
                apart = load_header(event.header).inline is None
                assert not apart or event.body is not None, f"{row.scope} {event.seq}: its body did not come back"


def streams_of(member) -> list[streams.StreamRow]:
    with member.store.reading() as view:
        return streams.in_scopes(view)


def run(seed: int, steps: int) -> World:
    """One history from its seed; the world is closed."""
    folder = Path(tempfile.mkdtemp(prefix="sanji-", dir=memory()))
    world = open_world(folder, seed)
    try:
        histories(world, steps)
        if seed % 2 == 0:
            all_comes_back_from_above(world)
    finally:
        world.net.close()
        shutil.rmtree(folder)
    return world
