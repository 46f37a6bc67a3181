"""Answering what a node below asks for somebody at its page: one question, one answer, nothing kept but its count."""

import threading
from collections.abc import Callable
from typing import Final

from sync_protocol.errors import Busy, UnknownNode
from sync_protocol.exchange import ASK, Finding, Inquiry, Parties, Request, finding_bytes, read_inquiry
from sync_protocol.roster import Roster
from township_node.downlink.children import addressed, child_node
from village_node.casebook import Casebook
from village_node.pace import Pace

Answers = Callable[[Inquiry], Finding]
AT_ONCE: Final = 3  # of the threads that draw pages
EACH_A_MINUTE: Final = 30  # of one place below, whatever life of it asks
ALL_A_MINUTE: Final = 300


class Questions:
    """Who may ask, how often, and the answer under our signature. Thread-safe."""

    def __init__(
        self,
        casebook: Casebook,
        network_id: Callable[[], bytes],
        roster: Callable[[], Roster],
        answers: Answers,
        steady: Callable[[], float],
    ) -> None:
        """`answers`: what this place and those above say. `steady` in seconds."""
        self._casebook = casebook
        self._network_id = network_id
        self._roster = roster
        self._answers = answers
        self._pace = Pace(EACH_A_MINUTE, ALL_A_MINUTE, steady)
        self._slots = threading.BoundedSemaphore(AT_ONCE)

    def admitted(self, answer: Callable[[], bytes]) -> bytes:
        """What `answer` gives, so many at once. Raises Busy, and what it raises."""
        if not self._slots.acquire(blocking=False):
            raise Busy("too many questions at once")
        try:
            return answer()
        finally:
            self._slots.release()

    def answer(self, request: Request) -> bytes:
        """The signed answer. Who is struck, revoked or no child of ours is told nothing, and a question of his does not
        count; nor does a machine tell anything whose place goes on elsewhere. Raises ProtocolError, StoreError."""
        if self._casebook.retired:
            raise UnknownNode("this machine is retired: its place goes on under another one")
        roster = self._roster()
        node, me = addressed(self._casebook.identity, self._network_id(), roster, request, ASK)
        child_node(roster, me.place, node.incarnation)
        inquiry = read_inquiry(request)
        if self._pace.wait_s(node.place):
            raise Busy("too many questions of this place within a minute")
        parties = Parties(self._network_id(), node.incarnation, me.incarnation, None)
        return finding_bytes(me.key, parties, self._answers(inquiry), request.raw_hash)
