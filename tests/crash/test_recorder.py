"""What the recorder writes down is what was done: replayed, the log gives the same files, and each mark its place."""

import os
import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.crash.disk import KEPT, Disk, build
from tests.crash.operations import (
    MARKS,
    SETTLED,
    Bind,
    Mark,
    Operation,
    Rename,
    Settled,
    Sync,
    SyncFolder,
    Truncate,
    Unbind,
    Write,
    load,
    save,
)
from tests.crash.recording import mounted

pytestmark = [pytest.mark.fuse, pytest.mark.usefixtures("disks")]


def replayed(log: list[Operation]) -> dict[str, bytes]:
    """Every file that a log leaves when nothing of it is lost."""
    disk = Disk()
    for operation in log:
        disk.do(operation)
    return {path: bytes(content) for path, content in disk.after([KEPT] * len(disk.pending)).items()}


def seen(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, and every folder with a slash."""
    return {
        str(path.relative_to(folder)) + "/" * path.is_dir(): b"" if path.is_dir() else path.read_bytes()
        for path in folder.rglob("*")
        if path.name != MARKS and not path.name.endswith("-shm")
    }


def test_each_operation_is_written_down_in_its_order() -> None:
    with mounted() as (disk, log):
        (disk / "a").mkdir()
        file = os.open(disk / "a" / "new", os.O_CREAT | os.O_WRONLY)
        os.pwrite(file, b"0123456789", 5)
        os.fsync(file)
        os.ftruncate(file, 7)
        os.fdatasync(file)
        os.close(file)
        (disk / "a" / "new").rename(disk / "a" / "name")
        os.link(disk / "a" / "name", disk / "other")
        (disk / "other").unlink()
        folder = os.open(disk / "a", os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
    assert log == [
        Bind(1, "a", 2, True),
        Bind(2, "new", 3),
        Write(3, 5, b"0123456789"),
        Sync(3),
        Truncate(3, 7),
        Sync(3),
        Rename(2, "new", 2, "name", 3),
        Bind(1, "other", 3),
        Unbind(1, "other"),
        SyncFolder(2),
    ]


def test_a_mark_stands_behind_what_was_written_before_it_and_is_no_file() -> None:
    with mounted() as (disk, log):
        marks = os.open(disk / MARKS, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        (disk / "a").write_bytes(b"1")
        os.write(marks, f"{SETTLED}\n".encode())
        (disk / "a").write_bytes(b"2")
        os.write(marks, '["已保存"]\n'.encode())
        os.close(marks)
    assert [each for each in log if isinstance(each, Write | Mark | Settled)] == [
        Write(3, 0, b"1"),
        Settled(),
        Write(3, 0, b"2"),
        Mark('["已保存"]'),
    ]
    assert replayed(log) == {"a": b"2"}


def test_many_marks_and_long_ones_come_through_whole() -> None:
    words = [f'["{number}", "{"说" * number}"]' for number in range(0, 3_000, 37)]
    with mounted() as (disk, log):
        marks = os.open(disk / MARKS, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        for each in words:
            os.write(marks, f"{each}\n".encode())
        os.close(marks)
    assert log == [Mark(each) for each in words]


def test_a_log_replayed_gives_the_files_that_were_there(tmp_path: Path) -> None:
    chance = random.Random(5)
    with mounted() as (disk, log):
        (disk / "in").mkdir()
        names = [disk / name for name in ("a", "b", "in/c", "in/d")]
        for _ in range(200):
            path = chance.choice(names)
            way = chance.randrange(5)
            if way == 0 and path.exists():
                path.replace(chance.choice(names))
            elif way == 1 and path.exists():
                path.unlink()
            elif way == 2 and path.exists():
                os.truncate(path, chance.randrange(3_000))
            else:
                with path.open("r+b" if path.exists() and way == 3 else "wb") as file:
                    file.seek(chance.randrange(2_000))
                    file.write(chance.randbytes(chance.randrange(1, 300_000 if way == 4 else 900)))
        there = seen(disk)
    assert replayed(log) == there
    save(tmp_path / "log", log)
    assert load(tmp_path / "log") == log
    build(tmp_path / "again", there, garbage=False)
    assert seen(tmp_path / "again") == there


def test_sqlite_works_on_it_and_its_shared_memory_is_not_recorded() -> None:
    with mounted() as (disk, log):
        with closing(sqlite3.connect(disk / "t.db", isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("CREATE TABLE t (x)")
            for number in range(50):
                connection.execute("INSERT INTO t VALUES (?)", (number,))
            assert (disk / "t.db-shm").stat().st_size
        there = seen(disk)
    shared = next(each.inode for each in log if isinstance(each, Bind) and each.name == "t.db-shm")
    assert not [each for each in log if isinstance(each, Write | Truncate | Sync) and each.inode == shared]
    assert replayed(log) == there
    assert list(there) == ["t.db"]
