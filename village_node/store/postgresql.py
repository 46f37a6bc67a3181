"""The store on PostgreSQL: several workers on one database, row locks in one order, and words passed between them."""

import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

import psycopg
from sqlalchemy import Connection, create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from village_node.store.errors import NotReadable, NotSaved, Overtaken, StoreError, UnsafeDatabase
from village_node.store.locks import OUR_LOCKS
from village_node.store.reserve import Reserve

CHANNEL: Final = "sanji_news"
STOP: Final = "stop"
POOL: Final = 16
# What start-up reads back, in a transaction of ours. With any other value a commit may be acknowledged that a power
# cut takes away, or a transaction may not see what another committed while it waited for a lock.
REQUIRED: Final = {
    "fsync": ("on",),
    "synchronous_commit": ("on", "remote_write", "remote_apply"),
    "full_page_writes": ("on",),
    "transaction_isolation": ("read committed",),
    "server_encoding": ("UTF8",),
}
DEADLOCK_OR_SERIALISATION: Final = frozenset({"40P01", "40001"})
# Beginnings of SQLSTATE: connection lost, read only, out of resources (disk full), operator intervention, system error.
TROUBLE: Final = ("08", "25006", "53", "57P", "58")
# A page that saves answers within five seconds, so a server that is gone is not waited for much longer.
CONNECT_S: Final = 3
POOL_WAIT_S: Final = 3.0
_DATABASE: Final = (DBAPIError, psycopg.Error)


class PostgresqlDatabase:
    """One PostgreSQL database shared by the workers of a county."""

    name = "postgresql"
    reserve: Reserve | None = None  # the disk is the server's

    def __init__(self, url: str) -> None:
        parsed = make_url(url).set(drivername="postgresql+psycopg")
        self._engine = create_engine(
            parsed,
            pool_size=4,
            max_overflow=POOL,
            pool_timeout=POOL_WAIT_S,
            pool_pre_ping=True,
            connect_args={"connect_timeout": CONNECT_S},
            isolation_level="READ COMMITTED",
            hide_parameters=True,  # an error's text goes into logs, and parameters are people's data
        )
        # The same pool of connections, each set for the time of one view.
        self._readers = self._engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        self._address = parsed.set(drivername="postgresql").render_as_string(hide_password=False)
        self._listener: _Listener | None = None

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One write transaction; committed and synced at the end, rolled back on any error.

        Raises NotSaved when the server refuses or went away, Overtaken when it broke a deadlock: plan again.
        """
        try:
            with self._engine.connect() as connection, connection.begin():
                yield connection
        except (*_DATABASE, MemoryError, PoolTimeout) as error:
            cause = error.orig if isinstance(error, DBAPIError) else error
            if getattr(cause, "sqlstate", None) in DEADLOCK_OR_SERIALISATION:
                raise Overtaken(str(cause)) from error
            if not is_trouble(cause):
                raise
            raise NotSaved(
                f"未保存：数据库拒绝写入或连接中断（{cause}）。已有数据不受影响，请稍后重试",
                f"not saved: the database refused or went away ({cause}). Nothing stored is lost; try again",
            ) from error

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent view of what is committed, for any number of queries."""
        try:
            with self._readers.connect() as connection, connection.begin():
                yield connection
        except (*_DATABASE, MemoryError, PoolTimeout) as error:
            cause = error.orig if isinstance(error, DBAPIError) else error
            if not is_trouble(cause):
                raise
            raise NotReadable(
                f"数据库暂时无法读取（{cause}），请稍后重试", f"the database cannot be read at the moment ({cause})"
            ) from error

    @contextmanager
    def leader(self, name: str) -> Iterator[bool]:
        """True for one caller at a time and name, over all workers; a worker that dies gives it up."""
        key = (OUR_LOCKS, zlib.crc32(name.encode()) >> 1)
        with self._engine.connect() as plain:
            connection = plain.execution_options(isolation_level="AUTOCOMMIT")
            taken = bool(connection.exec_driver_sql("SELECT pg_try_advisory_lock(%s, %s)", key).scalar())
            try:
                yield taken
            finally:
                if taken:
                    with suppress(*_DATABASE):  # a server that was away has let go of it itself
                        connection.exec_driver_sql("SELECT pg_advisory_unlock(%s, %s)", key)

    def settings(self) -> dict[str, str]:
        """What the server answers when asked for its settings (start-up refuses unsafe ones)."""
        with self.writing() as connection:
            return {
                name: str(connection.exec_driver_sql("SELECT current_setting(%s)", (name,)).scalar())
                for name in (*REQUIRED, "server_version")
            }

    def refuse_unsafe(self) -> None:
        """Raise UnsafeDatabase, naming the setting, unless each one is as the main promise needs it."""
        found = self.settings()
        for name, wanted in REQUIRED.items():
            if found[name] not in wanted:
                raise UnsafeDatabase(
                    f"数据库设置不安全：{name} 为 {found[name]}，应为 {wanted[0]}；节点不启动",
                    f"unsafe database: {name} is {found[name]}, must be {wanted[0]}; the node does not start",
                )

    def listen(self, heard: Callable[[str], None]) -> None:
        """Call ``heard`` with what workers announce, from a thread of our own, until the store is closed."""
        if self._listener is None:
            self._listener = _Listener(self._address, heard)
            self._listener.start()

    def announce(self, connection: Connection, words: str) -> None:
        """Tell the workers at the commit of this transaction; at most 7,900 bytes."""
        connection.exec_driver_sql("SELECT pg_notify(%s, %s)", (CHANNEL, words))

    def scrub(self) -> bool:
        """Nothing to do here: vacuum takes what was overwritten out of the tables, the server recycles its own log."""
        return True

    def close(self) -> None:
        """Stop listening and give all connections back."""
        if self._listener is not None:
            self._listener.stop()
            self._listener = None
        self._engine.dispose()


def is_trouble(cause: BaseException | None) -> bool:
    """Tell a server that is full, failing or gone from an error of ours."""
    if isinstance(cause, MemoryError | PoolTimeout):
        return True
    state = str(getattr(cause, "sqlstate", None) or "")
    return state.startswith(TROUBLE) or (not state and isinstance(cause, psycopg.OperationalError))


class _Listener(threading.Thread):
    """Waits for announcements on a connection of its own; connects again when the server was away."""

    def __init__(self, address: str, heard: Callable[[str], None]) -> None:
        super().__init__(name="store-listener", daemon=True)
        self._address = address
        self._heard = heard
        self._over = threading.Event()
        self._ready = threading.Event()

    def start(self) -> None:
        super().start()
        self._ready.wait(timeout=10)

    def run(self) -> None:
        while not self._over.is_set():
            try:
                self._hear()
            except (psycopg.Error, StoreError):  # also where who was told could not read what it is about: once more
                self._over.wait(timeout=2)

    def _hear(self) -> None:
        with psycopg.connect(self._address, autocommit=True) as connection:
            connection.execute(f"LISTEN {CHANNEL}")
            self._ready.set()
            # Whoever wrote while nobody listened was not heard: look at everything once.
            self._heard("*")
            while not self._over.is_set():
                for notice in connection.notifies(timeout=60, stop_after=1):
                    if notice.payload != STOP:
                        self._heard(notice.payload)

    def stop(self) -> None:
        self._over.set()
        try:
            with psycopg.connect(self._address, autocommit=True, connect_timeout=2) as connection:
                connection.execute("SELECT pg_notify(%s, %s)", (CHANNEL, STOP))
        except psycopg.Error:
            return  # the server is gone, and with it what the thread waits for
        self.join(timeout=10)
