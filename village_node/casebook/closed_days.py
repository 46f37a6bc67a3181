"""What the ends of days say in numbers, kept beside their events, so that a list of a month reads no bodies."""

from collections.abc import Iterable

from sync_protocol.case import day_ends, kinds
from sync_protocol.case.day_ends import DayEnd
from sync_protocol.errors import ProtocolError
from sync_protocol.event import Header, load_header
from sync_protocol.places import parse_scope
from village_node.casebook.growth import Growth
from village_node.store import Connection
from village_node.store import day_ends as kept
from village_node.store.rows import Row
from village_node.store.streams import EventRow


def keep_day_ends(connection: Connection, grown: Iterable[Growth], filled: Iterable[tuple[EventRow, bytes]]) -> None:
    """Keep in numbers what the day ends say that are written, or whose bodies have come."""
    found: list[Row] = []
    scopes = {}
    for growth in grown:
        scope = scopes[growth.row.id] = growth.row.scope
        for header, _, chain_hash, _, body in growth.events:
            if header.kind == kinds.DAY_END and body is not None:
                at = growth.row.id, header.seq, chain_hash
                found += _row(at, scope, body, header)
    for event, body in filled:
        if event.kind == kinds.DAY_END:
            found += row_of(event, scopes.get(event.stream, ""), body)
    kept.keep(connection, found)


def row_of(event: EventRow, scope: str, body: bytes | None) -> list[Row]:
    """The row of the day end that an event is; none where it says nothing here."""
    try:
        header = load_header(event.header)
    except ProtocolError:
        return []
    return _row(event[:3], scope, body, header) if body is not None else []


def _row(at: tuple[int, int, bytes], scope: str, body: bytes, header: Header) -> list[Row]:
    told = day_ends.read(body) if kinds.understood(header.kind, header.kind_version) else None
    critical = any(key < 0 for key in header.ext or ())
    if told is None or critical or header.case_id is not None or not scope.startswith("about:"):
        return []
    said: DayEnd = told["said"]
    numbers = said.came, said.done, said.left_over, said.posts, len(said.empty)
    return [(*at, parse_scope(scope)[1], said.day, said.department, *numbers, header.claimed, header.actor)]
