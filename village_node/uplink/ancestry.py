"""Which nodes stand above us, by the roster at hand."""

from sync_protocol.places import UnknownPlace
from sync_protocol.roster import Node, Roster
from village_node.casebook import Casebook
from village_node.store import StoreError
from village_node.uplink.settings import Ancestor


class Ancestry:
    """The roster as a line needs it: read again only after news of it."""

    def __init__(self, casebook: Casebook, place: str) -> None:
        """`place`: ours."""
        self._casebook = casebook
        self._place = place
        self._roster = casebook.roster
        self._is_old = False

    def outdate(self) -> None:
        """There is news of the roster."""
        self._is_old = True

    def roster(self) -> Roster:
        """The roster at hand. Raises StoreError."""
        if self._is_old:
            self._is_old = False  # before the look: what comes while we look makes it old again
            try:
                self._roster = self._casebook.roster
            except StoreError:
                self._is_old = True
                raise
        return self._roster

    def node(self, ancestor: Ancestor) -> Node:
        """The newest node of an ancestor's place. Raises StoreError, UnknownPlace."""
        roster = self.roster()
        above = roster.places.path_up(self._place)[ancestor.steps_up :]
        nodes = roster.serving(above[0]) if above else ()
        if not nodes:
            raise UnknownPlace(f"{ancestor.steps_up} above {self._place}")
        return nodes[-1]
