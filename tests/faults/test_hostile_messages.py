"""Messages of a wrong, old, copied or hostile node: refused early, with the right status, and nothing changes."""

import pytest

from sync_protocol import limits
from sync_protocol.errors import BadSignature, Malformed, NotAChild, NotSealed, TooLarge, UnknownNode
from sync_protocol.exchange import Content, Hello, Parties, RosterHead, request_bytes
from sync_protocol.places import about, below
from sync_protocol.suites import SigningKey
from sync_protocol.wire import ZSTD, pack_body
from tests.faults.speech import (
    current,
    deliver,
    heard,
    parties,
    refused_code,
    said,
    sealed,
    segment_of,
    speak,
    written,
)
from tests.network import COUNTY, SECOND_VILLAGE, TOWNSHIP, VILLAGE, Network
from tests.roadside import ByHand

STRANGER = SigningKey.from_seed(1, b"x" * 32)


def held(net: Network, code: str) -> object:
    """All that a node holds, and its ratchets."""
    casebook = net[code].member.casebook
    return casebook.shared_points(code), [row[:9] for row in casebook.peers()]


def test_a_request_signed_by_another_key_is_refused_and_changes_nothing(net: Network) -> None:
    village, township = net[VILLAGE], net[TOWNSHIP]
    village.member.file()
    before = held(net, TOWNSHIP)
    challenge, nonce = current(village, township)
    who = parties(net, village, township, challenge)
    raw = request_bytes(STRANGER, who, said(Content(nonce=nonce)))
    assert refused_code(net, TOWNSHIP, sealed(township, who, raw)) == (403, BadSignature.code)
    assert held(net, TOWNSHIP) == before


def test_an_unknown_node_is_refused(net: Network) -> None:
    who = Parties(net.built.roster.network_id, b"?" * 16, net[TOWNSHIP].incarnation, None)
    assert refused_code(net, TOWNSHIP, request_bytes(STRANGER, who, said(Content()))) == (403, UnknownNode.code)


@pytest.mark.parametrize(("sender", "receiver"), [(COUNTY, TOWNSHIP), (TOWNSHIP, VILLAGE), (VILLAGE, VILLAGE)])
def test_who_is_not_below_is_refused(net: Network, sender: str, receiver: str) -> None:
    who = parties(net, net[sender], net[receiver], None)
    raw = request_bytes(net[sender].member.identity.key, who, said(Content()))
    assert refused_code(net, receiver, raw) == (403, NotAChild.code)


def test_a_request_for_another_parent_is_refused(net: Network) -> None:
    village = net[VILLAGE]
    challenge, nonce = current(village, net[TOWNSHIP])
    who = parties(net, village, net[TOWNSHIP], challenge)
    raw = request_bytes(village.member.identity.key, who, said(Content(nonce=nonce)))
    assert refused_code(net, COUNTY, sealed(net[TOWNSHIP], who, raw)) == (400, NotSealed.code)
    assert refused_code(net, COUNTY, sealed(net[COUNTY], who, raw)) == (403, BadSignature.code)


def test_the_challenge_of_another_parent_gives_nothing(net: Network) -> None:
    """The village signs for the county, but the township's challenge: the county did not make that one."""
    village, county = net[VILLAGE], net[COUNTY]
    village.member.file()
    challenge, nonce = current(village, net[TOWNSHIP])
    who = parties(net, village, county, challenge)
    raw = request_bytes(village.member.identity.key, who, said(Content(nonce=nonce, send_vector=True)))
    by_hand = ByHand(county.member.casebook, COUNTY, who, raw)
    status, reply = deliver(net, COUNTY, by_hand.raw)
    answer = heard(net, village, county, raw, by_hand.heard(reply))
    assert status == 200 and answer.next is not None
    assert (answer.digest, answer.vector, answer.tide) == (None, None, None)


def test_an_exchange_without_a_challenge_gives_nothing_and_takes_nothing(net: Network) -> None:
    village, township = net[VILLAGE], net[TOWNSHIP]
    ref = village.member.file()
    net.settle()
    before = held(net, TOWNSHIP)
    asked = Content(send_vector=True, vector=[], hello=Hello(), roster_heads=[RosterHead(COUNTY, 1, 1, b"?" * 8)])
    identifier, events = written(net, village, below(VILLAGE), 2)
    asked.packed_segments = [segment_of(net, village, below(VILLAGE), identifier, events, asked.tables)]
    raw, reply = speak(net, village, township, asked, signed=False)
    answer = heard(net, village, township, raw, reply)
    assert answer.hello is not None and answer.next is not None and answer.roster_heads
    assert len(answer.roster_changes) == 3  # two of the county's part, one of the township's
    for name in ("digest", "vector", "tide", "clock_ms"):
        assert getattr(answer, name) is None
    assert not (answer.segments or answer.receipts or answer.answers or answer.bodies or answer.wants or answer.more)
    assert held(net, TOWNSHIP) == before
    assert net[TOWNSHIP].member.state(ref) == "received"


def test_a_body_that_unpacks_to_more_than_the_limit_is_refused(net: Network) -> None:
    village, township = net[VILLAGE], net[TOWNSHIP]
    challenge, _ = current(village, township)
    bomb = pack_body({23: bytes(4_000_000)}, ZSTD)
    for body, code in (
        (bomb + b"\0", Malformed.code),
        (bomb[:100], Malformed.code),
        (b"\1" + bytes(50), Malformed.code),
    ):
        who = parties(net, village, township, challenge)
        raw = request_bytes(village.member.identity.key, who, body)
        assert refused_code(net, TOWNSHIP, sealed(township, who, raw)) == (400, code)


def test_a_message_beyond_a_mebibyte_is_refused_before_it_is_read(net: Network) -> None:
    assert refused_code(net, TOWNSHIP, bytes(limits.SEALED_MESSAGE + 1)) == (413, TooLarge.code)


@pytest.mark.parametrize("raw", [b"", b"\xff", b"GET / HTTP/1.1", b"\x9f\xff", b"\x81" * 5000, bytes(300_000)])
def test_anything_that_is_no_message_is_malformed(net: Network, raw: bytes) -> None:
    assert refused_code(net, TOWNSHIP, raw) == (400, Malformed.code)


def test_another_content_type_is_refused(net: Network) -> None:
    app = net.wire.apps[TOWNSHIP]
    client = app.test_client()  # type: ignore[attr-defined]
    for content_type in ("application/x-www-form-urlencoded", "text/plain", "multipart/form-data"):
        answer = client.post("/sync/v1/exchange", data=b"x", content_type=content_type)
        assert answer.status_code == 400
        assert b"Content-Type" in answer.data
    assert client.get("/sync/v1/exchange").status_code == 405


@pytest.mark.slow
def test_a_thousand_replays_give_the_identical_receipts_and_change_nothing(net: Network) -> None:
    """T01: first applied; the others are answered the same."""
    village, township = net[VILLAGE], net[TOWNSHIP]
    ref = village.member.file()
    village.exchange()
    passed = net.wire.passed[-1]
    raw = passed.request
    first = heard(net, village, township, raw, net.wire.passed[-1].reply)
    assert first.receipts
    before = held(net, TOWNSHIP)
    for _ in range(1000):
        status, _ = deliver(net, TOWNSHIP, passed.raw_request)
        again = heard(net, village, township, raw, net.wire.passed[-1].reply)
        assert status == 200
        assert (again.receipts, again.next, again.alarm) == (first.receipts, first.next, 0)
    assert held(net, TOWNSHIP) == before
    assert len(township.member.casebook.timeline(ref.scope, ref.case_id)) == 2


def test_an_old_request_replayed_later_is_given_nothing_and_rings(net: Network) -> None:
    village, township = net[VILLAGE], net[TOWNSHIP]
    village.member.file()
    village.exchange()
    passed = net.wire.passed[-1]
    raw = passed.request
    village.member.file()
    net.settle()
    points = township.member.casebook.shared_points(VILLAGE)
    deliver(net, TOWNSHIP, passed.raw_request)
    answer = heard(net, village, township, raw, net.wire.passed[-1].reply)
    assert answer.alarm == 2 and answer.next is None
    assert not (answer.receipts or answer.segments or answer.vector)
    assert township.member.casebook.shared_points(VILLAGE) == points
    assert village.exchange().ok  # the child itself is not stopped by a stranger's recording


def test_a_village_cannot_write_for_another_village(wide_net: Network) -> None:
    """T05: a scope that the author does not cover is refused, told to the sender and kept as a sample."""
    net = wide_net
    village, township = net[VILLAGE], net[TOWNSHIP]
    for scope in (about(SECOND_VILLAGE), below(TOWNSHIP), about(TOWNSHIP), below(SECOND_VILLAGE)):
        content = Content()
        identifier, events = written(net, village, scope, 2)
        content.packed_segments = [segment_of(net, village, scope, identifier, events, content.tables)]
        raw, reply = speak(net, village, township, content)
        answer = heard(net, village, township, raw, reply)
        assert [(one.scope, one.seq, one.disposition, one.code) for one in answer.answers] == [(scope, 1, 2, 5)]
        village.exchange()
    assert all(point.incarnation != village.incarnation for point in township.member.casebook.shared_points(TOWNSHIP))


def test_a_scope_that_is_not_followed_here_is_refused(net: Network) -> None:
    village, township = net[VILLAGE], net[TOWNSHIP]
    content = Content()
    scope = about("621021102201")  # a village of another township
    identifier, events = written(net, village, scope, 1)
    content.packed_segments = [segment_of(net, village, scope, identifier, events, content.tables)]
    raw, reply = speak(net, village, township, content)
    (answer,) = heard(net, village, township, raw, reply).answers
    assert answer.code in (6, 8)  # refused, or parked while the roster here does not know that place
    assert all(point.scope != scope for point in township.member.casebook.shared_points(TOWNSHIP))
