"""The intake reserve where a file system says less than it knows: quotas, failed syncs, calls that it does not have."""

import errno
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import OperationalError

from tests.builders import TOWNSHIP, VILLAGE, message, network
from village_node.store import NotSaved, RoomMade, Store, open_store
from village_node.store.reserve import RESERVE_FILE, Reserve
from village_node.store.tables.meta import META

MB = 1 << 20


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Store]:
    made = open_store(f"sqlite:///{tmp_path / 'node.db'}", MB)
    made.keep_reserve()
    yield made
    made.close()


def refused(store: Store, code: int) -> None:
    """A transaction that SQLite refuses with this result code."""
    error = sqlite3.OperationalError("planted")
    error.sqlite_errorcode = code
    with store.writing() as connection:
        connection.execute(insert(META).values(name="lost", number=1))
        raise OperationalError("COMMIT", None, error)


@pytest.mark.parametrize(
    "code",
    [
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR_WRITE,  # what EDQUOT is to SQLite
        sqlite3.SQLITE_IOERR_FSYNC,
        sqlite3.SQLITE_IOERR_TRUNCATE,
        sqlite3.SQLITE_IOERR_SHMSIZE,
    ],
)
def test_a_refused_write_is_given_the_reserve_and_tried_again(opened: Store, tmp_path: Path, code: int) -> None:
    with pytest.raises(RoomMade):
        refused(opened, code)
    assert (tmp_path / RESERVE_FILE).stat().st_size == 0
    with pytest.raises(NotSaved, match="nearly full"):
        opened.refuse_intake_without_room()
    with pytest.raises(NotSaved) as again:
        refused(opened, code)
    assert not isinstance(again.value, RoomMade), "there is nothing left to give"
    with opened.writing() as connection:
        connection.execute(insert(META).values(name="kept", number=1))
    opened.keep_reserve()
    opened.refuse_intake_without_room()
    assert (tmp_path / RESERVE_FILE).stat().st_size == MB


@pytest.mark.parametrize("code", [sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_BUSY])
def test_what_space_cannot_help_leaves_the_reserve_alone(opened: Store, tmp_path: Path, code: int) -> None:
    with pytest.raises(NotSaved) as told:
        refused(opened, code)
    assert not isinstance(told.value, RoomMade)
    assert (tmp_path / RESERVE_FILE).stat().st_size == MB
    opened.refuse_intake_without_room()


def raising(number: int) -> Callable[..., None]:
    def call(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    return call


@pytest.mark.parametrize("number", [errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS])
def test_a_file_system_that_sets_nothing_aside_is_given_zeros(
    tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "posix_fallocate", raising(number))
    reserve = Reserve(tmp_path, 3 * MB // 2)
    reserve.look()
    assert reserve.room().whole and not reserve.room().closed
    kept = (tmp_path / RESERVE_FILE).stat()
    assert (kept.st_size, kept.st_blocks * 512) == (3 * MB // 2, 3 * MB // 2), "no hole: the space is really held"


def test_a_system_without_the_call_is_given_zeros(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "posix_fallocate")
    reserve = Reserve(tmp_path, MB)
    reserve.look()
    assert reserve.room().whole and not reserve.room().closed


def test_zeros_that_fit_only_in_part_are_no_reserve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last piece is written short, and the rest refused."""
    room = [MB // 2]
    real = os.write

    def write(descriptor: int, data: bytes) -> int:
        if not room[0]:
            raise OSError(errno.ENOSPC, "full")
        some = data[: room[0]]
        room[0] -= len(some)
        return real(descriptor, some)

    monkeypatch.delattr(os, "posix_fallocate")
    monkeypatch.setattr(os, "write", write)
    reserve = Reserve(tmp_path, MB)
    reserve.look()
    assert not reserve.room().whole and reserve.room().closed
    assert (tmp_path / RESERVE_FILE).stat().st_size == 0, "what little there is goes to what is in progress"


class Quota:
    """A quota that ends long before the file system does: so many bytes for the reserve and what lies beside it."""

    def __init__(self, patch: pytest.MonkeyPatch, left: int) -> None:
        self.left = left
        self.asked = 0
        free = shutil.disk_usage("/")  # stays as it is, whatever others write and clear away meanwhile
        patch.setattr(shutil, "disk_usage", lambda _folder: free)
        patch.setattr(os, "posix_fallocate", self.take)

    def take(self, descriptor: int, offset: int, size: int) -> None:
        self.asked += 1
        if size > self.left:
            raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))
        os.truncate(descriptor, size)


def test_under_a_quota_intake_opens_only_where_there_is_space_beside_the_reserve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quota = Quota(monkeypatch, 2 * MB)
    reserve = Reserve(tmp_path, MB)
    reserve.look()
    assert not reserve.room().closed
    assert reserve.release()
    quota.left = MB + MB // 8  # what the reserve held, and no more than closes it
    for _ in range(3):
        reserve.look()
        assert reserve.room().closed, "it would be taken again at once, and the next act would find no space"
    quota.left = 2 * MB
    for _ in range(8):
        reserve.look()
    assert reserve.room().whole and not reserve.room().closed


def test_under_a_quota_it_is_tried_more_and_more_seldom_and_within_a_minute_of_the_space(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quota = Quota(monkeypatch, 2 * MB)
    reserve = Reserve(tmp_path, MB)
    reserve.look()
    assert reserve.release()
    quota.left, quota.asked = MB, 0
    for _ in range(720):  # an hour of looks
        reserve.look()
    assert quota.asked <= 92
    longest = 0
    for _ in range(16):
        reserve.look()
        quota.left, waited = 2 * MB, 1
        while not reserve.room().whole:
            reserve.look()
            waited += 1
        longest = max(longest, waited)
        assert reserve.release()
        quota.left = MB
    assert longest * 5 <= 60


def test_more_space_than_before_is_tried_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quota, free = Quota(monkeypatch, 0), [20 * MB]
    monkeypatch.setattr(Reserve, "_free", lambda _self: free[0])
    reserve = Reserve(tmp_path, MB)
    for _ in range(40):
        reserve.look()
    quota.left, free[0] = 2 * MB, 21 * MB
    reserve.look()
    assert reserve.room().whole


def test_a_witness_that_cannot_be_written_is_given_the_reserve(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is sealed leaves at the first try: the witness file has the reserve, like every act in progress."""
    net = network(folder)
    net.members[VILLAGE].file()
    village, township = net.members[VILLAGE].casebook, net.members[TOWNSHIP]
    reserve = Reserve(tmp_path, MB)
    reserve.look()
    monkeypatch.setattr(village.store._database, "reserve", reserve)
    real = os.fsync

    def full_until_there_is_room(descriptor: int) -> None:
        if (tmp_path / RESERVE_FILE).stat().st_size:
            raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))
        real(descriptor)

    monkeypatch.setattr("village_node.witness.os.fsync", full_until_there_is_room)
    theirs: list[Any] = township.casebook.shared_points(VILLAGE)
    assert message(net.members[VILLAGE], VILLAGE, theirs).segments
    assert not reserve.room().whole and reserve.room().closed
    net.close()
