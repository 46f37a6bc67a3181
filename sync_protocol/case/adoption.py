"""Adoption: what the holder's act does with records that stand on other branches of the case, or beside it.

Nothing here looks at who won or who is entitled: a named event must be sound where it stands, and what it did must be
possible once more at the end of the adoption's own path. So an adoption that is legal stays so, whatever arrives later.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from sync_protocol.case import baton, kinds
from sync_protocol.case.baton import Flow
from sync_protocol.case.content import Body, is_missing, is_unknown, read_body
from sync_protocol.case.events import CaseEvent, Position, Verdict
from sync_protocol.case.routes import CasePath

VOID = Verdict("void", "adoption")
UNKNOWN = Verdict("needs_update")


class Judged(NamedTuple):
    """The stage events judged so far: parallel lists of those that compete, their places in them, the other verdicts.

    No flow: presumed legal.
    """

    events: list[CaseEvent]
    bodies: list[Body | None]
    flows: list[Flow | None]
    parents: list[int]
    places: Mapping[Position, int]
    verdicts: Mapping[Position, Verdict]


class Adoption(NamedTuple):
    """What comes of one: the flow after it, every event it adopts, and those of them that have an effect."""

    flow: Flow
    adopted: list[Position]
    counts: list[tuple[CaseEvent, Body | None]]


def check_named(
    named: Iterable[Position], judged: Judged, sides: Mapping[Position, CaseEvent], path: CasePath
) -> Verdict | None:
    """Judge the events an adoption names, each by itself: None if all are sound; UNKNOWN if one cannot be read here."""
    known = True
    for position in named:
        if position in sides:
            verdict = _check_side(sides[position], path)
        elif position in judged.places:
            verdict = UNKNOWN if judged.flows[judged.places[position]] is None else None
        elif position in judged.verdicts:
            code = judged.verdicts[position].code
            verdict = VOID if code == "void" else UNKNOWN if code == "needs_update" else _wait_for(position)
        else:
            verdict = _wait_for(position)
        if verdict is not None and verdict is not UNKNOWN:
            return verdict
        known = known and verdict is None
    return None if known else UNKNOWN


def _check_side(side: CaseEvent, path: CasePath) -> Verdict | None:
    if kinds.role_of(side.kind) != "side" or side.place not in path.ranks:
        return VOID
    if is_unknown(side):
        return UNKNOWN
    if is_missing(side):
        return _wait_for(side.position)
    return VOID if isinstance(read_body(side), str) else None


def _wait_for(position: Position) -> Verdict:
    return Verdict("waiting", "named", position)


def adopt(
    flow: Flow, place: str, parent: int, named: Iterable[Position], judged: Judged, path: CasePath
) -> Adoption | str:
    """Do what sound named events did, once more, after the event at ``parent``: all of it, or say why it is void."""
    why = baton.why_not_adopt(flow, place)
    if why is not None:
        return why
    fresh = _not_yet_done(parent, named, judged, flow.adopted)
    if fresh is None or len(flow.adopted) + len(fresh) > baton.ADOPTED_MOST:
        return VOID.reason
    after = flow.copy()
    after.adopted = flow.adopted.union(fresh)
    counts = []
    for position in fresh:
        index = judged.places.get(position)
        if index is None or judged.events[index].kind in baton.MOVES_THE_BATON:
            continue
        event, body = judged.events[index], judged.bodies[index]
        if not baton.do_again(after, event.kind, event.place, body, path, position):
            return VOID.reason
        counts.append((event, body))
    return Adoption(after, fresh, counts)


def adoptable(
    flow: Flow,
    parent: int,
    named: Iterable[Position],
    judged: Judged,
    sides: Mapping[Position, CaseEvent],
    path: CasePath,
) -> Iterator[Position]:
    """Which of these events the holder could adopt after the event at ``parent``, each by itself with what leads to it.

    What an adoption of one does begins with what an adoption of the event before it does: so each is done once only,
    however long the branch.
    """
    if baton.why_not_adopt(flow, flow.holder) is not None:
        return
    room = baton.ADOPTED_MOST - len(flow.adopted)
    # index -> the flow after all that leads to an event and the event itself, and how many those are that count anew;
    # None where it cannot be done.
    done: dict[int, tuple[Flow, int] | None] = dict.fromkeys(_path_to(parent, judged), (flow, 0))
    for position in named:
        if position in flow.adopted or check_named([position], judged, sides, path) is not None:
            continue
        index = judged.places.get(position)
        if index is None:
            if room > 0:
                yield position
            continue
        branch = []
        while index >= 0 and index not in done:
            branch.append(index)
            index = judged.parents[index]
        reached = done[index] if index >= 0 else (flow, 0)
        for step in reversed(branch):
            reached = done[step] = _one_more(reached, step, flow, judged, path)
        if reached is not None and 0 < reached[1] <= room:
            yield position


def _one_more(
    reached: tuple[Flow, int] | None, index: int, end: Flow, judged: Judged, path: CasePath
) -> tuple[Flow, int] | None:
    event = judged.events[index]
    if reached is None or event.position in end.adopted:
        return reached
    before, count = reached
    if event.kind in baton.MOVES_THE_BATON:
        return before, count + 1
    after = before.copy()
    if not baton.do_again(after, event.kind, event.place, judged.bodies[index], path, event.position):
        return None
    return after, count + 1


def _path_to(index: int, judged: Judged) -> Iterator[int]:
    while index >= 0:
        yield index
        index = judged.parents[index]


def _not_yet_done(
    parent: int, named: Iterable[Position], judged: Judged, done: frozenset[Position]
) -> list[Position] | None:
    """List what is named and, of a branch, what leads to it from the path that ends at ``parent``, in order.

    None if nothing is left. A branch of another root begins with its create event, which no workflow allows again.
    """
    path = set(_path_to(parent, judged))
    found: dict[Position, None] = {}
    for position in named:
        branch = []
        index = judged.places.get(position)
        if index is None:
            branch.append(position)
        else:
            while index >= 0 and index not in path:
                branch.append(judged.events[index].position)
                index = judged.parents[index]
        found.update(dict.fromkeys(each for each in reversed(branch) if each not in done))
    return list(found) or None
