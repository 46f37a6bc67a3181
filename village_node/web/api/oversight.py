"""Lists and counts in the interface for programs: cards, letters, samples, services, duty, numbers, changed items."""

from datetime import timedelta
from typing import Any, Final

import marshmallow
from marshmallow import Schema

from sync_protocol.case import kinds, oversight, watching
from sync_protocol.case.oversight_bodies import CARDS
from sync_protocol.case.workdays import FIRST_DAY, day_of
from village_node.store.reception import TICKET_STATES
from village_node.web import item_register, number_series, samples, service_room, supervision, timeliness, turns
from village_node.web.api import shapes
from village_node.web.api.operations import Operation, Taken
from village_node.web.api.problems import invalid
from village_node.web.clocks import raising
from village_node.web.policy import Policy
from village_node.web.schemas import position_text
from village_node.web.site import Visit

TAG: Final = "oversight"


class CardQuery(Taken):
    """Which cards: the worst first, 50 a page."""

    grade = marshmallow.fields.String(
        load_default="", validate=marshmallow.validate.OneOf(("", *CARDS), error="请从所列选项中选择")
    )
    page = marshmallow.fields.Integer(
        load_default=1,
        validate=marshmallow.validate.Range(1, 999_999, error="应为 1 至 999999 的整数"),
        error_messages={"invalid": "应为整数"},
    )


class PeriodQuery(Taken):
    """The days counted, both included; this month up to today where they are left out."""

    first = marshmallow.fields.Date(load_default=None, error_messages={"invalid": "应为日期，如 2026-11-21"})
    last = marshmallow.fields.Date(load_default=None, error_messages={"invalid": "应为日期，如 2026-11-21"})


class CardShape(Schema):
    """A case with a card: by which clocks, since when, who has it, and what the holder said to it."""

    place, case_id, case_no, item_no, state = (
        shapes.text(), shapes.text(), shapes.maybe(), shapes.maybe(), shapes.text(),
    )  # fmt: skip
    holder = shapes.maybe()
    grade = shapes.text(*CARDS)
    since = shapes.day()
    clocks = shapes.texts()
    answer = shapes.maybe("Empty: acknowledged without a word; null: nothing was said.")
    letters = shapes.number()


class Cards(Schema):
    """One page of cases with a card."""

    total, page = shapes.number(), shapes.number()
    cards = shapes.many(CardShape)


class WatchedWhy(Schema):
    """Why a case is listed, and since when."""

    why = shapes.text(*watching.WORDS)
    since = shapes.day()


class WatchedShape(Schema):
    """A case that is listed though no limit says so."""

    place, case_id, case_no, item_no, state = (
        shapes.text(), shapes.text(), shapes.maybe(), shapes.maybe(), shapes.text(),
    )  # fmt: skip
    holder = shapes.maybe()
    listed = shapes.many(WatchedWhy)


class WatchedList(Schema):
    """One page of listed cases, the longest listed first."""

    total, page = shapes.number(), shapes.number()
    cases = shapes.many(WatchedShape)


class PageQuery(Taken):
    """Which page of fifty."""

    page = marshmallow.fields.Integer(
        load_default=1,
        validate=marshmallow.validate.Range(1, 999_999, error="应为 1 至 999999 的整数"),
        error_messages={"invalid": "应为整数"},
    )


class AskedShape(Schema):
    """A letter of supervision, or what a spot check found, and how it stands."""

    place, case_id, case_no, position = shapes.text(), shapes.text(), shapes.maybe(), shapes.text()
    what = shapes.text("letter", "finding")
    document_no = shapes.maybe()
    to, by, text_ = shapes.text(), shapes.text(), marshmallow.fields.String(required=True, data_key="text")
    answer_by = shapes.maybe()
    grade = shapes.text("", "notice", "yellow", "red")
    state = shapes.text("waiting", "answered", "settled")
    sent_ms = shapes.moment()


class AskedList(Schema):
    """Every letter and finding held here, the newest first."""

    asked = shapes.many(AskedShape)


class SampleShape(Schema):
    """A sample: of which days, out of how many, and how many were checked by now."""

    position, what, first, last, by = shapes.text(), shapes.text(), shapes.text(), shapes.text(), shapes.text()
    out_of, drawn, checked = shapes.number(), shapes.number(), shapes.number()
    drawn_ms = shapes.moment()


class Samples(Schema):
    """Every sample drawn here, the newest first."""

    samples = shapes.many(SampleShape)


class ServedShape(Schema):
    """How often a service was given at a place."""

    place, what = shapes.text(), shapes.text()
    times, days_off = shapes.number(), shapes.number()


class FiledShape(Schema):
    """How many cases a place took in."""

    place = shapes.text()
    cases, days_off = shapes.number(), shapes.number()


class ServiceCounts(Schema):
    """The counts of a period, and how many of each fell on days off."""

    first, last = shapes.text(), shapes.text()
    services, filed = shapes.many(ServedShape), shapes.many(FiledShape)


class PostShape(Schema):
    """Who is on duty at a post."""

    day, post, staff_no, note = shapes.text(), shapes.text(), shapes.text(), shapes.text()


class NumberQuery(Taken):
    """Which place's numbers: this one where it is left out, or one below it."""

    place = marshmallow.fields.String(load_default="")


class NumberRecord(Schema):
    """A record that bears a number: of which case, and whether it counts."""

    place, case_id, kind, verdict = shapes.text(), shapes.text(), shapes.text(), shapes.text()
    why = shapes.part(shapes.Said)


class OddNumber(Schema):
    """A number that is not simply there: missing, uncounted, twice or foreign."""

    number, what = shapes.text(), shapes.text("missing", "uncounted", "twice", "foreign")
    records = shapes.many(NumberRecord)


class NumberSeriesShape(Schema):
    """One series: how far it has come, how many count, what is not simply there, and how many gaps are not listed."""

    department, mark, stem = shapes.text(), shapes.text(), shapes.text()
    year, highest, counted, left_off = shapes.number(), shapes.number(), shapes.number(), shapes.number()
    odd = shapes.many(OddNumber)


class DocumentNumbers(Schema):
    """The numbers of a place's documents by series; `unread`: records whose content is not here."""

    place, unread = shapes.text(), shapes.number()
    series, foreign = shapes.many(NumberSeriesShape), shapes.many(OddNumber)


class DutyShape(Schema):
    """When the room is open, Monday to Sunday, and who is on duty in the next four weeks."""

    hours, slots, classes = shapes.texts(), shapes.texts(), shapes.texts()
    duty = shapes.many(PostShape)


class TicketCounts(Schema):
    """Today's numbers by how they stand."""

    day = shapes.text()
    waiting, called, done, skipped = (shapes.number() for _ in TICKET_STATES)


class TimelinessLine(Schema):
    """What of a kind of case a department settled: before its limit, on its last day, after it; how many of them were
    extended; the working days used by all, and those left of what was promised."""

    kind, department = shapes.text(), shapes.text()
    early, on_time, late, extended, used, left = (shapes.number() for _ in range(6))


class Timeliness(Schema):
    """The sums of a period."""

    first, last = shapes.text(), shapes.text()
    lines = shapes.many(TimelinessLine)


class ItemChange(Schema):
    """An item that came in, went out, or changed its levels."""

    what = shapes.text(*item_register.WHATS)
    item_no, name, before, after, reason, document = (shapes.text() for _ in range(6))
    version = shapes.number()
    begins = shapes.day()


class ItemChanges(Schema):
    """The register of items, the newest first."""

    changes = shapes.many(ItemChange)


def list_cards(visit: Visit, asked: dict[str, Any]) -> dict[str, Any]:
    """The unfinished cases that are yellow or worse today, of this place and those under it."""
    book, today = visit.site.casebook, day_of(visit.now_ms)
    found = book.cards(asked["grade"], asked["page"])
    told = []
    for row in found.rows:
        grade, holder, key = row.grade_on(today), row.holder or row.transit_to or "", (row.scope, row.case_id)
        since = {"yellow": row.yellow_day, "red": row.red_day, "red_plus": row.red_plus_day}.get(grade)
        clock, notes = book.clock_of(key), book.overseen(key)
        said = oversight.acknowledged(notes, grade, holder)
        told.append({
            "place": row.scope.partition(":")[2], "case_id": row.case_id.hex(), "case_no": row.case_no,
            "item_no": row.item_no, "state": row.state, "holder": holder or None, "grade": grade,
            "since": FIRST_DAY + timedelta(since) if since is not None else None,
            "clocks": [each.clock for each in raising(clock.clocks, grade)] if clock is not None else [],
            "answer": None if said is None else said.body.get("text", ""),
            "letters": sum(each.note.kind == kinds.SUPERVISION_LETTER for each in oversight.asked_of(notes)),
        })  # fmt: skip
    return {"total": found.total, "page": found.page, "cards": told}


def list_watched(visit: Visit, asked: dict[str, Any]) -> dict[str, Any]:
    """The unfinished cases in which papers were asked for more than once, or much of the time is not counted."""
    book = visit.site.casebook
    found, told = book.watched(asked["page"]), []
    for row in found.rows:
        clock = book.clock_of((row.scope, row.case_id))
        told.append({
            "place": row.scope.partition(":")[2], "case_id": row.case_id.hex(), "case_no": row.case_no,
            "item_no": row.item_no, "state": row.state, "holder": row.holder or row.transit_to,
            "listed": [each._asdict() for each in clock.watched] if clock is not None else [],
        })  # fmt: skip
    return {"total": found.total, "page": found.page, "cases": told}


def list_asked(visit: Visit) -> dict[str, Any]:
    """Every letter of supervision and every finding of a spot check that is held here."""
    told = []
    for each in visit.site.casebook.asked_about():
        line, note = supervision.asked_line(visit, each), each.asked.note
        told.append({
            "place": line.place, "case_id": line.case_id, "case_no": line.case_no or None, "position": line.position,
            "what": "letter" if line.is_letter else "finding", "document_no": note.body.get("document_no"),
            "to": each.asked.to, "by": note.place, "text_": note.body.get("text", ""),
            "answer_by": each.asked.until or None, "grade": each.grade, "sent_ms": note.at_ms,
            "state": "settled" if each.asked.settled else "waiting" if each.asked.waits else "answered",
        })  # fmt: skip
    return {"asked": told}


def list_samples(visit: Visit) -> dict[str, Any]:
    """Every sample drawn here, and how far its checks are."""
    told = []
    for each in visit.site.casebook.samples():
        lines = [samples.line(visit, each, home, case_id) for home, case_id in each.said.cases]
        told.append({
            "position": position_text(each.position), "what": each.said.what, "first": each.said.first,
            "last": each.said.last, "by": each.actor, "out_of": each.said.out_of, "drawn": len(lines),
            "checked": sum(line.check[0] != "waiting" for line in lines), "drawn_ms": each.at_ms,
        })  # fmt: skip
    return {"samples": told}


def count_services(visit: Visit, asked: dict[str, Any]) -> dict[str, Any]:
    """How often each kind of service was given at each place, and how many cases it took in."""
    today = day_of(visit.now_ms)
    first, last = (asked["first"] or today.replace(day=1)).isoformat(), (asked["last"] or today).isoformat()
    book = visit.site.casebook
    served, filed = book.served(first, last), book.filed(first, last)
    return {
        "first": first,
        "last": last,
        "services": [each._asdict() for each in served],
        "filed": [each._asdict() for each in filed],
    }


def read_timeliness(visit: Visit, asked: dict[str, Any]) -> dict[str, Any]:
    """What was settled early, on time and late, by kind of case and department."""
    today = day_of(visit.now_ms)
    first, last = asked["first"] or today.replace(day=1), asked["last"] or today
    lines = visit.site.casebook.settled_between(first, last) if first <= last else []
    told = [{"kind": each.kind, "department": each.department, **each.sums._asdict()} for each in lines]
    return {"first": first.isoformat(), "last": last.isoformat(), "lines": told}


def read_numbers(visit: Visit, asked: dict[str, Any]) -> dict[str, Any]:
    """The numbers of documents by series: how far each has come, what is missing or stands on nothing."""
    here, known = number_series.asked(visit)
    place = asked["place"] or here
    if place not in known:
        raise invalid({"place": ("不是本单位或其下级单位", "neither this place nor one below it")})
    return number_series.told(visit, place)


def read_duty(visit: Visit) -> dict[str, Any]:
    """When the service room is open, and who is on duty."""
    book, today = visit.site.casebook, day_of(visit.now_ms)
    room = book.room()
    last = today + timedelta(2 * service_room.SHOWN_DAYS - 1)
    return {
        "hours": list(room.hours),
        "slots": list(room.slots),
        "classes": list(room.classes),
        "duty": [row._asdict() for row in book.duty(today.isoformat(), last.isoformat())],
    }


def count_tickets(visit: Visit) -> dict[str, Any]:
    """How many numbers were drawn today, by how they stand."""
    day = day_of(visit.now_ms).isoformat()
    drawn = [TICKET_STATES[row.state] for row in visit.site.casebook.tickets(day)]
    return {"day": day, **{state: drawn.count(state) for state in TICKET_STATES}}


def list_item_changes(visit: Visit) -> dict[str, Any]:
    """Which items came in, went out, were given down or taken up, by which version."""
    return {
        "changes": [
            {
                **{name: getattr(each, name) for name in ("what", "before", "after", "reason", "document", "begins")},
                "item_no": each.item.item_no,
                "name": each.item.name,
                "version": each.item.version,
            }
            for each in item_register.entries_of(visit.site.casebook.history())
        ]
    }


_READS: Final[Policy] = supervision.READS
OPERATIONS: Final = (
    Operation("/supervision/cards", "list_cards", list_cards, _READS, TAG, asks=CardQuery, gives=Cards),
    Operation(
        "/supervision/watched", "list_watched", list_watched, _READS, TAG, asks=PageQuery, gives=WatchedList
    ),
    Operation("/supervision/asked", "list_asked", list_asked, _READS, TAG, gives=AskedList),
    Operation("/supervision/samples", "list_samples", list_samples, _READS, TAG, gives=Samples),
    Operation("/services/counts", "count_services", count_services, _READS, TAG, asks=PeriodQuery, gives=ServiceCounts),
    Operation(
        "/timeliness", "read_timeliness", read_timeliness, timeliness.READS, TAG, asks=PeriodQuery, gives=Timeliness
    ),
    Operation(
        "/document-numbers", "read_numbers", read_numbers, number_series.READS, TAG, asks=NumberQuery,
        gives=DocumentNumbers,
    ),
    Operation("/duty", "read_duty", read_duty, service_room.READS, TAG, gives=DutyShape),
    Operation("/turns/counts", "count_tickets", count_tickets, turns.COUNTS, TAG, gives=TicketCounts),
    Operation(
        "/item-changes", "list_item_changes", list_item_changes, item_register.PUBLIC, TAG, gives=ItemChanges
    ),
)  # fmt: skip
