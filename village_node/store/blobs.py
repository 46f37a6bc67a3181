"""Files beside the events, as the database knows them; their bytes lie on the shelf (village_node/shelf.py)."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection

from village_node.store import rows
from village_node.store.locks import CaseKey
from village_node.store.tables.blobs import BLOB_CASES, BLOB_RECEIPTS, BLOBS

MISSING: Final = 0
HERE: Final = 1
DROPPED: Final = 2  # as the bodies of its case were
WRONG: Final = 3  # every chunk fits the manifest, and the whole does not

PREVIEW: Final = 0
ORIGINAL: Final = 1
ENDED: Final = 2  # of a paper that another has taken the place of

BlobKey = tuple[str, bytes]  # scope, SHA-256
ClearKey = tuple[str, bytes, str, bytes]  # scope, SHA-256, name, key
_COLUMNS: Final = ", ".join(f"blobs.{column.name}" for column in BLOBS.columns)
_RECEIPT_COLUMNS: Final = ", ".join(f"blob_receipts.{column.name}" for column in BLOB_RECEIPTS.columns)


class BlobRow(NamedTuple):
    """One row of ``blobs``, in the order of its columns. ``place``: of the author; ``here``: a bitmap of the chunks
    that are on the shelf under ``name``, encrypted with ``key``; ``lane``: what is fetched first."""

    scope: str
    hash: bytes
    size: int
    chunks: bytes
    lane: int
    place: str
    state: int
    here: bytes
    name: str
    key: bytes
    known_ms: int

    @property
    def blob(self) -> BlobKey:
        """What it is known by."""
        return self.scope, self.hash


class ReceiptRow(NamedTuple):
    """One row of ``blob_receipts``, in the order of its columns. ``time``: by the signer's clock, the other by ours."""

    scope: str
    hash: bytes
    signer: bytes
    time: int
    signature: bytes
    told: int
    arrived_ms: int


def get(connection: Connection, blobs: Iterable[BlobKey]) -> dict[BlobKey, BlobRow]:
    """These blobs, those of which nothing is known left out."""
    words = f"SELECT {_COLUMNS} FROM blobs WHERE (scope, hash) IN (KEYS)"  # noqa: S608
    found = (BlobRow._make(row) for row in rows.ask_among(connection, words, blobs))
    return {row.blob: row for row in found}


def locked(connection: Connection, blobs: Iterable[BlobKey]) -> dict[BlobKey, BlobRow]:
    """These blobs as they are now and stay, but for what the caller writes, to the end of the transaction."""
    if connection.dialect.name == "sqlite":  # nobody else writes since this transaction began
        return get(connection, blobs)
    words = (
        f"SELECT {_COLUMNS} FROM blobs WHERE (scope, hash) IN (KEYS)"  # noqa: S608
        " ORDER BY blobs.scope, blobs.hash FOR UPDATE OF blobs"
    )
    found = (BlobRow._make(row) for row in rows.ask_among(connection, words, blobs))
    return {row.blob: row for row in found}


def of_names(connection: Connection, names: Iterable[str]) -> set[str]:
    """Those of these names under which bytes of a blob may lie."""
    words = f"SELECT name FROM blobs WHERE state <> {DROPPED} AND name IN (KEYS)"  # noqa: S608
    return {row[0] for row in rows.ask_among(connection, words, names)}


def of_case(connection: Connection, key: CaseKey) -> list[BlobRow]:
    """The blobs that a case names."""
    words = (
        f"SELECT {_COLUMNS} FROM blob_cases JOIN blobs ON blobs.scope = blob_cases.scope"  # noqa: S608
        " AND blobs.hash = blob_cases.hash WHERE blob_cases.case_id = ? AND blob_cases.scope = ?"
    )
    return sorted(BlobRow._make(row) for row in rows.ask(connection, words, (key[1], key[0])))


def name(connection: Connection, key: CaseKey, blobs: Iterable[BlobKey]) -> None:
    """Remember that a case names these."""
    rows.put(connection, BLOB_CASES, [(*blob, key[1]) for blob in blobs], keep=True)


def unname(connection: Connection, key: CaseKey) -> None:
    """Forget what a case names: its bodies are not here any more."""
    rows.do(connection, "DELETE FROM blob_cases WHERE case_id = ? AND scope = ?", (key[1], key[0]))


def named(connection: Connection, blobs: Iterable[BlobKey]) -> set[BlobKey]:
    """Those of these that a case names."""
    words = "SELECT DISTINCT scope, hash FROM blob_cases WHERE (scope, hash) IN (KEYS)"
    return {(row[0], row[1]) for row in rows.ask_among(connection, words, blobs)}


def missing(connection: Connection, most: int) -> dict[str, list[BlobRow]]:
    """What is not whole here, by the place of its author, so that none stands in the way of others: of each place what
    is fetched first in front, and so many at most."""
    words = (
        f"SELECT {_COLUMNS} FROM"  # noqa: S608
        " (SELECT scope, hash, row_number() OVER (PARTITION BY place ORDER BY lane, known_ms, hash) AS turn"
        " FROM blobs WHERE state = 0) AS waiting"
        " JOIN blobs ON blobs.scope = waiting.scope AND blobs.hash = waiting.hash WHERE waiting.turn <= ?"
        " ORDER BY blobs.lane, blobs.known_ms, blobs.hash"
    )
    found: dict[str, list[BlobRow]] = {}
    for row in map(BlobRow._make, rows.ask(connection, words, (most,))):
        found.setdefault(row.place, []).append(row)
    return found


def missing_by_place(connection: Connection) -> list[tuple[str, int, int]]:
    """Of each author's place with originals that are not whole here: how many, and since when the oldest is known."""
    words = f"SELECT place, count(*), min(known_ms) FROM blobs WHERE state = {MISSING} AND lane > 0 GROUP BY place"  # noqa: S608
    return [(row[0], int(row[1]), int(row[2])) for row in rows.ask(connection, words)]


def whole_in(connection: Connection, scopes: Iterable[str], since_ms: int) -> list[BlobRow]:
    """What is whole here of these scopes and came to be known since a moment, what is fetched first in front."""
    words = f"SELECT {_COLUMNS} FROM blobs WHERE state = {HERE} AND known_ms >= {int(since_ms)} AND scope IN (KEYS)"  # noqa: S608
    found = (BlobRow._make(row) for row in rows.ask_among(connection, words, scopes))
    return sorted(found, key=lambda row: (row.lane, row.known_ms, row.blob))


def not_signed(connection: Connection, signers: Iterable[bytes]) -> list[BlobRow]:
    """What is whole here and none of these has signed for, what is fetched first in front."""
    asked = sorted(signers)
    words = (
        f"SELECT {_COLUMNS} FROM blobs WHERE state = {HERE} AND {_not_signed_by(asked)}"  # noqa: S608
        " ORDER BY lane, known_ms, scope, hash"
    )
    return [BlobRow._make(row) for row in rows.ask(connection, words, asked)]


def waiting_to_leave(connection: Connection, place: str, signers: Iterable[bytes]) -> tuple[int, int, int | None]:
    """Of the originals of this place that are whole here and none of these has signed for: how many there are, their
    bytes, and since when the oldest is here."""
    asked = sorted(signers)
    words = (
        f"SELECT count(*), coalesce(sum(size), 0), min(known_ms) FROM blobs WHERE state = {HERE} AND lane > 0"  # noqa: S608
        f" AND place = ? AND {_not_signed_by(asked)}"
    )
    count, size, since_ms = rows.ask(connection, words, (place, *asked))[0]
    return int(count), int(size), since_ms


def _not_signed_by(signers: Sequence[bytes]) -> str:
    by = f"blob_receipts.signer IN ({', '.join('?' for _ in signers)})" if signers else "1 = 0"
    return (
        "NOT EXISTS (SELECT 1 FROM blob_receipts WHERE blob_receipts.scope = blobs.scope"  # noqa: S608
        f" AND blob_receipts.hash = blobs.hash AND {by})"
    )


def put(connection: Connection, new: Sequence[BlobRow], *, keep: bool = False) -> None:
    """Store rows; with ``keep`` those that are known stay as they are."""
    rows.put(connection, BLOBS, new, keep=keep)


def grow(connection: Connection, grown: Iterable[BlobRow]) -> None:
    """Store how far these have come, where each is still wanted under its name; nothing else of a row."""
    words = "UPDATE blobs SET here = ?, state = ? WHERE scope = ? AND hash = ? AND state = 0 AND name = ?"
    for row in grown:
        rows.do(connection, words, (row.here, row.state, *row.blob, row.name))


def lose(connection: Connection, row: BlobRow, name: str, key: bytes) -> bool:
    """Want a blob again, under a new name and key; whether it still was whole under its old name."""
    words = (
        "UPDATE blobs SET state = 0, here = ?, name = ?, key = ?"
        " WHERE scope = ? AND hash = ? AND state = 1 AND name = ?"
    )
    return rows.do(connection, words, (b"", name, key, *row.blob, row.name)) > 0


def wrapped(connection: Connection, size: int) -> list[BlobRow]:
    """Those whose key is wrapped; ``size``: of one that is not."""
    words = f"SELECT {_COLUMNS} FROM blobs WHERE length(key) > ?"  # noqa: S608
    return [BlobRow._make(row) for row in rows.ask(connection, words, (size,))]


def forget(connection: Connection, row: BlobRow, name: str, key: bytes) -> None:
    """Want a blob anew, under a new name and key: nobody can open what came of it."""
    words = "UPDATE blobs SET state = 0, here = ?, name = ?, key = ? WHERE scope = ? AND hash = ? AND name = ?"
    rows.do(connection, words, (b"", name, key, *row.blob, row.name))


def any_wrapped(connection: Connection, size: int) -> bool:
    """Whether the key of any file is wrapped; ``size``: of one that is not."""
    return bool(rows.ask(connection, "SELECT 1 FROM blobs WHERE length(key) > ? LIMIT 1", (size,)))


def in_the_clear(connection: Connection, size: int, most: int) -> list[ClearKey]:
    """Of those whose key has the size of one that is not wrapped so many: scope, hash, name and key."""
    words = "SELECT scope, hash, name, key FROM blobs WHERE length(key) = ? LIMIT ?"
    return [(scope, hash_, name, key) for scope, hash_, name, key in rows.ask(connection, words, (size, most))]


def rekey(connection: Connection, clear: ClearKey, key: bytes) -> None:
    """Store the same key in another form, where the file is still the same."""
    words = "UPDATE blobs SET key = ? WHERE scope = ? AND hash = ? AND name = ? AND key = ?"
    rows.do(connection, words, (key, *clear))


def written_since(connection: Connection, place: str, since_ms: int) -> int:
    """How many bytes of originals of this place have become known since a moment."""
    words = "SELECT coalesce(sum(size), 0) FROM blobs WHERE place = ? AND known_ms >= ? AND lane > 0"
    return int(rows.ask(connection, words, (place, since_ms))[0][0])


def receipts_of(connection: Connection, blobs: Iterable[BlobKey]) -> list[ReceiptRow]:
    """Every receipt for these blobs."""
    words = f"SELECT {_RECEIPT_COLUMNS} FROM blob_receipts WHERE (scope, hash) IN (KEYS)"  # noqa: S608
    return [ReceiptRow._make(row) for row in rows.ask_among(connection, words, blobs)]


def untold(connection: Connection) -> list[tuple[ReceiptRow, str]]:
    """Receipts that the child on the way to the author may not have, each with the author's place."""
    words = (
        f"SELECT {_RECEIPT_COLUMNS}, blobs.place FROM blob_receipts JOIN blobs ON blobs.scope = blob_receipts.scope"  # noqa: S608
        " AND blobs.hash = blob_receipts.hash WHERE blob_receipts.told = 0"
        " ORDER BY blob_receipts.time, blob_receipts.hash"
    )
    return [(ReceiptRow._make(row[:-1]), row[-1]) for row in rows.ask(connection, words)]


def keep_receipts(connection: Connection, new: Sequence[ReceiptRow]) -> None:
    """Store receipts; one that is held stays as it is."""
    rows.put(connection, BLOB_RECEIPTS, new, keep=True)


def note_told(connection: Connection, told: Iterable[tuple[str, bytes, bytes]]) -> None:
    """Remember that the child has these (scope, hash, signer)."""
    words = "UPDATE blob_receipts SET told = 1 WHERE scope = ? AND hash = ? AND signer = ?"
    for key in told:
        rows.do(connection, words, key)
