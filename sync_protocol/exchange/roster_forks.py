"""Forks of the roster in the exchange: who knows of which, where two chains part, and the proofs a peer lacks.

A head says by its `split` that its sender knows of a fork of that part. Where two heads disagree and neither says so,
a side shows its *trail*: marks near its head and evenly from there to the first. The other then sends its changes from
the last one that is equal here and there, and the first of them that differs makes the proof.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sync_protocol import limits
from sync_protocol.errors import Malformed, TooLarge
from sync_protocol.event import check_int, mark
from sync_protocol.exchange.forks import Path, path_values, read_path
from sync_protocol.exchange.heads import RosterHead, fitting
from sync_protocol.roster import Change, Roster, RosterFork
from sync_protocol.roster.forks import from_bytes, to_bytes

_NEAR = (0, 1, 2, 4, 8, 16)  # below the head
_EVENLY = 48


class Trail(NamedTuple):
    """Marks of a part's chain near its head and evenly below it, ascending."""

    part: str
    marks: Path


@dataclass(slots=True)
class RosterTalk:
    """What one message says of forks of the roster. `known`: part -> the number that two changes bear."""

    known: dict[str, int] = field(default_factory=dict)
    trails: list[Trail] = field(default_factory=list)
    proofs: list[RosterFork] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.known or self.trails or self.proofs)


def roster_talk(roster: Roster, child_place: str, theirs: Iterable[RosterHead] | None) -> RosterTalk:
    """What to say of the parts that the child of an exchange keeps, to who has these heads (None: nobody knows)."""
    parts = roster.parts_for(child_place)
    talk = RosterTalk({part: roster.forks[part].split for part in parts if part in roster.forks})
    for head in theirs or ():
        known = talk.known.get(head.part, 0)
        if head.part not in parts:
            continue
        if known and (head.split == 0 or head.split > known) and len(talk.proofs) < limits.ROSTER_PROOFS_A_MESSAGE:
            talk.proofs.append(roster.forks[head.part])
        elif not known and not head.split and parts_from(roster, head):
            talk.trails.append(trail(roster, head.part))
    return talk


def disagree(roster: Roster, theirs: Iterable[RosterHead]) -> bool:
    """Whether heads are seen to be of another chain, or of who knows of another fork: then each tells what he has."""
    for head in theirs:
        fork = roster.forks.get(head.part)
        if fork is not None:
            if fork.split != head.split:
                return True
        elif (head.split and not roster.is_settled(head.part, head.split)) or (
            not head.split and parts_from(roster, head)
        ):
            return True
    return False


def parts_from(roster: Roster, head: RosterHead) -> bool:
    """Whether a head is seen from here to be of another chain, and no ruling of the root is held that explains it."""
    if not 1 <= head.n <= roster.length(head.part) or mark(roster.hash_at(head.part, head.n)) == head.mark:
        return False
    return all(ruled.epoch <= head.epoch for ruled in roster.rulings(head.part))


def trail(roster: Roster, part: str) -> Trail:
    """The marks that this side shows of a part."""
    n = roster.length(part)
    positions = {n - below for below in _NEAR if below < n} | {1 + (n - 1) * step // _EVENLY for step in range(_EVENLY)}
    return Trail(part, tuple((at, mark(roster.hash_at(part, at))) for at in sorted(positions)))


def changes_after_trail(roster: Roster, child_place: str, shown: Trail) -> list[Change]:
    """What is held here behind the last position of a trail at which both are equal, as far as there is room for it."""
    if shown.part not in roster.parts_for(child_place):
        return []
    held = roster.changes(shown.part)
    equal = [n for n, its in shown.marks if n <= len(held) and mark(roster.hash_at(shown.part, n)) == its]
    return fitting(held[max(equal, default=0) :])


def talk_values(talk: RosterTalk) -> list[Any]:
    """Field 23.8."""
    return [
        [[part, split] for part, split in sorted(talk.known.items())],
        [[shown.part, path_values(shown.marks)] for shown in talk.trails],
        [to_bytes(proof) for proof in talk.proofs],
    ]


def read_talk(value: Any) -> RosterTalk:
    """What field 23.8 says. Raises Malformed, TooLarge; whether a proof holds the roster says later."""
    if not isinstance(value, list) or len(value) != 3 or not all(isinstance(rows, list) for rows in value):
        raise Malformed("roster forks: must be an array of known forks, trails and proofs")
    known, trails, proofs = value
    for rows, most in (
        (known, limits.FORK_ROWS_A_MESSAGE),
        (trails, limits.FORK_ROWS_A_MESSAGE),
        (proofs, limits.ROSTER_PROOFS_A_MESSAGE),
    ):
        if len(rows) > most:
            raise TooLarge(f"roster forks: {len(rows)} rows of one kind, at most {most}")
    for row in (*known, *trails):
        if not isinstance(row, list) or len(row) != 2 or type(row[0]) is not str:
            raise Malformed("roster forks: each must be an array of part and number, or part and path")
    for _, split in known:
        check_int("roster fork split", split, 1, limits.INT_MAX)
    for raw in proofs:
        if type(raw) is not bytes:
            raise Malformed("roster fork proof: must be bytes")
    return RosterTalk(
        dict(known),
        [Trail(part, read_path(path, most=limits.TRAIL)) for part, path in trails],
        [from_bytes(raw) for raw in proofs],
    )


def with_splits(heads: Iterable[RosterHead], known: Mapping[str, int]) -> list[RosterHead]:
    """Heads as they came, with what the same message says of forks."""
    return [head._replace(split=known.get(head.part, 0)) for head in heads]
