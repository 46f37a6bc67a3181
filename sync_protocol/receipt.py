"""The receipt: a signed statement "I hold this stream up to this position". Those of one moment share one signature."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sync_protocol import limits, merkle
from sync_protocol.encoding import decode, encode
from sync_protocol.errors import BadReceipt, BadSignature, Malformed
from sync_protocol.event import check_bytes, check_int
from sync_protocol.suites import SIGNATURE_BYTES, SigningKey, verify

Line = tuple[bytes, int, bytes]  # stream id, seq, h(seq)


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


def _payload(signer: bytes, time: int, count: int, root: bytes) -> bytes:
    return encode([signer, time, count, root])


class Tree:
    """The lines of one moment of one signer, and what else he signs with them: one root, and so one signature.

    `beside`: bytes that are no line, whose leaf stands behind those of all lines (a reply, section 7).
    """

    def __init__(self, signer: bytes, time: int, lines: Sequence[Line], beside: bytes | None = None) -> None:
        """`time`: ms since 1970; at least one line, or something beside."""
        encoded = [merkle.line(*line) for line in lines]
        if len(set(encoded)) != len(encoded):
            raise ValueError("a line is there twice")
        order = sorted(range(len(encoded)), key=encoded.__getitem__)
        leaves = [merkle.leaf(encoded[i]) for i in order]
        if beside is not None:
            leaves.append(merkle.leaf(beside))
        self._levels = merkle.levels(leaves)
        self._index = {place: index for index, place in enumerate(order)}
        self._lines, self._signer, self._time, self._count = lines, signer, time, len(leaves)

    @property
    def payload(self) -> bytes:
        """What is signed, under the label `receipt`."""
        return _payload(self._signer, self._time, self._count, self._levels[-1][0])

    def receipts(self, signature: bytes) -> list[Receipt]:
        """One receipt for each line, in the order given."""
        return [
            Receipt(
                *line,
                self._signer,
                self._time,
                self._count,
                self._index[i],
                merkle.path(self._levels, self._index[i]),
                signature,
            )
            for i, line in enumerate(self._lines)
        ]


def sign_all(key: SigningKey, network_id: bytes, signer: bytes, time: int, lines: Sequence[Line]) -> list[Receipt]:
    """One receipt for each (stream id, seq, h(seq)), in the order given, all under one signature; `time` in ms."""
    if not lines:
        return []
    tree = Tree(signer, time, lines)
    return tree.receipts(key.sign("receipt", network_id, tree.payload))


def root_of(receipt: Receipt) -> bytes:
    """The root that the receipt's path leads to. Raises BadReceipt when the path is too short or too long."""
    line = merkle.line(receipt.stream_id, receipt.seq, receipt.hash)
    return merkle.root_from(line, receipt.index, receipt.count, receipt.path)


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
    check_int("receipt count", count, 1, 2**merkle.LONGEST_PATH)
    check_int("receipt index", index, 0, count - 1)
    siblings = merkle.check_path("receipt path", path)
    check_bytes("receipt signature", signature, SIGNATURE_BYTES)
    return Receipt(stream, seq, chain_hash, signer, time, count, index, siblings, signature)


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
