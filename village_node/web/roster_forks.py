"""Forks of the roster: which changes contradict each other, what was ruled, whom that struck, and what to do."""

from typing import Final

from werkzeug.wrappers import Response

from village_node.web.policy import STAFF, Policy, Route
from village_node.web.site import Visit

SEES: Final = Policy(STAFF, "node")
STANDINGS: Final[dict[str, tuple[str, str]]] = {
    "": ("有效", "stands"),
    "waits": ("待裁定", "to be ruled on"),
    "struck": ("已停用", "struck"),
    "unknown": ("本机不认识", "not known here"),
}


def roster_forks(visit: Visit) -> Response:
    """Every fork of the roster that this node knows of, and the machines that a ruling has struck."""
    casebook = visit.site.casebook
    return visit.render(
        "roster_forks.html",
        forks=sorted(casebook.roster_forks(), key=lambda view: (view.settled, view.part, view.split)),
        struck=casebook.struck_nodes(),
        standings=STANDINGS,
        is_root=casebook.identity.place == casebook.roster.county,
        here=visit.site.config.place,
    )


ROUTES: Final = (Route("/roster-forks", "roster_forks", roster_forks, SEES),)
