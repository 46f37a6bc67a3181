"""The right to be heard (行政许可法第四十六条至第四十八条): told before an adverse decision where the item says so, and
then asked for, waived, or left until its term is over."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final, NamedTuple

from sync_protocol.case import Case, Item, SideNote, kinds
from sync_protocol.case.workdays import Calendar, day_of
from village_node.casebook.errors import BadBody

TERM_DAYS: Final = 5
_WHAT, _DAY = 0, 3
Words = tuple[str, str]


class Standing(NamedTuple):
    """How far it has come: the last notice, the day on which it was received (None: nobody knows yet), what asks for a
    hearing, whether one was held for it, and whether the right was waived."""

    notice: SideNote | None = None
    received: date | None = None
    request: SideNote | None = None
    heard: bool = False
    waived: bool = False


def told(case: Case) -> SideNote | None:
    """The last notice of the right."""
    return next((note for note in reversed(case.hearing_rights) if note.body.get("what") == "told"), None)


def standing(case: Case, calendar: Calendar) -> Standing:
    """What the notices and answers come to: a request lives on through a further notice, a waiver does not."""
    notices: list[list[SideNote]] = []
    for note in case.hearing_rights:
        if note.body.get("what") == "told":
            notices.append([note])
        elif notices:
            notices[-1].append(note)
    stands = Standing()
    for given in notices:
        stands = _answered(case, given, stands.request, calendar)
    return stands


def _answered(case: Case, given: list[SideNote], request: SideNote | None, calendar: Calendar) -> Standing:
    """What one notice and its answers come to; ``request``: what was asked for before it."""
    notice = given[0]
    if request is not None and _heard(case, request, notice.at_ms):
        request = None
    received = next((_named(note) for note in reversed(given[1:]) if note.body.get("what") == "received"), None)
    received = received or _named(notice)
    waived = False
    for note in given[1:]:
        if note.body.get("what") == "given_up":
            request, waived = None, True
        elif note.body.get("what") == "asked" and _in_time(note, received, calendar):
            request, waived = request or note, False
    heard = request is not None and _heard(case, request)
    return Standing(notice, received, request, heard, waived)


def _in_time(asked: SideNote, received: date | None, calendar: Calendar) -> bool:
    return received is None or _day(asked) <= last_day(received, calendar)


def _heard(case: Case, request: SideNote, until_ms: int | None = None) -> bool:
    """Whether a hearing opened since it was asked for has ended, by a moment if one is named."""
    return any(
        each.what == "hearing"
        and each.ended_ms is not None
        and day_of(each.opened_ms) >= _day(request)
        and (until_ms is None or each.ended_ms <= until_ms)
        for each in case.procedures.values()
    )


def _named(note: SideNote) -> date | None:
    named = note.body.get("day")
    return date.fromisoformat(named) if named else None


def _day(note: SideNote) -> date:
    return _named(note) or day_of(note.at_ms)


def last_day(received: date, calendar: Calendar) -> date:
    """The last day on which a hearing may be asked for."""
    return calendar.nth(received, TERM_DAYS)


def check(case: Case, kind: int, body: Mapping[int, Any], here: str, today: date) -> None:
    """Ask of a notice that whoever has the case gives it, of an answer that there is a notice, and of both a day that
    has come and is not before the notice was given. Raises BadBody."""
    if kind != kinds.HEARING_RIGHT:
        return
    if body[_WHAT] == "told" and case.holder != here:
        raise BadBody("what", "听证权利由持有案件的单位告知", "whoever has the case tells of the right")
    notice = told(case)
    if body[_WHAT] != "told" and notice is None:
        raise BadBody("what", "尚未告知听证权利，没有可以登记的答复", "nobody has told of the right yet")
    day = body.get(_DAY, today.isoformat())
    if day > today.isoformat():
        raise BadBody("day", "日期不能晚于今天", "this day has not come yet")
    if body[_WHAT] == "told" and day < today.isoformat():
        raise BadBody(
            "day",
            "当面送交的填今天；以其他方式送达的先不填，收到后再登记“收到听证告知”的日期",
            "today where it is handed over in person; else leave it empty, and record its receipt when it is received",
        )
    if body[_WHAT] != "told" and notice is not None and day < (given := day_of(notice.at_ms).isoformat()):
        raise BadBody("day", f"日期不能早于告知之日（{given}）", f"this day is before the notice was given ({given})")


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
    stands = standing(case, calendar)
    if stands.notice is None:
        return (
            "该事项在作出不予或撤销决定前须告知申请人听证权利，尚未告知",
            "before this item is refused or revoked the applicant is told of the right to be heard: not done yet",
        )
    if stands.request is not None and not stands.heard:
        return (
            "申请人要求听证，须先举行听证再作出不予或撤销决定",
            "the applicant asks to be heard: the hearing comes before the decision",
        )
    if stands.heard or stands.waived:
        return None
    if stands.received is None:
        return (
            "尚未登记申请人收到听证告知的日期，期限没有开始计算，请登记“收到听证告知”",
            "nobody has recorded when the notice of the right was received: its term does not run yet",
        )
    last = last_day(stands.received, calendar)
    if today > last:
        return None
    zh, en = ("（预计）", " (provisional)") if calendar.provisional(last, last) else ("", "")
    return (
        f"申请人在 {last}{zh} 之前（含当日）可以要求听证，期满、放弃或听证后才能作出不予或撤销决定",
        f"a hearing may be asked for up to {last}{en}: nothing adverse before that, a waiver or the hearing",
    )
