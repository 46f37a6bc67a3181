"""A case whose contents were cleared after their term: what its page says of that, and asking for them again."""

from typing import Final

from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from sync_protocol.places import about
from village_node import casebook
from village_node.web.policy import CASEWORK, Policy, Route
from village_node.web.site import Visit

RECALLS: Final = Policy(CASEWORK - {"supervisor"}, "node")


def recall(visit: Visit, place: str, case_id: str) -> Response:
    """Ask the level above for the contents of a case; who asked goes into the audit trail with it."""
    try:
        raw = bytes.fromhex(case_id)
    except ValueError:
        raise NotFound from None
    try:
        visit.site.casebook.recall(visit.staff.staff_no, about(place), raw)
    except casebook.NotFound:
        raise NotFound from None
    return visit.redirect("case", place=place, case_id=case_id)


ROUTES: Final = (Route("/cases/<place>/<case_id>/recall", "recall", recall, RECALLS, ("POST",)),)
