"""Countersigning new lives of the nodes below, and at the root our own, once no roster number can be given twice."""

import logging
import threading
from collections.abc import Callable, Sequence

from sync_protocol import roster
from sync_protocol.errors import NotEntitled, ProtocolError, TooManyLives
from sync_protocol.exchange import NO_ALARM, RESTORED, Content, RosterHead
from sync_protocol.roster import Node
from sync_protocol.suites import SigningKey
from township_node.enrolment import EnrolmentRefused, publish
from village_node.casebook import Casebook
from village_node.identity import NoIdentity

_log = logging.getLogger(__name__)


class Renewals:
    """Publishes the nodes of new lives. `keys`: what signs our part of the roster."""

    def __init__(self, casebook: Casebook, keys: Callable[[], Sequence[SigningKey]], clock: Callable[[], int]) -> None:
        self._casebook = casebook
        self._keys = keys
        self._clock = clock
        self._one_at_a_time = threading.Lock()

    def take(self, node: Node, content: Content, *, fresh: bool) -> int | None:
        """After what a child said was stored: count it among those we have heard out, and countersign what it asks.
        `fresh`: it has just been said, and is no request of long ago that somebody has recorded.

        The error code where that does not hold. What cannot be countersigned now is asked again with the child's next
        exchange. Raises StoreError.
        """
        if fresh and not self._goes_further(content.roster_heads or ()):
            self._casebook.heard_out(node.place)
        self.take_ours()
        if fresh:
            self._casebook.end_stand_in("node", node.place)  # where we have stood in for it: it is heard
        return None if content.renewal is None else self.grant(node, content.renewal)

    def grant(self, node: Node, renewal: bytes) -> int | None:
        """Countersign the life that a child asks for, by whichever road; the error code where that does not hold.
        Raises StoreError."""
        try:
            self._countersign(node, renewal)
        except (EnrolmentRefused, NoIdentity) as problem:
            _log.warning("a new life of %s is not countersigned yet: %s", node.place, problem)
            return None
        except ProtocolError as problem:
            _log.warning("a new life of %s is not countersigned: %s", node.place, problem)
            self._casebook.note_refused_life(node.place, refused=isinstance(problem, TooManyLives))
            return problem.code
        self._casebook.note_refused_life(node.place, refused=False)
        row = self._casebook.peer(node.incarnation)
        if row is not None and row.alarm != NO_ALARM:
            self._casebook.update_peer(node.incarnation, alarm=RESTORED)
        return None

    def _countersign(self, node: Node, renewal: bytes) -> None:
        """Publish a new life of a child's place, unless it is there. Raises ProtocolError, EnrolmentRefused."""
        asked = roster.read_request(renewal)
        if asked.place != node.place:
            raise NotEntitled(f"{node.place} asks for a life of {asked.place}")
        if asked.name != self._casebook.roster.places.name(node.place):
            raise NotEntitled(f"{node.place} asks under a name that is not its own any more")
        with self._one_at_a_time:
            known = self._casebook.roster.node(asked.incarnation) is not None
            if not known and not self._casebook.may_countersign(node.place):
                raise TooManyLives(f"{node.place} has begun too many lives: a person must allow more")
            in_stead = self._casebook.stands_in(node.place)
            publish(self._casebook, asked, self._keys(), self._clock(), in_stead=in_stead)

    def take_ours(self) -> None:
        """At the root nobody is above who could countersign a new life of ours: our publishing key does."""
        casebook = self._casebook
        if casebook.identity.parent is not None or not casebook.provisional or casebook.pages_only:
            return
        try:
            publish(self._casebook, roster.read_request(self._casebook.renewal()), self._keys(), self._clock())
        except (ProtocolError, EnrolmentRefused, NoIdentity) as problem:
            _log.warning("a new life of this node is not published: %s", problem)

    def _goes_further(self, heads: Sequence[RosterHead]) -> bool:
        """Whether a child holds more of our part than we do."""
        here = self._casebook.roster.heads()
        place = self._casebook.identity.place
        held = here[place][1] if place in here else 0
        return any(head.part == place and head.n > held for head in heads)
