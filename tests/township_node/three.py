"""A node in a process of its own, told what to do over a pipe: for tests of three real processes."""

from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from sync_protocol import limits
from sync_protocol.event import Event, Head
from sync_protocol.exchange import Content, content_map, read_content
from sync_protocol.places import about
from sync_protocol.seal import seal
from sync_protocol.stream import Draft, append, stream_id
from sync_protocol.wire import pack_segment
from tests import builders
from tests.builders import COUNTY, TOWNSHIP, VILLAGE, Member
from tests.served import call, serve
from village_node.uplink import Ancestor

CODES = (COUNTY, TOWNSHIP, VILLAGE)
OPAQUE = 60_000  # a kind of event that no node knows


def write_opaque(member: Member, count: int) -> None:
    """Let a node write events that mean nothing to anybody into the village's stream, as a later version might."""
    identity, scope = member.identity, about(VILLAGE)
    network_id = member.casebook.roster.network_id
    identifier = stream_id(network_id, identity.incarnation, scope, identity.key.suite)
    points = {point.stream: point for point in member.casebook.shared_points(COUNTY)}
    held = points.get((identity.incarnation, scope))
    head = Head(held.seq, held.hash) if held is not None else Head(0, identifier)
    events: list[Event] = []
    for n in range(count):
        draft = Draft(OPAQUE, 9, None, (head.seq + 1) << 16, n, "x", b"\x82\x01\x02", False)
        events.append(append(identifier, head, draft, None))
        head = Head(events[-1].header.seq, events[-1].hash)
    content = Content()
    for at in range(0, count, limits.SEGMENT_EVENTS):
        some = events[at : at + limits.SEGMENT_EVENTS]
        signature = seal(identity.key, network_id, identifier, Head(some[-1].header.seq, some[-1].hash))
        packed = pack_segment(identity.incarnation, scope, identifier, some, signature, content.tables)
        content.packed_segments.append(packed)
    arrived = read_content(content_map(content), reply=False)
    stored = member.casebook.receive(identity.incarnation, arrived, peer_update={})
    assert stored.stored == count


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
