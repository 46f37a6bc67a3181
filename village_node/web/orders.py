"""The orders to put right (整改单) on one list: which this place is to answer, and which applicant is to be asked."""

from typing import Final

from flask import url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from sync_protocol.case import Position
from village_node.casebook import OpenOrder
from village_node.web import clocks, entry, filters, schemas, searches, times, voices, words
from village_node.web.filters import Filters
from village_node.web.policy import CASEWORK, Policy, Route
from village_node.web.site import Visit

READS: Final = Policy(CASEWORK, "node", "masked")
VIEWS: Final[dict[str, tuple[str, str]]] = {
    "here": ("本单位要答复的", "For this place to answer"),
    "call": ("待申请人评价", "The applicant is to be asked"),
    "all": ("全部未答复的", "All that are not answered"),
    "appeals": ("差评申诉待答复", "Appeals for this place to answer"),
}
EMPTY: Final[dict[str, tuple[str, str]]] = {
    "here": ("没有等本单位答复的整改单。", "No order waits for this place."),
    "call": ("没有等申请人评价的整改。", "No applicant is to be asked."),
    "all": ("没有未答复的整改单。", "Every order is answered."),
    "appeals": ("没有等本单位答复的差评申诉。", "No appeal waits for this place."),
}


def orders(visit: Visit) -> Response:
    """One view of the list, the longest open first."""
    (view, asked), number = narrowed(visit), entry.page(visit.request.args.get("page", "1"))
    found = visit.site.casebook.orders(view, number, asked.text, whole_name=searches.by_whole_name(visit))
    return visit.render(
        "orders.html",
        view=view,
        views=VIEWS,
        empty=EMPTY[view],
        counts=visit.site.casebook.order_counts(),
        found=found,
        filters=asked,
        page_link=lambda page: visit.again("orders", page=page),
        stage=lambda each: visit.t(*words.STAGES[each.order.stage]),
        rated=lambda each: visit.t(*words.choice_words(each.order.rating.body["grade"])),
        badge_of=lambda each: clocks.grade_badge(each.clock.grade),
        clock=lambda each: voices.clock_words(visit, each.clock),
        rated_on=lambda each: times.moment(each.order.since_ms, visit.lang),
        printed=lambda each: _document(each),
    )


def narrowed(visit: Visit) -> tuple[str, Filters]:
    """Which view the address asks for, and what it is narrowed to."""
    view = visit.request.args.get("view", "here")
    if view not in VIEWS:
        raise NotFound
    return view, filters.asked(visit, "orders", searches.label_of_cases(visit), kept=("view",))


def _document(each: OpenOrder) -> str:
    rating: Position = each.order.rating.position
    return url_for(
        "document",
        place=each.row.scope.partition(":")[2],
        case_id=each.row.case_id.hex(),
        position=schemas.position_text(rating),
        code="rectify",
    )


ROUTES: Final = (Route("/orders", "orders", orders, READS),)
