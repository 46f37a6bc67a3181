"""What never entered a stream: parked and refused here, and what a peer answered about ours, in plain words."""

from typing import Final

from flask import make_response, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from village_node.web import cases, leaves, words
from village_node.web.policy import STAFF, Policy, Route
from village_node.web.site import Visit

SEES: Final = Policy(STAFF, "node")
# A sample is somebody's records as they came, not masked: for who answers for the work or supervises it. Who
# administers the machine reads places, positions, codes and times here, and no personal data.
TAKES: Final = Policy(frozenset({"head", "supervisor"}), "node", "reasoned")


def quarantine(visit: Visit) -> Response:
    """The page: three lists, each with what it means and what to do."""
    return _page(visit)


def _page(visit: Visit, status: int = 200, problem: str = "", asked: int = 0) -> Response:
    """The lists; `asked`: the sample that somebody wanted, and `problem`: why it was not given."""
    return visit.render(
        "quarantine.html",
        status,
        problem=problem,
        asked=asked,
        left=visit.site.casebook.left(),
        node_name=lambda incarnation: node_name(visit, incarnation),
        refusal=lambda code: [visit.t(*pair) for pair in words.refusal_words(code)],
        takes=TAKES.roles,
    )


def node_name(visit: Visit, incarnation: bytes) -> str:
    """The place of a node; one that the roster does not know is told by its number."""
    node = visit.site.casebook.roster.node(incarnation)
    return visit.place_name(node.place) if node else visit.t("未登记的机器 ", "unknown node ") + incarnation.hex()[:8]


def sample(visit: Visit, number: str) -> Response:
    """The bytes of one refusal, for who has to find out what happened and says why: the page after the password gives
    them, once the audit trail says so."""
    sound = number.isascii() and number.isdecimal() and len(number) < 10
    raw = visit.site.casebook.refused_sample(int(number)) if sound else None
    if raw is None:
        raise NotFound
    reason, problem = cases.reason_given(visit)
    if problem:
        return _page(visit, 422, problem, int(number))
    if not leaves.given(visit, visit.request.path):
        return leaves.begin(visit, visit.request.path, url_for("quarantine"), reason)
    detail: dict[str, object] = {"bytes": len(raw), "reason": reason}
    visit.site.accounts.audit(visit.staff.staff_no, "refused.sample", number, detail)
    response = make_response(raw)
    response.headers["Content-Type"] = "application/octet-stream"
    response.headers["Content-Disposition"] = f'attachment; filename="refused-{int(number)}.cbor"'
    return response


ROUTES: Final = (
    Route("/health/left", "quarantine", quarantine, SEES),
    Route("/health/left/<number>", "refused_sample", sample, TAKES, ("POST",), vouched=True, takes_leave=True),
)
