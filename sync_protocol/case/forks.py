"""What a fork leaves in force: nothing behind the split by itself, until one ruling by an ancestor says what counts.

A fork freezes the one stream it is proven in, from its split on; what stands before it stays, and so does every other
stream. All here is a function of the events and rulings held: no clock, no order of arrival.
"""

from collections.abc import Iterable, Mapping, Set
from typing import Any, Final, NamedTuple

from sync_protocol import encoding, errors
from sync_protocol.case.bodies import is_int, plain
from sync_protocol.case.events import CaseEvent, Position
from sync_protocol.places import PlaceTree, UnknownPlace

Arms = tuple[tuple[int, bytes], ...]  # (split, mark of the event there) of each proven arm an event lies on

MOST_BRANCHES: Final = 8
MOST_CHOICES: Final = 40  # so that the largest body fits into a header
REASON_MAX: Final = 150
_SEQ_MAX: Final = 2**53 - 1


class RulingBody(NamedTuple):
    """The body of a `fork_ruling`. `branches`: mark of the event at the split -> the last position that is ruled on;
    `choices`: case id -> mark of the branch that counts for it; `otherwise`: the branch for every other case that more
    than one touches, None where those stay frozen."""

    incarnation: bytes
    split: int
    branches: Mapping[bytes, int]
    take_all: bool
    choices: Mapping[bytes, bytes]
    otherwise: bytes | None
    reason: str


class Ruling(NamedTuple):
    """A ruling as the fold sees it: who wrote it, and what it says."""

    position: Position
    place: str
    order: int
    body: RulingBody


def ruling_bytes(body: RulingBody) -> bytes:
    """The body of the event."""
    values: dict[int, Any] = {
        0: body.incarnation,
        1: body.split,
        2: [[mark, upto] for mark, upto in sorted(body.branches.items())],
        3: body.take_all,
        4: [[case_id, mark] for case_id, mark in sorted(body.choices.items())],
        6: body.reason,
    }
    if body.otherwise is not None:
        values[5] = body.otherwise
    return encoding.encode(values)


def read_ruling(raw: bytes) -> RulingBody | None:
    """What the body of a `fork_ruling` says; None where it does not fit its form, and then it rules nothing."""
    try:
        body = encoding.decode(raw)
    except errors.ProtocolError:
        return None
    if type(body) is not dict or not all(type(key) is int and key >= 0 for key in body):
        return None
    branches, choices = _pairs(body.get(2), MOST_BRANCHES, 8), _pairs(body.get(4), MOST_CHOICES, 16)
    sound = (
        _is_bytes(body.get(0), 16)
        and is_int(body.get(1), 1, _SEQ_MAX)
        and bool(branches)
        and branches is not None
        and all(is_int(upto, body[1], _SEQ_MAX) for upto in branches.values())
        and type(body.get(3)) is bool
        and choices is not None
        and all(type(mark) is bytes and mark in branches for mark in choices.values())
        and (5 not in body or (type(body[5]) is bytes and body[5] in branches))
        and plain(body.get(6), 1, REASON_MAX)
    )
    if not sound:
        return None
    return RulingBody(body[0], body[1], branches or {}, body[3], choices or {}, body.get(5), body[6])


def _is_bytes(value: object, length: int) -> bool:
    return type(value) is bytes and len(value) == length


def _pairs(value: object, most: int, width: int) -> dict[bytes, Any] | None:
    """An array of at most `most` pairs whose first is so many bytes, none twice."""
    if type(value) is not list or len(value) > most:
        return None
    if not all(type(pair) is list and len(pair) == 2 and _is_bytes(pair[0], width) for pair in value):
        return None
    pairs = dict(value)
    return pairs if len(pairs) == len(value) else None


def may_rule(places: PlaceTree, place: str, incarnation: bytes, author: str, forked: bytes) -> bool:
    """Tell whether a place may rule on a fork of an author's incarnation: a strict ancestor, and over the root, which
    has none, another incarnation of the root."""
    try:
        if place == author:
            return places.root == place and incarnation != forked
        return places.covers(place, author)
    except UnknownPlace:
        return False


def in_force(
    rulings: Iterable[Ruling], incarnation: bytes, split: int, author: str, places: PlaceTree
) -> Ruling | None:
    """The one ruling that counts: of the highest ranked place, there of the older incarnation, of that the latest."""
    entitled = [
        ruling
        for ruling in rulings
        if (ruling.body.incarnation, ruling.body.split) == (incarnation, split)
        and may_rule(places, ruling.place, ruling.position.incarnation, author, incarnation)
    ]
    return min(entitled, key=lambda ruling: _order(ruling, places), default=None)


def _order(ruling: Ruling, places: PlaceTree) -> tuple[int, int, int, bytes, bytes]:
    position = ruling.position
    return places.rank(ruling.place), ruling.order, -position.seq, position.mark, position.incarnation


def frozen(
    case_id: bytes,
    events: Iterable[CaseEvent],
    arms: Mapping[Position, Arms],
    rulings: Iterable[Ruling],
    places: PlaceTree,
    shattered: Set[bytes] = frozenset(),
) -> set[Position]:
    """Which of a case's events a fork has frozen. `arms`: of each event that lies behind a split, the arms it lies on;
    the rulings are those written in the case's scope by authors who are not frozen themselves. `shattered`: the
    incarnations whose stream of this scope has more arms than are kept; nobody can say that only one touches a case."""
    given = list(rulings)
    behind = {event.position: event for event in events if event.position in arms}
    ruled: dict[tuple[bytes, int], RulingBody] = {}
    touching: dict[tuple[bytes, int], set[bytes]] = {}
    for position, event in behind.items():
        for split, mark in arms[position]:
            fork = (position.incarnation, split)
            if fork not in ruled:
                ruling = in_force(given, *fork, event.place, places)
                if ruling is None:
                    continue
                ruled[fork] = ruling.body
            if position.seq <= ruled[fork].branches.get(mark, 0):
                touching.setdefault(fork, set()).add(mark)

    def counts(position: Position, split: int, mark: bytes) -> bool:
        fork = (position.incarnation, split)
        ruling = ruled.get(fork)
        if ruling is None or position.seq > ruling.branches.get(mark, 0):
            return False
        if case_id in ruling.choices:
            return ruling.choices[case_id] == mark
        alone = len(touching[fork]) == 1 and position.incarnation not in shattered
        return ruling.take_all if alone else ruling.otherwise == mark

    return {position for position in behind if not all(counts(position, *arm) for arm in arms[position])}
