"""How long ago something was, when the wall clock cannot be trusted to run evenly.

A stored time is compared with the wall clock once, when this process first meets it. From then on its age grows with
the steady clock, wherever the wall clock jumps: nobody is signed out because a clock was set right, and nothing lives
for ever because one was set back.
"""

import threading
from collections.abc import Callable
from typing import NamedTuple


class _Mark(NamedTuple):
    stamp_ms: int
    began_ms: int
    looked_ms: int


class Elapsed:
    """Ages of stored times by key. `clock`: ms since 1970; `steady`: ms that only ever grow, sleep included."""

    def __init__(self, clock: Callable[[], int], steady: Callable[[], int]) -> None:
        self._clock = clock
        self._steady = steady
        self._marks: dict[object, _Mark] = {}
        self._lock = threading.Lock()

    def since(self, key: object, stamp_ms: int) -> int:
        """The age (ms) of the time stored under this key; negative only where it is met first and lies ahead of us."""
        now, steady = self._clock(), self._steady()
        with self._lock:
            known = self._marks.get(key)
            if known is not None and known.stamp_ms == stamp_ms:
                age = steady - known.began_ms
                self._marks[key] = known._replace(looked_ms=steady)
                return age
            age = now - stamp_ms
            if known is not None:  # another worker has stored a newer time since we last looked
                age = min(max(age, 0), steady - known.looked_ms)
            self._marks[key] = _Mark(stamp_ms, steady - max(age, 0), steady)
            return age

    def younger(self, than_ms: int) -> set[object]:
        """The keys whose times are younger than that."""
        steady = self._steady()
        with self._lock:
            return {key for key, mark in self._marks.items() if steady - mark.began_ms < than_ms}

    def forget_older(self, than_ms: int) -> None:
        """Let go of what is older."""
        kept = self.younger(than_ms)
        with self._lock:
            self._marks = {key: mark for key, mark in self._marks.items() if key in kept}
