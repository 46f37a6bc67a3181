"""Lists that are filed in one go, and the cases each became."""

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, LargeBinary, PrimaryKeyConstraint, Text

revision = "0023"
down_revision = "0021"


def upgrade() -> None:
    """Two tables, empty: nothing was filed so before."""
    op.create_table(
        "batches",
        Column("batch_id", LargeBinary, nullable=False),
        Column("item_no", Text, nullable=False),
        Column("item_version", Integer, nullable=False),
        Column("digest", LargeBinary, nullable=False),
        Column("actor", Text, nullable=False),
        Column("made_ms", BigInteger, nullable=False),
        PrimaryKeyConstraint("batch_id", name="pk_batches"),
    )
    op.create_index("ix_batches_digest", "batches", ["digest"])
    op.create_table(
        "batch_cases",
        Column("batch_id", LargeBinary, nullable=False),
        Column("position", Integer, nullable=False),
        Column("scope", Text, nullable=False),
        Column("case_id", LargeBinary, nullable=False),
        PrimaryKeyConstraint("batch_id", "position", name="pk_batch_cases"),
    )
