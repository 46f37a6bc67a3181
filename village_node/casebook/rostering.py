"""The roster in the casebook: what is published here, what comes by any road, and what that does to cases."""

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from sync_protocol.errors import ProtocolError
from sync_protocol.exchange import Content
from sync_protocol.roster import Change, read_payload
from village_node.casebook import equivocation, ledger
from village_node.casebook.equivocation import Taking
from village_node.casebook.errors import CasebookError
from village_node.casebook.incarnations import INTENDED
from village_node.casebook.ledger import Entry
from village_node.casebook.plan import Plan
from village_node.casebook.settling import Settling
from village_node.store import Connection, Overtaken, peers, roster_forks

NO_INCARNATION: Final = bytes(16)


Telling = Callable[[Connection], None]


class Rostering(Settling):
    """The part of the casebook that takes in changes of the roster."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._publishing = threading.Lock()

    def enrol(self, change: Change, *, agreed: bool = False, told: Telling | None = None) -> None:
        """Publish a roster change made here. Raises a ProtocolError that says why it does not hold, NotAllowed while
        we cannot know that its number is free (`agreed`: the operator says it is), NotSaved. `told` writes the audit
        line, in the same transaction."""
        with self._publishing:
            self.check_publishable(agreed=agreed)
            self.publish_own(change, told)

    def publish_own(self, change: Change, told: Telling | None = None) -> None:
        """Let a change of our part take effect, which nobody has but us. Where its number was taken meanwhile, it is
        taken back as if it had never been made: of a fork of our own making nobody is to hear. So it is where `told`
        finds that it is not to be.

        Raises a ProtocolError that says why it does not hold, NotSaved, and what `told` raises.
        """
        self.roster.apply(change)
        self.intend(change)
        self.witness_change(change)
        try:
            self.apply_roster([change], ours=True, told=told)
        except (ProtocolError, CasebookError):
            self._take_back(read_payload(change).part)
            raise

    def _take_back(self, part: str) -> None:
        """The change that was intended last will not be: the witness file names what is held of that part again. Raises
        NotSaved."""
        with self.store.writing() as connection:
            peers.remember_bytes(connection, INTENDED, b"")
            held = self.roster_in(connection).changes(part)
        if held:
            self.witness_change(held[-1])

    def apply_roster(self, changes: Iterable[Change], *, ours: bool = False, told: Telling | None = None) -> int:
        """Add roster changes, in their order; how many were new. All of them or, with the error raised, none; but what
        proves a fork of the roster is kept, by whatever road it came. ``ours``: just made here, so that they prove
        nothing, and are refused where they do not follow what is held."""
        given = list(changes)
        while True:
            try:
                new = self._apply(given, ours=ours, told=told)
            except Overtaken:
                continue
            if new:
                self.tell({"roster"})
            return new

    def judged(self, changes: Sequence[Change]) -> Taking:
        """What changes would make of the roster; nothing is kept."""
        with self.store.reading() as connection:
            roster = self.roster_in(connection)
            return equivocation.take(roster, changes, (), self.clock(), lambda: roster_forks.aside(connection))

    def _apply(self, changes: list[Change], *, ours: bool, told: Telling | None) -> int:
        with self.store.writing() as connection:
            roster, version = self.roster_and_version(connection)
            now_ms, made = self.clock(), roster
            for change in changes if ours else ():
                made = made.apply(change)
            taking = equivocation.take(roster, changes, (), now_ms, lambda: roster_forks.aside(connection))
            if taking.refused and not taking.proofs:
                raise taking.refused[0][1]
            if not taking.changed:
                return 0
            keys = self.concerned(connection, roster, taking.roster)
            self.store.exclusive(connection, sorted(keys), [])
            ledger.write(self, connection, Entry(taking.roster, now_ms, {}, refold=keys))
            self.keep_changes(connection, taking, version)
            if told is not None:
                told(connection)
            self.mark_news(connection, {"roster"})
        return max(len(taking.new), 1)

    def _take_changes(self, connection: Connection, plan: Plan, content: Content) -> None:
        """Apply roster changes one by one; one that does not hold is refused and keeps no other from its place."""
        changes, proofs = content.roster_changes, content.roster_talk.proofs
        if not changes and not proofs:
            return
        taking = equivocation.take(plan.roster, changes, proofs, plan.now_ms, lambda: roster_forks.aside(connection))
        plan.taking, plan.roster = taking, taking.roster
        for change, error in taking.refused:
            plan.refuse(NO_INCARNATION, _part_of(change), 0, error.code, str(error), change.payload, told=False)
        # Our part grows by our own hand only: what comes from elsewhere, and no ruling brings, we have published and
        # forgotten.
        if self.minds_its_roster and any(self._is_ours(plan, change) for change in taking.new):
            plan.restored = self.identity.incarnation
        if plan.restored is not None and self.leaves_the_choice(plan.roster):
            plan.restored = None

    def _is_ours(self, plan: Plan, change: Change) -> bool:
        payload = read_payload(change)
        return payload.part == self.identity.place and not plan.roster.is_settled(payload.part, payload.n)


def _part_of(change: Any) -> str:
    try:
        return f"roster:{read_payload(change).part}"
    except ProtocolError:
        return "roster:"
