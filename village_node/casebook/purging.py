"""Dropping bodies whose term is over: the rule of PROTOCOL.md, section 4.2, and the daily run.

Theory of operation. A case goes as a whole or not at all. For each of its streams there must be *ground*: the county's
word on a position (its receipt; a checkpoint's line where the author stands above us, whose receipts do not travel
here) and a line of the newest checkpoint, both verified again now, both of the very chain that is held. The term must
be over by two clocks, ours and the county's: one that jumps ahead drops nothing by itself.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final, NamedTuple

from sync_protocol import receipt
from sync_protocol.case import oversight
from sync_protocol.checkpoint import Checkpoint
from sync_protocol.errors import BadReceipt
from sync_protocol.roster import Roster
from village_node.casebook import checkpoints as lines
from village_node.casebook.checkpointing import Checkpointing
from village_node.casebook.errors import NotFound
from village_node.casebook.ledger import fold_held, held_events
from village_node.casebook.office import PURGED, Office
from village_node.casebook.papers import Papers, Term
from village_node.casebook.resuming import end_uploads
from village_node.casebook.shelving import drop_of_case
from village_node.store import Connection, cases, checkpoints, phone, purges, receipts, rows, streams
from village_node.store.checkpoints import LineRow
from village_node.store.locks import CaseKey
from village_node.store.purges import PurgeRow
from village_node.store.streams import HERE, MISSING, EventRow, StreamRow

DAY_MS: Final = 86_400_000
CASES_AT_ONCE: Final = 50  # a transaction: people must not wait long for the writer


class Ground(NamedTuple):
    """How far the county's word and its newest checkpoint cover a stream, and since when (by its clock) each position:
    (seq, time), ascending by seq."""

    upto: int
    since: tuple[tuple[int, int], ...]

    def word_ms(self, seq: int) -> int:
        """When the county first gave its word for a position that is covered."""
        return next(time for covered, time in self.since if covered >= seq)


class PurgeRun(NamedTuple):
    """What came of one run: cases looked at, cases and bodies dropped; ``held_up``: what keeps everything here, if
    anything does (``root``: this is the root, which keeps all; ``checkpoint``: there is none here; ``alarm``: the
    county contradicts itself or us)."""

    looked_at: int
    cases: int
    bodies: int
    held_up: str = ""


def term_is_over(event: EventRow, word_ms: int, checkpoint_ms: int, now_ms: int, retention_ms: int) -> bool:
    """Whether an event was here long enough, by our clock and by the county's."""
    began_ms = event.arrived_ms if event.arrived_ms <= now_ms else word_ms
    return now_ms - began_ms >= retention_ms and checkpoint_ms - word_ms >= retention_ms


class Purging(Papers, Checkpointing):
    """The part of the casebook that drops what it may, and fetches it again."""

    def purge(self, retention_ms: int) -> PurgeRun:
        """Drop the bodies of every closed case of which all is covered and the term is over. Raises NotSaved."""
        if self.identity.parent is None:
            return PurgeRun(0, 0, 0, "root")
        with self.store.reading() as connection:
            standing = lines.standing(self, connection, self.roster_in(connection))
            keys = purges.closed(connection)
        if standing.newest is None or standing.alarms:
            return PurgeRun(0, 0, 0, "alarm" if standing.alarms else "checkpoint")
        dropped: list[int] = []
        for some in rows.chunks(keys, CASES_AT_ONCE):

            def act(connection: Connection, some: list[CaseKey] = some) -> tuple[tuple[list[int], list[str]], set[str]]:
                gone: list[str] = []
                numbers, scopes = self._purge_some(connection, some, retention_ms, gone)
                return (numbers, gone), scopes

            numbers, gone = self._act(act)
            self.forget_files(gone)
            dropped += numbers
        return PurgeRun(len(keys), len(dropped), sum(dropped))

    def recall(self, actor: str, scope: str, case_id: bytes) -> None:
        """Ask for the dropped bodies of a case again, from above. Raises NotFound where none were dropped, NotSaved."""

        def act(connection: Connection) -> tuple[None, set[str]]:
            if not purges.purged_bodies(connection, (scope, case_id)):
                raise NotFound("本案没有已清除的正文", "nothing of this case was cleared here")
            purges.recall(connection, (scope, case_id), self.clock())
            row = cases.get(connection, (scope, case_id))
            self.note(connection, actor, "case.recall", (row.case_no if row else None) or case_id.hex())
            self.mark_news(connection, {scope})
            return None, {scope}

        self._act(act)

    def purge_of(self, scope: str, case_id: bytes) -> PurgeRow | None:
        """When the bodies of a case were dropped, and since when they are asked for; None when all are here."""
        with self.store.reading() as connection:
            key = (scope, case_id)
            return purges.get(connection, key) if purges.purged_bodies(connection, key) else None

    def _purge_some(
        self, connection: Connection, keys: list[CaseKey], retention_ms: int, gone: list[str]
    ) -> tuple[list[int], set[str]]:
        """Drop what may go of these cases; how many bodies of each, and their scopes. All is read again under lock.

        ``gone``: gets the names of files that are to be removed after the commit.
        """
        self.store.exclusive(connection, keys, [])
        roster, now_ms = self.roster_in(connection), self.clock()
        about = lines.newest(connection, roster)
        still = set(purges.closed(connection))
        if about is None:
            return [], set()
        by_id = {row.id: row for row in streams.in_scopes(connection, {scope for scope, _ in keys})}
        grounds = _grounds(self, connection, roster, about, by_id.values())
        held: dict[CaseKey, list[EventRow]] = {key: [] for key in keys}
        for row in streams.of_cases(connection, [case_id for _, case_id in keys]):
            if row.event.case_id is not None and (row.scope, row.event.case_id) in held:
                held[row.scope, row.event.case_id].append(row.event)
        dropped: list[int] = []
        done: list[CaseKey] = []
        scopes: set[str] = set()
        term = Term(roster, about.time, now_ms, retention_ms)
        for key, events in held.items():
            noted = purges.get(connection, key)
            fetched_ms = noted.recalled_ms if noted is not None else None
            if key not in still or (fetched_ms is not None and now_ms - fetched_ms < retention_ms):
                continue
            if any(event.body_state == MISSING for event in events):
                continue
            files = self.blobs_to_drop(connection, key, term)  # asked before its term is over: words take their time
            if not all(_may_go(event, grounds.get(event.stream), about, now_ms, retention_ms) for event in events):
                continue
            bodies = [event[:3] for event in events if event.body is not None and event.body_state == HERE]
            if (
                bodies
                and files is not None
                and self._is_done_without(connection, roster, key, {body[:2] for body in bodies})
            ):
                gone += drop_of_case(connection, key, files)
                purges.drop(connection, PurgeRow(*key, now_ms, len(bodies)), bodies)
                dropped.append(len(bodies))
                scopes.add(key[0])
                done.append(key)
        gone += phone.end_of_cases(connection, done, now_ms)
        end_uploads(self, done)
        if scopes:
            scopes.add(PURGED)
            self.note(connection, "node", "purge.drop", "bodies", cases=len(dropped), bodies=sum(dropped))
            self.mark_news(connection, scopes)
        return dropped, scopes

    def _is_done_without(
        self, connection: Connection, roster: Roster, key: CaseKey, gone: set[tuple[int, int]]
    ) -> bool:
        """Whether supervision waits for nothing more, and every event of a case is judged as now when these bodies,
        (stream, seq), are not here. It is not where an act that counts names a void record: without its body that
        looks like one that never came."""
        held = held_events(self, connection, roster, {key})[key]
        case = fold_held(self, roster, key, held)
        if not all(each.settled for each in oversight.asked_of(case.oversight)):
            return False
        without = [
            replace(each, event=replace(each.event, body=None, body_state="purged"))
            if each.row is not None and each.row[:2] in gone
            else each
            for each in held
        ]
        return fold_held(self, roster, key, without).verdicts == case.verdicts


class PurgeJob:
    """The daily run: purge, tell the audit trail, and leave nothing of what went in the database's log.

    Each run ends with that, whatever it dropped: whether an earlier process came so far nobody knows.
    """

    def __init__(
        self,
        casebook: Purging,
        retention_days: int,
        monotonic: Callable[[], float],
        audit: Callable[[dict[str, object]], object],
    ) -> None:
        """`monotonic` in s: a clock that jumps makes no run, and none is left out. `audit` is told what came of it."""
        self._casebook = casebook
        self._retention_ms = retention_days * DAY_MS
        self._monotonic = monotonic
        self._audit = audit
        self._next_s = monotonic()
        self._scrubbed = True
        self.last: PurgeRun | None = None

    def status(self) -> dict[str, object]:
        """What `status --json` says: the term, and what came of the last run of this process (None: not yet)."""
        last = dict(self.last._asdict()) if self.last is not None else None
        return {"retention_days": self._retention_ms // DAY_MS, "last_run": last}

    def tick(self) -> None:
        """Run if a day has passed since the last run of this process. Raises NotSaved."""
        if self._monotonic() >= self._next_s:
            self._scrubbed = False  # also where the run ends in the middle of its work
            self.last = run = self._casebook.purge(self._retention_ms)
            self._next_s = self._monotonic() + DAY_MS / 1000
            self._audit(dict(run._asdict()))
        if not self._scrubbed:
            self._scrubbed = self._casebook.store.scrub()


def _may_go(event: EventRow, ground: Ground | None, about: Checkpoint, now_ms: int, retention_ms: int) -> bool:
    if ground is None or event.seq > ground.upto:
        return False
    return term_is_over(event, ground.word_ms(event.seq), about.time, now_ms, retention_ms)


def _grounds(
    office: Office, connection: Connection, roster: Roster, about: Checkpoint, held: Iterable[StreamRow]
) -> dict[int, Ground]:
    """stream -> its ground, for the streams that have one."""
    sound = [row for row in held if not row.alarm]
    of_checkpoint = checkpoints.of_streams(connection, [row.stream_id for row in sound])
    vouched: dict[bytes, list[tuple[int, int]]] = {}
    for stream, seq, time_ms in checkpoints.times_of(connection, of_checkpoint):
        vouched.setdefault(stream, []).append((seq, time_ms))
    found: dict[int, Ground] = {}
    for row in sound:
        line = of_checkpoint.get(row.stream_id)
        author = roster.node(row.incarnation)
        if line is None or author is None or not _is_of_our_chain(connection, row, line, about):
            continue
        here = office.identity.place
        if not roster.places.covers(here, author.place):
            word, since = line.seq, vouched.get(row.stream_id, [])
        else:
            word, since = _receipted(office, connection, roster, row)
        upto = min(word, line.seq, max((seq for seq, _ in since), default=0))
        if upto > 0:
            # Of several words for one position the latest counts: the term is rather too long than too short.
            found[row.id] = Ground(upto, tuple(sorted(since, key=lambda word: (word[0], -word[1]))))
    return found


def _is_of_our_chain(connection: Connection, row: StreamRow, line: LineRow, about: Checkpoint) -> bool:
    """Whether a line is of this checkpoint, leads to its root, and names the hash that is held at its position."""
    if not lines.holds(line, about):
        return False
    return streams.hashes(connection, row.id, line.seq, line.seq).get(line.seq) == line.hash


def _receipted(
    office: Office, connection: Connection, roster: Roster, row: StreamRow
) -> tuple[int, list[tuple[int, int]]]:
    """How far receipts of the root place cover a stream, verified again, and since when each position."""
    root = {node.incarnation: node for node in roster.serving(roster.places.root)}
    upto = 0
    for kept in receipts.get(connection, [(row.id, signer) for signer in root]):
        whole = receipt.from_bytes(kept.receipt)
        signer = root[kept.signer]
        try:
            receipt.check(whole, signer.suite, signer.public, office.network_id)
        except BadReceipt:
            continue
        held = streams.hashes(connection, row.id, whole.seq, whole.seq).get(whole.seq)
        if (whole.signer, whole.stream_id, whole.hash) == (kept.signer, row.stream_id, held):
            upto = max(upto, whole.seq)
    times = receipts.times_of(connection, [row.id])
    return upto, [(seq, time_ms) for _, signer, seq, time_ms in times if signer in root and seq <= upto]
