"""A county, a township and a village as their own programs, each a process that is killed and started again."""

import contextlib
import io
import os
import socket
import sqlite3
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from importlib import resources
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Final

from center_node import cli as county_cli
from center_node.demo.network import DemoNode, free_ports
from tests.builders import COUNTY, TOWNSHIP, VILLAGE
from tests.crash.controls import KILLED_PLANTS
from township_node import cli as township_cli
from village_node import cli as village_cli
from village_node import identity

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


def serve(level: str, data: str, planted: bool) -> None:
    """Be the program of this level, serving this data directory. `planted`: with this level's defect."""
    log = os.open(Path(data) / "node.log", os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    if planted:
        KILLED_PLANTS[level]()
    sys.exit(PROGRAMS[level](["serve", "--data", data]))


class Target:
    """One node, which can be killed."""

    def __init__(self, node: DemoNode, database_url: str = "", *, planted: bool = False) -> None:
        self.node = node
        self.kills = 0
        self.planted = planted
        self.database_url = database_url
        self._process: BaseProcess | None = None

    def start(self) -> None:
        """Start its program and wait until its pages answer. Raises NotUp."""
        self.begin()
        self.wait_until_up()

    def begin(self) -> None:
        """Start its program."""
        self._process = _CONTEXT.Process(
            target=serve, args=(self.node.level, str(self.node.data), self.planted), daemon=True
        )
        self._process.start()

    def wait_until_up(self) -> None:
        """Wait until its pages answer. Raises NotUp."""
        assert self._process is not None
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

    def incarnation(self) -> bytes:
        """Its present life."""
        return identity.load(self.node.data).incarnation

    def rows(self, words: str, *values: Any) -> list[tuple[Any, ...]]:
        """What its database holds, whether it runs or not."""
        if self.database_url:
            import psycopg

            with psycopg.connect(self.database_url) as connection:
                return connection.execute(words, values).fetchall()
        with closing(sqlite3.connect(f"file:{self.node.data / 'node.db'}?mode=ro", uri=True, timeout=30.0)) as held:
            return held.execute(words, values).fetchall()

    def _log(self) -> str:
        log = self.node.data / "node.log"
        return log.read_text(encoding="utf-8")[-3000:] if log.exists() else "it said nothing"


@contextmanager
def network(folder: Path, *, planted: str = "", county_database: str = "") -> Iterator[dict[str, Target]]:
    """Found, enrol and start the three; `planted`: the level whose program has its defect. Raises NotUp."""
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
        node.level: Target(node, county_database if node is county else "", planted=node.level == planted)
        for node in (county, township, village)
    }
    try:
        start_all(targets.values())
        yield targets
    finally:
        for target in reversed(targets.values()):
            target.stop()


def start_all(targets: Iterable[Target]) -> None:
    """Start these programs side by side, and wait for all of them. Raises NotUp."""
    starting = list(targets)
    for target in starting:
        target.begin()
    for target in starting:
        target.wait_until_up()


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
