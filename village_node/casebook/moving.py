"""What events of ended lives name that has moved: they are followed there, whenever they are written again themselves.

The scopes of a life are not settled all at once. A decision may have to wait in its scope until a neighbour was heard,
while the delegation that it relies on, in another scope, has been written again already. So it is kept where each event
went, until nothing is in doubt any more.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from sync_protocol import encoding
from sync_protocol.event import Dep, Position, load_header
from village_node.casebook.office import Office
from village_node.casebook.rewriting import Earlier, Moved, Place, named_elsewhere
from village_node.identity import Identity
from village_node.store import Connection, doubts, peers, streams
from village_node.store.locks import StreamKey

_MOVED: Final = "moved"


def remembered(connection: Connection) -> dict[Place, Earlier]:
    """Where what was moved stands now."""
    raw = peers.bytes_to_change(connection, _MOVED)
    rows = encoding.decode(raw) if raw else []
    return {(scope, life, seq): Earlier(Position(*there), by) for scope, life, seq, by, *there in rows}


def remember(connection: Connection, earlier: Mapping[Place, Earlier], moved: Moved, me: bytes) -> None:
    """Keep in mind what the present life has moved, for ended ones that name it; nothing where no doubt is left."""
    kept: dict[Place, Earlier] = {}
    if doubts.held(connection):
        for place, (there, by) in earlier.items():
            kept[place] = Earlier(moved.get((place[0], there.incarnation, there.seq), there), by)
        kept |= {place: Earlier(there, me) for place, there in moved.items() if place[1] != me}
    if kept or earlier:
        rows = [[*place, by, *there] for place, (there, by) in sorted(kept.items())]
        peers.remember_bytes(connection, _MOVED, encoding.encode(rows) if rows else b"")


def by_life(earlier: Mapping[Place, Earlier], order: Sequence[bytes]) -> dict[bytes, dict[Place, Position]]:
    """Each life -> what has moved since it wrote: what a later one names at such a place is what came there instead."""
    age = {life: at for at, life in enumerate(order)}
    return {
        life: {place: there for place, (there, by) in earlier.items() if age[life] < age.get(by, len(age))}
        for life in order
        if earlier
    }


def staying(office: Office, connection: Connection, deps: tuple[Dep, ...]) -> tuple[Dep, ...]:
    """Those of these positions that no new life of this node may still have to write again elsewhere."""
    me, lives = office.identity.incarnation, office.identity.lives
    if len(lives) == 1 or not any(dep.incarnation in lives for dep in deps):
        return deps
    held = {doubt.row.key: doubt.seq for doubt in doubts.held(connection)}
    held |= {(me, scope): 0 for _, scope in held}
    return tuple(dep for dep in deps if dep.seq <= held.get((dep.incarnation, dep.scope), dep.seq))


def naming(connection: Connection, who: Identity, ends: Mapping[StreamKey, int]) -> set[str]:
    """Scopes in which the present life has written something, not left yet, that relies on what is about to move, or
    names it. `ends`: the streams of ended lives that are taken off, each beyond a position."""
    me = who.incarnation
    moving = {scope for _, scope in ends}
    others = {doubt.row.scope for doubt in doubts.held(connection)} - moving if moving else set()
    if not others:
        return set()
    beyond = {**ends, **{(me, scope): 0 for scope in moving}}
    return {
        row.scope
        for row in streams.by_keys(connection, [(me, scope) for scope in others]).values()
        for event in streams.events_between(connection, row.id, 0, row.head_seq, row.head_seq)
        if any(
            seq > beyond.get((life, scope), seq)
            for life, scope, seq in (
                *load_header(event.header).deps,
                *((named.incarnation, there, named.seq) for there, named in named_elsewhere(event, who.place)),
            )
        )
    }
