"""The model of the disk: what a power cut may take, and what it may not."""

from collections.abc import Sequence

import pytest

from tests.crash.disk import GROWN, KEPT, LOST, Disk, digest, sectors
from tests.crash.operations import (
    ROOT,
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
)

FILE, OTHER, FOLDER = 2, 3, 4


def after(log: Sequence[Operation], *fates: int) -> dict[str, bytes]:
    """The files after a cut at the end of this log."""
    disk = Disk()
    for operation in log:
        disk.do(operation)
    return {path: bytes(content) for path, content in disk.after(fates).items()}


def named(*log: Operation) -> list[Operation]:
    """A log that begins with a file whose name is on the disk."""
    return [Bind(ROOT, "a", FILE), SyncFolder(ROOT), *log]


def test_what_was_synced_stays_and_what_was_not_may_go() -> None:
    log = named(Write(FILE, 0, b"old"), Sync(FILE), Write(FILE, 0, b"new"))
    assert after(log, LOST) == {"a": b"old"}
    assert after(log, KEPT) == {"a": b"new"}


def test_a_sync_is_for_its_file_alone_and_a_mark_for_none() -> None:
    log = [*named(Write(FILE, 0, b"1"), Sync(OTHER), Mark("told")), Sync(FOLDER)]
    assert after(log, LOST) == {"a": b""}


def test_later_writes_may_be_there_without_earlier_ones() -> None:
    log = named(Write(FILE, 0, b"11"), Write(FILE, 2, b"22"))
    assert after(log, LOST, KEPT) == {"a": b"\0\x0022"}


def test_a_write_is_torn_at_the_sectors_of_its_file() -> None:
    write = Write(FILE, 500, b"x" * 600)
    assert sectors(write) == 3  # 12 bytes of the first, all of the second, 76 of the third
    old = named(Write(FILE, 0, b"." * 2_000), Sync(FILE), write)
    for mask, lengths in ((0b001, (500, 12, 1_488)), (0b010, (512, 512, 976)), (0b100, (1_024, 76, 900))):
        before, new, behind = lengths
        assert after(old, mask) == {"a": b"." * before + b"x" * new + b"." * behind}


def test_a_file_may_have_grown_by_a_write_that_did_not_come_through() -> None:
    log = named(Write(FILE, 0, b"x" * 600))
    assert after(log, GROWN) == {"a": bytes(600)}
    assert after(log, GROWN | 0b01) == {"a": b"x" * 512 + bytes(88)}
    assert after(log, 0b10) == {"a": bytes(512) + b"x" * 88}


def test_a_shorter_size_is_as_uncertain_as_a_write() -> None:
    log = named(Write(FILE, 0, b"long"), Sync(FILE), Truncate(FILE, 1))
    assert after(log, LOST) == {"a": b"long"}
    assert after(log, KEPT) == {"a": b"l"}


def test_a_name_is_there_when_its_folder_was_synced_and_not_when_its_file_was() -> None:
    log: list[Operation] = [Bind(ROOT, "a", FILE), Write(FILE, 0, b"1"), Sync(FILE)]
    assert after(log, LOST) == {}
    assert after([*log, SyncFolder(FOLDER)], LOST) == {}
    assert after([*log, SyncFolder(ROOT)]) == {"a": b"1"}


def test_a_folder_whose_name_is_lost_takes_its_files_with_it() -> None:
    log: list[Operation] = [Bind(ROOT, "node", FOLDER, True), Bind(FOLDER, "a", FILE), SyncFolder(FOLDER)]
    assert after(log, LOST) == {}
    assert after(log, KEPT) == {"node/": b"", "node/a": b""}


def test_a_rename_is_one_step_whatever_became_of_the_bytes() -> None:
    new: list[Operation] = [Bind(ROOT, "a.new", OTHER), Write(OTHER, 0, b"new")]
    log = named(Write(FILE, 0, b"old"), Sync(FILE), *new, Rename(ROOT, "a.new", ROOT, "a", OTHER))
    assert after(log, KEPT, KEPT, LOST) == {"a": b"old", "a.new": b"new"}
    assert after(log, KEPT, KEPT, KEPT) == {"a": b"new"}
    assert after(log, KEPT, LOST, KEPT) == {"a": b""}, "renamed before its bytes were there"
    assert after(log, LOST, KEPT, KEPT) == {"a": b"new"}


def test_a_deleted_name_may_come_back_with_what_it_named() -> None:
    log = named(Write(FILE, 0, b"1"), Sync(FILE), Unbind(ROOT, "a"))
    assert after(log, LOST) == {"a": b"1"}
    assert after(log, KEPT) == {}


def test_what_was_settled_is_safe() -> None:
    assert after([Bind(ROOT, "a", FILE), Write(FILE, 0, b"1"), Settled()]) == {"a": b"1"}


def test_a_digest_tells_files_apart_by_their_names_and_where_each_begins() -> None:
    one = digest({"a": b"12", "b": b"3"})
    assert one == digest({"b": b"3", "a": bytearray(b"12")})
    assert len({one, digest({"a": b"1", "b": b"23"}), digest({"a": b"12", "c": b"3"}), digest({"a": b"12"})}) == 4


@pytest.mark.parametrize("fates", [(), (KEPT, KEPT)])
def test_every_pending_operation_has_a_fate(fates: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="argument"):
        after(named(Write(FILE, 0, b"1")), *fates)
