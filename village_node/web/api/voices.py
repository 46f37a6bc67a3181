"""What applicants say to our work, for programs: the open orders to put right, and complaints with their answers."""

from typing import Any, Final

import marshmallow
from marshmallow import Schema

from sync_protocol.case.complaints import OUTCOMES
from sync_protocol.case.exclusions import GRADES
from sync_protocol.case.voices import Span
from village_node.casebook import Heard, OpenOrder, Slip
from village_node.store.locks import CaseKey
from village_node.web import complaints, counter_books, entry, masking, orders, query, schemas
from village_node.web.api import shapes
from village_node.web.api.casework import ReasonTaken
from village_node.web.api.operations import Operation, Taken, done_once, numbered_once, reason_in, request_of
from village_node.web.api.problems import waiting
from village_node.web.policy import CASEWORK, Policy
from village_node.web.query import NotTold
from village_node.web.site import Visit

TAG: Final = "voices"
LISTS: Final = Policy(CASEWORK, "node", "masked")
_NOT_FOUND: Final = ("没有查到，请核对投诉编号和完整的查询码", "nothing was found: compare number and whole code")
_GRADES: Final = tuple(GRADES)


class OrderQuery(Taken):
    """Which of them."""

    view = marshmallow.fields.String(
        load_default="here", validate=marshmallow.validate.OneOf(tuple(orders.VIEWS), error="请从所列选项中选择")
    )
    page = marshmallow.fields.Integer(
        load_default=1,
        validate=marshmallow.validate.Range(1, 999_999, error="应为 1 至 999999 的整数"),
        error_messages={"invalid": "应为整数"},
    )


class ComplaintTaken(Taken):
    """A complaint, as its form takes it."""

    place = schemas.Text(1, 40, required=True)
    who = schemas.Text(1, 60, required=True)
    text_ = schemas.Text(1, 2_000, required=True, data_key="text")
    higher = marshmallow.fields.Boolean(load_default=False, error_messages={"invalid": "应为是或否"})
    by = schemas.Text(0, 60, load_default="")
    contact = schemas.Text(0, 60, load_default="")
    case_no = schemas.Text(0, 60, load_default="")


class ComplaintAnswerTaken(Taken):
    """What was found, and what is answered."""

    outcome = marshmallow.fields.String(
        required=True,
        validate=marshmallow.validate.OneOf(OUTCOMES, error="请从所列选项中选择"),
        error_messages={**schemas.REQUIRED},
    )
    text_ = schemas.Text(1, 2_000, required=True, data_key="text")
    document_no = schemas.Text(0, 80, load_default="")


class PassOnTaken(Taken):
    """An empty object."""


class CodeTaken(Taken):
    """Number and whole code, as on the slip."""

    number = schemas.Text(1, 90, required=True)
    code = schemas.Text(1, 24, required=True)


class SpanShape(Schema):
    """A clock beside the case, in working days. The limits are sample data."""

    limit = shapes.number()
    used = shapes.number()
    due = shapes.day()
    grade = shapes.text(*_GRADES)
    ended = shapes.flag()
    provisional = shapes.flag()


class OrderShape(Schema):
    """One order to put right."""

    home = shapes.text(words="The place of the case.")
    case_id = shapes.text()
    case_no = shapes.maybe()
    stage = shapes.number()
    place = shapes.text(words="The place that is to answer.")
    grade = shapes.text(words="The rating that opened it.")
    reopened = shapes.flag()
    asks = shapes.maybe("Name it as `order` in the act `rectification`; null where nothing is to be answered.")
    unrated = shapes.maybe("Name it as `rectification` in the act `follow_up`; null where nothing is to be rated.")
    appealed = shapes.maybe("Name it as `of` in the act `rating_appeal`; null where no appeal waits for its answer.")
    clock = marshmallow.fields.Nested(SpanShape, required=True)


class OrderListing(Schema):
    """One page of the open orders."""

    orders = shapes.many(OrderShape)
    page = shapes.number()
    total = shapes.number()


class ComplaintShape(Schema):
    """A complaint; what is sealed to another place, or to the complainant's code, is null."""

    number = shapes.text()
    handler = shapes.maybe("Who hears it; null where nobody in this network may.")
    at_ms = shapes.moment()
    is_answered = shapes.flag()
    clock = marshmallow.fields.Nested(SpanShape, required=True)
    place = shapes.maybe("Of the person complained of.")
    who = shapes.maybe()
    text_ = marshmallow.fields.String(required=True, allow_none=True, data_key="text")
    by = shapes.maybe()
    contact = shapes.maybe()
    case_no = shapes.maybe()
    outcome = shapes.maybe()
    answer = shapes.maybe()


class ComplaintListing(Schema):
    """Those that are heard here, or at a place below."""

    complaints = shapes.many(ComplaintShape)


class ComplaintDone(Schema):
    """The complaint that was answered or passed on."""

    number = shapes.text()


class SlipShape(Schema):
    """Number and code, told once: what is asked again under the same id is told the number alone."""

    number = shapes.text()
    code = shapes.maybe()
    handler = shapes.maybe()


def _span(clock: Span) -> dict[str, Any]:
    return dict(clock._asdict())


def list_orders(visit: Visit, asked: dict[str, Any]) -> dict[str, Any]:
    """The open orders to put right that bad ratings have opened, the longest open first."""
    found = visit.site.casebook.orders(asked["view"], asked["page"])
    return {"orders": [_order(each) for each in found.orders], "page": found.page, "total": found.total}


def _order(each: OpenOrder) -> dict[str, Any]:
    order = each.order
    return {
        "home": each.row.scope.partition(":")[2],
        "case_id": each.row.case_id.hex(),
        "case_no": each.row.case_no,
        "stage": order.stage,
        "place": order.place,
        "grade": order.rating.body["grade"],
        "reopened": order.reopened,
        "asks": schemas.position_text(order.asks.position) if order.asks is not None else None,
        "unrated": schemas.position_text(order.unrated.position) if order.unrated is not None else None,
        "appealed": schemas.position_text(order.appealed.position) if order.appealed is not None else None,
        "clock": _span(each.clock),
    }


def list_complaints(visit: Visit) -> dict[str, Any]:
    """The complaints that are heard here, and the time of those that places below hear."""
    found = visit.site.casebook.complaints(visit.staff.roles)
    return {"complaints": [_complaint(each, opened=False) for each in found]}


def read_complaint(visit: Visit, complaint_no: str) -> dict[str, Any]:
    """One complaint that is heard here, opened."""
    return _masked(visit, complaints.heard(visit, complaint_no), open_data=False)


def unmask_complaint(visit: Visit, asked: dict[str, str], complaint_no: str) -> dict[str, Any]:
    """One complaint with its complainant in full, once: the reason goes into the audit trail first."""
    found, reason = complaints.heard(visit, complaint_no), reason_in(asked)
    counter_books.note_unmasked(visit, "complaint.unmask", complaint_no, reason)
    return _masked(visit, found, open_data=True)


def _masked(visit: Visit, found: Heard, *, open_data: bool) -> dict[str, Any]:
    who = complaints.complainant(visit, found, open_data=open_data)
    return {**_complaint(found, opened=True), "by": who.by or None, "contact": who.contact or None}


def _complaint(each: Heard, *, opened: bool) -> dict[str, Any]:
    said = each.said if opened and each.said is not None else {}
    answered = each.answered if opened and each.answered is not None else {}
    told = {name: said.get(name) for name in ("place", "who", "by", "contact", "case_no")}
    return {
        **told,
        "number": each.complaint.number,
        "handler": each.complaint.handler or None,
        "at_ms": each.complaint.at_ms,
        "is_answered": each.complaint.answer is not None,
        "clock": _span(each.clock),
        "text_": said.get("text"),
        "outcome": answered.get("outcome"),
        "answer": answered.get("text"),
    }


def take_complaint(visit: Visit, chosen: dict[str, str], asked: dict[str, Any]) -> Any:
    """Take a complaint: it is sealed to who hears it. The code in the answer is kept nowhere else."""
    wanted, line = request_of(visit, chosen, asked), entry.line
    slips: list[Slip] = []
    said: dict[str, Any] = {name: line(asked[name]) for name in ("place", "who", "by", "contact")}
    said |= {"text": entry.paragraph(asked["text_"]), "higher": asked["higher"]}
    said["case_no"] = line(asked["case_no"]).upper()

    def take() -> CaseKey:
        slip = visit.site.casebook.complain(visit.staff.staff_no, visit.staff.roles, said, wanted)
        slips.append(slip)
        return slip.number, b""

    (number, _), headers = done_once(visit, wanted, take)
    slip = slips[0] if slips else None
    told = {"number": number, "code": slip.code if slip else None, "handler": (slip.handler or None) if slip else None}
    return told, 200, headers


def answer_complaint(visit: Visit, chosen: dict[str, str], asked: dict[str, Any], complaint_no: str) -> Any:
    """Answer a complaint that is heard here."""
    wanted, staff = request_of(visit, chosen, asked, complaint_no), visit.staff
    said = {"outcome": asked["outcome"], "text": entry.paragraph(asked["text_"])}
    said["document_no"] = entry.line(asked["document_no"])

    def answer() -> None:
        book = visit.site.casebook
        book.answer_complaint(staff.staff_no, staff.roles, complaint_no, said, [staff.name], wanted)

    return numbered_once(visit, wanted, answer, complaint_no)


def pass_on_complaint(visit: Visit, chosen: dict[str, str], asked: dict[str, Any], complaint_no: str) -> Any:
    """Hand a complaint that is heard here to the next level that may hear it."""
    wanted, staff = request_of(visit, chosen, asked, complaint_no), visit.staff

    def hand_on() -> None:
        visit.site.casebook.pass_on_complaint(staff.staff_no, staff.roles, complaint_no, wanted)

    return numbered_once(visit, wanted, hand_on, complaint_no)


def tell_complaint(visit: Visit, asked: dict[str, Any]) -> dict[str, Any]:
    """What became of a complaint, for whoever holds its number and whole code."""
    wait = query.wait_ms(visit)
    if wait:
        raise waiting(wait)
    found = complaints.look_up(visit, entry.line(asked["number"]), entry.line(asked["code"]))
    if found is None:
        query.note_miss(visit)
        raise NotTold(404, *_NOT_FOUND)
    query.take_back(visit)
    told = _complaint(found, opened=True)
    return {**told, "who": masking.name(told["who"]), "by": None, "contact": None}


_ONE: Final = "/complaints/<complaint_no>"
OPERATIONS: Final = (
    Operation("/orders", "list_orders", list_orders, LISTS, TAG, asks=OrderQuery, gives=OrderListing),
    Operation("/complaints", "list_complaints", list_complaints, complaints.HEARS, TAG, gives=ComplaintListing),
    Operation(_ONE, "read_complaint", read_complaint, complaints.HEARS, TAG, gives=ComplaintShape),
    Operation(
        f"{_ONE}/unmask", "unmask_complaint", unmask_complaint, complaints.UNMASKS, TAG, "POST", ReasonTaken, None,
        ComplaintShape,
    ),
    Operation(
        "/complaints", "take_complaint", take_complaint, complaints.TAKES, TAG, "POST", ComplaintTaken, None, SlipShape,
        once=True,
    ),
    Operation(
        f"{_ONE}/answer", "answer_complaint", answer_complaint, complaints.HEARS, TAG, "POST", ComplaintAnswerTaken,
        gives=ComplaintDone, once=True,
    ),
    Operation(
        f"{_ONE}/pass-on", "pass_on_complaint", pass_on_complaint, complaints.HEARS, TAG, "POST", PassOnTaken,
        gives=ComplaintDone, once=True,
    ),
    Operation(
        "/complaints/tell", "tell_complaint", tell_complaint, complaints.TELLS, TAG, "POST", CodeTaken, None,
        ComplaintShape, fails=(404,),
    ),
)  # fmt: skip
