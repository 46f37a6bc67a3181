"""Nodes on real sockets of loopback: the same parts as in `tests.network`, served by waitress, called by requests."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import flask
import waitress

from tests import builders
from tests.builders import Member
from township_node.downlink import Downlink
from village_node import door
from village_node.uplink import Ancestor, Settings, Timeouts, Uplink, new_session

QUICK = Timeouts(2.0, 5.0, 10.0)


class Server:
    """One WSGI application on a free port of loopback, in a thread of its own."""

    def __init__(self, app: Callable[..., Any], threads: int) -> None:
        self._server = waitress.create_server(
            app, map={}, host="127.0.0.1", port=0, threads=threads, ident=None, max_request_body_size=2 << 20
        )
        self.url = f"http://127.0.0.1:{self._server.effective_port}"
        self.port = int(self._server.effective_port)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening and close what is open."""
        if self._thread.is_alive():
            door.hang_up(self._server, self._server._map)
            self._thread.join(5.0)
            if self._server.task_dispatcher.shutdown(timeout=0.5) and not self._server.task_dispatcher.threads:
                self._server.trigger.close()


@dataclass
class Served:
    """A node that can be reached."""

    member: Member
    downlink: Downlink
    exchange: Server
    wait: Server

    def close(self) -> None:
        """Send waiting children home and stop."""
        self.downlink.close()
        self.exchange.close()
        self.wait.close()


def serve(member: Member, randomness: Callable[[int], bytes], *, children: int = 4, wait_s: float = 5.0) -> Served:
    """Put a member's downlink on the network."""
    downlink = Downlink(
        member.casebook, member.identity, member.clock, randomness, steady=time.monotonic, wait_s=wait_s
    )
    app = flask.Flask(f"node {member.place}")
    app.register_blueprint(downlink.blueprint())
    return Served(member, downlink, Server(app, 4), Server(downlink.waiting_app(), children + 4))


def call(member: Member, randomness: Callable[[int], bytes], *ancestors: Ancestor, **changes: Any) -> Uplink:
    """A member's uplink on real sessions, not yet started."""
    settings = replace(Settings(ancestors, timeouts=QUICK, sync_every_s=5.0, wait_s=5.0), **changes)
    return Uplink(member.casebook, member.identity, settings, member.clock, time.monotonic, randomness, new_session)


@dataclass
class ServedNetwork:
    """A county, a township and villages, all served, all calling."""

    built: builders.Network
    served: dict[str, Served]
    uplinks: dict[str, Uplink]

    def __getitem__(self, code: str) -> Member:
        return self.built.members[code]


@contextmanager
def served_network(folder: Path, codes: Sequence[str], **changes: Any) -> Iterator[ServedNetwork]:
    """Serve these places, each calling the one above it with a waiting call standing; ended at the end."""
    built = builders.network(folder, *codes)
    chance = built.chance.randbytes
    served = {code: serve(member, chance) for code, member in built.members.items()}
    uplinks = {}
    for code, member in built.members.items():
        above = built.roster.places.parent(code)
        if above is not None:
            ancestor = Ancestor(served[above].exchange.url, served[above].wait.url)
            uplinks[code] = call(member, chance, ancestor, **changes)
    for uplink in uplinks.values():
        uplink.start()
    try:
        yield ServedNetwork(built, served, uplinks)
    finally:
        for uplink in uplinks.values():
            uplink.stop()
        for one in served.values():
            one.close()
        built.close()


def until(condition: Callable[[], bool], member: Member, seconds: float = 10.0) -> None:
    """Wait until the condition is true, looking again with each news at this member; fail when that takes too long."""
    news = threading.Event()
    member.casebook.on_news(lambda _scopes: news.set())
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"what was waited for never happened at {member.place}"
        news.wait(0.05)  # some conditions come true without news
        news.clear()
