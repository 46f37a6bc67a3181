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


_RETIRED: Final = (
    "停用不能撤回：本机从此不再收件和同步，还没有上报的办件只留在本机，要由另一台机器重新登记、重新收件。",
    "Retiring cannot be undone: this machine files and synchronises no more, and cases not sent up stay on it alone.",
)
_UNHEARD: Final = (
    "不能撤回：那个单位的机器以后再来联系，它存有、本机忘记的名册变更不再认，须重新登记。",
    "This cannot be undone: should that machine come after all with a roster change that is forgotten here, it has to "
    "be enrolled again.",
)
ROUTES: Final = (
    Route("/lives/go-on", "go_on", go_on, DECIDES, ("POST",), vouched=True),
    Route("/lives/retire", "retire", retire, DECIDES, ("POST",), vouched=True, for_good=_RETIRED),
    Route("/lives/rekey", "rekey", rekey, DECIDES, ("POST",), vouched=True),
    Route("/lives/answer-for/<place>", "answer_for", answer_for, DECIDES, ("POST",), vouched=True, for_good=_UNHEARD),
)
