"""Calling back for programs: whom to call about a question or a slip, what came of it, and the sums of a period."""

from typing import Any, Final

import marshmallow
from marshmallow import Schema

from sync_protocol.case.calls import Callee
from sync_protocol.case.workdays import day_of
from village_node.web import calls, entry, schemas
from village_node.web.api import shapes
from village_node.web.api.operations import Operation, Taken, numbered_once, request_of
from village_node.web.api.oversight import PeriodQuery
from village_node.web.site import Visit

TAG: Final = "reception"


class CallBackTaken(Taken):
    """A call, as its form takes it."""

    reached = marshmallow.fields.Boolean(
        required=True, error_messages={**schemas.REQUIRED, "invalid": "应为是或否"}, truthy={True}, falsy={False}
    )
    text_ = schemas.Text(1, 1_000, required=True, data_key="text")


class CallBackShape(Schema):
    """One call."""

    at_ms = shapes.moment()
    actor = shapes.text()
    reached = shapes.flag()
    text_ = marshmallow.fields.String(required=True, data_key="text")


class CalleeShape(Schema):
    """Somebody who was answered later."""

    number = shapes.text(words="Of the consultation or the slip.")
    what = shapes.text(*calls.WHAT)
    answered_ms = shapes.moment()
    waits = shapes.flag()
    due = shapes.day()
    grade = shapes.text("", "notice", "yellow", "red")
    calls = shapes.many(CallBackShape)


class CallSums(Schema):
    """Of the results given in these days."""

    given, rated, called, reached, waiting, calls = (shapes.number() for _ in range(6))


class CallBackListing(Schema):
    """Whom to call, and the sums; the cases to be called about are the view `unrated` of the work list."""

    callees = shapes.many(CalleeShape)
    sums = shapes.part(CallSums)


class CallBackDone(Schema):
    """What the call was about."""

    number = shapes.text()


def list_calls(visit: Visit, asked: dict[str, Any]) -> dict[str, Any]:
    """Whom this place is to call about questions and slips, and how far applicants were asked after their results."""
    book, today = visit.site.casebook, day_of(visit.now_ms)
    first, last = asked["first"] or today.replace(day=1), asked["last"] or today
    return {
        "callees": [_callee(visit, each) for each in book.callees()],
        "sums": book.calls_made(first, last)._asdict(),
    }


def _callee(visit: Visit, each: Callee) -> dict[str, Any]:
    said = [
        {"at_ms": call.claimed_ms, "actor": call.actor, "reached": call.said["reached"], "text_": call.said["text"]}
        for call in each.calls
    ]
    told = {name: getattr(each, name) for name in ("number", "what", "answered_ms", "waits")}
    term = calls.term_of(visit, each)
    return {**told, "due": term.due, "grade": term.grade, "calls": said}


def record_call(visit: Visit, chosen: dict[str, str], asked: dict[str, Any], call_no: str) -> Any:
    """Record a call about a question or a slip, by somebody who did not handle it."""
    wanted, staff = request_of(visit, chosen, asked, call_no), visit.staff
    said = {"reached": asked["reached"], "text": entry.paragraph(asked["text_"])}

    def call() -> None:
        visit.site.casebook.call_back(staff.staff_no, staff.roles, call_no, said, wanted)

    return numbered_once(visit, wanted, call, call_no)


OPERATIONS: Final = (
    Operation("/calls", "list_calls", list_calls, calls.READS, TAG, asks=PeriodQuery, gives=CallBackListing),
    Operation(
        "/calls/<call_no>",
        "record_call",
        record_call,
        calls.CALLS,
        TAG,
        "POST",
        CallBackTaken,
        gives=CallBackDone,
        once=True,
    ),
)
