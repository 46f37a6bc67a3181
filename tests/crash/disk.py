"""What may be on a disk after the power went: the model, and the files built from it.

The model promises no more than POSIX and the makers of disks do, so every state that ext4 or XFS can leave (in any of
their modes) is among those it can make, and some more:

- The bytes and the size of a file are on the disk once fsync or fdatasync of that file has returned. Until then each
  write may be there or not, whatever came after it (writes are reordered); or some of its sectors of 512 bytes (torn
  at the boundaries of the file, not of the write); or the file has grown by it and holds zeros there.
- A name (create, link, rename, unlink, mkdir) is on the disk once fsync of the folder it stands in has returned, and
  not because a file was synced: ext4 and XFS do more (their journal brings every earlier name with it, in order), other
  file systems do not. Until then each change of a name may be there or not, in any combination. A rename is one step.
- A sector is written whole or not at all, what was synced stays, and bytes that nobody writes do not change.
- SQLite's `-shm` is memory that happens to have a name: afterwards it holds nothing, or anything.
"""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Final

from tests.crash.operations import (
    ROOT,
    Bind,
    Mark,
    Operation,
    Rename,
    Settled,
    Sync,
    SyncFolder,
    Truncate,
    Unbind,
    Write,
)

SECTOR: Final = 512
# The fate of an operation not yet synced. A write's is a set of bits, one for each sector it touches.
LOST: Final = 0
KEPT: Final = -1
GROWN: Final = 1 << 62  # the size came through, whichever sectors did
GARBAGE: Final = bytes(range(256)) * 128


class Disk:
    """The files as they surely are, and what has been asked since but not synced."""

    def __init__(self) -> None:
        self.files: dict[int, bytearray] = {}
        self.folders: dict[int, dict[str, int]] = {ROOT: {}}
        self.pending: list[Operation] = []
        self.synced = 0  # how many operations are surely on the disk

    def do(self, operation: Operation) -> None:
        """The next operation of a log."""
        if isinstance(operation, Sync):
            self._settle(lambda each: isinstance(each, Write | Truncate) and each.inode == operation.inode)
        elif isinstance(operation, SyncFolder):
            self._settle(lambda each: operation.folder in _folders_of(each))
        elif isinstance(operation, Settled):
            self._settle(lambda each: True)
        elif not isinstance(operation, Mark):
            if isinstance(operation, Bind):
                if operation.is_folder:
                    self.folders.setdefault(operation.inode, {})
                else:
                    self.files.setdefault(operation.inode, bytearray())
            self.pending.append(operation)

    def after(self, fates: Sequence[int]) -> dict[str, bytes | bytearray]:
        """Every file by its path, had the power gone now and the pending operations met these fates."""
        touched = {each.inode for each in self.pending if isinstance(each, Write | Truncate)}
        files = {number: bytearray(content) if number in touched else content for number, content in self.files.items()}
        folders = {number: dict(names) for number, names in self.folders.items()}
        for operation, fate in zip(self.pending, fates, strict=True):
            if fate == LOST:
                continue
            if isinstance(operation, Write):
                _put(files.setdefault(operation.inode, bytearray()), operation, fate)
            else:
                _apply(files, folders, operation)
        return dict(_paths(files, folders, ROOT, ""))

    def _settle(self, concerned) -> None:
        waiting = []
        for operation in self.pending:
            if concerned(operation):
                self.synced += 1
                if isinstance(operation, Write):
                    _put(self.files.setdefault(operation.inode, bytearray()), operation, KEPT)
                else:
                    _apply(self.files, self.folders, operation)
            else:
                waiting.append(operation)
        self.pending = waiting


def sectors(write: Write) -> int:
    """How many sectors of its file a write touches."""
    return (write.offset + len(write.content) - 1) // SECTOR - write.offset // SECTOR + 1 if write.content else 0


def digest(files: Mapping[str, bytes | bytearray]) -> bytes:
    """The same for the same files, and for no others."""
    made = blake2b(digest_size=16)
    for path, content in sorted(files.items()):
        made.update(f"{path}\0{len(content)}\0".encode())
        made.update(content)
    return made.digest()


def build(folder: Path, files: Mapping[str, bytes | bytearray], *, garbage: bool) -> None:
    """Put these files into a new folder. `garbage`: what SQLite shared in memory comes back as nonsense."""
    folder.mkdir(parents=True, exist_ok=True)
    made = {folder}
    for path, content in files.items():
        place = folder / path
        if place.parent not in made:
            place.parent.mkdir(parents=True, exist_ok=True)
            made.add(place.parent)
        if path.endswith("/"):
            place.mkdir(exist_ok=True)
        else:
            place.write_bytes(GARBAGE if garbage and path.endswith("-shm") else content)


def _folders_of(operation: Operation) -> tuple[int, ...]:
    if isinstance(operation, Rename):
        return operation.folder, operation.to_folder
    return (operation.folder,) if isinstance(operation, Bind | Unbind) else ()


def _put(content: bytearray, write: Write, fate: int) -> None:
    """Write those sectors that came through."""
    end = write.offset + len(write.content)
    if fate == KEPT:
        _grow(content, write.offset)
        content[write.offset : end] = write.content
        return
    if fate & GROWN:
        _grow(content, end)
    first = write.offset // SECTOR
    for number in range(sectors(write)):
        if fate >> number & 1:
            begin = max(write.offset, (first + number) * SECTOR)
            stop = min(end, (first + number + 1) * SECTOR)
            _grow(content, begin)
            content[begin:stop] = write.content[begin - write.offset : stop - write.offset]


def _grow(content: bytearray, size: int) -> None:
    if len(content) < size:
        content.extend(bytes(size - len(content)))


def _apply(files: dict[int, bytearray], folders: dict[int, dict[str, int]], operation: Operation) -> None:
    if isinstance(operation, Truncate):
        content = files.setdefault(operation.inode, bytearray())
        del content[operation.size :]
        _grow(content, operation.size)
    elif isinstance(operation, Bind):
        folders.setdefault(operation.folder, {})[operation.name] = operation.inode
    elif isinstance(operation, Unbind):
        folders.setdefault(operation.folder, {}).pop(operation.name, None)
    elif isinstance(operation, Rename):
        folders.setdefault(operation.folder, {}).pop(operation.name, None)
        folders.setdefault(operation.to_folder, {})[operation.to_name] = operation.inode


def _paths(
    files: dict[int, bytearray], folders: dict[int, dict[str, int]], number: int, above: str
) -> Iterator[tuple[str, bytes | bytearray]]:
    """Each file's path with its bytes; a folder's path ends with a slash and has none."""
    for name, inode in folders[number].items():
        path = f"{above}{name}"
        if inode in folders:
            yield f"{path}/", b""
            yield from _paths(files, folders, inode, f"{path}/")
        else:
            yield path, files.get(inode, b"")
