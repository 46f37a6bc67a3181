"""The audit trail, and the lists that were taken away."""

from typing import Final

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, Text

from village_node.store.tables.metadata import METADATA

AUDIT: Final = Table(
    "audit",
    METADATA,
    Column("n", BigInteger, primary_key=True, autoincrement=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Index("ix_audit_actor", "actor", "at_ms"),
    Index(None, "action", "n"),
)

# Lists taken away as files, by their numbers. `query`: what the list was narrowed to, as its address says it; `people`:
# how many persons it names. One that waited for a second person has a `reason`, and from the answer on `answered_by`.
EXPORTS: Final = Table(
    "exports",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("staff_no", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("name", Text, nullable=False),
    Column("form", Text, nullable=False),
    Column("narrowed", Text, nullable=False),
    Column("digest", LargeBinary),
    Column("people", Integer, nullable=False),
    Column("reason", Text),
    Column("answered_by", Text),
    Column("answered_ms", BigInteger),
    Column("granted", Integer),
    Column("fetched_ms", BigInteger),
    Column("via", Text),
    Index(None, "staff_no", "at_ms"),
    Index(None, "via", "at_ms"),
)
