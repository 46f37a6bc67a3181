"""Appointments and numbers: who comes when, who has drawn a number, whose turn it is at which window."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from sync_protocol.case.windows import TASKS
from sync_protocol.case.workdays import day_of
from village_node.casebook import AlreadyDone, BadBody, CasebookError, IdTaken, NotAllowed, Stale
from village_node.casebook.booking_labels import Booked, grouped
from village_node.casebook.queue import ACCEPT, Ending
from village_node.casebook.windows import Spot
from village_node.store.reception import BOOKING_STATES, TICKET_STATES, Appointment, Passed, Ticket
from village_node.web import entry, masking, sent_once
from village_node.web.clocks import Badge
from village_node.web.policy import CASEWORK, COUNTER, Policy, Route
from village_node.web.site import Visit

COUNTERS: Final = Policy(COUNTER, "node", "masked")
COUNTS: Final = Policy(CASEWORK, "node")
BOOKINGS: Final[dict[str, Badge]] = {
    "booked": ("waiting", "clock", "已预约", "booked"),
    "came": ("good", "check", "已到", "came"),
    "missed": ("bad", "cross", "未到", "did not come"),
    "cancelled": ("done", "cross", "已取消", "called off"),
    "moved": ("done", "right", "已改期", "moved"),
}
NUMBERS: Final[dict[str, Badge]] = {
    "waiting": ("waiting", "clock", "等候", "waits"),
    "called": ("active", "right", "已叫号", "called"),
    "done": ("good", "check", "已办", "done"),
    "skipped": ("done", "cross", "过号", "skipped"),
}
CAME_TO: Final = ("came", "missed")
ENDINGS: Final = ("done", "skip", "again", "transfer")


@dataclass(frozen=True)
class Turn:
    """One number as the page shows it. ``passed``: the windows that it was sent on from, with what was noted then."""

    row: Ticket
    number: str
    item: str
    badge: Badge
    name: str
    case_no: str
    purpose: str
    passed: list[tuple[Passed, str]]


def number_words(number: int) -> str:
    """A number as it is called: A001."""
    return f"A{number:03d}"


def turns(visit: Visit) -> Response:
    """Today's numbers and the appointments of a day."""
    return _page(visit)


def book(visit: Visit) -> Response:
    """Book a slot at the counter."""
    typed = {name: visit.line(name) for name in ("day", "slot", "name", "item_no", "phone_tail")}
    return _done(
        visit,
        lambda: visit.site.casebook.book(
            visit.staff.staff_no,
            visit.staff.roles,
            typed["day"],
            typed["slot"].replace("：", ":"),
            typed["name"],
            typed["item_no"],
            entry.number(typed["phone_tail"]),
            sent_once.asked(visit),
        ),
        "booked",
        typed,
    )


def end_booking(visit: Visit, number: str, what: str) -> Response:
    """Somebody came, or did not come."""
    if what not in CAME_TO or not is_number(number):
        raise NotFound
    staff = visit.staff
    return _done(
        visit, lambda: visit.site.casebook.end_booking(staff.staff_no, staff.roles, int(number), what), what, {}
    )


def draw(visit: Visit) -> Response:
    """Draw a number for who walks in."""
    typed, staff = {name: visit.line(name) for name in ("draw_item", "draw_window", "draw_purpose")}, visit.staff
    purpose = typed["draw_purpose"] or ACCEPT
    return _done(
        visit,
        lambda: visit.site.casebook.draw_ticket(
            staff.staff_no, staff.roles, typed["draw_item"], typed["draw_window"], sent_once.asked(visit), purpose
        ),
        "drawn",
        typed,
    )


def call(visit: Visit) -> Response:
    """Call who is next."""
    typed, staff = {"window": visit.line("window")}, visit.staff

    def next_one() -> None:
        visit.site.casebook.call_next(staff.staff_no, staff.roles, typed["window"], sent_once.asked(visit))

    return _done(visit, next_one, "called", typed)


def end_turn(visit: Visit, number: str, what: str) -> Response:
    """A number is done, skipped, called again later, or sent to another window."""
    if what not in ENDINGS or not is_number(number):
        raise NotFound
    staff = visit.staff
    typed = {name: visit.line(name) for name in ("to_window", "case_no", "note")}
    ending = Ending(what, typed["to_window"], typed["case_no"].upper(), typed["note"])
    return _done(
        visit,
        lambda: visit.site.casebook.end_ticket(staff.staff_no, staff.roles, int(number), ending),
        what,
        {**typed, "turn": number},
    )


def is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 9


def _done(visit: Visit, act: Callable[[], object], done: str, typed: dict[str, str]) -> Response:
    came_to: object = None
    try:
        came_to = act()
    except AlreadyDone:
        pass
    except IdTaken:
        return _page(visit, 409, sent_once.changed(visit), typed)
    except BadBody as bad:
        return _page(visit, 422, visit.t(bad.zh, bad.en), typed, bad.field)
    except (NotAllowed, Stale) as refused:
        return _page(visit, 409, visit.t(refused.zh, refused.en), typed)
    except CasebookError as absent:
        return _page(visit, 404, visit.t(absent.zh, absent.en), typed)
    if isinstance(came_to, Booked):
        return visit.redirect("turns", done=done, day=typed["day"], booked=came_to.number)
    number = number_words(came_to) if isinstance(came_to, int) and came_to else ""
    day = typed.get("day", "")
    return visit.redirect("turns", done=done, number=number, **({"day": day} if day else {}))


def _page(
    visit: Visit, status: int = 200, problem: str = "", typed: dict[str, str] | None = None, wrong: str = ""
) -> Response:
    site, today = visit.site, day_of(visit.now_ms).isoformat()
    typed = typed or {}
    day = typed.get("day") or entry.line(visit.request.args.get("day", ""))[:10] or today
    booked, drawn = site.casebook.appointments(day), site.casebook.tickets(today)
    spots, passed = site.casebook.spots(day_of(visit.now_ms)), site.casebook.passes(today, today)
    names = {row.id: row.name for row in (booked if day == today else site.casebook.appointments(today))}
    return visit.render(
        "turns.html",
        status,
        problem=problem,
        errors={wrong: problem},
        typed=typed,
        on_day=day,
        today=today,
        done=visit.request.args.get("done", ""),
        number=visit.request.args.get("number", ""),
        fresh=next((row for row in booked if row.number and row.number == visit.request.args.get("booked")), None),
        slots=site.casebook.slots(day),
        booked=[(row, item_words(visit, row.item_no), masking.name(row.name), BOOKINGS[_state(row)]) for row in booked],
        grouped=grouped,
        turns=[_turn(visit, row, names, passed) for row in drawn],
        waiting=sum(TICKET_STATES[row.state] == "waiting" for row in drawn),
        windows=[(each.name, spot_words(visit, each)) for each in spots],
        head_desk=spots[0].name if spots and spots[0].is_head else "",
        shut=_shut(visit),
        comes_for=[(code, visit.t(*words)) for code, words in TASKS.items()],
        own_window=next((each.name for each in spots if each.staff_no == visit.staff.staff_no), ""),
        items=[(item.item_no, f"{item.item_no} {visit.t(item.name, item.name_en)}") for item in site.finder.find("")],
    )


def _state(row: Appointment) -> str:
    return BOOKING_STATES[row.state]


def item_words(visit: Visit, item_no: str) -> str:
    item = visit.site.catalogue.newest(item_no)
    return visit.t(item.name, item.name_en) if item is not None else item_no


def spot_words(visit: Visit, spot: Spot) -> str:
    """A window that is open, in words: whose, where a mobile one stands, or that it is the head desk."""
    head = visit.t("总服务台", "head desk") if spot.is_head else ""
    return " ".join(filter(None, (spot.name, spot.department, spot.where, head)))


def _shut(visit: Visit) -> list[tuple[str, str]]:
    """The windows of this room that stand and are not open today, each with the day on which it is open next."""
    today = day_of(visit.now_ms)
    known = [each for each in visit.site.casebook.windows_here() if each.state(today) in ("shut", "planned")]
    opens = [(each.name, each.next_open(today)) for each in known]
    return [(name, day.isoformat() if day is not None else "") for name, day in opens]


def _turn(visit: Visit, row: Ticket, names: dict[int, str], passed: list[Passed]) -> Turn:
    case = visit.site.casebook.case_row(row.scope, row.case_id) if row.case_id is not None else None
    name = masking.name(names.get(row.appointment, "")) if row.appointment is not None else ""
    number = (case.case_no if case is not None else "") or ""
    badge = NUMBERS[TICKET_STATES[row.state]]
    purpose, name_of = visit.t(*TASKS[row.purpose]) if row.purpose != ACCEPT else "", visit.site.accounts.name_of
    mine = [(each, name_of(each.passed_by) or each.passed_by) for each in passed if each.number == row.number]
    return Turn(row, number_words(row.number), item_words(visit, row.item_no), badge, name, number, purpose, mine)


ROUTES: Final = (
    Route("/turns", "turns", turns, COUNTERS),
    Route("/turns/book", "book_slot", book, COUNTERS, ("POST",)),
    Route("/turns/bookings/<number>/<what>", "end_booking", end_booking, COUNTERS, ("POST",)),
    Route("/turns/draw", "draw_number", draw, COUNTERS, ("POST",)),
    Route("/turns/call", "call_number", call, COUNTERS, ("POST",)),
    Route("/turns/<number>/<what>", "end_turn", end_turn, COUNTERS, ("POST",)),
)
