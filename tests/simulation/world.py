"""The places of the simulated county, their keys and the roster: a county, three townships, nine villages."""

from pathlib import Path
from typing import Any, Final, NamedTuple

from sync_protocol import roster
from sync_protocol.places import PlaceTree
from sync_protocol.roster import Roster
from tests import builders
from tests.builders import COUNTY
from village_node.identity import Identity

TOWNSHIPS: Final = tuple(f"6210211{n:02}000" for n in range(1, 4))
VILLAGES: Final = tuple(f"{township[:9]}2{n:02}" for township in TOWNSHIPS for n in range(1, 4))


class Place(NamedTuple):
    """A place that keeps a node."""

    code: str
    level: str
    parent: str | None


PLACES: Final = {
    COUNTY: Place(COUNTY, "county", None),
    **{code: Place(code, "township", COUNTY) for code in TOWNSHIPS},
    **{code: Place(code, "village", f"{code[:9]}000") for code in VILLAGES},
}
DEEPEST_FIRST: Final = (*VILLAGES, *TOWNSHIPS, COUNTY)


class World:
    """The network as it was founded: who has which key, and the roster changes that each node begins with."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.built = builders.Network(folder, seed)
        self.place_of: dict[bytes, str] = {}  # incarnation -> its place
        self.latecomer = self.built.chance.choice(VILLAGES)  # is enrolled while the others work already
        for code in PLACES:
            if code != self.latecomer:
                self.enrol(code)

    def enrol(self, code: str) -> Identity:
        """Let the node of a place into the roster."""
        place = PLACES[code]
        identity = self.built.enrol_place(code, place.level, place.parent, f"地{code[6:]}")
        self.place_of[identity.incarnation] = code
        return identity

    def learn(self, heard: Roster) -> None:
        """What a node has heard of since, new lives among it: who makes a change makes it where it is published."""
        for part in heard.heads():
            for change in heard.changes_after(part, *self.built.roster.heads().get(part, (0, 0))[:2]):
                self.built.roster = self.built.roster.apply(change)
                self.built.changes.append(change)

    @property
    def tree(self) -> PlaceTree:
        """All places enrolled so far."""
        return self.built.roster.places

    @property
    def network_id(self) -> bytes:
        """The network all nodes belong to."""
        return self.built.roster.network_id

    def changes_for(self, code: str) -> list[Any]:
        """The roster changes in the answer to this place's enrolment."""
        kept = set(self.built.roster.parts_for(code))
        return [change for change in self.built.changes if roster.read_payload(change).part in kept]
