"""How many new lives of the places below are countersigned: the roster never shrinks, so no child may grow it at will.

Counted from our own part of the roster by the times in it: nothing that could be lost. A clock that was wrong counts
too few rather than too many, and a person's word counts anew: who was really restored is never locked out for good.
"""

from collections.abc import Iterator
from typing import Final

from sync_protocol import encoding, limits
from sync_protocol.roster import NODE, Roster, read_payload
from village_node.casebook.errors import NotAllowed
from village_node.casebook.office import ANYTHING, Office
from village_node.store import Connection, peers

_ALLOWED: Final = "lives_allowed"
_REFUSED: Final = "lives_refused"
_ANSWER: Final = "renewal_refused"
_LOST: Final = "lost_places"


class Countersigning(Office):
    """The part of the casebook that bounds the lives of others, says for whom this place stands in, and remembers what
    ours was told."""

    def may_countersign(self, place: str) -> bool:
        """Whether a further life of a place below may be published without a person's word."""
        now_ms = self.clock()
        with self.store.reading() as connection:
            times = list(_published(self.roster_in(connection), self.identity.place, place))
            allowed = _read(connection, _ALLOWED).get(place, 0)
        recent = [time for time in times[allowed:] if now_ms - limits.NEW_LIVES_MS < time <= now_ms]
        return len(recent) < limits.NEW_LIVES

    def lives_refused(self) -> dict[str, int]:
        """The places below whose newest life is not countersigned, as too many came before it: since when."""
        with self.store.reading() as connection:
            return _read(connection, _REFUSED)

    def note_refused_life(self, place: str, *, refused: bool) -> None:
        """A place below has asked, and was refused or not. Writes only what is new. Raises NotSaved."""
        if (place in self.lives_refused()) == refused:
            return
        with self.store.writing() as connection:
            known = _to_change(connection, _REFUSED)
            known.pop(place, None)
            if refused:
                known[place] = self.clock()
            peers.remember_bytes(connection, _REFUSED, encoding.encode(known))
            self.mark_news(connection, {ANYTHING})
        self.tell({ANYTHING})

    def allow_lives(self, actor: str, place: str) -> None:
        """People know why a place below begins so many lives: what came before this counts no more. Raises NotSaved."""
        with self.store.writing() as connection:
            counted = len(list(_published(self.roster_in(connection), self.identity.place, place)))
            allowed = _to_change(connection, _ALLOWED) | {place: counted}  # the rows by name: nobody waits in a ring
            refused = {code: since for code, since in _to_change(connection, _REFUSED).items() if code != place}
            peers.remember_bytes(connection, _ALLOWED, encoding.encode(allowed))
            peers.remember_bytes(connection, _REFUSED, encoding.encode(refused))
            self.note(connection, actor, "children.allow_lives", place)
            self.mark_news(connection, {ANYTHING})
        self.tell({ANYTHING})

    def lost_places(self) -> dict[str, int]:
        """The places below whose machines people have said to be gone, for which this one countersigns: since when."""
        with self.store.reading() as connection:
            return _read(connection, _LOST)

    def stand_in_for(self, actor: str, place: str) -> None:
        """People know that the machine of a place right below is gone: until it is heard again, new lives of the places
        under it are countersigned here. Raises NotAllowed where nobody could have made them wait for it, NotSaved."""
        roster, here = self.roster, self.identity.place
        below = roster.places.children(here) if here in roster.places else ()
        if here != roster.county or place not in below or roster.places.level(place) != "township":
            raise NotAllowed(
                "只有县级能代乡镇确认，且须是名册里的乡镇",
                "only the root place stands in, and only for a township right below it",
            )
        self._note_lost(actor, place, "children.stand_in", {place: self.clock()})

    def end_stand_in(self, actor: str, place: str) -> None:
        """A place is heard again, or people say that it goes on: it countersigns for itself. Raises NotSaved."""
        if place in self.lost_places():
            self._note_lost(actor, place, "children.end_stand_in", {})

    def _note_lost(self, actor: str, place: str, action: str, now: dict[str, int]) -> None:
        with self.store.writing() as connection:
            known = _to_change(connection, _LOST)
            known.pop(place, None)
            peers.remember_bytes(connection, _LOST, encoding.encode(known | now))
            self.note(connection, actor, action, place)
            self.mark_news(connection, {ANYTHING})
        self.tell({ANYTHING})

    def stands_in(self, place: str) -> bool:
        """Whether the place that would countersign for this one is said to be gone."""
        lost, places = self.lost_places(), self.roster.places
        return bool(lost) and place in places and not lost.keys().isdisjoint(places.path_up(place)[1:])

    def note_renewal_refused(self, code: int) -> None:
        """The level above has said why it does not countersign our life; 0: it said nothing. Raises NotSaved."""
        if self.renewal_refused() == code:
            return
        with self.store.writing() as connection:
            peers.remember_bytes(connection, _ANSWER, encoding.encode(code))
            self.mark_news(connection, {ANYTHING})
        self.tell({ANYTHING})

    def renewal_refused(self) -> int:
        """The error code with which the level above refuses our life; 0 where it does not."""
        with self.store.reading() as connection:
            raw = peers.bytes_of(connection, _ANSWER)
        return int(encoding.decode(raw)) if raw else 0


def _published(roster: Roster, part: str, place: str) -> Iterator[int]:
    """When each node of a place entered our part of the roster, by our clock of that time."""
    for change in roster.changes(part):
        payload = read_payload(change)
        for op in payload.ops:
            if op[0] == NODE and op[2] == place:
                yield payload.time


def _read(connection: Connection, name: str) -> dict[str, int]:
    raw = peers.bytes_of(connection, name)
    return encoding.decode(raw) if raw else {}


def _to_change(connection: Connection, name: str) -> dict[str, int]:
    """The same, which nobody else changes before the end of this transaction."""
    raw = peers.bytes_to_change(connection, name)
    return encoding.decode(raw) if raw else {}
