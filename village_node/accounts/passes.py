"""Passes by which a telephone in the room sends papers for one case: drawn from a clerk's session, and soon over.

A token is made from the clerk's cookie and a random number, so the page can show its code again while his browser has
that cookie; the database has only hashes of both, and a copy of it opens nothing.
"""

import base64
import hashlib
import hmac
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from village_node.accounts.elapsed import Elapsed
from village_node.accounts.sessions import AHEAD_MS, TOUCH_EVERY_MS, Sessions, id_of
from village_node.accounts.throttle import DAY_MS, MINUTE_MS
from village_node.store import NotSaved
from village_node.store.audit import Line
from village_node.store.locks import CaseKey
from village_node.store.phone import PassRow, PassRows

IDLE_MS: Final = 10 * MINUTE_MS
LIFE_MS: Final = 30 * MINUTE_MS
LONGEST: Final = 64
_ID_BYTES: Final = 16


class Passes:
    """Gives, finds and ends passes. Clock (ms), randomness and steady clock are handed in."""

    def __init__(
        self,
        rows: PassRows,
        sessions: Sessions,
        clock: Callable[[], int],
        randomness: Callable[[int], bytes],
        steady: Callable[[], int],
    ) -> None:
        self._rows = rows
        self._sessions = sessions
        self._clock = clock
        self._randomness = randomness
        self._idle = Elapsed(clock, steady)
        self._open = Elapsed(clock, steady)
        self._lock = threading.Lock()
        self._sending: set[str] = set()

    def give(self, cookie: str, staff_no: str, case: CaseKey) -> None:
        """Give one for a case; the one that this session gave before ends. Raises NotSaved."""
        number, now = self._randomness(_ID_BYTES).hex(), self._clock()
        hashed = _hash_of(token_of(cookie, number))
        row = PassRow(number, hashed, id_of(cookie), staff_no, *case, now, now, None)
        self._rows.add(row, Line(now, staff_no, "phone.open", case[1].hex(), {"pass": number}))
        self.left_ms(row)  # from here on its age does not depend on the clock

    def of(self, cookie: str, case: CaseKey) -> PassRow | None:
        """The one that this session has given for a case, while it lives."""
        row = self._rows.of_session(id_of(cookie), case)
        return row if row is not None and self.left_ms(row) else None

    def find(self, token: str) -> PassRow | None:
        """The one of a token, if it lives; that somebody asks is a sign of life."""
        row = self._rows.find(_hash_of(token)) if 0 < len(token) <= LONGEST else None
        if row is None or not self.left_ms(row) or not self._sessions.lives(row.session):
            return None
        idle = self._idle.since(row.id, row.used_ms)
        if idle >= TOUCH_EVERY_MS or idle < 0:
            with suppress(NotSaved):  # with a full disk it ends sooner, that is all
                self._rows.touch(row.id, self._clock())
        return row

    def left_ms(self, row: PassRow) -> int:
        """How long one may still be used if nobody uses it meanwhile; 0 where it is over."""
        idle, age = self._idle.since(row.id, row.used_ms), self._open.since(row.id, row.opened_ms)
        if row.ended_ms is not None or idle < -AHEAD_MS or age < -AHEAD_MS:
            return 0
        return max(min(IDLE_MS - idle, LIFE_MS - age), 0)

    def may_try(self, row: PassRow, most: int) -> bool:
        """Count one more file that is looked at for one; False where so many were already. Raises NotSaved."""
        return self._rows.try_once(row.id, most)

    @contextmanager
    def turn(self, row: PassRow) -> Iterator[bool]:
        """Send by one in this process while nobody else does: False where somebody is just sending."""
        with self._lock:
            free = row.id not in self._sending
            self._sending.add(row.id)
        try:
            yield free
        finally:
            if free:
                with self._lock:
                    self._sending.discard(row.id)

    def end(self, row: PassRow, staff_no: str) -> None:
        """End one now. Raises NotSaved."""
        now = self._clock()
        self._rows.end(row.id, now, Line(now, staff_no, "phone.close", row.case_id.hex(), {"pass": row.id}))

    def purge(self) -> int:
        """Forget what was over for long; how many."""
        for elapsed, longest_ms in ((self._idle, IDLE_MS), (self._open, LIFE_MS)):
            elapsed.forget_older(longest_ms)
        return self._rows.purge(self._clock() - 2 * DAY_MS)


def token_of(cookie: str, number: str) -> str:
    """The token of the pass with this number (43 characters), for who has the cookie of the session that gave it."""
    made = hmac.new(cookie.encode("utf-8", "surrogatepass"), b"sanji phone pass " + number.encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(made.digest()).rstrip(b"=").decode("ascii")


def _hash_of(token: str) -> bytes:
    return hashlib.sha256(b"sanji phone pass\0" + token.encode("utf-8", "surrogatepass")).digest()
