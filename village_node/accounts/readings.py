"""How many cases programs have read in lists: one line of the audit trail for each token and day.

A program copies a node to work with it. But the copy is a list of people, and whoever looks after tokens, or through
the audit trail, sees how much went out by which. Where a node sets a bound, no more go out by a token in a day, and
none where they cannot be counted. The same case read twice counts twice.
"""

from collections.abc import Callable
from typing import Final

from sync_protocol.case.workdays import day_of
from village_node.store import NotSaved
from village_node.store.audit import Line
from village_node.store.throttles import ThrottleRow, ThrottleRows

_PREFIX: Final = "read:"


class UsedUp(Exception):
    """More cases are asked for than a token may read today; ``left``: how many it may."""

    def __init__(self, most: int, left: int) -> None:
        super().__init__(f"a token reads {most} cases a day, {left} are left")
        self.most = most
        self.left = left


class Readings:
    """Counts by token until its day is over. Clock (ms) is handed in, and ``most``: how many cases a token may read in
    a day; 0: any number."""

    def __init__(self, rows: ThrottleRows, clock: Callable[[], int], most: int = 0) -> None:
        self._rows = rows
        self._clock = clock
        self.most = most

    def note(self, token: int, staff_no: str, cases: int) -> None:
        """Count cases that are given to a program. Raises UsedUp, and then none are counted. With a full disk programs
        may still read, unless there is a bound: raises NotSaved then."""
        try:
            self._count(f"{_PREFIX}{token}:{staff_no}", cases)
        except NotSaved:
            if self.most:
                raise

    def today(self) -> dict[int, int]:
        """Token -> how many cases it has read today."""
        today, found = day_of(self._clock()), dict[int, int]()
        for row in self._rows.throttles(_PREFIX):
            if day_of(row.last_ms) == today:
                token = int(row.key.removeprefix(_PREFIX).partition(":")[0])
                found[token] = found.get(token, 0) + row.failures
        return found

    def settle(self) -> None:
        """Tell of the days that are over; the scheduler has this called."""
        for row in self._rows.throttles(_PREFIX):
            if row.failures and day_of(row.last_ms) != day_of(self._clock()):
                self._count(row.key, 0)

    def _count(self, key: str, cases: int) -> None:
        now, over = self._clock(), []

        def change(row: ThrottleRow | None) -> ThrottleRow:
            same_day = row is not None and day_of(row.last_ms) == day_of(now)
            had = row.failures if row is not None and same_day else 0
            if self.most and cases and had + cases > self.most:
                raise UsedUp(self.most, max(self.most - had, 0))
            if row is not None and same_day:
                return row._replace(failures=had + cases)
            if row is not None and row.failures:
                over.append(row)
            return ThrottleRow(key, cases, now, now)

        def tell(_: ThrottleRow) -> Line | None:
            if not over:
                return None
            token, staff_no = key.removeprefix(_PREFIX).split(":", 1)
            detail = {"day": day_of(over[-1].last_ms).isoformat(), "cases": over[-1].failures}
            return Line(now, staff_no, "token.read", token, detail)

        self._rows.change_throttle(key, change, tell)
