"""What a county publishes for everybody below it: events about no case in its ``below:`` scope, as readers see them."""

from collections.abc import Callable, Mapping
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from sync_protocol import encoding, errors
from sync_protocol.event import Position

Said = TypeVar("Said")


class Publication(NamedTuple, Generic[Said]):
    """What was said, who said it, and where and when. ``rank``: of the author's place, 0 for the root; ``order``: of
    its incarnation in the roster."""

    position: Position
    place: str
    rank: int
    order: int
    claimed_ms: int
    said: Said


class Written(Protocol):
    """An event about no case, as far as its place in the order goes."""

    @property
    def position(self) -> Position: ...

    @property
    def order(self) -> int: ...


def age(each: Written) -> tuple[int, int, bytes, bytes]:
    """By which publications of one rank and the entries of a register are put in order, the same at every node: of a
    later life later, of one life by their seq."""
    incarnation, seq, mark = each.position
    return each.order, seq, mark, incarnation


def body_of(raw: bytes, first_wrong: Callable[[Mapping[int, Any]], str | None]) -> dict[int, Any] | None:
    """The fields of a body by number, in which ``first_wrong`` finds none; None where one does not fit its form."""
    try:
        body = encoding.decode(raw)
    except errors.ProtocolError:
        return None
    if type(body) is not dict or not all(type(key) is int and key >= 0 for key in body):
        return None
    return body if first_wrong(body) is None else None
