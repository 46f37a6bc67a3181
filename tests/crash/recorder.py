"""`python -m tests.crash.recorder FOLDER LOG`: a file system in memory, mounted on FOLDER, that notes all it is asked.

It serves one operation at a time, so its log is the order in which things happened. It ends, unmounted, when it is sent
SIGTERM, and then saves the log. The bytes of SQLite's shared memory (`-shm`) pass by another way than writes, are made
new after every power cut, and are not recorded. Access rights and times are not kept.
"""

import errno
import os
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import mfusepy

from tests.crash.operations import (
    MARKS,
    ROOT,
    SETTLED,
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
    save,
)

NOT_RECORDED: Final = ("-shm",)
ENDED_BY_SIGNAL: Final = 8  # what libfuse's main function answers then


@dataclass
class Inode:
    """A file's bytes, or a folder's names."""

    number: int
    mode: int
    content: bytearray = field(default_factory=bytearray)
    names: dict[str, int] = field(default_factory=dict)
    recorded: bool = True


class Recorder(mfusepy.Operations):  # type: ignore[misc]
    """The file system. A file that is open goes by its handle, which is its number: it may have lost its name."""

    use_ns = True

    def __init__(self) -> None:
        self.log: list[Operation] = []
        self._inodes = {ROOT: Inode(ROOT, stat.S_IFDIR | 0o755)}
        self._said = b""

    # names

    def create(self, path: str, mode: int, flags: int = 0) -> int:
        folder, name = self._parent(path)
        made = self._new(stat.S_IFREG | (mode & 0o7777))
        made.recorded = not name.endswith(NOT_RECORDED)
        folder.names[name] = made.number
        if not self._is_marks(path):
            self.log.append(Bind(folder.number, name, made.number))
        return made.number

    def mkdir(self, path: str, mode: int) -> int:
        folder, name = self._parent(path)
        made = self._new(stat.S_IFDIR | (mode & 0o7777))
        folder.names[name] = made.number
        self.log.append(Bind(folder.number, name, made.number, True))
        return 0

    def link(self, target: str, source: str) -> int:
        folder, name = self._parent(target)
        folder.names[name] = self._at(source).number
        self.log.append(Bind(folder.number, name, folder.names[name]))
        return 0

    def unlink(self, path: str) -> int:
        folder, name = self._parent(path)
        self._at(path)
        del folder.names[name]
        self.log.append(Unbind(folder.number, name))
        return 0

    def rmdir(self, path: str) -> int:
        if self._at(path).names:
            raise mfusepy.FuseOSError(errno.ENOTEMPTY)
        return self.unlink(path)

    def rename(self, old: str, new: str) -> int:
        moved = self._at(old)
        folder, name = self._parent(old)
        to_folder, to_name = self._parent(new)
        del folder.names[name]
        to_folder.names[to_name] = moved.number
        self.log.append(Rename(folder.number, name, to_folder.number, to_name, moved.number))
        return 0

    # bytes

    def open(self, path: str, flags: int) -> int:
        found = self._at(path)
        if flags & os.O_TRUNC:
            self._resize(found, 0)
        return found.number

    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
        return bytes(self._inodes[fh].content[offset : offset + size])

    def write(self, path: str, data: bytes, offset: int, fh: int) -> int:
        if self._is_marks(path):
            *lines, self._said = (self._said + data).split(b"\n")  # the kernel cuts a write where a page ends
            self.log += [Settled() if line.decode() == SETTLED else Mark(line.decode()) for line in lines]
            return len(data)
        found = self._inodes[fh]
        if found.recorded:
            self.log.append(Write(fh, offset, bytes(data)))
        if len(found.content) < offset:
            found.content.extend(bytes(offset - len(found.content)))
        found.content[offset : offset + len(data)] = data
        return len(data)

    def truncate(self, path: str, length: int, fh: int | None = None) -> int:
        self._resize(self._at(path) if fh is None else self._inodes[fh], length)
        return 0

    def fsync(self, path: str, datasync: int, fh: int) -> int:
        if self._inodes[fh].recorded:
            self.log.append(Sync(fh))
        return 0

    def fsyncdir(self, path: str, datasync: int, fh: int) -> int:
        self.log.append(SyncFolder(self._at(path).number))
        return 0

    # what is asked

    def getattr(self, path: str | None, fh: int | None = None) -> dict[str, Any]:
        found = self._inodes[fh or ROOT] if path is None else self._at(path)
        return {
            "st_mode": found.mode,
            "st_nlink": 1,
            "st_size": len(found.content),
            "st_ino": found.number,
            "st_uid": os.getuid(),
            "st_gid": os.getgid(),
        }

    def readdir(self, path: str, fh: int) -> Iterator[str]:
        yield from (".", "..", *self._at(path).names)

    def statfs(self, path: str) -> dict[str, int]:
        return {"f_bsize": 4096, "f_frsize": 4096, "f_blocks": 1 << 20, "f_bfree": 1 << 19, "f_bavail": 1 << 19}

    def chmod(self, path: str, mode: int) -> int:
        found = self._at(path)
        found.mode = stat.S_IFMT(found.mode) | (mode & 0o7777)
        return 0

    def chown(self, path: str, uid: int, gid: int) -> int:
        return 0

    def utimens(self, path: str, times: tuple[int, int] | None = None) -> int:
        return 0

    def _new(self, mode: int) -> Inode:
        number = max(self._inodes) + 1
        self._inodes[number] = Inode(number, mode)
        return self._inodes[number]

    def _resize(self, found: Inode, size: int) -> None:
        if found.recorded and len(found.content) != size:
            self.log.append(Truncate(found.number, size))
        del found.content[size:]
        found.content.extend(bytes(size - len(found.content)))

    def _parent(self, path: str) -> tuple[Inode, str]:
        above, _, name = path.rpartition("/")
        return self._at(above), name

    def _at(self, path: str) -> Inode:
        found = self._inodes[ROOT]
        for name in path.split("/"):
            if name:
                number = found.names.get(name)
                if number is None:
                    raise mfusepy.FuseOSError(errno.ENOENT)
                found = self._inodes[number]
        return found

    def _is_marks(self, path: str | None) -> bool:
        return path == f"/{MARKS}"


def main(folder: Path, log: Path) -> None:
    """Serve until told to end, then save the log."""
    recorder = Recorder()
    try:
        mfusepy.FUSE(recorder, str(folder), foreground=True, nothreads=True, hard_remove=True, fsname="sanji-recorder")
    except RuntimeError as ended:
        if ended.args != (ENDED_BY_SIGNAL,):
            raise
    save(log, recorder.log)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
