"""The witness file: what this node has sealed or published, kept outside the database and synced before it leaves.

A database that was put back from a copy has forgotten what its node already told others; this file has not, unless the
whole disk was put back. It names the machine and the database it belongs to. Each line carries a checksum of its own; a
last line that was cut short by a power cut was never acted on, and is no error.
"""

import json
import os
import threading
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

from village_node import files
from village_node.store import NotSaved

WITNESS_FILE: Final = "witness.log"
LOCK_FILE: Final = "witness.lock"
LINES_MOST: Final = 4_096  # before the file is written anew with the highest position of each stream only
_FORM: Final = "sanji-witness-1"
_CHECKSUM: Final = 8  # hexadecimal digits of the CRC-32

StreamName = tuple[bytes, str]


class Sealed(NamedTuple):
    """A seal about to leave: the stream, and its position and chain hash there."""

    incarnation: bytes
    scope: str
    seq: int
    hash: bytes


class Published(NamedTuple):
    """A roster change about to be published: its part, its number in the chain, and the hash of its payload."""

    part: str
    n: int
    hash: bytes


class DamagedWitness(Exception):
    """The witness file cannot be believed: a line other than the last one is not what was written."""


class Witness:
    """One node's witness file. Thread-safe; the workers of one node share it, and each writes after the last word."""

    def __init__(self, path: Path) -> None:
        """Nothing is read or written yet: `read` first."""
        self._path = path
        self._lock = threading.Lock()
        self._lines = 0
        self._whole = True
        self._seen: tuple[int, int] | None = None  # which file, how long: what is kept here is what it said then
        self.machine = b""
        self.database = b""
        self.streams: dict[StreamName, tuple[int, bytes]] = {}
        self.parts: dict[str, tuple[int, bytes]] = {}

    def read(self) -> bool:
        """Learn what the file says; False where there is none. Raises DamagedWitness, OSError."""
        with self._lock:
            return self._read()

    def _read(self) -> bool:
        self._seen = None
        try:
            seen = self._look()
            raw = self._path.read_bytes()
        except FileNotFoundError:
            return False
        self.streams.clear()
        self.parts.clear()
        lines = raw.split(b"\n")
        # What stands after the last line feed is a line that was never finished.
        self._whole = not lines.pop()
        records = [_read_line(line) for line in lines]
        if records and records[-1] is None:
            records.pop()
            self._whole = False
        if not records or records[0] is None or records[0][:1] != [_FORM]:
            raise DamagedWitness("the first line is not one of a witness file")
        try:
            self.machine, self.database = bytes.fromhex(records[0][1]), bytes.fromhex(records[0][2])
            for record in records[1:]:
                self._learn(record)
        except (TypeError, ValueError, IndexError) as problem:
            raise DamagedWitness(f"a line is not what was written: {problem}") from None
        self._lines = len(records)
        # One who is writing just now may have come between the look and the reading: then it is read once more.
        self._seen = seen if seen[1] == len(raw) else None
        return True

    def _look(self) -> tuple[int, int]:
        found = self._path.stat()
        return found.st_ino, found.st_size

    def _catch_up(self) -> None:
        """Learn what another worker has written since. Raises DamagedWitness, OSError."""
        if self._seen is None or self._look() != self._seen:
            mended = not self._whole
            if not self._read():
                # Whoever syncs for this node makes it; made here, it would say that nothing was ever sealed.
                raise OSError("it is not there")
            if mended:  # what could not be synced may look whole
                self._write_anew()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """The only one that writes, of all threads and all workers; with the newest word. Raises NotSaved."""
        with self._lock:
            try:
                with files.turn(self._path.with_name(LOCK_FILE)):
                    self._catch_up()
                    yield
            except (OSError, DamagedWitness) as problem:
                raise NotSaved(
                    f"未保存：见证文件写不进去（{problem}），请检查磁盘",
                    f"not saved: the witness file cannot be written ({problem}); look at the disk",
                ) from problem

    def begin(self, machine: bytes, database: bytes) -> None:
        """Begin the file of a new life: nothing sealed yet, and what was published before is still known."""
        with self._lock, files.turn(self._path.with_name(LOCK_FILE)):
            known = dict(self.parts)
            if self._seen is not None:
                with suppress(OSError, DamagedWitness):
                    self._catch_up()
            self.parts = {**known, **self.parts}
            self.machine, self.database = machine, database
            self.streams.clear()
            self._write_anew()

    def seal(self, seals: Iterable[Sealed]) -> None:
        """Note seals that are about to leave, in one write and sync, but for those known already. Raises NotSaved."""
        given = list(seals)
        if self._whole and self._seen is not None and not self._new(given):
            return
        with self._turn():
            new = self._new(given)
            if new:
                self._append([["seal", each.incarnation.hex(), each.scope, each.seq, each.hash.hex()] for each in new])

    def _new(self, seals: Iterable[Sealed]) -> list[Sealed]:
        """Those that go further than what is noted, or say something else there."""
        return [
            each
            for each in seals
            if (known := self.streams.get((each.incarnation, each.scope), (0, b""))) != (each.seq, each.hash)
            and each.seq >= known[0]
        ]

    def publish(self, change: Published) -> None:
        """Note a roster change that is about to be published. Raises NotSaved."""
        with self._turn():
            if self.parts.get(change.part, (0, b"")) != (change.n, change.hash):
                self._append([["roster", change.part, change.n, change.hash.hex()]])

    def _learn(self, record: list[Any] | None) -> None:
        if record is None:
            raise ValueError("its checksum does not fit")
        if record[0] == "seal":
            _, incarnation, scope, seq, chain_hash = record
            name = bytes.fromhex(incarnation), scope
            if int(seq) >= self.streams.get(name, (0, b""))[0]:  # two workers may note theirs in another order
                self.streams[name] = (int(seq), bytes.fromhex(chain_hash))
        elif record[0] == "roster":
            _, part, n, payload_hash = record
            self.parts[part] = (int(n), bytes.fromhex(payload_hash))
        else:
            raise ValueError(f"{record[0]!r} is not known")

    def _append(self, records: list[list[Any]]) -> None:
        """Write lines and sync them. What could not be written whole is cut off again by the next one who writes."""
        if not self._whole or self._lines + len(records) > LINES_MOST:
            self._write_anew()
        self._whole, self._seen = False, None
        with self._path.open("ab", buffering=0) as file:
            raw = b"".join(map(_line, records))
            if file.write(raw) != len(raw):
                raise OSError("only part of it could be written")
            os.fsync(file.fileno())
        self._whole, self._seen = True, self._look()
        self._lines += len(records)
        for record in records:
            self._learn(record)

    def _write_anew(self) -> None:
        """The file with only the newest of each, put in place of the one before in one step."""
        records: list[list[Any]] = [[_FORM, self.machine.hex(), self.database.hex()]]
        records += [["seal", key[0].hex(), key[1], *_shown(noted)] for key, noted in sorted(self.streams.items())]
        records += [["roster", part, *_shown(noted)] for part, noted in sorted(self.parts.items())]
        files.write(self._path, b"".join(map(_line, records)))
        self._lines, self._whole, self._seen = len(records), True, self._look()


def _shown(noted: tuple[int, bytes]) -> tuple[int, str]:
    return noted[0], noted[1].hex()


def _line(record: list[Any]) -> bytes:
    text = json.dumps(record, ensure_ascii=True, separators=(",", ":")).encode("ascii")
    return b"%08x %b\n" % (zlib.crc32(text), text)


def _read_line(line: bytes) -> list[Any] | None:
    """What a line says; None where it is not what was written."""
    checksum, text = line[:_CHECKSUM], line[_CHECKSUM + 1 :]
    if checksum != b"%08x" % zlib.crc32(text):
        return None
    record = json.loads(text)
    return record if isinstance(record, list) and record else None
