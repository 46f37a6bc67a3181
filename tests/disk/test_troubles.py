"""Every way a disk or the memory can refuse a SQLite store: said in words, nothing half done, the next write works."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import OperationalError

from tests.builders import COUNTY
from tests.disk.small_disk import SmallDisk
from tests.network import TOWNSHIP, VILLAGE, network
from township_node.downlink import Downlink
from village_node.store import NotReadable, NotSaved, Store, open_store, sqlite
from village_node.store.tables.meta import META

CODES = {
    "full": sqlite3.SQLITE_FULL,
    "io_error": sqlite3.SQLITE_IOERR_FSYNC,
    "short_read": sqlite3.SQLITE_IOERR_SHORT_READ,
    "read_only": sqlite3.SQLITE_READONLY_DBMOVED,
    "cannot_open": sqlite3.SQLITE_CANTOPEN,
    "busy": sqlite3.SQLITE_BUSY,
    "no_memory": sqlite3.SQLITE_NOMEM,
    "corrupt": sqlite3.SQLITE_CORRUPT,
    "not_a_database": sqlite3.SQLITE_NOTADB,
}


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Store]:
    made = open_store(f"sqlite:///{tmp_path / 'node.db'}")
    yield made
    made.close()


def put(store: Store, name: str) -> None:
    with store.writing() as connection:
        connection.execute(insert(META).values(name=name, number=1))


def held(store: Store, name: str) -> bool:
    with store.reading() as connection:
        return connection.scalar(select(META.c.number).where(META.c.name == name)) is not None


def planted(code: int) -> OperationalError:
    """What the driver raises with this result code of SQLite's."""
    error = sqlite3.OperationalError("planted")
    error.sqlite_errorcode = code
    return OperationalError("COMMIT", None, error)


@pytest.mark.parametrize("trouble", CODES)
def test_a_refusal_is_said_and_the_next_write_works(opened: Store, trouble: str) -> None:
    put(opened, "before")
    with pytest.raises(NotSaved, match="planted"), opened.writing() as connection:
        connection.execute(insert(META).values(name="lost", number=1))
        raise planted(CODES[trouble])
    assert held(opened, "before") and not held(opened, "lost")
    put(opened, "after")
    assert held(opened, "after")


def test_short_memory_is_said_and_the_next_write_works(opened: Store) -> None:
    with pytest.raises(NotSaved, match="memory"), opened.writing() as connection:
        connection.execute(insert(META).values(name="lost", number=1))
        raise MemoryError
    with pytest.raises(NotReadable, match="memory"), opened.reading():
        raise MemoryError
    assert not held(opened, "lost")
    put(opened, "after")


def test_an_error_of_ours_is_not_called_the_disk_s(opened: Store) -> None:
    with pytest.raises(OperationalError), opened.writing() as connection:
        connection.exec_driver_sql("SELECT no_such_column FROM meta")
    put(opened, "after")


def test_a_connection_left_half_open_is_not_used_again(opened: Store) -> None:
    """After a failed commit that nobody rolled back the next BEGIN would fail for ever."""
    with pytest.raises(NotSaved), opened.writing() as connection:
        driver: Any = connection.connection.driver_connection
        raise planted(sqlite3.SQLITE_IOERR)
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        driver.execute("SELECT 1")
    put(opened, "after")


def test_a_reader_in_trouble_keeps_no_other_from_reading(opened: Store) -> None:
    put(opened, "before")
    for _ in range(sqlite.READERS + 10):
        with pytest.raises(NotReadable), opened.reading() as connection:
            driver: Any = connection.connection.driver_connection
            raise planted(sqlite3.SQLITE_IOERR_READ)
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            driver.execute("SELECT 1")
    assert held(opened, "before")


def test_whoever_waits_behind_a_hanging_disk_is_answered_in_time(
    opened: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sqlite.QUEUE_S + sqlite.BUSY_S <= 5.0
    monkeypatch.setattr(sqlite, "QUEUE_S", 0.05)
    inside, over = threading.Event(), threading.Event()

    def hang() -> None:
        with opened.writing():
            inside.set()
            over.wait(20.0)

    hanging = threading.Thread(target=hang)
    hanging.start()
    assert inside.wait(10.0)
    with pytest.raises(NotSaved, match="busy"):
        put(opened, "behind")
    over.set()
    hanging.join(10.0)
    put(opened, "after")


@pytest.mark.mounts
def test_a_disk_remounted_read_only_is_said_and_written_again_when_it_can_be(
    mount: Callable[[int], SmallDisk],
) -> None:
    disk = mount(16)
    store = open_store(f"sqlite:///{disk.path / 'node.db'}")
    put(store, "before")
    # The system itself takes no writable file away by a remount; a disk that turned read-only did. So nothing is open.
    store._database._recover(MemoryError())  # type: ignore[union-attr]
    store._database._readers.close_idle()  # type: ignore[union-attr]
    disk.read_only(True)
    for turn in range(3):
        began = time.monotonic()
        with pytest.raises(NotSaved):
            put(store, f"lost{turn}")
        assert time.monotonic() - began < 5.0
    store._database._readers.close_idle()  # type: ignore[union-attr]
    disk.read_only(False)
    put(store, "after")
    assert held(store, "before") and held(store, "after") and not held(store, "lost0")
    store.close()


@pytest.mark.mounts
def test_a_parent_with_a_full_disk_asks_its_child_to_come_again_and_loses_nothing(
    mount: Callable[[int], SmallDisk], tmp_path: Path
) -> None:
    disk = mount(8)
    net = network(tmp_path)
    built, old = net.built, net[TOWNSHIP]
    old.downlink.close()
    old.member.store.close()
    township = net.wire_up(built.open(TOWNSHIP, f"sqlite:///{disk.path / 'node.db'}"))
    net.settle()
    refs = [net[VILLAGE].member.file() for _ in range(40)]
    disk.fill()
    refused = 0
    for _ in range(30):
        result = net[VILLAGE].exchange()
        if not result.ok:
            refused += 1
            assert "503" in result.text and "未保存" in result.text
            assert net[VILLAGE].up.status()["next_attempt_s"] >= 30.0, "Retry-After is a lower bound"
            assert isinstance(township.downlink, Downlink)
    assert refused, "the disk was never full"
    disk.make_room()
    net.settle()
    assert [net[COUNTY].member.state(ref) for ref in refs] == ["received"] * 40
    net.close()
