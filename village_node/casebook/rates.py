"""What the rates of a period are divided of: sums over the rows of cases, put together by place.

Each case counts once, at its home; of a village that another succeeds, at that one. What was due counts once its day is
over, so that nobody is behind with what can still be done today.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final, NamedTuple

from sync_protocol.case import rates
from sync_protocol.case.catalogue import Catalogue
from sync_protocol.case.promises import AT_ONCE
from sync_protocol.case.rates import Counts, Frame
from sync_protocol.case.workdays import Calendar, day_of
from sync_protocol.places import PlaceTree, parse_scope
from village_node.casebook.calendars import calendar_in
from village_node.casebook.figures import Figures
from village_node.store import Connection
from village_node.store import rates as store
from village_node.store.cases import day_number

_DAY: Final = timedelta(1)


class Line(NamedTuple):
    """The counts of one place; ``whole``: with those of all below it."""

    place: str
    counts: Counts
    whole: bool


class Report(NamedTuple):
    """The rates of a period as they stood at ``at_ms``: its days so far, of the ``place`` with all below it, and of
    itself and each right below where there are any."""

    kind: str
    period: str
    first: date
    upto: date
    place: str
    frame: Frame
    whole: Counts
    lines: tuple[Line, ...]


class Rates(Figures):
    """The part of the casebook that counts for rates."""

    def rates(self, kind: str, period: str, place: str = "") -> Report:
        """The rates of a period as they stand, of a place and those below it; of this place where none is named. Raises
        NotFound for a place not below this one, BadBody for a period to come."""
        first, upto = self.days_so_far(kind, period)
        today = day_of(self.clock())

        def compute(connection: Connection) -> Report:
            places, top = self.under(connection, place)
            calendar = calendar_in(self, connection)
            tally = _Tally(places, places.kept_at(top))
            for scope, grown in _counted(connection, calendar, first, upto, today):
                tally.add(scope, **grown)
            lines = tally.lines(top)
            whole = Counts()
            for each in lines:
                whole = whole.plus(each.counts)
            frame = frame_of(first, upto, calendar, self.items_in(connection).catalogue)
            return Report(kind, period, first, upto, top, frame, whole, tuple(lines) if len(lines) > 1 else ())

        return self.remembered(f"rates {kind} {period} {place} {today}", compute)


def _counted(connection: Connection, calendar: Calendar, first: date, upto: date, today: date) -> store.Sums:
    """All that is counted from a day to another, neither behind today."""
    days, over = (day_number(first), day_number(upto)), day_number(min(upto, today - _DAY))
    span = [first + each * _DAY for each in range((upto - first).days + 1)]
    found = store.counted(connection, *days)
    found += store.received_on(connection, [day_number(day) for day in span if not calendar.is_working(day)])
    found += store.previews(connection, *days, over)
    found += store.due(connection, days[0], over, days[1], rates.SPAN_DAYS)
    return [*found, *store.bad(connection, days[0], over, rates.SPAN_DAYS)]


class _Tally:
    """What is counted so far, by the place where it counts; what is at home at none of ``kept`` is left out."""

    def __init__(self, places: PlaceTree, kept: Iterable[str]) -> None:
        self._places = places
        self._found: dict[str, dict[str, int]] = {}
        self._counts_at: dict[str, str] = {}
        homes = frozenset(kept)
        for home in sorted(homes):
            heirs = [each for each in places.successors(home) if each in homes]
            self._counts_at[home] = heirs[0] if heirs else home
            self._found[self._counts_at[home]] = {}

    def add(self, scope: str, **grown: int) -> None:
        """Something of cases of one home; what was received is near where that is no county."""
        home = parse_scope(scope)[1]
        if home not in self._counts_at:
            return
        if "received" in grown and self._places.level(home) != "county":
            grown["near"] = grown["received"]
        sums = self._found[self._counts_at[home]]
        for name, number in grown.items():
            sums[name] = sums.get(name, 0) + number

    def lines(self, top: str) -> list[Line]:
        """A place by itself, then each right below with all that is below that."""
        places, sums = self._places, {top: Counts()}
        sums |= {each: Counts() for each in sorted(places.children(top)) if each in self._found}
        for place, found in self._found.items():
            at = top
            if place != top and places.covers(top, place):
                path = places.path_up(place)
                at = path[path.index(top) - 1]
            counts = Counts(**found)
            if places.level(place) == "village":
                counts = counts._replace(villages=1, reached=int(counts.accepted > 0))
            sums[at] = sums.get(at, Counts()).plus(counts)
        return [Line(place, counts, bool(places.children(place)) and place != top) for place, counts in sums.items()]


def frame_of(first: date, upto: date, calendar: Calendar, catalogue: Catalogue) -> Frame:
    """The days of a period so far, and what is offered on the last of them."""
    items = catalogue.offered(upto)
    limited = [item for item in items if item.statutory_days]
    return Frame(
        working_days=calendar.count(first - _DAY, upto),
        calendar_days=(upto - first).days + 1,
        items=len(items),
        items_at_once=sum(item.kind == AT_ONCE for item in items),
        statutory_days=sum(item.statutory_days for item in limited),
        promised_days=sum(item.promised_days for item in limited),
    )
