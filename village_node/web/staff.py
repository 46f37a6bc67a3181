"""The people of this node, for its administrator: invitations, roles, new codes, disabling; and the audit trail."""

import json
from datetime import date
from typing import Any, Final

from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from sync_protocol.case.workflow import ROLES
from village_node import casebook
from village_node.accounts import StaffTrouble
from village_node.casebook import BadBody
from village_node.web.policy import ADMIN, Policy, Route
from village_node.web.site import Visit

MANAGES: Final = Policy(ADMIN, "node")
SEES: Final = Policy(ADMIN | {"head"}, "node")
LINES: Final = 100


def staff(visit: Visit) -> Response:
    """Everybody with an account here; a head sees who they are, and may end a wait."""
    return _page(visit)


def invite(visit: Visit) -> Response:
    """Create an account and show its one-time code, once."""
    number, name = visit.line("staff_no"), visit.line("name")
    roles = visit.request.form.getlist("roles")
    try:
        code = visit.site.accounts.create_invitation(number, name, roles, by=visit.staff.staff_no)
    except StaffTrouble as trouble:
        kept = {"staff_no": number, "name": name, "roles": roles}
        return _page(visit, 422, problem=visit.t(trouble.zh, trouble.en), kept=kept)
    return _page(visit, code=code, code_for=number)


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
    return visit.render("staff_member.html", status, member=found, roles=_roles(visit), **kept)


def renew(visit: Visit, staff_no: str) -> Response:
    """A new one-time code for somebody whose password is lost."""
    try:
        code = visit.site.accounts.renew_invitation(staff_no, by=visit.staff.staff_no)
    except StaffTrouble as trouble:
        return _page(visit, 422, problem=visit.t(trouble.zh, trouble.en))
    return _page(visit, code=code, code_for=staff_no)


def disable(visit: Visit, staff_no: str) -> Response:
    """Disable an account, or enable it again; nobody can shut himself out."""
    if staff_no == visit.staff.staff_no:
        words = visit.t("不能停用自己的账号。", "You cannot disable your own account.")
        return _page(visit, 422, problem=words)
    try:
        visit.site.accounts.disable(staff_no, visit.request.form.get("disabled") == "yes", by=visit.staff.staff_no)
    except StaffTrouble as trouble:
        return _page(visit, 422, problem=visit.t(trouble.zh, trouble.en))
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
        return _page(visit, 422, problem=visit.t(bad.zh, bad.en), kept=kept)
    except casebook.NotFound as nobody:
        return _page(visit, 404, problem=visit.t(nobody.zh, nobody.en))
    return _page(visit, freed=freed, freed_of=visit.site.accounts.name_of(staff_no))


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
        return _page(visit, 422, problem=visit.t(trouble.zh, trouble.en))
    return visit.redirect("staff")


def audit(visit: Visit) -> Response:
    """The audit trail, newest first."""
    before = visit.request.args.get("before", "")
    lines = visit.site.accounts.rows.audit_lines(
        LINES, int(before) if before.isdecimal() and len(before) < 16 else None
    )
    told = [(line, json.loads(line.detail)) for line in lines]
    return visit.render("audit.html", lines=told, more=lines[-1].n if len(lines) == LINES and lines[-1].n > 1 else None)


def _page(visit: Visit, status: int = 200, **values: Any) -> Response:
    return visit.render(
        "staff.html",
        status,
        people=visit.site.accounts.rows.all_staff(),
        away={each.staff_no: each.away for each in visit.site.casebook.colleagues() if each.away},
        waits={number: -(-wait // 60_000) for number, wait in visit.site.accounts.waits().items()},
        admin=ADMIN,
        roles=_roles(visit),
        **{"kept": {}, **values},
    )


def _roles(visit: Visit) -> list[tuple[str, str]]:
    """The roles of this level, each with its words."""
    return [(role, visit.t(*ROLES[role, visit.site.level])) for role in visit.site.accounts.roles]


ROUTES: Final = (
    Route("/staff", "staff", staff, SEES),
    Route("/staff/<staff_no>/unlock", "unlock", unlock, SEES, ("POST",)),
    Route("/staff/invite", "invite", invite, MANAGES, ("POST",)),
    Route("/staff/<staff_no>", "staff_member", member, MANAGES),
    Route("/staff/<staff_no>/change", "change_staff", change, MANAGES, ("POST",)),
    Route("/staff/<staff_no>/renew", "renew", renew, MANAGES, ("POST",)),
    Route("/staff/<staff_no>/disable", "disable", disable, MANAGES, ("POST",)),
    Route("/staff/<staff_no>/absent", "absent", absent, MANAGES, ("POST",)),
    Route("/audit", "audit", audit, MANAGES),
)
