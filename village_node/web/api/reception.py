"""What is handed in for a case of another village, and what people ask at the counter, for programs."""

from typing import Any, Final

import marshmallow
from marshmallow import Schema

from sync_protocol.case.consultations import OUTCOMES, Consultation
from sync_protocol.case.legal_bodies import GRADES
from sync_protocol.case.slips import BECOMES
from village_node.casebook import Brought
from village_node.web import consultations, counter_books, entry, schemas, slips
from village_node.web.api import shapes
from village_node.web.api.casework import ReasonTaken
from village_node.web.api.operations import Operation, Taken, numbered_once, reason_in, request_of
from village_node.web.site import Visit

TAG: Final = "reception"
_CHOOSE: Final = "请从所列选项中选择"


class SlipTaken(Taken):
    """A slip, as its form takes it. `materials` with `supply`, `grade` and `stage` with `rating`."""

    case_no = schemas.Text(1, 60, required=True)
    code = schemas.Text(0, 30, load_default="")
    what = marshmallow.fields.String(
        required=True,
        validate=marshmallow.validate.OneOf(tuple(BECOMES), error=_CHOOSE),
        error_messages={**schemas.REQUIRED},
    )
    by = schemas.Text(1, 60, required=True)
    contact = schemas.Text(0, 60, load_default="")
    text_ = schemas.Text(0, 350, load_default="", data_key="text")
    materials = marshmallow.fields.List(marshmallow.fields.Nested(schemas.MaterialSchema), load_default=[])
    grade = marshmallow.fields.String(
        load_default=None, allow_none=True, validate=marshmallow.validate.OneOf(GRADES, error=_CHOOSE)
    )
    stage = schemas.Whole(1, 2, load_default=None, allow_none=True)


class AttachTaken(Taken):
    """An empty object."""


class DeclineTaken(Taken):
    """Why a slip is not attached: whoever came is told."""

    text_ = schemas.Text(1, 400, required=True, data_key="text")


class FollowTaken(Taken):
    """What came of a consultation."""

    outcome = marshmallow.fields.String(
        required=True,
        validate=marshmallow.validate.OneOf(OUTCOMES, error=_CHOOSE),
        error_messages={**schemas.REQUIRED},
    )
    told = schemas.Text(0, 2_000, load_default="")
    to = schemas.Text(0, 100, load_default="")
    case_no = schemas.Text(0, 60, load_default="")


class ConsultationTaken(FollowTaken):
    """A consultation, as its form takes it."""

    question = schemas.Text(1, 1_000, required=True)
    item_no = schemas.Text(0, 32, load_default="")
    by = schemas.Text(0, 60, load_default="")
    contact = schemas.Text(0, 60, load_default="")


class SlipGiven(Schema):
    """A slip as this place sees it."""

    number = shapes.text()
    case_no = shapes.text()
    what = shapes.text(*BECOMES)
    taken_at = shapes.text(words="The place that took it in.")
    at_ms = shapes.moment()
    meets = shapes.maybe("The place that attaches it; null where its number names nobody.")
    state = shapes.text("waiting", "attached", "declined")
    proved = marshmallow.fields.Boolean(
        required=True,
        allow_none=True,
        metadata={"description": "Whether who came held the query code; null where nobody can tell."},
    )
    by = shapes.text()
    contact = shapes.maybe()
    text_ = marshmallow.fields.String(required=True, allow_none=True, data_key="text")
    materials = shapes.many(schemas.MaterialSchema)
    grade = shapes.maybe()
    stage = marshmallow.fields.Integer(required=True, allow_none=True)
    declined_because = shapes.maybe()


class SlipListing(Schema):
    """Those taken here, to be attached here, and of places below."""

    slips = shapes.many(SlipGiven)


class ConsultationGiven(Schema):
    """A consultation of this place."""

    number = shapes.text()
    outcome = shapes.text(*OUTCOMES)
    owner = shapes.text(words="Staff number of the person first asked, who is responsible.")
    at_ms = shapes.moment()
    question = shapes.text()
    item_no = shapes.maybe()
    told = shapes.maybe()
    to = shapes.maybe()
    case_no = shapes.maybe()
    by = shapes.maybe()
    contact = shapes.maybe()


class ConsultationListing(Schema):
    """What was asked here, the newest first."""

    consultations = shapes.many(ConsultationGiven)


class NumberGiven(Schema):
    """The number of what was written or answered."""

    number = shapes.text()


def list_slips(visit: Visit) -> dict[str, Any]:
    """The slips taken here, those to be attached here, and those of places below."""
    return {"slips": [_slip(visit, each, open_data=False) for each in visit.site.casebook.brought()]}


def read_slip(visit: Visit, slip_no: str) -> dict[str, Any]:
    """One slip."""
    return _slip(visit, slips.fetch(visit, slip_no), open_data=False)


def unmask_slip(visit: Visit, asked: dict[str, str], slip_no: str) -> dict[str, Any]:
    """One slip with who came in full, once: the reason goes into the audit trail first."""
    found, reason = slips.fetch(visit, slip_no), reason_in(asked)
    counter_books.note_unmasked(visit, "slip.unmask", slip_no, reason)
    return _slip(visit, found, open_data=True)


def _slip(visit: Visit, each: Brought, *, open_data: bool) -> dict[str, Any]:
    said, answer = each.slip.record.said, each.slip.answer
    who = slips.caller(visit, each, open_data=open_data)
    papers = [dict(zip(("name", "copies", "original"), paper, strict=True)) for paper in said.get("materials", ())]
    return {
        "number": each.slip.number,
        "case_no": each.slip.case_no,
        "what": said["what"],
        "taken_at": each.slip.record.place,
        "at_ms": each.slip.record.claimed_ms,
        "meets": each.meets or None,
        "state": slips.state_of(each),
        "proved": each.proof,
        "by": who.by,
        "contact": who.contact or None,
        "text_": said.get("text"),
        "materials": papers,
        "grade": said.get("grade"),
        "stage": said.get("stage"),
        "declined_because": answer.said.get("text") if answer is not None else None,
    }


def take_slip(visit: Visit, chosen: dict[str, str], asked: dict[str, Any]) -> Any:
    """Take in what somebody hands in about a case that never passes here."""
    wanted, staff, line = request_of(visit, chosen, asked), visit.staff, entry.line
    said: dict[str, Any] = {name: line(asked[name]) for name in ("case_no", "what", "by", "contact")}
    said |= {"text": entry.paragraph(asked["text_"]), "grade": asked["grade"], "stage": asked["stage"]}
    said["materials"] = [[line(each["name"]), each["copies"], each["original"]] for each in asked["materials"]]

    return numbered_once(
        visit,
        wanted,
        lambda: visit.site.casebook.bring(staff.staff_no, staff.roles, said, line(asked["code"]), wanted),
    )


def attach_slip(visit: Visit, chosen: dict[str, str], asked: dict[str, Any], slip_no: str) -> Any:
    """Write what a slip says beside its case, as an act of this place."""
    wanted, staff = request_of(visit, chosen, asked, slip_no), visit.staff

    def attach() -> None:
        visit.site.casebook.attach(staff.staff_no, staff.roles, slip_no, wanted)

    _, status, headers = numbered_once(visit, wanted, attach)
    return {"number": slip_no}, status, headers  # what its request became is the case


def decline_slip(visit: Visit, chosen: dict[str, str], asked: dict[str, Any], slip_no: str) -> Any:
    """Say why a slip is not attached."""
    wanted, staff, text = request_of(visit, chosen, asked, slip_no), visit.staff, entry.paragraph(asked["text_"])
    return numbered_once(
        visit,
        wanted,
        lambda: visit.site.casebook.decline(staff.staff_no, staff.roles, slip_no, text, wanted),
        slip_no,
    )


def list_consultations(visit: Visit) -> dict[str, Any]:
    """What was asked at this place, the newest first."""
    return {
        "consultations": [_consultation(visit, each, open_data=False) for each in visit.site.casebook.consultations()]
    }


def read_consultation(visit: Visit, consultation_no: str) -> dict[str, Any]:
    """One consultation."""
    return _consultation(visit, consultations.fetch(visit, consultation_no), open_data=False)


def unmask_consultation(visit: Visit, asked: dict[str, str], consultation_no: str) -> dict[str, Any]:
    """One consultation with who asked in full, once: the reason goes into the audit trail first."""
    found, reason = consultations.fetch(visit, consultation_no), reason_in(asked)
    counter_books.note_unmasked(visit, "consultation.unmask", consultation_no, reason)
    return _consultation(visit, found, open_data=True)


def _spelled(asked: dict[str, str]) -> dict[str, str]:
    return {
        name: entry.paragraph(text) if name in ("question", "told") else entry.line(text)
        for name, text in asked.items()
    }


def _consultation(visit: Visit, each: Consultation, *, open_data: bool) -> dict[str, Any]:
    said = {**each.first.said, **each.last.said}
    who = consultations.caller(visit, each, open_data=open_data)
    return {
        "number": each.number,
        "outcome": each.outcome,
        "owner": each.owner,
        "at_ms": each.first.claimed_ms,
        "question": each.first.said["question"],
        "told": each.told or None,
        **{name: said.get(name) for name in ("item_no", "to", "case_no")},
        "by": who.by or None,
        "contact": who.contact or None,
    }


def take_consultation(visit: Visit, chosen: dict[str, str], asked: dict[str, Any]) -> Any:
    """Record what somebody asked, and mostly at once what was told."""
    wanted, staff = request_of(visit, chosen, asked), visit.staff
    said = _spelled(asked)

    return numbered_once(visit, wanted, lambda: visit.site.casebook.consult(staff.staff_no, staff.roles, said, wanted))


def follow_consultation(visit: Visit, chosen: dict[str, str], asked: dict[str, Any], consultation_no: str) -> Any:
    """Record what came of a consultation."""
    wanted, staff = request_of(visit, chosen, asked, consultation_no), visit.staff
    said = _spelled(asked)

    def follow() -> None:
        visit.site.casebook.follow_consultation(staff.staff_no, staff.roles, consultation_no, said, wanted)

    return numbered_once(visit, wanted, follow, consultation_no)


_SLIP: Final = "/slips/<slip_no>"
_ASKED: Final = "/consultations"
_ONE: Final = f"{_ASKED}/<consultation_no>"
OPERATIONS: Final = (
    Operation("/slips", "list_slips", list_slips, slips.READS, TAG, gives=SlipListing),
    Operation(_SLIP, "read_slip", read_slip, slips.READS, TAG, gives=SlipGiven),
    Operation(f"{_SLIP}/unmask", "unmask_slip", unmask_slip, slips.UNMASKS, TAG, "POST", ReasonTaken, None, SlipGiven),
    Operation("/slips", "take_slip", take_slip, slips.TAKES, TAG, "POST", SlipTaken, None, NumberGiven, once=True),
    Operation(
        f"{_SLIP}/attach", "attach_slip", attach_slip, slips.ANSWERS, TAG, "POST", AttachTaken, gives=NumberGiven,
        once=True,
    ),
    Operation(
        f"{_SLIP}/decline", "decline_slip", decline_slip, slips.ANSWERS, TAG, "POST", DeclineTaken, gives=NumberGiven,
        once=True,
    ),
    Operation(_ASKED, "list_consultations", list_consultations, consultations.READS, TAG, gives=ConsultationListing),
    Operation(
        _ASKED, "take_consultation", take_consultation, consultations.TAKES, TAG, "POST", ConsultationTaken, None,
        NumberGiven, once=True,
    ),
    Operation(_ONE, "read_consultation", read_consultation, consultations.READS, TAG, gives=ConsultationGiven),
    Operation(
        f"{_ONE}/unmask", "unmask_consultation", unmask_consultation, consultations.UNMASKS, TAG, "POST", ReasonTaken,
        None, ConsultationGiven,
    ),
    Operation(
        _ONE, "follow_consultation", follow_consultation, consultations.TAKES, TAG, "POST",
        FollowTaken, gives=NumberGiven, once=True,
    ),
)  # fmt: skip
