"""Sign-in and the sessions it opens: random ids whose hash alone is stored, idle and absolute ends, equal answers."""

import base64
import hashlib
import hmac
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Literal

from village_node.accounts.elapsed import Elapsed
from village_node.accounts.passwords import Hasher
from village_node.accounts.throttle import ACCOUNT, PERSON_HERE, SOURCE, Rule, Throttle
from village_node.store import NotSaved
from village_node.store.accounts import AccountRows, SessionRow, StaffRow
from village_node.store.audit import Line

IDLE_MS = 10 * 60_000
ABSOLUTE_MS = 8 * 3_600_000
TOUCH_EVERY_MS = 30_000
AHEAD_MS = 60_000
INVITATION_MS = 14 * 24 * 3_600_000
ID_BYTES = 32


class Step(StrEnum):
    """What is left to do after a right password before a session is open."""

    CODE = "code"  # of the second factor
    SET_UP = "set_up"  # a second factor, which a role demands
    ELSEWHERE = "elsewhere"  # one is open at another machine


# Why a code was not taken: none came, it is wrong, it was used, the secret cannot be read here, or there is no factor
# where a role demands one.
Why = Literal["", "missing", "code", "used", "unreadable", "none"]


class SignInRefused(Exception):
    """Nobody is signed in. `wait_ms` is 0 for a wrong number or password (never said which), else the wait imposed;
    `why`: what was wrong with the code of a second factor, which is asked for after the password."""

    def __init__(self, wait_ms: int, why: Why = "") -> None:
        super().__init__(f"sign-in refused, wait {wait_ms} ms {why}".rstrip())
        self.wait_ms = wait_ms
        self.why: Final = why


@dataclass(frozen=True)
class SignedIn:
    """A session just begun: what the cookie holds, whose it is, and what is left to do; None: it is open."""

    cookie: str
    staff: StaffRow
    step: Step | None = None


class Sessions:
    """Opens, finds and ends sessions of the people in `rows`."""

    def __init__(
        self,
        rows: AccountRows,
        throttle: Throttle,
        hasher: Hasher,
        clock: Callable[[], int],
        randomness: Callable[[int], bytes],
        steady: Callable[[], int],
    ) -> None:
        self._rows = rows
        self._throttle = throttle
        self._hasher = hasher
        self._clock = clock
        self._randomness = randomness
        self._idle = Elapsed(clock, steady)
        self._open = Elapsed(clock, steady)
        self._invited = Elapsed(clock, steady)

    def check(self, staff_no: str, password: str, source: str) -> StaffRow:
        """Who it is that gives a right number and password from `source` (an address).

        Raises SignInRefused; an unknown number, an account without password, a disabled one and a wrong password cost
        the same time and get the same answer.
        """
        keys = self._counted(staff_no, source)
        staff = self._rows.staff(staff_no)
        encoded = staff.password_hash if staff is not None and not staff.disabled else None
        if not self._hasher.matches(encoded, password) or staff is None:
            raise SignInRefused(0)
        self._allowed(keys)
        changes: dict[str, Any] = {"last_sign_in_ms": self._clock()}
        if encoded is not None and self._hasher.is_outdated(encoded):
            changes["password_hash"] = self._hasher.hash(password)
        self._rows.change_staff(staff_no, **changes)
        return staff

    def _counted(self, staff_no: str, source: str) -> tuple[str, str, str]:
        """Count one attempt under the three keys before it is made. Raises SignInRefused with the longest wait."""
        account, person = keys_of(staff_no)
        person += source
        rules: tuple[tuple[str, Rule], ...] = ((f"source:{source}", SOURCE), (account, ACCOUNT), (person, PERSON_HERE))
        wait = max(self._throttle.wait_ms(key, rule) for key, rule in rules)
        if not wait:
            wait = max(self._throttle.attempt(key, rule) for key, rule in rules)
        if wait:
            raise SignInRefused(wait)
        return rules[0][0], rules[1][0], rules[2][0]

    def _allowed(self, keys: tuple[str, str, str]) -> None:
        """Take back what a right attempt had counted; what others guessed stays counted."""
        source, account, person = keys
        self._throttle.take_back(source)
        self._throttle.take_back(account)
        self._throttle.forget(person)

    def with_code(self, staff_no: str, invitation_hash: bytes, password_hash: str, source: str, told: Line) -> StaffRow:
        """Use up a one-time code: the password it sets is kept, with the audit line `told`; whose it is.

        Raises SignInRefused.
        """
        keys = self._counted(staff_no, source)
        staff = self._rows.staff(staff_no)
        now = self._clock()
        in_time = staff is not None and self.invited(staff_no, staff.invitation_until_ms) <= INVITATION_MS
        if staff is None or staff.disabled or not in_time:
            raise SignInRefused(0)
        if not self._rows.take_invitation(staff_no, invitation_hash, password_hash, now, told):
            raise SignInRefused(0)
        self._allowed(keys)
        return staff

    def invited(self, staff_no: str, until_ms: int | None) -> int:
        """How long ago (ms) the one-time code was made that ends then; more than any code lasts where there is none."""
        return self._invited.since(staff_no, until_ms - INVITATION_MS) if until_ms is not None else INVITATION_MS + 1

    def begin(
        self,
        staff: StaffRow,
        source: str,
        told: Line | None = None,
        *,
        step: Step | None = None,
        follows: bytes = b"",
        before: str = "",
        alone: bool = False,
    ) -> SignedIn | None:
        """Begin a session under a fresh id, whatever id the browser had before; `told`: with this audit line.

        `step`: what is left to do, None to open it. `follows`: the session of the step before, which ends; raises
        Outdated where it is over. `before`: the browser's cookie until now, whose session ends as well. `alone`: None,
        and nothing is begun, where the account has one that is open elsewhere.
        """
        cookie, row = self._drawn(staff, source, step)
        ended = id_of(before) if before else b""
        found = self._rows.add_session(
            row, told, follows=follows, before=ended, others=self._is_open if alone else None
        )
        return None if found else SignedIn(cookie, staff, step)

    def replace(self, staff: StaffRow, source: str, follows: bytes, told: Line) -> SignedIn:
        """Open a session in the place of those that are open elsewhere; each of these leaves a line as well. Raises
        Outdated where the session of the step before is over."""
        cookie, row = self._drawn(staff, source, None)

        def tell(ended: Collection[SessionRow]) -> list[Line]:
            said = {"source": source}
            lines = [told._replace(action="session.replace", detail={**said, "ended": each.source}) for each in ended]
            return [*lines, told]

        self._rows.replace_sessions(row, follows, self._is_open, tell)
        return SignedIn(cookie, staff)

    def _drawn(self, staff: StaffRow, source: str, step: Step | None) -> tuple[str, SessionRow]:
        now = self._clock()
        cookie = base64.urlsafe_b64encode(self._randomness(ID_BYTES)).rstrip(b"=").decode("ascii")
        return cookie, SessionRow(id_of(cookie), staff.staff_no, now, now, source, step and step.value)

    def find(self, cookie: str, *, touch: bool) -> tuple[SessionRow, StaffRow] | None:
        """The living session a cookie names, open or not, and its person; `touch` says that the person did something
        just now."""
        found = self._living(id_of(cookie)) if cookie else None
        if found is None:
            return None
        session, staff, idle = found
        if touch and (idle >= TOUCH_EVERY_MS or idle < 0):
            # With a full disk people may still read; their session then ends sooner, that is all.
            with suppress(NotSaved):
                self._rows.touch_session(session.id_hash, self._clock())
        return session, staff

    def replaced(self, cookie: str) -> SessionRow | None:
        """The session a cookie names, where it ended because another one took its place."""
        found = self._rows.session(id_of(cookie)) if cookie else None
        return found[0] if found is not None and found[0].replaced_ms is not None else None

    def elsewhere(self, staff_no: str) -> list[SessionRow]:
        """The open sessions of an account, the one used last first."""
        return [each for each in self._rows.open_sessions(staff_no) if self._is_open(each)]

    def lives(self, id_hash: bytes) -> bool:
        """Whether a session is open still; to ask is no sign of life of its person."""
        found = self._living(id_hash)
        return found is not None and found[0].step is None

    def _living(self, id_hash: bytes) -> tuple[SessionRow, StaffRow, int] | None:
        """A living session, its person, and how long (ms) that person has done nothing."""
        found = self._rows.session(id_hash)
        if found is None or found[0].replaced_ms is not None:
            return None
        session, staff = found
        if staff.disabled or not self._is_open(session):
            with suppress(NotSaved):  # it is over, whether that can be written down or not
                self._rows.end_session(session.id_hash)
            return None
        return session, staff, self._idle.since(session.id_hash, session.seen_ms)

    def _is_open(self, session: SessionRow) -> bool:
        """Whether a session has not run out."""
        idle = self._idle.since(session.id_hash, session.seen_ms)
        age = self._open.since(session.id_hash, session.created_ms)
        # A time from before this program started may lie ahead of a clock set back since; a minute of that is a
        # correction, more is not to be trusted.
        return -AHEAD_MS <= idle < IDLE_MS and -AHEAD_MS <= age < ABSOLUTE_MS

    def purge(self) -> int:
        """Drop the sessions that are over; returns how many."""
        now = self._clock()
        living = self._idle.younger(IDLE_MS) & self._open.younger(ABSOLUTE_MS)
        for elapsed, longest_ms in ((self._idle, IDLE_MS), (self._open, ABSOLUTE_MS), (self._invited, INVITATION_MS)):
            elapsed.forget_older(longest_ms)
        return self._rows.purge_sessions(now - IDLE_MS, now - ABSOLUTE_MS, now + AHEAD_MS, living)

    def end(self, cookie: str, told: Line) -> None:
        """End the session a cookie names, at the server: the cookie is worth nothing afterwards."""
        self._rows.end_session(id_of(cookie), told)


def keys_of(staff_no: str) -> tuple[str, str]:
    """Under which keys guesses at an account are counted: all of them, and the beginning of that of one source. What
    was typed as a number may hold any sign, and must not begin as that of somebody else."""
    return f"account:{staff_no}", f"person:{staff_no.replace('%', '%25').replace('@', '%40')}@"


def id_of(cookie: str) -> bytes:
    """What is stored of a session's cookie: a copy of the database opens no session."""
    return hashlib.sha256(b"sanji session\0" + cookie.encode("utf-8", "surrogatepass")).digest()


def form_token(cookie: str) -> str:
    """The token in every form shown to a browser with this cookie (32 hex digits); it does not tell the cookie."""
    return hmac.new(cookie.encode("utf-8", "surrogatepass"), b"sanji form", hashlib.sha256).hexdigest()[:32]


def is_form_token(cookie: str, token: str) -> bool:
    """Tell in equal time whether a form came from a page shown to the browser with this cookie."""
    return bool(cookie) and hmac.compare_digest(form_token(cookie).encode(), token.encode("utf-8", "surrogatepass"))
