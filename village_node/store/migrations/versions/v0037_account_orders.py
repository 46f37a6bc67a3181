"""Which accounts an order from above keeps shut, and what was signed after an account was disabled."""

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, Integer, LargeBinary, PrimaryKeyConstraint, Text

revision = "0037"
down_revision = "0036"


def upgrade() -> None:
    """Before nobody above could shut an account, and nobody said upward that one was shut."""
    op.add_column("staff", Column("ordered_by", Text))
    op.add_column("staff", Column("shut_here", Boolean))
    op.create_table(
        "late_acts",
        Column("place", Text, nullable=False),
        Column("account", Text, nullable=False),
        Column("stream", Integer, nullable=False),
        Column("seq", BigInteger, nullable=False),
        Column("hash", LargeBinary, nullable=False),
        PrimaryKeyConstraint("place", "account", "stream", "seq", "hash", name="pk_late_acts"),
    )
