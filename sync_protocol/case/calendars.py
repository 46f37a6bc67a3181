"""The calendar as the county publishes it: one event a year of the calendar, and which of several is in force.

An event of kind 69 lies in the ``below:`` scope of its author's place, so every node under it holds it. All here is a
function of the events held: no clock, no order of arrival.
"""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from itertools import pairwise
from typing import Any, Final, NamedTuple

from sync_protocol import encoding, limits
from sync_protocol.case.bodies import is_int, plain
from sync_protocol.case.fields import STAFF_MAX
from sync_protocol.case.publications import Publication, age, body_of
from sync_protocol.case.workdays import FIRST_DAY, LAST_DAY, Calendar, Span, Year, day_of, day_of_year

KIND: Final = 69
VERSION: Final = 1
DOCUMENT_MAX: Final = 80
REASON_MAX: Final = 100
NAME_MAX: Final = 40
MOST_SPANS: Final = 12
MOST_OFF: Final = 120
MOST_ON: Final = 30
_YEARS: Final = "·"  # between the years of a version


class Announcement(NamedTuple):
    """What one event says of one year: its days, why it was written, and the two persons where the law asks for two."""

    number: int
    year: Year
    reason: str
    proposer: str = ""
    confirmer: str = ""

    @property
    def by_two(self) -> bool:
        """Whether one person proposed it and another confirmed it."""
        return bool(self.proposer and self.confirmer)


def to_bytes(said: Announcement) -> bytes:
    """The body of the event. Raises ValueError naming the field that does not fit its form."""
    year = said.year
    body: dict[int, Any] = {
        0: said.number,
        1: sorted(year.off),
        2: sorted(year.on),
        3: year.announced,
        5: [list(span) for span in year.spans],
        6: said.reason,
    }
    if year.document_no:
        body[4] = year.document_no
    if said.by_two:
        body[7], body[8] = said.proposer, said.confirmer
    wrong = _first_wrong(body)
    raw = encoding.encode(body) if wrong is None else b""
    if wrong is None and len(raw) > limits.INLINE_BODY:
        wrong = "spans"
    if wrong is not None:
        raise ValueError(wrong)
    return raw


def from_bytes(raw: bytes) -> Announcement | None:
    """What a body says; None where it does not fit its form, and then it says nothing."""
    body = body_of(raw, _first_wrong)
    if body is None:
        return None
    spans = tuple(Span(*entry) for entry in body[5])
    year = Year(frozenset(body[1]), frozenset(body[2]), body[3], body.get(4, ""), spans)
    return Announcement(body[0], year, body[6], body.get(7, ""), body.get(8, ""))


def _first_wrong(body: Mapping[int, Any]) -> str | None:
    """The name of the first field that does not fit; None if all do."""
    number = body.get(0)
    if not is_int(number, FIRST_DAY.year, LAST_DAY.year):
        return "year"
    assert type(number) is int
    if not _are_days(body.get(1), MOST_OFF, number, weekend=False):
        return "off"
    if not _are_days(body.get(2), MOST_ON, number, weekend=True):
        return "on"
    if type(body.get(3)) is not bool:
        return "announced"
    if (4 in body or body[3]) and not plain(body.get(4), 1, DOCUMENT_MAX):
        return "document_no"
    spans = body.get(5)
    if type(spans) is not list or len(spans) > MOST_SPANS or not all(_is_span(span, number) for span in spans):
        return "spans"
    if not plain(body.get(6), 1, REASON_MAX):
        return "reason"
    if (7 in body or 8 in body) and not plain(body.get(7), 1, STAFF_MAX):
        return "proposer"
    if 7 in body and (not plain(body.get(8), 1, STAFF_MAX) or body[7] == body[8]):
        return "confirmer"
    return None


def _are_days(days: object, most: int, number: int, *, weekend: bool) -> bool:
    """Whether these are days of that year in ascending order, all of them at the weekend or none."""
    if type(days) is not list or len(days) > most or not all(is_int(day, 1, _length(number)) for day in days):
        return False
    if any(first >= second for first, second in pairwise(days)):
        return False
    first_day = date(number, 1, 1)
    return all(((first_day + timedelta(day - 1)).weekday() >= 5) == weekend for day in days)


def _is_span(span: object, number: int) -> bool:
    if type(span) is not list or len(span) != 4 or not all(is_int(day, 1, _length(number)) for day in span[:2]):
        return False
    return span[0] <= span[1] and plain(span[2], 1, NAME_MAX) and plain(span[3], 0, DOCUMENT_MAX)


def _length(number: int) -> int:
    return day_of_year(date(number, 12, 31))


def in_force(publications: Iterable[Publication[Announcement]]) -> dict[int, Publication[Announcement]]:
    """Which publication of each year is in force: of the place with the lowest rank the newest.

    The newest is that of the incarnation that entered the roster last, and of its own the one with the highest seq. One
    that changes a day gone by is passed over unless two persons made it.
    """
    found: dict[int, Publication[Announcement]] = {}
    for each in sorted(publications, key=lambda one: (-one.rank, age(one))):
        held = found.get(each.said.number)
        # In order of their age, a lower place's first: what a higher place says is new, and moves nobody's past.
        again = held is not None and held.rank == each.rank and not each.said.by_two
        if held is None or not again or not changes_the_past(held.said, each.said, day_of(each.claimed_ms)):
            found[each.said.number] = each
    return found


def changes_the_past(before: Announcement, after: Announcement, today: date) -> bool:
    """Whether another day counts, up to and with today, than did before: dates that people were told would move."""
    changed = (before.year.off ^ after.year.off) | (before.year.on ^ after.year.on)
    if not changed or after.number > today.year:
        return False
    return after.number < today.year or min(changed) <= day_of_year(today)


def calendar_of(publications: Iterable[Publication[Announcement]], own: Calendar) -> Calendar:
    """The calendar in force: what was published, and for years of which nothing was the node's own, if announced: what
    a node computes of a year to come another may compute otherwise.

    Its version names the newest publication of each year in force, so that the same words mean the same days.
    """
    found = in_force(publications)
    known = {number: year for number, year in own.years.items() if year.announced}
    if not found:
        return own if len(known) == len(own.years) else Calendar(own.version, known)
    years = {**known, **{number: each.said.year for number, each in found.items()}}
    version = _YEARS.join(f"{number}-{found[number].position.mark.hex()[:4]}" for number in sorted(found))
    return Calendar(version, years)


def moved_from(before: str, now: Calendar) -> date:
    """The last working day before the first year that another calendar, of this version, may have counted otherwise:
    what ends on an earlier day stays as it is."""
    changed = {part[:4] for part in set(before.split(_YEARS)) ^ set(now.version.split(_YEARS))}
    if not all(_is_number(year) for year in changed):
        return FIRST_DAY  # one of them comes of no publication
    day = date(min(map(int, changed), default=LAST_DAY.year), 1, 1) - timedelta(1)
    while not now.is_working(day) and day > FIRST_DAY:
        day -= timedelta(1)
    return day


def _is_number(year: str) -> bool:
    return year.isascii() and year.isdigit() and FIRST_DAY.year < int(year) <= LAST_DAY.year
