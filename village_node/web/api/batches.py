"""Lists of applications for one item, for programs: looked at, filed in one go, and read back with their receipts."""

from functools import cache
from typing import Any, Final

import marshmallow
from marshmallow import Schema
from werkzeug.exceptions import NotFound

from sync_protocol.case import bodies, kinds
from sync_protocol.case.catalogue import Item
from village_node.casebook.batches import BATCH, MOST
from village_node.store.cases import CaseRow
from village_node.store.locks import CaseKey
from village_node.web import application, batches, entry, schemas, sheet
from village_node.web.api import acting, shapes
from village_node.web.api.operations import Operation, Taken, done_once, request_of
from village_node.web.api.problems import ROWS, invalid
from village_node.web.site import Visit

TAG: Final = "acts"


@cache
def _member() -> type[Schema]:
    """One application of a list: the table of the application, whether the applicant came himself, and the terms of the
    authority of who acts for him."""
    rows = tuple(row for row in bodies.TABLES[kinds.CREATE].fields if row.name not in ("item_no", "item_version"))
    form = schemas.form_schema(kinds.CREATE, rows)
    came = schemas.YesNo(
        required=True, metadata={"description": "False: somebody acts for this person, and the proxy fields say who."}
    )
    return type("ListedApplication", (form,), {sheet.IN_PERSON: came, **acting.terms()})


class BatchTaken(Taken):
    """The item, how the list came in, and the applications, each of another person."""

    item_no = schemas.Text(1, 32, required=True)
    channel = marshmallow.fields.String(
        load_default="counter", validate=marshmallow.validate.OneOf(bodies.CHANNELS, error="请从所列选项中选择")
    )
    applications = marshmallow.fields.List(
        marshmallow.fields.Nested(_member()),
        required=True,
        validate=marshmallow.validate.Length(1, MOST, error=f"应为 1 到 {MOST} 项"),
        error_messages={**schemas.REQUIRED, "invalid": "应为列表"},
    )


class WrongRow(Schema):
    """One application of the list, counted from 0, with what is wrong in it."""

    row = shapes.number()
    told = shapes.listed("fields", shapes.FieldProblem)


class OpenBefore(Schema):
    """One application, counted from 0, whose applicant has an open case of this item here, filed within 60 days."""

    row = shapes.number()
    case_no = shapes.maybe()


class Judged(Schema):
    """What is wrong with a list; it can be filed where nothing is. What is open before is told, and refuses nothing."""

    count = shapes.number()
    wrong = shapes.many(WrongRow)
    open_before = shapes.many(OpenBefore)


class BatchQuery(Taken):
    """Which page of them."""

    page = marshmallow.fields.Integer(
        load_default=1,
        validate=marshmallow.validate.Range(1, 999_999, error="应为 1 至 999999 的整数"),
        error_messages={"invalid": "应为整数"},
    )


class BatchLine(Schema):
    """A list that was filed here."""

    batch_id = shapes.text()
    item_no = shapes.text()
    item_version = shapes.number()
    made_ms = shapes.moment()
    actor = shapes.text()
    count = shapes.number()


class BatchListing(Schema):
    """A page of the lists filed here, the newest first, and how many there are in all."""

    batches = shapes.many(BatchLine)
    page, total = shapes.number(), shapes.number()


class BatchCase(Schema):
    """The receipt of one case; the code is for its applicant alone, and null where the contents were cleared."""

    place = shapes.text()
    case_id = shapes.text()
    case_no = shapes.maybe()
    query_code = shapes.maybe()


class BatchGiven(BatchLine):
    """A list with the receipts of its cases, in the order of its rows."""

    cases = shapes.many(BatchCase)


def _read(visit: Visit, asked: dict[str, Any]) -> tuple[Item, list[tuple[dict[str, Any], bool, dict[str, str]]]]:
    """The item and the applications in the spelling in which they are signed. Raises Problem."""
    item = visit.site.finder.newest(entry.line(asked["item_no"]))
    if item is None:
        raise invalid({"item_no": ("没有这个事项，或已停用", "there is no such item in force")})
    applied = []
    for each in asked[ROWS]:
        terms = {name: each[name] for name in application.TERMS}
        typed = {name: value for name, value in each.items() if name not in (sheet.IN_PERSON, *terms)}
        applied.append((application.spelled(typed, item), bool(each[sheet.IN_PERSON]), terms))
    return item, applied


def check_batch(visit: Visit, asked: dict[str, Any]) -> dict[str, Any]:
    """Look at a list row by row and file nothing: every wrong field is named with its row."""
    item, applied = _read(visit, asked)
    found = batches.faults(visit, item, asked["channel"], applied)
    wrong = [
        {"row": row, "told": [{"field": name, "zh": zh, "en": en} for name, (zh, en) in said.items()]}
        for row, said in enumerate(found)
        if said
    ]
    before = visit.site.casebook.open_before(item.item_no, [body for body, *_ in applied])
    known = [{"row": row, "case_no": case_no or None} for row, case_no in sorted(before.items())]
    return {"count": len(applied), "wrong": wrong, "open_before": known}


def file_batch(visit: Visit, chosen: dict[str, str], asked: dict[str, Any]) -> Any:
    """File a list: every application becomes a case with number and code, or none does.

    The same id with the same list answers with the first result, however often it is sent.
    """
    wanted = request_of(visit, chosen, asked)

    def file() -> CaseKey:
        item, applied = _read(visit, asked)
        found = batches.faults(visit, item, asked["channel"], applied)
        wrong = {f"{ROWS}.{row}.{name}": said for row, told in enumerate(found) for name, said in told.items()}
        if wrong:
            raise invalid(wrong)
        return BATCH, batches.file(visit, asked["channel"], [(body, terms) for body, _, terms in applied], wanted)

    (_, batch_id), headers = done_once(visit, wanted, file)
    return _given(visit, batch_id), 200, headers


def list_batches(visit: Visit, asked: dict[str, Any]) -> dict[str, Any]:
    """The lists filed here, the newest first, page by page."""
    book, page = visit.site.casebook, asked["page"]
    told = [_line(batch._asdict(), count) for batch, count in book.batches(page)]
    return {"batches": told, "page": page, "total": book.batch_count()}


def read_batch(visit: Visit, batch_id: str) -> dict[str, Any]:
    """One list with the receipts of its cases."""
    return _given(visit, batches.id_of(batch_id))


def _line(batch: dict[str, Any], count: int) -> dict[str, Any]:
    return {**batch, "batch_id": batch["batch_id"].hex(), "count": count}


def _given(visit: Visit, batch_id: bytes) -> dict[str, Any]:
    found = visit.site.casebook.batch(batch_id)
    if found is None:
        raise NotFound
    batch, rows = found
    return {**_line(batch._asdict(), len(rows)), "cases": [_receipt(row) for row in rows]}


def _receipt(row: CaseRow) -> dict[str, Any]:
    place, case_id = row.scope.partition(":")[2], row.case_id.hex()
    return {"place": place, "case_id": case_id, "case_no": row.case_no, "query_code": row.query_code}


OPERATIONS: Final = (
    Operation("/batches", "list_batches", list_batches, batches.READS, TAG, asks=BatchQuery, gives=BatchListing),
    Operation("/batches/check", "check_batch", check_batch, batches.FILES, TAG, "POST", BatchTaken, gives=Judged),
    Operation(
        "/batches", "file_batch", file_batch, batches.FILES, TAG, "POST", BatchTaken, gives=BatchGiven, once=True
    ),
    Operation("/batches/<batch_id>", "read_batch", read_batch, batches.READS, TAG, gives=BatchGiven),
)
