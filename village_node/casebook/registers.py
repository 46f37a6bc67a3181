"""The registers of places as far as they are held here: delegations and absences, seals, and declared kin."""

from collections.abc import Iterable
from typing import Final

from sync_protocol.case import delegations, kinds, kinship, registers, seals
from sync_protocol.case.delegations import Register
from sync_protocol.case.kinship import Kin
from sync_protocol.case.registers import Entry
from sync_protocol.case.seals import Seal
from sync_protocol.case.workdays import day_of
from sync_protocol.errors import ProtocolError
from sync_protocol.event import Position, load_header, mark
from sync_protocol.places import about, below
from village_node.casebook.office import Office
from village_node.store import Connection, streams

# Where delegations need the consent of the centre, which is a county's.
BY_TWO: Final = "county"


def scope_of(kind: int, place: str) -> str:
    """Where a place's register of this kind stands: what names residents, or cases, reaches nobody but those above."""
    return about(place) if kind in (kinds.KIN, kinds.SAMPLE) else below(place)


def entries(office: Office, connection: Connection, kind: int, place: str) -> list[Entry]:
    """Every entry of a place's register that can be read here, in no order."""
    roster, found = office.roster_in(connection), []
    for row in streams.beside_cases(connection, scope_of(kind, place), kind):
        author = office.entitled(connection, roster, row.incarnation, row.scope, row.event.seq)
        try:
            header = load_header(row.event.header)
        except ProtocolError:
            continue
        sound = kinds.understood(header.kind, header.kind_version) and not any(key < 0 for key in header.ext or ())
        raw = header.inline if header.inline is not None else row.event.body
        said = registers.from_bytes(kind, raw) if sound and raw is not None else None
        if author is None or author.place != place or header.case_id is not None or said is None:
            continue  # of a later version, or it does not fit its form: stored, and says nothing here
        position = Position(row.incarnation, header.seq, mark(row.event.hash))
        found.append(Entry(position, author.order, header.claimed, header.actor, said))
    return found


def register_in(office: Office, connection: Connection, place: str) -> Register:
    """Who may act in whose name at a place."""
    roster = office.roster_in(connection)
    by_two = place in roster.places and roster.places.level(place) == BY_TWO
    return delegations.register_of(entries(office, connection, kinds.AUTHORITY, place), by_two=by_two)


def seals_in(office: Office, connection: Connection, place: str) -> list[Seal]:
    """The seals of a place."""
    return seals.seals_of(entries(office, connection, kinds.SEAL, place))


def kin_now(office: Office, connection: Connection, places: Iterable[str]) -> list[Kin]:
    """Whose kin is declared at these places and stands today."""
    today = day_of(office.clock())
    return [kin for kin in kin_in(office, connection, places) if kin.stands(today)]


def kin_in(office: Office, connection: Connection, places: Iterable[str]) -> list[Kin]:
    """Whose kin is declared at these places, whatever the term."""
    return [kin for place in places for kin in kinship.kin_of(place, entries(office, connection, kinds.KIN, place))]
