"""How long one live change takes: handed on at a village, decided at the county, the decision at the village again."""

import queue
import threading
import time
from statistics import median, quantiles
from typing import Final

from sync_protocol.case import kinds
from tests.benchmarks import casework, hops, senders
from tests.benchmarks.documents import COUNTY_ITEM, documents
from tests.benchmarks.network import COUNTY
from tests.benchmarks.report import Figure, measured, publish, say
from tests.benchmarks.running import VILLAGES, running
from village_node.app import Node
from village_node.casebook import CaseRef

STORED: Final = 10_000
ROUNDS: Final = 60
BAR_MS: Final = 150
_BETWEEN_S: Final = 0.1
_ANSWER_S: Final = 30.0

# The desk of the county's process; a worker's functions reach it by name, one node a process.
_desks: list["CountyDesk"] = []


class CountyDesk:
    """A county officer who decides every case handed to the county as soon as it comes."""

    def __init__(self, node: Node) -> None:
        self._casebook = node.casebook
        self._expected: dict[str, CaseRef] = {}
        self._news: queue.SimpleQueue[set[str]] = queue.SimpleQueue()
        node.casebook.on_news(self._news.put)
        threading.Thread(target=self._work, name="county desk", daemon=True).start()

    def expect(self, ref: CaseRef) -> None:
        """The case whose scope is worth a look when there is news of it."""
        self._expected[ref.scope] = ref

    def _work(self) -> None:
        while True:
            for scope in self._news.get() & self._expected.keys():
                self._look(self._expected[scope])

    def _look(self, ref: CaseRef) -> None:
        if casework.look(self._casebook, ref).transit_to != COUNTY:
            return
        for kind, body in (
            (kinds.ACCEPT, {}),
            (kinds.DOCKET, {}),
            (kinds.DECIDE, {"outcome": "approve"}),
        ):
            casework.act(self._casebook, ref, kind, body, actor=casework.OFFICER, roles=casework.OFFICER_ROLES)


def open_desk(node: Node) -> None:
    """Begin to decide cases at the county."""
    _desks.append(CountyDesk(node))


def expect(_node: Node, ref: CaseRef) -> None:
    """Tell the county's desk which case comes next."""
    _desks[-1].expect(ref)


def file_one(villages: list[senders.Sender], number: int) -> CaseRef:
    """File the next application for the county at one of the villages."""
    village = villages[number % len(villages)]
    (document,) = documents(1, items=(COUNTY_ITEM,), seed=number)
    return casework.file_one(village.casebook, document)


def hand_on(villages: list[senders.Sender], number: int, ref: CaseRef) -> float:
    """Hand the case to the county and wait for its decision; seconds between."""
    casebook = villages[number % len(villages)].casebook
    decided = threading.Event()

    def look(scopes: set[str]) -> None:
        if decided.is_set() or ref.scope not in scopes:
            return  # an earlier round, or somebody else's case
        if casework.look(casebook, ref).decided_ms is not None:
            decided.set()

    casebook.on_news(look)
    began = time.perf_counter()
    casework.act(casebook, ref, kinds.HANDOFF, {"to": COUNTY, "purpose": "accept"})
    if not decided.wait(_ANSWER_S):
        raise TimeoutError(f"no decision within {_ANSWER_S:g} s: it is {casework.look(casebook, ref).state}")
    return time.perf_counter() - began


def live_round_trip_ms(stored: int = STORED, rounds: int = ROUNDS, villages: int = VILLAGES) -> None:
    """Milliseconds from a village's handoff to the county's decision read back there, with every child waiting."""
    say(f"live: {stored} cases first, then {rounds} round trips ...")
    with running(villages) as network:
        hops.ready(network)
        network.villages.do(senders.file_bulk, stored)
        hops.climb(network, stored)
        network.county.do(open_desk)
        network.villages.do(senders.start_waiting)
        network.until_quiet()
        took = []
        cpu = network.cpu_s()
        with measured() as spent:
            for number in range(rounds):
                ref = network.villages.do(file_one, number)
                network.county.do(expect, ref)
                time.sleep(_BETWEEN_S)
                took.append(network.villages.do(hand_on, number, ref) * 1000)
        spent.cpu_s = network.cpu_s() - cpu
        waiting = len(network.network.villages)
    p95 = quantiles(took, n=20)[-1] if len(took) > 1 else took[0]
    more = (("p95", p95), ("p95_bar", 400), ("worst", max(took)), ("stored", stored), ("children_waiting", waiting))
    publish(Figure("live_round_trip_ms", median(took), "ms", rounds, spent, most=BAR_MS, more=more))
