"""A new signing key for this place: its incarnation ends, the next one begins with a key of its own, and nothing waits.

A key is changed before anybody has a reason to, or because somebody may have seen it. The database is whole then, and
where the level above has just shown that it knows nothing more of us than we do, nothing is in doubt.
"""

from collections.abc import Callable
from typing import NamedTuple

from sync_protocol.roster import NODE, Roster, read_payload
from village_node.casebook.errors import NotAllowed
from village_node.casebook.incarnations import Incarnations
from village_node.rebirth import Reason
from village_node.store import doubts


class Rekeyed(NamedTuple):
    """What a change of key has come to. ``whole``: nothing is in doubt by it; else the level above has to be heard."""

    ended: bytes
    begun: bytes
    whole: bool


class Rekeying(Incarnations):
    """The part of the casebook that changes the key of its place."""

    def key_since(self) -> int | None:
        """When the present key entered the roster, by the clock of who published it; None while it is not there."""
        roster, me = self.roster, self.identity.incarnation
        node = roster.node(me)
        return None if node is None or node.struck else _named_at(roster, me, node.place)

    def rekey(self, actor: str, meet: Callable[[], bool]) -> Rekeyed:
        """End the present incarnation and begin the next with a new key. ``meet``: one exchange with the level above;
        whether it was answered. Raises NotAllowed where something else must be settled first, NotSaved."""
        ended = self.identity.incarnation
        self._check_rekeyable()
        answered = self.identity.parent is not None and meet()
        if self.identity.incarnation != ended:
            raise NotAllowed(
                "本机刚刚启用了新编号，密钥已随之更换，不必再换",
                "a new incarnation has just begun, with a key of its own: nothing is left to change",
            )
        self._check_rekeyable()
        self.begin_again(Reason.REKEY, ended=ended, actor=actor, whole=answered)
        return Rekeyed(ended, self.identity.incarnation, answered)

    def _check_rekeyable(self) -> None:
        """See that this machine is the place's beyond doubt. Raises NotAllowed."""
        standing, node = self.standing(), self.roster.node(self.identity.incarnation)
        if self.lives is None or self.pages_only:
            raise NotAllowed(
                "密钥由负责同步的那个进程更换，这个页面由另一个进程提供：请由管理员在服务器上用 rekey 命令更换",
                "the worker that syncs changes the key, and another one shows this page: give `rekey` at the server",
            )
        if standing.retired or standing.rings:
            raise NotAllowed(
                "本机身份有警报或已停用，请先在“运行状况”页处理",
                "this machine is retired, or an alarm rings about who it is: settle that under Health first",
            )
        if node is None or not node.serves:
            raise NotAllowed(
                "上级还没有确认本机现在的编号，确认以后才能更换密钥",
                "the present incarnation is not in the roster: the key is changed once the level above has named it",
            )
        with self.store.reading() as connection:
            doubted = bool(doubts.held(connection))
        if doubted or self._roster_doubted:
            raise NotAllowed(
                "本机启用新编号后还没有与有关单位对完账，请等“运行状况”页上的等待结束再更换密钥",
                "what the incarnation before has sent is not settled yet: wait until Health says so, then change it",
            )


def _named_at(roster: Roster, incarnation: bytes, place: str) -> int | None:
    """The time of the change that names a node: the last changes are the likeliest."""
    for part in roster.parts_for(place):
        for change in reversed(roster.changes(part)):
            payload = read_payload(change)
            if any(op[0] == NODE and op[1] == incarnation for op in payload.ops):
                return payload.time
    return None
