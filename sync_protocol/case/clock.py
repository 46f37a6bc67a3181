"""The legal clock of a case, computed from facts and a calendar: used days, due dates, grades, and whose days they are.

Theory of operation. A clock that starts on day s has used, by day t, the working days of (s, t] that lie in none of the
gaps (a, b] of the exclusions that stop it; gaps that overlap are one. So the day of a notice counts, the day the papers
come does not. Everything else is a question about that number: due is the first day on which it equals the limit, a
grade begins on the first day on which it reaches a threshold. Nothing here reads a clock: ``as_of`` is handed in.
"""

from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from typing import Final, Literal, NamedTuple

from sync_protocol.case.attribution import LedgerLine, Share, share_out, write_out
from sync_protocol.case.exclusions import GRADE_NUMBERS, STEPS, Bucket, ClockName, Grade
from sync_protocol.case.facts import Exclusion, Facts
from sync_protocol.case.gaps import gaps_of, is_open, reach, stops, used_days
from sync_protocol.case.watching import MOST_EXCLUSIONS, Promise, Watched, is_empty, telling
from sync_protocol.case.watching import watched as _watched
from sync_protocol.case.workdays import LAST_DAY, Calendar

State = Literal["running", "stopped", "ended"]
_LEADING: Final[tuple[ClockName, ...]] = ("promised", "delivery", "acceptance", "prereview", "statutory")
_LADDER: Final[tuple[Grade, ...]] = ("red_plus", "red", "yellow", "notice")


class Thresholds(NamedTuple):
    """How many days must be used until a grade begins; None: it never does."""

    notice: int | None
    yellow: int | None
    red: int | None


class Reading(NamedTuple):
    """One clock as it stands. ``excluded``: working days since ``start`` that were not counted; ``due``: as if what is
    open were closed today; ``due_planned``: at the planned end of what is open, None where nothing is planned."""

    clock: ClockName
    state: State
    start: date
    end: date | None
    limit: int
    used: int
    excluded: int
    due: date
    due_planned: date | None
    grade: Grade
    provisional: bool

    @property
    def remaining(self) -> int:
        """Working days left; below 0 when it is overdue."""
        return self.limit - self.used


class Clocks(NamedTuple):
    """Every clock of a case as of one day. ``deemed``: the day from which it counts as accepted, because nobody said a
    word in time; ``elapsed``: working days since it was begun; ``shares``: how many of them are whose."""

    as_of: date
    calendar_version: str
    readings: tuple[Reading, ...]
    deemed: date | None
    elapsed: int
    shares: dict[Bucket, int]
    flags: tuple[str, ...]

    @property
    def grade(self) -> Grade:
        """The worst of all."""
        return max((each.grade for each in self.readings), key=GRADE_NUMBERS.__getitem__, default="")

    def of(self, clock: ClockName) -> Reading | None:
        """One clock; None where it has not started."""
        return next((each for each in self.readings if each.clock == clock), None)

    @property
    def leading(self) -> Reading | None:
        """The clock that people ask about now: what the applicant is to hear next, or the last word said."""
        named = [self.of(clock) for clock in _LEADING]
        known = [each for each in named if each is not None]
        return next((each for each in known if each.state != "ended"), known[0] if known else None)


class Turns(NamedTuple):
    """The first day of each grade if nothing more happens, None where it never comes; ``due``: of the leading clock;
    ``watched``: when the case is listed for supervision. While facts and calendar stay the same, the grade of any day
    can be read from it."""

    due: date | None = None
    notice: date | None = None
    yellow: date | None = None
    red: date | None = None
    red_plus: date | None = None
    watched: date | None = None


class _Run(NamedTuple):
    """A clock that starts: on which day, when it ended, its limit, and what may stop it. ``since``: the first day on
    which anybody could know that it runs; ``waits``: for papers, and then starts anew."""

    clock: ClockName
    start: date
    end: date | None
    limit: int
    ledger: tuple[Exclusion, ...] = ()
    since: date | None = None
    waits: bool = False


class _Course(NamedTuple):
    """What the facts amount to: the clocks, since when acceptance is deemed and on which day that came about, the
    whole ledger, and whether an extension came when the limit had passed."""

    runs: list[_Run]
    deemed: date | None
    deemed_on: date | None
    ledger: tuple[Exclusion, ...]
    too_late: bool


def thresholds(limit: int, clock: ClockName) -> Thresholds:
    """Where the grades of a clock begin: half used; a fifth left, or one day; more used than there is.

    A limit of 1 or 2 is yellow only when all of it is used, one of 0 never warns. A step is yellow only beyond its
    budget, and never red.
    """
    half = (limit + 1) // 2 or None
    if clock in STEPS:
        return Thresholds(half, limit + 1, None)
    if limit == 0:
        return Thresholds(None, None, 1)
    return Thresholds(half, limit if limit <= 2 else limit - max(1, limit // 5), limit + 1)


def read(facts: Facts, calendar: Calendar, as_of: date) -> Clocks:
    """Every clock of a case as of a day."""
    course = _course(facts, calendar)
    runs = [run for run in course.runs if (run.since or run.start) <= as_of]
    readings = [_read(run, facts, calendar, as_of) for run in runs]
    shares = share_out(facts, course.ledger, calendar, as_of)
    readings += _read_steps(facts, shares, calendar, as_of)
    days: dict[Bucket, int] = {}
    for share in shares:
        days[share.bucket] = days.get(share.bucket, 0) + calendar.count(share.after, share.upto)
    return Clocks(
        as_of,
        calendar.version,
        tuple(readings),
        course.deemed if course.deemed_on is not None and course.deemed_on <= as_of else None,
        sum(days.values()),
        {bucket: count for bucket, count in days.items() if count},
        _flags(facts, course, readings),
    )


def explain(facts: Facts, calendar: Calendar, as_of: date) -> list[LedgerLine]:
    """The life of a case day by day: whose each day was, and for which clocks it counted."""
    course = _course(facts, calendar)
    running = []
    for run in course.runs:
        if (run.since or run.start) <= as_of and not run.waits:
            gaps = gaps_of(run.ledger, run.clock, facts.limits, calendar, as_of)
            running.append((run.clock, run.start, min(run.end or as_of, as_of), gaps))
    return write_out(share_out(facts, course.ledger, calendar, as_of), running, calendar)


@lru_cache(maxsize=4_096)  # cases filed on one day for one item have the same facts, and no facts name a person
def turns(facts: Facts, calendar: Calendar, as_of: date) -> Turns:
    """When the grades begin, for a list that is to be sorted day after day without looking at the facts again.

    ``as_of``, no day before the last that the facts name, matters for ``due`` alone.
    """
    course = _course(facts, calendar)
    begins: dict[Grade, date] = {}
    for run in course.runs:
        if run.waits:
            continue
        gaps = gaps_of(run.ledger, run.clock, facts.limits, calendar, LAST_DAY)
        for grade, number in _ladder(run.clock, run.limit, ended=run.end is not None):
            _note(begins, grade, reach(calendar, run.start, number, gaps), run.end, run.since)
    limits = facts.limits
    been = {hold.bucket for hold in facts.holds}
    budgets = [(step, limit) for step in STEPS if step in been and (limit := getattr(limits, step)) is not None]
    shares = share_out(facts, course.ledger, calendar, LAST_DAY) if budgets else []
    end = facts.settled or facts.closed
    for step, budget in budgets:
        for grade, number in _ladder(step, budget, ended=end is not None or not _has_it(facts, step)):
            _note(begins, grade, _reach_among(_own(shares, step, LAST_DAY), number, calendar), end, None)
    listed = min((each.since for each in _listed(facts, course, calendar)), default=None)
    notice, yellow, red, red_plus = (begins.get(grade) for grade in reversed(_LADDER))
    return Turns(_due(course, facts, calendar, as_of), notice, yellow, red, red_plus, listed)


@lru_cache(maxsize=4_096)
def overdue_from(facts: Facts, calendar: Calendar) -> date | None:
    """The day on which the promise of a case in hand is due, where it is red on the working day behind it if nothing
    more happens; None where it runs no more, or stands still (CASE.md, section 8.3)."""
    run = next((each for each in _course(facts, calendar).runs if each.clock == "promised"), None)
    if run is None or run.end is not None:
        return None
    gaps = gaps_of(run.ledger, run.clock, facts.limits, calendar, LAST_DAY)
    due, red = (reach(calendar, run.start, number, gaps) for number in (run.limit, run.limit + 1))
    if due is None or red is None or max(red, run.since or red) != calendar.nth(due, 1):
        return None
    return due


def watched(facts: Facts, calendar: Calendar) -> list[Watched]:
    """Why a case is listed for supervision, and since when, or from when on if what is open stays open."""
    return _listed(facts, _course(facts, calendar), calendar)


def _listed(facts: Facts, course: "_Course", calendar: Calendar) -> list[Watched]:
    asked = [*facts.told_earlier, *(each.asked for each in facts.corrections)]
    if not course.ledger and not asked:
        return []
    run = next((each for each in course.runs if each.clock == "promised"), None)
    promise = Promise(run.start, run.end, run.since) if run is not None else None
    return _watched(asked, facts.exclusions, course.ledger, promise, facts.limits, calendar)


def grade_on(turned: Turns, day: date) -> Grade:
    """The grade of a case on a day, from when its grades begin."""
    for grade, begins in zip(_LADDER, reversed(turned[1:5]), strict=True):
        if begins is not None and begins <= day:
            return grade
    return ""


def _due(course: _Course, facts: Facts, calendar: Calendar, as_of: date) -> date | None:
    """When the leading clock is due: what reading all of them would say, at the cost of one."""
    runs = {run.clock: run for run in course.runs if (run.since or run.start) <= as_of}
    known = [runs[clock] for clock in _LEADING if clock in runs]
    running = (run for run in known if run.end is None or run.end > as_of)
    run = next(running, known[0] if known else None)
    if run is None:
        return None
    if run.waits:
        return calendar.nth(as_of, run.limit)
    return reach(calendar, run.start, run.limit, gaps_of(run.ledger, run.clock, facts.limits, calendar, as_of))


@lru_cache(maxsize=1_024)
def _ladder(clock: ClockName, limit: int, *, ended: bool) -> tuple[tuple[Grade, int], ...]:
    """The grades of one clock with the days they begin at. A notice is a warning that ends with its clock; a card
    stays."""
    notice, yellow, red = thresholds(limit, clock)
    named: list[tuple[Grade, int | None]] = [
        ("red_plus" if clock == "statutory" else "red", red),
        ("yellow", yellow),
        ("notice", None if ended else notice),
    ]
    return tuple([(grade, number) for grade, number in named if number is not None])


def _note(begins: dict[Grade, date], grade: Grade, day: date | None, end: date | None, since: date | None) -> None:
    if day is None or (end is not None and day > end):
        return
    day = day if since is None else max(day, since)
    if grade not in begins or day < begins[grade]:
        begins[grade] = day


def _course(facts: Facts, calendar: Calendar) -> _Course:
    """Which clocks the facts start. Acceptance starts anew with the papers of each correction; where nobody said a word
    in time the case counts as accepted from the day they were received."""
    limits, runs, ledger = facts.limits, list[_Run](), list(facts.exclusions)
    if facts.preview_asked is not None:
        end = facts.preview_answered or facts.begun or facts.closed
        runs.append(_Run("prereview", facts.preview_asked, end, limits.prereview))
    deemed = since = None
    too_late = False
    if facts.received is not None:
        start, told = facts.received, None
        for asked, supplied in sorted(facts.corrections, key=lambda each: each.asked):
            if deemed is None and calendar.count(start, asked) > limits.acceptance:
                deemed = start
            # A notice that came too late stops no acceptance: the case is in examination already.
            ledger.append(Exclusion("correction" if deemed is None else "supplement", asked, supplied))
            if deemed is None:
                start, told = (start, asked) if supplied is None else (supplied, None)
        since, end = calendar.nth(start, limits.acceptance + 1), facts.accepted or facts.closed
        if told is None and since <= (end or LAST_DAY):
            deemed = start
        since = since if deemed is not None else None
        # Withdrawn while papers were wanting: it had stopped on the day of the notice.
        end = told if told is not None and end is not None else end
        runs.append(_Run("acceptance", start, end, limits.acceptance, waits=told is not None and end is None))
    begins = facts.accepted if deemed is None else deemed
    if begins is not None:
        entries, promised = tuple(ledger), _promised(facts)
        too_late = _too_late(facts, calendar, begins, entries)
        more = 0 if too_late else facts.extension_days
        if promised is not None:
            runs.append(_Run("promised", begins, facts.settled or facts.closed, promised + more, entries, since))
        if limits.statutory is not None:
            end = facts.decided or facts.closed
            runs.append(_Run("statutory", begins, end, limits.statutory + more, entries, since))
    if facts.decided is not None:
        end = facts.delivered or facts.closed
        runs.append(_Run("delivery", facts.decided, end, limits.delivery, tuple(ledger)))
    return _Course(runs, deemed, since, tuple(ledger), too_late)


def _too_late(facts: Facts, calendar: Calendar, begins: date, ledger: tuple[Exclusion, ...]) -> bool:
    """Whether the limit had passed when it was extended: the statutory one, or without one the promise. What has passed
    cannot be moved any more, and the card stays."""
    day, limits = facts.extended, facts.limits
    clock: ClockName = "promised" if limits.statutory is None else "statutory"
    limit = _promised(facts) if limits.statutory is None else limits.statutory
    if day is None or limit is None:
        return False
    return used_days(calendar, begins, day, gaps_of(ledger, clock, limits, calendar, day)) > limit


def _promised(facts: Facts) -> int | None:
    """The days promised; the fallback where a proven outage covers the day of acceptance."""
    limits, day = facts.limits, facts.accepted
    if limits.fallback is None or day is None:
        return limits.promised
    return limits.fallback if any(each.since <= day <= each.until for each in facts.outages) else limits.promised


def _read(run: _Run, facts: Facts, calendar: Calendar, as_of: date) -> Reading:
    limits, limit = facts.limits, run.limit
    if run.waits:
        # The clock starts anew with the papers: as if they came today.
        anew = calendar.nth(as_of, limit)
        provisional = calendar.provisional(run.start, anew)
        return Reading(run.clock, "stopped", run.start, None, limit, 0, 0, anew, None, "", provisional)
    upto = max(run.start, min(as_of, run.end) if run.end is not None else as_of)
    gaps = gaps_of(run.ledger, run.clock, limits, calendar, as_of)
    used = used_days(calendar, run.start, upto, gaps)
    ended = run.end is not None and run.end <= as_of
    due = reach(calendar, run.start, limit, gaps)
    assert due is not None, "a gap that is closed today has an end"
    planned: date | None = None
    waiting = [each for each in run.ledger if stops(each.kind, run.clock, limits)] if not ended else []
    waiting = [each for each in waiting if is_open(each, limits, calendar, as_of)]
    if any(each.planned is not None for each in waiting):
        planned = reach(calendar, run.start, limit, gaps_of(run.ledger, run.clock, limits, calendar, LAST_DAY))
    state: State = "ended" if ended else "stopped" if waiting else "running"
    latest = max(upto, due, planned or due)
    return Reading(
        run.clock,
        state,
        run.start,
        run.end,
        limit,
        used,
        calendar.count(run.start, upto) - used,
        due,
        planned,
        _grade(run.clock, limit, used, ended=ended),
        calendar.provisional(run.start, latest),
    )


def _grade(clock: ClockName, limit: int, used: int, *, ended: bool) -> Grade:
    return next((grade for grade, number in _ladder(clock, limit, ended=ended) if used >= number), "")


def _own(shares: Iterable[Share], step: str, end: date) -> list[Share]:
    """The stretches that belong to one level, up to a day."""
    return [share._replace(upto=min(share.upto, end)) for share in shares if share.bucket == step]


def _read_steps(facts: Facts, shares: list[Share], calendar: Calendar, as_of: date) -> list[Reading]:
    """The budgets of the levels that have had the case, in days of the promise: until it is settled."""
    found = []
    end = facts.settled or facts.closed
    ended = end is not None and end <= as_of
    for step in STEPS:
        limit = getattr(facts.limits, step)
        own = _own(shares, step, end if end is not None and ended else as_of)
        if limit is None or not own:
            continue
        used = sum(calendar.count(share.after, share.upto) for share in own)
        state: State = "ended" if ended else "running" if shares[-1].bucket == step else "stopped"
        start, last = own[0].after, own[-1].upto
        due = _reach_among(own, limit, calendar) or calendar.nth(last, limit - used)
        grade = _grade(step, limit, used, ended=ended or not _has_it(facts, step))
        provisional = calendar.provisional(start, max(due, last))
        found.append(Reading(step, state, start, end if ended else None, limit, used, 0, due, None, grade, provisional))
    return found


def _has_it(facts: Facts, step: str) -> bool:
    """Whether the case is at this level now: who has passed it on needs no notice any more."""
    return bool(facts.holds) and facts.holds[-1].bucket == step


def _reach_among(own: Iterable[Share], number: int, calendar: Calendar) -> date | None:
    """The first day on which so many working days of these stretches are over; None if they are not so many."""
    left = number
    for share in own:
        day = calendar.nth(share.after, left)
        if day <= share.upto:
            return day
        left -= calendar.count(share.after, share.upto)
    return None


def _flags(facts: Facts, course: _Course, readings: Iterable[Reading]) -> tuple[str, ...]:
    """What somebody should look at. Half of the time is half of the working days elapsed on the promised clock."""
    entries = course.ledger
    flags = ["empty"] if any(map(is_empty, entries)) else []
    if len([each for each in telling(entries, facts.limits) if not is_empty(each)]) > MOST_EXCLUSIONS:
        flags.append("many")
    if any(each.clock == "promised" and 2 * each.excluded > each.used + each.excluded for each in readings):
        flags.append("half")
    if course.too_late:
        flags.append("too_late")
    return tuple(flags)
