"""The roster in the exchange: how far each part goes here, and the changes a peer lacks by what it says of itself."""

from collections.abc import Iterable
from typing import NamedTuple

from sync_protocol import limits
from sync_protocol.event import mark
from sync_protocol.roster import Change, Roster

_CHANGES_BYTES = limits.MESSAGE // 2  # leaves room for everything else a message must say


class RosterHead(NamedTuple):
    """How far a part of the roster goes; `mark` is of the hash of the last payload."""

    part: str
    epoch: int
    n: int
    mark: bytes


def roster_heads(roster: Roster, child_place: str) -> list[RosterHead]:
    """The heads held here of the parts that the child of this exchange keeps. Raises UnknownPlace."""
    held = roster.heads()
    return [
        RosterHead(part, held[part][0], held[part][1], mark(held[part][2]))
        for part in roster.parts_for(child_place)
        if part in held
    ]


def changes_lacking(roster: Roster, child_place: str, theirs: Iterable[RosterHead]) -> tuple[list[Change], bool]:
    """The changes a side with these heads lacks of those parts, in ascending n, and whether more are left for later.

    Raises UnknownPlace.
    """
    there = {head.part: head for head in theirs}
    changes: list[Change] = []
    size = 0
    for part in roster.parts_for(child_place):
        head = there.get(part)
        for change in roster.changes_after(part, head.epoch if head else 0, head.n if head else 0):
            size += len(change.payload) + 128 * len(change.signatures)
            if size > _CHANGES_BYTES or len(changes) == limits.ROSTER_CHANGES_A_MESSAGE:
                return changes, True
            changes.append(change)
    return changes, False
