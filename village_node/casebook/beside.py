"""The part of the casebook that writes and reads records about no case: complaints, slips, consultations."""

from collections.abc import Callable, Iterable
from typing import Any, Final

from sync_protocol import limits
from sync_protocol.case import kinds, powers
from sync_protocol.case.beside import Record
from sync_protocol.errors import ProtocolError
from sync_protocol.event import Position, load_header, mark
from sync_protocol.stream import Draft, append
from village_node.casebook import ledger
from village_node.casebook.desk import Desk
from village_node.casebook.errors import NotAllowed
from village_node.casebook.growth import Growth
from village_node.store import Connection, streams
from village_node.store.streams import CaseEventRow

_CLOCK_BITS: Final = 16


class Beside(Desk):
    """Records about no case, at every node."""

    def records(
        self, connection: Connection, kind: int, read: Callable[[bytes], dict[str, Any] | None], scope: str = ""
    ) -> list[Record]:
        """Every record of a kind that can be read here, in one scope or in any, in no order. ``read`` gives a body by
        field name, or None."""
        return self.as_records(connection, streams.of_no_case(connection, kind, scope), read)

    def as_records(
        self, connection: Connection, held: Iterable[CaseEventRow], read: Callable[[bytes], dict[str, Any] | None]
    ) -> list[Record]:
        """These events as the records that they are; those that say nothing here are left out."""
        roster, found = self.roster_in(connection), []
        for row in held:
            author = self.entitled(connection, roster, row.incarnation, row.scope, row.event.seq)
            try:
                header = load_header(row.event.header)
            except ProtocolError:
                continue
            sound = kinds.understood(header.kind, header.kind_version) and not any(key < 0 for key in header.ext or ())
            raw = header.inline if header.inline is not None else row.event.body
            said = read(raw) if sound and raw is not None else None
            if author is None or said is None or header.case_id is not None:
                continue  # struck, cut off, of a case, of a later version, or not of its form: it says nothing here
            position = Position(row.incarnation, header.seq, mark(row.event.hash))
            found.append(Record(position, author.order, row.scope, author.place, header.claimed, said, header.actor))
        return found

    def write_record(self, connection: Connection, scope: str, kind: int, actor: str, raw: bytes) -> None:
        """Write one record into our own stream of a scope."""
        growth: Growth = self._locked_stream(connection, scope)
        now_ms = self.clock()
        hlc = max(now_ms << _CLOCK_BITS, growth.row.hlc + 1)
        known = kinds.BY_NUMBER[kind]
        apart = known.holding == "apart"
        draft = Draft(kind, known.version, None, hlc, now_ms, actor, raw, apart=apart)
        salt = self.randomness(limits.SALT) if apart else None
        growth.events.append(append(growth.row.stream_id, growth.head, draft, salt))
        ledger.write(self, connection, ledger.Entry(self.roster_in(connection), now_ms, {growth.row.key: growth}))
        self.mark_news(connection, {scope})

    def refuse_unless(self, roles: Iterable[str], kind: int) -> None:
        """Raises NotAllowed unless somebody with these roles may author records of a kind here."""
        if not powers.may(frozenset(roles), self.identity.level, kind):
            raise NotAllowed("您的岗位没有此项权限", "your role at this place may not do this")
