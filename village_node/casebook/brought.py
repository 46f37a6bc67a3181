"""How much a node below may bring in a day, and how much it has brought, as it is written down beside it."""

from typing import Final, NamedTuple

from sync_protocol.case.workdays import day_of
from sync_protocol.places import UnknownPlace
from sync_protocol.roster import Roster
from village_node.config import Config
from village_node.store.cases import day_number
from village_node.store.peers import PeerRow

UNLIMITED: Final = 0


class Quota(NamedTuple):
    """So much in a day for each place that a node speaks for; 0: without limit."""

    events: int = UNLIMITED
    event_bytes: int = UNLIMITED
    paper_bytes: int = UNLIMITED

    def over(self, came: "Tally", places: int) -> tuple[bool, bool]:
        """Whether no more events, and no more of papers, are taken on this day of a node that speaks for so many."""
        events = 0 < self.events * places <= came.events or 0 < self.event_bytes * places <= came.event_bytes
        return events, 0 < self.paper_bytes * places <= came.paper_bytes


NO_QUOTA: Final = Quota()


class Tally(NamedTuple):
    """What came of the nodes of one place on a day (days since 1970, in China)."""

    day: int = 0
    events: int = 0
    event_bytes: int = 0
    paper_bytes: int = 0

    def on(self, day: int) -> "Tally":
        """The same on that day, or an empty one if it is of another."""
        return self if self.day == day else Tally(day)

    def most(self, other: "Tally") -> "Tally":
        """What has come where two lives of a place have each written down how much there was by then."""
        return max(self, other) if self.day != other.day else Tally._make(map(max, self, other))


def quota_of(config: Config) -> Quota:
    """What the settings say."""
    return Quota(config.quota_events, config.quota_event_mb << 20, config.quota_paper_mb << 20)


def tally_of(row: PeerRow, now_ms: int) -> Tally:
    """What is written down of a node for today."""
    return _written_down(row).on(day_number(day_of(now_ms)))


def turned_away(config: Config, roster: Roster, row: PeerRow) -> bool:
    """Whether something was not taken of what a node last brought, if it brought any: it had reached its quota of that
    day. What and how much that was nobody here knows."""
    return any(quota_of(config).over(_written_down(row), places_of(roster, row.place)))


def _written_down(row: PeerRow) -> Tally:
    return Tally(row.day, row.day_events, row.day_event_bytes, row.day_paper_bytes)


def places_of(roster: Roster, place: str) -> int:
    """For how many places a node at one speaks: its own, and those under it, whose events it brings."""
    try:
        return len(roster.places.below_or_self(place))
    except UnknownPlace:
        return 1
