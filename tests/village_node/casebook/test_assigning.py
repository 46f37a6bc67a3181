"""Two people take a case out of a place's hands; what turns up later is adopted or set aside, everywhere alike."""

import pytest

from sync_protocol.case import Verdict, kinds
from tests.builders import COUNTY, TOWNSHIP, VILLAGE, Member, Network, message, settle
from village_node.casebook import BadBody, CaseRef, NotAllowed, NotFound, Stale
from village_node.casebook.ledger import held_events
from village_node.store import parking, proposals

HEAD = frozenset({"head"})
CLERK = frozenset({"clerk"})


def everywhere(net: Network) -> None:
    """All three nodes hold the same."""
    for _ in range(2):
        settle(net.members[VILLAGE], net.members[TOWNSHIP])
        settle(net.members[TOWNSHIP], net.members[COUNTY])


def propose(member: Member, ref: CaseRef, to: str, by: str = "0101", **changes: object) -> int:
    """One person's proposal; its number."""
    case = member.casebook.case(ref.scope, ref.case_id)
    assert case is not None
    asked = {"roles": CLERK, "reason": "站点失联三天", "seen": case.last, **changes}
    member.casebook.propose(by, asked["roles"], ref[:2], to, asked["reason"], asked["seen"])  # type: ignore[arg-type]
    return member.casebook.proposals()[0].id


def test_one_person_proposes_another_confirms_and_the_event_names_both(net: Network) -> None:
    ref = net.members[VILLAGE].file()
    everywhere(net)
    township = net.members[TOWNSHIP]
    number = propose(township, ref, TOWNSHIP)
    assert township.state(ref) == "received" and township.casebook.odd_counts()["proposals"] == 1
    with pytest.raises(NotAllowed, match="role"):
        township.casebook.confirm("0102", CLERK, number)
    with pytest.raises(NotAllowed, match="who proposed it"):
        township.casebook.confirm("0101", HEAD, number)
    township.casebook.confirm("0103", HEAD, number)
    everywhere(net)
    for member in net.members.values():
        case = member.casebook.case(ref.scope, ref.case_id)
        assert case is not None and case.holder == TOWNSHIP
        last = member.casebook.timeline(ref.scope, ref.case_id)[-1]
        assert last.kind == kinds.FORCE_ASSIGN and last.actor == "0103"
        assert last.body == {"to": TOWNSHIP, "reason": "站点失联三天", "proposer": "0101", "confirmer": "0103"}
    with pytest.raises(NotAllowed, match="answered"):
        township.casebook.confirm("0104", HEAD, number)
    assert township.casebook.odd_counts()["proposals"] == 0


def test_nobody_assigns_alone_and_no_place_that_is_not_above(net: Network) -> None:
    ref = net.members[VILLAGE].file()
    everywhere(net)
    township, village = net.members[TOWNSHIP], net.members[VILLAGE]
    with pytest.raises(NotAllowed, match="two persons"):
        township.act(ref, kinds.FORCE_ASSIGN, {"to": TOWNSHIP, "reason": "x", "proposer": "1", "confirmer": "2"})
    with pytest.raises(NotAllowed, match="only a place above"):
        propose(village, ref, TOWNSHIP, roles=frozenset({"agent"}))
    with pytest.raises(NotAllowed, match="another place of its path"):
        propose(township, ref, VILLAGE)
    with pytest.raises(BadBody, match="reason"):
        propose(township, ref, TOWNSHIP, reason="")
    with pytest.raises(BadBody, match="assigned to"):
        propose(township, ref, "")
    with pytest.raises(Stale):
        propose(township, ref, TOWNSHIP, seen=None)
    with pytest.raises(NotAllowed, match="your role"):
        propose(township, ref, TOWNSHIP, roles=frozenset({"admin"}))
    with pytest.raises(NotFound):
        township.casebook.propose("0101", CLERK, (ref.scope, bytes(16)), TOWNSHIP, "x", None)
    assert township.casebook.proposals() == []


def test_a_proposal_is_answered_once_and_one_a_case_waits(net: Network) -> None:
    ref = net.members[VILLAGE].file()
    everywhere(net)
    township = net.members[TOWNSHIP]
    number = propose(township, ref, TOWNSHIP)
    with pytest.raises(NotAllowed, match="waits already"):
        propose(township, ref, COUNTY)
    with pytest.raises(NotAllowed, match="your role"):
        township.casebook.reject("0102", CLERK, number, "不同意")
    township.casebook.reject("0101", CLERK, number, "村里已联系上")
    row = township.casebook.proposals()[0]
    assert (row.state, row.answerer, row.answer) == (proposals.REJECTED, "0101", "村里已联系上")
    assert township.casebook.proposal_of(ref[:2]) is None
    with pytest.raises(NotAllowed, match="answered"):
        township.casebook.reject("0103", HEAD, number, "x")
    again = propose(township, ref, TOWNSHIP)
    township.casebook.reject("0103", HEAD, again, "不必")
    with pytest.raises(NotFound):
        township.casebook.confirm("0103", HEAD, 99)


def test_a_proposal_about_a_case_that_has_moved_on_is_not_confirmed(net: Network) -> None:
    village, township = net.members[VILLAGE], net.members[TOWNSHIP]
    ref = village.file()
    everywhere(net)
    number = propose(township, ref, TOWNSHIP)
    village.act(ref, kinds.HANDOFF, {"to": TOWNSHIP, "purpose": "accept"})
    everywhere(net)
    with pytest.raises(Stale):
        township.casebook.confirm("0103", HEAD, number)
    assert township.state(ref) == "in_transit" and township.casebook.proposals()[0].pending


def late_work(net: Network) -> CaseRef:
    """The township dockets and reviews unheard while the county takes the case; then all is exchanged."""
    village, township, county = (net.members[code] for code in (VILLAGE, TOWNSHIP, COUNTY))
    ref = village.file()
    village.act(ref, kinds.HANDOFF, {"to": TOWNSHIP, "purpose": "accept"})
    settle(village, township)
    township.act(ref, kinds.ACCEPT)
    settle(township, county)
    township.act(ref, kinds.DOCKET, {"promised_days": 20})
    township.act(ref, kinds.REVIEW, {"opinion": "agree"})
    number = propose(county, ref, COUNTY, roles=frozenset({"window"}))
    county.casebook.confirm("1002", frozenset({"officer"}), number)
    everywhere(net)
    return ref


def test_what_turns_up_after_an_assignment_is_adopted_and_its_author_sees_it(net: Network) -> None:
    ref = late_work(net)
    village, township, county = (net.members[code] for code in (VILLAGE, TOWNSHIP, COUNTY))
    assert [odd.case.case_no for odd in county.casebook.oddities("held").cases] == [ref.case_no]
    assert township.casebook.oddities("held").cases == []
    (mine,) = township.casebook.oddities("ours").cases
    assert [odd.open for odd in mine.oddities] == [True, True] and mine.case.holder == COUNTY
    assert village.casebook.oddities("ours").cases == [] and len(village.casebook.oddities("all").cases) == 1
    assert county.casebook.counts()["oddities"] == {"open": 2, "adopted": 0, "dismissed": 0}
    assert county.casebook.odd_counts() == {"held": 1, "ours": 0, "all": 1, "proposals": 0}
    assert [row.state for row in county.casebook.proposals()] == [proposals.CONFIRMED]
    case = county.casebook.case(ref.scope, ref.case_id)
    assert case is not None and case.state == "received"
    review = case.adoptable[-1] if len(case.adoptable) == 1 else max(case.adoptable, key=lambda each: each.seq)
    window = frozenset({"window"})
    with pytest.raises(NotAllowed, match="an opinion or a decision"):
        county.casebook.record("1001", window, *ref[:2], kinds.ADOPT, {"named": [list(review)]}, case.last)
    county.act(ref, kinds.ADOPT, {"named": [list(review)], "note": "情况属实"})
    # Who gets the adoption before what it names waits for that: it says which stream it relies on.
    with county.store.reading() as connection:
        held = held_events(county.casebook, connection, county.casebook.roster, {ref[:2]})[ref[:2]]
    assert [tuple(dep) for each in held for dep in each.event.deps if each.event.kind == kinds.ADOPT] == [
        (township.identity.incarnation, ref.scope, review.seq)
    ]
    everywhere(net)
    for member in (village, township, county):
        case = member.casebook.case(ref.scope, ref.case_id)
        assert case is not None and case.state == "reviewed" and case.open_oddities == ()
        assert case.promised_days == 20 and case.docketed_at == TOWNSHIP
        assert member.casebook.counts()["oddities"] == {"open": 0, "adopted": 2, "dismissed": 0}
    (mine,) = township.casebook.oddities("ours").cases
    assert [(odd.open, odd.adoption is not None) for odd in mine.oddities] == [(False, True)] * 2
    assert mine.oddities[0].entry.verdict == Verdict("contested", "adopted")


def test_a_refusal_that_turns_up_is_adopted_by_somebody_who_may_refuse(net: Network) -> None:
    village, township, county = (net.members[code] for code in (VILLAGE, TOWNSHIP, COUNTY))
    ref = village.file()
    village.act(ref, kinds.HANDOFF, {"to": TOWNSHIP, "purpose": "accept"})
    settle(village, township)
    township.act(ref, kinds.ACCEPT)
    settle(township, county)
    township.act(ref, kinds.REFUSE, {"reasons": "不属于本机关职权", "legal_basis": "行政许可法第三十二条"})
    number = propose(county, ref, COUNTY, roles=frozenset({"window"}))
    county.casebook.confirm("1002", frozenset({"officer"}), number)
    everywhere(net)
    case = county.casebook.case(ref.scope, ref.case_id)
    assert case is not None and case.refusal is None
    named = {"named": [list(position) for position in case.adoptable]}
    with pytest.raises(NotAllowed, match="an opinion or a decision"):
        county.casebook.record("1001", frozenset({"officer"}), *ref[:2], kinds.ADOPT, named, case.last)
    county.casebook.record("1001", frozenset({"window"}), *ref[:2], kinds.ADOPT, named, case.last)
    everywhere(net)
    for member in (village, township, county):
        case = member.casebook.case(ref.scope, ref.case_id)
        assert case is not None and case.state == "refused" and case.refusal is not None
        assert case.refusal.place == TOWNSHIP


def test_what_is_set_aside_leaves_the_list_and_its_author_reads_why(net: Network) -> None:
    ref = late_work(net)
    township, county = net.members[TOWNSHIP], net.members[COUNTY]
    case = county.casebook.case(ref.scope, ref.case_id)
    assert case is not None
    first, second = sorted(case.open_oddities)
    county.act(ref, kinds.DISMISS, {"named": [list(first)], "reason": "县级已重办"})
    with pytest.raises(Stale):
        county.act(ref, kinds.DISMISS, {"named": [list(first)], "reason": "再一次"})
    with pytest.raises(NotAllowed, match="another place holds"):
        township.act(ref, kinds.DISMISS, {"named": [list(second)], "reason": "x"})
    county.act(ref, kinds.DISMISS, {"named": [list(second)], "reason": "县级已重办"})
    everywhere(net)
    assert county.casebook.oddities("held").cases == []
    (mine,) = township.casebook.oddities("ours").cases
    told = [odd.dismissal for odd in mine.oddities]
    assert all(each is not None and each.body["reason"] == "县级已重办" and each.place == COUNTY for each in told)
    for member in (township, county):
        assert member.casebook.counts()["oddities"] == {"open": 0, "adopted": 0, "dismissed": 2}
        assert member.casebook.counts()["contested"] == 2


def test_what_waits_for_the_application_is_shown_where_nobody_holds_the_case_yet(net: Network) -> None:
    """A note overtakes the application it is about."""
    village, township, county = (net.members[code] for code in (VILLAGE, TOWNSHIP, COUNTY))
    ref = village.file()
    settle(village, township)
    township.act(ref, kinds.NOTE, {"text": "请补充"})
    # The county gets the township's own stream alone.
    points = [
        point
        for point in township.casebook.shared_points(TOWNSHIP)
        if point.incarnation != township.identity.incarnation
    ]
    content = message(township, TOWNSHIP, points)
    county.casebook.receive(township.identity.incarnation, content, peer_update={})
    (found,) = county.casebook.oddities("held").cases
    assert found.case.last is None and found.oddities[0].entry.verdict == Verdict("waiting", "create")
    assert not found.oddities[0].open
    everywhere(net)
    assert county.casebook.oddities("held").cases == []


def test_what_did_not_enter_a_stream_is_listed_the_newest_first(net: Network) -> None:
    county = net.members[COUNTY]
    peer, author = net.members[TOWNSHIP].identity.incarnation, bytes(16)
    home = f"about:{VILLAGE}"
    with county.store.writing() as connection:
        for n in (1, 2):
            parking.park(connection, parking.ParkedRow(peer, author, home, n, n, 8, 4, n, b"kept"))
            parking.refuse(
                connection, parking.RefusedRow(peer, author, home, n, 3, "seal", 1, n, b"raw" if n == 1 else None)
            )
        parking.keep_answers(connection, [parking.AnswerRow(peer, author, home, n, 2, 7, n) for n in (1, 2)])
    left = county.casebook.left()
    assert [row.first_seq for row in left.parked] == [row.seq for row in left.answers] == [2, 1]
    assert [(row.seq, row.sampled) for row in left.refused] == [(2, False), (1, True)]
    assert county.casebook.refused_sample(left.refused[1].id) == b"raw"
    assert county.casebook.refused_sample(left.refused[0].id) is county.casebook.refused_sample(99) is None
