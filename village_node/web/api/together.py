"""What several people do together, and the money of a day, through the interface for programs."""

from typing import Any, Final

import marshmallow
from marshmallow import Schema

from sync_protocol.case.exclusions import GRADES
from sync_protocol.case.joint import Member
from sync_protocol.case.workdays import day_of
from village_node.store.fees import FeeRow
from village_node.web import cases, charging, joint, schemas
from village_node.web.api.operations import Operation, Taken
from village_node.web.api.shapes import day, flag, many, maybe, maybe_number, number, text, texts
from village_node.web.policy import CASEWORK, Policy
from village_node.web.site import Visit

TAG: Final = "together"
LISTS: Final = Policy(CASEWORK, "node", "masked")
WAITS: Final = ("waits", "signed", "not_signed")


class DayQuery(Taken):
    """Which day; today where none is named."""

    day = marshmallow.fields.Date(load_default=None, error_messages={"invalid": "应为日期，如 2026-11-21"})


class MemberShape(Schema):
    """One department of a joint case: its working days, and its word. ``decides``: the items of a theme that its word
    decides."""

    department = text()
    stands = text(*WAITS)
    used = number()
    limit = maybe_number()
    since, due, signed = day(), day(), day()
    grade = text(*GRADES)
    opinion, said, delegation = text("", "agree", "disagree"), text(), text()
    decides = texts()


class Members(Schema):
    """Every department that was asked to countersign a case."""

    members = many(MemberShape)


class WaitingShape(Schema):
    """A department whose signature a case waits for; ``mine``: whoever asks signs for it."""

    place, case_id, case_no, item_no, department = text(), text(), maybe(), maybe(), text()
    used = number()
    limit = maybe_number()
    due = day()
    grade = text(*GRADES)
    mine = flag()


class WaitingList(Schema):
    """What waits to be signed at this place."""

    waiting = many(WaitingShape)


class ActionShape(Schema):
    """What a meeting gave somebody to do: name it in the act `action_done` by ``meeting`` and ``number``. ``result`` is
    null while it is open."""

    place, case_id, meeting = text(), text(), text()
    case_no = maybe()
    number_ = marshmallow.fields.Integer(required=True, data_key="number")
    what, who = text(), text()
    due = day()
    grade = text(*GRADES)
    result = maybe()


class Actions(Schema):
    """Actions of meetings, the late first."""

    actions = many(ActionShape)


class FeeShape(Schema):
    """One line of the daily sheet; an amount is null where nobody can tell it any more."""

    place, case_id = text(), text()
    case_no, item_no, document_no, actor = maybe(), maybe(), maybe(), maybe()
    amount_fen = maybe_number()
    at_ms = number()


class FeeSum(Schema):
    """How many there were of a sort, and what they come to."""

    what = text(*charging.SORTS)
    count, amount_fen = number(), number()


class FeeSheet(Schema):
    """The daily sheet of this place: notices, receipts and waivers of a day."""

    day = day()
    notices, paid, waived = many(FeeShape), many(FeeShape), many(FeeShape)
    sums = many(FeeSum)


def read_members(visit: Visit, place: str, case_id: str) -> dict[str, Any]:
    """The departments of a joint case, each with its own days and grade."""
    case = cases.fetch(visit, place, case_id)
    return {
        "members": [
            {
                **_told(each),
                "since": each.since,
                "signed": each.signed,
                "stands": WAITS[0] if each.waits else WAITS[1] if each.signed is not None else WAITS[2],
                "opinion": each.note.body.get("opinion", "") if each.note is not None else "",
                "said": each.note.body.get("text", "") if each.note is not None else "",
                "delegation": each.note.body.get("delegation", "") if each.note is not None else "",
                "decides": [visit.t(*words) for words in joint.items_of(visit, case, each.department)],
            }
            for each in visit.site.casebook.members_of(case)
        ]
    }


def _told(member: Member) -> dict[str, Any]:
    return {name: getattr(member, name) for name in ("department", "used", "limit", "due", "grade")}


def list_countersigning(visit: Visit) -> dict[str, Any]:
    """What waits to be signed at this place: what the person of this token signs for first, the late first."""
    return {
        "waiting": [
            {
                **_told(each.member),
                "place": each.row.scope.partition(":")[2],
                "case_id": each.row.case_id.hex(),
                "case_no": each.row.case_no,
                "item_no": each.row.item_no,
                "mine": each.mine,
            }
            for each in visit.site.casebook.waiting_members(visit.staff.staff_no)
        ]
    }


def list_actions(visit: Visit) -> dict[str, Any]:
    """What meetings gave people to do and is still open, over all cases of this place."""
    return {
        "actions": [
            _action(each.row.scope.partition(":")[2], each.row.case_id, each.row.case_no, each.action, each.grade)
            for each in visit.site.casebook.open_actions()
        ]
    }


def read_actions(visit: Visit, place: str, case_id: str) -> dict[str, Any]:
    """Every action of every meeting on a case, those that are done with what came of them."""
    case = cases.fetch(visit, place, case_id)
    found = visit.site.casebook.graded_actions(case)
    return {"actions": [_action(case.home, case.case_id, case.case_no or None, *each) for each in found]}


def _action(place: str, case_id: bytes, case_no: str | None, action: Any, grade: str) -> dict[str, Any]:
    return {
        "place": place,
        "case_id": case_id.hex(),
        "case_no": case_no,
        "meeting": schemas.position_text(action.position),
        "number_": action.number,
        "what": action.what,
        "who": action.who,
        "due": action.due,
        "grade": grade,
        "result": action.done.body.get("result", "") if action.done is not None else None,
    }


def read_fee_day(visit: Visit, asked: dict[str, Any]) -> dict[str, Any]:
    """The daily sheet of this place, with its sums."""
    sheet = visit.site.casebook.fee_day(asked["day"] or day_of(visit.now_ms))
    return {
        "day": sheet.day,
        "notices": [_line(row) for row in sheet.notices],
        "paid": [_line(row) for row in sheet.paid],
        "waived": [_line(row) for row in sheet.waived],
        "sums": [{"what": what, "count": count, "amount_fen": fen} for what, (count, fen) in sheet.sums().items()],
    }


def _line(row: FeeRow) -> dict[str, Any]:
    return {
        "place": row.scope.partition(":")[2],
        "case_id": row.case_id.hex(),
        "case_no": row.case_no,
        "item_no": row.item_no,
        "document_no": row.number,
        "actor": row.actor,
        "amount_fen": row.fen,
        "at_ms": row.at_ms,
    }


_CASE: Final = "/cases/<place>/<case_id>"
OPERATIONS: Final = (
    Operation(f"{_CASE}/members", "read_members", read_members, cases.READS, TAG, gives=Members),
    Operation(f"{_CASE}/actions", "read_actions", read_actions, cases.READS, TAG, gives=Actions),
    Operation("/countersigning", "list_countersigning", list_countersigning, LISTS, TAG, gives=WaitingList),
    Operation("/actions", "list_actions", list_actions, LISTS, TAG, gives=Actions),
    Operation("/fees", "read_fee_day", read_fee_day, LISTS, TAG, asks=DayQuery, gives=FeeSheet),
)
