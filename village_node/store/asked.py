"""Special procedures that somebody has proposed for a case and nobody has approved yet: one a case."""

from typing import NamedTuple

from sqlalchemy import Connection, delete, select

from village_node.store import rows
from village_node.store.locks import CaseKey
from village_node.store.tables.desks import ASKED_PROCEDURES as TABLE


class Asked(NamedTuple):
    """One row of ``asked_procedures``, in the order of its columns; ``last_*``: the end of the case as it was seen."""

    scope: str
    case_id: bytes
    body: bytes
    last_incarnation: bytes
    last_seq: int
    last_mark: bytes
    proposer: str
    proposed_ms: int


def put(connection: Connection, row: Asked) -> None:
    """Keep a proposal in place of the one before."""
    rows.put(connection, TABLE, [row])


def of_case(connection: Connection, key: CaseKey) -> Asked | None:
    """What waits for a case."""
    found = connection.execute(select(TABLE).where(TABLE.c.scope == key[0], TABLE.c.case_id == key[1])).first()
    return Asked._make(found) if found else None


def newest(connection: Connection, most: int) -> list[Asked]:
    """What waits on this node, the newest first."""
    return [
        Asked._make(row) for row in connection.execute(select(TABLE).order_by(TABLE.c.proposed_ms.desc()).limit(most))
    ]


def take_away(connection: Connection, key: CaseKey) -> bool:
    """It has its answer; False if there was none."""
    return bool(connection.execute(delete(TABLE).where(TABLE.c.scope == key[0], TABLE.c.case_id == key[1])).rowcount)
