"""Deterministic CBOR and the one strict decoder: it accepts x only if x is exactly the encoding of its value."""

import re
from typing import Any, Final

import cbor2

from sync_protocol import limits
from sync_protocol.errors import Malformed, TooLarge

_SCALARS: Final = frozenset({int, bytes, str, bool, type(None)})
_KNOWN: Final = _SCALARS | {list, tuple, dict}

# A head is one byte: three bits of kind, five of argument; 24 to 27 say that it follows in 1, 2, 4 or 8 bytes.
_INTEGER, _NEGATIVE, _BYTES, _TEXT, _ARRAY, _MAP = range(6)
_BYTES_24, _TEXT_24 = 0x58, 0x78  # of a length that follows in one byte
_FALSE, _NULL = 0xF4, 0xF6
# Of each head how long the whole is, where the head alone tells and nothing in it can be wrong: short scalars; else 0.
_WHOLE: Final = bytes(
    1 if (head >> 5 <= _NEGATIVE and head & 31 < 24) or _FALSE <= head <= _NULL
    else 1 + (head & 31) if head >> 5 in (_BYTES, _TEXT) and head & 31 < 24
    else 0
    for head in range(256)
)  # fmt: skip
_LEAST_IN: Final = {24: 24, 25: 0x100, 26: 0x10000, 27: 0x100000000}
_SHORT: Final = re.compile(rb"[\x00-\x17\x20-\x37\xf4-\xf6]*")  # scalars of one byte


def encode(value: Any) -> bytes:
    """D(value): the only encoding of a value of section 2. Raises Malformed for a value that has none."""
    _check(value)
    try:
        return cbor2.dumps(value, canonical=True)
    except ValueError as error:  # a lone surrogate in a text
        raise Malformed(f"text that is not Unicode: {error}") from None


def encode_own(value: Any) -> bytes:
    """D(value) of a value this program has built of checked parts: looking through all of it again costs a relay 5 %.

    Nothing that `encode` refuses may be in it; the receiver's `decode` would refuse the whole.
    """
    return cbor2.dumps(value, canonical=True)


def decode(raw: bytes, *, limit: int = limits.UNPACKED, maps: bool = True) -> Any:
    """The value whose encoding `raw` is: ints, bytes, str, bool, None, lists, dicts.

    `limit` bounds the bytes. `maps=False` refuses maps: for what holds none by its form. Raises Malformed or
    TooLarge, nothing else.
    """
    if len(raw) > limit:
        raise TooLarge(f"{len(raw)} bytes, at most {limit}")
    _scan(raw, maps)
    try:
        return cbor2.loads(raw)
    except cbor2.CBORDecodeError as error:
        raise Malformed(f"a text that is not UTF-8: {error}") from None


def _scan(raw: bytes, maps: bool) -> None:
    """Refuse what is not the one encoding of a value of section 2, before anything is built from it.

    Decoding first and looking afterwards would come too late: shared values can grow without end, and keys made to
    collide cost time beyond measure.
    """
    try:
        at = _end(raw, 0, maps, 0)
    except IndexError:
        raise Malformed("ends early") from None
    if at != len(raw):
        raise Malformed("ends early" if at > len(raw) else f"{len(raw) - at} bytes left over")


def _array_end(raw: bytes, at: int, members: int, maps: bool, depth: int) -> int:
    """Where so many values end. Beyond the end of `raw` nothing is found (IndexError), or who asks sees it."""
    whole = _WHOLE
    if members > 8 and (short := _SHORT.match(raw, at, at + members)):
        members -= short.end() - at
        at = short.end()
    for _ in range(members):
        head = raw[at]
        if length := whole[head]:  # the commonest first
            at += length
        elif head in (_BYTES_24, _TEXT_24) and raw[at + 1] >= 24:
            at += 2 + raw[at + 1]
        else:
            at = _end(raw, at, maps, depth)
    return at


def _map_end(raw: bytes, at: int, pairs: int, maps: bool, depth: int) -> int:
    """Where so many pairs end, their keys in order and none twice."""
    whole = _WHOLE
    number, key = -1, b""  # the last key: a number while only those from 0 came
    for _ in range(pairs):
        head = raw[at]
        if number < head < 24:
            number = head
            at += 1
        else:
            length = whole[head] if head >> 5 == _TEXT else 0  # a short text; beyond the end nothing is found
            end = at + length if length else _key_end(raw, at)
            before, key, number = key, raw[at:end], 24
            if head < 24 or key <= before:
                raise Malformed("a map key twice, or keys out of order")
            at = end
        head = raw[at]
        if length := whole[head]:
            at += length
        elif head in (_BYTES_24, _TEXT_24) and raw[at + 1] >= 24:
            at += 2 + raw[at + 1]
        else:
            at = _end(raw, at, maps, depth)
    return at


def _end(raw: bytes, at: int, maps: bool, depth: int) -> int:
    """Where a value ends, of whatever kind; `depth`: in how many containers it stands."""
    head = raw[at]
    kind, argument = head >> 5, head & 31
    at += 1
    if argument >= 24 and kind < 7:
        at, argument = _long_argument(raw, at, argument)
    if kind <= _NEGATIVE:
        if argument > limits.INT_MAX:
            raise Malformed("an integer beyond 64 bits")
        return at
    if kind <= _TEXT:
        return at + argument
    if kind <= _MAP:
        if kind == _MAP and not maps:
            raise Malformed("a map where none may be")
        if depth == limits.NESTING:
            raise Malformed(f"nested more than {limits.NESTING} deep")
        if argument > len(raw):
            raise Malformed("ends early")
        inside = _map_end if kind == _MAP else _array_end
        return inside(raw, at, argument, maps, depth + 1)
    if not _FALSE <= head <= _NULL:
        raise Malformed("a float, a tag or another value that section 2 does not know")
    return at


def _long_argument(raw: bytes, at: int, argument: int) -> tuple[int, int]:
    """(where it ends, the argument) of a head whose argument follows it."""
    least = _LEAST_IN.get(argument)
    if least is None:
        raise Malformed("an indefinite length or a reserved head")
    end = at + (1 << argument - 24)
    value = int.from_bytes(raw[at:end], "big")
    if end > len(raw):
        raise Malformed("ends early")
    if value < least:
        raise Malformed("not the shortest form")
    return end, value


def _key_end(raw: bytes, at: int) -> int:
    """Where the map key ends that begins here: an integer from -24 to 23, or a text."""
    head = raw[at]
    if head < 24 or 0x20 <= head < 0x38:
        return at + 1
    if head >> 5 != _TEXT:
        raise Malformed("a map key that is neither a text nor an integer from -24 to 23")
    at += 1
    length = head & 31
    if length >= 24:
        at, length = _long_argument(raw, at, length)
    if at + length > len(raw):
        raise Malformed("ends early")
    return at + length


def load(raw: bytes) -> Any:
    """The value of bytes that this node encoded or checked itself, and kept since; not for what somebody sends."""
    return cbor2.loads(raw)


def _check(value: Any) -> None:
    """Refuse what section 2 does not know: level by level, and a container's members all at once."""
    level: list[Any] = [[value]]
    for _ in range(limits.NESTING + 1):
        below: list[Any] = []
        for container in level:
            if type(container) is dict:
                _check_keys(container)
                container = container.values()
            kinds = set(map(type, container))
            if not kinds <= _KNOWN:
                strange = ", ".join(sorted(kind.__name__ for kind in kinds - _KNOWN))
                raise Malformed(f"a value of a kind that section 2 does not know: {strange}")
            if int in kinds:
                _check_ints(container if len(kinds) == 1 else [item for item in container if type(item) is int])
            if not kinds <= _SCALARS:
                below += [item for item in container if type(item) not in _SCALARS]
        if not below:
            return
        level = below
    raise Malformed(f"nested more than {limits.NESTING} deep")


def _check_keys(mapping: dict[Any, Any]) -> None:
    for key in mapping:
        kind = type(key)
        if kind is not str and (kind is not int or not limits.KEY_MIN <= key <= limits.KEY_MAX):
            raise Malformed("a map key that is neither a text nor an integer from -24 to 23")


def _check_ints(numbers: Any) -> None:
    if max(numbers) > limits.INT_MAX or min(numbers) < limits.INT_MIN:
        raise Malformed("an integer beyond 64 bits")
