"""The model of a disk: what was committed stays, what was under way is lost, and trouble is met as SQLite meets it."""

import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.simulation.disk import FAILING, FULL, READ_ONLY, SOUND, UNREADABLE, Disk, PowerCut
from village_node.store import NotReadable, NotSaved, Store

PUT = text("insert into meta (name, number, bytes) values (:name, 1, :bytes)")


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    return Disk(tmp_path / "node.db", random.Random(1))


@pytest.fixture
def store(disk: Disk) -> Iterator[Store]:
    opened = disk.open()
    yield opened
    opened.close()


def put(store: Store, name: str, size: int = 1) -> None:
    with store.writing() as connection:
        connection.execute(PUT, {"name": name, "bytes": bytes(size)})


def names(store: Store) -> set[str]:
    with store.reading() as connection:
        return {row[0] for row in connection.execute(text("select name from meta where number = 1"))}


def after_a_cut(disk: Disk, store: Store) -> set[str]:
    image = disk.image()
    store.close()
    disk.put_back(image)
    opened = disk.open()
    found = names(opened)
    opened.close()
    return found


def test_a_cut_before_the_commit_loses_that_transaction_and_no_other(disk: Disk, store: Store) -> None:
    put(store, "before")
    disk.cut_before_commit = 1
    with pytest.raises(PowerCut):
        put(store, "lost")
    assert after_a_cut(disk, store) == {"before"}


def test_a_cut_after_the_commit_keeps_what_nobody_heard_of(disk: Disk, store: Store) -> None:
    disk.cut_after_commit = 2
    put(store, "first")
    with pytest.raises(PowerCut):
        put(store, "second")
    assert after_a_cut(disk, store) == {"first", "second"}


@pytest.mark.parametrize("state", [FULL, READ_ONLY])
def test_a_disk_in_trouble_saves_nothing_and_is_sound_again_by_itself(disk: Disk, store: Store, state: str) -> None:
    put(store, "before")
    disk.state = state
    with pytest.raises(NotSaved):
        put(store, "refused", 1 << 20)
    disk.state = SOUND
    put(store, "after", 1 << 20)
    assert names(store) == {"before", "after"}


def test_a_failing_disk_fails_before_or_at_the_commit_and_keeps_nothing_of_it(disk: Disk, store: Store) -> None:
    disk.state = FAILING
    saved, refused = set(), 0
    for number in range(40):
        try:
            put(store, str(number))
        except NotSaved:
            refused += 1
        else:
            saved.add(str(number))
    disk.state = SOUND
    assert names(store) == saved
    assert saved and refused


def test_an_unreadable_disk_says_so(disk: Disk, store: Store) -> None:
    disk.state = UNREADABLE
    with pytest.raises(NotReadable):
        for _ in range(20):
            names(store)


def test_an_image_put_back_is_the_disk_as_it_was(disk: Disk, store: Store) -> None:
    put(store, "kept")
    image = disk.image()
    put(store, "forgotten")
    store.close()
    disk.put_back(image)
    opened = disk.open()
    assert names(opened) == {"kept"}
    opened.close()


def test_who_reads_sees_the_last_commit_and_goes_on_in_the_view_he_has(disk: Disk, store: Store) -> None:
    put(store, "first")
    assert names(store) == {"first"} == names(store)
    with store.reading() as before:
        put(store, "second")
        assert names(store) == {"first", "second"}
        assert [row[0] for row in before.execute(text("select name from meta where number = 1"))] == ["first"]
    assert names(store) == {"first", "second"}


def test_a_view_that_sqlite_refused_something_is_not_read_in_again(disk: Disk, store: Store) -> None:
    put(store, "first")
    failing = sqlite3.OperationalError("disk I/O error")
    failing.sqlite_errorcode = sqlite3.SQLITE_IOERR
    with pytest.raises(NotReadable), store.reading() as broken:
        raise failing
    with store.reading() as view:
        assert view is not broken
    assert names(store) == {"first"}
