"""Two changes of the roster under one number: the proofs, and the changes beside what this node follows."""

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, LargeBinary, PrimaryKeyConstraint, Text

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Both begin empty."""
    op.create_table(
        "roster_forks",
        Column("part", Text, nullable=False),
        Column("split", BigInteger, nullable=False),
        Column("found_ms", BigInteger, nullable=False),
        Column("proof", LargeBinary, nullable=False),
        PrimaryKeyConstraint("part", "split", name="pk_roster_forks"),
    )
    op.create_table(
        "roster_aside",
        Column("part", Text, nullable=False),
        Column("n", BigInteger, nullable=False),
        Column("hash", LargeBinary, nullable=False),
        Column("payload", LargeBinary, nullable=False),
        Column("signatures", LargeBinary, nullable=False),
        Column("arrived_ms", BigInteger, nullable=False),
        Column("overruled", Boolean, nullable=False),
        PrimaryKeyConstraint("part", "hash", name="pk_roster_aside"),
    )
