"""`python -m tests.benchmarks [NAME ...]`: all benchmarks, or those named, each figure as one JSON object a line.

What else there is to say goes to standard error. `--million` lets `growth` go on to 1,000,000 cases stored,
`--postgresql` lets the `crowd` come back to a county on PostgreSQL; `--resets` is how many breaks `paper_resets` makes.
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from tests.benchmarks import admit, author, checkpoint, crowd, hops, live, memory, papers, rates, wire
from tests.benchmarks.report import say
from village_node import app

# What waits for the disk comes first, what leaves it much to write comes last.
BENCHES: Final[dict[str, Callable[[], None]]] = {
    "author": author.author,
    "admit_sqlite": admit.admit_sqlite,
    "admit_postgres": admit.admit_postgres,
    "two_hops_up": hops.two_hops_up,
    "requests_10k": hops.requests_10k,
    "cpu_ms_per_case": hops.cpu_ms_per_case,
    "live_round_trip_ms": live.live_round_trip_ms,
    "slow_sync": hops.slow_sync,
    "crowd": crowd.crowd,
    "wire_bytes_500": partial(wire.wire_bytes, (500,)),
    "wire_bytes_64": partial(wire.wire_bytes, (64,)),
    "wire_bytes_1": partial(wire.wire_bytes, (1,)),
    "idle_bytes": wire.idle_bytes,
    "sealing_bytes": wire.sealing_bytes,
    "checkpoint": checkpoint.checkpoint,
    "memory_mb": memory.memory_mb,
    "paper_goodput": papers.paper_goodput,
    "paper_resets": papers.paper_resets,
    "rates_sqlite": rates.rates_sqlite,
    "rates_postgres": rates.rates_postgres,
    "growth": admit.growth,
}
# Named together, these need one network and not three.
_WIRE: Final = {"wire_bytes_500": 500, "wire_bytes_64": 64, "wire_bytes_1": 1}


def main(arguments: Sequence[str]) -> int:
    """Run the benchmarks named, or all, in the order of the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(BENCHES)}; default: all")
    parser.add_argument("--million", action="store_true", help="let `growth` go on to 1,000,000 cases (2 GB of disk)")
    parser.add_argument("--postgresql", action="store_true", help="let the `crowd` meet a county on PostgreSQL")
    parser.add_argument("--resets", type=int, default=papers.RESETS, help="breaks of `paper_resets` (a release: 10000)")
    chosen = parser.parse_args(arguments)
    if unknown := [name for name in chosen.names if name not in BENCHES]:
        parser.error(f"no benchmark {unknown[0]!r}; there are {', '.join(BENCHES)}")
    names = [name for name in BENCHES if not chosen.names or name in chosen.names]
    acts = {name: BENCHES[name] for name in names}
    if batches := tuple(_WIRE[name] for name in names if name in _WIRE):
        first = next(name for name in names if name in _WIRE)
        acts = {name: act for name, act in acts.items() if name not in _WIRE or name == first}
        acts[first] = partial(wire.wire_bytes, batches)
    if chosen.million and "growth" in acts:
        acts["growth"] = partial(admit.growth, sizes=(*admit.SIZES, 1_000_000))
    if chosen.postgresql and "crowd" in acts:
        acts["crowd"] = partial(crowd.crowd, on_postgresql=True)
    if "paper_resets" in acts:
        acts["paper_resets"] = partial(papers.paper_resets, chosen.resets)
    app.spare_the_collector()  # as in a process that serves
    for name, act in acts.items():
        began = time.monotonic()
        act()
        say(f"{name}: took {time.monotonic() - began:.1f} s in all")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
