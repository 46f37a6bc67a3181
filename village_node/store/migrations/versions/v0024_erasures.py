"""What the root place has ordered to be erased."""

from alembic import op
from sqlalchemy import BigInteger, Column, LargeBinary, PrimaryKeyConstraint, Text

revision = "0024"
down_revision = "0018"


def upgrade() -> None:
    """One table, empty: nothing was ordered before."""
    op.create_table(
        "erasures",
        Column("incarnation", LargeBinary, nullable=False),
        Column("scope", Text, nullable=False),
        Column("seq", BigInteger, nullable=False),
        Column("mark", LargeBinary, nullable=False),
        Column("ordered_by", LargeBinary, nullable=False),
        Column("ordered_seq", BigInteger, nullable=False),
        PrimaryKeyConstraint("incarnation", "scope", "seq", "mark", name="pk_erasures"),
    )
