"""The accounts of this place, for programs of whoever keeps the list of its staff: reading them, shutting that of who
has gone, who is away; and a token that is needed no more ends itself.

Nothing here lets anybody in. Making accounts, giving roles and opening an account again are for a person at a page:
what a stolen token did so would outlive its end.
"""

from typing import Any, Final

import marshmallow
from marshmallow import Schema
from werkzeug.exceptions import NotFound

from village_node.accounts import StaffTrouble
from village_node.accounts.tokens import NAME_LONGEST
from village_node.web import health, schemas
from village_node.web.api import shapes
from village_node.web.api.acting import Nothing
from village_node.web.api.guide import OWN
from village_node.web.api.operations import Operation, Taken
from village_node.web.api.problems import Problem, invalid
from village_node.web.policy import STAFF, Policy
from village_node.web.site import Visit
from village_node.web.staff import MANAGES, SEES, STATES, state_of

TAG: Final = "node"
SYNCS: Final = Policy(STAFF, "node")


class AccountHere(Schema):
    """An account; ``away_until``: the last day that its owner is away; ``ordered``: a place above keeps it shut."""

    staff_no, name = shapes.text(), shapes.text()
    roles = shapes.texts()
    state = shapes.text(*STATES)
    ordered = shapes.flag()
    away_until = shapes.maybe()


class AccountsHere(Schema):
    """Every account of this place, by number."""

    accounts = shapes.many(AccountHere)


class AbsentTaken(Taken):
    """The last day away; null: who it is has come back."""

    until = marshmallow.fields.Date(
        required=True,
        allow_none=True,
        error_messages={**schemas.REQUIRED, "invalid": "应为日期，如 2026-11-21"},
    )


class AbsentDone(Schema):
    """How many cases, that they had taken up, are free again."""

    freed = shapes.number()


class EndTaken(Taken):
    """The name of the token that asks, so that none is ended by mistake."""

    token = schemas.Text(1, NAME_LONGEST, required=True)


class TokenEnded(Schema):
    """The token that was ended; it opens nothing any more."""

    token = shapes.text()


class Begun(Schema):
    """Whether an exchange with the place above was begun: there is none above the county."""

    begun = shapes.flag()


def list_accounts(visit: Visit) -> dict[str, Any]:
    """Everybody with an account at this place, and who is away."""
    return {"accounts": _accounts(visit)}


def _accounts(visit: Visit) -> list[dict[str, Any]]:
    away = {each.staff_no: each.away for each in visit.site.casebook.colleagues()}
    return [
        {
            "staff_no": row.staff_no,
            "name": row.name,
            "roles": list(row.roles),
            "state": state_of(row),
            "ordered": row.ordered_by is not None,
            "away_until": away.get(row.staff_no) or None,
        }
        for row in visit.site.accounts.rows.all_staff()
    ]


def _find(visit: Visit, staff_no: str) -> None:
    if visit.site.accounts.rows.staff(staff_no) is None:
        raise NotFound


def shut_account(visit: Visit, asked: dict[str, str], staff_no: str) -> dict[str, Any]:
    """Shut an account: whoever is signed in with it is out at once. Asking twice is asking once.

    The last administrator who can sign in is not shut.
    """
    _find(visit, staff_no)
    try:
        visit.site.accounts.disable(staff_no, True, by=visit.staff.staff_no)
    except StaffTrouble as trouble:
        raise Problem("not_allowed_now", trouble.zh, trouble.en) from None
    return next(each for each in _accounts(visit) if each["staff_no"] == staff_no)


def note_absence(visit: Visit, asked: dict[str, Any], staff_no: str) -> dict[str, int]:
    """Note until when somebody is away, so that what they have taken up is free again; or that they are back."""
    _find(visit, staff_no)
    book, by = visit.site.casebook, visit.staff.staff_no
    if asked["until"] is None:
        book.end_absence(by, staff_no)
        return {"freed": 0}
    return {"freed": book.note_absence(by, staff_no, asked["until"])}


def end_token(visit: Visit, asked: dict[str, str]) -> dict[str, str]:
    """End the token that asks, as a program does that is taken out of use."""
    found = visit.site.accounts.program(visit.request.headers["Authorization"].partition(" ")[2].strip())
    if found is None:
        raise Problem("no_token")
    token = found[1].token
    if asked["token"] != token.name:
        raise invalid({"token": ("与令牌的名称不符", "this is not the name of the token that asks")})
    visit.site.accounts.tokens.revoke(token.id, visit.staff.staff_no)
    return {"token": token.name}


def begin_exchange(visit: Visit, asked: dict[str, str]) -> dict[str, bool]:
    """Begin an exchange with the place above at once, as after a season's list was filed. `GET /health` says what came
    of it."""
    if visit.sync_state.is_root:
        return {"begun": False}
    health.begin_exchange(visit)
    return {"begun": True}


OPERATIONS: Final = (
    Operation("/staff", "list_accounts", list_accounts, SEES, TAG, gives=AccountsHere),
    Operation(
        "/staff/<staff_no>/shut", "shut_account", shut_account, MANAGES, TAG, "POST", Nothing, gives=AccountHere,
        fails=(409,),
    ),
    Operation(
        "/staff/<staff_no>/absence", "note_absence", note_absence, MANAGES, TAG, "POST", AbsentTaken, gives=AbsentDone
    ),
    Operation("/whoami/end", "end_token", end_token, OWN, TAG, "POST", EndTaken, gives=TokenEnded),
    Operation("/sync", "begin_exchange", begin_exchange, SYNCS, TAG, "POST", Nothing, gives=Begun),
)  # fmt: skip
