"""Two villages are merged while one of them is off line: nobody loses a case, and nothing needs a new number."""

from pathlib import Path

import pytest

from sync_protocol import evidence, limits
from sync_protocol import roster as rosters
from sync_protocol.case import kinds
from sync_protocol.event import chain
from sync_protocol.exchange import Content, ForkTalk
from sync_protocol.seal import seal
from sync_protocol.stream import Head
from tests import builders, closing
from tests.faults.images import image_of, restore
from tests.network import COUNTY, SECOND_VILLAGE, TOWNSHIP, VILLAGE, Network
from township_node.succession import Merged, merge
from village_node.accounts import Person
from village_node.casebook import CasebookError, CaseRef, NotAllowed
from village_node.store import forks
from village_node.store.streams import PURGED

LEFT, STAYS = VILLAGE, SECOND_VILLAGE


HEADS = (Person("0103", "站长", frozenset({"head"}), ""), Person("0104", "站长", frozenset({"head"}), ""))


def merge_them(net: Network) -> Merged:
    """The township says that one village goes on with what was the other's, and gives it the cases that it knows of."""
    return merge(net[TOWNSHIP].member.casebook, HEADS, LEFT, STAYS)


def without_the_one(net: Network) -> None:
    """Everybody exchanges but the village that is off line."""
    for _ in range(4):
        for code in (STAYS, TOWNSHIP):
            net[code].sync()


def hand_up(net: Network, code: str, ref: CaseRef) -> None:
    net[code].member.act(ref, kinds.HANDOFF, {"to": TOWNSHIP, "purpose": "accept"})


def decide_by_delegation(member: builders.Member, ref: CaseRef) -> None:
    """Somebody decides whom the head has delegated: the decision relies on the register of the place."""
    case = member.casebook.case(ref.scope, ref.case_id)
    assert case is not None
    member.casebook.record("0002", {"head"}, ref.scope, ref.case_id, kinds.DECIDE, {"outcome": "approve"}, case.last)


def holders(net: Network, ref: CaseRef) -> set[str | None]:
    """Who holds a case, as each node sees it."""
    cases = [net[code].member.casebook.case(*ref[:2]) for code in (LEFT, STAYS, TOWNSHIP, COUNTY)]
    return {case.holder if case else None for case in cases}


def verdicts(net: Network, code: str, ref: CaseRef) -> list[str]:
    return [entry.verdict.code for entry in net[code].member.casebook.timeline(ref.scope, ref.case_id)]


def test_two_villages_are_merged_while_one_of_them_is_off_line(wide_net: Network) -> None:
    net = wide_net
    taken, left = (net[LEFT].member.file() for _ in range(2))
    net.settle()
    hand_up(net, LEFT, taken)  # off line from here on: nobody has heard of any of this
    late = net[LEFT].member.file()
    done = merge_them(net)
    assert (done.new, sorted(done.given), done.left) == (True, sorted(ref.case_no for ref in (taken, left)), [])
    without_the_one(net)
    stays, township = net[STAYS].member, net[TOWNSHIP].member
    assert [stays.state(ref) for ref in (taken, left)] == ["received"] * 2, "it is sent what is held of them"
    assert stays.casebook.roster.places.successor(LEFT) == STAYS
    hand_up(net, STAYS, left)
    own = stays.file()
    without_the_one(net)
    township.act(left, kinds.ACCEPT)
    without_the_one(net)

    net.settle()  # it is back
    for code in (LEFT, STAYS, TOWNSHIP, COUNTY):
        assert verdicts(net, code, taken).count("contested") == 1, "what it did to a case that was given away"
        assert set(verdicts(net, code, left)) == {"effective"}
        assert net[code].member.state(late) == "received"
    assert holders(net, taken) == {STAYS} and holders(net, left) == {TOWNSHIP} and holders(net, late) == {LEFT}
    counts = net[LEFT].member.casebook.counts()
    assert counts["not_left"] == counts["not_at_county"] == {"cases": 0, "events": 0}
    assert counts["refused_there"] == counts["parked_there"] == 0
    assert net[STAYS].member.casebook.counts()["refused_there"] == 0
    assert merge_them(net) == Merged(False, [late.case_no], []), "said once more, for what has come meanwhile"
    net.settle()
    for ref in (taken, late):
        hand_up(net, STAYS, ref)
    net.settle()
    for ref in (taken, late):
        township.act(ref, kinds.ACCEPT)
    net.settle()
    assert len({ref.case_no for ref in (taken, left, late, own)}) == 4
    assert all(holders(net, ref) == {TOWNSHIP} for ref in (taken, left, late))
    assert net[LEFT].member.state(own) == "", "what is the other village's own stays its own"
    assert all(net.equal(code) for code in (LEFT, STAYS, TOWNSHIP))


def test_a_merged_village_pushes_on_until_its_machine_is_revoked(wide_net: Network) -> None:
    net = wide_net
    merge_them(net)
    net.settle()
    ref = net[LEFT].member.file()
    assert net[LEFT].exchange().ok, "it still finds the township"
    net.settle()
    assert {net[code].member.state(ref) for code in (LEFT, STAYS, TOWNSHIP, COUNTY)} == {"received"}
    net[LEFT].member.casebook.rekey("0002", lambda: net[LEFT].exchange().ok)
    net.settle()
    assert not net[LEFT].member.casebook.provisional, "the township countersigns for it"


def test_nobody_is_sent_what_he_would_refuse_for_not_knowing_of_the_merger(wide_net: Network) -> None:
    net = wide_net
    ref = net[LEFT].member.file()
    net.settle()
    net.wire.passed.clear()
    merge_them(net)
    told = []
    for act in (lambda: None, lambda: hand_up(net, STAYS, ref)):
        act()
        for code in (STAYS, LEFT):
            net.wire.passed.clear()
            net[code].sync()
            told += [net.spoken(passed, code)[0] for passed in net.wire.passed]
    assert {net[code].member.state(ref) for code in (LEFT, STAYS)} == {"in_transit"}
    assert len(told) >= 8 and not any(content.answers for content in told)


def test_nor_while_the_changes_that_say_so_are_still_on_their_way(
    wide_net: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    net = wide_net
    ref = net[LEFT].member.file()
    net.settle()
    monkeypatch.setattr(limits, "ROSTER_CHANGES_A_MESSAGE", 1)
    book = net[TOWNSHIP].member.casebook
    for code in ("621021101291", "621021101292"):
        ops = [rosters.place_op(code, "village", TOWNSHIP, code)]
        book.enrol(rosters.publish(book.roster, TOWNSHIP, ops, book.roster_keys(), book.clock()))
    merge_them(net)
    told = []
    for _ in range(3):
        for code in (STAYS, LEFT):
            net.wire.passed.clear()
            net[code].sync()
            told += [net.spoken(passed, code)[0] for passed in net.wire.passed]
    assert net[STAYS].member.state(ref) == "received"
    assert not any(content.answers for content in told)


def test_nor_told_of_forks_there(wide_net: Network) -> None:
    net = wide_net
    scope = net[LEFT].member.file().scope
    net.settle()
    me, book = net[LEFT].member.identity, net[TOWNSHIP].member.casebook
    ours = book.arm_shown((me.incarnation, scope, ()), 1)
    assert ours is not None
    item = b"another event at 1".ljust(32)
    theirs = evidence.Arm(
        (item,), seal(me.key, net.built.roster.network_id, ours.base, Head(1, chain(ours.base, item)))
    )
    proof = evidence.prove(me.incarnation, scope, 1, ours.base, ours.arm, theirs)
    book.receive(me.incarnation, Content(forks=ForkTalk(proofs=[proof])), peer_update={})
    merge_them(net)
    net.wire.passed.clear()
    net[STAYS].exchange()
    assert [net.spoken(passed, STAYS)[1].forks.proofs for passed in net.wire.passed] == [[]]
    net[STAYS].sync()
    with net[STAYS].member.store.reading() as connection:
        assert [evidence.from_bytes(row.proof) for row in forks.read(connection)] == [proof]


def test_who_decides_in_anothers_stead_is_understood_there(wide_net: Network) -> None:
    net = wide_net
    early = net[LEFT].member.file(item_no="040")
    net.settle()
    merge_them(net)
    net.settle()
    late = net[LEFT].member.file(item_no="040")
    net.settle()
    for code, ref in ((STAYS, early), (LEFT, late)):
        builders.delegate(net[code].member, "司法", "040")
        net[code].member.act(ref, kinds.DOCKET)
        decide_by_delegation(net[code].member, ref)
    net.settle()
    for code in (LEFT, STAYS, TOWNSHIP, COUNTY):
        for ref in (early, late):
            assert set(verdicts(net, code, ref)) == {"effective"}, code
            assert net[code].member.state(ref) == "decided_approved"
    assert all(net.equal(code) for code in (LEFT, STAYS, TOWNSHIP))


def test_what_a_merger_touches_is_judged_again_when_it_comes_and_when_it_goes(wide_net: Network) -> None:
    net = wide_net
    book = net[TOWNSHIP].member.casebook
    key = net[LEFT].member.file()[:2]
    net.settle()
    rows = [book.roster]
    third = "621021101291"
    for ops in ([rosters.succeed_op(LEFT, STAYS)], [rosters.place_op(third, "village", TOWNSHIP, third)],
                [rosters.succeed_op(STAYS, third)]):  # fmt: skip
        book.enrol(rosters.publish(book.roster, TOWNSHIP, ops, book.roster_keys(), book.clock()))
        rows.append(book.roster)
    apart, merged, named, twice = rows
    with book.store.reading() as view:
        assert key in book.concerned(view, apart, merged)
        assert key in book.concerned(view, named, twice), "and what that one inherits"
        assert key in book.concerned(view, merged, apart), "a ruling may take it out of its chain"
        assert key in book.concerned(view, twice, merged)
        assert key not in book.concerned(view, merged, named)


def test_who_goes_on_answers_for_the_other_and_not_the_other_for_it(wide_net: Network) -> None:
    net = wide_net
    theirs, ours = net[LEFT].member.file(item_no="040"), net[LEFT].member.file(item_no="040")
    net[LEFT].member.act(theirs, kinds.DOCKET)
    net[LEFT].member.act(theirs, kinds.DECIDE, {"outcome": "approve"})
    net.settle()
    assert merge_them(net).left == []
    net.settle()
    stays, left = net[STAYS].member, net[LEFT].member
    stays.act(ours, kinds.DOCKET)
    stays.act(ours, kinds.DECIDE, {"outcome": "approve"})
    net.settle()
    for ref in (theirs, ours):
        net[TOWNSHIP].member.act(ref, kinds.RATING, {"grade": "poor", "stage": 2, "text": "慢", "channel": "phone"})
    net.settle()
    listed = [{each.row.case_id for each in one.casebook.orders("here").orders} for one in (stays, left)]
    assert listed == [{theirs.case_id, ours.case_id}, {theirs.case_id}]
    assert stays.casebook.order_counts()["here"] == 2 and left.casebook.order_counts()["here"] == 1
    for ref in (theirs, ours):
        case = stays.casebook.case(*ref[:2])
        assert case is not None
        said = {"order": list(case.orders[0].rating.position), "text": "已当面道歉"}
        if ref == ours:
            with pytest.raises(CasebookError):
                left.act(ref, kinds.RECTIFICATION, said)
        stays.act(ref, kinds.RECTIFICATION, said)
    assert stays.casebook.order_counts()["here"] == 0


def test_what_the_other_holds_is_looked_after_too(wide_net: Network) -> None:
    net = wide_net
    merge_them(net)
    net.settle()
    late = net[LEFT].member.file(item_no="040")
    net[LEFT].member.act(late, kinds.DOCKET)
    net.settle()
    net.built.clock.now_ms += 200 * closing.DAY_MS
    stays, book = net[STAYS].member.casebook, net[TOWNSHIP].member.casebook
    assert [row.case_id for row in stays.cards().rows] == [late.case_id]
    case, (one, other) = book.case(*late[:2]), HEADS
    assert case is not None
    book.propose(one.staff_no, one.roles, late[:2], TOWNSHIP, "督办", case.last)
    proposal = book.proposal_of(late[:2])
    assert proposal is not None
    book.confirm(other.staff_no, other.roles, proposal.id)
    net[LEFT].member.act(late, kinds.DECIDE, {"outcome": "approve"})  # it has not heard of that
    net[TOWNSHIP].member.act(late, kinds.HANDOFF, {"to": LEFT, "purpose": "decide"})
    net.settle()
    assert stays.odd_counts()["held"] == 1, "it is on its way there, and something of it is contested"


def test_a_township_put_back_to_before_the_merger_hears_who_goes_on_as_well(wide_net: Network, tmp_path: Path) -> None:
    net = wide_net
    ref = net[LEFT].member.file()
    hand_up(net, LEFT, ref)
    net.settle()
    net[TOWNSHIP].member.act(ref, kinds.ACCEPT)  # nobody has heard of it
    image = image_of(net, TOWNSHIP, tmp_path)
    merge_them(net)
    for _ in range(2):
        net[STAYS].sync()
    assert net[STAYS].member.state(ref) == "received"
    restored = restore(net, TOWNSHIP, image, whole=False)
    for _ in range(4):
        net[LEFT].exchange(), restored.exchange()
    assert STAYS in restored.member.casebook.waits_for(), "what it was told may be more than anybody else holds"
    net.settle()
    for code in (LEFT, STAYS, TOWNSHIP, COUNTY):
        entries = net[code].member.casebook.timeline(ref.scope, ref.case_id)
        assert [entry.verdict.code for entry in entries] == ["effective"] * 4, code
        assert net[code].member.casebook.roster.places.successor(LEFT) == STAYS
    assert restored.member.casebook.waits_for() == []


def test_either_clears_away_what_the_other_wrote_once_the_county_has_it(wide_net: Network) -> None:
    net = wide_net
    ref = net[LEFT].member.file()
    net.settle()
    merge_them(net)
    net.settle()
    net[STAYS].member.act(ref, kinds.NOTE, {"text": "已电话联系申请人"})
    closing.close_case(net, ref)
    closing.checkpoint_day(net, days=0)
    closing.checkpoint_day(net, days=30)
    for code in (LEFT, STAYS):
        assert {LEFT, STAYS} <= {place for place, _ in closing.bodies(net, code, ref)}
        net[code].member.casebook.purge(30 * closing.DAY_MS)
        assert set(closing.bodies(net, code, ref).values()) == {(PURGED, False)}


def test_who_may_say_so_and_of_whom(wide_net: Network) -> None:
    net = wide_net
    book = net[TOWNSHIP].member.casebook
    one = HEADS[0]
    with pytest.raises(NotAllowed, match="two persons"):
        merge(book, (one, one), LEFT, STAYS)
    for place, other in ((LEFT, LEFT), (TOWNSHIP, LEFT), (LEFT, TOWNSHIP), (LEFT, "621021101299")):
        with pytest.raises(NotAllowed, match="cannot be merged"):
            merge(book, HEADS, place, other)
    with pytest.raises(NotAllowed, match="cannot be merged"):
        merge(net[COUNTY].member.casebook, HEADS, LEFT, STAYS)
    merge_them(net)
    with pytest.raises(NotAllowed, match="was succeeded"):
        merge(book, HEADS, STAYS, LEFT)
