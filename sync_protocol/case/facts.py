"""The facts a legal clock is computed from: days, a ledger of exclusions, who had the case, and the item's limits.

Plain values; where they come from (events, a form, a test) makes no difference to the clock.
"""

from datetime import date
from typing import Final, Literal, NamedTuple

from sync_protocol.case.exclusions import Bucket

ACCEPTANCE_DAYS: Final = 5  # Administrative Licensing Law, art. 32
DELIVERY_DAYS: Final = 10  # art. 44
PREREVIEW_DAYS: Final = 2


class Limits(NamedTuple):
    """What the item version allows, in working days; None: no such limit.

    ``fallback``: the promise where a proven outage covers the day of acceptance. ``budgets``: of the steps. Publicity:
    how long, in which days, and whether the promised clock waits for it.
    """

    promised: int | None = None
    statutory: int | None = None
    fallback: int | None = None
    village: int | None = None
    township: int | None = None
    county: int | None = None
    publicity_unit: Literal["calendar", "working"] = "calendar"
    publicity_excluded: bool = False
    acceptance: int = ACCEPTANCE_DAYS
    delivery: int = DELIVERY_DAYS
    prereview: int = PREREVIEW_DAYS


class Exclusion(NamedTuple):
    """One line of the ledger: opened on one day and closed on another, (opened, closed]; open where ``closed`` is None.

    ``kind``: a key of EXCLUSIONS. ``planned``: the days told in writing, working days, but those of publicity in the
    item's unit; at their end it closes by itself.
    """

    kind: str
    opened: date
    closed: date | None = None
    planned: int | None = None


class Correction(NamedTuple):
    """What was wanting before acceptance: the day it was told, and the day the papers were received."""

    asked: date
    supplied: date | None = None


class Hold(NamedTuple):
    """From a day on somebody has the case: the days after ``since`` are theirs until the next hold."""

    since: date
    bucket: Bucket
    place: str = ""


class Outage(NamedTuple):
    """A proven outage of the network: (since, until], both days of the same kind as those of an exclusion."""

    since: date
    until: date


class Facts(NamedTuple):
    """All that is known of one case. Every day may be None while it has not come.

    ``begun``: somebody first took the papers in hand; ``received``: the complete papers at the first place with the
    power to accept; ``settled``: 办结, where the promise ends; ``closed``: withdrawn, refused acceptance or lapsed;
    ``extended``: when the extension was given, None for one that is known to have been in time; ``told_earlier``: when
    papers were asked for before a refusal that was overturned.
    """

    limits: Limits = Limits()
    begun: date | None = None
    received: date | None = None
    accepted: date | None = None
    decided: date | None = None
    settled: date | None = None
    delivered: date | None = None
    closed: date | None = None
    corrections: tuple[Correction, ...] = ()
    exclusions: tuple[Exclusion, ...] = ()
    extension_days: int = 0
    holds: tuple[Hold, ...] = ()
    outages: tuple[Outage, ...] = ()
    preview_asked: date | None = None
    preview_answered: date | None = None
    extended: date | None = None
    told_earlier: tuple[date, ...] = ()
