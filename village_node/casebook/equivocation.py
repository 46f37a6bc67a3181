"""How changes of the roster are taken in, those among them that contradict what is held, and what a ruling undoes.

A change that follows what is held is added. One that bears the number of another makes the proof of a fork with it:
from then on nothing is added to that part, both chains are kept (ours followed, the other aside), and the proof is
passed on.
A ruling of the root ends that: what it overrules leaves the chain, and is kept aside for ever. So is a change that
only turns up after it was overruled: whoever it names is struck here too.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol

from sync_protocol import encoding
from sync_protocol.errors import ProtocolError, RosterForked, RosterRollback
from sync_protocol.roster import REVOKE, RULING, Change, Payload, Roster, RosterFork, read_payload, rebuilt
from sync_protocol.roster.forks import Ruled, from_bytes, to_bytes
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


class _Tip(NamedTuple):
    """A change of another chain than ours that holds, with the roster it makes. `overruled`: a ruling excludes it."""

    hash: bytes
    roster: Roster
    overruled: bool


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
    kept_aside: Callable[[], list[AsideRow]] = list
    _kept: list[AsideRow] | None = field(default=None, init=False, repr=False)
    _rows: dict[str, dict[bytes, AsideRow]] = field(default_factory=dict, init=False, repr=False)
    _before: dict[tuple[str, int], Roster] = field(default_factory=dict, init=False, repr=False)
    _tips: dict[str, _Tip] = field(default_factory=dict, init=False, repr=False)

    def rows_of(self, part: str) -> dict[bytes, AsideRow]:
        """What lies aside of a part, by its hash; what this message has brought among it."""
        if part not in self._rows:
            if self._kept is None:
                self._kept = self.kept_aside()
            self._rows[part] = {row.hash: row for row in (*self._kept, *self.aside) if row.part == part}
        return self._rows[part]

    def put_aside(self, change: Change, *, overruled: bool = False) -> None:
        """Keep a change that is not followed."""
        row = aside_row(change, self.now_ms, overruled=overruled)
        self.aside.append(row)
        if row.part in self._rows:
            self._rows[row.part][row.hash] = row

    def before_split(self, part: str, n: int) -> Roster:
        """The roster without the changes of a part from n on, and as if nothing had been ruled about it; made once for
        all changes that begin there."""
        if (part, n) not in self._before:
            self._before[part, n] = self.roster.before(part, n).unruled(part)
        return self._before[part, n]

    def tip_before(self, payload: Payload) -> "_Tip | None":
        """The last change of its part that was found to hold aside, where this one follows that."""
        tip = self._tips.get(payload.part)
        return tip if tip is not None and tip.hash == payload.prev else None

    def note_tip(self, part: str, tip: "_Tip") -> None:
        """What follows it is judged by the roster that it makes: a chain is gone through once, and not for each."""
        self._tips[part] = tip

    def sound(self, changes: Iterable[Change]) -> list[Change]:
        """Those of these changes that were not refused."""
        refused = {change for change, _ in self.refused}
        return [change for change in changes if change not in refused]

    def grow(self, roster: Roster) -> None:
        """Go on with another roster."""
        self.roster = roster
        self._before.clear()
        self._tips.clear()

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
    taking = Taking(roster, roster, now_ms, kept_aside=kept_aside)
    for proof in proofs:
        try:
            _know(taking, proof)
        except RosterForked:
            continue  # what both follow is on its way: the peer is not told that we know, and sends it again
        except ProtocolError as error:
            taking.refused.append((proof.lower, error))
    taking.turned = _turn(taking, changes) | _lead_over(taking, changes)
    for change in changes:
        try:
            grown = taking.roster.apply(change)
        except ProtocolError as error:
            if isinstance(error, RosterRollback) and _makes_proof(taking, change):
                continue
            if not _lies_aside(taking, change):
                taking.refused.append((change, error))
            continue
        if grown is not taking.roster:
            taking.turned = taking.turned or any(op[0] in (REVOKE, RULING) for op in read_payload(change).ops)
            taking.grow(grown)
            taking.new.append(change)
    overruled = [change_of(row) for row in taking.aside if row.overruled]
    if overruled:
        taking.grow(taking.roster.striking(overruled))
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
            taking.put_aside(change)


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


def _lies_aside(taking: Taking, change: Change) -> bool:
    """Keep a change that would go on from ours, or from one that is aside, were the part not forked, or not ruled on;
    whether it is."""
    try:
        payload = read_payload(change)
    except ProtocolError:
        return False
    part, roster = payload.part, taking.roster
    if part not in roster.forks and not roster.rulings(part):
        return False
    rows, name = taking.rows_of(part), sha256(change.payload)
    if name in rows:
        return True
    tip = taking.tip_before(payload)
    path = [change] if tip is not None else _path_to_ours(roster, change, rows)
    if not path:
        return False
    overruled = tip.overruled if tip is not None else _is_overruled(roster, path[-1])
    if not overruled and part not in roster.forks:
        return False
    if len(rows) >= MOST_ASIDE or taking.tried >= MOST_TRIED:
        return False
    try:
        (tip.roster if tip is not None else roster).check_plausible(change, part, beside=path[1:])
    except ProtocolError:
        return False
    try:
        made = tip.roster if tip is not None else taking.before_split(part, read_payload(path[-1]).n)
        for each in reversed(path):
            made = made.apply(each)
    except ProtocolError:
        taking.tried += 1
        return False
    taking.put_aside(change, overruled=overruled)
    taking.note_tip(part, _Tip(name, made, overruled))
    return True


def _path_to_ours(roster: Roster, change: Change, rows: Mapping[bytes, AsideRow]) -> list[Change]:
    """The change, those aside that it follows, and last the one that follows ours; empty where they lead nowhere."""
    path, payload = [change], read_payload(change)
    while not _follows_ours(roster, payload):
        row = rows.get(payload.prev)
        if row is None:
            return []
        path.append(change_of(row))
        payload = read_payload(path[-1])
    return path


def _is_overruled(roster: Roster, change: Change) -> bool:
    """Whether a ruling says that another change than this one stands under its number, or stands behind another one
    than that: what comes before the changes that a ruling names is told by their hashes too."""
    payload, name = read_payload(change), sha256(change.payload)
    part, n = payload.part, payload.n
    rulings = roster.rulings(part)
    if any(name in ruled.hashes for ruled in rulings):
        return False
    return any(
        not ruled.allows(n, name, payload.epoch) or (n < ruled.split and _leads_to(roster, part, ruled))
        for ruled in rulings
    )


def _leads_to(roster: Roster, part: str, ruled: Ruled) -> bool:
    """Whether our chain goes through what a ruling says stands."""
    return roster.length(part) >= ruled.split and roster.hash_at(part, ruled.split) == ruled.hashes[0]


def _lead_over(taking: Taking, changes: Sequence[Change]) -> bool:
    """Go over to the chain of a township's part that leads to what a ruling says stands, where ours parts from it
    further down, at a fork that nobody has proven to us."""
    led = False
    for part in {part for part in map(_part_of, changes) if part not in (None, taking.roster.county)}:
        given = {sha256(change.payload): change for change in changes if _part_of(change) == part}
        for ruled in taking.roster.rulings(part):
            if ruled.hashes[0] not in given or _leads_to(taking.roster, part, ruled):
                continue
            given |= {row.hash: change_of(row) for row in taking.rows_of(part).values()}
            chain = _chain_from_ours(taking.roster, given, ruled.hashes[0])
            if len(chain) < 2:
                continue  # it follows ours, and is taken like any other
            try:
                taking.roster.check_plausible(chain[-1], part, beside=chain)
                turned = taking.roster.led_over(part, chain)
            except ProtocolError:
                taking.tried += 1
                continue
            taking.grow(turned)
            led = True
    return led


def _chain_from_ours(roster: Roster, given: Mapping[bytes, Change], last: bytes) -> list[Change]:
    """The changes among these that lead from one that follows ours to the one with this hash; empty where some lack."""
    chain: list[Change] = []
    while last in given:
        chain.append(given[last])
        payload = read_payload(chain[-1])
        if _follows_ours(roster, payload):
            return chain[::-1]
        last = payload.prev
    return []


def write(connection: Connection, taking: Taking) -> None:
    """Keep beside the chain what was taken in; the chain's own new changes are the caller's."""
    if taking.proofs or taking.turned or any(row.overruled for row in taking.aside):
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
