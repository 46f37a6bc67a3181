"""What does no business: places, departments, items and windows without a case; what was filed in two places or outside
its way (两头受理); posts at which nobody was. Each line leads to what is behind it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from flask import url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from sync_protocol.case.workdays import day_of
from village_node.casebook.detecting import (
    MOST_MONTHS,
    TWICE_DAYS,
    USUAL_MONTHS,
    Empty,
    Idle,
    Outside,
    Twice,
    since_of,
)
from village_node.store.cases import CaseRow
from village_node.web import counter_books, export, filters, masking, times
from village_node.web.export import Table
from village_node.web.filters import Choice, Filters
from village_node.web.policy import EXPORTS, Policy, Route
from village_node.web.site import Visit

READS: Final = Policy(EXPORTS, "node", "masked")
VIEWS: Final[dict[str, tuple[str, str]]] = {
    "places": ("零办件单位", "Places without a case"),
    "departments": ("零办件部门", "Departments without a case"),
    "items": ("零办件事项", "Items without a case"),
    "windows": ("零叫号窗口", "Windows without a number"),
    "twice": ("两处收件", "Filed at two places"),
    "outside": ("未按新规定收件", "Filed outside its way"),
    "posts": ("空岗", "Empty posts"),
}
ABOUT: Final[dict[str, tuple[str, str]]] = {
    "places": (
        "这段时间没有收过件、也没有接收过转来的件的单位。按本机收到的记录，离线的单位同步后才准。",
        "Neither filed nor took over a case in this time, as far as records have come: those of a place that is off "
        "line come later.",
    ),
    "departments": (
        "所管的事项这段时间都没有收过件的部门。",
        "Of whose items none had a case in this time.",
    ),
    "items": (
        "整段时间都可以办、却没有收过件的事项。期间才实施的不算。",
        "Open all of this time and never filed. Those that began in it are left out.",
    ),
    "windows": (
        "本单位登记的窗口中，这段时间没有叫过号的。期间才开设、已撤销、或不在季节和不出摊的不算。",
        "Registered windows of this room to which no number was called; not those that began in this time, are closed, "
        "or had no day of their season or week in it.",
    ),
    "twice": (
        f"同一申请人、同一事项，{TWICE_DAYS} 天内在两处收件的。证件号码相同的为“同一人”；"
        "有一件的证件号码本机已不保存的，只是姓名相同，请核实。",
        f"One applicant and item, filed at two places within {TWICE_DAYS} days. “Same person” where the identity "
        "numbers are the same; where one is no longer held here only the names are: look at it.",
    ),
    "outside": (
        "新版本实施后仍按旧版本收件，而按新版本不应在该处收件或受理的件。",
        "Filed by an earlier version after another was in force by which this place files or accepts it no more.",
    ),
    "posts": (
        "值班表上有人、当天却没有登录或操作的岗（最多往前 100 天）。下级的按日清所报。",
        "Entered in the roster, and nobody signed in or did anything that day; at most 100 days back. Of places below "
        "as the end of the day said it.",
    ),
}
CUT: Final = (
    "相似的件太多，只列出其中较新的，较早的没有列出。",
    "There are too many to look at all: only the newer ones are listed, and older ones left out.",
)
MONTHS: Final = (1, 3, 6, 12, 24)
HEAD: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "places": (("单位代码", "Code"), ("单位", "Place"), ("最近收件", "Last filed")),
    "departments": (("部门", "Department"), ("事项数", "Items"), ("最近收件", "Last filed")),
    "items": (("事项编号", "Item number"), ("事项", "Item"), ("部门", "Department"), ("最近收件", "Last filed")),
    "windows": (("窗口", "Window"), ("最近叫号", "Last called")),
    "twice": (
        ("事项", "Item"), ("申请人", "Applicant"), ("先收件", "First"), ("先收件单位", "At"), ("后收件", "Second"),
        ("后收件单位", "At"), ("认定", "Found"),
    ),
    "outside": (
        ("收件编号", "Receipt number"), ("事项", "Item"), ("收件单位", "Filed at"), ("收件日期", "Filed on"),
        ("所用版本", "Version used"), ("现行版本", "Version in force"), ("实施日期", "In force from"),
    ),
    "posts": (("日期", "Day"), ("单位", "Place"), ("空岗", "Empty"), ("值班岗", "Posts"), ("值班人", "On the roster")),
}  # fmt: skip
_NAMED: Final = {"twice": 1}  # the column that names somebody: the page has it, masked, and no file


@dataclass(frozen=True)
class Cell:
    """One cell of a line: its words, and where it leads."""

    words: str
    address: str = ""


Line = tuple[Cell, ...]


def idle(visit: Visit) -> Response:
    """One of the lists, of so many months."""
    view, months, asked, lines = _asked(visit)
    listed = counter_books.listed(visit, "idle", lines)
    return visit.render(
        "idle.html",
        view=view,
        views=VIEWS,
        about=visit.t(*ABOUT[view]),
        head=[visit.t(*each) for each in HEAD[view]],
        filters=asked,
        months=months,
        link=lambda name: url_for("idle", view=name, months=months),
        listed=listed,
        count=len(lines),
        cut=_cut(visit, view, months),
    )


def _cut(visit: Visit, view: str, months: int) -> str:
    """What is said where a list leaves something out."""
    return visit.t(*CUT) if view == "twice" and visit.site.casebook.filed_twice(months).cut else ""


def _asked(visit: Visit) -> tuple[str, int, Filters, list[Line]]:
    """What the address asks for: which list, of how many months, and its lines."""
    view = visit.request.args.get("view", "places")
    if view not in VIEWS:
        raise NotFound
    spans = [(str(number), visit.t(f"{number} 个月", f"{number} months")) for number in MONTHS]
    label = visit.t("单位、事项、部门或编号", "Place, item, department or number")
    asked = filters.asked(visit, "idle", label, Choice("months", visit.t("最近", "The last"), spans), kept=("view",))
    months = int(asked.chosen["months"] or USUAL_MONTHS)
    text = asked.text.casefold()
    lines = [
        line
        for line in lines_of(visit, view, months)
        if not text or any(text in each.words.casefold() for each in line)
    ]
    return view, months, asked, lines


def lines_of(visit: Visit, view: str, months: int) -> list[Line]:
    """The lines of a list as the page shows them, masked."""
    book = visit.site.casebook
    if view == "twice":
        return [_twice(visit, each) for each in book.filed_twice(months).found]
    if view == "outside":
        return [_outside(visit, each) for each in book.filed_outside(months)]
    if view == "posts":
        return [_post(visit, each) for each in book.empty_posts(months)]
    drawn: dict[str, Callable[[Visit, Idle], Line]] = {
        "places": _place,
        "departments": _department,
        "items": _item,
        "windows": _window,
    }
    most = min(months, MOST_MONTHS)
    return [drawn[view](visit, each) for each in book.idle(view, most, windows(visit, most))]


def windows(visit: Visit, months: int) -> tuple[str, ...]:
    """The windows of this room to which somebody might have been called in so many months."""
    return visit.site.casebook.idle_candidates(since_of(day_of(visit.now_ms), months))


def _last(visit: Visit, each: Idle) -> Cell:
    return Cell(each.last.isoformat() if each.last is not None else visit.t("从未", "never"))


def _place(visit: Visit, each: Idle) -> Line:
    behind = url_for("work", view="all", place=each.code)
    return Cell(each.code), Cell(visit.place_name(each.code), behind), _last(visit, each)


def _department(visit: Visit, each: Idle) -> Line:
    behind = url_for("idle", view="items", text=each.code, months=visit.request.args.get("months") or None)
    return Cell(each.code, behind), Cell(str(each.items)), _last(visit, each)


def _item(visit: Visit, each: Idle) -> Line:
    item = visit.site.catalogue.newest(each.code)
    name, department = (visit.t(item.name, item.name_en), item.department) if item is not None else ("", "")
    last = Cell(_last(visit, each).words, url_for("work", view="all", item_no=each.code))
    return Cell(each.code, url_for("notice", item_no=each.code)), Cell(name), Cell(department), last


def _window(visit: Visit, each: Idle) -> Line:
    return Cell(each.code, url_for("turns")), _last(visit, each)


def _case(row: CaseRow) -> Cell:
    place, case_id = row.scope.partition(":")[2], row.case_id.hex()
    return Cell(row.case_no or case_id[:8], url_for("case", place=place, case_id=case_id))


def _twice(visit: Visit, each: Twice) -> Line:
    found = ("同一人", "same person") if each.certain else ("姓名相同", "same name")
    filed = [(_case(row), Cell(visit.place_name(row.scope.partition(":")[2]))) for row in (each.first, each.second)]
    name = Cell(masking.name(each.second.applicant_name or ""))
    return Cell(_name(visit, each.second)), name, *filed[0], *filed[1], Cell(visit.t(*found))


def _name(visit: Visit, row: CaseRow) -> str:
    item = visit.site.catalogue.find(row.item_no or "", row.item_version or 0)
    return visit.t(item.name, item.name_en) if item is not None else row.item_no or ""


def _outside(visit: Visit, each: Outside) -> Line:
    row, newer = each
    began = newer.begins.isoformat() if newer.begins is not None else ""
    filed = times.local(row.filed_ms).date().isoformat() if row.filed_ms else ""
    changes = url_for("item_register")
    return (
        _case(row), Cell(_name(visit, row)), Cell(visit.place_name(row.scope.partition(":")[2])), Cell(filed),
        Cell(str(row.item_version)), Cell(str(newer.version), changes), Cell(began),
    )  # fmt: skip


def _post(visit: Visit, each: Empty) -> Line:
    name_of = visit.site.accounts.name_of
    who = visit.t("、", ", ").join(f"{row.post} {name_of(row.staff_no) or row.staff_no}" for row in each.who)
    behind = url_for("day_ends_at", place=each.place, first=each.day, last=each.day)
    return (
        Cell(each.day, behind),
        Cell(visit.place_name(each.place)),
        Cell(str(each.empty)),
        Cell(str(each.posts)),
        Cell(who),
    )


def table(visit: Visit) -> Table:
    """The list as a file, without the names: the numbers of the cases say which they are."""
    view, months, asked, lines = _asked(visit)
    named = _NAMED.get(view)
    rows = [[cell.words for number, cell in enumerate(line) if number != named] for line in lines]
    if cut := _cut(visit, view, months):
        rows.append([cut])
    head = [each for number, each in enumerate(HEAD[view]) if number != named]
    return Table(f"idle_{view}", head, rows, {**asked.told(), "view": view, "months": months})


ROUTES: Final = (
    Route("/idle", "idle", idle, READS),
    export.route("/idle", "idle_export", table, Policy(EXPORTS, "node")),
)
