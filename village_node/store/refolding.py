"""Cases whose rows are to be folded anew, without haste: an upgrade left them incomplete, which a migration names, or
another calendar counts them otherwise."""

from collections.abc import Iterable

from sqlalchemy import Connection

from village_node.store import rows
from village_node.store.locks import CaseKey


def ask(connection: Connection, keys: Iterable[CaseKey]) -> None:
    """These are to be folded; one that is named already is named once."""
    for key in keys:
        rows.do(connection, "INSERT INTO to_fold (scope, case_id) VALUES (?, ?) ON CONFLICT DO NOTHING", key)


def some(connection: Connection, most: int) -> list[CaseKey]:
    """The first of them, in lock order."""
    words = "SELECT scope, case_id FROM to_fold ORDER BY scope, case_id LIMIT ?"
    return [(row[0], row[1]) for row in rows.ask(connection, words, (most,))]


def folded(connection: Connection, keys: Iterable[CaseKey]) -> None:
    """These have been folded."""
    for key in keys:
        rows.do(connection, "DELETE FROM to_fold WHERE scope = ? AND case_id = ?", key)


def left(connection: Connection) -> int:
    """How many there are."""
    return int(rows.ask(connection, "SELECT count(*) FROM to_fold")[0][0])
