"""The places under this one at a glance: cases by stage, what came and was settled, how fresh what is held of each."""

from datetime import date, timedelta
from typing import Final, NamedTuple, cast

from sync_protocol.case.exclusions import Grade
from sync_protocol.case.workflow import STATES
from sync_protocol.places import parse_scope
from village_node.casebook.reading import Reading
from village_node.store import Connection, blobs, cases, glance, parking, streams


class DayFlow(NamedTuple):
    """One day: how many cases were filed, and how many settled."""

    day: date
    filed: int
    settled: int


class NotWhole(NamedTuple):
    """What places have written and what has not come whole: how many records whose body is missing, how many papers,
    and since when the oldest of them is known of here; None where nothing is known to be missing. ``parked``: how many
    records wait beside their stream for what is before them."""

    records: int
    papers: int
    since_ms: int | None
    parked: int = 0

    def joined(self, other: "NotWhole") -> "NotWhole":
        """Both together."""
        since = min((at for at in (self.since_ms, other.since_ms) if at is not None), default=None)
        sums = (self.records + other.records, self.papers + other.papers, since, self.parked + other.parked)
        return NotWhole._make(sums)


NOTHING_KNOWN: Final = NotWhole(0, 0, None)


class Glance(Reading):
    """The part of the casebook that a county is looked at with."""

    def stages(self) -> list[tuple[str, int]]:
        """The states that unfinished cases are in, in the order of the workflow, each with how many."""
        found = self.remembered("stages", glance.by_state)
        return [(state, found[state]) for state in STATES if state in found]

    def flow(self, last: date, days: int) -> list[DayFlow]:
        """The days until one, itself counted, the earliest first."""
        first, end = cases.day_number(last) - days + 1, cases.day_number(last)

        def read(connection: Connection) -> tuple[dict[int, int], dict[int, int]]:
            return (
                glance.filed_by_day(connection, first, end),
                glance.settled_by_day(connection, first, end),
            )

        filed, settled = self.remembered(f"flow {first} {end}", read)
        return [
            DayFlow(last - timedelta(end - day), filed.get(day, 0), settled.get(day, 0))
            for day in range(first, end + 1)
        ]

    def at_fault(self, day: date) -> dict[str, dict[Grade, int]]:
        """Place -> how many unfinished cases have each grade on a day by its doing: it had them when the card began."""
        number, found = cases.day_number(day), dict[str, dict[Grade, int]]()
        for grade, place, count in self.remembered(f"faults {number}", lambda view: glance.by_fault(view, number)):
            found.setdefault(place, {})[cast(Grade, grade)] = count
        return found

    def last_written(self) -> dict[str, int]:
        """Place -> when the newest event was written, in ms, of those that places have written and that are here.

        By the clock of whoever wrote; never later than it arrived, or than now."""
        now = self.clock()
        return {place: min(at, now) for place, at in self.remembered("last written", self._last_written).items()}

    def not_whole(self) -> dict[str, NotWhole]:
        """Place -> what of what it has written is known of here and has not come whole. Of what it has not told us
        nothing can be known, so a place that is not named may lack anything written since it was last heard."""
        found = dict(self.remembered("not whole", self._not_whole))
        with self.store.reading() as connection:  # what is only parked is no news of any scope
            waiting, roster = parking.parked_since(connection), self.roster_in(connection)
        for incarnation, scope, number, at_ms in waiting:
            node = self.author(roster, incarnation)
            place = node.place if node is not None else parse_scope(scope)[1]
            found[place] = found.get(place, NOTHING_KNOWN).joined(NotWhole(0, 0, at_ms, number))
        return found

    def _not_whole(self, connection: Connection) -> dict[str, NotWhole]:
        roster, found = self.roster_in(connection), dict[str, NotWhole]()
        lacking = [(place, NotWhole(0, papers, at)) for place, papers, at in blobs.missing_by_place(connection)]
        for incarnation, count, at_ms in streams.missing_by_stream(connection):
            node = self.author(roster, incarnation)
            if node is not None:
                lacking.append((node.place, NotWhole(count, 0, at_ms)))
        for place, what in lacking:
            found[place] = found.get(place, NOTHING_KNOWN).joined(what)
        return found

    def _last_written(self, connection: Connection) -> dict[str, int]:
        roster, found = self.roster_in(connection), dict[str, int]()
        for incarnation, at_ms in glance.written(connection):
            node = self.author(roster, incarnation)
            if node is not None:
                found[node.place] = max(found.get(node.place, 0), at_ms)
        return found
