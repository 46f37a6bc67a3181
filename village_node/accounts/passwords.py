"""Passwords and one-time codes: what may be chosen, how it is kept, how it is compared."""

import base64
import hashlib
import itertools
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field

from argon2 import PasswordHasher
from argon2.exceptions import HashingError, InvalidHashError, VerificationError, VerifyMismatchError

SHORTEST = 12
LONGEST = 128
FEWEST_DIFFERENT = 5

# Crockford's base32: no I, L, O, U, so that a code can be read out and typed.
CODE_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_BYTES = 10  # 80 bits: a plain hash of it cannot be turned round
_MISREAD = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})

# Long passwords that everybody tries first; shorter ones are refused by their length.
BLOCKED = frozenset({
    "123456789012", "1234567890123", "12345678901234", "123456789abc", "1234567890ab", "1234567890qwe",
    "123456123456", "123123123123", "112233445566", "121212121212", "010203040506", "111222333444", "147258369147",
    "987654321098", "0987654321098", "987654321000", "abcdefghijkl", "abcdefghijklmn", "abcd12345678",
    "abc123456789", "abcabc123123", "a12345678901", "a123456789012", "aa123456789012", "qwertyuiop12",
    "qwertyuiop123", "qwertyuiop[]", "qwertyuiopas", "qwertyuiopasdf", "qwerty123456", "qwerty1234567",
    "qwer12345678", "1qaz2wsx3edc", "1qaz2wsx3edc4rfv", "1q2w3e4r5t6y", "zaq12wsxcde3", "zxcvbnm12345",
    "asdfghjkl123", "asdfghjkl;'\\\\", "asdf12345678", "password1234", "password12345", "password123456",
    "passw0rd1234", "p@ssw0rd1234", "p@ssword1234", "passwordpassword", "admin1234567", "admin12345678",
    "administrator", "admin@123456", "admin@1234567", "adminadmin123", "root12345678", "welcome12345",
    "welcome123456", "iloveyou1234", "iloveyou5201314", "woaini520131", "woaini5201314", "woaini123456",
    "woaini1314520", "5201314520131", "52013145201314", "zhangsan1234", "lisi12345678", "zhongguo1234",
    "zhongguo2026", "beijing12345", "zhengwu12345", "zhengwu123456", "changeme1234", "letmein12345", "monkey123456",
    "dragon123456", "sunshine1234", "superman1234", "football1234", "baseball1234", "princess1234",
})  # fmt: skip


def fold(text: str) -> str:
    """The one spelling of a password that is hashed, so that two keyboards agree about an accented letter."""
    return unicodedata.normalize("NFC", text)


def password_trouble(password: str, staff_no: str = "") -> tuple[str, str] | None:
    """Say in Chinese and English why a password may not be used; None when it may.

    Length, a list of what everybody tries, and the staff number count; mixtures of signs are not asked for (they make
    people write passwords down).
    """
    folded = fold(password)
    lowered = folded.casefold()
    if len(folded) < SHORTEST:
        return (
            f"密码至少 {SHORTEST} 个字符，现在是 {len(folded)} 个。可以用一句好记的话。",
            f"A password has at least {SHORTEST} characters, this one has {len(folded)}. A short sentence will do.",
        )
    if len(folded) > LONGEST:
        return f"密码最多 {LONGEST} 个字符。", f"A password has at most {LONGEST} characters."
    if len(set(lowered)) < FEWEST_DIFFERENT or lowered in BLOCKED or _is_one_run(lowered):
        return "这个密码太常见，请换一个。", "This password is too common; choose another."
    if len(staff_no) >= 4 and staff_no.casefold() in lowered and len(lowered) - len(staff_no) < SHORTEST // 2:
        return "密码不能由工号加几个字符组成。", "A password may not be the staff number and a few characters."
    return None


def _is_one_run(text: str) -> bool:
    """Tell whether every character follows the one before by the same step of 1, -1 (9 to 0 counts as a step)."""
    steps = {(ord(after) - ord(before)) for before, after in itertools.pairwise(text)}
    steps = {{9: -1, -9: 1}.get(step, step) for step in steps} if text.isdigit() else steps
    return steps in ({1}, {-1})


@dataclass(frozen=True)
class Hasher:
    """Argon2id with its cost: 64 MiB, three passes, about 0.2 s on a small PC. Tests hand in a cheaper one."""

    randomness: Callable[[int], bytes]
    memory_kib: int = 65_536
    passes: int = 3
    lanes: int = 4
    _argon2: PasswordHasher = field(init=False, repr=False)
    _nobody: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        argon2 = PasswordHasher(time_cost=self.passes, memory_cost=self.memory_kib, parallelism=self.lanes)
        object.__setattr__(self, "_argon2", argon2)
        # Compared against when there is no such account, so that the answer takes the same time.
        object.__setattr__(self, "_nobody", self.hash("nobody has this password"))

    def hash(self, password: str) -> str:
        """The encoded hash of a password, with a fresh salt. Raises MemoryError where there is none for it."""
        try:
            return self._argon2.hash(fold(password), salt=self.randomness(16))
        except HashingError as error:
            raise MemoryError(str(error)) from error

    def matches(self, encoded: str | None, password: str) -> bool:
        """Tell whether a password belongs to a hash; None costs as much time and is never true.

        Raises MemoryError where there is none for it: a right password is not called wrong for that.
        """
        try:
            self._argon2.verify(encoded or self._nobody, fold(password))
        except (VerifyMismatchError, InvalidHashError):
            return False
        except VerificationError as error:
            if any(sign in str(error).lower() for sign in ("memory", "thread")):
                raise MemoryError(str(error)) from error
            return False
        return encoded is not None

    def is_outdated(self, encoded: str) -> bool:
        """Tell whether a hash was made with a lower cost than today's and should be made again."""
        return self._argon2.check_needs_rehash(encoded)


def one_time_code(randomness: Callable[[int], bytes]) -> str:
    """A fresh one-time code in groups of four, e.g. `7K3M-...` (16 characters, 80 bits)."""
    letters = base64.b32encode(randomness(CODE_BYTES)).decode("ascii")
    plain = letters.translate(str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", CODE_LETTERS))
    return "-".join(plain[start : start + 4] for start in range(0, len(plain), 4))


def code_hash(code: str) -> bytes:
    """What is stored of a one-time code (32 bytes): of its letters only, however they were typed."""
    typed = unicodedata.normalize("NFKC", code).upper().translate(_MISREAD)
    return hashlib.sha256(b"sanji one-time code\0" + typed.encode()).digest()
