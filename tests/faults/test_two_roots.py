"""Two machines of one county that both live on, and take turns at its address: bounded by choices, not by days."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sync_protocol import roster
from tests.faults.images import image_of, put_back
from tests.faults.test_twin_parents import assert_well, until_rest
from tests.network import COUNTY, TOWNSHIP, VILLAGE, Live, Network, network
from township_node.enrolment import EnrolmentRefused, enrol
from village_node.casebook import Reason

DAY_MS = 86_400_000


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Network]:
    """A county, a township and a village."""
    (tmp_path / "nodes").mkdir()
    made = network(tmp_path / "nodes", COUNTY, TOWNSHIP, VILLAGE)
    made.settle()
    made.built.hand_out_roster = False
    yield made
    made.close()


@pytest.mark.slow
def test_two_live_machines_of_a_county_begin_no_life_a_day(net: Network, tmp_path: Path) -> None:
    filed = [net[VILLAGE].member.file()]
    net.settle()
    disks = [image_of(net, COUNTY, tmp_path)] * 2
    counts = []

    def swap(which: int) -> Live:
        """The other machine takes the county's address, as it stood when it last had it."""
        disks[1 - which] = image_of(net, COUNTY, tmp_path)
        put_back(net, COUNTY, disks[which], whole=True)
        net.built.lives += 1
        return net.start(COUNTY)

    for day in range(16):
        root = swap(day % 2)
        filed.append(net[VILLAGE].member.file())
        until_rest(net)
        net.built.clock.now_ms += DAY_MS
        counts.append(len(net[TOWNSHIP].member.casebook.roster.nodes_of(COUNTY)))
    assert counts[-1] == counts[5] <= 5, counts
    newest = net[TOWNSHIP].member.casebook.roster.nodes_of(COUNTY)[-1].incarnation
    older = root if root.incarnation != newest else swap(0)
    until_rest(net)
    standing = older.member.casebook.standing()
    assert older.incarnation != newest and standing.rings and standing.succeeded
    asked = roster.enrol_request(net.built.key(), "621021103000", "township", "第三镇", b"n" * 16)
    with pytest.raises(EnrolmentRefused, match="another machine"):
        enrol(older.member.casebook, asked, [net.built.publisher_key], net.built.clock())
    older.member.casebook.begin_again(Reason.OPERATOR)
    until_rest(net)
    assert len(net[TOWNSHIP].member.casebook.roster.nodes_of(COUNTY)) == counts[-1] + 1
    assert_well(net, filed, COUNTY)
