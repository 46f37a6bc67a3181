"""Obeying erasure orders in the transaction that brings an order, or what it names (PROTOCOL.md, section 4.3).

What an order names loses its body here at once; what comes after its order is stored without its body. So which came
first makes no difference.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sync_protocol.case import kinds
from sync_protocol.case.erasures import ErasureBody, read_erasure
from sync_protocol.event import Header, load_header, mark
from sync_protocol.places import parse_scope
from sync_protocol.roster import Roster
from village_node.casebook.growth import Growth
from village_node.casebook.ledger import Entry
from village_node.casebook.office import Office
from village_node.casebook.resuming import end_uploads
from village_node.casebook.shelving import drop_of_case
from village_node.store import Connection, blobs, erasures, parking, phone
from village_node.store.blobs import DROPPED
from village_node.store.erasures import ErasureRow
from village_node.store.locks import CaseKey, StreamKey


def named_by(roster: Roster, growth: Growth) -> list[ErasureRow]:
    """What the orders among the new events of a stream name: of a node of the root place, where it stands."""
    orders = [event.header for event in growth.events if event.header.kind == kinds.ERASURE]
    return _named(roster, *growth.row.key, orders) if orders else []


def named_by_held(connection: Connection, roster: Roster) -> list[ErasureRow]:
    """What the orders name that are held here and stand."""
    found = []
    for incarnation, scope, raw in erasures.orders(connection):
        found += _named(roster, incarnation, scope, [load_header(raw)])
    return found


def _named(roster: Roster, author: bytes, scope: str, orders: Iterable[Header]) -> list[ErasureRow]:
    found = []
    for header in orders:
        body = standing(roster, author, scope, header)
        for at in body.events if body else ():
            found.append(ErasureRow(at.incarnation, scope, at.seq, at.mark, author, header.seq))
    return found


def standing(roster: Roster, author: bytes, scope: str, header: Header) -> ErasureBody | None:
    """What an order says that is one: of a node of the root place, where it stands, and of its form; else None."""
    node = roster.node(author)
    if node is None or node.place != roster.county or parse_scope(scope)[0] != "about":
        return None
    if not node.stands(scope, header.seq) or header.inline is None or header.case_id is not None:
        return None
    sound = kinds.understood(header.kind, header.kind_version) and all(key >= 0 for key in header.ext)
    return read_erasure(header.inline) if sound else None


class Concerned(NamedTuple):
    """What orders among new events are about: cases to be folded again, streams to be locked."""

    cases: set[CaseKey]
    streams: set[StreamKey]


def concerned(connection: Connection, roster: Roster, grown: Iterable[Growth]) -> Concerned:
    """The cases and streams that the orders among new events are about."""
    found = Concerned(set(), set())
    for row in (row for growth in grown for row in named_by(roster, growth)):
        found.streams.add((row.incarnation, row.scope))
        held = erasures.held(connection, *row[:4])
        found.cases.update((row.scope, each.case_id) for each in held if each.case_id is not None)
    return found


def obey(office: Office, connection: Connection, entry: Entry) -> None:
    """Let what is written obey every order held, and what is held obey those that are written with it."""
    new = [row for growth in entry.grown for row in named_by(entry.roster, growth)]
    if new:
        erasures.keep(connection, new)
        office.passing.forget()
    if not new and not erasures.are_there(connection):
        return
    ordered = erasures.of_streams(connection, {growth.row.key for growth in entry.grown})
    for growth in entry.grown:
        incarnation, scope = growth.row.key
        for place, event in enumerate(growth.events):
            apart = event.header.commitment is not None
            if apart and (incarnation, scope, event.header.seq, mark(event.hash)) in ordered:
                growth.events[place] = event._replace(salt=None, body=None)
                entry.erased.add(event.hash)
    _erase_held(office, connection, entry, new)


def obey_held(office: Office, connection: Connection, entry: Entry, named: Sequence[ErasureRow]) -> None:
    """Let what is held obey orders that are held as well."""
    erasures.keep(connection, named)
    office.passing.forget()
    _erase_held(office, connection, entry, named)


def _erase_held(office: Office, connection: Connection, entry: Entry, named: Iterable[ErasureRow]) -> None:
    """Take away what is here of the events that orders name, in the transaction of the entry."""
    rows = list(named)
    gone = {held: row.scope for row in rows for held in erasures.held(connection, *row[:4])}
    touched = {(scope, held.case_id) for held, scope in gone.items() if held.case_id is not None}
    erasures.erase(connection, list(gone), touched)
    parking.forget_samples(connection, {row[:2] for row in rows})
    entry.obeyed = entry.obeyed or bool(rows)
    entry.emptied.update(held.stream for held in gone)
    for key in sorted(touched):
        files = [row for row in blobs.of_case(connection, key) if row.state != DROPPED]
        entry.dropped_files += drop_of_case(connection, key, files)
    entry.dropped_files += phone.end_of_cases(connection, touched, office.clock())
    end_uploads(office, touched)
    lost = {held[:3] for held in gone}
    entry.filled = [each for each in entry.filled if each.event[:3] not in lost]
