"""The items of a county as one file, for programs: read whole, and another county's looked at or published."""

import json
from datetime import date
from typing import Any, Final

import marshmallow
from marshmallow import Schema

from sync_protocol.case.editions import REASON_MAX
from village_node.casebook.importing import LOOKED, TAKEN, count_of
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
_KEPT: Final = ("item_no", "name", "standing", "here", "version", "taken", "asked", "again", "left_out")
_FILE: Final = "The file, as `GET /catalogue/file` of a county gives it."


class CatalogueFile(Schema):
    """All items of a county that are in force or to come, each field as the form of the county has it."""

    format = shapes.text(catalogue_file.FORMAT)
    format_version, written_ms = shapes.number(), shapes.number()
    county, name = shapes.text(), shapes.text()
    items = marshmallow.fields.List(marshmallow.fields.Dict(), required=True)


class ImportTaken(Taken):
    """A file of items, and how it is to be published. Of an item of which this county has a newer version, or which has
    ended here, the file's is published only where ``take`` names it."""

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
        schemas.Text(3, 38),
        load_default=list,
        validate=marshmallow.validate.Length(0, catalogue_file.ITEMS_MOST, error="项数过多"),
        error_messages={"invalid": "应为列表"},
        metadata={"description": "Each `item_no:here`, as the rows tell them: no other version is replaced."},
    )
    publish = schemas.YesNo(
        load_default=False, metadata={"description": "False: it is only looked at, and nothing is published."}
    )


class ChangeGiven(Schema):
    """One field that differs; of long texts what surrounds the first difference. `begins`: the day of a version that is
    to come; null for the one in force. `coming` is a version of this county that would never begin."""

    field, before, after = shapes.text(), shapes.text(), shapes.text()
    begins = shapes.maybe()


class RowGiven(Schema):
    """One item of the file: `here` is the newest version of this county (0: none), `version` the file's; `asked`: it is
    published only where `take` names it; `again`: it is published anew for what it merges; `left_out`: how many of its
    versions would end before they begin; `considered`: what is to be considered all the same."""

    item_no, name = shapes.text(), shapes.text()
    standing = shapes.text(*catalogue_plan.STANDINGS)
    here, version = shapes.number(), shapes.number()
    taken, asked, again = shapes.flag(), shapes.flag(), shapes.flag()
    left_out = shapes.number()
    considered = shapes.many(shapes.Said)
    changes = shapes.many(ChangeGiven)
    refused_field = shapes.maybe("Which field of it cannot be published; null where it can.")
    refused = marshmallow.fields.Nested(shapes.Said, required=True, allow_none=True)


class ImportGiven(Schema):
    """What it would change, or changed; `published`: how many versions went out. A request that comes again is told how
    many went out then, and of the rest null."""

    published = shapes.number()
    beside = shapes.maybe_number()
    rows = marshmallow.fields.List(marshmallow.fields.Nested(RowGiven), required=True, allow_none=True)


def read_catalogue(visit: Visit) -> dict[str, Any]:
    """All items of the county as one file."""
    told: dict[str, Any] = json.loads(catalogue_import.written(visit))
    return told


def import_catalogue(visit: Visit, chosen: dict[str, str], asked: dict[str, Any]) -> Any:
    """Look at the items of another county's file, or publish them: all that is new or changed, or nothing."""
    wanted = request_of(visit, chosen, {**asked, "begins": str(asked["begins"])})
    staff, book = visit.staff, visit.site.casebook
    told: dict[str, Any] = {"published": 0, "beside": None, "rows": None}

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
        if unknown := plan.unknown(asked["take"]):
            raise invalid({"take": catalogue_plan.not_as_seen(unknown)})
        if plan.refused:
            wrong = {f"catalogue.{row.item_no}.{row.wrong.field}": row.wrong for row in plan.rows if row.wrong}
            raise invalid({where: (bad.zh, bad.en) for where, bad in wrong.items()})
        return TAKEN, book.publish_items(staff.staff_no, staff.roles, plan.editions, wanted).to_bytes(8, "big")

    became, headers = done_once(visit, wanted, take)
    told["published"] = count_of(became)
    return told, 200, headers


def _told(plan: Plan) -> dict[str, Any]:
    rows = [
        {
            **{name: getattr(row, name) for name in _KEPT},
            "changes": [{**change._asdict(), "begins": change.begins or None} for change in row.changes],
            "considered": [{"zh": zh, "en": en} for zh, en in row.considered],
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
