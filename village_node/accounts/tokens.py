"""Tokens of programs: random, shown once, kept as a hash, with a name, a role and an end; and who comes with one."""

import base64
import hashlib
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from village_node.accounts.elapsed import Elapsed
from village_node.accounts.sessions import AHEAD_MS
from village_node.accounts.throttle import DAY_MS, HOUR_MS, MINUTE_MS
from village_node.store import NotSaved
from village_node.store.accounts import StaffRow
from village_node.store.audit import Line
from village_node.store.tokens import TokenRow, TokenRows

PREFIX: Final = "sanji_"  # so that people and scanners know what they have found
TOKEN_BYTES: Final = 32
LONGEST: Final = 128
DAYS_MAX: Final = 366
NAME_LONGEST: Final = 60
TOUCH_EVERY_MS: Final = HOUR_MS
A_MINUTE_MAX: Final = 1_200


@dataclass(frozen=True)
class Known:
    """Who comes with a token: the account, the one role of it that the token has, and the token itself."""

    staff: StaffRow
    token: TokenRow


class Tokens:
    """Makes, finds and ends the tokens of programs. Clock (ms), randomness and steady clock are handed in."""

    def __init__(
        self,
        rows: TokenRows,
        clock: Callable[[], int],
        randomness: Callable[[int], bytes],
        steady: Callable[[], int],
    ) -> None:
        self.rows = rows
        self._clock = clock
        self._randomness = randomness
        self._steady = steady
        self._age = Elapsed(clock, steady)
        self._pace: dict[int, tuple[int, int]] = {}
        self._pace_lock = threading.Lock()

    def make(self, name: str, staff_no: str, role: str, days: int, by: str) -> str | None:
        """Make a token and return it: it is not to be had again. None if there is no such account in use."""
        drawn = base64.urlsafe_b64encode(self._randomness(TOKEN_BYTES)).rstrip(b"=").decode("ascii")
        token, now = PREFIX + drawn, self._clock()
        row = TokenRow(0, hash_of(token), name, staff_no, role, by, now, days * DAY_MS, None, None)
        told = Line(now, by, "token.make", staff_no, {"name": name, "role": role, "days": days})
        return token if self.rows.add_token(row, told) else None

    def find(self, token: str) -> Known | None:
        """Whose token this is, if it lives: not ended, not over, its account in use and still with that role."""
        found = self.rows.token(hash_of(token)) if token.startswith(PREFIX) and len(token) <= LONGEST else None
        if found is None:
            return None
        row, staff = found
        if not self.lives(row) or staff.disabled or row.role not in staff.roles:
            return None
        now = self._clock()
        if row.used_ms is None or abs(now - row.used_ms) >= TOUCH_EVERY_MS:
            with suppress(NotSaved):  # with a full disk programs may still read
                self.rows.touch_token(row.id, now)
        return Known(staff, row)

    def lives(self, row: TokenRow) -> bool:
        """Whether a token is neither ended nor over; setting the clock back makes none live longer."""
        return row.revoked_ms is None and -AHEAD_MS <= self._age.since(row.id, row.created_ms) < row.life_ms

    def revoke(self, number: int, by: str) -> bool:
        """End a token now; False if there is none of this number that lives."""
        now = self._clock()
        return self.rows.revoke_token(number, now, Line(now, by, "token.revoke", str(number), {}))

    def wait_ms(self, number: int) -> int:
        """Count one request of a token: 0, or how long it has to wait because this minute's are used up. Counted in
        this process alone: a program that runs away must not keep people out."""
        minute, within = divmod(self._steady(), MINUTE_MS)
        with self._pace_lock:
            since, count = self._pace.get(number, (minute, 0))
            count = count + 1 if since == minute else 1
            self._pace[number] = (minute, count)
        return MINUTE_MS - within if count > A_MINUTE_MAX else 0


def hash_of(token: str) -> bytes:
    """What is stored of a token: a copy of the database opens nothing."""
    return hashlib.sha256(b"sanji token\0" + token.encode("utf-8", "surrogatepass")).digest()
