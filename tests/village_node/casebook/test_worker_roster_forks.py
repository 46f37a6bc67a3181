"""Several workers of one node on PostgreSQL, and a fork of the roster: each goes on by what another has taken in."""

from pathlib import Path

import pytest

from sync_protocol import roster as rosters
from sync_protocol.exchange import Content
from sync_protocol.places import about
from sync_protocol.roster import Change
from sync_protocol.suites import sha256
from tests.builders import COUNTY, TOWNSHIP, VILLAGE, Network, hand
from tests.postgresql import Cluster
from tests.village_node.casebook.test_worker_lives import pages_worker, until
from village_node.casebook import NotAllowed, RosterRuling

pytestmark = pytest.mark.postgres

FARM = "621021101203"


def test_what_one_worker_proves_and_rules_holds_for_the_others_and_after_a_start(
    cluster: Cluster, folder: Path
) -> None:
    url, net = cluster.database(), Network(folder)
    net.enrol(COUNTY, TOWNSHIP, VILLAGE)
    county, township = net.open(COUNTY, url, 1), net.open(TOWNSHIP)
    pages = pages_worker(county, folder, url)
    base, kept = net.roster, list(net.changes)
    net.enrol_place(FARM, "village", TOWNSHIP, "王家庄村")
    theirs = net.changes[-1]
    farm = net.open(FARM)
    township.casebook.apply_roster([theirs])
    county.casebook.apply_roster([theirs])
    filed = farm.file()
    hand(farm, township, FARM)
    hand(township, county, TOWNSHIP)
    assert county.state(filed) == "received"
    ours = named(net, base)
    pages.casebook.receive(bytes(16), Content(roster_changes=[ours]), peer_update={})
    for book in (pages.casebook, county.casebook):
        assert set(book.roster.forks) == {TOWNSHIP}
    assert county.casebook.changes_aside(TOWNSHIP) == [ours]
    with pytest.raises(NotAllowed):
        township.casebook.receive(bytes(16), Content(roster_changes=[ours]), peer_update={})
        township.casebook.check_publishable(agreed=True)
    rule = RosterRuling(TOWNSHIP, sha256(ours.payload), frozenset())
    county.casebook.rule_on_roster("0009", rule, [net.root_key])
    until(lambda: not pages.casebook.roster.forks)
    net.changes = kept
    again = pages_worker(county, folder, url, 3)
    for book in (county.casebook, pages.casebook, again.casebook):
        assert book.roster.heads() == county.casebook.roster.heads()
        assert [node.place for node in book.roster.struck] == [FARM]
        (view,) = book.roster_forks()
        assert view.settled and {change.overruled for change in view.changes} == {True, False}
    lines = pages.casebook.timeline(about(FARM), filed.case_id)
    assert {line.verdict.code for line in lines} <= {"void", "contested"}, "folded again in the same transaction"
    county.casebook.enrol(
        rosters.publish(
            county.casebook.roster,
            COUNTY,
            [*rosters.places_down_to(county.casebook.roster.places, FARM), node_of(theirs)],
            [net.publisher_key],
            net.clock(),
        )
    )
    until(lambda: not pages.casebook.roster.struck)
    assert pages.state(filed) == "received", "named again, it counts"
    for each in (pages, again, county, township, farm):
        each.store.close()


def named(net: Network, base: rosters.Roster) -> Change:
    """Another change of the township's part, of the same number."""
    request = rosters.enrol_request(net.key(), "621021101204", "village", "李家庄村", net.chance.randbytes(16))
    ops = rosters.admit_request(base, rosters.read_request(request), TOWNSHIP)
    return rosters.publish(base, TOWNSHIP, ops, [net.identities[TOWNSHIP].key], net.clock())


def node_of(change: Change) -> rosters.Op:
    return next(op for op in rosters.read_payload(change).ops if op[0] == rosters.NODE)
