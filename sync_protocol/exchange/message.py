"""The two envelopes: a request signed by the child, a reply signed by the ancestor over exactly that request."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from sync_protocol import limits
from sync_protocol.encoding import decode, encode
from sync_protocol.errors import BadSignature, Malformed, NoSuchVersion, TooLarge
from sync_protocol.event import check_bytes, check_int
from sync_protocol.exchange.content import VERSION
from sync_protocol.exchange.ratchet import check_challenge
from sync_protocol.receipt import Line, Receipt, Tree
from sync_protocol.suites import SIGNATURE_BYTES, SigningKey, sha256, verify

EXCHANGE: Final = "exchange"
_REQUEST: Final = 0
_REPLY: Final = 1
_SMALL: Final = 1024  # bytes of the body of an unsigned refusal
_TEXT: Final = 200  # characters of a refusal's text that are kept
_NOTHING: Final[Mapping[int, Line]] = MappingProxyType({})
_OURS: Final = encode(VERSION)
_ARRAY_OF_1: Final = b"\x81"
_ARRAY_OF_23: Final = b"\x97"
_INT_BYTES: Final = {b"\x18": 2, b"\x19": 3, b"\x1a": 5, b"\x1b": 9}  # first byte of an integer -> all its bytes


class Request(NamedTuple):
    """A request as it came. Who sent it is only a claim until `check_request`: `sender` is the first bytes of an
    incarnation."""

    sender: bytes
    challenge: bytes | None
    signature: bytes
    body: bytes
    raw_hash: bytes


class Parties(NamedTuple):
    """Who speaks with whom in one exchange: incarnations, and the challenge both signatures are bound to."""

    network_id: bytes
    child: bytes
    ancestor: bytes
    challenge: bytes | None


class Given(NamedTuple):
    """The receipts that a reply's own signature is to give: their time in ms since 1970, and by the index of their
    streams in the request's table the lines, each of the position to which the request brought its stream. `every`:
    whether they are all the streams of which the request has segments."""

    time: int
    lines: Mapping[int, Line]
    every: bool


class Reply(NamedTuple):
    """A reply that was signed by whom it should: its packed body, the receipts its signature gives by the index of
    their streams, and their time."""

    body: bytes
    receipts: dict[int, Receipt]
    time: int | None


def _request_payload(parties: Parties, body: bytes) -> bytes:
    return encode([_REQUEST, parties.child, parties.ancestor, parties.challenge, sha256(body)])


def _reply_payload(parties: Parties, body: bytes, request_hash: bytes) -> bytes:
    return encode([_REPLY, parties.ancestor, parties.child, parties.challenge, sha256(body), request_hash])


def request_bytes(key: SigningKey, parties: Parties, body: bytes, label: str = EXCHANGE) -> bytes:
    """The whole request with this body, signed by the child. `label`: what it is for."""
    signature = key.sign(label, parties.network_id, _request_payload(parties, body))
    return encode([VERSION, parties.child[: limits.NAME], parties.challenge, signature, body])


def read_request(raw: bytes) -> Request:
    """The envelope of a request; nothing of it is proved yet. Raises Malformed, TooLarge, NoSuchVersion."""
    value = _versioned(raw, 5)
    _, sender, challenge, signature, body = value
    check_bytes("sender", sender, limits.NAME)
    if challenge is not None:
        check_challenge("challenge", challenge)
    check_bytes("signature", signature, SIGNATURE_BYTES)
    if type(body) is not bytes:
        raise Malformed("body: must be bytes")
    return Request(sender, challenge, signature, body, sha256(raw))


def check_request(
    request: Request,
    suite: int,
    public: bytes,
    network_id: bytes,
    child: bytes,
    ancestor: bytes,
    label: str = EXCHANGE,
) -> None:
    """Return if the child's registered key signed it, for this ancestor. Raises BadSignature."""
    parties = Parties(network_id, child, ancestor, request.challenge)
    if request.sender != child[: limits.NAME]:
        raise BadSignature(f"{label}: not signed by whom it names")
    payload = _request_payload(parties, request.body)
    verify(suite, public, label, network_id, payload, request.signature)


def reply_bytes(
    key: SigningKey,
    parties: Parties,
    body: bytes,
    request_hash: bytes,
    given: Given | None = None,
    counts_from: int = 0,
    label: str = EXCHANGE,
) -> bytes:
    """The whole reply to the request with this hash, signed by the ancestor. `given`: the receipts that its signature
    is to give as well, whose time counts from that of the request. `label`: what the request was for."""
    payload = _reply_payload(parties, body, request_hash)
    if given is None:
        return encode([VERSION, key.sign(label, parties.network_id, payload), body])
    streams = sorted(given.lines)
    tree = Tree(parties.ancestor, given.time, [given.lines[stream] for stream in streams], payload)
    signature = key.sign("receipt", parties.network_id, tree.payload)
    named = [] if given.every else [streams]
    return encode([VERSION, signature, body, given.time - counts_from, *named])


def open_reply(
    raw: bytes,
    suite: int,
    public: bytes,
    parties: Parties,
    request_hash: bytes,
    lines: Mapping[int, Line] = _NOTHING,
    counts_from: int = 0,
    label: str = EXCHANGE,
) -> Reply:
    """A reply that the ancestor's registered key signed over exactly that request, which counts from that clock.

    `lines`: of the streams in the request's segments, by their index in its table: what it may give receipts for.
    `label`: what the request was for.
    Raises Malformed, TooLarge, NoSuchVersion, BadSignature.
    """
    _, signature, body, *rest = _versioned(raw, 3, 4, 5)
    check_bytes("signature", signature, SIGNATURE_BYTES)
    if type(body) is not bytes:
        raise Malformed("body: must be bytes")
    payload = _reply_payload(parties, body, request_hash)
    if not rest:
        verify(suite, public, label, parties.network_id, payload, signature)
        return Reply(body, {}, None)
    time, streams = rest if len(rest) == 2 else (*rest, sorted(lines))
    check_int("time of the receipts", time, limits.INT_MIN, limits.INT_MAX - counts_from)
    time += counts_from
    if type(streams) is not list or not streams or len(streams) > limits.SEGMENTS_A_MESSAGE:
        raise Malformed("receipts: must be an array of streams")
    if any(type(stream) is not int or stream not in lines for stream in streams) or streams != sorted(set(streams)):
        raise Malformed("receipts: must be ascending indices of streams of which the request has segments")
    tree = Tree(parties.ancestor, time, [lines[stream] for stream in streams], payload)
    verify(suite, public, "receipt", parties.network_id, tree.payload, signature)
    return Reply(body, dict(zip(streams, tree.receipts(signature), strict=True)), time)


def _versioned(raw: bytes, *widths: int) -> list[Any]:
    check_version(raw, limits.MESSAGE)
    value = decode(raw, limit=limits.MESSAGE, maps=False)
    if not isinstance(value, list) or len(value) not in widths:
        raise Malformed(f"message: must be an array of {' or '.join(map(str, widths))}")
    return value


def check_version(raw: bytes, most: int) -> None:
    """Return if a message of at most so many bytes is of our version. The number that each begins with is read before
    anything else: what follows it may have a form that nobody here knows. Raises NoSuchVersion, Malformed, TooLarge."""
    if len(raw) > most:
        raise TooLarge(f"{len(raw)} bytes, at most {most}")
    if not _ARRAY_OF_1 <= raw[:1] <= _ARRAY_OF_23:
        raise Malformed("message: must be an array that begins with its version")
    if raw[1:2] == _OURS:
        return
    version = decode(raw[1 : 1 + _INT_BYTES.get(raw[1:2], 1)])
    if type(version) is not int:
        raise Malformed("message: must be an array that begins with its version")
    if version != VERSION:
        raise NoSuchVersion(f"message of version {version}, known here is {VERSION}; update the older side")


def refusal_bytes(code: int, text: str) -> bytes:
    """The body of a reply that is not signed: what is wrong, for whoever reads the child's log."""
    return encode([code, text[:_TEXT]])


def read_refusal(raw: bytes) -> tuple[int, str] | None:
    """Code and text of an unsigned refusal, None when the body is something else. Proves nothing, changes nothing."""
    if len(raw) > _SMALL:
        return None
    try:
        value = decode(raw, limit=_SMALL, maps=False)
    except Malformed:
        return None
    if not isinstance(value, list) or len(value) != 2 or type(value[0]) is not int or type(value[1]) is not str:
        return None
    return value[0], value[1][:_TEXT]
