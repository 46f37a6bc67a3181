"""The vectors of successions: changes that come after the roster of the file, and under whom each place lies then."""

from sync_protocol import roster as rosters
from sync_protocol.errors import ProtocolError
from sync_protocol.roster import Change
from tests.sync_protocol.sample import COUNTY, ROSTER, STATION, TOWNSHIP, TOWNSHIP_2, VILLAGE, VILLAGE_2, VILLAGE_3
from tests.sync_protocol.vector_makers.revocations import steps
from tests.sync_protocol.vector_makers.shapes import Vector, change_hex, network

SHOWN = (STATION, VILLAGE, VILLAGE_2, VILLAGE_3, TOWNSHIP, TOWNSHIP_2)


def case(name: str, changes: list[Change]) -> Vector:
    """What these changes amount to, or the error of the last one."""
    roster, error = ROSTER, None
    for change in changes:
        try:
            roster = roster.apply(change)
        except ProtocolError as refusal:
            error = refusal.name
    return {
        "name": name,
        "changes": [change_hex(change) for change in changes],
        "error": error,
        "above": {place: list(roster.places.path_up(place)[1:]) for place in SHOWN},
        "reports_to": {place: list(roster.places.reports_to(place)) for place in SHOWN},
    }


def successions() -> Vector:
    """Successions that hold, and that do not."""
    here = (TOWNSHIP, [rosters.succeed_op(VILLAGE, VILLAGE_2)], "township")
    there = (COUNTY, [rosters.succeed_op(VILLAGE, VILLAGE_2)], "publisher 2")
    back = (TOWNSHIP, [rosters.succeed_op(VILLAGE_2, VILLAGE)], "township")
    again = (TOWNSHIP, [rosters.place_op(VILLAGE, "village", VILLAGE_2, "南庄组")], "township")
    before, unnamed = (
        rosters.place_op(VILLAGE, "village", TOWNSHIP, "南庄"),
        rosters.succeed_op(VILLAGE, "621021101299"),
    )
    cases = [
        case("one village goes on with another", steps(here)),
        case("the county says so too", steps(here, there)),
        case("named again where it lies now", steps(here, again)),
        case("named again where it lay before", steps(here, (TOWNSHIP, [before], "township"))),
        case("back again", steps(here, back)),
        case("by itself", steps((TOWNSHIP, [rosters.succeed_op(VILLAGE, VILLAGE)], "township"))),
        case("by a place of another level", steps((TOWNSHIP, [rosters.succeed_op(VILLAGE, STATION)], "township"))),
        case("by one under another township", steps((COUNTY, [rosters.succeed_op(VILLAGE, VILLAGE_3)], "publisher 2"))),
        case("of townships", steps((COUNTY, [rosters.succeed_op(TOWNSHIP, TOWNSHIP_2)], "publisher 2"))),
        case("by a place that nobody has named", steps((TOWNSHIP, [unnamed], "township"))),
        case("by the key of another township", steps((TOWNSHIP, here[1], "township 2"))),
    ]  # fmt: skip
    return {"about": "Successions: which place lies under which.", **network(), "cases": cases}
