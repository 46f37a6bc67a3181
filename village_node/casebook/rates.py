"""What the rates of a period are divided of: counted from the rows of cases, and from events where no row says it.

Each case counts once, at its home; of a village that another succeeds, at that one. What was due counts once its day is
over, so that nobody is behind with what can still be done today.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

from sync_protocol import encoding
from sync_protocol.case import kinds, rates
from sync_protocol.case.catalogue import CASE_KINDS, Catalogue
from sync_protocol.case.facts import PREREVIEW_DAYS
from sync_protocol.case.orders import Order
from sync_protocol.case.promises import AT_ONCE, PROMISED
from sync_protocol.case.rates import Counts, Frame
from sync_protocol.case.workdays import FIRST_DAY, Calendar, day_of
from sync_protocol.event import Header, load_header
from sync_protocol.places import PlaceTree, parse_scope
from village_node.casebook.calendars import calendar_in
from village_node.casebook.figures import Figures
from village_node.casebook.orders import span_of
from village_node.casebook.reading import folded
from village_node.casebook.terms import clocks_in
from village_node.store import Connection, figures
from village_node.store import rates as store
from village_node.store.cases import day_number
from village_node.store.rates import Step

_DAY: Final = timedelta(1)
# Of a long period so many events are read that it is not counted anew for each record that comes.
KEPT_MS: Final = {"month": 0, "quarter": 600_000, "year": 600_000}
_COUNTER: Final = "counter"  # the channel of who came to one
_COLLECTED: Final = ("in_person", "proxy")
_CHANNEL, _HOW, _TO, _GRANTED = 2, 1, 0, 1  # fields of a receipt, a delivery, a request for pre-review, an answer
_FIGURES: Final = ("received", "corrected", "accepted", "settled", "rated")
_LIMITED: Final = {
    CASE_KINDS.index(PROMISED): ("limited", "over"),
    **dict.fromkeys(map(CASE_KINDS.index, ("联办件", "上报件")), ("joint_limited", "joint_over")),
}


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
    at_ms: int = 0


class Rates(Figures):
    """The part of the casebook that counts for rates."""

    def rates(self, kind: str, period: str, place: str = "") -> Report:
        """The rates of a period as they stand, or stood up to KEPT_MS ago, of a place and those below it; of this place
        where none is named. Raises NotFound for a place not below this one, BadBody for a period to come."""
        first, upto = self.days_so_far(kind, period)
        today = day_of(self.clock())

        def compute(connection: Connection) -> Report:
            places, top = self.under(connection, place)
            calendar = calendar_in(self, connection)
            tally = _Tally(places, places.kept_at(top), calendar)
            self._count_cases(connection, tally, first, upto)
            overdue = min(upto, today - _DAY)
            if first <= overdue:
                _count_due(connection, tally, first, overdue, upto)
                self._count_overdue(connection, tally, first, overdue)
                self._count_bad(connection, tally, first, overdue)
            lines = tally.lines(top)
            whole = Counts()
            for each in lines:
                whole = whole.plus(each.counts)
            frame = frame_of(first, upto, calendar, self.items_in(connection).catalogue)
            return Report(kind, period, first, upto, top, frame, whole, tuple(lines) if len(lines) > 1 else ())

        at_ms, report = self.remembered_for(KEPT_MS[kind], f"rates {kind} {period} {place} {today}", compute)
        return report._replace(at_ms=at_ms)

    def _count_cases(self, connection: Connection, tally: "_Tally", first: date, upto: date) -> None:
        days = day_number(first), day_number(upto)
        for each in figures.counted(connection, *days):
            tally.add(each.scope, **{name: number for name, number in each.grown.items() if name in _FIGURES})
        for scope, day, times in store.received(connection, *days):
            tally.receive(scope, FIRST_DAY + timedelta(day), times)
        for scope, times in store.refused(connection, *days):
            tally.add(scope, refused=times)
        catalogue = self.items_in(connection).catalogue
        for limited in store.limited(connection, *days):
            item = catalogue.find(limited.item_no, limited.item_version)
            if item is not None and item.statutory_days and limited.kind in _LIMITED:
                names = _LIMITED[limited.kind]
                tally.add(limited.scope, **dict(zip(names, (limited.settled, limited.over), strict=True)))
        for scope, steps in store.steps(connection, *days):
            tally.travel(scope, steps)
        for scope, steps in store.returns(connection, *days):
            told = [step.kind for step, _ in in_order(steps)]
            if kinds.DOCKET in told:
                tally.add(scope, returned=int(kinds.RETURN_FOR_CORRECTION in told[told.index(kinds.DOCKET) :]))
        for scope, steps in store.previews(connection, *days):
            tally.preview(scope, steps, min(upto, day_of(self.clock()) - _DAY))

    def _count_overdue(self, connection: Connection, tally: "_Tally", first: date, overdue: date) -> None:
        """What is in hand and was due in a period."""
        roster = self.roster_in(connection)
        for key, due, red in store.in_hand(connection, day_number(first), day_number(overdue)):
            red_day = None if red is None else FIRST_DAY + timedelta(red)
            is_overdue = rates.is_overdue(FIRST_DAY + timedelta(due), red_day, tally.calendar)
            if is_overdue is None:
                case, _ = folded(self, connection, roster, key)
                promise = clocks_in(self, connection, roster, key, case).of("promised") if case is not None else None
                is_overdue = promise is not None and promise.remaining < 0
            if is_overdue:
                tally.add(key[0], due=1)

    def _count_bad(self, connection: Connection, tally: "_Tally", first: date, last: date) -> None:
        """The bad ratings whose term to put them right ended in a period; an order opened again by its second term."""
        roster = self.roster_in(connection)
        for key in store.bad(connection, day_number(first) - rates.SPAN_DAYS):
            case, _ = folded(self, connection, roster, key)
            for order in case.orders if case is not None else ():
                clock = span_of(order, tally.calendar, self.clock())
                if order.struck or order.appealed is not None or not first <= clock.due <= last:
                    continue
                mended = clock.ended and clock.used <= clock.limit
                tally.add(key[0], bad=1, bad_mended=int(mended), bad_asked=int(was_asked(order)))


class _Tally:
    """What is counted so far, by the place where it counts; what is at home at none of ``kept`` is left out."""

    def __init__(self, places: PlaceTree, kept: Iterable[str], calendar: Calendar) -> None:
        self.calendar = calendar
        self._places = places
        self._found: dict[str, dict[str, int]] = {}
        self._counts_at: dict[str, str] = {}
        homes = frozenset(kept)
        for home in sorted(homes):
            heirs = [each for each in places.successors(home) if each in homes]
            self._counts_at[home] = heirs[0] if heirs else home
            self._found[self._counts_at[home]] = {}

    def add(self, scope: str, **grown: int) -> None:
        """Something of cases of one home."""
        place = self._counts_at.get(parse_scope(scope)[1])
        if place is not None:
            sums = self._found[place]
            for name, number in grown.items():
                sums[name] = sums.get(name, 0) + number

    def receive(self, scope: str, day: date, times: int) -> None:
        """Cases received on a day: whether it was one off, and near."""
        home = parse_scope(scope)[1]
        near = home in self._counts_at and self._places.level(home) != "county"
        off = not self.calendar.is_working(day)
        self.add(scope, near=near * times, off_received=off * times)

    def travel(self, scope: str, steps: Iterable[Step]) -> None:
        """How long a settled case was between places, and how often somebody came for it."""
        listed = list(steps)
        visits = visits_of(listed)
        if visits is not None:
            self.add(scope, readable=1, visits=visits)
        if any(step.kind == kinds.HANDOFF for step in listed):
            moved = [
                (step.kind == kinds.HANDOFF, day_of(header.claimed))
                for step, header in in_order(each for each in listed if each.kind in _MOVES)
            ]
            found = rates.transfer_days(moved, self.calendar)
            self.add(scope, transfers=len(found), transfer_days=sum(found))

    def preview(self, scope: str, steps: Iterable[Step], overdue: date) -> None:
        """The requests for pre-review of a case or draft that were answered, or whose term was over on a day."""
        for asked, answered in previews_of(steps, parse_scope(scope)[1]):
            due = self.calendar.nth(asked, PREREVIEW_DAYS)
            if answered is not None or due <= overdue:
                self.add(scope, previews=1, previews_in_time=int(answered is not None and answered <= due))

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


_MOVES: Final = (kinds.HANDOFF, kinds.ACCEPT)
_ANSWERS: Final = (kinds.PREREVIEW_REPLY, kinds.RECEIVE)  # to who asked for a pre-review


def _count_due(connection: Connection, tally: _Tally, first: date, overdue: date, upto: date) -> None:
    """What is settled and was due in a period, up to the last day that is over, and what of it was by its end."""
    calendar = tally.calendar
    for each in store.due(connection, day_number(first), day_number(overdue), rates.SPAN_DAYS):
        settled = FIRST_DAY + timedelta(each.settled_day)
        if first <= rates.due_day(settled, each.left, calendar) <= overdue:
            tally.add(each.scope, due=each.times, due_settled=each.times if settled <= upto else 0)


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


def in_order(steps: Iterable[Step]) -> list[tuple[Step, Header]]:
    """Events of one case in the order in which they were written, with their headers."""
    return sorted(((step, load_header(step.header)) for step in steps), key=lambda each: each[1].hlc)


def visits_of(steps: Iterable[Step]) -> int | None:
    """How often somebody came to a counter for a case: to apply, with papers that were wanting, to collect the result.
    None where the words that say so are not here any more."""
    visits = 0
    for step in steps:
        if step.kind == kinds.SUPPLY:
            visits += 1
        elif step.kind in (kinds.RECEIVE, kinds.DELIVERED):
            if step.body is None:
                return None
            said = encoding.load(step.body)
            visits += said.get(_CHANNEL) == _COUNTER if step.kind == kinds.RECEIVE else said[_HOW] in _COLLECTED
    return visits


def previews_of(steps: Iterable[Step], home: str) -> list[tuple[date, date | None]]:
    """When a draft was with who was to look at it, and when that one answered, or received it without a word; None
    where nobody has. What was taken out of their hands, or withdrawn, waits for nobody and is left out."""
    found = list[tuple[date, date | None]]()
    asked: date | None = None
    sent = answered = False  # on its way to them; answered, and not asked for again
    for step, header in in_order(steps):
        day = day_of(header.claimed)
        if step.kind == kinds.PREREVIEW:
            sent = _said(header)[_TO] != home
            asked, answered = None if sent else day, False
        elif step.kind == kinds.ACCEPT and sent:
            asked, sent = day, False
        elif step.kind == kinds.TAKE and answered:
            asked, answered = day, False
        elif step.kind in _ANSWERS:
            found += [(asked, day)] if asked is not None else []
            asked, answered = None, step.kind == kinds.PREREVIEW_REPLY
        elif step.kind == kinds.FORCE_ASSIGN or (step.kind == kinds.ANSWER and _said(header)[_GRANTED]):
            asked, sent = None, False
    return [*found, *([(asked, None)] if asked is not None else [])]


def _said(header: Header) -> dict[int, Any]:
    """What stands in an event whose body is inline."""
    said: dict[int, Any] = encoding.load(header.inline or b"")
    return said


def was_asked(order: Order) -> bool:
    """Whether the applicant was asked about what was put right last."""
    return len(order.steps) > (3 if order.reopened else 1)
