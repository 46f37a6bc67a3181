"""Series of document numbers: what of each is there, what is missing, and what was given to no event that counts.

A number counts up from 1 in each series (incarnation, department, year, mark). What a reader holds tells which are
there; what lies below the highest and is not there is a gap.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Final, NamedTuple

from sync_protocol.case.events import Position
from sync_protocol.case.numbers import incarnation_tag, parse_document_number, place_prefix

MOST_LISTED: Final = 500  # of one series: a counter that jumped is told by its first gaps


class Borne(NamedTuple):
    """A number as an event bears it: at which place by which incarnation, and whether the event counts."""

    number: str
    position: Position
    place: str
    counts: bool


class Odd(NamedTuple):
    """One number of a series that is not simply there. ``what``: ``missing``, ``uncounted`` (no event that bears it
    counts), ``twice`` (more than one that counts bears it); ``by``: the events that bear it."""

    n: int
    what: str
    by: tuple[Position, ...]


class Series(NamedTuple):
    """One series: how far it has come, how many numbers an event that counts bears, and what is not simply there.
    ``left_off``: how many more of these there are than are listed."""

    department: str
    mark: str
    year: int
    prefix: str
    tag: str
    highest: int
    counted: int
    odd: tuple[Odd, ...]
    left_off: int = 0


def series_of(borne: Iterable[Borne], lives: Collection[bytes]) -> tuple[list[Series], list[Borne]]:
    """The series that these numbers make, and what is no number of its author's own: of another form, or with the tag
    or the place of another. ``lives``: every incarnation of the place, since what an ended one had numbered keeps its
    numbers where the present one has written it again."""
    tags = {incarnation_tag(life) for life in lives}
    found: dict[tuple[str, str, int, str, str], dict[int, list[Borne]]] = defaultdict(lambda: defaultdict(list))
    foreign = []
    for each in borne:
        read = parse_document_number(each.number)
        if read is None or read.prefix != place_prefix(each.place) or read.tag not in tags:
            foreign.append(each)
            continue
        found[read.department, read.mark, read.year, read.prefix, read.tag][read.n].append(each)
    return [_series(key, held) for key, held in sorted(found.items())], sorted(foreign)


def _series(key: tuple[str, str, int, str, str], held: dict[int, list[Borne]]) -> Series:
    highest, counted, odd, left_off = max(held), 0, list[Odd](), 0
    for n in sorted(held):
        bearing = sorted(held[n], key=lambda each: each.position)
        counting = [each for each in bearing if each.counts]
        counted += bool(counting)
        if len(counting) != 1:
            by = tuple([each.position for each in counting or bearing])
            odd.append(Odd(n, "twice" if counting else "uncounted", by))
    missing = highest - len(held)
    room = max(MOST_LISTED - len(odd), 0)
    odd += [Odd(n, "missing", ()) for n in _absent(held, highest, room)]
    left_off = max(missing - room, 0)
    return Series(*key, highest, counted, tuple(sorted(odd)), left_off)


def _absent(held: dict[int, list[Borne]], highest: int, most: int) -> Sequence[int]:
    """The first of the numbers below the highest that are not there."""
    absent: list[int] = []
    before = 0
    for n in sorted(held):
        if len(absent) >= most:
            break
        absent += range(before + 1, min(n, before + 1 + most - len(absent)))
        before = n
    return absent
