"""Special procedures that one person has proposed and nobody has approved yet."""

from alembic import op
from sqlalchemy import BigInteger, Column, LargeBinary, Text

revision = "0009"
down_revision = "0012"


def upgrade() -> None:
    """Before this version who proposed it was typed by who approved it."""
    op.create_table(
        "asked_procedures",
        Column("scope", Text, primary_key=True),
        Column("case_id", LargeBinary, primary_key=True),
        Column("body", LargeBinary, nullable=False),
        Column("last_incarnation", LargeBinary, nullable=False),
        Column("last_seq", BigInteger, nullable=False),
        Column("last_mark", LargeBinary, nullable=False),
        Column("proposer", Text, nullable=False),
        Column("proposed_ms", BigInteger, nullable=False),
    )
