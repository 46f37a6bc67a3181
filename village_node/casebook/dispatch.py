"""What leaves this node: the positions we hold, segments sealed and packed, receipts, bodies that were asked for."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sync_protocol import limits, receipt
from sync_protocol.event import Event, load_header, mark
from sync_protocol.exchange import (
    NO_PATH,
    Body,
    EventsOwed,
    Path,
    ReceiptLine,
    ReceiptOwed,
    StreamPoint,
    Want,
    other_side,
    pack_receipt,
    plan,
    shattered_point,
)
from sync_protocol.places import UnknownPlace, followed_scopes, follows
from sync_protocol.roster import Roster
from sync_protocol.seal import seal
from sync_protocol.stream import Head
from sync_protocol.wire import Tables, pack_segment
from village_node.casebook import branches
from village_node.casebook.growth import Growth
from village_node.casebook.incarnations import Incarnations
from village_node.casebook.office import Office
from village_node.store import Connection, doubts, peers, purges, receipts, streams
from village_node.store.locks import StreamKey
from village_node.store.peers import PeerRow
from village_node.store.streams import EventRow, StreamRow
from village_node.witness import Sealed

_RECEIPT_BYTES: Final = 130  # of a receipt line before packing, but for its path
_SEGMENT_BYTES: Final = 150  # of a segment before packing, but for its events


@dataclass(slots=True)
class Outgoing:
    """One frame: packed segments and receipts, whether more is owed, and what the peer will hold after it.

    ``parted``: branches, with a position, where the peer holds another event than we do. ``room``: for so many events
    more. ``left``: bytes before packing that nothing of the frame has taken.
    """

    segments: list[Any] = field(default_factory=list)
    receipts: list[Any] = field(default_factory=list)
    more: bool = False
    sent: list[tuple[bytes, str, int, bytes, Path]] = field(default_factory=list)
    parted: list[tuple[bytes, str, Path, int]] = field(default_factory=list)
    sent_receipts: list[ReceiptOwed] = field(default_factory=list)
    room: int = limits.INT_MAX
    left: int = 0


@dataclass(slots=True)
class _Cut:
    """A segment about to be packed."""

    events: list[Event]
    signature: bytes


class Dispatch(Incarnations):
    """The part of the casebook that uplink and downlink take their messages from."""

    def shared_points(self, child_place: str) -> list[StreamPoint]:
        """Every stream of the scopes that ``child_place`` follows, as held here, with the receipts that cross that hop.

        Computed again only after something has changed; not to be changed by who gets it.
        """

        def compute(connection: Connection) -> list[StreamPoint]:
            return _points(self, connection, self.roster_in(connection), child_place)

        return self.remembered(f"points {child_place}", compute)

    def owed(
        self,
        mine: Sequence[StreamPoint],
        theirs: Sequence[StreamPoint],
        *,
        tables: Tables,
        budget: int,
        withheld: frozenset[StreamKey] = frozenset(),
        most_events: int = limits.INT_MAX,
    ) -> Outgoing:
        """The next frame of what ``theirs`` lacks of ``mine``: receipts, then whole segments up to ``budget`` bytes
        before packing and so many events, at least one segment. Our own streams are sealed here, and the witness file
        says so before this returns.

        Raises NotReadable; NotSaved when the witness file cannot be written.
        """
        owed = plan(mine, theirs, withheld=withheld)
        frame = Outgoing(parted=[(*point.stream, point.path, point.seq) for point in owed.parted], room=most_events)
        with self.store.reading() as connection:
            wanted = [(*each[:2], each.path) for each in owed.events]
            rows = _rows(connection, wanted + [(*one[:2], one.path) for one in owed.receipts])
            left = budget - _take_receipts(connection, frame, owed.receipts, rows, tables)
            # What goes on from a trunk that the peer does not hold yet would be parked, and its stream withheld.
            found = [(each, rows[*each[:2], each.path]) for each in owed.events if (*each[:2], each.path) in rows]
            for each, row in sorted(found, key=lambda one: one[0].after < one[1].since - 1):
                if not _goes_on(connection, row, each):
                    frame.parted.append((*each[:2], each.path, each.after))
                    continue
                left = self._take_events(connection, frame, each, row, tables, left)
                if frame.more:
                    break
        frame.left = 0 if frame.more else max(left, 0)
        lives = self.lives
        if lives is not None:
            # Before any of it leaves: one write for all seals, of which the highest of a stream stands for those below.
            ours = [Sealed(*sent[:4]) for sent in frame.sent if sent[0] == self.identity.incarnation]
            self.with_room(lambda: lives.witness.seal(ours))
        return frame

    def wanted(self, place: str) -> list[Want]:
        """The missing bodies that a peer at ``place`` may have, at most as many as one message may ask for."""
        missing = self.remembered("wanted", _wanted)
        if not missing:
            return []
        places = self.roster.places
        return [Want(*each) for each in missing if follows(places, place, each[1])][: limits.WANTS]

    def wanted_bodies(self, wants: Sequence[tuple[bytes, str, int]], place: str, budget: int) -> list[Body]:
        """Bodies that a peer at ``place`` asked for and may have: of scopes it follows, and held here."""
        found: list[Body] = []
        with self.store.reading() as connection:
            places = self.roster_in(connection).places
            rows = streams.by_keys(connection, {want[:2] for want in wants})
            for incarnation, scope, seq in wants[: limits.WANTS]:
                row = rows.get((incarnation, scope))
                if row is None or not follows(places, place, scope):
                    continue
                # A want names no branch: the commitment there says which body is its own.
                for line in (row, *(streams.sides(connection, [row.key]) if row.alarm else ())):
                    event = streams.event_at(connection, line.id, seq)
                    if event is None or event.body is None or event.salt is None:
                        continue
                    budget -= len(event.body)
                    if found and budget < 0:
                        return found
                    found.append(Body(incarnation, scope, seq, event.salt, event.body))
        return found

    def hash_at(self, incarnation: bytes, scope: str, seq: int) -> bytes | None:
        """The chain hash held at a position; None where none is."""
        with self.store.reading() as connection:
            row = streams.by_keys(connection, [(incarnation, scope)]).get((incarnation, scope))
            return streams.hashes(connection, row.id, seq, seq).get(seq) if row else None

    def peer(self, incarnation: bytes) -> PeerRow | None:
        """What is remembered of a peer."""
        with self.store.reading() as connection:
            return peers.peer(connection, incarnation)

    def _take_events(
        self,
        connection: Connection,
        frame: Outgoing,
        owed: EventsOwed,
        row: StreamRow,
        tables: Tables,
        left: int,
    ) -> int:
        """Pack segments of one stream until it is done or the budget is; what is left of the budget."""
        after = max(owed.after, row.since - 1)
        while after < owed.upto:
            if frame.segments and (left <= 0 or len(frame.segments) >= limits.SEGMENTS_A_MESSAGE):
                frame.more = True
                return left
            cut = self._cut(connection, row, after, owed.upto)
            if cut is None:
                return left
            size = _SEGMENT_BYTES + sum(map(_size, cut.events))
            if frame.segments and (size > left or len(cut.events) > frame.room):
                frame.more = True
                return left
            frame.segments.append(
                pack_segment(row.incarnation, row.scope, row.stream_id, cut.events, cut.signature, tables)
            )
            left -= size
            frame.room -= len(cut.events)
            after = cut.events[-1].header.seq
            point = (row.incarnation, row.scope, after, cut.events[-1].hash, owed.path)
            if frame.sent and (frame.sent[-1][:2], frame.sent[-1][4]) == (point[:2], point[4]):
                frame.sent[-1] = point
            else:
                frame.sent.append(point)
        return left

    def _cut(
        self,
        connection: Connection,
        row: StreamRow,
        after: int,
        upto: int,
    ) -> _Cut | None:
        """The longest segment that begins after a position and ends at a seal.

        Our own seals are not kept: what is committed may be sealed at any time, the same position always gives the
        same signature, and so sending costs no commit of its own.
        """
        most = min(upto - after, limits.SEGMENT_EVENTS)
        passing = self.passing.after(row.id, after, most)
        rows = () if passing else streams.events_between(connection, row.id, after, upto, most)
        events = _within_bytes(passing[0] if passing else list(map(_event, rows)))
        if not events:
            return None
        last = events[-1].header.seq
        key = self.identity.lives.get(row.incarnation) if row.own else None
        if key is not None:
            signature = seal(key, self.network_id, row.stream_id, Head(last, events[-1].hash))
            return _Cut(events, signature)
        seals = passing[1] if passing else streams.seals_between(connection, row.id, after, last)
        last = max((seq for seq in seals if seq <= last), default=after)
        return _Cut(events[: last - after], seals[last]) if last > after else None


def _wanted(connection: Connection) -> list[tuple[bytes, str, int]]:
    """Bodies that never came, then those that were dropped here and are asked for again."""
    recalled = purges.recalled_bodies(connection, limits.WANTS)
    return streams.missing_bodies(connection, limits.WANTS) + recalled


def _points(office: Office, connection: Connection, roster: Roster, child_place: str) -> list[StreamPoint]:
    """The vector's points, from three queries. What is in doubt of an ended life of ours is not in them, nor what the
    present one writes beside it, nor what nobody else can check yet."""
    places = roster.places
    try:
        scopes = followed_scopes(places, child_place)
    except UnknownPlace:
        return []
    known = [row for row in streams.in_scopes(connection, scopes) if roster.node(row.incarnation) is not None]
    every = doubts.settled(connection, known, office.identity.incarnation)
    rows = [row for row in every if row.body_seq > 0]
    mains = {row.key: Growth(row) for row in every if row.alarm and not row.since}
    held: dict[int, dict[bytes, int]] = {row.id: {} for row in rows}
    for stream, signer, seq in receipts.of_streams(connection, held):
        held[stream][signer] = seq
    sides: dict[tuple[bytes, bytes], bool] = {}

    def crosses(author: bytes, signer: bytes) -> bool:
        key = (author, signer)
        if key not in sides:
            one, other = roster.node(author), roster.node(signer)
            sides[key] = (
                one is not None
                and other is not None
                and other.serves
                and other_side(places, child_place, one.place, other.place)
            )
        return sides[key]

    def crossing(row: StreamRow) -> dict[bytes, int]:
        return {signer: seq for signer, seq in held[row.id].items() if crosses(row.incarnation, signer)}

    points = [
        StreamPoint(row.incarnation, row.scope, row.body_seq, row.body_hash, crossing(row))
        for row in rows
        if not row.alarm
    ]
    for key, forked in branches.read(connection, mains).items():
        points += [
            StreamPoint(*key, one.seq, one.hash, crossing(one.row) if one.row and one.row.id in held else {}, one.path)
            for one in branches.held_branches(connection, forked)
            if one.seq > 0 or one.path
        ]
        if forked.is_shattered:
            points.append(shattered_point(*key))
    return points


def _rows(
    connection: Connection, wanted: Sequence[tuple[bytes, str, Path]]
) -> dict[tuple[bytes, str, Path], StreamRow]:
    """The rows of these branches."""
    found: dict[tuple[bytes, str, Path], StreamRow] = {}
    for key, row in streams.by_keys(connection, {each[:2] for each in wanted}).items():
        if row.alarm:
            found |= {(*key, path): one for path, one in branches.rows_by_path(connection, key, row).items()}
        else:
            found[*key, NO_PATH] = row
    return found


def _goes_on(connection: Connection, row: StreamRow, owed: EventsOwed) -> bool:
    """Whether what is owed goes on from the very event that the peer says it holds."""
    if not owed.mark or owed.after < max(row.since, 1):
        return True
    held = streams.hashes(connection, row.id, owed.after, owed.after).get(owed.after)
    return held is not None and mark(held) == owed.mark


def _take_receipts(
    connection: Connection,
    frame: Outgoing,
    owed: Sequence[ReceiptOwed],
    rows: dict[tuple[bytes, str, Path], StreamRow],
    tables: Tables,
) -> int:
    """Put receipts into the frame; their bytes before packing."""
    some = owed[: limits.RECEIPTS_A_MESSAGE]
    frame.more = len(owed) > len(some)
    branch_of = {row.id: (row, path) for (_, _, path), row in rows.items()}
    wanted = [(rows[branch].id, one.signer) for one in some if (branch := (*one[:2], one.path)) in rows]
    size = 0
    for held in receipts.get(connection, wanted):
        row, path = branch_of[held.stream]
        whole = receipt.from_bytes(held.receipt)
        line = ReceiptLine(
            row.incarnation,
            row.scope,
            whole.seq,
            whole.signer,
            whole.time,
            whole.count,
            whole.index,
            whole.path,
            whole.signature,
        )
        frame.receipts.append(pack_receipt(line, tables))
        frame.sent_receipts.append(ReceiptOwed(row.incarnation, row.scope, whole.signer, whole.seq, path))
        size += _RECEIPT_BYTES + limits.HASH * len(whole.path)
    return size


def _within_bytes(events: list[Event]) -> list[Event]:
    """The beginning of these events that fits into one segment: at least one."""
    size = 0
    for number, event in enumerate(events):
        size += _size(event)
        if number and size > limits.SEGMENT:
            return events[:number]
    return events


def _event(row: EventRow) -> Event:
    return Event(load_header(row.header), row.header, row.hash, row.salt, row.body)


def _size(event: Event) -> int:
    return len(event.header_bytes) + (len(event.body) + limits.SALT if event.body is not None else 0)
