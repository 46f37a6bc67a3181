"""What goes wrong at the PC: a stick full or pulled out, one file of a folder chosen, too much for one stick."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.builders import TOWNSHIP, VILLAGE
from tests.village_node.courier.sticks import Hand, bundle_files, held
from village_node.courier import Trouble, stick


def stick_that_fails(monkeypatch: pytest.MonkeyPatch, at: int, *, gone: bool = False) -> None:
    """The stick is full at the file of this number; `gone`: pulled out, so that nothing is taken away from it."""
    begun: list[Path] = []
    opens = Path.open

    def full(path: Path, mode: str = "r", *more: Any, **options: Any) -> Any:
        opened = opens(path, mode, *more, **options)
        if mode == "xb":
            begun.append(path)
            if len(begun) >= at:
                opened.close()
                raise OSError(28, "No space left on device")
        return opened

    def unlink(*_: object, **__: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "open", full)
    if gone:
        monkeypatch.setattr(Path, "unlink", unlink)


@pytest.mark.usefixtures("met", "many_parts")
def test_a_stick_that_was_full_is_left_as_it_was_and_takes_the_next_one(
    village: Hand, township: Hand, tmp_path: Path
) -> None:
    for number in range(6):
        village.member.file(applicant_name=f"王{number}")
    place = tmp_path / "stick"
    place.mkdir()
    (place / "photo.jpg").write_bytes(b"x")
    for at in (1, 2, 3):
        with pytest.MonkeyPatch.context() as small:
            stick_that_fails(small, at)
            with pytest.raises(Trouble, match="写不进这个文件夹"):
                village.write(place)
        assert [path.name for path in place.iterdir()] == ["photo.jpg"], "half a bundle takes no room"
    assert len(village.member.casebook.bundles_out(9)) == 1, "but the one by which they met"
    village.write(place)
    assert township.take(place).stored > 0


@pytest.mark.usefixtures("met", "many_parts")
def test_what_a_stick_pulled_out_was_left_with_is_named_and_is_in_nobody_s_way(
    village: Hand, township: Hand, tmp_path: Path
) -> None:
    for number in range(6):
        village.member.file(applicant_name=f"王{number}")
    place = tmp_path / "stick"
    with pytest.MonkeyPatch.context() as broken:
        stick_that_fails(broken, 3, gone=True)
        with pytest.raises(Trouble):
            village.write(place)
    (left,) = place.iterdir()
    assert len(list(left.iterdir())) > 1
    with pytest.raises(Trouble, match="没有完整的拷盘文件"):
        township.read(place)
    with pytest.MonkeyPatch.context() as broken:
        stick_that_fails(broken, 1)
        with pytest.raises(Trouble, match=f"可以删除：{left.name}"):
            village.write(place)
    written = village.write(place)
    assert written.unfinished == (left.name,)
    assert any(left.name in words for words in json.loads(json.dumps(written.told()))["advice"])
    head = bundle_files(place / written.name)[-1]
    (left / "head.sanji").write_bytes(head.read_bytes()[:-9])
    assert village.write(place).unfinished == (left.name,), "a head cut off is none"
    (outcomes) = township.read(place)
    assert [outcome.whole for outcome in outcomes].count(True) == 2 and held(township.member) == held(village.member)
    assert township.write(tmp_path / "clean", VILLAGE).unfinished == ()


@pytest.mark.usefixtures("met")
def test_one_file_of_a_folder_by_itself_is_told_what_to_choose_instead(
    village: Hand, township: Hand, tmp_path: Path
) -> None:
    ref = village.member.file()
    village.write(tmp_path / "stick")
    part, head = bundle_files(tmp_path / "stick")
    for each in (part, head):
        for look in (township.courier.verify_file, lambda name, raw: township.courier.unfold("0001", name, raw)):
            with pytest.raises(Trouble, match=r"单独导入不了.*courier import"):
                look(each.name, each.read_bytes())
        with pytest.raises(Trouble, match="请选它所在的文件夹"):
            township.read(each)
    (tmp_path / "x.sanji").write_bytes(b"x" * 99)
    with pytest.raises(Trouble, match="不是拷盘文件"):
        township.read(tmp_path / "x.sanji")
    # A bundle that is one file is taken by its own name too.
    written, raw = village.courier.fold("0001")
    (tmp_path / written.name).write_bytes(raw)
    assert township.take(tmp_path / written.name).stored > 0 and township.member.state(ref)


@pytest.mark.usefixtures("met")
def test_a_look_says_what_it_proves_and_what_not(village: Hand, township: Hand, tmp_path: Path) -> None:
    village.member.file()
    told = village.write(tmp_path / "stick").told()
    assert "重新插上，再用 courier verify 核对" in told["advice"][0] and "plug it in again" in told["advice"][0]
    (ours,) = village.courier.verify(tmp_path / "stick")
    assert ours.words[0].startswith("核对无误") and "以带回的回执为准" in ours.words[0]
    (theirs,) = township.courier.verify(tmp_path / "stick")
    assert "本机打得开；只是看过，还没有导入" in theirs.words[0] and held(township.member) == 0


@pytest.mark.usefixtures("met", "many_parts")
def test_that_not_everything_fitted_is_kept_and_told(village: Hand, township: Hand) -> None:
    for number in range(8):
        village.member.file(applicant_name=f"王{number}")
    written, raw = village.courier.fold("0001", TOWNSHIP, most=1_500)
    assert written.more and written.told()["advice"][0].startswith("这一份没有装完")
    assert village.member.casebook.bundles_out(1)[0].more == 1
    township.courier.unfold("0001", written.name, raw)
    back, raw = township.courier.fold("0001", VILLAGE)
    village.courier.unfold("0001", back.name, raw)
    last, _ = village.courier.fold("0001", TOWNSHIP)
    assert not last.more and village.member.casebook.bundles_out(1)[0].more == 0
    assert stick.words_of_unfinished(()) == ("", "")
