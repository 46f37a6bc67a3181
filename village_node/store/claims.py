"""Who of this node's staff has taken up which case, and who is away. Nothing of it leaves the node."""

from collections.abc import Collection
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, delete, func, select

from village_node.store import audit, rows
from village_node.store.audit import Line
from village_node.store.locks import CaseKey
from village_node.store.tables.accounts import STAFF
from village_node.store.tables.cases import CASES
from village_node.store.tables.desks import ABSENCES, CLAIMS

FREED: Final = "case.claim.free"  # what the audit trail calls it when a claim ends and nobody has put the case back


class Claim(NamedTuple):
    """One row of ``claims``, in the order of its columns. ``given_by``: who gave it to them; empty for one's own."""

    scope: str
    case_id: bytes
    staff_no: str
    since_ms: int
    given_by: str


class Absence(NamedTuple):
    """One row of ``absences``, in the order of its columns. ``until``: the last day, as 2026-11-20."""

    staff_no: str
    until: str
    noted_by: str
    noted_ms: int


class Colleague(NamedTuple):
    """Somebody with an account here, as far as it concerns who may take up a case. ``away``: until which day, as noted
    with the account; ``out``: whether the register of representatives has them out now."""

    staff_no: str
    name: str
    roles: frozenset[str]
    disabled: bool
    away: str
    out: bool = False


def put(connection: Connection, claim: Claim) -> None:
    """Keep a claim, in place of whoever had the case."""
    rows.put(connection, CLAIMS, [claim])


def of(connection: Connection, keys: Collection[CaseKey]) -> dict[CaseKey, Claim]:
    """The claims on these cases."""
    words = "SELECT scope, case_id, staff_no, since_ms, given_by FROM claims WHERE (scope, case_id) IN (KEYS)"
    return {(row[0], row[1]): Claim(*row) for row in rows.ask_among(connection, words, keys)}


def drop(connection: Connection, keys: Collection[CaseKey]) -> None:
    """Nobody has these cases any more."""
    for scope, case_id in sorted(keys):
        rows.do(connection, "DELETE FROM claims WHERE scope = ? AND case_id = ?", (scope, case_id))


def _had(staff_no: str) -> Select[Any]:
    query = select(CLAIMS, CASES.c.case_no).join(
        CASES, and_(CASES.c.scope == CLAIMS.c.scope, CASES.c.case_id == CLAIMS.c.case_id), isouter=True
    )
    return query.where(CLAIMS.c.staff_no == staff_no).order_by(CLAIMS.c.scope, CLAIMS.c.case_id)


def taken_up(connection: Connection, staff_no: str) -> list[str]:
    """What the audit trail calls each case that somebody has."""
    return [row.case_no or row.case_id.hex() for row in connection.execute(_had(staff_no))]


def take_all(connection: Connection, staff_no: str) -> list[str]:
    """Take from somebody all that they have; what the audit trail calls each case. The lines of it are written by
    ``note_freed``, and before them whatever else the transaction changes: rows here are locked, and after a line of the
    audit trail nothing is any more."""
    found = taken_up(connection, staff_no)
    connection.execute(delete(CLAIMS).where(CLAIMS.c.staff_no == staff_no))
    return found


def note_freed(connection: Connection, freed: Collection[str], staff_no: str, why: str, at_ms: int, by: str) -> None:
    """Write a line of the audit trail for each case that was taken from somebody."""
    for subject in freed:
        audit.append(connection, Line(at_ms, by, FREED, subject, {"of": staff_no, "why": why}))


def holders(connection: Connection) -> list[str]:
    """Everybody who has a case."""
    return list(connection.scalars(select(CLAIMS.c.staff_no).distinct().order_by(CLAIMS.c.staff_no)))


def count(connection: Connection, staff_no: str) -> int:
    """How many cases somebody has."""
    return connection.scalar(select(func.count()).select_from(CLAIMS).where(CLAIMS.c.staff_no == staff_no)) or 0


def colleagues(connection: Connection, today: str, staff_no: str | None = None) -> list[Colleague]:
    """Everybody with an account, by number, or one of them. Of one the row is held to the end of the transaction, so
    that nobody disables the account, or notes an absence, between the question and what follows from it."""
    away = and_(ABSENCES.c.staff_no == STAFF.c.staff_no, ABSENCES.c.until >= today)
    query = select(STAFF.c.staff_no, STAFF.c.name, STAFF.c.roles, STAFF.c.disabled, ABSENCES.c.until)
    query = query.join(ABSENCES, away, isouter=True).order_by(STAFF.c.staff_no)
    if staff_no is not None:
        query = query.where(STAFF.c.staff_no == staff_no).with_for_update(of=STAFF)
    return [
        Colleague(number, name, frozenset(roles.split(",")), disabled, until or "")
        for number, name, roles, disabled, until in connection.execute(query)
    ]


def note_absence(connection: Connection, absence: Absence) -> None:
    """Note until when somebody is away, in place of what was noted before."""
    rows.put(connection, ABSENCES, [absence])


def end_absence(connection: Connection, staff_no: str) -> bool:
    """Somebody is back; False if nothing was noted."""
    return bool(rows.do(connection, "DELETE FROM absences WHERE staff_no = ?", (staff_no,)))


def is_claimed(by: str | None = None) -> ColumnElement[bool]:
    """The condition, in a question about cases, that somebody has taken the case up: anybody, or one."""
    there = and_(CLAIMS.c.scope == CASES.c.scope, CLAIMS.c.case_id == CASES.c.case_id)
    return select(CLAIMS.c.case_id).where(there if by is None else and_(there, CLAIMS.c.staff_no == by)).exists()
