"""Revocations that one person asks for and another answers."""

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, LargeBinary, SmallInteger, Text

revision = "0021"
down_revision = "0022"


def upgrade() -> None:
    """One table, empty: nobody was revoked before."""
    op.create_table(
        "revocations",
        Column("id", Integer, primary_key=True),
        Column("incarnation", LargeBinary, nullable=False),
        Column("place", Text, nullable=False),
        Column("again", SmallInteger, nullable=False),
        Column("reason", Text, nullable=False),
        Column("asker", Text, nullable=False),
        Column("asked_ms", BigInteger, nullable=False),
        Column("state", SmallInteger, nullable=False),
        Column("answerer", Text, nullable=False),
        Column("answered_ms", BigInteger),
        Column("answer", Text, nullable=False),
    )
