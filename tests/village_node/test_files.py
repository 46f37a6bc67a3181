"""Files beside the database: the bytes are synced before the name, the name before anybody is told."""

import os

import pytest

from village_node import files


@pytest.fixture
def done(monkeypatch):
    """What was asked of the system, in order."""
    asked = []
    fsync, replace = os.fsync, os.replace

    def seen_fsync(descriptor):
        asked.append("sync folder" if os.path.isdir(f"/proc/self/fd/{descriptor}") else "sync file")
        fsync(descriptor)

    def seen_replace(old, new):
        asked.append("rename")
        replace(old, new)

    monkeypatch.setattr(os, "fsync", seen_fsync)
    monkeypatch.setattr(os, "replace", seen_replace)
    return asked


def test_a_file_is_synced_then_named_then_its_folder_is_synced(tmp_path, done):
    files.write(tmp_path / "a", b"first")
    assert done == ["sync file", "rename", "sync folder"]
    files.write(tmp_path / "a", b"second")
    assert (tmp_path / "a").read_bytes() == b"second"
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_what_cannot_be_written_leaves_the_file_as_it_was(tmp_path, monkeypatch):
    files.write(tmp_path / "a", b"first")

    def full(_descriptor):
        raise OSError("no space")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        files.write(tmp_path / "a", b"second")
    assert (tmp_path / "a").read_bytes() == b"first"


def test_each_folder_that_is_made_is_synced_in_the_one_above(tmp_path, done):
    files.make_folder(tmp_path / "a" / "b")
    assert done == ["sync folder", "sync folder"]
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700
    files.make_folder(tmp_path / "a" / "b")
    assert len(done) == 2, "nothing new, nothing to wait for"
