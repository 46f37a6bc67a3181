"""Two villages are merged while one of them is off line: nobody loses a case, and nothing needs a new number."""

import pytest

from sync_protocol import roster as rosters
from sync_protocol.case import kinds
from sync_protocol.errors import BadRoster
from sync_protocol.places import about
from tests.network import COUNTY, SECOND_VILLAGE, TOWNSHIP, VILLAGE, Network
from tests.village_node.casebook.test_assigning import propose
from township_node.succession import succeed
from village_node.casebook import CaseRef, NotAllowed

LEFT, STAYS = VILLAGE, SECOND_VILLAGE


def merge(net: Network) -> None:
    """The township says that one village goes on with what was the other's."""
    succeed(net[TOWNSHIP].member.casebook, "0103", LEFT, STAYS)


def without_the_one(net: Network) -> None:
    """Everybody exchanges but the village that is off line."""
    for _ in range(4):
        for code in (STAYS, TOWNSHIP):
            net[code].sync()


def take_over(net: Network, ref: CaseRef) -> None:
    """Two persons of the village that stays take a case of the other's into their hands."""
    book = net[STAYS].member.casebook
    book.confirm("0002", {"head"}, propose(net[STAYS].member, ref, STAYS, "0001", roles={"agent"}))


def hand_up(net: Network, code: str, ref: CaseRef) -> None:
    net[code].member.act(ref, kinds.HANDOFF, {"to": TOWNSHIP, "purpose": "accept"})


def holders(net: Network, ref: CaseRef) -> set[str | None]:
    """Who holds a case, as each node sees it."""
    cases = [net[code].member.casebook.case(*ref[:2]) for code in (LEFT, STAYS, TOWNSHIP, COUNTY)]
    return {case.holder if case else None for case in cases}


def verdicts(net: Network, code: str, ref: CaseRef) -> list[str]:
    return [entry.verdict.code for entry in net[code].member.casebook.timeline(ref.scope, ref.case_id)]


def test_two_villages_are_merged_while_one_of_them_is_off_line(wide_net: Network) -> None:
    net = wide_net
    taken, sent, left = (net[LEFT].member.file() for _ in range(3))
    net.settle()
    hand_up(net, LEFT, taken)  # off line from here on: nobody has heard of any of this
    hand_up(net, LEFT, sent)
    late = net[LEFT].member.file()
    merge(net)
    without_the_one(net)
    stays, township = net[STAYS].member, net[TOWNSHIP].member
    assert [stays.state(ref) for ref in (taken, sent, left)] == ["received"] * 3, "it is sent what is held of them"
    assert stays.casebook.roster.places.successor(LEFT) == STAYS
    with pytest.raises(NotAllowed):
        stays.act(left, kinds.HANDOFF, {"to": TOWNSHIP, "purpose": "accept"})
    take_over(net, taken)
    hand_up(net, STAYS, taken)
    own = stays.file()
    without_the_one(net)
    township.act(taken, kinds.ACCEPT)
    without_the_one(net)

    net.settle()  # it is back
    for code in (LEFT, STAYS, TOWNSHIP, COUNTY):
        assert verdicts(net, code, taken).count("contested") == 1, "what it did to a case that was taken over"
        assert verdicts(net, code, sent) == ["effective"] * 3, "and nothing else of what it did"
        assert net[code].member.state(late) == "received"
    assert holders(net, taken) == {TOWNSHIP}
    counts = net[LEFT].member.casebook.counts()
    assert counts["not_left"] == counts["not_at_county"] == {"cases": 0, "events": 0}
    assert counts["refused_there"] == counts["parked_there"] == 0
    township.act(sent, kinds.ACCEPT)
    for ref in (late, left):
        take_over(net, ref)
        hand_up(net, STAYS, ref)
    net.settle()
    for ref in (late, left):
        township.act(ref, kinds.ACCEPT)
    net.settle()
    numbers = {ref.case_no for ref in (taken, sent, left, late, own)}
    assert len(numbers) == 5
    for ref in (taken, sent, left, late):
        assert holders(net, ref) == {TOWNSHIP}
    assert net[LEFT].member.state(own) == "", "what is the other village's own stays its own"


def test_a_merged_village_pushes_on_until_its_machine_is_revoked(wide_net: Network) -> None:
    net = wide_net
    net.settle()
    merge(net)
    net.settle()
    ref = net[LEFT].member.file()
    assert net[LEFT].exchange().ok, "it still finds the township"
    net.settle()
    assert {net[code].member.state(ref) for code in (STAYS, TOWNSHIP, COUNTY)} == {"received"}
    net[LEFT].member.casebook.rekey("0002", lambda: net[LEFT].exchange().ok)
    net.settle()
    assert not net[LEFT].member.casebook.provisional, "the township countersigns for it"


def test_who_may_say_so_and_of_whom(wide_net: Network) -> None:
    net = wide_net
    net.settle()
    book, key = net[TOWNSHIP].member.casebook, net.built.identities[TOWNSHIP].key
    for one, other in ((LEFT, LEFT), (TOWNSHIP, LEFT), (LEFT, TOWNSHIP), (LEFT, "621021101299")):
        change = rosters.publish(book.roster, TOWNSHIP, [rosters.succeed_op(one, other)], [key], 0)
        with pytest.raises(BadRoster):
            book.roster.apply(change)
    merge(net)
    places = book.roster.places
    assert places.path_up(LEFT) == (LEFT, STAYS, TOWNSHIP, COUNTY)
    assert places.reports_to(LEFT) == (TOWNSHIP, COUNTY) == places.reports_to(STAYS)
    assert about(LEFT) in {f"about:{code}" for code in places.below_or_self(STAYS)}
    for one, other in ((LEFT, STAYS), (STAYS, LEFT)):
        change = rosters.publish(book.roster, TOWNSHIP, [rosters.succeed_op(one, other)], [key], 0)
        if (one, other) == (LEFT, STAYS):
            assert book.roster.apply(change).places.path_up(LEFT) == places.path_up(LEFT)
            continue
        with pytest.raises(BadRoster):
            book.roster.apply(change)
    with pytest.raises(NotAllowed):
        succeed(book, "0103", STAYS, LEFT)
