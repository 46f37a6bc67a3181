"""How many cases programs have read in lists: one line of the audit trail for each token and day.

Nothing is refused: a program copies a node to work with it. But the copy is a list of people, and who looks through the
audit trail sees how much went out by which token. The same case read twice counts twice.
"""

from collections.abc import Callable
from typing import Final

from sync_protocol.case.workdays import day_of
from village_node.store.accounts import AccountRows, ThrottleRow
from village_node.store.audit import Line

_PREFIX: Final = "read:"


class Readings:
    """Counts by token until its day is over. Clock (ms) is handed in."""

    def __init__(self, rows: AccountRows, clock: Callable[[], int]) -> None:
        self._rows = rows
        self._clock = clock

    def note(self, token: int, staff_no: str, cases: int) -> None:
        """Count cases that were given to a program. Raises NotSaved."""
        self._count(f"{_PREFIX}{token}:{staff_no}", cases)

    def settle(self) -> None:
        """Tell of the days that are over; the scheduler has this called."""
        for row in self._rows.throttles(_PREFIX):
            if row.failures and day_of(row.last_ms) != day_of(self._clock()):
                self._count(row.key, 0)

    def _count(self, key: str, cases: int) -> None:
        now, over = self._clock(), []

        def change(row: ThrottleRow | None) -> ThrottleRow:
            if row is not None and day_of(row.last_ms) == day_of(now):
                return row._replace(failures=row.failures + cases)
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
