"""What people decide about who this machine is: that it goes on, that it is taken out of use, whom it waits for."""

from typing import Final

from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from village_node.casebook import NotAllowed, Reason, Stale
from village_node.web.policy import ADMIN, Policy, Route
from village_node.web.site import Visit

DECIDES: Final = Policy(ADMIN | {"head"}, "node")


def go_on(visit: Visit) -> Response:
    """This machine goes on, under a new incarnation; the other one keeps the one before."""
    if visit.site.casebook.standing().rings:
        visit.site.casebook.begin_again(Reason.OPERATOR, actor=visit.staff.staff_no)
    return visit.redirect("health")


def retire(visit: Visit) -> Response:
    """This machine is taken out of use for good: the other one is the place's."""
    if visit.site.casebook.standing().rings:
        visit.site.casebook.retire(visit.staff.staff_no)
    return visit.redirect("health")


def answer_for(visit: Visit, place: str) -> Response:
    """A neighbour that this restored machine waits for will not be heard: it is waited for no longer."""
    if place not in visit.site.casebook.waits_for():
        raise NotFound
    try:
        visit.site.casebook.answer_for(visit.staff.staff_no, place)
    except Stale:
        return visit.redirect("health", again="yes")
    return visit.redirect("health")


def rekey(visit: Visit) -> Response:
    """The signing key of this place is changed; where the line is there, it is countersigned at once."""
    site = visit.site
    try:
        site.casebook.rekey(visit.staff.staff_no, lambda: bool(site.sync_now()["ok"]))
    except NotAllowed as reason:
        return visit.render("rekey_refused.html", 409, reason=visit.t(reason.zh, reason.en))
    site.sync_now()
    return visit.redirect("health")


ROUTES: Final = (
    Route("/lives/go-on", "go_on", go_on, DECIDES, ("POST",)),
    Route("/lives/retire", "retire", retire, DECIDES, ("POST",)),
    Route("/lives/rekey", "rekey", rekey, DECIDES, ("POST",), vouched=True),
    Route("/lives/answer-for/<place>", "answer_for", answer_for, DECIDES, ("POST",)),
)
