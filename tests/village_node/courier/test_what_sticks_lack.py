"""What sticks lack: long names on some devices, two names that differ in case alone, fsync of a folder."""

import errno
import re
import shutil
from pathlib import Path

import pytest

from sync_protocol import limits
from tests.village_node.courier.sticks import Hand
from tests.village_node.courier.test_papers_by_stick import filed, opened, photo
from village_node.courier import Trouble, stick


@pytest.mark.usefixtures("met")
def test_names_cut_to_eight_signs_and_three_or_in_capitals_are_read_all_the_same(
    village: Hand, township: Hand, tmp_path: Path
) -> None:
    """What a device makes of them that knows no long names."""
    ref, upload = filed(village, photo(6)), photo(6)
    written = village.write(tmp_path / "desk")
    short = tmp_path / "short" / "SANJI-~1"
    short.mkdir(parents=True)
    for number, path in enumerate(sorted((tmp_path / "desk" / written.name).iterdir()), start=1):
        shutil.copy(path, short / f"{path.name[:4].upper()}-~{number}.SAN")
    assert township.take(tmp_path / "short").files == 2 and opened(township, ref) == upload.raw
    capitals = tmp_path / "capitals" / written.name.upper()
    capitals.mkdir(parents=True)
    for path in (tmp_path / "desk" / written.name).iterdir():
        if path.name != stick.HEAD_FILE:
            shutil.copy(path, capitals / path.name.upper())
    assert stick.unfinished_in(tmp_path / "capitals") == (written.name.upper(),)
    assert stick.is_part_file("PART-0001.SANJI")


def test_every_name_and_size_of_a_bundle_fits_fat32() -> None:
    names = [stick.folder_name(bytes(16)), stick.HEAD_FILE, *(stick.part_file(n) for n in (1, limits.BUNDLE_PARTS))]
    for name in names:
        assert re.fullmatch(r"[a-z0-9.-]{1,60}", name), name
        assert name.split(".")[0].upper() not in {"CON", "PRN", "AUX", "NUL", *(f"COM{n}" for n in range(10))}
    assert len({name.upper() for name in names}) == len(names)
    # A name longer than 8.3 takes an entry for each 13 signs and one more; a folder has room for 65,536.
    assert 3 * (limits.BUNDLE_PARTS + 1) < 65_536
    assert max(limits.EVENT_PART, limits.BUNDLE_HEAD, stick.FOLDED_MOST) < 1 << 32


@pytest.mark.usefixtures("met")
@pytest.mark.parametrize("code", [errno.EINVAL, errno.ENOTSUP, errno.ENOSYS])
def test_a_file_system_that_syncs_no_folder_takes_a_bundle_once_everything_is_synced(
    village: Hand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    synced: list[str] = []

    def fsync_folder(_folder: Path) -> None:
        raise OSError(code, "no such thing")

    monkeypatch.setattr("village_node.files.sync_folder", fsync_folder)
    monkeypatch.setattr("os.sync", lambda: synced.append("all"))
    village.member.file()
    assert village.write(tmp_path / "stick").events == 2 and len(synced) == 3
    monkeypatch.setattr("os.sync", lambda: pytest.fail("a stick that fails is not asked again"))
    code = errno.EIO
    with pytest.raises(Trouble, match="cannot be written to"):
        village.write(tmp_path / "stick")


def test_a_stick_that_tells_no_size_is_filled_as_far_as_it_takes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    usage = shutil.disk_usage(tmp_path)
    for total, free, room in ((0, 0, stick.PAPERS_MOST), (usage.total, 5 << 20, 1 << 20), (usage.total, 0, -4 << 20)):
        told = usage._replace(total=total, free=free)
        monkeypatch.setattr("shutil.disk_usage", lambda _folder, told=told: told)
        assert stick.room_in(tmp_path) == room
