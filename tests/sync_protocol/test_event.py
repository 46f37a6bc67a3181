"""A header has one encoding and strict bounds; an event is chained, committed to and opened as section 3 says."""

import hashlib
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_protocol import limits
from sync_protocol.errors import Malformed, ProtocolError, TooLarge
from sync_protocol.event import (
    Dep,
    Head,
    Header,
    Position,
    body_bytes,
    chain,
    check_header,
    decode_header,
    encode_header,
    fits,
    item_hash,
    load_header,
    mark,
)
from sync_protocol.stream import OPENS, Draft, append, opened_case_id, stream_id
from tests.sync_protocol.sample import NETWORK, TOWNSHIP, VILLAGE, Writer
from tests.sync_protocol.test_encoding import SCALARS

SEQS = st.integers(1, limits.INT_MAX)
POSITIONS = st.builds(Position, st.binary(min_size=16, max_size=16), SEQS, st.binary(min_size=8, max_size=8))
DEPS = st.builds(
    Dep, st.binary(min_size=16, max_size=16), st.sampled_from([f"about:{VILLAGE}", f"below:{TOWNSHIP}"]), SEQS
)
EXTS = st.dictionaries(st.integers(limits.KEY_MIN, limits.KEY_MAX), SCALARS | st.lists(SCALARS, max_size=3), max_size=3)


def with_body(body: tuple[bytes | None, bytes | None], *rest: Any) -> Header:
    values: list[Any] = [*rest[:9], *body, rest[9]]
    return Header(*values)


HEADERS = st.builds(
    with_body,
    st.tuples(st.none(), st.binary(min_size=32, max_size=32)) | st.tuples(st.binary(max_size=300), st.none()),
    SEQS,
    st.integers(0, 0xFFFF),
    st.integers(1, 0xFF),
    st.none() | st.binary(min_size=16, max_size=16),
    st.none() | POSITIONS,
    st.lists(DEPS, max_size=8).map(tuple),
    st.integers(0, limits.INT_MAX),
    st.integers(limits.CLAIMED_MIN, limits.INT_MAX),
    st.text(max_size=16),
    EXTS,
)
GOOD = Writer("village", f"about:{VILLAGE}").write(1, "x", apart=True).header


def plain(header: Header) -> list[Any]:
    """The header's values as a decoder gives them."""
    values: list[Any] = list(header)
    values[4] = header.after and list(header.after)
    values[5] = [list(dep) for dep in header.deps]
    return values


@given(HEADERS)
def test_a_header_is_encoded_as_section_2_says_and_comes_back(header: Header):
    raw = encode_header(header)
    assert raw == cbor2.dumps(plain(header), canonical=True)
    assert check_header(plain(header)) == decode_header(raw) == load_header(raw) == header


@pytest.mark.parametrize("number", [1, 23, 24, 255, 256, 65535, 65536, 2**32 - 1, 2**32, 2**63 - 1])
def test_every_width_of_integer_is_written_in_its_shortest_form(number: int):
    header = GOOD._replace(seq=number, hlc=number, claimed=number, kind=min(number, 0xFFFF))
    assert encode_header(header) == cbor2.dumps(plain(header), canonical=True)
    negative = GOOD._replace(claimed=max(-number, limits.CLAIMED_MIN))
    assert encode_header(negative) == cbor2.dumps(plain(negative), canonical=True)


def with_field(index: int, value: Any) -> list[Any]:
    values = plain(GOOD)
    values[index] = value
    return values


AFTER, DEP = [bytes(16), 1, bytes(8)], [bytes(16), f"about:{VILLAGE}", 1]
DEEP: Any = [[[[[[[[[0]]]]]]]]]


@pytest.mark.parametrize(
    ("index", "value", "error"),
    [
        (0, 0, Malformed), (0, True, Malformed), (0, "1", Malformed), (0, 2**63, Malformed),
        (1, -1, Malformed), (1, 65536, Malformed), (1, None, Malformed),
        (2, 0, Malformed), (2, 256, Malformed), (2, False, Malformed),
        (3, bytes(15), Malformed), (3, "0" * 16, Malformed), (3, True, Malformed),
        (4, AFTER[:2], Malformed), (4, [bytes(15), 1, bytes(8)], Malformed), (4, [bytes(16), 0, bytes(8)], Malformed),
        (4, [bytes(16), 1, bytes(7)], Malformed), (4, 1, Malformed), (4, [], Malformed),
        (5, None, Malformed), (5, [DEP[:2]], Malformed), (5, [[bytes(16), "about:", 1]], Malformed),
        (5, [[bytes(16), 5, 1]], Malformed), (5, [[bytes(16), f"about:{VILLAGE}", 0]], Malformed),
        (5, [[b"", f"about:{VILLAGE}", 1]], Malformed), (5, [DEP] * 9, TooLarge),
        (6, -1, Malformed), (6, None, Malformed), (6, 2**63, Malformed),
        (7, "now", Malformed), (7, -(2**62) - 1, Malformed),
        (8, b"x", Malformed), (8, None, Malformed), (8, "\ud800", Malformed),
            (8, "x" * 65, TooLarge), (8, "县" * 22, TooLarge),
        (9, b"", Malformed), (9, "x", Malformed),
        (10, None, Malformed), (10, bytes(31), Malformed), (10, "0" * 32, Malformed),
        (11, None, Malformed), (11, [], Malformed), (11, {"x": 1}, Malformed), (11, {24: 1}, Malformed),
            (11, {0: DEEP}, Malformed),
    ],
)  # fmt: skip
def test_a_field_out_of_its_bounds_is_refused_by_name(index: int, value: Any, error: type[ProtocolError]):
    names = Header._fields[index] if index not in (9, 10) else "inline|commitment"
    with pytest.raises(error, match=names):
        check_header(with_field(index, value))


def test_a_header_has_twelve_fields_and_an_inline_body_its_bound():
    inline = with_field(10, None)
    inline[9] = bytes(limits.INLINE_BODY)
    assert check_header(inline).inline == bytes(limits.INLINE_BODY)
    assert check_header(with_field(8, "县" * 21 + "x")).actor == "县" * 21 + "x"  # 64 bytes
    for other in ("x", 5, True):
        inline[9] = other
        with pytest.raises(Malformed, match="inline"):
            check_header(inline)
    inline[9] = bytes(limits.INLINE_BODY + 1)
    with pytest.raises(TooLarge, match="inline"):
        check_header(inline)
    others: list[Any] = [plain(GOOD)[:-1], [*plain(GOOD), None], {}, None, b""]
    for values in others:
        with pytest.raises(Malformed):
            check_header(values)


def test_every_key_from_the_smallest_to_the_largest_may_stand_in_ext():
    ext = {key: key for key in range(limits.KEY_MIN, limits.KEY_MAX + 1)}
    assert len(ext) == limits.EXT_KEYS
    assert decode_header(encode_header(GOOD._replace(ext=ext))).ext == ext


def test_a_header_beyond_its_bytes_is_too_large_both_ways():
    header = GOOD._replace(ext={0: bytes(limits.HEADER)})
    with pytest.raises(TooLarge):
        encode_header(header)
    with pytest.raises(TooLarge):
        decode_header(cbor2.dumps(plain(header), canonical=True))
    room = limits.HEADER - len(encode_header(GOOD._replace(ext={0: bytes(256)}))) + 256
    largest = GOOD._replace(ext={0: bytes(room)})
    assert len(encode_header(largest)) == limits.HEADER
    assert decode_header(encode_header(largest)) == largest


def test_a_header_in_another_encoding_is_refused():
    raw = encode_header(GOOD)
    for other in (raw + b"\x00", raw[:-1], b"\x98\x0c" + raw[1:], raw[:1] + b"\x18\x01" + raw[2:]):
        with pytest.raises(Malformed):
            decode_header(other)


def test_a_stream_is_named_by_network_incarnation_scope_and_suite():
    named = {
        stream_id(network, incarnation, scope, suite)
        for network in (NETWORK, bytes(32))
        for incarnation in (bytes(16), b"\x01" * 16)
        for scope in ("about:51", "below:51", "about:511")
        for suite in (1, 2)
    }
    assert len(named) == 24
    expected = cbor2.dumps(["sanji/stream/1", NETWORK, bytes(16), "about:51", 1], canonical=True)
    assert stream_id(NETWORK, bytes(16), "about:51", 1) == hashlib.sha256(expected).digest()


def test_events_are_chained_from_the_stream_id_on():
    writer = Writer("village", f"about:{VILLAGE}").write_cases(3)
    previous = writer.stream
    for number, event in enumerate(writer.events, start=1):
        assert event.header.seq == number
        assert event.header_bytes == encode_header(event.header)
        item = hashlib.sha256(b"\x00" + event.header_bytes).digest()
        previous = hashlib.sha256(b"\x01" + previous + item).digest()
        assert (item_hash(event.header_bytes), event.hash) == (item, previous)
        assert mark(event.hash) == previous[:8]
    assert chain(bytes(32), bytes(32)) == hashlib.sha256(b"\x01" + bytes(64)).digest()


def test_a_case_is_opened_under_an_id_of_its_position_and_its_body():
    writer = Writer("village", f"about:{VILLAGE}").write_cases(2)
    for seq in (1, 5):
        header = writer.events[seq - 1].header
        assert header.commitment is not None
        expected = hashlib.sha256(writer.stream + seq.to_bytes(8, "big") + header.commitment).digest()[:16]
        assert header.case_id == opened_case_id(writer.stream, seq, header.commitment) == expected
    inline = writer.write(65, "inline").header
    assert inline.case_id == opened_case_id(writer.stream, 9, hashlib.sha256(inline.inline or b"").digest())
    assert writer.write(65, "", case_id=None).header.case_id is None


def test_a_body_apart_is_committed_to_with_its_salt():
    event = Writer("village", f"about:{VILLAGE}").write(1, {0: "001"}, apart=True)
    salt, body = event.salt or b"", event.body or b""
    assert event.header.commitment == hashlib.sha256(salt + body).digest()
    assert body_bytes(event) == body == cbor2.dumps({0: "001"})
    assert body_bytes(event._replace(salt=None, body=None)) is None
    assert fits(event, salt, body)
    assert not fits(event, salt, body + b"\x00")
    assert not fits(event, salt[:-1] + bytes([salt[-1] ^ 1]), body)
    assert not fits(event, salt + body[:1], body[1:])  # a salt is 16 bytes, wherever the border is drawn


def test_an_inline_body_is_the_header_s():
    event = Writer("village", f"about:{VILLAGE}").write(3, {0: TOWNSHIP})
    assert (event.salt, event.body, event.header.commitment) == (None, None, None)
    assert body_bytes(event) == event.header.inline == cbor2.dumps({0: TOWNSHIP})
    assert not fits(event, bytes(16), b"")


@pytest.mark.parametrize(
    ("changes", "salt", "complaint"),
    [
        ({"body": bytes(limits.BODY_APART + 1)}, bytes(16), "body"),
        ({}, bytes(15), "salt"),
        ({}, None, "salt"),
        ({"apart": False}, bytes(16), "salt"),
        ({"apart": False, "body": bytes(limits.INLINE_BODY + 1)}, None, "inline"),
        ({"kind": 70_000}, bytes(16), "kind"),
        ({"actor": "x" * 65}, bytes(16), "actor"),
        ({"hlc": -1}, bytes(16), "hlc"),
        ({"deps": (Dep(b"", "about:5", 1),)}, bytes(16), "deps"),
        ({"ext": {0: 1.5}}, bytes(16), "section 2"),
        ({"case_id": b"short"}, bytes(16), "case_id"),
    ],
)
def test_what_could_not_be_sent_is_not_written(changes: dict[str, Any], salt: bytes | None, complaint: str):
    fields: dict[str, Any] = {
        "kind": 1, "kind_version": 1, "case_id": OPENS, "hlc": 0, "claimed": 0, "actor": "", "body": b"", "apart": True,
    }  # fmt: skip
    with pytest.raises(ProtocolError, match=complaint):
        append(bytes(32), Head(0, bytes(32)), Draft(**(fields | changes)), salt)
