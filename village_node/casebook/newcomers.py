"""Nodes that ask over the line to be enrolled here: what is kept of them until a person has decided, and within bounds.

Anybody who reaches the port may ask, so what nobody has looked at is kept in small numbers and not for long.
"""

from typing import Final

from sync_protocol import limits
from sync_protocol.errors import Busy
from sync_protocol.roster import EnrolRequest
from sync_protocol.suites import sha256
from village_node.casebook.errors import NotFound, Stale
from village_node.casebook.office import ANYTHING, Office
from village_node.store import Connection, newcomers
from village_node.store.newcomers import DECLINED, MADE_WAY, TAKEN, WAITING, Newcomer

MOST_LISTED: Final = 20
_MINUTE_MS: Final = 60_000
_SHOWN: Final = 80


class Newcomers(Office):
    """The part of the casebook that keeps requests to be enrolled."""

    def newcomer(self, request: bytes) -> Newcomer | None:
        """What is known of a request that came before, and is not forgotten yet."""
        with self.store.reading() as connection:
            row = newcomers.find(connection, sha256(request))
        if row is None:
            return None
        kept_ms = _MINUTE_MS if row.state == MADE_WAY else limits.NEWCOMERS_MS
        return row if row.asked_ms > self.clock() - kept_ms else None

    def newcomers(self) -> tuple[list[Newcomer], list[Newcomer]]:
        """Those that wait, the oldest first, and the last ones that were answered."""
        since_ms = self.clock() - limits.NEWCOMERS_MS
        with self.store.reading() as connection:
            return newcomers.waiting(connection, since_ms), newcomers.answered(connection, MOST_LISTED)

    def keep_newcomer(self, request: bytes, asked: EnrolRequest, source: str) -> None:
        """Keep a request until people have decided, once more where it was taken and that was overruled. Raises Busy
        where too many wait, NotSaved."""
        now_ms, digest = self.clock(), sha256(request)
        # Anybody may ask, and there is one writer: nobody who finds no room here makes the desk wait for it.
        with self.store.reading() as connection:
            _find_room(connection, asked.place, now_ms)
        with self.store.writing() as connection:
            newcomers.forget(connection, now_ms - limits.NEWCOMERS_MS, now_ms - _MINUTE_MS)
            known = newcomers.find(connection, digest)
            if known is not None and known.state != TAKEN:
                return
            if known is not None:
                newcomers.drop(connection, known.id)
            oldest = _find_room(connection, asked.place, now_ms)
            if oldest is not None:
                newcomers.make_way(connection, oldest.id)
                self.note(connection, "node", "newcomers.make_way", oldest.place, source=oldest.source)
            row = (digest, request, asked.place, asked.level, asked.name[:_SHOWN], source[:_SHOWN], now_ms)
            newcomers.add(connection, row)
            self.note(connection, "node", "newcomers.ask", asked.place, source=source[:_SHOWN])
            self.mark_news(connection, {ANYTHING})
        self.tell({ANYTHING})

    def waiting_newcomer(self, number: int) -> Newcomer:
        """One that waits. Raises NotFound, Stale where somebody has answered it."""
        with self.store.reading() as connection:
            row = newcomers.get(connection, number)
        if row is None or row.state == MADE_WAY:
            raise NotFound("没有这条入网申请，可能已经过期", "there is no such request; it may have been dropped")
        if row.state != WAITING:
            raise Stale("这条入网申请已经有人办过了", "somebody has answered this request already")
        return row

    def answer_newcomer(self, actor: str, row: Newcomer, *, taken: bool) -> None:
        """Note what was said to a request. Raises Stale where somebody was faster, NotSaved."""
        with self.store.writing() as connection:
            self.mark_newcomer(connection, actor, row, taken=taken)
        self.tell({ANYTHING})

    def mark_newcomer(self, connection: Connection, actor: str, row: Newcomer, *, taken: bool) -> None:
        """The same in the transaction that does it. Raises Stale where somebody was faster."""
        if not newcomers.answer(connection, row.id, TAKEN if taken else DECLINED, actor, self.clock()):
            raise Stale("这条入网申请已经有人办过了", "somebody has answered this request already")
        action = "newcomers.take" if taken else "newcomers.decline"
        self.note(connection, actor, action, row.place, name=row.name, source=row.source)
        self.mark_news(connection, {ANYTHING})


def _find_room(connection: Connection, place: str, now_ms: int) -> Newcomer | None:
    """See that one more request of that place may be kept; which one of its own makes way for it. So whoever asks under
    a place's name keeps its machine waiting a minute, and not as long as requests are kept. Raises Busy."""
    if newcomers.count_since(connection, now_ms - _MINUTE_MS, now_ms) >= limits.NEWCOMERS_A_MINUTE:
        raise Busy("too many requests to be enrolled came within a minute: ask again")
    waiting = newcomers.waiting(connection, now_ms - limits.NEWCOMERS_MS)
    of_the_place = [each for each in waiting if each.place == place]
    if len(of_the_place) >= limits.NEWCOMERS_A_PLACE:
        return of_the_place[0]
    if len(waiting) >= limits.NEWCOMERS:
        raise Busy("too many requests to be enrolled wait here: bring the request as a file")
    return None
