"""Everything under this place at once, for programs: cases by stage, cards by whose they are, days, and each place."""

from typing import Any, Final

from marshmallow import Schema

from sync_protocol.case.exclusions import Grade
from sync_protocol.case.workdays import day_of
from sync_protocol.case.workflow import STATES
from village_node.casebook.brought import turned_away
from village_node.casebook.glance import NOTHING_KNOWN
from village_node.store.peers import PeerRow
from village_node.web.api import shapes
from village_node.web.api.operations import Operation
from village_node.web.policy import STAFF, Policy
from village_node.web.site import Visit

TAG: Final = "oversight"
FLOW_DAYS: Final = 30
GRADED: Final[tuple[Grade, ...]] = ("notice", "yellow", "red", "red_plus")


class StageShape(Schema):
    """How many unfinished cases are in a state."""

    state = shapes.text(*STATES)
    cases = shapes.number()


class GradedShape(Schema):
    """A place, and how many unfinished cases have each grade today by its doing: it had them when the card began."""

    place = shapes.text()
    notice, yellow, red, red_plus = (shapes.number() for _ in range(4))


class FlowShape(Schema):
    """How many cases were filed and settled on a day."""

    day = shapes.day()
    filed, settled = shapes.number(), shapes.number()


class PlaceShape(Schema):
    """A place below: when something of it came last, and how many unfinished cases wait there, by their grades.

    Of what it has written, so far as is known here: how many records whose contents have not come, how many papers that
    are not whole, and since when the oldest of them. Null there says that nothing is known to be missing, and not that
    nothing is: what was done after `last_heard_ms` is unknown. `records_parked`: how many came and wait for those
    before them. `turned_away`: of a place right below, that it had brought as much as it may in a day when it was last
    heard; whether there is more, and how much, is unknown."""

    place, parent = shapes.text(), shapes.text()
    last_heard_ms, missing_since_ms = shapes.moment(), shapes.moment()
    records_missing, papers_missing, records_parked = (shapes.number() for _ in range(3))
    turned_away = shapes.flag()
    waiting, notice, yellow, red, red_plus = (shapes.number() for _ in range(5))


class OverviewGiven(Schema):
    """What the page of one screen shows, of what has come here."""

    as_of_ms = shapes.moment()
    stages = shapes.many(StageShape)
    at_fault = shapes.many(GradedShape)
    flow = shapes.many(FlowShape)
    places = shapes.many(PlaceShape)


def read_overview(visit: Visit) -> dict[str, Any]:
    """Cases by stage, cards by whose they are, what came and was settled in thirty days, and every place below."""
    book, today = visit.site.casebook, day_of(visit.now_ms)
    faults = sorted(book.at_fault(today).items(), key=lambda each: (*(-each[1].get(g, 0) for g in GRADED[::-1]), each))
    return {
        "as_of_ms": visit.now_ms,
        "stages": [{"state": state, "cases": number} for state, number in book.stages()],
        "at_fault": [{"place": place, **_grades(graded)} for place, graded in faults],
        "flow": [each._asdict() for each in book.flow(today, FLOW_DAYS)],
        "places": _places(visit),
    }


def _grades(graded: dict[Grade, int]) -> dict[str, int]:
    return {grade: graded.get(grade, 0) for grade in GRADED}


def _places(visit: Visit) -> list[dict[str, Any]]:
    book, places, here = visit.site.casebook, visit.site.places, visit.site.config.place
    held, heard, lacking = book.held_by_grade(), book.last_written(), book.not_whole()
    last: dict[str, PeerRow] = {}
    for row in book.peers():  # what came to the door is newer than what was written
        if row.direction == "down" and row.last_contact_ms:
            heard[row.place] = max(heard.get(row.place, 0), row.last_contact_ms)
            before = last.get(row.place)
            if before is None or (before.last_contact_ms or 0) < row.last_contact_ms:
                last[row.place] = row
    return [
        {
            "place": place,
            "parent": places.parent(place) or "",
            "last_heard_ms": heard.get(place),
            "records_missing": lacking.get(place, NOTHING_KNOWN).records,
            "papers_missing": lacking.get(place, NOTHING_KNOWN).papers,
            "records_parked": lacking.get(place, NOTHING_KNOWN).parked,
            "turned_away": place in last and turned_away(visit.site.config, book.roster, last[place]),
            "missing_since_ms": lacking.get(place, NOTHING_KNOWN).since_ms,
            "waiting": sum(held.get(place, {}).values()),
            **_grades(held.get(place, {})),
        }
        for place in (places.below_or_self(here) if here in places else ())
        if place != here
    ]


OPERATIONS: Final = (
    Operation("/overview", "read_overview", read_overview, Policy(STAFF, "node"), TAG, gives=OverviewGiven),
)
