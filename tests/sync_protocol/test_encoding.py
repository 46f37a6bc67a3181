"""The strict decoder accepts x only if x is exactly D(value), and nothing made up costs more than its size."""

import tracemalloc
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sync_protocol import limits
from sync_protocol.encoding import decode, encode, load
from sync_protocol.errors import Malformed, TooLarge
from tests.sync_protocol.vector_makers.encodings import ACCEPTED, REFUSED, nested

INTEGERS = st.integers(limits.INT_MIN, limits.INT_MAX)
KEYS = st.integers(limits.KEY_MIN, limits.KEY_MAX) | st.text(max_size=30)
SCALARS = INTEGERS | st.binary(max_size=300) | st.text(max_size=100) | st.booleans() | st.none()
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(KEYS, inner, max_size=5), max_leaves=30
)


def same(one: Any, other: Any) -> bool:
    """Equal in type too: True is not 1 here."""
    if type(one) is not type(other):
        return False
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return bool(one == other)


@pytest.mark.parametrize("value", [value for _, value in ACCEPTED], ids=[name for name, _ in ACCEPTED])
def test_a_good_value_comes_back(value: Any):
    assert same(decode(encode(value)), value)
    assert same(load(encode(value)), value)


@pytest.mark.parametrize("raw", [raw for _, raw in REFUSED], ids=[name for name, _ in REFUSED])
def test_what_is_no_encoding_is_malformed(raw: str):
    with pytest.raises(Malformed):
        decode(bytes.fromhex(raw))


NOT_UTF_8 = {name for name, _ in REFUSED if "UTF-8" in name or "Unicode" in name}


@pytest.mark.parametrize("raw", [raw for name, raw in REFUSED if name not in NOT_UTF_8])
def test_nothing_is_built_from_what_is_no_encoding(raw: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("cbor2.loads", lambda raw: pytest.fail("decoded, where keys may collide and values may grow"))
    with pytest.raises(Malformed):
        decode(bytes.fromhex(raw))


@pytest.mark.parametrize("head", [kind << 5 | argument for kind in range(7) for argument in (28, 29, 30, 31)])
def test_reserved_and_indefinite_heads_are_refused_whatever_follows(head: int):
    with pytest.raises(Malformed):
        decode(bytes([head]) + bytes(200))


@given(VALUES)
def test_every_value_has_one_encoding_and_comes_back(value: Any):
    assert same(decode(encode(value)), value)


@given(st.binary(max_size=60))
@example(b"\xa1\x00\x80")
def test_whatever_is_accepted_encodes_to_the_same_bytes(raw: bytes):
    try:
        value = decode(raw)
    except Malformed:
        return
    assert encode(value) == raw


@given(VALUES, st.data())
def test_a_changed_encoding_is_refused_or_another_value(value: Any, data: st.DataObject):
    raw = bytearray(encode(value))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        other = decode(bytes(raw))
    except Malformed:
        return
    assert not same(other, value)


@given(VALUES, st.binary(min_size=1, max_size=3))
def test_bytes_left_over_are_refused(value: Any, more: bytes):
    with pytest.raises(Malformed):
        decode(encode(value) + more)


@given(VALUES, st.data())
def test_a_cut_encoding_is_refused(value: Any, data: st.DataObject):
    raw = encode(value)
    with pytest.raises(Malformed):
        decode(raw[: data.draw(st.integers(0, len(raw) - 1))])


@pytest.mark.parametrize(
    "value",
    [
        *(1.0, float("nan"), 2**63, -(2**63) - 1, object(), {1, 2}, bytearray(b"x"), memoryview(b"x"), "\ud800"),
        *({24: 0}, {-25: 0}, {b"": 0}, {True: 0}, {None: 0}, {(): 0}, {"\ud800": 0}),
        *([[1.0]], {0: {1: 1.5}}, nested(17)),
    ],
)
def test_what_section_2_does_not_know_is_not_sent_either(value: Any):
    with pytest.raises(Malformed):
        encode(value)


@pytest.mark.parametrize("head", ["5b", "7b", "9b", "bb", "5a", "7a", "9a", "ba", "42", "8142"])
def test_a_length_that_is_promised_and_not_kept_costs_no_memory(head: str):
    raw = bytes.fromhex(head) + b"\x7f" + b"\xff" * 7
    tracemalloc.start()
    try:
        with pytest.raises(Malformed):
            decode(raw)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 300_000


def test_more_bytes_than_the_limit_are_not_looked_at():
    with pytest.raises(TooLarge, match="11 bytes, at most 10"):
        decode(b"\xff" * 11, limit=10)
    assert decode(encode(bytes(8)), limit=9) == bytes(8)


@pytest.mark.parametrize("value", [{}, {0: 1}, {"a": 1}, [1, [{}]]], ids=repr)
def test_where_no_map_may_be_any_map_is_refused(value: Any):
    assert decode(encode(value)) == value
    with pytest.raises(Malformed):
        decode(encode(value), maps=False)


def test_where_no_map_may_be_the_rest_comes_back():
    value = [1, -1, b"x", "x", None, True, [[]]]
    assert same(decode(encode(value), maps=False), value)
