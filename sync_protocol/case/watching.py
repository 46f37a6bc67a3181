"""What is listed for supervision beside the limits: papers asked for more than once, and much time not counted.

A limit says nothing of a case that is stopped again and again: it is never late. So the day is told from which somebody
above is to look at it.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final, Literal, NamedTuple

from sync_protocol.case.exclusions import ClockName
from sync_protocol.case.facts import Exclusion, Limits
from sync_protocol.case.gaps import gaps_of, stops
from sync_protocol.case.workdays import LAST_DAY, Calendar

Why = Literal["again", "many", "half"]
MOST_EXCLUSIONS: Final = 2
EXAMINATION: Final[tuple[ClockName, ...]] = ("promised", "statutory")
# Of a ledger, what tells the applicant to bring or to mend something.
_NOTICES: Final = frozenset({"supplement", "returned"})
WORDS: Final[dict[Why, tuple[str, str]]] = {
    "again": ("要求补正超过一次", "papers were asked for more than once"),
    "many": ("不计时段超过两次", "more than two exclusions"),
    "half": ("不计时间超过一半", "more than half of the time is excluded"),
}


class Watched(NamedTuple):
    """Why a case is listed, and from which day."""

    why: Why
    since: date


class Promise(NamedTuple):
    """The promised clock: its first day, its last if it has ended, the day from which anybody knows that it runs."""

    start: date
    end: date | None
    since: date | None


def watched(
    asked: Iterable[date],
    told: Iterable[Exclusion],
    ledger: Sequence[Exclusion],
    promise: Promise | None,
    limits: Limits,
    calendar: Calendar,
) -> list[Watched]:
    """Why a case is listed. ``asked``: when papers were asked for before acceptance; ``told``: the ledger after
    acceptance as the facts have it; ``ledger``: all of it."""
    found: list[Watched] = []
    notices = sorted([*asked, *(each.opened for each in told if each.kind in _NOTICES)])
    if len(notices) > 1:
        found.append(Watched("again", notices[1]))
    opened = sorted(each.opened for each in telling(ledger, limits) if not is_empty(each))
    if len(opened) > MOST_EXCLUSIONS:
        found.append(Watched("many", opened[MOST_EXCLUSIONS]))
    half = _half(ledger, promise, limits, calendar) if promise is not None else None
    return found if half is None else [*found, Watched("half", half)]


def is_empty(exclusion: Exclusion) -> bool:
    """Whether it ends before it begins, and counts as none."""
    return exclusion.closed is not None and exclusion.closed < exclusion.opened


def telling(ledger: Iterable[Exclusion], limits: Limits) -> list[Exclusion]:
    """Those of a ledger that stop a clock of the examination."""
    return [each for each in ledger if any(stops(each.kind, clock, limits) for clock in EXAMINATION)]


def _half(ledger: Sequence[Exclusion], promise: Promise, limits: Limits, calendar: Calendar) -> date | None:
    """The first day on which more than half of the elapsed working days was not counted; None if it never comes. It
    comes within a gap: between two of them the share that is excluded falls."""
    lost = 0
    for first, last in gaps_of(ledger, "promised", limits, calendar, LAST_DAY):
        begin, end = max(first, promise.start), min(last, promise.end or LAST_DAY)
        if end <= begin:
            continue
        needed = max(calendar.count(promise.start, begin) - 2 * lost + 1, 1)
        inside = calendar.count(begin, end)
        if inside >= needed:
            day = calendar.nth(begin, needed)
            return day if promise.since is None else max(day, promise.since)
        lost += inside
    return None
