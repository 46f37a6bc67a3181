"""What an act names, as the second fold judges it: supplies, a request, records of another branch (CASE.md, 6)."""

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import Any

from sync_protocol.case import CaseEvent, Position, Verdict, kinds
from sync_protocol.case.catalogue import Item
from sync_protocol.case.workflow import MOVES
from sync_protocol.places import PlaceTree
from tests.sync_protocol.case.second_reading import Flow, deleted, read, unknown


class Naming(ABC):
    path: tuple[str, ...]
    places: PlaceTree
    stage: dict[Position, CaseEvent]
    sides: dict[Position, CaseEvent]
    verdicts: dict[Position, Verdict]
    legal: dict[Position, Flow | None]

    @abstractmethod
    def depth(self, place: str) -> int: ...

    @abstractmethod
    def holds(self, guard: str, flow: Flow, here: str, body: dict[int, Any] | None) -> bool: ...

    @abstractmethod
    def moved(self, flow: Flow, event: CaseEvent, body: dict[int, Any] | None, target: str) -> Flow: ...

    def acceptors(self, item: Item | None, here: str) -> list[str]:
        """Who may accept in place of here: itself, else those above, else all."""
        able = [p for p in self.path if item is None or self.places.level(p) in item.accept_levels]
        above = [p for p in able if self.depth(p) < self.depth(here)]
        return able if item is None else [here] if here in able else above or able

    def sent(self, flow: Flow, to: str, purpose: str) -> Flow:
        if purpose == "prereview" and to == flow.holder:
            return replace(flow, state="prereview")
        return replace(flow, state="in_transit", before=flow.state, holder=None, to=to, purpose=purpose)

    def named(self, kind: int, body: dict[int, Any], flow: Flow) -> Verdict | str:
        wanted = {
            kinds.ANSWER: (kinds.WITHDRAWAL_REQUEST, "request"),
            kinds.REVIEW_DECISION: (kinds.REVIEW_REQUEST, "request"),
            kinds.ARCHIVE: (kinds.DELIVERED, "delivery"),
        }
        if kind in wanted:
            position = Position(*body[0])
            if position not in self.sides and position not in self.stage:
                return Verdict("waiting", "named", position)
            sound = position in self.sides and self.sides[position].kind == wanted[kind][0]
            return "sound" if sound else Verdict("void", wanted[kind][1])
        if kind == kinds.COUNTERSIGN_CLOSE:
            return self.signatures(body, flow)
        supplies = body[0] if kind == kinds.TAKE else body.get(2, [])
        return self.readable(supplies, kinds.SUPPLY, "supplies")

    def signatures(self, body: dict[int, Any], flow: Flow) -> Verdict | str:
        says = self.readable(body[1], kinds.COUNTERSIGNATURE, "signatures")
        if says != "sound":
            return says
        words = [read(self.sides[Position(*entry)]) for entry in body[1]]
        here = [each for each in words if isinstance(each, dict)]
        if any(each[0] != body[0] for each in here):
            return Verdict("void", "signatures")
        signed = {each[1] for each in here}
        for opened, _, members in flow.open:
            if opened == Position(*body[0]):
                if signed - members:
                    return Verdict("void", "signatures")
                if members - signed and len(here) == len(words) and 2 not in body:
                    return Verdict("void", "countersigned")
        return says

    def readable(self, entries: list[Any], kind: int, reason: str) -> Verdict | str:
        says = "sound"
        for entry in entries:
            position = Position(*entry)
            side = self.sides.get(position)
            if side is None and position not in self.stage:
                return Verdict("waiting", "named", position)
            if side is None or side.kind != kind or side.place not in self.path:
                return Verdict("void", reason)
            if unknown(side):
                says = "unknown"
            elif side.body is None and side.body_state not in ("purged", "erased"):
                return Verdict("waiting", "named", position)
            elif isinstance(read(side), str):
                return Verdict("void", reason)
        return says

    def adoption(self, event: CaseEvent, flow: Flow, named: list[Position]) -> Flow | Verdict | None:
        sure = True
        for position in named:
            says = self.adopted_alone(position)
            if says in ("void", "waiting"):
                return Verdict("void", "adoption") if says == "void" else Verdict("waiting", "named", position)
            sure = sure and says == "sound"
        if not sure:
            return None
        if flow.holder != event.place:
            return Verdict("void", "not_holder")
        if (flow.state, kinds.ADOPT) not in MOVES:
            return Verdict("void", "not_allowed_now")
        path = self.line(event.after)
        fresh: list[Position] = []
        for position in named:
            line = [position] if position in self.sides else self.line(position)
            more = [p for p in line if p not in path and p not in flow.adopted and p not in fresh]
            fresh += more
        if not fresh or len(flow.adopted) + len(fresh) > 256:
            return Verdict("void", "adoption")
        for done in [self.stage[p] for p in fresh if p in self.stage]:
            if done.kind in (kinds.HANDOFF, kinds.ACCEPT, kinds.FORCE_ASSIGN, kinds.ADOPT, kinds.PREREVIEW):
                continue
            body = read(done)
            assert not isinstance(body, str)
            move = MOVES.get((flow.state, done.kind))
            if move is None or not all(self.holds(g, flow, done.place, body) for g in (move.guard, *move.also)):
                return Verdict("void", "adoption")
            flow = self.moved(flow, done, body, move.target)
        return replace(flow, adopted=flow.adopted | set(fresh))

    def adopted_alone(self, position: Position) -> str:
        if position in self.legal:
            return "sound" if self.legal[position] else "unknown"
        if position in self.verdicts:
            return {"void": "void", "waiting": "waiting", "needs_update": "unknown"}[self.verdicts[position].code]
        side = self.sides.get(position)
        if side is None:
            return "waiting"
        beside = side.kind in (73, 75, 76, 77) or (side.kind < 64 and side.kind not in (40, 44, 46, 49, 52, 53))
        if not beside or side.place not in self.path:
            return "void"
        if unknown(side):
            return "unknown"
        if side.body is None and not deleted(side):
            return "waiting"
        return "void" if isinstance(read(side), str) else "sound"

    def line(self, position: Position | None) -> list[Position]:
        """The events from the root to this one."""
        found: list[Position] = []
        while position is not None:
            found.insert(0, position)
            position = self.stage[position].after
        return found
