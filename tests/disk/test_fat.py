"""The courier's errands on the file systems that sticks have, and with sticks that are full, pulled out or locked."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from center_node import ceremony
from center_node.rulings import root_key
from tests import builders
from tests.builders import TOWNSHIP, VILLAGE
from tests.disk.fat_stick import FatStick, NoStick, run
from tests.village_node.courier.sticks import Hand, equal, hand, introduce
from tests.village_node.courier.test_papers_by_stick import SIZE, filed, opened, photo
from village_node import identity
from village_node.courier import PartState, Trouble

pytestmark = pytest.mark.mounts
KINDS = ("fat32", "exfat")


@pytest.fixture
def plug(tmp_path: Path) -> Iterator[Callable[..., FatStick]]:
    """A maker of sticks, which are plugged in; they are taken out at the end."""
    made: list[FatStick] = []

    def make(kind: str, **more: int) -> FatStick:
        folder = tmp_path / f"stick{len(made)}"
        folder.mkdir()
        try:
            made.append(FatStick(kind, folder, **more))
            made[-1].plug_in()
        except NoStick as reason:
            pytest.skip(str(reason))
        return made[-1]

    yield make
    for each in made:
        each.eject()


@pytest.fixture
def net(tmp_path: Path) -> Iterator[builders.Network]:
    """A county, a township and a village; the two below know each other's keys."""
    (tmp_path / "nodes").mkdir()
    made = builders.network(tmp_path / "nodes")
    introduce(hand(made, TOWNSHIP), hand(made, VILLAGE), tmp_path / "keys")
    yield made
    made.close()


@pytest.fixture
def village(net: builders.Network) -> Hand:
    return hand(net, VILLAGE)


@pytest.fixture
def township(net: builders.Network) -> Hand:
    return hand(net, TOWNSHIP)


@pytest.mark.parametrize("kind", KINDS)
def test_there_and_back_on_one_stick_ends_in_the_same(
    plug: Callable[..., FatStick], village: Hand, township: Hand, kind: str
) -> None:
    one = plug(kind)
    upload = photo(1)
    ref = filed(village, upload)
    written = village.write(one.path)
    assert written.files == 2 and not written.unfinished
    one.replug()
    assert all(each.whole for each in township.courier.verify(one.path))
    assert township.take(one.path).files == 2 and opened(township, ref) == upload.raw
    shutil.rmtree(one.path / written.name)
    township.write(one.path, VILLAGE)
    one.replug()
    village.take(one.path)
    assert equal(village.member, township.member, VILLAGE)
    one.eject()
    assert one.is_sound()


@pytest.mark.parametrize("kind", KINDS)
def test_ten_bundles_lie_side_by_side_and_are_told_apart(
    plug: Callable[..., FatStick], village: Hand, township: Hand, kind: str
) -> None:
    one = plug(kind)
    for _ in range(10):
        village.member.file()
        village.write(one.path)
    one.replug(read_only=True)
    outcomes = township.read(one.path)
    assert len(outcomes) == 10 == len({each.bundle_id for each in outcomes}) and all(each.whole for each in outcomes)
    assert township.member.casebook.work_list("all").total == 10


@pytest.mark.parametrize("kind", KINDS)
def test_a_stick_with_room_for_the_cases_alone_takes_these(
    plug: Callable[..., FatStick], village: Hand, township: Hand, kind: str
) -> None:
    one = plug(kind)
    ref = filed(village, photo(2))
    one.fill(leave=SIZE // 2)
    if kind == "fat32":  # fusefat names neither its size nor the reason when it is full
        with pytest.raises(Trouble, match="cannot be written to"):
            village.write(one.path)
        assert list(one.path.glob("sanji-*")) == [], "what was begun is taken away again"
        return
    written = village.write(one.path)
    assert (written.events > 0, written.files, written.more) == (True, 0, True)
    one.replug()
    assert township.take(one.path).files == 0 and township.member.state(ref)
    one.eject()
    assert one.is_sound()


@pytest.mark.parametrize("kind", KINDS)
def test_a_full_stick_is_said_and_holds_nothing_half_done(
    plug: Callable[..., FatStick], village: Hand, township: Hand, kind: str
) -> None:
    one = plug(kind)
    village.member.file()
    one.fill()
    with pytest.raises(Trouble, match="with room") as refused:
        village.write(one.path)
    assert "有空位" in refused.value.zh
    (one.path / "holiday.avi").unlink()
    written = village.write(one.path)
    assert written.unfinished == ()
    one.replug()
    assert [each.stored for each in township.read(one.path)] == [2]


@pytest.mark.parametrize("kind", KINDS)
def test_a_locked_stick_gives_what_is_on_it_and_takes_nothing(
    plug: Callable[..., FatStick], village: Hand, township: Hand, kind: str
) -> None:
    one = plug(kind)
    village.member.file()
    village.write(one.path)
    one.replug(read_only=True)
    assert township.take(one.path).stored == 2
    with pytest.raises(Trouble, match="not protected"):
        township.write(one.path, VILLAGE)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("after", [1, 2])
def test_a_stick_pulled_while_it_is_written_is_said_and_brings_nothing(
    plug: Callable[..., FatStick], village: Hand, township: Hand, kind: str, after: int
) -> None:
    one = plug(kind)
    filed(village, photo(3))

    def pull(part: int, _parts: int) -> None:
        if part == after:
            one.pull_out()

    with pytest.raises(Trouble, match="Is the stick in"):
        village.courier.write("0001", one.path, tell=pull)
    assert list(one.path.iterdir()) == [], "and nothing is written beside it, where it was plugged in"
    one.plug_in()
    with pytest.raises(Trouble, match="no complete bundle"):
        township.read(one.path)
    assert township.member.casebook.work_list("all").total == 0
    written = village.write(one.path)
    one.replug()
    assert [each.files for each in township.read(one.path)] == [2], written


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("lost", "told"), [(0, "no complete bundle"), (150_000, "")])
def test_a_stick_that_lost_some_of_its_memory_brings_whole_parts_or_nothing(
    plug: Callable[..., FatStick], village: Hand, township: Hand, kind: str, lost: int, told: str
) -> None:
    """What was said to be written comes back as nothing: the last 300 kB, the head among them, or some before it."""
    one = plug(kind)
    ref = filed(village, photo(4, 600_000))
    village.write(one.path)
    one.eject()
    raw = one.image.read_bytes().rstrip(b"\0")
    gone = slice(len(raw) - 300_000, len(raw) - lost)
    one.image.write_bytes((raw[: gone.start] + bytes(gone.stop - gone.start) + raw[gone.stop :]).ljust(one.size, b"\0"))
    one.plug_in()
    if told:
        with pytest.raises(Trouble, match=told):
            township.read(one.path)
        assert township.member.state(ref) == ""
    else:
        (outcome,) = township.read(one.path)
        assert (outcome.whole, outcome.files, outcome.stored) == (False, 0, 3)
        assert PartState.DAMAGED in outcome.states and township.member.state(ref) == "received"
    assert [township.member.casebook.counts()[name] for name in ("refused", "parked")] == [0, 0]


def test_a_folder_carried_with_other_tools_into_fat32_and_out_again_is_the_same(
    plug: Callable[..., FatStick], village: Hand, township: Hand, tmp_path: Path
) -> None:
    one = plug("fat32")
    one.eject()
    upload = photo(5)
    ref = filed(village, upload)
    written = village.write(tmp_path / "desk")
    run("mcopy", "-s", "-i", one.image, tmp_path / "desk" / written.name, "::/")
    assert one.is_sound()
    (tmp_path / "there").mkdir()
    run("mcopy", "-s", "-n", "-i", one.image, f"::/{written.name}", tmp_path / "there")
    there = tmp_path / "there" / written.name
    names = sorted(path.name for path in there.iterdir())
    assert names == sorted(path.name for path in (tmp_path / "desk" / written.name).iterdir())
    one.plug_in(read_only=True)
    assert sorted(path.name for path in (one.path / written.name).iterdir()) == names
    assert township.take(one.path).files == 2 and opened(township, ref) == upload.raw


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_of_the_root_is_made_on_a_stick_and_read_from_it(plug: Callable[..., FatStick], kind: str) -> None:
    one = plug(kind)
    public = ceremony.new_root_key(one.path / "root", "correct horse battery", identity.random_bytes)
    one.replug(read_only=True)
    assert root_key(one.path / "root", "correct horse battery").public == public
