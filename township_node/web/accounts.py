"""The accounts of a place below: what it says of them, what it says of its audit trail, and orders about them."""

from typing import Any, Final

from flask import Blueprint, Flask
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from township_node.web.children import DECIDES
from village_node import casebook
from village_node.casebook import BadBody, NotAllowed
from village_node.web import Route, Visit, add_pages

ORDERS: Final = {
    "disable": ("已下达停用命令", "The order was given"),
    "lift": ("已解除停用命令", "The order is lifted"),
}
STATES: Final = {
    "disabled": ("bad", "lock", "已停用", "disabled"),
    "enabled": ("good", "check", "已启用", "enabled"),
    "": ("plain", "question", "该单位未报告", "not reported"),
}


def place_accounts(visit: Visit, place: str) -> Response:
    """What is known here of the accounts of a place below. Raises NotFound where it is none."""
    return _page(visit, place)


def order_account(visit: Visit, place: str) -> Response:
    """Order that an account there be shut, or lift what keeps it shut. Raises NotFound where it is no place below."""
    account, reason, what = visit.request.form.get("account", ""), visit.line("reason"), visit.line("what")
    if what not in ORDERS:
        raise NotFound
    kept = {"account": account, "reason": reason, "what": what}
    try:
        visit.site.casebook.order_account(visit.staff.staff_no, place, account, what, reason)
    except BadBody as bad:
        return _page(visit, place, 422, errors={bad.field: visit.t(bad.zh, bad.en)}, kept=kept)
    except NotAllowed as refused:
        return _page(visit, place, 409, problem=visit.t(refused.zh, refused.en), kept=kept)
    except casebook.NotFound:
        raise NotFound from None
    return visit.redirect("place_accounts", place=place, done=what)


def _page(visit: Visit, place: str, status: int = 200, **values: Any) -> Response:
    site, places = visit.site, visit.site.places
    try:
        site.casebook.refuse_not_below(place, places)
    except casebook.NotFound:
        raise NotFound from None
    done = visit.request.args.get("done", "") if visit.request.method == "GET" else ""
    return visit.render(
        "place_accounts.html",
        status,
        place=place,
        under=places.children(place),
        accounts=site.casebook.accounts_of(place),
        head=site.casebook.audit_head_of(place),
        states=STATES,
        done=visit.t(*ORDERS[done]) if done in ORDERS else "",
        **{"kept": {}, "errors": {}, **values},
    )


ROUTES: Final = (
    Route("/children/<place>/accounts", "place_accounts", place_accounts, DECIDES),
    Route("/children/<place>/accounts", "order_account", order_account, DECIDES, ("POST",), vouched=True),
)


def register(app: Flask) -> None:
    """Hang the page into an app that has the pages of every node."""
    add_pages(app, ROUTES, [], Blueprint("account_pages", __name__, template_folder="templates"))
