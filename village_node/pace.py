"""How often each of many may do something within a minute: counted in memory alone, and forgotten with the minute."""

import threading
from collections import Counter, deque
from collections.abc import Callable
from typing import Final

_MINUTE_S: Final = 60.0


class Pace:
    """Thread-safe; remembers no more than what all together may do in a minute."""

    def __init__(self, each: int, all_of_them: int, monotonic: Callable[[], float], kept: int = 0) -> None:
        """`each`, `all_of_them`: how many times a minute; the last `kept` of all are for those at hand. `monotonic` in
        seconds."""
        self._each = each
        self._all = all_of_them
        self._kept = kept
        self._monotonic = monotonic
        self._done: deque[tuple[float, str]] = deque()
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def wait_s(self, who: str, *, at_hand: bool = False) -> float:
        """Count one time more of this one: 0, or the seconds until it is let, and then nothing is counted."""
        most = self._all if at_hand else self._all - self._kept
        with self._lock:
            now = self._monotonic()
            while self._done and now - self._done[0][0] >= _MINUTE_S:
                self._forget_oldest()
            if len(self._done) >= most:
                return self._done[len(self._done) - most][0] + _MINUTE_S - now
            if self._counts[who] >= self._each:
                return next(at for at, other in self._done if other == who) + _MINUTE_S - now
            self._done.append((now, who))
            self._counts[who] += 1
            return 0.0

    def _forget_oldest(self) -> None:
        _, who = self._done.popleft()
        self._counts[who] -= 1
        if not self._counts[who]:
            del self._counts[who]
