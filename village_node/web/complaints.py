"""Complaints: taken at any node, sealed to who may hear them, answered there, and told by number and code."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from flask import url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from sync_protocol.case import kinds, numbers, powers
from sync_protocol.case.complaints import OUTCOMES
from village_node.casebook import AlreadyDone, BadBody, Heard, IdTaken, NotAllowed, Request
from village_node.casebook import NotFound as NoSuchComplaint
from village_node.notices import voices as papers
from village_node.notices.printing import NotPrinted
from village_node.web import cases, clocks, counter_books, filters, prints, query, voices
from village_node.web.counter_books import Refused
from village_node.web.documents import offices
from village_node.web.filters import Choice, Filters
from village_node.web.policy import CASEWORK, Policy, Route
from village_node.web.site import Visit

# Who may take one and who may hear one is the workflow's table; the casebook asks it.
TAKES: Final = Policy(frozenset({"agent", "clerk", "window", "head", "supervisor"}), "node", "typed")
HEARS: Final = Policy(frozenset({"head", "supervisor"}), "node", "masked")
UNMASKS: Final = Policy(HEARS.roles, "node", "reasoned")
READS: Final = Policy(CASEWORK, "node")
TELLS: Final = Policy(None, "query", "masked_name")
FIELDS: Final = ("place", "who", "text", "by", "contact", "case_no")
OUTCOME_WORDS: Final[dict[str, tuple[str, str]]] = {
    "upheld": ("属实", "upheld"),
    "partly": ("部分属实", "upheld in part"),
    "not_upheld": ("不属实", "not upheld"),
    "elsewhere": ("不属本单位受理范围", "not for us to hear"),
}


def register(visit: Visit) -> Response:
    """What is to be heard here, its number and clock; nothing to whoever hears nothing."""
    return _register(visit)


def _register(visit: Visit, status: int = 200, problem: str = "") -> Response:
    book, roles = visit.site.casebook, visit.staff.roles
    hears = powers.may(roles, visit.site.level, kinds.COMPLAINT_ANSWER)
    here, is_open = visit.site.config.place, True
    asked, found = narrowed(visit, [])
    try:
        asked, found = all_heard(visit)
        is_open = not hears or book.complaints_open()
    except NotAllowed as refused:  # a damaged file of a key
        problem = problem or visit.t(refused.zh, refused.en)
    ours, below = ([each for each in found if (each.complaint.handler == here) == own] for own in (True, False))
    return visit.render(
        "complaints.html",
        status,
        filters=asked,
        hears=hears,
        takes=powers.may(roles, visit.site.level, kinds.COMPLAINT),
        is_open=is_open,
        ours=counter_books.listed(visit, "complaints", ours),
        below=counter_books.listed(visit, "complaints", below, "below"),
        badge_of=lambda each: clocks.grade_badge(each.clock.grade),
        clock=lambda each: voices.clock_words(visit, each.clock),
        problem=problem,
        done=visit.request.args.get("done", ""),
    )


def all_heard(visit: Visit) -> tuple[Filters, list[Heard]]:
    """The list for who may hear complaints, narrowed; nothing for others. Raises NotAllowed for a damaged key."""
    hears = powers.may(visit.staff.roles, visit.site.level, kinds.COMPLAINT_ANSWER)
    return narrowed(visit, visit.site.casebook.complaints(visit.staff.roles) if hears else [])


def narrowed(visit: Visit, found: Sequence[Heard]) -> tuple[Filters, list[Heard]]:
    """What the list is narrowed to, and what it holds then."""
    t = visit.t
    states = [("waiting", t("待答复", "to be answered")), ("answered", t("已答复", "answered"))]
    asked = filters.asked(
        visit,
        "complaints",
        t("投诉编号或受理单位", "Number, or heard by"),
        Choice("state", t("进展", "State"), states),
    )

    def fits(each: Heard) -> bool:
        state = "answered" if each.complaint.answer is not None else "waiting"
        return asked.fit((each.complaint.number, visit.place_name(each.complaint.handler)), state=state)

    return asked, [each for each in found if fits(each)]


def open_register(visit: Visit) -> Response:
    """Begin to hear complaints here: publish the key to which they are sealed."""
    try:
        visit.site.casebook.open_complaints(visit.staff.staff_no, visit.staff.roles)
    except NotAllowed as refused:
        return _register(visit, 409, visit.t(refused.zh, refused.en))
    return visit.redirect("complaints", done="open")


def is_shut(visit: Visit) -> bool:
    """Whether who is in front could open the hearing of complaints here, and nobody has: residents then complain in
    vain."""
    hears = visit.person is not None and powers.may(visit.staff.roles, visit.site.level, kinds.COMPLAINT_ANSWER)
    try:
        return hears and not visit.site.casebook.complaints_open()
    except NotAllowed:  # a damaged file of a key, of which the page itself tells
        return False


def form(visit: Visit) -> Response:
    """The form at the counter."""
    return _form(visit, {"place": visit.site.config.place, "case_no": visit.request.args.get("case_no", "")[:60]})


def _form(
    visit: Visit,
    typed: Mapping[str, Any],
    status: int = 200,
    errors: Mapping[str, str] | None = None,
    problem: str = "",
) -> Response:
    places = visit.site.places
    here = visit.site.config.place
    own = list(places.path_up(here)) if here in places else []
    others = [code for code in (places.below_or_self(places.root) if len(places) else ()) if code not in own]
    options = [(code, visit.place_name(code)) for code in (*own, *others)]
    unheard = visit.site.casebook.unheard([*own, *others])
    return visit.render(
        "complaint_form.html",
        status,
        typed=typed,
        errors=errors or {},
        problem=problem,
        options=options,
        unheard=[visit.place_name(code) for code in own if code in unheard],
        unheard_elsewhere=len([code for code in unheard if code not in own]),
        once=visit.site.casebook.randomness(16).hex(),
    )


def take(visit: Visit) -> Response:
    """Take a complaint and show the slip, once: the code is kept nowhere."""
    typed = {name: visit.line(name) for name in FIELDS}
    said: dict[str, Any] = {**typed, "text": visit.paragraph("text"), "case_no": typed["case_no"].upper()}
    said["higher"] = visit.request.form.get("higher") == "yes"
    if visit.redrawn:
        return _form(visit, said)
    once = visit.line("once")
    asked = None
    if re.fullmatch(r"[0-9a-f]{32}", once):
        asked = Request(visit.staff.staff_no, f"form-{once}", hashlib.sha256(once.encode()).digest())
    try:
        slip = visit.site.casebook.complain(visit.staff.staff_no, visit.staff.roles, said, asked)
    except (AlreadyDone, IdTaken):
        words = visit.t(
            "这份投诉已经登记过，没有重复登记。回执只显示一次；没有打印的，请投诉人重新提出。",
            "This complaint was taken before, and not once more. Its slip is shown once; if it was not printed, take "
            "the complaint again.",
        )
        return _form(visit, {"place": said["place"]}, 409, problem=words)
    except BadBody as bad:
        return _form(visit, said, 422, {bad.field: visit.t(bad.zh, bad.en)})
    except NotAllowed as refused:
        return _form(visit, said, 409, problem=visit.t(refused.zh, refused.en))
    found = visit.site.casebook.complaint_of(slip.number, slip.code)
    assert found is not None, "what was just written is opened with its own code"
    return visit.render("complaint_slip.html", **told(visit, found))


def told(visit: Visit, found: Heard) -> dict[str, Any]:
    """What a page says to whoever holds the code."""
    said = found.said or {}
    each = found.complaint
    return {
        "found": found,
        "said": said,
        "number": each.number,
        "code": str(said.get("code", "")),
        "place": visit.place_name(str(said.get("place", ""))),
        "handler": visit.place_name(each.handler) if each.handler else "",
        "clock": voices.clock_words(visit, found.clock),
        "until": voices.due_words(visit, found.clock),
        "outcome": visit.t(*OUTCOME_WORDS[found.answered["outcome"]]) if found.answered else "",
    }


def one(visit: Visit, number: str) -> Response:
    """One complaint that is to be heard here, opened."""
    return _one(visit, number)


def _one(
    visit: Visit,
    number: str,
    status: int = 200,
    errors: Mapping[str, str] | None = None,
    problem: str = "",
    typed: Mapping[str, Any] | None = None,
    *,
    open_data: bool = False,
) -> Response:
    try:
        found = heard(visit, number)
    except NotAllowed as refused:  # a damaged file of a key
        return _register(visit, 409, visit.t(refused.zh, refused.en))
    said = found.said or {}
    who = complainant(visit, found, open_data=open_data)
    row = visit.site.casebook.find_by_number(str(said.get("case_no", ""))) if said.get("case_no") else None
    case = url_for("case", place=row.scope.partition(":")[2], case_id=row.case_id.hex()) if row is not None else ""
    return visit.render(
        "complaint.html",
        status,
        **told(visit, found),
        case=case,
        who=who,
        open_data=open_data,
        errors=errors or {},
        problem=problem,
        typed=typed or {},
        outcomes=[(code, visit.t(*OUTCOME_WORDS[code])) for code in OUTCOMES],
        mark=clocks.grade_badge(found.clock.grade),
    )


def heard(visit: Visit, number: str) -> Heard:
    """The complaint with this number, which is to be heard here. Raises NotFound."""
    try:
        return visit.site.casebook.complaint_at(visit.staff.roles, number)
    except NoSuchComplaint:
        raise NotFound from None


def complainant(visit: Visit, found: Heard, *, open_data: bool) -> counter_books.Caller:
    """Who complains, and how to be reached: masked unless somebody said why not, and until some weeks after the
    answer."""
    answer = found.complaint.answer
    ended_ms = answer.claimed_ms if answer is not None else None
    return counter_books.caller(visit, found.said or {}, ended_ms, open_data=open_data)


def unmask(visit: Visit, number: str) -> Response:
    """The complainant in full, once, after a reason that goes into the audit trail first."""
    reason, problem = cases.reason_given(visit)
    if problem:
        return _one(visit, number, 422, problem=problem)
    try:
        heard(visit, number)
    except NotAllowed as refused:
        return _register(visit, 409, visit.t(refused.zh, refused.en))
    counter_books.note_unmasked(visit, "complaint.unmask", number, reason)
    return _one(visit, number, open_data=True)


def answer(visit: Visit, number: str) -> Response:
    """Answer it."""
    typed = {
        "outcome": visit.line("outcome"),
        "text": visit.paragraph("text"),
        "document_no": visit.line("document_no"),
    }
    staff = visit.staff

    def record() -> None:
        visit.site.casebook.answer_complaint(staff.staff_no, staff.roles, number, typed, [staff.name])

    came = counter_books.tried(visit, record, lambda _: None)
    if isinstance(came, Refused):
        return _one(visit, number, came.status, came.errors, came.problem, typed)
    return visit.redirect("complaints", done="answered")


def pass_on(visit: Visit, number: str) -> Response:
    """Hand it to the next level that may hear it."""
    staff = visit.staff
    hears = counter_books.tried(
        visit, lambda: visit.site.casebook.pass_on_complaint(staff.staff_no, staff.roles, number), lambda _: ""
    )
    if isinstance(hears, Refused):
        return _one(visit, number, hears.status, problem=hears.problem)
    return visit.redirect("complaints", done="passed" if hears else "nobody")


def status_form(visit: Visit) -> Response:
    """Where the complainant types number and code."""
    return visit.render("complaint_status.html")


def status(visit: Visit) -> Response:
    """What became of a complaint, for whoever holds its code."""
    wait = query.wait_ms(visit)
    if wait:
        return query.too_many(visit, wait, "complaint_status.html", visit.line("number"))
    found = look_up(visit, visit.line("number"), visit.line("code"))
    if found is None:
        query.note_miss(visit)
        words = visit.t(
            "没有查到。请核对回执上的投诉编号和完整的 13 位查询码；在别处提出的，请到提出的地方查。",
            "Nothing was found. Compare number and all 13 characters of the code with your slip, or ask where you "
            "complained.",
        )
        return visit.render("complaint_status.html", 404, number=visit.line("number"), problem=words)
    query.take_back(visit)
    return visit.render("complaint_told.html", **told(visit, found))


def look_up(visit: Visit, number: str, code: str) -> Heard | None:
    """The complaint of a number and its whole code; None for everything that does not fit."""
    try:
        wanted = "-".join(map(str, numbers.parse_case_number(number.upper())))
        typed = numbers.normalise_query_code(code)
    except numbers.NumberError:
        return None
    return visit.site.casebook.complaint_of(wanted, typed)


def paper(visit: Visit, what: str) -> Response:
    """The slip, the answer or the letter that refers it, as PDF, for whoever holds the code."""
    wait = query.wait_ms(visit)
    if wait:
        return query.too_many(visit, wait, "complaint_status.html", visit.line("number"))
    found = look_up(visit, visit.line("number"), visit.line("code"))
    if found is None or what not in _offered(found):
        query.note_miss(visit)
        raise NotFound
    query.take_back(visit)
    try:
        document = visit.site.printer.print(papers.TEMPLATE, _given(visit, found, what))
    except NotPrinted as trouble:
        words = visit.t(trouble.zh, trouble.en)
        return visit.render("complaint_told.html", 503, **told(visit, found), problem=words)
    return prints.pdf(document, f"{papers.PAPERS[what]}-{found.complaint.number}")


def _offered(found: Heard) -> tuple[str, ...]:
    if found.answered is not None:
        return ("slip", "answer")
    return ("slip",) if found.complaint.handler else ("slip", "referral")


def _given(visit: Visit, found: Heard, what: str) -> dict[str, Any]:
    each, said, named = found.complaint, found.said or {}, offices(visit)
    written = each.answer.claimed_ms if what == "answer" and each.answer is not None else each.at_ms
    told = {
        "place": named.name(str(said["place"])),
        "handler": named.hall(each.handler) if each.handler else "本系统外（凭《投诉转送函》递交）",
        "taken_at": named.hall(each.taken_at),
        "until": voices.limit_words(found.clock) if each.handler else "",
    }
    return papers.given_for(what, each.number, said, found.answered, told, written, visit.now_ms)


ROUTES: Final = (
    Route("/complaints", "complaints", register, READS),
    Route("/complaints/open", "open_complaints", open_register, HEARS, ("POST",)),
    Route("/complaints/new", "complaint_form", form, TAKES),
    Route("/complaints/new", "take_complaint", take, TAKES, ("POST",), redraws=True),
    Route("/complaints/status", "complaint_status", status_form, TELLS),
    Route("/complaints/status", "tell_complaint", status, TELLS, ("POST",)),
    Route("/complaints/paper/<what>", "complaint_paper", paper, TELLS, ("POST",)),
    Route("/complaints/of/<number>", "complaint", one, HEARS),
    Route("/complaints/of/<number>/unmask", "unmask_complaint", unmask, UNMASKS, ("POST",)),
    Route("/complaints/of/<number>/answer", "answer_complaint", answer, HEARS, ("POST",)),
    Route("/complaints/of/<number>/pass", "pass_on_complaint", pass_on, HEARS, ("POST",)),
)
