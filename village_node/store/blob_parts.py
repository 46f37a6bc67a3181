"""What has come so far of the next chunk of a file: kept for whichever worker hears the rest, and over a restart."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection

from village_node.store import rows
from village_node.store.blobs import BlobKey
from village_node.store.tables.blobs import BLOB_PARTS

HELD: Final = 256  # of all files; whose is older makes way, and is asked for again from the chunk's first byte
_COLUMNS: Final = ", ".join(column.name for column in BLOB_PARTS.columns)


class PartRow(NamedTuple):
    """One row of ``blob_parts``, in the order of its columns. ``name``: of the file on the shelf that it is for;
    ``number``: of the chunk; ``held``: so many bytes of it, which ``raw`` has encrypted under the file's key."""

    scope: str
    hash: bytes
    name: str
    number: int
    held: int
    raw: bytes
    at_ms: int

    @property
    def blob(self) -> BlobKey:
        """The file it is of."""
        return self.scope, self.hash


def get(connection: Connection, blobs: Iterable[BlobKey]) -> dict[BlobKey, PartRow]:
    """What is held of these files' next chunks."""
    words = f"SELECT {_COLUMNS} FROM blob_parts WHERE (scope, hash) IN (KEYS)"  # noqa: S608
    found = (PartRow._make(row) for row in rows.ask_among(connection, words, blobs))
    return {row.blob: row for row in found}


def keep(connection: Connection, new: Sequence[PartRow]) -> None:
    """Keep these in the place of what was held of the same files; beyond so many the oldest make way."""
    if not new:
        return
    rows.put(connection, BLOB_PARTS, new)
    count = rows.ask(connection, "SELECT count(*) FROM blob_parts")[0][0]
    if count > HELD:
        oldest = "SELECT scope, hash FROM blob_parts ORDER BY at_ms, scope, hash LIMIT ?"
        forget(connection, [(row[0], row[1]) for row in rows.ask(connection, oldest, (count - HELD,))])


def forget(connection: Connection, blobs: Iterable[BlobKey]) -> None:
    """Nothing is held of these any more: they are whole, dropped, or what was held did not fit."""
    for blob in sorted(set(blobs)):
        rows.do(connection, "DELETE FROM blob_parts WHERE scope = ? AND hash = ?", blob)
