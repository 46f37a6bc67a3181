"""The rates of a period counted anew from the events of each case, day by day and as CASE.md, section 8.3, says it."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import NamedTuple

from sync_protocol import encoding
from sync_protocol.case import Case, CaseEvent, clock, kinds, legal_dates, promises
from sync_protocol.case.catalogue import Catalogue
from sync_protocol.case.facts import Facts
from sync_protocol.case.orders import Order
from sync_protocol.case.rates import Counts
from sync_protocol.case.workdays import Calendar, day_of
from sync_protocol.places import PlaceTree
from village_node.casebook.rate_facts import previews_of

DAY = timedelta(1)
TERM = 15  # working days to put a bad rating right


class Period(NamedTuple):
    """The days that are counted, and the day on which they are."""

    first: date
    last: date
    today: date

    @property
    def upto(self) -> date:
        return min(self.last, self.today)

    @property
    def over(self) -> date:
        """The last day that is over."""
        return min(self.last, self.today - DAY)

    def has(self, day: date | None) -> bool:
        return day is not None and self.first <= day <= self.upto


class Told(NamedTuple):
    """A folded case with the events it was folded from."""

    case: Case
    events: list[CaseEvent]


def counts(told: Iterable[Told], period: Period, places: PlaceTree, catalogue: Catalogue, calendar: Calendar) -> Counts:
    """The counts of these cases together, without those of villages."""
    found = Counter[str]()
    for case, events in told:
        facts = legal_dates.facts_of(case, events, places, catalogue)
        found.update(_came_in(case, facts, period, places, calendar))
        counting = [each for each in events if case.verdicts[each.position].code == "effective"]
        counting.sort(key=lambda each: (each.hlc, each.order, each.position))
        if period.has(facts.accepted):
            at = [number for number, each in enumerate(counting) if each.kind == kinds.DOCKET]
            back = [number for number, each in enumerate(counting) if each.kind == kinds.RETURN_FOR_CORRECTION]
            found["returned"] += bool(at and back and max(back) > min(at))
        if period.has(facts.settled):
            found.update(_settled(case, facts, counting, places, catalogue, calendar))
        due = due_day(facts, calendar, period.over)
        if due is not None and period.first <= due <= period.over:
            found["due"] += 1
            found["due_settled"] += facts.settled is not None and facts.settled <= period.upto
        filed = case.filed_ms if case.filed_ms is not None else case.created_ms
        if filed is not None and period.first <= day_of(filed) <= period.last:
            for asked, answered in previews_of(counting, case.home):
                over = calendar.nth(asked, 2)
                found["previews"] += answered is not None or over <= period.over
                found["previews_in_time"] += answered is not None and answered <= over
        for order in case.orders:
            found.update(_bad(case, order, period, calendar))
    return Counts(**{name: number for name, number in found.items() if number})


def _came_in(case: Case, facts: Facts, period: Period, places: PlaceTree, calendar: Calendar) -> Iterator[str]:
    if period.has(facts.begun):
        assert facts.begun is not None
        yield "received"
        yield from ["corrected"] * bool(facts.corrections or facts.told_earlier)
        yield from ["near"] * (places.level(case.home) != "county")
        yield from ["off_received"] * (not calendar.is_working(facts.begun))
    if period.has(facts.accepted):
        yield "accepted"
    if case.state == "refused" and period.has(facts.settled or facts.closed):
        yield "refused"


def _settled(
    case: Case, facts: Facts, counting: list[CaseEvent], places: PlaceTree, catalogue: Catalogue, calendar: Calendar
) -> Iterator[str]:
    assert facts.settled is not None
    yield "settled"
    struck = any(order.stage == 2 and order.struck for order in case.orders)
    yield from ["rated"] * (2 in case.ratings and not struck)
    item = catalogue.find(case.item_no, case.item_version)
    if item is not None and item.statutory_days and facts.closed is None and case.docketed_at is not None:
        kind = promises.kind_at(item, places.level(case.docketed_at))
        of = {"承诺件": ("limited", "over"), "联办件": ("joint_limited", "joint_over")}
        names = of.get("联办件" if kind == "上报件" else kind, ())
        statute = clock.read(facts, calendar, facts.settled).of("statutory")
        yield from names[:1]
        yield from names[1:] if statute is not None and statute.grade == "red_plus" else ()
    since = None
    for event in counting:
        if event.kind == kinds.HANDOFF:
            since = day_of(event.claimed_ms)
        elif event.kind == kinds.ACCEPT and since is not None:
            yield "transfers"
            yield from ["transfer_days"] * calendar.count(since, day_of(event.claimed_ms))
            since = None
    said = [each for each in counting if each.kind in (kinds.RECEIVE, kinds.DELIVERED)]
    if all(each.body is not None for each in said):
        yield "readable"
        yield from ["visits"] * sum(each.kind == kinds.SUPPLY for each in counting)
        for event in said:
            body = encoding.decode(event.body or b"")
            came = body.get(2) == "counter" if event.kind == kinds.RECEIVE else body[1] in ("in_person", "proxy")
            yield from ["visits"] * came


def due_day(facts: Facts, calendar: Calendar, over: date) -> date | None:
    """On which day a case was due, as it is known when the day ``over`` is; None where it was, or is, not."""
    if facts.accepted is None or facts.closed is not None:
        return None
    if facts.settled is not None:
        promise = clock.read(facts, calendar, facts.settled).of("promised")
        return None if promise is None else _so_far_away(facts.settled, promise.remaining, calendar)
    day = facts.accepted if facts.accepted <= over else None
    start = clock.read(facts, calendar, over).of("promised")
    if day is None or start is None:
        return None
    day = start.start
    while day <= over:
        after = clock.read(facts, calendar, calendar.nth(day, 1)).of("promised")
        if after is not None and after.due == day and after.grade == "red":
            return day
        day += DAY
    return None


def _so_far_away(settled: date, left: int, calendar: Calendar) -> date:
    """A day with so many working days between it and the settlement."""
    step = DAY if left > 0 else -DAY
    day, passed = settled, 0
    while passed < abs(left):
        passed += calendar.is_working(day if left < 0 else day + DAY)
        day += step
    while left <= 0 and not calendar.is_working(day):
        day -= DAY
    return day


def _bad(case: Case, order: Order, period: Period, calendar: Calendar) -> Iterator[str]:
    if order.struck or order.appealed is not None:
        return
    again = len(order.steps) > 1 and order.steps[1].body["grade"] in ("poor", "very_poor")
    bad = order.steps[1] if again else order.rating
    answers, asked = order.steps[2:3] if again else order.steps[:1], order.steps[3:4] if again else order.steps[1:2]
    since = day_of(bad.at_ms)
    counts_from = day_of((order.finding or order.rating).at_ms)
    if not period.first <= calendar.nth(since, TERM) <= period.over or counts_from < period.first - 366 * DAY:
        return
    yield "bad"
    yield from ["bad_mended"] * any(calendar.count(since, day_of(note.at_ms)) <= TERM for note in answers)
    calls = [note for note in case.calls if note.body["reached"] and note.position != bad.position]
    calls += [note for note in asked if note.actor != "resident"]
    later = [note for note in calls if note.at_ms >= bad.at_ms]
    yield from ["bad_asked"] * any(calendar.count(since, day_of(note.at_ms)) <= TERM for note in later)
