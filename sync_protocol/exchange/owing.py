"""What one side owes the other: the comparison of two vectors, and a peer's vector carried forward between messages.

The rule is symmetric. Whatever a peer lacks of the streams both follow is sent, whoever wrote or signed it: so a node
that came by an event or a receipt on another road (asking its grandparent while the parent was silent) still ends up
equal to its parent.
"""

from collections.abc import Container, Iterable, Sequence
from typing import NamedTuple

from sync_protocol.event import mark
from sync_protocol.exchange.content import Content
from sync_protocol.exchange.vector import Stream, StreamPoint, digest


class EventsOwed(NamedTuple):
    """Events after+1 to upto of one stream."""

    incarnation: bytes
    scope: str
    after: int
    upto: int


class ReceiptOwed(NamedTuple):
    """One signer's receipt for a stream, at this position."""

    incarnation: bytes
    scope: str
    signer: bytes
    seq: int


class Plan(NamedTuple):
    """All that is owed, smallest stream first, so that a live change passes a backlog."""

    events: list[EventsOwed]
    receipts: list[ReceiptOwed]

    def __bool__(self) -> bool:
        return bool(self.events or self.receipts)


def plan(
    mine: Iterable[StreamPoint], theirs: Iterable[StreamPoint], *, withheld: Container[Stream] = frozenset()
) -> Plan:
    """What `theirs` lacks of `mine`; of the streams in `withheld` no events, only receipts."""
    held = {point.stream: point for point in theirs}
    events: list[EventsOwed] = []
    receipts: list[ReceiptOwed] = []
    for point in mine:
        other = held.get(point.stream)
        after = other.seq if other is not None else 0
        if after < point.seq and point.stream not in withheld:
            events.append(EventsOwed(point.incarnation, point.scope, after, point.seq))
        known = other.receipts if other is not None else {}
        receipts += [
            ReceiptOwed(point.incarnation, point.scope, signer, seq)
            for signer, seq in point.receipts.items()
            if seq > known.get(signer, 0)
        ]
    events.sort(key=lambda owed: (owed.upto - owed.after, owed.scope, owed.incarnation))
    return Plan(events, receipts)


class PeerView:
    """What a peer holds as far as can be known: its newest vector, carried forward by what crossed since.

    A view is only a guess until the peer's digest says the same; one that disagrees is replaced by a vector asked for.
    """

    def __init__(self, points: Iterable[StreamPoint] = ()) -> None:
        """From the peer's vector."""
        self._points = {point.stream: point for point in points}

    @property
    def points(self) -> Sequence[StreamPoint]:
        """The points as they are believed to be now."""
        return list(self._points.values())

    def copy(self) -> "PeerView":
        """A view of its own, for trying out whether it agrees with a digest."""
        return PeerView(self._points.values())

    def add_events(self, incarnation: bytes, scope: str, seq: int, chain_hash: bytes) -> None:
        """The peer holds this stream up to here (never lowers what it held)."""
        held = self._points.get((incarnation, scope))
        if held is None or held.seq < seq:
            receipts = held.receipts if held is not None else {}
            self._points[incarnation, scope] = StreamPoint(incarnation, scope, seq, mark(chain_hash), receipts)

    def add_receipt(self, owed: ReceiptOwed) -> None:
        """The peer holds this receipt. One for a stream it holds nothing of is not in any vector and is passed over."""
        held = self._points.get((owed.incarnation, owed.scope))
        if held is not None and held.receipts.get(owed.signer, 0) < owed.seq:
            receipts = {**held.receipts, owed.signer: owed.seq}
            self._points[owed.incarnation, owed.scope] = held._replace(receipts=receipts)

    def add_shown(self, content: Content, points: Iterable[StreamPoint]) -> None:
        """The peer holds what it sent in this message. `points`: what is held here after storing that."""
        here = {point.stream: point for point in points}
        for segment in content.segments:
            point = here.get((segment.incarnation, segment.scope))
            if point is not None and point.seq == segment.last_seq:
                self.add_events(segment.incarnation, segment.scope, point.seq, point.hash)
        for line in content.receipts:
            self.add_receipt(ReceiptOwed(line.incarnation, line.scope, line.signer, line.seq))

    def agrees(self, announced: bytes | None) -> bool:
        """Whether the digest the peer announced is that of this view."""
        return announced is not None and digest(self._points.values()) == announced
