"""Records about no case, in ``about:`` of a place: where one stands, and what it says by the table of its kind."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from sync_protocol import encoding, errors
from sync_protocol.case.events import Position
from sync_protocol.case.fields import Table


class Record(NamedTuple):
    """One record as a reader sees it: where it stands, who wrote it, when by that place's clock, its body by name."""

    position: Position
    order: int
    scope: str
    place: str
    claimed_ms: int
    said: Mapping[str, Any]
    actor: str = ""


def age(record: Record) -> tuple[int, int, bytes, bytes]:
    """The order of records of one kind, the same at every node."""
    incarnation, seq, mark = record.position
    return record.order, seq, mark, incarnation


def decoded(raw: bytes) -> dict[Any, Any] | None:
    """A body as a map; None where it is none."""
    try:
        body = encoding.decode(raw)
    except errors.ProtocolError:
        return None
    return body if isinstance(body, dict) else None


def by_name(table: Table, body: Mapping[Any, Any]) -> dict[str, Any]:
    """A body that fits its table, by field name."""
    return {field.name: body[field.number] for field in table.fields if field.number in body}


def place_of(number: str) -> str:
    """The place that a number of the shape of a receipt number names, in capitals."""
    return number.rsplit("-", 4)[0].upper()
