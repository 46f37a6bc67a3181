"""The ends of days in numbers, what a place took in on a day, and what is left over there now."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection

from sync_protocol.case import kinds, workflow
from village_node.store import rows
from village_node.store.cases import VERDICT_NUMBERS
from village_node.store.locks import CaseKey
from village_node.store.streams import CaseEventRow, EventRow, event_at
from village_node.store.tables.reception import DAY_ENDS

# The stage events by which a case comes to somebody: where one of them is the last, nobody has acted upon it.
COMING_KINDS: Final = (kinds.RECEIVE, kinds.HANDOFF, kinds.ACCEPT, kinds.FORCE_ASSIGN, kinds.PREREVIEW)
# What is here to be handed over has a list and a clock of its own.
TO_HAND_OVER: Final = ("delivering", "delivered")
_BETWEEN: Final = (
    "SELECT d.place, d.day, d.department, d.came, d.done, d.left_over, d.posts, d.empty, d.closed_ms, d.actor,"
    " s.incarnation, s.scope, e.stream, e.seq, e.hash FROM day_ends d"
    " JOIN events e ON e.stream = d.stream AND e.seq = d.seq AND e.hash = d.hash JOIN streams s ON s.id = d.stream"
    " WHERE d.day >= ? AND d.day <= ?"
)
_EVENT_COLUMNS: Final = ", ".join(f"e.{name}" for name in EventRow._fields)
_NOT_KEPT: Final = (
    f"SELECT s.scope, {_EVENT_COLUMNS} FROM events e JOIN streams s ON s.id = e.stream"  # noqa: S608
    " LEFT JOIN day_ends d ON d.stream = e.stream AND d.seq = e.seq AND d.hash = e.hash"
    f" WHERE e.kind > 63 AND e.kind = {kinds.DAY_END} AND d.stream IS NULL"
)
_CAME: Final = (
    "SELECT DISTINCT c.scope, c.case_id, c.item_no, c.item_version FROM events e"
    " JOIN streams s ON s.id = e.stream JOIN cases c ON c.scope = s.scope AND c.case_id = e.case_id"
    " WHERE e.kind IN (2, 4) AND e.arrived_ms >= ? AND e.arrived_ms < ? AND s.incarnation IN (KEYS)"
)
_COLUMNS: Final = "c.scope, c.case_id, c.case_no, c.item_no, c.item_version, c.state"
_WITH_LAST: Final = (
    f"SELECT {_COLUMNS}, e.arrived_ms FROM cases c"  # noqa: S608
    " JOIN streams s ON s.scope = c.scope AND s.incarnation = c.last_incarnation"
    " JOIN events e ON e.stream = s.id AND e.seq = c.last_seq AND e.case_id = c.case_id"
)
_OPEN: Final = f"c.state NOT IN ({', '.join('?' * len(workflow.CLOSED))})"
# What waits without an act, by why it does.
_WAITING: Final[dict[str, str]] = {
    "coming": f"{_WITH_LAST} WHERE c.transit_to = ? AND c.transit_to IS NOT NULL AND {_OPEN}",
    "received": (
        f"{_WITH_LAST} WHERE c.holder = ? AND c.transit_to IS NULL AND {_OPEN}"
        f" AND c.state NOT IN ({', '.join(map(repr, TO_HAND_OVER))})"
        f" AND e.kind IN ({', '.join(map(str, COMING_KINDS))})"
    ),
}
_SUPPLIED: Final = (
    f"SELECT {_COLUMNS}, c.open_supplies, c.open_withdrawals, c.updated_ms FROM cases c"  # noqa: S608
    f" WHERE c.holder = ? AND {_OPEN} AND (c.open_supplies > 0 OR c.open_withdrawals > 0)"
)
# What is asked of a holder, and by what a case comes to one.
_WITHDRAWN: Final = (kinds.WITHDRAWAL_REQUEST, kinds.REVIEW_REQUEST)
_HELD_BY: Final = (kinds.CREATE, kinds.RECEIVE, kinds.ACCEPT, kinds.FORCE_ASSIGN, kinds.PREREVIEW)
_ARRIVALS: Final = (
    "SELECT c.scope, c.case_id, e.kind, e.arrived_ms FROM cases c JOIN events e ON e.case_id = c.case_id"  # noqa: S608
    " JOIN streams s ON s.id = e.stream AND s.scope = c.scope WHERE (c.scope, c.case_id) IN (KEYS)"
    f" AND e.kind IN ({', '.join(map(str, (kinds.SUPPLY, *_WITHDRAWN, *_HELD_BY)))})"
    f" AND e.verdict = {VERDICT_NUMBERS['effective']} ORDER BY e.arrived_ms DESC"
)


class DayEndRow(NamedTuple):
    """One end of a day in numbers, and where its event stands."""

    place: str
    day: str
    department: str
    came: int
    done: int
    left_over: int
    posts: int
    empty: int
    closed_ms: int
    actor: str
    incarnation: bytes
    scope: str
    stream: int
    seq: int
    hash: bytes


class CameRow(NamedTuple):
    """A case that came to this place."""

    scope: str
    case_id: bytes
    item_no: str | None
    item_version: int | None


class WaitingRow(NamedTuple):
    """A case upon which nobody has acted here. ``what``: why it waits: ``coming`` (handed to here, and nobody has
    received it), ``received`` (and nothing done since), ``supplied`` (something was supplied, or it is to be
    withdrawn); ``since_ms``: since when it waits for that here, by arrivals at this node."""

    what: str
    scope: str
    case_id: bytes
    case_no: str | None
    item_no: str | None
    item_version: int | None
    state: str
    since_ms: int


def keep(connection: Connection, found: Iterable[rows.Row]) -> None:
    """Keep what ends of days say, in the order of the table's columns."""
    rows.put(connection, DAY_ENDS, sorted(found))


def not_kept(connection: Connection) -> list[tuple[str, EventRow]]:
    """The events that end a day of which nothing is kept, each with its scope."""
    return [(row[0], EventRow._make(row[1:])) for row in rows.ask(connection, _NOT_KEPT)]


def events(connection: Connection, found: Iterable[DayEndRow]) -> list[CaseEventRow]:
    """The events of these ends of days."""
    held = ((row, event_at(connection, row.stream, row.seq)) for row in found)
    return [CaseEventRow(row.scope, row.incarnation, event) for row, event in held if event is not None]


def between(connection: Connection, first: str, last: str, place: str = "") -> list[DayEndRow]:
    """The ends of days from one to another, at one place or all, in no order."""
    words, values = (f"{_BETWEEN} AND d.place = ?", (place,)) if place else (_BETWEEN, ())
    found = rows.ask(connection, words, (first, last, *values))
    return [DayEndRow._make(row) for row in found]


def came(connection: Connection, ours: Collection[bytes], from_ms: int, to_ms: int) -> list[CameRow]:
    """The cases that these incarnations received or took in from one time to before another."""
    if not ours:
        return []
    words = _CAME.replace("KEYS", ", ".join("?" * len(ours)))
    return [CameRow._make(row) for row in rows.ask(connection, words, (from_ms, to_ms, *sorted(ours)))]


def waiting(connection: Connection, here: str) -> list[WaitingRow]:
    """What waits at a place without an act, the longest first, each case once."""
    found: dict[CaseKey, WaitingRow] = {}
    asked = (here, *workflow.CLOSED)
    for what, words in _WAITING.items():
        for row in rows.ask(connection, words, asked):
            found.setdefault((row[0], row[1]), WaitingRow._make((what, *row[:-1], row[-1] or 0)))
    supplied = rows.ask(connection, _SUPPLIED, asked)
    arrivals: dict[CaseKey, list[tuple[int, int]]] = defaultdict(list)
    for scope, case_id, kind, at_ms in rows.ask_among(connection, _ARRIVALS, [(row[0], row[1]) for row in supplied]):
        arrivals[scope, case_id].append((kind, at_ms))
    for row in supplied:
        supplies, withdrawals, updated_ms = (number or 0 for number in row[-3:])
        since_ms = asked_since(arrivals[row[0], row[1]], supplies, withdrawals) or updated_ms
        found.setdefault((row[0], row[1]), WaitingRow._make(("supplied", *row[:-3], since_ms)))
    return sorted(found.values(), key=lambda each: (each.since_ms, each.case_id))


def asked_since(arrivals: Sequence[tuple[int, int]], supplies: int, withdrawals: int) -> int | None:
    """Since when so much of what was supplied, and so many requests, wait with the holder of a case; None where nothing
    of it is known. ``arrivals``: kind and time of what was asked and by what the case came to a holder, the newest
    first. What was asked first is answered first. A pure function."""
    supplied = [at_ms for kind, at_ms in arrivals if kind == kinds.SUPPLY][:supplies]
    withdrawn = [at_ms for kind, at_ms in arrivals if kind in _WITHDRAWN][:withdrawals]
    came_ms = next((at_ms for kind, at_ms in arrivals if kind in _HELD_BY), 0)
    first_ms = min((*supplied, *withdrawn), default=None)
    return None if first_ms is None else max(first_ms, came_ms)
