"""The root put back from an old copy: nobody is above it, so it waits for all below that may hold what it lost."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from center_node.checkpoints import DailyCheckpoint
from sync_protocol.case import kinds
from sync_protocol.places import about, below
from tests.builders import OTHER_TOWNSHIP, OTHER_VILLAGE
from tests.closing import settle_lines
from tests.faults.images import image_of, restore
from tests.network import COUNTY, TOWNSHIP, VILLAGE, Live, Network, network


@pytest.fixture
def county(tmp_path: Path) -> Iterator[Network]:
    """Two townships with a village each; everybody has met."""
    (tmp_path / "nodes").mkdir()
    made = network(tmp_path / "nodes", COUNTY, TOWNSHIP, VILLAGE, OTHER_TOWNSHIP, OTHER_VILLAGE)
    made.settle()
    made.built.hand_out_roster = False
    yield made
    made.close()


def written_below(live: Live) -> dict[str, int]:
    """Incarnation -> how many events of the county's for everybody are held."""
    rows = live.member.casebook.counts()["streams"]
    return {row["incarnation"]: row["head"] for row in rows if row["scope"] == below(COUNTY)}


def restored_county(net: Network, folder: Path) -> Live:
    """The county from an image with two checkpoints, of which the second has reached the other township only, with a
    third one that the image lacks."""
    net[COUNTY].member.file(item_no="016")
    net[COUNTY].member.casebook.write_checkpoint()
    net.settle()
    net[COUNTY].member.casebook.write_checkpoint()
    image = image_of(net, COUNTY, folder)
    net[COUNTY].member.casebook.write_checkpoint()
    net[OTHER_TOWNSHIP].sync()
    return restore(net, COUNTY, image, whole=False)


def test_what_one_child_lacks_another_may_hold(county: Network, tmp_path: Path) -> None:
    """The child that is heard first does not hold what the other was sent: that is not written a second time."""
    net = county
    old = net[COUNTY].incarnation.hex()
    root = restored_county(net, tmp_path)
    net[TOWNSHIP].sync()
    assert written_below(root) == {old: 2}, "nothing is decided while the other township is not heard"
    net.settle()
    net.settle()
    for live in net.nodes.values():
        assert written_below(live) == {old: 3}, live.place
    assert not root.member.casebook.standing().provisional


def test_what_nobody_holds_is_written_again_when_all_were_heard(county: Network) -> None:
    net = county
    old = net[COUNTY].incarnation.hex()
    net[COUNTY].member.file(item_no="016")
    for _ in range(2):
        net[COUNTY].member.casebook.write_checkpoint()
        net.settle()
    net[COUNTY].member.casebook.write_checkpoint()
    (net.built.folder / f"{COUNTY}.data" / "witness.log").unlink()
    root = net.start(COUNTY)
    root.member.casebook.write_checkpoint()
    new = root.incarnation.hex()
    net[TOWNSHIP].sync()
    assert written_below(root) == {old: 3, new: 1}
    net.settle()
    net.settle()
    for live in net.nodes.values():
        assert written_below(live) == {old: 2, new: 2}, live.place


def test_who_may_not_hold_a_stream_is_not_waited_for(county: Network) -> None:
    """What concerns one township's villages is that township's to say; what is the county's own has never left."""
    net = county
    ref = net[VILLAGE].member.file()
    net.settle()
    net[COUNTY].member.act(ref, kinds.NOTE, {"text": "已阅"})
    own = net[COUNTY].member.file(item_no="016")
    (net.built.folder / f"{COUNTY}.data" / "witness.log").unlink()
    root = net.start(COUNTY)
    old = next(iter(root.member.casebook.identity.lives)).hex()
    net[TOWNSHIP].sync()
    held = {(row["incarnation"], row["scope"]): row["head"] for row in root.member.casebook.counts()["streams"]}
    new = root.incarnation.hex()
    assert held[old, about(VILLAGE)] == 0
    assert held[new, about(VILLAGE)] == 1
    assert held[new, about(COUNTY)] == 2
    assert root.member.state(own) == "received"


def test_the_screen_names_who_was_not_heard_and_a_person_may_answer_for_them(county: Network, tmp_path: Path) -> None:
    net = county
    old = net[COUNTY].incarnation.hex()
    root = restored_county(net, tmp_path)
    casebook = root.member.casebook
    assert casebook.life()["waits_for"] == [TOWNSHIP, OTHER_TOWNSHIP]
    net[TOWNSHIP].sync()
    assert casebook.life()["waits_for"] == [OTHER_TOWNSHIP]
    casebook.answer_for("0009", OTHER_TOWNSHIP)
    assert casebook.life()["waits_for"] == []
    net[TOWNSHIP].sync()
    assert written_below(root) == {old: 1, root.incarnation.hex(): 1}
    assert not casebook.standing().provisional
    net.settle()
    net.settle()
    assert all(written_below(live) == written_below(root) for live in net.nodes.values()), "nothing is lost or refused"
    restored = restored_county(net, tmp_path)
    assert restored.member.casebook.life()["waits_for"] == [TOWNSHIP, OTHER_TOWNSHIP], "the answer was for one life"


def test_a_village_that_has_spoken_with_the_root_is_waited_for_too(county: Network, tmp_path: Path) -> None:
    """While its township was dead it has heard the county itself: it may hold what the township does not."""
    net = county
    casebook = net[COUNTY].member.casebook
    village = net[VILLAGE].incarnation
    casebook.update_peer(village, place=VILLAGE, direction="down", last_contact_ms=1)
    root = restored_county(net, tmp_path)
    assert VILLAGE in root.member.casebook.life()["waits_for"]


def test_the_lines_of_a_checkpoint_can_be_had_on_the_day_of_the_restore(county: Network, tmp_path: Path) -> None:
    """What the county writes again stands elsewhere than its lines say: so it writes another one at once."""
    net = county
    net[COUNTY].member.file(item_no="016")
    daily = DailyCheckpoint(net[COUNTY].member.casebook, net.built.clock, net.monotonic)
    assert daily.tick() is not None
    settle_lines(net)
    net[COUNTY].member.casebook.write_checkpoint()
    (net.built.folder / f"{COUNTY}.data" / "witness.log").unlink()
    root = net.start(COUNTY)
    net.built.clock.now_ms += 1
    daily = DailyCheckpoint(root.member.casebook, net.built.clock, net.monotonic)
    assert daily.tick() is None, "nobody would come to hold it yet"
    root.member.casebook.write_checkpoint()
    net.settle()
    net.settle()
    assert not any(net[code].member.casebook.county_standing().complete for code in (TOWNSHIP, VILLAGE))
    made = daily.tick()
    assert made is not None and daily.tick() is None
    settle_lines(net)
    for code in (TOWNSHIP, VILLAGE, OTHER_VILLAGE):
        standing = net[code].member.casebook.county_standing()
        assert standing.newest == made and standing.complete and standing.alarms == 0, code


def test_a_restored_county_vouches_anew_as_soon_as_it_has_been_given_back_what_it_lost(
    county: Network, tmp_path: Path
) -> None:
    net = county
    root = restored_county(net, tmp_path)
    daily = DailyCheckpoint(root.member.casebook, net.built.clock, net.monotonic)
    assert daily.tick() is None
    net.settle()
    net.settle()
    assert daily.tick() is not None and daily.tick() is None
    settle_lines(net)
    assert net[VILLAGE].member.casebook.county_standing().complete
    assert net[VILLAGE].member.casebook.county_standing().alarms == 0
