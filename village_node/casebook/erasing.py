"""The part of the casebook with which the root place orders bodies to be erased (PROTOCOL.md, section 4.3)."""

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from sync_protocol import encoding
from sync_protocol.case import kinds
from sync_protocol.case.bodies import plain
from sync_protocol.case.erasures import APPROVER_MAX, MOST_EVENTS, ErasureBody, erasure_bytes, read_erasure
from sync_protocol.case.events import Position
from sync_protocol.event import load_header, mark
from sync_protocol.roster import Roster
from sync_protocol.stream import Draft, append
from village_node.casebook import erased, ledger
from village_node.casebook.errors import BadBody, NotAllowed, NotFound
from village_node.casebook.growth import Growth
from village_node.casebook.ledger import Entry
from village_node.casebook.office import PURGED
from village_node.casebook.purging import Purging
from village_node.store import Connection, cases, erasures, purges, streams
from village_node.store.erasures import ErasureRow
from village_node.store.locks import CaseKey, StreamKey
from village_node.store.streams import ERASED, CaseEventRow, EventRow

_CLOCK_BITS: Final = 16
_YEAR_MS: Final = 31_556_952_000
_KEEP_YEARS: Final = 2  # fields of `archive`
_PERMANENT: Final = 4
_FOR_GOOD_MS: Final = 1 << 62


Act = Callable[[Connection], tuple[tuple[int, list[str]], set[str]]]


class Ordered(NamedTuple):
    """What two people order to be erased, and on what basis."""

    actor: str
    approver: str
    basis: str
    named: list[Position]


class Erasing(Purging):
    """What the root place may order to be erased, and the order."""

    def erase(self, actor: str, approver: str, key: CaseKey, basis: str) -> int:
        """Order the bodies of a closed case to be erased everywhere; how many there were. Two people of this place
        answer for it: that they are who they say, and may, the caller has seen to.

        Raises NotFound, NotAllowed (not the root; the case is open, kept for a term, or not done without), BadBody,
        NotSaved.
        """

        def act(connection: Connection) -> tuple[tuple[int, list[str]], set[str]]:
            roster, now_ms = self.roster_in(connection), self.clock()
            others = {(each.incarnation, key[0]) for each in _events(connection, key)}
            growth = self._locked_stream(connection, key[0], [key], others)
            named = self._erasable(connection, roster, key, now_ms)
            entry = self._write_order(connection, Ordered(actor, approver, basis, named), growth, others, {key})
            row = cases.get(connection, key)
            subject = (row.case_no if row else None) or key[1].hex()
            self.note(connection, actor, "case.erase", subject, approver=approver, basis=basis, bodies=len(named))
            return (len(named), entry.dropped_files), self._news_of_order(connection, key[0])

        return self._by_two(actor, approver, act)

    def _by_two(self, actor: str, approver: str, act: Act) -> int:
        """Do what two people order, and see that nothing of it is left on the disk; how many bodies went."""
        if actor == approver:
            raise NotAllowed("须由两人经办：申请人不能自己批准", "two people are needed: who asks cannot approve it")
        if self.roster.county != self.identity.place:
            raise NotAllowed("只有县级能下达删除令", "only the root place orders an erasure")
        bodies, files = self._act(act)
        self.forget_files(files)
        self.store.scrub()
        return bodies

    def _write_order(
        self, connection: Connection, ordered: Ordered, growth: Growth, others: set[StreamKey], refold: set[CaseKey]
    ) -> Entry:
        """Write the orders into our stream of the scope, and obey them in the same transaction. ``others``: the streams
        of what is named, locked as ours is. Raises BadBody."""
        roster, now_ms = self.roster_in(connection), self.clock()
        for at in range(0, len(ordered.named), MOST_EVENTS):
            raw = erasure_bytes(
                ErasureBody(tuple(ordered.named[at : at + MOST_EVENTS]), ordered.basis, ordered.approver)
            )
            if not plain(ordered.approver, 1, APPROVER_MAX):
                raise BadBody("approver", "批准人工号须为 1 至 32 字", "the approver's number: 1 to 32 characters")
            if read_erasure(raw) is None:
                raise BadBody("basis", "删除依据须为 1 至 120 字", "the basis must be 1 to 120 characters")
            last = growth.events[-1].header.hlc if growth.events else growth.row.hlc
            hlc = max(now_ms << _CLOCK_BITS, last + 1)
            draft = Draft(kinds.ERASURE, 1, None, hlc, now_ms, ordered.actor, raw, apart=False)
            growth.events.append(append(growth.row.stream_id, growth.head, draft, None))
        growths = {row.key: Growth(row) for row in streams.by_keys(connection, others).values()}
        entry = Entry(roster, now_ms, {**growths, growth.row.key: growth}, refold=refold)
        entry.sides = [Growth(row) for row in streams.sides(connection, others)]
        erased.obey(self, connection, entry)
        ledger.write(self, connection, entry)
        return entry

    def _news_of_order(self, connection: Connection, scope: str) -> set[str]:
        scopes = {scope, PURGED}
        self.mark_news(connection, scopes)
        return scopes

    def obey_orders(self) -> int:
        """Obey every order held that stands, where something it names has its body still: orders that a later change of
        the roster lets stand, and those that another worker took at the same moment as what they name. How many bodies
        went. Raises NotSaved."""
        with self.store.reading() as connection:
            if not erasures.orders(connection) or not self._unobeyed(connection):
                return 0

        def act(connection: Connection) -> tuple[tuple[int, list[str]], set[str]]:
            named = self._unobeyed(connection)
            keys = {row[:2] for row in named}
            cases_of = {(row.scope, case) for row in named for case in _cases_of(connection, row)}
            self.store.exclusive(connection, sorted(cases_of), sorted(keys))
            growths = {row.key: Growth(row) for row in streams.by_keys(connection, keys).values()}
            sides = [Growth(row) for row in streams.sides(connection, keys)]
            entry = Entry(self.roster_in(connection), self.clock(), growths, refold=cases_of, sides=sides)
            erased.obey_held(self, connection, entry, named)
            ledger.write(self, connection, entry)
            scopes = {PURGED, *(row.scope for row in named)}
            self.note(connection, "node", "case.erase", "orders", bodies=len(named))
            self.mark_news(connection, scopes)
            return (len(named), entry.dropped_files), scopes

        bodies, files = self._act(act)
        self.forget_files(files)
        return bodies

    def _unobeyed(self, connection: Connection) -> list[ErasureRow]:
        named = erased.named_by_held(connection, self.roster_in(connection))
        return [row for row in named if erasures.held(connection, *row[:4])]

    def erased_bodies(self, scope: str, case_id: bytes) -> int:
        """How many bodies of a case are erased."""
        with self.store.reading() as connection:
            return erasures.of_case(connection, (scope, case_id))

    def _erasable(self, connection: Connection, roster: Roster, key: CaseKey, now_ms: int) -> list[Position]:
        """The events of a case whose bodies may go. Raises NotFound, NotAllowed that says what stands against it."""
        held = _events(connection, key)
        row = cases.get(connection, key)
        if row is None or not held:
            raise NotFound("本机没有这一案件", "no such case is held here")
        if key not in purges.closed(connection):
            raise NotAllowed(
                "案件尚未办结，或仍有未了事项（补正、复核、整改、督办等），不能删除",
                "the case is not closed, or something in it is still open: it cannot be erased",
            )
        until_ms = _kept_until(held)
        if until_ms > now_ms:
            raise NotAllowed(
                "案卷保管期限未满，不能删除",
                "the volume is to be kept for a term that is not over: it cannot be erased",
            )
        apart = [each for each in held if _is_apart(each.event) and each.event.body_state != ERASED]
        gone = {each.event[:2] for each in apart}
        if not apart:
            raise NotAllowed("本案正文都已删除", "every body of this case is erased already")
        if not self._is_done_without(connection, roster, key, gone):
            raise NotAllowed(
                "本案中有的记录要靠正文才能认定，不能删除",
                "some record of this case is judged by its body: it cannot be erased",
            )
        return [Position(each.incarnation, each.event.seq, mark(each.event.hash)) for each in apart]


def _cases_of(connection: Connection, named: ErasureRow) -> list[bytes]:
    held = erasures.held(connection, *named[:4])
    return [each.case_id for each in held if each.case_id is not None]


def _events(connection: Connection, key: CaseKey) -> list[CaseEventRow]:
    return [row for row in streams.of_cases(connection, [key[1]]) if row.scope == key[0]]


def _is_apart(event: EventRow) -> bool:
    return load_header(event.header).commitment is not None


def _kept_until(held: Iterable[CaseEventRow]) -> int:
    """Until when a volume of this case is to be kept, in ms since 1970; 0 where it is in none with a term."""
    ends = [0]
    for each in held:
        header = load_header(each.event.header)
        if header.kind == kinds.ARCHIVE and header.inline is not None:
            said = encoding.decode(header.inline)
            if not isinstance(said, dict):
                continue
            if said.get(_PERMANENT) is True:
                return _FOR_GOOD_MS
            years = said.get(_KEEP_YEARS)
            ends.append(each.event.arrived_ms + years * _YEAR_MS if isinstance(years, int) else 0)
    return max(ends)
