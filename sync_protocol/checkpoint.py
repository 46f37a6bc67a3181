"""The checkpoint: the root place's daily word on everything it holds, one root over all positions, and how each node
verifies the lines that concern it.

The event is of kind 64 and lies in the root place's own `below:` scope, so everybody holds it; the lines, each with the
path that leads from it to the event's root, travel by themselves (field 23), to whoever follows the stream.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from sync_protocol import limits, merkle
from sync_protocol.encoding import decode, encode
from sync_protocol.errors import BadReceipt, Malformed
from sync_protocol.event import Header, check_bytes, check_int

KIND: Final = 64
VERSION: Final = 1
_COUNT: Final = 0
_ROOT: Final = 1


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One checkpoint event: who wrote it and where, over how many positions, their root, and when (ms, a claim)."""

    author: bytes
    seq: int
    count: int
    root: bytes
    time: int

    @property
    def key(self) -> tuple[bytes, int]:
        """What names it: author and position in the author's stream."""
        return self.author, self.seq


class Line(NamedTuple):
    """One position of a checkpoint, which leaf of its tree that is, and the path from there to the root."""

    incarnation: bytes
    scope: str
    seq: int
    hash: bytes
    leaf: int
    path: tuple[bytes, ...]


class Tree:
    """All positions of one moment, as lines in ascending order of their bytes, under one root."""

    def __init__(self, positions: Iterable[tuple[bytes, int, bytes]]) -> None:
        """`positions`: (stream id, contiguous seq, h(seq)) of every stream held, in any order; at least one."""
        self.lines = sorted((merkle.line(*one), one) for one in positions)
        self._levels = merkle.levels([merkle.leaf(encoded) for encoded, _ in self.lines])

    @property
    def count(self) -> int:
        """How many positions there are."""
        return len(self.lines)

    @property
    def root(self) -> bytes:
        """The root over all of them."""
        return self._levels[-1][0]

    def path(self, index: int) -> tuple[bytes, ...]:
        """The path of the line at an index."""
        return merkle.path(self._levels, index)


def body(count: int, root: bytes) -> bytes:
    """The inline body of a checkpoint event."""
    return encode({_COUNT: count, _ROOT: root})


def read(author: bytes, header: Header) -> Checkpoint:
    """The checkpoint in an event of kind 64. Raises Malformed for another kind, version or body."""
    if (header.kind, header.kind_version) != (KIND, VERSION) or header.case_id is not None:
        raise Malformed("checkpoint: an event of another kind or version, or about a case")
    if header.inline is None:
        raise Malformed("checkpoint: the body must be inline")
    fields = decode(header.inline)
    if type(fields) is not dict or any(type(key) is not int or key < 0 for key in fields):
        raise Malformed("checkpoint: the body must be a map of field numbers")
    count: Any = fields.get(_COUNT)
    root: Any = fields.get(_ROOT)
    check_int("checkpoint count", count, 1, 2**merkle.LONGEST_PATH)
    check_bytes("checkpoint root", root, limits.HASH)
    return Checkpoint(author, header.seq, count, root, header.claimed)


def check(line: Line, stream_id: bytes, count: int, root: bytes) -> None:
    """Return if the line's path leads to the checkpoint's root. Raises BadReceipt."""
    if line.leaf >= count:
        raise BadReceipt(f"checkpoint line: index {line.leaf} of {count}")
    if merkle.root_from(merkle.line(stream_id, line.seq, line.hash), line.leaf, count, line.path) != root:
        raise BadReceipt("checkpoint line: its path does not lead to the checkpoint's root")


def pack_path(path: tuple[bytes, ...]) -> bytes:
    """A path as one byte string."""
    return b"".join(path)


def unpack_path(packed: bytes) -> tuple[bytes, ...]:
    """The path in a byte string made by `pack_path`."""
    return tuple(packed[at : at + limits.HASH] for at in range(0, len(packed), limits.HASH))
