"""Windows (窗口): for everybody which window takes which item on a day; for staff the register of windows, which opens,
changes and closes them by a document."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final, NamedTuple

from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from sync_protocol.case import Item
from sync_protocol.case.windows import ACTS, CLOSE, SORTS, TASKS, Window
from sync_protocol.case.workdays import day_of
from village_node.casebook.windows import STATES, Known, Leaving
from village_node.web import counter_books, entry, export, filters, sent_once, times
from village_node.web.clocks import Badge
from village_node.web.export import Table
from village_node.web.filters import Choice, Filters
from village_node.web.policy import EXPORTS, STAFF, Policy, Route
from village_node.web.service_room import WEEK
from village_node.web.site import Visit

EVERYBODY: Final = Policy(None, "public")
READS: Final = Policy(STAFF, "node")
KEEPS: Final = Policy(frozenset({"head", "business"}), "node")
BADGES: Final[dict[str, Badge]] = {
    "open": ("good", "check", *STATES["open"]),
    "shut": ("waiting", "clock", *STATES["shut"]),
    "planned": ("waiting", "flag", *STATES["planned"]),
    "ended": ("done", "cross", *STATES["ended"]),
}
ACT_WORDS: Final[dict[str, tuple[str, str]]] = {
    "open": ("开设", "opened"), "change": ("调整", "changed"), "close": ("撤销", "closed"),
}  # fmt: skip
HEAD: Final = (
    ("单位代码", "Code"), ("单位", "Place"), ("窗口", "Window"), ("类型", "Kind"), ("状态", "State"),
    ("部门", "Department"), ("事项编号", "Item numbers"), ("办理内容", "Does"), ("自", "From"), ("至", "Until"),
    ("每年季节", "Season"), ("每周所在", "Weekdays"), ("依据文号", "Document"), ("理由", "Reason"),
)  # fmt: skip
_NEW: Final = {"sort": "fixed", "tasks": ["accept"]}
_FORM: Final = ("window", "first", "document_no", "reason", "sort", "department", "last")


class Offer(NamedTuple):
    """One line of the map: an item, the windows that take it on the day, each with where it is; and where none does,
    which window will, and from which day on."""

    item: Item
    at: list[tuple[Known, Window]]
    later: tuple[Known, date] | None


def windows_map(visit: Visit) -> Response:
    """Which window is open on a day, and which item it takes, at this place and at those above and below it."""
    day, problem = asked_day(visit)
    asked = _narrowed(visit)
    place = asked.chosen["place"]
    shown = [each for each in visit.site.casebook.windows_open(day) if place in ("", each[0].place)]
    offers = [each for each in offers_of(visit, day, place) if _fits(visit, asked, each)]
    calendar = visit.site.casebook.calendar()
    return visit.render(
        "windows.html",
        422 if problem else 200,
        problem=problem,
        on_day=day,
        said=f"{times.date_words(day, visit.lang)} {visit.t(*WEEK[day.weekday()])}",
        day_off=not calendar.is_working(day),
        filters=asked,
        shown=shown,
        listed=counter_books.listed(visit, "windows_map", offers),
        sorts=SORTS,
        tasks=lambda said: task_words(visit, said),
        where=lambda known, said: _where(visit, known, said, day),
    )


def asked_day(visit: Visit) -> tuple[date, str]:
    """The day of the address, today where there is none; what is wrong with it, and then today."""
    today, typed = day_of(visit.now_ms), entry.line(visit.request.args.get("day", ""))[:10]
    try:
        return date.fromisoformat(typed or today.isoformat()), ""
    except ValueError:
        return today, visit.t("请按 年-月-日 填写日期。", "Give the day as YYYY-MM-DD.")


def _narrowed(visit: Visit) -> Filters:
    codes = dict.fromkeys(each.place for each in visit.site.casebook.windows())
    places = Choice("place", visit.t("单位", "Place"), [(code, visit.place_name(code)) for code in codes])
    label = visit.t("事项、编号、部门或窗口", "Item, number, department or window")
    return filters.asked(visit, "windows_map", label, places, kept=("day",))


def offers_of(visit: Visit, day: date, place: str = "") -> list[Offer]:
    """Every item that some window takes, on the day or within a year of it, in the order of the catalogue."""
    book = visit.site.casebook
    known = [(each, each.next_open(day)) for each in book.windows() if place in ("", each.place)]
    coming = sorted(
        ((each, opens, each.held(opens)) for each, opens in known if opens is not None), key=lambda each: each[1]
    )
    found = []
    for item in book.catalogue.offered(day):
        taking = [each for each in coming if each[2].takes(item.item_no, item.department)]
        if taking:
            at = [(window, said) for window, opens, said in taking if opens == day]
            found.append(Offer(item, at, None if at else taking[0][:2]))
    return found


def _fits(visit: Visit, asked: Filters, offer: Offer) -> bool:
    names = [window.name for window, _ in offer.at] + ([offer.later[0].name] if offer.later else [])
    words = (offer.item.item_no, offer.item.name, offer.item.name_en, offer.item.department, *names)
    return not asked.text or any(asked.text.casefold() in each.casefold() for each in words)


def _where(visit: Visit, known: Known, said: Window, day: date) -> str:
    """A window in words: whose, and where a mobile one stands."""
    at = said.where(day)
    return f"{visit.place_name(known.place)} {known.name}" + (visit.t(f"（{at}）", f" ({at})") if at else "")


def task_words(visit: Visit, said: Window) -> str:
    """What a window does, in words."""
    return visit.t("、", ", ").join(visit.t(*TASKS[each]) for each in said.tasks)


def register(visit: Visit) -> Response:
    """Every window known here, and the form that opens one of this place."""
    return _register(visit)


def _register(
    visit: Visit, status: int = 200, problem: str = "", typed: dict[str, Any] | None = None, wrong: str = ""
) -> Response:
    asked, found = _listed(visit)
    today = day_of(visit.now_ms)
    return visit.render(
        "window_register.html",
        status,
        problem=problem,
        filters=asked,
        listed=counter_books.listed(visit, "window_register", found),
        badges=BADGES,
        today=today,
        season=_season,
        done=visit.request.args.get("done", ""),
        **_form_values(visit, typed or {**_NEW, "first": today.isoformat()}, wrong, problem),
    )


def _form_values(visit: Visit, typed: Mapping[str, Any], wrong: str, problem: str) -> dict[str, Any]:
    """What the form of a window needs."""
    book = visit.site.casebook
    names = dict.fromkeys(item.department for item in visit.site.catalogue.items())
    return {
        "typed": typed,
        "errors": {wrong: problem},
        "may_keep": book.may_say_windows(visit.staff.roles),
        "sorts": SORTS,
        "tasks": TASKS,
        "week": [visit.t(*each) for each in WEEK],
        "departments": [("", visit.t("不限部门", "any department")), *((each, each) for each in names)],
    }


def _listed(visit: Visit) -> tuple[Filters, list[tuple[Known, Window, str]]]:
    """What the register is narrowed to, and what it holds then: a window, what holds today, and how it stands."""
    codes = dict.fromkeys(each.place for each in visit.site.casebook.windows())
    asked = filters.asked(
        visit,
        "window_register",
        visit.t("窗口、部门、事项编号或文号", "Window, department, item number or document"),
        Choice("state", visit.t("状态", "State"), [(code, visit.t(*words)) for code, words in STATES.items()]),
        Choice("sort", visit.t("类型", "Kind"), [(code, visit.t(*words)) for code, words in SORTS.items()]),
        Choice("place", visit.t("单位", "Place"), [(code, visit.place_name(code)) for code in codes]),
    )
    today, found = day_of(visit.now_ms), []
    for each in visit.site.casebook.windows():
        said, state = each.held(today), each.state(today)
        words = (each.name, visit.place_name(each.place), said.department, *said.items, said.document_no)
        if asked.fit(words, state=state, sort=said.sort, place=each.place):
            found.append((each, said, state))
    return asked, found


def _season(said: Window) -> str:
    return " — ".join(said.season)


def table(visit: Visit) -> Table:
    """The register as a file."""
    asked, found = _listed(visit)
    t = visit.t
    rows = [
        (
            each.place, visit.place_name(each.place), each.name, t(*SORTS[said.sort]) if said.sort else "",
            t(*STATES[state]), said.department, " ".join(said.items), task_words(visit, said), said.first, said.last,
            _season(said), t("；", "; ").join(f"{t(*WEEK[number - 1])} {where}" for number, where in said.days),
            said.document_no, said.reason,
        )
        for each, said, state in found
    ]  # fmt: skip
    return Table("windows", HEAD, rows, asked.told())


def window(visit: Visit, place: str, name: str) -> Response:
    """One window: how it stands, everything that was said of it, and the forms that change and close it."""
    return _window(visit, _known(visit, place, name))


def _known(visit: Visit, place: str, name: str) -> Known:
    try:
        return visit.site.casebook.window(place, name)
    except KeyError:
        raise NotFound from None


def _window(
    visit: Visit,
    known: Known,
    status: int = 200,
    problem: str = "",
    typed: dict[str, Any] | None = None,
    wrong: str = "",
    what: str = "",
) -> Response:
    today = day_of(visit.now_ms)
    said, name_of = known.held(today), visit.site.accounts.name_of
    ours = known.place == visit.site.config.place
    standing = known.state(today) in ("open", "shut", "planned")
    closes = _day(typed["first"], today) if typed and what == CLOSE else today
    opens = known.next_open(today)
    return visit.render(
        "window.html",
        status,
        problem=problem,
        known=known,
        said=said,
        badge_of=BADGES[known.state(today)],
        next_open=times.date_words(opens, visit.lang) if opens is not None else "",
        season=_season(said),
        does=task_words(visit, said),
        week_words=[visit.t(*each) for each in WEEK],
        names={item.item_no: visit.t(item.name, item.name_en) for item in visit.site.catalogue.items()},
        history=[
            (each.said["said"], ACT_WORDS[each.said["said"].what], each.claimed_ms, name_of(each.actor) or each.actor)
            for each in reversed(known.history)
        ],
        ours=ours,
        standing=standing and ours,
        leaving=visit.site.casebook.leaving(known.name, closes) if standing and ours else Leaving(),
        dropped=_dropped(visit, known, typed, wrong, what),
        done=visit.request.args.get("done", ""),
        what=what,
        today=today.isoformat(),
        **_form_values(visit, typed if typed and what != CLOSE else as_typed(said, today), wrong, problem),
        closing=typed if typed and what == CLOSE else {"first": today.isoformat()},
    )


def _dropped(visit: Visit, known: Known, typed: dict[str, Any] | None, wrong: str, what: str) -> Leaving:
    """What a change would leave, where it was sent back because of that."""
    if typed is None or wrong != "seen" or what == CLOSE:
        return Leaving()
    then = said_of(what, typed)
    return visit.site.casebook.leaving(known.name, date.fromisoformat(then.first), then)


def as_typed(said: Window, today: date) -> dict[str, Any]:
    """What holds as the form has it, to be changed from today on."""
    typed: dict[str, Any] = {name: getattr(said, name) for name in _FORM}
    typed |= {"first": max(said.first, today.isoformat()), "document_no": "", "reason": ""}
    typed |= {"items": " ".join(said.items), "tasks": said.tasks, "where": _wheres(said)}
    return typed | dict(zip(("season_first", "season_last"), said.season or ("", ""), strict=True))


def _wheres(said: Window) -> list[str]:
    return [dict(said.days).get(number, "") for number in range(1, 8)]


def _day(text: str, otherwise: date) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return otherwise


def say_window(visit: Visit, what: str) -> Response:
    """Open, change or close a window of this place."""
    if what not in ACTS:
        raise NotFound
    typed: dict[str, Any] = {name: visit.line(name) for name in (*_FORM, "items", "season_first", "season_last")}
    typed["tasks"] = [each for each in TASKS if visit.request.form.get(f"task:{each}")]
    typed["where"] = [visit.line(f"where{number}") for number in range(1, 8)]
    seen, staff, book = bool(visit.request.form.get("seen")), visit.staff, visit.site.casebook
    made = counter_books.tried(
        visit,
        lambda: book.say_window(staff.staff_no, staff.roles, said_of(what, typed), seen, sent_once.asked(visit)),
        lambda before: None,
    )
    if not isinstance(made, counter_books.Refused):
        return visit.redirect("window", place=visit.site.config.place, name=typed["window"], done=what)
    field, words = next(iter(made.errors.items()), ("", ""))
    known = next((each for each in book.windows_here() if each.name == typed["window"]), None)
    if what == "open" or known is None:
        return _register(visit, made.status, made.problem or words, typed, field)
    return _window(visit, known, made.status, made.problem or words, typed, field, what)


def said_of(what: str, typed: Mapping[str, Any]) -> Window:
    """What a form says. Of a closing only what one says: the rest of the form is not asked."""
    head = tuple(typed[name] for name in ("window", "first", "document_no", "reason"))
    name, first, document_no, reason = head
    if what == CLOSE:
        return Window(name, what, first, document_no, reason)
    items = typed["items"].replace("、", " ").replace("，", " ").replace(",", " ").split()
    season = (typed["season_first"], typed["season_last"])
    days = tuple((number, where) for number, where in enumerate(typed["where"], 1) if where)
    return Window(
        name, what, first, document_no, reason, typed["sort"], typed["department"], tuple(items), typed["last"],
        season if any(season) else (), days, tuple(typed["tasks"]),
    )  # fmt: skip


ROUTES: Final = (
    Route("/windows", "windows_map", windows_map, EVERYBODY),
    Route("/windows/register", "window_register", register, READS),
    export.route("/windows/register", "window_register_export", table, Policy(EXPORTS, "node")),
    Route("/windows/register/<place>/<name>", "window", window, READS),
    Route("/windows/register/<what>", "say_window", say_window, KEEPS, ("POST",)),
)
