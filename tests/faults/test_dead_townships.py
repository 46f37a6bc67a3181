"""A village begins a new life while its township is gone for good: the county countersigns it when its people say."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from sync_protocol import roster as rosters
from sync_protocol.errors import NotEntitled
from tests.builders import OTHER_TOWNSHIP
from tests.network import COUNTY, TOWNSHIP, VILLAGE, Network, network
from village_node.casebook import CaseRef, NotAllowed, Reason


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Network]:
    """A village that asks the county as soon as its township is silent; the township is gone."""
    made = network(tmp_path, COUNTY, TOWNSHIP, VILLAGE, OTHER_TOWNSHIP, ancestor_after_s=0.0)
    made.settle()
    made.built.hand_out_roster = False
    made.wire.down.add(TOWNSHIP)
    yield made
    made.close()


def speak(net: Network, times: int = 8) -> None:
    for _ in range(times):
        net.monotonic.now_s += 700.0
        net[VILLAGE].up.sync_now()
        net[OTHER_TOWNSHIP].up.sync_now()


def reborn(net: Network) -> CaseRef:
    """The village's witness is gone; it goes on under a new life, and files."""
    (net.built.folder / f"{VILLAGE}.data" / "witness.log").unlink()
    village = net.start(VILLAGE, ancestor_after_s=0.0)
    assert village.member.casebook.provisional
    return village.member.file()


def test_without_a_person_s_word_it_waits_and_with_it_everything_arrives(net: Network) -> None:
    ref = reborn(net)
    speak(net)
    county = net[COUNTY].member.casebook
    assert net[VILLAGE].member.casebook.provisional and net[COUNTY].member.state(ref) == ""
    county.stand_in_for("0009", TOWNSHIP)
    speak(net)
    village = net[VILLAGE].member.casebook
    assert not village.provisional
    assert net[COUNTY].member.state(ref) == "received", "and what it wrote meanwhile arrives"
    assert rosters.read_payload(county.roster.changes(COUNTY)[-1]).part == COUNTY
    assert net[OTHER_TOWNSHIP].member.casebook.roster.node(village.identity.incarnation) is not None


def test_a_township_that_lives_after_all_goes_on_and_may_have_named_the_same(net: Network) -> None:
    """It had countersigned the very life just before it fell silent, and nobody had heard of that."""
    reborn(net)
    township = net[TOWNSHIP].member.casebook
    asked = rosters.read_request(net[VILLAGE].member.casebook.renewal())
    ops = rosters.admit_request(township.roster, asked, TOWNSHIP)
    township.enrol(rosters.publish(township.roster, TOWNSHIP, ops, [township.speaker.key], net.built.clock()))
    county = net[COUNTY].member.casebook
    county.stand_in_for("0009", TOWNSHIP)
    speak(net)
    assert not net[VILLAGE].member.casebook.provisional
    net.wire.calm()
    net.start(VILLAGE)
    net.settle()
    assert county.lost_places() == {}, "it is heard: it countersigns for itself"
    heads = [net[code].member.casebook.roster.heads() for code in (COUNTY, TOWNSHIP, VILLAGE)]
    assert heads[0] == heads[1] == heads[2]
    orders = {
        code: [node.order for node in net[code].member.casebook.roster.nodes_of(VILLAGE)]
        for code in (COUNTY, TOWNSHIP, VILLAGE)
    }
    assert len(set(map(tuple, orders.values()))) == 1, "whichever came first"
    net[VILLAGE].member.casebook.begin_again(Reason.OPERATOR)
    net.settle()
    part = township.roster.changes(TOWNSHIP)[-1]
    assert any(op[0] == rosters.NODE for op in rosters.read_payload(part).ops), "and so it does"
    assert not net[VILLAGE].member.casebook.provisional


def test_a_recording_of_what_a_dead_township_once_said_ends_nothing(net: Network) -> None:
    county = net[COUNTY].member.casebook
    asked = [one for one in net.wire.passed if urlsplit(one.url).hostname == COUNTY]
    county.stand_in_for("0009", TOWNSHIP)
    for one in asked:
        request = requests.Request("POST", one.url, {"Content-Type": "application/cbor"}, data=one.raw_request)
        assert net.wire.carry(request.prepare())[0] == one.status
    assert list(county.lost_places()) == [TOWNSHIP]


def test_only_further_lives_of_places_that_are_there_and_only_at_the_root(net: Network) -> None:
    county, township = net[COUNTY].member.casebook, net[TOWNSHIP].member.casebook
    for book, place in ((township, VILLAGE), (county, VILLAGE), (county, COUNTY), (county, "621021109000")):
        with pytest.raises(NotAllowed):
            book.stand_in_for("0009", place)
    county.stand_in_for("0009", TOWNSHIP)
    assert list(county.lost_places()) == [TOWNSHIP] and county.stands_in(VILLAGE) and not county.stands_in(TOWNSHIP)
    key = net.built.key()
    for place, name in ((VILLAGE, "改了名"), ("621021101209", "新村")):
        asked = rosters.read_request(rosters.enrol_request(key, place, "village", name, b"n" * 16))
        with pytest.raises(NotEntitled):
            rosters.admit_request(county.roster, asked, COUNTY, TOWNSHIP, in_stead=True)
    county.end_stand_in("0009", TOWNSHIP)
    county.end_stand_in("0009", TOWNSHIP)
    assert county.lost_places() == {} and not county.stands_in(VILLAGE)
