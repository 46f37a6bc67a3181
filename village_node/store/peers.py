"""What a node remembers of each peer, of its roster and of itself."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, select

from village_node.store import locks, rows
from village_node.store.errors import Overtaken
from village_node.store.tables.meta import META
from village_node.store.tables.peers import PEERS
from village_node.store.tables.roster import ROSTER_CHANGES

FIRST_BUDGET: Final = 16_384
_LARGEST: Final = 2**63 - 1
# The counter of roster changes held: whoever adds some holds its row.
ROSTER: Final = "roster"
INCARNATION: Final = "incarnation"  # of the present life, as the database has it


class PeerRow(NamedTuple):
    """One row of ``peers``, in the order of its columns. ``direction``: up (an ancestor) or down (a child).
    ``day``: the day (days since 1970) of which the three after it say what a child brought."""

    incarnation: bytes
    place: str
    direction: str
    issued: int = 0
    issued_nonce: bytes | None = None
    secret: bytes | None = None
    challenge: bytes | None = None
    nonce: bytes | None = None
    tide: int = 0
    budget: int = FIRST_BUDGET
    failures: int = 0
    next_attempt_ms: int | None = None
    first_failure_ms: int | None = None
    last_attempt_ms: int | None = None
    last_contact_ms: int | None = None
    last_error: str | None = None
    last_error_ms: int | None = None
    skew_ms: int | None = None
    alarm: int = 0
    software: str | None = None
    day: int = 0
    day_events: int = 0
    day_event_bytes: int = 0
    day_paper_bytes: int = 0


class ChangeRow(NamedTuple):
    """One row of ``roster_changes``, in the order of its columns; ``signatures`` encoded."""

    part: str
    epoch: int
    n: int
    arrival: int
    hash: bytes
    payload: bytes
    signatures: bytes


_COLUMNS: Final = ", ".join(column.name for column in PEERS.columns)
_PEER: Final = f"SELECT {_COLUMNS} FROM peers WHERE incarnation = ?"  # noqa: S608
_PEERS: Final = f"SELECT {_COLUMNS} FROM peers ORDER BY place"  # noqa: S608


def peer(connection: Connection, incarnation: bytes) -> PeerRow | None:
    """One peer."""
    found = rows.ask(connection, _PEER, (incarnation,))
    return PeerRow._make(found[0]) if found else None


def peers(connection: Connection) -> list[PeerRow]:
    """Every peer ever heard or asked."""
    return [PeerRow._make(row) for row in rows.ask(connection, _PEERS)]


def change_peer(connection: Connection, incarnation: bytes, columns: dict[str, Any]) -> PeerRow:
    """Set columns of a peer's row; a new row needs ``place`` and ``direction`` among them.

    Returns the row. TypeError for a column that does not exist.
    """
    sound: dict[str, Any] = {name: _storable(value) for name, value in columns.items()}
    held = peer(connection, incarnation)
    row = held._replace(**sound) if held else PeerRow(incarnation=incarnation, **sound)
    rows.put(connection, PEERS, [row])
    return row


def alarms(connection: Connection) -> list[tuple[str, str, int]]:
    """(direction, place, alarm) of every peer with one, by place."""
    words = "SELECT direction, place, alarm FROM peers WHERE alarm > 0 ORDER BY place"
    return [(row[0], row[1], row[2]) for row in rows.ask(connection, words)]


def places_below(connection: Connection) -> list[str]:
    """The places of the nodes that have asked this one, in order."""
    words = "SELECT DISTINCT place FROM peers WHERE direction = 'down' ORDER BY place"
    return [row[0] for row in rows.ask(connection, words)]


def forget_alarms(connection: Connection) -> None:
    """A new life of ours has begun: what ancestors said of the one before is settled."""
    rows.do(connection, "UPDATE peers SET alarm = 0, challenge = NULL, nonce = NULL WHERE direction = 'up'")


def _storable(value: Any) -> Any:
    """A value as both databases take it: a peer may name its program, and set its clock, as it likes."""
    if isinstance(value, str):
        return value.replace("\0", "")  # PostgreSQL's texts hold none
    if isinstance(value, int):
        return max(-_LARGEST, min(_LARGEST, value))
    return value


def roster_changes(connection: Connection, after: int = 0) -> list[ChangeRow]:
    """The changes after the first ``after`` ones, in the order they were applied here."""
    query = select(ROSTER_CHANGES).where(ROSTER_CHANGES.c.arrival > after).order_by(ROSTER_CHANGES.c.arrival)
    return [ChangeRow._make(row) for row in connection.execute(query)]


def add_roster_changes(
    connection: Connection, changes: Sequence[tuple[str, int, int, bytes, bytes, bytes]], held: int
) -> None:
    """Keep (part, epoch, n, hash, payload, signatures) after the ``held`` ones they were judged by.

    Raises Overtaken when there are more by now: judge them again.
    """
    step = max(len(changes), 1)  # where the roster becomes another one without any, it is read again too
    last = count_up(connection, ROSTER, step) - step
    if last != held:
        raise Overtaken("the roster has grown meanwhile")
    new = [(*change[:3], last + number, *change[3:]) for number, change in enumerate(changes, start=1)]
    rows.insert(connection, ROSTER_CHANGES, new)


def number(connection: Connection, name: str) -> int | None:
    """A number the node remembers about itself."""
    found = rows.ask(connection, "SELECT number FROM meta WHERE name = ?", (name,))
    return found[0][0] if found else None


def bytes_of(connection: Connection, name: str) -> bytes | None:
    """Bytes the node remembers about itself."""
    found = rows.ask(connection, "SELECT bytes FROM meta WHERE name = ?", (name,))
    return found[0][0] if found else None


def count_up(connection: Connection, name: str, by: int = 1) -> int:
    """Raise a counter and give its new value; the row is held to the end of the transaction."""
    raised = rows.ask(connection, "UPDATE meta SET number = number + ? WHERE name = ? RETURNING number", (by, name))
    if raised:
        return int(raised[0][0])
    rows.put(connection, META, [(name, 0, None)], keep=True)
    return count_up(connection, name, by)


def bytes_to_change(connection: Connection, name: str) -> bytes | None:
    """The same for what is to be changed by what it was: nobody else does so meanwhile, be it there yet or not."""
    rows.put(connection, META, [(name, None, None)], keep=True)
    words = "SELECT bytes FROM meta WHERE name = ?"
    if connection.dialect.name != "sqlite":  # there a transaction that writes holds everything anyhow
        words += " FOR UPDATE"
    found = rows.ask(connection, words, (name,))
    return found[0][0] if found else None


def held_life(connection: Connection, name: str, *, to_change: bool = False) -> bytes | None:
    """What names the life of this node, which nobody changes before the end of this transaction; ``to_change``: nor
    does anybody else hold it. On SQLite a transaction that writes holds everything anyhow."""
    if connection.dialect.name != "sqlite":
        locks.hold_life(connection, to_change=to_change)
    return bytes_of(connection, name)


def remember_bytes(connection: Connection, name: str, value: bytes) -> None:
    """Keep bytes under a name."""
    rows.put(connection, META, [(name, None, value)])
