"""The rates of a period (CASE.md, section 8.3): what is divided by what, and how the quotient is rounded.

Counts add up, so that those of a place and of all below it are a sum; what is divided is divided last. Where nothing is
to be divided by there is no rate, and never nought or a hundred.
"""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Final, Literal, NamedTuple

from sync_protocol.case.workdays import FIRST_DAY, Calendar

Unit = Literal["percent", "days", "times", "cases"]
SPAN_DAYS: Final = 366  # what was settled, or rated as bad, longer before a period than this is not due in it
_ONE: Final = timedelta(1)


class Counts(NamedTuple):
    """What is counted of the cases of some homes in a period; each case counts once, at its home.

    ``corrected`` to ``off_received``: of the received, those asked for papers, taken in at a village or township, and
    received on days off; ``returned``: of the accepted; ``rated``, and ``readable`` with their ``visits``: of the
    settled; ``limited`` and ``over``: settled 承诺件 with a statutory limit, and those beyond it, ``joint`` 联办件 and
    上报件; ``reached``: villages with a case accepted; ``transfers``: between places, with the working days of all.
    """

    received: int = 0
    corrected: int = 0
    near: int = 0
    off_received: int = 0
    accepted: int = 0
    returned: int = 0
    refused: int = 0
    settled: int = 0
    rated: int = 0
    due: int = 0
    due_settled: int = 0
    limited: int = 0
    over: int = 0
    joint_limited: int = 0
    joint_over: int = 0
    villages: int = 0
    reached: int = 0
    transfers: int = 0
    transfer_days: int = 0
    readable: int = 0
    visits: int = 0
    previews: int = 0
    previews_in_time: int = 0
    bad: int = 0
    bad_mended: int = 0
    bad_asked: int = 0

    def plus(self, other: "Counts") -> "Counts":
        """Both together."""
        return Counts(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))


class Frame(NamedTuple):
    """What a period has for all places alike: its days so far, and of the items offered on the last of them how many
    there are, how many are 即办件, and the days that the statute gives and that are promised in all."""

    working_days: int
    calendar_days: int
    items: int
    items_at_once: int
    statutory_days: int
    promised_days: int

    @property
    def days_off(self) -> int:
        """How many of its days are none of work."""
        return self.calendar_days - self.working_days


class Rate(NamedTuple):
    """One rate: ``part`` of, or by, ``whole``."""

    code: str
    unit: Unit
    part: int
    whole: int

    @property
    def tenths(self) -> int | None:
        """Its value in tenths (of a per cent, a day, a time, a case), as it is shown; None where there is no whole."""
        return tenths(self.part * (100 if self.unit == "percent" else 1), self.whole)


_Divided = Callable[[Counts, Frame], tuple[int, int]]
# Of the place as a whole: what is the same for every place below it is told once.
_OF_ALL: Final[dict[str, tuple[Unit, _Divided]]] = {
    "at_once_items": ("percent", lambda _, frame: (frame.items_at_once, frame.items)),
    "compression": ("percent", lambda _, frame: (frame.statutory_days - frame.promised_days, frame.statutory_days)),
}
_OF_PLACES: Final[dict[str, tuple[Unit, _Divided]]] = {
    "due_settled": ("percent", lambda counts, _: (counts.due_settled, counts.due)),
    "statutory_late": ("percent", lambda counts, _: (counts.over, counts.limited)),
    "joint_statutory_late": ("percent", lambda counts, _: (counts.joint_over, counts.joint_limited)),
    "corrected": ("percent", lambda counts, _: (counts.corrected, counts.received)),
    "refused": ("percent", lambda counts, _: (counts.refused, counts.accepted + counts.refused)),
    "returned": ("percent", lambda counts, _: (counts.returned, counts.accepted)),
    "preview_in_time": ("percent", lambda counts, _: (counts.previews_in_time, counts.previews)),
    "near": ("percent", lambda counts, _: (counts.near, counts.received)),
    "villages_reached": ("percent", lambda counts, _: (counts.reached, counts.villages)),
    "transfer_time": ("days", lambda counts, _: (counts.transfer_days, counts.transfers)),
    "visits": ("times", lambda counts, _: (counts.visits, counts.readable)),
    "per_working_day": ("cases", lambda counts, frame: (counts.settled, frame.working_days)),
    "per_calendar_day": ("cases", lambda counts, frame: (counts.settled, frame.calendar_days)),
    "per_day_off": ("cases", lambda counts, frame: (counts.off_received, frame.days_off)),
    "rated": ("percent", lambda counts, _: (counts.rated, counts.settled)),
    "bad_mended": ("percent", lambda counts, _: (counts.bad_mended, counts.bad)),
    "bad_asked": ("percent", lambda counts, _: (counts.bad_asked, counts.bad)),
}
CODES: Final = (*_OF_PLACES, *_OF_ALL)
COMPARED: Final = tuple(_OF_PLACES)
# What casework counts too and no node can: what a complaint came to is sealed to who heard it and who made it.
NOT_KNOWN: Final = "upheld"


def rates_of(counts: Counts, frame: Frame) -> tuple[Rate, ...]:
    """Every rate of a place with all below it, in the order of CODES."""
    return tuple(
        Rate(code, unit, *divided(counts, frame)) for code, (unit, divided) in {**_OF_PLACES, **_OF_ALL}.items()
    )


def tenths(part: int, whole: int) -> int | None:
    """A quotient in tenths, a half rounded away from nought; None where there is nothing to divide by."""
    if whole <= 0:
        return None
    rounded = (20 * abs(part) + whole) // (2 * whole)
    return rounded if part >= 0 else -rounded


def words(value: int | None) -> str:
    """Tenths as people read them: `98.9`, empty for None."""
    if value is None:
        return ""
    return f"{'-' if value < 0 else ''}{abs(value) // 10}.{abs(value) % 10}"


def due_day(settled: date, left: int, calendar: Calendar) -> date:
    """On which day a case was due that was settled with so many working days left of its promise, or, below 0, so many
    beyond it: counted from the day of settlement as if nothing had stopped the clock between the two."""
    if left > 0:
        return calendar.nth(settled, left)
    day = settled
    while left and day > FIRST_DAY:
        left += calendar.is_working(day)
        day -= _ONE
    while not calendar.is_working(day) and day > FIRST_DAY:
        day -= _ONE
    return day


def transfer_days(moves: list[tuple[bool, date]], calendar: Calendar) -> list[int]:
    """The working days between each handoff and the acceptance that followed it. ``moves``: in their order, whether it
    is a handoff, and its day; what was handed on twice is on its way since the last time."""
    found, since = list[int](), None
    for is_handoff, day in moves:
        if is_handoff:
            since = day
        elif since is not None:
            found.append(calendar.count(since, day))
            since = None
    return found
