"""What is appended to one row of streams."""

from dataclasses import dataclass, field

from sync_protocol.event import Event
from sync_protocol.stream import Head
from village_node.store.streams import StreamRow


@dataclass(slots=True)
class Growth:
    """One row of streams and what is appended to it: events right after its head, and the seals that came with them."""

    row: StreamRow
    events: list[Event] = field(default_factory=list)
    seals: list[tuple[int, bytes]] = field(default_factory=list)

    @property
    def head(self) -> Head:
        """The head with the new events."""
        if self.events:
            return Head(self.events[-1].header.seq, self.events[-1].hash)
        return Head(self.row.head_seq, self.row.head_hash)
