"""A stolen laptop is shut out by position, not by date: what stood stands, what it writes on counts nowhere (T07)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sync_protocol import roster as rosters
from sync_protocol.case import kinds
from sync_protocol.errors import Revoked
from sync_protocol.places import about, below
from tests import builders
from tests.builders import START_MS
from tests.faults.test_forks import drive, rule, twins, verdicts, week
from tests.network import COUNTY, SECOND_VILLAGE, TOWNSHIP, VILLAGE, Live, Network, network
from tests.village_node.courier.sticks import hand, introduce
from township_node.downlink.children import child_node
from village_node.casebook import Casebook, CaseRef, NotAllowed, NotFound, Reason, Stale
from village_node.store.cases import CaseRow
from village_node.web.sync_bar import SyncState, sync_bar

LEVELS = ("village", "township", "county")


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Network]:
    """A township with two villages; everybody has met."""
    (tmp_path / "nodes").mkdir()
    made = network(tmp_path / "nodes", COUNTY, TOWNSHIP, VILLAGE, SECOND_VILLAGE, ancestor_after_s=0.0)
    made.settle()
    made.built.hand_out_roster = False
    book(made, COUNTY).sign_roster_with(lambda: [made.built.publisher_key])
    yield made
    made.close()


@pytest.fixture
def unmet(tmp_path: Path) -> Iterator[Network]:
    """The same, of whom nobody has met: a copy of a disk is another machine with one identity."""
    made = network(tmp_path, COUNTY, TOWNSHIP, VILLAGE)
    made.built.hand_out_roster = False
    yield made
    made.close()


def book(net: Network, code: str) -> Casebook:
    return net[code].member.casebook


def revoke(net: Network, by: str, live: Live | bytes, *, again: bool = False) -> rosters.Change:
    """Two persons at a place shut a machine out."""
    machine = live if isinstance(live, bytes) else live.incarnation
    number = book(net, by).ask_revocation("0009", machine.hex()[:8], "电脑被盗，已报警", again=again)
    return book(net, by).confirm_revocation("0008", number)


def rest(net: Network, *codes: str, rounds: int = 5) -> None:
    """Exchanges as they come about by themselves."""
    for _ in range(rounds):
        net.monotonic.now_s += 700.0
        for code in codes or sorted(net.nodes, key=lambda code: LEVELS.index(net[code].member.identity.level)):
            if net[code].uplink is not None:
                net[code].up.sync_now()


def state_of(casebook: Casebook, row: CaseRow | CaseRef) -> str:
    """As it is listed."""
    found = casebook.case_row(row.scope, row.case_id)
    assert found is not None
    return found.state or ""


def verdict(net: Network, code: str, ref: CaseRef, kind: int) -> tuple[str, str]:
    """What a node makes of the one event of a kind in a case."""
    (found,) = (entry for entry in book(net, code).timeline(ref.scope, ref.case_id) if entry.kind == kind)
    return found.verdict.code, found.verdict.reason


def test_two_persons_shut_it_out_its_screen_says_so_and_nothing_more_comes_of_it(net: Network) -> None:
    before = net[VILLAGE].member.file()
    net.settle()
    with pytest.raises(NotAllowed, match="two persons"):
        number = book(net, TOWNSHIP).ask_revocation("0009", net[VILLAGE].incarnation.hex(), "被盗")
        book(net, TOWNSHIP).confirm_revocation("0009", number)
    with pytest.raises(Stale):
        book(net, TOWNSHIP).ask_revocation("0007", net[VILLAGE].incarnation.hex(), "被盗")
    book(net, TOWNSHIP).confirm_revocation("0008", number)
    with pytest.raises(Stale):
        book(net, TOWNSHIP).confirm_revocation("0008", number)
    net.built.clock.now_ms = START_MS - 9 * 86_400_000  # a date before the theft brings nothing before the cut
    late = net[VILLAGE].member.file()
    held = book(net, TOWNSHIP).counts()["streams"]
    rest(net)
    assert book(net, TOWNSHIP).counts()["streams"] == held and net[COUNTY].member.state(late) == ""
    for code in (COUNTY, TOWNSHIP, VILLAGE):
        node = book(net, code).roster.node(net[VILLAGE].incarnation)
        assert node is not None and node.revoked is not None, code
        assert net[code].member.state(before) == "received", "what stood stands, at the laptop as well"
    bar = sync_bar(SyncState.read(book(net, VILLAGE), running=False), net.built.clock())
    assert "已被上级吊销" in bar.zh and "1 件未上报" in bar.zh and bar.tone == "bad"
    assert verdict(net, VILLAGE, late, kinds.CREATE)[0] == "contested"
    with pytest.raises(NotAllowed, match="this machine was revoked"):
        net[VILLAGE].member.file()
    assert net.equal(TOWNSHIP) and net.equal(SECOND_VILLAGE)


def test_what_stands_stands_however_late_it_comes(net: Network) -> None:
    """The township revokes while the county has nothing of it yet: the change comes first, the events days later."""
    ref = net[VILLAGE].member.file()
    net[VILLAGE].sync()
    change = revoke(net, TOWNSHIP, net[VILLAGE])
    book(net, COUNTY).apply_roster([change])
    assert net[COUNTY].member.state(ref) == ""
    revoke(net, COUNTY, net[VILLAGE])
    assert net[COUNTY].member.state(ref) == "", "and the county's own word takes nothing back that stood"
    net.built.clock.now_ms += 30 * 86_400_000
    rest(net, TOWNSHIP)
    assert net[COUNTY].member.state(ref) == "received"
    assert net.equal(TOWNSHIP)


def test_what_lies_behind_the_cut_is_kept_shown_everywhere_and_may_be_adopted(net: Network) -> None:
    """Filed by honest people, held by the township, and not yet by the county when that revoked the machine."""
    ref = net[VILLAGE].member.file()
    net.settle()
    late = net[VILLAGE].member.act(ref, kinds.NOTE, {"text": "补充说明"})
    new = net[VILLAGE].member.file()
    net[VILLAGE].sync()
    revoke(net, COUNTY, net[VILLAGE])
    rest(net)
    for code in (COUNTY, TOWNSHIP):
        assert verdict(net, code, late, kinds.NOTE) == ("contested", "not_entitled"), code
        assert net[code].member.state(new) == "" and net[code].member.state(ref) == "received", code
        (machine,) = (one for one in book(net, code).machines() if one.node.place == VILLAGE)
        assert machine.behind == 3 and machine.node.revoked is not None
        assert book(net, code).oddities("all").total == 2, code
    assert net.equal(TOWNSHIP)
    revoke(net, COUNTY, net[VILLAGE], again=True)
    rest(net)
    for code in (COUNTY, TOWNSHIP):
        assert verdict(net, code, late, kinds.NOTE)[0] == "effective", code
        assert net[code].member.state(new) == "received" and book(net, code).oddities("all").total == 0, code


def test_by_stick_its_records_are_taken_and_nothing_else_of_it(net: Network, tmp_path: Path) -> None:
    built = net.built
    above, below = hand(built, TOWNSHIP), hand(built, VILLAGE)
    introduce(above, below, tmp_path)
    known = book(net, TOWNSHIP).key_of(VILLAGE)
    ref = net[VILLAGE].member.file()
    below.write(tmp_path / "before", TOWNSHIP)
    revoke(net, TOWNSHIP, net[VILLAGE])
    assert known and book(net, TOWNSHIP).key_of(VILLAGE) is None, "nothing is sealed to a key in a thief's hands"
    (outcome,) = above.read(tmp_path / "before")
    assert outcome.whole and outcome.stored and outcome.revoked and "已被吊销" in outcome.words[0]
    assert net[TOWNSHIP].member.state(ref) == "" and book(net, TOWNSHIP).oddities("all").total == 1
    assert book(net, TOWNSHIP).key_of(VILLAGE) is None
    asked: list[bytes] = []
    above.courier.countersigns(lambda _node, renewal: asked.append(renewal))
    book(net, VILLAGE).begin_again(Reason.OPERATOR)
    below.write(tmp_path / "new life", TOWNSHIP)
    (outcome,) = above.read(tmp_path / "new life")
    assert outcome.whole and not asked, "no life is countersigned for it"
    rest(net)
    assert book(net, COUNTY).oddities("all").total == 1 and net.equal(TOWNSHIP)


def test_a_township_that_is_revoked_is_passed_by_and_what_it_signed_for_is_sent_again(net: Network) -> None:
    ref = net[VILLAGE].member.file()
    net[VILLAGE].sync()
    assert book(net, VILLAGE).sync_state()["not_left"]["cases"] == 0
    revoke(net, COUNTY, net[TOWNSHIP])
    for change in book(net, COUNTY).roster.changes(COUNTY)[-1:]:
        book(net, VILLAGE).apply_roster([change])
    assert book(net, VILLAGE).sync_state()["not_left"]["cases"] == 1, "its receipt counts no more"
    asked = len(net.wire.passed)
    rest(net, VILLAGE)
    assert {one.url.split("/")[2] for one in net.wire.passed[asked:]} == {COUNTY}
    signers = {signer for point in book(net, VILLAGE).shared_points(VILLAGE) for signer in point.receipts}
    assert net[COUNTY].incarnation in signers and net[TOWNSHIP].incarnation not in signers, "nor is it told any more"
    assert net[COUNTY].member.state(ref) == "received"
    assert book(net, VILLAGE).sync_state()["not_left"]["cases"] == 0
    net[VILLAGE].member.act(ref, kinds.NOTE, {"text": "补充说明"})
    assert builders.hand(net[VILLAGE].member, net[TOWNSHIP].member, VILLAGE).signed
    assert not builders.hand(net[TOWNSHIP].member, net[VILLAGE].member, VILLAGE).receipts, "none that it gives is taken"


def test_the_place_goes_on_with_a_new_machine_and_the_revoked_one_is_refused_a_waiting_call(net: Network) -> None:
    net[VILLAGE].member.file()
    net.settle()
    old = net[VILLAGE]
    revoke(net, TOWNSHIP, old)
    with pytest.raises(Revoked):
        child_node(book(net, TOWNSHIP).roster, TOWNSHIP, old.incarnation)
    key, incarnation = net.built.key(), net.built.chance.randbytes(16)
    asked = rosters.read_request(rosters.enrol_request(key, VILLAGE, "village", "上关村", incarnation))
    township = book(net, TOWNSHIP)
    ops = rosters.admit_request(township.roster, asked, TOWNSHIP)
    township.enrol(rosters.publish(township.roster, TOWNSHIP, ops, [township.speaker.key], START_MS))
    assert [node.incarnation for node in township.roster.serving(VILLAGE)] == [incarnation]
    assert {row.node.incarnation for row in township.machines()} >= {incarnation, old.incarnation}


def test_where_another_event_stands_at_the_cut_nothing_counts_until_it_is_known_where_they_part(net: Network) -> None:
    """Whoever has the key may have told each node something else; here that is found out when the stream reaches it."""
    net[VILLAGE].member.file()
    net.settle()
    (row,) = (
        row for row in book(net, COUNTY).counts()["streams"] if row["incarnation"] == net[VILLAGE].incarnation.hex()
    )
    ref = net[VILLAGE].member.file()
    net[VILLAGE].sync()
    op = rosters.revoke_op(net[VILLAGE].incarnation, [(about(VILLAGE), row["head"] + 1, b"x" * 32)])
    roster = book(net, COUNTY).roster
    book(net, COUNTY).enrol(rosters.publish(roster, COUNTY, [op], [net.built.publisher_key], START_MS))
    assert book(net, COUNTY).oddities("all").total == 0, "as far as is known here"
    rest(net, TOWNSHIP)
    assert book(net, COUNTY).oddities("all").total == 2 and net[COUNTY].member.state(ref) == ""


def test_a_register_says_nothing_behind_the_cut(net: Network) -> None:
    builders.delegate_all(net[TOWNSHIP].member, "0002")
    net.settle()
    county = book(net, COUNTY)
    assert county.register(TOWNSHIP).delegations
    op = rosters.revoke_op(net[TOWNSHIP].incarnation, [], county.roster.length(TOWNSHIP))
    county.enrol(rosters.publish(county.roster, COUNTY, [op], [net.built.publisher_key], START_MS))
    assert not county.register(TOWNSHIP).delegations
    assert county.roster.node(net[VILLAGE].incarnation), "whom it has named before stays named"


def test_a_register_stands_up_to_the_cut_where_that_names_what_is_held(net: Network) -> None:
    builders.delegate_all(net[TOWNSHIP].member, "0002")
    net.settle()
    county, scope = book(net, COUNTY), below(TOWNSHIP)
    (head,) = (row["head"] for row in county.counts()["streams"] if row["scope"] == scope)
    held = county.hash_at(net[TOWNSHIP].incarnation, scope, head)
    assert held is not None
    for mark, stands in ((b"x" * 32, False), (held, True)):
        op = rosters.revoke_op(net[TOWNSHIP].incarnation, [(scope, head, mark)], county.roster.length(TOWNSHIP))
        made = rosters.publish(county.roster, COUNTY, [op], [net.built.publisher_key], START_MS)
        with county.store.reading() as connection:
            roster = county.roster_in(connection).apply(made)
            author = county.entitled(connection, roster, net[TOWNSHIP].incarnation, scope, 1)
        assert (author is not None) is stands


def test_who_may_revoke_whom(net: Network) -> None:
    other = net[SECOND_VILLAGE].incarnation.hex()
    for code, machine, error in (
        (VILLAGE, other, NotAllowed),
        (TOWNSHIP, net[TOWNSHIP].incarnation.hex(), NotAllowed),
        (TOWNSHIP, net[COUNTY].incarnation.hex(), NotAllowed),
        (COUNTY, net[COUNTY].incarnation.hex(), NotAllowed),
        (COUNTY, other[:7], NotFound),
        (COUNTY, "f" * 32, NotFound),
    ):
        with pytest.raises(error):
            book(net, code).ask_revocation("0009", machine, "被盗")
    with pytest.raises(NotAllowed):
        book(net, TOWNSHIP).ask_revocation("0009", other, "被盗", again=True)
    number = book(net, TOWNSHIP).ask_revocation("0009", other, "被盗")
    book(net, TOWNSHIP).reject_revocation("0009", number, "找到了")
    assert book(net, TOWNSHIP).revocations()[0].state == 2
    assert about(SECOND_VILLAGE) and book(net, TOWNSHIP).roster.serving(SECOND_VILLAGE)


def test_what_stands_before_a_fork_stands_again_once_that_is_proven(unmet: Network) -> None:
    """At the cut the county holds another event than it named; a proof says later since when the two part."""
    one, other = twins(unmet)
    early, county = one.member.casebook.work_list("all").rows[0], book(unmet, COUNTY)
    week(unmet, one, 1), week(unmet, other, 1)
    drive(unmet, one)
    (row,) = (row for row in county.counts()["streams"] if row["incarnation"] == one.incarnation.hex())
    op = rosters.revoke_op(one.incarnation, [(about(VILLAGE), row["head"], b"x" * 32)])
    county.enrol(rosters.publish(county.roster, COUNTY, [op], [unmet.built.publisher_key], START_MS))
    assert state_of(county, early) == "" and not county.forks()
    for _ in range(6):
        other.exchange()
    assert book(unmet, TOWNSHIP).forks() and not book(unmet, TOWNSHIP).roster.has_revoked
    rest(unmet, TOWNSHIP)
    assert county.forks() and state_of(county, early) == "received"


def test_what_a_revoked_township_has_ruled_counts_no_more(unmet: Network) -> None:
    one, other = twins(unmet)
    refs = [*week(unmet, one, 1), *week(unmet, other, 1)]
    drive(unmet, one, other)
    states = [state for state, _ in verdicts(unmet[COUNTY], refs)]
    assert "" in states
    rule(unmet[TOWNSHIP], take_all=True)
    unmet[TOWNSHIP].sync()
    assert {state for state, _ in verdicts(unmet[COUNTY], refs)} == {"received"}
    county = book(unmet, COUNTY)
    op = rosters.revoke_op(unmet[TOWNSHIP].incarnation, [], county.roster.length(TOWNSHIP))
    county.enrol(rosters.publish(county.roster, COUNTY, [op], [unmet.built.publisher_key], START_MS))
    assert [state_of(county, ref) for ref in refs] == states, "what is listed is folded again"
