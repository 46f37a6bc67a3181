"""The bulletin (通报) of a period as a place publishes it, and the rules by which its score is worked out.

An event of kind 82 lies in the ``below:`` scope of its author's place, apart, about no case. What was published is the
numbers themselves with the rules they were judged by, so it stays what it was whatever arrives later; who reads it
works out scores and ranks again and comes to the same. No field can hold a word about a person: there are numbers,
places, items, departments, and which case a deduction comes from.
"""

from collections.abc import Iterable
from datetime import date
from typing import Final, NamedTuple

from sync_protocol.case import kinds, periods
from sync_protocol.case.events import Position
from sync_protocol.case.publications import age
from sync_protocol.case.tallies import NOTHING, Tally
from sync_protocol.places import PlaceTree

KIND: Final = kinds.BULLETIN
RULES: Final = ("overdue", "bad_rating", "late_answer", "yellow")
DOCUMENT_MAX: Final = 80
NAME_MAX: Final = 60
SEAL_MAX: Final = 40
MOST_PLACES: Final = 600
MOST_DEPARTMENTS: Final = 100
MOST_ITEMS: Final = 600
MOST_DEDUCTIONS: Final = 400
MOST_SERVICES: Final = 600
MOST_POINTS: Final = 1_000
MOST_MARKED: Final = 100


class Rules(NamedTuple):
    """What is taken off for what; ``points`` in the order of RULES. ``flags``: how many get the red flag; ``bottom``:
    how many of the last are named. Without a document number they are the sample that the program brings."""

    base: int
    points: tuple[int, ...]
    flags: int
    bottom: int
    document_no: str = ""
    since: str = ""


class PlaceLine(NamedTuple):
    """The numbers of one place; ``parent``: the place above it in the same list, by its index, -1 for none, of a
    higher level; ``level``: 0 county, 1 township, 2 village or station."""

    place: str
    level: int
    parent: int
    tally: Tally


class ItemLine(NamedTuple):
    """The numbers of one item; ``department``: by its index among the departments."""

    item_no: str
    department: int
    tally: Tally


class Deduction(NamedTuple):
    """What a deduction comes from: by which rule, whose fault, which case, and the day (days since 1970). A department
    is at fault where the place is the county that publishes: ``department`` is its index, -1 elsewhere."""

    rule: int
    place: str
    department: int
    home: str
    case_id: bytes
    day: int


class Bulletin(NamedTuple):
    """What was published of a period: ``late``: of the periods published before, what no bulletin has told yet:
    received, accepted, settled; ``services``: (place, what, how often); ``seal``: the one it bears, by its number."""

    number: str
    kind: str
    period: str
    rules: Rules
    places: tuple[PlaceLine, ...]
    departments: tuple[tuple[str, Tally], ...]
    items: tuple[ItemLine, ...]
    deductions: tuple[Deduction, ...]
    services: tuple[tuple[str, str, int], ...]
    late: tuple[int, int, int] = (0, 0, 0)
    seal: str = ""

    @property
    def whole(self) -> Tally:
        """All places together."""
        sums = NOTHING
        for each in self.places:
            sums = sums.plus(each.tally)
        return sums


class Part(NamedTuple):
    """A piece of a bulletin that is too long for one event: of which number, the how manieth of how many."""

    number: str
    at: int
    of: int
    raw: bytes


class Published(NamedTuple):
    """A bulletin, or rules, with who published it, where and when; ``order``: of its incarnation in the roster."""

    position: Position
    order: int
    place: str
    actor: str
    at_ms: int
    said: Bulletin | Rules | Part


def within(said: Bulletin, place: str, places: PlaceTree) -> bool:
    """Whether every place that a bulletin names is the one that publishes it or stands under that. Under the root all
    do, also those of which a reader's part of the roster does not tell."""
    named = {each.place for each in said.places} | {each[0] for each in said.services}
    named.update(code for each in said.deductions for code in (each.place, each.home))
    return place in places and (place == places.root or named <= set(places.below_or_self(place)))


def counting(published: Iterable[Published]) -> list[Published]:
    """The bulletins that count, of the newest period first: of several that one place published of one period the
    first. What is written again later changes nothing."""
    found: dict[tuple[str, str, str], Published] = {}
    for each in sorted(published, key=age):
        if isinstance(each.said, Bulletin):
            found.setdefault((each.place, each.said.kind, each.said.period), each)
    return sorted(found.values(), key=_newest)


def _newest(each: Published) -> tuple[int, int, str]:
    assert isinstance(each.said, Bulletin)
    first, last = periods.days_of(each.said.kind, each.said.period)
    return -last.toordinal(), first.toordinal() - last.toordinal(), each.place


def rules_for(published: Iterable[Published], day: date) -> Published | None:
    """The rules in force on a day: those that begin last, of several of one day the newest; None where none do."""
    begun = [
        (each.said.since, age(each), each)
        for each in published
        if isinstance(each.said, Rules) and each.said.since <= day.isoformat()
    ]
    return max(begun, key=lambda found: found[:2])[2] if begun else None
