"""One child's conversation with one ancestor: what the next request says, and what a reply changes.

What must survive a restart (challenge and nonce, alarm, frame budget) lies in the peer's row and is written in the same
transaction as the data that came. What is kept here is only a guess at what the ancestor holds: its digest tells when
the guess is wrong, and a new start begins with asking.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from sync_protocol import limits
from sync_protocol.event import mark
from sync_protocol.exchange import (
    NO_ALARM,
    NONCE_BYTES,
    OLDER_CHALLENGE,
    RESTORED,
    Answer,
    Content,
    FrameBudget,
    Hello,
    Parties,
    PeerView,
    ReceiptLine,
    ReceiptOwed,
    RosterHead,
    Stream,
    StreamPoint,
    Want,
    changes_lacking,
    content_map,
    digest,
    goes_further,
    is_challenge,
    open_reply,
    plan,
    read_content,
    request_bytes,
    roster_heads,
)
from sync_protocol.exchange.vector import shattered
from sync_protocol.receipt import Line, Receipt
from sync_protocol.roster import Change, Node, Roster
from sync_protocol.stream import stream_id
from sync_protocol.suites import sha256
from sync_protocol.wire import DICTIONARIES, ZSTD, ZSTD_DICTIONARY_2, pack_body, unpack_body
from village_node.casebook import Casebook, Outgoing, Reason, Searching
from village_node.identity import Identity
from village_node.uplink.blob_side import BlobSide
from village_node.uplink.roster_side import RosterSide
from village_node.uplink.sealing import Sealing

UP = "up"
BODIES_BYTES = 65_536  # of bodies asked for, beside a frame
IDLE_ROUNDS = 3  # exchanges that move nothing before the next one waits its usual time


@dataclass(frozen=True)
class Surroundings:
    """What a conversation is handed: our cases, who we are, the clock (ms), a monotonic clock (s), randomness, and the
    roster at hand, without a look into the database."""

    casebook: Casebook
    identity: Identity
    clock: Callable[[], int]
    monotonic: Callable[[], float]
    randomness: Callable[[int], bytes]
    roster: Callable[[], Roster]
    software: str
    refused_again_s: float

    @property
    def network_id(self) -> bytes:
        """The network this node is enrolled in."""
        network_id = self.identity.network_id
        assert network_id is not None, "an uplink is wired for an enrolled node only"
        return network_id


class Asked(NamedTuple):
    """A request under way, and what it said: needed to understand the reply."""

    raw: bytes
    parties: Parties
    content: Content
    outgoing: Outgoing | None
    sent_ms: int


class Debts(NamedTuple):
    """What the ancestor is known to lack: events or roster changes travel at once, receipts may gather."""

    urgent: bool
    receipts: bool

    def __bool__(self) -> bool:
        return self.urgent or self.receipts


class Heard(NamedTuple):
    """What an answered exchange brought: whether our data were taken, events stored here, whether more is unsaid."""

    taken: bool
    stored: int
    again: bool
    debts: Debts


class Conversation:
    """The child's side towards one ancestor node. Not thread-safe: one exchange in flight."""

    def __init__(self, around: Surroundings, ancestor: Node, *, spelled_out: bool = False) -> None:
        """Nothing is known of the ancestor yet: the first exchange asks. `spelled_out`: it does not know who is meant
        by the first bytes of an incarnation, so each is named whole."""
        self._around = around
        self._spelled_out = spelled_out
        self.ancestor = ancestor
        # The life that speaks, and the one that writes: a new one of either is a new conversation.
        self.speaker = around.casebook.speaker
        self.author = around.casebook.identity.incarnation
        self.introduced = False
        self._key_told: bytes | None = None
        self.tide: int | None = None
        self._view: PeerView | None = None
        self._view_agrees = False
        self._vector_asked = False
        self._wanted: list[Want] = []
        self._answers: list[Answer] = []  # to what the last reply brought: told in the next request
        self._heads_told: list[RosterHead] | None = None
        self._heads_there: list[RosterHead] | None = None
        self._held_back: dict[Stream, tuple[int, float]] = {}
        self._state: tuple[Any, ...] = (b"",)
        self._idle_rounds = 0
        self._searching = Searching(around.casebook)
        self.sealing = Sealing(around.casebook, around.network_id, ancestor.place)
        self._roster_talk = RosterSide(around.casebook, around.identity.place)
        self._blobs = BlobSide(around.casebook, ancestor.place)
        self._codec = ZSTD  # until the ancestor has said which dictionaries it knows
        row = around.casebook.peer(ancestor.incarnation)
        self.budget = FrameBudget(row.budget) if row is not None else FrameBudget()
        self.alarm = row.alarm if row is not None else NO_ALARM
        self._said_at = around.monotonic()

    @property
    def is_over(self) -> bool:
        """Whether another life speaks or writes by now."""
        casebook = self._around.casebook
        return (casebook.speaker.incarnation, casebook.identity.incarnation) != (self.speaker.incarnation, self.author)

    def debts(self) -> Debts:
        """What we know the ancestor lacks and may be sent now. Nothing before the first exchange, which is due anyway,
        nor when the last exchanges moved nothing and nothing has changed here since."""
        points = self._points()
        if self._view is not None and self._blobs.owes():
            return Debts(True, False)
        if self._view is None or (self._idle_rounds >= IDLE_ROUNDS and digest(points) == self._state[0]):
            return Debts(False, False)
        return self._debts(points)

    def ask(self) -> Asked:
        """The next request. It seals what it sends, so it writes: raises StoreError when that is not possible."""
        around, casebook = self._around, self._around.casebook
        challenge, nonce = self._held_challenge() if self.sealing.ready() else (None, None)
        content = Content(clock_ms=around.clock())
        outgoing = None
        key = casebook.told_road_key() if challenge is not None else None
        content.first = not self.introduced
        if content.first or (key is not None and key.public != self._key_told):
            content.hello = Hello(dictionaries=DICTIONARIES, software=around.software if challenge is not None else "")
            content.road_key = key
        if casebook.provisional and challenge is not None:  # of a stranger nothing of the kind is read
            content.renewal = casebook.renewal()
        heads = self._heads()
        disagrees = self._roster_talk.disagrees(around.roster(), self._heads_there)
        if heads == self._heads_there and not self._spelled_out:
            content.tables.name = around.roster().name_of
        if content.renewal or heads != self._heads_told or not self.introduced or self._is_behind(heads) or disagrees:
            content.roster_heads = heads
            if challenge is not None:
                content.roster_talk = self._roster_talk.say(around.roster(), self._heads_there)
        # An introduction has one too, so that no recorded reply fits it, whatever our clock says again.
        content.nonce = nonce if challenge is not None else around.randomness(NONCE_BYTES)
        if challenge is not None:
            outgoing = self._fill(content)
        body = pack_body(content_map(content), self._codec)
        self.budget.learn(body)
        parties = Parties(around.network_id, self.speaker.incarnation, self.ancestor.incarnation, challenge)
        raw = request_bytes(self.speaker.key, parties, body)
        self._said_at = around.monotonic()
        return Asked(raw, parties, content, outgoing, content.clock_ms or 0)

    def _held_challenge(self) -> tuple[bytes | None, bytes | None]:
        """The challenge to sign and the nonce for it. What a program of another form has kept is none: it would be
        refused for ever, and who asks without one is given one."""
        row = self._around.casebook.peer(self.ancestor.incarnation)
        if row is None or not is_challenge(row.challenge) or len(row.nonce or b"") != NONCE_BYTES:
            return None, None
        return row.challenge, row.nonce

    def hear(self, asked: Asked, raw: bytes) -> Heard:
        """Take a reply: check it, store what it brings together with the ratchet, and learn what the ancestor holds.

        Raises ProtocolError for a reply that does not verify (nothing has changed then), StoreError.
        """
        around = self._around
        now_ms = around.clock()
        node = self.ancestor
        reply = self._open(asked, raw)
        taken = reply.digest is not None
        alarm = self._alarm(asked, reply)
        self.budget.succeeded()
        self.budget.carried(len(asked.raw) + len(raw), around.monotonic() - self._said_at)
        update: dict[str, Any] = {"last_attempt_ms": now_ms, "budget": self.budget.packed, "alarm": alarm}
        if not self.sealing.refusals:  # a key that was told again ends no failure: nothing was opened with it yet
            update |= {
                "last_contact_ms": now_ms,
                "last_error": None,
                "failures": 0,
                "first_failure_ms": None,
                "next_attempt_ms": None,
            }
        if asked.parties.challenge is None or reply.road_key is not None:
            self.sealing.told(reply.road_key)
        # Who asks for the key alone keeps the pair that he holds: what it was drawn for may be under way.
        keeps = asked.parties.challenge is None and self._held_challenge()[0] is not None
        if reply.next is not None and reply.next != asked.parties.challenge and not keeps:
            update |= {"challenge": reply.next, "nonce": around.randomness(NONCE_BYTES)}
        if reply.clock_ms is not None:
            update["skew_ms"] = reply.clock_ms - (asked.sent_ms + now_ms) // 2
        if reply.hello is not None:
            update["software"] = reply.hello.software
        received = around.casebook.receive(
            node.incarnation, reply, peer_update={"place": node.place, "direction": UP, **update}
        )
        self.alarm = alarm
        if reply.road_key is not None:
            around.casebook.note_road_key(node, reply.road_key)
        if received.restored is not None:
            around.casebook.begin_again(Reason.OWN_SIGNATURE, ended=received.restored)
        if reply.hello is not None:
            self._codec = ZSTD_DICTIONARY_2 if DICTIONARIES[-1] in reply.hello.dictionaries else ZSTD
        if taken:
            self._key_told = asked.content.road_key.public if asked.content.road_key is not None else self._key_told
            self._answers = received.answers
            if asked.content.renewal is not None:
                around.casebook.note_renewal_refused(reply.renewal_refused or 0)
        points = self._points()
        self._searching.hear(reply.forks.marks, self._withheld(points))
        self._searching.settled(reply.forks.proofs)
        self._learn(asked, reply, points)
        self._blobs.hear(asked.content, reply)
        if self._view is not None and self.introduced:
            around.casebook.settle(self._view.points, around.identity.place)
        if taken and not self._is_behind(self._heads()):
            around.casebook.heard_out(node.place)
        debts = self._debts(points)
        return Heard(taken, received.stored, self._again(asked, reply, points, debts), debts)

    def _open(self, asked: Asked, raw: bytes) -> Content:
        """What a reply says, with the receipts that its own signature gives. Raises ProtocolError."""
        node, tables = self.ancestor, asked.content.tables
        counts_from = tables.counts_from
        said = sha256(asked.raw)
        opened = open_reply(raw, node.suite, node.public, asked.parties, said, self._lines(asked), counts_from)
        reply = read_content(unpack_body(opened.body), reply=True, asked=tables, ancestor=asked.parties.ancestor)
        for stream, given in opened.receipts.items():
            reply.receipts.append(_as_line(*tables.streams[stream], given))
        if opened.time is not None:
            reply.clock_ms = opened.time
        return reply

    def _lines(self, asked: Asked) -> dict[int, Line]:
        """The line of each stream that the request brought further, by its index: what the reply may sign for."""
        lines: dict[int, Line] = {}
        for incarnation, scope, seq, chain_hash, _ in asked.outgoing.sent if asked.outgoing is not None else ():
            author = self._around.roster().node(incarnation)
            if author is None:
                continue  # the roster at hand is a moment older than what was sent: the same is asked again
            identifier = stream_id(self._around.network_id, incarnation, scope, author.suite)
            lines[asked.content.tables.stream(incarnation, scope)] = (identifier, seq, chain_hash)
        return lines

    # What the request says

    def _points(self) -> list[StreamPoint]:
        return self._around.casebook.shared_points(self._around.identity.place)

    def _heads(self) -> list[RosterHead]:
        return roster_heads(self._around.roster(), self._around.identity.place)

    def _changes_owed(self) -> list[Change]:
        """Roster changes the ancestor lacks; none while it has not said what it has."""
        if self._heads_there is None:
            return []
        around = self._around
        lacking = changes_lacking(around.roster(), around.identity.place, self._heads_there)[0]
        return lacking or self._roster_talk.owed(around.roster(), self._heads_there)

    def _debts(self, points: list[StreamPoint]) -> Debts:
        if self._view is None:
            return Debts(False, False)
        owed = plan(points, self._view.points, withheld=self._withheld(points))
        heads = self._heads()
        roster_differs = (self._heads_told is not None and heads != self._heads_told) or self._is_behind(heads)
        return Debts(bool(owed.events) or roster_differs or bool(self._changes_owed()), bool(owed.receipts))

    def _is_behind(self, heads: list[RosterHead]) -> bool:
        """Whether the ancestor's roster goes further than ours: it sends the rest to who tells it where he stands."""
        return goes_further(heads, self._heads_there or ())

    def _withheld(self, points: Iterable[StreamPoint]) -> frozenset[Stream]:
        """Streams whose events stay here for now: our own before the ancestor's word about them and under an alarm,
        and those it refused or parked lately."""
        now = self._around.monotonic()
        held_back = {stream for stream, (_, until) in self._held_back.items() if until > now}
        if self.alarm or not self.introduced:
            own = self._around.casebook.identity.lives
            # What is proven to be forked was signed and is known: it is kept, like what the twin wrote.
            held_back |= {point.stream for point in points if point.incarnation in own and not point.path}
        return frozenset(held_back)

    def _fill(self, content: Content) -> Outgoing | None:
        """Digest, vector, roster changes and the frame: only for an ancestor whose challenge we can sign."""
        casebook = self._around.casebook
        points = self._points()
        content.digest = digest(points)
        content.send_vector = not self._view_agrees
        if not self.introduced or self._vector_asked:
            content.vector = points
        content.roster_changes = self._changes_owed()
        content.wants = casebook.wanted(self.ancestor.place)
        content.lines_asked = casebook.lines_wanted()
        content.answers = self._answers[: limits.ANSWERS_A_MESSAGE]
        if self._wanted:
            content.bodies = casebook.wanted_bodies(self._wanted, self.ancestor.place, BODIES_BYTES)
        if self._view is None:
            return None
        outgoing = casebook.owed(
            points,
            self._view.points,
            tables=content.tables,
            budget=self.budget.unpacked,
            withheld=self._withheld(points),
        )
        content.packed_segments, content.packed_receipts = outgoing.segments, outgoing.receipts
        content.more = outgoing.more
        self._searching.notice(outgoing.parted)
        content.forks.probes, content.forks.arms = self._searching.ask()
        content.forks.proofs = casebook.proofs_owed(self.ancestor.place, self._view.points)
        self._blobs.say(content, self.budget.room(outgoing.left, bool(outgoing.segments)))
        return outgoing

    # What the reply changes

    def _alarm(self, asked: Asked, reply: Content) -> int:
        """The alarm after this reply. Where the ancestor turns out to know more of us than we do, a new life begins."""
        casebook = self._around.casebook
        if self.speaker.incarnation != self.author:
            return NO_ALARM  # the life that rang has ended
        beyond_us = reply.vector is not None and not self._is_own_past(reply.vector)
        older = reply.alarm == OLDER_CHALLENGE and not self.introduced and not self.alarm
        if casebook.lives is not None and (beyond_us or older):
            casebook.begin_again(Reason.BEYOND_US if beyond_us else Reason.OLDER, ended=self.author)
            return NO_ALARM
        if beyond_us and not reply.alarm and not self.alarm:
            return RESTORED  # without the files of its lives a node cannot begin another: it holds back, and says so
        return reply.alarm or self.alarm

    def _is_own_past(self, vector: list[StreamPoint]) -> bool:
        """Whether every position the ancestor holds of our own streams lies on our own chains."""
        own = self.author
        for point in vector:
            if point.incarnation == own:
                ours = self._around.casebook.hash_at(own, point.scope, point.seq)
                if ours is None or mark(ours) != mark(point.hash):
                    return False
        return True

    def _learn(self, asked: Asked, reply: Content, points: list[StreamPoint]) -> None:
        """Carry forward what the ancestor holds, and compare with the digest it announced."""
        self._roster_talk.hear(reply, asked.content.roster_changes)
        if asked.content.roster_heads is not None:
            self._heads_told = asked.content.roster_heads
        if reply.roster_heads is not None:
            self._heads_there = reply.roster_heads
            if self._heads() == reply.roster_heads:
                self._heads_told = reply.roster_heads  # what it sent us it knows
        if reply.digest is None:
            # It does not know our challenge: we have never met, or it was restored. What we believed of it is worth
            # nothing now, and we ask as after a start.
            self.introduced, self._view, self._view_agrees = False, None, False
            return
        self._vector_asked = reply.send_vector
        self._wanted = reply.wants
        if reply.tide is not None:
            self.tide = reply.tide  # else it is as it was told before
        if reply.vector is not None:
            self._view = PeerView(reply.vector)
            self.introduced = True
        elif self._view is not None:
            self._carry(asked, reply, points)
        # An ancestor that has more to send holds more than it showed: its digest cannot agree yet, and need not.
        self._view_agrees = self._view is not None and (reply.more or self._view.agrees(reply.digest))
        if not self._view_agrees and not shattered(points) and digest(points) == reply.digest:
            self._view, self._view_agrees = PeerView(points), True
        self._hold_back(reply)

    def _carry(self, asked: Asked, reply: Content, points: list[StreamPoint]) -> None:
        """The view after an exchange without a vector: what it held, what we sent it, what it showed us it has."""
        assert self._view is not None
        refused = {(answer.incarnation, answer.scope) for answer in reply.answers}
        if asked.outgoing is not None:
            for sent in asked.outgoing.sent:
                if sent[:2] not in refused:
                    self._view.add_events(*sent)
            for owed in asked.outgoing.sent_receipts:
                self._view.add_receipt(ReceiptOwed(*owed))
        self._view.add_shown(reply, points)

    def _hold_back(self, reply: Content) -> None:
        """Do not offer what was refused or parked again and again; a vector that shows it arrived ends that."""
        until = self._around.monotonic() + self._around.refused_again_s
        for answer in reply.answers:
            self._held_back[answer.incarnation, answer.scope] = (answer.seq, until)
        if self._view is not None:
            for point in self._view.points:
                held = self._held_back.get(point.stream)
                if held is not None and point.seq >= held[0]:
                    del self._held_back[point.stream]

    def _again(self, asked: Asked, reply: Content, points: list[StreamPoint], debts: Debts) -> bool:
        """Whether another exchange should follow at once: somebody has more to say, and the last ones moved things."""
        unsaid = (
            reply.digest is None
            or reply.more
            or asked.content.more
            or self._vector_asked
            or bool(self._wanted)
            or bool(self._answers)
            or bool(self._searching)
            or not self._view_agrees
            or debts.urgent
            or self._blobs.unsaid
        )
        if self.is_over:
            return True
        asked_next = self._around.casebook.lines_wanted()
        unsaid = unsaid or (asked_next is not None and asked_next != asked.content.lines_asked)
        said = (digest(points), reply.digest, self.introduced, self._heads_there, asked_next, self._blobs.stand)
        before, self._state = self._state, said
        self._idle_rounds = self._idle_rounds + 1 if self._state == before else 0
        return unsaid and self._idle_rounds < IDLE_ROUNDS


def _as_line(incarnation: bytes, scope: str, given: Receipt) -> ReceiptLine:
    return ReceiptLine(
        incarnation,
        scope,
        given.seq,
        given.signer,
        given.time,
        given.count,
        given.index,
        given.path,
        given.signature,
    )
