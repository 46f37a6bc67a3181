"""Envelopes, fields and tokens: what is signed is bound, and no other shape is let in."""

from collections.abc import Callable
from typing import Any

import pytest

from sync_protocol.encoding import decode, encode
from sync_protocol.errors import BadSignature, Malformed, NeedsUpdate, NoSuchVersion, ProtocolError, TooLarge
from sync_protocol.exchange import (
    Answer,
    Body,
    Content,
    Given,
    Hello,
    Parties,
    ReceiptLine,
    Reply,
    RoadKey,
    RosterHead,
    StreamPoint,
    Want,
    check_request,
    check_wait_token,
    content_map,
    open_reply,
    pack_receipt,
    read_content,
    read_refusal,
    read_request,
    read_wait_token,
    refusal_bytes,
    reply_bytes,
    request_bytes,
    wait_token,
)
from sync_protocol.receipt import Line, from_bytes, to_bytes
from sync_protocol.receipt import check as check_receipt
from sync_protocol.roster import Change
from sync_protocol.suites import SigningKey, sha256
from sync_protocol.wire import Tables

CHILD_KEY, PARENT_KEY = SigningKey.from_seed(1, b"c" * 32), SigningKey.from_seed(1, b"p" * 32)
CHILD, PARENT, NETWORK = b"C" * 16, b"P" * 16, b"N" * 32
PARTIES = Parties(NETWORK, CHILD, PARENT, b"k" * 7)
V = (b"V" * 16, "about:621021101201")


def asked(parties: Parties = PARTIES, body: bytes = b"\0\xa0") -> bytes:
    return request_bytes(CHILD_KEY, parties, body)


def check(raw: bytes, network: bytes = NETWORK, ancestor: bytes = PARENT) -> None:
    check_request(read_request(raw), 1, CHILD_KEY.public, network, CHILD, ancestor)


def test_a_request_is_bound_to_its_network_and_to_whom_it_is_for() -> None:
    check(asked())
    with pytest.raises(BadSignature):
        check(asked(), network=b"M" * 32)
    with pytest.raises(BadSignature):
        check(asked(), ancestor=b"Q" * 16)


def test_a_request_with_any_byte_changed_is_refused() -> None:
    raw = asked()
    for at in range(len(raw)):
        changed = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
        with pytest.raises(ProtocolError):
            check(changed)


def test_a_reply_is_bound_to_exactly_that_request() -> None:
    raw = asked()
    reply = reply_bytes(PARENT_KEY, PARTIES, b"\0\xa0", sha256(raw))
    assert open_reply(reply, 1, PARENT_KEY.public, PARTIES, sha256(raw)) == (b"\0\xa0", {}, None)
    other = asked(body=b"\0\xa1\x02\xf5")
    for parties, request, key in (
        (PARTIES, other, PARENT_KEY),
        (PARTIES._replace(challenge=None), raw, PARENT_KEY),
        (PARTIES._replace(child=b"D" * 16), raw, PARENT_KEY),
        (PARTIES, raw, CHILD_KEY),
    ):
        with pytest.raises(BadSignature):
            open_reply(reply, 1, key.public, parties, sha256(request))


LINES = {0: (b"S" * 32, 7, b"h" * 32), 2: (b"T" * 32, 1, b"i" * 32)}
FROM = 1_790_000_000_000  # the clock that the request named


def gives(lines: dict[int, Line], *, every: bool, body: bytes = b"\0\xa0") -> bytes:
    return reply_bytes(PARENT_KEY, PARTIES, body, sha256(asked()), Given(FROM + 5, lines, every), FROM)


def taken(reply: bytes, lines: dict[int, Line] = LINES, parties: Parties = PARTIES) -> Reply:
    return open_reply(reply, 1, PARENT_KEY.public, parties, sha256(asked()), lines, FROM)


@pytest.mark.parametrize("streams", [{0}, {2}, {0, 2}])
def test_the_signature_under_a_reply_gives_receipts_that_stand_alone(streams: set[int]) -> None:
    given = {index: LINES[index] for index in streams}
    reply = gives(given, every=len(streams) == 2)
    assert len(decode(reply)) == (4 if len(streams) == 2 else 5)
    body, receipts, time = taken(reply)
    assert (body, set(receipts), time) == (b"\0\xa0", streams, FROM + 5)
    for index, line in given.items():
        alone = from_bytes(to_bytes(receipts[index]))
        check_receipt(alone, 1, PARENT_KEY.public, NETWORK)
        assert (alone.stream_id, alone.seq, alone.hash, alone.signer) == (*line, PARENT)


def test_receipts_under_a_reply_are_bound_to_it_and_it_to_them() -> None:
    reply = gives(LINES, every=True)
    other = {**LINES, 2: (b"T" * 32, 1, b"j" * 32)}
    version, signature, body, time = decode(reply)
    for wrong, lines, parties in (
        (reply, other, PARTIES),
        (reply, {0: LINES[0]}, PARTIES),
        (reply, LINES, PARTIES._replace(challenge=None)),
        (reply, LINES, PARTIES._replace(child=b"D" * 16)),
        (encode([version, signature, body + b"\0", time]), LINES, PARTIES),
        (encode([version, signature, body, time + 1]), LINES, PARTIES),
        (encode([version, signature, body, time, [0]]), LINES, PARTIES),
        (encode([version, signature, body]), LINES, PARTIES),
    ):
        with pytest.raises(BadSignature):
            taken(wrong, lines, parties)


@pytest.mark.parametrize("streams", [[], [1], [2, 0], [0, 0], [True], ["0"], 0, None])
def test_receipts_for_what_the_request_did_not_show_are_malformed(streams: Any) -> None:
    version, signature, body, time = decode(gives(LINES, every=True))
    with pytest.raises(Malformed):
        taken(encode([version, signature, body, time, streams]))


@pytest.mark.parametrize("time", [None, "5", 2**63 - FROM, True])
def test_a_time_that_is_none_is_malformed(time: Any) -> None:
    version, signature, body, _ = decode(gives(LINES, every=True))
    with pytest.raises(Malformed):
        taken(encode([version, signature, body, time]))


def test_a_reply_without_segments_before_it_gives_no_receipts() -> None:
    with pytest.raises(Malformed):
        taken(gives(LINES, every=True), {})


def test_a_reply_tells_its_clock_from_that_of_its_request() -> None:
    request = read_content(decode(encode(content_map(Content(clock_ms=FROM)))), reply=False)
    reply = Content(tables=Tables(request.tables, PARENT), clock_ms=FROM - 3)
    assert content_map(reply) == {19: -3}
    assert read_content({19: -3}, reply=True, asked=request.tables, ancestor=PARENT).clock_ms == FROM - 3


def test_the_first_bytes_of_an_incarnation_stand_for_it_where_the_reader_knows_them() -> None:
    content = Content(wants=[Want(*V, 5)])
    content.tables.name = lambda incarnation: incarnation[:4]
    values = content_map(content)
    assert values[7] == [V[0][:4]]
    assert read_content(values, reply=False, named={V[0][:4]: V[0]}.__getitem__).wants == content.wants
    with pytest.raises(Malformed):
        read_content(values, reply=False)


def test_a_request_is_not_a_reply() -> None:
    with pytest.raises(Malformed):
        open_reply(asked(), 1, CHILD_KEY.public, PARTIES, sha256(asked()))


@pytest.mark.parametrize("version", [0, 1, 2, 3, 5, 2**40])
def test_another_version_of_a_message_is_told_apart(version: int) -> None:
    fields = decode(asked())
    with pytest.raises(NoSuchVersion):
        read_request(encode([version, *fields[1:]]))
    with pytest.raises(NoSuchVersion):
        open_reply(encode([version, b"", b""]), 1, PARENT_KEY.public, PARTIES, b"")


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        [4],
        {},
        [True, CHILD[:4], None, bytes(64), b""],
        ["4", CHILD[:4], None, bytes(64), b""],
        [4, CHILD, None, bytes(64), b""],
        [4, CHILD[:3], None, bytes(64), b""],
        [4, CHILD[:4], bytes(7), bytes(64), b""],
        [4, CHILD[:4], b"k" * 6, bytes(64), b""],
        [4, CHILD[:4], b"k" * 11, bytes(64), b""],
        [4, CHILD[:4], None, b"", b""],
    ],
)
def test_a_request_of_another_shape_is_malformed(value: Any) -> None:
    with pytest.raises(Malformed):
        read_request(encode(value))


def test_a_message_beyond_a_mebibyte_is_too_large() -> None:
    with pytest.raises(TooLarge):
        read_request(bytes(1_048_577))


FULL = Content(
    hello=Hello(1, 4, (1, 2), "sanji 0.1"),
    nonce=b"n" * 4,
    first=True,
    digest=b"d" * 8,
    vector=[StreamPoint(*V, 3, b"m" * 8, {PARENT: 2})],
    roster_heads=[RosterHead("621021000000", 1, 4, b"m" * 8)],
    roster_changes=[Change(b"payload", ((b"k" * 8, b"s" * 64),))],
    answers=[Answer(*V, 4, 2, 3)],
    wants=[Want(*V, 5)],
    bodies=[Body(*V, 5, b"s" * 16, b"body")],
    more=True,
    send_vector=True,
    clock_ms=-5,
    renewal=b"a request",
)
LINE = ReceiptLine(*V, 3, PARENT, 1_790_000_000_000, 2, 1, (b"h" * 32,), b"s" * 64)


def test_every_field_survives_the_wire() -> None:
    FULL.packed_receipts = [pack_receipt(LINE, FULL.tables)]
    read = read_content(decode(encode(content_map(FULL))), reply=False)
    assert read.receipts == [LINE]
    for name in ("hello", "nonce", "first", "digest", "vector", "roster_heads", "roster_changes", "answers", "wants"):
        assert getattr(read, name) == getattr(FULL, name), name
    assert (read.bodies, read.more, read.send_vector, read.clock_ms) == (FULL.bodies, True, True, -5)
    assert read.renewal == b"a request"
    answer = Content(next=b"k" * 7, alarm=2, tide=7)
    read = read_content(decode(encode(content_map(answer))), reply=True)
    assert (read.next, read.alarm, read.tide) == (b"k" * 7, 2, 7)


def test_a_message_that_says_nothing_is_an_empty_map() -> None:
    assert content_map(Content()) == {}


@pytest.mark.parametrize(
    ("values", "reply", "error"),
    [
        ([], False, Malformed),
        ({"a": 1}, False, Malformed),
        ({-1: 1}, False, NeedsUpdate),
        ({1: b"n" * 8}, True, Malformed),
        ({2: True}, True, Malformed),
        ({21: b"a request"}, True, Malformed),
        ({21: "a request"}, False, Malformed),
        ({21: b"a" * 4097}, False, TooLarge),
        ({17: b"k" * 7}, False, Malformed),
        ({18: 1}, False, Malformed),
        ({20: 1}, False, Malformed),
        ({1: b"n" * 7}, False, Malformed),
        ({2: 1}, False, Malformed),
        ({15: False}, False, Malformed),
        ({16: None}, False, Malformed),
        ({3: b"d" * 7}, False, Malformed),
        ({17: b"k" * 6}, True, Malformed),
        ({17: b"k" * 11}, True, Malformed),
        ({17: b"\0" + b"k" * 6}, True, Malformed),
        ({18: 3}, True, Malformed),
        ({20: -1}, True, Malformed),
        ({0: [4, 4, []]}, False, Malformed),
        ({0: [5, 6, [], ""]}, False, NoSuchVersion),
        ({0: [0, 2, [], ""]}, False, NoSuchVersion),
        ({0: [4, 2, [], ""]}, False, Malformed),
        ({0: [4, 4, [1] * 17, ""]}, False, Malformed),
        ({0: [4, 4, [], "x" * 65]}, False, Malformed),
        ({5: [["a", 1, 1]]}, False, Malformed),
        ({6: [[b"", [], 1]]}, False, Malformed),
        ({7: [bytes(15)]}, False, Malformed),
        ({7: [bytes(4)]}, True, Malformed),
        ({8: ["elsewhere:1"]}, False, Malformed),
        ({9: [0, 0]}, False, Malformed),
        ({10: {}}, False, Malformed),
        ({10: [0] * 513}, False, TooLarge),
        ({11: [[0] * 7]}, False, Malformed),
        ({11: [[0] * 8] * 1025}, False, TooLarge),
        ({12: [[0, 1, 3, 1]]}, False, Malformed),
        ({12: [[0, 1, 1, 1]]}, False, Malformed),
        ({13: [[0, 1]] * 257}, False, TooLarge),
        ({14: [[0, 1, bytes(15), b""]]}, False, Malformed),
        ({19: "now"}, False, Malformed),
        ({19: "now"}, True, Malformed),
        ({22: "something new"}, False, Malformed),
        ({23: {3: [[], []]}}, False, Malformed),
        ({8: ["about:1"], 23: {3: [[[0, bytes(32), 0, b"\x80"]] * 17, [], []]}}, False, TooLarge),
        ({8: ["about:1"], 23: {3: [[[0, bytes(31), 0, b"\x80"]], [], []]}}, False, Malformed),
        ({8: ["about:1"], 23: {3: [[[0, bytes(32), 65_536, b"\x80"]], [], []]}}, False, Malformed),
        ({8: ["about:1"], 23: {3: [[[0, bytes(32), 0, bytes(21)]], [], []]}}, False, Malformed),
        ({8: ["about:1"], 23: {3: [[], [[0, bytes(32), 65_535, b"ab"]], []]}}, True, Malformed),
        ({8: ["about:1"], 23: {3: [[], [[0, bytes(32), 10_485_760, b"a"]], []]}}, True, Malformed),
        ({23: {3: [[], [[0, bytes(32), 0, b"a"]], []]}}, True, Malformed),
        ({8: ["about:1"], 23: {3: [[], [], [[0, bytes(32), 0, 1, bytes(64)]]]}}, False, Malformed),
        ({22: [[], [], [], [b""]]}, True, Malformed),
    ],
)
def test_a_field_of_another_shape_is_refused_by_name(values: Any, reply: bool, error: type[ProtocolError]) -> None:
    with pytest.raises(error):
        read_content(values, reply=reply)


def test_unknown_fields_are_passed_over() -> None:
    assert read_content({23: {20: "something new", 22: []}}, reply=False).lines_asked is None


def test_a_road_key_is_told_in_both_directions_and_no_other_shape_is_taken() -> None:
    for reply in (False, True):
        for key in (bytes(32), bytes(1_216)):
            told = content_map(Content(road_key=RoadKey(3, key)))
            assert told == {23: {2: [3, key]}}
            assert read_content(told, reply=reply).road_key == RoadKey(3, key)
        for other in ([3, bytes(31)], [3, bytes(1_184)], [-1, bytes(32)], [3], bytes(32), None):
            with pytest.raises(Malformed):
                read_content({23: {2: other}}, reply=reply)


def test_why_a_life_is_not_countersigned_is_told_in_a_reply_by_a_code() -> None:
    told = content_map(Content(renewal_refused=22))
    assert told == {23: {1: 22}}
    assert read_content(told, reply=True).renewal_refused == 22
    for wrong, reply in ((told, False), ({23: {1: 0}}, True), ({23: {1: "22"}}, True), ({23: {1: 65_536}}, True)):
        with pytest.raises(Malformed):
            read_content(wrong, reply=reply)


def test_a_segment_of_another_shape_is_told_apart_and_spoils_nothing() -> None:
    values = {7: [V[0]], 8: [V[1]], 9: [0, 0], 10: [[0, 7, "not a segment"], [9], 3], 15: True}
    read = read_content(values, reply=False)
    assert read.more and read.segments == []
    assert [one[:4] for one in read.refused_segments] == [(*V, 7, 1), (None, None, None, 1), (None, None, None, 1)]


def test_a_refusal_is_read_back_and_anything_else_is_nothing() -> None:
    assert read_refusal(refusal_bytes(16, "busy")) == (16, "busy")
    assert read_refusal(refusal_bytes(1, "长" * 500)) == (1, "长" * 200)
    junk: list[bytes] = [b"", b"<html>", encode([1]), encode(["1", "x"]), encode({}), bytes(2000), encode([1, 2])]
    assert [read_refusal(raw) for raw in junk] == [None] * len(junk)


def test_a_wait_token_is_bound_to_all_it_says() -> None:
    text = wait_token(CHILD_KEY, NETWORK, CHILD, PARENT, 7, 1_790_000_000_000)
    assert len(text) < 200 and not set(text) & set("+/=")
    token = read_wait_token(text)
    assert (token.sender, token.recipient, token.tide) == (CHILD, PARENT, 7)
    check_wait_token(token, 1, CHILD_KEY.public, NETWORK)
    for changed in (
        token._replace(tide=8),
        token._replace(recipient=CHILD),
        token._replace(time=0),
    ):
        with pytest.raises(BadSignature):
            check_wait_token(changed, 1, CHILD_KEY.public, NETWORK)
    with pytest.raises(BadSignature):
        check_wait_token(token, 1, CHILD_KEY.public, b"M" * 32)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: "",
        lambda text: text + "=",
        lambda text: text[:-1],
        lambda text: text + "A",
        lambda text: "ü" + text,
        lambda text: text + "!",
        lambda text: text[:50] + "+" + text[51:],
        lambda text: "A" * 257,
    ],
)
def test_a_wait_token_of_another_shape_is_refused(spoil: Callable[[str], str]) -> None:
    text = wait_token(CHILD_KEY, NETWORK, CHILD, PARENT, 7, 0)
    with pytest.raises((Malformed, TooLarge)):
        read_wait_token(spoil(text))
