"""Bodies and receipts: what is missing is asked for, what is held is signed for, and no other word counts."""

from typing import Any

from sync_protocol import limits, receipt
from sync_protocol.errors import BadCommitment, BadReceipt
from sync_protocol.exchange import REFUSED, Answer, Body, Content, ReceiptLine
from sync_protocol.places import about
from tests.builders import COUNTY, OTHER_TOWNSHIP, SECOND_VILLAGE, TOWNSHIP, VILLAGE, Network, hand, message, settle
from tests.village_node.casebook.messages import events_of, frame, stream_of, without_body
from tests.village_node.casebook.trio import HOME, Trio, receipts_of
from village_node.store import parking


def test_our_receipt_goes_as_far_as_what_we_hold_and_travels_back(trio: Trio) -> None:
    received = hand(trio.village, trio.township, VILLAGE)
    me = trio.township.identity.incarnation
    assert [owed[:4] for owed in received.signed] == [(*trio.key, me, 6)]
    back = message(trio.township, VILLAGE, trio.village.casebook.shared_points(VILLAGE))
    assert back.segments == []
    assert [line.seq for line in back.receipts] == [6]
    taken = trio.village.casebook.receive(me, back, peer_update={})
    assert (taken.receipts, taken.stored) == (1, 0)
    assert receipts_of(trio.village) == {me: 6}
    assert trio.village.casebook.receive(me, back, peer_update={}).receipts == 0


def test_a_forged_receipt_counts_for_nothing_and_is_counted(trio: Trio) -> None:
    hand(trio.village, trio.township, VILLAGE)
    back = message(trio.township, VILLAGE, trio.village.casebook.shared_points(VILLAGE))
    line = back.receipts[0]
    county = trio.county.identity.incarnation
    forged = [
        _line(line, signer=county),
        _line(line, seq=5),
        _line(line, time=line.time + 1),
        _line(line, signature=bytes(64)),
        _line(line, path=(bytes(32),)),
        _line(line, signer=bytes(16)),  # nobody we know: it may come again when we know more
        _line(line, seq=7),  # beyond what we wrote
    ]
    taken = trio.village.casebook.receive(trio.township.identity.incarnation, Content(receipts=forged), peer_update={})
    assert taken.receipts == 0
    assert receipts_of(trio.village) == {}
    assert trio.village.casebook.sync_state()["not_left"]["events"] == 6
    with trio.village.store.reading() as connection:
        refused = parking.refused(connection, 10)
    assert {row.code for row in refused} == {BadReceipt.code}
    assert sum(row.times for row in refused) == 5


def test_an_old_receipt_brought_again_takes_nothing_back(trio: Trio) -> None:
    hand(trio.village, trio.township, VILLAGE)
    me = trio.township.identity.incarnation
    old = message(trio.township, VILLAGE, trio.village.casebook.shared_points(VILLAGE))
    trio.village.casebook.receive(me, old, peer_update={})
    trio.village.file()
    settle(trio.village, trio.township)
    held = receipts_of(trio.village)
    assert held[me] > old.receipts[0].seq
    for _ in range(3):
        assert trio.village.casebook.receive(me, old, peer_update={}).receipts == 0
    assert receipts_of(trio.village) == held
    assert trio.village.casebook.counts()["refused"] == 0, "it is true, and says nothing new"


def _line(line: ReceiptLine, **changes: Any) -> ReceiptLine:
    names = ("incarnation", "scope", "seq", "signer", "time", "count", "index", "path", "signature")
    return ReceiptLine(**{**{name: getattr(line, name) for name in names}, **changes})


def test_a_receipt_of_a_place_that_cannot_hold_the_scope_is_refused(net: Network) -> None:
    net.enrol(OTHER_TOWNSHIP)
    for member in net.members.values():
        member.casebook.apply_roster(net.changes[-1:])
    trio = Trio(net)
    other = net.identities[OTHER_TOWNSHIP]
    row = stream_of(trio.village, trio.key)
    lines = [(row.stream_id, 6, row.head_hash)]
    one = receipt.sign_all(other.key, net.roster.network_id, other.incarnation, 1, lines)[0]
    line = ReceiptLine(*trio.key, 6, one.signer, one.time, one.count, one.index, one.path, one.signature)
    taken = trio.village.casebook.receive(other.incarnation, Content(receipts=[line]), peer_update={})
    assert taken.receipts == 0
    assert trio.village.casebook.counts()["refused"] == 1


def test_a_missing_body_is_asked_for_and_heals(trio: Trio) -> None:
    withheld = [without_body(event) if event.header.seq in (1, 4) else event for event in trio.events]
    received = trio.give(frame(trio.village, trio.key, withheld))
    assert received.stored == 6
    assert received.signed == []  # nothing contiguous is held, so nothing is signed for
    assert trio.county.state(trio.refs[0]) == ""
    assert trio.county.casebook.counts()["waiting"] == 3
    wants = trio.county.casebook.wanted(VILLAGE)
    assert [want.seq for want in wants] == [1, 4]
    bodies = trio.village.casebook.wanted_bodies(wants, COUNTY, 1 << 20)
    assert trio.give(Content(bodies=bodies[:1])).signed[0].seq == 3
    assert trio.county.state(trio.refs[0]) == "received"
    assert trio.county.state(trio.refs[1]) == "draft"
    assert trio.give(Content(bodies=bodies[1:])).signed[0].seq == 6
    assert trio.county.casebook.counts()["waiting"] == 0
    assert trio.county.casebook.wanted(VILLAGE) == []


def test_a_missing_body_also_heals_when_the_segment_comes_again_whole(trio: Trio) -> None:
    trio.give(frame(trio.village, trio.key, [without_body(event) for event in trio.events]))
    assert trio.county.casebook.shared_points(VILLAGE) == []
    healed = trio.give(frame(trio.village, trio.key, trio.events))
    assert healed.stored == 0
    assert healed.signed[0].seq == 6


def test_a_body_that_does_not_fit_is_refused_and_goes_on_missing(trio: Trio) -> None:
    trio.give(frame(trio.village, trio.key, [without_body(trio.events[0])]))
    wrong = Body(*trio.key, 1, bytes(16), b"\xa0")
    beyond = Body(*trio.key, 99, bytes(16), b"\xa0")
    unknown = Body(bytes(16), HOME, 1, bytes(16), b"\xa0")
    received = trio.give(Content(bodies=[wrong, beyond, unknown]))
    assert received.answers == [Answer(*trio.key, 1, REFUSED, BadCommitment.code)]
    assert [want.seq for want in trio.county.casebook.wanted(VILLAGE)] == [1]


def test_bodies_are_given_only_to_who_follows_the_scope(trio: Trio) -> None:
    wants = [(*trio.key, 1), (*trio.key, 99), (bytes(16), HOME, 1)]
    assert len(trio.village.casebook.wanted_bodies(wants, TOWNSHIP, 1 << 20)) == 1
    trio.net.enrol(SECOND_VILLAGE)
    trio.township.casebook.apply_roster(trio.net.changes[-1:])
    settle(trio.village, trio.township)
    assert trio.township.casebook.wanted_bodies(wants, SECOND_VILLAGE, 1 << 20) == []


def test_a_place_that_withholds_many_bodies_keeps_no_other_from_being_asked(trio: Trio) -> None:
    for _ in range(limits.WANTS):
        trio.village.file()
    own = events_of(trio.village, trio.key)
    for first in range(0, len(own), limits.SEGMENT_EVENTS):
        part = own[first : first + limits.SEGMENT_EVENTS]
        trio.give(frame(trio.village, trio.key, [without_body(event) for event in part]))
    trio.net.enrol(SECOND_VILLAGE)
    trio.county.casebook.apply_roster(trio.net.changes[-1:])
    neighbour = trio.net.open(SECOND_VILLAGE)
    neighbour.file()
    key = (neighbour.identity.incarnation, about(SECOND_VILLAGE))
    withheld = [without_body(event) for event in events_of(neighbour, key)]
    trio.county.casebook.receive(key[0], frame(neighbour, key, withheld), peer_update={})
    assert [want.seq for want in trio.county.casebook.wanted(SECOND_VILLAGE)] == [1, 2]
    assert len(trio.county.casebook.wanted(VILLAGE)) == limits.WANTS
    asked_of_the_township = {want.scope for want in trio.county.casebook.wanted(TOWNSHIP)}
    assert asked_of_the_township == {HOME, about(SECOND_VILLAGE)}
