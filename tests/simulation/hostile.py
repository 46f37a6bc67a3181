"""Hostile and newer nodes: what a village with a valid key can say that it may not, and what nobody knows yet.

A hostile village speaks with its own key and its current challenge, beside the honest program that goes on using both.
Every one of these messages must be answered, must store nothing that was not written by its author, and must leave the
honest traffic as it was.
"""

import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import requests

from sync_protocol import encoding, limits
from sync_protocol.event import Event, Head
from sync_protocol.exchange import Content, Parties, content_map, open_reply, read_content, request_bytes
from sync_protocol.places import about
from sync_protocol.seal import seal
from sync_protocol.stream import Draft, append, stream_id
from sync_protocol.suites import SigningKey, sha256
from sync_protocol.wire import PLAIN, pack_body, pack_segment, unpack_body
from tests.roadside import ByHand
from tests.simulation.disk import SOUND, PowerCut
from tests.simulation.truth import Violation
from tests.simulation.wire import EXCHANGE
from tests.simulation.world import VILLAGES
from village_node.casebook import ledger
from village_node.casebook.ledger import Entry
from village_node.store import StoreError

if TYPE_CHECKING:
    from tests.simulation.faults import Faults
    from tests.simulation.station import Station

HOSTILE_KIND: Final = 200  # about no case, and known to nobody
FAR_AHEAD: Final = 40
UNKNOWN_SIDE: Final = 62
UNKNOWN_STAGE: Final = 29


_NO_STREAM: Final = bytes(32)  # only asked for where an event opens a case, which these do not


def _events(head: Head, count: int, words: str) -> list[Event]:
    """Events that nobody wrote, in continuation of a head."""
    events = []
    for _ in range(count):
        draft = Draft(HOSTILE_KIND, 1, None, 1 << 16, 1, "x", encoding.encode({0: words}), False)
        events.append(append(_NO_STREAM, head, draft, None))
        head = Head(events[-1].header.seq, events[-1].hash)
    return events


def _head_at(faults: "Faults", station: "Station", incarnation: bytes, scope: str) -> Head:
    """How far a station holds a stream."""
    for row in faults.sim.watch.seen[station.code].streams.values():
        if row[1:3] == (incarnation, scope):
            return Head(row[3], row[4])
    return Head(0, stream_id(faults.sim.world.network_id, incarnation, scope, 1))


def _say(faults: "Faults", child: "Station", parent: "Station", content: Content) -> Content | None:
    """Say this as the child; what the parent answers, None where it cannot be asked or did not take it."""
    if not child.sound() or not parent.sound():
        return None
    row = child.casebook.peer(parent.identity.incarnation)
    if row is None or row.challenge is None:
        return None
    content.nonce = row.nonce
    network_id = faults.sim.world.network_id
    parties = Parties(network_id, child.identity.incarnation, parent.identity.incarnation, row.challenge)
    raw = request_bytes(child.identity.key, parties, pack_body(content_map(content), PLAIN))
    by_hand = ByHand(parent.casebook, parent.code, parties, raw)
    try:
        status, _, reply = faults.sim.wire.deliver(parent, "POST", EXCHANGE, "", by_hand.raw)
    except requests.ConnectionError:
        return None
    if status != 200:
        return None
    key = parent.identity.key
    body = unpack_body(open_reply(by_hand.heard(reply), key.suite, key.public, parties, sha256(raw)).body)
    return read_content(body, reply=True, asked=content.tables, ancestor=parties.ancestor)


def _segment(
    faults: "Faults", signer: SigningKey, incarnation: bytes, scope: str, events: list[Event], content: Content
) -> None:
    """Put a sealed segment into a message."""
    network_id = faults.sim.world.network_id
    identifier = stream_id(network_id, incarnation, scope, 1)
    signature = seal(signer, network_id, identifier, Head(events[-1].header.seq, events[-1].hash))
    content.packed_segments.append(pack_segment(incarnation, scope, identifier, events, signature, content.tables))


def _segment_fault(
    make: Callable[["Faults", "Station", "Station", Content], tuple[bytes, str, int]], *, forks: bool = False
) -> Any:
    """A fault that sends one segment which must not be stored: it is answered, parked or refused, by name. `forks`: it
    is another past under a true seal, which must be proven and kept as a branch."""

    def begin(faults: "Faults") -> bool:
        if forks and faults.sim.truth.two_lives:
            return False
        child = faults.some("village")
        parent = faults.sim.stations[child.place.parent or ""]
        if child.identity.incarnation in faults.sim.truth.two_lives or not child.is_up():
            return False
        content = Content()
        incarnation, scope, seq = make(faults, child, parent, content)
        if not seq:
            return False
        faults.sim.watch.provoked.add((parent.code, incarnation, scope, seq))
        if forks:
            faults.sim.lives_twice(child, "equivocation")
        reply = _say(faults, child, parent, content)
        if reply is None or reply.digest is None:
            return False
        if forks:
            if not parent.casebook.fork_count():
                raise Violation("a fork is proven", (parent.code, child.code), f"{scope} {seq}")
        elif not any(one[:3] == (incarnation, scope, seq) for one in reply.answers):
            raise Violation("nothing is dropped silently", (parent.code, child.code), f"{scope} {seq}: no answer")
        return True

    return begin


def _forged(faults: "Faults", child: "Station", parent: "Station", content: Content) -> tuple[bytes, str, int]:
    """Another village's next event, sealed by us."""
    siblings = faults.sim.children(parent.code)
    victim = faults.chance.choice([one for one in siblings if one is not child and one.enrolled]).identity
    head = _head_at(faults, parent, victim.incarnation, about(victim.place))
    events = _events(head, 1, "forged")
    _segment(faults, child.identity.key, victim.incarnation, about(victim.place), events, content)
    return victim.incarnation, about(victim.place), head.seq + 1


def _bad_seal(faults: "Faults", child: "Station", parent: "Station", content: Content) -> tuple[bytes, str, int]:
    """Our own next event under a seal that is none."""
    own, scope = child.identity.incarnation, about(child.code)
    head = _head_at(faults, parent, own, scope)
    stranger = SigningKey.from_seed(1, sha256(own))
    _segment(faults, stranger, own, scope, _events(head, 1, "unsealed"), content)
    return own, scope, head.seq + 1


def _foreign_scope(faults: "Faults", child: "Station", parent: "Station", content: Content) -> tuple[bytes, str, int]:
    """An event of ours in the scope of another village."""
    scope = about(faults.chance.choice([code for code in VILLAGES if code != child.code]))
    own = child.identity.incarnation
    head = Head(0, stream_id(faults.sim.world.network_id, own, scope, 1))
    _segment(faults, child.identity.key, own, scope, _events(head, 1, "foreign"), content)
    return own, scope, 1


def _equivocation(faults: "Faults", child: "Station", parent: "Station", content: Content) -> tuple[bytes, str, int]:
    """Other events of ours at positions that are held, under a true seal, and one more."""
    own, scope = child.identity.incarnation, about(child.code)
    written = faults.sim.truth.written.get((own, scope), {})
    head = _head_at(faults, parent, own, scope)
    at = head.seq - faults.chance.randint(1, 3)
    before = next((chain for chain, (seq, _) in written.items() if seq == at), b"")
    if at < 1 or not before:
        return own, scope, 0
    events = _events(Head(at, before), head.seq - at + 1, "another past")
    _segment(faults, child.identity.key, own, scope, events, content)
    return own, scope, at + 1


def _far_ahead(faults: "Faults", child: "Station", parent: "Station", content: Content) -> tuple[bytes, str, int]:
    """An event of ours far beyond what is held: parked, and refused when the stream has come there."""
    own, scope = child.identity.incarnation, about(child.code)
    at = _head_at(faults, parent, own, scope).seq + faults.chance.randint(2, FAR_AHEAD)
    _segment(faults, child.identity.key, own, scope, _events(Head(at, sha256(own)), 1, "ahead"), content)
    return own, scope, at + 1


def _deliver(faults: "Faults", recipient: "Station", raw: bytes, wanted: tuple[int, ...]) -> bool:
    """Bring bytes to a door; they must be answered with one of these statuses."""
    if not recipient.sound():
        return False
    try:
        status, _, _ = faults.sim.wire.deliver(recipient, "POST", EXCHANGE, "", raw)
    except requests.ConnectionError:
        return False
    if status not in wanted:
        raise Violation("bad bytes are refused", (recipient.code,), f"answered with status {status}")
    return True


def _oversized(faults: "Faults") -> bool:
    return _deliver(faults, faults.some("township", "county"), bytes(limits.SEALED_MESSAGE + 1), (413,))


def _garbage(faults: "Faults") -> bool:
    size = faults.chance.randrange(1, 3_000)
    return _deliver(faults, faults.some("township", "county"), faults.chance.randbytes(size), (400, 413))


def _replay(faults: "Faults") -> bool:
    """A recorded request is sent again, to whom it was for: it may be taken, and is given nothing that is secret."""
    if not faults.sim.wire.recorded:
        return False
    kept = faults.chance.choice(faults.sim.wire.recorded)
    faults.sim.quiet.touch_road(kept.sender)
    # Of two machines one does not know the life that the other has begun, and is not who was meant; and a program that
    # was started again has forgotten what it was sealed under.
    taken = (200, 400, 403) if kept.recipient in faults.sim.watch.doubled() else (200, 400)
    return _deliver(faults, faults.sim.stations[kept.recipient], kept.raw, taken)


def _misdirected(faults: "Faults") -> bool:
    """A recorded request is sent to another node than it was signed for."""
    if not faults.sim.wire.recorded:
        return False
    kept = faults.chance.choice(faults.sim.wire.recorded)
    doors = [code for code, one in faults.sim.stations.items() if one.place.level != "village"]
    other = faults.sim.stations[faults.chance.choice([code for code in doors if code != kept.recipient])]
    return _deliver(faults, other, kept.raw, (400, 403))


def _newer_node(kind: int, share_critical: float, *, notice: bool = False) -> Any:
    """A node that is a version ahead writes what nobody here knows yet: it is stored, chained and relayed."""

    def begin(faults: "Faults") -> bool:
        sim, chance = faults.sim, faults.chance
        station = faults.some("county", "township") if notice else faults.some()
        keys = [key for key in sim.people.open_cases(station) if key not in sim.truth.stopped_cases]
        if not station.sound() or not (keys or notice):
            return False
        key = None if notice else chance.choice(keys)
        scope = f"below:{station.code}" if key is None else key[0]
        ext = {-1: "newer"} if chance.random() < share_critical else {}
        if key is not None:  # also where the power goes before anybody hears that it was saved
            (sim.truth.stopped_cases if kind == UNKNOWN_STAGE else sim.truth.beside_cases).add(key)
        if not write_unknown(station, scope, key[1] if key else None, kind, ext, chance):
            return False
        sim.looked(station, f"writes kind {kind}")
        sim.acknowledge(station, scope)
        return True

    return begin


def write_unknown(
    station: "Station", scope: str, case_id: bytes | None, kind: int, ext: dict[int, Any], chance: random.Random
) -> bool:
    """Append an event of a kind that this program does not know, as a newer one would; whether it was saved."""
    book = station.casebook
    case = book.case(scope, case_id) if case_id is not None else None
    after = case.last if case is not None and kind == UNKNOWN_STAGE else None
    try:
        with book.store.writing() as connection:
            growth = book._locked_stream(connection, scope, [(scope, case_id)] if case_id else [])
            hlc = max(growth.row.hlc + 1, station.clock() << 16)
            body = encoding.encode({0: f"新 {chance.randrange(1000)}"})
            draft = Draft(kind, 1, case_id, hlc, station.clock(), "0001", body, False, after, (), ext)
            growth.events.append(append(growth.row.stream_id, growth.head, draft, None))
            ledger.write(book, connection, Entry(book.roster_in(connection), station.clock(), {growth.row.key: growth}))
    except PowerCut:
        station.cut()
        return False
    except StoreError:
        if station.disk.state == SOUND:
            raise
        return False
    book.tell({scope})
    return True


# As one of the control that skips the comparison of prefixes: whoever sent it counts as honest, so that it is seen.
EQUIVOCATION: Final = _segment_fault(_equivocation)

FAULTS: Final[dict[str, tuple[float, Any]]] = {
    "hostile_forged": (0.25, _segment_fault(_forged)),
    "hostile_bad_seal": (0.25, _segment_fault(_bad_seal)),
    "hostile_foreign_scope": (0.25, _segment_fault(_foreign_scope)),
    "hostile_far_ahead": (0.25, _segment_fault(_far_ahead)),
    "hostile_equivocation": (0.03, _segment_fault(_equivocation, forks=True)),
    "hostile_oversized": (0.15, _oversized),
    "hostile_garbage": (0.3, _garbage),
    "hostile_replay": (0.4, _replay),
    "hostile_misdirected": (0.3, _misdirected),
    "newer_side_event": (0.2, _newer_node(UNKNOWN_SIDE, 0.3)),
    "newer_stage_event": (0.03, _newer_node(UNKNOWN_STAGE, 0.3)),
    "newer_notice": (0.1, _newer_node(HOSTILE_KIND, 0.0, notice=True)),
}
