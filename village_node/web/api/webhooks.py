"""Webhooks, for programs of administrators: how each goes, having what waits sent at once, and ending one.

Registering one is for a person at a page: news would go out by it after the token that asked has ended.
"""

from typing import Any, Final

from marshmallow import Schema
from werkzeug.exceptions import NotFound

from village_node.web import webhooks
from village_node.web.api import shapes
from village_node.web.api.acting import Nothing
from village_node.web.api.operations import Operation
from village_node.web.api.problems import Problem
from village_node.web.site import Visit
from village_node.web.webhooks import KINDS, Line

TAG: Final = "node"


class WebhookShape(Schema):
    """A webhook; ``url`` without what follows its ``?``; ``states``: of which it tells; ``item_no`` and ``place``: of
    these alone; ``failures``: attempts in a row that were not taken."""

    number = shapes.number()
    name, url = shapes.text(), shapes.text()
    states = shapes.texts()
    item_no, place = shapes.maybe(), shapes.maybe()
    state = shapes.text(*KINDS)
    waiting, failures = shapes.number(), shapes.number()
    delivered_ms, next_attempt_ms = shapes.moment(), shapes.moment()
    last_error = shapes.maybe()


class WebhookList(Schema):
    """Those in use before those that have ended, the newest first."""

    webhooks = shapes.many(WebhookShape)


def list_webhooks(visit: Visit) -> dict[str, Any]:
    """Where this node sends news of cases to, how much waits there, and why the last attempt failed."""
    return {"webhooks": [_told(each) for each in webhooks.lines(visit)]}


def end_webhook(visit: Visit, asked: dict[str, str], number: str) -> dict[str, Any]:
    """End a webhook, with what waits for it: the system behind it is given up. Asking twice is asking once."""
    _find(visit, number)
    visit.site.accounts.webhooks.end(int(number), visit.staff.staff_no)
    return _told(_find(visit, number))


def resend_webhook(visit: Visit, asked: dict[str, str], number: str) -> dict[str, Any]:
    """Have what waits sent at once, as after the receiver was mended; also where it had wanted no more."""
    _find(visit, number)
    if not visit.site.accounts.webhooks.resend(int(number), visit.staff.staff_no):
        raise Problem("not_allowed_now", "这个推送已停用，不再发送", "this webhook has ended and sends no more")
    return _told(_find(visit, number))


def _find(visit: Visit, number: str) -> Line:
    found = next((each for each in webhooks.lines(visit) if str(each.row.id) == number), None)
    if found is None:
        raise NotFound
    return found


def _told(line: Line) -> dict[str, Any]:
    names = ("name", "item_no", "place", "failures", "delivered_ms", "next_attempt_ms", "last_error")
    told = {name: getattr(line.row, name) for name in names}
    states = line.row.states.split()
    return {
        **told, "number": line.row.id, "url": line.url, "states": states, "state": line.state, "waiting": line.waiting,
    }  # fmt: skip


_ONE: Final = "/webhooks/<number>"
OPERATIONS: Final = (
    Operation("/webhooks", "list_webhooks", list_webhooks, webhooks.REGISTERS, TAG, gives=WebhookList),
    Operation(f"{_ONE}/end", "end_webhook", end_webhook, webhooks.REGISTERS, TAG, "POST", Nothing, gives=WebhookShape),
    Operation(
        f"{_ONE}/resend", "resend_webhook", resend_webhook, webhooks.REGISTERS, TAG, "POST", Nothing,
        gives=WebhookShape, fails=(409,),
    ),
)  # fmt: skip
