"""The tables of a message: what its fields point into, so that a stream is named once."""

from collections.abc import Callable
from typing import Any, Final, TypeVar

from sync_protocol import limits
from sync_protocol.errors import Malformed, TooLarge
from sync_protocol.event import check_bytes
from sync_protocol.places import parse_scope

_T = TypeVar("_T")

CLOCK_BITS: Final = 16  # a label (hlc) is milliseconds times 2**16, plus a counter


class Tables:
    """What a message points into: incarnations, scopes and streams by their index. One for each message.

    A writer asks for the index of what it names, and puts `values()` into fields 7, 8 and 9. Those of a reply go on
    from those of its request, and from the ancestor who speaks: what both know is not said again.
    """

    __slots__ = (
        "_incarnation_index",
        "_known",
        "_scope_index",
        "_stream_index",
        "clock_ms",
        "incarnations",
        "name",
        "replies",
        "scopes",
        "streams",
    )

    def __init__(self, asked: "Tables | None" = None, ancestor: bytes = b"") -> None:
        """For a message to be written. `asked`: for a reply, the tables of its request, and `ancestor` who replies."""
        self.replies = asked is not None
        # Of the request: labels and the reply's clock count from it.
        self.clock_ms: int = 0 if asked is None else asked.clock_ms
        self.name: Callable[[bytes], bytes] = bytes  # whole, unless the reader is known to know a shorter one
        self.incarnations: list[bytes] = [] if asked is None else [*asked.incarnations, ancestor]
        self.scopes: list[str] = [] if asked is None else [*asked.scopes]
        self.streams: list[tuple[bytes, str]] = [] if asked is None else [*asked.streams]
        self._incarnation_index = {each: index for index, each in enumerate(self.incarnations)}
        self._scope_index = {each: index for index, each in enumerate(self.scopes)}
        self._stream_index = {each: index for index, each in enumerate(self.streams)}
        self._known = len(self.incarnations), len(self.scopes), len(self.streams)

    @classmethod
    def read(
        cls,
        incarnations: Any,
        scopes: Any,
        streams: Any,
        asked: "Tables | None" = None,
        ancestor: bytes = b"",
        named: Callable[[bytes], bytes] | None = None,
    ) -> "Tables":
        """From fields 7, 8 and 9 of a decoded message; an absent field is an empty list. `named`: for a request, whom
        the first bytes of an incarnation stand for. Raises Malformed, TooLarge, and what `named` raises."""
        for field, value in (("incarnations", incarnations), ("scopes", scopes), ("streams", streams)):
            if type(value) is not list:
                raise Malformed(f"{field}: must be an array")
            if len(value) > 2 * limits.VECTOR_ENTRIES:
                raise TooLarge(f"{field}: {len(value)} values")
        tables = cls(asked, ancestor)
        if named is not None:
            incarnations = [named(each) if _is_name(each) else each for each in incarnations]
        for incarnation in incarnations:
            check_bytes("incarnations", incarnation, limits.INCARNATION)
        for scope in scopes:
            if type(scope) is not str:
                raise Malformed("scopes: must be texts")
            parse_scope(scope)
        if len(streams) % 2:
            raise Malformed("streams: must be pairs of an incarnation index and a scope index")
        tables.incarnations += incarnations
        tables.scopes += scopes
        tables.streams += [
            (tables.incarnation_at(streams[i]), tables.scope_at(streams[i + 1])) for i in range(0, len(streams), 2)
        ]
        return tables

    def incarnation(self, incarnation: bytes) -> int:
        """Its index, given one if it has none."""
        index = self._incarnation_index.get(incarnation)
        if index is None:
            index = self._incarnation_index[incarnation] = len(self.incarnations)
            self.incarnations.append(incarnation)
        return index

    def scope(self, scope: str) -> int:
        """Its index, given one if it has none."""
        index = self._scope_index.get(scope)
        if index is None:
            index = self._scope_index[scope] = len(self.scopes)
            self.scopes.append(scope)
        return index

    def stream(self, incarnation: bytes, scope: str) -> int:
        """Its index, given one if it has none."""
        key = (incarnation, scope)
        index = self._stream_index.get(key)
        if index is None:
            self.incarnation(incarnation)
            self.scope(scope)
            index = self._stream_index[key] = len(self.streams)
            self.streams.append(key)
        return index

    def incarnation_at(self, index: Any) -> bytes:
        """The incarnation at an index that a peer sent. Raises Malformed, as the next two."""
        return _at("incarnations", self.incarnations, index)

    def scope_at(self, index: Any) -> str:
        """The scope at an index that a peer sent."""
        return _at("scopes", self.scopes, index)

    def stream_at(self, index: Any) -> tuple[bytes, str]:
        """(incarnation, scope) at an index that a peer sent."""
        return _at("streams", self.streams, index)

    def values(self) -> tuple[list[bytes], list[str], list[int]]:
        """The fields 7, 8 and 9: what the other side does not know yet."""
        incarnations, scopes, streams = self._known
        flat = [
            index
            for incarnation, scope in self.streams[streams:]
            for index in (self._incarnation_index[incarnation], self._scope_index[scope])
        ]
        return [*map(self.name, self.incarnations[incarnations:])], self.scopes[scopes:], flat

    @property
    def counts_from(self) -> int:
        """The clock of the request, within the bounds of what anything may count from; ms since 1970."""
        return min(max(self.clock_ms, 0), limits.CLOCK_MS)


def _is_name(value: Any) -> bool:
    return type(value) is bytes and len(value) == limits.NAME


def _at(field: str, values: list[_T], index: Any) -> _T:
    if type(index) is not int or not 0 <= index < len(values):
        raise Malformed(f"{field}: no such index in the message's table")
    return values[index]
