"""How the line to one ancestor stands: with whom we speak there, when the next exchange is due, what went wrong."""

from village_node.store.peers import PeerRow
from village_node.uplink.conversation import Conversation
from village_node.uplink.settings import Ancestor


class Line:
    """One ancestor as we call it. Times are on the monotonic clock, in seconds."""

    def __init__(self, ancestor: Ancestor, now: float) -> None:
        self.ancestor = ancestor
        self.conversation: Conversation | None = None
        self.due_at = now
        self.held_until = now
        self.spelled_out = False  # whether what is short is not understood there, or does not pass on the way
        self.failures = 0
        self.unreached = False  # whether the last call reached nobody
        self.silent_since: float | None = None
        self.begun = 0
        self.ended = 0
        self.last_error = ""

    def ready_at(self) -> float:
        """When the next exchange may begin."""
        return max(self.due_at, self.held_until)


def is_silent(row: PeerRow | None, now_ms: int, after_s: float) -> bool:
    """Whether an ancestor has not answered for so long, by what is remembered of it."""
    since_ms = row.first_failure_ms if row is not None else None
    return since_ms is not None and now_ms - since_ms >= after_s * 1000
