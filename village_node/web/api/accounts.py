"""The accounts of places below, and orders about them, for programs: a county's list of staff that have gone shuts them
everywhere, and reads what came of it."""

from typing import Any, Final

import marshmallow
from marshmallow import Schema

from sync_protocol.case import kinds
from sync_protocol.case.accounts import REASON_MAX
from sync_protocol.case.fields import STAFF_MAX
from sync_protocol.event import mark
from village_node.casebook import Narrowed
from village_node.store.locks import CaseKey
from village_node.web import entry, late_acts, oddities, schemas
from village_node.web.api import shapes
from village_node.web.api.operations import Operation, Taken, done_once, request_of
from village_node.web.api.oversight import PageQuery
from village_node.web.policy import ADMIN, Policy
from village_node.web.schemas import position_text
from village_node.web.site import Visit

TAG: Final = "oversight"
ORDERS: Final = Policy(ADMIN | {"head"}, "node")


class AccountOrderTaken(Taken):
    """``what``: ``disable``, or ``lift`` what this place or one under it has ordered."""

    account = schemas.Text(1, STAFF_MAX, required=True)
    what = marshmallow.fields.String(
        required=True,
        validate=marshmallow.validate.OneOf(("disable", "lift"), error="请从所列选项中选择"),
        error_messages={**schemas.REQUIRED},
    )
    reason = schemas.Text(1, REASON_MAX, required=True)


class AccountOrdered(Schema):
    """What was ordered. Whether it was done there is said by the list, once the place has said so."""

    place, account, what = shapes.text(), shapes.text(), shapes.text("disable", "lift")


class AccountOrderShape(Schema):
    """An order that keeps an account shut."""

    place, by, reason = shapes.text(), shapes.text(), shapes.text()
    ordered_ms = shapes.moment()


class AccountShape(Schema):
    """An account there; ``state``: as the place said last, null where it has said nothing."""

    account = shapes.text()
    state = shapes.maybe("disabled or enabled")
    since_ms = shapes.moment()
    by_order, liftable = shapes.flag(), shapes.flag()
    orders = shapes.many(AccountOrderShape)


class TrailShape(Schema):
    """What the place said last of its audit trail; ``went_back``: it had said more, or another hash, before."""

    lines, hash = shapes.number(), shapes.text()
    at_ms = shapes.moment()
    went_back = shapes.flag()


class PlaceAccounts(Schema):
    """The accounts of a place that were disabled at some time or are ordered to be, and its audit trail."""

    place = shapes.text()
    accounts = shapes.many(AccountShape)
    audit_head = shapes.part(TrailShape, null=True)


class LateQuery(PageQuery):
    """Of which place, and what the number of the account has in it; all where they are left out. Fifty a page."""

    place, account = schemas.Text(0, 12, load_default=""), schemas.Text(0, STAFF_MAX, load_default="")


class LateActShape(Schema):
    """One record: of whose account, and of which case where it is of any. ``kind``: what was done."""

    place, account, kind, record = shapes.text(), shapes.text(), shapes.text(), shapes.text()
    written_ms = shapes.moment()
    case_place, case_id, case_no = shapes.maybe(), shapes.maybe(), shapes.maybe()


class LateActs(Schema):
    """One page of them, what came last first."""

    total, page = shapes.number(), shapes.number()
    acts = shapes.many(LateActShape)


def list_place_accounts(visit: Visit, place: str) -> dict[str, Any]:
    """What a place below has said of its accounts, and the orders that keep them shut."""
    book = visit.site.casebook
    book.refuse_not_below(place, visit.site.places)
    head = book.audit_head_of(place)
    told = [
        {
            **{name: getattr(each, name) for name in ("account", "since_ms", "by_order", "liftable")},
            "state": each.state or None,
            "orders": [
                {
                    "place": order.place,
                    "by": order.actor,
                    "reason": order.said["reason"],
                    "ordered_ms": order.claimed_ms,
                }
                for order in each.orders
            ],
        }
        for each in book.accounts_of(place)
    ]
    trail = {**head._asdict(), "hash": head.hash.hex()} if head is not None else None
    return {"place": place, "accounts": told, "audit_head": trail}


def order_account(visit: Visit, chosen: dict[str, str], asked: dict[str, str], place: str) -> Any:
    """Order that an account of a place below be shut, or lift that. It goes with the next exchange or stick."""
    wanted = request_of(visit, chosen, place, asked)
    what, reason = asked["what"], entry.line(asked["reason"])

    def order() -> CaseKey:
        account = visit.site.casebook.order_account(visit.staff.staff_no, place, asked["account"], what, reason, wanted)
        return place, account.encode()

    (_, account), headers = done_once(visit, wanted, order)
    return {"place": place, "account": account.decode(), "what": what}, 200, headers


def list_late_acts(visit: Visit, asked: dict[str, Any]) -> dict[str, Any]:
    """What accounts of places below have signed after they were disabled, by position; all of it counts."""
    found = visit.site.casebook.late_acts(Narrowed(asked["place"], entry.line(asked["account"])), asked["page"])
    told = []
    for each in (late_acts.line(visit, act) for act in found.acts):
        act = each.act
        told.append({
            "place": act.place, "account": act.account, "kind": kinds.name_of(act.event.kind),
            "record": position_text((act.incarnation, act.event.seq, mark(act.event.hash))),
            "written_ms": each.claimed_ms, "case_id": each.case_id or None, "case_no": each.case_no or None,
            "case_place": each.case_place if each.case_id else None,
        })  # fmt: skip
    return {"total": found.total, "page": found.page, "acts": told}


_ACCOUNTS: Final = "/places/<place>/accounts"
OPERATIONS: Final = (
    Operation(_ACCOUNTS, "list_place_accounts", list_place_accounts, ORDERS, TAG, gives=PlaceAccounts),
    Operation("/late-acts", "list_late_acts", list_late_acts, oddities.READS, TAG, asks=LateQuery, gives=LateActs),
    Operation(
        _ACCOUNTS, "order_account", order_account, ORDERS, TAG, "POST", AccountOrderTaken,
        gives=AccountOrdered, once=True,
    ),
)  # fmt: skip
