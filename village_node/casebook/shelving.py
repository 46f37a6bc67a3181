"""What every part of the casebook that handles files shares: the shelf, and what is still to be done about it."""

from typing import Any, Final

from village_node.casebook.office import Office
from village_node.shelf import Shelf
from village_node.store import blobs
from village_node.store.blobs import MISSING, BlobKey, BlobRow

NAME_BYTES: Final = 16
KEY_BYTES: Final = 32


class Shelving(Office):
    """The room with the shelf; there is none before the files of our lives are known."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        """As for every part of the casebook."""
        self._shelf: Shelf | None = None
        # Files of which a purge has missed the root place's word: asked for with the next request.
        self._receipts_lacking: dict[BlobKey, None] = {}
        self._dropped_names: list[str] = []
        super().__init__(*arguments, **named)

    def sweep_blobs(self) -> None:
        """After the commit: remove what nobody can open any more."""
        names, self._dropped_names = self._dropped_names, []
        for name in names:
            if self._shelf is not None:
                self._shelf.drop(name)

    def lose(self, row: BlobRow) -> None:
        """The bytes of a file that was whole are gone, or others: it is wanted like one that never came. Raises
        NotSaved."""
        name, key = drawn(self)
        with self.store.writing() as connection:
            blobs.put(connection, [row._replace(state=MISSING, here=b"", name=name, key=key)])
            self.mark_news(connection, {row.scope})
        self._dropped_names.append(row.name)
        self.sweep_blobs()
        self.tell({row.scope})


def drawn(office: Office) -> tuple[str, bytes]:
    """Name and key of a file of which nothing is here yet."""
    return office.randomness(NAME_BYTES).hex(), office.randomness(KEY_BYTES)
