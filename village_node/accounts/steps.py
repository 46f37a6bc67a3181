"""What stands between a right password and an open session, one step after the other: a code of the second factor where
the account has one, setting one up where a role demands it, and the session that is open at another machine.

Until the last step is done there is a session that opens nothing: it remembers that the password was right. Each step
begins another one under a fresh id.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from village_node.accounts.factors import Factors, SetUp
from village_node.accounts.guesses import Guesses
from village_node.accounts.sessions import Sessions, SignedIn, SignInRefused, Step
from village_node.store.accounts import AccountRows, SessionRow, StaffRow
from village_node.store.audit import Line
from village_node.store.errors import Outdated

# Who reviews, decides and administers, by level: of these a second factor should be demanded.
ADVISED: Final = {
    "township": ("reviewer", "head", "admin"),
    "county": ("officer", "head", "leader", "business", "admin"),
}


@dataclass(frozen=True)
class Demands:
    """Which roles must have a second factor, and which are signed in at one machine at a time."""

    second_factor: frozenset[str] = frozenset()
    one_session: frozenset[str] = frozenset()

    def factor_of(self, staff: StaffRow) -> bool:
        """Whether one of somebody's roles demands a second factor."""
        return not self.second_factor.isdisjoint(staff.roles)

    def unasked(self, level: str) -> list[str]:
        """The roles of a level of which one should be demanded and is not."""
        return [role for role in ADVISED.get(level, ()) if role not in self.second_factor]


@dataclass(frozen=True)
class Half:
    """A session that is not open yet: whose, and what is left to do."""

    session: SessionRow
    staff: StaffRow
    step: Step


class Steps:
    """Takes people from one step to the next. Clock (ms) is handed in."""

    def __init__(
        self,
        rows: AccountRows,
        sessions: Sessions,
        factors: Factors,
        demands: Demands,
        clock: Callable[[], int],
        guesses: Guesses,
    ) -> None:
        self._rows = rows
        self._sessions = sessions
        self._factors = factors
        self.demands = demands
        self._clock = clock
        self._guesses = guesses

    def first(self, staff: StaffRow, source: str, told: Line | None, before: str = "") -> SignedIn:
        """Who has shown the password: signed in, or what is left to do. ``told``: the line of a session that opens;
        ``before``: the browser's cookie until now."""
        return self._go_on(staff, source, told, before=before)

    def half(self, cookie: str) -> Half | None:
        """The session of a cookie, if it lives and something is left to do."""
        found = self._sessions.find(cookie, touch=True)
        if found is None or found[0].step is None:
            return None
        half = Half(*found, Step(found[0].step))
        return None if self._is_over(half) else half

    def _is_over(self, half: Half) -> bool:
        """Whether somebody who was to set up a factor has one by now: a password alone must not replace it."""
        return half.step is Step.SET_UP and self._factors.has(half.staff.staff_no)

    def elsewhere(self, half: Half) -> list[SessionRow]:
        """The sessions of the same account that are open."""
        return self._sessions.elsewhere(half.staff.staff_no)

    def give_code(self, half: Half, typed: str, source: str) -> SignedIn:
        """Somebody gives a code of the second factor. Raises SignInRefused, Outdated where that is not the step."""
        if half.step is not Step.CODE:
            raise Outdated
        number = half.staff.staff_no
        try:
            self._factors.check(number, typed, source)
        except SignInRefused as refused:
            self.note_refusal(number, refused, source)
            raise
        return self._go_on(half.staff, source, self._opened(half.staff, source), half=half)

    def set_up(self, half: Half, issuer: str) -> SetUp:
        """What is to be copied into an authenticator. Raises as ``Factors.begin``, and Outdated where that is not the
        step, or the account has a factor by now."""
        if half.step is not Step.SET_UP or self._is_over(half):
            raise Outdated
        return self._factors.begin(half.staff.staff_no, half.session.id_hash, issuer)

    def confirm(self, half: Half, typed: str | None, source: str) -> tuple[list[str], SignedIn]:
        """A code shows that it was copied: the recovery codes, and how it goes on. Raises as ``Factors.confirm``."""
        if half.step is not Step.SET_UP or self._is_over(half):
            raise Outdated
        codes = self._factors.confirm(half.staff.staff_no, half.session.id_hash, typed, source, first=True)
        return codes, self._go_on(half.staff, source, self._opened(half.staff, source), half=half)

    def replace(self, half: Half, source: str) -> SignedIn:
        """End what is open elsewhere, and open this one. Raises Outdated where that is not the step."""
        if half.step is not Step.ELSEWHERE:
            raise Outdated
        return self._sessions.replace(half.staff, source, half.session.id_hash, self._opened(half.staff, source))

    def note_refusal(self, staff_no: str, refused: SignInRefused, source: str) -> None:
        """Write a line for a wrong code; waits write none, nor does one that did not come, which is not counted."""
        if refused.why != "missing":
            self._guesses.note(source)
        if not refused.wait_ms and refused.why != "missing":
            detail = {"source": source, "why": refused.why}
            self._rows.append_audit(Line(self._clock(), "", "factor.refuse", staff_no, detail))

    def _go_on(
        self, staff: StaffRow, source: str, told: Line | None, *, half: Half | None = None, before: str = ""
    ) -> SignedIn:
        """The next step of somebody, or the session. Raises Outdated where the one before is over."""
        follows = half.session.id_hash if half is not None else b""
        step = self._next(staff, half)
        if step is None:
            alone = not self.demands.one_session.isdisjoint(staff.roles)
            opened = self._sessions.begin(staff, source, told, follows=follows, before=before, alone=alone)
            if opened is not None:
                return opened
            step = Step.ELSEWHERE
        asked = Line(
            self._clock(), staff.staff_no, "session.ask", staff.staff_no, {"source": source, "for": step.value}
        )
        begun = self._sessions.begin(staff, source, asked, step=step, follows=follows, before=before)
        assert begun is not None, "a session that opens nothing minds no other"
        return begun

    def _next(self, staff: StaffRow, half: Half | None) -> Step | None:
        if self._factors.has(staff.staff_no):
            return None if half is not None else Step.CODE
        return Step.SET_UP if self.demands.factor_of(staff) else None

    def _opened(self, staff: StaffRow, source: str) -> Line:
        return Line(self._clock(), staff.staff_no, "session.open", staff.staff_no, {"source": source})
