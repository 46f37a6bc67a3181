"""A small network that never was, always the same one: keys, places, nodes and the roster changes that made them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from random import Random
from typing import Any

from sync_protocol import roster as rosters
from sync_protocol.encoding import encode
from sync_protocol.event import Dep, Event, Head, Position, mark
from sync_protocol.roster import Change, Op, Payload, Roster
from sync_protocol.seal import seal
from sync_protocol.stream import OPENS, Draft, Opens, append, stream_id
from sync_protocol.suites import S1, SigningKey
from sync_protocol.wire import Segment, Tables, pack_segment, read_segment

COUNTY, TOWNSHIP, TOWNSHIP_2 = "621021", "621021101", "621021102"
VILLAGE, VILLAGE_2, VILLAGE_3 = "621021101201", "621021101202", "621021102201"
STATION, WINDOW = "621021101201-01", "621021-01"
TIME = 1_732_240_000_000  # milliseconds since 1970


def key(name: str) -> SigningKey:
    """The key of that name, the same one each time."""
    return SigningKey.from_seed(S1, seed(name))


def seed(name: str) -> bytes:
    """The 32 bytes that key is made from."""
    return sha256(f"sanji sample key {name}".encode()).digest()


def incarnation(name: str) -> bytes:
    """The incarnation of the node of that name."""
    return sha256(f"sanji sample node {name}".encode()).digest()[:16]


def request(name: str, place: str, level: str, place_name: str) -> bytes:
    """The enrolment request of the node of that name."""
    return rosters.enrol_request(key(name), place, level, place_name, incarnation(name))


def node_op(name: str, place: str, level: str, place_name: str) -> Op:
    """The op that registers that node."""
    read = rosters.read_request(request(name, place, level, place_name))
    return [rosters.NODE, read.incarnation, place, read.suite, read.public, read.proof]


def enrolled(name: str, place: str, level: str, place_name: str, parent: str | None) -> list[Op]:
    """The ops that name a new place and its first node."""
    return [rosters.place_op(place, level, parent, place_name), node_op(name, place, level, place_name)]


def root_op(threshold: int, *names: str) -> Op:
    """The root made of these keys."""
    return rosters.root_op(threshold, [(S1, key(name).public) for name in names])


def publisher_op(name: str) -> Op:
    """The publishing key of that name."""
    return rosters.publisher_op((S1, key(name).public))


def changed(roster: Roster, part: str, ops: list[Op], *signers: str) -> Change:
    """The next change of a part, signed by the keys of these names; nothing is judged."""
    return rosters.publish(roster, part, ops, [key(name) for name in signers], TIME)


def first_change() -> Change:
    """Change 1 of the county part: a root of two of three, a publisher, the county."""
    root = root_op(2, "root 1", "root 2", "root 3")
    ops = [root, publisher_op("publisher"), rosters.place_op(COUNTY, "county", None, "庆城县")]
    payload = Payload(COUNTY, 1, 1, bytes(32), TIME, ops)
    return rosters.sign_change(sha256(encode(root)).digest(), payload, [key("root 1"), key("root 2")])


def changes() -> list[Change]:
    """All changes of the network, in an order in which they can be applied."""
    new_root = root_op(2, "root 2", "root 3", "root 4")
    township = enrolled("township", TOWNSHIP, "township", "驿马镇", COUNTY)
    township_2 = enrolled("township 2", TOWNSHIP_2, "township", "三十里铺镇", COUNTY)
    renamed = rosters.place_op(TOWNSHIP_2, "township", COUNTY, "卅铺镇")
    steps: list[tuple[str, list[Op], tuple[str, ...]]] = [
        (COUNTY, [node_op("county", COUNTY, "county", "庆城县")], ("publisher",)),
        (COUNTY, township + township_2, ("publisher",)),
        (COUNTY, [new_root], ("root 2", "root 3")),
        (COUNTY, [publisher_op("publisher 2")], ("root 3", "root 4")),
        (COUNTY, enrolled("window", WINDOW, "station", "县政务大厅", COUNTY), ("publisher 2",)),
        (COUNTY, [renamed, node_op("county 2", COUNTY, "county", "庆城县")], ("publisher 2",)),
        (TOWNSHIP, enrolled("village", VILLAGE, "village", "南庄村", TOWNSHIP), ("township",)),
        (
            TOWNSHIP,
            enrolled("village 2", VILLAGE_2, "village", "北庄村", TOWNSHIP)
            + enrolled("station", STATION, "station", "南庄村代办点", VILLAGE),
            ("township",),
        ),
        (TOWNSHIP, [node_op("village again", VILLAGE, "village", "南庄村")], ("township",)),
        (TOWNSHIP_2, enrolled("village 3", VILLAGE_3, "village", "西沟村", TOWNSHIP_2), ("township 2",)),
    ]
    first = first_change()
    made, roster = [first], Roster().apply(first)
    for part, ops, signers in steps:
        change = changed(roster, part, ops, *signers)
        roster = roster.apply(change)
        made.append(change)
    return made


def applied(some: Iterable[Change]) -> Roster:
    """The roster that these changes amount to."""
    roster = Roster()
    for change in some:
        roster = roster.apply(change)
    return roster


CHANGES = changes()
ROSTER = applied(CHANGES)
NETWORK = ROSTER.network_id


@dataclass
class Writer:
    """A node of the network, writing into one scope. Its salts and texts come from a seed of its own."""

    name: str
    scope: str
    network_id: bytes = NETWORK
    events: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.key = key(self.name)
        self.incarnation = incarnation(self.name)
        self.stream = stream_id(self.network_id, self.incarnation, self.scope, S1)
        self.random = Random(f"{self.name} {self.scope}")

    @property
    def head(self) -> Head:
        """How far it has written."""
        return Head(len(self.events), self.events[-1].hash) if self.events else Head(0, self.stream)

    def hash_at(self, seq: int) -> bytes | None:
        """h(seq) of what it has written."""
        if seq == 0:
            return self.stream
        return self.events[seq - 1].hash if seq <= len(self.events) else None

    def position(self, seq: int) -> Position:
        """How another event names this one."""
        return Position(self.incarnation, seq, mark(self.events[seq - 1].hash))

    def dep(self, seq: int) -> Dep:
        """How another event relies on this one."""
        return Dep(self.incarnation, self.scope, seq)

    def write(
        self,
        kind: int,
        body: Any,
        *,
        case_id: bytes | Opens | None = OPENS,
        apart: bool = False,
        after: Position | None = None,
        deps: tuple[Dep, ...] = (),
        ext: dict[int, Any] | None = None,
        version: int = 1,
    ) -> Event:
        """Append one event whose body is D(body)."""
        now = TIME + 61_000 * len(self.events)
        draft = Draft(
            kind, version, case_id, (now << 16) + kind, now, "daiban01", encode(body), apart, after, deps, ext or {}
        )
        event = append(self.stream, self.head, draft, self.random.randbytes(16) if apart else None)
        self.events.append(event)
        return event

    def write_cases(self, count: int) -> "Writer":
        """Cases of four events: opened with a body apart, two inline acts, a note apart."""
        for _ in range(count):
            case_id = self.write(
                1, {0: "001", 2: "王秀兰", 4: self.random.randbytes(9).hex()}, apart=True
            ).header.case_id
            self.write(2, {2: "counter"}, case_id=case_id, after=self.position(len(self.events)))
            self.write(3, {0: TOWNSHIP, 1: "review"}, case_id=case_id, after=self.position(len(self.events)))
            self.write(32, {0: f"材料原件已核对{self.random.randrange(100)}"}, case_id=case_id, apart=True)
        return self

    def sealed(self, seq: int) -> bytes:
        """The author's seal at a position."""
        return seal(self.key, self.network_id, self.stream, Head(seq, self.events[seq - 1].hash))

    def packed(self, first: int, last: int, tables: Tables) -> list[Any]:
        """The wire form of the events from first to last."""
        events = self.events[first - 1 : last]
        return pack_segment(self.incarnation, self.scope, self.stream, events, self.sealed(last), tables)

    def segment(self, first: int, last: int) -> Segment:
        """The same as it arrives."""
        tables = Tables()
        return read_segment(self.packed(first, last, tables), tables)


def without_bodies(events: Iterable[Event], *seqs: int) -> list[Event]:
    """The same events where the bodies apart at these positions (all, when none is named) are not here."""
    return [event._replace(salt=None, body=None) if not seqs or event.header.seq in seqs else event for event in events]
