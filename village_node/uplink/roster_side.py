"""What a child says to an ancestor where their rosters contradict each other."""

from collections.abc import Sequence

from sync_protocol.event import mark
from sync_protocol.exchange import (
    Content,
    RosterHead,
    RosterTalk,
    Trail,
    changes_after_trail,
    disagree,
    roster_talk,
)
from sync_protocol.exchange.heads import fitting
from sync_protocol.roster import Change, Roster
from sync_protocol.suites import sha256
from village_node.casebook import Casebook


class RosterSide:
    """The child's side of the talk about forks of the roster, towards one ancestor. Not thread-safe."""

    def __init__(self, casebook: Casebook, place: str) -> None:
        """Nothing was said yet."""
        self._casebook = casebook
        self._place = place
        self._trails: list[Trail] = []
        self._told: set[bytes] = set()  # changes that are not followed by all, which the ancestor has been shown

    def say(self, roster: Roster, theirs: Sequence[RosterHead] | None) -> RosterTalk:
        """What goes with our heads."""
        return roster_talk(roster, self._place, theirs)

    def disagrees(self, roster: Roster, theirs: Sequence[RosterHead] | None) -> bool:
        """Whether the ancestor's roster is seen to be another one, and not both are known to know why."""
        return disagree(roster, theirs or ())

    def hear(self, reply: Content, sent: Sequence[Change]) -> None:
        """Take what a reply shows, and note what it was shown."""
        self._trails = reply.roster_talk.trails
        if reply.digest is not None:
            self._told |= {sha256(change.payload) for change in (*sent, *reply.roster_changes)}

    def owed(self, roster: Roster, theirs: Sequence[RosterHead] | None) -> list[Change]:
        """What the ancestor must see to know where the chains part, and once what else is known of a forked part: so
        the root comes to know what it has to rule on, and whom a ruling has struck."""
        for shown in self._trails:
            found = changes_after_trail(roster, self._place, shown)
            if found:
                return self._new(found)
        owed: list[Change] = []
        for head in theirs or ():
            fork = roster.forks.get(head.part)
            if fork is None or not head.split:
                continue
            held = roster.changes(head.part)
            on_ours = 1 <= head.n <= len(held) and mark(roster.hash_at(head.part, head.n)) == head.mark
            if not on_ours or head.n < len(held):
                owed += held[fork.split - 1 :]
            owed += self._casebook.changes_aside(head.part)
        if theirs is not None:
            owed += self._casebook.overruled_changes(self._place)
        return self._new(owed)

    def _new(self, changes: Sequence[Change]) -> list[Change]:
        return fitting(change for change in changes if sha256(change.payload) not in self._told)
