"""The sealed forms of a request and its reply: what the two envelopes say, for nobody on the road to read.

A child draws a secret, seals it to a key of the ancestor's place and names the two keys that follow from it a context:
one for its requests, one for their replies. Further requests name the context in place of sealing a secret again. The
messages inside stay as they are, signatures, challenge and all: sealing hides, it vouches for nobody. Section 7.10 of
PROTOCOL.md is the normative text.
"""

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from sync_protocol import limits
from sync_protocol.encoding import decode, encode
from sync_protocol.errors import Malformed, NotSealed
from sync_protocol.event import check_bytes
from sync_protocol.exchange.content import VERSION
from sync_protocol.exchange.message import check_version
from sync_protocol.suites import (
    NONCE_BYTES,
    TAG_BYTES,
    Cipher,
    NotOpened,
    OpeningKey,
    derive,
    fresh_key,
    mac,
    may_be_sealed,
    seal_to,
    sha256,
)

NAME_BYTES: Final = 4  # of a key or a context: who has several of one name tries them
REQUESTS_MOST: Final = 1_024  # of one context: then the child begins another
_SECRET: Final = 32
_DRAWN: Final = 8  # bytes of a nonce that travel; the rest of it is nought
EXCHANGES: Final = "sanji/1/exchange"  # what a context is for: nothing sealed for the one opens as the other
INQUIRIES: Final = "sanji/1/ask"


class Context:
    """What a child and an ancestor hold in common for a while."""

    __slots__ = ("name", "nonces", "opening", "replies", "requests")

    def __init__(self, opening: bytes, requests: bytes, replies: bytes, nonces: bytes) -> None:
        """`opening`: the sealed secret it began with; keys for requests, for replies, and to make nonces with."""
        self.opening = opening
        self.name = sha256(opening)[:NAME_BYTES]  # how further requests name it
        self.requests, self.replies, self.nonces = Cipher(requests), Cipher(replies), nonces


class Sealed(NamedTuple):
    """A sealed request as it came. `opening`: where it begins a context; else `name` is that of one, not of a key."""

    name: bytes
    opening: bytes | None
    box: bytes


def key_name(public: bytes) -> bytes:
    """How a request names the key that it is sealed to."""
    return sha256(public)[:NAME_BYTES]


def _info(use: str, network_id: bytes, place: str) -> bytes:
    return encode([use, network_id, place])


def _context(use: str, opening: bytes, secret: bytes) -> Context:
    bound = sha256(opening)
    return Context(opening, *(derive(secret, encode([use, what, bound])) for what in ("request", "reply", "nonce")))


def begin(public: bytes, network_id: bytes, place: str, use: str = EXCHANGES) -> Context:
    """A context with whoever holds this key of that place. Raises WeakKey, Malformed."""
    secret = fresh_key()
    return _context(use, seal_to(public, _info(use, network_id, place), secret), secret)


def open_context(
    keys: Iterable[OpeningKey], network_id: bytes, place: str, sealed: Sealed, use: str = EXCHANGES
) -> Context:
    """The context that a request begins, with one of our keys. Raises NotSealed where it is sealed to none of them."""
    assert sealed.opening is not None, "a request that begins a context"
    for key in keys:
        if key_name(key.public) == sealed.name:
            try:
                return _context(use, sealed.opening, key.open(_info(use, network_id, place), sealed.opening))
            except NotOpened:
                continue
    raise NotSealed("sealed to a key that is not one of this place: ask without a challenge which one is")


def _boxed(context: Context, key: Cipher, about: bytes, content: bytes) -> bytes:
    """The nonce follows from what is sealed, so it meets nothing else under one key, whatever is put back or copied."""
    drawn = mac(context.nonces, about + sha256(content))[:_DRAWN]
    return drawn + key.encrypt(_nonce(drawn), about, content)


def _nonce(drawn: bytes) -> bytes:
    return bytes(NONCE_BYTES - _DRAWN) + drawn


def seal_request(context: Context, raw: bytes, *, begins: bytes = b"") -> bytes:
    """A request as it travels. `begins`: the public key that the context was sealed to, where nobody knows it yet."""
    box = _boxed(context, context.requests, b"", raw)
    if begins:
        return encode([VERSION, key_name(begins), context.opening, box])
    return encode([VERSION, context.name, box])


def read_sealed(raw: bytes) -> Sealed | None:
    """The sealed form of a request; None for one that is in the clear. Raises Malformed, TooLarge, NoSuchVersion."""
    value = _array(raw)
    if len(value) not in (3, 4):
        return None
    name, *opening, box = value[1:]
    check_bytes("sealed request: name", name, NAME_BYTES)
    for each in opening:
        if type(each) is not bytes or not may_be_sealed(len(each), _SECRET):
            raise Malformed("sealed request: the sealed secret is of no suite's length")
    _check_box(box)
    return Sealed(name, opening[0] if opening else None, box)


def open_request(context: Context, sealed: Sealed) -> bytes:
    """The request that was sealed under this context. Raises NotSealed."""
    try:
        return _unboxed(context.requests, b"", sealed.box)
    except NotOpened:
        raise NotSealed("not sealed under this context, or changed on its way") from None


def seal_reply(context: Context, sealed: Sealed, raw: bytes) -> bytes:
    """A reply as it travels: for whoever sealed that request."""
    return encode([VERSION, _boxed(context, context.replies, sealed.box[:_DRAWN], raw)])


def open_reply_to(context: Context, request: bytes, raw: bytes) -> bytes:
    """The reply to that sealed request of ours. Raises Malformed, TooLarge, NoSuchVersion, NotSealed: so it says
    nothing, whatever it is."""
    value = _array(raw)
    if len(value) != 2:
        raise NotSealed("the reply to a sealed request is not sealed")
    _check_box(value[1])
    asked = decode(request, limit=limits.SEALED_MESSAGE, maps=False)[-1]
    try:
        return _unboxed(context.replies, asked[:_DRAWN], value[1])
    except NotOpened:
        raise NotSealed("a reply that is not sealed under this context, or changed on its way") from None


def _array(raw: bytes) -> list[Any]:
    check_version(raw, limits.SEALED_MESSAGE)
    value = decode(raw, limit=limits.SEALED_MESSAGE, maps=False)
    if not isinstance(value, list):
        raise Malformed("message: must be an array")
    return value


def _check_box(box: object) -> None:
    if type(box) is not bytes or len(box) <= _DRAWN + TAG_BYTES:
        raise Malformed("sealed message: must be bytes, more than a nonce and a tag")


def _unboxed(key: Cipher, about: bytes, box: bytes) -> bytes:
    return key.decrypt(_nonce(box[:_DRAWN]), about, box[_DRAWN:])
