"""Bad ratings that a bulletin of this place has taken points for before they were appealed against.

One that is found to stand counts from the day of the finding. Where a bulletin has it already, under the day of the
rating, it counts there and nowhere else: in the books of who publishes each rating stands once.
"""

from typing import NamedTuple

from sync_protocol.case.bulletins import Bulletin, counting
from sync_protocol.case.workdays import day_of
from sync_protocol.places import about
from village_node.casebook.bulletins_held import BulletinsHeld
from village_node.casebook.reading import folded
from village_node.store import Connection, figures
from village_node.store.cases import day_number
from village_node.store.faults import BAD_RATING
from village_node.store.figures import Line
from village_node.store.locks import CaseKey

Named = dict[tuple[CaseKey, str], set[int]]


class Told(NamedTuple):
    """A rating as it is known now, and under which day (days since 1970) a bulletin has it."""

    line: Line
    day: int


class ToldRatings(BulletinsHeld):
    """What the bulletins of this place have told of ratings."""

    def _told_ratings(self, kind: str) -> list[Told]:
        """Those that bulletins of months, quarters or years name under another day than they count from now."""

        def compute(connection: Connection) -> list[Told]:
            named: Named = {}
            for each in counting(self._own(connection)):
                if isinstance(each.said, Bulletin) and each.said.kind == kind:
                    for one in each.said.deductions:
                        if one.rule == BAD_RATING:
                            named.setdefault(((about(one.home), one.case_id), one.place), set()).add(one.day)
            known = figures.ratings_of(connection, {key for key, _ in named})
            return [
                told
                for line in known
                if line.day not in named.get((line.key, line.place), {line.day})
                for told in self._appealed(connection, line, named[line.key, line.place])
            ]

        return self.remembered(f"told ratings {kind}", compute)

    def _appealed(self, connection: Connection, line: Line, days: set[int]) -> list[Told]:
        """The one of a case that was found to stand on the day of this line, where it was given on one of those days;
        another rating of the same case counts by itself."""
        case = folded(self, connection, self.roster_in(connection), line.key)[0]
        given = [
            day_number(day_of(order.rating.at_ms))
            for order in (case.orders if case is not None else ())
            if order.finding is not None
            and (order.place, day_number(day_of(order.finding.at_ms))) == (line.place, line.day)
        ]
        return [Told(line, day) for day in given if day in days][:1]
