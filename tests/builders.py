"""A network in one process: a roster, and county, townships and villages each with a casebook on its own database.

Messages are handed from casebook to casebook as values; there is no socket and no waiting. Time stands still unless it
is moved, and randomness comes from a seed, so that a failing test fails again.
"""

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sync_protocol import roster
from sync_protocol.case import Catalogue, bodies, legal_bodies
from sync_protocol.case import kinds as kinds
from sync_protocol.case.delegations import may_be_delegated
from sync_protocol.case.powers import STANDS_IN
from sync_protocol.event import Position
from sync_protocol.exchange import Content, content_map, read_content
from sync_protocol.exchange.owing import PeerView
from sync_protocol.roster import Roster
from sync_protocol.suites import SigningKey
from village_node import app
from village_node.casebook import Casebook, CaseRef, Received
from village_node.identity import KEY_FILE, Identity, load, save, write_secret
from village_node.rebirth import Lives
from village_node.store import Store, open_store

COUNTY = "621021000000"
TOWNSHIP = "621021101000"
VILLAGE = "621021101201"
SECOND_VILLAGE = "621021101202"
OTHER_TOWNSHIP = "621021102000"
OTHER_VILLAGE = "621021102201"
PLACES = (
    (COUNTY, "county", None, "庆城县"),
    (TOWNSHIP, "township", COUNTY, "驿马镇"),
    (VILLAGE, "village", TOWNSHIP, "上关村"),
    (SECOND_VILLAGE, "village", TOWNSHIP, "下关村"),
    (OTHER_TOWNSHIP, "township", COUNTY, "三十里铺镇"),
    (OTHER_VILLAGE, "village", OTHER_TOWNSHIP, "王家塬村"),
)
START_MS = 1_790_000_000_000
ROLES = {
    "village": frozenset({"agent", "head", *STANDS_IN}),
    "township": frozenset({"clerk", "reviewer", "head", *STANDS_IN}),
    "county": frozenset({"window", "officer", "head", "leader", "business", *STANDS_IN}),
}
APPLICATION: Mapping[str, Any] = {
    "item_no": "001",
    "item_version": 1,
    "applicant_name": "张秀兰",
    "applicant_id_kind": "resident_id",
    "applicant_id_no": "622825196505060042",
    "applicant_phone": "13800001234",
    "answers": {"家庭人口": "3", "申请理由": "家庭收入低于当地标准"},
    "materials": [["身份证", 1, True], ["申请表", 1, True]],
}


@dataclass
class Clock:
    """Milliseconds since 1970; moves only when told to."""

    now_ms: int = START_MS

    def __call__(self) -> int:
        return self.now_ms


def answers_to(catalogue: Catalogue, told: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Answers that an item's own form takes, where it has one and nobody has given any: nought breaks no rule."""
    item = catalogue.find(told["item_no"], told["item_version"])
    if item is None or not item.form or "answers" in given:
        return {}
    return {"answers": {question.zh: "0" for question in item.form}}


@dataclass
class Member:
    """One node of the network: who it is and its casebook."""

    identity: Identity
    store: Store
    casebook: Casebook
    clock: Clock

    @property
    def place(self) -> str:
        return self.identity.place

    @property
    def roles(self) -> frozenset[str]:
        """Every role of its level at once: tests of who may do what name their own."""
        return ROLES[self.identity.level]

    def file(self, **changes: Any) -> CaseRef:
        """File an application that is sound but for the changes."""
        told = {**APPLICATION, **changes}
        return self.casebook.file("0001", self.roles, {**told, **answers_to(self.casebook.catalogue, told, changes)})

    def act(
        self, ref: CaseRef, kind: int, body: Mapping[Any, Any] | None = None, seen: Position | None = None
    ) -> CaseRef:
        """Do one act on a case, on what is its last stage event here."""
        case = self.casebook.case(ref.scope, ref.case_id)
        assert case is not None
        if kind == kinds.SUSPEND and body and body.get("what") in legal_bodies.SPECIAL:
            asked = bodies.numbered(kind, body)
            self.casebook.ask_procedure("0005", self.roles, ref[:2], asked, seen or case.last)
            return self.casebook.approve_procedure("0001", self.roles, ref[:2], clock_confirmed=True)
        return self.casebook.record(
            "0001", self.roles, ref.scope, ref.case_id, kind, body or {}, seen or case.last, clock_confirmed=True
        )

    def state(self, ref: CaseRef) -> str:
        """The state of a case as this node sees it; empty where it holds nothing."""
        case = self.casebook.case(ref.scope, ref.case_id)
        return case.state if case else ""


@dataclass
class Network:
    """Keys, the roster as changes, and the members that were opened. `own_clocks`: each node has one of its own."""

    folder: Path
    seed: int = 1
    own_clocks: bool = False
    clock: Clock = field(default_factory=Clock)
    clocks: dict[str, Clock] = field(default_factory=dict)
    members: dict[str, Member] = field(default_factory=dict)
    machine: bytes = b"the one machine!"
    hand_out_roster: bool = True  # to whoever is opened again, as if by file; not to who shall be told by others
    lives: int = 0  # of processes: each draws other random bytes

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.seeds: dict[bytes, bytes] = {}
        self.catalogue = starter_catalogue()
        self.root_key, self.publisher_key = self.key(), self.key()
        self.changes = [roster.found(self.root_key, self.publisher_key, COUNTY, PLACES[0][3], START_MS)]
        self.roster = Roster().apply(self.changes[0])
        self.identities: dict[str, Identity] = {}

    def key(self) -> SigningKey:
        """A key from the seed."""
        seed = self.chance.randbytes(32)
        key = SigningKey.from_seed(1, seed)
        self.seeds[key.public] = seed
        return key

    def enrol(self, *codes: str) -> None:
        """Let nodes at these places into the roster, those above before those below."""
        rows = {code: (level, parent, name) for code, level, parent, name in PLACES}
        for code in codes:
            self.enrol_place(code, *rows[code])

    def enrol_place(self, code: str, level: str, parent: str | None, name: str) -> Identity:
        """Let one node in: by the county, or by its township where it is a village."""
        key, incarnation = self.key(), self.chance.randbytes(16)
        request = roster.read_request(roster.enrol_request(key, code, level, name, incarnation))
        above = parent if parent in self.identities and level == "village" else COUNTY
        ops = roster.admit_request(self.roster, request, above, parent)
        part = above if level == "village" else COUNTY
        signer = self.publisher_key if part == COUNTY else self.identities[part].key
        change = roster.publish(self.roster, part, ops, [signer], START_MS)
        self.roster = self.roster.apply(change)
        self.changes.append(change)
        over = self.identities[parent].incarnation if parent in self.identities else None
        identity = Identity(code, level, name, incarnation, key, self.roster.network_id, over)
        self.identities[code] = identity
        return identity

    def open(self, code: str, url: str = "", life: int = 0) -> Member:
        """Open (or reopen) a node's casebook, and give it the roster changes it should have.

        Each ``life`` of a process draws other random bytes.
        """
        file = self.folder / f"{code}.db"
        if not url and not file.exists():
            file.write_bytes(empty_database())
        store = open_store(url or f"sqlite:///{file}")
        chance = random.Random(f"{self.seed} {code} {life or self.lives}")
        data, fresh = self.files_of(code)
        identity = load(data)
        files = random.Random(f"lives {self.seed} {code} {life or self.lives}")
        lives = Lives(data, self.machine, files.randbytes, fresh=fresh)
        clock = self.clock_of(code)
        casebook = Casebook(store, identity, clock, chance.randbytes, self.catalogue, lives)
        kept = set(self.roster.parts_for(code)) if self.hand_out_roster or fresh else set()
        casebook.apply_roster(change for change in self.changes if roster.read_payload(change).part in kept)
        self.members[code] = Member(casebook.identity, store, casebook, clock)
        casebook.on_begun(lambda _reason: self._begun(code))
        return self.members[code]

    def files_of(self, code: str) -> tuple[Path, bool]:
        """The folder of what a node keeps outside its database, and whether the node is only now being made."""
        data = self.folder / f"{code}.data"
        fresh = not data.exists()
        data.mkdir(exist_ok=True)
        if fresh:
            identity = self.identities[code]
            write_secret(data / KEY_FILE, self.seeds[identity.key.public])
            save(data, identity)
        return data, fresh

    def _begun(self, code: str) -> None:
        """A new life of a node has begun: who asks this network for it gets the present one."""
        self.members[code].identity = self.identities[code] = self.members[code].casebook.identity

    def clock_of(self, code: str) -> Clock:
        """The clock of this node."""
        return self.clocks.setdefault(code, Clock()) if self.own_clocks else self.clock

    def close(self) -> None:
        """Close every database."""
        for member in self.members.values():
            member.store.close()


@cache
def starter_catalogue() -> Catalogue:
    """The items that come with the program, read once: a catalogue never changes."""
    return app.starter_catalogue()


@cache
def empty_database() -> bytes:
    """A database in which there is nothing yet, up to date: brought there once, since that takes as long as a test."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "empty.db"
        open_store(f"sqlite:///{file}").close()
        return file.read_bytes()


def network(folder: Path, *codes: str, seed: int = 1, own_clocks: bool = False) -> Network:
    """A network with these places enrolled and opened; without any: county, township and one village."""
    made = Network(folder, seed, own_clocks)
    chosen = codes or (COUNTY, TOWNSHIP, VILLAGE)
    made.enrol(*chosen)
    for code in chosen:
        made.open(code)
    return made


DELEGATION: Mapping[str, Any] = {
    "what": "delegate",
    "head": "0009",
    "head_name": "冯负责",
    "a": "0003",
    "a_name": "陈副职",
    "b": "0002",
    "b_name": "楚科长",
    "first": "2026-01-01",
    "last": "2027-12-31",
    "document_no": "委〔2026〕1号",
}


def delegate(member: Member, department: str, *full: str, limited: Iterable[str] = (), **changes: Any) -> Position:
    """Delegate a department's items to its chief representatives, with the centre's consent where that is asked."""
    said = {**DELEGATION, "department": department, "full": list(full), "limited": list(limited), **changes}
    book, head = member.casebook, str(said["head"])
    book.enter(head, {"head"}, kinds.AUTHORITY, said)
    position = book.register().delegations[-1].position
    if member.identity.level == "county":
        consent = {"what": "consent", "of": list(position), "document_no": "中心函〔2026〕1号"}
        book.enter("0008", {"business"}, kinds.AUTHORITY, consent)
    return position


def delegate_all(member: Member, b: str, head: str = "0009", **changes: Any) -> None:
    """Delegate what each department decides here to one representative B; what may not be, only to be issued."""
    level = member.identity.level
    items = [item for item in member.casebook.catalogue.items() if item.deciding_level == level]
    for number, department in enumerate(dict.fromkeys(item.department for item in items), start=1):
        mine = [item for item in items if item.department == department]
        delegate(
            member,
            department,
            *(item.item_no for item in mine if may_be_delegated(item)),
            limited=[item.item_no for item in mine if not may_be_delegated(item)],
            b=b,
            head=head,
            document_no=f"委〔2026〕{number}号",
            **changes,
        )


def message(sender: Member, child_place: str, theirs: Iterable[Any], budget: int = 1 << 20) -> Content:
    """What a node would send to another that holds ``theirs``: packed, encoded, and read again as it arrives."""
    mine = sender.casebook.shared_points(child_place)
    content = Content()
    frame = sender.casebook.owed(mine, list(theirs), tables=content.tables, budget=budget)
    content.packed_segments, content.packed_receipts, content.more = frame.segments, frame.receipts, frame.more
    return read_content(content_map(content), reply=False)


def hand(sender: Member, receiver: Member, child_place: str, budget: int = 1 << 20) -> Received:
    """Hand one frame of what is owed from one node to another, whoever of them is the child."""
    theirs = PeerView(receiver.casebook.shared_points(child_place)).points
    content = message(sender, child_place, theirs, budget)
    return receiver.casebook.receive(sender.identity.incarnation, content, peer_update={})


def settle(child: Member, parent: Member) -> None:
    """Exchange until neither owes the other anything."""
    for _ in range(1_000):
        up = hand(child, parent, child.place)
        down = hand(parent, child, child.place)
        if not (up.stored or up.receipts or down.stored or down.receipts or up.signed or down.signed):
            return
    raise AssertionError("two nodes never came to rest")
