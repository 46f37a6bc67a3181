"""What the row of a case says for rates (CASE.md, section 8.3): found once, as the case is folded, and added up later.

All of it is computed from the events that count and the calendar, so it is written anew with each fold, also of a case
whose words were cleared: what only they said is then empty.
"""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any, Final

from sync_protocol import encoding
from sync_protocol.case import Case, CaseEvent, clock, kinds, rates
from sync_protocol.case.catalogue import Catalogue
from sync_protocol.case.content import read_body
from sync_protocol.case.facts import PREREVIEW_DAYS, Facts
from sync_protocol.case.workdays import FIRST_DAY, Calendar, day_of
from village_node.store.cases import DONE_AS, CaseRow, day_number

_COUNTER: Final = "counter"  # the channel of who came to one
_COLLECTED: Final = ("in_person", "proxy")
_CHANNEL, _HOW, _TO, _GRANTED = 2, 1, 0, 1  # fields of a receipt, a delivery, a request for pre-review, an answer
_MOVES: Final = (kinds.HANDOFF, kinds.ACCEPT)
_ANSWERS: Final = (kinds.PREREVIEW_REPLY, kinds.RECEIVE)  # to who asked for a pre-review


def noted(
    row: CaseRow, case: Case, facts: Facts, events: Iterable[CaseEvent], catalogue: Catalogue, calendar: Calendar
) -> CaseRow:
    """The row of a case with what rates are added up from. ``row``: with all its other days."""
    counting = in_order(event for event in events if case.verdicts[event.position].code == "effective")
    settled = row.done_as == DONE_AS["settled"]
    said: dict[str, Any] = {"owed_day": _owed_day(row, facts, calendar), "statute": _statute(row, catalogue)}
    if settled:
        days = transfers_of(counting, calendar)
        said |= {"transfers": len(days), "transfer_days": sum(days), "visits": visits_of(counting)}
    if row.accepted_day is not None and is_returned(counting):
        said["returned"] = 1
    if any(event.kind == kinds.PREREVIEW for event in counting):
        said |= _previews(counting, case.home, calendar)
    return row._replace(**said)


def in_order(events: Iterable[CaseEvent]) -> list[CaseEvent]:
    """Events of one case in the order in which they were written."""
    return sorted(events, key=lambda event: (event.hlc, event.order, event.position))


def transfers_of(events: Iterable[CaseEvent], calendar: Calendar) -> list[int]:
    """The working days that each transfer of a case took."""
    moves = [(event.kind == kinds.HANDOFF, day_of(event.claimed_ms)) for event in events if event.kind in _MOVES]
    return rates.transfer_days(moves, calendar)


def visits_of(events: Iterable[CaseEvent]) -> int | None:
    """How often somebody came to a counter for a case: to apply, with papers that were wanting, to collect the result.
    None where the words that say so are not here any more."""
    visits = 0
    for event in events:
        if event.kind == kinds.SUPPLY:
            visits += 1
        elif event.kind in (kinds.RECEIVE, kinds.DELIVERED):
            if event.body is None:
                return None
            said = encoding.load(event.body)
            visits += said.get(_CHANNEL) == _COUNTER if event.kind == kinds.RECEIVE else said[_HOW] in _COLLECTED
    return visits


def is_returned(events: Iterable[CaseEvent]) -> bool:
    """Whether a case was given back to the applicant after it was accepted."""
    accepted = False
    for event in events:
        accepted = accepted or event.kind == kinds.DOCKET
        if accepted and event.kind == kinds.RETURN_FOR_CORRECTION:
            return True
    return False


def previews_of(events: Iterable[CaseEvent], home: str) -> list[tuple[date, date | None]]:
    """When a draft was with who was to look at it, and when that one answered, or received it without a word; None
    where nobody has, which only the last can be. What was taken out of their hands, or withdrawn, waits for nobody and
    is left out."""
    found = list[tuple[date, date | None]]()
    asked: date | None = None
    sent = answered = False  # on its way to them; answered, and not asked for again
    for event in events:
        day = day_of(event.claimed_ms)
        if event.kind == kinds.PREREVIEW:
            sent = _said(event).get(_TO) != home
            asked, answered = None if sent else day, False
        elif event.kind == kinds.ACCEPT and sent:
            asked, sent = day, False
        elif event.kind == kinds.TAKE and answered:
            asked, answered = day, False
        elif event.kind in _ANSWERS:
            found += [(asked, day)] if asked is not None else []
            asked, answered = None, event.kind == kinds.PREREVIEW_REPLY
        elif event.kind == kinds.FORCE_ASSIGN or (event.kind == kinds.ANSWER and _said(event).get(_GRANTED)):
            asked, sent = None, False
    return [*found, *([(asked, None)] if asked is not None else [])]


def _previews(events: Sequence[CaseEvent], home: str, calendar: Calendar) -> dict[str, Any]:
    listed = previews_of(events, home)
    answered = [(calendar.nth(asked, PREREVIEW_DAYS), day) for asked, day in listed if day is not None]
    waits = next((asked for asked, day in listed if day is None), None)
    return {
        "previews": len(answered),
        "previews_in_time": sum(day <= due for due, day in answered),
        "preview_due": day_number(None if waits is None else calendar.nth(waits, PREREVIEW_DAYS)),
    }


def _owed_day(row: CaseRow, facts: Facts, calendar: Calendar) -> int | None:
    """The day on which a case was due that is settled, or is due that is in hand and runs past it."""
    if row.settled_day is not None and row.settled_limit is not None and row.settled_used is not None:
        settled = FIRST_DAY + timedelta(row.settled_day)
        return day_number(rates.due_day(settled, row.settled_limit - row.settled_used, calendar))
    if row.done_day is not None or row.accepted_day is None:
        return None
    return day_number(clock.overdue_from(facts, calendar))


def _statute(row: CaseRow, catalogue: Catalogue) -> int | None:
    """Whether a settled case was beyond the statute; None where that sets no limit, or nothing was settled."""
    if row.settled_day is None or row.item_no is None or row.item_version is None:
        return None
    item = catalogue.find(row.item_no, row.item_version)
    if item is None or not item.statutory_days:
        return None
    return int(row.red_plus_day is not None and row.red_plus_day <= row.settled_day)


def _said(event: CaseEvent) -> dict[int, Any]:
    """What stands in an event that is held with its words."""
    body = read_body(event)
    return body if isinstance(body, dict) else {}
