"""The disk under one node, as a model: what was committed stays, what was under way when the power went is lost.

The real store writes real SQLite files in memory. Here it is decided when the disk is full, refuses, or when the power
goes: before a commit, or after it and before anybody heard of it.
"""

import random
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DatabaseError

from village_node.store import Store, open_store
from village_node.store.sqlite import SqliteDatabase

SOUND, FULL, READ_ONLY, FAILING, UNREADABLE = "sound", "full", "read_only", "failing", "unreadable"
_MOST_PAGES = 1_073_741_823
_FAILING_SHARE = 0.6  # of the transactions, while the disk fails


class PowerCut(BaseException):
    """The machine stops here. No code of the node may catch it: nothing of it runs any more."""


class Disk:
    """One node's disk and what it will do next."""

    def __init__(self, path: Path, chance: random.Random) -> None:
        self.path = path
        self.data = path.with_suffix(".data")  # what is kept beside the database: identity, keys, witness
        self.data.mkdir()
        self.machine = b"the first machine"[:16]
        self.chance = chance
        self.state = SOUND
        self.commits = 0
        self._prepared: tuple[sqlite3.Connection | None, str] = (None, SOUND)
        self.cut_before_commit = 0  # the power goes in this many transactions from now, 0: not planned
        self.cut_after_commit = 0
        # The disk says that it has synced, and has not: when the power goes it is this again.
        self.cut_back: dict[str, bytes] | None = None
        self.on_cut: Callable[[], None] = lambda: None

    def open(self) -> Store:
        """The store on this disk, opened as the node's own program does it. Raises StoreError."""
        if not self.path.exists():
            self.path.write_bytes(_new_database())
        database = SimulatedDatabase(f"sqlite:///{self.path}", self)
        try:
            database.refuse_unsafe()
        except BaseException:
            database.close()
            raise
        return Store(database)

    def image(self) -> dict[str, bytes]:
        """All that lies on the disk now, committed or not yet checkpointed."""
        image = {name: file.read_bytes() for name in ("", "-wal") if (file := self._file(name)).exists()}
        return image | {f"/{file.name}": file.read_bytes() for file in sorted(self.data.iterdir())}

    def put_back(self, image: dict[str, bytes]) -> None:
        """Make the disk what it was in an image. Nobody may have it open."""
        for name in ("", "-wal", "-shm"):
            file = self._file(name)
            if name in image:
                file.write_bytes(image[name])
            else:
                file.unlink(missing_ok=True)
        if not any(name.startswith("/") for name in image):
            return  # the database alone was put back
        for file in self.data.iterdir():
            file.unlink()
        for name, raw in image.items():
            if name.startswith("/"):
                (self.data / name[1:]).write_bytes(raw)

    def _file(self, name: str) -> Path:
        return self.path.with_name(self.path.name + name)

    def prepare(self, writer: sqlite3.Connection) -> None:
        """Make SQLite meet a disk that is full or may not be written, or a sound one again."""
        if self._prepared == (writer, self.state):
            return
        self._prepared = (writer, self.state)
        pages = writer.execute("PRAGMA page_count").fetchone()[0] if self.state == FULL else _MOST_PAGES
        writer.execute(f"PRAGMA max_page_count = {pages}")
        writer.execute(f"PRAGMA query_only = {'ON' if self.state == READ_ONLY else 'OFF'}")

    def begins(self) -> None:
        """A write transaction has begun."""
        if self.state == FAILING and self.chance.random() < _FAILING_SHARE:
            raise _io_error()

    def commits_next(self) -> None:
        """Everything is written; the commit comes next."""
        if self.state == FAILING and self.chance.random() < _FAILING_SHARE:
            raise _io_error()
        if self.cut_before_commit:
            self.cut_before_commit -= 1
            if not self.cut_before_commit:
                raise PowerCut

    def committed(self) -> None:
        """It is on the disk."""
        self.commits += 1
        if self.cut_after_commit:
            self.cut_after_commit -= 1
            if not self.cut_after_commit:
                raise PowerCut

    def reads(self) -> None:
        """Somebody reads."""
        if self.state == UNREADABLE and self.chance.random() < _FAILING_SHARE:
            raise _io_error()


def _io_error() -> sqlite3.OperationalError:
    """What the driver raises where the system says that reading or writing failed."""
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode, error.sqlite_errorname = sqlite3.SQLITE_IOERR, "SQLITE_IOERR"
    return error


@cache
def _new_database() -> bytes:
    """What the store makes of an empty disk. Made once: all machines begin alike."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "new.db"
        open_store(f"sqlite:///{path}").close()
        return path.read_bytes()


class View(AbstractContextManager[Connection]):
    """One state of a disk, and all who read in it."""

    def __init__(self, commits: int, opened: AbstractContextManager[Connection]) -> None:
        self.commits = commits
        self._opened: AbstractContextManager[Any] = opened
        self._connection = opened.__enter__()
        self._readers = 0
        self.kept = True

    def __enter__(self) -> Connection:
        self._readers += 1
        return self._connection

    def __exit__(self, *raised: Any) -> None:
        self._readers -= 1
        if isinstance(raised[1], DatabaseError | sqlite3.Error):
            self.kept = False
            self._close(*raised)  # says it in the store's words
        elif not self._readers and not self.kept:
            self._close(*raised)

    def let_go(self) -> None:
        """Close it when nobody reads in it any more."""
        self.kept = False
        if not self._readers:
            self._close(None, None, None)

    def _close(self, *raised: Any) -> None:
        opened, self._opened = self._opened, nullcontext()
        opened.__exit__(*raised)


class SimulatedDatabase(SqliteDatabase):
    """The real database on a disk that does what the simulation says."""

    def __init__(self, url: str, disk: Disk) -> None:
        self._disk = disk
        self._view: View | None = None
        super().__init__(url)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        self._let_go()
        with self._lock:
            self._disk.prepare(self._open_writer().connection.driver_connection)  # type: ignore[arg-type]
        with super().writing() as connection:
            self._disk.begins()
            yield connection
            self._let_go()
            self._disk.commits_next()
        self._disk.committed()

    def reading(self) -> AbstractContextManager[Connection]:  # type: ignore[override]
        """The view of the last commit. It stays open until somebody writes: each that reads meanwhile would open the
        same one, thirty times in an exchange."""
        if self._disk.state == UNREADABLE:
            return self._reading_with_trouble()
        if self._view is None or not self._view.kept or self._view.commits != self._disk.commits:
            self._let_go()
            self._view = View(self._disk.commits, super().reading())
        return self._view

    @contextmanager
    def _reading_with_trouble(self) -> Iterator[Connection]:
        with super().reading() as connection:
            self._disk.reads()
            yield connection

    def _let_go(self) -> None:
        """The next who reads opens another view; this one is closed as soon as nobody reads in it."""
        view, self._view = self._view, None
        if view is not None:
            view.let_go()

    def scrub(self) -> bool:
        self._let_go()
        return super().scrub()

    def close(self) -> None:
        self._let_go()
        super().close()
