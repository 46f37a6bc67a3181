"""What was really written, by whom and after what: nodes are judged by it, and none of them can read it."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

StreamKey = tuple[bytes, str]
CaseKey = tuple[str, bytes]


class Violation(AssertionError):
    """An invariant does not hold. `nodes`: whom it concerns."""

    def __init__(self, invariant: str, nodes: tuple[str, ...], detail: str) -> None:
        super().__init__(f"{invariant}: {detail} (at {', '.join(nodes)})")
        self.invariant = invariant
        self.nodes = nodes
        self.detail = detail


class Acknowledged(NamedTuple):
    """An act of which a person was told that it is saved."""

    place: str
    incarnation: bytes
    scope: str
    seq: int
    hash: bytes
    said_at: int  # the time in its header, which no other act of this place has


@dataclass
class Truth:
    """Events by stream: hash -> (position, hash before)."""

    written: dict[StreamKey, dict[bytes, tuple[int, bytes]]] = field(default_factory=dict)
    longest: dict[StreamKey, tuple[int, bytes]] = field(default_factory=dict)
    acknowledged: list[Acknowledged] = field(default_factory=list)
    filed: dict[CaseKey, str] = field(default_factory=dict)
    case_numbers: dict[str, CaseKey] = field(default_factory=dict)
    # Incarnations of restored or cloned disks, and which it was: what they wrote has two pasts. "alarm": of a machine
    # that rang because there are two above it, and whose people let it go on under a new life.
    two_lives: dict[bytes, str] = field(default_factory=dict)
    turns: dict[str, int] = field(default_factory=dict)  # of a place with two machines: how often they were exchanged
    stopped_cases: set[CaseKey] = field(default_factory=set)  # hold a stage event that needs an update
    assigned: set[CaseKey] = field(default_factory=set)  # somebody above has begun to take them from their holder
    beside_cases: set[CaseKey] = field(default_factory=set)  # hold a side event that needs one

    def wrote(self, key: StreamKey, seq: int, chain_hash: bytes, before: bytes) -> None:
        """Its author holds this event on its disk."""
        self.written.setdefault(key, {})[chain_hash] = (seq, before)
        if seq > self.longest.get(key, (0, b""))[0]:
            self.longest[key] = (seq, chain_hash)

    def written_again(self, key: StreamKey, now: dict[int, tuple[StreamKey, int, bytes]]) -> None:
        """A new life that nobody has heard of put what the one before never sent in front of what it wrote itself.

        `now`: by the time in its header where an act of that place stands, and its hash. Raises Violation for one that
        is not among them.
        """
        self.written.pop(key, None)
        self.longest.pop(key, None)
        for number, act in enumerate(self.acknowledged):
            if (act.incarnation, act.scope) == key:
                if act.said_at not in now:
                    raise Violation("what is acknowledged stays", (act.place,), f"{act.scope} {act.seq} is not there")
                (incarnation, scope), seq, chain_hash = now[act.said_at]
                self.acknowledged[number] = Acknowledged(act.place, incarnation, scope, seq, chain_hash, act.said_at)

    def check(self, node: str, key: StreamKey, seq: int, chain_hash: bytes, before: bytes | None) -> None:
        """A node holds this event after that one: it must be one that its author wrote there. Raises Violation."""
        found = self.written.get(key, {}).get(chain_hash)
        if found is None:
            raise Violation("signed by its author", (node,), f"{key[1]} {seq} was never written by {key[0].hex()[:8]}")
        if found[0] != seq or (before is not None and found[1] != before):
            raise Violation("one chain", (node,), f"{key[1]} {seq} of {key[0].hex()[:8]} follows another event here")

    def opened(self, key: CaseKey, place: str, case_no: str) -> None:
        """A case was filed. Raises Violation for a number that another case has."""
        self.filed[key] = place
        if case_no in self.case_numbers and self.case_numbers[case_no] != key:
            raise Violation("numbers are unique", (place,), f"{case_no} was given twice")
        self.case_numbers[case_no] = key


def short(value: Any) -> str:
    """A hash or an incarnation as the trace shows it."""
    return value.hex()[:8] if isinstance(value, bytes) else str(value)
