"""The part of the casebook that says upward how far the audit trail reaches and what its last line bears.

Who computes the whole trail anew on this machine has not changed what a place above holds.
"""

from typing import Final, NamedTuple

from sync_protocol.case import accounts, kinds
from sync_protocol.case.beside import Record, age
from sync_protocol.case.workdays import day_of
from sync_protocol.places import about
from village_node.casebook.beside import Beside
from village_node.casebook.reading import Reading
from village_node.store import Connection, audit, streams
from village_node.store.audit import Mark

_NOBODY: Final = ""


class AuditHead(NamedTuple):
    """What a place has said last of its audit trail: how many lines, the hash of the last, when by its clock.
    ``went_back``: the same life of it had said of more lines before, or of as many with another hash."""

    lines: int
    hash: bytes
    at_ms: int
    went_back: bool


class AuditHeads(Beside, Reading):
    """What we say of our trail, and what places below have said of theirs."""

    def say_audit_head(self, *, at_once: bool = False) -> bool:
        """Say how far our audit trail reaches, where that has changed, once a day or ``at_once``; whether it was said.
        Raises NotSaved, NotAllowed where what we write would count nowhere."""
        with self.store.reading() as connection:
            if not self._is_to_be_said(connection, at_once=at_once):
                return False

        def act(connection: Connection) -> tuple[bool, set[str]]:
            scope = about(self.identity.place)
            self._locked_stream(connection, scope)
            head = audit.head(connection)
            if head is None or not self._is_to_be_said(connection, at_once=at_once):
                return False, set()
            raw = accounts.to_bytes(kinds.AUDIT_HEAD, {"lines": head.n, "hash": head.hash})
            self.write_record(connection, scope, kinds.AUDIT_HEAD, _NOBODY, raw)
            return True, {scope}

        return self._act(act)

    def signed_audit_head(self) -> Mark | None:
        """What this life of ours has said last. Of a life before nothing is asked: the database may be an older one."""
        with self.store.reading() as connection:
            said = self._said_last(connection)
        return Mark(said.said["lines"], said.said["hash"]) if said is not None else None

    def audit_head_of(self, place: str) -> AuditHead | None:
        """What a place below has said last of its trail."""
        return self.remembered("audit heads", self._heads).get(place)

    def _is_to_be_said(self, connection: Connection, *, at_once: bool) -> bool:
        last, head = self._said_last(connection), audit.head(connection)
        if head is None or (last is not None and (last.said["lines"], last.said["hash"]) == head):
            return False
        return at_once or last is None or day_of(last.claimed_ms) != day_of(self.clock())

    def _said_last(self, connection: Connection) -> Record | None:
        scope, me = about(self.identity.place), self.identity.incarnation
        row = streams.by_keys(connection, [(me, scope)]).get((me, scope))
        found = streams.newest_of_kind(connection, [row.id], kinds.AUDIT_HEAD, 1) if row is not None else []
        return max(self.as_records(connection, found, _read), key=age, default=None)

    def _heads(self, connection: Connection) -> dict[str, AuditHead]:
        roster, here = self.roster_in(connection), self.identity.place
        below = roster.places.below_or_self(here) if here in roster.places else ()
        rows = streams.in_scopes(connection, [about(place) for place in below])
        authors = {row.id: self.author(roster, row.incarnation) for row in rows}
        own = [row.id for row in rows if (node := authors[row.id]) is not None and about(node.place) == row.scope]
        found: dict[str, list[Record]] = {}
        for record in self.as_records(connection, streams.of_kind(connection, own, kinds.AUDIT_HEAD), _read):
            found.setdefault(record.place, []).append(record)
        return {place: _newest(sorted(records, key=age)) for place, records in found.items()}


def _newest(records: list[Record]) -> AuditHead:
    """The last of these, compared with all that the same life has said: whoever goes on writing behind a cut does not
    make it undone."""
    last = records[-1]
    highest, hashes, went_back = 0, dict[int, bytes](), False
    for each in records:
        if each.position[0] == last.position[0]:
            lines, end = each.said["lines"], each.said["hash"]
            went_back |= lines < highest or hashes.setdefault(lines, end) != end
            highest = max(highest, lines)
    return AuditHead(last.said["lines"], last.said["hash"], last.claimed_ms, went_back)


def _read(raw: bytes) -> dict[str, object] | None:
    return accounts.read(kinds.AUDIT_HEAD, raw)
