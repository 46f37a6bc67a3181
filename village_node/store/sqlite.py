"""The store on SQLite: one writer connection for the whole node, readers beside it, and no promise taken on trust."""

import os
import sqlite3
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DatabaseError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import NullPool, StaticPool

from village_node import files
from village_node.store.errors import NotReadable, NotSaved, RoomMade, UnsafeDatabase
from village_node.store.reserve import Reserve

# A page that saves answers within five seconds, however the disk hangs: so long for the writers before it, and so long
# for a program that is not ours and holds the file.
QUEUE_S: Final = 3.0
BUSY_S: Final = 2.0
READERS: Final = 20  # at a time
KEPT: Final = 4  # of them open between their uses
STATEMENTS: Final = 512  # kept ready by each connection: with the number of keys asked for there are many of the kind
SETTINGS: Final = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA secure_delete = ON",
    "PRAGMA foreign_keys = ON",
    # 16 MB: at half of that the log was carried over at nearly every large frame, which took 4 % of admission.
    "PRAGMA wal_autocheckpoint = 4000",
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

    def __init__(self, url: str, reserve_bytes: int = 0) -> None:
        parsed = make_url(url)
        if not parsed.database or parsed.database == ":memory:":
            raise UnsafeDatabase(
                "数据库必须是磁盘上的文件：内存中的数据断电即失",
                "the database must be a file: memory does not survive a power cut",
            )
        prepare_file(Path(parsed.database))
        _name_adapters()
        self.reserve = Reserve(Path(parsed.database).parent, reserve_bytes)
        if self.reserve.room().closed:  # the disk filled up while nobody was here: a start writes a little too
            self.reserve.release()
        self._lock = threading.RLock()
        self._leaders: dict[str, threading.Lock] = {}
        self._pid = os.getpid()
        self._writer_engine = _writer_engine(parsed)
        self._readers = Readers(parsed)
        self._writer: Connection | None = None
        self._answered: dict[str, str] = {}

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One write transaction (BEGIN IMMEDIATE); committed and synced at the end, rolled back on any error.

        Raises NotSaved when the disk or the memory refuses; then nothing of it was kept.
        """
        if not self._lock.acquire(timeout=QUEUE_S):
            raise NotSaved(
                "未保存：数据库正忙，磁盘可能很慢或出错，请稍后重试",
                "not saved: the database is busy, the disk may be slow or failing; try again",
            )
        try:
            connection = self._open_writer()
            with connection.begin():
                yield connection
        except (DatabaseError, sqlite3.Error, MemoryError) as error:
            trouble = disk_trouble(error)
            if not trouble:
                raise
            self._recover(error)
            if _is_refused_space(error) and self.reserve.release():
                raise RoomMade(*_not_saved(trouble)) from error
            raise NotSaved(*_not_saved(trouble)) from error
        finally:
            self._lock.release()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent view of the last commit; writing through it is an error."""
        self._refuse_fork()
        try:
            with self._readers.one() as connection:
                yield connection
        except (DatabaseError, sqlite3.Error, MemoryError, PoolTimeout) as error:
            trouble = disk_trouble(error)
            if not trouble:
                raise
            raise NotReadable(
                f"读不出数据：磁盘出错或内存不足（{trouble}），请稍后再试，并请检查磁盘",
                f"cannot be read: the disk is failing or memory is short ({trouble}); try again, and have it checked",
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
        """What the database answers when asked for its settings (start-up refuses unsafe ones).

        While the disk refuses it is what was answered last: the health page is needed then above all.
        """
        try:
            with self.writing() as connection:
                answers = {
                    name: str(connection.exec_driver_sql(f"PRAGMA {name}").scalar())
                    for name in (*REQUIRED, "wal_autocheckpoint")
                }
                answers["version"] = str(connection.exec_driver_sql("SELECT sqlite_version()").scalar())
        except NotSaved:
            if not self._answered:
                raise
            return self._answered
        self._answered = answers
        return answers

    def refuse_unsafe(self) -> None:
        """Raise UnsafeDatabase, naming the setting, unless each one is as the main promise needs it."""
        found = self.settings()
        for name, wanted in REQUIRED.items():
            if found[name] != wanted:
                raise UnsafeDatabase(
                    f"数据库设置不安全：{name} 为 {found[name]}，应为 {wanted}；节点不启动",
                    f"unsafe database: {name} is {found[name]}, must be {wanted}; the node does not start",
                )

    def listen(self, heard: Callable[[str], None]) -> None:
        """Nothing to listen for: one process writes, and it knows what it wrote."""

    def announce(self, connection: Connection, words: str) -> None:
        """Nobody to tell: see ``listen``."""

    def scrub(self) -> bool:
        """Carry the log over and cut it to nothing; False when a reader stood in the way (it is not waited for)."""
        with self._lock:
            connection = self._open_writer().connection.driver_connection
            assert connection is not None
            connection.execute("PRAGMA busy_timeout = 0")
            try:
                busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            finally:
                connection.execute(f"PRAGMA busy_timeout = {int(BUSY_S * 1000)}")
        return not busy

    def close(self) -> None:
        """Close the readers, then the writer, which thereby makes the last checkpoint."""
        self._readers.close()
        with self._lock:
            if self._writer is not None:
                self._writer.close()
                self._writer = None
            self._writer_engine.dispose()

    def _recover(self, error: BaseException) -> None:
        """Leave nothing behind that the next transaction would trip over.

        Out of space, SQLite has rolled back and the connection is sound. After anything else the next one gets a fresh
        connection: files are opened again, as after a remount, and no half-open transaction is left.
        """
        writer = self._writer
        if writer is None:
            return
        sound = _code(error) == sqlite3.SQLITE_FULL and not writer.invalidated and not writer.in_transaction()
        if sound and not writer.connection.driver_connection.in_transaction:  # type: ignore[union-attr]
            return
        self._writer = None
        with suppress(DatabaseError, sqlite3.Error):
            writer.invalidate()
        with suppress(DatabaseError, sqlite3.Error):
            writer.close()

    def _open_writer(self) -> Connection:
        self._refuse_fork()
        if self._writer is None:
            self._writer = self._writer_engine.connect()
        return self._writer

    def _refuse_fork(self) -> None:
        if os.getpid() != self._pid:
            raise RuntimeError("a SQLite store was carried across a fork; open it in the process that uses it")


def _name_adapters() -> None:
    """Tell the driver how to write what is neither a number nor a text. For such a value it looks for an adapter, and
    where it finds none it asks the value's class, and goes without: for a row of a case, most of which is empty, that
    took as long as all the rest of writing it."""
    empty: dict[None, None] = {}
    sqlite3.register_adapter(type(None), empty.get)
    sqlite3.register_adapter(bytes, bytes)
    sqlite3.register_adapter(bool, int)


def prepare_file(path: Path) -> None:
    """Make folder and file before SQLite does, so that neither is ever readable by others (0700, 0600)."""
    files.make_folder(path.parent)
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, stat.S_IRUSR | stat.S_IWUSR))
    if os.name == "posix":
        path.chmod(stat.S_IRUSR | stat.S_IWUSR)


# What SQLite says of a disk that is full, failing, read-only or gone, of a file somebody else holds, of short memory.
_TROUBLES: Final = frozenset(
    {
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
    }
)


def disk_trouble(error: BaseException) -> str:
    """What is wrong with the disk, or the memory, in SQLite's words; empty for an error of ours."""
    if isinstance(error, MemoryError):
        return "out of memory"
    if isinstance(error, PoolTimeout):
        return "too many readers at once"
    return str(_cause(error)) if _code(error) in _TROUBLES else ""


def _cause(error: BaseException) -> BaseException | None:
    return error.orig if isinstance(error, DatabaseError) else error


def _code(error: BaseException) -> int:
    """SQLite's primary result code; 0 for what did not come from SQLite."""
    return int(getattr(_cause(error), "sqlite_errorcode", 0)) & 0xFF


# A write that failed is an I/O error to SQLite unless the system said ENOSPC: so it is where a quota ends, or where
# space is only found to be missing when the file is synced.
_WRITES_REFUSED: Final = frozenset(
    {
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_IOERR_WRITE,
        sqlite3.SQLITE_IOERR_FSYNC,
        sqlite3.SQLITE_IOERR_DIR_FSYNC,
        sqlite3.SQLITE_IOERR_TRUNCATE,
        sqlite3.SQLITE_IOERR_SHMOPEN,
        sqlite3.SQLITE_IOERR_SHMSIZE,
        sqlite3.SQLITE_IOERR_SHMMAP,
    }
)


def _is_refused_space(error: BaseException) -> bool:
    """Whether space may be what was missing."""
    extended = int(getattr(_cause(error), "sqlite_errorcode", 0))
    return _code(error) == sqlite3.SQLITE_FULL or extended in _WRITES_REFUSED


def _not_saved(trouble: str) -> tuple[str, str]:
    return (
        f"未保存：磁盘已满、无法写入或内存不足（{trouble}）。已有数据不受影响，请腾出空间后重试",
        f"not saved: the disk is full or cannot be written, or memory is short ({trouble}). Nothing stored is lost; "
        "make room and try again",
    )


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


class Readers:
    """Connections that read. Each is kept open between its uses, and for SQLAlchemy in one transaction that never ends:
    to open, begin and end one by its means costs more than most of what is read."""

    def __init__(self, url: URL) -> None:
        # An error's text goes into logs, and parameters are people's data.
        self._engine = create_engine(url, poolclass=NullPool, connect_args=_CONNECT, hide_parameters=True)
        self._places = threading.Semaphore(READERS)
        self._idle: list[Connection] = []
        self._closed = False

        @event.listens_for(self._engine, "connect")
        def prepare(connection: Any, record: object) -> None:
            connection.isolation_level = None
            connection.execute("PRAGMA query_only = ON")
            connection.execute("PRAGMA cache_size = -8000")

    @contextmanager
    def one(self) -> Iterator[Connection]:
        """A connection in a transaction of its own. Raises PoolTimeout when too many read, and what SQLite raises."""
        if not self._places.acquire(timeout=QUEUE_S):
            raise PoolTimeout("too many readers at once")
        try:
            connection = self._taken()
            driver = connection.connection.driver_connection
            assert driver is not None
            try:
                driver.execute("BEGIN")
                yield connection
                driver.execute("COMMIT")
            except BaseException:
                with suppress(DatabaseError, sqlite3.Error):
                    connection.invalidate()  # what it holds open is not trusted to be closed
                    connection.close()
                raise
            self._give_back(connection)
        finally:
            self._places.release()

    def close(self) -> None:
        """Close what nobody uses now, and the others when they are given back."""
        self._closed = True
        self.close_idle()

    def close_idle(self) -> None:
        """Let go of the file, as far as nobody reads just now."""
        with suppress(IndexError):
            while True:
                self._idle.pop().close()

    def _taken(self) -> Connection:
        try:
            return self._idle.pop()
        except IndexError:
            connection = self._engine.connect()
            connection.begin()
            return connection

    def _give_back(self, connection: Connection) -> None:
        if len(self._idle) >= KEPT:
            connection.close()
            return
        self._idle.append(connection)
        if self._closed:  # looked at last: whoever closes either finds this one, or has said so by now
            self.close_idle()


_CONNECT: Final[dict[str, Any]] = {"check_same_thread": False, "timeout": BUSY_S, "cached_statements": STATEMENTS}
