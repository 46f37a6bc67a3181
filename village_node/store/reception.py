"""The service room's own books: who is on duty, who comes when, the numbers drawn and called."""

from collections.abc import Collection
from typing import Final, NamedTuple

from sqlalchemy import Connection, and_, case, delete, func, insert, not_, select, update

from village_node.store import rows
from village_node.store.tables.reception import APPOINTMENTS, DUTY, PASSES, TICKETS

BOOKED, CAME, MISSED, CANCELLED, MOVED, DOUBLE, GONE = range(7)
WAITING, CALLED, DONE, SKIPPED = range(4)
BOOKING_STATES: Final = ("booked", "came", "missed", "cancelled", "moved")
TICKET_STATES: Final = ("waiting", "called", "done", "skipped")


class Duty(NamedTuple):
    """One row of ``duty``, in the order of its columns."""

    day: str
    post: str
    staff_no: str
    note: str


class Appointment(NamedTuple):
    """One row of ``appointments``, in the order of its columns. ``moved_from``: the day and slot given up for it;
    ``ended_by``, ``reason``: who called it off or moved it, and why; nobody for who made it. Of two bookings that one
    person makes for one day at the public page the second is a double: it takes no place from the counter and stands
    in no list, and is gone once it is called off."""

    id: int
    day: str
    slot: str
    name: str
    item_no: str
    phone_tail: str
    booked_by: str
    booked_ms: int
    state: int
    number: str = ""
    code: str = ""
    moved_from: str = ""
    ended_by: str = ""
    reason: str = ""


class Taken(NamedTuple):
    """How many have a slot, how many of these booked it by themselves, and how many doubles there are beside them."""

    every: int
    own: int
    doubles: int


class Ticket(NamedTuple):
    """One row of ``tickets``, in the order of its columns. ``at_window``: which one it waits for; empty for any;
    ``purpose``: what somebody came for, one of what windows do."""

    day: str
    number: int
    item_no: str
    at_window: str
    appointment: int | None
    drawn_ms: int
    state: int
    called_ms: int | None
    called_by: str
    ended_ms: int | None
    scope: str
    case_id: bytes | None
    purpose: str = "accept"


class Passed(NamedTuple):
    """One row of ``ticket_passes``, in the order of its columns: a number was sent on to another window."""

    day: str
    number: int
    step: int
    at_ms: int
    from_window: str
    to_window: str
    passed_by: str
    note: str


def put_duty(connection: Connection, row: Duty) -> None:
    """Enter who is on duty at a post, in place of who was."""
    rows.put(connection, DUTY, [row])


def drop_duty(connection: Connection, day: str, post: str) -> bool:
    """Nobody is on duty there; False if nobody was."""
    return bool(rows.do(connection, "DELETE FROM duty WHERE day = ? AND post = ?", (day, post)))


def duty(connection: Connection, first: str, last: str) -> list[Duty]:
    """Who is on duty from one day to another, by day and post."""
    words = "SELECT day, post, staff_no, note FROM duty WHERE day >= ? AND day <= ? ORDER BY day, post"
    return [Duty._make(row) for row in rows.ask(connection, words, (first, last))]


def book(connection: Connection, row: Appointment) -> None:
    """Keep an appointment; its number is given here."""
    values = row._asdict()
    del values["id"]
    connection.execute(insert(APPOINTMENTS).values(values))


def appointments(connection: Connection, day: str) -> list[Appointment]:
    """The appointments of a day in their order."""
    there = (APPOINTMENTS.c.day == day, APPOINTMENTS.c.state.not_in((DOUBLE, GONE)))
    query = select(APPOINTMENTS).where(*there).order_by(APPOINTMENTS.c.slot, APPOINTMENTS.c.id)
    return [Appointment._make(row) for row in connection.execute(query)]


def taken(connection: Connection, first: str, last: str) -> dict[tuple[str, str], Taken]:
    """Day and slot, from one day to another -> who has it."""
    table = APPOINTMENTS.c
    twice = table.state == DOUBLE
    have = func.sum(case((twice, 0), else_=1))
    own = func.sum(case((and_(table.booked_by == "", not_(twice)), 1), else_=0))
    doubles = func.sum(case((twice, 1), else_=0))
    query = select(table.day, table.slot, have, own, doubles).group_by(table.day, table.slot)
    there = query.where(table.day >= first, table.day <= last, table.state.in_((BOOKED, CAME, MISSED, DOUBLE)))
    return {(day, slot): Taken(*map(int, counted)) for day, slot, *counted in connection.execute(there)}


def doubles(connection: Connection, day: str, name: str, phone_tail: str) -> list[Appointment]:
    """The doubles of somebody on a day, in the order they were made."""
    table = APPOINTMENTS.c
    theirs = (table.day == day, table.name == name, table.phone_tail == phone_tail, table.state == DOUBLE)
    query = select(APPOINTMENTS).where(*theirs).order_by(table.id)
    return [Appointment._make(row) for row in connection.execute(query)]


def promote(connection: Connection, number: int) -> bool:
    """A double takes a place; False if it is none any more."""
    wanted = update(APPOINTMENTS).where(APPOINTMENTS.c.id == number, APPOINTMENTS.c.state == DOUBLE)
    return bool(connection.execute(wanted.values(state=BOOKED)).rowcount)


def set_booking(connection: Connection, number: int, state: int) -> bool:
    """A booked appointment came to this; False if it has come to something before."""
    wanted = update(APPOINTMENTS).where(APPOINTMENTS.c.id == number, APPOINTMENTS.c.state == BOOKED)
    return bool(connection.execute(wanted.values(state=state)).rowcount)


def change_booking(connection: Connection, held: Appointment, state: int, actor: str, reason: str) -> bool:
    """A booking is called off or moved; False if it is no longer as it was seen."""
    seen = (APPOINTMENTS.c.id == held.id, APPOINTMENTS.c.state == held.state)
    if held.state not in (BOOKED, DOUBLE):
        return False
    wanted = update(APPOINTMENTS).where(*seen).values(state=state, ended_by=actor, reason=reason)
    return bool(connection.execute(wanted).rowcount)


def drop(connection: Connection, number: int) -> None:
    """Drop a row that stood in no list."""
    connection.execute(delete(APPOINTMENTS).where(APPOINTMENTS.c.id == number))


def by_label(connection: Connection, label: str) -> Appointment | None:
    """The newest of those that were booked under a number: what was moved keeps it."""
    query = select(APPOINTMENTS).where(APPOINTMENTS.c.number == label, APPOINTMENTS.c.number != "")
    row = connection.execute(query.order_by(APPOINTMENTS.c.id.desc()).limit(1)).first()
    return Appointment._make(row) if row else None


def appointment(connection: Connection, number: int) -> Appointment | None:
    """One appointment."""
    row = connection.execute(select(APPOINTMENTS).where(APPOINTMENTS.c.id == number)).first()
    return Appointment._make(row) if row else None


_CLEARED: Final = dict.fromkeys(("name", "phone_tail", "number", "code", "reason"), "")


def forget(connection: Connection, named_from: str, kept_from: str) -> int:
    """Take name, phone and code off what was booked for days before one, and drop what is before another; of how many
    rows. What stays says which item, which slot, and what it came to."""
    past = (APPOINTMENTS.c.day < named_from, APPOINTMENTS.c.name != "")
    cleared = connection.execute(update(APPOINTMENTS).where(*past).values(**_CLEARED)).rowcount
    connection.execute(update(PASSES).where(PASSES.c.day < named_from, PASSES.c.note != "").values(note=""))
    for table in (TICKETS, PASSES, APPOINTMENTS):
        connection.execute(delete(table).where(table.c.day < kept_from))
    return cleared


def named(connection: Connection) -> list[Appointment]:
    """Every appointment that still says whose it is, by day."""
    query = select(APPOINTMENTS).where(APPOINTMENTS.c.name != "").order_by(APPOINTMENTS.c.day, APPOINTMENTS.c.id)
    return [Appointment._make(row) for row in connection.execute(query)]


def forget_one(connection: Connection, number: int) -> None:
    """Take name, phone and code off one appointment."""
    connection.execute(update(APPOINTMENTS).where(APPOINTMENTS.c.id == number).values(**_CLEARED))


def draw(connection: Connection, row: Ticket) -> int:
    """Draw the next number of a day."""
    last = connection.scalar(select(func.max(TICKETS.c.number)).where(TICKETS.c.day == row.day)) or 0
    rows.insert(connection, TICKETS, [row._replace(number=last + 1)])
    return int(last) + 1


def tickets(connection: Connection, day: str) -> list[Ticket]:
    """The numbers of a day in their order."""
    query = select(TICKETS).where(TICKETS.c.day == day).order_by(TICKETS.c.number)
    return [Ticket._make(row) for row in connection.execute(query)]


def tickets_between(connection: Connection, first: str, last: str) -> list[Ticket]:
    """The numbers from one day to another in their order."""
    query = select(TICKETS).where(TICKETS.c.day >= first, TICKETS.c.day <= last)
    return [Ticket._make(row) for row in connection.execute(query.order_by(TICKETS.c.day, TICKETS.c.number))]


def ticket(connection: Connection, day: str, number: int) -> Ticket | None:
    """One number of a day."""
    row = connection.execute(select(TICKETS).where(TICKETS.c.day == day, TICKETS.c.number == number)).first()
    return Ticket._make(row) if row else None


def waiting(connection: Connection, day: str) -> list[Ticket]:
    """The numbers of a day that wait, in the order of their turn: who has an appointment before who has none, else by
    the number."""
    query = select(TICKETS).where(TICKETS.c.day == day, TICKETS.c.state == WAITING)
    query = query.order_by(TICKETS.c.appointment.is_(None), TICKETS.c.number)
    return [Ticket._make(row) for row in connection.execute(query)]


def note_pass(connection: Connection, row: Passed) -> None:
    """Remember that a number was passed on; which step of it that was is given here."""
    mine = (PASSES.c.day == row.day, PASSES.c.number == row.number)
    last = connection.scalar(select(func.max(PASSES.c.step)).where(*mine)) or 0
    rows.insert(connection, PASSES, [row._replace(step=last + 1)])


def passes(connection: Connection, first: str, last: str) -> list[Passed]:
    """Every number that was passed on from one day to another, in the order in which that was done."""
    query = select(PASSES).where(PASSES.c.day >= first, PASSES.c.day <= last)
    query = query.order_by(PASSES.c.day, PASSES.c.at_ms, PASSES.c.number, PASSES.c.step)
    return [Passed._make(row) for row in connection.execute(query)]


def booked_from(connection: Connection, first: str, items: Collection[str]) -> list[tuple[str, str, int]]:
    """(day, item, how many have an appointment for it then), from a day on, of these items."""
    booked = (APPOINTMENTS.c.day >= first, APPOINTMENTS.c.state == BOOKED, APPOINTMENTS.c.item_no.in_(items))
    each = (APPOINTMENTS.c.day, APPOINTMENTS.c.item_no)
    found = connection.execute(select(*each, func.count()).where(*booked).group_by(*each))
    return [(day, item_no, int(times)) for day, item_no, times in found]


def change_ticket(connection: Connection, before: Ticket, after: Ticket) -> bool:
    """Write a number anew; False if it is no longer as it was seen."""
    where = (TICKETS.c.day == before.day, TICKETS.c.number == before.number, TICKETS.c.state == before.state)
    return bool(connection.execute(update(TICKETS).where(*where).values(after._asdict())).rowcount)
