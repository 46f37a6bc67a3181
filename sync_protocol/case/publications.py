"""What a county publishes for everybody below it: events about no case in its ``below:`` scope, as readers see them."""

from typing import Generic, NamedTuple, TypeVar

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


def age(each: Publication[Said]) -> tuple[int, int, bytes, bytes]:
    """By which the publications of one rank are put in order, the same at every node."""
    incarnation, seq, mark = each.position
    return each.order, seq, mark, incarnation
