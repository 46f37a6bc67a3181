"""The second factor: codes that an app on a telephone makes from a secret and the time, and recovery codes on paper.

RFC 6238 as every authenticator knows it: SHA-1, six digits, a new code each 30 s; nothing goes over a line. A code
counts while it is the present one, the one before or the one after by this node's clock, and once. Which were taken is
remembered one by one, not as the newest of them: after a clock that ran ahead is set right, the codes of today are
older than those of yesterday and must still be good.

Nothing here tells how far off a wrong code is. Whoever guesses would learn a code of another moment from it and come
back then; only while one is set up, by somebody who sees the secret anyhow, is that said.
"""

import base64
import hashlib
import hmac
import unicodedata
from collections.abc import Callable
from typing import Final, NamedTuple

import pyotp

from sync_protocol.suites import NONCE_BYTES, NotOpened, decrypt, encrypt
from village_node.accounts.passwords import code_hash, one_time_code
from village_node.accounts.sessions import SignInRefused, Why
from village_node.accounts.throttle import DAY_MS, MINUTE_MS, Rule, Throttle
from village_node.identity import NoIdentity
from village_node.store.audit import Line
from village_node.store.errors import Outdated
from village_node.store.factors import FactorRow, FactorRows

STEP_MS: Final = 30_000
DIGITS: Final = 6
SECRET_BYTES: Final = 20  # as long as the hash, which RFC 4226 asks for
RECOVERY_CODES: Final = 10
REMEMBERED: Final = 64  # used codes of an account; a clock set back does not bring more of them back than a day has
# Guesses at codes: who comes so far has the password. Three codes in a million are good. Those of one account from one
# address wait long; those from anywhere only so long that its owner, who comes from elsewhere, is not kept out.
CODES: Final = Rule(free=5, longest_ms=15 * MINUTE_MS, forget_ms=DAY_MS)
ANYWHERE: Final = Rule(free=20, longest_ms=30_000, forget_ms=DAY_MS)
_ABOUT: Final = b"sanji/second factor/1 "
_STEP_BYTES: Final = 8


class SetUp(NamedTuple):
    """What somebody copies into an authenticator: the secret in letters, in groups of four, and all of it as the
    address that its QR code holds."""

    letters: str
    address: str


class NotConfirmed(Exception):
    """A code does not fit the secret that is set up; ``off_ms``: it would fit by a clock that is so far ahead of ours
    (None: by none within a day)."""

    def __init__(self, off_ms: int | None) -> None:
        super().__init__("the code does not fit")
        self.off_ms = off_ms


class Factors:
    """Sets up, asks for and takes away second factors. Clock (ms) and randomness are handed in, and ``key``: what the
    secrets are encrypted under (32 bytes; raises OSError, NoIdentity or NotOpened where it is not to be had). It is
    told whether there is anything under it for sure: what is to be opened is never under one that is drawn now."""

    def __init__(
        self,
        rows: FactorRows,
        throttle: Throttle,
        clock: Callable[[], int],
        randomness: Callable[[int], bytes],
        key: Callable[[bool], bytes],
        pepper: Callable[[], bytes],
    ) -> None:
        """``pepper``: under which recovery codes are hashed. It outlives that key: they are good where it is gone."""
        self.rows = rows
        self._throttle = throttle
        self._clock = clock
        self._randomness = randomness
        self._key = key
        self._pepper = pepper

    def has(self, staff_no: str) -> bool:
        """Whether an account has a factor that counts."""
        return self.rows.factor(staff_no) is not None

    def begin(self, staff_no: str, session: bytes, issuer: str) -> SetUp:
        """The secret that this session sets up, drawn where it has none: a page shown twice shows the same, and what
        other sessions of the account do changes nothing about it. Raises SignInRefused where the key is not to be had,
        Outdated where the session is over, NotSaved."""
        begun = self.rows.begun(staff_no, session)
        if begun is None:
            begun = self.rows.begin(staff_no, session, self._sealed(staff_no, self._randomness(SECRET_BYTES)))
        secret = self._opened(staff_no, begun)
        letters = base64.b32encode(secret).decode("ascii")
        groups = " ".join(letters[start : start + 4] for start in range(0, len(letters), 4))
        return SetUp(groups, pyotp.TOTP(letters).provisioning_uri(name=staff_no, issuer_name=issuer))

    def confirm(
        self, staff_no: str, session: bytes, typed: str | None, source: str, *, first: bool = False
    ) -> list[str]:
        """Let the secret that this session sets up count once a code of it was typed; the recovery codes, which are not
        to be had again. ``typed`` None: this node's clock is no help, and the recovery codes have to do until it is.
        ``first``: only where the account has no factor; whoever has shown its password alone replaces none.

        Raises NotConfirmed, Outdated where this session sets nothing up, SignInRefused as ``begin``, NotSaved.
        """
        begun = self.rows.begun(staff_no, session)
        if begun is None:
            raise Outdated
        secret = self._opened(staff_no, begun)
        used = b"" if typed is None else self._taken(secret, _digits(typed), b"")
        if used is None:
            raise NotConfirmed(self._off_ms(secret, _digits(typed or "")))
        codes = self._drawn_codes()
        now = self._clock()
        told = Line(now, staff_no, "factor.begin", staff_no, {"source": source, "by_code": typed is not None})
        kept = FactorRow(staff_no, begun, now, used)
        self.rows.confirm(kept, session, [self._hash(staff_no, each) for each in codes], told, first=first)
        return codes

    def check(self, staff_no: str, typed: str, source: str) -> None:
        """Take a code, or a recovery code, of this account. Raises SignInRefused: the wait, or why it was not taken."""
        anywhere, person = code_keys_of(staff_no)
        here, rules = person + source, ((anywhere, ANYWHERE), (person + source, CODES))
        wait = max(self._throttle.wait_ms(key, rule) for key, rule in rules)
        wait = wait or max(self._throttle.attempt(key, rule) for key, rule in rules)
        if wait:
            raise SignInRefused(wait)
        why = self._refusal(staff_no, typed, source)
        if why in (None, "unreadable"):  # nobody's guess; what others have guessed stays counted
            self._throttle.take_back(anywhere)
        if why is None:
            self._throttle.forget(here)
            return
        if why == "unreadable":
            self._throttle.take_back(here)
        raise SignInRefused(0, why)

    def _refusal(self, staff_no: str, typed: str, source: str) -> Why | None:
        """Why a code is not taken, once it was looked at; None where it was taken."""
        digits = _digits(typed)
        if len(digits) != DIGITS or not digits.isdecimal():
            by = self._hash(staff_no, typed)
            told: dict[str, object] = {"source": source}

            def tell(left: int) -> Line:
                return Line(self._clock(), staff_no, "factor.recovery", staff_no, {**told, "left": left})

            return None if self.rows.use_recovery_code(staff_no, by, tell) else "code"
        row = self.rows.factor(staff_no)
        if row is None:
            return "code"
        try:
            secret = self._opened(staff_no, row.secret)
        except SignInRefused as refused:
            return refused.why
        if self.rows.use(staff_no, lambda used: self._taken(secret, digits, used)):
            return None
        return "used" if self._taken(secret, digits, b"") is not None else "code"

    def renew_codes(self, staff_no: str, source: str) -> list[str]:
        """Ten other recovery codes; those before are worth nothing. Raises Outdated without a factor, NotSaved."""
        codes = self._drawn_codes()
        told = Line(self._clock(), staff_no, "factor.codes", staff_no, {"source": source})
        self.rows.renew_codes(staff_no, [self._hash(staff_no, each) for each in codes], told)
        return codes

    def end(self, staff_no: str, source: str) -> bool:
        """Somebody does without his own; False where there was none. Raises NotSaved."""
        told = Line(self._clock(), staff_no, "factor.end", staff_no, {"source": source})
        return self.rows.drop(staff_no, told, signs_out=False)

    def reset(self, staff_no: str, by: str) -> bool:
        """Take away the factor of somebody whose telephone is lost, and sign them out; False where there was none.
        Raises NotSaved."""
        told = Line(self._clock(), by, "factor.reset", staff_no, {})
        done = self.rows.drop(staff_no, told, signs_out=True)
        anywhere, person = code_keys_of(staff_no)
        for key in (anywhere, *self._throttle.counted(person)):
            self._throttle.forget(key)
        return done

    def _taken(self, secret: bytes, digits: str, used: bytes) -> bytes | None:
        """The used steps with the one whose code this is; None where it is none of now, or was used."""
        made, now = pyotp.TOTP(base64.b32encode(secret).decode("ascii")), max(self._clock(), 0) // STEP_MS
        known = {used[start : start + _STEP_BYTES] for start in range(0, len(used), _STEP_BYTES)}
        for step in (now, now - 1, now + 1):
            each = max(step, 0).to_bytes(_STEP_BYTES)
            if hmac.compare_digest(made.generate_otp(max(step, 0)).encode(), digits.encode()) and each not in known:
                return (used + each)[-REMEMBERED * _STEP_BYTES :]
        return None

    def _off_ms(self, secret: bytes, digits: str) -> int | None:
        """By how much a clock is ahead of ours by which a code would be good, the least of a day either way."""
        made, now = pyotp.TOTP(base64.b32encode(secret).decode("ascii")), max(self._clock(), 0) // STEP_MS
        for off in sorted(range(-DAY_MS // STEP_MS, DAY_MS // STEP_MS + 1), key=abs):
            if now + off >= 0 and hmac.compare_digest(made.generate_otp(now + off).encode(), digits.encode()):
                return off * STEP_MS
        return None

    def _drawn_codes(self) -> list[str]:
        return [one_time_code(self._randomness) for _ in range(RECOVERY_CODES)]

    def _hash(self, staff_no: str, code: str) -> bytes:
        """What is stored of a recovery code."""
        return hmac.new(self._pepper(), staff_no.encode() + b"\0" + code_hash(code), hashlib.sha256).digest()

    def _sealed(self, staff_no: str, secret: bytes) -> bytes:
        nonce = self._randomness(NONCE_BYTES)
        return nonce + encrypt(self._own_key(in_use=False), nonce, _ABOUT + staff_no.encode(), secret)

    def _opened(self, staff_no: str, sealed: bytes) -> bytes:
        try:
            return decrypt(
                self._own_key(in_use=True), sealed[:NONCE_BYTES], _ABOUT + staff_no.encode(), sealed[NONCE_BYTES:]
            )
        except NotOpened:
            raise SignInRefused(0, "unreadable") from None

    def _own_key(self, *, in_use: bool) -> bytes:
        """The key for secrets of factors: made from the one that is handed in, which encrypts other things itself."""
        try:
            return hmac.new(self._key(in_use), _ABOUT, hashlib.sha256).digest()
        except (OSError, NoIdentity, NotOpened):
            raise SignInRefused(0, "unreadable") from None


def code_keys_of(staff_no: str) -> tuple[str, str]:
    """Under which keys guesses at the codes of an account are counted: all of them, and the beginning of that of one
    source."""
    return f"factor:{staff_no}", f"factor at:{staff_no.replace('%', '%25').replace('@', '%40')}@"


def _digits(typed: str) -> str:
    """A code as it is compared: narrow digits, whatever stands between them."""
    return "".join(unicodedata.normalize("NFKC", typed).replace("-", " ").split())
