"""How changes of the roster are taken in, those among them that contradict what is held, and what a ruling undoes.

A change that follows what is held is added. One that bears the number of another makes the proof of a fork with it:
from then on nothing is added to that part, both chains are kept (ours followed, the other aside), and the proof is
passed on.
A ruling of the root ends that: what it overrules leaves the chain, and is kept aside for ever.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from sync_protocol import encoding
from sync_protocol.errors import ProtocolError, RosterForked, RosterRollback
from sync_protocol.roster import RULING, Change, Payload, Roster, RosterFork, read_payload, rebuilt
from sync_protocol.roster.forks import from_bytes, to_bytes
from sync_protocol.suites import sha256
from village_node.store import Connection, peers, roster_forks
from village_node.store.roster_forks import AsideRow, RosterForkRow

MOST_ASIDE: Final = 256  # changes of another chain kept of each part
MOST_TRIED: Final = 16  # changes that do not hold, found out at length, in one message


class _Row(Protocol):
    @property
    def payload(self) -> bytes: ...
    @property
    def signatures(self) -> bytes: ...


@dataclass(slots=True)
class Taking:
    """What some changes and proofs make of a roster. `new`: those that stand in it now and did not before; `dropped`:
    the other way round; `aside`: of another chain than ours; `refused`: with the error that says why; `turned`: it is
    not merely longer than before; `tried`: how many have cost us a roster made anew, and did not hold."""

    before: Roster
    roster: Roster
    now_ms: int
    new: list[Change] = field(default_factory=list)
    dropped: list[Change] = field(default_factory=list)
    proofs: list[RosterFork] = field(default_factory=list)
    aside: list[AsideRow] = field(default_factory=list)
    refused: list[tuple[Change, ProtocolError]] = field(default_factory=list)
    turned: bool = False
    tried: int = 0
    _before: dict[tuple[str, int], Roster] = field(default_factory=dict, init=False, repr=False)

    def before_split(self, part: str, n: int) -> Roster:
        """The roster without the changes of a part from n on, made once for all changes that begin there."""
        if (part, n) not in self._before:
            self._before[part, n] = self.roster.before(part, n)
        return self._before[part, n]

    def grow(self, roster: Roster) -> None:
        """Go on with another roster."""
        self.roster = roster
        self._before.clear()

    @property
    def changed(self) -> bool:
        """Whether the roster is another one now."""
        return self.roster is not self.before or bool(self.aside)


def take(
    roster: Roster,
    changes: Sequence[Change],
    proofs: Iterable[RosterFork],
    now_ms: int,
    kept_aside: Callable[[], list[AsideRow]],
) -> Taking:
    """Take in proofs and changes one by one; one that does not hold keeps no other from its place."""
    taking = Taking(roster, roster, now_ms)
    for proof in proofs:
        try:
            _know(taking, proof)
        except RosterForked:
            continue  # what both follow is on its way: the peer is not told that we know, and sends it again
        except ProtocolError as error:
            taking.refused.append((proof.lower, error))
    taking.turned = _turn(taking, changes)
    beside: list[AsideRow] | None = None
    for change in changes:
        try:
            grown = taking.roster.apply(change)
        except ProtocolError as error:
            if isinstance(error, RosterRollback) and _makes_proof(taking, change):
                continue
            if beside is None:
                beside = kept_aside()
            if not _lies_aside(taking, change, beside):
                taking.refused.append((change, error))
            continue
        if grown is not taking.roster:
            taking.turned = taking.turned or read_payload(change).ops[0][0] == RULING
            taking.grow(grown)
            taking.new.append(change)
    if taking.turned:
        taking.new = taking.roster.overruled_by(roster)
        taking.dropped = roster.overruled_by(taking.roster)
    return taking


def _turn(taking: Taking, changes: Sequence[Change]) -> bool:
    """Go over to what a ruling about the county part says stands, if there is one among these changes."""
    county = [change for change in changes if _part_of(change) == taking.roster.county]
    if not any(read_payload(change).ops[0][0] == RULING for change in county):
        return False
    try:
        turned = taking.roster.turned(county)
    except ProtocolError:
        return False  # each is judged by itself then, and says what is wrong
    if turned is taking.roster:
        return False
    taking.grow(turned)
    return True


def _know(taking: Taking, proof: RosterFork) -> None:
    grown = taking.roster.forked(proof)
    if grown is taking.roster:
        return
    taking.grow(grown)
    taking.proofs.append(proof)
    for change, payload_hash in zip((proof.lower, proof.upper), proof.hashes, strict=True):
        if not _is_held(grown, change, payload_hash):
            taking.aside.append(aside_row(change, taking.now_ms, overruled=False))


def _makes_proof(taking: Taking, change: Change) -> bool:
    """Whether a change and the one held under its number prove a fork that is known now."""
    try:
        proof = taking.roster.fork_by(change)
        if proof is None or taking.tried >= MOST_TRIED:
            return False
        taking.roster.check_plausible(change, proof.part)
    except ProtocolError:
        return False
    try:
        _know(taking, proof)
    except ProtocolError:
        taking.tried += 1
        return False
    known = taking.roster.forks.get(proof.part)
    return known is not None and set(known.hashes) == set(proof.hashes)


def _lies_aside(taking: Taking, change: Change, kept: list[AsideRow]) -> bool:
    """Keep a change that would go on from ours, or from one that is aside, were the part not forked; whether it is."""
    try:
        payload = read_payload(change)
    except ProtocolError:
        return False
    fork = taking.roster.forks.get(payload.part)
    if fork is None:
        return False
    rows = {row.hash: row for row in (*kept, *taking.aside) if row.part == payload.part}
    if sha256(change.payload) in rows:
        return True
    path, before = [change], payload
    while not _follows_ours(taking.roster, before):
        row = rows.get(before.prev)
        if row is None:
            return False
        path.append(change_of(row))
        before = read_payload(path[-1])
    if len(rows) >= MOST_ASIDE or taking.tried >= MOST_TRIED:
        return False
    try:
        taking.roster.check_plausible(change, payload.part, beside=path[1:])
    except ProtocolError:
        return False
    try:
        roster = taking.before_split(payload.part, before.n)
        for each in reversed(path):
            roster = roster.apply(each)
    except ProtocolError:
        taking.tried += 1
        return False
    taking.aside.append(aside_row(change, taking.now_ms, overruled=False))
    return True


def write(connection: Connection, taking: Taking) -> None:
    """Keep beside the chain what was taken in; the chain's own new changes are the caller's."""
    if taking.proofs or taking.turned:
        peers.count_up(connection, roster_forks.ANEW)
    roster_forks.take_off(connection, [sha256(change.payload) for change in taking.dropped])
    overruled = [aside_row(change, taking.now_ms, overruled=True) for change in taking.dropped]
    roster_forks.put_aside(connection, [*taking.aside, *overruled])
    roster_forks.follow(connection, [sha256(change.payload) for change in taking.new])
    roster_forks.add_proofs(
        connection,
        [RosterForkRow(proof.part, proof.split, taking.now_ms, to_bytes(proof)) for proof in taking.proofs],
    )


def whole_roster(connection: Connection, network_id: bytes | None) -> Roster:
    """The roster that the database holds, with its forks, and with what was overruled."""
    roster = rebuilt(network_id, [change_of(row) for row in peers.roster_changes(connection)])
    roster = roster.striking([change_of(row) for row in roster_forks.aside(connection) if row.overruled])
    for row in roster_forks.proven(connection):
        try:
            roster = roster.forked(from_bytes(row.proof))
        except ProtocolError:
            continue  # its own branch was overruled as a whole
    return roster


def aside_row(change: Change, now_ms: int, *, overruled: bool) -> AsideRow:
    """The row that keeps a change that is not followed."""
    payload = read_payload(change)
    return AsideRow(
        payload.part,
        payload.n,
        sha256(change.payload),
        change.payload,
        signatures_of(change),
        now_ms,
        overruled,
    )


def signatures_of(change: Change) -> bytes:
    """The signatures as a row keeps them."""
    return encoding.encode([list(signature) for signature in change.signatures])


def change_of(row: _Row) -> Change:
    """The change that a row holds."""
    return Change(row.payload, tuple((key, signature) for key, signature in encoding.decode(row.signatures)))


def _follows_ours(roster: Roster, payload: Payload) -> bool:
    before = payload.n - 1
    return before == 0 or (
        before <= roster.length(payload.part) and roster.hash_at(payload.part, before) == payload.prev
    )


def _is_held(roster: Roster, change: Change, payload_hash: bytes) -> bool:
    payload = read_payload(change)
    return payload.n <= roster.length(payload.part) and roster.hash_at(payload.part, payload.n) == payload_hash


def _part_of(change: Change) -> str | None:
    try:
        return read_payload(change).part
    except ProtocolError:
        return None
