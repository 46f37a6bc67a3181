"""Which events of a case a proven fork has frozen, by the branches held and the rulings written about it."""

from collections.abc import Iterable, Mapping, Sequence, Set

from sync_protocol.case import CaseEvent, Position, kinds
from sync_protocol.case import forks as rules
from sync_protocol.case.forks import Arms, Ruling
from sync_protocol.event import Header, load_header, mark
from sync_protocol.roster import Roster
from village_node.casebook import branches, cutting
from village_node.casebook.branches import Forked
from village_node.casebook.growth import Growth
from village_node.store import Connection, forks, streams
from village_node.store.forks import ForkRow
from village_node.store.locks import CaseKey, StreamKey

Events = Sequence[tuple[CaseEvent, int | None]]  # with the row of streams each is kept in, None while it is new


def splits_in(connection: Connection, scopes: Set[str]) -> dict[StreamKey, int]:
    """Where each forked stream of these scopes first splits: as a rule there is none, and nothing more is asked."""
    return {row.key: row.split for row in reversed(forks.read(connection)) if row.scope in scopes} if scopes else {}


def frozen(
    connection: Connection,
    roster: Roster,
    grown: Sequence[Growth],
    splits: Mapping[StreamKey, int],
    cases: Mapping[CaseKey, Events],
) -> dict[CaseKey, set[Position]]:
    """The frozen events of these cases, where their scopes have these splits."""
    growing = {growth.row.id: growth for growth in grown}
    mains = {key: growing.get(row.id) or Growth(row) for key, row in streams.by_keys(connection, splits).items()}
    known = branches.read(connection, mains, grown)
    found: dict[CaseKey, set[Position]] = {}
    rulings: dict[str, list[Ruling]] = {}
    for key, events in cases.items():
        arms = _arms(connection, known, key[0], events)
        if arms:
            if key[0] not in rulings:
                rulings[key[0]] = rulings_of(connection, roster, grown, key[0], splits)
            own = [event for event, _ in events]
            shattered = {forked for (forked, scope), each in known.items() if scope == key[0] and each.is_shattered}
            found[key] = rules.frozen(key[1], own, arms, rulings[key[0]], roster.places, shattered)
    return found


def concerned(connection: Connection, roster: Roster, grown: Iterable[Growth], new: Sequence[ForkRow]) -> set[CaseKey]:
    """The cases to be folded again: those with events behind a split just proven, or just ruled on; of a revoked author
    all, since what lies before the split stands again where the stream was another one than the cut has named."""
    proven = [*new, *forks.read(connection)]
    if not proven:
        return set()
    keys = {row.key for row in proven}
    # A ruling may stand behind a split just proven, and then counts no more: whatever it was about is folded again too.
    scopes = {row.scope for row in new}
    again = {(row.key, row.split) for row in proven if row.scope in scopes}
    again |= {(row.key, 1) for row in new if (node := roster.node(row.incarnation)) is not None and not node.serves}
    for growth in grown:
        for event in growth.events:
            if event.header.kind == kinds.FORK_RULING and event.header.inline is not None:
                body = rules.read_ruling(event.header.inline)
                if body is not None and (body.incarnation, growth.row.scope) in keys:
                    again.add(((body.incarnation, growth.row.scope), body.split))
    return {case for key, split in again for case in behind(connection, key, split)}


def ruled_by(connection: Connection, authors: Set[bytes]) -> set[CaseKey]:
    """The cases with events behind the splits that these authors have ruled on: their rulings may count no more, or
    again."""
    found: set[CaseKey] = set()
    for scope in {row.scope for row in forks.read(connection)}:
        for incarnation, _, _, raw in forks.rulings(connection, scope, kinds.FORK_RULING):
            inline = load_header(raw).inline if incarnation in authors else None
            body = rules.read_ruling(inline) if inline is not None else None
            if body is not None:
                found |= behind(connection, (body.incarnation, scope), body.split)
    return found


def behind(connection: Connection, key: StreamKey, split: int) -> set[CaseKey]:
    """The cases with events behind a split, on whatever branch."""
    if not key[1].startswith("about:"):
        return set()
    rows = [*streams.by_keys(connection, [key]).values(), *streams.sides(connection, [key])]
    return {(key[1], case_id) for row in rows for case_id in forks.cases_from(connection, row.id, split)}


def _arms(
    connection: Connection, known: Mapping[StreamKey, Forked], scope: str, events: Events
) -> dict[Position, Arms]:
    """The proven arms that each event of a forked stream lies on; nothing for one before every split."""
    found: dict[Position, Arms] = {}
    paths: dict[int, Arms] = {}
    for event, row in events:
        position = event.position
        forked = known.get((position.incarnation, scope))
        if forked is None:
            continue
        line = next(line for line in forked.lines if line.row.id == row or (row is None and _grows(line, position)))
        if line.row.id not in paths:
            paths[line.row.id] = forked.path(connection, line)
        arms = tuple(arm for arm in paths[line.row.id] if arm[0] <= position.seq)
        if arms:
            found[position] = arms
    return found


def _grows(line: Growth, position: Position) -> bool:
    place = position.seq - line.row.head_seq - 1
    return 0 <= place < len(line.events) and mark(line.events[place].hash) == position.mark


def rulings_of(
    connection: Connection, roster: Roster, grown: Iterable[Growth], scope: str, splits: Mapping[StreamKey, int]
) -> list[Ruling]:
    """The rulings of a scope, those behind a split left out: a frozen author rules nothing."""
    growing = list(grown)
    held: list[tuple[bytes, int, bytes, Header]] = [
        (incarnation, seq, chain_hash, load_header(raw))
        for incarnation, seq, chain_hash, raw in forks.rulings(connection, scope, kinds.FORK_RULING)
    ]
    held += [
        (growth.row.incarnation, event.header.seq, event.hash, event.header)
        for growth in growing
        if growth.row.scope == scope
        for event in growth.events
        if event.header.kind == kinds.FORK_RULING
    ]
    found = []
    for incarnation, seq, chain_hash, header in held:
        node = roster.node(incarnation)
        split = splits.get((incarnation, scope))
        if node is None or not node.stands(scope, seq) or header.inline is None or (split is not None and seq >= split):
            continue
        if node.revoked is not None and seq > cutting.end_of(connection, roster, growing, (incarnation, scope)):
            continue
        if not kinds.understood(header.kind, header.kind_version) or any(key < 0 for key in header.ext):
            continue
        body = rules.read_ruling(header.inline)
        if body is not None:
            found.append(Ruling(Position(incarnation, seq, mark(chain_hash)), node.place, node.order, body))
    return found
