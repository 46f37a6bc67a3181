"""What one node under this place may bring in a day: over that its events and papers are not taken, and told so.

Nothing is lost by it. Whoever brought too much keeps it, is answered `parked` with `busy` for each stream, offers it
again in a while, and is taken again on the next day; what is owed to it, and everybody else, go on as always. What came
counts with the next message of the same node, in whose transaction it is written down: it costs no write of its own,
and a restart forgets one message at most.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final, NamedTuple

from sync_protocol.case.workdays import day_of
from sync_protocol.errors import Busy
from sync_protocol.exchange import PARKED, Answer, BlobTalk, Content
from sync_protocol.places import UnknownPlace
from sync_protocol.roster import Node, Roster
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
    """What came of one node on a day (days since 1970, in China)."""

    day: int = 0
    events: int = 0
    event_bytes: int = 0
    paper_bytes: int = 0

    def on(self, day: int) -> "Tally":
        """The same on that day, or an empty one if it is of another."""
        return self if self.day == day else Tally(day)


def quota_of(config: Config) -> Quota:
    """What the settings say."""
    return Quota(config.quota_events, config.quota_event_mb << 20, config.quota_paper_mb << 20)


def tally_of(row: PeerRow, now_ms: int) -> Tally:
    """What is written down of a node for today."""
    came = Tally(row.day, row.day_events, row.day_event_bytes, row.day_paper_bytes)
    return came.on(day_number(day_of(now_ms)))


def places_of(roster: Roster, place: str) -> int:
    """For how many places a node at one speaks: its own, and those under it, whose events it brings."""
    try:
        return len(roster.places.below_or_self(place))
    except UnknownPlace:
        return 1


class Quotas:
    """The tallies of the nodes under this place, and what is left of a message by them. One message of a node at a
    time, as the exchange has it; messages of different nodes touch different tallies."""

    def __init__(self, quota: Quota, roster: Callable[[], Roster], clock: Callable[[], int]) -> None:
        self._quota = quota
        self._roster = roster
        self._clock = clock
        self._came: dict[bytes, Tally] = {}

    def begin(self, node: Node, row: PeerRow | None) -> dict[str, int]:
        """The tally of a node as it is today, as columns of its row."""
        now_ms = self._clock()
        came = self._came.get(node.incarnation) or (tally_of(row, now_ms) if row is not None else Tally())
        came = self._came[node.incarnation] = came.on(day_number(day_of(now_ms)))
        return {
            "day": came.day,
            "day_events": came.events,
            "day_event_bytes": came.event_bytes,
            "day_paper_bytes": came.paper_bytes,
        }

    def taken(self, node: Node, content: Content) -> tuple[Content, list[Answer]]:
        """What of a message is taken, and the answers for what is not."""
        events, papers = self._over(node)
        answers = []
        if events and content.segments:
            first: dict[tuple[bytes, str], int] = {}
            for each in content.segments:
                stream = (each.incarnation, each.scope)
                first[stream] = min(first.get(stream, each.first_seq), each.first_seq)
            answers = [Answer(*stream, seq, PARKED, Busy.code) for stream, seq in first.items()]
            content = replace(content, segments=[], bodies=[])
        if papers and content.blobs.pieces:
            content = replace(content, blobs=BlobTalk(content.blobs.wants, [], content.blobs.receipts))
        return content, answers

    def count(self, node: Node, content: Content, stored: int, size: int) -> None:
        """A message was taken: so many new events, in so many bytes with everything else."""
        papers = sum(len(piece.raw) for piece in content.blobs.pieces)
        came = self._came[node.incarnation]
        events = size - papers if stored else 0
        self._came[node.incarnation] = Tally(
            came.day, came.events + stored, came.event_bytes + max(events, 0), came.paper_bytes + papers
        )

    def asks_for_papers(self, node: Node) -> bool:
        """Whether more of papers may come today."""
        return not self._over(node)[1]

    def _over(self, node: Node) -> tuple[bool, bool]:
        return self._quota.over(self._came[node.incarnation], places_of(self._roster(), node.place))
