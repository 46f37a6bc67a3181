"""The receipt: a signed statement "I hold this stream up to this position". Those of one moment share one signature."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sync_protocol import limits
from sync_protocol.encoding import decode, encode
from sync_protocol.errors import BadReceipt, BadSignature, Malformed
from sync_protocol.event import check_bytes, check_int
from sync_protocol.suites import SIGNATURE_BYTES, SigningKey, sha256, verify

_LONGEST_PATH: Final = 32


@dataclass(frozen=True, slots=True)
class Receipt:
    """One line of a signer's tree with the path that leads from it to the signed root. `time`: ms since 1970."""

    stream_id: bytes
    seq: int
    hash: bytes
    signer: bytes
    time: int
    count: int
    index: int
    path: tuple[bytes, ...]
    signature: bytes


def _line(stream: bytes, seq: int, chain_hash: bytes) -> bytes:
    return encode([stream, seq, chain_hash])


def _leaf(line: bytes) -> bytes:
    return sha256(b"\x00" + line)


def _join(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right)


def _payload(signer: bytes, time: int, count: int, root: bytes) -> bytes:
    return encode([signer, time, count, root])


def _levels(leaves: list[bytes]) -> list[list[bytes]]:
    """The tree from the leaves up to the root; a last node without a partner moves up unchanged."""
    levels = [leaves]
    while len(levels[-1]) > 1:
        nodes = levels[-1]
        level = [_join(nodes[i], nodes[i + 1]) for i in range(0, len(nodes) - 1, 2)]
        levels.append(level + nodes[-1:] if len(nodes) % 2 else level)
    return levels


def _path(levels: list[list[bytes]], index: int) -> tuple[bytes, ...]:
    path = []
    for nodes in levels[:-1]:
        partner = index ^ 1
        if partner < len(nodes):
            path.append(nodes[partner])
        index //= 2
    return tuple(path)


def sign_all(
    key: SigningKey, network_id: bytes, signer: bytes, time: int, lines: Sequence[tuple[bytes, int, bytes]]
) -> list[Receipt]:
    """One receipt for each (stream id, seq, h(seq)), in the order given, all under one signature; `time` in ms."""
    encoded = [_line(*line) for line in lines]
    if len(set(encoded)) != len(encoded):
        raise ValueError("a line is there twice")
    order = sorted(range(len(encoded)), key=encoded.__getitem__)
    levels = _levels([_leaf(encoded[i]) for i in order])
    signature = key.sign("receipt", network_id, _payload(signer, time, len(lines), levels[-1][0])) if lines else b""
    index_of = {place: index for index, place in enumerate(order)}
    return [
        Receipt(*line, signer, time, len(lines), index_of[i], _path(levels, index_of[i]), signature)
        for i, line in enumerate(lines)
    ]


def root_of(receipt: Receipt) -> bytes:
    """The root that the receipt's path leads to. Raises BadReceipt when the path is too short or too long."""
    node = _leaf(_line(receipt.stream_id, receipt.seq, receipt.hash))
    path = iter(receipt.path)
    index, count = receipt.index, receipt.count
    try:
        while count > 1:
            if index % 2:
                node = _join(next(path), node)
            elif index + 1 < count:
                node = _join(node, next(path))
            index, count = index // 2, (count + 1) // 2
    except StopIteration:
        raise BadReceipt("path: too short for this index and count") from None
    if next(path, None) is not None:
        raise BadReceipt("path: longer than this index and count need")
    return node


def check(receipt: Receipt, suite: int, public: bytes, network_id: bytes) -> None:
    """Return if the signer's key (from the roster) made this receipt. Raises BadReceipt."""
    payload = _payload(receipt.signer, receipt.time, receipt.count, root_of(receipt))
    try:
        verify(suite, public, "receipt", network_id, payload, receipt.signature)
    except BadSignature as error:
        raise BadReceipt(str(error)) from None


def from_values(value: Any) -> Receipt:
    """From the nine values of the stand-alone form. Raises Malformed."""
    if not isinstance(value, list | tuple) or len(value) != 9:
        raise Malformed("receipt: must be an array of 9")
    stream, seq, chain_hash, signer, time, count, index, path, signature = value
    check_bytes("receipt stream id", stream, limits.HASH)
    check_int("receipt seq", seq, 1, limits.INT_MAX)
    check_bytes("receipt hash", chain_hash, limits.HASH)
    check_bytes("receipt signer", signer, limits.INCARNATION)
    check_int("receipt time", time, limits.INT_MIN, limits.INT_MAX)
    check_int("receipt count", count, 1, 2**_LONGEST_PATH)
    check_int("receipt index", index, 0, count - 1)
    if not isinstance(path, list | tuple) or len(path) > _LONGEST_PATH:
        raise Malformed(f"receipt path: must be an array of at most {_LONGEST_PATH}")
    for node in path:
        check_bytes("receipt path", node, limits.HASH)
    check_bytes("receipt signature", signature, SIGNATURE_BYTES)
    return Receipt(stream, seq, chain_hash, signer, time, count, index, tuple(path), signature)


def to_values(receipt: Receipt) -> list[Any]:
    """The nine values of the stand-alone form of section 4."""
    return [
        receipt.stream_id,
        receipt.seq,
        receipt.hash,
        receipt.signer,
        receipt.time,
        receipt.count,
        receipt.index,
        list(receipt.path),
        receipt.signature,
    ]


def to_bytes(receipt: Receipt) -> bytes:
    """The stand-alone form, encoded."""
    return encode(to_values(receipt))


def from_bytes(raw: bytes) -> Receipt:
    """From the stand-alone form; its signature is not judged here. Raises Malformed, TooLarge."""
    return from_values(decode(raw, limit=limits.HEADER, maps=False))
