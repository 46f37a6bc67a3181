"""What a revocation has cut off: events of cases behind the position up to which a revoked node's stream stands."""

from collections.abc import Iterable, Mapping, Sequence

from sync_protocol.case import CaseEvent
from sync_protocol.roster import Roster
from village_node.casebook.growth import Growth
from village_node.store import Connection, forks, streams
from village_node.store.locks import CaseKey, StreamKey


def cut_off(
    connection: Connection, roster: Roster, grown: Iterable[Growth], cases: Mapping[CaseKey, Sequence[CaseEvent]]
) -> list[CaseEvent]:
    """Those of these events that lie behind a cut. Asks nothing where nobody among their authors is revoked."""
    behind = []
    ends: dict[StreamKey, int] = {}
    growing = list(grown)
    for (scope, _), events in cases.items():
        for event in events:
            node = roster.node(event.position.incarnation)
            if node is None or node.revoked is None:
                continue
            key = (node.incarnation, scope)
            if key not in ends:
                ends[key] = end_of(connection, roster, growing, key)
            if event.position.seq > ends[key]:
                behind.append(event)
    return behind


def concerned(connection: Connection, roster: Roster, grown: Sequence[Growth]) -> set[CaseKey]:
    """The cases to be folded again since a stream has just come to its cut, and it is another one than was named."""
    found: set[CaseKey] = set()
    for growth in grown:
        row, node = growth.row, roster.node(growth.row.incarnation)
        cut = node.revoked.at(row.scope) if node is not None and node.revoked is not None else None
        arrives = cut is not None and row.head_seq < cut.seq <= growth.head.seq
        if arrives and row.scope.startswith("about:") and not end_of(connection, roster, grown, row.key):
            found |= {(row.scope, case_id) for case_id in forks.cases_from(connection, row.id, 1)}
    return found


def end_of(connection: Connection, roster: Roster, grown: Iterable[Growth], key: StreamKey) -> int:
    """Up to where a stream of a revoked node stands: its cut, or nowhere while what is held there is another event and
    no fork is known that would tell since when."""
    node = roster.node(key[0])
    cut = node.revoked.at(key[1]) if node is not None and node.revoked is not None else None
    if cut is None:
        return 0
    row = streams.by_keys(connection, [key]).get(key)
    if row is None or row.alarm:
        return cut.seq
    new = {event.header.seq: event.hash for growth in grown if growth.row.id == row.id for event in growth.events}
    held = new.get(cut.seq) or streams.hashes(connection, row.id, cut.seq, cut.seq).get(cut.seq)
    return cut.seq if held in (None, cut.hash) else 0
