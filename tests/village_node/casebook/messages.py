"""Messages made by hand: segments cut, bent and withheld as a test needs them, and read again as they would arrive."""

from collections.abc import Sequence
from typing import Any

from sync_protocol.event import Event, load_header
from sync_protocol.exchange import Content, content_map, read_content
from sync_protocol.seal import seal
from sync_protocol.stream import Head, stream_id
from sync_protocol.wire import pack_segment
from tests.builders import Member
from village_node.store import streams
from village_node.store.locks import StreamKey
from village_node.store.streams import StreamRow


def stream_of(member: Member, key: StreamKey) -> StreamRow:
    """A stream as a node holds it."""
    with member.store.reading() as connection:
        return streams.by_keys(connection, [key])[key]


def events_of(member: Member, key: StreamKey) -> list[Event]:
    """Every event a node holds of a stream."""
    with member.store.reading() as connection:
        row = streams.by_keys(connection, [key])[key]
        held = streams.events_between(connection, row.id, 0, row.head_seq, 100_000)
    return [Event(load_header(one.header), one.header, one.hash, one.salt, one.body) for one in held]


def without_body(event: Event) -> Event:
    """An event whose body the sender does not have; an inline body is part of the header and cannot be missing."""
    return event._replace(salt=None, body=None)


def segment(author: Member, key: StreamKey, events: Sequence[Event], content: Content) -> list[Any]:
    """Consecutive events of a stream of the author's, sealed at the last of them."""
    identifier = stream_id(author.casebook.network_id, *key, author.identity.key.suite)
    last = events[-1]
    head = Head(last.header.seq, last.hash)
    signature = seal(author.identity.key, author.casebook.network_id, identifier, head)
    return pack_segment(*key, identifier, events, signature, content.tables)


def arrived(content: Content) -> Content:
    """A message as its receiver reads it."""
    return read_content(content_map(content), reply=False)


def frame(author: Member, key: StreamKey, *runs: Sequence[Event]) -> Content:
    """A message of several segments of one stream."""
    content = Content()
    content.packed_segments = [segment(author, key, run, content) for run in runs]
    return arrived(content)
