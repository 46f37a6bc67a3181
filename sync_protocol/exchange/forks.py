"""Field 22: how two sides find where a stream parts, and how the proof of it gets about."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final, NamedTuple

from sync_protocol import limits
from sync_protocol.errors import Malformed, TooLarge
from sync_protocol.event import check_bytes, check_int
from sync_protocol.evidence import PROBES, Arm, ForkProof, from_bytes, read_arm, to_bytes
from sync_protocol.wire import Tables

Path = tuple[tuple[int, bytes], ...]  # (seq, mark) of each proven arm that a branch runs over, ascending
NO_PATH: Final[Path] = ()
# What a vector shows of a stream with more arms than are kept: no event has this mark.
SHATTERED: Final[Path] = ((1, bytes(limits.MARK)),)


class Probe(NamedTuple):
    """Which marks do you hold at these positions of this branch?"""

    incarnation: bytes
    scope: str
    path: Path
    seqs: tuple[int, ...]


class Marks(NamedTuple):
    """The marks held at some positions of a branch: the answer to a probe, or told when two heads disagree."""

    incarnation: bytes
    scope: str
    path: Path
    marks: dict[int, bytes]


class ArmShown(NamedTuple):
    """What the sender holds from a split on: who holds another event there makes the proof of it."""

    incarnation: bytes
    scope: str
    split: int
    base: bytes
    arm: Arm


@dataclass(slots=True)
class ForkTalk:
    """All that one message says of forks."""

    probes: list[Probe] = field(default_factory=list)
    marks: list[Marks] = field(default_factory=list)
    arms: list[ArmShown] = field(default_factory=list)
    proofs: list[ForkProof] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.probes or self.marks or self.arms or self.proofs)


def talk_values(talk: ForkTalk, tables: Tables) -> list[Any]:
    """Field 22; what it names enters `tables`."""
    stream = tables.stream
    return [
        [[stream(*one[:2]), path_values(one.path), list(one.seqs)] for one in talk.probes],
        [[stream(*one[:2]), path_values(one.path), _flat(sorted(one.marks.items()))] for one in talk.marks],
        [[stream(*one[:2]), one.split, one.base, list(one.arm.items), one.arm.signature] for one in talk.arms],
        [to_bytes(proof) for proof in talk.proofs],
    ]


def path_values(path: Path) -> list[Any]:
    """A path as the wire carries it: seq, mark, seq, mark ..."""
    return _flat(path)


def _flat(pairs: Iterable[tuple[int, bytes]]) -> list[Any]:
    return [value for pair in pairs for value in pair]


def read_talk(value: Any, tables: Tables) -> ForkTalk:
    """What field 22 says. Raises Malformed, TooLarge; whether a proof holds is asked of the roster later."""
    if not isinstance(value, list) or len(value) != 4:
        raise Malformed("forks: must be an array of probes, marks, arms and proofs")
    for rows in value:
        if not isinstance(rows, list):
            raise Malformed("forks: each part must be an array")
        if len(rows) > limits.FORK_ROWS_A_MESSAGE:
            raise TooLarge(f"forks: {len(rows)} rows of a part, at most {limits.FORK_ROWS_A_MESSAGE}")
    probes, marks, arms, proofs = value
    talk = ForkTalk()
    for stream, path, seqs in _rows("probe", probes, 3):
        if not isinstance(seqs, list) or not 1 <= len(seqs) <= PROBES:
            raise Malformed(f"probe: 1 to {PROBES} positions")
        for seq in seqs:
            check_int("probe seq", seq, 1, limits.INT_MAX)
        talk.probes.append(Probe(*tables.stream_at(stream), read_path(path), tuple(seqs)))
    for stream, path, told in _rows("marks", marks, 3):
        pairs = read_path(told, most=PROBES + 1)
        talk.marks.append(Marks(*tables.stream_at(stream), read_path(path), dict(pairs)))
    for stream, split, base, items, signature in _rows("arm", arms, 5):
        check_int("arm split", split, 1, limits.INT_MAX - limits.SEGMENT_EVENTS)
        check_bytes("arm base", base, limits.HASH)
        talk.arms.append(ArmShown(*tables.stream_at(stream), split, base, read_arm(items, signature)))
    for raw in proofs:
        if type(raw) is not bytes:
            raise Malformed("fork proof: must be bytes")
        talk.proofs.append(from_bytes(raw))
    return talk


def read_path(value: Any, most: int = limits.FORK_ARMS + 2) -> Path:
    """Pairs of seq and mark, ascending by seq. Raises Malformed, TooLarge."""
    if not isinstance(value, list) or len(value) % 2:
        raise Malformed("path: must be pairs of seq and mark")
    if len(value) > 2 * most:
        raise TooLarge(f"path: {len(value) // 2} pairs, at most {most}")
    path = tuple(zip(value[::2], value[1::2], strict=True))
    for seq, mark in path:
        check_int("path seq", seq, 1, limits.INT_MAX)
        check_bytes("path mark", mark, limits.MARK)
    if any(one[0] >= other[0] for one, other in pairwise(path)):
        raise Malformed("path: its positions must ascend")
    return path


def _rows(name: str, rows: list[Any], width: int) -> list[list[Any]]:
    if not all(isinstance(row, list) and len(row) == width for row in rows):
        raise Malformed(f"{name}: must be an array of {width}")
    return rows
