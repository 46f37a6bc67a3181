"""Opening a database: safe settings, the newest tables, one owner."""

import os
import sqlite3
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, insert, inspect, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError

from tests.postgresql import Cluster
from tests.village_node.older import as_of
from village_node.store import (
    NewerDatabase,
    NotReadable,
    NotSaved,
    Store,
    StoreError,
    UnsafeDatabase,
    migrations,
    open_store,
    sqlite,
)
from village_node.store.tables import METADATA
from village_node.store.tables.meta import META

SECRETS = stat.S_IRWXG | stat.S_IRWXO


def test_what_the_migrations_make_is_what_the_tables_say(store: Store) -> None:
    with store.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, METADATA) == []
        for table in METADATA.tables.values():
            made = {index["name"]: index for index in inspect(connection).get_indexes(table.name)}
            assert {str(index.name) for index in table.indexes} <= made.keys()


def test_the_revision_that_is_worked_with_is_the_newest_script() -> None:
    assert ScriptDirectory.from_config(migrations.config()).get_current_head() == migrations.NEWEST


def test_a_database_of_the_first_version_keeps_its_cases_and_counts_what_is_open(url: str) -> None:
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        as_of(connection, "0001")
        words = "INSERT INTO cases (scope, case_id, n_void, n_contested) VALUES (:home, :id, :void, :contested)"
        for home, void, contested in (("about:1", 2, 3), ("about:2", 0, 0)):
            connection.execute(text(words), {"home": home, "id": b"c" * 16, "void": void, "contested": contested})
    engine.dispose()
    opened = open_store(url)
    with opened.reading() as connection:
        found = connection.execute(text("SELECT n_open FROM cases ORDER BY scope")).scalars().all()
    opened.close()
    assert found == [5, 0]


def test_columns_that_a_script_did_not_have_at_first_are_added_and_what_lay_there_stays(url: str) -> None:
    """Script 0032 was run by some while two columns were not yet in it."""
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        as_of(connection, "0033")
        connection.execute(text("ALTER TABLE phone_passes DROP COLUMN tries"))
        connection.execute(text("ALTER TABLE phone_files DROP COLUMN came_ms"))
        given = {"id": "p", "name": "f", "raw": b"raw", "home": "about:1", "at": 7}
        connection.execute(
            text("INSERT INTO phone_passes VALUES (:id, :raw, :raw, '0001', :home, :raw, :at, :at, NULL)"), given
        )
        connection.execute(
            text("INSERT INTO phone_files VALUES (:name, :id, 1, :home, :raw, 'm', :raw, 3, 'j', :raw, :raw, :at, 0)"),
            given,
        )
    engine.dispose()
    opened = open_store(url)
    with opened.writing() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
        assert connection.execute(text("SELECT tries, opened_ms FROM phone_passes")).all() == [(0, 7)]
        assert connection.execute(text("SELECT came_ms, state FROM phone_files")).all() == [(7, 0)]
        with pytest.raises(IntegrityError), connection.begin_nested():
            connection.execute(
                text("INSERT INTO phone_passes VALUES ('q', :raw, :raw, '1', 's', :raw, 7, 7, NULL, 0)"), given
            )
    opened.close()


def test_a_factor_that_was_confirmed_outlives_the_move_of_those_that_were_not(url: str) -> None:
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        as_of(connection, "0039")
        given = {"no": False, "raw": b"raw"}
        for number in ("1", "2"):
            words = "INSERT INTO staff (staff_no, name, roles, disabled, created_ms) VALUES (:number, 'x', '', :no, 7)"
            connection.execute(text(words), {**given, "number": number})
        words = "INSERT INTO factors VALUES (:number, :secret, :since, :raw, :raw, :raw)"
        connection.execute(text(words), {**given, "number": "1", "secret": b"kept", "since": 7})
        connection.execute(text(words), {**given, "number": "2", "secret": None, "since": None})
    engine.dispose()
    opened = open_store(url)
    with opened.reading() as connection:
        assert connection.execute(text("SELECT * FROM factors")).all() == [("1", b"kept", 7, b"raw")]
    opened.close()


def test_a_database_of_a_newer_program_is_refused_and_left_alone(url: str) -> None:
    opened = open_store(url)
    with opened.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        connection.execute(insert(META).values(name="kept", number=7))
    opened.close()
    with pytest.raises(NewerDatabase, match="9999"):
        open_store(url)


def test_opening_again_keeps_what_was_committed(url: str) -> None:
    opened = open_store(url)
    with opened.writing() as connection:
        connection.execute(insert(META).values(name="kept", number=7))
    opened.close()
    opened = open_store(url)
    with opened.reading() as connection:
        assert connection.scalar(select(META.c.number).where(META.c.name == "kept")) == 7
    opened.close()


def test_what_fails_before_the_commit_was_never_there(store: Store) -> None:
    with pytest.raises(KeyError), store.writing() as connection:
        connection.execute(insert(META).values(name="lost", number=1))
        raise KeyError("the light went out")
    with store.reading() as connection:
        assert connection.scalar(select(META.c.number).where(META.c.name == "lost")) is None


def test_a_reader_sees_one_moment_and_no_writer_s_half(store: Store) -> None:
    with store.reading() as reader:
        assert reader.scalar(select(META.c.number).where(META.c.name == "later")) is None
        with store.writing() as writer:
            writer.execute(insert(META).values(name="later", number=1))
        assert reader.scalar(select(META.c.number).where(META.c.name == "later")) is None
    with store.reading() as reader:
        assert reader.scalar(select(META.c.number).where(META.c.name == "later")) == 1


def test_whoever_writes_to_sqlite_holds_the_lock_before_anything_is_read(folder: Path) -> None:
    opened = open_store(f"sqlite:///{folder}/held.db")
    other = sqlite3.connect(folder / "held.db", timeout=0, isolation_level=None)
    with opened.writing(), pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("BEGIN IMMEDIATE")
    other.close()
    opened.close()


def test_a_reader_cannot_write(store: Store) -> None:
    with pytest.raises(Exception, match=r"read.?only"), store.reading() as connection:
        connection.execute(insert(META).values(name="no", number=1))


def test_readers_are_kept_open_and_one_too_many_is_told_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "READERS", 2)
    monkeypatch.setattr(sqlite, "QUEUE_S", 0.01)
    opened = open_store(f"sqlite:///{folder}/readers.db")
    with (
        opened.reading() as first,
        opened.reading() as second,
        pytest.raises(NotReadable, match="too many readers"),
        opened.reading(),
    ):
        pass
    with opened.reading() as again:
        assert again in (first, second)
    opened.close()
    assert first.closed and second.closed


def test_a_reader_that_ends_badly_is_not_used_again(folder: Path) -> None:
    opened = open_store(f"sqlite:///{folder}/readers.db")
    with pytest.raises(KeyError), opened.reading() as spoilt:
        raise KeyError
    with opened.reading() as another:
        assert another is not spoilt and spoilt.closed
    opened.close()


class Late(list[Any]):
    """Idle readers: the store is closed between the look whether it is and the moment one is put down here."""

    def __init__(self, readers: sqlite.Readers) -> None:
        super().__init__()
        self._readers = readers

    def append(self, connection: Any) -> None:
        self._readers.close()
        super().append(connection)


def test_a_reader_given_back_while_the_store_is_closed_is_closed_too(folder: Path) -> None:
    readers = sqlite.Readers(make_url(f"sqlite:///{folder}/readers.db"))
    readers._idle = Late(readers)
    with readers.one() as connection:
        pass
    assert connection.closed and not readers._idle


def test_one_leader_of_a_name_at_a_time(store: Store) -> None:
    with store.leader("uplink") as first, store.leader("uplink") as second, store.leader("checkpoints") as other:
        assert (first, second, other) == (True, False, True)
    with store.leader("uplink") as again:
        assert again


def test_four_threads_lose_no_write(store: Store) -> None:
    def count() -> None:
        for _ in range(50):
            with store.writing() as connection:
                connection.execute(text("UPDATE meta SET number = number + 1 WHERE name = 'n'"))

    with store.writing() as connection:
        connection.execute(insert(META).values(name="n", number=0))
    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.reading() as connection:
        assert connection.scalar(select(META.c.number).where(META.c.name == "n")) == 200


@pytest.mark.parametrize("address", ["mysql://db", "sqlite://", "sqlite:///:memory:", "nothing at all"])
def test_an_address_that_cannot_keep_anything_is_refused_in_words(address: str) -> None:
    with pytest.raises(StoreError) as refused:
        open_store(address)
    assert refused.value.zh
    assert refused.value.en


def test_files_and_folder_of_a_node_are_for_its_owner_alone(tmp_path: Path) -> None:
    previous = os.umask(0)
    try:
        opened = open_store(f"sqlite:///{tmp_path}/data/node.db")
        with opened.writing() as connection:
            connection.execute(insert(META).values(name="n", number=0))
        with opened.reading() as connection:
            connection.execute(select(META))
        modes = {path.name: path.stat().st_mode & SECRETS for path in (tmp_path / "data").iterdir()}
        assert modes == {"node.db": 0, "node.db-wal": 0, "node.db-shm": 0}
        assert (tmp_path / "data").stat().st_mode & SECRETS == 0
        opened.close()
    finally:
        os.umask(previous)


@pytest.mark.parametrize(
    ("setting", "named"),
    [
        ("PRAGMA journal_mode = WAL", "journal_mode"),
        ("PRAGMA synchronous = FULL", "synchronous"),
        ("PRAGMA secure_delete = ON", "secure_delete"),
    ],
)
def test_sqlite_with_an_unsafe_setting_does_not_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: str, named: str
) -> None:
    unsafe = {"PRAGMA synchronous = FULL": "PRAGMA synchronous = NORMAL"}
    replaced = unsafe.get(setting, f"PRAGMA {named} = OFF")
    monkeypatch.setattr(sqlite, "SETTINGS", tuple(replaced if one == setting else one for one in sqlite.SETTINGS))
    with pytest.raises(UnsafeDatabase, match=named):
        open_store(f"sqlite:///{tmp_path}/node.db")


@pytest.mark.postgres
@pytest.mark.parametrize("setting", ["fsync", "full_page_writes", "synchronous_commit"])
def test_postgresql_with_an_unsafe_setting_does_not_start(cluster: Cluster, setting: str) -> None:
    name = cluster.empty_database()
    if setting == "synchronous_commit":
        cluster.statement(f"ALTER DATABASE {name} SET synchronous_commit = off")
        with pytest.raises(UnsafeDatabase, match=setting):
            open_store(cluster.url(name))
        return
    cluster.setting(setting, "off")
    try:
        with pytest.raises(UnsafeDatabase, match=setting):
            open_store(cluster.url(name))
    finally:
        cluster.setting(setting, "on")


@pytest.mark.postgres
def test_workers_that_start_together_migrate_once(cluster: Cluster) -> None:
    address = cluster.url(cluster.empty_database())
    opened: list[Store] = []
    threads = [threading.Thread(target=lambda: opened.append(open_store(address))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 3
    for one in opened:
        one.close()


@pytest.mark.postgres
def test_workers_hear_what_another_announces(cluster: Cluster) -> None:
    address = cluster.database()
    here, there = open_store(address), open_store(address)
    heard: list[str] = []
    arrived = threading.Event()

    def hear(words: str) -> None:
        heard.append(words)
        if words == "about:1":
            arrived.set()

    here.listen(hear)
    with there.writing() as connection:
        there.announce(connection, "about:1")
    assert arrived.wait(10)
    with pytest.raises(KeyError), there.writing() as connection:
        there.announce(connection, "rolled back")
        raise KeyError
    assert "rolled back" not in heard
    here.close()
    there.close()


def test_a_full_disk_is_said_in_words_and_keeps_what_was_there(
    folder: Path, full_disk: Callable[[Store], None]
) -> None:
    opened = open_store(f"sqlite:///{folder}/node.db")
    with opened.writing() as connection:
        connection.execute(insert(META).values(name="kept", number=1))
    full_disk(opened)
    with pytest.raises(NotSaved, match="disk is full") as refused, opened.writing() as connection:
        connection.execute(insert(META).values(name="large", bytes=bytes(10_000_000)))
    assert refused.value.zh.startswith("未保存")
    with opened.reading() as connection:
        assert connection.scalar(select(META.c.number).where(META.c.name == "kept")) == 1
        assert connection.scalar(select(META.c.number).where(META.c.name == "large")) is None
    opened.close()
