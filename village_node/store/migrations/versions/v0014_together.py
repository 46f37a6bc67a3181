"""Whose signature a case waits for, the first action of a meeting that is open, and the money of each case by day."""

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, LargeBinary, PrimaryKeyConstraint, Text, text

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Empty in every row: the cases of before are folded anew by the first start of a program that knows more kinds."""
    op.add_column("cases", Column("unsigned", Text))
    op.add_column("cases", Column("action_day", Integer))
    for name in ("unsigned", "action_day"):
        there = text(f"{name} IS NOT NULL")
        op.create_index(f"ix_cases_{name}", "cases", [name], sqlite_where=there, postgresql_where=there)
    op.create_table(
        "fees",
        Column("scope", Text, nullable=False),
        Column("case_id", LargeBinary, nullable=False),
        Column("what", Text, nullable=False),
        Column("place", Text, nullable=False),
        Column("day", Integer, nullable=False),
        Column("at_ms", BigInteger, nullable=False),
        Column("case_no", Text),
        Column("item_no", Text),
        Column("item_version", Integer),
        Column("fen", BigInteger),
        Column("number", Text),
        Column("actor", Text),
        PrimaryKeyConstraint("scope", "case_id", "what", name="pk_fees"),
    )
    op.create_index("ix_fees_day", "fees", ["day"])
