"""A village without a line whose database was put back: its new life is countersigned by stick, and nothing is lost."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sync_protocol.case import kinds
from sync_protocol.exchange import StreamPoint
from tests import network
from tests.builders import COUNTY, TOWNSHIP, VILLAGE
from tests.faults.images import image_of, restore
from tests.village_node.courier.sticks import Hand, equal, hand, held, introduce
from village_node.casebook import Reason


@pytest.fixture
def net(tmp_path: Path) -> Iterator[network.Network]:
    """A county and a township with a line, and a village without; it and its township have each other's key."""
    (tmp_path / "nodes").mkdir()
    made = network.network(tmp_path / "nodes")
    made.wire.down.add(VILLAGE)
    introduce(at(made, TOWNSHIP), at(made, VILLAGE), tmp_path)
    yield made
    made.close()


def at(net: network.Network, code: str) -> Hand:
    """Who carries at a node, as it stands now, with who countersigns new lives there."""
    there = hand(net.built, code)
    there.courier.countersigns(net[code].downlink.countersign)
    return there


def reasons(one: Hand) -> list[str]:
    """Why each life of a node ended."""
    return [each.reason for each in one.member.casebook.identity.former]


def provisional(one: Hand) -> bool:
    """Whether its present life waits to be countersigned."""
    return one.member.casebook.provisional


def carried(sender: Hand, receiver: Hand, stick: Path) -> None:
    """One walk."""
    sender.write(stick, receiver.member.place)
    receiver.take(stick)


def test_a_restored_village_goes_on_under_a_new_life_by_stick_alone(net: network.Network, tmp_path: Path) -> None:
    township = at(net, TOWNSHIP)
    refs = [net[VILLAGE].member.file() for _ in range(2)]
    carried(at(net, VILLAGE), township, tmp_path / "1 up")
    carried(township, at(net, VILLAGE), tmp_path / "1 down")
    never_sent = net[VILLAGE].member.file()
    image = image_of(net, VILLAGE, tmp_path)
    refs += [net[VILLAGE].member.file() for _ in range(2)]
    carried(at(net, VILLAGE), township, tmp_path / "2 up")
    before = net[VILLAGE].incarnation
    restored = restore(net, VILLAGE, image, whole=False)
    refs += [never_sent, restored.member.file()]
    village = at(net, VILLAGE)
    assert reasons(village) == [Reason.AHEAD]
    assert provisional(village)
    carried(village, township, tmp_path / "3 up")  # asks for the new life
    carried(township, village, tmp_path / "3 down")  # brings it, and what the old one has forgotten
    assert not provisional(village) and restored.incarnation != before
    for number in (4, 5):
        carried(village, township, tmp_path / f"{number} up")
        carried(township, village, tmp_path / f"{number} down")
    net[TOWNSHIP].sync()
    carried(township, village, tmp_path / "6 down")
    carried(village, township, tmp_path / "6 up")
    for code in (VILLAGE, TOWNSHIP, COUNTY):
        book = net[code].member.casebook
        assert [book.counts()[name] for name in ("waiting", "void", "contested", "parked", "forks")] == [0] * 5
        for ref in refs:
            row = book.find_by_number(ref.case_no)
            assert row is not None and row.query_code == ref.query_code, (code, ref.case_no)
        assert len(book.work_list("all").rows) == len(refs)
    assert village.member.casebook.sync_state()["not_left"]["cases"] == 0
    assert equal(village.member, township.member, VILLAGE)


def test_a_bundle_from_before_the_new_life_does_not_tell_what_never_left(net: network.Network, tmp_path: Path) -> None:
    """What it shows may have grown since: only one that knows the new life was written after it began."""
    township = at(net, TOWNSHIP)
    net[VILLAGE].member.file()
    image = image_of(net, VILLAGE, tmp_path)
    township.write(tmp_path / "old", VILLAGE)  # it holds nothing of the village yet
    carried(at(net, VILLAGE), township, tmp_path / "up")
    net[VILLAGE].member.file()
    carried(at(net, VILLAGE), township, tmp_path / "up 2")
    restored = restore(net, VILLAGE, image, whole=False)
    village = at(net, VILLAGE)
    village.take(tmp_path / "old")
    assert restored.member.casebook.provisional
    assert village.write(tmp_path / "up 3").events == 0, "what may have left is in doubt, and is not written again"
    for number in range(4, 7):
        carried(village, township, tmp_path / f"up {number}")
        carried(township, village, tmp_path / f"down {number}")
    for each in (village, township):
        book = each.member.casebook
        assert [book.counts()[name] for name in ("waiting", "void", "contested", "parked", "forks")] == [0] * 5
        assert [row.n_events for row in book.work_list("all").rows] == [2, 2]


@pytest.mark.parametrize("answered", [False, True])
def test_what_a_place_further_up_lacks_may_be_held_by_the_one_between(
    net: network.Network, tmp_path: Path, answered: bool
) -> None:
    """The county's bundle knows of the new life, and less of the old one than the township has been brought."""
    township, county = at(net, TOWNSHIP), at(net, COUNTY)
    introduce(county, at(net, VILLAGE), tmp_path / "county's key")
    net[VILLAGE].member.file()
    carried(at(net, VILLAGE), township, tmp_path / "1 up")
    carried(township, at(net, VILLAGE), tmp_path / "1 down")
    ref = net[VILLAGE].member.file()
    image = image_of(net, VILLAGE, tmp_path)
    net[VILLAGE].member.file()
    at(net, VILLAGE).write(tmp_path / "slow", TOWNSHIP)
    restored = restore(net, VILLAGE, image, whole=False)
    village = at(net, VILLAGE)
    carried(village, township, tmp_path / "2 up")
    net[TOWNSHIP].sync()
    if not answered:
        township.take(tmp_path / "slow")
    carried(county, village, tmp_path / "county")
    assert not provisional(village) and village.member.casebook.waits_for() == [TOWNSHIP]
    assert village.write(tmp_path / "3 up").events == 0, "what it may hold is not written again"
    if answered:
        village.member.casebook.answer_for("0009", TOWNSHIP)
        assert village.member.casebook.waits_for() == []
        carried(county, village, tmp_path / "county again")
    for number in range(4, 7):
        carried(township, village, tmp_path / f"{number} down")
        carried(village, township, tmp_path / f"{number} up")
    assert village.member.casebook.waits_for() == []
    for each in (village, township):
        book = each.member.casebook
        assert [book.counts()[name] for name in ("waiting", "void", "contested", "parked", "forks")] == [0] * 5
        assert [row.n_events for row in book.work_list("all").rows] == [2] * (2 if answered else 3)
    written = {row["incarnation"] for row in township.member.casebook.counts()["streams"] if row["place"] == VILLAGE}
    assert (restored.incarnation.hex() in written) == answered and township.member.state(ref) == "received"


def test_a_stick_under_way_while_its_sender_is_put_back_loses_nothing_and_accuses_nobody(
    net: network.Network, tmp_path: Path
) -> None:
    """The limit that the protocol states: both copies are held, and one of them waits for a person's word."""
    township = at(net, TOWNSHIP)
    ref = net[VILLAGE].member.file()
    image = image_of(net, VILLAGE, tmp_path)
    late = net[VILLAGE].member.file()
    at(net, VILLAGE).write(tmp_path / "slow", TOWNSHIP)
    restore(net, VILLAGE, image, whole=False)
    village = at(net, VILLAGE)
    for number in range(3):
        carried(village, township, tmp_path / f"{number} up")
        carried(township, village, tmp_path / f"{number} down")
    township.take(tmp_path / "slow")
    for number in range(3, 6):
        carried(township, village, tmp_path / f"{number} down")
        carried(village, township, tmp_path / f"{number} up")
    for each in (village, township):
        book = each.member.casebook
        counts = book.counts()
        assert [counts[name] for name in ("waiting", "parked", "refused", "forks")] == [0] * 4
        assert counts["contested"] + counts["void"] > 0 and each.member.state(ref) == each.member.state(late) != ""
    assert equal(village.member, township.member, VILLAGE)


def test_a_disk_put_back_whole_is_noticed_by_the_next_bundle_from_above(net: network.Network, tmp_path: Path) -> None:
    township = at(net, TOWNSHIP)
    refs = [net[VILLAGE].member.file()]
    carried(at(net, VILLAGE), township, tmp_path / "1 up")
    carried(township, at(net, VILLAGE), tmp_path / "1 down")
    image = image_of(net, VILLAGE, tmp_path)
    refs.append(net[VILLAGE].member.file())
    carried(at(net, VILLAGE), township, tmp_path / "2 up")
    township.write(tmp_path / "2 down", VILLAGE)
    restored = restore(net, VILLAGE, image, whole=True)
    refs.append(restored.member.file())  # it cannot know yet
    village = at(net, VILLAGE)
    assert reasons(village) == []
    village.take(tmp_path / "2 down")
    assert reasons(village) == [Reason.BEYOND_US]
    for number in range(3, 6):
        carried(village, township, tmp_path / f"{number} up")
        carried(township, village, tmp_path / f"{number} down")
    for each in (village, township):
        book = each.member.casebook
        assert [book.counts()[name] for name in ("waiting", "void", "contested", "parked", "forks")] == [0] * 5
        assert {row.case_no for row in book.work_list("all").rows} == {ref.case_no for ref in refs}


def test_nobody_below_can_drive_a_place_from_life_to_life(net: network.Network, tmp_path: Path) -> None:
    """A village that says it holds what its township never wrote: the township is not moved by that."""
    village, township = at(net, VILLAGE), at(net, TOWNSHIP)
    me = township.member.casebook.identity.incarnation
    claimed = StreamPoint(me, f"about:{VILLAGE}", 9, bytes(8), {})
    points = village.member.casebook.shared_points
    with pytest.MonkeyPatch.context() as lying:
        lying.setattr(village.member.casebook, "shared_points", lambda place: [*points(place), claimed])
        village.member.file()
        village.write(tmp_path / "up")
    assert township.take(tmp_path / "up").stored > 0
    assert township.member.casebook.identity.incarnation == me


def test_a_worker_for_pages_countersigns_nothing_and_says_where_it_is_done(
    net: network.Network, tmp_path: Path
) -> None:
    """Beside the worker that syncs it could give one number of the roster to two changes."""
    village, township = at(net, VILLAGE), at(net, TOWNSHIP)
    asked: list[bytes] = []
    township.courier.countersigns(lambda _node, renewal: asked.append(renewal))
    village.member.casebook.begin_again(Reason.OPERATOR)
    village.write(tmp_path / "up")
    township.member.casebook.pages_only = True
    outcome = township.take(tmp_path / "up")
    assert not asked and "在负责同步的那台机器上用 courier import 命令再导入一次" in outcome.words[0]
    township.member.casebook.pages_only = False
    assert "不能确认" not in township.take(tmp_path / "up").words[0] and len(asked) == 1


@pytest.mark.parametrize("lost", [TOWNSHIP, VILLAGE])
def test_what_a_node_put_back_has_signed_for_and_forgotten_comes_to_it_again(
    net: network.Network, tmp_path: Path, lost: str
) -> None:
    walks = iter(range(100))

    def walk(sender: str, receiver: str) -> None:
        net.built.clock.now_ms += 60_000
        carried(at(net, sender), at(net, receiver), tmp_path / f"{next(walks)}")

    ref = net[VILLAGE].member.file()
    net[VILLAGE].member.act(ref, kinds.HANDOFF, {"to": TOWNSHIP, "purpose": "accept"})
    image = image_of(net, lost, tmp_path) if lost == TOWNSHIP else None
    walk(VILLAGE, TOWNSHIP)
    walk(TOWNSHIP, VILLAGE)
    image = image or image_of(net, lost, tmp_path)
    if lost == VILLAGE:
        net[TOWNSHIP].member.act(ref, kinds.ACCEPT)
        walk(TOWNSHIP, VILLAGE)
        walk(VILLAGE, TOWNSHIP)
    whole = max(held(net[code].member) for code in (VILLAGE, TOWNSHIP))
    restore(net, lost, image, whole=True)
    assert held(net[lost].member) < whole
    if lost == VILLAGE:
        walk(TOWNSHIP, VILLAGE)  # shows a receipt of this village that it does not know of
        assert reasons(at(net, VILLAGE)) == [Reason.BEYOND_US]
    for _ in range(4):
        walk(VILLAGE, TOWNSHIP)
        walk(TOWNSHIP, VILLAGE)
    village, township = net[VILLAGE].member, net[TOWNSHIP].member
    assert held(net[lost].member) >= whole and equal(village, township, VILLAGE)
    assert village.state(ref) == township.state(ref) and not village.casebook.provisional
