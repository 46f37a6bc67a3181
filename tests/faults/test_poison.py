"""One bad event beside good ones: the good ones arrive, the bad one is told, sampled and shown at both ends."""

from sqlalchemy import text

from sync_protocol.case import kinds
from sync_protocol.errors import BadCommitment, BadSeal, Gap
from sync_protocol.event import Head
from sync_protocol.exchange import PARKED, REFUSED, Answer, Body, Content
from sync_protocol.places import about, below
from sync_protocol.seal import seal
from sync_protocol.wire import pack_segment
from tests.faults.speech import heard, segment_of, speak, written
from tests.network import COUNTY, SECOND_VILLAGE, TOWNSHIP, VILLAGE, Live, Network
from tests.village_node.casebook.messages import events_of, segment, without_body
from village_node.casebook.passing import Passing
from village_node.store import parking

FIRST_EVENT = text(
    "select e.stream, e.seq, e.body from events e join streams s on s.id = e.stream where s.scope = :scope order by seq"
)


FIRST_OF_AUTHOR = text(
    "select e.stream, e.seq, e.body from events e join streams s on s.id = e.stream where s.incarnation = :author"
)


def spoil_body(live: Live, scope: str) -> bytes:
    """One bit of a body rots on this node's disk, which is where it leaves from; the body as it was."""
    live.member.casebook.passing = Passing()
    with live.member.store.writing() as connection:
        row = connection.execute(
            text(
                "select e.stream, e.seq, e.body from events e join streams s on s.id = e.stream where s.scope = :scope"
            ),
            {"scope": scope},
        ).first()
        assert row is not None
        body = bytes(row.body)
        put_body(connection, row.stream, row.seq, body[:-1] + bytes([body[-1] ^ 1]))
    return body


def put_body(connection: object, stream: int, seq: int, body: bytes) -> None:
    """Change a body behind the casebook's back."""
    connection.execute(  # type: ignore[attr-defined]
        text("update events set body = :body where stream = :stream and seq = :seq"),
        {"body": body, "stream": stream, "seq": seq},
    )


def test_good_events_pass_a_poisoned_one_and_both_ends_show_it(wide_net: Network) -> None:
    net = wide_net
    poisoned, good = net[VILLAGE].member.file(), net[SECOND_VILLAGE].member.file()
    net[VILLAGE].sync()
    net[SECOND_VILLAGE].sync()
    sound = spoil_body(net[TOWNSHIP], about(VILLAGE))
    township, county = net[TOWNSHIP], net[COUNTY]
    assert township.exchange().ok
    assert county.member.state(good) == "received"
    assert county.member.state(poisoned) == ""
    (answer,) = net.spoken(net.wire.passed[-1], TOWNSHIP)[1].answers
    assert (answer.scope, answer.disposition, answer.code) == (about(VILLAGE), REFUSED, BadSeal.code)
    # Both ends count it.
    assert county.member.casebook.counts()["refused"] == 1
    assert township.member.casebook.counts()["refused_there"] == 1
    # It is not offered again and again, and later events of the other village pass.
    net.wire.passed.clear()
    for _ in range(3):
        township.exchange()
    assert not any(net.spoken(one, TOWNSHIP)[0].segments for one in net.wire.passed)
    net[SECOND_VILLAGE].member.file()
    net[SECOND_VILLAGE].sync()
    township.sync()
    assert net.points(COUNTY, SECOND_VILLAGE) != net.points(COUNTY, VILLAGE)
    # Mended, it is offered again after a while and arrives.
    with township.member.store.writing() as connection:
        row = connection.execute(FIRST_EVENT, {"scope": about(VILLAGE)}).first()
        assert row is not None
        put_body(connection, row.stream, row.seq, sound)
    net.monotonic.now_s += 601.0
    net.settle()
    assert county.member.state(poisoned) == "received"


def test_what_a_child_refuses_is_not_offered_to_it_again_and_again(net: Network) -> None:
    village, township, county = net[VILLAGE], net[TOWNSHIP], net[COUNTY]
    ref = village.member.file()
    net.settle()
    county.member.act(ref, kinds.NOTE, {"text": "请补充"})
    township.sync()
    township.member.casebook.passing = Passing()  # what leaves comes from the disk
    with township.member.store.writing() as connection:
        row = connection.execute(FIRST_OF_AUTHOR, {"author": county.incarnation}).first()
        assert row is not None
        put_body(connection, row.stream, row.seq, bytes(row.body)[:-1] + b"?")
    net.wire.passed.clear()
    for _ in range(5):
        assert village.exchange().ok
    offered = [len(net.spoken(one, VILLAGE)[1].segments) for one in net.wire.passed]
    assert sum(offered) == 1, offered
    assert village.member.casebook.counts()["refused"] == 1
    assert township.member.casebook.counts()["refused_there"] == 1
    with township.member.store.writing() as connection:
        put_body(connection, row.stream, row.seq, bytes(row.body))
    net.built.clock.now_ms += 601_000
    for _ in range(3):
        village.exchange()
    assert len(village.member.casebook.timeline(ref.scope, ref.case_id)) == 3


def test_events_after_a_gap_wait_for_it_and_then_all_apply_once(net: Network) -> None:
    """T02: 1, 2, 3, 5 and later 4."""
    village, township = net[VILLAGE], net[TOWNSHIP]
    scope = below(VILLAGE)
    identifier, events = written(net, village, scope, 5)

    def send(*some: int) -> Content:
        content = Content()
        for n in some:
            content.packed_segments.append(segment_of(net, village, scope, identifier, [events[n - 1]], content.tables))
        raw, reply = speak(net, village, township, content)
        answer = heard(net, village, township, raw, reply)
        village.exchange()
        return answer

    def have() -> int:
        return next((one.seq for one in township.member.casebook.shared_points(TOWNSHIP) if one.scope == scope), 0)

    (gap,) = send(1, 2, 3, 5).answers
    assert (gap.seq, gap.disposition, gap.code) == (5, PARKED, Gap.code)
    assert have() == 3
    assert township.member.casebook.counts()["parked"] == 1
    assert send(4).answers == []
    assert have() == 5
    assert township.member.casebook.counts()["parked"] == 0


def test_frames_in_any_order_and_twice_end_the_same(net: Network) -> None:
    village, township = net[VILLAGE], net[TOWNSHIP]
    scope = below(VILLAGE)
    identifier, events = written(net, village, scope, 6)
    for order in ([6, 5], [4, 4, 6], [1], [3, 2], [1, 2, 3, 4, 5, 6]):
        content = Content()
        for n in order:
            content.packed_segments.append(segment_of(net, village, scope, identifier, [events[n - 1]], content.tables))
        # Said by hand to the end: the village itself would find that its parent holds what it never wrote.
        said = heard(net, village, township, *speak(net, village, township, content))
        village.member.casebook.update_peer(township.incarnation, challenge=said.next, nonce=bytes(order[:1] * 4))
    (point,) = (one for one in township.member.casebook.shared_points(TOWNSHIP) if one.scope == scope)
    assert (point.seq, point.hash) == (6, events[-1].hash)
    assert township.member.casebook.counts()["parked"] == 0


def test_a_withheld_body_is_asked_for_and_nobody_signs_for_it(net: Network) -> None:
    """A relay that passes headers and withholds bodies: positions and receipts stop before the missing body."""
    village, township = net[VILLAGE], net[TOWNSHIP]
    ref = village.member.file()
    net.wire.down.add(COUNTY)
    village.sync()
    with township.member.store.writing() as connection:
        connection.execute(text("update events set salt = null, body = null, body_state = 1 where seq = 2"))
        connection.execute(text("update streams set body_seq = 1, body_hash = (select hash from events where seq = 1)"))
        connection.execute(text("delete from receipts"))
    net.start(TOWNSHIP)
    township = net[TOWNSHIP]
    net.start(VILLAGE)
    village = net[VILLAGE]
    village.sync()
    asked = [net.spoken(one, VILLAGE)[1].wants for one in net.wire.passed if TOWNSHIP in one.url]
    assert any(want.seq == 2 for wants in asked for want in wants)
    net.wire.calm()
    net.settle()
    assert net[COUNTY].member.state(ref) == "received"


def test_a_relay_that_withholds_bodies_gets_no_receipt_out_of_the_county(net: Network) -> None:
    """The headers pass and a body does not: the county says what it misses and signs for nothing from there on, and the
    village goes on saying that the county has not received the case. It heals once the body comes."""
    village, township, county = net[VILLAGE], net[TOWNSHIP], net[COUNTY]
    ref = village.member.file()
    net.wire.down.add(COUNTY)
    village.sync()
    net.wire.calm()
    key = (village.incarnation, about(VILLAGE))
    passed_on, content = events_of(township.member, key), Content()
    assert len(passed_on) == 2
    withheld = [passed_on[0], without_body(passed_on[1])]
    content.packed_segments = [segment(village.member, key, withheld, content)]  # under the village's own seal
    speak(net, township, county, content)
    (point,) = [point for point in county.member.casebook.shared_points(TOWNSHIP) if point.scope == about(VILLAGE)]
    assert max(point.receipts.values(), default=0) < 2, "nobody signs for a body that is not there"
    assert [want.seq for want in county.member.casebook.wanted(TOWNSHIP)] == [2]
    assert events_of(county.member, key)[1].header == passed_on[1].header
    assert village.member.casebook.counts()["not_at_county"]["cases"] == 1
    net.settle()
    assert county.member.state(ref) == "received"
    assert village.member.casebook.counts()["not_at_county"]["cases"] == 0


def test_a_body_that_does_not_fit_its_commitment_is_refused(net: Network) -> None:
    village, township = net[VILLAGE], net[TOWNSHIP]
    village.member.file()
    village.sync()
    with township.member.store.writing() as connection:
        connection.execute(text("update events set salt = null, body = null, body_state = 1 where seq = 2"))
        connection.execute(text("update streams set body_seq = 1, body_hash = (select hash from events where seq = 1)"))
    net.start(TOWNSHIP)
    township = net[TOWNSHIP]
    content = Content()
    content.bodies = [Body(village.incarnation, about(VILLAGE), 2, b"s" * 16, b"forged")]
    raw, reply = speak(net, village, township, content)
    (answer,) = heard(net, village, township, raw, reply).answers
    assert (answer.seq, answer.code) == (2, BadCommitment.code)


def test_what_a_neighbour_plants_in_our_name_is_his_refusal_and_not_ours(wide_net: Network) -> None:
    """A segment parked under another village's name is refused when that stream has come so far: the village whose
    honest events are stored in the same moment must not hear that they were refused."""
    net = wide_net
    village, neighbour, township = net[VILLAGE], net[SECOND_VILLAGE], net[TOWNSHIP]
    scope = about(VILLAGE)
    identifier, events = written(net, village, scope, 3)
    content = Content()
    forged = seal(neighbour.member.identity.key, net.built.roster.network_id, identifier, Head(3, events[2].hash))
    content.packed_segments.append(
        pack_segment(village.incarnation, scope, identifier, events[2:], forged, content.tables)
    )
    raw, reply = speak(net, neighbour, township, content)
    (parked,) = heard(net, neighbour, township, raw, reply).answers
    assert (parked.scope, parked.seq, parked.disposition) == (scope, 3, PARKED)
    refs = [village.member.file() for _ in range(2)]
    village.sync()
    assert [township.member.state(ref) for ref in refs] == ["received"] * 2
    assert village.member.casebook.counts()["refused_there"] == 0
    assert not village.member.casebook.counts()["not_left"]["events"]
    assert township.member.casebook.counts()["refused"] == 1
    with township.member.store.reading() as connection:
        (sample,) = parking.refused(connection, 10)
    assert (sample.sender, sample.seq, sample.code) == (neighbour.incarnation, 3, BadSeal.code)


def test_an_answer_that_comes_late_says_nothing_of_what_was_signed_for_since(net: Network) -> None:
    village, township, county = net[VILLAGE], net[TOWNSHIP], net[COUNTY]
    ref = village.member.file()
    net.settle()
    county.member.act(ref, kinds.NOTE, {"text": "请补充"})
    net.settle()
    county.member.act(ref, kinds.NOTE, {"text": "再补充"})
    township.sync()
    late = Content()
    late.answers = [Answer(county.incarnation, ref.scope, seq, REFUSED, BadSeal.code) for seq in (1, 2)]
    township.member.casebook.receive(village.incarnation, late, peer_update={})
    with township.member.store.reading() as connection:
        assert [row.seq for row in parking.answers(connection, village.incarnation)] == [2]
