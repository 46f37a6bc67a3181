"""Ends of days for programs: how a day stands here, closing it, and how the places under here closed theirs."""

from datetime import date
from typing import Any, Final

import marshmallow
from marshmallow import Schema

from sync_protocol.case import day_ends as rules
from sync_protocol.case.workdays import day_of
from sync_protocol.places import about
from village_node.casebook import BadBody, NotFound
from village_node.casebook.closing import ROOM
from village_node.web import day_ends, entry, schemas
from village_node.web.api import shapes
from village_node.web.api.operations import Operation, Taken, numbered_once, request_of
from village_node.web.api.oversight import PeriodQuery
from village_node.web.site import Visit

TAG: Final = "oversight"
_FIELDS: Final = (
    "place",
    "department",
    "due",
    "closed",
    "in_time",
    "open",
    "came",
    "done",
    "left_over",
    "posts",
    "empty",
)


class DayHere(Taken):
    """Which day, today where it is left out; and whose, the room's where it is left out."""

    day = marshmallow.fields.Date(load_default=None, error_messages={"invalid": "应为日期，如 2026-11-21"})
    department = schemas.Text(0, rules.DEPARTMENT_MAX, load_default="")


class LeftTaken(Taken):
    """Why a case is left over."""

    place = schemas.Text(1, 16, required=True)
    case_id = schemas.Text(32, 32, required=True)
    why = marshmallow.fields.String(
        required=True, validate=marshmallow.validate.OneOf(tuple(rules.WHY), error="请从所列选项中选择")
    )
    words = schemas.Text(0, rules.WORDS_MAX, load_default="")


class DayTaken(Taken):
    """A day to be closed, today where it is left out, with a reason for each case that waits."""

    day = schemas.Text(0, 10, load_default="")
    department = schemas.Text(0, rules.DEPARTMENT_MAX, load_default="")
    reasons = marshmallow.fields.List(
        marshmallow.fields.Nested(LeftTaken),
        load_default=[],
        validate=marshmallow.validate.Length(max=rules.MOST_LEFT, error=f"最多 {rules.MOST_LEFT} 件"),
    )


class UntouchedShape(Schema):
    """A case upon which nobody has acted."""

    place, case_id, case_no, item_no = shapes.text(), shapes.text(), shapes.maybe(), shapes.maybe()
    what = shapes.text(*day_ends.WAITS)
    since_ms = shapes.moment()


class DayShape(Schema):
    """A day of this place as it stands."""

    day = shapes.day()
    department = shapes.text(words="Empty: the room.")
    came, done = shapes.number(), shapes.number()
    waiting = shapes.many(UntouchedShape)
    posts, empty = shapes.texts(), shapes.texts()
    closed_ms = shapes.moment()
    may_close = shapes.flag()


class EndedShape(Schema):
    """The days of a room or a department in a period."""

    place, department = shapes.text(), shapes.text(words="Empty: the room.")
    due, closed, in_time, came, done, left_over, posts, empty = (shapes.number() for _ in range(8))
    open_ = marshmallow.fields.Integer(required=True, data_key="open")
    last_ms = shapes.moment()


class EndedList(Schema):
    """How the places here and under here closed their days."""

    rooms = shapes.many(EndedShape)


class LeftShape(Schema):
    """A case that was left over."""

    place, case_id = shapes.text(), shapes.text()
    since = shapes.day()
    why, words = shapes.text(*rules.WHY), shapes.text()


class EndShape(Schema):
    """The end of a day that counts."""

    day = shapes.day()
    department = shapes.text()
    closed_ms = shapes.moment()
    actor = shapes.text()
    came, done, left_over, posts = (shapes.number() for _ in range(4))
    empty = shapes.texts()
    left = shapes.many(LeftShape)


class EndList(Schema):
    """The ends of days of one place; and its working days without one."""

    ends = shapes.many(EndShape)
    open_ = marshmallow.fields.List(marshmallow.fields.Date(), required=True, data_key="open")


class DayClosed(Schema):
    """The day that was closed."""

    number = shapes.text()


def read_day(visit: Visit, asked: dict[str, Any]) -> dict[str, Any]:
    """How a day stands here: what came, and what waits to be named before it is closed."""
    staff = visit.staff
    wanted: date = asked["day"] or day_of(visit.now_ms)
    found = visit.site.casebook.day_here(wanted.isoformat(), asked["department"], staff.staff_no, staff.roles)
    waiting = [
        {
            "place": each.scope.partition(":")[2], "case_id": each.case_id.hex(), "case_no": each.case_no,
            "item_no": each.item_no, "what": each.what, "since_ms": each.since_ms,
        }
        for each in found.waiting
    ]  # fmt: skip
    told = {name: getattr(found, name) for name in ("department", "came", "done", "posts", "empty")}
    closed_ms = found.closed.claimed_ms if found.closed is not None else None
    day = date.fromisoformat(found.day)
    return {**told, "day": day, "waiting": waiting, "closed_ms": closed_ms, "may_close": found.why_not is None}


def close_day(visit: Visit, chosen: dict[str, str], asked: dict[str, Any]) -> Any:
    """Close a day, with a reason for every case that waits; by who answers for the room or the department."""
    wanted, staff, day = request_of(visit, chosen, asked), visit.staff, asked["day"] or day_of(visit.now_ms).isoformat()
    reasons = {
        (about(each["place"]), _case_id(each["case_id"])): (each["why"], entry.line(each["words"]))
        for each in asked["reasons"]
    }
    department = asked["department"] or ROOM

    def close() -> None:
        visit.site.casebook.close_day(staff.staff_no, staff.roles, day, department, reasons, request=wanted)

    return numbered_once(visit, wanted, close, day)


def _case_id(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise BadBody("reasons", "案件编码应为 32 位十六进制数", "a case id has 32 hexadecimal digits") from None


def list_day_ends(visit: Visit, asked: dict[str, Any]) -> dict[str, Any]:
    """How the places here and under here closed their days; today where no days are given."""
    today = day_of(visit.now_ms)
    first, last = asked["first"] or asked["last"] or today, asked["last"] or today
    found = visit.site.casebook.ended_between(first, last)
    return {"rooms": [{**each._asdict(), "open_": each.open} for each in found]}


def read_day_ends(visit: Visit, asked: dict[str, Any], place: str) -> dict[str, Any]:
    """The ends of days of one place, with what was left over and why; this month where no days are given."""
    today = day_of(visit.now_ms)
    first, last = asked["first"] or today.replace(day=1), asked["last"] or today
    try:
        found = visit.site.casebook.ends_at(place, first, last)
    except KeyError:
        raise NotFound("没有这个单位", "no such place is looked after here") from None
    ends = [_end(record.said["said"], record.claimed_ms, record.actor) for _, records in found for record in records]
    return {"ends": ends, "open_": [date.fromisoformat(day) for day, records in found if not records]}


def _end(said: rules.DayEnd, closed_ms: int, actor: str) -> dict[str, Any]:
    left = [
        {**each._asdict(), "place": each.home, "case_id": each.case_id.hex(), "since": date.fromisoformat(each.since)}
        for each in said.left
    ]
    told = {name: getattr(said, name) for name in ("department", "came", "done", "left_over", "posts", "empty")}
    return {**told, "day": date.fromisoformat(said.day), "closed_ms": closed_ms, "actor": actor, "left": left}


OPERATIONS: Final = (
    Operation("/day-end", "read_day", read_day, day_ends.REASONS, TAG, asks=DayHere, gives=DayShape),
    Operation("/day-end", "close_day", close_day, day_ends.CLOSES, TAG, "POST", DayTaken, gives=DayClosed, once=True),
    Operation("/day-ends", "list_day_ends", list_day_ends, day_ends.READS, TAG, asks=PeriodQuery, gives=EndedList),
    Operation(
        "/day-ends/<place>", "read_day_ends", read_day_ends, day_ends.REASONS, TAG, asks=PeriodQuery, gives=EndList
    ),
)
