"""What stands around the cases in the interface for programs: items, calendar, a resident's look-up, the node."""

from datetime import date
from typing import Any, Final

import marshmallow

from sync_protocol.case import Case
from sync_protocol.case.catalogue import Item
from sync_protocol.case.routes import CasePath, why_not_filed
from sync_protocol.case.workdays import day_of
from village_node.web import entry, health, items, masking, query, schemas, working_calendar
from village_node.web.api import shapes
from village_node.web.api.casework import said, state_of
from village_node.web.api.operations import Operation, Taken
from village_node.web.api.problems import Problem
from village_node.web.policy import STAFF, Policy
from village_node.web.site import Visit

OWN: Final = Policy(STAFF, "own")


class ItemQuery(Taken):
    """Which items."""

    text = marshmallow.fields.String(load_default="", metadata={"description": "A number, part of a name, pinyin."})
    department = marshmallow.fields.String(load_default="")
    kind = marshmallow.fields.String(load_default="")


class LookUp(Taken):
    """The number of a case and its query code, whole or the first six characters."""

    number = schemas.Text(1, 60, required=True)
    code = schemas.Text(1, 60, required=True)


def list_items(visit: Visit, asked: dict[str, str]) -> dict[str, Any]:
    """The items in force that fit, and why one cannot be filed here."""
    text, department, kind = (entry.line(asked[name])[:60] for name in ("text", "department", "kind"))
    return {"items": [_item(visit, item) for item in visit.site.finder.find(text, department, kind)]}


def read_item(visit: Visit, item_no: str) -> dict[str, Any]:
    """One item: papers to bring, days, and at which levels it goes through."""
    item = visit.site.finder.newest(item_no)
    if item is None:
        raise Problem("not_found")
    return _item(visit, item)


def _item(visit: Visit, item: Item) -> dict[str, Any]:
    place = visit.site.config.place
    why = why_not_filed(item, place, CasePath(place, visit.site.places))
    names = [name for name in shapes.ItemShape().fields if name != "why_not"]
    return {**{name: getattr(item, name) for name in names}, "why_not": said(why) if why else None}


def read_calendar(visit: Visit) -> dict[str, Any]:
    """The working days that this node counts by: last year, this one, the next."""
    book, this_year = visit.site.casebook, day_of(visit.now_ms).year
    calendar, held = book.calendar(), book.calendars_in_force()
    years = []
    for number in range(this_year - 1, this_year + 2):
        year, found = calendar.year(number), held.get(number)
        off, on = working_calendar.lists_of(number, year)
        years.append(
            {
                "year": number,
                "announced": year.announced,
                "document_no": year.document_no,
                "published_by": found.place if found is not None else "",
                "off": off,
                "on": on,
                "working": calendar.count(date(number - 1, 12, 31), date(number, 12, 31)),
            }
        )
    return {"version": calendar.version, "years": years}


def look_up(visit: Visit, asked: dict[str, str]) -> dict[str, Any]:
    """A resident's look-up by number and code: no token, no personal data, one answer for all that does not fit."""
    case: Case = query.look_up(visit, entry.line(asked["number"]).upper(), entry.line(asked["code"]))
    answer = query.answer_of(visit, case)
    shown = ("where", "promised", "promised_by", "next_step", "since_ms", "as_of_ms", "behind")
    return {
        **{name: getattr(answer, name) for name in shown},
        "case_no": case.case_no or None,
        "item": answer.item_name,
        "applicant_name": masking.name(case.applicant.get("name", "")),
        "state": state_of(case.state),
        "outcome": case.decision.outcome if case.decision else "",
        "filed_ms": case.filed_ms,
        "decided_ms": case.decided_ms,
        "delivered_ms": case.delivered_ms,
    }


def read_health(visit: Visit) -> dict[str, Any]:
    """How the node is: streams, sync, disk, what waits and what does not count; the same as `status --json`."""
    return {"status": visit.site.node_status()}


def whoami(visit: Visit) -> dict[str, Any]:
    """Who this token is, and until when it lives by the clock of this node."""
    found = visit.site.accounts.program(visit.request.headers["Authorization"].partition(" ")[2].strip())
    if found is None:
        raise Problem("no_token")
    person, known = found
    return {
        "staff_no": person.staff_no,
        "name": person.name,
        "role": known.token.role,
        "level": visit.site.level,
        "place": visit.site.config.place,
        "token": known.token.name,
        "ends_ms": known.token.created_ms + known.token.life_ms,
    }


OPERATIONS: Final = (
    Operation("/items", "list_items", list_items, items.PUBLIC, "guide", asks=ItemQuery, gives=shapes.Items),
    Operation("/items/<item_no>", "read_item", read_item, items.PUBLIC, "guide", gives=shapes.ItemShape),
    Operation("/calendar", "read_calendar", read_calendar, working_calendar.READS, "guide", gives=shapes.CalendarShape),
    Operation("/query", "look_up", look_up, query.RESIDENT, "guide", "POST", LookUp, gives=shapes.Answer, fails=(404,)),
    Operation("/health", "read_health", read_health, health.SEES, "node", gives=shapes.Health),
    Operation("/whoami", "whoami", whoami, OWN, "node", gives=shapes.Whoami),
)
