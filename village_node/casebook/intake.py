"""The door for peers: what an exchange brings becomes events, cases, receipts and answers, in one transaction.

Theory of operation. The segments are judged against the heads as they stand, without any lock (on PostgreSQL other
workers go on meanwhile). That says which cases and streams are concerned; these are then locked, and if a head has
moved or another case turns out to wait for what came, all is rolled back and planned again. Then one hand writes
(ledger.py), our receipts are signed, and the commit makes everything visible at once. Nothing leaves before the commit.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from sync_protocol import limits, receipt
from sync_protocol.admission import Parked, Refused, Stored, admit
from sync_protocol.errors import BadCommitment, BadReceipt, Fork, ProtocolError, StagingFull
from sync_protocol.event import Event, Head, fits, load_header
from sync_protocol.exchange import PARKED, REFUSED, Answer, Body, Content, Lines, ReceiptLine, ReceiptOwed
from sync_protocol.places import UnknownPlace, below, follows
from sync_protocol.roster import Roster, read_payload
from sync_protocol.wire import Segment, keep, kept
from village_node.casebook import checkpoints, ledger, purged, receipts
from village_node.casebook.incarnations import Incarnations
from village_node.casebook.ledger import Entry, Filled, Growth, Written
from village_node.casebook.rewriting import Taken
from village_node.store import Connection, NotSaved, Overtaken, RoomMade, cases, doubts, parking, peers, streams
from village_node.store import receipts as receipt_rows
from village_node.store.locks import CaseKey, StreamKey
from village_node.store.parking import AnswerRow, ParkedRow, RefusedRow, Waiting

ATTEMPTS: Final = 100
_NO_INCARNATION: Final = bytes(16)


def too_busy() -> NotSaved:
    """What is raised when other workers were faster each time."""
    return NotSaved(
        f"未保存:数据库过于繁忙({ATTEMPTS} 次均被抢先),请稍后重试",
        f"not saved: the database is too busy (overtaken {ATTEMPTS} times); try again",
    )


class Received(NamedTuple):
    """What came of one message. ``answers``: for the peer, now. ``stored``: new events; ``receipts``: new ones of
    others; ``signed``: our own new ones, which leave with what is owed. ``restored``: the life of this node
    that has signed something that came and does not hold it; that was not taken, and a new life is due."""

    answers: list[Answer]
    stored: int
    receipts: int
    signed: list[ReceiptOwed]
    restored: bytes | None = None


@dataclass(slots=True)
class _Plan:
    """What is to be written, before anything is locked."""

    peer: bytes
    roster: Roster
    roster_version: int
    now_ms: int
    growths: dict[StreamKey, Growth] = field(default_factory=dict)
    changes: list[Any] = field(default_factory=list)
    bodies: dict[tuple[StreamKey, int], tuple[bytes, bytes]] = field(default_factory=dict)
    parked: list[ParkedRow] = field(default_factory=list)
    unparked: list[int] = field(default_factory=list)
    refused: list[RefusedRow] = field(default_factory=list)
    answers: dict[tuple[bytes, str, int], Answer] = field(default_factory=dict)
    taken: list[Taken] = field(default_factory=list)
    refold: set[CaseKey] = field(default_factory=set)
    known_there: dict[StreamKey, int] = field(default_factory=dict)
    restored: bytes | None = None

    def answer(self, incarnation: bytes, scope: str, seq: int, disposition: int, code: int) -> None:
        """Tell the peer; of one position only the last word."""
        self.answers[incarnation, scope, seq] = Answer(incarnation, scope, seq, disposition, code)

    def refuse(
        self,
        incarnation: bytes,
        scope: str,
        seq: int,
        code: int,
        detail: str,
        sample: bytes | None,
        *,
        told: bool = True,
        sender: bytes | None = None,
    ) -> None:
        """Count a refusal of what the peer (or an earlier sender) brought, keep a sample, and tell the peer."""
        self.refused.append(
            RefusedRow(sender or self.peer, incarnation, scope, seq, code, detail[:500], 1, self.now_ms, sample)
        )
        if told:
            self.answer(incarnation, scope, seq, REFUSED, code)


class Intake(Incarnations):
    """The part of the casebook that uplink and downlink hand their messages to."""

    def receive(self, peer: bytes, content: Content, *, peer_update: dict[str, Any]) -> Received:
        """Take in one message of a peer, whose signature was checked: all of it or nothing.

        ``peer_update``: columns of the peer's row, stored in the same transaction. The same message again stores
        nothing new and gives the same answers. Raises NotSaved; then nothing was kept.
        """
        for _ in range(ATTEMPTS):
            try:
                with self.store.writing() as connection:
                    received, scopes = self._take_in(connection, peer, content, peer_update)
                break
            except (Overtaken, RoomMade):
                continue
        else:
            raise too_busy()
        if scopes:
            self.tell(scopes)
        return received

    def _take_in(
        self, connection: Connection, peer: bytes, content: Content, peer_update: dict[str, Any]
    ) -> tuple[Received, set[str]]:
        roster, version = self.roster_and_version(connection)
        plan = _Plan(peer, roster, version, self.clock())
        self._take_changes(plan, content)
        self._judge_segments(connection, plan, content.segments)
        for refusal in content.refused_segments:
            where = (refusal.incarnation or _NO_INCARNATION, refusal.scope or "", refusal.first_seq or 0)
            told = refusal.incarnation is not None and refusal.first_seq is not None
            plan.refuse(*where, refusal.code, refusal.detail, None, told=told)
        self._retry_parked(connection, plan)
        again, moved = self.write_again(connection, plan.roster, {each.scope for each in plan.taken}, plan.taken)
        plan.growths |= again
        plan.refold |= moved
        entry = self._lock(connection, plan, content.bodies)
        if plan.changes:
            self.keep_changes(connection, plan.changes, plan.roster_version)
        written = ledger.write(self, connection, entry) if entry.growths or entry.refold else Written({}, {})
        for key, seq in plan.known_there.items():
            doubts.raise_to(connection, plan.growths[key].row.id, seq)
        new_receipts = self._take_receipts(connection, plan, content.receipts)
        lines_complete = self._take_lines(connection, plan, content.lines)
        speaker = self.speaker_by(plan.roster)
        signed = receipts.sign(self, connection, speaker, written.streams.values(), plan.now_ms)
        self._store_beside(connection, plan, content)
        if peer_update:
            peers.change_peer(connection, peer, peer_update)
        scopes = {scope for _, scope in written.streams} | {row.scope for row in new_receipts}
        scopes.update(scope for scope, _ in written.cases)
        scopes.update(purged.recall_for(self, connection, plan.roster, peer, content.wants, plan.now_ms))
        if lines_complete:
            scopes.add(below(plan.roster.places.root))
        if plan.changes:
            scopes.add("roster")
        if scopes:
            self.mark_news(connection, scopes)
        stored = sum(len(growth.events) for growth in plan.growths.values())
        return Received(list(plan.answers.values()), stored, len(new_receipts), signed, plan.restored), scopes

    def _take_changes(self, plan: _Plan, content: Content) -> None:
        """Apply roster changes one by one; one that does not hold is refused and keeps no other from its place."""
        for change in content.roster_changes:
            try:
                roster = plan.roster.apply(change)
            except ProtocolError as error:
                plan.refuse(_NO_INCARNATION, _part_of(change), 0, error.code, str(error), change.payload, told=False)
                continue
            if roster is not plan.roster:
                # Our part grows by our own hand only: what comes from elsewhere we have published, and forgotten.
                if _part_of(change) == f"roster:{self.identity.place}" and self.minds_its_roster:
                    plan.restored = self.identity.incarnation
                plan.roster = roster
                plan.changes.append(change)

    def _judge_segments(self, connection: Connection, plan: _Plan, segments: list[Segment]) -> None:
        """Admit what can be admitted, in stream order, whatever order it came in."""
        self._meet(connection, plan, {(segment.incarnation, segment.scope) for segment in segments})
        for segment in sorted(segments, key=lambda one: (one.scope, one.incarnation, one.first_seq)):
            verdict = self._admit(connection, plan, segment)
            if isinstance(verdict, Parked):
                raw = keep(segment)
                key = (segment.incarnation, segment.scope, segment.first_seq)
                plan.answer(*key, PARKED, verdict.code)
                plan.parked.append(
                    ParkedRow(plan.peer, *key, segment.last_seq, verdict.code, len(raw), plan.now_ms, raw)
                )
            elif isinstance(verdict, Refused):
                self._refuse_segment(plan, segment, verdict)

    def _refuse_segment(self, plan: _Plan, segment: Segment, verdict: Refused) -> None:
        plan.refuse(segment.incarnation, segment.scope, segment.first_seq, verdict.code, verdict.detail, keep(segment))

    def _refuse_parked(self, plan: _Plan, row: Waiting, segment: Segment, verdict: Refused, held: int) -> None:
        """A refusal is its sender's, whoever brought what it waited for. Who brought it is told of it only if he sent
        it himself and the position is still empty: nobody hears "refused" of what we hold and sign for."""
        told = row.sender == plan.peer and row.first_seq > held
        where = (segment.incarnation, segment.scope, segment.first_seq)
        plan.refuse(*where, verdict.code, verdict.detail, keep(segment), told=told, sender=row.sender)

    def _admit(self, connection: Connection, plan: _Plan, segment: Segment) -> Stored | Parked | Refused:
        """Judge one segment against what is held and what this message has already added."""
        growth = plan.growths.get((segment.incarnation, segment.scope))

        def hash_at(seq: int) -> bytes | None:
            assert growth is not None
            if seq > growth.row.head_seq:
                return growth.events[seq - growth.row.head_seq - 1].hash
            return streams.hashes(connection, growth.row.id, seq, seq).get(seq)

        verdict = admit(
            segment,
            roster=plan.roster,
            my_place=self.identity.place,
            head=growth.head if growth else None,
            hash_at=hash_at,
        )
        if segment.incarnation in self.identity.lives and self.lives is not None:
            if segment.incarnation == self.identity.incarnation and _is_news(verdict):
                plan.restored = segment.incarnation
                return Stored([], [], segment.signature, Head(0, b""))
            if isinstance(verdict, Refused) and verdict.code == Fork.code and growth and not growth.events:
                given = self.give_way(connection, segment, growth.row)
                if given is not None:
                    growth.row = given[0]
                    plan.taken += given[1]
                    return self._admit(connection, plan, segment)
            if isinstance(verdict, Stored):
                plan.known_there[segment.incarnation, segment.scope] = segment.last_seq
        if isinstance(verdict, Stored):
            if growth is None:
                growth = self._begin(connection, plan, segment)
            if verdict.events:
                growth.events.extend(verdict.events)
                growth.seals.append((verdict.head.seq, verdict.seal))
            for event in verdict.repeated:
                if event.body is not None and event.salt is not None:
                    plan.bodies[(segment.incarnation, segment.scope), event.header.seq] = (event.salt, event.body)
        return verdict

    def _begin(self, connection: Connection, plan: _Plan, segment: Segment) -> Growth:
        """Make the row of a stream whose first segment has just been admitted."""
        node = plan.roster.node(segment.incarnation)
        assert node is not None
        key = (segment.incarnation, segment.scope)
        with self.store.apart(connection) as own:
            streams.add(own, [ledger.new_stream(self, node, segment.scope)])
        row = streams.by_keys(connection, [key])[key]
        if row.head_seq:
            raise Overtaken(f"{segment.scope}: another worker began this stream")
        plan.growths[key] = Growth(row)
        return plan.growths[key]

    def _meet(self, connection: Connection, plan: _Plan, keys: Iterable[StreamKey]) -> None:
        """Read the streams that are not yet in the plan."""
        for key, row in streams.by_keys(connection, set(keys) - plan.growths.keys()).items():
            plan.growths[key] = Growth(row)

    def _retry_parked(self, connection: Connection, plan: _Plan) -> None:
        """Parked segments whose author is known by now, or whose gap has closed, are judged again."""
        waiting = parking.parked(connection)
        self._meet(connection, plan, {(row.incarnation, row.scope) for row in waiting})
        progress = bool(waiting)
        while progress:
            progress = False
            for row in list(waiting):
                growth = plan.growths.get((row.incarnation, row.scope))
                held = growth.head.seq if growth else 0
                if row.first_seq > held + 1 or plan.roster.node(row.incarnation) is None:
                    continue
                segment = kept(parking.parked_segment(connection, row.id))
                verdict = self._admit(connection, plan, segment)
                if isinstance(verdict, Parked):
                    continue
                if isinstance(verdict, Refused):
                    self._refuse_parked(plan, row, segment, verdict, held)
                plan.unparked.append(row.id)
                waiting.remove(row)
                progress = True

    def _lock(self, connection: Connection, plan: _Plan, bodies: list[Body]) -> Entry:
        """Hold every case and stream concerned, and see that the plan still stands."""
        for body in bodies:
            plan.bodies[(body.incarnation, body.scope), body.seq] = (body.salt, body.body)
        self._meet(connection, plan, {key for key, _ in plan.bodies})
        entry = Entry(plan.roster, plan.now_ms, plan.growths)
        self._fill(connection, plan, entry)
        entry.refold.update(plan.refold)
        grown = {key: growth.head.seq for key, growth in plan.growths.items() if growth.events}
        entry.refold.update(cases.waiting_for(connection, grown))
        if plan.changes:
            entry.refold.update(self.concerned(connection, self.roster_in(connection), plan.roster))
        touched = entry.touched()
        concerned = {key for key, growth in plan.growths.items() if growth.events}
        concerned |= {key for (key, _), _ in plan.bodies.items() if key in plan.growths}
        self.store.exclusive(connection, sorted(touched), sorted(concerned | self._relied_on(plan)))
        if self.store.dialect != "sqlite":
            for key, row in streams.by_keys(connection, concerned).items():
                if row != plan.growths[key].row:
                    raise Overtaken(f"{key[1]}: grown by another worker")
            if not touched.issuperset(cases.waiting_for(connection, grown)):
                raise Overtaken("another case has begun to wait for this stream")
        entry.growths = {key: plan.growths[key] for key in concerned}
        return entry

    def _relied_on(self, plan: _Plan) -> set[StreamKey]:
        """Streams that new events rely on: held too, so that none grows while a case notes that it waits for it."""
        return {
            dep[:2]
            for growth in plan.growths.values()
            for event in growth.events
            if event.header.deps
            for dep in event.header.deps
        }

    def _fill(self, connection: Connection, plan: _Plan, entry: Entry) -> None:
        """Put bodies that came where they were missing; one that does not fit its commitment is refused."""
        for (key, seq), (salt, body) in plan.bodies.items():
            growth = plan.growths.get(key)
            if growth is None or not 1 <= seq <= growth.head.seq:
                continue
            if seq > growth.row.head_seq:
                self._fill_new(plan, growth, seq, salt, body)
                continue
            event = streams.event_at(connection, growth.row.id, seq)
            if event is None or not purged.is_wanted(connection, key[1], event):
                continue
            if fits(Event(load_header(event.header), event.header, event.hash, None, None), salt, body):
                entry.filled.append(Filled(event, salt, body))
                if event.case_id is not None and key[1].startswith("about:"):
                    entry.refold.add((key[1], event.case_id))
            else:
                plan.refuse(*key, seq, BadCommitment.code, "a body does not fit its commitment", None)

    def _fill_new(self, plan: _Plan, growth: Growth, seq: int, salt: bytes, body: bytes) -> None:
        index = seq - growth.row.head_seq - 1
        event = growth.events[index]
        if event.body is not None or event.header.inline is not None:
            return
        if fits(event, salt, body):
            growth.events[index] = event._replace(salt=salt, body=body)
        else:
            plan.refuse(*growth.row.key, seq, BadCommitment.code, "a body does not fit its commitment", None)

    def _take_receipts(self, connection: Connection, plan: _Plan, lines: list[ReceiptLine]) -> list[receipts.Kept]:
        """Keep receipts that verify and are higher than those held."""
        if not lines:
            return []
        sound: list[receipts.Kept] = []
        checked: set[tuple[Any, ...]] = set()
        held = streams.by_keys(connection, {(line.incarnation, line.scope) for line in lines})
        for line in lines:
            row = held.get((line.incarnation, line.scope))
            signer = plan.roster.node(line.signer)
            if line.signer == self.identity.incarnation:
                self.note_own_receipt(connection, row, line)
                continue
            if row is None or signer is None or line.seq > row.head_seq:
                continue
            chain_hash = receipts.hash_at(connection, row, line.seq)
            whole = receipts.whole(line, row.stream_id, chain_hash)
            try:
                if not follows(plan.roster.places, signer.place, line.scope):
                    raise BadReceipt(f"{signer.place} does not follow {line.scope}")
                # Lines of one tree share one signature: it is checked once.
                root = (line.signer, line.time, line.count, line.signature, receipt.root_of(whole))
                if root not in checked:
                    receipt.check(whole, signer.suite, signer.public, self.network_id)
                    checked.add(root)
            except (BadReceipt, UnknownPlace) as error:
                plan.refuse(line.incarnation, line.scope, line.seq, BadReceipt.code, str(error), None, told=False)
                continue
            sound.append(receipts.Kept(row.scope, row, whole))
        if self.has_forgotten(connection, plan.roster):
            plan.restored = self.identity.incarnation
        return receipts.keep_higher(connection, sound)

    def _take_lines(self, connection: Connection, plan: _Plan, lines: Lines | None) -> bool:
        """Keep the lines of the newest checkpoint; whether all that concern this node are here now."""
        if lines is None:
            return False
        try:
            return checkpoints.take(self, connection, plan.roster, lines)
        except BadReceipt as error:
            scope = below(plan.roster.places.root)
            plan.refuse(lines.author, scope, lines.seq, error.code, str(error), None, told=False)
            return False

    def _store_beside(self, connection: Connection, plan: _Plan, content: Content) -> None:
        """What did not enter a stream, and what the peer says of ours."""
        for parked in plan.parked:
            parking.park(connection, parked)
        if plan.parked:
            crowd = parking.crowded(connection, plan.peer, limits.STAGED_SEGMENTS, limits.STAGED)
            for row in crowd:
                plan.answer(row.incarnation, row.scope, row.first_seq, PARKED, StagingFull.code)
            parking.unpark(connection, [row.id for row in crowd])
        parking.unpark(connection, plan.unparked)
        for refused in plan.refused:
            parking.refuse(connection, refused)
        self._store_answers(connection, plan, content)

    def _store_answers(self, connection: Connection, plan: _Plan, content: Content) -> None:
        """Keep what the peer says of streams that it follows: about others it has nothing to say.

        Of what it has signed for, an answer is an old one: a message that came late, or twice.
        """
        if not content.answers:
            return
        peer = plan.roster.node(plan.peer)
        held = streams.by_keys(connection, {answer[:2] for answer in content.answers})
        signed_for = {
            stream: seq
            for stream, signer, seq in receipt_rows.of_streams(connection, [row.id for row in held.values()])
            if signer == plan.peer
        }
        said = [
            AnswerRow(plan.peer, *answer, plan.now_ms)
            for answer in content.answers
            if peer is not None
            and answer[:2] in held
            and signed_for.get(held[answer[:2]].id, 0) < answer.seq <= held[answer[:2]].head_seq
            and follows(plan.roster.places, peer.place, answer.scope)
        ]
        parking.keep_answers(connection, said)


def _is_news(verdict: Stored | Parked | Refused) -> bool:
    """Whether a sealed segment says something else, or more, than what is held."""
    return bool(verdict.events) if isinstance(verdict, Stored) else verdict.code == Fork.code


def _part_of(change: Any) -> str:
    try:
        return f"roster:{read_payload(change).part}"
    except ProtocolError:
        return "roster:"
