"""A machine that a ruling of the root has struck is by stick what it is by line: told so, and nothing else is taken."""

from pathlib import Path

import pytest

from sync_protocol import roster as rosters
from sync_protocol.exchange import Content
from sync_protocol.suites import sha256
from tests.builders import COUNTY, TOWNSHIP, VILLAGE, Member, Network
from tests.village_node.casebook.test_worker_roster_forks import FARM, named, node_of
from tests.village_node.courier.sticks import hand, held, introduce
from village_node.casebook import Reason, RosterRuling
from village_node.courier import Trouble


def told(member: Member, by: Member) -> None:
    """Everything that one holds of the roster reaches another."""
    roster = by.casebook.roster
    changes = [change for part in roster.parts_for(member.place) for change in roster.changes(part)]
    member.casebook.receive(by.casebook.identity.incarnation, Content(roster_changes=changes), peer_update={})


def test_a_struck_machine_gets_nothing_in_by_stick_and_writes_none_once_it_knows(tmp_path: Path) -> None:
    folder = tmp_path / "nodes"
    folder.mkdir()
    net = Network(folder)
    net.enrol(COUNTY, TOWNSHIP, VILLAGE)
    county, township = net.open(COUNTY), net.open(TOWNSHIP)
    base = net.roster
    net.enrol_place(FARM, "village", TOWNSHIP, "王家庄村")
    theirs = net.changes[-1]
    farm = net.open(FARM)
    for member in (township, county):
        member.casebook.apply_roster([theirs])
    above, below = hand(net, TOWNSHIP), hand(net, FARM)
    introduce(above, below, tmp_path)
    first = township.casebook.key_of(FARM)
    ours = named(net, base)
    for member in (county, township):
        member.casebook.receive(bytes(16), Content(roster_changes=[ours]), peer_update={})
    county.casebook.rule_on_roster("0009", RosterRuling(TOWNSHIP, sha256(ours.payload), frozenset()), [net.root_key])
    told(township, county)
    assert township.casebook.key_of(FARM) is None and first, "nothing is sealed to a key that a struck machine named"
    asked: list[bytes] = []
    above.courier.countersigns(lambda _node, renewal: asked.append(renewal))
    farm.file()
    before = county.casebook.roster.heads()
    for who in (above, hand(net, COUNTY)):
        came = len(who.member.casebook.bundles_in(9))
        below.write(tmp_path / who.member.place, who.member.place)
        (outcome,) = who.read(tmp_path / who.member.place)
        assert outcome.refused and "没有保留" in outcome.words[0] and "重新登记" in outcome.words[0]
        assert who.courier.verify(tmp_path / who.member.place)[0].refused
        assert held(who.member) == 0 and who.member.casebook.key_of(FARM) is None
        assert len(who.member.casebook.bundles_in(9)) == came
    farm.casebook.begin_again(Reason.OPERATOR)
    below.write(tmp_path / "new life", TOWNSHIP)
    assert above.read(tmp_path / "new life")[0].refused and not asked, "no life is countersigned for it"
    assert county.casebook.roster.heads() == before
    told(farm, county)
    with pytest.raises(Trouble, match="没有保留本机的登记"):
        below.write(tmp_path / "knows", TOWNSHIP)
    # Named again it is a node like any other.
    places = rosters.places_down_to(county.casebook.roster.places, FARM)
    roster = county.casebook.roster
    again = rosters.publish(roster, COUNTY, [*places, node_of(theirs)], [net.publisher_key], net.clock())
    county.casebook.enrol(again)
    told(farm, county)
    below.write(tmp_path / "again", COUNTY)
    assert hand(net, COUNTY).take(tmp_path / "again").place == FARM
    assert county.casebook.key_of(FARM) == farm.casebook.road_key()
    for member in (county, township, farm):
        member.store.close()
