"""What a file system was asked to do, in order: the log that the recorder keeps and from which crashed disks are built.

A file or a folder is named by its number (`inode`), so that a log stays right whatever is renamed.
"""

import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = 1
MARKS: Final = ".marks"  # what is written to this file is no data but something that somebody was told
SETTLED: Final = "settled"


class Write(NamedTuple):
    """Bytes put at an offset."""

    inode: int
    offset: int
    content: bytes


class Truncate(NamedTuple):
    """A new size; what is new reads as zeros."""

    inode: int
    size: int


class Sync(NamedTuple):
    """fsync or fdatasync of a file: its bytes and its size are on the disk."""

    inode: int


class Bind(NamedTuple):
    """A name for a file or a folder: create, mkdir, link."""

    folder: int
    name: str
    inode: int
    is_folder: bool = False


class Unbind(NamedTuple):
    """A name less: unlink, rmdir."""

    folder: int
    name: str


class Rename(NamedTuple):
    """A name given to what had another one, in one step."""

    folder: int
    name: str
    to_folder: int
    to_name: str
    inode: int


class SyncFolder(NamedTuple):
    """fsync of a folder: its names are on the disk."""

    folder: int


class Mark(NamedTuple):
    """Somebody was told something: from here on it must never be untrue."""

    words: str


class Settled(NamedTuple):
    """All before this is on the disk: what a scenario prepares is not what it tries."""


Operation = Write | Truncate | Sync | Bind | Unbind | Rename | SyncFolder | Mark | Settled


def save(path: Path, log: Sequence[Operation]) -> None:
    """Keep a log in a file."""
    path.write_bytes(pickle.dumps([(type(each).__name__, tuple(each)) for each in log], pickle.HIGHEST_PROTOCOL))


def load(path: Path) -> list[Operation]:
    """The log in a file that `save` wrote."""
    kinds = {kind.__name__: kind for kind in Operation.__args__}
    return [kinds[name](*values) for name, values in pickle.loads(path.read_bytes())]
