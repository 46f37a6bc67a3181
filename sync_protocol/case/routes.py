"""The way a case takes through the places: where an item is accepted, reviewed, decided and delivered."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from sync_protocol.case.catalogue import Item


class PlaceTree(Protocol):
    """What the case half asks of the tree of places, which never changes; an unknown code raises a KeyError."""

    def __hash__(self) -> int: ...

    def level(self, code: str) -> str: ...

    def rank(self, code: str) -> int: ...

    def line_of(self, code: str) -> tuple[str, ...]: ...


class CasePath:
    """The places a case can be at: its home place first, then the home's ancestors; who succeeds a place stands before
    it, with its rank.

    ``ranks``: 0 = the root of the tree, growing downward; ``levels``: the level of each place; ``nearest``: of each
    level the nearest place, seen from home; ``stops``: of each level those that are as near as that one: the place, and
    who succeeds it.
    """

    __slots__ = ("home", "levels", "nearest", "places", "ranks", "stops")

    def __init__(self, home: str, places: PlaceTree) -> None:
        self.home = home
        self.places = places.line_of(home)
        self.ranks = {place: places.rank(place) for place in self.places}
        self.levels = {place: places.level(place) for place in self.places}
        self.nearest = {self.levels[place]: place for place in reversed(self.places)}
        self.stops = {
            level: tuple(
                each for each in self.places if (self.levels[each], self.ranks[each]) == (level, self.ranks[at])
            )
            for level, at in self.nearest.items()
        }

    def at_level(self, level: str) -> str | None:
        """Give the nearest place of this level, seen from home; None if the path has none."""
        return self.nearest.get(level)

    def answers_for(self, place: str, other: str) -> bool:
        """Tell whether a place of the path is another one, succeeds it or lies above it."""
        if self.ranks[place] == self.ranks[other]:
            return self.places.index(place) <= self.places.index(other)
        return self.ranks[place] < self.ranks[other]

    def is_over_home(self, place: str) -> bool:
        """Tell whether a place of the path lies above home; over a home without any place above it is home itself."""
        return self.ranks[place] < self.ranks[self.home] or not self.ranks[place]

    def in_village(self, place: str) -> bool:
        """Tell whether a place of the path is a village or lies in one."""
        return any(self.levels[upper] == "village" for upper in self.places[self.places.index(place) :])


@lru_cache(maxsize=1_024)
def path_from(home: str, places: PlaceTree) -> CasePath:
    """The places a case of this home can be at; many cases share it, and neither it nor the tree ever changes."""
    return CasePath(home, places)


@dataclass(frozen=True, slots=True)
class Step:
    """One stop of a route: the place and what is done there (file, accept, review, decide, deliver)."""

    place: str
    purpose: str


def accept_places(item: Item, path: CasePath) -> tuple[str, ...]:
    """List the places of the path that may accept this item, nearest first."""
    return tuple(place for place in path.places if path.levels[place] in item.accept_levels)


def why_not_filed(item: Item, place: str, path: CasePath) -> tuple[str, str] | None:
    """Say in plain words (zh, en) why an application for this item cannot be filed at this place; None if it can."""
    if not item.in_force:
        return "该事项已取消，不再受理新的申请", "this item is no longer in force"
    return why_not_routed(item, place, path)


def why_not_routed(item: Item, place: str, path: CasePath) -> tuple[str, str] | None:
    """Say why a case of this item, filed at this place, has no way to a decision; None if it has one.

    This is what the fold asks: an item that has since been cancelled keeps its old cases.
    """
    if len(item.member_versions) != len(item.members):
        return (
            "一件事的这一版没有写明所含事项的版本，不能立案",
            "this version of the theme does not say which versions of its items it is for: it opens no case",
        )
    if item.village_mode == "告知" and path.in_village(place):
        return (
            "该事项村级只告知不代办，请到县政务服务中心窗口办理",
            "a village only gives information on this item: apply at the county hall",
        )
    levels, needed = path.nearest.keys(), {item.review_level or item.deciding_level, item.deciding_level}
    if levels.isdisjoint(item.accept_levels) or not levels >= needed:
        return (
            "该事项的办理流程不经过本地，请到事项规定的窗口办理",
            "the route of this item does not pass here: apply at a window of the level that accepts it",
        )
    return None


def route(item: Item, home_place: str, places: PlaceTree) -> tuple[Step, ...]:
    """List the stops of a case of this item whose home is home_place, in order; empty if it cannot be filed there."""
    path = path_from(home_place, places)
    if why_not_filed(item, home_place, path) is not None:
        return ()
    steps = [Step(home_place, "file"), Step(accept_places(item, path)[0], "accept")]
    for purpose, level in (("review", item.review_level), ("decide", item.deciding_level)):
        place = path.at_level(level) if level else None
        if place is not None:
            steps.append(Step(place, purpose))
    delivery = delivery_places(item, steps[-1].place, path)
    steps.append(Step(delivery[0] if delivery else steps[-1].place, "deliver"))
    return tuple(steps)


def delivery_places(item: Item, here: str, path: CasePath) -> tuple[str, ...]:
    """List the places below ``here`` that may deliver the result, nearest to home first."""
    return tuple(
        place
        for place in path.places
        if path.ranks[place] > path.ranks[here]
        and (path.levels[place] in item.deliver_levels or path.levels[place] == "station")
    )
