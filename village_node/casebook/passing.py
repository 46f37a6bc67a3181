"""What has just come in from others, kept in memory until it leaves: a relay need not read back what it just wrote.

Only a shortcut. What is not here is read from the database; what is here was committed before it came here.
"""

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from sync_protocol import limits
from sync_protocol.event import Event
from village_node.casebook.growth import Growth

MOST_BYTES: Final = limits.UNPACKED  # of headers and bodies, of all streams together


@dataclass(slots=True)
class _Run:
    """Consecutive events of one row of streams, each body among them, and the seals over them."""

    events: list[Event] = field(default_factory=list)
    seals: dict[int, bytes] = field(default_factory=dict)
    size: int = 0


class Passing:
    """Thread-safe. By the row of streams; of one row always its newest events, one run without a gap."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._runs: dict[int, _Run] = {}
        self._size = 0

    def keep(self, grown: Iterable[Growth]) -> None:
        """Keep what a committed transaction has appended; the runs that have waited longest make room."""
        with self._lock:
            for growth in grown:
                run = self._runs.pop(growth.row.id, _Run())
                self._size -= run.size
                if run.events and run.events[-1].header.seq != growth.row.head_seq:
                    run = _Run()
                if all(event.body is not None or event.header.inline is not None for event in growth.events):
                    run.events += growth.events
                    run.seals.update(growth.seals)
                    run.size += sum(map(_size, growth.events))
                    self._runs[growth.row.id] = run
                    self._size += run.size
            while self._size > MOST_BYTES:
                self._size -= self._runs.pop(next(iter(self._runs))).size

    def forget(self) -> None:
        """Keep nothing: bodies were dropped from the database, and none of them shall stay in memory."""
        with self._lock:
            self._runs.clear()
            self._size = 0

    def after(self, row: int, seq: int, most: int) -> tuple[list[Event], dict[int, bytes]] | None:
        """At most so many events that follow a position, with the seals over them; None where they are not here.

        What lies before them has left, and is kept no longer.
        """
        with self._lock:
            run = self._runs.get(row)
            if run is None or not run.events[0].header.seq <= seq + 1 <= run.events[-1].header.seq:
                return None
            left = seq + 1 - run.events[0].header.seq
            gone = sum(map(_size, run.events[:left]))
            del run.events[:left]
            run.size -= gone
            self._size -= gone
            run.seals = {at: signature for at, signature in run.seals.items() if at > seq}
            return run.events[:most], dict(run.seals)


def _size(event: Event) -> int:
    return len(event.header_bytes) + len(event.body or b"")
