"""Who decided (收发室): what of each department was decided at the window, and what was carried back."""

from datetime import date
from typing import Final

from werkzeug.wrappers import Response

from sync_protocol.case.workdays import day_of
from village_node.casebook.deciding import MAILBOX_PERCENT, Decided
from village_node.web import counter_books, export, filters, timeliness
from village_node.web.export import Table
from village_node.web.filters import Choice, Filters
from village_node.web.policy import CASEWORK, EXPORTS, Policy, Route
from village_node.web.site import Visit

READS: Final = Policy(CASEWORK, "node")
STATES: Final[dict[str, tuple[str, str]]] = {
    "mailbox": ("多数带回的", "mostly carried back"),
    "window": ("多数窗口办决的", "mostly at the window"),
}
HEAD: Final = (
    ("自", "From"), ("至", "To"), ("单位代码", "Code"), ("单位", "Place"), ("部门", "Department"),
    ("决定", "Decided"), ("受理人当场决定", "By who accepted"), ("首席代表决定", "Under a delegation"),
    ("带回部门负责人决定", "By the head"), ("窗口办决率", "At the window"),
)  # fmt: skip


def deciders(visit: Visit) -> Response:
    """By whom the cases of a period were decided, by place and department; this month where none is given."""
    first, last, problem, asked, found = _asked(visit)
    every = Decided("", "")
    for each in found:
        every = every.plus(each)
    return visit.render(
        "deciders.html",
        422 if problem else 200,
        first=first,
        last=last,
        problem=problem,
        filters=asked,
        every=every,
        listed=counter_books.listed(visit, "deciders", found),
        percent=MAILBOX_PERCENT,
        share=timeliness.share,
    )


def _asked(visit: Visit) -> tuple[date, date, str, Filters, list[Decided]]:
    """The period of the address, what is wrong with it, the filters, and what is listed."""
    first, last, problem = timeliness.period(visit, day_of(visit.now_ms))
    states = [(code, visit.t(*words)) for code, words in STATES.items()]
    label, state = visit.t("单位、代码或部门", "Place, code or department"), visit.t("情况", "State")
    asked = filters.asked(visit, "deciders", label, Choice("state", state, states), kept=("first", "last"))
    found = [
        each
        for each in visit.site.casebook.deciders(first, last)
        if asked.fit((visit.place_name(each.place), each.place, each.department), state=state_of(each))
    ]
    return first, last, problem, asked, found


def state_of(each: Decided) -> str:
    """By what a line of the list can be found."""
    return ("mailbox" if each.is_mailbox else "window") if each.known else ""


def table(visit: Visit) -> Table | Response:
    """The same list as a file."""
    first, last, problem, asked, found = _asked(visit)
    if problem:
        return deciders(visit)
    days = first.isoformat(), last.isoformat()
    rows = [
        (
            *days, each.place, visit.place_name(each.place), each.department, each.known, each.accepter, each.delegate,
            each.head, timeliness.share(each.at_window, each.known),
        )
        for each in found
    ]  # fmt: skip
    return Table("deciders", HEAD, rows, {**asked.told(), "first": days[0], "last": days[1]})


ROUTES: Final = (
    Route("/deciders", "deciders", deciders, READS),
    export.route("/deciders", "deciders_export", table, Policy(EXPORTS, "node")),
)
