"""What does no business, was filed in two places, or had nobody at its post, for programs of supervision."""

from typing import Any, Final

import marshmallow
from marshmallow import Schema

from village_node.casebook.detecting import MOST_MONTHS, USUAL_MONTHS
from village_node.store.cases import CaseRow
from village_node.web import idle
from village_node.web.api import shapes
from village_node.web.api.operations import Operation, Taken
from village_node.web.site import Visit

TAG: Final = "oversight"


class IdleQuery(Taken):
    """Of how many months, up to today."""

    months = marshmallow.fields.Integer(
        load_default=USUAL_MONTHS,
        validate=marshmallow.validate.Range(1, MOST_MONTHS, error=f"应为 1 至 {MOST_MONTHS} 的整数"),
        error_messages={"invalid": "应为整数"},
    )


class IdleShape(Schema):
    """Something without a case: its code (a place, item number, department or window), and when it had one last."""

    code = shapes.text()
    last = shapes.day()
    of_items = shapes.number()


class FoundCase(Schema):
    """A case by its address."""

    place, case_id, case_no, item_no = shapes.text(), shapes.text(), shapes.maybe(), shapes.maybe()
    item_version = shapes.maybe_number()
    filed_ms = shapes.moment()


class TwiceShape(Schema):
    """Two cases of one item that look like one applicant's."""

    first, second = shapes.part(FoundCase), shapes.part(FoundCase)
    certain = shapes.flag()


class OutsideShape(Schema):
    """A case filed by a version that was over, and the one in force."""

    filed = shapes.part(FoundCase)
    version = shapes.number()
    begins = shapes.day()


class EmptyShape(Schema):
    """Posts of a day at which nobody was seen."""

    place = shapes.text()
    day = shapes.text()
    posts, empty = shapes.number(), shapes.number()


class Findings(Schema):
    """All that is found of the time asked for; the windows are those of this room. ``twice_cut``: of what was filed at
    two places only the newer ones are told."""

    places, departments, windows = shapes.many(IdleShape), shapes.many(IdleShape), shapes.many(IdleShape)
    items_ = shapes.listed("items", IdleShape)
    twice = shapes.many(TwiceShape)
    twice_cut = shapes.flag()
    outside = shapes.many(OutsideShape)
    posts = shapes.many(EmptyShape)


def list_idle(visit: Visit, asked: dict[str, Any]) -> dict[str, Any]:
    """What had no case in this time, what was filed at two places or outside its way, and empty posts."""
    book, months = visit.site.casebook, asked["months"]
    named = {"items_": "items", **{name: name for name in ("places", "departments", "windows")}}
    windows = idle.windows(visit, months)
    found: dict[str, Any] = {
        name: [
            {"code": each.code, "last": each.last, "of_items": each.items} for each in book.idle(what, months, windows)
        ]
        for name, what in named.items()
    }
    found_twice = book.filed_twice(months)
    twice = [
        {"first": _filed(each.first), "second": _filed(each.second), "certain": each.certain}
        for each in found_twice.found
    ]
    outside = [
        {"filed": _filed(each.row), "version": each.in_force.version, "begins": each.in_force.begins}
        for each in book.filed_outside(months)
    ]
    posts = [each._asdict() for each in book.empty_posts(months)]
    return {**found, "twice": twice, "twice_cut": found_twice.cut, "outside": outside, "posts": posts}


def _filed(row: CaseRow) -> dict[str, Any]:
    told = {name: getattr(row, name) for name in ("case_no", "item_no", "item_version", "filed_ms")}
    return {**told, "place": row.scope.partition(":")[2], "case_id": row.case_id.hex()}


OPERATIONS: Final = (Operation("/idle", "list_idle", list_idle, idle.READS, TAG, asks=IdleQuery, gives=Findings),)
