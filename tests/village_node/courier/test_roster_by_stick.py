"""The roster by stick: what a restored parent has forgotten, forks and rulings, and a roster longer than a head."""

from pathlib import Path

import pytest

from sync_protocol import limits
from sync_protocol import roster as rosters
from sync_protocol.exchange import Content, RosterTalk, content_map, heads
from sync_protocol.roster import Change, read_payload
from sync_protocol.suites import sha256
from sync_protocol.wire import PLAIN, pack_body
from tests import network
from tests.builders import COUNTY, TOWNSHIP, VILLAGE, Member
from tests.faults.images import image_of, restore
from tests.sync_protocol.test_roster_forks import FORK
from tests.village_node.courier.sticks import Hand, hand, introduce
from tests.village_node.courier.test_restored_by_stick import carried, reasons
from village_node.casebook import Reason, RosterRuling
from village_node.courier.slices import read_slice

HAMLET, FARM, LAST = "621021101203", "621021101204", "621021101205"


@pytest.fixture
def net(tmp_path: Path):
    """A county, a township and a village, of which none has a line; all have each other's keys."""
    folder = tmp_path / "nodes"
    folder.mkdir()
    made = network.network(folder)
    made.wire.down.update(made.nodes)
    introduce(hand(made.built, TOWNSHIP), hand(made.built, VILLAGE), tmp_path)
    introduce(hand(made.built, COUNTY), hand(made.built, TOWNSHIP), tmp_path / "nodes")
    made.built.hand_out_roster = False
    yield made
    made.close()


def named(net: network.Network, roster: rosters.Roster, part: str, code: str) -> Change:
    """A change of a part that names one more place with a node."""
    level = "township" if part == COUNTY else "village"
    request = rosters.enrol_request(net.built.key(), code, level, code, net.built.chance.randbytes(16))
    ops = rosters.admit_request(roster, rosters.read_request(request), part)
    key = net.built.publisher_key if part == COUNTY else net[part].member.casebook.speaker.key
    return rosters.publish(roster, part, ops, [key], net.built.clock())


def takes(member: Member, *changes: Change) -> None:
    """Changes of the roster come to a node by a road that is not looked at here."""
    member.casebook.receive(bytes(16), Content(roster_changes=list(changes)), peer_update={})


def walk(sender: Hand, receiver: Hand, folder: Path) -> None:
    """One walk, on a stick of its own."""
    carried(sender, receiver, folder / f"walk {len(list(folder.glob('walk*')))}")


@pytest.mark.parametrize("whole", [True, False])
def test_a_restored_parent_is_noticed_by_what_it_published_and_has_forgotten(
    net: network.Network, tmp_path: Path, whole: bool
) -> None:
    image = image_of(net, TOWNSHIP, tmp_path)
    township = net[TOWNSHIP].member.casebook
    township.enrol(named(net, township.roster, TOWNSHIP, HAMLET))
    walk(hand(net.built, TOWNSHIP), hand(net.built, VILLAGE), tmp_path)
    restore(net, TOWNSHIP, image, whole=whole)
    above, below = hand(net.built, TOWNSHIP), hand(net.built, VILLAGE)
    assert reasons(above) == ([] if whole else [Reason.AHEAD])
    walk(below, above, tmp_path)
    assert reasons(above) == [Reason.OWN_SIGNATURE if whole else Reason.AHEAD]
    assert above.member.casebook.roster.nodes_of(HAMLET), "and what it has forgotten is there again"


def test_a_ruling_leads_a_village_over_that_has_never_had_a_line(net: network.Network, tmp_path: Path) -> None:
    hands = {code: hand(net.built, code) for code in (COUNTY, TOWNSHIP, VILLAGE)}
    county, village = hands[COUNTY].member.casebook, hands[VILLAGE].member.casebook
    base = county.roster
    ours, theirs = (named(net, base, COUNTY, code) for code in ("621021103000", "621021104000"))
    takes(hands[VILLAGE].member, theirs)
    further = named(net, village.roster, COUNTY, "621021105000")
    takes(hands[VILLAGE].member, further)
    county.enrol(ours)
    walk(hands[COUNTY], hands[TOWNSHIP], tmp_path)
    walk(hands[TOWNSHIP], hands[VILLAGE], tmp_path)
    assert village.roster.forks[COUNTY].split == read_payload(ours).n, "both changes lie on the table: that proves it"
    walk(hands[VILLAGE], hands[TOWNSHIP], tmp_path)
    walk(hands[TOWNSHIP], hands[COUNTY], tmp_path)
    assert set(county.changes_aside(COUNTY)) == {theirs, further}, "the root knows all that it has to rule on"
    county.rule_on_roster("0009", RosterRuling(COUNTY, sha256(ours.payload), frozenset()), [net.built.root_key])
    walk(hands[COUNTY], hands[TOWNSHIP], tmp_path)
    walk(hands[TOWNSHIP], hands[VILLAGE], tmp_path)
    for each in hands.values():
        roster = each.member.casebook.roster
        assert roster.heads()[COUNTY] == county.roster.heads()[COUNTY] and not roster.forks, each.member.place
        assert {node.place for node in roster.struck} == {"621021104000", "621021105000"}


def test_who_follows_the_same_change_hears_of_the_fork_by_stick_too(net: network.Network, tmp_path: Path) -> None:
    hands = {code: hand(net.built, code) for code in (TOWNSHIP, VILLAGE)}
    base = hands[TOWNSHIP].member.casebook.roster
    ours, theirs = (named(net, base, COUNTY, code) for code in ("621021103000", "621021104000"))
    takes(hands[VILLAGE].member, ours)
    takes(hands[TOWNSHIP].member, ours, theirs)
    walk(hands[TOWNSHIP], hands[VILLAGE], tmp_path)
    village = hands[VILLAGE].member.casebook
    assert village.roster.forks == hands[TOWNSHIP].member.casebook.roster.forks != {}
    assert village.changes_aside(COUNTY) == [theirs]


def test_what_was_overruled_and_never_seen_at_the_root_reaches_it_by_stick(
    net: network.Network, tmp_path: Path
) -> None:
    hands = {code: hand(net.built, code) for code in (COUNTY, TOWNSHIP, VILLAGE)}
    county, village = hands[COUNTY].member.casebook, hands[VILLAGE].member.casebook
    base = county.roster
    ours, theirs = (named(net, base, COUNTY, code) for code in ("621021103000", "621021104000"))
    takes(hands[VILLAGE].member, theirs)
    further = named(net, village.roster, COUNTY, "621021105000")
    takes(hands[VILLAGE].member, further)
    county.enrol(ours)
    takes(hands[COUNTY].member, theirs)
    county.rule_on_roster("0009", RosterRuling(COUNTY, sha256(ours.payload), frozenset()), [net.built.root_key])
    for sender, receiver in ((COUNTY, TOWNSHIP), (TOWNSHIP, VILLAGE), (VILLAGE, TOWNSHIP), (TOWNSHIP, COUNTY)):
        walk(hands[sender], hands[receiver], tmp_path)
    for each in hands.values():
        struck = {node.place for node in each.member.casebook.roster.struck}
        assert struck == {"621021104000", "621021105000"}, each.member.place
    (view,) = county.roster_forks()
    assert {change.hash for change in view.changes if not change.followed} >= {sha256(further.payload)}


def test_what_a_slice_may_not_say_of_forks_is_passed_over() -> None:
    said = Content(roster_talk=RosterTalk({COUNTY: 8}, [], [FORK]))
    assert not read_slice(pack_body(content_map(said), PLAIN), down=False).roster_talk


def test_a_roster_longer_than_a_head_goes_with_the_parts_and_arrives_whole(
    net: network.Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    county = net[COUNTY].member.casebook
    for number in range(30):
        place = rosters.place_op("621021103000", "township", COUNTY, f"赤城镇{number}")
        county.enrol(rosters.publish(county.roster, COUNTY, [place], [net.built.publisher_key], number))
    monkeypatch.setattr(heads, "_CHANGES_BYTES", 2_000)
    hands = {code: hand(net.built, code) for code in (COUNTY, TOWNSHIP, VILLAGE)}
    written = hands[COUNTY].write(tmp_path / "down", TOWNSHIP)
    assert written.parts > 0
    outcome = hands[TOWNSHIP].take(tmp_path / "down")
    assert outcome.odd_changes == 0 and "核对不上" not in outcome.words[0]
    walk(hands[TOWNSHIP], hands[VILLAGE], tmp_path)
    for code in (TOWNSHIP, VILLAGE):
        assert net[code].member.casebook.roster.heads()[COUNTY] == county.roster.heads()[COUNTY], code
    assert limits.BUNDLE_HEAD > 2_000
