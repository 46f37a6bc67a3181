"""Windows for programs: which is open on a day and which item it takes, the register, and its entries."""

from typing import Any, Final

import marshmallow
from marshmallow import Schema

from sync_protocol.case import windows as rules
from sync_protocol.case.windows import ACTS, SORTS, TASKS, Window
from sync_protocol.case.workdays import day_of
from village_node.casebook import NotFound
from village_node.casebook.windows import STATES, Known
from village_node.web import entry, schemas, turns, windows
from village_node.web.api import shapes
from village_node.web.api.operations import Operation, Taken, numbered_once, request_of
from village_node.web.site import Visit

TAG: Final = "room"
_DAY: Final[dict[str, Any]] = {"invalid": "应为日期，如 2026-11-21"}


class MapQuery(Taken):
    """Of which day, today where it is left out; of one place and one item, where they are given."""

    day = marshmallow.fields.Date(load_default=None, error_messages=_DAY)
    place = schemas.Text(0, 43, load_default="")
    item_no = schemas.Text(0, 32, load_default="")


class LeavingQuery(Taken):
    """Which window of this place, and from which day on it would be closed; today where it is left out."""

    window = schemas.Text(1, rules.NAME_MAX, required=True)
    first = marshmallow.fields.Date(load_default=None, error_messages=_DAY)


class WeekdayTaken(Taken):
    """On which weekday (1 is Monday) a mobile window stands where."""

    weekday = schemas.Whole(1, 7, required=True)
    where = schemas.Text(1, rules.WHERE_MAX, required=True)


def _one_of(choices: tuple[str, ...], **known: Any) -> Any:
    judge = marshmallow.validate.OneOf(choices, error="请从所列选项中选择")
    return marshmallow.fields.String(validate=judge, **known)


class EntryTaken(Taken):
    """A window as it is from a day on. With `close` the first five. `seen`, with `close` and `change`: that it
    is known what would be left."""

    what = _one_of(ACTS, required=True)
    window = schemas.Text(1, rules.NAME_MAX, required=True)
    first = schemas.Text(10, 10, required=True)
    document_no = schemas.Text(1, rules.DOCUMENT_MAX, required=True)
    reason = schemas.Text(1, rules.REASON_MAX, required=True)
    sort = _one_of(("", *SORTS), load_default="")
    department = schemas.Text(0, rules.DEPARTMENT_MAX, load_default="")
    items_ = marshmallow.fields.List(schemas.Text(1, 30), load_default=[], data_key="items")
    last = schemas.Text(0, 10, load_default="")
    season = marshmallow.fields.List(schemas.Text(5, 5), load_default=[])
    days = marshmallow.fields.List(marshmallow.fields.Nested(WeekdayTaken), load_default=[])
    tasks = marshmallow.fields.List(_one_of(tuple(TASKS)), load_default=[])
    seen = schemas.YesNo(load_default=False)


class OpenShape(Schema):
    """A window that is open on the day; `where`: where a mobile one stands."""

    place, window, sort, department, where = (shapes.text() for _ in range(5))
    items_ = marshmallow.fields.List(marshmallow.fields.String(), required=True, data_key="items")
    tasks = shapes.texts()


class AtShape(Schema):
    """A window by its address."""

    place, window = shapes.text(), shapes.text()


class OfferShape(Schema):
    """An item and the windows that take it on the day; where none does, from which day on which one will."""

    item_no = shapes.text()
    windows = shapes.many(AtShape)
    next_day = shapes.day()
    next_window = shapes.part(AtShape, null=True)


class MapGiven(Schema):
    """The windows open on a day, and where each item is taken."""

    day = shapes.day()
    windows = shapes.many(OpenShape)
    items_ = shapes.listed("items", OfferShape)


class WeekdayShape(Schema):
    """On which weekday a mobile window stands where."""

    weekday, where = shapes.number(), shapes.text()


class EntryShape(Schema):
    """What was said of a window once."""

    what, first, document_no, reason = shapes.text(*ACTS), shapes.text(), shapes.text(), shapes.text()
    sort, department, last = shapes.text(), shapes.text(), shapes.text()
    items_ = marshmallow.fields.List(marshmallow.fields.String(), required=True, data_key="items")
    season, tasks = shapes.texts(), shapes.texts()
    days = shapes.many(WeekdayShape)
    at_ms = shapes.moment()
    actor = shapes.text()


class RegisteredShape(Schema):
    """A window, how it stands today, and all that was said of it, by the day from which it holds."""

    place, window = shapes.text(), shapes.text()
    state = shapes.text(*STATES)
    next_open = shapes.day()
    entries = shapes.many(EntryShape)


class RegisterGiven(Schema):
    """Every window known here."""

    windows = shapes.many(RegisteredShape)


class LeavingGiven(Schema):
    """Who and what would be left without a window."""

    waiting, claimed = shapes.texts(), shapes.texts()
    items_ = marshmallow.fields.List(marshmallow.fields.String(), required=True, data_key="items")
    booked = shapes.number()


class WindowSaid(Schema):
    """The window."""

    number = shapes.text()


def map_windows(visit: Visit, asked: dict[str, Any]) -> dict[str, Any]:
    """Which windows are open on a day, at this place and those above and below it, and which item each takes."""
    day, place, item_no = asked["day"] or day_of(visit.now_ms), asked["place"], asked["item_no"]
    shown = [
        {
            "place": known.place, "window": known.name, "sort": said.sort, "department": said.department,
            "where": said.where(day), "items_": list(said.items), "tasks": list(said.tasks),
        }
        for known, said in visit.site.casebook.windows_open(day)
        if place in ("", known.place)
    ]  # fmt: skip
    offers = [
        {
            "item_no": each.item.item_no,
            "windows": [_address(known) for known, _ in each.at],
            "next_day": each.later[1] if each.later else None,
            "next_window": _address(each.later[0]) if each.later else None,
        }
        for each in windows.offers_of(visit, day, place)
        if item_no in ("", each.item.item_no)
    ]
    return {"day": day, "windows": shown, "items_": offers}


def _address(known: Known) -> dict[str, str]:
    return {"place": known.place, "window": known.name}


def list_windows(visit: Visit) -> dict[str, Any]:
    """Every window known here, with what was said of it, when and by which document."""
    today = day_of(visit.now_ms)
    told = [
        {**_address(each), "state": each.state(today), "next_open": each.next_open(today), "entries": _entries(each)}
        for each in visit.site.casebook.windows()
    ]
    return {"windows": told}


def _entries(known: Known) -> list[dict[str, Any]]:
    told = []
    for record in known.history:
        said: Window = record.said["said"]
        days = [{"weekday": number, "where": where} for number, where in said.days]
        lists = {"items_": list(said.items), "season": list(said.season), "tasks": list(said.tasks), "days": days}
        told.append({**said._asdict(), **lists, "at_ms": record.claimed_ms, "actor": record.actor})
    return told


def read_leaving(visit: Visit, asked: dict[str, Any]) -> dict[str, Any]:
    """Who waits for a window of this place, and what no other takes, before it is closed."""
    book, name = visit.site.casebook, asked["window"]
    if all(each.name != name for each in book.windows_here()):
        raise NotFound("本单位没有这个窗口", "there is no such window here")
    found = book.leaving(name, asked["first"] or day_of(visit.now_ms))
    numbers = [turns.number_words(each.number) for each in found.waiting]
    return {"waiting": numbers, "claimed": found.claimed, "items_": found.items, "booked": found.booked}


def say_window(visit: Visit, chosen: dict[str, str], asked: dict[str, Any]) -> Any:
    """Open, change or close a window of this place by a document."""
    wanted, staff = request_of(visit, chosen, asked), visit.staff
    days = tuple(sorted((each["weekday"], entry.line(each["where"])) for each in asked["days"]))
    name, what, first, document_no, reason, sort, department, last = (
        entry.line(asked[each])
        for each in ("window", "what", "first", "document_no", "reason", "sort", "department", "last")
    )
    items, season, tasks = (tuple(asked[each]) for each in ("items_", "season", "tasks"))
    said = Window(name, what, first, document_no, reason, sort, department, items, last, season, days, tasks)

    def keep() -> None:
        visit.site.casebook.say_window(staff.staff_no, staff.roles, said, asked["seen"], wanted)

    return numbered_once(visit, wanted, keep, said.window)


OPERATIONS: Final = (
    Operation("/windows", "map_windows", map_windows, windows.EVERYBODY, TAG, asks=MapQuery, gives=MapGiven),
    Operation(
        "/windows", "say_window", say_window, windows.KEEPS, TAG, "POST", EntryTaken, gives=WindowSaid, once=True
    ),
    Operation("/windows/register", "list_windows", list_windows, windows.READS, TAG, gives=RegisterGiven),
    Operation(
        "/windows/leaving", "read_leaving", read_leaving, windows.READS, TAG, asks=LeavingQuery, gives=LeavingGiven
    ),
)
