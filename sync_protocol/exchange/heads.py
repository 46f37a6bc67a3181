"""The roster in the exchange: how far each part goes here, and the changes a peer lacks by what it says of itself."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sync_protocol import limits
from sync_protocol.event import mark
from sync_protocol.roster import Change, Roster

_CHANGES_BYTES = limits.MESSAGE // 2  # leaves room for everything else a message must say


class RosterHead(NamedTuple):
    """How far a part of the roster goes; `mark` is of the hash of the last payload. `split`: the number at which the
    part is known to be forked (0: not at all), which field 23.8 says and not the head itself."""

    part: str
    epoch: int
    n: int
    mark: bytes
    split: int = 0


def roster_heads(roster: Roster, child_place: str) -> list[RosterHead]:
    """The heads held here of the parts that the child of this exchange keeps. Raises UnknownPlace."""
    held = roster.heads()
    return [
        RosterHead(
            part,
            held[part][0],
            held[part][1],
            mark(held[part][2]),
            roster.forks[part].split if part in roster.forks else 0,
        )
        for part in roster.parts_for(child_place)
        if part in held
    ]


def changes_lacking(roster: Roster, child_place: str, theirs: Iterable[RosterHead]) -> tuple[list[Change], bool]:
    """The changes a side with these heads lacks of those parts, in ascending n, and whether more are left for later.

    Raises UnknownPlace.
    """
    there = {head.part: head for head in theirs}
    lacking = [change for part in roster.parts_for(child_place) for change in _lacking(roster, part, there.get(part))]
    changes = fitting(lacking)
    return changes, len(changes) < len(lacking)


def fitting(changes: Iterable[Change]) -> list[Change]:
    """As many of these changes, from the first on, as one message has room for."""
    taken: list[Change] = []
    size = 0
    for change in changes:
        size += len(change.payload) + 128 * len(change.signatures)
        if size > _CHANGES_BYTES or len(taken) == limits.ROSTER_CHANGES_A_MESSAGE:
            break
        taken.append(change)
    return taken


def goes_further(mine: Sequence[RosterHead], theirs: Iterable[RosterHead]) -> bool:
    """Whether the other side holds what may be taken here: of a part forked here only what a later root has signed."""
    held = {head.part: head for head in mine}
    for head in theirs:
        own = held.get(head.part)
        if own is None or head.epoch > own.epoch or (not own.split and (head.epoch, head.n) > (own.epoch, own.n)):
            return True
    return False


def _lacking(roster: Roster, part: str, head: RosterHead | None) -> list[Change]:
    """What a side with this head of a part lacks of it."""
    if head is None:
        return roster.changes_after(part, 0, 0)
    ruled = [ruling.split for ruling in roster.rulings(part) if ruling.epoch > head.epoch]
    if ruled and not (1 <= head.n <= roster.length(part) and mark(roster.hash_at(part, head.n)) == head.mark):
        # It is of a chain that was overruled, or may be; where it parts from ours below what was ruled on, only the
        # whole leads it over. Who knows of the fork knows where.
        whole = list(roster.changes(part))
        parts_further_down = head.n < min(ruled) and head.n <= roster.length(part)
        if parts_further_down or (head.split < min(ruled) and len(fitting(whole)) == len(whole)):
            return whole
        return whole[min([*ruled, head.n + 1]) - 1 :]
    found = roster.changes_after(part, head.epoch, head.n)
    fork = roster.forks.get(part)
    if fork is not None:  # what lies behind would not be taken
        return found[: max(fork.split - 1 - head.n, 0)]
    return found if not head.split or roster.is_settled(part, head.split) else []
