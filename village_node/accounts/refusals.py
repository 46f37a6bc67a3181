"""What somebody signed in asked for and was not given: told in the audit trail, and never so often that it fills the
disk.

The first of a minute has a line with its address; those after it are counted, and the next line says how many there
were. Each account counts for itself, so that whoever tries ten thousand addresses hides nobody else.
"""

from collections.abc import Callable
from typing import Final

from village_node.accounts.throttle import MINUTE_MS
from village_node.store.audit import Line
from village_node.store.throttles import ThrottleRow, ThrottleRows

ROUTE: Final = "route.refuse"
OBJECT: Final = "object.refuse"
_PREFIX: Final = "refused:"
_PATH_MAX: Final = 200


class Refusals:
    """Lines of what was refused, one for each account, kind and minute; how many were left out lies in `rows`."""

    def __init__(self, rows: ThrottleRows, clock: Callable[[], int]) -> None:
        self._rows = rows
        self._clock = clock

    def note(self, actor: str, action: str, subject: str, path: str, **more: object) -> None:
        """Note one. ``action``: ROUTE where the role does not let in, OBJECT where nothing here has that address.

        Raises NotSaved where it could not be noted.
        """
        now = self._clock()
        left_out: list[int] = []

        def change(row: ThrottleRow | None) -> ThrottleRow:
            key = f"{_PREFIX}{action}:{actor}"
            if row is not None and 0 <= now - row.last_ms < MINUTE_MS:
                return row._replace(failures=row.failures + 1)
            left_out.append(row.failures if row is not None else 0)
            return ThrottleRow(key, 0, now, now)

        def tell(_: ThrottleRow) -> Line | None:
            if not left_out:
                return None
            return _line(now, actor, action, subject, {"path": path[:_PATH_MAX], **more}, left_out[-1])

        self._rows.change_throttle(f"{_PREFIX}{action}:{actor}", change, tell)

    def settle(self) -> None:
        """Tell of what was counted last and no line has followed; the scheduler has this called."""
        now = self._clock()
        for row in self._rows.throttles(_PREFIX):
            if row.failures and not 0 <= now - row.last_ms < MINUTE_MS:
                action, _, actor = row.key.removeprefix(_PREFIX).partition(":")
                self._settle(row.key, now, actor, action)

    def _settle(self, key: str, now: int, actor: str, action: str) -> None:
        counted: list[int] = []

        def change(row: ThrottleRow | None) -> ThrottleRow:
            counted.append(row.failures if row is not None else 0)
            return ThrottleRow(key, 0, now, now)

        self._rows.change_throttle(
            key, change, lambda _: _line(now, actor, action, "", {}, counted[-1]) if counted[-1] else None
        )


def _line(now: int, actor: str, action: str, subject: str, detail: dict[str, object], left_out: int) -> Line:
    return Line(now, actor, action, subject, {**detail, **({"more": left_out} if left_out else {})})
