"""Pieces of one message become chunks: those that are complete go to the shelf, what is left over is kept for the next.

What is left over lies in the database, encrypted like the file: so a restart costs none of it, and a piece that another
worker hears goes on where this one stopped.
"""

from collections.abc import Callable, Iterable
from typing import Final

from sync_protocol import blobs as files
from sync_protocol import limits
from sync_protocol.blobs import Manifest
from sync_protocol.exchange import Piece
from village_node.shelf import Shelf
from village_node.store.blob_parts import PartRow
from village_node.store.blobs import BlobKey, BlobRow

_NOTHING: Final = (-1, b"")


class Piecing:
    """The pieces of one message, put together.

    ``grown``: files of which a chunk more is on the shelf; ``wrong``: pieces that ended a chunk which does not fit;
    ``ended``: chunks that were complete, either way; ``moved``: files of which anything was taken.
    """

    def __init__(self, shelf: Shelf, randomness: Callable[[int], bytes], now_ms: int) -> None:
        """`randomness`: for what is kept of unfinished chunks."""
        self._shelf = shelf
        self._randomness = randomness
        self._now_ms = now_ms
        self._begun: dict[BlobKey, tuple[int, bytes]] = {}
        self._rows: dict[BlobKey, BlobRow] = {}
        self.grown: dict[BlobKey, BlobRow] = {}
        self.wrong: list[Piece] = []
        self.ended: set[tuple[BlobKey, int]] = set()
        self.moved: set[BlobKey] = set()

    def go_on(self, rows: dict[BlobKey, BlobRow], held: Iterable[PartRow]) -> None:
        """From what is held of these files."""
        self._rows = rows
        for part in held:
            row = rows.get(part.blob)
            if row is not None and row.name == part.name:
                raw = self._shelf.open_part(row.name, row.key, about_file(row.blob), part.number, part.raw)
                if raw is not None:
                    self._begun[part.blob] = part.number, raw

    def take(self, piece: Piece) -> None:
        """One piece: it begins a chunk, goes on from what is held of it, or is passed over. Raises OSError."""
        blob = piece[:2]
        row = self.grown.get(blob) or self._rows[blob]
        manifest = Manifest(row.hash, row.size, row.chunks)
        number, at = divmod(piece.offset, limits.BLOB_CHUNK)
        if number >= manifest.chunk_count or number in files.numbers_in(row.here, manifest.chunk_count):
            return
        begun, raw = self._begun.get(blob, _NOTHING)
        if number != begun:
            raw = b""
        if at > len(raw):
            return
        if at + len(piece.raw) <= len(raw):
            return  # another worker has taken more than this
        raw += piece.raw[len(raw) - at :]
        self.moved.add(blob)
        if len(raw) < manifest.length(number):
            self._begun[blob] = number, raw
            return
        if number == begun:
            del self._begun[blob]
        if not manifest.is_chunk(number, raw):
            self.wrong.append(piece)
            self.ended.add((blob, number))
            return
        self._shelf.put(row.name, row.key, about_file(blob), number, raw)
        self.ended.add((blob, number))
        here = {number, *files.numbers_in(row.here, manifest.chunk_count)}
        self.grown[blob] = row._replace(here=files.bitmap(here, manifest.chunk_count))

    def left_over(self, blob: BlobKey) -> PartRow | None:
        """What is to be kept of a file's next chunk; None where nothing is begun."""
        begun = self._begun.get(blob)
        if begun is None:
            return None
        row, (number, raw) = self._rows[blob], begun
        sealed = self._shelf.seal_part(row.name, row.key, self._randomness, about_file(blob), number, raw)
        if sealed is None:
            return None
        return PartRow(*blob, row.name, number, len(raw), sealed, self._now_ms)


def about_file(blob: BlobKey) -> bytes:
    """What the chunks of a file on the shelf are bound to."""
    return blob[0].encode() + blob[1]
