"""The departments of a joint case: each a record inside the case, with its own working days and grade.

A record has no baton and is counted nowhere by itself; it is made of the countersigning that asked the department and
of what the department signed. What nobody has signed yet is the members' time.
"""

from datetime import date
from typing import NamedTuple

from sync_protocol.case import clock
from sync_protocol.case.baton import COUNTERSIGNING
from sync_protocol.case.case import Case
from sync_protocol.case.catalogue import Item
from sync_protocol.case.events import Position
from sync_protocol.case.exclusions import Grade
from sync_protocol.case.legal_dates import signed_days
from sync_protocol.case.records import Procedure, SideNote
from sync_protocol.case.workdays import Calendar, day_of


class Member(NamedTuple):
    """One department asked to countersign.

    ``limit``: its working days, None where the item version names none for it; ``used`` of them, and ``due``;
    ``signed``: when it first did; ``note``: its word that counts; ``over``: the countersigning has ended.
    """

    opened: Position
    department: str
    since: date
    limit: int | None
    used: int
    due: date | None
    grade: Grade
    signed: date | None
    note: SideNote | None
    over: bool

    @property
    def waits(self) -> bool:
        """Whether its signature is waited for."""
        return self.signed is None and not self.over


def unsigned(case: Case) -> list[str]:
    """The departments whose signature a case waits for, each once."""
    days = signed_days(case) if case.countersignatures else {}
    waiting = [
        member
        for entry in case.open
        if entry.what == COUNTERSIGNING
        for member in entry.members
        if member not in days.get(entry.opened, {})
    ]
    return list(dict.fromkeys(waiting))


def members(case: Case, item: Item | None, calendar: Calendar, as_of: date) -> list[Member]:
    """Every department that was asked, in the order of the countersignings, as of a day."""
    limits = {party.department: party.days for party in item.parties} if item is not None else {}
    days, found = signed_days(case), []
    for each in case.procedures.values():
        if each.what != COUNTERSIGNING:
            continue
        since = day_of(each.opened_ms)
        ended = day_of(each.ended_ms) if each.ended_ms is not None else None
        for department in each.body["members"]:
            signed, limit = days.get(each.opened, {}).get(department), limits.get(department)
            end = min((day for day in (signed, ended) if day is not None), default=None)
            used = calendar.count(since, max(since, as_of if end is None else min(end, as_of)))
            due = calendar.nth(since, limit) if limit is not None else None
            grade = _grade(limit, used, waits=end is None)
            note = _opinion(case, each, department)
            found.append(
                Member(each.opened, department, since, limit, used, due, grade, signed, note, each.ended is not None)
            )
    return found


def refusing(case: Case) -> list[str]:
    """The departments whose last word in a countersigning that was ended is that they disagree."""
    return [department for department, opinion in heard(case).items() if opinion == "disagree"]


def heard(case: Case) -> dict[str, str]:
    """The last word of each department that gave one in a countersigning that was ended."""
    last: dict[str, str] = {}
    for each in case.procedures.values():
        if each.what == COUNTERSIGNING and each.ended is not None:
            for department in each.body["members"]:
                note = _opinion(case, each, department)
                if note is not None:
                    last[department] = note.body.get("opinion", "")
    return last


def _opinion(case: Case, each: Procedure, department: str) -> SideNote | None:
    """What a department signed: its last word; once the countersigning has ended, what its end names of it."""
    named = [Position(*entry) for entry in each.result.get("signatures", ())]
    signed = [
        note
        for note in case.countersignatures
        if tuple(note.body.get("opened", ())) == each.opened and note.body.get("member") == department
        if each.ended is None or note.position in named
    ]
    return signed[-1] if signed else None


def _grade(limit: int | None, used: int, *, waits: bool) -> Grade:
    """As that of a step: a notice while it waits, a yellow card that stays, never red."""
    if limit is None:
        return ""
    notice, yellow, _ = clock.thresholds(limit, "county")
    if yellow is not None and used >= yellow:
        return "yellow"
    return "notice" if waits and notice is not None and used >= notice else ""
