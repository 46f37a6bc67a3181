"""Lines of the newest checkpoint, since when checkpoints vouch for a position, cases whose bodies were purged."""

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, LargeBinary, PrimaryKeyConstraint, Text, text

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make three tables."""
    op.create_table(
        "checkpoint_lines",
        Column("stream_id", LargeBinary, nullable=False),
        Column("incarnation", LargeBinary, nullable=False),
        Column("scope", Text, nullable=False),
        Column("seq", BigInteger, nullable=False),
        Column("hash", LargeBinary, nullable=False),
        Column("author", LargeBinary, nullable=False),
        Column("checkpoint", BigInteger, nullable=False),
        Column("line_index", BigInteger, nullable=False),
        Column("path", LargeBinary),
        Column("highest", BigInteger, nullable=False),
        PrimaryKeyConstraint("stream_id", name="pk_checkpoint_lines"),
    )
    op.create_index("ix_checkpoint_lines_scope", "checkpoint_lines", ["scope"])
    op.create_table(
        "checkpoint_times",
        Column("stream_id", LargeBinary, nullable=False),
        Column("seq", BigInteger, nullable=False),
        Column("time", BigInteger, nullable=False),
        PrimaryKeyConstraint("stream_id", "seq", name="pk_checkpoint_times"),
    )
    op.create_table(
        "case_purges",
        Column("scope", Text, nullable=False),
        Column("case_id", LargeBinary, nullable=False),
        Column("purged_ms", BigInteger, nullable=False),
        Column("bodies", Integer, nullable=False),
        Column("recalled_ms", BigInteger),
        PrimaryKeyConstraint("scope", "case_id", name="pk_case_purges"),
    )
    recalled = text("recalled_ms IS NOT NULL")
    op.create_index(
        "ix_case_purges_recalled", "case_purges", ["recalled_ms"], sqlite_where=recalled, postgresql_where=recalled
    )
