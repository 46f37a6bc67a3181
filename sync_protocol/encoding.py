"""Deterministic CBOR and the one strict decoder: it accepts x only if x is exactly the encoding of its value."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NoReturn

import cbor2

from sync_protocol import limits
from sync_protocol.errors import Malformed, TooLarge

_SCALARS: Final = frozenset({int, bytes, str, bool, type(None)})
_KNOWN: Final = _SCALARS | {list, tuple, dict}


class _NoTags(Mapping[int, NoReturn]):
    """Refuses every tag while decoding, before a tag can build anything (shared references can grow without end)."""

    def __getitem__(self, tag: int) -> NoReturn:
        raise ValueError(f"tag {tag}")

    def __iter__(self) -> Iterator[int]:
        return iter(())

    def __len__(self) -> int:
        return 1  # an empty mapping would count as absent


_NO_TAGS: Final = _NoTags()


def encode(value: Any) -> bytes:
    """D(value): the only encoding of a value of section 2. Raises Malformed for a value that has none."""
    _check(value)
    try:
        return cbor2.dumps(value, canonical=True)
    except ValueError as error:  # a lone surrogate in a text
        raise Malformed(f"text that is not Unicode: {error}") from None


def decode(raw: bytes, *, limit: int = limits.UNPACKED, maps: bool = True) -> Any:
    """The value whose encoding `raw` is: ints, bytes, str, bool, None, lists, dicts.

    `limit` bounds the bytes. `maps=False` refuses maps altogether: for messages whose sender is not yet known, since
    keys made to collide cost time. Raises Malformed or TooLarge, nothing else.
    """
    if len(raw) > limit:
        raise TooLarge(f"{len(raw)} bytes, at most {limit}")
    try:
        value = cbor2.loads(
            raw,
            semantic_decoders=_NO_TAGS,
            max_depth=limits.NESTING,
            allow_indefinite=False,
            allow_duplicate_keys=False,
            strict_hashable_types=not maps,
        )
    except (cbor2.CBORDecodeError, ValueError, TypeError, OverflowError) as error:
        raise Malformed(f"not the encoding of section 2: {error}") from None
    _check(value, maps=maps)
    # Everything _check lets through has one encoding, so this finds longer heads, misplaced keys and trailing bytes.
    if cbor2.dumps(value, canonical=True) != raw:
        raise Malformed("not the shortest form, keys out of order, or bytes left over")
    return value


def load(raw: bytes) -> Any:
    """The value of bytes that this node encoded or checked itself, and kept since; not for what somebody sends."""
    return cbor2.loads(raw)


def _check(value: Any, *, maps: bool = True) -> None:
    """Refuse what section 2 does not know: level by level, and a container's members all at once."""
    level: list[Any] = [[value]]
    for _ in range(limits.NESTING + 1):
        below: list[Any] = []
        for container in level:
            if type(container) is dict:
                if not maps:
                    raise Malformed("a map where none may be")
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
