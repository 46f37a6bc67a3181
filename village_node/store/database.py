"""Open a node's database: choose the dialect, refuse unsafe settings, bring the tables up to date."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import Connection
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from village_node.store import locks, migrations
from village_node.store.errors import NotSaved, StoreError
from village_node.store.locks import CaseKey, StreamKey
from village_node.store.reserve import Room
from village_node.store.sqlite import SqliteDatabase

if TYPE_CHECKING:
    from village_node.store.postgresql import PostgresqlDatabase


class Store:
    """The one way to the database, on either dialect. Safe to use from many threads."""

    def __init__(self, database: "SqliteDatabase | PostgresqlDatabase") -> None:
        self._database = database
        self.dialect = database.name

    def writing(self) -> AbstractContextManager[Connection]:
        """One write transaction: all of it or nothing. Raises NotSaved (disk), Overtaken (plan again)."""
        return self._database.writing()

    def reading(self) -> AbstractContextManager[Connection]:
        """One consistent view for any number of queries."""
        return self._database.reading()

    def exclusive(self, connection: Connection, cases: Sequence[CaseKey], streams: Sequence[StreamKey]) -> None:
        """Hold these cases and streams to the end of the transaction; nobody else changes them meanwhile.

        To be called before what depends on them is read and before a number is drawn from a count; once more in a
        transaction only for what is held already. New cases get an empty row first; streams must exist. Cases before
        streams, both sorted: so no two workers ever wait for each other in a ring.
        """
        if self.dialect != "sqlite":  # there BEGIN IMMEDIATE holds everything already
            locks.take(connection, cases, streams)

    @contextmanager
    def apart(self, connection: Connection) -> Iterator[Connection]:
        """A short transaction of its own beside this one, for rows that do no harm if this one is rolled back.

        On SQLite, where one transaction holds everything, it is this one itself.
        """
        if self.dialect == "sqlite":
            yield connection
        else:
            with self._database.writing() as other:
                yield other

    def leader(self, name: str) -> AbstractContextManager[bool]:
        """True inside the block for one caller of this name at a time, over all workers."""
        return self._database.leader(name)

    def listen(self, heard: Callable[[str], None]) -> None:
        """Hear what workers announce (PostgreSQL); on SQLite there is one process, and it knows what it wrote."""
        self._database.listen(heard)

    def announce(self, connection: Connection, words: str) -> None:
        """Tell other workers at the commit of this transaction."""
        self._database.announce(connection, words)

    def room(self) -> Room | None:
        """How the disk under the database stands; None where it is another machine's."""
        reserve = self._database.reserve
        return reserve.room() if reserve is not None else None

    def keep_reserve(self) -> None:
        """Fill the intake reserve (again) where there is space. For the node's tick."""
        if self._database.reserve is not None:
            self._database.reserve.look()

    def give_room(self) -> bool:
        """Give the reserve up for what could not be written beside the database; whether there was any to give."""
        return self._database.reserve is not None and self._database.reserve.release()

    def refuse_intake_without_room(self) -> None:
        """Raise NotSaved when the disk is about to be full: what is left is for what is in progress."""
        room = self.room()
        if room is not None and room.closed:
            raise NotSaved(
                "未保存：磁盘将满，暂停收件；留下的空间用于办完已收的件。腾出空间后自动恢复，请届时再提交",
                "not saved: the disk is nearly full, no new applications are taken; what is left is for those already "
                "here. It goes on by itself once there is room",
            )

    def settings(self) -> dict[str, str]:
        """The database's own account of its safety settings and version, for the health page and the audit log."""
        return {"dialect": self.dialect, **self._database.settings()}

    def scrub(self) -> bool:
        """Leave nothing of what was overwritten in the database's log; False: somebody was reading, try again later."""
        return self._database.scrub()

    def close(self) -> None:
        """Give every connection back."""
        self._database.close()


def open_store(url: str, reserve_bytes: int = 0) -> Store:
    """Open (or make) the database at an SQLAlchemy URL: ``sqlite:///path`` or ``postgresql://...``.

    ``reserve_bytes``: how much of the disk is kept for what is in progress, beside a SQLite file.
    Raises UnsafeDatabase, NewerDatabase, or StoreError for a URL of another kind.
    """
    try:
        kind = make_url(url).get_backend_name()
    except ArgumentError:
        kind = "unknown"
    if kind not in ("sqlite", "postgresql"):
        raise StoreError(
            "数据库地址须以 sqlite:/// 或 postgresql:// 开头",
            "the database address must begin with sqlite:/// or postgresql://",
        )
    database = SqliteDatabase(url, reserve_bytes) if kind == "sqlite" else _postgresql(url)
    with ExitStack() as unless_opened:
        unless_opened.callback(database.close)
        database.refuse_unsafe()
        with database.writing() as connection:
            migrations.upgrade(connection)
        unless_opened.pop_all()
    return Store(database)


def _postgresql(url: str) -> "PostgresqlDatabase":
    try:
        # A village carries no PostgreSQL driver: it is looked for only by who needs it.
        from village_node.store.postgresql import PostgresqlDatabase
    except ImportError as error:
        raise StoreError(
            f"缺少 PostgreSQL 驱动（{error}），请安装 sanji[county]",
            f"the PostgreSQL driver is missing ({error}): install sanji[county]",
        ) from error
    return PostgresqlDatabase(url)
