"""Files beside the events: of each its manifest, which of its chunks are here and under which key; and receipts."""

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, LargeBinary, PrimaryKeyConstraint, SmallInteger, Text, text

revision = "0020"
down_revision = "0023"


def upgrade() -> None:
    """Three tables, empty: no paper had a file before."""
    op.create_table(
        "blobs",
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
        PrimaryKeyConstraint("scope", "hash", name="pk_blobs"),
    )
    absent = text("state = 0")
    op.create_index(
        "ix_blobs_lane_known_ms", "blobs", ["lane", "known_ms"], sqlite_where=absent, postgresql_where=absent
    )
    op.create_table(
        "blob_cases",
        Column("scope", Text, nullable=False),
        Column("hash", LargeBinary, nullable=False),
        Column("case_id", LargeBinary, nullable=False),
        PrimaryKeyConstraint("scope", "hash", "case_id", name="pk_blob_cases"),
    )
    op.create_index("ix_blob_cases_case_id", "blob_cases", ["case_id"])
    op.create_table(
        "blob_receipts",
        Column("scope", Text, nullable=False),
        Column("hash", LargeBinary, nullable=False),
        Column("signer", LargeBinary, nullable=False),
        Column("time", BigInteger, nullable=False),
        Column("signature", LargeBinary, nullable=False),
        Column("told", SmallInteger, nullable=False),
        PrimaryKeyConstraint("scope", "hash", "signer", name="pk_blob_receipts"),
    )
    untold = text("told = 0")
    op.create_index("ix_blob_receipts_scope", "blob_receipts", ["scope"], sqlite_where=untold, postgresql_where=untold)
