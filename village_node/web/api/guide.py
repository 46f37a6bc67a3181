"""What stands around the cases in the interface for programs: items, calendar, a resident's look-up, the node."""

from collections.abc import Callable
from datetime import date
from typing import Any, Final

import marshmallow

from sync_protocol.case.catalogue import Item
from sync_protocol.case.routes import CasePath, why_not_filed
from sync_protocol.case.workdays import day_of
from sync_protocol.case.workflow import STATES
from village_node.casebook import DROPPED, PROPOSED, PUBLISHED, Request
from village_node.casebook.calendaring import digest_of
from village_node.store.locks import CaseKey
from village_node.web import entry, health, items, masking, query, query_by_card, registers, schemas, working_calendar
from village_node.web.api import shapes
from village_node.web.api.casework import said
from village_node.web.api.operations import Operation, Taken, done_once, request_of
from village_node.web.api.problems import Problem, invalid
from village_node.web.policy import SIGNED_IN, Policy
from village_node.web.site import Visit

OWN: Final = Policy(SIGNED_IN, "own")


class ItemQuery(Taken):
    """Which items."""

    text = marshmallow.fields.String(load_default="", metadata={"description": "A number, part of a name, pinyin."})
    department = marshmallow.fields.String(load_default="")
    kind = marshmallow.fields.String(load_default="")


def _lines(most: int) -> Any:
    judge = marshmallow.validate.Length(max=most, error=f"最多 {most} 项")
    known: dict[str, Any] = {**schemas.REQUIRED, "invalid": "应为列表"}
    return marshmallow.fields.List(schemas.Text(1, 200), required=True, validate=judge, error_messages=known)


class YearTaken(Taken):
    """A year of the calendar: `MM-DD` or `MM-DD..MM-DD`, then a name and a document number where there are any."""

    year = schemas.Whole(1970, 2199, required=True)
    announced = schemas.YesNo(load_default=True)
    document_no = schemas.Text(0, 80, load_default="")
    reason = schemas.Text(0, 100, load_default="")
    off = _lines(120)
    on = _lines(30)


class CalendarAnswer(Taken):
    """Whether what another account proposed is published; if not, it is dropped. To confirm takes ``shown``, as
    ``waiting`` of the calendar gave it."""

    confirmed = schemas.YesNo(required=True)
    shown = schemas.Text(0, 64, load_default="")


class LookUp(Taken):
    """The number of a case and its query code, whole or the first six characters."""

    number = schemas.Text(1, 60, required=True)
    code = schemas.Text(1, 60, required=True)


class LookUpByCard(Taken):
    """The number of a case and the last four characters of its applicant's identity card."""

    number = schemas.Text(1, 60, required=True)
    card = schemas.Text(4, 8, required=True)


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
    return {"version": calendar.version, "years": years, "waiting": _waiting(visit)}


def _waiting(visit: Visit) -> list[dict[str, Any]]:
    """What one account has proposed and another may confirm: it, or nothing."""
    proposed = visit.site.casebook.calendar_proposed()
    if proposed is None:
        return []
    proposer, said_ = proposed
    off, on = working_calendar.lists_of(said_.number, said_.year)
    return [
        {
            "year": said_.number,
            "announced": said_.year.announced,
            "document_no": said_.year.document_no,
            "reason": said_.reason,
            "proposer": proposer,
            "off": off,
            "on": on,
            "shown": digest_of(said_),
        }
    ]


def publish_calendar(visit: Visit, chosen: dict[str, str], asked: dict[str, Any]) -> Any:
    """Publish a year of the county's calendar. What moves days gone by waits for a second account."""
    wanted = request_of(visit, chosen, asked)
    lists = {name: [entry.line(line) for line in asked[name]] for name in ("off", "on")}
    typed = {
        "number": str(asked["year"]),
        "announced": "yes" if asked["announced"] else "no",
        "document_no": entry.line(asked["document_no"]),
        "reason": entry.line(asked["reason"]),
        **{name: "\n".join(lines) for name, lines in lists.items()},
    }

    def publish() -> CaseKey:
        try:
            said_ = working_calendar.said_of(typed)
        except working_calendar.BadLine as bad:
            field = "off" if str(bad) in lists["off"] else "on"
            words = ("请写“月-日”或“月-日..月-日”，后面可写名称和文号", "MM-DD or MM-DD..MM-DD, then name and number")
            raise invalid({field: words}) from None
        staff = visit.staff
        done = visit.site.casebook.announce(staff.staff_no, staff.roles, said_, wanted)
        return (PUBLISHED if done else PROPOSED), b""

    return _calendar_told(visit, wanted, publish)


def answer_calendar(visit: Visit, chosen: dict[str, str], asked: dict[str, Any]) -> Any:
    """Confirm the change of days gone by that another account proposed, or drop it."""
    wanted, confirmed = request_of(visit, chosen, asked), asked["confirmed"]

    def answer() -> CaseKey:
        staff = visit.staff
        visit.site.casebook.answer_calendar(
            staff.staff_no, staff.roles, confirmed=confirmed, shown=asked["shown"], request=wanted
        )
        return (PUBLISHED if confirmed else DROPPED), b""

    return _calendar_told(visit, wanted, answer)


def _calendar_told(visit: Visit, wanted: Request, do: Callable[[], CaseKey]) -> Any:
    (outcome, _), headers = done_once(visit, wanted, do)
    return {"outcome": outcome.partition(":")[2]}, 200, headers


def read_delegations(visit: Visit) -> dict[str, Any]:
    """Who may decide in whose name at this place, and who is out."""
    register, now_ms = visit.site.casebook.register(), visit.now_ms
    return {
        "delegations": [
            {
                **{name: each.text(name) for name in _OF_A_DELEGATION},
                "position": schemas.position_text(each.position),
                "full": list(each.entry.said.get("full", ())),
                "limited": list(each.entry.said.get("limited", ())),
                "in_force": register.in_force(each.text("department"), now_ms) == each,
                "state": said(registers.state_of(register, each, now_ms)[2:]),
            }
            for each in reversed(register.delegations)
        ],
        "absences": [vars(each) for each in registers.absent(visit, register, day_of(now_ms))],
    }


_OF_A_DELEGATION: Final = (
    "department", "document_no", "head", "head_name", "a", "a_name", "b", "b_name", "first", "last",
)  # fmt: skip


def read_seals(visit: Visit) -> dict[str, Any]:
    """The seals of this place, each as it was entered last."""
    today = day_of(visit.now_ms)
    return {
        "seals": [
            {
                **{name: str(seal.said.get(name, "")) for name in _OF_A_SEAL},
                "custodians": list(seal.said["custodians"]),
                "in_use": seal.in_use(today),
            }
            for seal in visit.site.casebook.seals()
        ]
    }


_OF_A_SEAL: Final = ("seal_no", "use", "owner", "department", "mark", "first", "last", "document_no", "reason")


def look_up(visit: Visit, asked: dict[str, str]) -> dict[str, Any]:
    """A resident's look-up by number and code: no token, no personal data, one answer for all that does not fit."""
    return _told(query.find(visit, entry.line(asked["number"]).upper(), entry.line(asked["code"])))


def look_up_by_card(visit: Visit, asked: dict[str, str]) -> dict[str, Any]:
    """The same for a resident who has lost the code, with few tries: by the last four of the card, of cases here."""
    return _told(query_by_card.find(visit, entry.line(asked["number"]).upper(), entry.line(asked["card"])))


def _told(answer: query.Answer) -> dict[str, Any]:
    case = answer.case
    shown = ("where", "promised", "promised_by", "next_step", "since_ms", "as_of_ms", "behind", "revoked_ms")
    return {
        **{name: getattr(answer, name) for name in shown},
        "case_no": case.case_no or None,
        "item": answer.item_name,
        "applicant_name": masking.name(case.applicant.get("name", "")),
        "state": {"code": case.state if case.state in STATES else "", **said(answer.state[2:])},
        "told_by": answer.told_by or None,
        "outcome": case.decision.outcome if case.decision else "",
        "filed_ms": case.filed_ms,
        "decided_ms": case.decided_ms,
        "delivered_ms": case.delivered_ms,
    }


def read_health(visit: Visit) -> dict[str, Any]:
    """How the node is: streams, sync, disk, what waits and what does not count; the same as `status --json`. With it
    how many sign-ins were refused and how many look-ups missed within an hour, and how many with cards today and this
    month, where there were so many that somebody may be guessing; otherwise 0."""
    return {
        "status": visit.site.node_status(),
        "refused_sign_ins": visit.site.accounts.guesses.alarming(),
        "missed_look_ups": query.alarming(visit),
        **{f"missed_with_cards_{since}": count for since, count in query_by_card.alarming(visit).items()},
    }


def whoami(visit: Visit) -> dict[str, Any]:
    """Who this token is, and until when it lives by the clock of this node."""
    found = visit.site.accounts.program(visit.request.headers["Authorization"].partition(" ")[2].strip())
    if found is None:
        raise Problem("no_token")
    (person, known), readings = found, visit.site.accounts.readings
    return {
        "staff_no": person.staff_no,
        "name": person.name,
        "role": known.token.role,
        "level": visit.site.level,
        "place": visit.site.config.place,
        "token": known.token.name,
        "ends_ms": known.token.created_ms + known.token.life_ms,
        "rows_today": readings.today().get(known.token.id, 0),
        "rows_a_day": readings.most or None,
    }


OPERATIONS: Final = (
    Operation("/items", "list_items", list_items, items.PUBLIC, "guide", asks=ItemQuery, gives=shapes.Items),
    Operation("/items/<item_no>", "read_item", read_item, items.PUBLIC, "guide", gives=shapes.ItemShape),
    Operation("/calendar", "read_calendar", read_calendar, working_calendar.READS, "guide", gives=shapes.CalendarShape),
    Operation(
        "/calendar", "publish_calendar", publish_calendar, working_calendar.PUBLISHES, "guide", "POST", YearTaken,
        gives=shapes.CalendarDone, once=True,
    ),
    Operation(
        "/calendar/answer", "answer_calendar", answer_calendar, working_calendar.PUBLISHES, "guide", "POST",
        CalendarAnswer, gives=shapes.CalendarDone, once=True,
    ),
    Operation("/delegations", "read_delegations", read_delegations, registers.READS, "guide", gives=shapes.Authority),
    Operation("/seals", "read_seals", read_seals, registers.READS, "guide", gives=shapes.Seals),
    Operation("/query", "look_up", look_up, query.RESIDENT, "guide", "POST", LookUp, gives=shapes.Answer, fails=(404,)),
    Operation(
        "/query/card", "look_up_by_card", look_up_by_card, query.RESIDENT, "guide", "POST", LookUpByCard,
        gives=shapes.Answer, fails=(404,),
    ),
    Operation("/health", "read_health", read_health, health.SEES, "node", gives=shapes.Health),
    Operation("/whoami", "whoami", whoami, OWN, "node", gives=shapes.Whoami),
)  # fmt: skip
