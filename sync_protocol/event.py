"""The event: its header, the bytes that are hashed, its body inline or apart, and the hashes that chain it."""

from functools import lru_cache
from hashlib import sha256
from typing import Any, Final, NamedTuple

from sync_protocol import limits
from sync_protocol.encoding import decode, encode, load
from sync_protocol.errors import Malformed, TooLarge
from sync_protocol.places import parse_scope


class Position(NamedTuple):
    """An event named by another: who wrote it, where in its stream, and the first bytes of its chain hash."""

    incarnation: bytes
    seq: int
    mark: bytes


class Dep(NamedTuple):
    """A position of another stream that an event relies on."""

    incarnation: bytes
    scope: str
    seq: int


class Head(NamedTuple):
    """How far a stream goes: seq 0 and the stream id while it is empty."""

    seq: int
    hash: bytes


class Header(NamedTuple):
    """What is hashed of an event, in the order of section 3. Exactly one of inline and commitment is not None."""

    seq: int
    kind: int
    kind_version: int
    case_id: bytes | None
    after: Position | None
    deps: tuple[Dep, ...]
    hlc: int
    claimed: int
    actor: str
    inline: bytes | None
    commitment: bytes | None
    ext: dict[int, Any]


class Event(NamedTuple):
    """A header with its bytes and chain hash; salt and body of a body apart, both None where it is not here."""

    header: Header
    header_bytes: bytes
    hash: bytes
    salt: bytes | None
    body: bytes | None


_FIELDS: Final = len(Header._fields)


def body_bytes(event: Event) -> bytes | None:
    """The body, inline or apart; None where a body apart is not here."""
    return event.header.inline if event.header.inline is not None else event.body


def encode_header(header: Header) -> bytes:
    """D(header) of a header whose values are checked by `check_header`; by hand, since admission does it for each.

    Raises TooLarge, and Malformed for an ext that has no encoding.
    """
    seq, kind, kind_version, case_id, after, deps, hlc, claimed, actor, inline, commits, ext = header
    raw = b"".join(
        (
            b"\x8c",
            _int(seq),
            _kind(kind, kind_version),
            b"\xf6" if case_id is None else b"\x50" + case_id,
            b"\xf6" if after is None else b"\x83\x50" + after[0] + _int(after[1]) + b"\x48" + after[2],
            encode([list(dep) for dep in deps]) if deps else b"\x80",
            b"\x1b" + hlc.to_bytes(8, "big") if hlc > 0xFFFFFFFF else _int(hlc),
            b"\x1b" + claimed.to_bytes(8, "big") if claimed > 0xFFFFFFFF else _int(claimed),
            _text(actor),
            b"\xf6\x58\x20" + (commits or b"") if inline is None else _head(0x40, len(inline)) + inline + b"\xf6",
            encode(ext) if ext else b"\xa0",
        )
    )
    if len(raw) > limits.HEADER:
        raise TooLarge(f"header of {len(raw)} bytes, at most {limits.HEADER}")
    return raw


def _int(number: int) -> bytes:
    if 0 <= number < 24:
        return bytes((number,))
    if 24 <= number < 0x100:
        return bytes((24, number))
    if 0x100 <= number < 0x10000:
        return b"\x19" + number.to_bytes(2, "big")
    return _head(0x00, number) if number >= 0 else _head(0x20, -1 - number)


def _head(major: int, number: int) -> bytes:
    if number < 24:
        return bytes((major + number,))
    for extra, length in ((24, 1), (25, 2), (26, 4)):
        if number < 1 << 8 * length:
            return bytes((major + extra,)) + number.to_bytes(length, "big")
    return bytes((major + 27,)) + number.to_bytes(8, "big")


@lru_cache(maxsize=4096)
def _kind(kind: int, kind_version: int) -> bytes:
    return _int(kind) + _int(kind_version)


@lru_cache(maxsize=4096)
def _text(text: str) -> bytes:
    return encode(text)


def load_header(raw: bytes) -> Header:
    """The header of bytes that this node checked before it stored them; nothing is checked again."""
    values = load(raw)
    if values[4] is not None:
        values[4] = Position(*values[4])
    values[5] = tuple(Dep(*dep) for dep in values[5]) if values[5] else ()
    return Header(*values)


def decode_header(raw: bytes) -> Header:
    """The header whose encoding `raw` is. Raises Malformed, TooLarge."""
    return check_header(decode(raw, limit=limits.HEADER))


def check_header(value: Any) -> Header:
    """The header that these values are, each checked for type and bounds. Raises Malformed, TooLarge."""
    if not isinstance(value, list | tuple) or len(value) != _FIELDS:
        raise Malformed(f"header: must be an array of {_FIELDS}")
    header = Header(*value)
    check_int("seq", header.seq, 1, limits.INT_MAX)
    check_int("kind", header.kind, 0, 0xFFFF)
    check_int("kind_version", header.kind_version, 1, 0xFF)
    if header.case_id is not None:
        check_bytes("case_id", header.case_id, limits.CASE_ID)
    check_int("hlc", header.hlc, 0, limits.INT_MAX)
    check_int("claimed", header.claimed, limits.CLAIMED_MIN, limits.INT_MAX)
    check_actor(header.actor)
    if (header.inline is None) == (header.commitment is None):
        raise Malformed("inline, commitment: exactly one of them must be there")
    if header.inline is not None:
        check_inline(header.inline)
    else:
        check_bytes("commitment", header.commitment, limits.HASH)
    check_ext(header.ext)
    return header._replace(after=check_after(header.after), deps=check_deps(header.deps))


def check_int(field: str, value: Any, lowest: int, highest: int) -> None:
    """Raises Malformed."""
    if type(value) is not int or not lowest <= value <= highest:
        raise Malformed(f"{field}: must be an integer from {lowest} to {highest}")


def check_bytes(field: str, value: Any, length: int) -> None:
    """Raises Malformed."""
    if type(value) is not bytes or len(value) != length:
        raise Malformed(f"{field}: must be {length} bytes")


def check_actor(value: Any) -> None:
    """Raises Malformed, TooLarge."""
    if type(value) is not str:
        raise Malformed("actor: must be a text")
    try:
        length = len(value.encode())
    except UnicodeEncodeError:
        raise Malformed("actor: not Unicode") from None
    if length > limits.ACTOR:
        raise TooLarge(f"actor: {length} bytes, at most {limits.ACTOR}")


def check_inline(value: Any) -> None:
    """Raises Malformed, TooLarge."""
    if type(value) is not bytes:
        raise Malformed("inline: must be bytes or null")
    if len(value) > limits.INLINE_BODY:
        raise TooLarge(f"inline: {len(value)} bytes, at most {limits.INLINE_BODY}")


def check_ext(value: Any) -> None:
    """Raises Malformed."""
    if type(value) is not dict or not all(
        type(key) is int and limits.KEY_MIN <= key <= limits.KEY_MAX for key in value
    ):
        raise Malformed(f"ext: must be a map with integer keys from {limits.KEY_MIN} to {limits.KEY_MAX}")
    level = [item for item in value.values() if isinstance(item, list | tuple | dict)]
    for _ in range(limits.NESTING_EXT):
        members = [member for item in level for member in (item.values() if isinstance(item, dict) else item)]
        level = [member for member in members if isinstance(member, list | tuple | dict)]
    if level:
        raise Malformed(f"ext: its values nest at most {limits.NESTING_EXT} deep")


def check_after(value: Any) -> Position | None:
    """Raises Malformed."""
    if value is None:
        return None
    if not isinstance(value, list | tuple) or len(value) != 3:
        raise Malformed("after: must be null or [incarnation, seq, mark]")
    check_bytes("after incarnation", value[0], limits.INCARNATION)
    check_int("after seq", value[1], 1, limits.INT_MAX)
    check_bytes("after mark", value[2], limits.MARK)
    return Position(*value)


def check_deps(value: Any) -> tuple[Dep, ...]:
    """Raises Malformed, TooLarge."""
    if not isinstance(value, list | tuple):
        raise Malformed("deps: must be an array")
    if len(value) > limits.DEPS:
        raise TooLarge(f"deps: {len(value)}, at most {limits.DEPS}")
    for dep in value:
        if not isinstance(dep, list | tuple) or len(dep) != 3 or type(dep[1]) is not str:
            raise Malformed("deps: each must be [incarnation, scope, seq]")
        check_bytes("deps incarnation", dep[0], limits.INCARNATION)
        try:
            parse_scope(dep[1])
        except Malformed as error:
            raise Malformed(f"deps: {error}") from None
        check_int("deps seq", dep[2], 1, limits.INT_MAX)
    return tuple(Dep(*dep) for dep in value)


def check_body(value: Any) -> None:
    """A body apart. Raises Malformed, TooLarge."""
    if type(value) is not bytes:
        raise Malformed("body: must be bytes")
    if len(value) > limits.BODY_APART:
        raise TooLarge(f"body: {len(value)} bytes, at most {limits.BODY_APART}")


def item_hash(header_bytes: bytes) -> bytes:
    """item(n): what the chain takes of an event."""
    return sha256(b"\x00" + header_bytes).digest()


def chain(previous: bytes, item: bytes) -> bytes:
    """h(n) from h(n-1) and item(n)."""
    return sha256(b"\x01" + previous + item).digest()


def commitment(salt: bytes, body: bytes) -> bytes:
    """What the header carries of a body held apart."""
    return sha256(salt + body).digest()


def fits(event: Event, salt: bytes, body: bytes) -> bool:
    """Whether these are the salt and the body that the event's header committed to."""
    return len(salt) == limits.SALT and commitment(salt, body) == event.header.commitment


def mark(chain_hash: bytes) -> bytes:
    """The first bytes of a hash, enough to tell two branches apart."""
    return chain_hash[: limits.MARK]
