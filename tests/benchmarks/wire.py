"""Bytes on the wire: `wire_bytes_500 | 64 | 1` a case and hop, `idle_bytes`, `sealing_bytes`; 50 villages."""

from collections.abc import Callable
from functools import partial
from typing import Final

from sync_protocol.exchange import (
    begin,
    open_context,
    open_reply_to,
    open_request,
    read_sealed,
    seal_reply,
    seal_request,
)
from sync_protocol.suites import OpeningKey
from tests.benchmarks import casework, hops, senders
from tests.benchmarks.counting import Traffic
from tests.benchmarks.documents import documents
from tests.benchmarks.report import Figure, measured, publish, say
from tests.benchmarks.running import Road, Running, running
from tests.builders import TOWNSHIP
from village_node.app import Node

VILLAGES: Final = 50
ALREADY_STORED: Final = 500
BARS: Final = {500: 150, 64: 200, 1: 800}  # 700 of them for what is said, 100 for that nobody else reads it
BAR_IDLE: Final = 600
BAR_SEALING: Final = 100
SUITES: Final = ("s1", "s1q")
_SEED: Final = 7


def file_batch(villages: list[senders.Sender], count: int, spread: bool, seed: int) -> None:
    """File so many documents in bulk: at one village, or spread over all."""
    filed = list(documents(count, seed=seed))
    chosen = villages if spread else villages[:1]
    for number, village in enumerate(chosen):
        if mine := filed[number :: len(chosen)]:
            casework.file_all(village.casebook, mine)


def file_by_hand(villages: list[senders.Sender], count: int, seed: int) -> None:
    """File so many documents at one village as a person does: created and received, one commit each."""
    for document in documents(count, seed=seed):
        casework.file_one(villages[0].casebook, document)


def _settled(network: Running, act: Callable[[], None]) -> tuple[tuple[Traffic, Traffic], tuple[Traffic, Traffic]]:
    """What passed on both roads from this act until silence: (exchanges, waiting calls) of each."""
    before = network.to_township.traffic(), network.to_county.traffic()
    act()
    network.until_quiet()
    return _since(network.to_township, before[0]), _since(network.to_county, before[1])


def _since(road: Road, before: tuple[Traffic, Traffic]) -> tuple[Traffic, Traffic]:
    exchanges, waiting = road.traffic()
    return exchanges - before[0], waiting - before[1]


def wire_bytes(batches: tuple[int, ...] = (500, 64, 1), stored: int = ALREADY_STORED, villages: int = VILLAGES) -> None:
    """For each batch: bytes a case of everything that passed between township and county until both were silent.

    A case is a document, as with the peers; what filing by hand adds (the receiving) and the other hop stand beside.
    """
    say(f"wire: {villages} villages, {stored} cases first ...")
    with running(villages) as network:
        hops.ready(network)
        network.villages.do(senders.file_bulk, stored)
        hops.climb(network, stored)
        network.villages.do(senders.start_waiting)
        network.until_quiet()
        for batch in batches:
            _measure(network, batch)


def _measure(network: Running, batch: int) -> None:
    def act(spread: bool, seed: int) -> None:
        network.villages.do(file_batch, batch, spread, seed)

    with measured() as spent:
        (low, low_waiting), (high, high_waiting) = _settled(network, partial(act, False, _SEED))
        _, (spread, _) = _settled(network, partial(act, True, _SEED + 1))
        by_hand, _ = _settled(network, lambda: network.villages.do(file_by_hand, min(batch, 64), _SEED + 2))
    publish(
        Figure(
            f"wire_bytes_{batch}",
            high.total / batch,
            "B/case",
            batch,
            spent,
            most=BARS.get(batch),
            more=(
                ("up", high.up / batch),
                ("down", high.down / batch),
                ("requests", high.requests),
                ("waiting_calls", high_waiting.total / batch),
                ("village_hop", low.total / batch),
                ("village_hop_requests", low.requests),
                ("village_hop_waiting_calls", low_waiting.total / batch),
                ("spread_over_villages", spread.total / batch),
                ("filed_by_hand_village_hop", by_hand[0].total / min(batch, 64)),
            ),
        )
    )


def idle_bytes(villages: int = VILLAGES) -> None:
    """HTTP bodies of one exchange with nothing to tell, both ways; township and county, 50 villages' streams."""
    say(f"idle: {villages} villages ...")
    with running(villages) as network:
        hops.ready(network)
        network.villages.do(senders.file_bulk, villages)
        hops.climb(network, villages)
        with measured() as spent:
            before = network.to_county.exchanges.traffic()
            network.township.do(_exchange_once)
            idle = network.to_county.exchanges.traffic() - before
    more = (("round_trips", idle.requests), ("with_heads", idle.total))
    publish(Figure("idle_bytes", idle.bodies, "B", 1, spent, most=BAR_IDLE, more=more))


def sealing_bytes(rounds: int = 500) -> None:
    """What sealing adds to a message after the first of a context, and to the first; and the CPU of all of it."""
    key, reply_size = OpeningKey(bytes(range(32))), 200
    for_first = {suite: _opened_once(OpeningKey(bytes(range(32)), suite)) for suite in SUITES}
    context, raw = begin(key.public, bytes(32), TOWNSHIP), bytes(reply_size)
    sent = answered = b""
    with measured() as spent:
        for _ in range(rounds):
            sent = seal_request(context, raw)
            sealed = read_sealed(sent)
            assert sealed is not None
            answered = seal_reply(context, sealed, open_request(context, sealed))
            open_reply_to(context, sent, answered)
    added = (len(sent) - len(raw), len(answered) - len(raw))
    publish(
        Figure(
            "sealing_bytes",
            max(added),
            "B/message",
            rounds,
            spent,
            most=BAR_SEALING,
            more=(
                ("request", added[0]),
                ("reply", added[1]),
                *((f"first_request_{suite}", size) for suite, (size, _) in for_first.items()),
                *((f"first_cpu_us_{suite}", cpu_us) for suite, (_, cpu_us) in for_first.items()),
                ("exchange_cpu_us", spent.cpu_s / rounds * 1e6),
            ),
        )
    )


def _opened_once(key: OpeningKey, rounds: int = 50) -> tuple[int, float]:
    """Bytes that the first request of a context adds, and the CPU of beginning it at both ends, in microseconds."""
    first = b""
    with measured() as spent:
        for _ in range(rounds):
            first = seal_request(begin(key.public, bytes(32), TOWNSHIP), b"x", begins=key.public)
            sealed = read_sealed(first)
            assert sealed is not None
            open_context([key], bytes(32), TOWNSHIP, sealed)
    return len(first) - 1, spent.cpu_s / rounds * 1e6


def _exchange_once(node: Node) -> None:
    assert node.uplink is not None
    result = node.uplink.exchange_once()
    if not result.ok:
        raise AssertionError(result.text)
