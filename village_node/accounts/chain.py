"""The watch over the audit chain: every line is computed again at the start and then once a day, a slice at a time."""

from collections.abc import Callable
from typing import Final, NamedTuple

from village_node.accounts.throttle import DAY_MS
from village_node.store.accounts import AccountRows
from village_node.store.audit import NO_LINE_BEFORE, Checked, Line

SLICE: Final = 5_000  # lines; about 30 ms


class _Reached(NamedTuple):
    """How far a run has come: the last sound line, its hash, and how many lines there were when it began."""

    n: int
    hash: bytes
    written: int


class ChainWatch:
    """Verifies the chain in slices, so that nothing else waits. `clock`: ms since 1970; `steady`: ms that only grow."""

    def __init__(self, rows: AccountRows, clock: Callable[[], int], steady: Callable[[], int]) -> None:
        self._rows = rows
        self._clock = clock
        self._steady = steady
        self._next_ms = steady()
        self._reached: _Reached | None = None

    def tick(self) -> None:
        """Verify one slice, if a run is under way or due; the scheduler calls this. Raises StoreError."""
        if self._reached is None and self._steady() < self._next_ms:
            return
        found = self._slice(self._reached or self._begun())
        self._reached = found if isinstance(found, _Reached) else None
        if isinstance(found, Checked):
            self._next_ms = self._steady() + DAY_MS

    def run(self) -> Checked:
        """Verify all of it now. Raises StoreError."""
        found: _Reached | Checked = self._begun()
        while isinstance(found, _Reached):
            found = self._slice(found)
        return found

    def _begun(self) -> _Reached:
        return _Reached(0, NO_LINE_BEFORE, self._rows.audit_count())

    def _slice(self, reached: _Reached) -> _Reached | Checked:
        """Verify some lines: how far that came, or what came of it all where these were the last."""
        n, line_hash, broken = self._rows.verify_audit(reached.n, reached.hash, SLICE)
        if not broken and n - reached.n == SLICE:
            return _Reached(n, line_hash, reached.written)
        if not broken and n < reached.written:
            broken = n + 1  # the last ones are missing
        found = Checked(self._clock(), n, line_hash.hex(), broken)
        told = Line(found.at_ms, "node", "audit.broken", str(broken), {"sound": n}) if broken else None
        self._rows.note_audit_checked(found, told)
        return found
