"""The tides: for each child a count that moves when there is something new for it, and the threads that wait for that.

No database is asked here: whoever commits something tells the tides which scopes it was about. A child's own message
does not move its tide, since the reply to it says all there is to say.
"""

import threading
from collections.abc import Callable, Iterator, Set
from contextlib import contextmanager
from typing import Final

from sync_protocol.places import UnknownPlace, followed_scopes
from sync_protocol.roster import Node, Roster

EVERYONE: Final = frozenset({"roster", "*"})  # what the casebook says when the roster grew, or too much did
_START_BYTES: Final = 4  # short on the wire; of a first count that no earlier life of this process gave out


class _Tide:
    """One child's count, and how many calls have come to wait for it."""

    def __init__(self, lock: threading.Lock, place: str, count: int) -> None:
        self.place = place
        self.count = count
        self.calls = 0
        self.moved = threading.Condition(lock)


class Tides:
    """Thread-safe. `roster`: gives the roster as it is now, without asking the database."""

    def __init__(self, roster: Callable[[], Roster], randomness: Callable[[int], bytes]) -> None:
        """Counts begin at a drawn number, so that a child that waits across a restart is told to come."""
        self._roster = roster
        self._start = int.from_bytes(randomness(_START_BYTES), "big")
        self._lock = threading.Lock()
        self._tides: dict[bytes, _Tide] = {}
        self._followed: tuple[Roster | None, dict[str, frozenset[str]]] = (None, {})
        self._closed = False
        self._speaking = threading.local()

    def of(self, child: Node) -> int:
        """The count now. Read it before looking up what is owed: what comes later than this moves it."""
        with self._lock:
            return self._tide(child).count

    @contextmanager
    def taking_from(self, child: Node) -> Iterator[None]:
        """While this thread takes in the child's own message, news of it moves the tides of others only."""
        self._speaking.child = child.incarnation
        try:
            yield
        finally:
            self._speaking.child = None

    def on_news(self, scopes: Set[str]) -> None:
        """Something was committed about these scopes; the words of EVERYONE concern every child."""
        for_all = not scopes.isdisjoint(EVERYONE)
        speaking = getattr(self._speaking, "child", None)
        with self._lock:
            for incarnation, tide in self._tides.items():
                if incarnation != speaking and (for_all or not scopes.isdisjoint(self._follows(tide.place))):
                    tide.count += 1
                    tide.moved.notify_all()

    def wait(self, child: Node, count: int, seconds: float) -> bool:
        """Hold the calling thread until the child's count is another than `count`: True; False when time is up.

        A child has one call standing: a newer one ends the older, so that nobody takes all threads.
        """
        with self._lock:
            tide = self._tide(child)
            tide.calls += 1
            call = tide.calls
            tide.moved.notify_all()
            tide.moved.wait_for(lambda: tide.count != count or tide.calls != call or self._closed, seconds)
            return tide.count != count and tide.calls == call

    def close(self) -> None:
        """Send every waiting call home."""
        with self._lock:
            self._closed = True
            for tide in self._tides.values():
                tide.moved.notify_all()

    def _tide(self, child: Node) -> _Tide:
        tide = self._tides.get(child.incarnation)
        if tide is None:
            tide = self._tides[child.incarnation] = _Tide(self._lock, child.place, self._start)
        return tide

    def _follows(self, place: str) -> frozenset[str]:
        roster = self._roster()
        if self._followed[0] is not roster:
            self._followed = (roster, {})
        scopes = self._followed[1].get(place)
        if scopes is None:
            try:
                scopes = followed_scopes(roster.places, place)
            except UnknownPlace:
                scopes = frozenset()
            self._followed[1][place] = scopes
        return scopes
