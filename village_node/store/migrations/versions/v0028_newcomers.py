"""Requests of new nodes to be enrolled, as they came over the line."""

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, LargeBinary, SmallInteger, Text, UniqueConstraint

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    """One table, empty: before, requests came as files alone."""
    op.create_table(
        "newcomers",
        Column("id", Integer, primary_key=True),
        Column("digest", LargeBinary, nullable=False),
        Column("request", LargeBinary, nullable=False),
        Column("place", Text, nullable=False),
        Column("level", Text, nullable=False),
        Column("name", Text, nullable=False),
        Column("source", Text, nullable=False),
        Column("asked_ms", BigInteger, nullable=False),
        Column("state", SmallInteger, nullable=False),
        Column("answerer", Text, nullable=False),
        Column("answered_ms", BigInteger),
        UniqueConstraint("digest"),
    )
