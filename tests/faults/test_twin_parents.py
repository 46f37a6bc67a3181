"""A parent whose disk was copied, and of whose two machines one goes away: those below find the one that stays."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sync_protocol.case import kinds
from sync_protocol.exchange import NO_ALARM
from tests.builders import OTHER_TOWNSHIP, OTHER_VILLAGE
from tests.faults.images import image_of, restore
from tests.network import COUNTY, SECOND_VILLAGE, TOWNSHIP, VILLAGE, Network, network
from village_node.casebook import CaseRef, Reason

CHILD = {TOWNSHIP: VILLAGE, COUNTY: TOWNSHIP}


@pytest.fixture
def county(tmp_path: Path) -> Iterator[Network]:
    """Two townships with three villages, of which none knows an address but its parent's."""
    (tmp_path / "nodes").mkdir()
    made = network(tmp_path / "nodes", COUNTY, TOWNSHIP, VILLAGE, SECOND_VILLAGE, OTHER_TOWNSHIP, OTHER_VILLAGE)
    made.settle()
    made.built.hand_out_roster = False
    yield made
    made.close()


def twins(net: Network, place: str, folder: Path) -> tuple[Path, bytes, bytes, list[CaseRef]]:
    """A parent's disk is copied; the first machine works on, then the copy does, and takes a new life. Now the copy has
    the place's address. The first machine's disk, both lives, and what was filed."""
    filed = [net[VILLAGE].member.file()]
    net.settle()
    copy = image_of(net, place, folder)
    filed.append(net[VILLAGE].member.file())
    net.settle()
    first, oldest = image_of(net, place, folder), net[place].incarnation
    second = restore(net, place, copy, whole=True)
    filed.append(net[VILLAGE].member.file())
    until_rest(net)
    assert second.incarnation != oldest and not second.member.casebook.standing().provisional
    assert net[CHILD[place]].peer(second).place == place, "those below have heard of the newest life"
    return first, oldest, second.incarnation, filed


def until_rest(net: Network) -> None:
    """Exchanges as they come about by themselves, from the villages up and a few times; some may fail."""
    for _ in range(6):
        for code in sorted(net.nodes, key=lambda code: -net.built.roster.places.rank(code)):
            if net[code].uplink is not None:
                net[code].up.sync_now()


def assert_well(net: Network, filed: list[CaseRef], place: str) -> None:
    """Whatever was filed is at the county, and a new case goes up and its answer comes down."""
    fresh = net[VILLAGE].member.file()
    until_rest(net)
    net[COUNTY].member.act(fresh, kinds.NOTE, {"text": "已阅"})
    until_rest(net)
    for code in net.nodes:
        if net[code].uplink is not None:
            assert net[code].exchange().ok, code
            assert net.equal(code), code
    for ref in (*filed, fresh):
        for code in (COUNTY, TOWNSHIP, VILLAGE):
            row = net[code].member.casebook.case_row(ref.scope, ref.case_id)
            assert row is not None and (row.n_void, row.n_contested, row.n_waiting) == (0, 0, 0), (code, row)
    assert len(net[VILLAGE].member.casebook.timeline(fresh.scope, fresh.case_id)) == 3
    assert net[VILLAGE].member.casebook.counts()["not_at_county"]["events"] == 0
    for live in net.nodes.values():
        assert not any(row.alarm for row in live.member.casebook.peers() if row.place != place), live.place
    assert not net[place].member.casebook.standing().provisional
    assert not net[place].member.casebook.standing().rings


def test_a_township_s_oldest_machine_stays_and_goes_on_under_a_new_life(county: Network, tmp_path: Path) -> None:
    """The roster names a life that is gone. The one that stays hears of it, its people choose, and all goes on."""
    net = county
    first, oldest, newest, filed = twins(net, TOWNSHIP, tmp_path)
    township = restore(net, TOWNSHIP, first, whole=True)
    until_rest(net)
    assert township.incarnation == oldest, "nobody but its people says that this machine is the place's"
    assert township.member.casebook.roster.nodes_of(TOWNSHIP)[-1].incarnation == newest
    standing = township.member.casebook.standing()
    assert standing.rings and standing.succeeded
    told = net[VILLAGE].exchange()
    assert not told.ok and "另一台" in told.text, "the village is told in plain words whom to ask"
    township.member.casebook.begin_again(Reason.OPERATOR)
    until_rest(net)
    assert township.incarnation not in (oldest, newest)
    assert_well(net, filed, TOWNSHIP)


def test_a_township_s_newest_machine_stays_and_nobody_has_to_do_anything(county: Network, tmp_path: Path) -> None:
    net = county
    first, _, newest, filed = twins(net, TOWNSHIP, tmp_path)
    # The older one comes once more for a while, is not chosen, and goes.
    copy = image_of(net, TOWNSHIP, tmp_path)
    restore(net, TOWNSHIP, first, whole=True)
    until_rest(net)
    filed.append(net[VILLAGE].member.file())
    township = restore(net, TOWNSHIP, copy, whole=True)
    until_rest(net)
    assert township.incarnation == newest
    assert_well(net, filed, TOWNSHIP)


def test_a_county_s_oldest_machine_learns_from_those_below_and_publishes_itself(
    county: Network, tmp_path: Path
) -> None:
    """Nobody is above it. It is shown a change of its own part that it never made, begins a new life, and signs that
    with the publishing key once all below have been heard."""
    net = county
    first, oldest, newest, filed = twins(net, COUNTY, tmp_path)
    root = restore(net, COUNTY, first, whole=True)
    net[TOWNSHIP].up.sync_now()
    assert [each.reason for each in root.member.casebook.identity.former] == [Reason.OWN_SIGNATURE]
    assert root.member.casebook.life()["waits_for"] == [OTHER_TOWNSHIP], "no number may be given twice"
    until_rest(net)
    nodes = [node.incarnation for node in root.member.casebook.roster.nodes_of(COUNTY)]
    assert nodes == [oldest, newest, root.incarnation]
    assert_well(net, filed, COUNTY)


def test_a_county_s_newest_machine_stays_and_nobody_has_to_do_anything(county: Network, tmp_path: Path) -> None:
    net = county
    _, oldest, newest, filed = twins(net, COUNTY, tmp_path)
    root = net[COUNTY]
    assert [each.reason for each in root.member.casebook.identity.former] == [Reason.OWN_SIGNATURE]
    assert [node.incarnation for node in root.member.casebook.roster.nodes_of(COUNTY)] == [oldest, newest]
    assert_well(net, filed, COUNTY)


def test_an_earlier_life_of_a_parent_is_told_of_the_roster_and_of_nothing_else(county: Network, tmp_path: Path) -> None:
    """Its key may be in anybody's hands: no case, no vector and no receipt is shown to it."""
    net = county
    first, oldest, _, _ = twins(net, TOWNSHIP, tmp_path)
    township = restore(net, TOWNSHIP, first, whole=True)
    ref = net[VILLAGE].member.file()
    net.wire.passed.clear()
    net[VILLAGE].exchange()
    said = [net.spoken(one, VILLAGE) for one in net.wire.passed if one.status == 200]
    assert len(said) == 2, "once without a challenge, once with the one that the first brought"
    for asked, answered in said:
        assert asked.roster_heads and asked.vector is None and not asked.segments and not asked.receipts
        assert not answered.segments and answered.vector is None
    assert township.member.state(ref) == ""
    assert {row.alarm for row in township.member.casebook.peers()} == {NO_ALARM}, "and it accuses nobody"
    assert net[VILLAGE].member.casebook.peer(oldest) is not None


def test_a_machine_that_was_taken_over_may_be_retired(county: Network, tmp_path: Path) -> None:
    net = county
    first, _, _, _ = twins(net, TOWNSHIP, tmp_path)
    township = restore(net, TOWNSHIP, first, whole=True)
    until_rest(net)
    assert township.member.casebook.life()["succeeded"]
    township.member.casebook.retire("0001")
    assert not net.start(TOWNSHIP).exchange().ok


def test_nothing_rings_for_a_life_of_our_own_nor_before_it_is_countersigned(county: Network) -> None:
    net = county
    (net.built.folder / f"{TOWNSHIP}.data" / "witness.log").unlink()
    township = net.start(TOWNSHIP)
    standing = township.member.casebook.standing()
    assert (standing.provisional, standing.succeeded) == (True, False)
    net.settle()
    standing = township.member.casebook.standing()
    assert (standing.provisional, standing.succeeded) == (False, False)


def test_a_request_spoilt_on_its_way_to_a_parent_of_two_lives_makes_nobody_a_twin(county: Network) -> None:
    """It does not open there, and is said again under another context: nobody takes it for one to another machine."""
    net = county
    net[TOWNSHIP].member.casebook.begin_again(Reason.OPERATOR)
    until_rest(net)
    filed = [net[VILLAGE].member.file()]
    spoilt: list[bytes] = []

    def spoil(request: bytes) -> bytes:
        if spoilt:
            return request
        spoilt.append(request)
        return request[:-1] + bytes([request[-1] ^ 1])

    net.wire.change_request = spoil
    assert net[VILLAGE].exchange().ok and spoilt
    assert [one.status for one in net.wire.passed[-2:]] == [400, 200]
    net.wire.calm()
    until_rest(net)
    assert_well(net, filed, TOWNSHIP)
