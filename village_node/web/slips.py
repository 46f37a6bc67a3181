"""Slips (代收单): what somebody hands in about a case that never passes here, and what others took in for our cases."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from flask import url_for
from werkzeug.wrappers import Response

from sync_protocol.case import kinds, powers
from sync_protocol.case.legal_bodies import GRADES
from sync_protocol.case.slips import BECOMES
from village_node.casebook import Brought
from village_node.web import calls, cases, counter_books, entry, filters, sent_once, timeline, words
from village_node.web.clocks import Badge
from village_node.web.counter_books import Refused
from village_node.web.filters import Choice, Filters
from village_node.web.policy import CASEWORK, COUNTER, Policy, Route
from village_node.web.site import Visit

READS: Final = Policy(CASEWORK, "node", "masked")
TAKES: Final = Policy(COUNTER, "node", "typed")
ANSWERS: Final = Policy(COUNTER, "node", "masked")
UNMASKS: Final = Policy(COUNTER, "node", "reasoned")
WHAT: Final[dict[str, tuple[str, str]]] = {
    "supply": ("补交材料", "papers handed in"),
    "withdrawal_request": ("申请撤回", "a request to withdraw"),
    "rating": ("评价", "a rating"),
    "note": ("反映情况", "something to tell the office"),
}
STATES: Final[dict[str, Badge]] = {
    "waiting": ("waiting", "clock", "等待附入案件", "waits to be attached"),
    "attached": ("good", "check", "已附入案件", "attached to the case"),
    "declined": ("bad", "cross", "未附入", "not attached"),
}
FIELDS: Final = ("case_no", "what", "by", "contact", "text", "grade", "stage", "code")


def state_of(one: Brought) -> str:
    """How far a slip has come."""
    return str(one.slip.answer.said["outcome"]) if one.slip.answer is not None else "waiting"


def register(visit: Visit) -> Response:
    """Slips taken here, to be attached here, and of places below."""
    return _register(visit)


def _register(visit: Visit, status: int = 200, problem: str = "") -> Response:
    here = visit.site.config.place
    asked, found = narrowed(visit)
    waiting = [each for each in found if each.meets == here and each.slip.answer is None]
    rest = counter_books.listed(visit, "slips", [each for each in found if each not in waiting])
    return visit.render(
        "slips.html",
        status,
        takes=powers.may(visit.staff.roles, visit.site.level, kinds.SLIP),
        filters=asked,
        waiting=waiting,
        rest=rest,
        badge_of=lambda each: STATES[state_of(each)],
        what_of=lambda each: visit.t(*WHAT[each.slip.record.said["what"]]),
        problem=problem,
        done=visit.request.args.get("done", ""),
    )


def narrowed(visit: Visit) -> tuple[Filters, list[Brought]]:
    """What the list is narrowed to, and what it holds then."""
    asked = _filters(visit)
    return asked, [each for each in visit.site.casebook.brought() if _fits(visit, asked, each)]


def _filters(visit: Visit) -> Filters:
    t = visit.t
    return filters.asked(
        visit,
        "slips",
        t("代收编号、所涉件或单位", "Number, case or place"),
        Choice("what", t("内容", "What"), [(code, t(*words)) for code, words in WHAT.items()]),
        Choice("state", t("进展", "State"), [(code, t(*badge[2:])) for code, badge in STATES.items()]),
    )


def _fits(visit: Visit, asked: Filters, each: Brought) -> bool:
    place = visit.place_name(each.slip.record.place)
    return asked.fit(
        (each.slip.number, each.slip.case_no, place), what=each.slip.record.said["what"], state=state_of(each)
    )


def form(visit: Visit) -> Response:
    """The form at the counter."""
    return _form(visit, {"what": "supply"})


def _form(
    visit: Visit,
    typed: Mapping[str, Any],
    status: int = 200,
    errors: Mapping[str, str] | None = None,
    problem: str = "",
) -> Response:
    return visit.render(
        "slip_form.html",
        status,
        typed=typed,
        errors=errors or {},
        problem=problem,
        ways=[(code, visit.t(*name)) for code, name in WHAT.items()],
        grades=[("", "—"), *((code, visit.t(*words.choice_words(code))) for code in GRADES)],
        stages=[("", "—"), ("1", visit.t("受理环节", "acceptance")), ("2", visit.t("办结", "the result"))],
    )


def take(visit: Visit) -> Response:
    """Take a slip and show its paper."""
    typed: dict[str, Any] = {name: visit.line(name) for name in FIELDS}
    typed |= {"text": visit.paragraph("text"), "papers": visit.paragraph("papers")}
    typed["originals"] = visit.request.form.get("originals") == "yes"
    said: dict[str, Any] = {name: typed[name] for name in ("case_no", "what", "by", "contact", "text")}
    names = [entry.line(name) for name in typed["papers"].split("\n") if entry.line(name)]
    said["materials"] = [[name, 1, typed["originals"]] for name in names]
    said |= {"grade": typed["grade"], "stage": int(typed["stage"]) if typed["stage"] in ("1", "2") else None}
    staff = visit.staff
    number = counter_books.tried(
        visit,
        lambda: visit.site.casebook.bring(staff.staff_no, staff.roles, said, typed["code"], sent_once.asked(visit)),
        lambda done: done.scope,
    )
    if isinstance(number, Refused):
        errors = {{"materials": "papers"}.get(name, name): told for name, told in number.errors.items()}
        return _form(visit, typed, number.status, errors, number.problem)
    return visit.redirect("slip", number=number)


def one(visit: Visit, number: str) -> Response:
    """One slip: its paper, and at the place that attaches it what can be done."""
    return _one(visit, number)


def fetch(visit: Visit, number: str) -> Brought:
    """The slip with this number. Raises NotFound."""
    return counter_books.one_of(visit.site.casebook.brought(), number, lambda each: each.slip.number)


def caller(visit: Visit, one: Brought, *, open_data: bool) -> counter_books.Caller:
    """Who handed a slip in, as long as that is shown: until some weeks after it was answered."""
    answered_ms = one.slip.answer.claimed_ms if one.slip.answer is not None else None
    return counter_books.caller(visit, one.slip.record.said, answered_ms, open_data=open_data)


def _one(
    visit: Visit,
    number: str,
    status: int = 200,
    problem: str = "",
    errors: Mapping[str, str] | None = None,
    *,
    open_data: bool = False,
) -> Response:
    found = fetch(visit, number)
    answers = found.meets == visit.site.config.place and found.slip.answer is None
    said, row = found.slip.record.said, found.case
    case = url_for("case", place=row.scope.partition(":")[2], case_id=row.case_id.hex()) if row is not None else ""
    return visit.render(
        "slip.html",
        status,
        found=found,
        said=said,
        who=caller(visit, found, open_data=open_data),
        open_data=open_data,
        what=visit.t(*WHAT[said["what"]]),
        grade=visit.t(*words.choice_words(said["grade"])) if "grade" in said else "",
        papers=[timeline.paper_words(visit, *paper) for paper in said.get("materials", ())],
        badge_of=STATES[state_of(found)],
        calls=calls.lines(visit, number),
        answers=answers and powers.may(visit.staff.roles, visit.site.level, kinds.SLIP_ANSWER),
        offers=answers and powers.may(visit.staff.roles, visit.site.level, BECOMES[said["what"]]),
        case=case,
        problem=problem,
        errors=errors or {},
        typed=visit.paragraph("text") if status != 200 else "",
    )


def attach(visit: Visit, number: str) -> Response:
    """Write what it says beside the case."""
    staff, book = visit.staff, visit.site.casebook
    return _answered(
        visit, number, lambda: book.attach(staff.staff_no, staff.roles, number, sent_once.asked(visit)), "attached"
    )


def decline(visit: Visit, number: str) -> Response:
    """Say why it is not attached."""
    staff, text = visit.staff, visit.paragraph("text")
    return _answered(
        visit,
        number,
        lambda: visit.site.casebook.decline(staff.staff_no, staff.roles, number, text, sent_once.asked(visit)),
        "declined",
    )


def _answered(visit: Visit, number: str, act: Callable[[], object], done: str) -> Response:
    came = counter_books.tried(visit, act, lambda _: None)
    if isinstance(came, Refused):
        # What is wrong with the act that a slip becomes has no field on this page.
        errors = came.errors if done == "declined" else {}
        problem = came.problem or ("" if errors else next(iter(came.errors.values())))
        return _one(visit, number, came.status, problem, errors)
    return visit.redirect("slips", done=done)


def unmask(visit: Visit, number: str) -> Response:
    """Who handed it in, in full, once, after a reason that goes into the audit trail first."""
    reason, problem = cases.reason_given(visit)
    if problem:
        return _one(visit, number, 422, problem)
    fetch(visit, number)
    counter_books.note_unmasked(visit, "slip.unmask", number, reason)
    return _one(visit, number, open_data=True)


ROUTES: Final = (
    Route("/slips", "slips", register, READS),
    Route("/slips/new", "slip_form", form, TAKES),
    Route("/slips/new", "take_slip", take, TAKES, ("POST",)),
    Route("/slips/of/<number>", "slip", one, READS),
    Route("/slips/of/<number>/attach", "attach_slip", attach, ANSWERS, ("POST",)),
    Route("/slips/of/<number>/decline", "decline_slip", decline, ANSWERS, ("POST",)),
    Route("/slips/of/<number>/unmask", "unmask_slip", unmask, UNMASKS, ("POST",)),
)
