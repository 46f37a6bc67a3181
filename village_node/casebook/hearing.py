"""Whom a new life of this node has heard: before that it publishes no roster change, and writes nothing again.

What a neighbour shows is kept in memory only. A start asks everybody again: the disk may have been put back meanwhile,
to a moment when somebody had been heard who holds more by now.
"""

import threading
from collections.abc import Iterable, Mapping
from typing import Final

from sync_protocol import encoding
from sync_protocol.places import followed_scopes
from sync_protocol.roster import Roster
from village_node.store import Connection, peers
from village_node.store.doubts import Doubt
from village_node.store.locks import StreamKey

_ANSWERED_FOR: Final = "answered_for"
_WAITS_FOR: Final = "waits_for"


class Hearing:
    """What this process has heard since the present life began. Thread-safe."""

    def __init__(self) -> None:
        """Nobody has been heard."""
        self._lock = threading.Lock()
        self._told: set[str] = set()
        self._spoken: set[str] = set()
        self._shown: dict[StreamKey, dict[str, int]] = {}
        self.passed_over = False  # by a bundle from further up than the place above, which may hold more

    def begin(self) -> None:
        """Another life: nobody has been heard by it."""
        with self._lock:
            self._told.clear()
            self._spoken.clear()
            self._shown.clear()
            self.passed_over = False

    def pass_over(self) -> None:
        """A bundle from further up was read: nothing is decided by that while the place above is not heard."""
        self.passed_over = True

    def tell(self, place: str) -> None:
        """The roster of a neighbour does not go further than ours."""
        with self._lock:
            self._told.add(place)

    def has_told(self, place: str) -> bool:
        """Whether a neighbour has said how far its roster goes."""
        return place in self._told

    def show(self, place: str, shown: Mapping[StreamKey, int | None]) -> None:
        """Up to where a neighbour and we hold the same of these doubted streams; None while it holds something else."""
        with self._lock:
            self._spoken.add(place)
            for key, seq in shown.items():
                if seq is not None:
                    self._shown.setdefault(key, {})[place] = seq
                else:
                    self._shown.get(key, {}).pop(place, None)

    def has_spoken(self, place: str) -> bool:
        """Whether a neighbour has shown what it holds."""
        return place in self._spoken

    def known(self, doubt: Doubt) -> int:
        """Up to where others are known to hold a doubted stream as it is here."""
        with self._lock:
            return max([doubt.seq, *self._shown.get(doubt.row.key, {}).values()])

    def unheard(self, doubt: Doubt, asked: Mapping[str, set[str]]) -> set[str]:
        """Those who are asked about a doubted stream and have not shown that they hold nothing beyond what is here."""
        with self._lock:
            return asked.get(doubt.row.scope, set()) - self._shown.get(doubt.row.key, {}).keys()


def below(connection: Connection, roster: Roster, here: str) -> list[str]:
    """The places that this one may have told something itself: those directly under it, then those further down that
    have spoken with it. Each has a node."""
    places = roster.places
    direct = list(places.children(here)) if here in places else []
    further = [
        place
        for place in peers.places_below(connection)
        if place not in direct and place != here and places.covers(here, place)
    ]
    return [place for place in (*direct, *further) if roster.serving(place)]


def asked_of(roster: Roster, places: Iterable[str], heard: Hearing) -> dict[str, set[str]]:
    """Scope -> which of these places may hold streams of it. The roster of one that has not said how far it goes may
    say that it succeeds others, which we have forgotten: then it may hold what these do."""
    tree, found = roster.places, dict[str, set[str]]()
    for place in places:
        above = None if heard.has_told(place) else tree.parent(place)
        beside = [each for each in tree.children(above) if tree.may_succeed(place, each)] if above is not None else []
        for scope in {scope for each in (place, *beside) for scope in followed_scopes(tree, each)}:
            found.setdefault(scope, set()).add(place)
    return found


def answered_for(connection: Connection) -> list[str]:
    """The places for which people have answered: they will not be heard, and nobody waits for them."""
    return _read(connection, _ANSWERED_FOR)


def answer_for(connection: Connection, place: str) -> None:
    """People answer for a place in the present life."""
    raw = peers.bytes_to_change(connection, _ANSWERED_FOR)
    known = encoding.decode(raw) if raw else []
    peers.remember_bytes(connection, _ANSWERED_FOR, encoding.encode(sorted({*known, place})))


def forget_answers(connection: Connection) -> None:
    """What people answered was said of the life before."""
    peers.remember_bytes(connection, _ANSWERED_FOR, encoding.encode([]))


def shown_waiting(connection: Connection) -> list[str]:
    """Whom the worker that syncs waits for, for those that only show pages."""
    return _read(connection, _WAITS_FOR)


def show_waiting(connection: Connection, places: list[str]) -> None:
    """Note whom the worker that syncs waits for."""
    peers.remember_bytes(connection, _WAITS_FOR, encoding.encode(places))


def _read(connection: Connection, name: str) -> list[str]:
    raw = peers.bytes_of(connection, name)
    return encoding.decode(raw) if raw else []
