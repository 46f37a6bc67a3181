"""A case is taken out of the hands of a station that is lost or goes on unheard; what turns up after all is shown."""

from pathlib import Path

from sync_protocol.case import Verdict, kinds
from tests.faults.images import image_of, restore
from tests.network import COUNTY, TOWNSHIP, VILLAGE, Live, Network
from village_node.casebook import CaseRef

CLERK, HEAD = frozenset({"clerk"}), frozenset({"head"})


def assign(live: Live, ref: CaseRef, to: str) -> None:
    """Two persons of this node take the case out of its holder's hands."""
    casebook = live.member.casebook
    case = casebook.case(ref.scope, ref.case_id)
    assert case is not None
    casebook.propose("0101", CLERK, ref[:2], to, "站点失联三天", case.last)
    casebook.confirm("0103", HEAD, casebook.proposals()[0].id)


def verdicts(live: Live, ref: CaseRef, kind: int) -> list[Verdict]:
    """What this node makes of the events of one kind of a case."""
    case = live.member.casebook.case(ref.scope, ref.case_id)
    assert case is not None
    timeline = live.member.casebook.timeline(ref.scope, ref.case_id)
    return [entry.verdict for entry in timeline if entry.kind == kind]


def assert_held_everywhere(net: Network, ref: CaseRef, holder: str) -> None:
    for live in net.nodes.values():
        case = live.member.casebook.case(ref.scope, ref.case_id)
        assert case is not None and case.holder == holder, live.place


def test_a_handoff_that_was_lost_with_its_station_stops_no_case(net: Network, tmp_path: Path) -> None:
    """The village hands a case up, nothing of it leaves, and the machine is gone: the township goes on without it. When
    the disk is found after all, its handoff changes nothing and is shown to whoever holds the case."""
    ref = net[VILLAGE].member.file()
    net.settle()
    net[VILLAGE].member.act(ref, kinds.HANDOFF, {"to": TOWNSHIP, "purpose": "accept"})
    found = image_of(net, VILLAGE, tmp_path)
    lost = net.nodes.pop(VILLAGE)
    assert net[TOWNSHIP].member.state(ref) == "received"

    assign(net[TOWNSHIP], ref, TOWNSHIP)
    net[TOWNSHIP].member.act(ref, kinds.DOCKET, {"promised_days": 20})
    net.settle()
    assert_held_everywhere(net, ref, TOWNSHIP)
    assert net[COUNTY].member.state(ref) == "accepted"

    net.nodes[VILLAGE] = lost
    restore(net, VILLAGE, found, whole=True)
    net.settle()
    assert_held_everywhere(net, ref, TOWNSHIP)
    for live in net.nodes.values():
        case = live.member.casebook.case(ref.scope, ref.case_id)
        assert case is not None and case.docketed, live.place
        assert verdicts(live, ref, kinds.HANDOFF) == [Verdict("contested", "other_branch")], live.place
    assert [odd.case.case_no for odd in net[TOWNSHIP].member.casebook.oddities("held").cases] == [ref.case_no]


def test_what_a_village_writes_while_the_county_assigns_is_kept_and_shown(net: Network) -> None:
    """The village works on unheard while its case is given to the county: the case goes on at one place, and what the
    village wrote is found by both."""
    ref = net[VILLAGE].member.file()
    net.settle()
    net.wire.down |= {TOWNSHIP, COUNTY}
    net[VILLAGE].member.act(ref, kinds.NOTE, {"text": "入户核实"})
    net[VILLAGE].member.act(ref, kinds.HANDOFF, {"to": TOWNSHIP, "purpose": "accept"})
    net.wire.calm()
    county = net[COUNTY].member.casebook
    case = county.case(ref.scope, ref.case_id)
    assert case is not None
    county.propose("1001", frozenset({"window"}), ref[:2], COUNTY, "村站断线多日", case.last)
    county.confirm("1002", frozenset({"officer"}), county.proposals()[0].id)
    net.settle()
    assert_held_everywhere(net, ref, COUNTY)
    for live in net.nodes.values():
        assert verdicts(live, ref, kinds.HANDOFF) == [Verdict("contested", "other_branch")], live.place
        assert verdicts(live, ref, kinds.NOTE) == [Verdict("effective")], live.place
    assert [odd.case.case_no for odd in county.oddities("held").cases] == [ref.case_no]
    assert [odd.case.case_no for odd in net[VILLAGE].member.casebook.oddities("ours").cases] == [ref.case_no]
