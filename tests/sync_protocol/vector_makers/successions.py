"""The vectors of successions: changes that come after the roster of the file, and who keeps what of each place then."""

from itertools import pairwise

from sync_protocol import roster as rosters
from sync_protocol.errors import ProtocolError
from sync_protocol.places import about, below, follows, may_write
from sync_protocol.roster import Change, Op
from sync_protocol.suites import sha256
from tests.sync_protocol.sample import (
    COUNTY,
    ROSTER,
    STATION,
    TOWNSHIP,
    TOWNSHIP_2,
    VILLAGE,
    VILLAGE_2,
    VILLAGE_3,
    WINDOW,
    changed,
    incarnation,
)
from tests.sync_protocol.vector_makers.revocations import steps
from tests.sync_protocol.vector_makers.shapes import Vector, change_hex, network

STATION_2, STATION_3, WINDOW_2 = f"{VILLAGE}-02", f"{VILLAGE_2}-01", "621021-02"
SHOWN = (STATION, VILLAGE, VILLAGE_2, VILLAGE_3, TOWNSHIP, TOWNSHIP_2)
Said = tuple[str, list[Op], str]


def case(name: str, changes: list[Change], shown: tuple[str, ...] = SHOWN) -> Vector:
    """What these changes amount to, or the error of the last one."""
    roster, error = ROSTER, None
    for change in changes:
        try:
            roster = roster.apply(change)
        except ProtocolError as refusal:
            error = refusal.name
    places = roster.places
    chains = {change.payload for part in roster.heads() for change in roster.changes(part)}
    return {
        "name": name,
        "changes": [change_hex(change) for change in changes],
        "error": error,
        "stands": [change_hex(change) for change in changes if change.payload in chains],
        "above": {place: list(places.path_up(place)[1:]) for place in shown},
        "line": {place: list(places.line_of(place)) for place in shown},
        "writers": {place: sorted(who for who in shown if may_write(places, who, about(place))) for place in shown},
        "hearers": {place: sorted(who for who in shown if follows(places, who, below(place))) for place in shown},
    }


def said(place: str, heir: str, part: str = TOWNSHIP) -> Said:
    """That one place is succeeded by another, in a part, by who publishes there."""
    return part, [rosters.succeed_op(place, heir)], "township" if part == TOWNSHIP else "publisher 2"


def named(*places: tuple[str, str, str], part: str = TOWNSHIP) -> Said:
    """That there are more places, (code, level, parent) each."""
    ops = [rosters.place_op(code, level, parent, code) for code, level, parent in places]
    return part, ops, "township" if part == TOWNSHIP else "publisher 2"


def in_a_line(count: int) -> list[Change]:
    """Villages of which each succeeds the one before, `count` successions in a line."""
    codes = [f"62102110121{number:02}" for number in range(count + 1)]
    new = named(*((code, "village", TOWNSHIP) for code in codes))
    return steps(new, *(said(*pair) for pair in pairwise(codes)))


def ruled_out() -> list[Change]:
    """A succession in the township's part, and a ruling by which another change stands there."""
    here, other = steps(said(VILLAGE, VILLAGE_2)), steps(named((STATION_2, "station", VILLAGE)))
    split = ROSTER.length(TOWNSHIP) + 1
    op = rosters.ruling_op(TOWNSHIP, split, [sha256(other[0].payload)], [])
    return [*here, changed(ROSTER, COUNTY, [op], "root 3", "root 4"), *other]


def shut_out() -> Said:
    """The revocation of the township's node: of its part stands what the file has, and nothing after it."""
    return COUNTY, [rosters.revoke_op(incarnation("township"), (), ROSTER.length(TOWNSHIP))], "publisher 2"


def successions() -> Vector:
    """Successions that hold, and that do not."""
    here, back = said(VILLAGE, VILLAGE_2), said(VILLAGE_2, VILLAGE)
    moved = (TOWNSHIP, [rosters.place_op(VILLAGE, "village", TOWNSHIP, "南庄组")], "township")
    again = (TOWNSHIP, [rosters.place_op(VILLAGE, "village", VILLAGE_2, "南庄组")], "township")
    window_2 = named((WINDOW_2, "station", COUNTY), part=COUNTY)
    stations = named((STATION_2, "station", VILLAGE), (STATION_3, "station", VILLAGE_2))
    third = named(("621021101203", "village", TOWNSHIP))
    onward, three = said(VILLAGE_2, "621021101203"), (STATION, VILLAGE, VILLAGE_2, "621021101203", TOWNSHIP)
    below_both = (STATION, STATION_2, STATION_3, VILLAGE, VILLAGE_2, TOWNSHIP)
    cases = [
        case("one village goes on with another", steps(here)),
        case("by the county, for a village of a township", steps(said(VILLAGE, VILLAGE_2, COUNTY))),
        case("the same once more", steps(here, here)),
        case("the same once more, in the part of the county", steps(here, said(VILLAGE, VILLAGE_2, COUNTY))),
        case("a village with a new name", steps(here, moved)),
        case("named again under the one that succeeds it", steps(here, again)),
        case("back again", steps(here, back)),
        case("by itself", steps(said(VILLAGE, VILLAGE))),
        case("by a place of another level", steps(said(VILLAGE, STATION))),
        case("by one under another township", steps(said(VILLAGE, VILLAGE_3, COUNTY))),
        case("of townships", steps(said(TOWNSHIP, TOWNSHIP_2, COUNTY))),
        case("by a place that nobody has named", steps(said(VILLAGE, "621021101299"))),
        case("by the key of another township", steps((TOWNSHIP, here[1], "township 2"))),
        case("in the part of the county", steps(window_2, said(WINDOW, WINDOW_2, COUNTY)), (WINDOW, WINDOW_2, COUNTY)),
        case("one after the other", steps(third, here, onward), three),
        case("one after the other, the later one first", steps(third, onward, here), three),
        case("of stations, and of the village above them", steps(stations, said(STATION, STATION_2), here), below_both),
        case("of stations of two villages", steps(stations, said(STATION, STATION_3)), below_both),
        case("sixteen in a line", in_a_line(16), ("6210211012100", "6210211012108", "6210211012116", TOWNSHIP)),
        case("seventeen in a line", in_a_line(17), ("6210211012100", "6210211012108", "6210211012116", TOWNSHIP)),
        case("ruled out of its chain", ruled_out()),
        case("ruled out of its chain and said again", [*ruled_out(), *said_after(ruled_out(), here)]),
        case("gone with a revocation", steps(here, shut_out())),
    ]  # fmt: skip
    return {
        "about": "Successions: who succeeds whom, the line of each place, who may write about it, and who hears it.",
        **network(),
        "cases": cases,
    }


def said_after(changes: list[Change], step: Said) -> list[Change]:
    """One more change behind these, all of which hold."""
    roster = ROSTER
    for change in changes:
        roster = roster.apply(change)
    part, ops, signer = step
    return [changed(roster, part, ops, signer)]
