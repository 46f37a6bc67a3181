"""The door for peers: what an exchange brings becomes events, cases, receipts and answers, in one transaction.

Theory of operation. The segments are judged against the heads as they stand, without any lock (on PostgreSQL other
workers go on meanwhile). That says which cases and streams are concerned; these are then locked, and if a head has
moved or another case turns out to wait for what came, all is rolled back and planned again. Then one hand writes
(ledger.py), our receipts are signed, and the commit makes everything visible at once. Nothing leaves before the commit.
"""

from collections.abc import Callable, Iterable
from contextlib import nullcontext
from typing import Any, Final

from sync_protocol import evidence, limits, receipt
from sync_protocol.admission import Parked, Refused, Stored, admit
from sync_protocol.errors import BadReceipt, Fork, ProtocolError, StagingFull
from sync_protocol.event import Head
from sync_protocol.evidence import ForkProof
from sync_protocol.exchange import PARKED, Body, Content, ForkTalk, Lines, ReceiptLine
from sync_protocol.places import UnknownPlace, below, follows
from sync_protocol.roster import Node
from sync_protocol.wire import Segment, keep, kept
from village_node.casebook import (
    branches,
    checkpoints,
    cutting,
    erased,
    filling,
    freezing,
    ledger,
    moving,
    purged,
    receipts,
)
from village_node.casebook.branches import Forked, Opening
from village_node.casebook.growth import Growth
from village_node.casebook.ledger import Entry, Written
from village_node.casebook.office import PURGED
from village_node.casebook.plan import Plan, Received
from village_node.casebook.rostering import NO_INCARNATION, Rostering
from village_node.casebook.shelving import Shelving
from village_node.store import (
    Connection,
    NotSaved,
    Overtaken,
    RoomMade,
    cases,
    doubts,
    forks,
    parking,
    peers,
    streams,
)
from village_node.store import receipts as receipt_rows
from village_node.store.locks import StreamKey
from village_node.store.parking import AnswerRow, ParkedRow, Waiting
from village_node.store.streams import StreamRow

ATTEMPTS: Final = 100


def too_busy() -> NotSaved:
    """What is raised when other workers were faster each time."""
    return NotSaved(
        f"未保存：数据库过于繁忙（{ATTEMPTS} 次均被抢先），请稍后重试",
        f"not saved: the database is too busy (overtaken {ATTEMPTS} times); try again",
    )


class Intake(Rostering, Shelving):
    """The part of the casebook that uplink and downlink hand their messages to."""

    def receive(self, peer: bytes, content: Content, *, peer_update: dict[str, Any]) -> Received:
        """Take in one message of a peer, whose signature was checked: all of it or nothing.

        ``peer_update``: columns of the peer's row, stored in the same transaction. The same message again stores
        nothing new and gives the same answers. Raises NotSaved; then nothing was kept.
        """
        for _ in range(ATTEMPTS):
            try:
                with self.frames_line if content.segments else nullcontext(), self.store.writing() as connection:
                    received, scopes, grown, files = self._take_in(connection, peer, content, peer_update)
                break
            except (Overtaken, RoomMade):
                continue
        else:
            raise too_busy()
        self.forget_files(files)
        if self.identity.parent is not None:
            self.passing.keep(growth for growth in grown if growth.events and not growth.row.own)
        if scopes:
            self.tell(scopes)
        return received

    def _take_in(
        self, connection: Connection, peer: bytes, content: Content, peer_update: dict[str, Any]
    ) -> tuple[Received, set[str], list[Growth], list[str]]:
        self.hold_life(connection)
        roster, version = self.roster_and_version(connection)
        plan = Plan(peer, roster, version, self.clock())
        self._take_changes(connection, plan, content)
        self._take_forks(connection, plan, content.forks)
        self._judge_segments(connection, plan, content.segments)
        for refusal in content.refused_segments:
            where = (refusal.incarnation or NO_INCARNATION, refusal.scope or "", refusal.first_seq or 0)
            told = refusal.incarnation is not None and refusal.first_seq is not None
            plan.refuse(*where, refusal.code, refusal.detail, None, told=told)
        self._retry_parked(connection, plan)
        ends = {(each.incarnation, each.scope): each.event.seq - 1 for each in reversed(plan.taken)}
        scopes = {scope for _, scope in ends} | moving.naming(connection, self.identity, ends)
        again, moved = self.write_again(connection, plan.roster, scopes, plan.taken)
        plan.growths |= again
        plan.refold |= moved
        entry = self._lock(connection, plan, content.bodies)
        if plan.taking is not None and plan.taking.changed:
            self.keep_changes(connection, plan.taking, plan.roster_version)
        if plan.proofs:
            forks.add(connection, plan.proofs)
            parking.forget_refused(connection, {row.key for row in plan.proofs}, Fork.code)
        erased.obey(self, connection, entry)
        written = ledger.write(self, connection, entry) if entry.growths or entry.refold else Written(set(), [], {})
        self.note_late_acts(connection, entry)
        for key, seq in plan.known_there.items():
            doubts.raise_to(connection, plan.growths[key].row.id, seq)
        new_receipts = self._take_receipts(connection, plan, content.receipts)
        lines_complete = self._take_lines(connection, plan, content.lines)
        whole = [row for row in written.streams if branches.is_whole(connection, row)]
        signed = receipts.sign(self, connection, self.speaker_by(plan.roster), whole, plan.now_ms)
        self._store_beside(connection, plan, content)
        if peer_update:
            peers.change_peer(connection, peer, peer_update)
        scopes = {row.scope for row in written.streams} | receipts.news_of(self, plan.roster, new_receipts)
        scopes.update(row.scope for row in plan.proofs)
        scopes |= written.scopes
        scopes.update(purged.recall_for(self, connection, plan.roster, peer, content.wants, plan.now_ms))
        if lines_complete:
            scopes.add(below(plan.roster.places.root))
        if plan.taking is not None and plan.taking.changed:
            scopes.add("roster")
        if entry.obeyed:
            scopes.add(PURGED)
        if scopes:
            self.mark_news(connection, scopes)
        grown = [*plan.growths.values(), *entry.sides]
        stored = sum(len(growth.events) for growth in grown)
        return (
            Received(list(plan.answers.values()), stored, len(new_receipts), signed, plan.restored),
            scopes,
            grown,
            entry.dropped_files,
        )

    def _take_forks(self, connection: Connection, plan: Plan, talk: ForkTalk) -> None:
        """Keep proofs that hold, and make those for which an arm that was shown is the missing half."""
        for given in talk.proofs:
            self._take_proof(connection, plan, given)
        self._meet(connection, plan, {shown[:2] for shown in talk.arms})
        for shown in talk.arms:
            growth = plan.growths.get(shown[:2])
            forked = plan.forked.get(shown[:2]) or (Forked(growth) if growth else None)
            for line in forked.lines if forked else ():
                proof = branches.prove_with(self, connection, forked, line, shown[2:]) if forked else None
                if proof is not None:
                    self._take_proof(connection, plan, proof)
                    break

    def _take_proof(self, connection: Connection, plan: Plan, proof: ForkProof) -> bool:
        """Keep one proof that adds an arm to what is known; whether its fork is known now."""
        key = proof.stream
        try:
            evidence.check(proof, plan.roster)
            if not follows(plan.roster.places, self.identity.place, proof.scope):
                return False
            self._meet(connection, plan, {key})
            growth = plan.growths.get(key) or self._begin(connection, plan, *key)
            forked = plan.forked.setdefault(key, Forked(growth))
            if forked.is_shattered:
                return not {(proof.split, arm) for arm in proof.hashes} - set(forked.arms)
        except ProtocolError as error:
            if not error.retry:
                plan.refuse(*key, proof.split, error.code, str(error), None, told=False)
            return False
        row = branches.row_of(proof, plan.now_ms)
        if {(row.split, row.lower), (row.split, row.upper)} - set(forked.arms):
            forked.proofs.append(row)
            plan.proofs.append(row)
            growth.row = growth.row._replace(alarm=forks.ALARM)
        return True

    def _judge_segments(self, connection: Connection, plan: Plan, segments: list[Segment]) -> None:
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

    def _refuse_segment(self, plan: Plan, segment: Segment, verdict: Refused) -> None:
        plan.refuse(segment.incarnation, segment.scope, segment.first_seq, verdict.code, verdict.detail, keep(segment))

    def _refuse_parked(self, plan: Plan, row: Waiting, segment: Segment, verdict: Refused, held: int) -> None:
        """A refusal is its sender's, whoever brought what it waited for. Who brought it is told of it only if he sent
        it himself and the position is still empty: nobody hears "refused" of what we hold and sign for."""
        told = row.sender == plan.peer and row.first_seq > held
        where = (segment.incarnation, segment.scope, segment.first_seq)
        plan.refuse(*where, verdict.code, verdict.detail, keep(segment), told=told, sender=row.sender)

    def _admit(self, connection: Connection, plan: Plan, segment: Segment) -> Stored | Parked | Refused:
        """Judge one segment against what is held and what this message has already added."""
        key = (segment.incarnation, segment.scope)
        held = plan.growths.get(key)
        growth: Growth | Opening | None = held

        def judge(head: Head | None, hash_at: Callable[[int], bytes | None]) -> Stored | Parked | Refused:
            return admit(segment, roster=plan.roster, my_place=self.identity.place, head=head, hash_at=hash_at)

        verdict: Stored | Parked | Refused
        if key in plan.forked:
            verdict, growth = branches.join(connection, plan.forked[key], segment, judge)
        else:
            verdict = judge(held.head if held else None, self._chain(connection, held))
            if segment.incarnation in self.identity.lives and self.lives is not None:
                ours = self._admit_ours(connection, plan, segment, held, verdict)
                if ours is not None:
                    return ours
        if isinstance(verdict, Refused) and verdict.code == Fork.code and isinstance(growth, Growth):
            proof = branches.prove_from(self, connection, plan.roster, plan.forked.get(key) or Forked(growth), segment)
            if proof is not None and self._take_proof(connection, plan, proof):
                verdict, growth = branches.join(connection, plan.forked[key], segment, judge)
        if isinstance(verdict, Stored):
            self._append(connection, plan, key, growth, verdict)
        return verdict

    def _admit_ours(
        self,
        connection: Connection,
        plan: Plan,
        segment: Segment,
        growth: Growth | None,
        verdict: Stored | Parked | Refused,
    ) -> Stored | Parked | Refused | None:
        """What comes back of our own lives' streams: the answer where it is not judged like everybody's."""
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
        return None

    def _chain(self, connection: Connection, growth: Growth | None) -> Callable[[int], bytes | None]:
        """The chain hashes of a stream that has no fork."""

        def hash_at(seq: int) -> bytes | None:
            assert growth is not None
            if seq > growth.row.head_seq:
                return growth.events[seq - growth.row.head_seq - 1].hash
            return streams.hashes(connection, growth.row.id, seq, seq).get(seq)

        return hash_at

    def _append(
        self, connection: Connection, plan: Plan, key: StreamKey, growth: Growth | Opening | None, verdict: Stored
    ) -> None:
        if growth is None:
            growth = self._begin(connection, plan, *key)
        elif isinstance(growth, Opening):
            with self.store.apart(connection) as own:
                streams.add(own, [branches.opened(growth)])
            row = next(row for row in streams.sides(connection, [key]) if row.branch == growth.hash)
            growth = Growth(row)
            plan.forked[key].sides.append(growth)
        if verdict.events:
            growth.events.extend(verdict.events)
            growth.seals.append((verdict.head.seq, verdict.seal))
        for event in verdict.repeated:
            if event.body is not None and event.salt is not None:
                plan.bodies[key, event.header.seq, event.salt] = event.body

    def _begin(self, connection: Connection, plan: Plan, incarnation: bytes, scope: str) -> Growth:
        """Make the row of a stream of which nothing was held."""
        node = plan.roster.node(incarnation)
        assert node is not None
        key = (incarnation, scope)
        with self.store.apart(connection) as own:
            streams.add(own, [ledger.new_stream(self, node, scope)])
        row = streams.by_keys(connection, [key])[key]
        if row.head_seq:
            raise Overtaken(f"{scope}: another worker began this stream")
        plan.growths[key] = Growth(row)
        return plan.growths[key]

    def _meet(self, connection: Connection, plan: Plan, keys: Iterable[StreamKey]) -> None:
        """Read the streams that are not yet in the plan."""
        met = {key: Growth(row) for key, row in streams.by_keys(connection, set(keys) - plan.growths.keys()).items()}
        plan.growths.update(met)
        plan.forked.update(branches.read(connection, met))

    def _retry_parked(self, connection: Connection, plan: Plan) -> None:
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

    def _lock(self, connection: Connection, plan: Plan, bodies: list[Body]) -> Entry:
        """Hold every case and stream concerned, and see that the plan still stands."""
        for body in bodies:
            plan.bodies[(body.incarnation, body.scope), body.seq, body.salt] = body.body
        grown_so_far = [*plan.growths.values(), *(side for forked in plan.forked.values() for side in forked.sides)]
        ordered = erased.concerned(connection, plan.roster, grown_so_far)
        self._meet(connection, plan, {key for key, _, _ in plan.bodies} | ordered.streams)
        sides = [side for forked in plan.forked.values() for side in forked.sides]
        entry = Entry(plan.roster, plan.now_ms, plan.growths, sides=sides)
        filling.fill(connection, plan, entry)
        entry.refold.update(plan.refold, ordered.cases)
        grown = {key: growth.head.seq for key, growth in plan.growths.items() if growth.events}
        grown |= {side.row.key: max(side.head.seq, grown.get(side.row.key, 0)) for side in sides if side.events}
        entry.refold.update(cases.waiting_for(connection, grown))
        entry.refold.update(freezing.concerned(connection, plan.roster, entry.grown, plan.proofs))
        if plan.roster.has_revoked:
            entry.refold.update(cutting.concerned(connection, plan.roster, entry.grown))
        if plan.taking is not None and plan.taking.changed:
            entry.refold.update(self.concerned(connection, self.roster_in(connection), plan.roster))
        touched = entry.touched()
        concerned = {key for key, growth in plan.growths.items() if growth.events} | plan.forked.keys()
        concerned |= ({key for key, _, _ in plan.bodies} | ordered.streams) & plan.growths.keys()
        self.store.exclusive(connection, sorted(touched), sorted(concerned | plan.relied_on()))
        if self.store.dialect != "sqlite":
            if plan.forked and not branches.unchanged(connection, plan.forked, plan.proofs):
                raise Overtaken("another worker has proven a fork, or taken more of a branch")
            for key, row in streams.by_keys(connection, concerned).items():
                if row[:-4] != plan.growths[key].row[:-4]:
                    raise Overtaken(f"{key[1]}: grown by another worker")
            if not touched.issuperset(cases.waiting_for(connection, grown)):
                raise Overtaken("another case has begun to wait for this stream")
        entry.growths = {key: plan.growths[key] for key in sorted(concerned)}
        return entry

    def _take_receipts(self, connection: Connection, plan: Plan, lines: list[ReceiptLine]) -> list[receipts.Kept]:
        """Keep receipts that verify and are higher than those held."""
        if not lines:
            return []
        sound: list[receipts.Kept] = []
        checked: set[tuple[Any, ...]] = set()
        held = streams.by_keys(connection, {(line.incarnation, line.scope) for line in lines})
        sides = streams.sides(connection, {key for key, row in held.items() if row.alarm})
        for line in lines:
            row = held.get((line.incarnation, line.scope))
            signer = plan.roster.node(line.signer)
            if line.signer == self.identity.incarnation:
                self.note_own_receipt(connection, row, line, plan.roster, plan.peer)
                continue
            if row is None or signer is None:
                continue
            wrong: ProtocolError | UnknownPlace | None = None
            # A line names no branch: it is of the one over which its signature verifies.
            for one in (row, *(side for side in sides if side.key == row.key)):
                if not max(one.since, 1) <= line.seq <= one.head_seq:
                    continue
                try:
                    sound.append(self._sound(connection, plan, line, one, signer, checked))
                    wrong = None
                    break
                except (BadReceipt, UnknownPlace) as error:
                    wrong = error
            if wrong is not None:
                plan.refuse(line.incarnation, line.scope, line.seq, BadReceipt.code, str(wrong), None, told=False)
        if self.has_forgotten(connection, plan.roster):
            plan.restored = self.identity.incarnation
        return receipts.keep_higher(connection, sound)

    def _take_lines(self, connection: Connection, plan: Plan, lines: Lines | None) -> bool:
        """Keep the lines of the newest checkpoint; whether all that concern this node are here now."""
        if lines is None:
            return False
        try:
            return checkpoints.take(self, connection, plan.roster, lines)
        except BadReceipt as error:
            scope = below(plan.roster.places.root)
            plan.refuse(lines.author, scope, lines.seq, error.code, str(error), None, told=False)
            return False

    def _sound(
        self,
        connection: Connection,
        plan: Plan,
        line: ReceiptLine,
        row: StreamRow,
        signer: Node,
        checked: set[tuple[Any, ...]],
    ) -> receipts.Kept:
        """The receipt that a line is for this branch. Raises BadReceipt, UnknownPlace."""
        whole = receipts.whole(line, row.stream_id, receipts.hash_at(connection, row, line.seq))
        if not signer.serves or not follows(plan.roster.places, signer.place, line.scope):
            raise BadReceipt(f"{signer.place} does not follow {line.scope}")
        # Lines of one tree share one signature: it is checked once.
        root = (line.signer, line.time, line.count, line.signature, receipt.root_of(whole))
        if root not in checked:
            receipt.check(whole, signer.suite, signer.public, self.network_id)
            checked.add(root)
        return receipts.Kept(row.scope, row, whole)

    def _store_beside(self, connection: Connection, plan: Plan, content: Content) -> None:
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

    def _store_answers(self, connection: Connection, plan: Plan, content: Content) -> None:
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
