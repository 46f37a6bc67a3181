"""Where the bytes of files lie: one file each under a random name, every chunk encrypted under a key of its own file.

A file's key stands in the database and not here, wrapped under the node's key for files, which stands beside its other
private keys: so neither this folder nor the database nor a backup of both opens anything, and to forget a key is to
destroy what it opens. A chunk is on the disk when ``put`` returns; a name without `.part` is a file that is whole.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from sync_protocol import limits
from sync_protocol.suites import NONCE_BYTES, NotOpened, decrypt, encrypt, sha256
from village_node import files
from village_node.partials import Partials

FOLDER: Final = "blobs"
KEY_BYTES: Final = 32
_KEY_OF: Final = b"sanji/file key/1 "
_TAG: Final = 16  # bytes by which an encrypted chunk is longer
_PLACE: Final = limits.BLOB_CHUNK + _TAG
_PART: Final = ".part"


class Shelf:
    """The folder of one node's files, and what is on its way there."""

    def __init__(self, data: Path, key: bytes) -> None:
        """`data`: the node's data folder. `key`: under which the keys of files are wrapped. Nothing is made before
        something is put here."""
        self.partials = Partials(data, key)
        self._folder = data / FOLDER
        self._key = key

    def wrapped(self, name: str, key: bytes) -> bytes:
        """The key of the file with this name, as the database may have it. A name is drawn with its key and has no
        other one, so the nonce is made from it."""
        return encrypt(self._key, _nonce_of(name), _KEY_OF + name.encode(), key)

    def opens(self, name: str, key: bytes) -> bool:
        """Whether the key of the file with this name is wrapped under ours."""
        try:
            return bool(self._opened(name, key))
        except NotOpened:
            return False

    def _opened(self, name: str, key: bytes) -> bytes:
        """Raises NotOpened where another node's key has wrapped it."""
        if len(key) == KEY_BYTES:
            return key  # drawn before this node had its folder: wrapped with the next start
        return decrypt(self._key, _nonce_of(name), _KEY_OF + name.encode(), key)

    def put(self, name: str, key: bytes, about: bytes, number: int, raw: bytes) -> None:
        """Write one chunk of a file, and wait until it is on the disk. Raises OSError, also where the file's key does
        not open: nothing that is put here could be read again."""
        try:
            key = self._opened(name, key)
        except NotOpened:
            raise PermissionError(f"the key of file {name} is wrapped under another one: restore files.key") from None
        files.make_folder(self._folder)
        path = self._folder / name
        if not path.exists():  # else a chunk of it could not be read, or its last one came before a power cut
            path = self._folder / (name + _PART)
        new = not path.exists()
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
        with open(descriptor, "wb") as file:
            file.seek(number * _PLACE)
            file.write(encrypt(key, _nonce(number), about, raw))
            file.flush()
            os.fsync(file.fileno())
        if new:
            files.sync_folder(self._folder)

    def close(self, name: str) -> None:
        """The last chunk is here: give the file the name of one that is whole; never in the place of one that has it.
        Raises OSError."""
        part, whole = self._folder / (name + _PART), self._folder / name
        if whole.exists():
            part.unlink(missing_ok=True)
        elif part.exists():
            os.replace(part, whole)
            files.sync_folder(self._folder)

    def get(self, name: str, key: bytes, about: bytes, number: int) -> bytes | None:
        """One chunk; None where it is not here, cannot be read, or is not as it was written."""
        for path in (self._folder / name, self._folder / (name + _PART)):
            try:
                with path.open("rb") as file:
                    file.seek(number * _PLACE)
                    return decrypt(self._opened(name, key), _nonce(number), about, file.read(_PLACE))
            except (OSError, NotOpened):
                continue
        return None

    def is_gone(self, name: str, key: bytes, about: bytes, count: int) -> bool:
        """Whether a chunk of a whole file is not here or is not as it was written. Where the disk does not let one be
        read nobody knows, and it may with the next try."""
        found = False
        for number in range(count):
            try:
                with (self._folder / name).open("rb") as file:
                    file.seek(number * _PLACE)
                    decrypt(self._opened(name, key), _nonce(number), about, file.read(_PLACE))
            except (FileNotFoundError, NotOpened):
                found = True
            except OSError:
                return False
        return found

    def seal_part(
        self, name: str, key: bytes, randomness: Callable[[int], bytes], about: bytes, number: int, raw: bytes
    ) -> bytes | None:
        """Some bytes of a chunk, to be kept until the others are here; None where the file's key does not open. They
        are others each time, so their nonce is drawn; a whole chunk's never is."""
        try:
            key = self._opened(name, key)
        except NotOpened:
            return None
        nonce = randomness(NONCE_BYTES)
        return nonce + encrypt(key, nonce, _part_of(about, number), raw)

    def open_part(self, name: str, key: bytes, about: bytes, number: int, sealed: bytes) -> bytes | None:
        """The same bytes again; None where they are not as they were."""
        try:
            return decrypt(self._opened(name, key), sealed[:NONCE_BYTES], _part_of(about, number), sealed[NONCE_BYTES:])
        except NotOpened:
            return None

    def drop(self, name: str) -> None:
        """Remove a file, whole or not. Raises OSError."""
        for path in (self._folder / name, self._folder / (name + _PART)):
            path.unlink(missing_ok=True)

    def names(self, before_s: float) -> set[str]:
        """Under which names something lies that nobody has written to since a moment (in s). Raises OSError."""
        if not self._folder.exists():
            return set()
        return {path.name.removesuffix(_PART) for path in self._folder.iterdir() if path.stat().st_mtime < before_s}


def _part_of(about: bytes, number: int) -> bytes:
    return b"part " + number.to_bytes(2) + about


def _nonce_of(name: str) -> bytes:
    return sha256(name.encode())[:NONCE_BYTES]


def _nonce(number: int) -> bytes:
    return number.to_bytes(NONCE_BYTES, "big")
