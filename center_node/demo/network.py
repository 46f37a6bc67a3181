"""One node of the demonstration: its data directory, its command line, and its process while it runs."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import SystemRandom
from typing import Any

from center_node.demo import commands

START_DEADLINE_S = 60.0
STOP_DEADLINE_S = 20.0


class NodeFailed(Exception):
    """A node's command failed or a node did not come up; the text carries what it said."""


@dataclass
class DemoNode:
    """One node: where it lives, what package runs it, and its process while it runs."""

    package: str
    level: str
    place: str
    name: str
    data: Path
    port: int
    wait_port: int = 0
    process: subprocess.Popen[str] | None = None
    invitations: list[tuple[str, str, str]] = field(default_factory=list)  # work number, name, one-time code

    @property
    def url(self) -> str:
        """Where its pages are."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def wait_url(self) -> str:
        """Where children wait for its news."""
        return f"http://127.0.0.1:{self.wait_port}"

    def command(self, verb: str, *arguments: str) -> str:
        """Run one command of this node's command line; what it printed. Raises NodeFailed."""
        done = commands.run(self.package, [verb, "--data", str(self.data), *arguments], _environment())
        if done.code != 0:
            said = done.complained.strip() or done.said.strip()
            raise NodeFailed(f"{self.name}: {verb} {' '.join(arguments)}: {said}")
        return done.said

    def status(self) -> dict[str, Any]:
        """What `status --json` says."""
        told: dict[str, Any] = json.loads(self.command("status", "--json"))
        return told

    def start(self) -> None:
        """Serve in a process of its own; its log goes to `node.log` in the data directory."""
        with (self.data / "node.log").open("a", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", f"{self.package}.cli", "serve", "--data", str(self.data)],
                stdout=log,
                stderr=log,
                text=True,
                env=_environment(),
                start_new_session=True,  # an interrupt at the keyboard reaches us first, and we stop the nodes in order
            )

    def wait_until_up(self) -> None:
        """Return once its pages answer. Raises NodeFailed with the end of its log."""
        deadline = time.monotonic() + START_DEADLINE_S
        while time.monotonic() < deadline:
            if self.process is None or self.process.poll() is not None:
                break
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                    return
            except OSError:
                time.sleep(0.05)
        raise NodeFailed(
            f"{self.name} did not come up:\n" + (self.data / "node.log").read_text(encoding="utf-8")[-3000:]
        )

    def stop(self) -> None:
        """Stop its process, politely first; stopping a stopped node does nothing."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_DEADLINE_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None


def _environment() -> dict[str, str]:
    """Our own environment without settings meant for some other node."""
    return {name: value for name, value in os.environ.items() if not name.startswith("SANJI_")}


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on now. They lie below those that a system gives out by itself: one of these may be taken by
    any call, the nodes' own among them, before its node binds it."""
    ports: list[int] = []
    for port in SystemRandom().sample(range(20_000, 32_000), 1_000):
        with socket.socket() as tried, suppress(OSError):
            tried.bind(("127.0.0.1", port))
            ports.append(port)
        if len(ports) == count:
            break
    return ports
