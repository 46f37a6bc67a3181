"""Casework written straight into streams, without a database: to fill a node with many cases in little time.

What is measured comes through a casebook; this only makes the cases that are there already.
"""

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

from sync_protocol import seal
from sync_protocol.case import bodies, kinds, numbers
from sync_protocol.encoding import encode
from sync_protocol.event import Event, Head, Position, mark
from sync_protocol.limits import SEGMENT_EVENTS
from sync_protocol.stream import OPENS, Draft, Opens, append, stream_id
from sync_protocol.wire import Tables, pack_segment
from tests.benchmarks.documents import Document
from village_node.identity import Identity

# 2025-01-01 in milliseconds since 1970: these cases are old ones.
_BEGIN_MS: Final = 1_735_689_600_000
_ACTOR: Final = "V01"
# What a case may need of a segment's bytes, so that the next one still fits.
_SEGMENT_ROOM: Final = 28_000


class Author:
    """One incarnation writing into its own scope, one document after another."""

    def __init__(self, identity: Identity, network_id: bytes) -> None:
        self._identity = identity
        self._network_id = network_id
        self._stream = stream_id(network_id, identity.incarnation, f"about:{identity.place}", identity.key.suite)
        self._head = Head(0, self._stream)
        self._ms = _BEGIN_MS
        self._filed = 0

    def segments(self, filed: Iterator[Document], tables: Tables) -> Iterator[tuple[list[Event], list[Any]]]:
        """The documents as sealed segments, each with its events and as it travels: created and received."""
        held: list[Event] = []
        size = 0
        for document in filed:
            events = self._file(document)
            size += sum(len(each.header_bytes) + len(each.body or b"") + 16 for each in events)
            held += events
            if len(held) > SEGMENT_EVENTS - 2 or size > _SEGMENT_ROOM:
                yield held, self._sealed(held, tables)
                held, size = [], 0
        if held:
            yield held, self._sealed(held, tables)

    def _sealed(self, events: list[Event], tables: Tables) -> list[Any]:
        head = Head(events[-1].header.seq, events[-1].hash)
        signature = seal.seal(self._identity.key, self._network_id, self._stream, head)
        scope = f"about:{self._identity.place}"
        return pack_segment(self._identity.incarnation, scope, self._stream, events, signature, tables)

    def _file(self, document: Document) -> list[Event]:
        self._filed += 1
        created = self._write(kinds.CREATE, bodies.numbered(kinds.CREATE, document.body), OPENS, None)
        received = {
            0: numbers.make_case_number(self._identity.place, date(2025, 1, 1), "7K3M", self._filed),
            1: f"{self._filed:013}",
            2: "counter",
        }
        after = Position(self._identity.incarnation, created.header.seq, mark(created.hash))
        return [created, self._write(kinds.RECEIVE, received, created.header.case_id, after)]

    def _write(self, kind: int, body: dict[int, Any], case_id: bytes | Opens | None, after: Position | None) -> Event:
        self._ms += 1_000
        salt = self._ms.to_bytes(16, "big")
        draft = Draft(kind, 1, case_id, self._ms << 16, self._ms, _ACTOR, encode(body), True, after)
        event = append(self._stream, self._head, draft, salt)
        self._head = Head(event.header.seq, event.hash)
        return event
