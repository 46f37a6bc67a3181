"""The people of this node, for its administrator: invitations, roles, new codes, disabling; and the audit trail."""

import json
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, Final

from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from sync_protocol.case.powers import ROLES
from village_node import casebook
from village_node.accounts import StaffTrouble
from village_node.casebook import BadBody
from village_node.store.accounts import StaffRow
from village_node.store.audit import AuditRow, Wanted
from village_node.web import audit_words, counter_books, entry, export, filters, registers, searches, times
from village_node.web.export import Table
from village_node.web.filters import Choice
from village_node.web.policy import ADMIN, Policy, Route
from village_node.web.site import Visit

MANAGES: Final = Policy(ADMIN, "node")
SEES: Final = Policy(ADMIN | {"head"}, "node")
LINES: Final = 100
STATES: Final = {
    "active": ("正常", "active"),
    "invited": ("待设密码", "no password yet"),
    "disabled": ("已停用", "disabled"),
}
# What decides who may do what here. The trail itself is for administrators, who give the roles out: of these lines the
# head reads as well.
_ROLE_ACTS: Final = ("staff.invite", "staff.change", "staff.renew", "staff.disable", "staff.enable")
_ROLE_LINES: Final = 20
SLICE: Final = 500  # lines that an export reads at once
AUDIT_HEAD: Final = (
    ("序号", "Number"), ("时间", "Time"), ("工号", "Who"), ("动作", "What"), ("对象", "About"), ("说明", "Details"),
    ("本行摘要", "Hash of this line"),
)  # fmt: skip


def staff(visit: Visit) -> Response:
    """Everybody with an account here; a head sees who they are, and may end a wait."""
    return page(visit)


def invite(visit: Visit) -> Response:
    """Create an account and show its one-time code, once."""
    number, name = visit.line("staff_no"), visit.line("name")
    roles = visit.request.form.getlist("roles")
    try:
        code = visit.site.accounts.create_invitation(number, name, roles, by=visit.staff.staff_no)
    except StaffTrouble as trouble:
        kept = {"staff_no": number, "name": name, "roles": roles}
        return page(visit, 422, problem=visit.t(trouble.zh, trouble.en), kept=kept)
    return page(visit, code=code, code_for=number)


def member(visit: Visit, staff_no: str) -> Response:
    """One account, to be given another name or other roles. Raises NotFound where there is none."""
    return _form(visit, staff_no)


def change(visit: Visit, staff_no: str) -> Response:
    """Give an account another name or other roles. Raises NotFound where there is none."""
    name, roles = visit.line("name"), visit.request.form.getlist("roles")
    try:
        visit.site.accounts.change(staff_no, name, roles, by=visit.staff.staff_no)
    except StaffTrouble as trouble:
        kept = {"name": name, "roles": roles}
        return _form(visit, staff_no, 422, problem=visit.t(trouble.zh, trouble.en), kept=kept)
    return visit.redirect("staff")


def _form(visit: Visit, staff_no: str, status: int = 200, **values: Any) -> Response:
    found = visit.site.accounts.rows.staff(staff_no)
    if found is None:
        raise NotFound
    kept = {"kept": {"name": found.name, "roles": found.roles}, **values}
    own = staff_no == visit.staff.staff_no
    return visit.render(
        "staff_member.html",
        status,
        member=found,
        roles=_roles(visit),
        own=own,
        alone=own and _alone(visit, found),
        **kept,
    )


def renew(visit: Visit, staff_no: str) -> Response:
    """A new one-time code for somebody whose password is lost."""
    try:
        code = visit.site.accounts.renew_invitation(staff_no, by=visit.staff.staff_no)
    except StaffTrouble as trouble:
        return page(visit, 422, problem=visit.t(trouble.zh, trouble.en))
    return page(visit, code=code, code_for=staff_no)


def disable(visit: Visit, staff_no: str) -> Response:
    """Disable an account, or enable it again; nobody can shut himself out."""
    try:
        visit.site.accounts.disable(staff_no, visit.request.form.get("disabled") == "yes", by=visit.staff.staff_no)
    except StaffTrouble as trouble:
        return page(visit, 422, problem=visit.t(trouble.zh, trouble.en))
    return visit.redirect("staff")


def absent(visit: Visit, staff_no: str) -> Response:
    """Note until when somebody is away, so that what they have taken up is free again; or that they are back."""
    book, by, typed = visit.site.casebook, visit.staff.staff_no, visit.line("until")
    try:
        if visit.request.form.get("back") == "yes":
            book.end_absence(by, staff_no)
            return visit.redirect("staff")
        freed = book.note_absence(by, staff_no, _day(typed))
    except BadBody as bad:
        kept = {"absent": staff_no, "until": typed}
        return page(visit, 422, problem=visit.t(bad.zh, bad.en), kept=kept)
    except casebook.NotFound as nobody:
        return page(visit, 404, problem=visit.t(nobody.zh, nobody.en))
    represents = staff_no in dict(registers.representatives(book.register()))
    return page(visit, freed=freed, freed_of=visit.site.accounts.name_of(staff_no), represents=represents)


def _day(typed: str) -> date:
    """A day as a form gives it. Raises BadBody naming ``until``."""
    try:
        return date.fromisoformat(typed)
    except ValueError:
        raise BadBody("until", "请填写缺勤到哪一天，如 2026-11-20", "give the last day away, as 2026-11-20") from None


def unlock(visit: Visit, staff_no: str) -> Response:
    """End the wait of somebody who has guessed too often, or whose number others have guessed at."""
    try:
        visit.site.accounts.unlock(staff_no, by=visit.staff.staff_no)
    except StaffTrouble as trouble:
        return page(visit, 422, problem=visit.t(trouble.zh, trouble.en))
    return visit.redirect("staff")


def audit(visit: Visit) -> Response:
    """The audit trail, newest first, narrowed to what the address says."""
    before = visit.request.args.get("before", "")
    narrowed, problem = _filters(visit)
    lines = visit.site.accounts.rows.audit_lines(
        LINES, int(before) if before.isdecimal() and len(before) < 16 else None, _wanted(narrowed)
    )
    told = [audit_words.told(visit, line, json.loads(line.detail)) for line in lines]
    more = lines[-1].n if len(lines) == LINES and lines[-1].n > 1 else None
    return visit.render("audit.html", 422 if problem else 200, lines=told, more=more, filters=narrowed, problem=problem)


def _filters(visit: Visit) -> tuple[dict[str, str], str]:
    """What the address narrows the trail to; what is wrong with its days, in words: then it is not narrowed to them."""
    said = {name: entry.line(visit.request.args.get(name, ""))[:60] for name in ("first", "last")}
    said["text"] = searches.typed(visit)
    try:
        for name in ("first", "last"):
            if said[name]:
                said[name] = date.fromisoformat(said[name]).isoformat()
    except ValueError:
        wrong = visit.t("请按 年-月-日 填写起止日期。", "Give both days as YYYY-MM-DD.")
        return {**said, "first": "", "last": ""}, wrong
    return said, ""


def _wanted(narrowed: dict[str, str]) -> Wanted:
    first, last = (date.fromisoformat(text) if text else None for text in (narrowed["first"], narrowed["last"]))
    return Wanted(
        narrowed["text"],
        times.midnight_ms(first) if first is not None else None,
        times.midnight_ms(last) + times.DAY_MS if last is not None else None,
    )


def audit_table(visit: Visit) -> Table | Response:
    """The trail as a file, newest first, narrowed alike."""
    narrowed, problem = _filters(visit)
    if problem:
        return audit(visit)
    rows, told = (
        (_cells(line) for line in _trail(visit, _wanted(narrowed))),
        searches.told(narrowed["text"], visit.site.places),
    )
    return Table("audit", AUDIT_HEAD, rows, {**narrowed, "text": told})


def _trail(visit: Visit, wanted: Wanted) -> Iterator[AuditRow]:
    before = None
    while lines := visit.site.accounts.rows.audit_lines(SLICE, before, wanted):
        yield from lines
        before = lines[-1].n


def _cells(line: AuditRow) -> tuple[str | int, ...]:
    at = times.local(line.at_ms).strftime("%Y-%m-%d %H:%M:%S")
    return line.n, at, line.actor, line.action, line.subject, line.detail, line.hash.hex()


def page(visit: Visit, status: int = 200, **values: Any) -> Response:
    """The page of everybody with an account here, with what came of an act on one of them."""
    t, roles = visit.t, _roles(visit)
    states = [(code, t(*each)) for code, each in STATES.items()]
    asked = filters.asked(
        visit,
        "staff",
        t("工号或姓名", "Staff number or name"),
        Choice("role", t("岗位", "Role"), roles),
        Choice("state", t("状态", "State"), states),
    )
    role, everybody = asked.chosen["role"], visit.site.accounts.rows.all_staff()
    people = [
        each
        for each in everybody
        if asked.fit((each.staff_no, each.name), role=role if role in each.roles else "", state=state_of(each))
    ]
    listed = counter_books.listed(visit, "staff", people)
    ordered = visit.site.casebook.ordered_shut()
    away = {each.staff_no: each.away for each in visit.site.casebook.colleagues() if each.away}
    here = [each for each in everybody if state_of(each) == "active" and each.staff_no not in away]
    return visit.render(
        "staff.html",
        status,
        people=listed.rows,
        listed=listed,
        filters=asked,
        away=away,
        nobody_for={each.staff_no: _nobody_for(each, here, roles) for each in listed.rows},
        headed=any("head" in each.roles and "admin" not in each.roles for each in everybody if not each.disabled),
        above=visit.site.level != "county",
        holders=visit.site.accounts.factors.rows.holders(),
        demands=visit.site.accounts.demands,
        waits={number: -(-wait // 60_000) for number, wait in visit.site.accounts.waits().items()},
        ordered=ordered,
        orphans=sorted(ordered.keys() - {each.staff_no for each in everybody}),
        admin=ADMIN,
        roles=roles,
        role_acts=_role_acts(visit),
        **{"kept": {}, **values},
    )


def _nobody_for(person: StaffRow, here: Sequence[StaffRow], roles: list[tuple[str, str]]) -> list[str]:
    """The roles of somebody, in words, in which nobody of those who are ``here`` and can sign in stands in."""
    others = {role for each in here if each.staff_no != person.staff_no for role in each.roles}
    return [words for code, words in roles if code in person.roles and code not in others]


def _alone(visit: Visit, admin: StaffRow) -> bool:
    """Whether nobody else who can sign in gives out roles here."""
    others = (each for each in visit.site.accounts.rows.all_staff() if each.staff_no != admin.staff_no)
    return not any(ADMIN & set(each.roles) and state_of(each) == "active" for each in others)


def _role_acts(visit: Visit) -> list[audit_words.Told]:
    """The last times that somebody gave out an account, roles or a new code, or shut an account."""
    lines = visit.site.accounts.rows.audit_lines(_ROLE_LINES, wanted=Wanted(actions=_ROLE_ACTS))
    return [audit_words.told(visit, line, json.loads(line.detail)) for line in lines]


def state_of(person: StaffRow) -> str:
    """How an account stands: one of STATES."""
    return "disabled" if person.disabled else "active" if person.password_hash else "invited"


def _roles(visit: Visit) -> list[tuple[str, str]]:
    """The roles of this level, each with its words."""
    return [(role, visit.t(*ROLES[role, visit.site.level])) for role in visit.site.accounts.roles]


ROUTES: Final = (
    Route("/staff", "staff", staff, SEES),
    Route("/staff/<staff_no>/unlock", "unlock", unlock, SEES, ("POST",)),
    Route("/staff/invite", "invite", invite, MANAGES, ("POST",), vouched=True),
    Route("/staff/<staff_no>", "staff_member", member, MANAGES),
    Route("/staff/<staff_no>/change", "change_staff", change, MANAGES, ("POST",), vouched=True),
    Route("/staff/<staff_no>/renew", "renew", renew, MANAGES, ("POST",), vouched=True),
    Route("/staff/<staff_no>/disable", "disable", disable, MANAGES, ("POST",), vouched=True),
    Route("/staff/<staff_no>/absent", "absent", absent, MANAGES, ("POST",)),
    Route("/audit", "audit", audit, MANAGES),
    export.route("/audit", "audit_export", audit_table, MANAGES),
)
