"""Defects put into a node on purpose: a rig that does not find them would find nothing, so they come first."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

from sqlalchemy import Engine, event

from village_node import files
from village_node.store import Connection, proposals, purges, sqlite
from village_node.witness import Witness

GATHERED: Final = 8


class Plant(NamedTuple):
    """`plant` puts the defect into this process; with it, `scenario` must show faults of one of these kinds."""

    plant: Callable[[], None]
    scenario: str
    shows: frozenset[str]


def _synchronous(value: str, number: str) -> None:
    sqlite.SETTINGS = tuple(  # type: ignore[misc, assignment]
        f"PRAGMA synchronous = {value}" if "synchronous" in each else each for each in sqlite.SETTINGS
    )
    sqlite.REQUIRED["synchronous"] = number


def wal_normal() -> None:
    """The popular advice: WAL with synchronous=NORMAL."""
    _synchronous("NORMAL", "1")


def wal_off() -> None:
    """Nothing is ever synced."""
    _synchronous("OFF", "0")


def commits_gathered() -> None:
    """Acts are shown as done when they are written, and committed together with every eighth: acknowledged before."""

    @contextmanager
    def writing(self: sqlite.SqliteDatabase) -> Iterator[Connection]:
        with self._lock:
            connection = self._open_writer()
            if not connection.in_transaction():
                connection.begin()
            with connection.begin_nested():
                yield connection
            gathered[0] += 1
            if gathered[0] % GATHERED == 0:
                connection.commit()

    @contextmanager
    def reading(self: sqlite.SqliteDatabase) -> Iterator[Connection]:
        with self._lock:
            yield self._open_writer()

    gathered = [0]
    sqlite.SqliteDatabase.writing = writing  # type: ignore[method-assign]
    sqlite.SqliteDatabase.reading = reading  # type: ignore[method-assign]


def files_written_in_place() -> None:
    """Key, identity, settings and request are written where they lie, and nobody waits for the disk."""

    def write(path: Path, content: bytes, mode: int = 0o600) -> None:
        path.write_bytes(content)

    files.write = write


def names_not_synced() -> None:
    """Files are synced, their names are not."""

    def sync_folder(path: Path) -> None:
        pass

    files.sync_folder = sync_folder


def witness_later() -> None:
    """What leaves is noted in the witness file with the next thing that leaves."""
    append = Witness._append
    waiting: list[list[Any]] = []

    def later(self: Witness, records: list[list[Any]]) -> None:
        ready = [*waiting]
        waiting[:] = records
        if ready:
            append(self, ready)
        for record in records:
            self._learn(record)

    Witness._append = later  # type: ignore[method-assign]


def purged_in_two() -> None:
    """That a case was purged is noted in one transaction, its bodies are dropped in the next."""
    drop = purges.drop

    def in_two(connection: Connection, purge: purges.PurgeRow, bodies: Sequence[tuple[int, int, bytes]]) -> None:
        drop(connection, purge, [])
        _commit_half(connection)
        drop(connection, purge, bodies)

    purges.drop = in_two


def confirmed_in_two() -> None:
    """A case is assigned in one transaction, the proposal is called confirmed in the next."""
    answer = proposals.answer

    def in_two(connection: Connection, number: int, state: int, by: str, at_ms: int, words: str = "") -> bool:
        _commit_half(connection)
        return answer(connection, number, state, by, at_ms, words)

    proposals.answer = in_two


def migrated_in_pieces() -> None:
    """Each table is made or changed in a transaction of its own, the version is noted in the last."""
    made = sqlite._writer_engine

    def engine(url: Any) -> Engine:
        one = made(url)

        @event.listens_for(one, "before_cursor_execute")
        def commit(connection: Connection, cursor: Any, words: str, *_: object) -> None:
            if words.lstrip().startswith(("CREATE TABLE", "ALTER TABLE")):
                with suppress(sqlite3.IntegrityError):  # where rows just then refer to what is not there yet
                    cursor.connection.execute("COMMIT")
                    cursor.connection.execute("BEGIN IMMEDIATE")

        return one

    sqlite._writer_engine = engine


def _commit_half(connection: Connection) -> None:
    connection.exec_driver_sql("COMMIT")
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def server_unsynced() -> None:
    """A node that has its PostgreSQL server acknowledge first and sync when there is time, and does not look."""
    from village_node.store.postgresql import PostgresqlDatabase

    begin = PostgresqlDatabase.__init__

    def __init__(self: PostgresqlDatabase, url: str) -> None:
        begin(self, url)

        @event.listens_for(self._engine, "connect")
        def prepare(connection: Any, record: object) -> None:
            connection.execute("SET synchronous_commit = off")
            connection.commit()

    PostgresqlDatabase.__init__ = __init__  # type: ignore[method-assign]
    PostgresqlDatabase.refuse_unsafe = lambda self: None  # type: ignore[method-assign]


PLANTS: Final[dict[str, Plant]] = {
    "wal_normal": Plant(wal_normal, "filing", frozenset({"lost"})),
    "wal_off": Plant(wal_off, "checkpoints", frozenset({"corrupt", "unopenable"})),
    "commits_gathered": Plant(commits_gathered, "filing", frozenset({"lost"})),
    "files_written_in_place": Plant(files_written_in_place, "init", frozenset({"lost", "unopenable"})),
    "names_not_synced": Plant(names_not_synced, "init", frozenset({"lost", "unopenable"})),
    "witness_later": Plant(witness_later, "sending", frozenset({"lost"})),
    "purged_in_two": Plant(purged_in_two, "purge", frozenset({"corrupt"})),
    "confirmed_in_two": Plant(confirmed_in_two, "taken_over", frozenset({"corrupt"})),
    "new_life_in_place": Plant(files_written_in_place, "restored_village", frozenset({"lost", "unopenable"})),
    "new_life_in_place_at_the_top": Plant(files_written_in_place, "restored_county", frozenset({"lost", "unopenable"})),
    "new_life_in_place_above": Plant(files_written_in_place, "restored_township", frozenset({"lost", "unopenable"})),
    # What goes on in the others, on a disk that is not waited for: each scenario must show what it would lose.
    "one_filing_unsynced": Plant(wal_normal, "one_filing", frozenset({"lost"})),
    "first_start_in_place": Plant(files_written_in_place, "first_start", frozenset({"lost", "unopenable", "stuck"})),
    "founding_in_place": Plant(files_written_in_place, "founding", frozenset({"lost", "unopenable", "stuck"})),
    "migrated_in_pieces": Plant(migrated_in_pieces, "migrate", frozenset({"corrupt", "unopenable", "stuck"})),
    "bulk_import_unsynced": Plant(wal_normal, "bulk_import", frozenset({"lost"})),
    "receiving_unsynced": Plant(wal_normal, "receiving", frozenset({"lost"})),
    "decision_unsynced": Plant(wal_normal, "decision", frozenset({"lost"})),
    "roster_change_unsynced": Plant(wal_normal, "roster_change", frozenset({"lost"})),
    "accounts_unsynced": Plant(wal_normal, "accounts", frozenset({"lost"})),
    "drafts_unsynced": Plant(wal_normal, "drafts", frozenset({"lost"})),
    "restart_unsynced": Plant(wal_normal, "restart", frozenset({"lost"})),
    "whole_node_witness_later": Plant(witness_later, "whole_node", frozenset({"lost"})),
}
# By the level of the process they are put into, for those that are killed.
KILLED_PLANTS: Final[dict[str, Callable[[], None]]] = {"village": commits_gathered, "county": server_unsynced}
