"""The flow chart of an item: the straight way of a case, walked over the workflow's table, and where it may turn."""

from dataclasses import dataclass
from typing import Final

from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from sync_protocol.case import kinds, workflow
from sync_protocol.case.catalogue import LEVELS, Item
from sync_protocol.case.workflow import LABELS, MOVES, STATES
from village_node.web import item_form
from village_node.web.policy import Policy, Route
from village_node.web.site import Visit

PUBLIC: Final = Policy(None, "public")
# Where a case leaves the straight way, and by which act of whoever has it.
TURNS: Final = (kinds.RETURN_FOR_CORRECTION, kinds.REFUSE, kinds.LAPSE, kinds.ANSWER)
_LEAVES: Final = ("correcting", "refused", "lapsed", "withdrawn")
Words = tuple[str, str]


@dataclass(frozen=True)
class Stop:
    """One act on the straight way: at which level, by which kind of event, the state it leads to; what belongs to it,
    and where the case may turn from that state."""

    level: str
    kind: int
    state: str
    notes: tuple[Words, ...] = ()
    turns: tuple[Words, ...] = ()


@dataclass(frozen=True)
class Box:
    """One stop in words, and in which lane it stands."""

    lane: int
    level: str
    act: str
    state: str
    notes: list[str]
    turns: list[str]


class _Walk:
    """A case on its straight way through the table of moves."""

    def __init__(self, item: Item, level: str) -> None:
        self.item, self.level, self.state = item, level, "draft"
        self.stops: list[Stop] = []

    def do(self, kind: int, *notes: Words, to: str = "") -> None:
        """Take the row of the table for this state and kind; ``to``: which of the states it may lead to."""
        found = workflow.targets(MOVES[self.state, kind], self.state)
        self.state = to or found[0][1]
        assert self.state in {state for _, state in found}
        self.stops.append(Stop(self.level, kind, self.state, notes, self._turns()))

    def go(self, level: str, purpose: str) -> None:
        """Hand the case on to a level, where there is another one to go to."""
        if level == self.level:
            return
        zh, en = workflow.HANDOFF_LABELS[purpose]
        self.do(kinds.HANDOFF, (zh, en))
        self.level = level
        self.do(kinds.ACCEPT, to=workflow.arrival(purpose, level))

    def _turns(self) -> tuple[Words, ...]:
        asks = (*self.item.accept_levels, self.item.review_level, self.item.deciding_level)
        found = []
        for kind in TURNS:
            move = MOVES.get((self.state, kind))
            if move is None or (move.guard == "correct_level" and self.level not in asks):
                continue
            if move.guard == "accept_level" and self.level not in self.item.accept_levels:
                continue
            ends = [STATES[state] for _, state in workflow.targets(move, self.state) if state in _LEAVES]
            zh, en = LABELS[kind]
            found += [(zh if zh == end.zh else f"{zh} → {end.zh}", f"{en} → {end.en}") for end in ends]
        return tuple(found)


def way_of(item: Item) -> list[Stop]:
    """The straight way of a case of an item, from where most people file it to where they are given the result."""
    first = "village" if item.village_mode != "告知" else item.accept_levels[0]
    walk = _Walk(item, first if LEVELS.index(first) <= LEVELS.index(item.accept_levels[0]) else item.accept_levels[0])
    walk.do(kinds.RECEIVE)
    if walk.level not in item.accept_levels:
        walk.go(item.accept_levels[0], "accept")
    days = (f"承诺 {item.promised_days} 个工作日", f"promised: {item.promised_days} working days")
    walk.do(kinds.DOCKET, days if item.promised_days else ("当场办结", "at once"))
    if item.review_level:
        walk.go(item.review_level, "review")
        walk.do(kinds.REVIEW)
    walk.go(item.deciding_level, "decide")
    for notes, opens, closes in _procedures(item):
        walk.do(opens, *notes)
        walk.do(closes)
    walk.do(kinds.DECIDE, ("不予须说明理由", "if refused: reasons"), to="decided_approved")
    if item.has_fee:
        walk.do(kinds.FEE_NOTICE, (f"收费：{item.fee}", f"fee: {item.fee}"))
        walk.do(kinds.FEE_SETTLED)
    walk.do(kinds.ISSUE)
    lower = [level for level in item.deliver_levels if LEVELS.index(level) < LEVELS.index(walk.level)]
    if lower:
        walk.go(min(lower, key=LEVELS.index), "deliver")
    walk.stops.append(Stop(walk.level, kinds.DELIVERED, "delivered"))
    return walk.stops


def _procedures(item: Item) -> list[tuple[tuple[Words, ...], int, int]]:
    """What is opened and ended before the decision: what it is, and by which acts."""
    found: list[tuple[tuple[Words, ...], int, int]] = []
    if item.special_procedures:
        listed = "、".join(item.special_procedures)
        found.append((((listed, listed),), kinds.SUSPEND, kinds.RESUME))
    if item.publicity_days:
        unit = ("个工作日", "working days") if item.publicity_unit == "working" else ("日", "days")
        words = (f"公示 {item.publicity_days} {unit[0]}", f"made public for {item.publicity_days} {unit[1]}")
        found.append(((words,), kinds.SUSPEND, kinds.RESUME))
    if item.joint:
        found.append(((("各部门会签", "every department signs"),), kinds.COUNTERSIGN_OPEN, kinds.COUNTERSIGN_CLOSE))
    if item.decide_level == "higher":
        found.append(((("上报上级机关决定", "decided by a higher authority"),), kinds.SUSPEND, kinds.RESUME))
    return found


def flow(visit: Visit, item_no: str, version: int) -> Response:
    """The chart of one version of an item, made to be printed."""
    item = visit.site.catalogue.find(item_no, version)
    if item is None:
        raise NotFound
    stops = [] if item.theme else way_of(item)
    lanes = [level for level in LEVELS if any(stop.level == level for stop in stops)]
    boxes: list[Box] = []
    told: tuple[Words, ...] = ()
    for stop in stops:
        # Where a case may turn is said once, where it begins.
        fresh = stop.turns if stop.turns != told else ()
        told = stop.turns or told
        boxes.append(_box(visit, stop, lanes.index(stop.level) + 1, fresh))
    return visit.render(
        "item_flow.html",
        item=item,
        members=visit.site.catalogue.parts(item),
        lanes=[visit.t(*item_form.WORDS[level]) for level in lanes],
        boxes=boxes,
    )


def _box(visit: Visit, stop: Stop, lane: int, turns: tuple[Words, ...]) -> Box:
    # A handoff and a procedure are called by what they are for.
    named = stop.kind in (kinds.HANDOFF, kinds.SUSPEND, kinds.COUNTERSIGN_OPEN)
    words, notes = (stop.notes[0], ()) if named else (workflow.LABELS[stop.kind], stop.notes)
    state = STATES[stop.state]
    level = visit.t(*item_form.WORDS[stop.level])
    said, turning = [visit.t(*note) for note in notes], [visit.t(*turn) for turn in turns]
    return Box(lane, level, visit.t(*words), visit.t(state.zh, state.en), said, turning)


ROUTES: Final = (Route("/items/<item_no>/<int:version>/flow", "item_flow", flow, PUBLIC),)
