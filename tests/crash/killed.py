"""A county, a township and a village as their own programs, each a process that is killed and started again."""

import contextlib
import io
import os
import socket
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from importlib import resources
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Final

from center_node import cli as county_cli
from center_node.demo.network import DemoNode, free_ports
from tests.builders import COUNTY, TOWNSHIP, VILLAGE
from tests.crash.controls import PLANTS
from township_node import cli as township_cli
from village_node import cli as village_cli

PROGRAMS: Final[dict[str, Callable[[Sequence[str]], int]]] = {
    "county": county_cli.main,
    "township": township_cli.main,
    "village": village_cli.main,
}
UP_S: Final = 60.0
LOOK_EVERY_S: Final = 0.02
KILLED: Final = -9
# Forked from a process that has everything imported and nothing opened: a start costs a fifth of what it costs anew.
_CONTEXT: Final = get_context("forkserver")


class NotUp(Exception):
    """A node did not come up, or ended by itself: the text has the end of its log."""


def serve(level: str, data: str, plant: str) -> None:
    """Be the program of this level, serving this data directory."""
    log = os.open(Path(data) / "node.log", os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    if plant:
        PLANTS[plant].plant()
    sys.exit(PROGRAMS[level](["serve", "--data", data]))


class Target:
    """One node, which can be killed."""

    def __init__(self, node: DemoNode, plant: str = "", database_url: str = "") -> None:
        self.node = node
        self.kills = 0
        self.plant = plant
        self.database_url = database_url
        self._process: BaseProcess | None = None

    def start(self) -> None:
        """Start its program and wait until its pages answer. Raises NotUp."""
        self._process = _CONTEXT.Process(
            target=serve, args=(self.node.level, str(self.node.data), self.plant), daemon=True
        )
        self._process.start()
        deadline = time.monotonic() + UP_S
        while time.monotonic() < deadline and self._process.is_alive():
            try:
                with socket.create_connection(("127.0.0.1", self.node.port), timeout=1):
                    return
            except OSError:
                self._process.join(LOOK_EVERY_S)
        raise NotUp(f"{self.node.level} did not come up: {self._log()}")

    def kill_after(self, seconds: float) -> None:
        """Let it work for so long, then SIGKILL. Raises NotUp where it ended by itself."""
        assert self._process is not None
        self._process.join(seconds)
        if not self._process.is_alive():
            raise NotUp(f"{self.node.level} ended by itself: {self._log()}")
        self._process.kill()
        self._process.join()
        if self._process.exitcode != KILLED:
            raise NotUp(f"{self.node.level} ended with {self._process.exitcode}: {self._log()}")
        self.kills += 1

    def stop(self) -> None:
        """End it, however."""
        if self._process is not None and self._process.is_alive():
            self._process.terminate()
            self._process.join(10.0)
            if self._process.is_alive():
                self._process.kill()
                self._process.join()

    def rows(self, words: str, *values: Any) -> list[tuple[Any, ...]]:
        """What its database holds, while it runs."""
        if self.database_url:
            import psycopg

            with psycopg.connect(self.database_url) as connection:
                return connection.execute(words).fetchall()
        with closing(sqlite3.connect(f"file:{self.node.data / 'node.db'}?mode=ro", uri=True, timeout=30.0)) as held:
            return held.execute(words, values).fetchall()

    def _log(self) -> str:
        return (self.node.data / "node.log").read_text(encoding="utf-8")[-3000:]


@contextmanager
def network(folder: Path, *, plant: str = "", county_database: str = "") -> Iterator[dict[str, Target]]:
    """Found, enrol and start the three; `plant`: a defect of the village's. Raises NotUp."""
    _CONTEXT.set_forkserver_preload(["tests.crash.killed"])
    ports = iter(free_ports(5))
    county = DemoNode("center_node", "county", COUNTY, "庆城县", folder / "county", next(ports), next(ports))
    township = DemoNode("township_node", "township", TOWNSHIP, "驿马镇", folder / "township", next(ports), next(ports))
    village = DemoNode("village_node", "village", VILLAGE, "上关村委会", folder / "village", next(ports))
    with resources.as_file(resources.files("center_node").joinpath("regions_qingcheng.csv")) as regions:
        more = ["--regions", str(regions), "--database-url", county_database, "--wait-port", str(county.wait_port)]
        _command(county, "init", *_named(county), *more)
    _enrol(township, county, "--wait-port", str(township.wait_port))
    _enrol(village, township)
    targets = {
        "county": Target(county, database_url=county_database),
        "township": Target(township),
        "village": Target(village, plant),
    }
    try:
        for target in targets.values():
            target.start()
        yield targets
    finally:
        for target in reversed(targets.values()):
            target.stop()


def _named(node: DemoNode) -> list[str]:
    return ["--place", node.place, "--name", node.name, "--port", str(node.port), "--reserve-mb", "1"]


def _enrol(node: DemoNode, parent: DemoNode, *more: str) -> None:
    above = ["--parent-url", parent.url, "--parent-wait-url", parent.wait_url]
    _command(node, "init", *_named(node), *above, *more)
    answer = node.data / "answer.cbor"
    _command(parent, "enrol", str(node.data / "enrol-request.cbor"), str(answer))
    _command(node, "init", "--answer", str(answer))


def _command(node: DemoNode, verb: str, *arguments: str) -> None:
    """Run one command of this node's program. Raises NotUp with what it said."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = PROGRAMS[node.level]([verb, "--data", str(node.data), *arguments])
    if code:
        raise NotUp(f"{node.level} {verb}: {said.getvalue()}")
