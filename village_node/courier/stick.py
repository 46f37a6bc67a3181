"""The stick itself. What is read from it is a stranger's; what is written to it is read back, since sticks lie.

Read: regular files only, no link is followed, no more of a file than its limit, no more files than anybody needs, and
nothing is written. A head is known by how it begins and a part by its hash, so names may be anything.
"""

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from sync_protocol import limits
from sync_protocol.bundle import BEGINS, Head, Part, is_part
from sync_protocol.suites import sha256
from village_node import files
from village_node.courier.outcome import Trouble

HEAD_FILE: Final = "head.sanji"
SUFFIX: Final = ".sanji"
LENGTH_BYTES: Final = 4
FOLDED_MOST: Final = 12 << 20  # bytes of a bundle in one file, which is read as a whole
LOOKED_AT_MOST: Final = 2_000  # entries of a stick; a bundle of a gigabyte has some 250
_NO_LINK: Final = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class Source(Protocol):
    """Where a bundle lies: its head, and its parts by their hash."""

    name: str
    head: bytes

    def part(self, head: Head, number: int) -> tuple[bytes | None, bool]:
        """The bytes of part ``number``, None where they are not there; and whether there is something in its place."""


@dataclass
class Folder:
    """A bundle as files in one folder. ``by_hash``: the files that may be parts, read through once, where one is not
    where it belongs."""

    name: str
    head: bytes
    path: Path
    sizes: dict[Path, int]
    by_hash: dict[bytes, Path] | None = None

    def part(self, head: Head, number: int) -> tuple[bytes | None, bool]:
        """By its usual name, else whichever file has its hash."""
        part = head.parts[number - 1]
        usual = self.path / part_file(number)
        raw = self._read(usual, part)
        if raw is None:
            if self.by_hash is None:
                wanted = {each.size for each in head.parts if each.size <= limits.EVENT_PART}
                some = (path for path, size in self.sizes.items() if size in wanted)
                self.by_hash = {sha256(read_file(path, limits.EVENT_PART) or b""): path for path in some}
            found = self.by_hash.get(part.hash)
            raw = self._read(found, part) if found is not None else None
        return raw, usual in self.sizes

    def _read(self, path: Path, part: Part) -> bytes | None:
        raw = read_file(path, part.size) if self.sizes.get(path) == part.size else None
        return raw if raw is not None and is_part(part, raw) else None


@dataclass
class Folded:
    """A bundle as one file: the head with its length before it, and the parts behind it."""

    name: str
    head: bytes
    rest: bytes

    def part(self, head: Head, number: int) -> tuple[bytes | None, bool]:
        """The bytes where the head says they are."""
        part = head.parts[number - 1]
        at = sum(each.size for each in head.parts[: number - 1])
        raw = self.rest[at : at + part.size]
        return (raw if is_part(part, raw) else None), bool(raw)


def folder_name(bundle_id: bytes) -> str:
    """What a bundle's folder is called, and before its suffix the one file: it says nothing of anybody."""
    return f"sanji-{bundle_id.hex()[:16]}"


def part_file(number: int) -> str:
    """The usual name of a part's file."""
    return f"part-{number:04}{SUFFIX}"


def folded(head: bytes, parts: Iterable[bytes]) -> bytes:
    """A bundle as one file."""
    return b"".join([len(head).to_bytes(LENGTH_BYTES), head, *parts])


def unfolded(name: str, raw: bytes) -> Folded | None:
    """The bundle in one file; None where it is none."""
    length = int.from_bytes(raw[:LENGTH_BYTES])
    head = raw[LENGTH_BYTES : LENGTH_BYTES + length]
    if not head.startswith(BEGINS) or length > limits.BUNDLE_HEAD:
        return None
    return Folded(name, head, raw[LENGTH_BYTES + length :])


def bundles_in(folder: Path) -> list[Source]:
    """The bundles on a stick: in the folder itself and in those directly inside it, by name. Raises Trouble."""
    found: list[Source] = []
    for place, sizes in _looked_through(folder):
        for path, size in sorted(sizes.items()):
            begins = read_file(path, len(BEGINS) + LENGTH_BYTES) or b""
            if begins.startswith(BEGINS) and size <= limits.BUNDLE_HEAD:
                head = read_file(path, size)
                found += [Folder(_named(folder, path), head, place, sizes)] if head is not None else []
            elif begins[LENGTH_BYTES:].startswith(BEGINS) and size <= FOLDED_MOST:
                one = unfolded(_named(folder, path), read_file(path, size) or b"")
                found += [one] if one is not None else []
    return found


def read_file(path: Path, most: int) -> bytes | None:
    """The first bytes of a regular file; None for anything else, or where it cannot be read."""
    try:
        descriptor = os.open(path, os.O_RDONLY | _NO_LINK)
    except OSError:
        return None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        with open(descriptor, "rb", closefd=False) as opened:
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
        try:
            self.path.mkdir(mode=0o777)
            files.sync_folder(folder)
        except OSError as problem:
            raise not_written(problem) from None

    def put(self, name: str, content: bytes) -> None:
        """Write one file and see that it stands there. Raises Trouble."""
        path = self.path / name
        try:
            with path.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
                if hasattr(os, "posix_fadvise"):
                    os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            files.sync_folder(self.path)
        except OSError as problem:
            raise not_written(problem) from None
        if read_file(path, len(content) + 1) != content:
            raise Trouble(
                "这只 U 盘没有存住写入的内容，请换一只再拷",
                "the stick did not keep what was written to it: take another one",
            )


def not_written(problem: OSError) -> Trouble:
    """Why the stick takes nothing."""
    return Trouble(
        f"写不进这个文件夹：{problem.strerror or problem}。请检查 U 盘是否插好、有空位、没有写保护",
        f"this folder cannot be written to: {problem.strerror or problem}. Is the stick in, with room, not protected?",
    )


def _named(folder: Path, path: Path) -> str:
    """A file's name as a page may show it: a stick can hold any."""
    text = str(path.relative_to(folder))
    return "".join(each if each.isprintable() else "?" for each in text)[:120]


def _looked_through(folder: Path) -> Iterator[tuple[Path, dict[Path, int]]]:
    """The regular files, with their sizes, of a folder and of each that lies in it. Raises Trouble for too many."""
    left, top = LOOKED_AT_MOST, _entries(folder, LOOKED_AT_MOST)
    inside = [Path(entry.path) for entry in top if entry.is_dir(follow_symlinks=False)]
    for place in (folder, *inside):
        entries = _entries(place, left)
        left -= len(entries)
        sizes = {
            Path(entry.path): entry.stat(follow_symlinks=False).st_size
            for entry in entries
            if entry.is_file(follow_symlinks=False)
        }
        yield place, sizes


def _entries(folder: Path, most: int) -> list["os.DirEntry[str]"]:
    found = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                found.append(entry)
                if len(found) > most:
                    raise Trouble(
                        f"这里的文件超过 {LOOKED_AT_MOST} 个，请只把拷盘文件放进一个文件夹再导入",
                        f"more than {LOOKED_AT_MOST} files here: put the bundle into a folder of its own",
                    )
    except OSError as problem:
        raise Trouble(
            f"读不出这个文件夹：{problem.strerror or problem}",
            f"this folder cannot be read: {problem.strerror or problem}",
        ) from None
    return sorted(found, key=lambda entry: entry.name)
