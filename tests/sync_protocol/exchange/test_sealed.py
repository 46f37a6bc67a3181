"""Sealed messages: what opens them, what does not, and how little they add."""

from typing import Any

import pytest

from sync_protocol import limits
from sync_protocol.encoding import decode, encode
from sync_protocol.errors import Malformed, NoSuchVersion, NotSealed, TooLarge, WeakKey
from sync_protocol.exchange import (
    VERSION,
    Context,
    begin,
    open_context,
    open_reply_to,
    open_request,
    read_sealed,
    seal_reply,
    seal_request,
)
from sync_protocol.suites import OpeningKey

NETWORK, PLACE = b"N" * 32, "621021101000"
SUITES = ("s1", "s1q")
KEYS = {suite: OpeningKey(b"k" * 32, suite) for suite in SUITES}
SAID, ANSWERED = b"a request" * 40, b"a reply" * 40


def asked(suite: str) -> tuple[Context, bytes]:
    """A context, and the request that begins it."""
    context = begin(KEYS[suite].public, NETWORK, PLACE)
    return context, seal_request(context, SAID, begins=KEYS[suite].public)


@pytest.mark.parametrize("suite", SUITES)
def test_what_is_sealed_is_opened_there_and_its_reply_here(suite: str) -> None:
    context, raw = asked(suite)
    sealed = read_sealed(raw)
    assert sealed is not None and sealed.opening == context.opening
    there = open_context([OpeningKey(b"o" * 32), *KEYS.values()], NETWORK, PLACE, sealed)
    assert there.nonces == context.nonces and open_request(there, sealed) == SAID
    reply = seal_reply(there, sealed, ANSWERED)
    assert open_reply_to(context, raw, reply) == ANSWERED
    for message in (raw, reply):
        assert SAID not in message and ANSWERED not in message


@pytest.mark.parametrize(("suite", "first"), [("s1", 120), ("s1q", 1_210)])
def test_sealing_adds_little_after_the_first_request(suite: str, first: int) -> None:
    context, raw = asked(suite)
    again = seal_request(context, SAID)
    sealed = read_sealed(again)
    assert sealed is not None and (sealed.opening, sealed.name) == (None, context.name)
    reply = seal_reply(context, sealed, ANSWERED)
    added = [len(raw) - len(SAID), len(again) - len(SAID), len(reply) - len(ANSWERED)]
    assert added[0] <= first and added[1] <= 34 and added[2] <= 29, added


def test_no_two_requests_share_a_nonce_and_neither_do_two_replies_to_one() -> None:
    context, raw = asked("s1")
    boxes = [decode(seal_request(context, bytes([n]) * 9))[2] for n in range(20)]
    assert len({box[:8] for box in boxes}) == 20
    sealed = read_sealed(raw)
    assert sealed is not None
    assert seal_reply(context, sealed, b"one")[5:13] != seal_reply(context, sealed, b"two")[5:13]
    assert seal_request(context, SAID) == seal_request(context, SAID), "nothing is drawn"


def test_a_reply_is_the_one_to_its_request() -> None:
    context, raw = asked("s1")
    other = seal_request(context, b"another")
    sealed = read_sealed(raw)
    assert sealed is not None
    reply = seal_reply(context, sealed, ANSWERED)
    with pytest.raises(NotSealed):
        open_reply_to(context, other, reply)
    with pytest.raises(NotSealed):
        open_reply_to(asked("s1")[0], raw, reply)
    with pytest.raises(NotSealed):
        open_reply_to(context, raw, encode([VERSION, b"s" * 64, b"body"]))


def test_another_key_place_or_network_opens_nothing() -> None:
    _, raw = asked("s1")
    sealed = read_sealed(raw)
    assert sealed is not None
    for keys, network, place in (
        ([], NETWORK, PLACE),
        ([OpeningKey(b"o" * 32)], NETWORK, PLACE),
        ([KEYS["s1"]], b"M" * 32, PLACE),
        ([KEYS["s1"]], NETWORK, "621021000000"),
    ):
        with pytest.raises(NotSealed):
            open_context(keys, network, place, sealed)


@pytest.mark.parametrize("at", [1, 3, 20, 95, 110, -1])
def test_a_changed_byte_opens_nothing(at: int) -> None:
    _, raw = asked("s1")
    changed = bytearray(raw)
    changed[at] ^= 1
    with pytest.raises((NotSealed, Malformed, NoSuchVersion)):
        sealed = read_sealed(bytes(changed))
        assert sealed is not None
        open_request(open_context(KEYS.values(), NETWORK, PLACE, sealed), sealed)


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ([VERSION, b"k" * 5, b"b" * 50], Malformed),
        ([VERSION, "name", b"b" * 50], Malformed),
        ([VERSION, b"k" * 4, b"b" * 24], Malformed),
        ([VERSION, b"k" * 4, "box"], Malformed),
        ([VERSION, b"k" * 4, b"o" * 79, b"b" * 50], Malformed),
        ([VERSION, b"k" * 4, None, b"b" * 50], Malformed),
        ([VERSION, b"k" * 4, {1: 2}], Malformed),
        ([VERSION - 1, b"k" * 4, b"b" * 50], NoSuchVersion),
        ({VERSION: 1}, Malformed),
    ],
)
def test_another_shape_is_refused(value: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        read_sealed(encode(value))


def test_what_is_in_the_clear_is_told_apart_and_what_is_too_large_refused() -> None:
    assert read_sealed(encode([VERSION, b"n" * 4, None, b"s" * 64, b"body"])) is None
    with pytest.raises(TooLarge):
        read_sealed(bytes(limits.SEALED_MESSAGE + 1))
    largest = seal_request(asked("s1q")[0], bytes(limits.MESSAGE), begins=KEYS["s1q"].public)
    assert len(largest) <= limits.SEALED_MESSAGE


def test_nothing_is_sealed_to_a_key_that_is_none() -> None:
    with pytest.raises(WeakKey):
        begin(bytes(32), NETWORK, PLACE)
    with pytest.raises(Malformed):
        begin(bytes(33), NETWORK, PLACE)
