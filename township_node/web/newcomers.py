"""New machines that ask to be let in: a person is told the code by telephone, types it, and the machine is in."""

from typing import Final

from flask import Blueprint, Flask
from werkzeug.wrappers import Response

from sync_protocol.errors import ProtocolError
from sync_protocol.roster import network_code
from township_node import newcomers as door
from township_node.enrolment import DigitsDiffer, EnrolmentRefused
from village_node.casebook import CasebookError
from village_node.store.newcomers import TAKEN
from village_node.web import Policy, Route, Visit, add_pages
from village_node.web.policy import ADMIN

LETS_IN: Final = Policy(ADMIN | {"head", "clerk", "business"}, "node")
WEIGHS: Final = ADMIN | {"head"}  # who lets in what is more than the first machine of a place


def newcomers(visit: Visit) -> Response:
    """The machines that wait, and what was said to others."""
    return _page(visit)


def _page(visit: Visit, number: int = 0, problem: str = "", status: int = 200, *, agree: bool = False) -> Response:
    casebook = visit.site.casebook
    waiting, answered = casebook.newcomers()
    places = visit.site.places
    return visit.render(
        "newcomers.html",
        status,
        waiting=waiting,
        answered=answered,
        taken=TAKEN,
        known=lambda place: places.name(place) if place in places else "",
        in_use=lambda place: len(casebook.roster.serving(place)),
        for_head=lambda row: not visit.may(WEIGHS) and door.weighs_more(casebook, row),
        name_of=visit.site.accounts.name_of,
        number=number,
        problem=problem,
        agree=agree,
        typed=visit.line("spoken"),
        network_code=network_code(casebook.network_id),
        done=visit.request.args.get("done", ""),
    )


def answer_newcomer(visit: Visit, number: int, what: str) -> Response:
    """Let a machine in whose code was read out, or decline it."""
    casebook, who = visit.site.casebook, visit.staff.staff_no
    try:
        if what == "reject":
            casebook.answer_newcomer(who, casebook.waiting_newcomer(number), taken=False)
            return visit.redirect("newcomers")
        if not visit.may(WEIGHS) and door.weighs_more(casebook, casebook.waiting_newcomer(number)):
            return _page(visit, number, "", 403)
        agreed = visit.line("digits_agreed") == "yes"
        door.take(casebook, who, number, visit.line("spoken"), digits_agreed=agreed)
    except door.OtherCode:
        words = visit.t(
            "确认码对不上。请让对方再念一遍；还是不对，就不是他们的机器，请选“不同意”",
            "This is not the code. Ask them to read it again; if it differs still, it is not their machine: decline it",
        )
        return _page(visit, number, words, 422)
    except DigitsDiffer:
        words = visit.t(
            "区划代码的开头与本单位不同。合并、调整来的村可以这样：核对无误后勾选下面的确认，再办一次",
            "The place code does not begin like ours, as that of a merged village may: check it, tick below, try again",
        )
        return _page(visit, number, words, 422, agree=True)
    except (CasebookError, EnrolmentRefused, ProtocolError) as reason:
        words = visit.t(reason.zh, reason.en) if isinstance(reason, CasebookError) else str(reason)
        return _page(visit, number, words, 422)
    return visit.redirect("newcomers", done=str(number))


ROUTES: Final = (
    Route("/newcomers", "newcomers", newcomers, LETS_IN),
    Route(
        "/newcomers/<int:number>/<any(confirm, reject):what>",
        "answer_newcomer",
        answer_newcomer,
        LETS_IN,
        ("POST",),
        vouched=True,
    ),
)


def register(app: Flask) -> None:
    """Hang the page into an app that has the pages of every node."""
    add_pages(app, ROUTES, [], Blueprint("newcomer_pages", __name__, template_folder="templates"))
