"""The store on SQLite: one writer connection for the whole node, readers beside it, and no promise taken on trust."""

import os
import sqlite3
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import QueuePool, StaticPool

from village_node import files
from village_node.store.errors import NotReadable, NotSaved, UnsafeDatabase

BUSY_S: Final = 20.0
READERS: Final = 16
SETTINGS: Final = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA secure_delete = ON",
    "PRAGMA foreign_keys = ON",
    "PRAGMA wal_autocheckpoint = 2000",
    "PRAGMA cache_size = -16000",
    "PRAGMA temp_store = MEMORY",
)
# What start-up reads back. WAL with FULL is the fastest pair that lost nothing in power-cut runs; NORMAL lost
# acknowledged rows. secure_delete: what is erased leaves no trace in free pages.
REQUIRED: Final = {"journal_mode": "wal", "synchronous": "2", "secure_delete": "1", "foreign_keys": "1"}


class SqliteDatabase:
    """One SQLite file. The writer connection is opened at the first write, in the process that writes (never carried
    across a fork), and is the only one that makes checkpoints."""

    name = "sqlite"

    def __init__(self, url: str) -> None:
        parsed = make_url(url)
        if not parsed.database or parsed.database == ":memory:":
            raise UnsafeDatabase(
                "数据库必须是磁盘上的文件:内存中的数据断电即失",
                "the database must be a file: memory does not survive a power cut",
            )
        prepare_file(Path(parsed.database))
        self._lock = threading.RLock()
        self._leaders: dict[str, threading.Lock] = {}
        self._pid = os.getpid()
        self._writer_engine = _writer_engine(parsed)
        self._reader_engine = _reader_engine(parsed)
        self._writer: Connection | None = None

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One write transaction (BEGIN IMMEDIATE); committed and synced at the end, rolled back on any error.

        Raises NotSaved when the disk refuses; then nothing of it was kept.
        """
        with self._lock:
            connection = self._open_writer()
            try:
                with connection.begin():
                    yield connection
            except (DatabaseError, sqlite3.Error) as error:
                trouble = disk_trouble(error)
                if not trouble:
                    raise
                raise NotSaved(
                    f"未保存:磁盘已满或无法写入({trouble})。已有数据不受影响,请腾出空间后重试",
                    f"not saved: the disk is full or cannot be written ({trouble}). Nothing stored is lost; "
                    "make room and try again",
                ) from error

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent view of the last commit; writing through it is an error."""
        self._refuse_fork()
        try:
            with self._reader_engine.connect() as connection, connection.begin():
                yield connection
        except (DatabaseError, sqlite3.Error) as error:
            trouble = disk_trouble(error)
            if not trouble:
                raise
            raise NotReadable(
                f"读不出数据:磁盘出错({trouble}),请检查磁盘", f"cannot be read: the disk is failing ({trouble})"
            ) from error

    @contextmanager
    def leader(self, name: str) -> Iterator[bool]:
        """True for one caller at a time and name: SQLite means one process (the data folder is locked)."""
        with self._lock:
            lock = self._leaders.setdefault(name, threading.Lock())
        taken = lock.acquire(blocking=False)
        try:
            yield taken
        finally:
            if taken:
                lock.release()

    def settings(self) -> dict[str, str]:
        """What the database answers when asked for its settings (start-up refuses unsafe ones)."""
        with self.writing() as connection:
            answers = {
                name: str(connection.exec_driver_sql(f"PRAGMA {name}").scalar())
                for name in (*REQUIRED, "wal_autocheckpoint")
            }
            answers["version"] = str(connection.exec_driver_sql("SELECT sqlite_version()").scalar())
        return answers

    def refuse_unsafe(self) -> None:
        """Raise UnsafeDatabase, naming the setting, unless each one is as the main promise needs it."""
        found = self.settings()
        for name, wanted in REQUIRED.items():
            if found[name] != wanted:
                raise UnsafeDatabase(
                    f"数据库设置不安全:{name} 为 {found[name]},应为 {wanted};节点不启动",
                    f"unsafe database: {name} is {found[name]}, must be {wanted}; the node does not start",
                )

    def listen(self, heard: Callable[[str], None]) -> None:
        """Nothing to listen for: one process writes, and it knows what it wrote."""

    def announce(self, connection: Connection, words: str) -> None:
        """Nobody to tell: see ``listen``."""

    def close(self) -> None:
        """Close the readers, then the writer, which thereby makes the last checkpoint."""
        self._reader_engine.dispose()
        with self._lock:
            if self._writer is not None:
                self._writer.close()
                self._writer = None
            self._writer_engine.dispose()

    def _open_writer(self) -> Connection:
        self._refuse_fork()
        if self._writer is None:
            self._writer = self._writer_engine.connect()
        return self._writer

    def _refuse_fork(self) -> None:
        if os.getpid() != self._pid:
            raise RuntimeError("a SQLite store was carried across a fork; open it in the process that uses it")


def prepare_file(path: Path) -> None:
    """Make folder and file before SQLite does, so that neither is ever readable by others (0700, 0600)."""
    files.make_folder(path.parent)
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, stat.S_IRUSR | stat.S_IWUSR))
    if os.name == "posix":
        path.chmod(stat.S_IRUSR | stat.S_IWUSR)


def disk_trouble(error: DatabaseError | sqlite3.Error) -> str:
    """What SQLite says of a full or failing disk; empty for an error of ours."""
    words = str(error.orig if isinstance(error, DatabaseError) else error)
    signs = ("disk is full", "disk i/o error", "attempt to write a readonly database", "unable to open", "is locked")
    return words if any(sign in words.lower() for sign in signs) else ""


def _writer_engine(url: URL) -> Engine:
    engine = create_engine(url, poolclass=StaticPool, connect_args=_CONNECT, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, record: object) -> None:
        # The driver must not begin transactions by itself: its late BEGIN takes the lock too late.
        connection.isolation_level = None
        for setting in SETTINGS:
            connection.execute(setting)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.connection.driver_connection.execute("BEGIN IMMEDIATE")  # type: ignore[union-attr]

    return engine


def _reader_engine(url: URL) -> Engine:
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=4,
        max_overflow=READERS,
        pool_reset_on_return=None,
        connect_args=_CONNECT,
        hide_parameters=True,  # an error's text goes into logs, and parameters are people's data
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, record: object) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA query_only = ON")
        connection.execute("PRAGMA cache_size = -8000")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.connection.driver_connection.execute("BEGIN")  # type: ignore[union-attr]

    return engine


_CONNECT: Final[dict[str, Any]] = {"check_same_thread": False, "timeout": BUSY_S}
