"""The part of the casebook that reads what was published under kind 82: bulletins, and rules of scores.

What does not fit its form, was not theirs to say, or names a place that does not stand under who published it says
nothing; that hangs on what the event and the roster say, never on when it came.
"""

from typing import Any, Final

from sync_protocol.case import bulletin_bodies, bulletins, kinds
from sync_protocol.case.bulletins import Bulletin, Published, Rules
from sync_protocol.errors import ProtocolError
from sync_protocol.event import Position, load_header, mark
from sync_protocol.places import below
from village_node.casebook.reception import Reception
from village_node.store import Connection, streams

PUBLISH: Final = ("county", "township")  # the levels that have places under them to speak of
_KEPT: Final = "bulletins"


class BulletinsHeld(Reception):
    """What is held here of bulletins and rules."""

    def _told(self) -> list[Published]:
        return self.remembered(_KEPT, self._read)

    def _own(self, connection: Connection | None = None) -> list[Published]:
        found = self._told() if connection is None else self._read(connection, below(self.identity.place))
        return [each for each in found if each.place == self.identity.place]

    def _read(self, connection: Connection, scope: str = "") -> list[Published]:
        """What was published in a scope, or in any that is held here; rules only of a county."""
        roster, found = self.roster_in(connection), []
        for row in streams.of_no_case(connection, kinds.BULLETIN, scope):
            author = self.entitled(connection, roster, row.incarnation, row.scope, row.event.seq)
            try:
                header = load_header(row.event.header)
            except ProtocolError:
                continue
            sound = kinds.understood(header.kind, header.kind_version) and not any(key < 0 for key in header.ext or ())
            position = Position(row.incarnation, header.seq, mark(row.event.hash))
            said: Any = self._said.get((kinds.BULLETIN, position))
            if said is None and row.event.body is not None:
                said = bulletin_bodies.from_bytes(row.event.body)
            if author is None or row.scope != below(author.place) or header.case_id is not None or not sound:
                continue
            level = roster.places.level(author.place)
            if said is None or level not in PUBLISH or (isinstance(said, Rules) and level != "county"):
                continue  # it does not fit its form, its body is on its way, or it is not theirs to say
            self._said[kinds.BULLETIN, position] = said
            found.append(Published(position, author.order, author.place, header.actor, header.claimed, said))
        return [
            each
            for each in bulletin_bodies.joined(found)
            if not isinstance(each.said, Bulletin) or bulletins.within(each.said, each.place, roster.places)
        ]
