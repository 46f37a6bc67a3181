"""A case written by hand, event by event, for tests that say exactly what happened."""

from dataclasses import replace
from hashlib import sha256
from typing import Any

from sync_protocol import encoding
from sync_protocol.case import Case, CaseEvent, Position, Verdict, fold, kinds
from tests.sync_protocol.case.histories import (
    CASE_ID,
    CASE_NUMBER,
    COUNTY,
    HASH,
    OTHER_TOWNSHIP,
    OTHER_VILLAGE,
    PLACES,
    STATION,
    TOWNSHIP,
    VILLAGE,
    catalogue,
)

__all__ = ["COUNTY", "HASH", "OTHER_TOWNSHIP", "OTHER_VILLAGE", "PLACES", "STATION", "TOWNSHIP", "VILLAGE", "Script"]

ORDER = {COUNTY: 0, TOWNSHIP: 1, VILLAGE: 2, STATION: 3, OTHER_TOWNSHIP: 4, OTHER_VILLAGE: 5}


class Script:
    """The events of one case in the order they are written; each stage event follows the one before unless told."""

    def __init__(self, home: str = VILLAGE, item: str = "001") -> None:
        self.home = home
        self.item = item
        self.events: list[CaseEvent] = []
        self.last: Position | None = None
        self._seqs: dict[bytes, int] = {}

    def write(self, place: str, kind: int, body: Any = None, **odd: Any) -> Position:
        """Append an event; ``odd`` sets what is unusual (after, life, order, version, claimed_ms, any field)."""
        incarnation = sha256(f"{place}/{odd.pop('life', 1)}".encode()).digest()[:16]
        seq = odd.pop("seq", None) or self._seqs.get(incarnation, 0) + 1
        self._seqs[incarnation] = seq
        after = odd.pop("after", self.last if kind < 32 else None)
        raw = body if isinstance(body, bytes) else encoding.encode({} if body is None else body)
        mark = odd.pop("mark", None) or sha256(b"%b%d%d%b" % (incarnation, seq, kind, raw)).digest()[:8]
        moment = odd.pop("claimed_ms", 1_000 + len(self.events))
        order = odd.pop("order", ORDER[place])
        position, version = Position(incarnation, seq, mark), odd.pop("version", 1)
        event = CaseEvent(position, kind, version, after, (), place, order, True, moment, moment, "actor", raw)
        self.events.append(replace(event, **odd))
        if kind < 32:
            self.last = event.position
        return event.position

    def create(self, place: str | None = None, **odd: Any) -> Position:
        body = {0: self.item, 1: 1, 2: "张三", 3: "resident_id", 4: "6210", 11: {"a": "1"}, 12: [["身份证", 1, True]]}
        return self.write(place or self.home, kinds.CREATE, body, **odd)

    def receive(self, place: str | None = None, **odd: Any) -> Position:
        return self.write(place or self.home, kinds.RECEIVE, {0: CASE_NUMBER, 1: "0123456789ABC"}, **odd)

    def handoff(self, place: str, to: str, purpose: str, **odd: Any) -> Position:
        return self.write(place, kinds.HANDOFF, {0: to, 1: purpose}, **odd)

    def accept(self, place: str, **odd: Any) -> Position:
        return self.write(place, kinds.ACCEPT, **odd)

    def docket(self, place: str, **odd: Any) -> Position:
        return self.write(place, kinds.DOCKET, **odd)

    def review(self, place: str, **odd: Any) -> Position:
        return self.write(place, kinds.REVIEW, {0: "agree", 1: "符合条件"}, **odd)

    def decide(self, place: str, outcome: str = "approve", **odd: Any) -> Position:
        return self.write(place, kinds.DECIDE, {0: outcome, 1: "理由"}, **odd)

    def suspend(self, place: str, what: str, **odd: Any) -> Position:
        more: dict[str, dict[int, Any]] = {
            "supplement": {1: [["户口簿", "缺页"]]}, "publicity": {3: 7}, "reported_up": {6: "庆阳市林业局"},
        }  # fmt: skip
        special = {3: 5, 4: "0101", 5: "0102"}
        return self.write(place, kinds.SUSPEND, {0: what, 2: "依据", **more.get(what, special)}, **odd)

    def resume(self, place: str, opened: Position, **odd: Any) -> Position:
        return self.write(place, kinds.RESUME, {0: list(opened), 1: "已完成", **odd.pop("more", {})}, **odd)

    def ask_above(self, place: str, outcome: str = "approve") -> Position:
        """Report the case up and enter what the higher authority decided."""
        up = self.suspend(place, "reported_up")
        answer = {0: list(up), 3: outcome, 4: "庆市林批〔2026〕7号", 5: "2026-11-20", 6: HASH}
        return self.write(place, kinds.RESUME, answer)

    def settle_fee(self, place: str) -> Position:
        self.write(place, kinds.FEE_NOTICE, {0: 12_000, 1: "每平方米每日2元", 2: 15})
        return self.write(place, kinds.FEE_SETTLED, {0: "paid", 1: "票0001"})

    def refuse(self, place: str, **odd: Any) -> Position:
        return self.write(place, kinds.REFUSE, {0: "不属于本机关职权", 1: "行政许可法第三十二条"}, **odd)

    def assign(self, place: str, to: str, **odd: Any) -> Position:
        return self.write(place, kinds.FORCE_ASSIGN, {0: to, 1: "站点失联", 2: "0001", 3: "0002"}, **odd)

    def fold(self, events: list[CaseEvent] | None = None) -> Case:
        return fold(self.home, CASE_ID, self.events if events is None else events, PLACES, catalogue())

    def verdict(self, position: Position) -> Verdict:
        """The verdict on an event with everything written so far held."""
        return self.fold().verdicts[position]

    def without(self, *positions: Position) -> Case:
        """The case where these events are not held."""
        return self.fold([event for event in self.events if event.position not in positions])

    def changed(self, position: Position, **values: Any) -> Case:
        """The case with one event held differently: its body missing, its author frozen."""
        return self.fold([replace(e, **values) if e.position == position else e for e in self.events])


def to_township(item: str = "001") -> Script:
    """Received at the village and taken over by the township, which has not accepted the application yet."""
    script = Script(item=item)
    script.create()
    script.receive()
    script.handoff(VILLAGE, TOWNSHIP, "accept")
    script.accept(TOWNSHIP)
    return script


def to_township_review(item: str = "001") -> Script:
    """Received at the village, accepted at the township, not yet reviewed."""
    script = to_township(item)
    script.docket(TOWNSHIP)
    return script


def to_county(item: str = "001") -> Script:
    """Reviewed at the township, accepted by the county's window for decision."""
    script = to_township_review(item)
    script.review(TOWNSHIP)
    script.handoff(TOWNSHIP, COUNTY, "decide")
    script.accept(COUNTY)
    return script
