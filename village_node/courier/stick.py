"""The stick itself. What is read from it is a stranger's; what is written to it is read back, since sticks lie.

Read: regular files only, no link is followed, no more of a file than its limit, no more files than anybody needs, and
nothing is written. A head is known by how it begins and a part by its hash, so names may be anything.
"""

import errno
import os
import re
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from sync_protocol import limits
from sync_protocol.bundle import BEGINS, Head, Part, is_part, read_head
from sync_protocol.errors import ProtocolError
from sync_protocol.suites import sha256
from village_node import files
from village_node.courier.outcome import Trouble

HEAD_FILE: Final = "head.sanji"
# On FAT a name in capitals is the same name, and some devices write it so.
_PART_FILE: Final = re.compile(r"part-[0-9]{4}\.sanji", re.ASCII | re.IGNORECASE)
_FOLDER: Final = re.compile(r"sanji-[0-9a-f]{16}", re.ASCII | re.IGNORECASE)
SUFFIX: Final = ".sanji"
LENGTH_BYTES: Final = 4
FOLDED_MOST: Final = 12 << 20  # bytes of a bundle in one file, which is read as a whole
PAPERS_MOST: Final = 8 << 30  # bytes of a bundle with files of papers
_LEFT_FREE: Final = 4 << 20
_FULL: Final = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
_NO_SUCH_SYNC: Final = (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP)
LOOKED_AT_MOST: Final = 2_000  # entries of a stick; a bundle of a gigabyte has some 250
_NO_LINK: Final = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class Source(Protocol):
    """Where a bundle lies: its head, and its parts by their hash."""

    name: str
    head: bytes

    def part(self, head: Head, number: int) -> tuple[bytes | None, bool]:
        """The bytes of part ``number``, None where they are not there; and whether there is something in its place."""


@dataclass
class Shelved:
    """The files of one folder, with their sizes; each is hashed once, and only where it may be a part that is not
    where it belongs."""

    path: Path
    sizes: dict[Path, int]
    hashes: dict[Path, bytes] = field(default_factory=dict)

    def read(self, path: Path, part: Part) -> bytes | None:
        """The bytes of a part, where this file is it."""
        raw = read_file(path, part.size) if self.sizes.get(path) == part.size else None
        return raw if raw is not None and is_part(part, raw) else None

    def search(self, part: Part) -> bytes | None:
        """The bytes of a part, whatever its file is called."""
        for path in (path for path, size in self.sizes.items() if size == part.size):
            if path not in self.hashes:
                self.hashes[path] = sha256(read_file(path, part.size) or b"")
            if self.hashes[path] == part.hash:
                return self.read(path, part)
        return None


@dataclass
class Folder:
    """A bundle as files in one folder."""

    name: str
    head: bytes
    files: Shelved

    def part(self, head: Head, number: int) -> tuple[bytes | None, bool]:
        """By its usual name, else whichever file has its hash."""
        part = head.parts[number - 1]
        usual = self.files.path / part_file(number)
        raw = self.files.read(usual, part)
        return (raw if raw is not None else self.files.search(part)), usual in self.files.sizes


@dataclass
class Folded:
    """A bundle as one file: the head with its length before it, and the parts behind it. ``between``: so many of its
    bytes from there on; fewer where it ends."""

    name: str
    head: bytes
    between: Callable[[int, int], bytes]

    def part(self, head: Head, number: int) -> tuple[bytes | None, bool]:
        """The bytes where the head says they are."""
        part = head.parts[number - 1]
        at = LENGTH_BYTES + len(self.head) + sum(each.size for each in head.parts[: number - 1])
        raw = self.between(at, part.size)
        return (raw if is_part(part, raw) else None), bool(raw)


def folder_name(bundle_id: bytes) -> str:
    """What a bundle's folder is called, and before its suffix the one file: it says nothing of anybody."""
    return f"sanji-{bundle_id.hex()[:16]}"


def part_file(number: int) -> str:
    """The usual name of a part's file."""
    return f"part-{number:04}{SUFFIX}"


def is_part_file(name: str) -> bool:
    """Whether a file has the usual name of a part, which is nothing by itself."""
    return _PART_FILE.fullmatch(name) is not None


def folded(head: bytes, parts: Iterable[bytes]) -> bytes:
    """A bundle as one file."""
    return b"".join([len(head).to_bytes(LENGTH_BYTES), head, *parts])


def unfolded(name: str, raw: bytes) -> Folded | None:
    """The bundle in one file; None where it is none."""
    return _unfolded(name, lambda at, size: raw[at : at + size])


def _unfolded(name: str, between: Callable[[int, int], bytes]) -> Folded | None:
    length = int.from_bytes(between(0, LENGTH_BYTES))
    if length > limits.BUNDLE_HEAD:
        return None
    head = between(LENGTH_BYTES, length)
    return Folded(name, head, between) if head.startswith(BEGINS) else None


def bundles_in(folder: Path) -> Iterator[Source]:
    """The bundles on a stick: in the folder itself and in those directly inside it, by name. Raises Trouble before the
    first of them. No more of them is kept in memory than the one that is being looked at."""
    if folder.is_file() and not folder.is_symlink():
        yield _whole_file(folder)
        return
    for shelved in list(_looked_through(folder)):
        heads: set[bytes] = set()
        for path, size in sorted(shelved.sizes.items()):
            begins = read_file(path, len(BEGINS) + LENGTH_BYTES) or b""
            if begins.startswith(BEGINS) and size <= limits.BUNDLE_HEAD:
                head = read_file(path, size) or b""
                if sha256(head) not in heads:  # a copy beside it has the same parts
                    heads.add(sha256(head))
                    yield Folder(_named(folder, path), head, shelved)
            elif begins[LENGTH_BYTES:].startswith(BEGINS) and size <= FOLDED_MOST:
                one = _unfolded(_named(folder, path), _reading(path))
                if one is not None:
                    yield one


def _whole_file(path: Path) -> Source:
    """The bundle that a file is by itself. Raises Trouble."""
    begins = read_file(path, len(BEGINS)) or b""
    if begins == BEGINS or is_part_file(path.name):
        raise Trouble(
            f"{path.name} 只是拷盘文件夹里的一个文件，单独导入不了：请选它所在的文件夹",
            f"{path.name} is one file of a bundle's folder and brings nothing by itself: name the folder it is in",
        )
    one = _unfolded(path.name, _reading(path)) if path.stat().st_size <= FOLDED_MOST else None
    if one is None:
        raise Trouble(
            f"{path.name} 不是拷盘文件。请选 U 盘、拷盘文件夹（sanji-…），或一个完整的 .sanji 文件",
            f"{path.name} is no bundle: name the stick, the bundle's folder (sanji-...), or one whole .sanji file",
        )
    return one


class NoRoom(Trouble):
    """The stick is full."""


def room_in(folder: Path) -> int:
    """How many bytes of papers this folder has room for now: what is free there, but for a little. Where the file
    system does not say (some drivers tell of no size at all), as many as a bundle may have: the writing tells."""
    try:
        usage = shutil.disk_usage(folder)
    except OSError as problem:
        raise not_written(problem) from None
    return usage.free - _LEFT_FREE if usage.total else PAPERS_MOST


def unfinished_in(folder: Path) -> tuple[str, ...]:
    """The folders on a stick whose writing was cut off: named like a bundle's, with parts, and without a whole head."""
    try:
        shelves = [shelved for shelved in _looked_through(folder) if _FOLDER.fullmatch(shelved.path.name)]
    except Trouble:
        return ()
    return tuple(shelved.path.name for shelved in shelves if shelved.path != folder and not _has_head(shelved))


def words_of_unfinished(names: Iterable[str]) -> tuple[str, str]:
    """What to do with those; empty where there are none."""
    named = "、".join(names)
    if not named:
        return "", ""
    return (
        f"U 盘上有以前没拷完的文件夹，没有用处，可以删除：{named}",
        f"on the stick are folders whose writing was cut off; they are of no use and may be deleted: {named}",
    )


def _has_head(shelved: Shelved) -> bool:
    """Whether one of the files is a head to its end."""
    for path, size in shelved.sizes.items():
        if size <= limits.BUNDLE_HEAD and (read_file(path, len(BEGINS)) or b"") == BEGINS:
            with suppress(ProtocolError):
                read_head(read_file(path, size) or b"")
                return True
    return False


def _reading(path: Path) -> Callable[[int, int], bytes]:
    return lambda at, size: read_file(path, size, at) or b""


def read_file(path: Path, most: int, at: int = 0) -> bytes | None:
    """So many bytes of a regular file; None for anything else, or where it cannot be read."""
    try:
        descriptor = os.open(path, os.O_RDONLY | _NO_LINK)
    except OSError:
        return None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        with open(descriptor, "rb", closefd=False) as opened:
            opened.seek(at)
            return opened.read(most)
    except OSError:
        return None
    finally:
        os.close(descriptor)


class Shelf:
    """The folder of one bundle that is being written: each file synced, dropped from the cache, and read back."""

    def __init__(self, folder: Path, bundle_id: bytes) -> None:
        """Make the folder on the stick. Raises Trouble."""
        self.path = folder / folder_name(bundle_id)
        self._written: list[Path] = []
        try:
            self.path.mkdir(mode=0o777)
            _sync_names(folder)
        except OSError as problem:
            self.clear()  # some drivers leave a folder that they say was not made
            raise not_written(problem) from None

    def put(self, name: str, content: bytes) -> None:
        """Write one file and see that it stands there. Raises Trouble, NoRoom."""
        path = self.path / name
        self._written.append(path)
        try:
            with path.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
                if hasattr(os, "posix_fadvise"):
                    os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            _sync_names(self.path)
        except OSError as problem:
            raise not_written(problem) from None
        if read_file(path, len(content) + 1) != content:
            raise Trouble(
                "这只 U 盘没有存住写入的内容，请换一只再拷",
                "the stick did not keep what was written to it: take another one",
            )

    def remove(self, name: str) -> None:
        """Take one file away again: the room is wanted for others. Raises Trouble."""
        try:
            (self.path / name).unlink(missing_ok=True)
            _sync_names(self.path)
        except OSError as problem:
            raise not_written(problem) from None

    def clear(self) -> None:
        """Take away again what was written, as far as the stick lets us: a bundle that ends before its head is none,
        and its room is wanted for the next."""
        for path in self._written:
            with suppress(OSError):
                path.unlink(missing_ok=True)
        with suppress(OSError):
            self.path.rmdir()


def _sync_names(folder: Path) -> None:
    """Wait until the names in a folder are on the stick; where its file system knows this of no folder, until all that
    was written anywhere is. Raises OSError."""
    try:
        files.sync_folder(folder)
    except OSError as problem:
        if problem.errno not in _NO_SUCH_SYNC:
            raise
        os.sync()


def not_written(problem: OSError) -> Trouble:
    """Why the stick takes nothing."""
    kind = NoRoom if problem.errno in _FULL else Trouble
    return kind(
        f"写不进这个文件夹：{problem.strerror or problem}。请检查 U 盘是否插好、有空位、没有写保护",
        f"this folder cannot be written to: {problem.strerror or problem}. Is the stick in, with room, not protected?",
    )


def _named(folder: Path, path: Path) -> str:
    """A file's name as a page may show it: a stick can hold any."""
    text = str(path.relative_to(folder))
    return "".join(each if each.isprintable() else "?" for each in text)[:120]


def _looked_through(folder: Path) -> Iterator[Shelved]:
    """The regular files, with their sizes, of a folder and of each that lies in it and can be read: systems leave some
    on a stick that nobody may open. Raises Trouble for too many, and where the folder itself cannot be read."""
    left = LOOKED_AT_MOST
    try:
        top = _entries(folder, left)
    except OSError as problem:
        raise Trouble(
            f"读不出这个文件夹：{problem.strerror or problem}",
            f"this folder cannot be read: {problem.strerror or problem}",
        ) from None
    yield Shelved(folder, _sizes(top))
    left -= len(top)
    for entry in top:
        with suppress(OSError):
            if entry.is_dir(follow_symlinks=False):
                entries = _entries(Path(entry.path), left)
                left -= len(entries)
                yield Shelved(Path(entry.path), _sizes(entries))


def _sizes(entries: Iterable["os.DirEntry[str]"]) -> dict[Path, int]:
    found = {}
    for entry in entries:
        with suppress(OSError):
            if entry.is_file(follow_symlinks=False):
                found[Path(entry.path)] = entry.stat(follow_symlinks=False).st_size
    return found


def _entries(folder: Path, most: int) -> list["os.DirEntry[str]"]:
    found = []
    with os.scandir(folder) as entries:
        for entry in entries:
            found.append(entry)
            if len(found) > most:
                raise Trouble(
                    f"这里的文件超过 {LOOKED_AT_MOST} 个，请只把拷盘文件放进一个文件夹再导入",
                    f"more than {LOOKED_AT_MOST} files here: put the bundle into a folder of its own",
                )
    return sorted(found, key=lambda entry: entry.name)
