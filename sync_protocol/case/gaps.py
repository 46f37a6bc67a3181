"""Gaps in a clock: the days (a, b] that do not count, made from a ledger of exclusions, and counting around them."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from sync_protocol.case.exclusions import EXCLUSIONS, ClockName
from sync_protocol.case.facts import Exclusion, Limits
from sync_protocol.case.workdays import LAST_DAY, Calendar, within

Gap = tuple[date, date]  # the days after the first, up to and with the second; LAST_DAY: nobody knows until when


def stops(kind: str, clock: ClockName, limits: Limits) -> bool:
    """Whether an exclusion of this kind stops this clock while it is open."""
    stop = EXCLUSIONS[kind].stops.get(clock)
    if stop is None:
        return False
    return stop.effect == "stops" or (stop.effect == "item" and limits.publicity_excluded)


def planned_end(exclusion: Exclusion, limits: Limits, calendar: Calendar) -> date | None:
    """The day at whose end it closes by itself; None where no length was told."""
    if exclusion.planned is None:
        return None
    if exclusion.kind == "publicity" and limits.publicity_unit == "calendar":
        return within(exclusion.opened + timedelta(exclusion.planned))
    return calendar.nth(exclusion.opened, exclusion.planned)


def end_of(exclusion: Exclusion, limits: Limits, calendar: Calendar, until: date) -> date:
    """Its last day: when it was closed or its planned length is over, whichever comes first; ``until`` while neither
    has come."""
    planned = planned_end(exclusion, limits, calendar)
    if exclusion.closed is not None:
        return exclusion.closed if planned is None else min(exclusion.closed, planned)
    return until if planned is None else min(until, planned)


def is_open(exclusion: Exclusion, limits: Limits, calendar: Calendar, day: date) -> bool:
    """Whether it is open on a day: opened by then, and not over before its end."""
    if exclusion.opened > day or (exclusion.closed is not None and exclusion.closed <= day):
        return False
    planned = planned_end(exclusion, limits, calendar)
    return planned is None or day <= planned


def gaps_of(
    ledger: Sequence[Exclusion], clock: ClockName, limits: Limits, calendar: Calendar, until: date
) -> list[Gap]:
    """The gaps of one clock, merged and in order; what is open lasts until the day given, or until its planned end."""
    if not ledger:
        return []
    found = [(each.opened, end_of(each, limits, calendar, until)) for each in ledger if stops(each.kind, clock, limits)]
    return merged(found)


def merged(gaps: Iterable[Gap]) -> list[Gap]:
    """Gaps in order, those that overlap or touch as one; empty ones are left out."""
    whole: list[Gap] = []
    for first, last in sorted(gap for gap in gaps if gap[0] < gap[1]):
        if whole and first <= whole[-1][1]:
            whole[-1] = (whole[-1][0], max(whole[-1][1], last))
        else:
            whole.append((first, last))
    return whole


def used_days(calendar: Calendar, start: date, upto: date, gaps: Iterable[Gap]) -> int:
    """Working days of (start, upto] that lie in no gap; the gaps are merged."""
    lost = sum(calendar.count(max(first, start), min(last, upto)) for first, last in gaps)
    return calendar.count(start, upto) - lost


def reach(calendar: Calendar, start: date, number: int, gaps: Sequence[Gap]) -> date | None:
    """The first day on which so many days are used; ``start`` for 0. None where a gap that nobody knows the end of
    comes before it."""
    day, left = start, number
    for first, last in gaps:
        if left <= 0 or last <= day:
            continue
        before = calendar.count(day, first)
        if left <= before:
            break
        if last >= LAST_DAY:
            return None
        left -= before
        day = last
    return calendar.nth(day, left) if left > 0 else start
