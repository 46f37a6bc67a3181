"""Places and scopes: which codes are valid, which place lies under which, who follows and who may write what.

Parents come from the roster alone; codes are compared whole, never by prefix.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final, NamedTuple

from sync_protocol import limits
from sync_protocol.errors import Malformed

LEVELS: Final = ("county", "township", "village", "station")
_MERGED: Final = ("village", "station")
_CODE: Final = re.compile(r"[0-9A-Za-z]{1,16}(?:-[0-9A-Za-z]{1,8}){0,3}")


class UnknownPlace(KeyError):
    """A place that the roster here does not know."""


class _Place(NamedTuple):
    level: str
    name: str
    path: tuple[str, ...]  # the code itself, then its ancestors up to the root


def valid_code(text: str) -> bool:
    """Whether `text` is a place code of section 2.1."""
    return _CODE.fullmatch(text) is not None


def about(code: str) -> str:
    """The scope of the cases whose home is that place."""
    return f"about:{code}"


def below(code: str) -> str:
    """The scope of what that place tells everyone under it."""
    return f"below:{code}"


@lru_cache(maxsize=4_096)
def parse_scope(text: str) -> tuple[str, str]:
    """(`about` or `below`, place code). Raises Malformed."""
    kind, colon, code = text.partition(":")
    if not colon or kind not in ("about", "below") or not valid_code(code):
        raise Malformed(f"scope {text[:48]!r}: must be about:CODE or below:CODE")
    return kind, code


class PlaceTree:
    """The places of one network. Never changes; `grown` gives a larger one."""

    __slots__ = ("_children", "_lines", "_places", "_predecessors", "_successors")

    def __init__(self) -> None:
        """No places yet."""
        self._places: dict[str, _Place] = {}
        self._children: dict[str | None, tuple[str, ...]] = {}
        self._successors: dict[str, str] = {}
        self._predecessors: dict[str, tuple[str, ...]] = {}  # whom each place succeeds itself
        self._lines: dict[str, int] = {}  # how many successions lead to a place, one behind the other

    @classmethod
    def from_rows(cls, rows: Iterable[tuple[str, str, str | None, str]]) -> "PlaceTree":
        """From (code, level, parent or None, name) in any order. Raises Malformed where a row fits no tree."""
        waiting = {code: (code, level, parent, name) for code, level, parent, name in rows}
        ordered: list[tuple[str, str, str | None, str]] = []
        while waiting:
            code = next(iter(waiting))
            line = []  # from this place up to the first one that is ordered already
            while code in waiting:
                row = waiting.pop(code)
                line.append(row)
                code = row[2] or ""
            ordered += reversed(line)
        return cls().grown(ordered)

    def grown(self, rows: Iterable[tuple[str, str, str | None, str]]) -> "PlaceTree":
        """With these places too, parents first. A place named again keeps level and parent and may change its name.

        Raises Malformed for a code, level or parent that does not fit.
        """
        tree = PlaceTree()
        tree._places = dict(self._places)
        tree._children = dict(self._children)
        tree._successors, tree._predecessors, tree._lines = self._successors, self._predecessors, self._lines
        for code, level, parent, name in rows:
            tree._add(code, level, parent, name)
        return tree

    def succeeded(self, code: str, successor: str) -> "PlaceTree":
        """With one place succeeded by another of the same level and parent; both stay where they are. Itself where that
        is so already. Raises Malformed for places that do not fit."""
        if code in self._places and self._successors.get(code) == successor:
            return self
        for each in (code, successor):
            if each not in self._places or each in self._successors or self.level(each) not in _MERGED:
                raise Malformed(f"succession of {code}: {each} is no village or station here, or was succeeded")
        if not self.may_succeed(successor, code):
            raise Malformed(f"succession of {code}: {successor} must be another place of its level, with its parent")
        line = max(self._lines.get(successor, 0), self._lines.get(code, 0) + 1)
        if line > limits.SUCCESSIONS:
            raise Malformed(f"succession of {code}: more than {limits.SUCCESSIONS} would follow one another")
        tree = self.grown(())
        tree._successors = {**self._successors, code: successor}
        tree._predecessors = {**self._predecessors, successor: (*self._predecessors.get(successor, ()), code)}
        tree._lines = {**self._lines, successor: line}
        return tree

    def may_succeed(self, heir: str, code: str) -> bool:
        """Whether two places are of a level that is merged, the same one, and under the same parent."""
        level, above = self.level(code), self.parent(code)
        return heir != code and level in _MERGED and (self.level(heir), self.parent(heir)) == (level, above)

    def _add(self, code: str, level: str, parent: str | None, name: str) -> None:
        if not valid_code(code):
            raise Malformed(f"place {code[:48]!r}: not a place code")
        if level not in LEVELS:
            raise Malformed(f"place {code}: level {level[:16]!r} is none of {', '.join(LEVELS)}")
        held = self._places.get(code)
        if held is not None:
            if held.level != level or self.parent(code) != parent:
                raise Malformed(f"place {code}: named again with another level or parent")
            self._places[code] = held._replace(name=name)
            return
        if parent is None:
            if self._places:
                raise Malformed(f"place {code}: has no parent, but {self.root} is the root already")
            path: tuple[str, ...] = ()
        elif parent in self._places:
            path = self._places[parent].path
        else:
            raise Malformed(f"place {code}: its parent {parent[:48]!r} is not known")
        self._places[code] = _Place(level, name, (code, *path))
        self._children[parent] = (*self._children.get(parent, ()), code)

    def _place(self, code: str) -> _Place:
        try:
            return self._places[code]
        except KeyError:
            raise UnknownPlace(code) from None

    def __contains__(self, code: object) -> bool:
        return code in self._places

    def __len__(self) -> int:
        return len(self._places)

    @property
    def root(self) -> str:
        """The one place without a parent. Raises UnknownPlace while there is none."""
        try:
            return self._children[None][0]
        except KeyError:
            raise UnknownPlace("the tree is empty") from None

    def level(self, code: str) -> str:
        """`county`, `township`, `village` or `station`. Raises UnknownPlace, as all that follow."""
        return self._place(code).level

    def name(self, code: str) -> str:
        """What people call it."""
        return self._place(code).name

    def parent(self, code: str) -> str | None:
        """The place right above, None for the root."""
        path = self._place(code).path
        return path[1] if len(path) > 1 else None

    def successor(self, code: str) -> str | None:
        """The place that succeeds this one; None where it goes on itself."""
        return self._successors.get(code)

    @property
    def successions(self) -> frozenset[tuple[str, str]]:
        """Every place that is succeeded, with the one that succeeds it."""
        return frozenset(self._successors.items())

    def successors(self, code: str) -> tuple[str, ...]:
        """Who succeeds this place, and who that one, and so on: the last first. Empty where it goes on itself."""
        found: list[str] = []
        while code in self._successors:
            code = self._successors[code]
            found.append(code)
        return tuple(reversed(found))

    def inherits(self, heir: str, code: str) -> bool:
        """Whether `heir` succeeds that place, or one that it lies under."""
        return bool(self._successors) and any(heir in self.successors(each) for each in self.path_up(code))

    def inherited(self, heir: str) -> tuple[str, ...]:
        """The places that this one succeeds, itself or through others."""
        found = list(self._predecessors.get(heir, ()))
        for code in found:
            found += self._predecessors.get(code, ())
        return tuple(found)

    def line_of(self, code: str) -> tuple[str, ...]:
        """The places a case of that home can be at: the path up, each place after those that succeed it."""
        path = self._place(code).path
        if not self._successors:
            return path
        return tuple(each for place in path for each in (*self.successors(place), place))

    def rank(self, code: str) -> int:
        """0 for the root, one more for each step down."""
        return len(self._place(code).path) - 1

    def path_up(self, code: str) -> tuple[str, ...]:
        """The code itself, then its ancestors up to the root."""
        return self._place(code).path

    def covers(self, upper: str, lower: str) -> bool:
        """Whether `upper` is `lower` or an ancestor of it."""
        self._place(upper)
        return upper in self._place(lower).path

    def children(self, code: str) -> tuple[str, ...]:
        """The places right below, in the order the roster named them."""
        self._place(code)
        return self._children.get(code, ())

    def below_or_self(self, code: str) -> tuple[str, ...]:
        """The place and everything under it, parents first."""
        self._place(code)
        found = [code]
        for place in found:
            found += self._children.get(place, ())
        return tuple(found)

    def kept_at(self, code: str) -> tuple[str, ...]:
        """The places whose cases are kept at this one: it and everything under it, then what it inherits."""
        inherited = (each for one in self.inherited(code) for each in self.below_or_self(one))
        return (*self.below_or_self(code), *inherited)


def follows(tree: PlaceTree, place: str, scope: str) -> bool:
    """Whether a node at `place` keeps this scope. Raises Malformed, UnknownPlace."""
    kind, code = parse_scope(scope)
    if tree.covers(place, code) or tree.inherits(place, code):
        return True
    return kind == "below" and (tree.covers(code, place) or tree.inherits(code, place))


def may_write(tree: PlaceTree, place: str, scope: str) -> bool:
    """Whether a node at `place` may write into this scope. Raises Malformed, UnknownPlace."""
    kind, code = parse_scope(scope)
    return tree.covers(place, code) or tree.inherits(place, code) if kind == "about" else place == code


def followed_scopes(tree: PlaceTree, place: str) -> frozenset[str]:
    """Every scope that a node at `place` keeps. Raises UnknownPlace."""
    kept = tree.kept_at(place)
    return frozenset([about(code) for code in kept] + [below(code) for code in kept + tree.line_of(place)])
