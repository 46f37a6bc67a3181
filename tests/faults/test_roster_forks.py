"""Two changes of the roster under one number: whoever meets both proves it, all hear of it, the root's word ends it.

The publisher of a part has equivocated: put back from an old copy and told to publish all the same, or its key is in
other hands. One chain is what the county holds, the other what one side of the network was given.
"""

from collections.abc import Iterator
from itertools import permutations
from pathlib import Path

import pytest

from sync_protocol import roster as rosters
from sync_protocol.case import kinds
from sync_protocol.errors import NotEntitled, RosterForked
from sync_protocol.exchange import Content
from sync_protocol.places import about
from sync_protocol.roster import Change, Roster, read_payload
from sync_protocol.suites import sha256
from tests.builders import OTHER_TOWNSHIP, OTHER_VILLAGE
from tests.faults.images import image_of, put_back
from tests.network import COUNTY, TOWNSHIP, VILLAGE, Live, Network, network
from township_node.enrolment import enrol
from village_node.casebook import CaseRef, NotAllowed, RosterRuling
from village_node.web.sync_bar import SyncState, sync_bar

HAMLET = "621021102202"
FARM = "621021102203"
LEVELS = ("village", "township", "county")
NEW, ODD = "621021103000", "621021104000"


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Network]:
    """Two townships with a village each; everybody has met."""
    (tmp_path / "nodes").mkdir()
    made = network(tmp_path / "nodes", COUNTY, TOWNSHIP, VILLAGE, OTHER_TOWNSHIP, OTHER_VILLAGE)
    made.settle()
    made.built.hand_out_roster = False
    yield made
    made.close()


def signed(net: Network, base: Roster, part: str, *named: tuple[str, str, str | None]) -> tuple[Change, Roster]:
    """A change of a part that names these places (code, level, parent) with a node each, signed by who may."""
    ops = []
    for code, level, parent in named:
        request = rosters.enrol_request(net.built.key(), code, level, code, net.built.chance.randbytes(16))
        ops += rosters.admit_request(base, rosters.read_request(request), part, parent)
    key = net.built.publisher_key if part == COUNTY else net[part].member.casebook.speaker.key
    change = rosters.publish(base, part, ops, [key], net.built.clock())
    return change, base.apply(change)


def until_rest(net: Network, order: tuple[str, ...] = (), rounds: int = 6) -> None:
    """Exchanges as they come about by themselves, in this order (else from the villages up)."""
    chosen = order or sorted(net.nodes, key=lambda code: LEVELS.index(net[code].member.identity.level))
    for _ in range(rounds):
        for code in chosen:
            if net[code].uplink is not None:
                net[code].up.sync_now()


def roster_of(live: Live) -> Roster:
    return live.member.casebook.roster


def split_known(net: Network, part: str) -> dict[str, int]:
    """Place -> the number at which it knows the part to be forked."""
    return {
        code: roster_of(live).forks[part].split for code, live in net.nodes.items() if part in roster_of(live).forks
    }


def rule(net: Network, part: str, stands: Change, *keep: bytes, **more: object) -> Change:
    ruling = RosterRuling(part, sha256(stands.payload), frozenset(keep), **more)  # type: ignore[arg-type]
    return net[COUNTY].member.casebook.rule_on_roster("0009", ruling, [net.built.root_key])


def county_fork(net: Network) -> tuple[Change, Change, Change]:
    """The county has published one change; the other township was given another of the same number, and one more."""
    base = roster_of(net[COUNTY])
    ours, _ = signed(net, base, COUNTY, (NEW, "township", COUNTY))
    theirs, odd = signed(net, base, COUNTY, (ODD, "township", COUNTY))
    further, _ = signed(net, odd, COUNTY, ("621021105000", "township", COUNTY))
    net[COUNTY].member.casebook.enrol(ours)
    net[OTHER_TOWNSHIP].member.casebook.receive(bytes(16), Content(roster_changes=[theirs, further]), peer_update={})
    return ours, theirs, further


@pytest.mark.parametrize("order", list(permutations((TOWNSHIP, OTHER_TOWNSHIP, OTHER_VILLAGE))))
def test_whoever_is_heard_first_everybody_learns_of_it_and_nobody_follows_the_other(
    net: Network, order: tuple[str, ...]
) -> None:
    ours, theirs, further = county_fork(net)
    until_rest(net, (*order, VILLAGE))
    split = read_payload(ours).n
    assert split_known(net, COUNTY) == dict.fromkeys(net.nodes, split)
    for code, live in net.nodes.items():
        held = roster_of(live).changes(COUNTY)
        assert held[split - 1 :] in ((), (ours,), (theirs, further)), code
    assert roster_of(net[COUNTY]).changes(COUNTY)[split - 1 :] == (ours,), "each holds to what it had first"
    assert roster_of(net[OTHER_TOWNSHIP]).changes(COUNTY)[split - 1 :] == (theirs, further)
    asides = net[COUNTY].member.casebook.changes_aside(COUNTY)
    assert asides == [theirs, further], "the county knows all that it has to rule on"
    third, _ = signed(net, roster_of(net[COUNTY]).before(COUNTY, split), COUNTY, (NEW, "township", COUNTY))
    before = roster_of(net[TOWNSHIP]).heads()
    net[TOWNSHIP].member.casebook.receive(bytes(16), Content(roster_changes=[third]), peer_update={})
    assert roster_of(net[TOWNSHIP]).heads() == before, "and nobody follows a third"


def test_publishing_stops_intake_goes_on_and_the_root_s_word_makes_all_equal(net: Network) -> None:
    ours, theirs, further = county_fork(net)
    until_rest(net)
    county = net[COUNTY].member.casebook
    late, _ = signed(
        net, roster_of(net[COUNTY]).before(COUNTY, read_payload(ours).n), COUNTY, (ODD, "township", COUNTY)
    )
    with pytest.raises(NotAllowed, match="root"):
        county.enrol(late, agreed=True)
    ref = net[OTHER_VILLAGE].member.file()
    until_rest(net)
    assert net[COUNTY].member.state(ref) == "received", "no case waits for it"
    rule(net, COUNTY, ours)
    until_rest(net)
    heads = roster_of(net[COUNTY]).heads()[COUNTY]
    for live in net.nodes.values():
        assert roster_of(live).heads()[COUNTY] == heads, live.place
        assert roster_of(live).forks == {}
    (view,) = net[OTHER_VILLAGE].member.casebook.roster_forks() or net[OTHER_TOWNSHIP].member.casebook.roster_forks()
    assert view.settled
    overruled = {change.hash for change in view.changes if not change.followed}
    assert sha256(theirs.payload) in overruled and sha256(further.payload) in overruled, "kept, and shown"
    change, _ = signed(net, roster_of(net[COUNTY]), COUNTY, ("621021106000", "township", COUNTY))
    county.enrol(change)
    until_rest(net)
    assert {roster_of(live).heads()[COUNTY] for live in net.nodes.values()} == {roster_of(net[COUNTY]).heads()[COUNTY]}
    for code in list(net.nodes):
        before = net[code].incarnation
        assert net.start(code).incarnation == before, "and a start finds everything as it was left"
        assert roster_of(net[code]).heads()[COUNTY] == roster_of(net[COUNTY]).heads()[COUNTY]


def test_the_other_chain_may_be_the_one_that_stands(net: Network) -> None:
    """The county's own key was used by a thief first, or it was the county that was put back."""
    _, theirs, _ = county_fork(net)
    until_rest(net)
    rule(net, COUNTY, theirs)
    until_rest(net)
    for live in net.nodes.values():
        roster = roster_of(live)
        assert roster.heads()[COUNTY] == roster_of(net[COUNTY]).heads()[COUNTY], live.place
        assert roster.nodes_of(ODD) and not roster.nodes_of(NEW) and not roster.nodes_of("621021105000")
    assert net.start(COUNTY).incarnation == net.built.identities[COUNTY].incarnation


def test_a_new_publishing_key_shuts_out_who_has_the_old_one(net: Network) -> None:
    ours, _, _ = county_fork(net)
    until_rest(net)
    key = net.built.key()
    rule(net, COUNTY, ours, publisher=key)
    until_rest(net)
    base = roster_of(net[COUNTY])
    place = [rosters.place_op(ODD, "township", COUNTY, "x")]
    with pytest.raises(NotEntitled):
        base.apply(rosters.publish(base, COUNTY, place, [net.built.publisher_key], 1))
    for live in net.nodes.values():
        assert ODD in roster_of(live).apply(rosters.publish(base, COUNTY, place, [key], 1)).places


def township_fork(net: Network) -> tuple[Change, Change, CaseRef]:
    """The other township has named a village twice under one number; the second village has filed, and follows that."""
    built, base, kept = net.built, net.built.roster, list(net.built.changes)
    ours, _ = signed(net, base, OTHER_TOWNSHIP, (HAMLET, "village", OTHER_TOWNSHIP))
    farm = built.enrol_place(FARM, "village", OTHER_TOWNSHIP, "王家庄村")
    theirs = built.changes[-1]
    built.hand_out_roster = True
    net.wire_up(built.open(FARM))
    built.hand_out_roster = False
    net[OTHER_TOWNSHIP].member.casebook.apply_roster([theirs])
    assert farm.incarnation == net[FARM].incarnation
    filed = net[FARM].member.file()
    net[FARM].up.sync_now()
    net[FARM].up.sync_now()
    assert net[OTHER_TOWNSHIP].member.state(filed) == "received"
    built.roster, built.changes = base, kept
    net[COUNTY].member.casebook.apply_roster([ours])
    return ours, theirs, filed


@pytest.mark.slow
@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.parametrize("order", [(), (OTHER_VILLAGE, OTHER_TOWNSHIP, FARM), (OTHER_TOWNSHIP, FARM, OTHER_VILLAGE)])
def test_what_the_losing_chain_admitted_stands_or_is_struck_and_nobody_loses_it(
    net: Network, keep: bool, order: tuple[str, ...]
) -> None:
    ours, _, filed = township_fork(net)
    until_rest(net, order and (*order, TOWNSHIP, VILLAGE))
    knows = {COUNTY, OTHER_TOWNSHIP, OTHER_VILLAGE, FARM}
    assert split_known(net, OTHER_TOWNSHIP) == dict.fromkeys(knows, read_payload(ours).n)
    assert net[COUNTY].member.state(filed) == "", "its author is unknown there"
    incarnation = net[FARM].incarnation
    rule(net, OTHER_TOWNSHIP, ours, *([incarnation] if keep else []))
    until_rest(net)
    for code in knows - {FARM}:
        roster = roster_of(net[code])
        assert roster.heads()[OTHER_TOWNSHIP] == roster_of(net[COUNTY]).heads()[OTHER_TOWNSHIP], code
        node = roster.node(incarnation)
        assert node is not None and node.struck is not keep, code
    assert roster_of(net[TOWNSHIP]).heads()[COUNTY] == roster_of(net[COUNTY]).heads()[COUNTY], "nor do others stop"
    for code in (COUNTY, OTHER_TOWNSHIP):
        row = net[code].member.casebook.case_row(filed.scope, filed.case_id)
        assert row is not None, f"{code} holds it"
        if keep:
            assert net[code].member.state(filed) == "received"
        else:
            lines = net[code].member.casebook.timeline(*filed[:2])
            assert lines and {line.verdict.code for line in lines} <= {"void", "contested"}, code
            assert lines[0].verdict.reason == "not_entitled"
            counts = [row for row in net[code].member.casebook.counts()["streams"] if row["scope"] == about(FARM)]
            assert sum(row["contested"] + row["void"] for row in counts) == len(lines), "and all is counted and shown"
    net[OTHER_TOWNSHIP].sync()
    assert net.equal(OTHER_TOWNSHIP) and net.equal(OTHER_VILLAGE)
    if not keep:
        book = net[FARM].member.casebook
        assert book.is_struck and "没有保留本机的登记" in sync_bar(SyncState.read(book, running=True), 0).zh
        with pytest.raises(NotAllowed):
            net[FARM].member.file()
        township = net[OTHER_TOWNSHIP].member.casebook
        enrol(township, book.renewal(), [township.speaker.key], net.built.clock())
        until_rest(net)
        assert not net[FARM].member.casebook.is_struck and net[COUNTY].member.state(filed) == "received", (
            "granted anew, everything counts"
        )
        late = net[FARM].member.file()
        until_rest(net)
        assert net[COUNTY].member.state(late) == "received"
        return
    net[COUNTY].member.act(filed, kinds.NOTE, {"text": "已阅"})
    until_rest(net)
    held = [len(net[code].member.casebook.timeline(*filed[:2])) for code in (FARM, OTHER_TOWNSHIP, COUNTY)]
    assert len(set(held)) == 1


def test_a_receipt_of_a_machine_that_was_struck_is_shown_as_none(net: Network) -> None:
    ours, _, filed = township_fork(net)
    township = net[OTHER_TOWNSHIP].member
    township.act(filed, kinds.NOTE, {"text": "已阅"})
    until_rest(net)

    def signed_by() -> set[str]:
        lines = township.casebook.timeline(*filed[:2])
        return {held.place for line in lines if line.place == OTHER_TOWNSHIP for held in line.receipts}

    assert signed_by() == {FARM}
    rule(net, OTHER_TOWNSHIP, ours)
    until_rest(net)
    assert signed_by() == {COUNTY}


def test_a_file_that_contradicts_proves_it_too(net: Network) -> None:
    base = roster_of(net[COUNTY])
    ours, _ = signed(net, base, COUNTY, (NEW, "township", COUNTY))
    theirs, _ = signed(net, base, COUNTY, (ODD, "township", COUNTY))
    book = net[VILLAGE].member.casebook
    book.apply_roster([ours])
    book.apply_roster([theirs])
    assert COUNTY in book.roster.forks
    until_rest(net)
    assert set(split_known(net, COUNTY)) == set(net.nodes), "the proof goes up, and down from there"
    with pytest.raises(RosterForked):
        roster_of(net[COUNTY]).apply(ours)


def test_a_restored_publisher_that_publishes_all_the_same_is_found_out(net: Network, tmp_path: Path) -> None:
    """Its operator answered for everybody, but a village holds what the township has forgotten."""
    image = image_of(net, OTHER_TOWNSHIP, tmp_path)
    first, _ = signed(net, net.built.roster, OTHER_TOWNSHIP, (HAMLET, "village", OTHER_TOWNSHIP))
    net[OTHER_TOWNSHIP].member.casebook.enrol(first)
    net[OTHER_VILLAGE].up.sync_now()
    assert first in roster_of(net[OTHER_VILLAGE]).changes(OTHER_TOWNSHIP)
    put_back(net, OTHER_TOWNSHIP, image, whole=False)
    net.built.lives += 1
    township = net.start(OTHER_TOWNSHIP)
    second, _ = signed(net, net.built.roster, OTHER_TOWNSHIP, (FARM, "village", OTHER_TOWNSHIP))
    township.member.casebook.enrol(second, agreed=True)
    until_rest(net)
    assert set(split_known(net, OTHER_TOWNSHIP)) == {COUNTY, OTHER_TOWNSHIP, OTHER_VILLAGE}
    with pytest.raises(NotAllowed, match="root"):
        township.member.casebook.check_publishable(agreed=True)
    rule(net, OTHER_TOWNSHIP, second)
    until_rest(net)
    until_rest(net)
    held = {roster_of(net[code]).heads()[OTHER_TOWNSHIP] for code in (COUNTY, OTHER_TOWNSHIP, OTHER_VILLAGE)}
    assert len(held) == 1
    assert not township.member.casebook.standing().provisional, "and its new life is countersigned"


def test_what_turns_up_after_it_was_overruled_reaches_the_root_and_everybody_who_keeps_that_part(net: Network) -> None:
    """The county ruled when it had seen one change of the other chain; the machine that the next names has filed."""
    built, base, kept = net.built, net.built.roster, list(net.built.changes)
    ours, _ = signed(net, base, OTHER_TOWNSHIP, (HAMLET, "village", OTHER_TOWNSHIP))
    theirs, built.roster = signed(net, base, OTHER_TOWNSHIP, ("621021102204", "village", OTHER_TOWNSHIP))
    farm = built.enrol_place(FARM, "village", OTHER_TOWNSHIP, "王家庄村")
    further = built.changes[-1]
    built.changes = [*kept, theirs, further]
    built.hand_out_roster = True
    net.wire_up(built.open(FARM))
    built.hand_out_roster = False
    net[OTHER_TOWNSHIP].member.casebook.apply_roster([theirs])
    net[OTHER_TOWNSHIP].member.casebook.apply_roster([further])
    filed = net[FARM].member.file()
    net[FARM].up.sync_now()
    net[FARM].up.sync_now()
    built.roster, built.changes = base, kept
    county = net[COUNTY].member.casebook
    county.apply_roster([ours])
    county.apply_roster([theirs])
    rule(net, OTHER_TOWNSHIP, ours)
    assert farm.incarnation not in {node.incarnation for node in county.roster.struck}
    until_rest(net, (FARM, OTHER_TOWNSHIP))
    assert roster_of(net[OTHER_VILLAGE]).node(farm.incarnation) is None, "nor has it ever followed the other chain"
    until_rest(net)
    for code in (COUNTY, OTHER_TOWNSHIP, OTHER_VILLAGE, FARM):
        struck = {node.incarnation for node in roster_of(net[code]).struck}
        assert farm.incarnation in struck, code
        assert net[code].member.casebook.is_struck == (code == FARM)
    (view,) = county.roster_forks()
    assert sha256(further.payload) in {change.hash for change in view.changes if not change.followed}, "and is shown"
    assert net[COUNTY].member.casebook.case_row(filed.scope, filed.case_id) is not None, "nor is what it wrote lost"
    assert net.equal(OTHER_TOWNSHIP) and net.equal(OTHER_VILLAGE)
    said = len(net.wire.passed)
    net[OTHER_TOWNSHIP].sync()
    for passed in net.wire.passed[said:]:
        assert not any(each.roster_changes for each in net.spoken(passed, OTHER_TOWNSHIP)), "it is told once"
    net.start(COUNTY)
    assert farm.incarnation in {node.incarnation for node in roster_of(net[COUNTY]).struck}
