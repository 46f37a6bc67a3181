"""What statistics count of a folded case: when it came in, was accepted and was over, and whose its faults are.

A card is the fault of who had the case in the morning of the day on which it began: the last days were theirs. A bad
rating is that of the place that handled the stage, while the level above has not struck it and no appeal waits, and
one that was appealed against counts from the day on which it was found to stand (``told_ratings`` says where a bulletin
has it already); a late answer that of the place that was asked. What nobody has answered yet counts from the day after
the last one given, which may lie ahead: an answer in time takes it away.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final

from sync_protocol.case import Case, oversight
from sync_protocol.case.facts import Facts
from sync_protocol.case.orders import Order, reached_ms
from sync_protocol.case.records import SideNote
from sync_protocol.case.voices import TERMS
from sync_protocol.case.workdays import FIRST_DAY, LAST_DAY, Calendar, day_of
from sync_protocol.places import PlaceTree
from village_node.store.cases import DONE_AS, CaseRow, day_number
from village_node.store.faults import BAD_RATING, LATE_ANSWER, FaultRow
from village_node.store.locks import CaseKey

_NEXT: Final = timedelta(1)
_NO_TERM: Final = (None, None, None)


def counted(row: CaseRow, case: Case, facts: Facts) -> CaseRow:
    """The row with the days that the case is counted by, and who had it when its cards began."""
    done = facts.settled or facts.closed
    return row._replace(
        received_day=day_number(facts.begun),
        accepted_day=day_number(facts.accepted),
        done_day=day_number(done),
        done_as=_done_as(case, facts) if done is not None else None,
        corrections=len(facts.corrections) + len(facts.told_earlier),
        yellow_at=_had(row, case, facts, row.yellow_day),
        red_at=_had(row, case, facts, row.red_day),
    )


def _done_as(case: Case, facts: Facts) -> int:
    if facts.settled is not None:
        return DONE_AS["settled"]
    if facts.accepted is None:
        return DONE_AS["turned_away"]
    return DONE_AS["withdrawn" if case.state == "withdrawn" else "ended"]


def _had(row: CaseRow, case: Case, facts: Facts, day: int | None) -> str | None:
    """Who had the case in the morning of a day; None where there is no such day."""
    if day is None:
        return None
    morning = FIRST_DAY + timedelta(day - 1)
    held = [hold.place for hold in facts.holds if hold.since <= morning and hold.place]
    return held[-1] if held else row.holder or row.transit_to or case.home


def rows_of(key: CaseKey, case: Case, places: PlaceTree, calendar: Calendar) -> list[FaultRow]:
    """What counts against places in a case besides its cards. A letter or finding counts where it asks a place on the
    way of the case and was written there or above it: no place takes points off one beside or above it."""
    found = [
        (BAD_RATING, day_of((order.finding or order.rating).at_ms), order.place, *_term(order, case.calls, calendar))
        for order in case.orders
        if not order.struck and order.appealed is None
    ]
    for each in oversight.asked_of(case.oversight):
        late = late_on(each)
        if late is not None and may_ask(each, case.home, places):
            found.append((LATE_ANSWER, late, each.to, *_NO_TERM))
    return [
        FaultRow(*key, number, rule, day_number(day), place, day_number(due), mended, called)
        for number, (rule, day, place, due, mended, called) in enumerate(found)
    ]


def _term(order: Order, calls: Iterable[SideNote], calendar: Calendar) -> tuple[date | None, int | None, int | None]:
    """The last day of the term to put right a bad rating, and whether it was answered, and the applicant reached about
    it, within."""
    since, days = day_of(order.since_ms), TERMS["rectification"].days
    answered, called = (
        int(at_ms is not None and calendar.count(since, day_of(at_ms)) <= days)
        for at_ms in (order.answered_ms, reached_ms(order, calls))
    )
    return calendar.nth(since, days), answered, called


def may_ask(each: oversight.Asked, home: str, places: PlaceTree) -> bool:
    """Whether a letter or finding counts against whom it asks."""
    known = all(place in places for place in (home, each.to, each.note.place))
    return known and places.covers(each.to, home) and places.covers(each.note.place, each.to)


def late_on(each: oversight.Asked) -> date | None:
    """The day from which an answer is late, unless one comes before; None where one came in time."""
    if not each.until or (each.settled and not each.answers):
        return None
    after = min(max(date.fromisoformat(each.until), day_of(each.note.at_ms)), LAST_DAY) + _NEXT
    answered = day_of(each.answers[-1].at_ms) if each.answers and not each.waits else None
    return None if answered is not None and answered < after else after
