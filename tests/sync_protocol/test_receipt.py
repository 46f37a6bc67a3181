"""A receipt holds for its line, its signer and its network, whatever the size of the tree it was signed in."""

from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_protocol.encoding import decode, encode
from sync_protocol.errors import BadReceipt, Malformed, ProtocolError
from sync_protocol.receipt import Receipt, check, from_bytes, from_values, sign_all, to_bytes, to_values
from sync_protocol.suites import S1
from tests.sync_protocol.sample import NETWORK, incarnation, key

KEY, SIGNER = key("county"), incarnation("county")
SIZES = range(1, 34)


def lines(count: int) -> list[tuple[bytes, int, bytes]]:
    """Made-up positions, the same ones each time."""
    random = Random(count)
    return [(random.randbytes(32), random.randrange(1, 2**40), random.randbytes(32)) for _ in range(count)]


def receipts(count: int) -> list[Receipt]:
    return sign_all(KEY, NETWORK, SIGNER, 1_000, lines(count))


@pytest.mark.parametrize("count", SIZES)
def test_every_line_of_a_tree_verifies_and_comes_in_the_order_given(count: int):
    made = receipts(count)
    assert [(one.stream_id, one.seq, one.hash) for one in made] == lines(count)
    assert sorted(one.index for one in made) == list(range(count))
    assert len({one.signature for one in made}) == 1
    for one in made:
        check(one, S1, KEY.public, NETWORK)
        assert from_bytes(to_bytes(one)) == one


@pytest.mark.parametrize("count", SIZES)
def test_a_receipt_holds_for_its_own_line_and_place_only(count: int):
    made = receipts(count)
    for one in made:
        others = [other for other in made if other.index != one.index]
        lies = [replace(one, stream_id=other.stream_id, seq=other.seq, hash=other.hash) for other in others[:4]]
        lies += [replace(one, index=other.index) for other in others[:4]]
        lies += [replace(one, seq=one.seq + 1), replace(one, hash=bytes(32)), replace(one, time=one.time + 1)]
        lies += [
            replace(one, count=count + 1),
            replace(one, path=(*one.path, bytes(32))),
            replace(one, signer=bytes(16)),
        ]
        lies += [replace(one, path=one.path[:-1])] if one.path else []
        for lie in lies:
            with pytest.raises(BadReceipt):
                check(lie, S1, KEY.public, NETWORK)


def test_a_receipt_of_another_network_or_key_is_refused():
    one = receipts(3)[0]
    for public, network in ((KEY.public, bytes(32)), (key("township").public, NETWORK)):
        with pytest.raises(BadReceipt):
            check(one, S1, public, network)


def test_an_inner_node_cannot_pass_for_a_line():
    one, other = receipts(2)
    shorter = replace(one, path=(), count=1, index=0)
    with pytest.raises(BadReceipt):
        check(shorter, S1, KEY.public, NETWORK)
    assert one.path != other.path


@given(st.sampled_from([1, 2, 3, 5, 8]), st.data())
def test_one_changed_byte_anywhere_is_refused(count: int, data: st.DataObject):
    one = receipts(count)[data.draw(st.integers(0, count - 1))]
    raw = bytearray(to_bytes(one))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(ProtocolError):
        check(from_bytes(bytes(raw)), S1, KEY.public, NETWORK)


def test_no_lines_make_no_receipts_and_a_line_is_signed_once():
    assert sign_all(KEY, NETWORK, SIGNER, 1_000, []) == []
    with pytest.raises(ValueError, match="twice"):
        sign_all(KEY, NETWORK, SIGNER, 1_000, lines(2) + lines(2))


@pytest.mark.parametrize(
    ("index", "value"),
    [
        (0, bytes(31)), (1, 0), (1, True), (2, None), (3, bytes(17)), (4, "now"), (5, 0), (5, 2**33), (6, -1), (6, 3),
        (7, None), (7, [bytes(31)]), (7, [bytes(32)] * 33), (8, bytes(63)),
    ],
)  # fmt: skip
def test_a_value_out_of_its_bounds_is_malformed(index: int, value: object):
    values = to_values(receipts(3)[0])
    values[index] = value
    with pytest.raises(Malformed, match="receipt"):
        from_values(values)


def test_another_shape_is_malformed():
    values = to_values(receipts(3)[0])
    longest = [*values[:7], [bytes(32)] * 32, values[8]]
    assert len(from_values(longest).path) == 32
    others: list[Any] = [values[:-1], [*values, 0], None, {}]
    for other in others:
        with pytest.raises(Malformed):
            from_values(other)
    with pytest.raises(Malformed):
        from_bytes(encode(values) + b"\x00")
    assert from_values(decode(encode(values))) == from_values(values)
