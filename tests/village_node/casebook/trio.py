"""A village that has filed a few cases, and the township and county above it."""

from typing import Any

from sync_protocol.exchange import Content
from sync_protocol.places import about
from tests.builders import COUNTY, TOWNSHIP, VILLAGE, Member, Network
from tests.village_node.casebook.messages import events_of
from village_node.casebook import Received
from village_node.store.locks import StreamKey

HOME = about(VILLAGE)


class Trio:
    """A village that has filed a few cases, and those above it."""

    def __init__(self, net: Network) -> None:
        self.net = net
        self.county, self.township, self.village = (net.members[code] for code in (COUNTY, TOWNSHIP, VILLAGE))
        self.key: StreamKey = (self.village.identity.incarnation, HOME)
        self.refs = [self.village.file() for _ in range(3)]
        self.events = events_of(self.village, self.key)

    def give(self, content: Content, **peer_update: Any) -> Received:
        """Hand a message of the village to the county (which follows everything)."""
        return self.county.casebook.receive(self.village.identity.incarnation, content, peer_update=peer_update)

    def held(self) -> int:
        """How far the county holds the village's stream."""
        rows = {row["incarnation"]: row["head"] for row in self.county.casebook.counts()["streams"]}
        return int(rows.get(self.key[0].hex(), 0))


def receipts_of(member: Member, child: str = VILLAGE) -> dict[bytes, int]:
    """signer -> highest receipt that a node would show to a child."""
    return {signer: seq for point in member.casebook.shared_points(child) for signer, seq in point.receipts.items()}
