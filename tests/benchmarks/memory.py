"""What a node's process holds in memory: `memory_mb`, a village and a county with 20,000 cases each, after some use."""

import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Final

from center_node.demo.network import DemoNode, free_ports
from tests.benchmarks import casework
from tests.benchmarks.documents import documents
from tests.benchmarks.frames import stock, take
from tests.benchmarks.network import Seat, found, furnish, opened
from tests.benchmarks.report import Figure, measured, publish, say
from village_node.config import Config

CASES: Final = 20_000
BAR_MB: Final = 150
_IMPORT: Final = 2_000
_PAGES: Final = ("/", "/query", "/sign-in", "/healthz")
_TURNS: Final = 2
_BYTES_A_KB: Final = 1024


def memory_mb(cases: int = CASES) -> None:
    """Megabytes (of a million bytes) resident in the process that serves, measured after it answered some requests."""
    say(f"memory: {cases} cases at a village, then at a county ...")
    with tempfile.TemporaryDirectory(prefix="sanji-bench-") as folder, measured() as spent:
        network = found(Path(folder), 1)
        village = network.villages[0]
        with opened(village) as casebook:
            filed = list(documents(cases))
            for first in range(0, cases, _IMPORT):
                casework.file_all(casebook, filed[first : first + _IMPORT])
        at_village, village_start_s = _serve(village, "village_node")
        with opened(network.county) as casebook:
            for message in stock([village], documents(cases), cases):
                take(casebook, network.township, message)
        at_county, county_start_s = _serve(network.county, "center_node")
    more = (("county_mb", at_county), ("start_s", village_start_s), ("county_start_s", county_start_s))
    publish(Figure("memory_mb", at_village, "MB", cases, spent, most=BAR_MB, more=more))


def _serve(seat: Seat, package: str) -> tuple[float, float]:
    """Serve a seat in a process as its operator would, use it a little: (MB, seconds until it answered)."""
    port, wait_port, nobody = free_ports(3)
    who = seat.identity
    parent = "" if who.level == "county" else f"http://127.0.0.1:{nobody}"
    settings = Config(
        data=seat.data,
        place=who.place,
        name=who.name,
        level=who.level,
        port=port,
        wait_port=wait_port if who.level == "county" else 0,
        parent_url=parent,
        reserve_mb=0,
    )
    furnish(seat, settings)
    node = DemoNode(package, who.level, who.place, who.name, seat.data, port)
    began = time.perf_counter()
    node.start()
    try:
        node.wait_until_up()
        started = time.perf_counter() - began
        for _ in range(_TURNS):
            node.status()
            for page in _PAGES:
                _visit(node.url + page)
        assert node.process is not None
        return _resident_mb(node.process.pid), started
    finally:
        node.stop()


def _visit(url: str) -> None:
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            answer.read()
    except urllib.error.HTTPError as refused:
        refused.close()  # a page behind the sign-in has done its part as well


def _resident_mb(process: int) -> float:
    for line in Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * _BYTES_A_KB / 1e6
    raise AssertionError(f"/proc/{process}/status does not tell VmRSS")
