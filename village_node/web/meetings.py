"""Meetings on a case: the page of their minutes, and the list of what they gave people to do that is still open."""

from typing import Any, Final

from marshmallow import ValidationError
from werkzeug.wrappers import Response

from sync_protocol.case import Case, kinds
from sync_protocol.case.legal_bodies import MAX_ACTIONS
from sync_protocol.places import about
from village_node.casebook import AlreadyDone, BadBody, IdTaken, NotAllowed
from village_node.store import StoreError
from village_node.web import cases, counter_books, doing, entry, filters, minutes, schemas, sent_once
from village_node.web.filters import Choice, Filters
from village_node.web.policy import Route
from village_node.web.site import Visit
from village_node.web.words import choice_words

ROWS: Final = 5


def open_page(visit: Visit) -> Response:
    """What meetings gave people to do and is still open, the late first: the list of who supervises."""
    asked, found = narrowed(visit)
    return visit.render("actions.html", filters=asked, found=counter_books.listed(visit, "actions", found))


def narrowed(visit: Visit) -> tuple[Filters, list[tuple[tuple[str, str], str, minutes.Todo]]]:
    """What the list is narrowed to, and what it holds then: the address of the case, its number, and what is to do."""
    late = [("late", visit.t("已过半或超期", "half of the days used, or late"))]
    label = visit.t("收件编号、事项或责任人", "Receipt number, action or who")
    asked = filters.asked(visit, "actions", label, Choice("state", visit.t("时限", "Time"), late))
    found = [
        (
            (each.row.scope.partition(":")[2], each.row.case_id.hex()),
            each.row.case_no or "—",
            minutes.todo(visit, each.action, each.grade),
        )
        for each in visit.site.casebook.open_actions()
    ]
    return asked, [
        each for each in found if asked.fit((each[1], each[2].what, each[2].who), state="late" if each[2].badge else "")
    ]


def page(visit: Visit, place: str, case_id: str) -> Response:
    """The meetings on a case, and the form for the minutes of another."""
    return _page(visit, cases.fetch(visit, place, case_id))


def _page(
    visit: Visit, case: Case, *, problem: str = "", errors: dict[str, str] | None = None, status: int = 200
) -> Response:
    why = minutes.why_not_here(visit, case, kinds.MEETING)
    return visit.render(
        "meetings.html",
        status,
        case=case,
        minutes=minutes.minutes_of(visit, case),
        why=visit.t(*why) if why else "",
        may_finish=minutes.why_not_here(visit, case, kinds.ACTION_DONE) is None,
        typed=visit.request.form,
        rows=max(ROWS, min(MAX_ACTIONS, _filled(visit) + 1)),
        problem=problem,
        errors=errors or {},
        lane=visit.t(*choice_words(case.lane.lane)) if case.lane else "",
    )


def _filled(visit: Visit) -> int:
    return sum(bool(visit.request.form.get(f"what{number}")) for number in range(MAX_ACTIONS))


def record(visit: Visit, place: str, case_id: str) -> Response:
    """Record the minutes of a meeting."""
    todos = []
    for number in range(MAX_ACTIONS):
        told = {name: visit.line(f"{name}{number}") for name in ("what", "who", "due")}
        if any(told.values()):
            todos.append(told)
    present = [each for each in (entry.line(line) for line in visit.paragraph("present").splitlines()) if each]
    values = {
        "day": visit.line("day"),
        "present": present,
        "decisions": visit.paragraph("decisions"),
        "actions": todos,
    }
    return _record(visit, place, case_id, kinds.MEETING, values)


def finish(visit: Visit, place: str, case_id: str) -> Response:
    """Record an action as done, with a word of what came of it."""
    number = entry.number(visit.line("number"))
    values = {
        "meeting": visit.line("meeting"),
        "number": int(number) if len(number) < 5 and number.isascii() and number.isdecimal() else number,
        "result": visit.paragraph("result"),
    }
    return _record(visit, place, case_id, kinds.ACTION_DONE, values)


def _record(visit: Visit, place: str, case_id: str, kind: int, values: dict[str, Any]) -> Response:
    case = cases.fetch(visit, place, case_id)
    said = {name: value for name, value in values.items() if value not in ("", [])}
    try:
        body = schemas.load(kind, said)
        staff, key = visit.staff, (about(case.home), case.case_id)
        request = sent_once.asked(visit)
        visit.site.casebook.record(staff.staff_no, staff.roles, *key, kind, body, request=request)
    except AlreadyDone:
        pass
    except IdTaken:
        return _page(visit, case, problem=sent_once.changed(visit), status=409)
    except ValidationError as error:
        found = {name: visit.t(text, schemas.english(text)) for name, text in schemas.messages_of(error).items()}
        return _page(visit, case, errors=found, status=422)
    except BadBody as bad:
        return _page(visit, case, errors={bad.field: visit.t(bad.zh, bad.en)}, status=422)
    except NotAllowed as refused:
        return _page(visit, case, problem=visit.t(refused.zh, refused.en), status=409)
    except StoreError as fault:
        return _page(visit, case, problem=visit.unsaved(fault), status=503)
    return visit.redirect("meetings", place=place, case_id=case_id)


ROUTES: Final = (
    Route("/actions", "actions", open_page, minutes.READS),
    Route("/cases/<place>/<case_id>/meetings", "meetings", page, minutes.READS),
    Route("/cases/<place>/<case_id>/meetings", "record_meeting", record, doing.ACTS, ("POST",)),
    Route("/cases/<place>/<case_id>/meetings/done", "finish_action", finish, doing.ACTS, ("POST",)),
)
