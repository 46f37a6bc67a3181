"""The throttle of guesses: a growing wait for each account and source, kept in the database, never a lock for good."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from village_node.store.audit import Line
from village_node.store.throttles import ThrottleRow, ThrottleRows

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
# How long a row is kept after its last attempt. Only what is counted under a key that begins with LONG may be
# remembered longer than two days: most rows name an address, which has no business here once it is forgotten.
LONG = "long:"
KEPT_MS = 2 * DAY_MS
LONG_KEPT_MS = 180 * DAY_MS


@dataclass(frozen=True)
class Rule:
    """Failures that are free, the longest wait, the quiet after which all is forgotten, the first wait (ms)."""

    free: int
    longest_ms: int
    forget_ms: int
    first_ms: int = 1000

    def wait_ms(self, failures: int) -> int:
        """The wait after this many failures: none while they are free, then the first, doubled up to the longest."""
        over = failures - self.free
        return min(self.longest_ms, self.first_ms << min(over - 1, 30)) if over > 0 else 0


# One person at one machine; all guesses at one account, whose wait stays short because somebody else's guesses must not
# keep its owner out; all guesses from one machine, which may be a whole hall behind one address.
PERSON_HERE = Rule(free=3, longest_ms=15 * MINUTE_MS, forget_ms=DAY_MS)
ACCOUNT = Rule(free=20, longest_ms=30_000, forget_ms=DAY_MS)
SOURCE = Rule(free=20, longest_ms=15 * MINUTE_MS, forget_ms=HOUR_MS)


class Throttle:
    """Counts attempts by key. An attempt is counted before it is made, so that ten at once are ten."""

    def __init__(self, rows: ThrottleRows, clock: Callable[[], int]) -> None:
        self.rows = rows
        self._clock = clock

    def wait_ms(self, key: str, rule: Rule) -> int:
        """How long the next attempt under this key has to wait (ms); 0 when it may be made now."""
        row, now = self.rows.throttle(key), self._clock()
        if row is not None and row.last_ms > now:
            row = self.rows.change_throttle(key, lambda found: _rebased(found, rule, now))
        return _remaining(row, now)

    def attempt(self, key: str, rule: Rule, tell: Callable[[int], Line | None] = lambda failures: None) -> int:
        """Count an attempt under this key: 0 when it may be made, else the wait (ms), and then nothing is counted.

        `tell`: the audit line, if any, that is written where so many attempts were counted.
        """
        _check_kept(key, rule)
        now = self._clock()
        waits: list[int] = []
        counted: list[int] = []

        def change(row: ThrottleRow | None) -> ThrottleRow | None:
            row = _rebased(row, rule, now)
            wait = _remaining(row, now)
            waits.append(wait)
            if wait:
                return row
            row = _one_more(row, key, rule, now)
            counted.append(row.failures)
            return row

        self.rows.change_throttle(key, change, lambda row: tell(row.failures) if counted else None)
        return waits[-1]

    def attempt_all(self, rules: Mapping[str, Rule]) -> dict[str, int]:
        """Count an attempt under each of these keys, or under none where one of them has to wait; the waits (ms)."""
        for key, rule in rules.items():
            _check_kept(key, rule)
        now = self._clock()
        waits: dict[str, int] = {}

        def change(held: Mapping[str, ThrottleRow]) -> list[ThrottleRow]:
            based = {key: _rebased(held.get(key), rule, now) for key, rule in rules.items()}
            waits.update({key: _remaining(row, now) for key, row in based.items()})
            if any(waits.values()):
                return [row for row in based.values() if row is not None]
            return [_one_more(based[key], key, rule, now) for key, rule in rules.items()]

        self.rows.change_throttles(list(rules), change)
        return waits

    def forget(self, key: str) -> None:
        """Forget what was counted under this key: the attempt was right."""
        self.rows.change_throttle(key, lambda row: None)

    def take_back(self, key: str) -> None:
        """Take one counted attempt back: it was right, but others under this key may not have been."""

        def change(row: ThrottleRow | None) -> ThrottleRow | None:
            if row is None or row.failures <= 1:
                return None
            return ThrottleRow(key, row.failures - 1, row.last_ms, row.last_ms)

        self.rows.change_throttle(key, change)

    def waits(self, prefix: str) -> dict[str, int]:
        """The wait left (ms) under each key that begins so, where there is one."""
        now = self._clock()
        return {row.key: wait for row in self.rows.throttles(prefix) if (wait := _remaining(row, now))}

    def counted(self, prefix: str) -> list[str]:
        """The keys that begin so under which something is counted."""
        return [row.key for row in self.rows.throttles(prefix)]

    def give_back(self, key: str, count: int, rule: Rule) -> None:
        """Take so many counted attempts back, and what they add to the wait."""

        def change(row: ThrottleRow | None) -> ThrottleRow | None:
            if row is None or row.failures <= count:
                return None
            left = row.failures - count
            return ThrottleRow(key, left, row.last_ms, row.last_ms + rule.wait_ms(left))

        self.rows.change_throttle(key, change)

    def unlock(self, keys: Sequence[str], person: str, told: Line) -> None:
        """End the waits of one account: what was counted under its keys, and under it at each source; ``person`` is the
        beginning of the keys of these. What its own attempts counted at a source is taken back there as well, where
        that still remembers them; those of others stay."""
        here = self.rows.throttles(person)
        for row in here:
            self._give_back_there(row, f"source:{row.key.removeprefix(person)}")
        self.rows.drop_throttles([*keys, *(row.key for row in here)], told)

    def _give_back_there(self, person: ThrottleRow, source: str) -> None:
        """Take back at a source what one account has counted there; it forgets in an hour, an account in a day."""
        counted = self.rows.throttle(source)
        if counted is not None and counted.last_ms - person.last_ms < SOURCE.forget_ms:
            self.give_back(source, person.failures, SOURCE)

    def purge(self) -> int:
        """Drop rows that no rule remembers any more; returns how many."""
        now = self._clock()
        return self.rows.purge_throttle(now - KEPT_MS, LONG, now - LONG_KEPT_MS)


def _check_kept(key: str, rule: Rule) -> None:
    """ValueError for a rule that would remember longer than the rows of such a key are kept."""
    kept_ms = LONG_KEPT_MS if key.startswith(LONG) else KEPT_MS
    if max(rule.forget_ms, rule.longest_ms) > kept_ms:
        raise ValueError(f"rule of {key}: remembers longer than its rows are kept; begin the key with {LONG}")


def _one_more(row: ThrottleRow | None, key: str, rule: Rule, now_ms: int) -> ThrottleRow:
    """The row with one attempt more."""
    failures = 1 if row is None or now_ms - row.last_ms >= rule.forget_ms else row.failures + 1
    return ThrottleRow(key, failures, now_ms, now_ms + rule.wait_ms(failures))


def _remaining(row: ThrottleRow | None, now_ms: int) -> int:
    """The wait left."""
    return max(0, row.blocked_until_ms - now_ms) if row is not None else 0


def _rebased(row: ThrottleRow | None, rule: Rule, now_ms: int) -> ThrottleRow | None:
    """A row as it stands; one from the future begins its wait now, so that a clock set back locks nobody out."""
    if row is None or row.last_ms <= now_ms:
        return row
    return ThrottleRow(row.key, row.failures, now_ms, now_ms + rule.wait_ms(row.failures))
