"""What programs asked for under ids of their own choosing: claimed before the act, in the transaction of the act."""

from typing import NamedTuple

from sqlalchemy import Connection, delete, select

from village_node.store import rows
from village_node.store.locks import CaseKey
from village_node.store.tables.accounts import REQUESTS

NOTHING_YET: CaseKey = ("", b"")


class Request(NamedTuple):
    """One request: whose, under which id, and the SHA-256 of all that it asks for."""

    staff_no: str
    request_id: str
    digest: bytes


class Kept(NamedTuple):
    """What is kept of a request: the digest of what it asked for, and the case that it came to."""

    digest: bytes
    key: CaseKey


def find(connection: Connection, request: Request) -> Kept | None:
    """What is kept under this id of this account."""
    mine = (REQUESTS.c.staff_no == request.staff_no, REQUESTS.c.request_id == request.request_id)
    row = connection.execute(select(REQUESTS.c.digest, REQUESTS.c.scope, REQUESTS.c.case_id).where(*mine)).first()
    return Kept(row[0], (row[1], row[2])) if row else None


def claim(connection: Connection, request: Request, now_ms: int) -> bool:
    """Take an id for the act of this transaction; False if it is taken. Another worker that is just acting under it is
    waited for."""
    words = (
        "INSERT INTO requests (staff_no, request_id, digest, at_ms, scope, case_id) VALUES (?, ?, ?, ?, ?, ?) "
        "ON CONFLICT DO NOTHING"
    )
    return rows.do(connection, words, (*request, now_ms, *NOTHING_YET)) == 1


def became(connection: Connection, request: Request, key: CaseKey) -> None:
    """Note the case that a claimed request came to."""
    words = "UPDATE requests SET scope = ?, case_id = ? WHERE staff_no = ? AND request_id = ?"
    rows.do(connection, words, (*key, *request[:2]))


def forget(connection: Connection, before_ms: int) -> int:
    """Drop what was asked for before then; how many."""
    return connection.execute(delete(REQUESTS).where(REQUESTS.c.at_ms < before_ms)).rowcount
