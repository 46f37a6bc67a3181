"""What one message is about to change, before anything is locked; and what came of it."""

from dataclasses import dataclass, field
from typing import NamedTuple

from sync_protocol.exchange import REFUSED, Answer, ReceiptOwed
from sync_protocol.roster import Roster
from village_node.casebook.branches import Forked
from village_node.casebook.equivocation import Taking
from village_node.casebook.growth import Growth
from village_node.casebook.rewriting import Taken
from village_node.store.forks import ForkRow
from village_node.store.locks import CaseKey, StreamKey
from village_node.store.parking import ParkedRow, RefusedRow


class Received(NamedTuple):
    """What came of one message. ``answers``: for the peer, now. ``stored``: new events; ``receipts``: new ones of
    others; ``signed``: our own new ones, which leave with what is owed. ``restored``: the life of this node
    that has signed something that came and does not hold it; that was not taken, and a new life is due."""

    answers: list[Answer]
    stored: int
    receipts: int
    signed: list[ReceiptOwed]
    restored: bytes | None = None


@dataclass(slots=True)
class Plan:
    """What is to be written, before anything is locked."""

    peer: bytes
    roster: Roster
    roster_version: int
    now_ms: int
    growths: dict[StreamKey, Growth] = field(default_factory=dict)
    taking: Taking | None = None
    forked: dict[StreamKey, Forked] = field(default_factory=dict)
    proofs: list[ForkRow] = field(default_factory=list)
    bodies: dict[tuple[StreamKey, int, bytes], bytes] = field(default_factory=dict)
    parked: list[ParkedRow] = field(default_factory=list)
    unparked: list[int] = field(default_factory=list)
    refused: list[RefusedRow] = field(default_factory=list)
    answers: dict[tuple[bytes, str, int], Answer] = field(default_factory=dict)
    taken: list[Taken] = field(default_factory=list)
    refold: set[CaseKey] = field(default_factory=set)
    known_there: dict[StreamKey, int] = field(default_factory=dict)
    restored: bytes | None = None

    def answer(self, incarnation: bytes, scope: str, seq: int, disposition: int, code: int) -> None:
        """Tell the peer; of one position only the last word."""
        self.answers[incarnation, scope, seq] = Answer(incarnation, scope, seq, disposition, code)

    def refuse(
        self,
        incarnation: bytes,
        scope: str,
        seq: int,
        code: int,
        detail: str,
        sample: bytes | None,
        *,
        told: bool = True,
        sender: bytes | None = None,
    ) -> None:
        """Count a refusal of what the peer (or an earlier sender) brought, keep a sample, and tell the peer."""
        self.refused.append(
            RefusedRow(sender or self.peer, incarnation, scope, seq, code, detail[:500], 1, self.now_ms, sample)
        )
        if told:
            self.answer(incarnation, scope, seq, REFUSED, code)

    def relied_on(self) -> set[StreamKey]:
        """Streams that new events rely on: held too, so that none grows while a case notes that it waits for it."""
        sides = (side for forked in self.forked.values() for side in forked.sides)
        return {
            dep[:2]
            for growth in (*self.growths.values(), *sides)
            for event in growth.events
            if event.header.deps
            for dep in event.header.deps
        }
