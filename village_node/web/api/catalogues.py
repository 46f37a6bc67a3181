"""The items of a county as one file, for programs: read whole, and another county's looked at or published."""

import json
from datetime import date
from typing import Any, Final

import marshmallow
from marshmallow import Schema

from sync_protocol.case.editions import REASON_MAX
from village_node.casebook.importing import LOOKED, TAKEN
from village_node.store.locks import CaseKey
from village_node.web import catalogue_file, catalogue_import, catalogue_plan, entry, schemas
from village_node.web.api import shapes
from village_node.web.api.operations import Operation, Taken, done_once, request_of
from village_node.web.api.problems import invalid
from village_node.web.catalogue_file import BadFile
from village_node.web.catalogue_plan import Plan
from village_node.web.item_versions import PUBLISHES
from village_node.web.site import Visit

TAG: Final = "guide"
_FILE: Final = "The file, as `GET /catalogue/file` of a county gives it."


class CatalogueFile(Schema):
    """All items of a county that are in force or to come, each field as the form of the county has it."""

    format = shapes.text(catalogue_file.FORMAT)
    format_version, written_ms = shapes.number(), shapes.number()
    county, name = shapes.text(), shapes.text()
    items = marshmallow.fields.List(marshmallow.fields.Dict(), required=True)


class ImportTaken(Taken):
    """A file of items, and how it is to be published. Of an item of which this county has a newer version the file's
    is published only where ``take`` names it."""

    catalogue = marshmallow.fields.Dict(
        required=True,
        error_messages={**schemas.REQUIRED, "invalid": "格式不对"},
        metadata={"description": _FILE},
    )
    begins = marshmallow.fields.Date(
        load_default=None, error_messages={"invalid": "请按 年-月-日 填写"}, metadata={"description": "Null: today."}
    )
    reason = schemas.Text(0, REASON_MAX, load_default="")
    take = marshmallow.fields.List(
        schemas.Text(1, 32),
        load_default=list,
        validate=marshmallow.validate.Length(0, catalogue_file.ITEMS_MOST, error="项数过多"),
        error_messages={"invalid": "应为列表"},
    )
    publish = schemas.YesNo(
        load_default=False, metadata={"description": "False: it is only looked at, and nothing is published."}
    )


class ChangeGiven(Schema):
    """One field that differs; long texts are cut."""

    field, before, after = shapes.text(), shapes.text(), shapes.text()


class RowGiven(Schema):
    """One item of the file: `here` is the newest version of this county (0: none), `version` the file's."""

    item_no, name = shapes.text(), shapes.text()
    standing = shapes.text(*catalogue_plan.STANDINGS)
    here, version = shapes.number(), shapes.number()
    taken = shapes.flag()
    changes = shapes.many(ChangeGiven)
    refused_field = shapes.maybe("Which field of it cannot be published; null where it can.")
    refused = marshmallow.fields.Nested(shapes.Said, required=True, allow_none=True)


class ImportGiven(Schema):
    """What it would change, or changed; `published`: how many versions went out. A request that comes again is told no
    rows."""

    published = shapes.number()
    beside = shapes.number()
    rows = shapes.many(RowGiven)


def read_catalogue(visit: Visit) -> dict[str, Any]:
    """All items of the county as one file."""
    told: dict[str, Any] = json.loads(catalogue_import.written(visit))
    return told


def import_catalogue(visit: Visit, chosen: dict[str, str], asked: dict[str, Any]) -> Any:
    """Look at the items of another county's file, or publish them: all that is new or changed, or nothing."""
    wanted, staff, book = request_of(visit, chosen, asked), visit.staff, visit.site.casebook
    told: dict[str, Any] = {"published": 0, "beside": 0, "rows": []}

    def take() -> CaseKey:
        today = catalogue_plan.today_of(book)
        try:
            file = catalogue_file.of(asked["catalogue"], today)
        except BadFile as bad:
            raise invalid({".".join(filter(None, ("catalogue", bad.where))): (bad.zh, bad.en)}) from None
        begins: date = asked["begins"] or today
        reason = entry.line(asked["reason"])
        if asked["publish"] and not reason:
            raise invalid({"reason": ("请填写公布的理由", "say why they are published")})
        plan = catalogue_plan.plan(book, file, begins, reason or "-", set(asked["take"]))
        told.update(_told(plan))
        if not asked["publish"]:
            book.check_publisher_of_items(staff.roles)
            return LOOKED, b""
        if plan.refused:
            wrong = {f"catalogue.{row.item_no}.{row.wrong.field}": row.wrong for row in plan.rows if row.wrong}
            raise invalid({where: (bad.zh, bad.en) for where, bad in wrong.items()})
        told["published"] = book.publish_items(staff.staff_no, staff.roles, plan.editions, wanted)
        return TAKEN, b""

    _, headers = done_once(visit, wanted, take)
    return told, 200, headers


def _told(plan: Plan) -> dict[str, Any]:
    rows = [
        {
            **{name: getattr(row, name) for name in ("item_no", "name", "standing", "here", "version", "taken")},
            "changes": [change._asdict() for change in row.changes],
            "refused_field": row.wrong.field if row.wrong else None,
            "refused": {"zh": row.wrong.zh, "en": row.wrong.en} if row.wrong else None,
        }
        for row in plan.rows
    ]
    return {"beside": plan.beside, "rows": rows}


OPERATIONS: Final = (
    Operation("/catalogue/file", "read_catalogue", read_catalogue, PUBLISHES, TAG, gives=CatalogueFile),
    Operation(
        "/catalogue/import", "import_catalogue", import_catalogue, PUBLISHES, TAG, "POST", ImportTaken,
        gives=ImportGiven, once=True,
    ),
)  # fmt: skip
