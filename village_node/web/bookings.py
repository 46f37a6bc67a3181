"""A booking is called off or moved: by who made it, with number and code, without signing in; or at the counter."""

from collections.abc import Callable
from datetime import date
from typing import Final

from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from village_node.accounts import Rule
from village_node.casebook import AlreadyDone, BadBody, CasebookError, IdTaken, NotAllowed, Stale
from village_node.casebook.booking_labels import grouped, is_number, spelled
from village_node.store.reception import BOOKED, BOOKING_STATES, CANCELLED, DOUBLE, GONE, Appointment
from village_node.web import masking, residents, sent_once, times, turns
from village_node.web.policy import Route
from village_node.web.site import Visit

# Wrong numbers and codes: few of one number, and not many from one address, which may be a screen in a hall.
OF_A_NUMBER: Final = Rule(free=4, longest_ms=times.DAY_MS, forget_ms=2 * times.DAY_MS, first_ms=times.HOUR_MS)
OWN_ACTS: Final = ("look", "off", "move")


def booking(visit: Visit, number: str) -> Response:
    """One booking at the counter, with what may be done about it."""
    return _at_counter(visit, number)


def call_off_booking(visit: Visit, number: str) -> Response:
    """The counter calls it off, and says why."""
    row, staff, reason = _row(visit, number), visit.staff, visit.line("reason")
    return _changed(
        visit,
        row,
        lambda: visit.site.casebook.call_off(staff.staff_no, staff.roles, row.id, reason, sent_once.asked(visit)),
        row.day,
        {"off_reason": reason},
    )


def move_booking(visit: Visit, number: str) -> Response:
    """The counter moves it, and says why."""
    row, staff = _row(visit, number), visit.staff
    typed = {name: visit.line(name) for name in ("day", "slot", "reason")}
    return _changed(
        visit,
        row,
        lambda: visit.site.casebook.move(
            staff.staff_no, staff.roles, row.id, typed["day"], typed["slot"], typed["reason"], sent_once.asked(visit)
        ),
        typed["day"],
        typed,
    )


def _row(visit: Visit, number: str) -> Appointment:
    found = visit.site.casebook.appointment(int(number)) if turns.is_number(number) else None
    if found is None or found.state in (DOUBLE, GONE):
        raise NotFound
    return found


def _changed(visit: Visit, row: Appointment, act: Callable[[], None], day: str, typed: dict[str, str]) -> Response:
    try:
        act()
    except AlreadyDone:
        pass
    except IdTaken:
        return _at_counter(visit, str(row.id), 409, sent_once.changed(visit), typed)
    except BadBody as bad:
        return _at_counter(visit, str(row.id), 422, visit.t(bad.zh, bad.en), typed, bad.field)
    except CasebookError as refused:
        return _at_counter(visit, str(row.id), 409, visit.t(refused.zh, refused.en), typed)
    return visit.redirect("turns", done="changed", day=day)


def _at_counter(
    visit: Visit,
    number: str,
    status: int = 200,
    problem: str = "",
    typed: dict[str, str] | None = None,
    wrong: str = "",
) -> Response:
    row = _row(visit, number)
    day = (typed or {}).get("day") or visit.request.args.get("day", "")[:10] or row.day
    return visit.render(
        "booking.html",
        status,
        row=row,
        item=turns.item_words(visit, row.item_no),
        name=masking.name(row.name),
        badge_of=turns.BOOKINGS[BOOKING_STATES[row.state]],
        grouped=grouped,
        open=row.state == BOOKED,
        on_day=day,
        slots=visit.site.casebook.slots(day),
        typed=typed or {},
        errors={wrong: problem} if wrong else {},
        problem=problem,
    )


def own_change(visit: Visit) -> Response:
    """The form for number and code."""
    return visit.render("own_change.html", row=None, typed={}, problem="", errors={}, done="")


def change_own_booking(visit: Visit) -> Response:
    """What was booked under number and code is shown, called off or moved, in the answer itself."""
    typed = {name: visit.line(name) for name in ("number", "code", "day", "slot", "do")}
    number, code = spelled(typed["number"]), spelled(typed["code"])
    what = typed["do"] if typed["do"] in OWN_ACTS else "look"
    throttle, book = visit.site.accounts.throttle, visit.site.casebook
    keys = [(f"own-change:{visit.network}", residents.FROM_HERE)]
    if is_number(number):  # what nobody can have been given is not counted either
        keys.append((f"own-change:no:{number}", OF_A_NUMBER))
    # Where one that has tried too often waits, the number is not counted: its owner comes from elsewhere.
    if any(throttle.attempt(key, rule) for key, rule in keys):
        words = visit.t(
            "填错的次数过多，请过一会儿再来，或到窗口办理。", "Too many tries: come again later, or ask us."
        )
        return _asked_again(visit, typed, 429, words)
    try:
        held = book.booked_under(number, code)
        for key, _ in keys:
            throttle.take_back(key)
        wanted = residents.asked_oneself(visit)
        if what == "off":
            book.call_off_oneself(number, code, wanted)
        elif what == "move":
            book.move_oneself(number, code, typed["day"], typed["slot"], wanted)
    except AlreadyDone:
        pass
    except BadBody as bad:
        return _own(visit, held, typed, 422, visit.t(bad.zh, bad.en), bad.field)
    except (NotAllowed, Stale) as refused:
        return _own(visit, book.booked_under(number, code), typed, 409, visit.t(refused.zh, refused.en))
    except CasebookError as refused:
        return _asked_again(visit, typed, 404, visit.t(refused.zh, refused.en))
    return _own(visit, book.booked_under(number, code), typed, done=what if what != "look" else "")


def _asked_again(visit: Visit, typed: dict[str, str], status: int, problem: str) -> Response:
    return visit.render(
        "own_change.html", status, row=None, typed={**typed, "code": ""}, problem=problem, errors={}, done=""
    )


def _own(
    visit: Visit,
    row: Appointment,
    typed: dict[str, str],
    status: int = 200,
    problem: str = "",
    wrong: str = "",
    done: str = "",
) -> Response:
    days = [
        (day, residents.day_words(visit, date.fromisoformat(day)), [each for each in slots if each[1]])
        for day, slots in visit.site.casebook.own_slots()
    ]
    return visit.render(
        "own_change.html",
        status,
        row=row,
        open=row.state in (BOOKED, DOUBLE),
        cancelled=row.state == CANCELLED,
        day_words=times.date_words(date.fromisoformat(row.day), visit.lang),
        item=turns.item_words(visit, row.item_no),
        days=[each for each in days if each[2]],
        typed=typed,
        problem=problem,
        errors={wrong: problem} if wrong else {},
        done=done,
        once=visit.once,
    )


ROUTES: Final = (
    Route("/turns/bookings/<number>", "booking", booking, turns.COUNTERS),
    Route("/turns/bookings/<number>/call-off", "call_off_booking", call_off_booking, turns.COUNTERS, ("POST",)),
    Route("/turns/bookings/<number>/move", "move_booking", move_booking, turns.COUNTERS, ("POST",)),
    Route("/book/change", "own_change", own_change, residents.BOOKS),
    Route("/book/change", "change_own_booking", change_own_booking, residents.BOOKS, ("POST",)),
)
