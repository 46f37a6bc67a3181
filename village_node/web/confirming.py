"""What the head of a place confirms of the public notice of a case: one form on its page."""

from typing import Final

from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from sync_protocol.case import kinds
from sync_protocol.places import about
from village_node import casebook
from village_node.casebook import AlreadyDone, BadBody, IdTaken, NotAllowed
from village_node.store import StoreError
from village_node.web import cases, posting, sent_once
from village_node.web.attempts import Attempt
from village_node.web.policy import Route
from village_node.web.site import Visit


def confirm(visit: Visit, place: str, case_id: str) -> Response:
    """Confirm that the notice of a case was posted, or what it came to."""
    case, staff = cases.fetch(visit, place, case_id), visit.staff
    said = {"finding": visit.line("finding")[:32], "text": visit.paragraph("remark")[:1_000]}
    attempt = Attempt(values={"finding": said["finding"], "remark": said["text"]})
    try:
        key = about(case.home), case.case_id
        visit.site.casebook.confirm_notice(staff.staff_no, staff.roles, key, said, sent_once.asked(visit))
    except AlreadyDone:
        pass
    except BadBody as bad:
        attempt.problem, attempt.status = visit.t(bad.zh, bad.en), 422
        attempt.errors = {"remark" if bad.field == "text" else bad.field: attempt.problem}
    except StoreError as fault:
        attempt.problem, attempt.status = visit.unsaved(fault), 503
    except IdTaken:
        attempt.problem, attempt.status = sent_once.changed(visit), 409
    except casebook.NotFound:
        raise NotFound from None
    except NotAllowed as refused:
        attempt.problem, attempt.status = visit.t(refused.zh, refused.en), 409
    if attempt.status != 200:
        now = cases.fetch(visit, place, case_id)
        if posting.opened(now) is None:  # its form is gone: what was typed goes on as a note
            attempt.kind, attempt.values = kinds.NOTE, {"text": said["text"]}
        return cases.show(visit, now, attempt)
    return visit.redirect("case", place=place, case_id=case_id, done="note")


ROUTES: Final = (Route("/cases/<place>/<case_id>/notice", "confirm_notice", confirm, posting.CONFIRMS, ("POST",)),)
