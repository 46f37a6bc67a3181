"""The audit chain: who did what at this node, each line covering the one before, without a gap.

A line belongs into the transaction of the act that it is about, so that a power cut leaves both or neither. Only of
what changes nothing here (somebody reads what is masked, is refused, starts the node) a line stands alone, and before.
"""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Final, NamedTuple

from sqlalchemy import Connection, select

from village_node.store import peers, rows
from village_node.store.tables import AUDIT

NO_LINE_BEFORE: Final = bytes(32)


class Line(NamedTuple):
    """What is to be written: when, who (a staff number, `node`, or nobody), what was done, and to what."""

    at_ms: int
    actor: str
    action: str
    subject: str
    detail: Mapping[str, object]


class AuditRow(NamedTuple):
    """One line of the audit chain; ``detail`` is JSON, ``hash`` covers the line before and this one."""

    n: int
    at_ms: int
    actor: str
    action: str
    subject: str
    detail: str
    hash: bytes


def append(connection: Connection, line: Line) -> AuditRow:
    """Add a line to the chain. After it the transaction takes no lock but that of the news: lines of all workers wait
    for one another."""
    n = peers.count_up(connection, "audit")
    before = connection.scalar(select(AUDIT.c.hash).where(AUDIT.c.n == n - 1)) or NO_LINE_BEFORE
    covered = _json([n, *line[:4], dict(line.detail)]).encode()
    row = AuditRow(n, *line[:4], _json(dict(line.detail)), sha256(before + covered).digest())
    rows.insert(connection, AUDIT, [row])
    return row


def newest(connection: Connection, limit: int, before: int | None = None, action: str = "") -> list[AuditRow]:
    """Lines of the chain, the newest first; only those before line ``before``, or of one ``action``, where given."""
    query = select(AUDIT).order_by(AUDIT.c.n.desc()).limit(limit)
    if action:
        query = query.where(AUDIT.c.action == action)
    if before is not None:
        query = query.where(AUDIT.c.n < before)
    return [AuditRow._make(row) for row in connection.execute(query)]


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
