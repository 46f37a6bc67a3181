"""Assigning a case over the head of its holder: one person proposes on the case's page, another confirms or rejects."""

from dataclasses import dataclass
from typing import Final

from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from sync_protocol.case import kinds, powers
from sync_protocol.places import about
from village_node import casebook
from village_node.casebook import BadBody, Casebook, NotAllowed, Stale
from village_node.store import StoreError
from village_node.store.proposals import STATES, Proposal
from village_node.web import cases, counter_books, filters
from village_node.web.attempts import Attempt
from village_node.web.doing import ACTS
from village_node.web.filters import Choice, Filters
from village_node.web.policy import CASEWORK, Policy, Route
from village_node.web.site import Visit

READS: Final = Policy(CASEWORK, "node", "masked")
TONES: Final = {
    "pending": ("waiting", "clock", "待确认", "waits for an answer"),
    "confirmed": ("good", "check", "已确认", "confirmed"),
    "rejected": ("done", "cross", "已否决", "rejected"),
}


@dataclass
class Line:
    """One proposal as the list shows it. `may_confirm`, `may_reject`: what the person in front may do with it."""

    row: Proposal
    place: str
    case_id: str
    case_no: str
    proposer: str
    answerer: str
    tone: tuple[str, str, str, str]
    may_confirm: bool
    may_reject: bool


def propose(visit: Visit, place: str, case_id: str) -> Response:
    """Propose to assign a case. What cannot be proposed comes back on the case's page with everything typed."""
    case = cases.fetch(visit, place, case_id)
    to, reason = visit.line("to"), visit.line("reason")
    attempt = Attempt(kinds.FORCE_ASSIGN, to, {"to": to, "reason": reason})
    key = (about(case.home), case.case_id)
    seen = cases.position_of(visit.request.form.get("seen", ""))
    try:
        visit.site.casebook.propose(visit.staff.staff_no, visit.staff.roles, key, to, reason, seen)
    except BadBody as bad:
        attempt.errors, attempt.status = {bad.field: visit.t(bad.zh, bad.en)}, 422
    except Stale:
        attempt.stale, attempt.status = True, 409
    except NotAllowed as refused:
        attempt.problem, attempt.status = visit.t(refused.zh, refused.en), 409
    except StoreError as fault:
        attempt.problem, attempt.status = visit.unsaved(fault), 503
    if attempt.status != 200:
        return cases.show(visit, cases.fetch(visit, place, case_id), attempt)
    return visit.redirect("assignments", done="proposed")


def assignments(visit: Visit) -> Response:
    """The proposals of this node: those that wait, and the newest that were answered."""
    return _page(visit)


def answer(visit: Visit, number: str, what: str) -> Response:
    """Confirm a proposal, so that the case is assigned at once, or reject it."""
    if not number.isascii() or not number.isdecimal() or len(number) > 9 or what not in ("confirm", "reject"):
        raise NotFound
    book: Casebook = visit.site.casebook
    words = visit.line("answer")
    try:
        if what == "confirm":
            done = book.confirm(visit.staff.staff_no, visit.staff.roles, int(number))
            home = done.scope.partition(":")[2]
            return visit.redirect("case", place=home, case_id=done.case_id.hex(), done="force_assign")
        book.reject(visit.staff.staff_no, visit.staff.roles, int(number), words)
    except casebook.NotFound:
        raise NotFound from None
    except Stale:
        problem = visit.t(
            "提议之后案件已有新进展，这项提议不能再确认。请看过案件后否决它，需要时重新提议。",
            "The case has moved on since this was proposed, so it cannot be confirmed. Look at the case, reject this, "
            "and propose again if need be.",
        )
        return _page(visit, 409, problem=problem)
    except NotAllowed as refused:
        return _page(visit, 409, problem=visit.t(refused.zh, refused.en))
    return visit.redirect("assignments", done="rejected")


def _page(visit: Visit, status: int = 200, problem: str = "") -> Response:
    asked, lines = narrowed(visit)
    listed = counter_books.listed(visit, "assignments", lines)
    done = visit.request.args.get("done", "")
    return visit.render("assignments.html", status, filters=asked, listed=listed, problem=problem, done=done)


def narrowed(visit: Visit) -> tuple[Filters, list[Line]]:
    """What the list is narrowed to, and what it holds then."""
    label = visit.t("收件编号、单位、理由或提议人", "Receipt number, place, reason or who proposed")
    states = [(code, visit.t(*tone[2:])) for code, tone in TONES.items()]
    asked = filters.asked(visit, "assignments", label, Choice("state", visit.t("状态", "State"), states))
    may = powers.may(visit.staff.roles, visit.site.level, kinds.FORCE_ASSIGN)
    lines = [line(visit, row, may=may) for row in visit.site.casebook.proposals()]
    return asked, [
        each
        for each in lines
        if asked.fit(
            (each.case_no, visit.place_name(each.row.to_place), each.row.reason, each.proposer),
            state=STATES[each.row.state],
        )
    ]


def line(visit: Visit, row: Proposal, *, may: bool) -> Line:
    """Put one proposal into words."""
    found = visit.site.casebook.case_row(row.scope, row.case_id)
    own = row.proposer == visit.staff.staff_no
    return Line(
        row=row,
        place=row.scope.partition(":")[2],
        case_id=row.case_id.hex(),
        case_no=(found.case_no if found else "") or "",
        proposer=visit.site.accounts.name_of(row.proposer) or row.proposer,
        answerer=visit.site.accounts.name_of(row.answerer) or row.answerer,
        tone=TONES[STATES[row.state]],
        may_confirm=row.pending and may and not own,
        may_reject=row.pending and (may or own),
    )


ROUTES: Final = (
    Route("/assignments", "assignments", assignments, READS),
    Route("/assignments/<number>/<what>", "answer_assignment", answer, ACTS, ("POST",)),
    Route("/cases/<place>/<case_id>/assign", "propose_assignment", propose, ACTS, ("POST",)),
)
