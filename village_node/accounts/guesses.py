"""Refused sign-ins of everybody together: whoever guesses at one account from many addresses, or once at each of many
accounts, stays below what is counted of each. Nobody is kept out by this count; it is noted and shown."""

from collections.abc import Callable
from contextlib import suppress
from typing import Final

from village_node.accounts.throttle import HOUR_MS
from village_node.store import NotSaved
from village_node.store.audit import Line
from village_node.store.throttles import ThrottleRow, ThrottleRows

# A hall of thirty people mistypes less in an hour.
ALARM_AT: Final = 100
_KEY: Final = "sign-in-all"


class Guesses:
    """Counts what was refused, by hours that begin with the first refusal; clock (ms) is handed in."""

    def __init__(self, rows: ThrottleRows, clock: Callable[[], int]) -> None:
        self._rows = rows
        self._clock = clock

    def note(self, source: str) -> None:
        """Count one refusal, one that has to wait as well; an hour with very many has one line in the audit trail. What
        cannot be counted changes no answer."""
        now = self._clock()

        def change(row: ThrottleRow | None) -> ThrottleRow:
            if row is None or not row.last_ms <= now < row.blocked_until_ms:
                return ThrottleRow(_KEY, 1, now, now + HOUR_MS)
            return ThrottleRow(_KEY, row.failures + 1, now, row.blocked_until_ms)

        def tell(row: ThrottleRow) -> Line | None:
            if row.failures != ALARM_AT:
                return None
            return Line(now, "", "session.alarm", "", {"refused_within_the_hour": row.failures, "source": source})

        with suppress(NotSaved):
            self._rows.change_throttle(_KEY, change, tell)

    def alarming(self) -> int:
        """How many were refused in an hour that has had very many and is not long over; otherwise 0."""
        row = self._rows.throttle(_KEY)
        recent = row is not None and self._clock() - row.last_ms < HOUR_MS
        return row.failures if row is not None and recent and row.failures >= ALARM_AT else 0
