"""Up to when it is known here what a place below has done: by its exchanges with us, and by what it has written."""

from typing import Final

from sync_protocol.case import kinds
from sync_protocol.roster import Roster
from village_node.casebook.ledger import held_events
from village_node.casebook.office import Office
from village_node.store import Connection, peers, streams
from village_node.store.locks import CaseKey
from village_node.store.streams import EventRow

_CLOCK_BITS: Final = 16


def heard_below_ms(office: Office, connection: Connection, roster: Roster, key: CaseKey, place: str) -> int:
    """Up to when it is known here what a place below has done with a case, in ms by our clock.

    That is its last exchange with us; of a place that exchanges with another one between, the newest that it wrote into
    this scope, before which nothing of its stream is missing here; and at least the newest step of the case itself.
    """
    exchanged = [
        row.last_contact_ms or 0 for row in peers.peers(connection) if row.direction == "down" and row.place == place
    ]
    written = [
        _written_ms(row.hlc, streams.event_at(connection, row.id, row.head_seq))
        for row in streams.in_scopes(connection, [key[0]])
        for author in [office.author(roster, row.incarnation)]
        if author is not None and author.place == place
    ]
    steps = [
        _written_ms(each.event.hlc, each.row)
        for each in held_events(office, connection, roster, {key})[key]
        if each.event.kind in kinds.STAGE_KINDS
    ]
    return max((*exchanged, *written, *steps), default=0)


def _written_ms(hlc: int, event: EventRow | None) -> int:
    """The label of what was written: never beyond its arrival, so that a clock that runs ahead says no more."""
    return min(hlc >> _CLOCK_BITS, event.arrived_ms) if event is not None else 0
