"""Supervision for programs: letters and their answers, words to cards, spot checks, and drawing a sample."""

from typing import Any, Final

import marshmallow
from marshmallow import Schema
from werkzeug.exceptions import NotFound

from sync_protocol.case import bodies, kinds
from sync_protocol.case.oversight_bodies import CARDS
from sync_protocol.case.sampling import OF
from sync_protocol.case.workdays import day_of
from sync_protocol.places import about
from village_node.casebook import NotAllowed
from village_node.store.locks import CaseKey
from village_node.web import cases, doing, entry, samples, schemas, supervision
from village_node.web.api import shapes
from village_node.web.api.operations import Operation, Taken, done_once, request_of
from village_node.web.site import Visit

TAG: Final = "oversight"
_DRAWN: Final = ("document_no", "grade", "seal")  # what the node says by itself


def _form(kind: int) -> type[Schema]:
    rows = tuple(row for row in bodies.TABLES[kind].fields if row.name not in _DRAWN)
    return schemas.form_schema(kind, rows)


class SampleTaken(Taken):
    """So many cases of these days, at random; `questions`: the check form."""

    what = marshmallow.fields.String(
        required=True,
        validate=marshmallow.validate.OneOf(OF, error="请从所列选项中选择"),
        error_messages={**schemas.REQUIRED},
    )
    first = schemas.Text(10, 10, required=True)
    last = schemas.Text(10, 10, required=True)
    count = schemas.Whole(1, 999_999, required=True)
    questions = marshmallow.fields.List(
        schemas.Text(1, 200),
        load_default=lambda: list(samples.usual_questions()),
        validate=marshmallow.validate.Length(max=50, error="最多 50 项"),
        error_messages={"invalid": "应为列表"},
    )


class Written(Schema):
    """Of which case it was written."""

    place, case_id, case_no = shapes.text(), shapes.text(), shapes.maybe()


class SampleDrawn(Schema):
    """The days that were drawn from; `/supervision/samples` has the sample."""

    what, first, last = shapes.text(), shapes.text(), shapes.text()


class SampledCase(Schema):
    """A case of a sample, and how far its check is, in words."""

    place, case_id, case_no, item = shapes.text(), shapes.text(), shapes.maybe(), shapes.text()
    check = shapes.part(shapes.Said)


class SampleGiven(Schema):
    """A sample with its questions and its cases."""

    position, what, first, last, by = (shapes.text() for _ in range(5))
    questions = shapes.texts()
    cases = shapes.many(SampledCase)


def writer(kind: int) -> Any:
    """The view that writes one kind of what supervision writes beside a case."""

    def write(visit: Visit, chosen: dict[str, str], asked: dict[str, Any], place: str, case_id: str) -> Any:
        """Write it beside the case; the number of a letter and the grade at the time are the node's own."""
        wanted, staff = request_of(visit, chosen, place, case_id, asked), visit.staff
        key = about(place), bytes.fromhex(case_id) if len(case_id) == 32 and _is_hex(case_id) else b""

        def do() -> CaseKey:
            case = cases.fetch(visit, place, case_id)
            said = doing.spelled(kind, asked)
            said |= {name: schemas.parse_position(said[name]) for name in ("of", "sample") if name in said}
            row = visit.site.casebook.case_row(about(case.home), case.case_id)
            grade = row.grade_on(day_of(visit.now_ms)) if row is not None else ""
            if kind == kinds.ALERT_ANSWER and grade not in CARDS:
                raise NotAllowed("本案现在没有黄牌或红牌", "the case has no card now")
            if kind in (kinds.ALERT_ANSWER, kinds.SUPERVISION_LETTER) and grade in CARDS:
                said["grade"] = grade
            ref = visit.site.casebook.oversee(
                staff.staff_no, staff.roles, (about(case.home), case.case_id), kind, said, wanted
            )
            return ref.scope, ref.case_id

        _, headers = done_once(visit, wanted, do)
        row = visit.site.casebook.case_row(*key)
        return {"place": place, "case_id": case_id, "case_no": row.case_no if row is not None else None}, 200, headers

    return write


def _is_hex(text: str) -> bool:
    return all(each in "0123456789abcdef" for each in text)


def draw_sample(visit: Visit, chosen: dict[str, str], asked: dict[str, Any]) -> Any:
    """Draw a sample, once for its days: nobody draws from the same days again."""
    wanted, staff = request_of(visit, chosen, asked), visit.staff
    what, first, last = (entry.line(asked[name]) for name in ("what", "first", "last"))
    questions = [line for each in asked["questions"] if (line := entry.line(each))]

    def draw() -> CaseKey:
        book = visit.site.casebook
        book.draw(staff.staff_no, staff.roles, what, first, last, asked["count"], questions, wanted)
        return "", b""

    _, headers = done_once(visit, wanted, draw)
    return {"what": what, "first": first, "last": last}, 200, headers


def read_sample(visit: Visit, position: str) -> dict[str, Any]:
    """One sample: its questions, its cases, and how far each check is."""
    drawn = next(
        (each for each in visit.site.casebook.samples() if schemas.position_text(each.position) == position), None
    )
    if drawn is None:
        raise NotFound
    lines = [samples.line(visit, drawn, home, case_id) for home, case_id in drawn.said.cases]
    return {
        **{name: getattr(drawn.said, name) for name in ("what", "first", "last")},
        "position": position,
        "by": drawn.actor,
        "questions": list(drawn.said.questions),
        "cases": [
            {
                **{name: getattr(line, name) for name in ("place", "case_id", "item")},
                "case_no": line.case_no or None,
                "check": {"zh": line.check[2], "en": line.check[3]},
            }
            for line in lines
        ],
    }


_OF_A_CASE: Final = "/cases/<place>/<case_id>/supervision"
OPERATIONS: Final = (
    *(
        Operation(
            f"{_OF_A_CASE}/{what}", f"write_{what}", writer(kind), supervision.WRITES, TAG, "POST", _form(kind),
            gives=Written, once=True,
        )
        for what, kind in supervision.KINDS.items()
    ),
    Operation(
        "/supervision/samples", "draw_sample", draw_sample, samples.DRAWS, TAG, "POST", SampleTaken, gives=SampleDrawn,
        once=True,
    ),
    Operation("/supervision/samples/<position>", "read_sample", read_sample, samples.READS, TAG, gives=SampleGiven),
)  # fmt: skip
