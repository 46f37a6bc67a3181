"""The registers of this place: who may decide in a department's name, which seals are in use, who is whose kin."""

import json
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from sync_protocol.case import Item, delegations, kinds
from sync_protocol.case.delegations import Delegation, Register
from sync_protocol.case.kinship import plain_number
from sync_protocol.case.registers import Entry
from sync_protocol.case.workdays import day_of
from village_node.casebook import BadBody, NotAllowed
from village_node.notices import letters
from village_node.notices.printing import NotPrinted
from village_node.store.audit import AuditRow
from village_node.web import counter_books, filters, masking, prints, schemas, times, words
from village_node.web import entry as typed_entry
from village_node.web.documents import offices
from village_node.web.filters import Filters
from village_node.web.policy import CASEWORK, STAFF, Policy, Route
from village_node.web.site import Visit

READS: Final = Policy(STAFF, "node")
ENTERS: Final = Policy(frozenset({"head", "business", "officer", "reviewer"}), "node")
PRINTS: Final = Policy(CASEWORK, "node")
KEEPS: Final = Policy(frozenset({"head", "business"}), "node")
KEEPS_KIN: Final = Policy(frozenset({"head", "business"}), "node", "typed")
TERM_YEARS: Final = 2
_LONGEST_NUMBER: Final = 32
_SHORTEST_ID: Final = 5
_ACTS: Final = ("delegate", "consent", "revoke", "absent", "back")


@dataclass(frozen=True)
class DelegationView:
    """One delegation as the page shows it. `state`: tone, drawing, Chinese, English."""

    each: Delegation
    position: str
    state: tuple[str, str, str, str]
    full: list[str]
    limited: list[str]
    waits: bool
    may_end: bool


@dataclass(frozen=True)
class AbsenceView:
    """Somebody who is out: since when, until when, and who entered it."""

    position: str
    person: str
    name: str
    first: str
    last: str
    entered_by: str
    at_ms: int


def authority_page(visit: Visit) -> Response:
    """Who may decide in whose name."""
    return _page(visit)


def enter_authority(visit: Visit, what: str) -> Response:
    """Make an entry: a delegation, the centre's consent, a revocation, an absence, a return."""
    if what not in _ACTS:
        raise NotFound
    typed = {name: visit.line(name) for name in visit.request.form if name != "token"}
    said: dict[str, Any] = {"what": what}
    try:
        said |= _delegation_of(visit) if what == "delegate" else _entry_of(visit, what)
        visit.site.casebook.enter(visit.staff.staff_no, visit.staff.roles, kinds.AUTHORITY, said)
    except BadBody as bad:
        return _page(visit, 422, visit.t(bad.zh, bad.en), typed, what, bad.field)
    except NotAllowed as refused:
        return _page(visit, 409, visit.t(refused.zh, refused.en), typed, what)
    return visit.redirect("authority", done=what)


def _delegation_of(visit: Visit) -> dict[str, Any]:
    department, form = visit.line("department"), visit.request.form
    said: dict[str, Any] = {name: visit.line(name) for name in ("first", "last", "document_no", "reason")}
    head = visit.line("head") or visit.staff.staff_no
    for role in ("a", "b"):
        number = visit.line(role)
        said |= {role: number, f"{role}_name": name_of(visit, role, number)} if number else {}
    scope = {item.item_no: form.get(f"item:{item.item_no}", "") for item in _items(visit, department)}
    return {
        **said,
        "department": department,
        "head": head,
        "head_name": name_of(visit, "head", head),
        "full": [number for number, chosen in scope.items() if chosen == "full"],
        "limited": [number for number, chosen in scope.items() if chosen == "limited"],
    }


def _entry_of(visit: Visit, what: str) -> dict[str, Any]:
    said: dict[str, Any] = {}
    if what == "absent":
        said = {"person": visit.line("person"), "first": visit.line("first"), "last": visit.line("last")}
        name_of(visit, "person", said["person"])
    else:
        named = visit.line("of")
        if schemas.POSITION_TEXT.fullmatch(named) is None:
            raise BadBody("of", "没有这条登记", "there is no such entry")
        said["of"] = list(schemas.parse_position(named))
    return {**said, **{name: visit.line(name) for name in ("document_no", "reason") if visit.line(name)}}


def name_of(visit: Visit, field: str, number: str) -> str:
    """The name of somebody of this node. Raises BadBody."""
    if not number:
        raise BadBody(field, "请填写工号", "give a staff number")
    name = visit.site.accounts.name_of(number[:_LONGEST_NUMBER])
    if not name or len(number) > _LONGEST_NUMBER:
        shown = number[:_LONGEST_NUMBER] + ("…" if len(number) > _LONGEST_NUMBER else "")
        raise BadBody(field, f"本单位没有工号 {shown}", f"nobody here has the staff number {shown}")
    return name


def _items(visit: Visit, department: str) -> list[Item]:
    """The items of a department that are decided here, the newest version of each."""
    level = visit.site.level
    newest = {item.item_no: item for item in visit.site.catalogue.items()}
    return [item for item in newest.values() if item.department == department and item.deciding_level == level]


def _departments(visit: Visit) -> list[str]:
    level = visit.site.level
    found = [item.department for item in visit.site.catalogue.items() if item.deciding_level == level]
    return list(dict.fromkeys([*found, *visit.site.casebook.register().departments()]))


def _page(
    visit: Visit,
    status: int = 200,
    problem: str = "",
    typed: dict[str, str] | None = None,
    what: str = "",
    wrong: str = "",
) -> Response:
    """The page; with what one of its forms was sent with, which form that was, and the field that is wrong."""
    book, typed = visit.site.casebook, typed or {}
    register, now_ms = book.register(), visit.now_ms
    today = day_of(now_ms)
    department = typed.get("department") or visit.request.args.get("department", "")
    names = {item.item_no: item.name for item in visit.site.catalogue.items()}
    return visit.render(
        "authority.html",
        status,
        problem=problem,
        typed=typed,
        what=what,
        errors={wrong: problem},
        done=visit.request.args.get("done", ""),
        ending=[(each, each.text("last")) for each in register.ending(now_ms)],
        views=[_view(visit, register, each, names) for each in reversed(register.delegations)],
        absences=absent(visit, register, today),
        noted_away=[each for each in book.colleagues() if each.away and not each.out],
        people=representatives(register),
        departments=_departments(visit),
        department=department,
        items=[(item, delegations.may_be_delegated(item)) for item in _items(visit, department)],
        first=today.isoformat(),
        last=_two_years(today),
        may_delegate="head" in visit.staff.roles,
        may_consent=register.by_two and "business" in visit.staff.roles,
        may_enter=ENTERS.allows(visit.staff.roles),
        may_keep=book.may_keep(visit.staff.roles, kinds.AUTHORITY),
        history=[_told(visit, entry) for entry in reversed(register.history)],
    )


def _two_years(first: date) -> str:
    """The last day of the usual term."""
    day = min(first.day, 28) if first.month == 2 else first.day
    return (first.replace(year=first.year + TERM_YEARS, day=day) - timedelta(days=1)).isoformat()


def _lasts(entry: Entry, today: date) -> bool:
    return bool(entry.said.get("last", "9999-12-31") >= today.isoformat())


def _view(visit: Visit, register: Register, each: Delegation, names: dict[str, str]) -> DelegationView:
    said = each.entry.said
    return DelegationView(
        each,
        schemas.position_text(each.position),
        state_of(register, each, visit.now_ms),
        [f"{number} {names.get(number, '')}" for number in said.get("full", ())],
        [f"{number} {names.get(number, '')}" for number in said.get("limited", ())],
        register.by_two and each.consent is None and each.revoked is None,
        each.revoked is None and day_of(visit.now_ms).isoformat() <= each.text("last"),
    )


def state_of(register: Register, each: Delegation, now_ms: int) -> tuple[str, str, str, str]:
    """How a delegation stands today: tone, drawing, Chinese, English."""
    day = day_of(now_ms).isoformat()
    if each.revoked is not None:
        return "bad", "cross", "已撤销", "revoked"
    if each.text("last") < day:
        return "done", "clock", "已期满", "ended"
    if register.by_two and each.consent is None:
        return "waiting", "clock", "待中心同意", "waits for the centre's consent"
    if day < each.text("first"):
        return "waiting", "clock", "尚未生效", "not yet in force"
    if register.in_force(each.text("department"), now_ms) != each:
        return "done", "clock", "已被新委托书代替", "replaced by a newer one"
    return "good", "check", "有效", "in force"


def absent(visit: Visit, register: Register, today: date) -> list[AbsenceView]:
    """Who is out, or will be."""
    return [_out(visit, entry) for entry, back in register.absences if back is None and _lasts(entry, today)]


def _out(visit: Visit, entry: Entry) -> AbsenceView:
    said, name_of = entry.said, visit.site.accounts.name_of
    person, by = said["person"], entry.actor
    position, last = schemas.position_text(entry.position), said.get("last", "")
    return AbsenceView(
        position, person, name_of(person) or person, said["first"], last, name_of(by) or by, entry.claimed_ms
    )


def representatives(register: Register) -> list[tuple[str, str]]:
    """Everybody whom a delegation names as A or B: number and name."""
    found = {
        each.text(role): each.text(f"{role}_name")
        for each in register.delegations
        for role in ("a", "b")
        if each.text(role)
    }
    return sorted(found.items())


_WORDS: Final = {
    "delegate": ("委托", "delegated"),
    "consent": ("中心同意", "the centre consented"),
    "revoke": ("撤销委托", "revoked"),
    "absent": ("登记外出", "entered as out"),
    "back": ("登记返岗", "entered as back"),
}


def _told(visit: Visit, entry: Entry) -> tuple[str, str, str, str]:
    said = entry.said
    told = ("department", "person", "document_no", "first", "last", "reason")
    about = " ".join(str(said[name]) for name in told if name in said)
    by = visit.site.accounts.name_of(entry.actor) or entry.actor
    return times.moment(entry.claimed_ms, visit.lang), visit.t(*_WORDS[said["what"]]), about, by


def letter(visit: Visit, position: str) -> Response:
    """The delegation as the document that is signed and sealed. It names nobody but officials."""
    register = visit.site.casebook.register()
    found = next((each for each in register.delegations if schemas.position_text(each.position) == position), None)
    if found is None:
        raise NotFound
    names = {item.item_no: item.name for item in visit.site.catalogue.items()}
    place = visit.site.config.place
    office = offices(visit).department(place, found.text("department"))
    given = letters.given_for(found, office, names, visit.now_ms, by_two=register.by_two)
    try:
        document = visit.site.printer.print(letters.TEMPLATE, given)
    except NotPrinted as trouble:
        return _page(visit, 503, visit.t(trouble.zh, trouble.en))
    visit.site.accounts.audit(visit.staff.staff_no, "document.print", found.text("document_no"), {"document": "letter"})
    return prints.pdf(document, f"首席代表委托书-{found.text('document_no')}")


def seals_page(visit: Visit) -> Response:
    """The seals of this place, and what they were used for."""
    return _seals(visit)


def enter_seal(visit: Visit) -> Response:
    """Enter a seal, or enter one anew: handed over, or out of use."""
    names = ("seal_no", "use", "owner", "department", "mark", "first", "last", "document_no", "reason")
    said: dict[str, Any] = {name: visit.line(name) for name in names}
    typed = {**said, "custodians": visit.line("custodians")}
    try:
        said["custodians"] = [*dict.fromkeys(typed["custodians"].replace("、", " ").replace("，", " ").split())]
        for number in said["custodians"]:
            name_of(visit, "custodians", number)
        visit.site.casebook.enter(visit.staff.staff_no, visit.staff.roles, kinds.SEAL, said)
    except BadBody as bad:
        return _seals(visit, 422, visit.t(bad.zh, bad.en), typed, bad.field)
    except NotAllowed as refused:
        return _seals(visit, 409, visit.t(refused.zh, refused.en), typed)
    return visit.redirect("seals", done="entered")


def _seals(
    visit: Visit, status: int = 200, problem: str = "", typed: dict[str, Any] | None = None, wrong: str = ""
) -> Response:
    book, today = visit.site.casebook, day_of(visit.now_ms)
    kept = book.seals()
    uses = [json.loads(use.detail) for use in book.seal_uses()]
    asked, shown = uses_of(visit)
    return visit.render(
        "seals.html",
        status,
        problem=problem,
        typed=typed,
        errors={wrong: problem},
        done=visit.request.args.get("done", ""),
        seals=[(seal, seal.in_use(today), _keepers(visit, seal.said["custodians"])) for seal in kept],
        filters=asked,
        uses=counter_books.listed(visit, "seals", shown),
        counts=[(seal.number, sum(detail["seal"] == seal.number for detail in uses)) for seal in kept],
        department_choices=[
            ("", visit.t("全部部门", "every department")),
            *((each, each) for each in _departments(visit)),
        ],
        may_enter=book.may_keep(visit.staff.roles, kinds.SEAL),
        today=today.isoformat(),
        act_words=lambda kind: act_words(visit, kind),
    )


def uses_of(visit: Visit) -> tuple[Filters, list[tuple[AuditRow, dict[str, Any], str]]]:
    """What the list of what was sealed is narrowed to, and what it holds then: the line, its details, and by whom."""
    book = visit.site.casebook
    asked = filters.asked(
        visit,
        "seals",
        visit.t("用印人、文号或收件编号", "By whom, document or receipt number"),
        filters.Choice("seal", visit.t("印章", "Seal"), [(seal.number, seal.number) for seal in book.seals()]),
    )
    uses = [(use, json.loads(use.detail)) for use in book.seal_uses()]
    named = [(use, detail, visit.site.accounts.name_of(use.actor) or use.actor) for use, detail in uses]
    return asked, [
        (use, detail, who)
        for use, detail, who in named
        if asked.fit((who, str(detail["document"] or ""), use.subject), seal=detail["seal"])
    ]


def act_words(visit: Visit, kind: int) -> str:
    """What was sealed by an act of this kind."""
    return visit.t(*words.kind_words(kind))


def _keepers(visit: Visit, numbers: list[str]) -> str:
    return "、".join(visit.site.accounts.name_of(number) or number for number in numbers)


def kin_page(visit: Visit) -> Response:
    """Which relatives the people of this place have declared."""
    return _kin(visit)


def enter_kin(visit: Visit) -> Response:
    """Declare a relative, or withdraw a declaration."""
    names = ("staff_no", "kin_name", "kin_id_no", "relation", "first", "last")
    typed = {name: visit.line(name) for name in names}
    said: dict[str, Any] = dict(typed)
    try:
        if visit.request.form.get("withdraw"):
            said = {**_declared(visit), "withdrawn": True}
        else:
            name_of(visit, "staff_no", typed["staff_no"])
            check_card(visit, typed["kin_id_no"])
        visit.site.casebook.enter(visit.staff.staff_no, visit.staff.roles, kinds.KIN, said)
    except BadBody as bad:
        return _kin(visit, 422, visit.t(bad.zh, bad.en), typed, bad.field)
    except NotAllowed as refused:
        return _kin(visit, 409, visit.t(refused.zh, refused.en), typed)
    return visit.redirect("kin", done="entered")


def check_card(visit: Visit, typed: str) -> None:
    """A number that was copied wrongly would keep nobody out. What is no card of residents has letters in front, or
    another length, and is taken as it is. Raises BadBody."""
    number = plain_number(typed)
    if number[:1].isdecimal() and 14 < len(number) < 20:
        trouble = typed_entry.identity_card_trouble(number, day_of(visit.now_ms))
        if trouble is not None:
            raise BadBody("kin_id_no", *trouble)
    elif 0 < len(number) < _SHORTEST_ID:
        raise BadBody("kin_id_no", "“亲属证件号码”太短，请填写完整的号码", "relative's identity number: give all of it")


def _declared(visit: Visit) -> dict[str, Any]:
    """The declaration that is to be withdrawn, by its place in the list. Raises BadBody."""
    number, listed = visit.request.form.get("withdraw", ""), visit.site.casebook.kin()
    if not number.isdecimal() or not 0 < int(number) <= len(listed):
        raise BadBody("withdraw", "没有这条登记", "there is no such entry")
    kin = listed[int(number) - 1]
    if visit.line("staff_no") != kin.staff_no:
        raise BadBody("withdraw", "登记已有变化，请重新查看", "the list has changed: look at it again")
    who = {"staff_no": kin.staff_no, "kin_name": kin.name, "kin_id_no": kin.id_no, "relation": kin.relation}
    return {**who, "first": kin.first, "last": kin.last}


def _kin(
    visit: Visit, status: int = 200, problem: str = "", typed: dict[str, str] | None = None, wrong: str = ""
) -> Response:
    label = visit.t("工号、工作人员或亲属关系", "Staff number, name or relation")
    asked = filters.asked(visit, "kin", label)
    named = [
        (at, kin, visit.site.accounts.name_of(kin.staff_no)) for at, kin in enumerate(visit.site.casebook.kin(), 1)
    ]
    found = [
        (at, kin, name, masking.name(kin.name), masking.identity_number(kin.id_no))
        for at, kin, name in named
        if asked.fit((kin.staff_no, name, kin.relation))
    ]
    return visit.render(
        "kin.html",
        status,
        filters=asked,
        problem=problem,
        typed=typed or {},
        errors={wrong: problem},
        done=visit.request.args.get("done", ""),
        over=lambda kin: not kin.stands(day_of(visit.now_ms)),
        kin=counter_books.listed(visit, "kin", found),
    )


ROUTES: Final = (
    Route("/authority", "authority", authority_page, READS),
    Route("/authority/<what>", "enter_authority", enter_authority, ENTERS, ("POST",), vouched=True),
    Route("/authority/<position>/letter", "delegation_letter", letter, PRINTS),
    Route("/seals", "seals", seals_page, READS),
    Route("/seals", "enter_seal", enter_seal, KEEPS, ("POST",), vouched=True),
    Route("/kin", "kin", kin_page, KEEPS_KIN),
    Route("/kin", "enter_kin", enter_kin, KEEPS_KIN, ("POST",)),
)
