"""Where the bytes of files lie: one file each under a random name, every chunk encrypted under a key of its own file.

The key stands in the database and not here: whoever carries this folder away has nothing, and to forget a key is to
destroy what it opens. A chunk is on the disk when ``put`` returns; a name without `.part` is a file that is whole.
"""

import os
from pathlib import Path
from typing import Final

from sync_protocol import limits
from sync_protocol.suites import NONCE_BYTES, NotOpened, decrypt, encrypt
from village_node import files

FOLDER: Final = "blobs"
_TAG: Final = 16  # bytes by which an encrypted chunk is longer
_PLACE: Final = limits.BLOB_CHUNK + _TAG
_PART: Final = ".part"


class Shelf:
    """The folder of one node's files."""

    def __init__(self, data: Path) -> None:
        """`data`: the node's data folder. Nothing is made before something is put here."""
        self._folder = data / FOLDER

    def put(self, name: str, key: bytes, about: bytes, number: int, raw: bytes) -> None:
        """Write one chunk of a file that is not whole yet, and wait until it is on the disk. Raises OSError."""
        files.make_folder(self._folder)
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
        """The last chunk is here: give the file the name of one that is whole. Raises OSError."""
        part = self._folder / (name + _PART)
        if part.exists():
            os.replace(part, self._folder / name)
            files.sync_folder(self._folder)

    def get(self, name: str, key: bytes, about: bytes, number: int) -> bytes | None:
        """One chunk; None where it is not here, or not as it was written."""
        for path in (self._folder / name, self._folder / (name + _PART)):
            try:
                with path.open("rb") as file:
                    file.seek(number * _PLACE)
                    return decrypt(key, _nonce(number), about, file.read(_PLACE))
            except (FileNotFoundError, NotOpened):
                continue
        return None

    def drop(self, name: str) -> None:
        """Remove a file, whole or not."""
        for path in (self._folder / name, self._folder / (name + _PART)):
            path.unlink(missing_ok=True)


def _nonce(number: int) -> bytes:
    return number.to_bytes(NONCE_BYTES, "big")
