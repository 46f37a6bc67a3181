"""Forked streams: what happened, which positions and cases, what to do, and the ruling by somebody above."""

import re
from typing import Any, Final

from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from sync_protocol.case.forks import MOST_CHOICES, REASON_MAX
from village_node.casebook import BadBody, CasebookError, Choice, ForkView
from village_node.store import StoreError
from village_node.web.policy import CASEWORK, STAFF, Policy, Route
from village_node.web.site import Visit

SEES: Final = Policy(STAFF, "node", "masked_name")
RULES: Final = Policy(CASEWORK & {"head", "officer"}, "node", "masked_name")
_SEEN: Final = re.compile(r"([0-9a-f]{16})\.([1-9][0-9]{0,15})", re.ASCII)
_INCARNATION: Final = re.compile(r"[0-9a-f]{32}", re.ASCII)


def forks(visit: Visit) -> Response:
    """Every fork that is proven here."""
    return visit.render("forks.html", forks=visit.site.casebook.forks())


def fork(visit: Visit, incarnation: str, scope: str, split: int) -> Response:
    """One of them."""
    return _show(visit, fetch(visit, incarnation, scope, split))


def rule(visit: Visit, incarnation: str, scope: str, split: int) -> Response:
    """Write the ruling that the form asks for; what cannot be done comes back with everything that was typed."""
    view = fetch(visit, incarnation, scope, split)
    try:
        visit.site.casebook.rule(visit.staff.staff_no, visit.staff.roles, view, _choice(visit, view))
    except BadBody as bad:
        return _show(visit, view, 422, errors={bad.field: visit.t(bad.zh, bad.en)})
    except CasebookError as refused:
        return _show(visit, view, 409, problem=visit.t(refused.zh, refused.en))
    except StoreError as fault:
        return _show(visit, view, 503, problem=visit.unsaved(fault))
    return visit.redirect("fork", incarnation=incarnation, scope=scope, split=split, done="yes")


def fetch(visit: Visit, incarnation: str, scope: str, split: int) -> ForkView:
    """The fork with these marks. Raises NotFound."""
    view = None
    if _INCARNATION.fullmatch(incarnation):
        view = visit.site.casebook.fork(bytes.fromhex(incarnation), scope, split)
    if view is None:
        raise NotFound
    return view


def _choice(visit: Visit, view: ForkView) -> Choice:
    """What the form says: which branch for each case that both touch, or one for all that are not named."""
    marks = {branch.mark.hex(): branch.mark for branch in view.branches}
    chosen = {}
    for case in view.both:
        mark = marks.get(visit.request.form.get(f"case:{case.case_id.hex()}", ""))
        if mark is not None:
            chosen[case.case_id] = mark
    seen = {}
    for text in visit.request.form.getlist("seen"):
        found = _SEEN.fullmatch(text)
        if found is not None:
            seen[bytes.fromhex(found[1])] = int(found[2])
    return Choice(
        take_all=visit.request.form.get("take_all") == "yes",
        choices=chosen,
        otherwise=marks.get(visit.request.form.get("otherwise", "")),
        reason=visit.line("reason"),
        seen=seen,
    )


def _show(visit: Visit, view: ForkView, status: int = 200, **values: Any) -> Response:
    names = {branch.mark: "甲乙丙丁戊己庚辛"[number % 8] for number, branch in enumerate(view.branches)}
    letters = {branch.mark: "ABCDEFGH"[number % 8] for number, branch in enumerate(view.branches)}
    return visit.render(
        "fork.html",
        status,
        view=view,
        branch_name=lambda mark: visit.t(names.get(mark, "?"), letters.get(mark, "?")),
        reads=not CASEWORK.isdisjoint(visit.staff.roles),
        rules=view.may_rule and RULES.allows(visit.staff.roles),
        typed=visit.request.form,
        done=visit.request.args.get("done") == "yes",
        reason_max=REASON_MAX,
        most_choices=MOST_CHOICES,
        **{"errors": {}, "problem": "", **values},
    )


ROUTES: Final = (
    Route("/forks", "forks", forks, SEES),
    Route("/forks/<incarnation>/<scope>/<int:split>", "fork", fork, SEES),
    Route("/forks/<incarnation>/<scope>/<int:split>", "rule_on_fork", rule, RULES, ("POST",), vouched=True),
)
