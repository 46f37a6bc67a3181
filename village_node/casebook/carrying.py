"""The part of the casebook that couriers ask: keys of the road, what a place has not yet signed for, what was carried.

What is known of a place without a line comes from what it signed: receipts, by whatever road they came, and the vector
in its newest bundle. Nothing here believes that something has arrived because it was written to a stick.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from sync_protocol import encoding
from sync_protocol.bundle import Head
from sync_protocol.case import complaints
from sync_protocol.exchange import Answer, LinesAsked, Path, RoadKey, StreamPoint, Want, other_side
from sync_protocol.places import UnknownPlace
from sync_protocol.roster import Node, Roster
from sync_protocol.suites import OpeningKey, sealing_suite
from village_node.casebook.complaining import Complaining
from village_node.casebook.dispatch import Dispatch
from village_node.casebook.errors import NotAllowed
from village_node.store import Connection, NotSaved, bundles, peers, receipts, streams
from village_node.store.bundles import BundleRow

_NUMBER: Final = "bundles"
_OWN_KEY: Final = "road-key"
_KEY_OF: Final = "road-key "
_NEWEST: Final = "newest-road-key "  # and the name of a suite: the one of its keys that is not given up
_PUBLISHED: Final = "road-key-for-complaints"  # the last one that was published without being asked
_LOOKED_AT: Final = 40  # newest bundles that left, whoever they were for
_ANSWERED: Final = 8  # newest bundles of a place whose answers still travel


class Said(NamedTuple):
    """What the sender of a bundle said of itself, and what we have to answer: kept until a bundle goes back."""

    vector: tuple[StreamPoint, ...] | None = None
    wants: tuple[Want, ...] = ()
    asked: LinesAsked | None = None
    answers: tuple[Answer, ...] = ()


class Owed(NamedTuple):
    """What a bundle for a place is to carry. ``lower``: the one of both places that lies under the other; ``mine`` and
    ``theirs`` as ``Dispatch.owed`` takes them; ``shown``: the newest vector of that place, where there is one."""

    node: Node
    lower: str
    mine: list[StreamPoint]
    theirs: list[StreamPoint]
    withheld: frozenset[tuple[bytes, str]]
    said: Said


class Carried(NamedTuple):
    """How the bundles that left stand: cases in them that no place above has signed for, and the newest of them."""

    cases: int
    newest: BundleRow | None


class Carrying(Complaining, Dispatch):
    """What a courier needs to know of a node, and what is remembered of his walks."""

    def road_key(self) -> bytes:
        """The public half of the key that bundles and requests for this place are sealed to; drawn and kept at the
        first call, and where another suite was chosen since of which no key is here. Raises NotAllowed without a folder
        for it, NotSaved."""
        if self.lives is None:
            raise NotAllowed("本机不能保管密钥", "this machine keeps no keys")
        # By the files as well: a database that was put back from a copy knows a key that was given up since.
        held = {key.public for key in self.opening_keys() if not self.lives.is_given_up(key.public)}
        with self.store.reading() as connection:
            known = peers.bytes_of(connection, _OWN_KEY)
            newest = peers.bytes_of(connection, _NEWEST + self.lives.suite)
        if known is not None and known in held and sealing_suite(known) == self.lives.suite:
            return known
        # Two processes that were told different suites take turns with the same two keys, and fill no folder; but none
        # goes back to a key that people have had another one drawn for.
        newest = newest if newest is None or not self.lives.is_given_up(newest) else None
        there = sorted(each for each in held if sealing_suite(each) == self.lives.suite and newest in (None, each))
        public = there[0] if there else self._drawn_key()
        with self.store.writing() as connection:
            self._remember_key(connection, public)
        return public

    def _remember_key(self, connection: Connection, public: bytes) -> None:
        peers.remember_bytes(connection, _OWN_KEY, public)
        peers.remember_bytes(connection, _NEWEST + sealing_suite(public), public)

    def _drawn_key(self) -> bytes:
        """A new key of the suite in use, on the disk. Raises NotAllowed, NotSaved."""
        if self.lives is None:
            raise NotAllowed("本机不能保管密钥", "this machine keeps no keys")
        try:
            return self.lives.keep_opening_key(self.randomness(32)).public
        except OSError as problem:
            raise NotSaved("未保存：密钥没有写入磁盘", "not saved: the key could not be written") from problem

    def new_sealing_key(self, actor: str) -> bytes:
        """Draw another key of the suite in use, to which everything is sealed from now on: bundles, requests, and
        complaints where they are heard here. The older ones stay and open what was sealed to them. The public half.
        Raises NotAllowed, NotSaved."""
        self.refuse_retired()
        public = self._drawn_key()
        self._give_up_all_but(public)

        def act(connection: Connection) -> tuple[bytes, set[str]]:
            self._remember_key(connection, public)
            self.note(connection, actor, "sealing_key.new", self.identity.place, suite=sealing_suite(public))
            if self._published_key(connection) is None:
                return public, set()
            peers.remember_bytes(connection, _PUBLISHED, public)
            return public, self._publish_key(connection, actor, public, "complaints.new_key")

        return self._act(act)

    def _give_up_all_but(self, public: bytes) -> None:
        """Note beside the keys that this one takes the place of those of its suite. Raises NotAllowed, NotSaved."""
        if self.lives is None:
            raise NotAllowed("本机不能保管密钥", "this machine keeps no keys")
        suite = sealing_suite(public)
        older = [key.public for key in self.opening_keys() if key.public != public]
        try:
            self.lives.give_up(each for each in older if sealing_suite(each) == suite)
        except OSError as problem:
            raise NotSaved("未保存：密钥没有写入磁盘", "not saved: the keys could not be noted") from problem

    def follow_sealing_suite(self) -> bool:
        """Publish the present key for complaints too where they are still sealed to one of another suite; whether that
        was so. For the node's tick. Raises NotAllowed, NotSaved."""
        if self.lives is None or self.retired or self.provisional:
            return False
        with self.store.reading() as connection:
            published, last = self._published_key(connection), peers.bytes_of(connection, _PUBLISHED)
        if published is None or sealing_suite(published) == self.lives.suite:
            return False
        public = self.road_key()
        if public == last:  # it was, and does not count (yet)
            return False

        def act(connection: Connection) -> tuple[bool, set[str]]:
            peers.remember_bytes(connection, _PUBLISHED, public)
            return True, self._publish_key(connection, "node", public, "complaints.new_key")

        return self._act(act)

    def told_road_key(self) -> RoadKey | None:
        """The same for a first exchange: what is there already, and nothing is drawn for it."""
        with self.store.reading() as connection:
            known = peers.bytes_of(connection, _OWN_KEY)
            number = peers.number(connection, _NUMBER) or 0
        return RoadKey(number, known) if known is not None else None

    def note_road_key(self, node: Node, told: RoadKey) -> None:
        """Remember what a neighbour says its key is, unless it has said so later. Raises NotSaved."""
        with self.store.reading() as connection:
            known = self._key_told(connection, node.place)
        if known is None or known[0] != told.public:
            with self.store.writing() as connection:
                # As of now, so after every bundle up to that number.
                self._keep_key(connection, node, (told.number, 1), told.public)

    def opening_keys(self) -> list[OpeningKey]:
        """Every key with which this place opens what is sealed to it. Raises NotAllowed where none can be read."""
        return self._opening_keys()

    def sealing(self) -> dict[str, Any]:
        """The suite of the key that others seal to, None before there is one, and the names of the key files that
        cannot be read: what was sealed to those opens here no more."""
        told = self.told_road_key()
        return {
            "suite": sealing_suite(told.public) if told is not None else None,
            "unread_files": self.lives.unread_keys() if self.lives is not None else [],
        }

    def key_of(self, place: str) -> bytes | None:
        """The key that a bundle for this place is sealed to; None while none is known."""
        with self.store.reading() as connection:
            told = self._key_told(connection, place)
            if told is not None:
                return told[0]
            published = complaints.key_in_force(self._keys(connection).get(place, ()))
        return published.said["public"] if published is not None else None

    def next_bundle(self) -> int:
        """The number of the next bundle. Raises NotSaved."""
        with self.store.writing() as connection:
            return peers.count_up(connection, _NUMBER)

    def owed_to(self, place: str) -> Owed:
        """What the node of a place on our path has not yet signed for. Raises NotAllowed for any other place."""
        roster, here = self.roster, self.identity.place
        lower = lower_of(roster, here, place)
        nodes = roster.serving(place) if lower else ()
        if not nodes:
            raise NotAllowed(
                f"{place} 不是本单位的上级或下级，或者还没有接入",
                f"{place} lies neither above nor below this place, or has no node yet",
            )
        newest = nodes[-1]
        said, shown_ms = self._said_by(nodes)
        mine = self.shared_points(lower)
        forgotten = self._lost_again(newest, mine, said.vector, shown_ms)
        current = shown_ms is not None
        theirs = _known_there(roster, lower, newest, mine, said.vector, forgotten, current=current)
        own = set(self.identity.lives) if self.standing().rings else set[bytes]()
        withheld = frozenset(point.stream for point in mine if point.incarnation in own and not point.path)
        return Owed(newest, lower, mine, theirs, withheld, said)

    def carried(self) -> Carried:
        """How what left by courier stands; counted again only after something has changed."""
        return self.remembered("carried", self._carried)

    def bundles_out(self, most: int) -> list[BundleRow]:
        """The newest bundles that were written here."""
        with self.store.reading() as connection:
            return bundles.read(connection, bundles.OUT, most)

    def bundles_in(self, most: int) -> list[BundleRow]:
        """The newest bundles that came here."""
        with self.store.reading() as connection:
            return bundles.read(connection, bundles.IN, most)

    def bundle_that_came(self, bundle_id: bytes) -> BundleRow | None:
        """What has become of a bundle that came; None while it did not."""
        with self.store.reading() as connection:
            return bundles.find(connection, bundle_id, bundles.IN)

    def note_written(
        self,
        actor: str,
        head: Head,
        place: str,
        sent: Iterable[tuple[bytes, str, int, bytes, Path]],
        *,
        files: int,
        more: bool,
    ) -> None:
        """Remember a bundle that stands on a stick, with the positions in it, and of how many files something is in it.
        `more`: not everything that is owed fitted into it. Raises NotSaved."""
        covers = [[incarnation, scope, seq] for incarnation, scope, seq, _, _ in sent]
        events = sum(part.events for part in head.parts)
        row = self._row(head, bundles.OUT, place, events, True, encoding.encode(covers))
        row = row._replace(more=int(more), files=files)
        with self.store.writing() as connection:
            bundles.keep(connection, row)
            self.note(connection, actor, "courier.export", place, bundle=head.bundle_id.hex(), events=row.events)
            self.mark_news(connection, {"courier"})
        self.tell({"courier"})

    def note_came(
        self, actor: str, head: Head, place: str, *, stored: int, files: int, whole: bool, said: Said
    ) -> BundleRow:
        """Remember a bundle that came and what its sender said; of its key only the newest. Raises NotSaved."""
        with self.store.writing() as connection:
            before = bundles.find(connection, head.bundle_id, bundles.IN)
            # Of a bundle that comes again, damaged meanwhile, what it once brought stays true.
            events, raw = stored + (before.events if before is not None else 0), _encoded(said)
            had = before.files if before is not None else 0
            if before is not None:
                whole = whole or bool(before.whole)
                raw = raw if said.vector is not None else before.said
            row = self._row(head, bundles.IN, place, events, whole, raw)._replace(files=files + had)
            bundles.keep(connection, row)
            self._note_key(connection, head)
            self.note(
                connection, actor, "courier.import", place, bundle=head.bundle_id.hex(), events=stored, whole=whole
            )
            self.mark_news(connection, {"courier"})
        self.tell({"courier"})
        return row

    def _row(self, head: Head, direction: str, place: str, events: int, whole: bool, said: bytes) -> BundleRow:
        return BundleRow(
            head.bundle_id, direction, place, head.sender, head.number, head.time, self.clock(), events,
            len(head.parts), int(whole), said,
        )  # fmt: skip

    def _note_key(self, connection: Connection, head: Head) -> None:
        node = self.roster_in(connection).node(head.sender)
        if head.key is not None and node is not None:
            self._keep_key(connection, node, (head.number, 0), head.key)

    def _key_told(self, connection: Connection, place: str) -> tuple[bytes, list[int]] | None:
        """The key that a place has named, and how old that is; None too where who named it was struck or revoked."""
        told = peers.bytes_of(connection, _KEY_OF + place)
        if told is None:
            return None
        public, age = encoding.decode(told)
        stands = age[0] in {node.order for node in self.roster_in(connection).serving(place)}
        return (public, age) if stands else None

    def _keep_key(self, connection: Connection, node: Node, said: tuple[int, int], public: bytes) -> None:
        if not node.serves:
            return  # its order of entry would outweigh every other's for ever
        peers.bytes_to_change(connection, _KEY_OF + node.place)
        told, age = self._key_told(connection, node.place), [node.order, *said]
        if told is None or told[1] <= age:
            peers.remember_bytes(connection, _KEY_OF + node.place, encoding.encode([public, age]))

    def receipts_beyond(self, vector: Iterable[StreamPoint]) -> bool:
        """Whether somebody holds receipts that this present life of ours has signed and does not know any more."""
        me = self.identity.incarnation
        claimed = {point.stream: point.receipts[me] for point in vector if me in point.receipts and not point.path}
        with self.store.reading() as connection:
            held = {row.id: row.key for row in streams.by_keys(connection, claimed).values()}
            given = {held[row.stream]: row.seq for row in receipts.get(connection, [(each, me) for each in held])}
        return any(seq > given.get(stream, 0) for stream, seq in claimed.items())

    def _lost_again(
        self, node: Node, mine: Iterable[StreamPoint], vector: tuple[StreamPoint, ...] | None, shown_ms: int | None
    ) -> set[tuple[bytes, str]]:
        """Streams of which a node shows less than it once signed for, by its own clock after it did: its database was
        put back, and what its receipts cover is not there any more."""
        if vector is None or shown_ms is None:
            return set()
        shown = {point.stream: point.seq for point in vector if not point.path}
        signed = {
            point.stream: point.receipts[node.incarnation]
            for point in mine
            if point.receipts.get(node.incarnation, 0) > shown.get(point.stream, 0) and not point.path
        }
        with self.store.reading() as connection:
            held = {row.id: row.key for row in streams.by_keys(connection, signed).values()}
            given = receipts.get(connection, [(each, node.incarnation) for each in held])
        return {held[row.stream] for row in given if row.time < shown_ms}

    def _said_by(self, lives: Sequence[Node]) -> tuple[Said, int | None]:
        """What the bundle of a place said that came last, whatever its number (a database that was put back counts
        again), with what is to be answered to the last few; and when its sender wrote it, if that was its newest
        life."""
        order = {node.incarnation: node.order for node in lives}
        with self.store.reading() as connection:
            came = [row for row in bundles.read(connection, bundles.IN) if row.incarnation in order]
        came.sort(key=lambda row: (order[row.incarnation], row.at_ms, row.number), reverse=True)
        if not came:
            return Said(), None
        answers = {each[:3]: each for row in reversed(came[:_ANSWERED]) for each in _decoded(row.said).answers}
        said = _decoded(came[0].said)._replace(answers=tuple(answers.values()))
        return said, came[0].time_ms if came[0].incarnation == lives[-1].incarnation else None

    def _carried(self, connection: Connection) -> Carried:
        roster, here = self.roster_in(connection), self.identity.place
        above = roster.places.path_up(here)[1:] if here in roster.places else ()
        # The newest of a place has all that those before it had, and was not signed for since.
        out = [row for row in bundles.read(connection, bundles.OUT, _LOOKED_AT) if row.place in above]
        if not out:
            return Carried(0, None)
        reached: dict[tuple[bytes, str], int] = {}
        for row in out:
            for incarnation, scope, seq in encoding.decode(row.said):
                reached[incarnation, scope] = max(reached.get((incarnation, scope), 0), seq)
        held = [row for row in streams.by_keys(connection, reached).values() if row.own]
        signers, signed = set(self._nodes_at(connection, above)), dict[int, int]()
        for stream, signer, seq in receipts.of_streams(connection, [row.id for row in held]):
            if signer in signers:
                signed[stream] = max(signed.get(stream, 0), seq)
        spans = [(row.id, signed.get(row.id, 0), reached[row.key]) for row in held]
        return Carried(bundles.cases_between(connection, spans), out[0])


def lower_of(roster: Roster, one: str, other: str) -> str:
    """The one of two places that lies under the other; empty where neither does."""
    places = roster.places
    if one == other or one not in places or other not in places:
        return ""
    if places.covers(one, other):
        return other
    return one if places.covers(other, one) else ""


def _known_there(
    roster: Roster,
    lower: str,
    node: Node,
    mine: Iterable[StreamPoint],
    vector: tuple[StreamPoint, ...] | None,
    forgotten: set[tuple[bytes, str]],
    *,
    current: bool,
) -> list[StreamPoint]:
    """What a node is known to hold of our points: what its receipts cover, unless it has ``forgotten`` that, or its
    vector shows. Of what was written on
    its own side of the hop it is believed to have all, until its vector says otherwise. A vector that is not
    ``current`` is of an earlier life there: that may have held what the present one does not."""
    shown = {point.key: point for point in vector or ()}
    theirs = dict(shown) if current else {}
    for point in mine:
        try:
            author = roster.node(point.incarnation)
            ours = author is not None and other_side(roster.places, lower, author.place, node.place)
        except UnknownPlace:
            continue
        there = shown.get(point.key) if current or not ours else None
        seq, at = (there.seq, there.hash) if there is not None else (0, b"")
        if ours and point.stream not in forgotten and point.receipts.get(node.incarnation, 0) > seq:
            seq, at = point.receipts[node.incarnation], b""
        elif not ours and vector is None and not point.path:
            seq, at = point.seq, point.hash
        if seq:
            theirs[point.key] = StreamPoint(
                *point.stream, seq, at, there.receipts if there is not None else {}, point.path
            )
    return list(theirs.values())


def _encoded(said: Said) -> bytes:
    points = [
        [*point[:4], sorted(map(list, point.receipts.items())), [value for arm in point.path for value in arm]]
        for point in said.vector or ()
    ]
    vector = points if said.vector is not None else None
    asked = list(said.asked) if said.asked is not None else None
    return encoding.encode([vector, [list(want) for want in said.wants], asked, [list(each) for each in said.answers]])


def _decoded(raw: bytes) -> Said:
    vector, wants, asked, answers = encoding.decode(raw)
    return Said(
        tuple(map(_point, vector)) if vector is not None else None,
        tuple(Want(*want) for want in wants),
        LinesAsked(*asked) if asked is not None else None,
        tuple(Answer(*each) for each in answers),
    )


def _point(values: list[Any]) -> StreamPoint:
    incarnation, scope, seq, chain_mark, receipts, path = values
    arms = tuple(zip(path[::2], path[1::2], strict=True))
    return StreamPoint(incarnation, scope, seq, chain_mark, dict(receipts), arms)
