"""The part of the casebook about bad ratings: the orders to put right, who may answer and rate, and their list."""

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from sync_protocol.case import Case, CaseEvent, Position, kinds
from sync_protocol.case.complaints import ONESELF
from sync_protocol.case.orders import Order
from sync_protocol.case.voices import Span, span
from sync_protocol.case.workdays import Calendar, day_of
from sync_protocol.places import PlaceTree
from village_node.casebook import conditions, rated
from village_node.casebook.calendars import calendar_in
from village_node.casebook.conditions import Words
from village_node.casebook.errors import BadBody
from village_node.casebook.reading import Reading, folded
from village_node.store import case_lists
from village_node.store.cases import CaseRow

# What is recorded for the applicant, and what an office answers to it.
RATED: Final = frozenset({kinds.RATING, kinds.FOLLOW_UP, kinds.CALL_BACK})
HANDLES: Final = kinds.STAGE_KINDS | {kinds.RECTIFICATION}  # by whom, those have handled the case
ASKED: Final = frozenset({*RATED, kinds.RECTIFICATION, kinds.RATING_APPEAL})
PAGE_SIZE: Final = 50
_REACHED, _GRADE = 0, 2  # fields of a call
_STAGE, _CHANNEL = 1, 3  # of a rating
# How a rating reaches staff that records it; all else is the applicant's own doing.
GIVEN_TO_STAFF: Final = ("phone", "paper")
VIEWS: Final = ("here", "all", "call", "appeals")


class OpenOrder(NamedTuple):
    """One order on a list: its case's row, the order, and its clock."""

    row: CaseRow
    order: Order
    clock: Span


class OrderPage(NamedTuple):
    """One page of the list; ``total``: how many cases have such an order."""

    orders: list[OpenOrder]
    total: int
    page: int
    page_size: int = PAGE_SIZE


def span_of(order: Order, calendar: Calendar, now_ms: int) -> Span:
    """The clock of an order as of now."""
    answered = order.answered_ms
    ended = day_of(answered) if answered is not None else None
    return span("rectification", day_of(order.since_ms), ended, calendar, day_of(now_ms))


def why_not_recorded(place: str, written: Iterable[CaseEvent], actor: str) -> Words | None:
    """Say why this person may not record what the applicant says of a case: they handled it at this place."""
    ours = (each for each in written if each.place == place)
    return conditions.why_not_rated({each.actor for each in ours if each.kind in HANDLES}, actor)


def why_not(
    case: Case, kind: int, body: dict[int, Any], place: str, places: PlaceTree, written: Iterable[CaseEvent], actor: str
) -> Words | None:
    """Say why this person may not record the applicant's rating, or this place not answer the one named. Raises BadBody
    for a grade given by who was not reached, and for one that staff records though it did not come by them."""
    if kind in RATED:
        if kind == kinds.CALL_BACK and _GRADE in body and not body[_REACHED]:
            raise BadBody("grade", "没有联系上的不选评价", "who was not reached has given no grade: leave it empty")
        wrong = why_not_recorded(place, written, actor)
        if wrong is None and actor == ONESELF and kind == kinds.RATING:
            wrong = conditions.why_not_rated_again(case, body[_STAGE])
        if wrong is not None:
            return wrong
        if actor != ONESELF and kind != kinds.CALL_BACK and body.get(_CHANNEL) not in GIVEN_TO_STAFF:
            raise BadBody(
                "channel",
                "工作人员只能登记申请人打电话或书面给出的评价，请选“电话”或“纸质”；评价屏和网上由申请人自己评",
                "only what the applicant said on the telephone or wrote is recorded by staff: choose one of the two",
            )
        if kind != kinds.FOLLOW_UP:
            return None
        waiting = [order.unrated.position for order in case.orders if order.unrated is not None]
        gone = "这次整改已经评价过，或不在本案", "what was put right there is rated already, or is not of this case"
    else:
        mine = (
            order for order in case.orders if places.covers(place, order.place) or places.inherits(place, order.place)
        )
        asked = [order for order in mine if order.asks is not None]
        waiting = [order.asks.position for order in asked if order.asks is not None]
        gone = "这张整改单已经答复，或不由本单位答复", "this order is answered already, or is not ours to answer"
    return None if Position(*body[0]) in waiting else gone


class Orders(Reading):
    """The list of orders to put right."""

    def orders(self, view: str, page: int = 1, text: str = "", *, whole_name: bool = False) -> OrderPage:
        """The open orders: ``here``, those this place is to answer; ``all``, those of every place below too; ``call``,
        those whose applicant is to be asked again; ``appeals``, those whose rating is appealed against, for this place
        to answer. The longest open first. ``text``, ``whole_name``: as of the work list. KeyError for another view."""
        place = self.identity.place
        with self.store.reading() as connection:
            roster, calendar, now_ms = self.roster_in(connection), calendar_in(self, connection), self.clock()
            oldest = case_lists.OLDEST_APPEAL if view == "appeals" else case_lists.OLDEST_ORDER
            condition = case_lists.orders_view(view, place) & case_lists.matching(text, whole_name=whole_name)
            listed = case_lists.page(connection, condition, page, PAGE_SIZE, first=oldest)
            found = []
            for row in listed.rows:
                case, _ = folded(self, connection, roster, row[:2])
                for order in case.orders if case is not None else ():
                    if _is_in(view, order, place, roster.places):
                        found.append(OpenOrder(row, order, span_of(order, calendar, now_ms)))
            return OrderPage(found, listed.total, listed.page)

    def order_counts(self) -> dict[str, int]:
        """How many cases each view has; counted again only after something has changed."""
        place = self.identity.place
        return dict(
            self.remembered(
                "orders",
                lambda connection: {
                    each: case_lists.count(connection, case_lists.orders_view(each, place)) for each in VIEWS
                },
            )
        )


def _is_in(view: str, order: Order, place: str, places: PlaceTree) -> bool:
    if view == "appeals":
        return order.appealed is not None and rated.judge_of(order.place, places) == place
    if view == "call":
        return order.unrated is not None
    return order.asks is not None and (view == "all" or place in rated.answering(order, places))
