"""The part of the casebook that ends a day (日清): what came and was not acted upon, who closes the day, and how many
of their days the places under here have closed.

A department with a delegation in force closes its own day, by its representative on duty or its head; all the rest is
the room's, and anybody may close that who may author a day end here.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Final, NamedTuple

from sync_protocol.case import day_ends, delegations, kinds
from sync_protocol.case.beside import Record
from sync_protocol.case.day_ends import DayEnd, Left
from sync_protocol.case.delegations import Register
from sync_protocol.case.workdays import FIRST_DAY, Calendar, day_of
from sync_protocol.event import mark
from sync_protocol.places import about, parse_scope
from village_node.casebook import closed_days, once, registers
from village_node.casebook.beside import Beside
from village_node.casebook.calendars import calendar_in
from village_node.casebook.errors import BadBody, NotAllowed
from village_node.casebook.overseeing import span_ms
from village_node.casebook.reading import Reading
from village_node.store import Connection, audit, cases, reception
from village_node.store import day_ends as kept
from village_node.store.day_ends import DayEndRow, WaitingRow
from village_node.store.locks import CaseKey
from village_node.store.requests import Request
from village_node.store.rows import Row

ROOM: Final = ""  # whose day it is where no department has one of its own
BACK_DAYS: Final = 7  # so far back a day is closed afterwards
LONGEST_DAYS: Final = 100
Words = tuple[str, str]


class Day(NamedTuple):
    """A day of the room or a department here, as it stands. ``why_not``: why the person asked about may not close it;
    ``came``, ``done``: cases that came that day, and of these acted upon; ``closed``: the day end that counts."""

    day: str
    department: str
    came: int
    waiting: tuple[WaitingRow, ...]
    posts: tuple[str, ...]
    empty: tuple[str, ...]
    closed: Record | None
    why_not: Words | None = None

    @property
    def done(self) -> int:
        """How many of those that came that day were acted upon."""
        return max(0, self.came - sum(_day(each.since_ms) == self.day for each in self.waiting))


class Ended(NamedTuple):
    """How many days a place, or a department there, had to close in a period (``due``), how many it closed
    (``closed``), of these on the day itself (``in_time``); and the sums of what it said."""

    place: str
    department: str
    due: int
    closed: int
    in_time: int
    came: int
    done: int
    left_over: int
    posts: int
    empty: int
    last_ms: int | None

    @property
    def open(self) -> int:
        """Days that were not closed."""
        return max(0, self.due - self.closed)


def sums_of(found: Iterable[DayEndRow], expected: Iterable[tuple[str, str]], working: Iterable[str]) -> list[Ended]:
    """The sums of a period by place and department. ``found``: the day ends that count, one a place, day and
    department; ``expected``: who has to close its days; ``working``: the working days of the period so far. A day off
    that was closed counts as due: somebody was on duty. A pure function."""
    days = frozenset(working)
    by_room: dict[tuple[str, str], list[DayEndRow]] = defaultdict(list)
    for each in found:
        by_room[each.place, each.department].append(each)
    ended = []
    for place, department in sorted({*expected, *by_room}):
        said = by_room.get((place, department), [])
        closed = {each.day for each in said}
        in_time = sum(_day(each.closed_ms) == each.day for each in said)
        names = ("came", "done", "left_over", "posts", "empty")
        sums = (sum(getattr(each, name) for each in said) for name in names)
        came, done, left, posts, empty = sums
        last = max((each.closed_ms for each in said), default=None)
        days_of = len(days | closed), len(closed), in_time
        ended.append(Ended(place, department, *days_of, came, done, left, posts, empty, last))
    return ended


def _day(at_ms: int) -> str:
    return day_of(at_ms).isoformat()


class Closing(Beside, Reading):
    """The ends of days: of our own room and departments, and of the places under here."""

    def keep_day_ends_again(self) -> None:
        """Read the day ends that were stored by a program that did not know them."""
        with self.store.writing() as connection:
            found: list[Row] = []
            for scope, event in kept.not_kept(connection):
                found += closed_days.row_of(event, scope, event.body)
            kept.keep(connection, found)

    def closers(self) -> list[str]:
        """Whose days are closed here: the room's, and of each department that has somebody to answer for it."""
        return self._closers_of(self._register_here())

    def _closers_of(self, register: Register) -> list[str]:
        now_ms = self.clock()
        return [ROOM, *(name for name in register.departments() if register.in_force(name, now_ms) is not None)]

    def _register_here(self) -> Register:
        """The register of our place, kept as long as nothing changes."""
        return self.remembered("register here", lambda view: registers.register_in(self, view, self.identity.place))

    def day_here(self, day: str, department: str, actor: str = "", roles: Iterable[str] = ()) -> Day:
        """A day of ours as it stands, and whether somebody may close it. Raises BadBody naming the field."""
        self._check_day(day)
        register, closers = self._register_here(), self.closers()
        _check_closer(department, closers)
        name = f"days {day} {day_of(self.clock())} {closers}"
        found = self.remembered(name, lambda connection: self._days(connection, day, closers))[department]
        with self.store.reading() as connection:
            found = self._with_posts(connection, found)
        return found._replace(why_not=self._why_not(department, actor, frozenset(roles), register))

    def _check_day(self, day: str) -> None:
        today = day_of(self.clock())
        if not (today - timedelta(BACK_DAYS)).isoformat() <= day <= today.isoformat():
            words = f"只能日清今天和前 {BACK_DAYS} 天", f"only today and the {BACK_DAYS} days before are closed"
            raise BadBody("day", *words)
        span_ms(day, day)

    def _days(self, connection: Connection, day: str, closers: list[str]) -> dict[str, Day]:
        """A day of the room and of each department that closes its own, read at once for all of them; without posts."""
        from_ms, to_ms = span_ms(day, day)
        waiting: dict[str, list[WaitingRow]] = defaultdict(list)
        came: dict[str, set[CaseKey]] = defaultdict(set)
        for each in kept.waiting(connection, self.identity.place):
            if each.since_ms < to_ms:
                waiting[self._closer(each.item_no, closers)].append(each)
            if from_ms <= each.since_ms < to_ms:
                came[self._closer(each.item_no, closers)].add((each.scope, each.case_id))
        for row in kept.came(connection, tuple(self.identity.lives), from_ms, to_ms):
            came[self._closer(row.item_no, closers)].add((row.scope, row.case_id))
        closed = self._closed(connection, day)
        return {
            name: Day(day, name, len(came[name]), tuple(waiting[name]), (), (), closed.get(name)) for name in closers
        }

    def _with_posts(self, connection: Connection, found: Day) -> Day:
        """With the posts of a day, which are the room's. Read anew each time: whoever comes to one leaves a line in the
        audit trail, and that is no news."""
        if found.department != ROOM:
            return found
        from_ms, to_ms = span_ms(found.day, found.day)
        duty = reception.duty(connection, found.day, found.day)
        empty = (each.post for each in duty if not audit.was_there(connection, each.staff_no, from_ms, to_ms))
        return found._replace(posts=tuple(each.post for each in duty), empty=tuple(empty))

    def _closer(self, item_no: str | None, closers: list[str]) -> str:
        """Whose day a case of an item belongs to."""
        item = self.catalogue.newest(item_no or "")
        return item.department if item is not None and item.department in closers else ROOM

    def _closed(self, connection: Connection, day: str) -> dict[str, Record]:
        """Department -> the day end that counts of a day of ours."""
        here = self.identity.place
        return {found[2]: record for found, record in self._counting(connection, day, day, here).items()}

    def _why_not(self, department: str, actor: str, roles: frozenset[str], register: Register) -> Words | None:
        try:
            self.refuse_unless(roles, kinds.DAY_END)
        except NotAllowed as refused:
            return refused.zh, refused.en
        if department == ROOM:
            return None
        return delegations.countersigner(register, department, actor, self.clock()).why_not

    def close_day(
        self,
        actor: str,
        roles: Iterable[str],
        day: str,
        department: str,
        reasons: Mapping[CaseKey, tuple[str, str]],
        usual: tuple[str, str] = ("", ""),
        request: Request | None = None,
    ) -> None:
        """Close a day of the room or a department, once more where something has changed since. ``reasons``: case ->
        (why, words), ``usual``: of what is left over and not named there; what was acted upon meanwhile is left out.
        Raises BadBody naming ``reasons`` or another field, AlreadyDone, IdTaken, NotAllowed, NotSaved."""
        allowed = frozenset(roles)

        def act(connection: Connection) -> tuple[None, set[str]]:
            self._check_day(day)
            here = self.identity.place
            scope, life = about(here), self.identity.incarnation
            # Who answers for a department stands in another stream: nobody enters anything there until this is written.
            self._locked_stream(connection, scope, others=[(life, registers.scope_of(kinds.AUTHORITY, here))])
            register = registers.register_in(self, connection, here)
            closers = self._closers_of(register)
            _check_closer(department, closers)
            why_not = self._why_not(department, actor, allowed, register)
            if why_not is not None:
                raise NotAllowed(*why_not)
            stands = self._with_posts(connection, self._days(connection, day, closers)[department])
            raw = _body(stands, reasons, usual)
            self.write_record(connection, scope, kinds.DAY_END, actor, raw)
            self.note(connection, actor, "day.close", f"{day} {department}".strip(), left=len(stands.waiting))
            once.became(connection, request, (day, department.encode()))
            return None, {scope}

        self._act(act, request)

    def numbers_of(self, keys: Sequence[CaseKey]) -> list[str | None]:
        """The receipt numbers of cases, empty where one has none yet; None of what is not held here."""
        with self.store.reading() as connection:
            found = cases.numbers(connection, keys)
        return [found.get(key) for key in keys]

    def to_close(self, actor: str, roles: Iterable[str]) -> tuple[list[Day], list[Day]]:
        """What somebody may close: their days as they stand today, and the last working day of each that had something
        to do and was not closed."""
        today = day_of(self.clock())
        before = self._working_before(today)
        register, allowed = self._register_here(), frozenset(roles)
        may = [name for name in self.closers() if self._why_not(name, actor, allowed, register) is None]
        now = [self.day_here(today.isoformat(), name) for name in may]
        late = [self.day_here(before.isoformat(), name) for name in may] if before is not None else []
        return now, [each for each in late if each.closed is None and each.came]

    def _working_before(self, today: date) -> date | None:
        calendar = self.remembered("calendar", lambda connection: calendar_in(self, connection))
        days = (today - timedelta(number) for number in range(1, BACK_DAYS + 1))
        return next((day for day in days if day >= FIRST_DAY and calendar.is_working(day)), None)

    def ended_between(self, first: date, last: date, department: bool = True) -> list[Ended]:
        """How the places under here that have a node closed their days. Raises BadBody."""
        check_span(first, last)
        name = f"ended {first} {last} {day_of(self.clock())}"
        found = self.remembered(name, lambda connection: self._ended(connection, first, last))
        return found if department else [each for each in found if not each.department]

    def _ended(self, connection: Connection, first: date, last: date) -> list[Ended]:
        here, under = self.identity.place, self._under(connection)
        counting = [each for each in self._kept(connection, first.isoformat(), last.isoformat()) if each.place in under]
        expected = [*((place, ROOM) for place in under), *((here, name) for name in self.closers())]
        calendar = calendar_in(self, connection)
        return sums_of(counting, expected, self._working(calendar, first, last))

    def _under(self, connection: Connection) -> frozenset[str]:
        """The places here and under here at which somebody works with a node."""
        roster, here = self.roster_in(connection), self.identity.place
        if here not in roster.places:
            return frozenset((here,))
        return frozenset({node.place for node in roster.nodes()} & set(roster.places.kept_at(here))) | {here}

    def _working(self, calendar: Calendar, first: date, last: date) -> Iterator[str]:
        end = min(last, day_of(self.clock()))
        days = (first + timedelta(number) for number in range((end - first).days + 1))
        return (day.isoformat() for day in days if calendar.is_working(day))

    def ends_at(self, place: str, first: date, last: date) -> list[tuple[str, list[Record]]]:
        """The days of a place in a period, the newest first: the working days and those it closed, each with the day
        ends that count. KeyError where the place is none of ours. Raises BadBody."""
        check_span(first, last)
        with self.store.reading() as connection:
            if place not in self._under(connection):
                raise KeyError(place)
            found: dict[str, list[Record]] = {
                day: [] for day in self._working(calendar_in(self, connection), first, last)
            }
            counting = self._counting(connection, first.isoformat(), last.isoformat(), place)
        for key in sorted(counting):
            found.setdefault(key[1], []).append(counting[key])
        return sorted(found.items(), reverse=True)

    def _kept(self, connection: Connection, first: str, last: str, place: str = "") -> list[DayEndRow]:
        """The rows of the day ends that count."""
        roster = self.roster_in(connection)
        found: dict[tuple[str, str, str], tuple[tuple[int, int, bytes, bytes], DayEndRow]] = {}
        for row in kept.between(connection, first, last, place):
            author = self.entitled(connection, roster, row.incarnation, row.scope, row.seq)
            if author is None or author.place != row.place:
                continue
            order = author.order, row.seq, mark(row.hash), row.incarnation
            key = row.place, row.day, row.department
            if key not in found or found[key][0] < order:
                found[key] = order, row
        return [row for _, row in found.values()]

    def _counting(
        self, connection: Connection, first: str, last: str, place: str
    ) -> dict[tuple[str, str, str], Record]:
        """The day ends of a place that count, with what they say."""
        rows = self._kept(connection, first, last, place)
        events = kept.events(connection, rows)
        return day_ends.counting(self.as_records(connection, events, day_ends.read))


def check_span(first: date, last: date) -> None:
    """Raises BadBody naming ``last`` where a period is longer than is counted at once."""
    if (last - first).days >= LONGEST_DAYS:
        words = f"一次最多统计 {LONGEST_DAYS} 天，请缩短", f"at most {LONGEST_DAYS} days at once: shorten it"
        raise BadBody("last", *words)


def _check_closer(department: str, closers: Collection[str]) -> None:
    if department not in closers:
        raise BadBody("department", "没有这个部门的日清", "no such department closes its days here")


def _body(stands: Day, reasons: Mapping[CaseKey, tuple[str, str]], usual: tuple[str, str]) -> bytes:
    """The body of the end of a day. Raises BadBody naming what is missing."""
    named = stands.waiting[: day_ends.MOST_LEFT]
    left = []
    for each in named:
        why, words = reasons.get((each.scope, each.case_id), usual)
        number = each.case_no or each.case_id.hex()[:8]
        if why not in day_ends.WHY:
            raise BadBody("reasons", f"{number}：请选择没有办的原因", f"{number}: say why it is left over")
        if why == day_ends.OTHER and not words:
            raise BadBody("reasons", f"{number}：请写明原因", f"{number}: say the reason in words")
        left.append(Left(parse_scope(each.scope)[1], each.case_id, _day(each.since_ms), why, words))
    more, posts = len(stands.waiting) - len(named), stands.posts[: day_ends.MOST_POSTS]
    said = DayEnd(stands.day, stands.department, stands.came, tuple(left), more, len(posts), stands.empty)
    try:
        return day_ends.to_bytes(said)
    except ValueError as wrong:
        most = day_ends.MOST_REASONS
        raise BadBody(
            "reasons" if str(wrong) == "left" else str(wrong),
            f"原因不超过 {day_ends.WORDS_MAX} 字，不同的原因不超过 {most} 种：相同的请写成一样",
            f"a reason has at most {day_ends.WORDS_MAX} characters, and there are at most {most} different ones",
        ) from None
