"""The service room for programs: who is on duty, appointments, numbers drawn and called."""

from collections.abc import Callable
from typing import Any, Final

import marshmallow
from marshmallow import Schema
from werkzeug.exceptions import NotFound

from sync_protocol.case.windows import TASKS
from sync_protocol.case.workdays import day_of
from village_node.casebook import BadBody, Request
from village_node.casebook.queue import ACCEPT, NOTE_MAX, Ending
from village_node.casebook.reception import CLASSES, MOST_WINDOWS, POSTS, Room, Window
from village_node.store.locks import CaseKey
from village_node.store.reception import BOOKING_STATES, TICKET_STATES, Duty
from village_node.web import entry, masking, schemas, service_room, turns
from village_node.web.api import shapes
from village_node.web.api.operations import Operation, Taken, done_once, request_of
from village_node.web.site import Visit

TAG: Final = "room"
_CHOOSE: Final = "请从所列选项中选择"


def _one_of(*choices: str) -> Any:
    judge = marshmallow.validate.OneOf(choices, error=_CHOOSE)
    return marshmallow.fields.String(required=True, validate=judge, error_messages={**schemas.REQUIRED})


class DayQuery(Taken):
    """Of which day; today where it is left out."""

    day = marshmallow.fields.Date(load_default=None, error_messages={"invalid": "应为日期，如 2026-11-21"})


class BookTaken(Taken):
    """Who comes when, and what for."""

    day = schemas.Text(10, 10, required=True)
    slot = schemas.Text(5, 5, required=True)
    name = schemas.Text(1, 60, required=True)
    item_no = schemas.Text(1, 32, required=True)
    phone_tail = schemas.Text(4, 4, required=True)


class EndBookingTaken(Taken):
    """What an appointment came to; who came draws a number."""

    what = _one_of(*turns.CAME_TO)


class CallOffTaken(Taken):
    """Why the counter calls it off."""

    reason = schemas.Text(1, 100, required=True)


class MoveTaken(Taken):
    """To which slot the counter moves it, and why."""

    day = schemas.Text(10, 10, required=True)
    slot = schemas.Text(5, 5, required=True)
    reason = schemas.Text(1, 100, required=True)


class DrawTaken(Taken):
    """What for, and for which window; both may be empty: then the head desk, where one is open, or any window."""

    item_no = schemas.Text(0, 32, load_default="")
    window = schemas.Text(0, 20, load_default="")
    purpose = marshmallow.fields.String(
        load_default=ACCEPT, validate=marshmallow.validate.OneOf(tuple(TASKS), error=_CHOOSE)
    )


class CallTaken(Taken):
    """At which window."""

    window = schemas.Text(1, 20, required=True)


class EndTurnTaken(Taken):
    """`window` with `transfer`, and a `note` for it; `case_no` with `done`, where a case was filed from it."""

    what = _one_of(*turns.ENDINGS)
    window = schemas.Text(0, 20, load_default="")
    case_no = schemas.Text(0, 60, load_default="")
    note = schemas.Text(0, NOTE_MAX, load_default="")


class DutyTaken(Taken):
    """Who is on duty at a post on a day; nobody where `staff_no` is empty."""

    day = schemas.Text(10, 10, required=True)
    post = _one_of(*POSTS)
    staff_no = schemas.Text(0, 32, load_default="")
    note = schemas.Text(0, 60, load_default="")


def _texts(most: int, long: int) -> Any:
    judge = marshmallow.validate.Length(max=most, error=f"最多 {most} 项")
    known: dict[str, Any] = {**schemas.REQUIRED, "invalid": "应为列表"}
    return marshmallow.fields.List(schemas.Text(0, long), required=True, validate=judge, error_messages=known)


class WindowTaken(Taken):
    """One window: its name, whose it is, who sits there."""

    name = schemas.Text(1, 20, required=True)
    department = schemas.Text(0, 60, load_default="")
    staff_no = schemas.Text(0, 32, load_default="")


class RoomTaken(Taken):
    """What the room says of itself: the hours of Monday to Sunday, and the slots of a day, each for `a_slot` people."""

    classes = _texts(len(CLASSES), 20)
    hours = _texts(7, 40)
    address = schemas.Text(0, 100, load_default="")
    phone = schemas.Text(0, 40, load_default="")
    slots = _texts(40, 5)
    a_slot = schemas.Whole(1, 50, required=True)
    windows = marshmallow.fields.List(
        marshmallow.fields.Nested(WindowTaken),
        validate=marshmallow.validate.Length(max=MOST_WINDOWS, error=f"最多 {MOST_WINDOWS} 项"),
        error_messages={"invalid": "应为列表"},
        metadata={"description": "The register of windows; left out, it stays as it is."},
    )


class SlotGiven(Schema):
    """A time one can come, and how many places it has left."""

    slot, left = shapes.text(), shapes.number()


class AppointmentGiven(Schema):
    """Who comes; the name is masked, and gone a month after the day."""

    number = shapes.number()
    slot, name, item_no, phone_tail, booked_by = (shapes.text() for _ in range(5))
    state = shapes.text(*BOOKING_STATES)
    booking = shapes.text(words="The number by which who booked calls it off or moves it.")
    moved_from, ended_by, reason = shapes.text(), shapes.text(), shapes.text()


class Appointments(Schema):
    """The appointments of a day, and its slots."""

    day = shapes.text()
    slots = shapes.many(SlotGiven)
    appointments = shapes.many(AppointmentGiven)


class PassGiven(Schema):
    """A number was sent on from one window to another."""

    from_window, to_window, passed_by, note = (shapes.text() for _ in range(4))
    at_ms = shapes.moment()


class TicketGiven(Schema):
    """A number of today."""

    number = shapes.number()
    purpose = shapes.text(*TASKS)
    passes = shapes.many(PassGiven)
    called_as, item_no, window = shapes.text(), shapes.text(), shapes.text()
    state = shapes.text(*TICKET_STATES)
    appointment = shapes.maybe_number()


class Tickets(Schema):
    """Today's numbers in their order."""

    day = shapes.text()
    tickets = shapes.many(TicketGiven)


class BookedGiven(Schema):
    """What is to be told to who booked; it is given here, and in no list."""

    booking = shapes.text(words="The number by which who booked calls it off or moves it.")
    code = shapes.text(words="The code that goes with it.")


class Came(Schema):
    """The number drawn, called or ended; 0 where there is none."""

    number = shapes.number()


def list_appointments(visit: Visit, asked: dict[str, Any]) -> dict[str, Any]:
    """Who comes on a day, and which slots have places left."""
    book, day = visit.site.casebook, (asked["day"] or day_of(visit.now_ms)).isoformat()
    told = [
        {
            **{name: getattr(row, name) for name in ("slot", "item_no", "phone_tail", "booked_by")},
            "number": row.id,
            "name": masking.name(row.name),
            "state": BOOKING_STATES[row.state],
            "booking": row.number,
            **{name: getattr(row, name) for name in ("moved_from", "ended_by", "reason")},
        }
        for row in book.appointments(day)
    ]
    return {"day": day, "slots": [{"slot": slot, "left": left} for slot, left in book.slots(day)], "appointments": told}


def _done(visit: Visit, wanted: Request, act: Callable[[], int | None]) -> Any:
    """Do something in the room once; the number it came to."""

    def do() -> CaseKey:
        return "", str(act() or 0).encode()

    (_, number), headers = done_once(visit, wanted, do)
    return {"number": int(number or 0)}, 200, headers


def book_appointment(visit: Visit, chosen: dict[str, str], asked: dict[str, str]) -> Any:
    """Book a slot for somebody."""
    wanted, staff = request_of(visit, chosen, asked), visit.staff
    day, slot, name, item_no, tail = (
        entry.line(asked[each]) for each in ("day", "slot", "name", "item_no", "phone_tail")
    )

    def book() -> CaseKey:
        booked = visit.site.casebook.book(staff.staff_no, staff.roles, day, slot, name, item_no, tail, wanted)
        return "", booked.number.encode()

    (_, number), headers = done_once(visit, wanted, book)
    booked = visit.site.casebook.labels_again(number.decode())
    return {"booking": booked.number, "code": booked.code}, 200, headers


def call_off_appointment(visit: Visit, chosen: dict[str, str], asked: dict[str, str], number: str) -> Any:
    """The counter calls an appointment off; its place is free again."""
    wanted, staff, booked = request_of(visit, chosen, number, asked), visit.staff, _number(number)
    reason = entry.line(asked["reason"])
    return _done(
        visit, wanted, lambda: visit.site.casebook.call_off(staff.staff_no, staff.roles, booked, reason, wanted)
    )


def move_appointment(visit: Visit, chosen: dict[str, str], asked: dict[str, str], number: str) -> Any:
    """The counter moves an appointment to another slot; its place is free again."""
    wanted, staff, booked = request_of(visit, chosen, number, asked), visit.staff, _number(number)
    day, slot, reason = (entry.line(asked[each]) for each in ("day", "slot", "reason"))
    return _done(
        visit, wanted, lambda: visit.site.casebook.move(staff.staff_no, staff.roles, booked, day, slot, reason, wanted)
    )


def end_appointment(visit: Visit, chosen: dict[str, str], asked: dict[str, str], number: str) -> Any:
    """Somebody came and draws a number, or did not come."""
    wanted, staff, what = request_of(visit, chosen, number, asked), visit.staff, asked["what"]
    booked = _number(number)
    return _done(
        visit, wanted, lambda: visit.site.casebook.end_booking(staff.staff_no, staff.roles, booked, what, wanted)
    )


def list_tickets(visit: Visit) -> dict[str, Any]:
    """Today's numbers."""
    day = day_of(visit.now_ms).isoformat()
    passed = visit.site.casebook.passes(day, day)
    told = [
        {
            "number": row.number,
            "purpose": row.purpose,
            "passes": [each._asdict() for each in passed if each.number == row.number],
            "called_as": turns.number_words(row.number),
            "item_no": row.item_no,
            "window": row.at_window,
            "state": TICKET_STATES[row.state],
            "appointment": row.appointment,
        }
        for row in visit.site.casebook.tickets(day)
    ]
    return {"day": day, "tickets": told}


def draw_ticket(visit: Visit, chosen: dict[str, str], asked: dict[str, str]) -> Any:
    """Draw a number for who walks in."""
    wanted, staff = request_of(visit, chosen, asked), visit.staff
    item_no, window, purpose = entry.line(asked["item_no"]), entry.line(asked["window"]), asked["purpose"]

    def draw() -> int:
        return visit.site.casebook.draw_ticket(staff.staff_no, staff.roles, item_no, window, wanted, purpose)

    return _done(visit, wanted, draw)


def call_ticket(visit: Visit, chosen: dict[str, str], asked: dict[str, str]) -> Any:
    """Call who is next at a window."""
    wanted, staff, window = request_of(visit, chosen, asked), visit.staff, entry.line(asked["window"])
    return _done(
        visit, wanted, lambda: visit.site.casebook.call_next(staff.staff_no, staff.roles, window, wanted).number
    )


def end_ticket(visit: Visit, chosen: dict[str, str], asked: dict[str, str], number: str) -> Any:
    """A number of today is done, skipped, waits again, or is sent to another window."""
    wanted, staff, drawn = request_of(visit, chosen, number, asked), visit.staff, _number(number)
    window, case_no, note = (entry.line(asked[name]) for name in ("window", "case_no", "note"))
    ending = Ending(asked["what"], window, case_no.upper(), note)

    def end() -> int:
        visit.site.casebook.end_ticket(staff.staff_no, staff.roles, drawn, ending, wanted)
        return drawn

    return _done(visit, wanted, end)


def _number(typed: str) -> int:
    if not typed.isascii() or not typed.isdecimal() or len(typed) > 9:
        raise NotFound
    return int(typed)


def set_duty(visit: Visit, chosen: dict[str, str], asked: dict[str, str]) -> Any:
    """Enter who is on duty at a post on a day."""
    wanted, staff = request_of(visit, chosen, asked), visit.staff
    row = Duty(*(entry.line(asked[name]) for name in ("day", "post", "staff_no", "note")))

    def keep() -> None:
        if row.staff_no and not visit.site.accounts.name_of(row.staff_no):
            raise BadBody("staff_no", "本单位没有这个工号", "nobody here has that staff number")
        visit.site.casebook.set_duty(staff.staff_no, staff.roles, row, wanted)

    return _done(visit, wanted, keep)


def say_room(visit: Visit, chosen: dict[str, str], asked: dict[str, Any]) -> Any:
    """Say anew what the room is and when it is open."""
    wanted, staff = request_of(visit, chosen, asked), visit.staff
    lists = {name: tuple(entry.line(each) for each in asked[name]) for name in ("classes", "hours", "slots")}
    address, phone = entry.line(asked["address"]), entry.line(asked["phone"])
    windows = visit.site.casebook.room().windows  # of which a program from before there was a register says nothing
    if "windows" in asked:
        windows = tuple(Window(*(entry.line(each[name]) for name in Window._fields)) for each in asked["windows"])
    room = Room(lists["classes"], lists["hours"], address, phone, lists["slots"], asked["a_slot"], windows)

    def keep() -> None:
        service_room.check_staff(visit, room.windows)
        visit.site.casebook.say_room(staff.staff_no, staff.roles, room, wanted)

    return _done(visit, wanted, keep)


OPERATIONS: Final = (
    Operation(
        "/appointments", "list_appointments", list_appointments, turns.COUNTERS, TAG, asks=DayQuery, gives=Appointments
    ),
    Operation(
        "/appointments", "book_appointment", book_appointment, turns.COUNTERS, TAG, "POST", BookTaken,
        gives=BookedGiven, once=True,
    ),
    Operation(
        "/appointments/<number>/end", "end_appointment", end_appointment, turns.COUNTERS, TAG, "POST", EndBookingTaken,
        gives=Came, once=True,
    ),
    Operation(
        "/appointments/<number>/call_off", "call_off_appointment", call_off_appointment, turns.COUNTERS, TAG, "POST",
        CallOffTaken, gives=Came, once=True,
    ),
    Operation(
        "/appointments/<number>/move", "move_appointment", move_appointment, turns.COUNTERS, TAG, "POST", MoveTaken,
        gives=Came, once=True,
    ),
    Operation("/turns", "list_tickets", list_tickets, turns.COUNTERS, TAG, gives=Tickets),
    Operation("/turns", "draw_ticket", draw_ticket, turns.COUNTERS, TAG, "POST", DrawTaken, gives=Came, once=True),
    Operation("/turns/call", "call_ticket", call_ticket, turns.COUNTERS, TAG, "POST", CallTaken, gives=Came, once=True),
    Operation(
        "/turns/<number>/end", "end_ticket", end_ticket, turns.COUNTERS, TAG, "POST", EndTurnTaken, gives=Came,
        once=True,
    ),
    Operation("/duty", "set_duty", set_duty, service_room.KEEPS, TAG, "POST", DutyTaken, gives=Came, once=True),
    Operation("/room", "say_room", say_room, service_room.KEEPS, TAG, "POST", RoomTaken, gives=Came, once=True),
)  # fmt: skip
