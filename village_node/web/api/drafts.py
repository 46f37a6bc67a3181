"""Drafts and the audit trail for programs: what is not filed yet, and what was done here by whom."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

import marshmallow
from marshmallow import Schema
from werkzeug.exceptions import NotFound

from sync_protocol.case.catalogue import Item
from village_node.casebook import AlreadyDone
from village_node.store.drafts import DraftRow
from village_node.web import application, entry, filing, schemas, staff
from village_node.web import asked as questions
from village_node.web.api import shapes
from village_node.web.api.acting import application_schema
from village_node.web.api.operations import Operation, Taken
from village_node.web.api.problems import Problem, invalid
from village_node.web.site import Visit

TAG: Final = "drafts"
LINES_MAX: Final = 200
_ID: Final = re.compile(r"[0-9a-f]{32}", re.ASCII)


class DraftTaken(Taken):
    """An application as far as it is known: the fields of `/applications`, any of which may be missing. Its papers and
    answers go by their names."""

    item_no = schemas.Text(1, 32, required=True)
    application = marshmallow.fields.Nested(
        lambda: type("DraftApplication", (application_schema(),), {})(partial=True, exclude=("item_no", "preview")),
        load_default=dict,
    )


class ThrowTaken(Taken):
    """When it was kept last, as it was read: a draft that was kept anew since is not thrown away."""

    updated_ms = marshmallow.fields.Integer(strict=True, load_default=None, error_messages={"invalid": "应为整数"})


class AuditQuery(Taken):
    """How many lines, and before which one."""

    limit = marshmallow.fields.Integer(
        load_default=100,
        validate=marshmallow.validate.Range(1, LINES_MAX, error=f"应为 1 至 {LINES_MAX} 的整数"),
        error_messages={"invalid": "应为整数"},
    )
    before = marshmallow.fields.Integer(
        load_default=None,
        validate=marshmallow.validate.Range(1, 2**53, error="应为行号"),
        error_messages={"invalid": "应为整数"},
        metadata={"description": "The number of a line: only those before it."},
    )


class DraftLine(Schema):
    """A draft of this account."""

    draft_id, item_no = shapes.text(), shapes.text()
    item_version = shapes.number()
    created_ms, updated_ms = shapes.moment(), shapes.moment()


class DraftListing(Schema):
    """The drafts of this account, the newest first."""

    drafts = shapes.many(DraftLine)


class DraftGiven(DraftLine):
    """One draft, with what was typed under the names that the form of the page has for it."""

    typed = shapes.by_name()


class Thrown(Schema):
    """The draft that is there no more."""

    draft_id = shapes.text()


class AuditLine(Schema):
    """One line of the trail; `detail` is what the act was about."""

    n, at_ms = shapes.number(), shapes.moment()
    actor, action, subject = shapes.text(), shapes.text(), shapes.text()
    detail = marshmallow.fields.Dict(required=True)


class AuditTrail(Schema):
    """Lines of the audit trail, the newest first."""

    lines = shapes.many(AuditLine)


def list_drafts(visit: Visit) -> dict[str, Any]:
    """The drafts of this account that were not filed."""
    return {"drafts": [_line(row) for row, _, _ in filing.open_drafts(visit)]}


def _line(row: DraftRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ("draft_id", "item_no", "item_version", "created_ms", "updated_ms")}


def read_draft(visit: Visit, draft_id: str) -> dict[str, Any]:
    """One draft with what was typed."""
    row = visit.site.accounts.drafts.draft(draft_id, visit.staff.staff_no)
    typed = json.loads(row.fields) if row is not None else {}
    if row is None or filing.FILED in typed or filing.THROWN in typed:
        raise NotFound
    return {**_line(row), "typed": typed}


def keep_draft(visit: Visit, asked: dict[str, Any], draft_id: str) -> dict[str, Any]:
    """Keep a draft under an id of the program's choosing, in place of what stood there: twice is once."""
    item = visit.site.finder.newest(entry.line(asked["item_no"]))
    if item is None:
        raise invalid({"item_no": ("没有这个事项，或已停用", "there is no such item in force")})
    if not _ID.fullmatch(draft_id):
        raise NotFound
    terms = {name: asked["application"].get(name, "") for name in application.BESIDE}
    said = {name: value for name, value in asked["application"].items() if name not in ("channel", *terms)}
    body = application.spelled(said, item)
    _refuse_unknown(body, item)
    typed = filing.values_of(body, asked["application"].get("channel", "counter"), item) | terms
    with visit.site.filing:
        if filing.became(visit, draft_id):
            raise NotFound
        try:
            filing.keep(visit, item, draft_id, typed)
        except AlreadyDone:  # by another worker, meanwhile
            raise NotFound from None
    row = visit.site.accounts.drafts.draft(draft_id, visit.staff.staff_no)
    assert row is not None, "it was kept just now"
    return {**_line(row), "typed": typed}


def _refuse_unknown(body: Mapping[str, Any], item: Item) -> None:
    """Refuse papers and answers that the item does not ask for: the form has no place to keep them. Raises Problem."""
    answers = {each.answer for each in questions.asked(item)}
    papers = [paper["name"] for paper in body.get("materials", ()) if paper["name"] not in item.materials]
    wrong = {"materials": ("该事项没有这份材料：", "the item asks for no such paper: ", papers)} if papers else {}
    unknown = [name for name in body.get("answers", {}) if name not in answers]
    if unknown:
        wrong["answers"] = ("该事项没有这个问题：", "the item asks no such question: ", unknown)
    if wrong:
        raise invalid({name: (zh + "、".join(of), en + ", ".join(of)) for name, (zh, en, of) in wrong.items()})


def throw_draft(visit: Visit, asked: dict[str, Any], draft_id: str) -> dict[str, Any]:
    """Throw a draft of this account away; what was filed is none any more. What was kept anew since it was read, also
    by a page, or this moment, stays as it is: 409 `stale`."""
    rows = visit.site.accounts.drafts
    with visit.site.filing:
        row = rows.draft(draft_id, visit.staff.staff_no)
        if row is None or filing.became(visit, draft_id):
            raise NotFound
        if asked["updated_ms"] not in (None, row.updated_ms) or not rows.delete_draft(row):
            kept_on = ("这份草稿后来又存过，没有删除", "The draft was kept anew since: it was not thrown away.")
            raise Problem("stale", *kept_on)
    return {"draft_id": draft_id}


def read_audit(visit: Visit, asked: dict[str, Any]) -> dict[str, Any]:
    """What was done at this node, by whom and when."""
    lines = visit.site.accounts.rows.audit_lines(asked["limit"], asked["before"])
    told = [{name: getattr(line, name) for name in ("n", "at_ms", "actor", "action", "subject")} for line in lines]
    return {"lines": [{**each, "detail": json.loads(line.detail)} for each, line in zip(told, lines, strict=True)]}


_ONE: Final = "/drafts/<draft_id>"
OPERATIONS: Final = (
    Operation("/drafts", "list_drafts", list_drafts, filing.OWN, TAG, gives=DraftListing),
    Operation(_ONE, "read_draft", read_draft, filing.OWN, TAG, gives=DraftGiven),
    Operation(_ONE, "keep_draft", keep_draft, filing.OWN, TAG, "POST", DraftTaken, gives=DraftGiven),
    Operation(
        f"{_ONE}/delete", "throw_draft", throw_draft, filing.OWN, TAG, "POST", ThrowTaken, gives=Thrown, fails=(409,)
    ),
    Operation("/audit", "read_audit", read_audit, staff.MANAGES, TAG, asks=AuditQuery, gives=AuditTrail),
)
