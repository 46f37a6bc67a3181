"""What happened, line by line: its hash tells whether two runs were the same, its end what led to a violation."""

from collections import deque
from hashlib import sha256

LAST_LINES = 40


class Trace:
    """Lines without ciphertext: who did what, heads, receipts, verdicts and states."""

    def __init__(self) -> None:
        self._hash = sha256()
        self.lines = 0
        self.last: deque[str] = deque(maxlen=LAST_LINES)

    def say(self, now_s: float, who: str, what: str) -> None:
        """Add one line."""
        line = f"{int(now_s // 86400)}d{now_s % 86400:08.1f} {who} {what}"
        self._hash.update(line.encode() + b"\n")
        self.lines += 1
        self.last.append(line)

    @property
    def digest(self) -> str:
        """The hash of all lines so far, in hexadecimal."""
        return self._hash.hexdigest()
