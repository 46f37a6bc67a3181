"""What people decide about a machine whose identity lives twice: that it goes on, or that it is taken out of use."""

from typing import Final

from werkzeug.wrappers import Response

from village_node.casebook import Reason
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


ROUTES: Final = (
    Route("/lives/go-on", "go_on", go_on, DECIDES, ("POST",)),
    Route("/lives/retire", "retire", retire, DECIDES, ("POST",)),
)
