"""Work that may take longer than a page waits: it goes on by itself, and whoever asked for it sees how far it is.

One at a time, since each writes as much as the disk takes, and one for each person: what came of it waits until that
person looks, or asks for the next.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any, Final

Tell = Callable[[int, int], None]

HELD_MOST: Final = 8  # errands with what came of them: a bundle in one file is up to 12 MB


class Stopped(Exception):
    """The node is being stopped: the errand ends behind the part that was done, and the same again brings the rest."""


@dataclass
class Errand:
    """One piece of work. ``done`` of ``of`` parts; 0 where nobody knows of how many."""

    what: str
    future: "Future[Any]" = field(default_factory=Future)
    done: int = 0
    of: int = 0

    @property
    def ended(self) -> bool:
        """Whether there is something to be told of it."""
        return self.future.done()


class Errands:
    """The work that people of this node have asked for and not looked at since."""

    def __init__(self) -> None:
        self._worker = ThreadPoolExecutor(1, "errand")
        self._lock = threading.Lock()
        self._of: dict[str, Errand] = {}
        self._stopped = False

    def begin(self, who: str, what: str, act: Callable[[Tell], Any], wait_s: float) -> Errand | None:
        """Have something done, and wait so long for it (s). None where the one before is still under way, or too many
        are."""
        errand = Errand(what)

        def tell(done: int, of: int) -> None:
            if self._stopped:
                raise Stopped
            errand.done, errand.of = done, of

        with self._lock:
            earlier = self._of.get(who)
            if earlier is not None and not earlier.ended:
                return None
            self._of.pop(who, None)
            if len(self._of) >= HELD_MOST:
                told = next((each for each, held in self._of.items() if held.ended), None)
                if told is None:
                    return None
                del self._of[told]
            errand.future = self._worker.submit(act, tell)
            self._of[who] = errand
        wait([errand.future], wait_s)
        return errand

    def of(self, who: str) -> Errand | None:
        """What somebody asked for, and was not told the end of."""
        with self._lock:
            return self._of.get(who)

    def end(self, who: str, errand: Errand) -> Any:
        """What came of it, for the one time that it is told. Raises what the work raised."""
        with self._lock:
            if self._of.get(who) is errand:
                del self._of[who]
        return errand.future.result()

    def close(self) -> None:
        """Have what is under way end behind its present part, and begin nothing more."""
        self._stopped = True
        self._worker.shutdown(cancel_futures=True)
