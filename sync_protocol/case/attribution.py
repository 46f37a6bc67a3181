"""Whose day it was: every working day of a case belongs to exactly one holder, and each day says why it counts or not.

The rule is that of midnight: a day belongs to the exclusion that is open, or else to whoever has the case, at 00:00 of
that day. It is the only rule that agrees with gaps (a, b]. Of exclusions that overlap the one opened first has the day.
"""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Final, NamedTuple

from sync_protocol.case.exclusions import EXCLUSION_NUMBERS, EXCLUSIONS, Bucket, ClockName
from sync_protocol.case.facts import Exclusion, Facts, Hold
from sync_protocol.case.gaps import Gap, end_of
from sync_protocol.case.workdays import LAST_DAY, Calendar, Day

TRANSIT: Final = ("transit_up", "transit_down")
MOST_DAYS: Final = 800  # of a ledger that is written out; the last ones are shown


class Share(NamedTuple):
    """The days after ``after`` up to ``upto`` belong to one holder; ``exclusion``: the kind that is open, or empty."""

    after: date
    upto: date
    bucket: Bucket
    place: str
    exclusion: str


class LedgerLine(NamedTuple):
    """One day written out. ``counted``: the clocks it counts for; ``stopped``: those that ran and did not count it
    although it is a working day; ``exclusion``: the one whose day it is."""

    day: Day
    bucket: Bucket
    place: str
    exclusion: str
    counted: tuple[ClockName, ...]
    stopped: tuple[ClockName, ...]


def share_out(facts: Facts, ledger: Iterable[Exclusion], calendar: Calendar, until: date) -> list[Share]:
    """Cut the life of a case into stretches that belong to one holder each: from the day it was begun until it was
    delivered, closed, or the day given."""
    if facts.begun is None:
        return []
    first = facts.begun
    last = min(until, facts.delivered or facts.closed or LAST_DAY)
    spans = [(each, (each.opened, end_of(each, facts.limits, calendar, LAST_DAY))) for each in ledger]
    spans.sort(key=lambda span: (span[0].opened, EXCLUSION_NUMBERS[span[0].kind]))
    cuts = {first, last, *(hold.since for hold in facts.holds)}
    for gap in (*(gap for _, gap in spans), *facts.outages):
        cuts.update(gap)
    within = sorted(cut for cut in cuts if first <= cut <= last)
    return [_whose(facts, spans, after, upto) for after, upto in pairwise(within)]


def _whose(facts: Facts, spans: Sequence[tuple[Exclusion, Gap]], after: date, upto: date) -> Share:
    """Whose days these are; nothing changes inside them."""
    hold = next((each for each in reversed(facts.holds) if each.since <= after), None)
    hold = hold or (facts.holds[0] if facts.holds else Hold(after, "applicant"))
    bucket = hold.bucket
    if bucket in TRANSIT and any(outage.since <= after and upto <= outage.until for outage in facts.outages):
        bucket = "network"
    for exclusion, (opened, end) in spans:
        if opened <= after and upto <= end:
            return Share(after, upto, EXCLUSIONS[exclusion.kind].bucket or bucket, hold.place, exclusion.kind)
    return Share(after, upto, bucket, hold.place, "")


def write_out(
    shares: Iterable[Share], running: Iterable[tuple[ClockName, date, date, Sequence[Gap]]], calendar: Calendar
) -> list[LedgerLine]:
    """Every day of these stretches, one line each, the last MOST_DAYS of them. ``running``: each clock with its start,
    its last day, and its gaps."""
    clocks = list(running)
    stretches = list(shares)
    lines: list[LedgerLine] = []
    begin = stretches[-1].upto - timedelta(MOST_DAYS) if stretches else LAST_DAY
    for share in stretches:
        day = max(share.after, begin)
        while day < share.upto:
            day += timedelta(1)
            seen = calendar.look(day)
            counted, stopped = list[ClockName](), list[ClockName]()
            for name, start, end, gaps in clocks if seen.working else ():
                if start < day <= end:
                    (stopped if any(first < day <= last for first, last in gaps) else counted).append(name)
            lines.append(LedgerLine(seen, share.bucket, share.place, share.exclusion, tuple(counted), tuple(stopped)))
    return lines
