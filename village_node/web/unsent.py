"""Whether a case that was handed over has left: on its way is what the next node has signed for, and nothing before."""

from collections.abc import Iterable

from sync_protocol.case import Case
from village_node.casebook import TimelineEntry
from village_node.web.site import Visit


def is_unsent(visit: Visit, case: Case, entries: Iterable[TimelineEntry]) -> bool:
    """Whether this node handed the case over and nobody on its way there has given a receipt for that yet."""
    here, places = visit.site.config.place, visit.site.places
    sent = next((each for each in entries if each.position == case.last), None)
    if not case.transit_to or sent is None or sent.place != here:
        return False
    down = _is_below(visit, case.transit_to)
    return not any(place in places and _is_below(visit, place) == down for place, _ in sent.receipts if place != here)


def _is_below(visit: Visit, place: str) -> bool:
    here, places = visit.site.config.place, visit.site.places
    return here in places and place in places and places.covers(here, place)
