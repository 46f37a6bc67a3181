"""Shutting out a machine that was stolen or lost: one person asks, another confirms; what came of it is shown."""

from typing import Final

from flask import Blueprint, Flask
from werkzeug.wrappers import Response

from sync_protocol.errors import ProtocolError
from village_node.casebook import CasebookError
from village_node.web import Policy, Route, Visit, add_pages
from village_node.web.policy import ADMIN

# The county's business section (业务科) may ask and confirm as they do; two persons it stays, of whatever role.
DECIDES: Final = Policy(ADMIN | {"head", "business"}, "node")
STATES: Final = (
    ("waiting", "clock", "等另一人确认", "waits for another person"),
    ("good", "check", "已吊销", "revoked"),
    ("plain", "cross", "没有吊销", "left"),
)


def revocations(visit: Visit) -> Response:
    """The machines this place may revoke, what waits for a second person, and what was done."""
    return _page(visit)


def _page(visit: Visit, problem: str = "", status: int = 200, *, whole: bool = True) -> Response:
    casebook = visit.site.casebook
    return visit.render(
        "revocations.html",
        status,
        machines=casebook.machines(),
        listed=casebook.revocations(),
        waiting=casebook.revocations_waiting(),
        whole=whole,
        states=STATES,
        me=visit.staff.staff_no,
        problem=problem,
        typed=visit.line("reason"),
        chosen=visit.line("machine"),
    )


def ask_revocation(visit: Visit) -> Response:
    """Ask for a machine to be shut out, or for what came of a revoked one since to stand as well."""
    again, whole = visit.line("stands") == "yes", visit.line("whole") == "yes"
    try:
        visit.site.casebook.ask_revocation(
            visit.staff.staff_no, visit.line("machine"), visit.line("reason"), again=again, alone=not whole
        )
    except CasebookError as reason:
        return _page(visit, visit.t(reason.zh, reason.en), 422, whole=whole)
    return visit.redirect("revocations")


def answer_revocation(visit: Visit, number: int, what: str) -> Response:
    """Confirm what another person has asked for, or leave it."""
    casebook, who = visit.site.casebook, visit.staff.staff_no
    try:
        if what == "confirm":
            casebook.confirm_revocation(who, number)
        else:
            casebook.reject_revocation(who, number, visit.line("reason"))
    except CasebookError as reason:
        return _page(visit, visit.t(reason.zh, reason.en), 422)
    except ProtocolError as reason:
        return _page(visit, visit.t(f"名册不接受：{reason}", f"the roster does not take it: {reason}"), 422)
    return visit.redirect("revocations")


ROUTES: Final = (
    Route("/revocations", "revocations", revocations, DECIDES),
    Route("/revocations", "ask_revocation", ask_revocation, DECIDES, ("POST",), vouched=True),
    Route(
        "/revocations/<int:number>/<any(confirm, reject):what>",
        "answer_revocation",
        answer_revocation,
        DECIDES,
        ("POST",),
        vouched=True,
    ),
)


def register(app: Flask) -> None:
    """Hang the page into an app that has the pages of every node."""
    add_pages(app, ROUTES, [], Blueprint("revocation_pages", __name__, template_folder="templates"))
