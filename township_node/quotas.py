"""What one node under this place may bring in a day: over that its events and papers are not taken, and told so.

Nothing is lost by it. Whoever brought too much keeps it, is answered `parked` with `busy` for each stream, offers it
again in a while, and is taken again on the next day; what is owed to it, and everybody else, go on as always. What came
counts with the next message of the same place, in whose transaction it is written down: it costs no write of its own,
and a restart forgets one message at most.
"""

import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

from sync_protocol.case.workdays import day_of
from sync_protocol.errors import Busy
from sync_protocol.exchange import PARKED, Answer, BlobTalk, Content
from sync_protocol.roster import Node, Roster
from village_node.casebook.brought import Quota, Tally, places_of, tally_of
from village_node.store.cases import day_number
from village_node.store.peers import PeerRow

DAY_S: Final = 86_400.0
DAY_MS: Final = 86_400_000


class Quotas:
    """The tallies of the places under this one, and what is left of a message by them: of a place, since a node that
    begins a new life begins no new day."""

    def __init__(
        self,
        quota: Quota,
        roster: Callable[[], Roster],
        clock: Callable[[], int],
        steady: Callable[[], float],
        before: Iterable[PeerRow],
    ) -> None:
        """`steady`: seconds that no clock set wrong touches. `before`: what is written down of every peer. It
        counts for nothing where the clock has gone back since, or is out of its mind: nobody knows then of which day
        it is."""
        self._quota = quota
        self._roster = roster
        self._clock = clock
        self._steady = steady
        self._lock = threading.Lock()  # two lives of one place may speak at once
        self._came: dict[str, tuple[Tally, float]] = {}
        now_ms, now_s = clock(), steady()
        is_sane = day_of(now_ms) != day_of(now_ms + DAY_MS)
        for row in before:
            if row.direction == "down" and is_sane and (row.last_contact_ms or 0) <= now_ms:
                held, _ = self._came.get(row.place, (Tally(), now_s))
                self._came[row.place] = held.most(tally_of(row, now_ms)), now_s

    def begin(self, node: Node) -> dict[str, int]:
        """The tally of a place as it is today, as columns of the row of its node. A day ends with the date, and after a
        day of the steady clock in any case: where the date stands still, nobody is shut out for good."""
        day, now_s = day_number(day_of(self._clock())), self._steady()
        with self._lock:
            came, since_s = self._came.get(node.place, (Tally(day), now_s))
            if came.day != day or now_s - since_s >= DAY_S:
                came, since_s = Tally(day), now_s
            self._came[node.place] = came, since_s
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
        if events and (content.segments or content.bodies):
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
        """A message was taken: so many new events, in so many bytes with everything else. Those count where it brought
        events or bodies, though none of them was new."""
        papers = sum(len(piece.raw) for piece in content.blobs.pieces)
        events = max(size - papers, 0) if content.segments or content.bodies else 0
        with self._lock:
            came, since_s = self._came[node.place]
            more = Tally(came.day, came.events + stored, came.event_bytes + events, came.paper_bytes + papers)
            self._came[node.place] = more, since_s

    def asks_for_bodies(self, node: Node) -> bool:
        """Whether more events, and bodies of them, may come today."""
        return not self._over(node)[0]

    def asks_for_papers(self, node: Node) -> bool:
        """Whether more of papers may come today."""
        return not self._over(node)[1]

    def _over(self, node: Node) -> tuple[bool, bool]:
        return self._quota.over(self._came[node.place][0], places_of(self._roster(), node.place))
