"""A network at work for a benchmark: county and township each serving in a process of its own, the villages in a third.

Every byte between the levels passes through counting proxies: for each hop one for exchanges, one for waiting calls.
"""

import sqlite3
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from center_node.demo.network import free_ports
from tests.benchmarks import senders
from tests.benchmarks.counting import CountingProxy, Traffic
from tests.benchmarks.network import Network, Seat, found, furnish
from tests.benchmarks.processes import Worker, serving
from village_node.config import Config
from village_node.uplink import Ancestor

VILLAGES: Final = 20
_DEADLINE_S: Final = 240.0
_LOOK_EVERY_S: Final = 0.005
_QUIET_S: Final = 1.2  # longer than receipts gather for company

_COVERED = """
SELECT coalesce(sum(min(receipts.seq, streams.head_seq)), 0) FROM receipts JOIN streams ON streams.id = receipts.stream
WHERE receipts.signer = ?
"""


class NeverSettled(Exception):
    """What was waited for did not come in time; the text names it."""


@dataclass(frozen=True, slots=True)
class Road:
    """One hop: its exchanges and its waiting calls."""

    exchanges: CountingProxy
    waiting: CountingProxy

    @property
    def door(self) -> Ancestor:
        """Where a child finds its ancestor at the end of this road."""
        return Ancestor(self.exchanges.url, self.waiting.url)

    def traffic(self) -> tuple[Traffic, Traffic]:
        """What has passed: exchanges, waiting calls."""
        return self.exchanges.traffic(), self.waiting.traffic()


@dataclass(frozen=True, slots=True)
class Running:
    """The three workers and the two roads between them."""

    network: Network
    county: Worker
    township: Worker
    villages: Worker
    to_county: Road
    to_township: Road

    def cpu_s(self) -> float:
        """Seconds of CPU that the nodes of all levels have used, counting proxies and measuring left out."""
        return self.county.cpu_s() + self.township.cpu_s() + self.villages.cpu_s()

    def until_covered(self, events: int) -> None:
        """Wait until the township holds county receipts for so many events in all. Raises NeverSettled."""
        signer = self.network.county.identity.incarnation
        with closing(sqlite3.connect(f"file:{self.network.township.data / 'node.db'}?mode=ro", uri=True)) as held:
            deadline = time.monotonic() + _DEADLINE_S
            while held.execute(_COVERED, (signer,)).fetchone()[0] < events:
                if time.monotonic() > deadline:
                    raise NeverSettled(f"the county has not receipted {events} events within {_DEADLINE_S:g} s")
                time.sleep(_LOOK_EVERY_S)

    def until_quiet(self) -> None:
        """Wait until nothing passes on the roads any more."""
        before = None
        while (now := (self.to_county.exchanges.traffic(), self.to_township.exchanges.traffic())) != before:
            before = now
            time.sleep(_QUIET_S)


@contextmanager
def running(villages: int = VILLAGES, *, extra_sync_ms: float = 0.0) -> Iterator[Running]:
    """Start a network of so many villages. `extra_sync_ms`: what each commit takes longer, on all levels."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sanji-bench-")))
        network = found(folder, villages)
        ports = free_ports(4)
        to_county = _road(stack, ports[0], ports[1])
        to_township = _road(stack, ports[2], ports[3])
        furnish(network.county, settings(network.county, ports[:2], None, villages))
        furnish(network.township, settings(network.township, ports[2:], to_county.door, villages))
        county = Worker(serving, "county", network.county.data, extra_sync_ms=extra_sync_ms)
        stack.enter_context(county)
        township = Worker(serving, "township", network.township.data, extra_sync_ms=extra_sync_ms)
        stack.enter_context(township)
        sending = Worker(
            senders.sending,
            folder,
            villages,
            to_township.exchanges.url,
            to_township.waiting.url,
            extra_sync_ms=extra_sync_ms,
        )
        stack.enter_context(sending)
        yield Running(network, county, township, sending, to_county, to_township)


def _road(stack: ExitStack, port: int, wait_port: int) -> Road:
    return Road(stack.enter_context(CountingProxy(port)), stack.enter_context(CountingProxy(wait_port)))


def settings(seat: Seat, ports: Sequence[int], parent: Ancestor | None, children: int, database: str = "") -> Config:
    """What a county or township is told; `ports`: of its pages, of its waiting listener."""
    return Config(
        data=seat.data,
        place=seat.identity.place,
        name=seat.identity.name,
        level=seat.identity.level,
        port=ports[0],
        wait_port=ports[1],
        parent_url=parent.url if parent else "",
        parent_wait_url=parent.wait_url if parent else "",
        children_max=children,
        reserve_mb=0,
        database_url=database,
    )
