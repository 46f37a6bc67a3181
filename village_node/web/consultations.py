"""Consultations (咨询单): what people ask at the counter, and that who was asked first leads it to its end."""

from collections.abc import Mapping
from typing import Any, Final

from werkzeug.wrappers import Response

from sync_protocol.case import kinds, powers
from sync_protocol.case.consultations import OUTCOMES, Consultation
from village_node.web import calls, cases, counter_books, filters, sent_once
from village_node.web.clocks import Badge
from village_node.web.counter_books import Refused
from village_node.web.filters import Choice, Filters
from village_node.web.policy import CASEWORK, COUNTER, Policy, Route
from village_node.web.site import Visit

READS: Final = Policy(CASEWORK, "node", "masked")
TAKES: Final = Policy(COUNTER, "node", "typed")
UNMASKS: Final = Policy(COUNTER, "node", "reasoned")
BADGES: Final[dict[str, Badge]] = {
    "open": ("waiting", "clock", "待答复", "to be answered"),
    "answered": ("good", "check", "已答复", "answered"),
    "led": ("good", "right", "已引导", "led to who can help"),
    "filed": ("good", "check", "已收件", "filed as a case"),
}
CHOICES: Final[dict[str, tuple[str, str]]] = {
    "answered": ("当场答复", "answered at once"),
    "led": ("引导到能办的地方", "led to who can help"),
    "filed": ("已当场收件", "filed as a case"),
    "open": ("现在答不了，问清后答复", "not known now, to be answered"),
}
FIELDS: Final = ("outcome", "item_no", "by", "contact", "to", "case_no")


def register(visit: Visit) -> Response:
    """What was asked here, what is open first, and the form for the next one."""
    return _register(visit, {"outcome": "answered"})


def _register(
    visit: Visit,
    typed: Mapping[str, Any],
    status: int = 200,
    errors: Mapping[str, str] | None = None,
    problem: str = "",
) -> Response:
    asked, found = narrowed(visit)
    listed = counter_books.listed(visit, "consultations", found)
    return visit.render(
        "consultations.html",
        status,
        takes=powers.may(visit.staff.roles, visit.site.level, kinds.CONSULTATION),
        listed=listed,
        filters=asked,
        count=len(found),
        waiting=sum(each.outcome == "open" for each in found),
        badge_of=lambda each: BADGES[each.outcome],
        item_of=lambda each: item_of(visit, each),
        owner_of=lambda each: owner_of(visit, each.owner),
        typed=typed,
        errors=errors or {},
        problem=problem,
        choices=[(code, visit.t(*CHOICES[code])) for code in ("answered", "led", "filed", "open")],
        items=[("", visit.t("（未定）", "(not settled)")), *_items(visit)],
    )


def narrowed(visit: Visit) -> tuple[Filters, list[Consultation]]:
    """What the list is narrowed to, and what it holds then: what is open first."""
    t = visit.t
    asked = filters.asked(
        visit,
        "consultations",
        t("咨询编号、内容或首问责任人", "Number, question, or first asked"),
        Choice("state", t("进展", "State"), [(code, t(*badge[2:])) for code, badge in BADGES.items()]),
    )
    every = visit.site.casebook.consultations()
    names = {owner: owner_of(visit, owner) for owner in {each.owner for each in every}}
    found = [
        each
        for each in every
        if asked.fit((each.number, str(each.first.said.get("question", "")), names[each.owner]), state=each.outcome)
    ]
    return asked, sorted(found, key=lambda each: each.outcome != "open")


def _items(visit: Visit) -> list[tuple[str, str]]:
    return [(item.item_no, f"{item.item_no} {visit.t(item.name, item.name_en)}") for item in visit.site.finder.find("")]


def item_of(visit: Visit, each: Consultation) -> str:
    """The item that a question is about; empty where that was not settled."""
    item_no = str(each.last.said.get("item_no") or each.first.said.get("item_no") or "")
    item = visit.site.catalogue.newest(item_no) if item_no else None
    return visit.t(item.name, item.name_en) if item is not None else item_no


def owner_of(visit: Visit, staff_no: str) -> str:
    """Who is responsible, by name where that is known here."""
    return visit.site.accounts.name_of(staff_no) or visit.t(f"工号 {staff_no}", f"staff {staff_no}")


def take(visit: Visit) -> Response:
    """Record what was asked and, mostly at once, what was told."""
    typed = _typed(visit) | {"question": visit.paragraph("question")}
    staff = visit.staff
    number = counter_books.tried(
        visit,
        lambda: visit.site.casebook.consult(staff.staff_no, staff.roles, typed, sent_once.asked(visit)),
        lambda done: done.scope,
    )
    if isinstance(number, Refused):
        return _register(visit, typed, number.status, number.errors, number.problem)
    return visit.redirect("consultation", number=number)


def _typed(visit: Visit) -> dict[str, Any]:
    typed: dict[str, Any] = {name: visit.line(name) for name in FIELDS}
    return {**typed, "told": visit.paragraph("told")}


def one(visit: Visit, number: str) -> Response:
    """One consultation as its slip, and what came of it to be recorded while it is open."""
    return _one(visit, number)


def _one(
    visit: Visit,
    number: str,
    status: int = 200,
    typed: Mapping[str, Any] | None = None,
    errors: Mapping[str, str] | None = None,
    problem: str = "",
    *,
    open_data: bool = False,
) -> Response:
    found = fetch(visit, number)
    said = {**found.first.said, **found.last.said}
    return visit.render(
        "consultation.html",
        status,
        found=found,
        said=said,
        told=found.told,
        who=caller(visit, found, open_data=open_data),
        open_data=open_data,
        item=item_of(visit, found),
        owner=owner_of(visit, found.owner),
        badge_of=BADGES[found.outcome],
        calls=calls.lines(visit, number),
        follows=found.outcome == "open" and powers.may(visit.staff.roles, visit.site.level, kinds.CONSULTATION),
        choices=[(code, visit.t(*BADGES[code][2:])) for code in OUTCOMES if code != "open"],
        typed=typed or {"outcome": "answered"},
        errors=errors or {},
        problem=problem,
    )


def fetch(visit: Visit, number: str) -> Consultation:
    """The consultation with this number. Raises NotFound."""
    return counter_books.one_of(visit.site.casebook.consultations(), number, lambda each: each.number)


def caller(visit: Visit, one: Consultation, *, open_data: bool) -> counter_books.Caller:
    """Who asked, as long as that is shown: until some weeks after it came to its end."""
    ended_ms = one.last.claimed_ms if one.outcome != "open" else None
    return counter_books.caller(visit, {**one.first.said, **one.last.said}, ended_ms, open_data=open_data)


def follow(visit: Visit, number: str) -> Response:
    """Record what came of it."""
    typed, staff = _typed(visit), visit.staff

    def record() -> None:
        visit.site.casebook.follow_consultation(staff.staff_no, staff.roles, number, typed, sent_once.asked(visit))

    came = counter_books.tried(visit, record, lambda _: None)
    if isinstance(came, Refused):
        return _one(visit, number, came.status, typed, came.errors, came.problem)
    return visit.redirect("consultation", number=number)


def unmask(visit: Visit, number: str) -> Response:
    """Who asked, in full, once, after a reason that goes into the audit trail first."""
    reason, problem = cases.reason_given(visit)
    if problem:
        return _one(visit, number, 422, problem=problem)
    fetch(visit, number)
    counter_books.note_unmasked(visit, "consultation.unmask", number, reason)
    return _one(visit, number, open_data=True)


ROUTES: Final = (
    Route("/consultations", "consultations", register, READS),
    Route("/consultations", "take_consultation", take, TAKES, ("POST",)),
    Route("/consultations/of/<number>", "consultation", one, READS),
    Route("/consultations/of/<number>", "follow_consultation", follow, TAKES, ("POST",)),
    Route("/consultations/of/<number>/unmask", "unmask_consultation", unmask, UNMASKS, ("POST",)),
)
