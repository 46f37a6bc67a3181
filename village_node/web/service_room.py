"""The service room: its hours for everybody, its duty roster, and how many services and cases a period had."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from werkzeug.wrappers import Response

from sync_protocol.case.workdays import day_of
from village_node.casebook import BadBody, NotAllowed
from village_node.casebook.reception import CLASSES, POSTS, Room, Window
from village_node.store.reception import Duty
from village_node.web import entry, export, times, words
from village_node.web.export import Table
from village_node.web.policy import CASEWORK, STAFF, Policy, Route
from village_node.web.site import Visit

EVERYBODY: Final = Policy(None, "public")
READS: Final = Policy(STAFF, "node")
KEEPS: Final = Policy(frozenset({"head", "admin", "business"}), "node")
COUNTS: Final = Policy(CASEWORK, "node")
SHOWN_DAYS: Final = 14
COUNT_HEAD: Final = (
    ("自", "From"), ("至", "To"), ("单位代码", "Code"), ("单位", "Place"), ("项目", "What"), ("次数", "Times"),
    ("其中休息日", "Of these on days off"),
)  # fmt: skip
WEEK: Final = (
    ("周一", "Monday"), ("周二", "Tuesday"), ("周三", "Wednesday"), ("周四", "Thursday"), ("周五", "Friday"),
    ("周六", "Saturday"), ("周日", "Sunday"),
)  # fmt: skip


@dataclass(frozen=True)
class DutyDay:
    """One day of the roster. `posts`: post, who, their note; `day_off`: the calendar's, on which somebody may serve."""

    day: date
    words: str
    day_off: bool
    posts: list[tuple[str, str, str]]
    hours: str


def hours(visit: Visit) -> Response:
    """When the room is open, for everybody: the usual week, the days off on which somebody is on duty, and the weekend
    days that are worked to make up for others."""
    book, today = visit.site.casebook, day_of(visit.now_ms)
    room = book.room()
    days = roster(visit, today, SHOWN_DAYS)
    return visit.render(
        "hours.html",
        room=room,
        ask_first=ask_first(visit),
        classes=[visit.t(*CLASSES[each]) for each in room.classes],
        week=[(visit.t(*WEEK[number]), hours) for number, hours in enumerate(room.hours)],
        open_days_off=[each for each in days if each.day_off and each.posts],
        closed=[each for each in days if each.day_off and not each.posts and each.day.weekday() < 5],
        made_up=[each for each in days if not each.day_off and each.day.weekday() > 4],
    )


def ask_first(visit: Visit) -> str:
    """What is said to who wants to come where nobody has entered when the room is open: closed it need not be. Empty
    where somebody has."""
    room = visit.site.casebook.room()
    if any(room.hours):
        return ""
    words = visit.t("本单位还没有登记开放时间。", "Nobody has entered here yet when this room is open. ")
    if room.phone:
        return words + visit.t(f"来之前请先打电话问：{room.phone}。", f"Call first: {room.phone}.")
    name = visit.site.config.name
    return words + visit.t(
        f"本机也没有登记电话，来之前请先向{name}的工作人员问，或拨打 12345 政务服务热线。",
        f"Nor a telephone: ask the people of {name} before you come, or call the public hotline 12345.",
    )


def roster(visit: Visit, first: date, days: int) -> list[DutyDay]:
    """The duty roster of some days."""
    book, name_of = visit.site.casebook, visit.site.accounts.name_of
    calendar, room = book.calendar(), book.room()
    last = first + timedelta(days - 1)
    held: dict[str, list[tuple[str, str, str]]] = {}
    for row in book.duty(first.isoformat(), last.isoformat()):
        held.setdefault(row.day, []).append((row.post, name_of(row.staff_no) or row.staff_no, row.note))
    found = []
    for number in range(days):
        day = first + timedelta(number)
        week = visit.t(*WEEK[day.weekday()])
        said = f"{times.date_words(day, visit.lang)} {week}"
        off = not calendar.is_working(day)
        found.append(DutyDay(day, said, off, held.get(day.isoformat(), []), room.hours[day.weekday()]))
    return found


def duty(visit: Visit) -> Response:
    """The roster, and the forms that change it."""
    return _page(visit)


def set_duty(visit: Visit) -> Response:
    """Enter who is on duty at a post."""
    row = Duty(*(visit.line(name) for name in ("day", "post", "staff_no", "note")))
    try:
        if row.staff_no and not visit.site.accounts.name_of(row.staff_no[:32]):
            raise BadBody("staff_no", "本单位没有这个工号", "nobody here has that staff number")
        visit.site.casebook.set_duty(visit.staff.staff_no, visit.staff.roles, row)
    except BadBody as bad:
        return _page(visit, 422, visit.t(bad.zh, bad.en), row._asdict(), bad.field)
    except NotAllowed as refused:
        return _page(visit, 409, visit.t(refused.zh, refused.en), row._asdict())
    return visit.redirect("duty", done="duty")


def say_room(visit: Visit) -> Response:
    """Say what the room is and when it is open."""
    typed: dict[str, Any] = {name: visit.line(name) for name in ("address", "phone", "a_slot")}
    typed["hours"] = [visit.line(f"hours{number}") for number in range(7)]
    typed["classes"] = [code for code in CLASSES if visit.request.form.get(f"class:{code}")]
    typed["slots"], typed["windows"] = visit.line("slots"), visit.paragraph("windows")
    a_slot = entry.number(typed["a_slot"])
    room = Room(
        tuple(typed["classes"]),
        tuple(typed["hours"]),
        typed["address"],
        typed["phone"],
        tuple(typed["slots"].replace("、", " ").replace("，", " ").replace("：", ":").split()),
        int(a_slot) if a_slot.isascii() and a_slot.isdecimal() and len(a_slot) < 6 else 0,
    )
    try:
        room = room._replace(windows=windows_in(typed["windows"]))
        check_staff(visit, room.windows)
        visit.site.casebook.say_room(visit.staff.staff_no, visit.staff.roles, room)
    except BadBody as bad:
        return _page(visit, 422, visit.t(bad.zh, bad.en), typed, bad.field)
    except NotAllowed as refused:
        return _page(visit, 409, visit.t(refused.zh, refused.en), typed)
    return visit.redirect("duty", done="room")


def windows_in(text: str) -> tuple[Window, ...]:
    """The register of windows as the form has it: a line each, blanks between name, department (``-`` for none) and
    staff number. Raises BadBody naming ``windows``."""
    lines = [line.split() for line in text.splitlines() if line.strip()]
    if any(len(parts) > 3 for parts in lines):
        words = "窗口一行一个，只写窗口、部门、工号三项", "a window a line: name, department and staff number alone"
        raise BadBody("windows", *words)
    return tuple(Window(*("" if part == "-" else part for part in parts)) for parts in lines)


def _as_line(window: Window) -> str:
    parts = (window.name, window.department or "-", window.staff_no)
    return " ".join(parts) if window.staff_no else " ".join(filter(None, window))


def check_staff(visit: Visit, windows: Iterable[Window]) -> None:
    """Raises BadBody naming ``windows`` where somebody sits at one who has no account here."""
    for each in windows:
        if each.staff_no and not visit.site.accounts.name_of(each.staff_no[:32]):
            words = f"{each.name}：本单位没有工号 {each.staff_no}", f"{each.name}: nobody here has {each.staff_no}"
            raise BadBody("windows", *words)


def _page(
    visit: Visit, status: int = 200, problem: str = "", typed: dict[str, Any] | None = None, wrong: str = ""
) -> Response:
    book, today = visit.site.casebook, day_of(visit.now_ms)
    room = book.room()
    said = {**room._asdict(), "slots": " ".join(room.slots), "a_slot": str(room.a_slot)}
    said["windows"] = "\n".join(_as_line(each) for each in room.windows)
    return visit.render(
        "duty.html",
        status,
        problem=problem,
        errors={wrong: problem},
        typed={"day": today.isoformat(), "post": POSTS[0], **said, **(typed or {})},
        done=visit.request.args.get("done", ""),
        days=roster(visit, today, 2 * SHOWN_DAYS),
        classes=[(code, visit.t(*words_of)) for code, words_of in CLASSES.items()],
        week=[visit.t(*each) for each in WEEK],
        posts=[(each, visit.t(f"{each}岗", f"post {each}")) for each in POSTS],
        may_keep=book.may_keep_room(visit.staff.roles),
    )


def counts(visit: Visit) -> Response:
    """How often each service was given, and how many cases came on days off, in a period."""
    first, last = period(visit)
    try:
        served, filed = visit.site.casebook.served(first, last), visit.site.casebook.filed(first, last)
        problem, status = "", 200
    except BadBody as bad:
        served, filed, problem, status = [], [], visit.t(bad.zh, bad.en), 422
    return visit.render(
        "service_counts.html",
        status,
        problem=problem,
        first=first,
        last=last,
        served=[(visit.place_name(each.place), visit.t(*words.choice_words(each.what)), each) for each in served],
        filed=[(visit.place_name(each.place), each) for each in filed],
    )


def counts_table(visit: Visit) -> Table | Response:
    """The same as a file for a spreadsheet."""
    first, last = period(visit)
    try:
        served, filed = visit.site.casebook.served(first, last), visit.site.casebook.filed(first, last)
    except BadBody:
        return counts(visit)
    t, name = visit.t, visit.place_name
    lines: list[tuple[str | int, ...]] = [
        (first, last, each.place, name(each.place), t(*words.choice_words(each.what)), each.times, each.days_off)
        for each in served
    ]
    taken_in = t("收件", "taken in")
    lines += [(first, last, each.place, name(each.place), taken_in, each.cases, each.days_off) for each in filed]
    return Table("services", COUNT_HEAD, lines, {"first": first, "last": last})


def period(visit: Visit) -> tuple[str, str]:
    """The days that stand in the address: this month, where there are none."""
    today = day_of(visit.now_ms)
    arguments = visit.request.args
    first = entry.line(arguments.get("first", ""))[:10] or today.replace(day=1).isoformat()
    return first, entry.line(arguments.get("last", ""))[:10] or today.isoformat()


def on_duty(visit: Visit) -> list[tuple[str, str, str]]:
    """Who is on duty today: post, name, note."""
    return roster(visit, day_of(visit.now_ms), 1)[0].posts


ROUTES: Final = (
    Route("/hours", "hours", hours, EVERYBODY),
    Route("/duty", "duty", duty, READS),
    Route("/duty", "set_duty", set_duty, KEEPS, ("POST",)),
    Route("/duty/room", "say_room", say_room, KEEPS, ("POST",)),
    Route("/services", "service_counts", counts, COUNTS),
    export.route("/services", "service_counts_export", counts_table, COUNTS),
)
