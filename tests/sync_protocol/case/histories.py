"""Histories of one case as a network of offline nodes would write it: races, restored disks, clones, late events.

Every node acts on what it holds and nothing else: it folds, takes a move that is offered to its people, and writes it
at the end of the path it sees. All choices come from a tape of numbers, so that hypothesis can draw and shrink them.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from hashlib import sha256
from importlib import resources
from typing import Any

from hypothesis import strategies as st

from sync_protocol import encoding
from sync_protocol.case import (
    EFFECTIVE,
    Case,
    CaseEvent,
    CasePath,
    Catalogue,
    Position,
    fold,
    kinds,
    legal_moves,
    why_not_filed,
)
from sync_protocol.case.authority import Offer, signatures_for
from sync_protocol.case.forks import Arms, Ruling, RulingBody, frozen
from sync_protocol.places import PlaceTree
from tests.sync_protocol.case.tape import Tape

COUNTY, TOWNSHIP, OTHER_TOWNSHIP = "621021000000", "621021101000", "621021102000"
VILLAGE, OTHER_VILLAGE, STATION = "621021101001", "621021101002", "621021101001-1"
PLACES = PlaceTree.from_rows([
    (COUNTY, "county", None, "庆城县"), (TOWNSHIP, "township", COUNTY, "驿马镇"),
    (OTHER_TOWNSHIP, "township", COUNTY, "三十里铺镇"), (VILLAGE, "village", TOWNSHIP, "一村"),
    (OTHER_VILLAGE, "village", TOWNSHIP, "二村"), (STATION, "station", VILLAGE, "一村便民点"),
])  # fmt: skip
CASE_ID = b"case of interest"
ITEMS = ("001", "004", "007", "009", "014", "016", "022", "040", "041", "036", "007", "028", "030", "034", "043")
HOMES = (VILLAGE, VILLAGE, VILLAGE, TOWNSHIP, STATION, COUNTY)
ALL_ROLES = frozenset({"agent", "head", "clerk", "reviewer", "window", "officer", "business", "cashier", "archivist"})
FORWARD = frozenset({
    kinds.RECEIVE, kinds.HANDOFF, kinds.ACCEPT, kinds.DOCKET, kinds.REVIEW, kinds.DECIDE, kinds.RESUME,
    kinds.COUNTERSIGN_CLOSE, kinds.FEE_NOTICE, kinds.FEE_SETTLED, kinds.ISSUE, kinds.ARCHIVE, kinds.REVIEW_DECISION,
    kinds.COMMITMENT_KEPT,
})  # fmt: skip
JOINT = frozenset({kinds.COUNTERSIGN_OPEN, kinds.COUNTERSIGNATURE, kinds.COUNTERSIGN_CLOSE})
SUSPENSIONS = ("supplement", "testing", "publicity", "reported_up")
HASH = "0123456789abcdef" * 4
CASE_NUMBER = "621021101001-261121-7K3M-12-L"
GIVEN = {0: "given", 1: "王小琴", 2: "女儿", 4: "both", 6: "hand_print"}
REVOKED = {0: "revoked", 8: "本人已回"}
CONFIRMED = {0: "confirmed", 1: "张三", 2: "丰水村 1 号", 3: "13900000000", 4: "agree", 5: "disagree", 7: "张三"}
CONSENT_WITHDRAWN = {0: "consent_withdrawn", 7: "张三"}


@cache
def catalogue() -> Catalogue:
    return Catalogue.from_csv(resources.files("sync_protocol.case").joinpath("catalogue.csv").read_text("utf-8"))


def upward(case: Case) -> bool:
    """Whether a higher authority decides the case."""
    return case.item_no in ("028", "030")


@dataclass
class Node:
    """One life of a database at one place: what it holds, and how far its own stream has come."""

    place: str
    incarnation: bytes
    order: int
    held: dict[Position, CaseEvent] = field(default_factory=dict)
    seq: int = 0
    branch: int = 0


@dataclass
class History:
    """What a network wrote about one case; for each act that was offered (and each of the county's that counted), the
    positions its author held with it."""

    home: str
    events: list[CaseEvent]
    own_acts: list[tuple[Position, list[Position]]] = field(default_factory=list)
    county_acts: list[tuple[Position, list[Position]]] = field(default_factory=list)
    forked: set[bytes] = field(default_factory=set)
    branch_of: dict[Position, int] = field(default_factory=dict)
    cloned_from: dict[int, tuple[int, int]] = field(default_factory=dict)
    rulings: list[Ruling] = field(default_factory=list)

    def frozen(self) -> list[CaseEvent]:
        """The events once every fork is found out: what a forked life wrote from the split on counts for nothing."""
        marks: dict[tuple[bytes, int], set[bytes]] = {}
        for event in self.events:
            marks.setdefault(event.position[:2], set()).add(event.position.mark)
        split: dict[bytes, int] = {}
        for incarnation, seq in sorted((place for place, seen in marks.items() if len(seen) > 1), reverse=True):
            split[incarnation] = seq
        return [
            replace(event, entitled=event.position.seq < split.get(event.position.incarnation, 1 << 60))
            for event in self.events
        ]

    def arms(self) -> dict[Position, Arms]:
        """The arms each event lies on once every fork is proven; marks are not chained here, so `branch_of` remembers
        which life wrote it."""
        lives: dict[tuple[bytes, int], dict[int, bytes]] = {}
        for event in self.events:
            life = (event.position.incarnation, self.branch_of[event.position])
            lives.setdefault(life, {})[event.position.seq] = event.position.mark
        found: dict[Position, Arms] = {}
        for event in self.events:
            incarnation, seq, _ = event.position
            chain = self.chain(incarnation, self.branch_of[event.position], lives)
            arms = []
            for other in {branch for one, branch in lives if one == incarnation} - {self.branch_of[event.position]}:
                theirs = self.chain(incarnation, other, lives)
                differs = min((at for at in chain.keys() & theirs.keys() if chain[at] != theirs[at]), default=None)
                if differs is not None and differs <= seq:
                    arms.append((differs, chain[differs]))
            if arms:
                found[event.position] = tuple(sorted(set(arms)))
        return found

    def chain(
        self, incarnation: bytes, branch: int, lives: dict[tuple[bytes, int], dict[int, bytes]]
    ) -> dict[int, bytes]:
        """seq -> mark of a whole branch, what it shares with the life it was cloned from included."""
        own = dict(lives.get((incarnation, branch), {}))
        parent = self.cloned_from.get(branch)
        if parent is None:
            return own
        other, upto = parent
        shared = self.chain(incarnation, other, lives)
        return {**{seq: mark for seq, mark in shared.items() if seq <= upto}, **own}

    def settled(self, events: list[CaseEvent], rulings: list[Ruling]) -> list[CaseEvent]:
        """The events as the fold is given them once forks and rulings are held."""
        stopped = frozen(CASE_ID, events, self.arms(), rulings, PLACES)
        return [replace(event, entitled=event.entitled and event.position not in stopped) for event in events]

    def fold(self, events: list[CaseEvent] | None = None) -> Case:
        return fold(self.home, CASE_ID, self.events if events is None else events, PLACES, catalogue())


class Network:
    """Nodes that play the workflow; ``honest``: nobody writes what is not offered to him, the county never does."""

    def __init__(self, tape: Tape, honest: bool) -> None:
        self.tape = tape
        self.honest = honest
        self.home = HOMES[tape.choose(len(HOMES))]
        self.clock = 1_000_000
        self.lives = self.branches = 0
        self.nodes = [self._born(place) for place in PLACES.line_of(self.home)]
        self.stranger = self._born(OTHER_TOWNSHIP)
        self.history = History(self.home, [])

    def _born(self, place: str) -> Node:
        self.lives += 1
        return Node(place, sha256(f"{place}/{self.lives}".encode()).digest()[:16], self.lives)

    def write(self, node: Node, kind: int, body: Any, after: Position | None, **odd: Any) -> CaseEvent:
        """Append one event to a node's stream and hold it there."""
        self.clock += 1 + self.tape.choose(3)
        node.seq += 1
        raw = body if isinstance(body, bytes) else encoding.encode(body)
        mark = sha256(b"%b/%d/%d/%b/%d" % (node.incarnation, node.seq, kind, raw, self.clock)).digest()[:8]
        event = CaseEvent(
            Position(node.incarnation, node.seq, mark), kind, odd.pop("version", 1), after, (), node.place, node.order,
            True, self.clock - self.tape.choose(50), self.clock, "actor", raw, **odd,
        )  # fmt: skip
        node.held[event.position] = event
        self.history.events.append(event)
        self.history.branch_of[event.position] = node.branch
        return event

    def file(self) -> None:
        """Write the create event at one of the path's places, for an item that can be filed there."""
        node = self.nodes[0] if not self.tape.one_in(5) else self.nodes[self.tape.choose(len(self.nodes))]
        path = CasePath(self.home, PLACES)
        items = [no for no in ITEMS if why_not_filed(catalogue().item(no), node.place, path) is None]
        item = items[self.tape.choose(len(items))]
        body = {0: item, 1: 1, 2: "张三", 3: "resident_id", 4: "621021", 11: {"a": "1"}, 12: [["身份证", 1, True]]}
        self.write(node, kinds.CREATE, body, None)

    def act(self, node: Node) -> None:
        """Let the people at a node do one of the things offered to them."""
        case = self._seen_by(node)
        if case.last is None:
            return
        offers = legal_moves(case, node.place, ALL_ROLES, catalogue(), PLACES)
        if not self.tape.one_in(4):
            offers = [offer for offer in offers if offer.kind != kinds.FORCE_ASSIGN]
        adoptions = [offer for offer in offers if offer.kind == kinds.ADOPT]
        if adoptions and self.tape.choose(2):
            offers = adoptions
        # Joint cases and those of a higher authority are few, and end soon: what is theirs alone is done readily.
        rare = [offer for offer in offers if offer.kind in JOINT or (offer.kind == kinds.SUSPEND and upward(case))]
        if rare and not case.higher and self.tape.choose(2):
            offers = rare
        for wanted in (FORWARD, kinds.STAGE_KINDS):
            some = [offer for offer in offers if offer.kind in wanted]
            if some and not self.tape.one_in(4):
                offers = some
        if not offers:
            return
        offer = offers[self.tape.choose(len(offers))]
        # A side event need not be about the path seen, and a stage event always is.
        after = case.last if offer.kind in kinds.STAGE_KINDS else None
        event = self.write(
            node, offer.kind, self._body(offer, case), after, version=kinds.BY_NUMBER[offer.kind].version
        )
        act = (event.position, list(node.held))
        self.history.own_acts.append(act)
        if node.place == COUNTY and after is not None and self._seen_by(node).verdicts[event.position] == EFFECTIVE:
            self.history.county_acts.append(act)

    def _seen_by(self, node: Node) -> Case:
        return self.history.fold(list(node.held.values()))

    def _body(self, offer: Offer, case: Case) -> dict[int, Any]:
        choose = self.tape.choose
        makers: dict[int, Callable[[], dict[int, Any]]] = {
            kinds.RECEIVE: lambda: {0: CASE_NUMBER, 1: "0123456789ABC"},
            kinds.HANDOFF: lambda: {0: offer.to, 1: offer.purpose},
            kinds.ACCEPT: lambda: {1: 5, 2: 3, 3: 9, 4: 5, 5: False} if choose(2) else {},
            kinds.REVIEW: lambda: {0: "agree"} if choose(2) else {0: "disagree", 1: "条件不足"},
            kinds.RETURN_FOR_CORRECTION: lambda: {0: [["身份证", "不清晰"]]},
            kinds.TAKE: lambda: {0: [list(note.position) for note in case.open_supplies[: 1 + choose(2)]]},
            kinds.DECIDE: lambda: (
                {0: "approve"} if (choose(2) if not case.higher else case.higher == "approve")
                else {0: "refuse", 1: "不符合条件"}
            ),
            kinds.ANSWER: lambda: {
                0: list(case.open_withdrawals[0].position), 1: case.decision is None and choose(4) == 3, 2: "已答复",
            },
            kinds.FORCE_ASSIGN: lambda: {0: offer.to, 1: "站点失联", 2: "proposer", 3: "confirmer"},
            kinds.ADOPT: lambda: {0: [list(case.adoptable[choose(len(case.adoptable))])]},
            kinds.DISMISS: lambda: {0: [list(position) for position in case.open_oddities[:2]], 1: "重复"},
            kinds.SUPPLY: lambda: {0: {"a": f"{choose(9)}"}, 1: [["户口簿", 1, False]]},
            kinds.WITHDRAWAL_REQUEST: lambda: {0: "不办了"},
            kinds.DELIVERED: lambda: {0: "张三", 1: "in_person"},
            kinds.PLEASE_RETURN: lambda: {0: "发错了"},
            kinds.REFUSE: lambda: {0: "不属于本机关职权", 1: "行政许可法第三十二条"},
            kinds.LAPSE: lambda: {0: "2026-11-20", 1: "逾期未补正"},
            kinds.SUSPEND: lambda: self._suspending(case),
            kinds.RESUME: lambda: self._resuming(case),
            kinds.EXTEND: lambda: {0: 1 + choose(10), 1: "情况复杂", 2: "head"},
            kinds.FEE_NOTICE: lambda: {0: 5000, 1: "收费标准"},
            kinds.FEE_SETTLED: lambda: {0: "paid", 1: "N1"} if choose(2) else {0: "waived", 2: "D1"},
            kinds.ISSUE: lambda: {0: "证字1号"},
            kinds.ARCHIVE: lambda: {0: list(case.deliveries[0].position), 1: "2026-1"},
            kinds.REVIEW_DECISION: lambda: {
                0: list(case.open_reviews[0].position), 1: ("overturn", "uphold")[choose(2)], 2: "理由",
            },
            kinds.COUNTERSIGN_OPEN: lambda: {0: self._asked(case)[choose(2) :]},
            kinds.COUNTERSIGNATURE: lambda: self._countersigning(case),
            kinds.COUNTERSIGN_CLOSE: lambda: self._ending_countersigning(case),
            kinds.RATING: lambda: {0: ("good", "poor")[choose(2)], 1: 1 + choose(2), 2: "慢"},
            kinds.RECTIFICATION: lambda: {
                0: list(next(each.asks.position for each in case.orders if each.asks is not None)), 1: "已改",
            },
            kinds.FOLLOW_UP: lambda: self._rating_again(case),
            kinds.CALL_BACK: lambda: {0: bool(choose(3)), 1: "回访", **({2: "poor"} if choose(2) else {})},
            kinds.RATING_APPEAL: lambda: self._appealing(case),
            kinds.COMMITMENT: lambda: self._committing(case),
            kinds.COMMITMENT_KEPT: lambda: self._keeping(case),
            kinds.LANE: lambda: {0: "green", 1: "重点项目", 2: "县领导"} if choose(2) else {0: "ordinary", 1: "已办结"},
            kinds.REVIEW_REQUEST: lambda: {0: "不服"}, kinds.SERVICE_ACT: lambda: {0: "door"},
            kinds.CONTACT_CHANGE: lambda: {0: "13900000000"}, kinds.NOTE: lambda: {0: f"note {choose(9)}"},
            kinds.PROXY_AUTHORITY: lambda: (GIVEN, REVOKED)[choose(2)], kinds.COLLECTION_NOTICE: lambda: {0: "phone"},
            kinds.SERVICE_ADDRESS: lambda: (CONFIRMED, CONSENT_WITHDRAWN)[choose(2)],
            kinds.PREREVIEW: lambda: {0: offer.to},
            kinds.PREREVIEW_REPLY: lambda: {0: "ready"} if choose(2) else {0: "missing", 1: [["户口簿", "缺页"]]},
            kinds.MEETING: lambda: {
                0: "2026-11-20", 1: ["张三", "李四"], 2: "加快办理", 3: [["现场踏勘", "李四", "2026-11-25"]],
            },
            kinds.ACTION_DONE: lambda: {0: list(case.meetings[0].position), 1: 1, 2: "已踏勘"},
        }  # fmt: skip
        return makers.get(offer.kind, dict)()

    def _rating_again(self, case: Case) -> dict[int, Any]:
        answered = next(each.unrated for each in case.orders if each.unrated is not None)
        return {0: list(answered.position), 1: ("fair", "very_poor")[self.tape.choose(2)], 2: "还是慢"}

    def _appealing(self, case: Case) -> dict[int, Any]:
        asked = [each.appealed for each in case.orders if each.appealed is not None]
        if asked and self.tape.choose(2):
            return {0: list(asked[0].position), 1: ("stands", "struck")[self.tape.choose(2)], 2: "经核实"}
        return {0: list(case.orders[0].rating.position), 1: "appeal", 2: "与事实不符"}

    def _suspending(self, case: Case) -> dict[int, Any]:
        higher = upward(case) and case.holder == COUNTY and self.tape.choose(3)
        what = "reported_up" if higher else SUSPENSIONS[self.tape.choose(4 if case.holder == COUNTY else 3)]
        more: dict[str, dict[int, Any]] = {
            "supplement": {1: [["户口簿", "缺页"]]}, "testing": {3: 5, 4: "one", 5: "two"}, "publicity": {3: 7},
            "reported_up": {6: "市局"},
        }  # fmt: skip
        return {0: what, 2: "依据", **more[what]}

    def _resuming(self, case: Case) -> dict[int, Any]:
        able = [entry for entry in case.open if entry.what != "countersigning"]
        entry = able[self.tape.choose(len(able))]
        if entry.what == "reported_up":
            outcome = ("approve", "refuse")[self.tape.choose(2)]
            return {0: list(entry.opened), 3: outcome, 4: "市批1号", 5: "2026-11-20", 6: HASH}
        supplies = [list(note.position) for note in case.open_supplies[:2]]
        return {0: list(entry.opened), 1: "已完成", **({2: supplies} if supplies else {})}

    def _committing(self, case: Case) -> dict[int, Any]:
        item = catalogue().item(case.item_no)
        if item.tolerable and (self.tape.choose(3) or not item.commitment):
            return {0: "tolerance", 1: [[item.tolerable[0], 1, True]], 3: "2026-12-01", 4: "张三"}
        return {0: "declaration", 2: "符合告知的条件", 3: "2026-12-01", 4: "张三"}

    def _keeping(self, case: Case) -> dict[int, Any]:
        opened = next(entry.opened for entry in case.open if entry.what == "commitment")
        supplies = [list(note.position) for note in case.open_supplies[:2]]
        return {0: list(opened), **({2: supplies} if supplies else {1: "核查属实"})}

    def _asked(self, case: Case) -> list[str]:
        """The departments that take part in a theme; of other joint cases any."""
        item = catalogue().item(case.item_no)
        return [party.department for party in item.parties] if item.theme else ["国土所", "建设所"]

    def _countersigning(self, case: Case) -> dict[int, Any]:
        able = [entry for entry in case.open if entry.what == "countersigning"]
        entry = able[self.tape.choose(len(able))]
        return {0: list(entry.opened), 1: entry.members[self.tape.choose(len(entry.members))], 2: "agree"}

    def _ending_countersigning(self, case: Case) -> dict[int, Any]:
        entry = next(entry for entry in case.open if signatures_for(case, entry))
        signed = signatures_for(case, entry)[:12]
        missing = set(entry.members) - {note.body["member"] for note in signed}
        body = {0: list(entry.opened), 1: [list(note.position) for note in signed]}
        return body | ({2: "未答复"} if missing else {})

    def _busy(self, first: Node) -> Node:
        """Give a node that holds the case in its own eyes, or is to receive it; ``first`` if there is none."""
        for node in (first, *self.nodes):
            case = self._seen_by(node)
            if node.place in (case.holder, case.transit_to):
                return node
        return first

    def meet(self, one: Node, other: Node) -> None:
        """Exchange: each side takes what it lacks, sometimes only part of it, in any order."""
        for giver, taker in ((one, other), (other, one)):
            lacking = [event for position, event in giver.held.items() if position not in taker.held]
            if self.tape.one_in(4):
                lacking = lacking[: self.tape.choose(len(lacking) + 1)]
            taker.held.update((event.position, event) for event in lacking)

    def restore(self, node: Node) -> None:
        """The disk comes back as it was: some of what the node held is gone, and a new life begins."""
        held = list(node.held.items())
        lost = self.tape.choose(4) if self.tape.choose(3) else self.tape.choose(len(held) + 1)
        self.nodes[self.nodes.index(node)] = twin = self._born(node.place)
        twin.held = dict(held[: max(0, len(held) - lost)])

    def clone(self, node: Node) -> None:
        """Two machines go on with one identity: the stream forks."""
        self.branches += 1
        twin = Node(node.place, node.incarnation, node.order, dict(node.held), node.seq, self.branches)
        self.history.cloned_from[twin.branch] = (node.branch, node.seq)
        self.nodes.append(twin)
        self.history.forked.add(node.incarnation)

    def misbehave(self, node: Node) -> None:
        """Write something nobody offered: anywhere in the tree, of any kind, with any body."""
        choose = self.tape.choose
        events = self.history.events
        kind = (
            1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 30, 16, 17, 17, 31, 32, 33, 34, 35, 37, 62, 64,
            11, 12, 13, 13, 14, 14, 15, 18, 19, 20, 21, 22, 22, 23, 23, 24, 24, 38, 38, 39, 41, 43, 25, 25, 26, 27,
        )[choose(48)]  # fmt: skip
        positions = [event.position for event in events] + [Position(b"?" * 16, 7, b"?" * 8)]
        other = events[choose(len(events))].position
        positions.append(other._replace(mark=b"elsewise"))
        after = positions[choose(len(positions))] if not self.tape.one_in(6) else None
        after = self._seen_by(node).last if choose(2) else after
        odd: dict[str, Any] = {"critical_ext": True} if self.tape.one_in(8) else {}
        odd["version"] = 2 if self.tape.one_in(8) else 1
        writer = self.stranger if node.place == COUNTY or self.tape.one_in(10) else node
        another = events[choose(len(events))].position
        self.write(writer, kind, self._guess(kind, other, another), after, **odd)

    def _guess(self, kind: int, other: Position, another: Position) -> Any:
        """A body that fits the kind, mostly; what it says need not fit the case."""
        choose = self.tape.choose
        place = (COUNTY, TOWNSHIP, VILLAGE, OTHER_TOWNSHIP)[choose(4)]
        fitting: dict[int, Any] = {
            kinds.CREATE: {0: (*ITEMS, "017", "028", "999")[choose(13)], 1: 1, 2: "李四", 3: "passport", 4: "P1"},
            kinds.RECEIVE: {0: CASE_NUMBER, 1: "0123456789ABC"},
            kinds.HANDOFF: {0: place, 1: ("accept", "review", "decide", "deliver")[choose(4)]},
            kinds.REVIEW: {0: "agree"},
            kinds.RETURN_FOR_CORRECTION: {0: [["a", "b"]]},
            kinds.TAKE: {0: [list(other)]},
            kinds.DECIDE: {0: "approve"},
            kinds.ANSWER: {0: list(other), 1: True},
            kinds.FORCE_ASSIGN: {0: place, 1: "text", 2: "one", 3: ("two", "two", "one")[choose(3)]},
            kinds.ADOPT: {0: [list(other), list(another)][choose(2) :]},
            kinds.DISMISS: {0: [list(other)], 1: "text"},
            kinds.NOTE: {0: "text"},
            kinds.SUPPLY: {0: {"a": "9"}},
            kinds.WITHDRAWAL_REQUEST: {0: "text"},
            kinds.DELIVERED: {0: "李四", 1: "post"},
            kinds.PLEASE_RETURN: {0: "text"},
            kinds.REFUSE: {0: "text", 1: "text"},
            kinds.LAPSE: {0: "2026-11-20", 1: "text"},
            kinds.SUSPEND: {0: ("publicity", "reported_up")[choose(2)], 2: "text", 6: "text"},
            kinds.RESUME: {0: list(other), 1: "text", 2: [list(another)]},
            kinds.EXTEND: {0: 1 + choose(15), 1: "text", 2: "text"},
            kinds.FEE_NOTICE: {0: 1, 1: "text"},
            kinds.FEE_SETTLED: {0: "paid", 1: "text"},
            kinds.ISSUE: {0: "text"},
            kinds.ARCHIVE: {0: list(other), 1: "text"},
            kinds.REVIEW_DECISION: {0: list(other), 1: "overturn", 2: "text"},
            kinds.COUNTERSIGN_OPEN: {0: ["国土所"]},
            kinds.COUNTERSIGN_CLOSE: {0: list(other), 1: [list(another)]},
            kinds.COUNTERSIGNATURE: {0: list(other), 1: ("国土所", "建设所")[choose(2)], 2: "agree"},
            kinds.RATING: {0: "poor", 1: 1, 2: "text"},
            kinds.RECTIFICATION: {0: list(other), 1: "text"},
            kinds.FOLLOW_UP: {0: list(other), 1: "poor", 2: "text"},
            kinds.CALL_BACK: {0: True, 1: "text", 2: "poor"},
            kinds.RATING_APPEAL: {0: list(other), 1: ("appeal", "stands", "struck")[choose(3)], 2: "text"},
            kinds.REVIEW_REQUEST: {0: "text"},
            kinds.CONTACT_CHANGE: {0: "1"},
            kinds.PROXY_AUTHORITY: {0: ("given", "revoked")[choose(2)], 8: "text"},
            kinds.SERVICE_ADDRESS: {0: ("confirmed", "consent_withdrawn")[choose(2)], 7: "text"},
            kinds.HEARING_RIGHT: {0: ("told", "asked")[choose(2)], 4: "text"},
            kinds.COLLECTION_NOTICE: {0: "post"},
            kinds.COMMITMENT: {
                0: ("tolerance", "declaration")[choose(2)], 1: [[("近期照片", "身份证")[choose(2)], 1, False]],
                2: "text", 3: "2026-12-01", 4: "text",
            },
            kinds.COMMITMENT_KEPT: {0: list(other), 1: "text", **({2: [list(another)]} if other.seq % 2 else {})},
            kinds.LANE: {0: ("green", "urgent")[choose(2)], 1: "text", 3: "text"},
            kinds.PREREVIEW: {0: place},
            kinds.PREREVIEW_REPLY: {0: "ready"},
        }  # fmt: skip
        if choose(4):
            return fitting.get(kind, {})
        return (b"\xff", {}, {0: "text"}, {0: 1, 9: "newer"})[choose(4)]

    def run(self) -> History:
        """Play until the tape ends."""
        self.file()
        while not self.tape.ended and len(self.history.events) < 60:
            node = self.nodes[self.tape.choose(len(self.nodes))]
            deed = self.tape.choose(15 if self.honest else 19)
            if deed < 8:
                self.act(self._busy(node))
            elif deed < 12:
                self.meet(node, self.nodes[self.tape.choose(len(self.nodes))])
            elif deed < 13:
                self.act(node)
            elif deed == 13 and node.place != COUNTY:
                self.restore(node)
            elif deed == 14 and node.place != COUNTY and len(self.nodes) < 8:
                self.clone(node)
            elif deed >= 15:
                culprit = self._busy(node) if self.tape.choose(3) else node
                self.misbehave(node if culprit.place == COUNTY else culprit)
        self.rule()
        return self.history

    def rule(self) -> None:
        """Let some of the nodes rule on the forks, each by what it likes of the branches: wisely or not."""
        lying = self.history.arms()
        arms = sorted({(position.incarnation, *arm) for position, one in lying.items() for arm in one})
        # The tape has ended by now.
        chance = random.Random(f"{len(self.history.events)} {self.clock}")
        for number in range(chance.randrange(5) if arms else 0):
            incarnation, split, _ = chance.choice(arms)
            marks = [mark for one, at, mark in arms if (one, at) == (incarnation, split)]
            marks = chance.sample(marks, chance.randint(1, len(marks)))
            author = chance.choice(self.nodes)
            body = RulingBody(
                incarnation, split, {mark: split + chance.randrange(12) for mark in marks}, chance.random() < 0.7,
                {CASE_ID: chance.choice(marks)} if chance.random() < 0.5 else {},
                chance.choice(marks) if chance.random() < 0.5 else None, "裁定",
            )  # fmt: skip
            position = Position(author.incarnation, 1_000 + chance.randrange(3), b"ruling%02d" % number)
            self.history.rulings.append(Ruling(position, author.place, author.order, body))


@st.composite
def histories(draw: st.DrawFn, honest: bool = False) -> History:
    """A history some network might have written."""
    # Drawn lists are short as a rule, and a case that reaches the county is not: a drawn seed goes on where they end.
    drawn = draw(st.lists(st.integers(0, 255), max_size=40))
    length = draw(st.integers(20, 400))
    chance = random.Random(draw(st.integers(0, 2**32)))
    tape = drawn + [chance.randrange(256) for _ in range(length - len(drawn))]
    return Network(Tape(tape), honest).run()
