"""What a node holds of the streams it shares with another: stream points, the vector made of them and its digest."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from sync_protocol import limits
from sync_protocol.encoding import encode_own
from sync_protocol.errors import Malformed, TooLarge
from sync_protocol.event import check_bytes, check_int, mark
from sync_protocol.exchange.forks import NO_PATH, SHATTERED, Path, path_values, read_path
from sync_protocol.places import PlaceTree
from sync_protocol.suites import sha256
from sync_protocol.wire import Tables

DIGEST_BYTES = 8  # as many as the marks it is made of: more would tell nothing more

Stream = tuple[bytes, str]  # incarnation, scope
Branch = tuple[bytes, str, Path]


class StreamPoint(NamedTuple):
    """One stream as one side holds it: the contiguous position (1 and up), the chain hash there, the receipts held.

    `hash` is 32 bytes of our own streams, or only the mark (8 bytes) where a peer told it. `receipts`: signer's
    incarnation -> highest position, of the signers on the other side than the author (`other_side`).

    `path` is empty but for a stream known to be forked, which has a point for each branch: the proven arms that it runs
    over. One whose last arm lies beyond `seq` is known of, and nothing is held of it yet.
    """

    incarnation: bytes
    scope: str
    seq: int
    hash: bytes
    receipts: Mapping[bytes, int]
    path: Path = NO_PATH

    @property
    def stream(self) -> Stream:
        """The stream; several branches of it may have a point."""
        return self.incarnation, self.scope

    @property
    def key(self) -> Branch:
        """The key under which points are compared."""
        return self.incarnation, self.scope, self.path

    @property
    def is_stub(self) -> bool:
        """Whether nothing is held of the branch itself."""
        return bool(self.path) and self.seq < self.path[-1][0]


def other_side(places: PlaceTree, child_place: str, author_place: str, signer_place: str) -> bool:
    """Whether signer and author stand on different sides of the hop between `child_place` and its ancestor.

    Raises UnknownPlace.
    """
    return places.covers(child_place, author_place) != places.covers(child_place, signer_place)


def shattered(points: Iterable[StreamPoint]) -> set[Stream]:
    """The streams that a vector shows to have more arms than are kept."""
    return {point.stream for point in points if point.path == SHATTERED}


def shattered_point(incarnation: bytes, scope: str) -> StreamPoint:
    """What a vector shows of such a stream, beside the branches that are held of it."""
    return StreamPoint(incarnation, scope, 0, bytes(limits.HASH), {}, SHATTERED)


def digest(points: Iterable[StreamPoint]) -> bytes:
    """8 bytes that are equal on two sides exactly when neither owes the other anything (section 7.2).

    Of a shattered stream that it is one is all that counts: which of its arms are kept may differ from side to side.
    """
    points = list(points)
    gone = shattered(points)
    entries = [
        [
            point.incarnation,
            point.scope,
            point.seq,
            mark(point.hash),
            sorted(map(list, point.receipts.items())),
            *([path_values(point.path)] if point.path else ()),
        ]
        for point in sorted(points, key=_order)
        if point.stream not in gone or point.path == SHATTERED
    ]
    return sha256(encode_own(entries))[:DIGEST_BYTES]


def _order(point: StreamPoint) -> tuple[str, bytes, Path]:
    return point.scope, point.incarnation, point.path


def vector_values(points: Iterable[StreamPoint], tables: Tables) -> list[Any]:
    """The vector as field 4 carries it; incarnations and scopes enter `tables`."""
    entries = []
    for point in points:
        receipts: list[int] = []
        for signer, seq in sorted(point.receipts.items()):
            receipts += (tables.incarnation(signer), seq)
        stream = tables.stream(point.incarnation, point.scope)
        path = [path_values(point.path)] if point.path else []
        entries.append([stream, point.seq, mark(point.hash), receipts, *path])
    return entries


def read_vector(value: Any, tables: Tables) -> list[StreamPoint]:
    """The points that field 4 tells. Raises Malformed, TooLarge."""
    if not isinstance(value, list):
        raise Malformed("vector: must be an array")
    if len(value) > limits.VECTOR_ENTRIES:
        raise TooLarge(f"vector: {len(value)} entries, at most {limits.VECTOR_ENTRIES}")
    points = [_read_point(entry, tables) for entry in value]
    if len({point.key for point in points}) != len(points):
        raise Malformed("vector: a stream is named twice")
    return points


def _read_point(entry: Any, tables: Tables) -> StreamPoint:
    if not isinstance(entry, list) or len(entry) not in (4, 5):
        raise Malformed("vector: each entry must be [stream, seq, mark, receipts], with the path of a branch behind")
    stream, seq, chain_mark, receipts = entry[:4]
    path = read_path(entry[4]) if len(entry) == 5 else NO_PATH
    if len(entry) == 5 and not path:
        raise Malformed("vector path: must not be empty")
    check_int("vector seq", seq, 0 if path else 1, limits.INT_MAX)
    check_bytes("vector mark", chain_mark, limits.MARK)
    if not isinstance(receipts, list) or len(receipts) % 2:
        raise Malformed("vector receipts: must be pairs of signer and seq")
    held: dict[bytes, int] = {}
    for signer, signed in zip(receipts[::2], receipts[1::2], strict=True):
        check_int("vector receipt seq", signed, 1, limits.INT_MAX)
        held[tables.incarnation_at(signer)] = signed
    if len(held) * 2 != len(receipts):
        raise Malformed("vector receipts: a signer is named twice")
    incarnation, scope = tables.stream_at(stream)
    return StreamPoint(incarnation, scope, seq, chain_mark, held, path)
