"""The county's hand that publishes for everybody below it, and every node's that looks again at what that concerns."""

from collections.abc import Callable, Iterable
from typing import Final

from sync_protocol.case import kinds, powers
from sync_protocol.case.workdays import day_of
from sync_protocol.places import below
from sync_protocol.stream import Draft, append
from village_node.casebook import ledger
from village_node.casebook.desk import Desk
from village_node.casebook.ledger import Entry
from village_node.casebook.reading import Reading
from village_node.store import Connection, peers, refolding, rows
from village_node.store.accounts import AccountRows
from village_node.store.locks import CaseKey

_CLOCK_BITS: Final = 16
_SALT: Final = 16
CASES_AT_ONCE: Final = 500
_SECTION: Final = "business"  # whose work it is; others do it where nobody of the section is there


class Publishing(Desk, Reading):
    """What calendar and catalogue have in common."""

    def _is_publisher(self, roles: Iterable[str], kind: int) -> bool:
        """Whether somebody with these roles publishes this here: the business section, and where nobody of it is in use
        and not away, whoever else may. What such a person published before counts on: this is asked at writing alone,
        and every node takes what the county may say."""
        mine = frozenset(roles)
        if not powers.may(mine, self.identity.level, kind):
            return False
        today = day_of(self.clock()).isoformat()
        return _SECTION in mine or not AccountRows(self.store).staffed((_SECTION,), today)

    def _publish(self, connection: Connection, actor: str, kind: int, bodies: Iterable[bytes]) -> set[str]:
        """Write publications into our own stream, in their order; the scope they are in. The caller notes them in the
        audit trail, and marks the news last."""
        scope = below(self.identity.place)
        growth = self._locked_stream(connection, scope)
        now_ms = self.clock()
        first = max(now_ms << _CLOCK_BITS, growth.row.hlc + 1)
        row = kinds.BY_NUMBER[kind]
        apart = row.holding == "apart"
        for hlc, raw in enumerate(bodies, start=first):
            draft = Draft(kind, row.version, None, hlc, now_ms, actor, raw, apart)
            growth.events.append(
                append(growth.row.stream_id, growth.head, draft, self.randomness(_SALT) if apart else None)
            )
        ledger.write(self, connection, Entry(self.roster_in(connection), now_ms, {growth.row.key: growth}))
        return {scope}

    def _follow(
        self,
        name: str,
        version: Callable[[Connection], bytes],
        keys: Callable[[Connection, bytes], Iterable[CaseKey]],
        later: Callable[[Connection, bytes], Iterable[CaseKey]] = lambda _connection, _before: (),
    ) -> int:
        """Fold cases again where another version is in force than what is noted under this name; how many there were.

        ``keys``: which cases at once, ``later``: which others without haste (``fold_slice``), given the version noted
        before. Raises NotSaved.
        """
        if self.retired:
            return 0
        with self.store.reading() as connection:
            now, before = version(connection), peers.bytes_of(connection, name) or b""
            if before == now:
                return 0
            concerned = sorted(keys(connection, before))
            patient = sorted({*later(connection, before)}.difference(concerned))
        for some in rows.chunks(concerned, CASES_AT_ONCE):

            def act(connection: Connection, some: list[CaseKey] = some) -> tuple[None, set[str]]:
                self.store.exclusive(connection, some, [])
                entry = Entry(self.roster_in(connection), self.clock(), {}, refold=set(some))
                scopes = ledger.write(self, connection, entry).scopes
                self.mark_news(connection, scopes)
                return None, scopes

            self._act(act)

        def note(connection: Connection) -> tuple[None, set[str]]:
            refolding.ask(connection, patient)
            peers.remember_bytes(connection, name, now)
            return None, set()

        self._act(note)
        return len(concerned) + len(patient)
