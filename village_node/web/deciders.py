"""Who decided (收发室): what of each department was decided at the window, and what was carried back."""

from collections.abc import Sequence
from typing import Final

from werkzeug.wrappers import Response

from sync_protocol.case.workdays import day_of
from village_node.casebook.deciding import MAILBOX_PERCENT, Decided
from village_node.web import export, rooms, timeliness
from village_node.web.export import Cell, Table
from village_node.web.policy import CASEWORK, EXPORTS, Policy, Route
from village_node.web.rooms import Asked
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
    return _page(visit, _asked(visit))


def _page(visit: Visit, asked: Asked[Decided]) -> Response:
    every = Decided("", "")
    for each in asked.found:
        every = every.plus(each)
    return rooms.page(visit, "deciders.html", "deciders", asked, every=every, percent=MAILBOX_PERCENT)


def _asked(visit: Visit) -> Asked[Decided]:
    period = timeliness.period(visit, day_of(visit.now_ms))
    return rooms.asked(visit, "deciders", STATES, period, visit.site.casebook.deciders, states_of)


def states_of(each: Decided) -> tuple[str, ...]:
    """By what a line of the list can be found."""
    return ("mailbox" if each.is_mailbox else "window",) if each.known else ()


def table(visit: Visit) -> Table | Response:
    """The same list as a file."""
    asked = _asked(visit)
    if asked.problem:
        return _page(visit, asked)
    return rooms.file(visit, "deciders", HEAD, asked, _cells)


def _cells(each: Decided) -> Sequence[Cell]:
    return each.known, each.accepter, each.delegate, each.head, timeliness.share(each.at_window, each.known)


ROUTES: Final = (
    Route("/deciders", "deciders", deciders, READS),
    export.route("/deciders", "deciders_export", table, Policy(EXPORTS, "node")),
)
