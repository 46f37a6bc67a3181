"""Up two hops at once: `two_hops_up`, from the same run `requests_10k` and `cpu_ms_per_case`; and `slow_sync`."""

import time
from dataclasses import dataclass
from typing import Final

from tests.benchmarks import casework, senders
from tests.benchmarks.report import Figure, Spent, publish, say
from tests.benchmarks.running import VILLAGES, Running, running
from village_node.app import Node

CASES: Final = 10_000
MIX_CASES: Final = 1_000
SLOW_CASES: Final = 3_000
EXTRA_SYNC_MS: Final = 5.0

BAR_CASES_PER_S: Final = 5_000
BAR_REQUESTS: Final = 80
BAR_CPU_MS: Final = 0.4
BAR_KEPT: Final = 0.5


@dataclass(frozen=True, slots=True)
class Climb:
    """What it took to bring what was filed from the villages to the county and the receipts to the township."""

    cases: int
    events: int
    spent: Spent
    requests_to_township: int
    requests_to_county: int
    bytes_to_township: int
    bytes_to_county: int

    @property
    def requests(self) -> int:
        """Of both hops."""
        return self.requests_to_township + self.requests_to_county


def climb(network: Running, cases: int) -> Climb:
    """Bring up what the villages hold. They and the township have met before; the clock runs from the first exchange.

    It stops when the township holds the county's receipts for every event.
    """
    events = network.villages.do(senders.events_held)
    low, high = network.to_township.exchanges.traffic(), network.to_county.exchanges.traffic()
    cpu, began = network.cpu_s(), time.perf_counter()
    network.villages.start(senders.push)
    network.until_covered(events)
    wall = time.perf_counter() - began
    network.villages.finish()
    spent = Spent(wall, network.cpu_s() - cpu)
    network.until_quiet()
    low, high = network.to_township.exchanges.traffic() - low, network.to_county.exchanges.traffic() - high
    sound, folded = network.county.do(standing)
    if not sound or folded < cases:
        raise AssertionError(f"the county folded {folded} of {cases} cases; all effective: {sound}")
    return Climb(cases, events, spent, low.requests, high.requests, low.total, high.total)


def standing(node: Node) -> tuple[bool, int]:
    """Whether every event at a node is effective, nothing refused or parked; and how many cases it holds."""
    return casework.sound(node.casebook), casework.cases_held(node.casebook)


def ready(network: Running) -> None:
    """Let villages, township and county meet for the first time, with nothing to tell."""
    network.villages.do(senders.push)
    network.until_quiet()


def climb_once(cases: int, *, villages: int = VILLAGES, mixed: bool = False, extra_sync_ms: float = 0.0) -> Climb:
    """One network, filled and brought up."""
    with running(villages, extra_sync_ms=extra_sync_ms) as network:
        ready(network)
        network.villages.do(senders.file_mix if mixed else senders.file_bulk, cases)
        return climb(network, cases)


_measured: dict[int, Climb] = {}


def bulk_climb(cases: int, villages: int) -> Climb:
    """The climb of documents filed in bulk; measured once in a run, since three figures are drawn from it."""
    if cases not in _measured:
        say(f"two hops: filing {cases} documents, then bringing them up ...")
        _measured[cases] = climb_once(cases, villages=villages)
    return _measured[cases]


def two_hops_up(cases: int = CASES, mix_cases: int = MIX_CASES, villages: int = VILLAGES) -> None:
    """Cases a second from the villages' first exchange to the county's last receipt; beside it, events of the mix."""
    climbed = bulk_climb(cases, villages)
    say(f"two hops: {mix_cases} cases of {casework.EVENTS_OF_A_MIX} events each ...")
    mixed = climb_once(mix_cases, villages=villages, mixed=True)
    publish(
        Figure(
            "two_hops_up",
            climbed.cases / climbed.spent.wall_s,
            "cases/s",
            climbed.cases,
            climbed.spent,
            least=BAR_CASES_PER_S,
            more=(
                ("villages_at_once", senders.AT_ONCE),
                ("events", climbed.events),
                ("events_per_s", climbed.events / climbed.spent.wall_s),
                ("bytes_per_case_to_township", climbed.bytes_to_township / climbed.cases),
                ("bytes_per_case_to_county", climbed.bytes_to_county / climbed.cases),
                ("mix_events_per_s", mixed.events / mixed.spent.wall_s),
                ("mix_events", mixed.events),
                ("mix_cpu_s", mixed.spent.cpu_s),
            ),
        )
    )


def requests_10k(cases: int = CASES, villages: int = VILLAGES) -> None:
    """Exchanges of both hops that this climb took."""
    climbed = bulk_climb(cases, villages)
    publish(
        Figure(
            "requests_10k",
            climbed.requests,
            "requests",
            climbed.cases,
            climbed.spent,
            most=BAR_REQUESTS,
            more=(("to_township", climbed.requests_to_township), ("to_county", climbed.requests_to_county)),
        )
    )


def cpu_ms_per_case(cases: int = CASES, villages: int = VILLAGES) -> None:
    """CPU of all three levels together for one case brought up two hops."""
    climbed = bulk_climb(cases, villages)
    value = climbed.spent.cpu_s * 1000 / climbed.cases
    publish(Figure("cpu_ms_per_case", value, "ms", climbed.cases, climbed.spent, most=BAR_CPU_MS))


def slow_sync(cases: int = SLOW_CASES) -> None:
    """The share of the rate that is left when each commit takes 5 ms longer, on all levels."""
    say(f"two hops with {EXTRA_SYNC_MS:g} ms more a commit ...")
    usual, slow = climb_once(cases), climb_once(cases, extra_sync_ms=EXTRA_SYNC_MS)
    rates = [each.cases / each.spent.wall_s for each in (usual, slow)]
    publish(
        Figure(
            "slow_sync",
            rates[1] / rates[0],
            "of the usual rate",
            cases,
            slow.spent,
            least=BAR_KEPT,
            more=(("cases_per_s", rates[1]), ("usual_cases_per_s", rates[0]), ("extra_ms_a_commit", EXTRA_SYNC_MS)),
        )
    )
