"""What every part of the casebook that handles files shares: the shelf, and what is still to be done about it."""

import logging
from collections.abc import Sequence
from typing import Any, Final

from sync_protocol.blobs import Manifest
from sync_protocol.roster import Roster
from village_node.casebook.office import Office
from village_node.casebook.piecing import about_file
from village_node.shelf import KEY_BYTES, Shelf
from village_node.store import Connection, blob_parts, blobs, factors, peers, phone, webhooks
from village_node.store.blobs import DROPPED, BlobKey, BlobRow
from village_node.store.locks import CaseKey

NAME_BYTES: Final = 16
_STRAY_S: Final = 3_600
_WRAPPED: Final = "file keys wrapped"
_AT_ONCE: Final = 1_000
_log = logging.getLogger(__name__)


class Shelving(Office):
    """The room with the shelf; there is none before the files of our lives are known."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        """As for every part of the casebook."""
        self._shelf: Shelf | None = None
        # Files of which a purge has missed the root place's word: asked for with the next request.
        self._receipts_lacking: dict[BlobKey, None] = {}
        self._dropped_names: list[str] = []
        super().__init__(*arguments, **named)

    def wrapped_file_key(self, name: str, key: bytes) -> bytes:
        """As the database may have it."""
        return self._shelf.wrapped(name, key) if self._shelf is not None else key

    def file_key_in_use(self) -> bool:
        """Whether anything lies under the key of files: keys of files, secrets of second factors or of webhooks."""
        with self.store.reading() as connection:
            wrapped = blobs.any_wrapped(connection, KEY_BYTES)
            return wrapped or factors.any_confirmed(connection) or webhooks.any_kept(connection)

    def wrap_file_keys(self) -> None:
        """Wrap the keys of files that lie in the database in the clear: they were drawn by an earlier program, or
        before this node had its folder. Raises NotSaved."""
        if self._shelf is None:
            return
        with self.store.reading() as connection:
            if peers.bytes_of(connection, _WRAPPED) is not None:
                return
        left = True
        while left:
            with self.store.writing() as connection:
                clear = blobs.in_the_clear(connection, KEY_BYTES, _AT_ONCE)
                for each in clear:
                    blobs.rekey(connection, each, self.wrapped_file_key(each[2], each[3]))
                left = len(clear) == _AT_ONCE
                if not left:  # whoever writes keys from now on has a folder
                    peers.remember_bytes(connection, _WRAPPED, b"1")

    def sweep_blobs(self) -> None:
        """After the commit: remove what nobody can open any more."""
        names, self._dropped_names = self._dropped_names, []
        for name in names:
            if self._shelf is None:
                continue
            try:
                self._shelf.drop(name)
            except OSError as problem:  # its key is forgotten: it is removed with the next ones, or as a stray
                _log.warning("a file that is not needed any more cannot be removed: %s", problem)
                self._dropped_names.append(name)

    def sweep_strays(self) -> None:
        """Remove what lies on the shelf and no row names: left over where the power went between the file and the
        transaction that was to name it."""
        if self._shelf is None:
            return
        try:
            lying = self._shelf.names(self.clock() / 1000 - _STRAY_S)
        except OSError as problem:
            _log.warning("the folder of files cannot be read: %s", problem)
            return
        with self.store.reading() as connection:
            stray = lying - blobs.of_names(connection, lying) - phone.of_names(connection, lying)
        self.forget_files(sorted(stray))

    def forget_files(self, names: Sequence[str]) -> None:
        """After the commit in which the keys of these files were forgotten: remove them."""
        self._dropped_names += names
        self.sweep_blobs()

    def signers_above(self, roster: Roster) -> list[bytes]:
        """Whose receipts count at this place: the nodes of the places strictly above it that serve."""
        places, mine = roster.places, self.identity.place
        above = places.path_up(mine)[1:] if mine in places else ()
        return [node.incarnation for place in above for node in roster.serving(place)]

    def lose(self, row: BlobRow) -> bool:
        """A file that was whole could not be read. Where its bytes are gone, or others, it is wanted like one that
        never came; whether it is. It is kept as it is while its key does not open, which may be restored, while the
        disk does not say what lies there, and while nobody above has it from us. Raises NotSaved."""
        shelf = self._shelf
        if shelf is None or not shelf.is_gone(row.name, row.key, about_file(row.blob), _chunk_count(row)):
            _log.error("the file %s of a paper cannot be read from the disk now; it is kept", row.name)
            return False
        if not shelf.opens(row.name, row.key):
            _log.error("the keys of papers' files were wrapped under another key: restore files.key from the backup")
            return False
        name, key = drawn(self)
        with self.store.writing() as connection:
            if row.place == self.identity.place and not self._is_above(connection, row):
                self._receipts_lacking[row.blob] = None
                _log.error("the file %s of a paper is damaged and nowhere else: restore it from the backup", row.name)
                return False
            lost = blobs.lose(connection, row, name, key)
            if lost:
                self.mark_news(connection, {row.scope})
        if lost:  # else it was dropped meanwhile, or another has noticed
            self.forget_files([row.name])
            self.tell({row.scope})
        return True

    def _is_above(self, connection: Connection, row: BlobRow) -> bool:
        signers = set(self.signers_above(self.roster_in(connection)))
        return any(each.signer in signers for each in blobs.receipts_of(connection, [row.blob]))


def _chunk_count(row: BlobRow) -> int:
    return Manifest(row.hash, row.size, row.chunks).chunk_count


def drop_of_case(connection: Connection, key: CaseKey, rows: Sequence[BlobRow]) -> list[str]:
    """Forget the keys of these files of a case, but for what another case names: with that their bytes are gone. The
    names to be removed from the shelf after the commit."""
    if not rows:
        return []
    blobs.unname(connection, key)
    still = blobs.named(connection, [row.blob for row in rows])
    gone = [row for row in rows if row.blob not in still]
    blobs.put(connection, [row._replace(state=DROPPED, here=b"", key=b"") for row in gone])
    blob_parts.forget(connection, [row.blob for row in gone])
    return [row.name for row in gone]


def drawn(office: Office) -> tuple[str, bytes]:
    """Name and key of a file of which nothing is here yet."""
    name, key = office.randomness(NAME_BYTES).hex(), office.randomness(KEY_BYTES)
    return name, office.wrapped_file_key(name, key)
