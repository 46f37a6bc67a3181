"""A node in a process of its own, told what to do over a pipe: for tests of three real processes."""

from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from sync_protocol.places import about
from sync_protocol.stream import Draft, append
from tests import builders
from tests.builders import COUNTY, TOWNSHIP, VILLAGE, Member
from tests.served import call, serve
from village_node.casebook import ledger
from village_node.casebook.ledger import Entry
from village_node.uplink import Ancestor

CODES = (COUNTY, TOWNSHIP, VILLAGE)
OPAQUE = 60_000  # a kind of event that no node knows


def write_opaque(member: Member, count: int) -> None:
    """Let a node write events that mean nothing to anybody into the village's stream, as a later version might."""
    casebook, scope = member.casebook, about(VILLAGE)
    with member.store.writing() as connection:
        growth = casebook._locked_stream(connection, scope)
        for n in range(count):
            draft = Draft(OPAQUE, 9, None, (growth.head.seq + 1) << 16, n, "x", b"\x82\x01\x02", False)
            growth.events.append(append(growth.row.stream_id, growth.head, draft, None))
        ledger.write(casebook, connection, Entry(casebook.roster_in(connection), 0, {growth.row.key: growth}))
        casebook.mark_news(connection, {scope})
    casebook.tell({scope})


def held_of(member: Member) -> list[tuple[str, int, str]]:
    """What this node holds of the village's streams: author, position, chain hash."""
    return sorted(
        (point.incarnation.hex(), point.seq, point.hash.hex())
        for point in member.casebook.shared_points(VILLAGE)
        if point.scope == about(VILLAGE)
    )


def run(folder: Path, code: str, urls: tuple[str, str] | None, pipe: Connection) -> None:
    """Be the node of this place until told to stop. The same seed makes the same keys in every process."""
    built = builders.Network(folder)
    built.enrol(*CODES)
    member = built.open(code)
    served = serve(member, built.chance.randbytes)
    uplink = call(member, built.chance.randbytes, Ancestor(*urls)) if urls is not None else None
    if uplink is not None:
        uplink.start()
    pipe.send((served.exchange.url, served.wait.url))
    while True:
        verb, *arguments = pipe.recv()
        if verb == "stop":
            break
        if verb == "write":
            write_opaque(member, *arguments)
        pipe.send(held_of(member))
    if uplink is not None:
        uplink.stop()
    served.close()
    built.close()


@dataclass
class Process:
    """The other end of the pipe."""

    process: Any
    pipe: Connection
    urls: tuple[str, str]

    def ask(self, *words: Any) -> Any:
        """Tell the node something and hear what it says."""
        self.pipe.send(words)
        assert self.pipe.poll(30.0), "the process does not answer"
        return self.pipe.recv()

    def stop(self) -> None:
        """End it."""
        self.pipe.send(("stop",))
        self.process.join(15.0)
        if self.process.is_alive():
            self.process.kill()
            raise AssertionError("the process did not end when told")


def start(folder: Path, code: str, parent: Process | None) -> Process:
    """Start a node in a process of its own."""
    context = get_context("spawn")
    near, far = context.Pipe()
    process = context.Process(target=run, args=(folder, code, parent.urls if parent else None, far), daemon=True)
    process.start()
    assert near.poll(60.0), "the process did not start"
    return Process(process, near, near.recv())
