"""What a node keeps in mind of the complaints it holds, so that a look-up reads and opens the one that is asked for.

Of each record that is held it keeps what the record says to everybody: number, who hears it, what it passes on or
answers. What is sealed is read again from the database for one complaint at a time, and kept nowhere.
"""

from typing import Any, Final, NamedTuple

from sync_protocol.case import complaints as rules
from sync_protocol.case import kinds
from sync_protocol.case.beside import Record
from sync_protocol.case.complaints import Complaint
from sync_protocol.errors import ProtocolError
from sync_protocol.event import Position, load_header, mark
from village_node.casebook.office import Office
from village_node.store import Connection, streams
from village_node.store.streams import EventRow, Mark

_SEALED: Final = ("sealed", "own")


class _Open(NamedTuple):
    """What a record says to everybody."""

    claimed_ms: int
    said: dict[str, Any]
    actor: str


class ComplaintIndex:
    """What is known of the records of each kind, by the events that are held. A body that comes later is another
    event to it, so nothing is known too early."""

    def __init__(self) -> None:
        self._known: dict[int, dict[Mark, _Open | None]] = {}

    def records(self, office: Office, connection: Connection, kind: int) -> list[Record]:
        """Every record of a kind that can be read here, without what is sealed, in no order."""
        held = streams.marks_of_no_case(connection, kind)
        before = self._known.get(kind, {})
        known = {each: before[each] if each in before else _open(kind, connection, each) for each in held}
        self._known[kind] = known
        roster, found = office.roster_in(connection), []
        for each, told in known.items():
            author = office.entitled(connection, roster, each.incarnation, each.scope, each.seq)
            if author is None or told is None:
                continue  # of a later version, or it does not fit its form: stored, and says nothing here
            position = Position(each.incarnation, each.seq, mark(each.hash))
            found.append(
                Record(position, author.order, each.scope, author.place, told.claimed_ms, told.said, told.actor)
            )
        return found


def _open(kind: int, connection: Connection, each: Mark) -> _Open | None:
    event = streams.event_at(connection, each.stream, each.seq)
    told = _read(kind, event) if event is not None else None
    if told is None:
        return None
    return told._replace(said={name: value for name, value in told.said.items() if name not in _SEALED})


def _read(kind: int, event: EventRow) -> _Open | None:
    """What an event says as a record; None where it does not fit, or its body is not here."""
    try:
        header = load_header(event.header)
    except ProtocolError:
        return None
    sound = kinds.understood(header.kind, header.kind_version) and not any(key < 0 for key in header.ext or ())
    raw = header.inline if header.inline is not None else event.body
    said = rules.read(kind, raw) if sound and raw is not None else None
    return None if said is None else _Open(header.claimed, said, header.actor)


def whole(connection: Connection, each: Complaint) -> Complaint:
    """A complaint with what is sealed in it and in its answer."""
    answer = _whole(connection, kinds.COMPLAINT_ANSWER, each.answer) if each.answer is not None else None
    return each._replace(record=_whole(connection, kinds.COMPLAINT, each.record), answer=answer)


def _whole(connection: Connection, kind: int, record: Record) -> Record:
    (row,) = streams.by_keys(connection, [(record.position.incarnation, record.scope)]).values()
    event = streams.event_marked(connection, row, record.position.seq, record.position.mark)
    told = _read(kind, event) if event is not None else None
    assert told is not None, "it was listed by this very transaction"
    return record._replace(said=told.said)
