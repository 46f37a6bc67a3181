"""The part of the casebook that finds what does no business, what is accepted twice (两头受理), and empty posts.

All of it is counted from what this node holds: at the county all, at a township its own and its villages'.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import combinations
from typing import Final, NamedTuple

from sync_protocol.case import Case
from sync_protocol.case.catalogue import Catalogue, Item
from sync_protocol.case.kinship import plain_number
from sync_protocol.case.routes import CasePath, why_not_filed
from sync_protocol.case.workdays import day_of
from sync_protocol.places import PlaceTree, parse_scope
from village_node.casebook.closing import LONGEST_DAYS, Closing
from village_node.casebook.conditions import CHINA
from village_node.casebook.reading import folded
from village_node.store import Connection, audit, business, reception
from village_node.store.business import Used, Version
from village_node.store.cases import CaseRow
from village_node.store.locks import CaseKey
from village_node.store.reception import Duty

MOST_MONTHS: Final = 24
USUAL_MONTHS: Final = 6  # after which a unit without a case was asked why
TWICE_DAYS: Final = 30
MOST_TWICE: Final = 100  # applicants that are looked at
MOST_OF_ONE: Final = 20  # cases of one of them
MOST_FOLDED: Final = 400  # cases of all of them that are read in full
MOST_OUTSIDE: Final = 200


class Idle(NamedTuple):
    """Something without a case in a time: its code (a place, an item number, a department, a window), when it last had
    one, and how many items it is of, where it is a department."""

    code: str
    last: date | None
    items: int = 0


class Twice(NamedTuple):
    """Two cases of one item that look like one applicant's, filed at two places within some days. ``certain``: the
    identity number is the same; else only the name is, and one of the two numbers is not held here any more."""

    first: CaseRow
    second: CaseRow
    certain: bool


class FiledTwice(NamedTuple):
    """What was found of two places, the newest first; ``cut``: there is more to look at than is looked at at once, and
    the oldest was left out."""

    found: list[Twice]
    cut: bool


class Outside(NamedTuple):
    """A case filed by a version of an item that was over that day, where the one in force would have it elsewhere."""

    row: CaseRow
    in_force: Item


class Empty(NamedTuple):
    """Posts of the roster of a place at which nobody was seen on a day: how many of how many, and who, where that is
    known here."""

    place: str
    day: str
    posts: int
    empty: int
    who: tuple[Duty, ...] = ()


def since_of(today: date, months: int) -> date:
    """The day so many months before another, the last one of a shorter month."""
    year, month = divmod(today.year * 12 + today.month - 1 - months, 12)
    first_of_next = date(year + (month == 11), (month + 1) % 12 + 1, 1)
    return min(date(year, month + 1, 1) + timedelta(today.day - 1), first_of_next - timedelta(1))


def idle_items(items: Iterable[Item], used: Mapping[str, Used], since: date) -> list[Idle]:
    """The items that were open all the time and of which no case was filed. A pure function."""
    open_all = (item for item in items if item.begins is None or item.begins <= since)
    return [
        Idle(item.item_no, _day(used[item.item_no].last_ms) if item.item_no in used else None)
        for item in open_all
        if item.item_no not in used or not used[item.item_no].times
    ]


def idle_departments(items: Sequence[Item], used: Mapping[str, Used], since: date) -> list[Idle]:
    """The departments of whose items none had a case, with how many they are. A pure function."""
    of: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        of[item.department].append(item)
    found = []
    for department, theirs in sorted(of.items()):
        open_all = any(item.begins is None or item.begins <= since for item in theirs)
        held = [used[item.item_no] for item in theirs if item.item_no in used]
        if open_all and not any(each.times for each in held):
            last = max((each.last_ms for each in held if each.last_ms is not None), default=None)
            found.append(Idle(department, _day(last), len(theirs)))
    return found


def idle_windows(names: Iterable[str], used: Mapping[str, tuple[int, str]]) -> list[Idle]:
    """The windows to which no number was called. ``used``: how many were, and the day of the last one ever. A pure
    function."""
    idle = (name for name in names if not used.get(name, (0, ""))[0])
    return [Idle(name, date.fromisoformat(used[name][1]) if name in used else None) for name in idle]


def pairs(group: Sequence[CaseRow], days: int = TWICE_DAYS) -> list[tuple[CaseRow, CaseRow]]:
    """Of cases of one item and name, in the order of their filing: each with every one before it that another place
    filed within some days, since the one next to it may be somebody else's of that name. A pure function."""
    most_ms = days * 86_400_000
    return [
        (one, other)
        for one, other in combinations(group, 2)
        if one.scope != other.scope and (other.filed_ms or 0) - (one.filed_ms or 0) <= most_ms
    ]


def in_force(catalogue: Catalogue, today: date) -> list[Item]:
    """The version of each item that has begun last, of those that came in place of another. A pure function."""
    begun = {item.item_no: item for item in catalogue.items() if item.begins is None or item.begins <= today}
    return [item for item in begun.values() if item.version > 1 and item.begins is not None]


def is_outside(used: Version, newer: Item, catalogue: Catalogue, places: PlaceTree) -> bool:
    """Whether a place would not file, or not accept, by a newer version what it has filed by an earlier one. A pure
    function."""
    older, place = catalogue.find(used.item_no, used.version), parse_scope(used.scope)[1]
    if older is None or place not in places:
        return False
    level = places.level(place)
    accepted = level in older.accept_levels and level not in newer.accept_levels
    return accepted or why_not_filed(newer, place, CasePath(place, places)) is not None


def _day(at_ms: int | None) -> date | None:
    return None if at_ms is None else day_of(at_ms)


def _start_ms(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=CHINA).timestamp() * 1000)


class Detecting(Closing):
    """What supervision is to ask about, though no limit was passed."""

    def idle(self, what: str, months: int, windows: Sequence[str] = ()) -> list[Idle]:
        """The ``places``, ``departments``, ``items`` or, of these, ``windows`` without a case in so many months, those
        without any at all first. KeyError for another word."""
        finders: dict[str, Callable[[Connection, date], list[Idle]]] = {
            "places": self._idle_places,
            "departments": lambda view, since: idle_departments(self._offered(view), self._used(view, since), since),
            "items": lambda view, since: idle_items(self._offered(view), self._used(view, since), since),
            "windows": lambda view, since: idle_windows(windows, business.at_windows(view, since.isoformat())),
        }
        find, today = finders[what], day_of(self.clock())
        since = since_of(today, months)
        found = self.remembered(f"idle {what} {since} {today} {windows}", lambda connection: find(connection, since))
        return sorted(found, key=lambda each: (each.last is not None, each.last or date.min, each.code))

    def _idle_places(self, connection: Connection, since: date) -> list[Idle]:
        roster = self.roster_in(connection)
        busy = set()
        for incarnation, times in business.taken_in(connection, _start_ms(since)).items():
            author = self.author(roster, incarnation)
            busy |= {author.place} if author is not None and times else set()
        idle = sorted(self._under(connection) - busy)
        last = business.last_filed(connection, (f"about:{place}" for place in idle))
        return [Idle(place, _day(last[f"about:{place}"])) for place in idle]

    def _used(self, connection: Connection, since: date) -> dict[str, Used]:
        return business.by_item(connection, _start_ms(since))

    def _offered(self, connection: Connection) -> list[Item]:
        """The items in force that somebody here or under here could file, by a place of each level."""
        places = self.roster_in(connection).places
        under = [place for place in sorted(self._under(connection)) if place in places]
        paths = [CasePath(place, places) for place in {places.level(each): each for each in under}.values()]
        items = self.items_in(connection).catalogue.offered(day_of(self.clock()))
        return [item for item in items if any(why_not_filed(item, path.places[0], path) is None for path in paths)]

    def filed_twice(self, months: int) -> FiledTwice:
        """Pairs of cases of one item that two places have filed for what looks like one applicant, the newest first.
        Whose identity numbers are held here and differ are two people, and left out."""
        since = since_of(day_of(self.clock()), months)
        return self.remembered(f"twice {since}", lambda connection: self._twice(connection, since))

    def _twice(self, connection: Connection, since: date) -> FiledTwice:
        groups = business.twice(connection, _start_ms(since), MOST_TWICE + 1, MOST_OF_ONE + 1)
        cut = len(groups) > MOST_TWICE or any(len(group) > MOST_OF_ONE for group in groups[:MOST_TWICE])
        roster, numbers, found = self.roster_in(connection), dict[CaseKey, str](), list[Twice]()
        for first, second in (pair for group in groups[:MOST_TWICE] for pair in pairs(group[-MOST_OF_ONE:])[::-1]):
            new = {(row.scope, row.case_id) for row in (first, second)} - numbers.keys()
            if len(numbers) + len(new) > MOST_FOLDED:
                cut = True
                break
            numbers |= {key: _number(folded(self, connection, roster, key)[0]) for key in new}
            one, other = (numbers[row.scope, row.case_id] for row in (first, second))
            if not one or not other or one == other:
                found.append(Twice(first, second, bool(one and other)))
        return FiledTwice(sorted(found, key=lambda each: -(each.second.filed_ms or 0)), cut)

    def filed_outside(self, months: int) -> list[Outside]:
        """Cases filed by a version of an item that was over, where the one in force would have them filed or accepted
        elsewhere, the newest first; at most some hundred."""
        today = day_of(self.clock())
        since = since_of(today, months)

        def find(connection: Connection) -> list[Outside]:
            catalogue, places = self.items_in(connection).catalogue, self.roster_in(connection).places
            found: list[Outside] = []
            for newer in in_force(catalogue, today):
                from_ms = _start_ms(max(since, newer.begins or since))
                for used in business.by_earlier(connection, newer.item_no, newer.version, from_ms):
                    if is_outside(used, newer, catalogue, places):
                        rows = business.of_version(connection, used, from_ms, MOST_OUTSIDE)
                        found += [Outside(row, newer) for row in rows]
            return sorted(found, key=lambda each: -(each.row.filed_ms or 0))[:MOST_OUTSIDE]

        return self.remembered(f"outside {since} {today}", find)

    def empty_posts(self, months: int) -> list[Empty]:
        """Posts of rosters at which nobody was seen, of the last hundred days at most, the newest first: at our own
        place by its roster, elsewhere by what was said when the day was closed."""
        today = day_of(self.clock())
        first = max(since_of(today, months), today - timedelta(LONGEST_DAYS - 1))

        def find(connection: Connection) -> list[Empty]:
            here, under = self.identity.place, self._under(connection)
            return [
                Empty(each.place, each.day, each.posts, each.empty)
                for each in self._kept(connection, first.isoformat(), today.isoformat())
                if each.empty and each.place in under and each.place != here
            ]

        said = self.remembered(f"empty {first} {today}", find)
        with self.store.reading() as connection:  # lines of the audit trail are no news
            here = self._empty_here(connection, first, today)
        return sorted([*said, *here], key=lambda each: (each.day, each.place), reverse=True)

    def _empty_here(self, connection: Connection, first: date, today: date) -> list[Empty]:
        by_day: dict[str, list[Duty]] = defaultdict(list)
        for row in reception.duty(connection, first.isoformat(), (today - timedelta(1)).isoformat()):
            by_day[row.day].append(row)
        found = []
        for day, rows in by_day.items():
            from_ms = _start_ms(date.fromisoformat(day))
            gone = [row for row in rows if not audit.was_there(connection, row.staff_no, from_ms, from_ms + 86_400_000)]
            if gone:
                found.append(Empty(self.identity.place, day, len(rows), len(gone), tuple(gone)))
        return found


def _number(case: Case | None) -> str:
    return plain_number(case.applicant.get("id_no", "")) if case is not None else ""
