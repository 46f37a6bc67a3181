"""Files of papers, whole and in parts, and who has signed for them."""

from typing import Final

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, PrimaryKeyConstraint, SmallInteger, Table, Text

from village_node.store.tables.metadata import METADATA, only

# Files of papers and their previews, by scope and SHA-256; see blobs.py for what the columns say.
BLOBS: Final = Table(
    "blobs",
    METADATA,
    Column("scope", Text, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("size", Integer, nullable=False),
    Column("chunks", LargeBinary, nullable=False),
    Column("lane", SmallInteger, nullable=False),
    Column("place", Text, nullable=False),
    Column("state", SmallInteger, nullable=False),
    Column("here", LargeBinary, nullable=False),
    Column("name", Text, nullable=False),
    Column("key", LargeBinary, nullable=False),
    Column("known_ms", BigInteger, nullable=False),
    PrimaryKeyConstraint("scope", "hash"),
    Index("ix_blobs_lane_known_ms", "lane", "known_ms", **only("state = 0")),
    Index("ix_blobs_originals_here", "place", **only("state = 1 AND lane > 0")),
)

# What has come of the next chunk of a file; see blob_parts.py for what the columns say.
BLOB_PARTS: Final = Table(
    "blob_parts",
    METADATA,
    Column("scope", Text, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("name", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("held", Integer, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    PrimaryKeyConstraint("scope", "hash"),
)

# Which cases name a file: it goes with the last of them.
BLOB_CASES: Final = Table(
    "blob_cases",
    METADATA,
    Column("scope", Text, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("case_id", LargeBinary, nullable=False),
    PrimaryKeyConstraint("scope", "hash", "case_id"),
    Index("ix_blob_cases_case_id", "case_id"),
)

# Who has signed for a whole file; `told` 1: the child on the way to its author has it, or nobody is to be told.
BLOB_RECEIPTS: Final = Table(
    "blob_receipts",
    METADATA,
    Column("scope", Text, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("signer", LargeBinary, nullable=False),
    Column("time", BigInteger, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    Column("told", SmallInteger, nullable=False),
    Column("arrived_ms", BigInteger, nullable=False, server_default="0"),
    PrimaryKeyConstraint("scope", "hash", "signer"),
    Index("ix_blob_receipts_scope", "scope", **only("told = 0")),
)
