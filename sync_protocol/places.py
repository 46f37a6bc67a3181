"""Places and scopes: which codes are valid, which place lies under which, who follows and who may write what.

Parents come from the roster alone; codes are compared whole, never by prefix.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final, NamedTuple

from sync_protocol.errors import Malformed

LEVELS: Final = ("county", "township", "village", "station")
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

    __slots__ = ("_children", "_places")

    def __init__(self) -> None:
        """No places yet."""
        self._places: dict[str, _Place] = {}
        self._children: dict[str | None, tuple[str, ...]] = {}

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
        for code, level, parent, name in rows:
            tree._add(code, level, parent, name)
        return tree

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


def follows(tree: PlaceTree, place: str, scope: str) -> bool:
    """Whether a node at `place` keeps this scope. Raises Malformed, UnknownPlace."""
    kind, code = parse_scope(scope)
    return tree.covers(place, code) or (kind == "below" and tree.covers(code, place))


def may_write(tree: PlaceTree, place: str, scope: str) -> bool:
    """Whether a node at `place` may write into this scope. Raises Malformed, UnknownPlace."""
    kind, code = parse_scope(scope)
    return tree.covers(place, code) if kind == "about" else place == code


def followed_scopes(tree: PlaceTree, place: str) -> frozenset[str]:
    """Every scope that a node at `place` keeps. Raises UnknownPlace."""
    lower = tree.below_or_self(place)
    return frozenset([about(code) for code in lower] + [below(code) for code in lower + tree.path_up(place)])
