"""What one side owes the other: the comparison of two vectors, and a peer's vector carried forward between messages.

The rule is symmetric. Whatever a peer lacks of the streams both follow is sent, whoever wrote or signed it: so a node
that came by an event or a receipt on another road (asking its grandparent while the parent was silent) still ends up
equal to its parent.
"""

from collections.abc import Container, Iterable, Sequence
from typing import NamedTuple

from sync_protocol.event import mark
from sync_protocol.exchange.content import Content
from sync_protocol.exchange.forks import NO_PATH, SHATTERED, Path
from sync_protocol.exchange.vector import Branch, Stream, StreamPoint, digest, shattered


class EventsOwed(NamedTuple):
    """Events after+1 to upto of one stream, on the branch of that path.

    `mark`: what the peer says stands at `after`, where that is the end of what it holds; empty where nothing is said.
    """

    incarnation: bytes
    scope: str
    after: int
    upto: int
    path: Path = NO_PATH
    mark: bytes = b""


class ReceiptOwed(NamedTuple):
    """One signer's receipt for a stream, at this position."""

    incarnation: bytes
    scope: str
    signer: bytes
    seq: int
    path: Path = NO_PATH


class Plan(NamedTuple):
    """All that is owed, smallest stream first, so that a live change passes a backlog.

    `parted`: points of ours at whose position the peer holds another event: nothing of them is owed before it is known
    where the two part.
    """

    events: list[EventsOwed]
    receipts: list[ReceiptOwed]
    parted: list[StreamPoint]

    def __bool__(self) -> bool:
        return bool(self.events or self.receipts)


def plan(
    mine: Sequence[StreamPoint], theirs: Iterable[StreamPoint], *, withheld: Container[Stream] = frozenset()
) -> Plan:
    """What `theirs` lacks of `mine`; of the streams in `withheld` no events, only receipts.

    Of a stream that either side shows to be shattered only the branches that both know of: no other would be taken.
    """
    held = {point.key: point for point in theirs}
    gone = shattered(held.values()) | shattered(mine)
    forked: dict[Stream, list[StreamPoint]] = {}
    for point in held.values():
        if point.path:
            forked.setdefault(point.stream, []).append(point)
    events: list[EventsOwed] = []
    receipts: list[ReceiptOwed] = []
    parted: list[StreamPoint] = []
    for point in mine:
        other = held.get(point.key)
        if point.path == SHATTERED:
            continue
        if point.stream in gone and other is None:
            shown = {arm for one in forked.get(point.stream, []) for arm in one.path}
            upto = min([point.seq, *(split - 1 for split, m in point.path if (split, m) not in shown)])
            point = point._replace(seq=upto, receipts={})
        if other is None and (point.path or point.stream in forked):
            plain = held.get((*point.stream, NO_PATH))
            others = forked.get(point.stream, []) + ([plain] if plain is not None else [])
            after = max([common(point, one) for one in others], default=0)
            at = b""
        else:
            after = other.seq if other is not None else 0
            at = mark(other.hash) if other is not None else b""
        if point.stream not in withheld:
            if after < point.seq and not point.is_stub:
                events.append(EventsOwed(point.incarnation, point.scope, after, point.seq, point.path, at))
            elif after == point.seq and at and at != mark(point.hash):
                parted.append(point)
        known = other.receipts if other is not None else {}
        receipts += [
            ReceiptOwed(point.incarnation, point.scope, signer, seq, point.path)
            for signer, seq in point.receipts.items()
            if seq > known.get(signer, 0)
        ]
    events.sort(key=lambda owed: (owed.upto - owed.after, owed.scope, owed.incarnation, owed.path))
    return Plan(events, receipts, parted)


def common(one: StreamPoint, other: StreamPoint) -> int:
    """How far two branches of a stream are surely the same, by the arms they are known to run over."""
    for (split, arm), (other_split, other_arm) in zip(one.path, other.path, strict=False):
        if (split, arm) != (other_split, other_arm):
            return min(one.seq, other.seq, split - 1, other_split - 1)
    longer = max(one.path, other.path, key=len)
    shared = min(len(one.path), len(other.path))
    beyond = longer[shared][0] - 1 if len(longer) > shared else one.seq
    return min(one.seq, other.seq, beyond)


def proofs_known(points: Iterable[StreamPoint]) -> dict[Stream, set[tuple[int, bytes]]]:
    """The arms that a vector shows its sender to know of each stream: whoever has a proof shows both arms of it."""
    known: dict[Stream, set[tuple[int, bytes]]] = {}
    for point in points:
        if point.path:
            known.setdefault(point.stream, set()).update(point.path)
    return known


class PeerView:
    """What a peer holds as far as can be known: its newest vector, carried forward by what crossed since.

    A view is only a guess until the peer's digest says the same; one that disagrees is replaced by a vector asked for.
    """

    def __init__(self, points: Iterable[StreamPoint] = ()) -> None:
        """From the peer's vector."""
        self._points: dict[Branch, StreamPoint] = {point.key: point for point in points}

    @property
    def points(self) -> Sequence[StreamPoint]:
        """The points as they are believed to be now."""
        return list(self._points.values())

    def copy(self) -> "PeerView":
        """A view of its own, for trying out whether it agrees with a digest."""
        return PeerView(self._points.values())

    def add_events(self, incarnation: bytes, scope: str, seq: int, chain_hash: bytes, path: Path = NO_PATH) -> None:
        """The peer holds this branch up to here (never lowers what it held)."""
        held = self._points.get((incarnation, scope, path))
        if held is None or held.seq < seq:
            receipts = held.receipts if held is not None else {}
            point = StreamPoint(incarnation, scope, seq, mark(chain_hash), receipts, path)
            self._points[point.key] = point

    def add_receipt(self, owed: ReceiptOwed) -> None:
        """The peer holds this receipt. One for a stream it holds nothing of is not in any vector and is passed over."""
        held = self._points.get((owed.incarnation, owed.scope, owed.path))
        if held is not None and held.receipts.get(owed.signer, 0) < owed.seq:
            self._points[held.key] = held._replace(receipts={**held.receipts, owed.signer: owed.seq})

    def add_shown(self, content: Content, points: Iterable[StreamPoint]) -> None:
        """The peer holds what it sent in this message. `points`: what is held here after storing that.

        A branch that grows is not told apart here: the next vector shows it.
        """
        here = {point.key: point for point in points}
        for segment in content.segments:
            point = here.get((segment.incarnation, segment.scope, NO_PATH))
            if point is not None and point.seq == segment.last_seq:
                self.add_events(segment.incarnation, segment.scope, point.seq, point.hash)
        for line in content.receipts:
            self.add_receipt(ReceiptOwed(line.incarnation, line.scope, line.signer, line.seq))

    def agrees(self, announced: bytes | None) -> bool:
        """Whether the digest the peer announced is that of this view."""
        return announced is not None and digest(self._points.values()) == announced
