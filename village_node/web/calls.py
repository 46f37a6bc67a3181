"""Calling back (回访): whom to call about a result, a question or a slip, what came of it, and the sums of a period."""

from typing import Final

from flask import url_for
from werkzeug.wrappers import Response

from sync_protocol.case import kinds, powers
from sync_protocol.case.authority import MOST_CALLS
from sync_protocol.case.calls import Callee
from sync_protocol.case.voices import Span, span
from sync_protocol.case.workdays import day_of
from village_node.casebook import BadBody
from village_node.web import clocks, counter_books, due_days, sent_once, times
from village_node.web.clocks import Badge
from village_node.web.counter_books import Refused
from village_node.web.policy import CASEWORK, COUNTER, Policy, Route
from village_node.web.site import Visit
from village_node.web.timeliness import period, share

READS: Final = Policy(CASEWORK, "node", "masked")
CALLS: Final = Policy(COUNTER, "node", "masked")
WHAT: Final[dict[str, tuple[str, str]]] = {"consultation": ("咨询", "consultation"), "slip": ("代收", "slip")}
_NO_FILTERS: Final = {"text": "", "item_no": "", "state": "", "place": ""}
_SHOWN: Final = 20


def register(visit: Visit) -> Response:
    """Who is to be called, and how many were in these days."""
    return _register(visit)


def _register(visit: Visit, refused: Refused | None = None, number: str = "") -> Response:
    book, here = visit.site.casebook, visit.site.config.place
    first, last, problem = period(visit, day_of(visit.now_ms))
    waiting = book.work_list("unrated", _NO_FILTERS, 1)
    callees = book.callees()
    listed = [*(each for each in callees if each.waits), *reversed([each for each in callees if not each.waits])]
    status = refused.status if refused is not None else 422 if problem else 200
    return visit.render(
        "calls.html",
        status,
        first=first,
        last=last,
        problem=problem or (refused.problem if refused is not None else ""),
        errors=refused.errors if refused is not None else {},
        tried=number,
        typed=visit.request.form,
        sums=book.calls_made(first, last),
        share=share,
        rows=waiting.rows[:_SHOWN],
        total=waiting.total,
        mine=book.results_for(visit.staff.staff_no, visit.staff.roles),
        callees=counter_books.listed(visit, "calls", listed),
        waiting=sum(each.waits for each in callees),
        badge_of=badge_of,
        term_of=lambda each: _term_words(visit, each),
        what_of=lambda each: visit.t(*WHAT[each.what]),
        address_of=lambda each: url_for(each.what, number=each.number),
        records=powers.may(visit.staff.roles, visit.site.level, kinds.CALL_BACK),
        most=MOST_CALLS,
        here=here,
    )


def badge_of(each: Callee) -> Badge:
    """How far calling somebody has come."""
    if any(call.said["reached"] for call in each.calls):
        return "good", "check", "已回访", "called"
    if not each.waits:
        return "plain", "cross", "多次未联系上", "not reached"
    tries = len(each.calls)
    if tries:
        return "waiting", "clock", f"待回访，已打 {tries} 次未通", f"to be called, {tries} tries"
    return "waiting", "clock", "待回访", "to be called"


def _term_words(visit: Visit, each: Callee) -> tuple[str, Badge | None]:
    term = term_of(visit, each)
    return due_days.due_words(visit, term.due), clocks.grade_badge(term.grade) if term.grade else None


def term_of(visit: Visit, each: Callee) -> Span:
    """By when somebody is to be called: from the answer on, up to the first call that reached them; of who could not be
    reached up to the last one."""
    reached = [call.claimed_ms for call in each.calls if call.said["reached"]]
    ended = reached[:1] or ([] if each.waits else [call.claimed_ms for call in each.calls][-1:])
    calendar, today = visit.site.casebook.calendar(), day_of(visit.now_ms)
    return span("call_back", day_of(each.answered_ms), day_of(ended[0]) if ended else None, calendar, today)


def waiting(visit: Visit) -> tuple[int, str, Badge | None] | None:
    """About how many questions and slips the person in front is to call, the day by which the first of them is, and its
    grade; None where nobody is."""
    listed = visit.site.casebook.callees_for(visit.staff.staff_no, visit.staff.roles)
    if not listed:
        return None
    first = min((term_of(visit, each) for each in listed), key=lambda term: term.due)
    grade = clocks.grade_badge(first.grade) if first.grade else None
    return len(listed), due_days.due_words(visit, first.due), grade


def record(visit: Visit, number: str) -> Response:
    """Record a call about a consultation or a slip."""
    reached, staff = visit.request.form.get("reached", ""), visit.staff
    said = {"reached": {"yes": True, "no": False}.get(reached), "text": visit.paragraph("text")}

    def call() -> None:
        if said["reached"] is None:
            raise BadBody("reached", "请选择是否联系上", "say whether they were reached")
        visit.site.casebook.call_back(staff.staff_no, staff.roles, number, said, sent_once.asked(visit))

    came = counter_books.tried(visit, call, lambda _: None)
    if isinstance(came, Refused):
        return _register(visit, came, number)
    return visit.redirect("calls")


def lines(visit: Visit, number: str) -> list[str]:
    """The calls made about a consultation or a slip, in words, for its own page."""
    found = next((each for each in visit.site.casebook.callees() if each.number == number), None)
    return [
        f"{times.moment(call.claimed_ms, visit.lang)} · "
        + (visit.t("已联系上", "reached") if call.said["reached"] else visit.t("未联系上", "not reached"))
        + visit.t("：", ": ")
        + str(call.said["text"])
        for call in (found.calls if found is not None else ())
    ]


ROUTES: Final = (
    Route("/calls", "calls", register, READS),
    Route("/calls/<number>", "record_call", record, CALLS, ("POST",)),
)
