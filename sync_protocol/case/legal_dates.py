"""From the events of a case to the facts of its clock: which acts count, and which day each has.

The effective path tells the story, with what was adopted in its place; every node tells the same. Times are claims: the
first accept above the origin fixes the day of filing and bounds what its origin did before; beyond that no act is
earlier than the one before it. What each act starts, stops or ends: story.py.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from functools import lru_cache
from itertools import accumulate
from typing import Final

from sync_protocol.case import baton, kinds
from sync_protocol.case.attribution import TRANSIT
from sync_protocol.case.case import Case
from sync_protocol.case.catalogue import Catalogue
from sync_protocol.case.clock import Turns, turns
from sync_protocol.case.content import read_body
from sync_protocol.case.events import CaseEvent, Position
from sync_protocol.case.facts import Exclusion, Facts, Hold
from sync_protocol.case.routes import CasePath, PlaceTree, path_from
from sync_protocol.case.story import IN_FULL, NOWHERE, READ, TELL, Act, Story, facts_told
from sync_protocol.case.workdays import Calendar, day_of

TERM_DAYS: Final = 30  # to supply papers or to pay, in working days, where the notice names no other

PlainAct = tuple[int, str, date]  # kind, place, day
Told = tuple[CaseEvent, date]


def facts_of(case: Case, events: Iterable[CaseEvent], places: PlaceTree, catalogue: Catalogue) -> Facts:
    """The facts of a folded case. ``events``: those it was folded from, in any order."""
    listed = list(events)
    said = _told(case, listed)
    path, item = path_from(case.home, places), (case.item_no, case.item_version)
    if _is_plain(said, case, catalogue):
        facts = _facts_alike(path, catalogue, item, _plainly(said))
    else:
        fee = _has_fee(case, catalogue)
        acts = [_told_by(event, day, fee=fee) for event, day in said]
        story = Story(path, catalogue.find(*item), _held(listed))
        story.signed = signed_days(case)
        facts = facts_told(story, acts)
    if case.deliveries and facts.decided is not None:
        delivery = case.deliveries[0]
        named = delivery.body.get("at")
        day = date.fromisoformat(named) if named else day_of(delivery.at_ms)
        delivered = max(day, facts.decided)
        facts = facts._replace(delivered=delivered, settled=facts.settled or delivered)
    if case.collection_notices and facts.decided is not None:
        told = _collections(case, facts.holds, facts.decided)
        facts = facts._replace(exclusions=(*facts.exclusions, *told))
    return facts


def signed_days(case: Case) -> dict[Position, dict[str, date]]:
    """When each department first answered each countersigning."""
    found: dict[Position, dict[str, date]] = {}
    for note in case.countersignatures:
        if "opened" in note.body and "member" in note.body:
            days = found.setdefault(Position(*note.body["opened"]), {})
            member, day = note.body["member"], day_of(note.at_ms)
            days[member] = min(day, days.get(member, day))
    return found


def turns_of(
    case: Case,
    events: Iterable[CaseEvent],
    places: PlaceTree,
    catalogue: Catalogue,
    calendar: Calendar,
    as_of: date,
) -> Turns:
    """When the grades of a folded case begin: what ``clock.turns`` says of its facts, looked up by its acts where they
    are all that the facts come of."""
    listed = list(events)
    told = _told(case, listed)
    if case.deliveries or case.collection_notices or not _is_plain(told, case, catalogue):
        return turns(facts_of(case, listed, places, catalogue), calendar, as_of)
    path, item = path_from(case.home, places), (case.item_no, case.item_version)
    return _turns_alike(path, catalogue, item, _plainly(told), calendar, as_of)


def _has_fee(case: Case, catalogue: Catalogue) -> bool:
    item = catalogue.find(case.item_no, case.item_version)
    return item is not None and item.has_fee


def _is_plain(told: Sequence[Told], case: Case, catalogue: Catalogue) -> bool:
    """Whether kind, place and day of each act say all: none needs to be told in full. Of an item with a fee it matters
    what was decided."""
    said = [event.kind for event, _ in told]
    return IN_FULL.isdisjoint(said) and not (kinds.DECIDE in said and _has_fee(case, catalogue))


def _plainly(told: Sequence[Told]) -> tuple[PlainAct, ...]:
    return tuple([(event.kind, event.place, day) for event, day in told])


def _told_by(event: CaseEvent, day: date, *, fee: bool) -> Act:
    """An act as it is told. ``fee``: of an item with one it matters what was decided."""
    if event.kind == kinds.DECIDE and fee:
        decided = read_body(event)
        return Act(event.kind, event.place, day, NOWHERE, decided if isinstance(decided, dict) else None)
    if event.kind not in IN_FULL:
        return Act(event.kind, event.place, day)
    body = read_body(event) if event.kind in READ else None
    return Act(event.kind, event.place, day, event.position, body if isinstance(body, dict) else None)


@lru_cache(maxsize=4_096)  # most cases are like others of their day and their item; nothing in this names a person
def _facts_alike(path: CasePath, catalogue: Catalogue, item: tuple[str, int], acts: tuple[PlainAct, ...]) -> Facts:
    return facts_told(Story(path, catalogue.find(*item), {}), [Act(*act) for act in acts])


@lru_cache(maxsize=4_096)
def _turns_alike(
    path: CasePath,
    catalogue: Catalogue,
    item: tuple[str, int],
    acts: tuple[PlainAct, ...],
    calendar: Calendar,
    as_of: date,
) -> Turns:
    return turns(_facts_alike(path, catalogue, item, acts), calendar, as_of)


def _collections(case: Case, holds: Sequence[Hold], decided: date) -> Iterable[Exclusion]:
    """The days for which the result lay where the applicant was told to collect it: until it went on from there."""
    for note in case.collection_notices:
        named = note.body.get("day")
        told = max(date.fromisoformat(named) if named else day_of(note.at_ms), decided)
        since = [number for number, hold in enumerate(holds) if hold.since <= told]
        if since and holds[since[-1]].place == note.place and holds[since[-1]].bucket not in TRANSIT:
            left = (hold.since for hold in holds[since[-1] + 1 :] if hold.place != note.place)
            yield Exclusion("collection", told, next(left, None))


def last_day(case: Case, events: Iterable[CaseEvent], calendar: Calendar) -> date | None:
    """The last day of the term in which papers are to be supplied, the fee paid, or what was committed to kept, before
    the case may lapse: of several that run the first. None where nobody waits for the applicant."""
    asked: dict[Position, tuple[CaseEvent, date]] = {}
    last: dict[int, Position] = {}
    for event, day in _told(case, list(events)):
        if event.kind in _TERMS:
            asked[event.position] = event, day
            last[event.kind] = event.position
    if case.state in _ASKED_BY:
        wanted = [last[_ASKED_BY[case.state]]]
    else:
        wanted = [entry.opened for entry in case.open if entry.what == "supplement"]
    found = [] if case.state in _ASKED_BY else list(case.commitments_due)
    for event, day in (asked[position] for position in wanted):
        body = read_body(event)
        days = body.get(_TERMS[event.kind]) if isinstance(body, dict) else None
        found.append(calendar.nth(day, TERM_DAYS if days is None else days))
    return min(found, default=None)


# The kinds that ask the applicant for something, each with the field that says in how many working days.
_TERMS: Final = {kinds.RETURN_FOR_CORRECTION: 2, kinds.FEE_NOTICE: 2, kinds.SUSPEND: 3}
_ASKED_BY: Final = {"correcting": kinds.RETURN_FOR_CORRECTION, "fee_due": kinds.FEE_NOTICE}


def _held(events: Iterable[CaseEvent]) -> dict[Position, CaseEvent]:
    """The events by position; of two copies the one whose body is here."""
    held: dict[Position, CaseEvent] = {}
    for event in events:
        if event.position not in held or event.body is not None:
            held[event.position] = event
    return held


def _told(case: Case, events: list[CaseEvent]) -> list[Told]:
    """The acts that count, in their order, each with its day."""
    acts = _acts(case, events)
    return list(zip(acts, _days(acts), strict=True))


def _acts(case: Case, events: list[CaseEvent]) -> list[CaseEvent]:
    """The acts that count, in their order: the path, and behind each adoption what it adopted."""
    if not case.adopted and case.path == tuple([event.position for event in events]):
        return events  # one chain, in its order, and nothing beside it
    held, acts = _held(events), []
    for position in case.path:
        acts.append(held[position])
        if held[position].kind == kinds.ADOPT:
            acts += [held[each] for each, by in case.adopted.items() if by == position and held[each].kind in _AGAIN]
    return acts


def _days(acts: list[CaseEvent]) -> list[date]:
    """The day of each act in China."""
    days = [day_of(event.claimed_ms) for event in acts]
    for index, event in enumerate(acts):
        if event.kind != kinds.ACCEPT:
            continue
        fixed = read_body(event)
        if isinstance(fixed, dict) and 4 in fixed:
            filed, latest = day_of(fixed[4]), day_of(fixed[3])
            for before in range(index):
                own = filed if acts[before].kind == kinds.RECEIVE else days[before]
                days[before] = min(own, latest)
            break
    return list(accumulate(days, max))


# Of what was adopted, that which has an effect: who has the case is not changed by it.
_AGAIN: Final = frozenset(TELL) - baton.MOVES_THE_BATON
