"""The branches of a forked stream: which are held, how far, over which proven arms each runs, and what joins them.

A stream without a proven fork is one row and never comes here. Of a forked one the branch that came first keeps that
row, whatever it is; any other begins behind the split in a row of its own and goes on from its trunk. Two nodes may
have kept different branches as the first: what they tell each other names branches by the proven arms alone.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from sync_protocol import evidence, limits
from sync_protocol.admission import Parked, Refused, Stored
from sync_protocol.errors import ProtocolError
from sync_protocol.event import Event, Head, item_hash, mark
from sync_protocol.evidence import Arm, ForkProof
from sync_protocol.exchange import Path
from sync_protocol.roster import Roster
from sync_protocol.seal import seal
from sync_protocol.wire import Segment, rebuild
from village_node.casebook.growth import Growth
from village_node.casebook.office import Office
from village_node.store import Connection, forks, streams
from village_node.store.forks import ForkRow
from village_node.store.locks import StreamKey
from village_node.store.streams import StreamRow

Arms = list[tuple[int, bytes]]  # (split, hash there), ascending
Verdict = Stored | Parked | Refused
Judge = Callable[[Head, Callable[[int], bytes | None]], Verdict]


class Opening(NamedTuple):
    """A branch of which the first events have just come: a row is to be made for it."""

    trunk: Growth
    split: int
    base: bytes
    hash: bytes


class Held(NamedTuple):
    """How far one branch is held: the row it is kept in (None while nothing of it is here), its contiguous position."""

    row: StreamRow | None
    seq: int
    hash: bytes
    path: Path


@dataclass(slots=True)
class Forked:
    """One forked stream inside a transaction: its branches with what grows on them, and the proven arms."""

    main: Growth
    sides: list[Growth] = field(default_factory=list)
    proofs: list[ForkRow] = field(default_factory=list)

    @property
    def lines(self) -> list[Growth]:
        """Every branch of which something is held, trunks first."""
        return [self.main, *self.sides]

    @property
    def arms(self) -> Arms:
        """Every proven arm."""
        return arms_of(self.proofs)

    @property
    def is_shattered(self) -> bool:
        """Whether it has more arms than are kept: no further one is taken, or asked about."""
        return len(self.arms) > limits.FORK_ARMS

    def trunk_of(self, line: Growth) -> Growth | None:
        """The branch that a branch goes on from."""
        return next((one for one in self.lines if one.row.id == line.row.trunk), None)

    def hash_at(self, connection: Connection, line: Growth, seq: int) -> bytes | None:
        """The chain hash of a branch at a position, its trunk's before it begins; None where it is not held."""
        if seq == 0:
            return line.row.stream_id
        trunk = self.trunk_of(line)
        if seq < line.row.since and trunk is not None:
            return self.hash_at(connection, trunk, seq)
        if seq > line.row.head_seq:
            place = seq - line.row.head_seq - 1
            return line.events[place].hash if place < len(line.events) else None
        if seq == line.row.head_seq:
            return line.row.head_hash
        return streams.hashes(connection, line.row.id, seq, seq).get(seq)

    def path(self, connection: Connection, line: Growth) -> Path:
        """The proven arms that a branch runs over."""
        return tuple((split, mark(arm)) for split, arm in self.arms if self.hash_at(connection, line, split) == arm)

    def line_of(self, connection: Connection, path: Path) -> Growth | None:
        """The branch that runs over exactly these arms."""
        return next((line for line in self.lines if self.path(connection, line) == path), None)


def arms_of(proofs: Iterable[ForkRow]) -> Arms:
    """Every arm that these proofs show."""
    return sorted({(row.split, arm) for row in proofs for arm in (row.lower, row.upper)})


def read(
    connection: Connection, mains: Mapping[StreamKey, Growth], grown: Iterable[Growth] = ()
) -> dict[StreamKey, Forked]:
    """Those of these streams that have a proven fork, with their branches. Asks nothing where none has.

    ``grown``: what grows on the other branches in this transaction.
    """
    marked = {key for key, growth in mains.items() if growth.row.alarm}
    if not marked:
        return {}
    growing = {growth.row.id: growth for growth in grown}
    found = {key: Forked(mains[key]) for key in marked}
    for row in forks.read(connection):
        if row.key in found:
            found[row.key].proofs.append(row)
    for side in streams.sides(connection, marked):
        # A row whose arm is not proven is all that is left of a transaction that came too late.
        if (side.since, side.branch) in found[side.key].arms:
            found[side.key].sides.append(growing.get(side.id) or Growth(side))
    return found


def join(connection: Connection, forked: Forked, segment: Segment, judge: Judge) -> tuple[Verdict, Growth | Opening]:
    """Find the branch that a segment belongs to: its seal verifies on no other.

    The answer where it belongs to none is the most hopeful one; the branch named then is the first.
    """
    hopeful: Verdict | None = None
    for line in forked.lines:
        verdict = judge(line.head, partial(forked.hash_at, connection, line))
        if isinstance(verdict, Stored):
            return verdict, line
        hopeful = verdict if hopeful is None or isinstance(verdict, Parked) else hopeful
    held = {arm for line in forked.lines for arm in forked.path(connection, line)}
    unheld = [arm for arm in forked.arms if (arm[0], mark(arm[1])) not in held]
    for split in {split for split, _ in unheld if segment.first_seq <= split <= segment.last_seq}:
        known = {arm for at, arm in unheld if at == split}
        for line in forked.lines:
            base = forked.hash_at(connection, line, split - 1) if line.head.seq >= split - 1 else None
            if base is None:
                continue
            verdict = judge(Head(split - 1, base), partial(forked.hash_at, connection, line))
            if isinstance(verdict, Stored) and verdict.events[0].hash in known:
                return verdict, Opening(line, split, base, verdict.events[0].hash)
    assert hopeful is not None
    return hopeful, forked.main


def opened(opening: Opening) -> tuple[object, ...]:
    """The row of a branch that has nothing yet, without its id."""
    trunk, before = opening.trunk.row, opening.split - 1
    head = (before, opening.base)
    return (*trunk[1:5], *head, *head, 0, False, forks.ALARM, opening.split, opening.hash, trunk.id)


def arm_on(office: Office, connection: Connection, forked: Forked, line: Growth, split: int) -> Arm | None:
    """What a branch has from a position on, up to a seal; None where it does not reach there."""
    if split > line.head.seq:
        return None
    if split < line.row.since:
        trunk = forked.trunk_of(line)
        return arm_on(office, connection, forked, trunk, split) if trunk is not None else None
    upto = min(split + limits.SEGMENT_EVENTS - 1, line.head.seq)
    items = [item_hash(raw) for raw in streams.headers(connection, line.row.id, split, upto)]
    items += [item_hash(event.header_bytes) for event in line.events if split <= event.header.seq <= upto]
    key = office.identity.lives.get(line.row.incarnation) if line.row.own else None
    if key is not None:
        head = Head(upto, forked.hash_at(connection, line, upto) or b"")
        signature = seal(key, office.network_id, line.row.stream_id, head)
        return Arm(tuple(items), signature)
    seals = {**streams.seals_between(connection, line.row.id, split - 1, upto), **dict(line.seals)}
    last = min((seq for seq in seals if split <= seq <= upto), default=None)
    return Arm(tuple(items[: last - split + 1]), seals[last]) if last is not None else None


def prove_from(
    office: Office, connection: Connection, roster: Roster, forked: Forked, segment: Segment
) -> ForkProof | None:
    """The proof that a segment makes together with what is held: its seal is good, and another event stands here.

    Of several branches it is told from the one with which it shares most.
    """
    found = [_prove_on(office, connection, forked, line, segment) for line in forked.lines]
    sound = [proof for proof in found if proof is not None and _holds(proof, roster)]
    return max(sound, key=lambda proof: proof.split, default=None)


def _holds(proof: ForkProof, roster: Roster) -> bool:
    """Whether the segment's seal was over this very branch: on another one its first event only seems to differ."""
    try:
        evidence.check(proof, roster)
    except ProtocolError:
        return False
    return True


def _prove_on(
    office: Office, connection: Connection, forked: Forked, line: Growth, segment: Segment
) -> ForkProof | None:
    before = forked.hash_at(connection, line, segment.first_seq - 1)
    if before is None:
        return None
    events: list[Event] = rebuild(segment, line.row.stream_id, before)
    for place, event in enumerate(events):
        held = forked.hash_at(connection, line, event.header.seq)
        if held is not None and held != event.hash:
            items = tuple(item_hash(one.header_bytes) for one in events[place:])
            base = events[place - 1].hash if place else before
            shown = (event.header.seq, base, Arm(items, segment.signature))
            return prove_with(office, connection, forked, line, shown)
    return None


def prove_with(
    office: Office, connection: Connection, forked: Forked, line: Growth, shown: tuple[int, bytes, Arm]
) -> ForkProof | None:
    """The proof that an arm makes with a branch held, if that has another event there behind the same base."""
    split, base, theirs = shown
    ours = arm_on(office, connection, forked, line, split)
    if ours is None or ours.items[0] == theirs.items[0] or forked.hash_at(connection, line, split - 1) != base:
        return None
    return evidence.prove(*line.row.key, split, base, ours, theirs)


def row_of(proof: ForkProof, now_ms: int) -> ForkRow:
    """The row that keeps a proof."""
    return ForkRow(*proof.stream, proof.split, *proof.hashes, now_ms, evidence.to_bytes(proof))


def held_branches(connection: Connection, forked: Forked) -> list[Held]:
    """Every branch known of, with its contiguous position; one that is only known of as far as it is surely shared."""
    found: list[Held] = []
    reach: dict[int, tuple[int, bytes]] = {}
    for line in forked.lines:
        row = line.row
        trunk = reach.get(row.trunk) if row.trunk is not None else None
        whole = trunk is None or trunk[0] >= row.since - 1
        seq, chain_hash = reach[row.id] = (row.body_seq, row.body_hash) if whole or trunk is None else trunk
        found.append(Held(row, seq, chain_hash, forked.path(connection, line)))
    lowest = min((split for split, _ in forked.arms), default=1)
    here = {arm for held in found for arm in held.path}
    for split, arm in forked.arms:
        if (split, mark(arm)) in here:
            continue
        bases = {evidence.from_bytes(row.proof).base for row in forked.proofs if arm in (row.lower, row.upper)}
        trunk_line = next((line for line in forked.lines if forked.hash_at(connection, line, split - 1) in bases), None)
        path: Path = ()
        if trunk_line is not None:
            path = tuple(one for one in forked.path(connection, trunk_line) if one[0] < split)
        line = trunk_line or forked.main
        seq = min(reach[line.row.id][0], (split if trunk_line is not None else lowest) - 1)
        shared = forked.hash_at(connection, line, seq)
        assert shared is not None
        found.append(Held(None, seq, shared, (*path, (split, mark(arm)))))
    return found


def unchanged(connection: Connection, planned: Mapping[StreamKey, Forked], new: Iterable[ForkRow]) -> bool:
    """Whether the forks and branches of these streams are still those that were planned with; ``new``: proofs that the
    plan adds. To be asked with the streams locked: so many workers together keep no more arms than one."""
    added = {row[:5] for row in new}
    proofs: dict[StreamKey, set[tuple[object, ...]]] = {key: set() for key in planned}
    for row in forks.read(connection):
        if row.key in proofs:
            proofs[row.key].add(row[:5])
    held = streams.sides(connection, planned.keys())
    lines = [side.row for forked in planned.values() for side in forked.sides]
    if [row[:-4] for row in held if row.head_seq >= row.since] != sorted(
        row[:-4] for row in lines if row.head_seq >= row.since
    ):
        return False
    return all(proofs[key] == {row[:5] for row in forked.proofs} - added for key, forked in planned.items())


def rows_by_path(connection: Connection, key: StreamKey, main: StreamRow) -> dict[Path, StreamRow]:
    """The rows of a forked stream by the arms each runs over."""
    forked = read(connection, {key: Growth(main)}).get(key)
    if forked is None:
        return {(): main}
    return {forked.path(connection, line): line.row for line in forked.lines}


def is_whole(connection: Connection, row: StreamRow) -> bool:
    """Whether no body is missing before a branch begins: only then may a receipt be given for it."""
    while row.trunk is not None:
        since, row = row.since, streams.by_id(connection, row.trunk)
        if row.body_seq < since - 1:
            return False
    return True
