"""Which moments a power cut is tried at, and what it does to what was not yet synced then: by chance, and by rule.

A window is a stretch of the log in which nothing is synced and nobody is told anything. Every state that a cut inside
it can leave is also one of its end, with the operations after the cut lost; so only ends of windows are looked at.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate, combinations, product
from typing import Final, NamedTuple

from tests.crash.disk import GROWN, KEPT, LOST, Disk, sectors
from tests.crash.operations import Mark, Operation, Settled, Sync, SyncFolder, Truncate, Write

ALL_SUBSETS_UP_TO: Final = 10  # pending operations; beyond them the rules of `by_rule` choose
TRIES: Final = 8  # draws for one state that was not there before


class Window(NamedTuple):
    """The disk at a window's end (it changes with the next one), and how many marks had been made."""

    number: int
    disk: Disk
    marks: int


class State(NamedTuple):
    """One crashed disk: a window and the fate of each operation pending there. `garbage`: in SQLite's shared memory."""

    window: Window
    fates: tuple[int, ...]
    garbage: bool


def windows(log: Sequence[Operation]) -> Iterator[Window]:
    """Every window after all was settled."""
    disk, marks, number = Disk(), 0, 0
    settled = not any(isinstance(each, Settled) for each in log)
    for operation in log:
        ends = isinstance(operation, Sync | SyncFolder | Mark)
        if settled and ends:
            yield Window(number, disk, marks)
            number += 1
        disk.do(operation)
        settled = settled or isinstance(operation, Settled)
        marks += isinstance(operation, Mark)
    yield Window(number, disk, marks)


def exhaustive(log: Sequence[Operation]) -> Iterator[State]:
    """Every window; every subset of what is pending, up to ALL_SUBSETS_UP_TO operations, and beyond that by rule."""
    for window in windows(log):
        seen = set()
        for fates in by_rule(window.disk.pending):
            if fates not in seen:
                seen.add(fates)
                yield State(window, fates, garbage=len(seen) % 8 == 0)


def at_each_write(log: Sequence[Operation], share: int = 0, shares: int = 1) -> Iterator[State]:
    """A disk that keeps the order, and a cut before each operation and after the last. A process has every so many."""
    number = 0
    for window in windows(log):
        size = len(window.disk.pending)
        for n in range(size + 1):
            if number % shares == share:
                yield State(window, (KEPT,) * n + (LOST,) * (size - n), garbage=False)
            number += 1


def by_rule(pending: Sequence[Operation]) -> Iterator[tuple[int, ...]]:
    """Of few operations every subset; of many: the first n, all but the first n, all but one, all but two, only one.

    Then each write torn after each of its sectors and before each of them, with all before it kept, or all.
    """
    size = len(pending)
    if size <= ALL_SUBSETS_UP_TO:
        yield from product((LOST, KEPT), repeat=size)
    else:
        everything = [KEPT] * size
        for n in range(size + 1):
            yield (*everything[:n], *[LOST] * (size - n))
            yield (*[LOST] * n, *everything[n:])
        for number in (1, 2):
            for lost in combinations(range(size), number):
                yield tuple(LOST if at in lost else KEPT for at in range(size))
        for kept in range(size):
            yield tuple(KEPT if at == kept else LOST for at in range(size))
    for at, operation in enumerate(pending):
        if isinstance(operation, Write):
            count = sectors(operation)
            for n in range(count):
                first, rest = (1 << n) - 1, ((1 << count) - 1) & ~((1 << n) - 1)
                for mask in {first | GROWN, first, rest if n else GROWN} - {LOST}:
                    yield (*[KEPT] * at, mask, *[LOST] * (size - at - 1))
                    yield (*[KEPT] * at, mask, *[KEPT] * (size - at - 1))


def drawn(log: Sequence[Operation], count: int, seed: str, share: int = 0, shares: int = 1) -> Iterator[State]:
    """`count` different states (fewer where there are not so many) of all windows, those with more pending oftener.

    Of `shares` processes this one has its part of the windows, side by side: neighbours leave equal disks.
    """
    sizes = [len(window.disk.pending) for window in windows(log)]
    spread = _spread(sizes, count, random.Random(seed))
    before = accumulate(spread, initial=0)
    for window, wanted, drawn_before in zip(windows(log), spread, before, strict=False):
        if drawn_before * shares // max(1, sum(spread)) == share:
            chance = random.Random(f"{seed} {window.number}")
            for fates in _some(window.disk.pending, wanted, chance):
                yield State(window, fates, garbage=chance.random() < 0.125)


def _spread(sizes: Sequence[int], count: int, chance: random.Random) -> list[int]:
    """How many of `count` states each window gets: by how much is pending there, and no more than it has."""
    room = [2 ** min(size, 24) for size in sizes]
    found = [0] * len(sizes)
    while count > sum(found) and any(room):
        weights = [(min(size, 12) + 1) * (left > 0) for size, left in zip(sizes, room, strict=True)]
        for number in chance.choices(range(len(sizes)), weights, k=count - sum(found)):
            if room[number]:
                room[number] -= 1
                found[number] += 1
    return found


def _some(pending: Sequence[Operation], wanted: int, chance: random.Random) -> Iterator[tuple[int, ...]]:
    """Different fates: none kept and all kept first, then drawn; fewer where it keeps drawing what it has drawn."""
    seen: set[tuple[int, ...]] = set()
    for fates in ((LOST,) * len(pending), (KEPT,) * len(pending)):
        if len(seen) < wanted and fates not in seen:
            seen.add(fates)
            yield fates
    failed = 0
    while len(seen) < wanted and failed < TRIES * 4:
        fates = _torn(pending, chance.choice(WAYS)(pending, chance), chance)
        if fates in seen:
            failed += 1
        else:
            failed = 0
            seen.add(fates)
            yield fates


def scattered(pending: Sequence[Operation], chance: random.Random) -> list[int]:
    """Each by itself, likely or unlikely."""
    share = chance.choice((0.1, 0.3, 0.5, 0.7, 0.9))
    return [KEPT if chance.random() < share else LOST for _ in pending]


def early(pending: Sequence[Operation], chance: random.Random) -> list[int]:
    """The first ones, as from a disk that keeps the order."""
    n = chance.randint(0, len(pending))
    return [KEPT] * n + [LOST] * (len(pending) - n)


def late(pending: Sequence[Operation], chance: random.Random) -> list[int]:
    """The last ones only."""
    n = chance.randint(0, len(pending))
    return [LOST] * n + [KEPT] * (len(pending) - n)


def one_missing(pending: Sequence[Operation], chance: random.Random) -> list[int]:
    """All but one."""
    fates = [KEPT] * len(pending)
    if pending:
        fates[chance.randrange(len(pending))] = LOST
    return fates


def one_only(pending: Sequence[Operation], chance: random.Random) -> list[int]:
    """One and no other."""
    return [LOST if fate == KEPT else KEPT for fate in one_missing(pending, chance)]


def file_by_file(pending: Sequence[Operation], chance: random.Random) -> list[int]:
    """All of a file or nothing of it; all names or none."""
    names = 0  # no file has this number
    files = [each.inode if isinstance(each, Write | Truncate) else names for each in pending]
    kept = {file: chance.random() < 0.5 for file in sorted(set(files))}
    return [KEPT if kept[file] else LOST for file in files]


WAYS: Final[tuple[Callable[[Sequence[Operation], random.Random], list[int]], ...]] = (
    scattered,
    scattered,
    early,
    early,
    late,
    one_missing,
    one_only,
    file_by_file,
)


def _torn(pending: Sequence[Operation], fates: list[int], chance: random.Random) -> tuple[int, ...]:
    """In half of all cases tear writes: some sectors of some of them come through, with the size or without."""
    if chance.random() < 0.5:
        return tuple(fates)
    often = chance.choice((0.05, 0.3, 1.0))
    for at, operation in enumerate(pending):
        if isinstance(operation, Write) and chance.random() < often:
            count = sectors(operation)
            mask = chance.choice((chance.getrandbits(count), (1 << chance.randint(0, count)) - 1))
            fates[at] = mask | (GROWN if chance.random() < 0.3 else 0)
    return tuple(fates)
