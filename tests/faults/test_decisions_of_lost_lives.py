"""A decision and the delegation it relies on stand in two scopes; a life that ends before they have left moves both."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sync_protocol.case import kinds
from sync_protocol.case.editions import Edition
from sync_protocol.case.workdays import day_of
from sync_protocol.event import Dep, load_header
from sync_protocol.places import about, below
from tests.builders import OTHER_TOWNSHIP, OTHER_VILLAGE, Member, delegate
from tests.faults.images import image_of, restore
from tests.network import COUNTY, TOWNSHIP, VILLAGE, Live, Network, network
from village_node.casebook import CaseRef, NotAllowed
from village_node.store import streams

ITEM = "006"


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Network]:
    """Two townships with a village each; everybody has met."""
    (tmp_path / "nodes").mkdir()
    made = network(tmp_path / "nodes", COUNTY, TOWNSHIP, VILLAGE, OTHER_TOWNSHIP, OTHER_VILLAGE)
    made.settle()
    made.built.hand_out_roster = False
    yield made
    made.close()


def decided_at_home(net: Network) -> CaseRef:
    """A case of the township that the county has decided by a delegation, of which nobody has heard yet."""
    township, county = net[TOWNSHIP].member, net[COUNTY].member
    ref = township.file(item_no=ITEM)
    township.act(ref, kinds.DOCKET)
    township.act(ref, kinds.REVIEW, {"opinion": "agree"})
    township.act(ref, kinds.HANDOFF, {"to": COUNTY, "purpose": "decide"})
    net.settle()
    county.act(ref, kinds.ACCEPT)
    delegate(county, "民政", ITEM)
    decide(county, ref)
    return ref


def decide(county: Member, ref: CaseRef) -> None:
    """The representative decides."""
    case = county.casebook.case(ref.scope, ref.case_id)
    assert case is not None
    decision = {"outcome": "approve"}
    county.casebook.record("0002", ["officer"], ref.scope, ref.case_id, kinds.DECIDE, decision, case.last)


def begun_anew(net: Network) -> Live:
    """The county in a new life: its witness is lost, its database is not."""
    (net.built.folder / f"{COUNTY}.data" / "witness.log").unlink()
    return net.start(COUNTY)


def relied_on(live: Live, ref: CaseRef) -> tuple[Dep, ...]:
    """What the decision of a case names, as this node holds it."""
    with live.member.store.reading() as connection:
        rows = streams.of_cases(connection, [ref.case_id])
    return next(load_header(row.event.header).deps for row in rows if row.event.kind == kinds.DECIDE)


def check_all_hold(net: Network, root: Live, ref: CaseRef) -> None:
    """Everybody who may read the case finds the same decision, by the delegation of the present life."""
    case = root.member.casebook.case(ref.scope, ref.case_id)
    assert case is not None
    position = root.member.casebook.decision_checked(case).relied_on[0]
    assert position.incarnation == root.incarnation
    readers = (root, net[TOWNSHIP]) if ref.scope != about(COUNTY) else (root,)
    for live in readers:
        assert relied_on(live, ref) == (Dep(root.incarnation, below(COUNTY), position.seq),), live.place
        assert live.member.state(ref) == "decided_approved", live.place
        case = live.member.casebook.case(ref.scope, ref.case_id)
        assert case is not None and not case.open_oddities
        found = live.member.casebook.decision_checked(case)
        assert found.why_not is None and found.delegation is not None, live.place


def test_a_decision_names_the_delegation_where_the_new_life_has_written_it(net: Network) -> None:
    ref = decided_at_home(net)
    root = begun_anew(net)
    net.settle()
    net.settle()
    check_all_hold(net, root, ref)


def test_a_decision_is_not_written_again_before_what_it_relies_on(net: Network) -> None:
    """The scope of the case is heard from one township; that of the delegation only once every township was heard."""
    ref = decided_at_home(net)
    root = begun_anew(net)
    net[TOWNSHIP].sync()
    assert relied_on(root, ref)[0].incarnation != root.incarnation
    assert root.member.state(ref) == "decided_approved"
    net.settle()
    net.settle()
    check_all_hold(net, root, ref)


def test_nobody_relies_on_a_delegation_that_may_still_move(net: Network) -> None:
    """A case decided in the new life, while the delegation of the old one is not settled with every township."""
    decided_at_home(net)
    other = net[COUNTY].member.file(item_no="036")
    net[COUNTY].member.act(other, kinds.DOCKET)
    delegate(net[COUNTY].member, "文旅", "036")
    root = begun_anew(net)
    net[TOWNSHIP].sync()
    with pytest.raises(NotAllowed, match="not settled with all below yet"):
        decide(root.member, other)
    net.settle()
    net.settle()
    decide(root.member, other)
    net.settle()
    check_all_hold(net, root, other)


def test_a_decision_follows_a_delegation_that_gave_way_to_what_the_lost_life_had_sent(
    net: Network, tmp_path: Path
) -> None:
    """A whole disk was put back: the lost life had sent another entry from the very position of the delegation, which
    moves at once when that comes back; the decision, in another scope, is written again only later."""
    township = net[TOWNSHIP].member
    ref = township.file(item_no=ITEM)
    township.act(ref, kinds.DOCKET)
    township.act(ref, kinds.REVIEW, {"opinion": "agree"})
    township.act(ref, kinds.HANDOFF, {"to": COUNTY, "purpose": "decide"})
    net.settle()
    net[COUNTY].member.act(ref, kinds.ACCEPT)
    net.settle()
    image = image_of(net, COUNTY, tmp_path)
    delegate(net[COUNTY].member, "文旅", "036")
    net[OTHER_TOWNSHIP].sync()  # the one that has it: the other township hears of the case alone
    restored = restore(net, COUNTY, image, whole=True)
    delegate(restored.member, "民政", ITEM)
    decide(restored.member, ref)
    root = begun_anew(net)
    for _ in range(3):
        net[OTHER_TOWNSHIP].exchange()
    delegations = root.member.casebook.register(COUNTY).delegations
    assert [each.entry.position.incarnation == root.incarnation for each in delegations] == [False, True]
    assert relied_on(root, ref)[0].incarnation != root.incarnation  # its own scope is not settled yet
    net.settle()
    net.settle()
    check_all_hold(net, root, ref)


def test_a_case_filed_under_an_item_version_that_moves_does_not_wait_for_its_old_position(net: Network) -> None:
    """The county publishes, begins a new life, and files under that version before anybody below was heard."""
    newest = net[COUNTY].member.casebook.catalogue.newest("036")
    assert newest is not None
    given = replace(newest, version=newest.version + 1, begins=day_of(net.built.clock()), ends=None)
    net[COUNTY].member.casebook.publish_item("2001", frozenset({"business"}), Edition(given, "按县政府令调整"))
    root = begun_anew(net)
    ref = root.member.file(item_no="036", item_version=given.version)
    net.settle()
    net.settle()
    for live in (root, net[COUNTY]):
        row = live.member.casebook.case_row(ref.scope, ref.case_id)
        assert row is not None and (row.n_waiting, row.n_void, row.state) == (0, 0, "received")
    published = root.member.casebook.items.published[given.key].position
    assert published.incarnation == root.incarnation
    assert net[VILLAGE].member.casebook.items.published[given.key].position == published
