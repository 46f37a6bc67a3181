"""Keys change while a village sleeps: nothing expires, so it wakes, is heard at once, and catches up on the way."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sync_protocol import roster as rosters
from sync_protocol.errors import NotEntitled
from tests.network import COUNTY, TOWNSHIP, VILLAGE, Network, network
from village_node.casebook import Reason

NEW = ("621021103000", "621021104000", "621021105000")


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Network]:
    """A county, a township and a village that have met; the village is switched off afterwards."""
    made = network(tmp_path, COUNTY, TOWNSHIP, VILLAGE, ancestor_after_s=0.0)
    made.settle()
    made.built.hand_out_roster = False
    yield made
    made.close()


def rotate(net: Network, named: str) -> None:
    """The root names another publishing key, which names a place; the township goes on under another key too."""
    built, county = net.built, net[COUNTY].member.casebook
    key, before = built.key(), built.publisher_key
    op = rosters.publisher_op((key.suite, key.public))
    county.enrol(rosters.publish(county.roster, COUNTY, [op], [built.root_key], built.clock()))
    built.publisher_key = key
    place = [rosters.place_op(named, "township", COUNTY, named)]
    with pytest.raises(NotEntitled):
        county.enrol(rosters.publish(county.roster, COUNTY, place, [before], built.clock()))
    county.enrol(rosters.publish(county.roster, COUNTY, place, [key], built.clock()))
    net[TOWNSHIP].member.casebook.begin_again(Reason.OPERATOR)
    for _ in range(3):
        net[TOWNSHIP].sync()


def test_a_node_that_slept_through_three_rotations_is_heard_at_once_and_catches_up(net: Network) -> None:
    for named in NEW:
        rotate(net, named)
    net.built.clock.now_ms += 400 * 86_400_000
    before = net[VILLAGE].member.casebook.roster
    ref = net[VILLAGE].member.file()
    exchanges = 0
    while net[TOWNSHIP].member.state(ref) != "received" and exchanges < 9:
        exchanges += net[VILLAGE].exchange().ok
    assert exchanges <= 5, "of which two tell it of the life that answers now, and one compares as after a start"
    net[VILLAGE].sync()
    after, township = net[VILLAGE].member.casebook.roster, net[TOWNSHIP].member.casebook
    assert before.heads() != after.heads() == township.roster.heads()
    assert all(named in after.places for named in NEW)
    assert after.nodes_of(TOWNSHIP)[-1].incarnation == township.identity.incarnation
    assert len(after.nodes_of(TOWNSHIP)) == 4
    net.settle()
    assert net[COUNTY].member.state(ref) == "received"


def test_where_the_township_is_dead_as_well_the_county_brings_it_up_to_date(net: Network) -> None:
    for named in NEW:
        rotate(net, named)
    net.wire.down.add(TOWNSHIP)
    ref = net[VILLAGE].member.file()
    for _ in range(6):
        net.monotonic.now_s += 700.0
        net[VILLAGE].up.sync_now()
    assert net[COUNTY].member.state(ref) == "received"
    county, village = net[COUNTY].member.casebook.roster, net[VILLAGE].member.casebook.roster
    assert county.heads() == village.heads()
