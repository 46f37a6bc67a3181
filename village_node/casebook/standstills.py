"""The procedures beside the examination that a case is in now, and whether its promise stands still for them."""

from datetime import date
from typing import Any, Final, NamedTuple

from sync_protocol.case import Case
from sync_protocol.case.facts import Exclusion, Facts
from sync_protocol.case.gaps import is_open, planned_end, stops
from sync_protocol.case.legal_bodies import SUSPENSIONS
from sync_protocol.case.story import LEDGER_WORDS
from sync_protocol.case.workdays import Calendar, day_of

SUPPLEMENT: Final = "supplement"  # papers that the applicant is to bring: the case is listed as to be corrected


class Standstill(NamedTuple):
    """One procedure that is open. ``planned``: how many days were told in writing, ``working`` ones or of the calendar;
    ``until``: the last of them; None where none were told. ``stops``: the promised clock stands still for it today;
    ``body``: what its notice says, by name."""

    what: str
    since: date
    planned: int | None
    working: bool
    until: date | None
    stops: bool
    body: dict[str, Any]


def standstills_of(case: Case, facts: Facts, calendar: Calendar, today: date) -> tuple[Standstill, ...]:
    """What is open in a case that is not settled, in the order of its path; papers that are wanting are none of it."""
    if facts.settled is not None or facts.closed is not None:
        return ()
    found = []
    for entry in case.open:
        if entry.what not in SUSPENSIONS or entry.what == SUPPLEMENT:
            continue
        opened = case.procedures[entry.opened]
        kind = LEDGER_WORDS[entry.what]
        told = [each for each in facts.exclusions if each.kind == kind and each.closed is None]
        line = told[-1] if told else Exclusion(kind, day_of(opened.opened_ms))
        until = planned_end(line, facts.limits, calendar)
        still = bool(told) and stops(kind, "promised", facts.limits) and is_open(line, facts.limits, calendar, today)
        working = entry.what != "publicity" or facts.limits.publicity_unit == "working"
        found.append(Standstill(entry.what, line.opened, line.planned, working, until, still, opened.body))
    return tuple(found)
