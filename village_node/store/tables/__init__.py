"""Every table of a node: the same at a village on SQLite and at a county on PostgreSQL.

Times are milliseconds since 1970 UTC. Identifiers of 8, 16 and 32 bytes are the ones of PROTOCOL.md. A change here
needs a migration: a test compares what the migrations make with what stands here, on both databases.
"""

from village_node.store.tables import (
    accounts,
    audit,
    blobs,
    cases,
    desks,
    meta,
    peers,
    phone,
    reception,
    roster,
    streams,
    webhooks,
)
from village_node.store.tables.metadata import METADATA

__all__ = [
    "METADATA",
    "accounts",
    "audit",
    "blobs",
    "cases",
    "desks",
    "meta",
    "peers",
    "phone",
    "reception",
    "roster",
    "streams",
    "webhooks",
]
