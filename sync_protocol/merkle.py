"""The Merkle tree over lines [stream id, seq, h(seq)]: receipts and checkpoints are lines under one root."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from sync_protocol import limits
from sync_protocol.encoding import encode
from sync_protocol.errors import BadReceipt, Malformed
from sync_protocol.event import check_bytes
from sync_protocol.suites import sha256

LONGEST_PATH: Final = 32

Levels = list[list[bytes]]


def line(stream: bytes, seq: int, chain_hash: bytes) -> bytes:
    """The bytes of one line; lines stand in ascending order of these."""
    return encode([stream, seq, chain_hash])


def leaf(encoded: bytes) -> bytes:
    """The leaf of a line's bytes."""
    return sha256(b"\x00" + encoded)


def _join(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right)


def levels(leaves: list[bytes]) -> Levels:
    """The tree from the leaves up to the root; a last node without a partner moves up unchanged."""
    made = [leaves]
    while len(made[-1]) > 1:
        nodes = made[-1]
        level = [_join(nodes[i], nodes[i + 1]) for i in range(0, len(nodes) - 1, 2)]
        made.append(level + nodes[-1:] if len(nodes) % 2 else level)
    return made


def path(tree: Levels, index: int) -> tuple[bytes, ...]:
    """The siblings from the leaf at an index upward."""
    found = []
    for nodes in tree[:-1]:
        partner = index ^ 1
        if partner < len(nodes):
            found.append(nodes[partner])
        index //= 2
    return tuple(found)


def root_from(encoded: bytes, index: int, count: int, siblings: Iterable[bytes]) -> bytes:
    """The root that a line's path leads to. Raises BadReceipt when the path is too short or too long."""
    node = leaf(encoded)
    left = iter(siblings)
    try:
        while count > 1:
            if index % 2:
                node = _join(next(left), node)
            elif index + 1 < count:
                node = _join(node, next(left))
            index, count = index // 2, (count + 1) // 2
    except StopIteration:
        raise BadReceipt("path: too short for this index and count") from None
    if next(left, None) is not None:
        raise BadReceipt("path: longer than this index and count need")
    return node


def check_path(name: str, value: Any) -> tuple[bytes, ...]:
    """A path as it came: an array of at most 32 hashes. Raises Malformed."""
    if not isinstance(value, Sequence) or isinstance(value, bytes | str) or len(value) > LONGEST_PATH:
        raise Malformed(f"{name}: must be an array of at most {LONGEST_PATH}")
    for node in value:
        check_bytes(name, node, limits.HASH)
    return tuple(value)
