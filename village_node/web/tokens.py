"""The tokens of programs: made for one account in one of its roles, shown once, ended at any time."""

from dataclasses import dataclass
from typing import Any, Final

from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from sync_protocol.case.powers import ROLES
from village_node.accounts import StaffTrouble
from village_node.store.tokens import TokenRow
from village_node.web import counter_books, filters
from village_node.web.filters import Choice
from village_node.web.policy import ADMIN, Policy, Route
from village_node.web.site import Visit

MAKES: Final = Policy(ADMIN | {"head"}, "node")
DAYS: Final = 90
STATES: Final = {"lives": ("有效", "valid"), "over": ("已失效", "over"), "revoked": ("已收回", "revoked")}


@dataclass(frozen=True)
class Line:
    """One token as the page shows it: whose, in which role, and whether it lives."""

    row: TokenRow
    name: str
    role: str
    ends_ms: int
    state: str


def tokens(visit: Visit) -> Response:
    """Every token of this node."""
    return _page(visit)


def make(visit: Visit) -> Response:
    """Make a token and show it, once."""
    name, whose, days = visit.line("name"), visit.line("whose"), visit.line("days")
    staff_no, _, role = whose.rpartition(":")
    number = int(days) if days.isascii() and days.isdecimal() and len(days) < 5 else 0
    by, admin = visit.staff.staff_no, visit.may(ADMIN)
    try:
        token = visit.site.accounts.make_token(name, staff_no, role, number, by=by, by_admin=admin)
    except StaffTrouble as trouble:
        kept = {"name": name, "whose": whose, "days": days}
        return _page(visit, 422, problem=visit.t(trouble.zh, trouble.en), kept=kept)
    return _page(visit, drawn=token, drawn_name=name)


def revoke(visit: Visit, number: str) -> Response:
    """End a token now."""
    if not number.isascii() or not number.isdecimal() or len(number) > 9:
        raise NotFound
    if not visit.site.accounts.tokens.revoke(int(number), visit.staff.staff_no):
        raise NotFound
    return visit.redirect("tokens")


def _page(visit: Visit, status: int = 200, **values: Any) -> Response:
    accounts, level = visit.site.accounts, visit.site.level
    people = {person.staff_no: person for person in accounts.rows.all_staff()}

    def line(row: TokenRow) -> Line:
        ended = "revoked" if row.revoked_ms is not None else "over"
        lives = accounts.tokens.lives(row) and not people[row.staff_no].disabled
        role = visit.t(*ROLES[row.role, level]) if (row.role, level) in ROLES else row.role
        ends_ms = row.created_ms + row.life_ms
        return Line(row, people[row.staff_no].name, role, ends_ms, "lives" if lives else ended)

    choices = [
        (f"{person.staff_no}:{role}", f"{person.staff_no} {person.name} · {visit.t(*ROLES[role, level])}")
        for person in people.values()
        for role in person.roles
        if not person.disabled and (role, level) in ROLES and (role not in ADMIN or visit.may(ADMIN))
    ]
    states = [(code, visit.t(*words)) for code, words in STATES.items()]
    asked = filters.asked(
        visit,
        "tokens",
        visit.t("名称、工号或姓名", "Name, or account"),
        Choice("state", visit.t("状态", "State"), states),
    )
    lines = [
        each
        for each in map(line, accounts.tokens.rows.tokens())
        if asked.fit((each.row.name, each.row.staff_no, each.name), state=each.state)
    ]
    listed, readings = counter_books.listed(visit, "tokens", lines), accounts.readings
    kept = {"read": readings.today(), "most": readings.most, "kept": {"days": str(DAYS)}, **values}
    return visit.render("tokens.html", status, listed=listed, filters=asked, choices=choices, **kept)


ROUTES: Final = (
    Route("/tokens", "tokens", tokens, MAKES),
    Route("/tokens/make", "make_token", make, MAKES, ("POST",), vouched=True),
    Route("/tokens/<number>/revoke", "revoke_token", revoke, MAKES, ("POST",)),
)
