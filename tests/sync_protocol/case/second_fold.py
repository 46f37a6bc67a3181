"""A second fold, written from the text of CASE.md in the plainest way, to hold the real one to its own words.

It shares with the real one only the encoding, the field tables, and the table of moves, which the text prints.
"""

from dataclasses import replace
from typing import Any

from sync_protocol.case import CaseEvent, Position, Verdict, kinds
from sync_protocol.case.catalogue import Catalogue, Item
from sync_protocol.case.workflow import MOVES
from sync_protocol.places import PlaceTree
from tests.sync_protocol.case.second_naming import Naming
from tests.sync_protocol.case.second_reading import (
    Flow,
    lacking,
    ledger_holds,
    named_in,
    promise_holds,
    read,
    unknown,
    why_unknown,
)

OPEN = ("received", "accepted", "t_review", "reviewed", "examining", "c_intake")
DECIDED = ("decided_approved", "decided_refused", "decided", "issued", "delivering")
NAMING = (
    kinds.TAKE, kinds.ANSWER, kinds.RESUME, kinds.COUNTERSIGN_CLOSE, kinds.REVIEW_DECISION, kinds.ARCHIVE,
    kinds.COMMITMENT_KEPT,
)  # fmt: skip
FAR = 1_000


def decides(item: Item) -> str:
    return "county" if item.decide_level == "higher" else item.decide_level


class SecondFold(Naming):
    """The verdicts, and the flow and the last event at the end of the effective path."""

    def __init__(
        self, home: str, case_id: bytes, events: list[CaseEvent], places: PlaceTree, catalogue: Catalogue
    ) -> None:
        self.path, self.places, self.catalogue, self.home = places.line_of(home), places, catalogue, home
        mine = [e for e in events if e.case_id in (b"", case_id) and e.scope in ("", home)]
        self.elsewhere = {e.position for e in events if e not in mine}
        held: dict[Position, CaseEvent] = {}
        for event in mine:
            if event.position not in held or event.body is not None:
                held[event.position] = event
        self.stage = {p: e for p, e in held.items() if 1 <= e.kind <= 31}
        self.sides = {p: e for p, e in held.items() if p not in self.stage}
        self.verdicts: dict[Position, Verdict] = {}
        self.legal: dict[Position, Flow | None] = {}
        self.best_ranks: dict[Position, int | None] = {}
        self.pending: list[tuple[CaseEvent, Flow | None]] = []
        self.flow: Flow | None = None
        self.effective: list[CaseEvent] = []
        self.needs_update = False
        for root in self.stage.values():
            if root.kind == kinds.CREATE and root.after is None:
                self.judge_from(root, None)
        for event in self.stage.values():
            self.judge_stray(event)
        self.judge_pending()
        for position in self.stage:
            if position not in self.verdicts and position not in self.legal:
                self.verdicts[position] = Verdict("void", "after_circle")
        self.choose()
        for event in self.sides.values():
            self.verdicts[event.position] = self.beside(event)

    # Section 5

    def children(self, position: Position) -> list[CaseEvent]:
        return [e for e in self.stage.values() if e.after == position and e.kind != kinds.CREATE]

    def judge_from(self, event: CaseEvent, before: Flow | None, presumed: bool = False, pending: bool = False) -> None:
        if event.kind == kinds.ADOPT and not presumed and not pending:
            self.pending.append((event, before))
            return
        result = None if presumed else self.judge(event, before)
        if isinstance(result, Verdict):
            self.inherit(event, result)
            return
        self.legal[event.position] = result
        for child in self.children(event.position):
            self.judge_from(child, result, presumed=result is None)

    def judge_pending(self) -> None:
        """Section 5, 3: adoptions after what they name."""
        while self.pending:
            judged = {*self.verdicts, *self.legal}
            free = [each for each in self.pending if all(p in judged or p not in self.stage for p in named_in(each[0]))]
            left = [each for each in self.pending if each not in free]
            self.pending = left if free else []
            for event, before in free:
                self.judge_from(event, before, pending=True)
            for event, _ in [] if free else left:
                self.inherit(event, Verdict("void", "after_circle"))

    def inherit(self, event: CaseEvent, verdict: Verdict) -> None:
        self.verdicts[event.position] = verdict
        below = {
            "waiting": verdict,
            "void": Verdict("void", "after_void"),
            "needs_update": Verdict("needs_update", "after_unknown"),
        }[verdict.code]
        for child in self.children(event.position):
            if child.position not in self.verdicts:
                says = below
                if below.code == "waiting" and unknown(child):
                    says = Verdict("needs_update", why_unknown(child))
                self.inherit(child, says)

    def judge_stray(self, event: CaseEvent) -> None:
        after = event.after
        if event.kind == kinds.CREATE:
            if after is not None:
                self.inherit(event, Verdict("void", "create_with_after"))
        elif after is None:
            says = Verdict("needs_update", why_unknown(event)) if unknown(event) else Verdict("void", "no_after")
            self.inherit(event, says)
        elif after not in self.stage:
            if after in self.sides:
                says = Verdict("void", "after_not_stage")
            elif after in self.elsewhere:
                says = Verdict("void", "after_other_case")
            elif any(p.incarnation == after.incarnation and p.seq == after.seq for p in [*self.stage, *self.sides]):
                says = Verdict("void", "after_differs")
            elif unknown(event):
                says = Verdict("needs_update", why_unknown(event))
            else:
                says = Verdict("waiting", "after", after)
            self.inherit(event, says)

    # Section 6

    def judge(self, event: CaseEvent, flow: Flow | None) -> Flow | Verdict | None:
        """The flow after a legal event, None for one that needs an update, else its verdict."""
        if unknown(event):
            return None
        early = lacking(event)
        if early is not None:
            return early
        body = read(event)
        if isinstance(body, str):
            return Verdict("void", body)
        if event.kind == kinds.CREATE:
            return self.begin(event, body)
        assert flow is not None
        if event.kind in NAMING and body is not None:
            named = self.named(event.kind, body, flow)
            if named != "sound":
                return named if isinstance(named, Verdict) else None
        if event.kind == kinds.ADOPT:
            assert body is not None
            return self.adoption(event, flow, [Position(*entry) for entry in body[0]])
        if event.kind == kinds.FORCE_ASSIGN:
            if not self.is_above(event.place, flow):
                return Verdict("void", "not_above")
        elif event.kind == kinds.REVIEW_DECISION:
            if flow.holder != event.place and not self.is_above(event.place, flow):
                return Verdict("void", "not_above")
        elif event.kind == kinds.ACCEPT and flow.to != event.place:
            return Verdict("void", "not_receiver" if flow.state == "in_transit" else "not_allowed_now")
        elif event.kind != kinds.ACCEPT and flow.holder != event.place:
            return Verdict("void", "not_holder")
        move = MOVES.get((flow.state, event.kind))
        if move is None:
            return Verdict("void", "not_allowed_now")
        for guard in (move.guard, *move.also):
            if not self.holds(guard, flow, event.place, body):
                return Verdict("void", guard)
        return self.moved(flow, event, body, move.target)

    def is_above(self, place: str, flow: Flow) -> bool:
        return place in self.path and self.depth(place) < self.depth(flow.holder or flow.to or "")

    def depth(self, place: str) -> int:
        return len(self.places.path_up(place))

    def begin(self, event: CaseEvent, body: dict[int, Any] | None) -> Flow | Verdict:
        item = None
        if body is not None:
            item = self.catalogue.find(body[0], body[1])
            if item is None:
                return Verdict("waiting", "item", event.position)
        if event.place not in self.path:
            return Verdict("void", "off_path")
        if item is not None and not self.has_route(item, event.place):
            return Verdict("void", "not_filed_here")
        return Flow(item, "draft", event.place)

    def has_route(self, item: Item, place: str) -> bool:
        levels = [self.places.level(p) for p in self.path]
        village = any(self.places.level(p) == "village" for p in self.places.path_up(place))
        return not (
            len(item.members) != len(item.member_versions)
            or (item.village_mode == "告知" and village)
            or not set(levels) & set(item.accept_levels)
            or (item.review_level and item.review_level not in levels)
            or decides(item) not in levels
        )

    def holds(self, guard: str, flow: Flow, here: str, body: dict[int, Any] | None) -> bool:
        item, level = flow.item, self.places.level(here)
        if guard in ("request", "request_refused"):
            fresh = body is None or (Position(*body[0]) not in flow.answered and len(flow.answered) < 256)
            return fresh and (guard == "request" or body is None or body[1] is False)
        if guard == "assign":
            return body is not None and body[0] in self.path and body[0] != flow.holder
        if guard == "onward":
            if body is None or item is None:
                return body is None or (body[0] in self.path and body[0] != here)
            return (body[0], body[1]) in self.onward(flow, item, here)
        if guard in ("entry", "countersigning", "room", "nothing_open", "higher_answer", "supplement_open"):
            return ledger_holds(guard, flow, body)
        if guard in ("commitment", "commitment_open", "kept", "tolerable"):
            return promise_holds(guard, flow, body)
        if guard in ("county_level", "up_level"):
            return level == "county" or (guard == "up_level" and (body is None or body[0] != "reported_up"))
        if guard == "fee_lapsed":
            return flow.before == "fee_due"
        if guard == "extension":
            most = 10 if item and item.kind != "联办件" else 15
            return not flow.extended and (body is None or body[0] <= most)
        if guard in ("previewed", "preview_place"):
            return flow.previewed if guard == "previewed" else body is None or body[0] in self.acceptors(item, here)
        if item is None or guard in ("holder", "receiver", "supplies", "signatures", "countersigned", "delivery"):
            return True
        return {
            "accept_level": level in item.accept_levels,
            "correct_level": level in (*item.accept_levels, item.review_level, decides(item)),
            "review_level": level == item.review_level,
            "examine_level": level in (item.review_level, decides(item)),
            "decide_level": level == decides(item) and (flow.reviewed or not item.review_level),
            "higher_outcome": item.decide_level != "higher"
            or (flow.higher != "" and (body is None or body[0] == flow.higher)),
            "fee_asked": item.fee != "0" and not flow.fee_settled,
            "fee_settled": flow.fee_settled or item.fee == "0" or flow.state != "decided_approved",
            "joint": item.kind == "联办件",
            "heard": not item.members or {name for name, _ in item.parties} <= flow.heard,
        }[guard]

    def onward(self, flow: Flow, item: Item, here: str) -> list[tuple[str, str]]:
        level = {p: self.places.level(p) for p in self.path}
        if flow.state in DECIDED:
            below = [p for p in self.path if self.depth(p) > self.depth(here)]
            return [(p, "deliver") for p in below if level[p] in item.deliver_levels or level[p] == "station"]
        if flow.state not in OPEN:
            return []
        if not flow.docketed:
            places = self.acceptors(item, here)
            return [] if here in places else [(p, "accept") for p in places]
        purpose = "review" if item.review_level and not flow.reviewed else "decide"
        wanted = item.review_level if purpose == "review" else decides(item)
        nearest = next((p for p in self.path if level[p] == wanted), here)
        as_near = [p for p in self.path if level[p] == wanted and self.depth(p) == self.depth(nearest)]
        return [] if here in as_near else [(p, purpose) for p in as_near]

    def moved(self, flow: Flow, event: CaseEvent, body: dict[int, Any] | None, target: str) -> Flow:
        if event.kind in (kinds.HANDOFF, kinds.PREREVIEW):
            assert body is not None
            return self.sent(flow, body[0], "prereview" if event.kind == kinds.PREREVIEW else body[1])
        if event.kind == kinds.ACCEPT:
            county = self.places.level(event.place) == "county"
            state = {
                "accept": "received",
                "prereview": "prereview",
                "review": "t_review",
                "decide": "c_intake" if county else "examining",
                "deliver": "delivering",
            }[flow.purpose]
            return replace(flow, state=state, before="", holder=event.place, to=None, purpose="")
        if event.kind == kinds.FORCE_ASSIGN:
            assert body is not None
            return self.assigned(flow, body[0])
        if event.kind == kinds.ANSWER:
            if body is None:
                return flow
            state = "withdrawn" if target == "by_answer" and body[1] else flow.state
            return replace(flow, state=state, answered=flow.answered | {Position(*body[0])})
        if event.kind == kinds.DECIDE:
            words = {"approve": "decided_approved", "refuse": "decided_refused"}
            return replace(flow, state=words[body[0]] if body else "decided")
        if event.kind == kinds.REVIEW_DECISION:
            assert body is not None
            state = "received" if body[1] == "overturn" else flow.state
            return replace(flow, state=state, answered=flow.answered | {Position(*body[0])})
        if event.kind in (kinds.SUSPEND, kinds.COUNTERSIGN_OPEN):
            what, members = ("" if body is None else body[0]), frozenset[str]()
            if event.kind == kinds.COUNTERSIGN_OPEN:
                what, members = "countersigning", frozenset(what)
            return replace(flow, open=(*flow.open, (event.position, what, members)))
        if event.kind == kinds.COMMITMENT:
            return replace(flow, open=(*flow.open, (event.position, "commitment", frozenset())))
        if event.kind in (kinds.RESUME, kinds.COUNTERSIGN_CLOSE, kinds.COMMITMENT_KEPT):
            assert body is not None
            higher = body.get(3, flow.higher) if event.kind == kinds.RESUME else flow.higher
            left = tuple(each for each in flow.open if each[0] != Position(*body[0]))
            asked = [members for opened, _, members in flow.open if opened == Position(*body[0])]
            return replace(flow, open=left, higher=higher, heard=flow.heard.union(*asked))
        if event.kind == kinds.EXTEND:
            return replace(flow, extended=True)
        if event.kind == kinds.FEE_SETTLED:
            return replace(flow, state=target, fee_settled=True)
        if target == "lapsed":
            return replace(flow, state=target, before=flow.before if flow.state == "correcting" else flow.state)
        if target == "same":
            return flow
        if target == "back":
            return replace(flow, state=flow.before, before="")
        docketed = flow.docketed or event.kind == kinds.DOCKET
        reviewed = flow.reviewed or event.kind == kinds.REVIEW
        before = flow.state if target == "correcting" else flow.before
        flow = replace(flow, previewed=flow.previewed or target == "draft")
        return replace(flow, state=target, before=before, docketed=docketed, reviewed=reviewed)

    def assigned(self, flow: Flow, to: str) -> Flow:
        state, before = (flow.before, "") if flow.state == "in_transit" else (flow.state, flow.before)
        level, item = self.places.level(to), flow.item
        if not flow.docketed:
            fitting = "received"
        elif item and item.review_level and not flow.reviewed:
            fitting = "t_review" if level == item.review_level else "accepted"
        elif item and level == decides(item):
            fitting = "c_intake" if level == "county" else "examining"
        else:
            fitting = "reviewed" if flow.reviewed else "accepted"
        if state == "prereview":
            state = "draft"
        elif state == "correcting" or (state == "lapsed" and before in OPEN):
            before = fitting
        elif state in OPEN:
            state = fitting
        return replace(flow, state=state, before=before, holder=to, to=None, purpose="")

    # Section 7

    def rank(self, event: CaseEvent) -> int:
        return self.depth(event.place) if event.place in self.path else FAR

    def competing(self, position: Position | None) -> list[CaseEvent]:
        return [e for e in self.stage.values() if e.position in self.legal and e.after == position]

    def best(self, event: CaseEvent) -> int | None:
        """The best rank of an event, None if it does not count by itself."""
        if event.position not in self.best_ranks:
            self.best_ranks[event.position] = self.best_of(event)
        return self.best_ranks[event.position]

    def best_of(self, event: CaseEvent) -> int | None:
        below = [rank for child in self.competing(event.position) if (rank := self.best(child)) is not None]
        if event.entitled:
            return min([*below, self.rank(event)])
        return min(below) if below and min(below) < self.rank(event) else None

    def choose(self) -> None:
        here: Position | None = None
        chosen: set[Position] = set()
        stopped = False
        while live := [(rank, e) for e in self.competing(here) if (rank := self.best(e)) is not None]:
            _, winner = min(live, key=lambda each: (each[0], each[1].order, each[1].position.mark, each[1].position))
            flow = self.legal[winner.position]
            if flow is None:
                self.needs_update = stopped = True
                break
            here, self.flow = winner.position, flow
            chosen.add(here)
            self.effective.append(winner)
        for root in self.competing(None):
            self.settle(root, chosen, counts=True, undecided=stopped and here is None, stop=here if stopped else None)

    def settle(
        self, event: CaseEvent, chosen: set[Position], counts: bool, undecided: bool, stop: Position | None
    ) -> None:
        counts = counts and self.best(event) is not None
        position = event.position
        if position in chosen:
            self.verdicts[position] = Verdict("effective")
        elif self.legal[position] is None:
            above = event.after is not None and self.legal[event.after] is None
            self.verdicts[position] = Verdict("needs_update", "after_unknown" if above else why_unknown(event))
        elif self.flow and position in self.flow.adopted:
            self.verdicts[position] = Verdict("contested", "adopted")
        elif not counts:
            self.verdicts[position] = Verdict("contested", "after_not_entitled" if event.entitled else "not_entitled")
        elif undecided:
            self.verdicts[position] = Verdict("needs_update", "after_unknown")
        else:
            self.verdicts[position] = Verdict("contested", "other_branch")
        for child in self.competing(position):
            goes_on = undecided and position not in chosen and counts
            self.settle(child, chosen, counts, position == stop or goes_on, stop)

    # Section 8

    def beside(self, event: CaseEvent) -> Verdict:
        if event.kind not in (73, 75, 76, 77, 78) and (event.kind >= 64 or event.kind in (40, 44, 46, 49, 52, 53)):
            return Verdict("void", "not_of_a_case")
        if unknown(event):
            return Verdict("needs_update", why_unknown(event))
        if event.place not in self.path:
            return Verdict("void", "off_path")
        early = lacking(event)
        if early is not None:
            return early
        body = read(event)
        if isinstance(body, str):
            return Verdict("void", body)
        if not event.entitled and not (self.flow and event.position in self.flow.adopted):
            return Verdict("contested", "not_entitled")
        over = [p for p in self.path if self.depth(p) < self.depth(self.home)] or [self.home]
        if event.kind == kinds.DISMISS and event.kind_version == 2 and event.place in over:
            return Verdict("effective")
        if not self.effective:
            return Verdict("waiting", "create")
        if event.kind in (kinds.DELIVERED, kinds.COLLECTION_NOTICE):
            # An adoption that makes a decision count stands for it.
            made = {e.position: self.makes(e) for e in self.effective}
            seen = [kinds.DECIDE if kinds.DECIDE in [d.kind for d in made[e.position]] else 0 for e in self.effective]
            deciding = [d.place for e in self.effective for d in made[e.position] if d.kind == kinds.DECIDE]
            if kinds.DECIDE not in seen:
                return Verdict("waiting", "decision")
            since = self.effective[seen.index(kinds.DECIDE) :]
            if event.place not in {self.home, *deciding, *self.held_by(since)}:
                return Verdict("waiting", "holding")
        if event.kind == kinds.DISMISS and event.place not in self.held_by(self.effective):
            return Verdict("waiting", "held")
        return Verdict("effective")

    def held_by(self, events: list[CaseEvent]) -> set[str]:
        """The places that held the case at one of these effective events."""
        places = set()
        for event in events:
            body = read(event)
            assigned = event.kind == kinds.FORCE_ASSIGN and isinstance(body, dict)
            places.add(body[0] if assigned and isinstance(body, dict) else event.place)
        return places

    def makes(self, event: CaseEvent) -> list[CaseEvent]:
        """What counts by an effective event: itself, or what it adopts."""
        if event.kind != kinds.ADOPT:
            return [event]
        before = self.legal[event.after] if event.after else None
        after = self.legal[event.position]
        assert before is not None and after is not None
        return [self.stage[p] for p in after.adopted - before.adopted if p in self.stage]

    @property
    def state(self) -> str:
        if self.flow and self.flow.state not in (*DECIDED, "in_transit"):
            return self.flow.state
        delivered = [e for e in self.sides.values() if e.kind == kinds.DELIVERED]
        if any(self.verdicts[e.position].code == "effective" for e in delivered):
            return "delivered"
        return self.flow.state if self.flow else ""
