"""The county's daily word on all it holds: when it is due, and that it is not missed."""

from collections.abc import Callable
from typing import Final

from sync_protocol.checkpoint import Checkpoint
from village_node.casebook import Casebook

DAY_MS: Final = 86_400_000
_CHINA_MS: Final = 8 * 3_600_000  # the county's day begins at +08:00, whatever the machine believes


class DailyCheckpoint:
    """Writes a checkpoint on each day of the county's calendar, the first time it is asked on that day.

    The day is the wall clock's. A clock that stands still or is set back every day would end the days, so a day that
    has passed on the monotonic clock counts as well. After a restore none is written before one can leave, and then one
    at once: what the county has forgotten or written again nobody else can have proven.
    """

    def __init__(self, casebook: Casebook, clock: Callable[[], int], monotonic: Callable[[], float]) -> None:
        """`clock` in ms since 1970, `monotonic` in s."""
        self._casebook = casebook
        self._clock = clock
        self._monotonic = monotonic
        self._since_s = monotonic()

    def tick(self) -> Checkpoint | None:
        """Write one if it is due; None where it is not, or there is nothing to say yet. Raises NotSaved."""
        if self._casebook.checkpoint_would_stay():
            return None
        last = self._casebook.newest_checkpoint()
        same_day = last is not None and _day(last.time) == _day(self._clock())
        same_day = same_day and self._casebook.has_lines_of(last)
        if same_day and self._monotonic() - self._since_s < DAY_MS / 1000:
            return None
        if not self._casebook.holds_events():
            return None
        return self.write()

    def write(self) -> Checkpoint:
        """Write one now, due or not. Raises NotAllowed while there are no events, NotSaved."""
        made = self._casebook.write_checkpoint()
        self._since_s = self._monotonic()
        return made


def _day(time_ms: int) -> int:
    """The number of a day of the county's calendar; any time has one, however wrong the clock."""
    return (time_ms + _CHINA_MS) // DAY_MS
