"""The figures of a period: sums over the rows of cases, put together by place, department and item.

Each case counts once, at its origin; a fault counts at the place that is at fault. What is shown of a running period
and what is published of one that is over are made by the same hand, so a page and a bulletin cannot disagree.
"""

import csv
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import date, timedelta
from functools import cache
from importlib import resources
from typing import Final, NamedTuple

from sync_protocol.case import bulletins, periods
from sync_protocol.case.bulletins import RULES, Bulletin, Deduction, ItemLine, PlaceLine, Rules
from sync_protocol.case.catalogue import Catalogue
from sync_protocol.case.tallies import Tally
from sync_protocol.case.workdays import day_of
from sync_protocol.places import PlaceTree, about
from village_node.casebook.errors import BadBody, NotFound
from village_node.casebook.reception import Served
from village_node.casebook.told_ratings import Told, ToldRatings
from village_node.store import Connection, figures
from village_node.store.cases import day_number
from village_node.store.faults import BAD_RATING
from village_node.store.figures import Fault, Line

LEVELS: Final = {"county": 0, "township": 1}
NO_DEPARTMENT: Final = "—"
_LOWEST: Final = 2
_FIELDS: Final = dict(zip(RULES, ("red", "bad", "late_answers", "yellow"), strict=True))


@cache
def sample_rules() -> Rules:
    """The rules that the program brings, where no county has published any."""
    text = resources.files(__package__).joinpath("score_rules.csv").read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    said = {row["rule"]: int(row["value"]) for row in csv.DictReader(lines)}
    return Rules(said["base"], tuple(said[rule] for rule in RULES), said["flags"], said["bottom"])


class Sums:
    """What the sums of one period add up to, by place, department and item. ``under``: the places that are listed, in
    any order; ``top``: the one that they are all under."""

    def __init__(self, places: PlaceTree, under: Iterable[str], top: str, catalogue: Catalogue) -> None:
        self._places = places
        self._top = top
        self._catalogue = catalogue
        self.by_place: dict[str, dict[str, int]] = {place: {} for place in under}
        self.by_department: dict[str, dict[str, int]] = {}
        self.by_item: dict[str, dict[str, int]] = {}

    def add(self, place: str, item_no: str, grown: Mapping[str, int]) -> None:
        """Cases of one home and item; what is at home elsewhere is left out."""
        if place not in self.by_place:
            return
        for sums in (self.by_place[place], self._department(item_no), self.by_item.setdefault(item_no, {})):
            _grow(sums, grown)

    def blame(self, fault: Fault) -> None:
        """A fault: of the place, of the item whose case it is, and of its department where the county is at fault."""
        if fault.scope.partition(":")[2] not in self.by_place:
            return
        grown = {_FIELDS[RULES[fault.rule]]: fault.times}
        _grow(self.by_item.setdefault(fault.item_no, {}), grown)
        if fault.place in self.by_place:
            _grow(self.by_place[fault.place], grown)
        if self.is_county(fault.place):
            _grow(self._department(fault.item_no), grown)

    def is_county(self, place: str) -> bool:
        """Whether a place is the county whose departments answer for themselves, and is listed."""
        return place in self.by_place and place in self._places and self._places.level(place) == "county"

    def department_of(self, item_no: str) -> str:
        """The department of an item, as the newest version says."""
        item = self._catalogue.newest(item_no)
        return (item.department if item is not None else "")[: bulletins.NAME_MAX] or NO_DEPARTMENT

    def _department(self, item_no: str) -> dict[str, int]:
        return self.by_department.setdefault(self.department_of(item_no), {})

    def place_lines(self) -> tuple[PlaceLine, ...]:
        """The places with their numbers, in the order of their codes."""
        order = sorted(self.by_place)
        index = {place: at for at, place in enumerate(order)}
        found = []
        for place in order:
            known = place in self._places
            parent = (self._places.parent(place) or "") if known and place != self._top else ""
            level = self._level(place)
            above = index[parent] if parent in index and self._level(parent) < level else -1
            found.append(PlaceLine(place, level, above, Tally(**self.by_place[place])))
        return tuple(found)

    def _level(self, place: str) -> int:
        return LEVELS.get(self._places.level(place), _LOWEST) if place in self._places else _LOWEST


def _grow(sums: dict[str, int], grown: Mapping[str, int]) -> None:
    for name, number in grown.items():
        sums[name] = sums.get(name, 0) + number


class Figures(ToldRatings):
    """The part of the casebook that counts."""

    def figures(self, kind: str, period: str, place: str = "", rules: Rules | None = None) -> Bulletin:
        """The figures of a period as they stand, of a place and those below it; of this place where none is named. A
        bulletin without a number. Raises NotFound for a place not below this one, BadBody for a period to come."""
        first, upto = self.days_so_far(kind, period)
        told = _elsewhere(self._told_ratings(kind), *_days(first, upto))
        with self.store.reading() as connection:
            places, top = self.under(connection, place)
            sums = Sums(places, places.kept_at(top), top, self.items_in(connection).catalogue)
            self._add_up(connection, sums, first, upto, told)
            rules = rules or sample_rules()
            lines = _lines(connection, _days(first, upto), sums.by_place, sums.by_place, rules, told)
        departments = tuple((name, Tally(**sums.by_department[name])) for name in sorted(sums.by_department))
        at = {name: number for number, (name, _) in enumerate(departments)}
        items = tuple(
            ItemLine(item, at[sums.department_of(item)], Tally(**sums.by_item[item]))
            for item in sorted(sums.by_item)
            if item and sums.department_of(item) in at
        )
        served = self.served(first.isoformat(), upto.isoformat())
        return Bulletin(
            "", kind, period, rules, sums.place_lines(), departments, items, _deductions(lines, sums, at),
            _services(served, places, top),
        )  # fmt: skip

    def days_so_far(self, kind: str, period: str) -> tuple[date, date]:
        """The days of a period up to today. Raises BadBody for one to come."""
        first, last = periods.days_of(kind, period)
        upto = min(last, day_of(self.clock()))
        if upto < first:
            raise BadBody("period", "这一期还没有开始", "this period has not begun yet")
        return first, upto

    def under(self, connection: Connection, place: str) -> tuple[PlaceTree, str]:
        """The places, and the one that is asked for: this one where none is named. Raises NotFound for a place that is
        neither this one nor below it."""
        places, here = self.roster_in(connection).places, self.identity.place
        top = place or here
        if here not in places or top not in places or not places.covers(here, top):
            raise NotFound("不是本单位或其下级单位", "neither this place nor one below it")
        return places, top

    def _add_up(self, connection: Connection, sums: Sums, first: date, upto: date, told: "Elsewhere") -> None:
        for each in figures.counted(connection, *_days(first, upto)):
            place = each.scope.partition(":")[2]
            sums.add(place, each.item_no, each.grown)
            if "received" in each.grown and self._is_near(connection, place):
                sums.add(place, each.item_no, {"near": each.grown["received"]})
        times = Counter[tuple[str, str, str, int]]()
        for fault in figures.faults(connection, *_days(first, upto)):
            times[fault[:4]] += fault.times
        times.update(line.counted_at for line in told.added)
        times.subtract(line.counted_at for line in told.left_out)
        for counted_at, number in times.items():
            if number:
                sums.blame(Fault(*counted_at, number))

    def came(self, spans: Iterable[tuple[date, date]]) -> tuple[int, int, int]:
        """How many cases of this place and those below it were received, accepted and settled in some periods."""
        found = (0, 0, 0)
        with self.store.reading() as connection:
            scopes = {about(place) for place in self.roster_in(connection).places.kept_at(self.identity.place)}
            for first, last in _joined(spans):
                more = figures.came(connection, *_days(first, last), scopes)
                found = (found[0] + more[0], found[1] + more[1], found[2] + more[2])
        return found

    def _is_near(self, connection: Connection, place: str) -> bool:
        places = self.roster_in(connection).places
        return place not in places or places.level(place) != "county"

    def deductions_of(self, kind: str, period: str, place: str, rules: Rules) -> list[Line]:
        """What takes something off a place in a period, each with its case, the earliest first."""
        first, last = periods.days_of(kind, period)
        days = _days(first, min(last, day_of(self.clock())))
        told = _elsewhere(self._told_ratings(kind), *days)
        with self.store.reading() as connection:
            homes = self.roster_in(connection).places.kept_at(self.identity.place)
            return _lines(connection, days, {place}, homes, rules, told)


class Elsewhere(NamedTuple):
    """Of the ratings that a bulletin has under another day than they count from now: those that count in this period
    because it has them here, with that day, and those that do not because it has them in another one."""

    added: list[Line]
    left_out: list[Line]


def _elsewhere(told: Iterable[Told], first: int, last: int) -> Elsewhere:
    found = Elsewhere([], [])
    for line, day in told:
        if first <= day <= last:
            found.added.append(line._replace(day=day))
        if first <= line.day <= last:
            found.left_out.append(line)
    return found


def _lines(
    connection: Connection, days: tuple[int, int], places: Collection[str], homes: Collection[str], rules: Rules,
    told: Elsewhere,
) -> list[Line]:  # fmt: skip
    """The deductions of a period, the earliest first. Where there are too many bad ratings have room before others:
    by what a bulletin names of them it is known later that they were told."""
    most, points = bulletins.MOST_DEDUCTIONS, worth(rules)
    found = figures.lines(connection, *days, places, homes, most + len(told.left_out), points)
    for line in told.left_out:
        if line in found:
            found.remove(line)
    scopes = {about(home) for home in homes}
    found += [line for line in told.added if line.rule in points and line.place in places and line.key[0] in scopes]
    first = sorted(found, key=lambda line: (line.rule != BAD_RATING, figures.order_of(line)))
    return sorted(first[:most], key=figures.order_of)


def worth(rules: Rules) -> list[int]:
    """The rules that take something off."""
    return [rule for rule, points in enumerate(rules.points) if points]


def _joined(spans: Iterable[tuple[date, date]]) -> list[tuple[date, date]]:
    """Periods of which none overlap, those that follow one another put together."""
    found: list[tuple[date, date]] = []
    for first, last in sorted(spans):
        if found and found[-1][1] + timedelta(1) == first:
            first = found.pop()[0]
        found.append((first, last))
    return found


def _days(first: date, last: date) -> tuple[int, int]:
    return day_number(first), day_number(last)


def _deductions(lines: Iterable[Line], sums: Sums, at: Mapping[str, int]) -> tuple[Deduction, ...]:
    found = []
    for each in lines:
        home = each.key[0].partition(":")[2]
        department = at.get(sums.department_of(each.item_no), -1) if sums.is_county(each.place) else -1
        found.append(Deduction(each.rule, each.place, department, home, each.key[1], each.day))
    return tuple(found)


def _services(served: Iterable[Served], places: PlaceTree, top: str) -> tuple[tuple[str, str, int], ...]:
    """The services given, summed up for each place right below and for this one itself."""
    found: dict[tuple[str, str], int] = {}
    for each in served:
        if each.place in places and places.covers(top, each.place):
            path = places.path_up(each.place)
            below = path[max(path.index(top) - 1, 0)]
            found[below, each.what] = found.get((below, each.what), 0) + each.times
    return tuple((*key, number) for key, number in sorted(found.items()))[: bulletins.MOST_SERVICES]
