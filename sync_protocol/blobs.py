"""Files beside the events: how a manifest binds every chunk, which chunks are missing, and who signs for a whole one.

A file is known by its scope and the SHA-256 of its bytes. Whether the same bytes lie in another scope nobody is told.
"""

from collections.abc import Container
from dataclasses import dataclass
from typing import NamedTuple

from sync_protocol import limits
from sync_protocol.encoding import encode
from sync_protocol.errors import BadReceipt, BadSignature
from sync_protocol.suites import SigningKey, sha256, verify


class Manifest(NamedTuple):
    """What a signed event says of a file. ``chunks``: the SHA-256 of each chunk, one after another."""

    hash: bytes
    size: int
    chunks: bytes

    @property
    def chunk_count(self) -> int:
        """How many chunks there are."""
        return len(self.chunks) // limits.HASH

    def length(self, number: int) -> int:
        """How many bytes a chunk has, counted from 0."""
        return min(limits.BLOB_CHUNK, self.size - number * limits.BLOB_CHUNK)

    def is_chunk(self, number: int, raw: bytes) -> bool:
        """Whether these bytes are that chunk."""
        at = number * limits.HASH
        return len(raw) == self.length(number) and sha256(raw) == self.chunks[at : at + limits.HASH]


def manifest_of(raw: bytes) -> Manifest:
    """The manifest of a file of at least one byte."""
    starts = range(0, len(raw), limits.BLOB_CHUNK)
    chunks = b"".join(sha256(raw[start : start + limits.BLOB_CHUNK]) for start in starts)
    return Manifest(sha256(raw), len(raw), chunks)


def bitmap(numbers: Container[int], count: int) -> bytes:
    """A bit for each of so many chunks, the first one the highest of the first byte; set for these numbers."""
    found = bytearray(-(-count // 8))
    for number in range(count):
        if number in numbers:
            found[number // 8] |= 128 >> number % 8
    return bytes(found)


def numbers_in(bits: bytes, count: int) -> list[int]:
    """The numbers that a bitmap has set, ascending, of so many chunks."""
    return [number for number in range(min(count, 8 * len(bits))) if bits[number // 8] & 128 >> number % 8]


@dataclass(frozen=True, slots=True)
class BlobReceipt:
    """A signed word that a whole file is on the disk of its signer. `time`: ms since 1970 by the signer's clock."""

    scope: str
    hash: bytes
    signer: bytes
    time: int
    signature: bytes


def _payload(scope: str, blob: bytes, signer: bytes, time: int) -> bytes:
    return encode([scope, blob, signer, time])


def sign(key: SigningKey, network_id: bytes, signer: bytes, time: int, scope: str, blob: bytes) -> BlobReceipt:
    """The receipt for a file that is synced to the disk. `time` in ms."""
    signature = key.sign("blob", network_id, _payload(scope, blob, signer, time))
    return BlobReceipt(scope, blob, signer, time, signature)


def check(receipt: BlobReceipt, suite: int, public: bytes, network_id: bytes) -> None:
    """Return if the signer's key (from the roster) made this receipt. Raises BadReceipt."""
    payload = _payload(receipt.scope, receipt.hash, receipt.signer, receipt.time)
    try:
        verify(suite, public, "blob", network_id, payload, receipt.signature)
    except BadSignature as error:
        raise BadReceipt(str(error)) from None
