"""The right to be heard (行政许可法第四十六条至第四十八条): told before an adverse decision where the item says so, and
then asked for, waived, or left until its term is over."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from sync_protocol.case import Case, Item, SideNote, kinds
from sync_protocol.case.workdays import Calendar, day_of
from village_node.casebook.errors import BadBody

TERM_DAYS: Final = 5
_WHAT, _DAY = 0, 3
Words = tuple[str, str]


def told(case: Case) -> SideNote | None:
    """The last notice of the right."""
    return next((note for note in reversed(case.hearing_rights) if note.body.get("what") == "told"), None)


def answered(case: Case) -> SideNote | None:
    """The last word of the applicant on it since the last notice."""
    notice = told(case)
    if notice is None:
        return None
    since = case.hearing_rights[case.hearing_rights.index(notice) + 1 :]
    return since[-1] if since else None


def day_told(note: SideNote) -> date:
    """The day from which the term runs: that on which the notice was received, as its record says."""
    named = note.body.get("day")
    return date.fromisoformat(named) if named else day_of(note.at_ms)


def last_day(note: SideNote, calendar: Calendar) -> date:
    """The last day on which a hearing may be asked for."""
    return calendar.nth(day_told(note), TERM_DAYS)


def check(case: Case, kind: int, body: Mapping[int, Any], here: str, today: date) -> None:
    """Ask of a notice that whoever has the case gives it, of an answer that there is a notice, and of both that their
    day has come. Raises BadBody."""
    if kind != kinds.HEARING_RIGHT:
        return
    if body[_WHAT] == "told" and case.holder != here:
        raise BadBody("what", "听证权利由持有案件的单位告知", "whoever has the case tells of the right")
    if body[_WHAT] != "told" and told(case) is None:
        raise BadBody("what", "尚未告知听证权利，没有可以登记的答复", "nobody has told of the right yet")
    if body.get(_DAY, today.isoformat()) > today.isoformat():
        raise BadBody("day", "日期不能晚于今天", "this day has not come yet")


def why_not_decided(
    case: Case, kind: int, item: Item | None, body: Mapping[int, Any], calendar: Calendar, today: date
) -> Words | None:
    """Say why this decision is not made yet; None if it may be, as far as hearing goes."""
    if kind != kinds.DECIDE:
        return None
    outcome = body.get(0)
    revoked = case.acts_on is not None and case.acts_on.act == "revoke"
    adverse = outcome == ("approve" if revoked else "refuse")
    return why_not_adverse(case, item, calendar, today) if adverse else None


def why_not_adverse(case: Case, item: Item | None, calendar: Calendar, today: date) -> Words | None:
    """Say why nothing adverse is decided yet; None if it may be, or the item asks for no hearing to be offered."""
    if item is None or not item.hearing_offered:
        return None
    notice, answer = told(case), answered(case)
    if notice is None:
        return (
            "该事项在作出不予或撤销决定前须告知申请人听证权利，尚未告知",
            "before this item is refused or revoked the applicant is told of the right to be heard: not done yet",
        )
    if answer is not None and answer.body.get("what") == "given_up":
        return None
    if answer is not None:
        heard = any(
            each.what == "hearing" and each.ended is not None and each.opened_ms >= answer.at_ms
            for each in case.procedures.values()
        )
        return None if heard else (
            "申请人要求听证，须先举行听证再作出不予或撤销决定",
            "the applicant asks to be heard: the hearing comes before the decision",
        )  # fmt: skip
    last = last_day(notice, calendar)
    if today > last:
        return None
    return (
        f"申请人在 {last} 之前（含当日）可以要求听证，期满、放弃或听证后才能作出不予或撤销决定",
        f"a hearing may be asked for up to {last}: decide against the applicant after that, a waiver or the hearing",
    )
