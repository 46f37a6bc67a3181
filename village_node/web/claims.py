"""Taking a case up, putting it back, giving it to a colleague: three buttons on its page."""

from collections.abc import Callable
from typing import Final

from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from sync_protocol.places import about
from village_node import casebook
from village_node.casebook import BadBody, NotAllowed
from village_node.store.locks import CaseKey
from village_node.web import cases
from village_node.web.attempts import Attempt
from village_node.web.doing import ACTS
from village_node.web.policy import Route
from village_node.web.site import Visit


def claim(visit: Visit, place: str, case_id: str) -> Response:
    """Take a case up; from a colleague who has it, with a reason."""
    reason = visit.line("reason")[:200]
    return _done(visit, place, case_id, lambda key: visit.site.casebook.claim(visit.staff.staff_no, key, reason))


def release(visit: Visit, place: str, case_id: str) -> Response:
    """Put a case back."""
    staff = visit.staff
    return _done(visit, place, case_id, lambda key: visit.site.casebook.release(staff.staff_no, staff.roles, key))


def give(visit: Visit, place: str, case_id: str) -> Response:
    """Give a case to a colleague."""
    staff, to = visit.staff, visit.line("to")[:32]
    return _done(visit, place, case_id, lambda key: visit.site.casebook.give(staff.staff_no, staff.roles, key, to))


def _done(visit: Visit, place: str, case_id: str, do: Callable[[CaseKey], CaseKey]) -> Response:
    case = cases.fetch(visit, place, case_id)
    typed = {name: visit.line(name)[:200] for name in ("reason", "to")}
    attempt = Attempt(values=typed)
    try:
        do((about(case.home), case.case_id))
    except BadBody as bad:
        attempt.errors, attempt.status = {bad.field: visit.t(bad.zh, bad.en)}, 422
        attempt.problem = visit.t(bad.zh, bad.en)
    except casebook.NotFound:
        raise NotFound from None
    except NotAllowed as refused:
        attempt.problem, attempt.status = visit.t(refused.zh, refused.en), 409
    if attempt.status != 200:
        return cases.show(visit, case, attempt)
    return visit.redirect("case", place=place, case_id=case_id)


_CASE: Final = "/cases/<place>/<case_id>"
ROUTES: Final = (
    Route(f"{_CASE}/claim", "claim_case", claim, ACTS, ("POST",)),
    Route(f"{_CASE}/release", "release_case", release, ACTS, ("POST",)),
    Route(f"{_CASE}/give", "give_case", give, ACTS, ("POST",)),
)
