"""Field 23.3: files that are asked for, pieces of them, and receipts for whole ones. The last lane of every message."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sync_protocol import limits
from sync_protocol.blobs import BlobReceipt
from sync_protocol.errors import Malformed, TooLarge
from sync_protocol.event import check_bytes, check_int
from sync_protocol.suites import SIGNATURE_BYTES
from sync_protocol.wire import Tables

_BITS = limits.BLOB // limits.BLOB_CHUNK // 8


class BlobWant(NamedTuple):
    """A file that is not whole here. ``held``: so many bytes of the first chunk that ``missing`` has are here already.
    No bit set in ``missing``: the file is here, and the receipts for it are asked for."""

    scope: str
    hash: bytes
    held: int
    missing: bytes


class Piece(NamedTuple):
    """Some bytes of one chunk of a file, and where in the file they begin."""

    scope: str
    hash: bytes
    offset: int
    raw: bytes


@dataclass(slots=True)
class BlobTalk:
    """What one message says of files."""

    wants: list[BlobWant] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)
    receipts: list[BlobReceipt] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.wants or self.pieces or self.receipts)


def blob_values(talk: BlobTalk, tables: Tables) -> list[Any]:
    """The field as it travels."""
    return [
        [[tables.scope(each.scope), *each[1:]] for each in talk.wants],
        [[tables.scope(each.scope), *each[1:]] for each in talk.pieces],
        [
            [tables.scope(each.scope), each.hash, tables.incarnation(each.signer), each.time, each.signature]
            for each in talk.receipts
        ],
    ]


def read_blobs(value: Any, tables: Tables) -> BlobTalk:
    """What the field says. Raises Malformed, TooLarge; whether a piece fits its manifest is told where that is held."""
    if type(value) is not list or len(value) != 3 or not all(type(rows) is list for rows in value):
        raise Malformed("blobs: must be an array of wants, pieces and receipts")
    talk = BlobTalk()
    bounds = (limits.BLOB_WANTS, 4), (limits.BLOB_PIECES, 4), (limits.BLOB_RECEIPTS, 5)
    for rows, (most, width) in zip(value, bounds, strict=True):
        if len(rows) > most:
            raise TooLarge(f"blobs: {len(rows)} rows of one kind, at most {most}")
        if not all(type(row) is list and len(row) == width for row in rows):
            raise Malformed(f"blobs: each must be an array of {width}")
    for scope, blob, held, missing in value[0]:
        check_bytes("blob hash", blob, limits.HASH)
        check_int("blob held", held, 0, limits.BLOB_CHUNK - 1)
        if type(missing) is not bytes or len(missing) > _BITS:
            raise Malformed(f"blob bitmap: must be at most {_BITS} bytes")
        talk.wants.append(BlobWant(tables.scope_at(scope), blob, held, missing))
    for scope, blob, offset, raw in value[1]:
        check_bytes("blob hash", blob, limits.HASH)
        check_int("blob offset", offset, 0, limits.BLOB - 1)
        if type(raw) is not bytes or not 1 <= len(raw) <= limits.BLOB_CHUNK - offset % limits.BLOB_CHUNK:
            raise Malformed("blob piece: must be bytes of one chunk")
        talk.pieces.append(Piece(tables.scope_at(scope), blob, offset, raw))
    for scope, blob, signer, time, signature in value[2]:
        check_bytes("blob hash", blob, limits.HASH)
        check_int("blob receipt time", time, limits.INT_MIN, limits.INT_MAX)
        check_bytes("blob receipt signature", signature, SIGNATURE_BYTES)
        talk.receipts.append(BlobReceipt(tables.scope_at(scope), blob, tables.incarnation_at(signer), time, signature))
    return talk
