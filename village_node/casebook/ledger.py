"""The one hand that writes: new events, the fold of every case they touch, rows, heads. Both doors come through here.

Theory of operation. A caller has locked the cases it names and the streams it grows. The new events are not in the
database yet: the earlier events of the touched cases are read in one query, each touched case is folded once over old
and new together, and the new events are inserted with their verdicts. Of the old ones only those whose verdict changed
are updated. So a frame costs one read, one insert an event, one row a case.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sync_protocol.case import Case, CaseEvent, Verdict, bodies, fold, kinds, legal_dates
from sync_protocol.case.workdays import Calendar, day_of
from sync_protocol.event import Event, Header, Position, load_header, mark
from sync_protocol.places import PlaceTree, parse_scope
from sync_protocol.roster import Node, Roster
from sync_protocol.stream import stream_id
from village_node.casebook import blame, calendars, case_rows, claimed, cutting, freezing, manifests, purged, takings
from village_node.casebook.closed_days import keep_day_ends
from village_node.casebook.growth import Growth
from village_node.casebook.office import Office
from village_node.store import Connection, cases, faults, fees, streams
from village_node.store.cases import CaseRow
from village_node.store.locks import CaseKey, StreamKey
from village_node.store.rows import Row
from village_node.store.streams import ERASED, HERE, MISSING, CaseEventRow, EventRow, StreamRow

_BODY_STATES: Final[tuple[Any, ...]] = ("here", "missing", "purged", "erased")
_NO_CASE: Final = (0, "")
_WAITS_FOR_AFTER: Final = ("waiting", "after")
_MONEY: Final = frozenset({kinds.FEE_NOTICE, kinds.FEE_SETTLED})
_BLAMING: Final = frozenset({
    kinds.RATING, kinds.CALL_BACK, kinds.RATING_APPEAL, kinds.RECTIFICATION,
    kinds.SUPERVISION_LETTER, kinds.SUPERVISION_ANSWER, kinds.SPOT_CHECK,
})  # fmt: skip
_SETTLING: Final = frozenset({kinds.DECIDE, kinds.FEE_SETTLED, kinds.ISSUE, kinds.DELIVERED})


@dataclass(slots=True)
class Filled:
    """A body that came for an event held without it."""

    event: EventRow
    salt: bytes
    body: bytes


@dataclass(slots=True)
class Entry:
    """What one transaction writes."""

    roster: Roster
    arrived_ms: int
    growths: Mapping[StreamKey, Growth]
    filled: list[Filled] = field(default_factory=list)
    refold: set[CaseKey] = field(default_factory=set)
    sides: list[Growth] = field(default_factory=list)
    looked_at: bool = False  # by the caller, who wants the folded cases back
    erased: set[bytes] = field(default_factory=set)  # chain hashes of new events whose bodies may not be here
    obeyed: bool = False  # whether an order to erase is obeyed with it, which other workers must hear of
    dropped_files: list[str] = field(default_factory=list)  # names of what is to be removed after the commit
    emptied: set[int] = field(default_factory=set)  # streams some of whose bodies have just been erased

    @property
    def grown(self) -> list[Growth]:
        """Every row that grows: of a forked stream there may be several."""
        return [*self.growths.values(), *self.sides]

    def touched(self) -> set[CaseKey]:
        """Every case to be locked and folded: those of new events, and those named to be folded again."""
        found = set(self.refold)
        for growth in self.grown:
            scope = growth.row.scope
            if scope.startswith("about:"):
                named = {event.header.case_id for event in growth.events}
                found.update([(scope, case_id) for case_id in named if case_id])
        return found


@dataclass(slots=True)
class Written:
    """What came of it: the scopes of the folded cases, the rows of streams as they stand now, and the cases, if asked
    for. A frame brings some thousand cases: kept to its end, they are what the garbage collector walks through."""

    scopes: set[str]
    streams: list[StreamRow]
    cases: dict[CaseKey, Case]


@dataclass(slots=True)
class _Aside:
    """What stands in tables beside the rows of cases: of which of them it is replaced, and by what."""

    paying: list[CaseKey] = field(default_factory=list)
    money: list[fees.FeeRow] = field(default_factory=list)
    blamed: list[CaseKey] = field(default_factory=list)
    against: list[faults.FaultRow] = field(default_factory=list)

    def take(self, key: CaseKey, case: Case, said: set[int], places: PlaceTree, calendar: Calendar) -> None:
        """Note what a folded case says; ``said``: the kinds of its events."""
        if not _MONEY.isdisjoint(said):
            self.paying.append(key)
            self.money += takings.rows_of(key, case)
        if not _BLAMING.isdisjoint(said):
            self.blamed.append(key)
            self.against += blame.rows_of(key, case, places, calendar)

    def put(self, connection: Connection) -> None:
        """Store it."""
        fees.put(connection, self.paying, self.money)
        faults.put(connection, self.blamed, self.against)


@dataclass(slots=True)
class Held:
    """An event of a touched case: what the fold takes, the row it is kept in (None while it is new), its chain hash.

    A ``stranger`` is an event of another case that one of this case claims to follow: evidence, and no part of it.
    """

    event: CaseEvent
    row: EventRow | None
    hash: bytes
    stranger: bool = False


def new_stream(office: Office, node: Node, scope: str) -> tuple[Any, ...]:
    """The row of a stream that has nothing yet, without its id."""
    identifier = stream_id(office.network_id, node.incarnation, scope, node.suite)
    own = node.incarnation == office.identity.incarnation
    return (node.incarnation, scope, node.suite, identifier, 0, identifier, 0, identifier, 0, own, 0, 0, b"", None)


def write(office: Office, connection: Connection, entry: Entry) -> Written:
    """Append, fold and store. The caller holds every case of ``entry.touched()`` and every stream of the growths."""
    touched = entry.touched()
    reader = _Reader(office, connection, entry)
    held = reader.events_of(touched)
    written = Written(set(), [], {})
    verdicts: dict[bytes, Verdict] = {}  # of new events, by their chain hashes
    changed: list[tuple[int, str, int, int, bytes]] = []
    rows: list[CaseRow] = []
    waits: list[tuple[bytes, str, int, str, bytes]] = []
    aside = _Aside()
    calendar, today = calendars.calendar_in(office, connection), day_of(entry.arrived_ms)
    office.items_in(connection)
    for key in sorted(touched):
        events = held.pop(key, [])
        own = [each for each in events if not each.stranger]
        if not own:
            cases.forget(connection, key)  # what was in it has been written again elsewhere
            faults.forget(connection, key)
            continue
        case = fold_held(office, entry.roster, key, events)
        if case.counts["waiting"] and office.heard_late(connection):
            case = fold_held(office, entry.roster, key, events)
        written.scopes.add(key[0])
        if entry.looked_at:
            written.cases[key] = case
        judged, said, states = [], set(), set()
        for each in own:
            event, old = each.event, each.row
            judged.append(event)
            said.add(event.kind)
            states.add(event.body_state)
            verdict = case.verdicts[event.position]
            if old is None:
                verdicts[each.hash] = verdict
            elif (cases.VERDICT_NUMBERS[verdict.code], verdict.reason) != old[12:14]:
                changed.append((cases.VERDICT_NUMBERS[verdict.code], verdict.reason, *old[:3]))
            if event.deps_missing or verdict.needs is not None:
                waits += _waits_of(key, event, verdict, reader)
        # When the grades of the case begin: what lists are sorted by, on each day anew.
        turned = legal_dates.turns_of(case, judged, entry.roster.places, office.catalogue, calendar, today)
        newest, places, catalogue = reader.newest_of(key, own), entry.roster.places, office.catalogue
        row = case_rows.folded(key, case, len(own), newest, turned, places, catalogue)
        before = cases.get(connection, key) if (gone := not purged.GONE.isdisjoint(states)) else None
        shown, settling = purged.case_kept(before, case), not _SETTLING.isdisjoint(said)
        row = case_rows.counted(row, shown, judged, places, catalogue, calendar, settling=settling, before=before)
        if gone:
            purged.recall_late(connection, key, (each.event.kind for each in own if each.row is None), entry.arrived_ms)
        else:
            aside.take(key, case, said, places, calendar)
        rows.append(_with_files(office, connection, entry, row, case))
    _store_events(connection, entry, verdicts)
    streams.set_verdicts(connection, changed)
    streams.add_seals(connection, [(growth.row.id, *seal) for growth in entry.grown for seal in growth.seals])
    claimed.put(office, connection, rows, entry.roster.places)
    aside.put(connection)
    cases.set_waits(connection, touched if reader.had_waits or waits else (), waits)
    written.streams = _move_streams(connection, entry)
    return written


def _waits_of(
    key: CaseKey, event: CaseEvent, verdict: Verdict, reader: "_Reader"
) -> Iterator[tuple[bytes, str, int, str, bytes]]:
    """The positions that an event waits for, with its case."""
    if event.deps_missing:
        yield from ((*dep, *key) for dep in event.deps if reader.is_missing(dep))
    if verdict.needs is not None and verdict[:2] == _WAITS_FOR_AFTER:
        yield (verdict.needs.incarnation, key[0], verdict.needs.seq, *key)


def held_events(
    office: Office, connection: Connection, roster: Roster, keys: set[CaseKey]
) -> dict[CaseKey, list[Held]]:
    """Every event held of these cases, as the fold takes them."""
    return _Reader(office, connection, Entry(roster, 0, {})).events_of(keys)


def fold_held(office: Office, roster: Roster, key: CaseKey, events: Sequence[Held]) -> Case:
    """The case that these events make."""
    judged = [each.event for each in events]
    home = parse_scope(key[0])[1]
    if purged.GONE.isdisjoint(event.body_state for event in judged):
        return fold(home, key[1], judged, roster.places, office.catalogue)
    void = purged.known_void([(each.event, each.row) for each in events])
    judged = [event for event in judged if event.position not in void]
    case = fold(home, key[1], judged, roster.places, office.catalogue)
    purged.keep_void(case, void)
    return case


class _Reader:
    """Turns what is held, and what is new, into what the fold takes."""

    def __init__(self, office: Office, connection: Connection, entry: Entry) -> None:
        self._office = office
        self._connection = connection
        self._entry = entry
        self._filled = {(each.event.stream, each.event.seq): each for each in entry.filled}
        self._heads: dict[StreamKey, int] = {key: growth.head.seq for key, growth in entry.growths.items()}
        for side in entry.sides:
            self._heads[side.row.key] = max(self._heads.get(side.row.key, 0), side.head.seq)
        self._newest: dict[CaseKey, int] = {}
        self.had_waits = False
        self._rows: dict[StreamKey, StreamRow | None] = {}

    def events_of(self, touched: set[CaseKey]) -> dict[CaseKey, list[Held]]:
        """Every event of the touched cases, old and new."""
        old = [
            row
            for row in streams.of_cases(self._connection, [case_id for _, case_id in touched])
            if (row.scope, row.event.case_id) in touched
        ]
        headers = [load_header(row.event.header) for row in old]
        self._read_heads(header for header in headers if header.deps)
        self._read_heads(event.header for growth in self._entry.grown for event in growth.events if event.header.deps)
        found: dict[CaseKey, list[Held]] = {key: [] for key in touched}
        for row, header in zip(old, headers, strict=True):
            self._add_old(found, row, header)
        for growth in self._entry.grown:
            if growth.row.scope.startswith("about:"):
                self._add_new(found, growth.row.incarnation, growth.row.scope, growth.events)
        for key, events in found.items():
            before: Position | None = None
            for each in events:
                if each.event.after is not None and each.event.after != before:
                    break
                before = each.event.position
            else:
                continue  # as a rule each follows the one before it
            here = [each.event.position for each in events]
            named = {each.event.after for each in events if each.event.after is not None}
            for after in named.difference(here):
                other = self._case_at(key[0], after)
                if other is not None and other != key[1]:
                    events.append(Held(_of_another_case(after, other), None, b"", stranger=True))
        splits = freezing.splits_in(self._connection, {scope for scope, _ in touched})
        if splits:
            self._freeze(found, splits)
        if self._entry.roster.has_revoked:
            own = {key: [each.event for each in events if not each.stranger] for key, events in found.items()}
            for event in cutting.cut_off(self._connection, self._entry.roster, self._entry.grown, own):
                event.entitled = False
        return found

    def _freeze(self, found: dict[CaseKey, list[Held]], splits: Mapping[StreamKey, int]) -> None:
        frozen = freezing.frozen(self._connection, self._entry.roster, self._entry.grown, splits, {
            key: [(each.event, each.row.stream if each.row else None) for each in events if not each.stranger]
            for key, events in found.items()
        })  # fmt: skip
        for each in (each for key in frozen for each in found[key] if each.event.position in frozen[key]):
            each.event.entitled = False

    def _case_at(self, scope: str, position: Position) -> bytes | None:
        """The case of the event held at a position of this scope, where it is that very event."""
        key = (position.incarnation, scope)
        growth = self._entry.growths.get(key)
        for new in self._new_at(key, position.seq):
            if mark(new.hash) == position.mark:
                return new.header.case_id
        if growth is None and key not in self._rows:
            self._rows[key] = streams.by_keys(self._connection, [key]).get(key)
        row = growth.row if growth is not None else self._rows[key]
        if row is None or (position.seq > row.head_seq and not row.alarm):
            return None
        held = streams.event_marked(self._connection, row, position.seq, position.mark)
        return held.case_id if held is not None else None

    def _new_at(self, key: StreamKey, seq: int) -> Iterator[Event]:
        """The event that stands there only since this transaction; one on each branch of a forked stream."""
        growth = self._entry.growths.get(key)
        for one in (growth, *(side for side in self._entry.sides if side.row.key == key)):
            if one is not None and 0 <= (place := seq - one.row.head_seq - 1) < len(one.events):
                yield one.events[place]

    def newest_of(self, key: CaseKey, own: Sequence[Held]) -> int:
        """When the newest event of a case came, in ms since 1970."""
        if None in [each.row for each in own]:
            return self._entry.arrived_ms
        return self._newest.get(key, self._entry.arrived_ms)

    def is_missing(self, dep: tuple[bytes, str, int]) -> bool:
        """Whether a position that an event relies on is not here."""
        return self._heads.get(dep[:2], 0) < dep[2]

    def _read_heads(self, headers: Iterable[Header]) -> None:
        wanted = {dep[:2] for header in headers for dep in header.deps} - self._heads.keys()
        if wanted:
            held = streams.by_keys(self._connection, wanted)
            self._heads.update((key, held[key].head_seq if key in held else 0) for key in wanted)
            # Of a forked stream the longest branch tells, whichever came first here.
            for side in streams.sides(self._connection, {key for key, row in held.items() if row.alarm}):
                self._heads[side.key] = max(self._heads[side.key], side.head_seq)

    def _add_old(self, found: dict[CaseKey, list[Held]], row: CaseEventRow, header: Header) -> None:
        event = row.event
        assert event.case_id is not None
        key = (row.scope, event.case_id)
        filled = self._filled.get((event.stream, event.seq))
        if filled is not None:
            event = event._replace(body=filled.body, body_state=HERE)
        body = header.inline if header.inline is not None else event.body
        case_event = self._case_event(self._author(row.incarnation), header, event.hash, body, event.body_state)
        self.had_waits = self.had_waits or event.verdict == cases.VERDICT_NUMBERS["waiting"]
        self._newest[key] = max(self._newest.get(key, 0), event.arrived_ms)
        found[key].append(Held(case_event, event, event.hash))

    def _add_new(self, found: dict[CaseKey, list[Held]], incarnation: bytes, scope: str, events: list[Event]) -> None:
        author = self._author(incarnation)
        for header, _, chain_hash, _, body in events:
            if header.case_id is None:
                continue
            if body is None:
                body = header.inline
            state = HERE if body is not None else ERASED if chain_hash in self._entry.erased else MISSING
            event = self._case_event(author, header, chain_hash, body, state)
            found[scope, header.case_id].append(Held(event, None, chain_hash))

    def _author(self, incarnation: bytes) -> Node:
        node = self._office.author(self._entry.roster, incarnation)
        # Admission took only events of known authors, and the roster forgets nobody.
        assert node is not None
        return node

    def _case_event(self, author: Node, header: Header, chain_hash: bytes, body: bytes | None, state: int) -> CaseEvent:
        return CaseEvent(
            Position(author.incarnation, header.seq, mark(chain_hash)),
            header.kind,
            header.kind_version,
            header.after,
            header.deps,
            author.place,
            author.order,
            not author.struck,
            header.hlc,
            header.claimed,
            header.actor,
            body,
            _BODY_STATES[state],
            any(field < 0 for field in header.ext) if header.ext else False,
            any(map(self.is_missing, header.deps)) if header.deps else False,
            kept=header.ext.get(bodies.KEPT_KEY) if header.ext else None,
            skew_ms=header.ext.get(bodies.SKEW_KEY) if header.ext else None,
        )


def _of_another_case(position: Position, case_id: bytes) -> CaseEvent:
    """All that the fold asks of a stranger: where it stands, and whose it is."""
    return CaseEvent(position, kinds.CREATE, 1, None, (), "", 0, True, 0, 0, "", None, case_id=case_id)


def _store_events(connection: Connection, entry: Entry, verdicts: Mapping[bytes, Verdict]) -> None:
    """Insert the new events, and the bodies that have come of those held without."""
    for growth in entry.grown:
        streams.add_events(connection, _event_rows(growth, verdicts, entry))
    streams.fill_bodies(connection, [(each.salt, each.body, *each.event[:3]) for each in entry.filled])
    keep_day_ends(connection, entry.grown, ((each.event, each.body) for each in entry.filled))


def _event_rows(growth: Growth, verdicts: Mapping[bytes, Verdict], entry: Entry) -> list[Row]:
    stream, numbers = growth.row.id, cases.VERDICT_NUMBERS
    found: list[Row] = []
    for header, raw, chain_hash, salt, body in growth.events:
        kind = header.kind
        verdict = verdicts.get(chain_hash)
        found.append(
            (
                stream,
                header.seq,
                chain_hash,
                kind,
                header.kind_version,
                header.case_id,
                kind in kinds.STAGE_NUMBERS,
                raw,
                salt,
                body,
                (ERASED if chain_hash in entry.erased else MISSING) if body is None and header.inline is None else HERE,
                entry.arrived_ms,
                *((numbers[verdict[0]], verdict[1]) if verdict else _NO_CASE),
            )
        )
    return found


def _with_files(office: Office, connection: Connection, entry: Entry, row: CaseRow, case: Case) -> CaseRow:
    """The row of a case as it is, once the files that its papers name are known."""
    if case.papers:
        manifests.note(office, connection, row[:2], case, entry.arrived_ms)
    return row


def _move_streams(connection: Connection, entry: Entry) -> list[StreamRow]:
    """Store the new heads and contiguous positions of every stream that grew or had a body filled in."""
    grown = {growth.row.id: growth for growth in entry.grown if growth.events}
    filled = {each.event.stream for each in entry.filled} | entry.emptied
    # Whether a body is missing must be asked only where one was, or has just come without its body.
    doubtful = filled | {
        stream
        for stream, growth in grown.items()
        if growth.row.body_seq < growth.row.head_seq
        or any(event.body is None and event.header.inline is None for event in growth.events)
    }
    missing = streams.first_missing(connection, doubtful)
    moved = []
    for growth in entry.grown:
        stream = growth.row.id
        if stream not in grown and stream not in filled:
            continue
        head = growth.head
        body_seq = missing[stream] - 1 if stream in missing else head.seq
        row = growth.row._replace(
            head_seq=head.seq,
            head_hash=head.hash,
            body_seq=body_seq,
            body_hash=_hash_at(connection, growth, body_seq),
            hlc=growth.events[-1].header.hlc if growth.events else growth.row.hlc,
        )
        moved.append((growth.row, row))
    streams.move(connection, moved)
    return [row for _, row in moved]


def _hash_at(connection: Connection, growth: Growth, seq: int) -> bytes:
    row, head = growth.row, growth.head
    if seq == head.seq:
        return head.hash
    if seq == 0:
        return row.stream_id
    if seq == row.body_seq:
        return row.body_hash
    return streams.hashes(connection, row.id, seq, seq)[seq]
