"""The ancestor's half of one exchange: bytes in, bytes out, everything committed before the reply exists.

What must survive a restart (ratchet, secret, alarm) lies in the child's row. What is kept here for each child is only a
guess at what it holds; the digest in its next request tells when the guess is wrong, and then its vector is asked for.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final

from sync_protocol import limits
from sync_protocol.blobs import BlobReceipt
from sync_protocol.errors import Busy, Malformed
from sync_protocol.exchange import (
    NO_ALARM,
    OLDER_CHALLENGE,
    SECRET_BYTES,
    Content,
    FrameBudget,
    Given,
    Hello,
    Judged,
    Parties,
    PeerView,
    Ratchet,
    ReceiptOwed,
    Request,
    RoadKey,
    RosterHead,
    Stream,
    StreamPoint,
    challenge,
    challenge_index,
    changes_after_trail,
    changes_lacking,
    content_map,
    digest,
    judge,
    read_content,
    reply_bytes,
    roster_heads,
    roster_talk,
)
from sync_protocol.exchange.heads import fitting
from sync_protocol.exchange.vector import shattered
from sync_protocol.places import parse_scope
from sync_protocol.receipt import Line
from sync_protocol.roster import Node, Roster
from sync_protocol.stream import stream_id
from sync_protocol.suites import sha256
from sync_protocol.wire import DICTIONARIES, ZSTD, ZSTD_DICTIONARY_2, Tables, pack_body, unpack_body
from township_node.downlink.blob_lane import BlobLane
from township_node.downlink.children import addressed
from township_node.downlink.renewals import Renewals
from township_node.downlink.tides import Tides
from township_node.quotas import Quotas
from village_node.casebook import Casebook, NotAllowed, Outgoing, Reason
from village_node.casebook.brought import NO_QUOTA, Quota
from village_node.identity import Identity
from village_node.store import NotSaved

DOWN: Final = "down"
BODIES_BYTES: Final = 65_536  # of bodies a child asks for, beside a frame
REFUSED_AGAIN_S: Final = 600.0  # events a child refused or parked are offered again after so long


@dataclass(slots=True)
class _Child:
    """What this process remembers of one child between its exchanges.

    What a reply said is known to have been heard when the next challenge is used. Of several replies under one
    challenge, as a request that comes twice is given, nobody knows which one was heard: only what all of them said
    counts; of events, what the digest agrees with.
    """

    alone: bool = False  # whether the next reply is the first one under its challenge

    turn: threading.Lock = field(default_factory=threading.Lock)
    view: PeerView | None = None
    pending: Outgoing | None = (
        None  # sent in the last reply; held by the child only if it comes with the next challenge
    )
    heads_told: list[RosterHead] | None = None
    heads_pending: list[RosterHead] | None = None
    overruled_told: set[bytes] = field(default_factory=set)  # changes of the roster, by hash: it has said or heard them
    overruled_pending: set[bytes] = field(default_factory=set)
    tide_told: int | None = None
    tide_pending: int | None = None
    key_told: bytes | None = None
    key_pending: bytes | None = None
    blob_receipts_pending: list[BlobReceipt] = field(default_factory=list)
    budget: FrameBudget = field(default_factory=FrameBudget)
    held_back: dict[Stream, tuple[int, int]] = field(default_factory=dict)  # -> position, since when (ms)


class Answering:
    """Answers requests of the nodes under this place. Thread-safe; at most `slots` at once, one for each child."""

    def __init__(
        self,
        casebook: Casebook,
        identity: Identity,
        clock: Callable[[], int],
        randomness: Callable[[int], bytes],
        roster: Callable[[], Roster],
        tides: Tides,
        slots: int,
        renewals: Renewals,
        steady: Callable[[], float],
        software: str = "",
        quota: Quota = NO_QUOTA,
    ) -> None:
        """`clock` in ms since 1970: told to children, and judged by nobody. `roster`: at hand, without the database."""
        self._quotas = Quotas(quota, roster, clock, steady, casebook.peers())
        self._renewals = renewals
        self._casebook = casebook
        self._blob_lane = BlobLane(casebook)
        self._identity = identity
        self._clock = clock
        self._randomness = randomness
        self._roster = roster
        self._tides = tides
        self._slots = threading.Semaphore(slots)
        self._software = software
        self._children: dict[bytes, _Child] = {}
        self._children_lock = threading.Lock()

    def answer(self, request: Request, *, begins: bool = False) -> bytes:
        """The signed reply to a request. `begins`: it came with an opening, so its sender goes by a key that it
        believes to be ours. Raises ProtocolError for one that gets none, Busy among them; StoreError."""
        node, me = addressed(self._casebook.identity, self._network_id(), self._roster(), request)
        child = self._child(node)
        with self._admitted(child):
            return self._exchange(node, me, child, request, begins=begins)

    @contextmanager
    def _admitted(self, child: _Child) -> Iterator[None]:
        """One exchange at a time for each child, a bounded number for all: a heavy child never starves a light one."""
        if not child.turn.acquire(blocking=False):
            raise Busy("an exchange of this node is under way")
        try:
            if not self._slots.acquire(blocking=False):
                raise Busy("too many exchanges at once")
            try:
                yield
            finally:
                self._slots.release()
        finally:
            child.turn.release()

    def _network_id(self) -> bytes:
        network_id = self._identity.network_id
        assert network_id is not None, "a downlink is wired for an enrolled node only"
        return network_id

    def _child(self, node: Node) -> _Child:
        with self._children_lock:
            return self._children.setdefault(node.incarnation, _Child())

    def _exchange(self, node: Node, me: Identity, child: _Child, request: Request, *, begins: bool) -> bytes:
        row = self._casebook.peer(node.incarnation)
        secret = row.secret if row is not None else None
        ratchet = Ratchet(row.issued, row.issued_nonce) if row is not None else Ratchet()
        own = me.incarnation
        if secret is None:
            secret = self._randomness(SECRET_BYTES)
            self._casebook.update_peer(node.incarnation, place=node.place, direction=DOWN, secret=secret)
        index = challenge_index(secret, own, node.incarnation, request.challenge)
        unpacked = unpack_body(request.body)
        content = read_content(unpacked, reply=False, named=self._roster().meant_by)
        if index is not None and content.nonce is None:
            raise Malformed("nonce: must be there with a challenge")
        judged = judge(ratchet, index, content.nonce)
        if self._succeeded(own) or not node.serves:
            judged = judged._replace(current=False, ratchet=ratchet, next_index=ratchet.used + 1, alarm=NO_ALARM)
        reply = Content(tables=Tables(content.tables, own))
        if judged.next_index is not None:
            reply.next = challenge(secret, own, node.incarnation, judged.next_index)
        given = None
        if judged.current:
            alarm = row.alarm if row is not None else NO_ALARM
            came = self._quotas.begin(node)
            given = self._take(node, me, child, content, judged, ratchet, reply, alarm, came, len(unpacked))
            self._tell_key(
                child, reply, acknowledged=judged.ratchet.used > ratchet.used, at_once=content.first or begins
            )
        else:
            reply.hello, reply.road_key = self._hello(open_to_all=request.challenge is None), self._road_key()
        self._tell_roster(node, child, content, reply, current=judged.current)
        codec = self._codec(request, content)
        parties = Parties(self._network_id(), node.incarnation, own, request.challenge)
        body = pack_body(content_map(reply), codec)
        child.budget.learn(body)
        return reply_bytes(me.key, parties, body, request.raw_hash, given, reply.tables.counts_from)

    def _succeeded(self, own: bytes) -> bool:
        """Whether the roster names a later life of ours than the one that a request is for. It is told of the roster
        then and of nothing else, and moves no ratchet: that is kept for the requests to the later one."""
        lives = list(self._casebook.identity.lives)
        later = lives[lives.index(own) + 1 :]
        return any(node.incarnation in later for node in self._roster().nodes_of(self._identity.place))

    def _hello(self, *, open_to_all: bool = False) -> Hello:
        """What we know; which program this is says a sealed reply alone."""
        return Hello(dictionaries=DICTIONARIES, software="" if open_to_all else self._software)

    def _road_key(self) -> RoadKey | None:
        """The key that children seal to: drawn where there is none yet. None where it cannot be kept."""
        with suppress(NotAllowed, NotSaved):
            self._casebook.road_key()
        return self._casebook.told_road_key()

    def _tell_key(self, child: _Child, reply: Content, *, acknowledged: bool, at_once: bool) -> None:
        """The key that children seal to, unless it is the one that the child was told last and goes by."""
        key = self._road_key() if at_once else self._casebook.told_road_key()
        public = key.public if key is not None else None
        if acknowledged:
            child.key_told = child.key_pending
        child.key_pending = public if child.alone or child.key_pending == public else None
        if at_once or child.key_told != public:
            reply.road_key = key

    def _codec(self, request: Request, content: Content) -> int:
        """The dictionary only for who has shown that it knows it."""
        named = content.hello is not None and DICTIONARIES[-1] in content.hello.dictionaries
        return ZSTD_DICTIONARY_2 if named or request.body[:1] == bytes([ZSTD_DICTIONARY_2]) else ZSTD

    def _tell_roster(self, node: Node, child: _Child, content: Content, reply: Content, *, current: bool) -> None:
        """Our heads where the child cannot know them, and the changes it lacks by its own."""
        heads = roster_heads(self._roster(), node.place)
        if current:
            self._tell_of_forks(node, content, reply, told=child.heads_told == heads)
        if not current or content.roster_heads is not None or child.heads_told != heads:
            reply.roster_heads = heads
        if content.roster_heads is not None:
            reply.roster_changes, more = changes_lacking(self._roster(), node.place, content.roster_heads)
            if current and content.roster_talk.trails and not reply.roster_changes:
                reply.roster_changes = changes_after_trail(self._roster(), node.place, content.roster_talk.trails[0])
            # A stranger is not told that there is more: he comes again with a challenge, and his heads.
            reply.more = current and (reply.more or more)
        if not current:
            return  # a stranger may have asked
        said = reply.roster_heads
        child.heads_pending = said if child.alone or child.heads_pending == said else None
        overruled = set() if reply.roster_changes else self._tell_overruled(node, child, content, reply)
        child.overruled_pending = overruled if child.alone else child.overruled_pending & overruled

    def _tell_overruled(self, node: Node, child: _Child, content: Content, reply: Content) -> set[bytes]:
        """Once, what a ruling overruled that may not have been known where it was made: whom it names is struck. The
        hashes of these changes."""
        roster = self._roster()
        if not any(map(roster.rulings, roster.parts_for(node.place))):
            return set()
        child.overruled_told |= {sha256(change.payload) for change in content.roster_changes}
        overruled = self._casebook.overruled_changes(node.place)
        new = fitting(change for change in overruled if sha256(change.payload) not in child.overruled_told)
        reply.roster_changes = new
        return {sha256(change.payload) for change in new}

    def _tell_of_forks(self, node: Node, content: Content, reply: Content, *, told: bool) -> None:
        """Which forks of the roster are known here, with the heads; and what the child lacks by its own."""
        if content.roster_heads is not None or not told:
            reply.roster_talk = roster_talk(self._roster(), node.place, content.roster_heads)

    def _take(
        self,
        node: Node,
        me: Identity,
        child: _Child,
        content: Content,
        judged: Judged,
        before: Ratchet,
        reply: Content,
        alarm: int,
        came: dict[str, int],
        size: int,
    ) -> Given | None:
        """Store what came together with the ratchet, then say what is owed; the receipts that the reply's own signature
        is to give. ``came``: what of its quota the child had used before; ``size``: of its message, unpacked."""
        reply.clock_ms = now_ms = self._clock()
        update: dict[str, Any] = {
            "place": node.place,
            "direction": DOWN,
            "issued": judged.ratchet.used,
            "issued_nonce": judged.ratchet.nonce,
            "last_contact_ms": now_ms,
            "alarm": judged.alarm or alarm,
            "last_error": None,
            **came,
        }
        if content.clock_ms is not None:
            update["skew_ms"] = content.clock_ms - now_ms
        if content.hello is not None:
            update["software"] = content.hello.software
        taken, put_off = self._quotas.taken(node, content)
        with self._tides.taking_from(node):
            received = self._casebook.receive(node.incarnation, taken, peer_update=update)
        self._quotas.count(node, taken, received.stored, size)
        if received.restored is not None:
            self._casebook.begin_again(Reason.OWN_SIGNATURE, ended=received.restored)
        acknowledged = child.alone = judged.ratchet.used > before.used
        refused = self._renewals.take(node, content, fresh=acknowledged)
        reply.alarm = judged.alarm
        reply.answers = [*received.answers, *put_off][: limits.ANSWERS_A_MESSAGE]
        if content.road_key is not None:
            self._casebook.note_road_key(node, content.road_key)
        if content.first:
            reply.hello = self._hello()
        if judged.alarm == OLDER_CHALLENGE:
            # An old request may be a stranger's recording: it is told that it was heard, and given nothing.
            reply.digest = digest(self._casebook.shared_points(node.place))
            reply.forks.proofs = self._casebook.proofs_about(node.incarnation)
            return None
        reply.renewal_refused = refused
        self._tell_tide(node, child, content, reply, acknowledged=acknowledged)
        outgoing, points = self._owe(node, child, content, reply, acknowledged=acknowledged)
        return self._give(me, content, reply, outgoing, points)

    def _tell_tide(self, node: Node, child: _Child, content: Content, reply: Content, *, acknowledged: bool) -> None:
        """The child's tide, unless it is as it was when the child was last told."""
        tide = self._tides.of(node)
        if acknowledged:
            child.tide_told = child.tide_pending
        child.tide_pending = tide if child.alone or child.tide_pending == tide else None
        if content.first or child.tide_told != tide:
            reply.tide = tide

    def _give(
        self, me: Identity, content: Content, reply: Content, outgoing: Outgoing, points: list[StreamPoint]
    ) -> Given | None:
        """Take out of a reply those of our receipts that its own signature gives: for streams that this very request
        brought to where they stand. None where there are none: then the signature is over the reply alone."""
        answered = {answer[:2] for answer in reply.answers} | {point.stream for point in points if point.path}
        ends = {(each.incarnation, each.scope): each.last_seq for each in content.segments}
        here = {point.stream: point for point in points if point.stream in ends and point.stream not in answered}
        lines: dict[int, Line] = {}
        reply.packed_receipts = []
        for row, owed in zip(outgoing.receipts, outgoing.sent_receipts, strict=True):
            point, author = here.get(owed[:2]), self._roster().node(owed.incarnation)
            if point is None or author is None or (me.incarnation, ends[owed[:2]]) != (owed.signer, point.seq):
                reply.packed_receipts.append(row)
            else:
                identifier = stream_id(self._network_id(), *owed[:2], author.suite)
                lines[reply.tables.stream(*owed[:2])] = (identifier, point.seq, point.hash)
        if not lines or reply.clock_ms is None:
            return None
        every = len(lines) == len(ends) and not content.refused_segments
        given = Given(reply.clock_ms, lines, every)
        reply.clock_ms = None  # the time of the receipts says it
        return given

    def _owe(
        self, node: Node, child: _Child, content: Content, reply: Content, *, acknowledged: bool
    ) -> tuple[Outgoing, list[StreamPoint]]:
        """Vector, digest, and the frame of what the child lacks; that frame, and what is held here."""
        casebook = self._casebook
        points = casebook.shared_points(node.place)
        reply.digest = digest(points)
        if content.send_vector:
            reply.vector = points
        agrees = self._look(child, content, points, acknowledged=acknowledged)
        # A child that has more to send holds more than it showed: that explains another digest, and asks for nothing.
        reply.send_vector = child.view is None or not (agrees or content.more)
        owed_of, view = points, child.view
        if view is None:
            # All that is known is what it just showed: enough to give the receipts for that.
            view = PeerView()
            view.add_shown(content, points)
            shown = {point.stream for point in view.points}
            owed_of = [point for point in points if point.stream in shown]
        withheld = self._held_back(child, content)
        if reply.send_vector:
            withheld = frozenset(point.stream for point in owed_of)
        unheard = self._unheard(node.place, child, content)
        if unheard is not None:
            withheld |= frozenset(point.stream for point in owed_of if unheard(*point.stream))
        reply.lines, taken = casebook.lines_for(content.lines_asked, node.place, child.budget.unpacked)
        outgoing = casebook.owed(
            owed_of, view.points, tables=reply.tables, budget=child.budget.unpacked - taken, withheld=withheld
        )
        if child.view is not None and (agrees or content.vector is not None):
            # An earlier life of ours may have told those below what it told nobody above. Not by a guess: what is
            # remembered of a child may say less than it holds.
            casebook.settle(child.view.points, node.place)
        child.pending = outgoing
        reply.packed_segments, reply.packed_receipts = outgoing.segments, outgoing.receipts
        reply.more = outgoing.more
        reply.forks.marks = casebook.answer_probes(node.place, content.forks, outgoing.parted)
        if child.view is not None:
            proofs = casebook.proofs_owed(node.place, child.view.points)
            reply.forks.proofs = [one for one in proofs if unheard is None or not unheard(one.incarnation, one.scope)]
        reply.wants = casebook.wanted(node.place) if self._quotas.asks_for_bodies(node) else []
        if content.wants:
            reply.bodies = casebook.wanted_bodies(content.wants, node.place, BODIES_BYTES)
        if acknowledged:
            self._blob_lane.arrived(child.blob_receipts_pending)
        room = child.budget.room(outgoing.left, bool(outgoing.segments))
        said = self._blob_lane.say(node, content, reply, room)
        child.blob_receipts_pending = [each for each in said if child.alone or each in child.blob_receipts_pending]
        if not self._quotas.asks_for_papers(node):
            reply.blobs.wants = []
        return outgoing, points

    def _unheard(self, place: str, child: _Child, content: Content) -> Callable[[bytes, str], bool] | None:
        """Of which streams a child would refuse what is in them, for not knowing who succeeds whom: what it follows for
        that reason alone, and what a successor has written in another's stead. None once it has heard our heads of the
        roster and lacks no change, or no more than this reply brings."""
        roster = self._roster()
        places = roster.places
        if not places.successions:
            return None
        if child.heads_told == roster_heads(roster, place):
            theirs = content.roster_heads  # who is behind says so
            if theirs is None or not changes_lacking(roster, place, theirs)[1]:
                return None

        def unheard(incarnation: bytes, scope: str) -> bool:
            author, (kind, code) = roster.node(incarnation), parse_scope(scope)
            if places.inherits(place, code) or (author is not None and places.inherits(author.place, code)):
                return True
            return kind == "below" and places.inherits(code, place)

        return unheard

    def _held_back(self, child: _Child, content: Content) -> frozenset[Stream]:
        """Streams of which the child refused or parked something lately, unless it holds that position by now."""
        now_ms = self._clock()
        for answer in content.answers:
            child.held_back[answer.incarnation, answer.scope] = (answer.seq, now_ms)
        if child.view is not None:
            for point in child.view.points:
                held = child.held_back.get(point.stream)
                if held is not None and point.seq >= held[0]:
                    del child.held_back[point.stream]
        # A clock set back ends the wait: offering too early costs a little, offering never would be a hole.
        longest_ms = int(REFUSED_AGAIN_S * 1000)
        child.held_back = {
            stream: held for stream, held in child.held_back.items() if 0 <= now_ms - held[1] < longest_ms
        }
        return frozenset(child.held_back)

    def _look(self, child: _Child, content: Content, points: list[StreamPoint], *, acknowledged: bool) -> bool:
        """Bring the view of what the child holds up to date; whether its digest says that the view is right."""
        pending, child.pending = child.pending, None
        if acknowledged:
            child.heads_told = child.heads_pending if child.heads_pending is not None else child.heads_told
            child.overruled_told |= child.overruled_pending
        if acknowledged:
            child.budget.succeeded()
        elif pending is not None:
            child.budget.failed()
        if content.vector is not None:
            child.view = PeerView(content.vector)
        elif child.view is not None:
            if acknowledged and pending is not None:
                refused = {(answer.incarnation, answer.scope) for answer in content.answers}
                for sent in pending.sent:
                    if sent[:2] not in refused:
                        child.view.add_events(*sent)
                for owed in pending.sent_receipts:
                    child.view.add_receipt(ReceiptOwed(*owed))
            child.view.add_shown(content, points)
        if child.view is not None and child.view.agrees(content.digest):
            return True
        if shattered(points) or digest(points) != content.digest:
            return False
        child.view = PeerView(points)
        return True
