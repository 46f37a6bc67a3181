"""How many records of a case wait for its holder's answer, and proposals to assign a case."""

from alembic import op
from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, SmallInteger, Text, text

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Nobody could adopt or dismiss anything before this version, so all that did not count is open."""
    op.add_column("cases", Column("n_open", Integer))
    op.execute("UPDATE cases SET n_open = n_void + n_contested")
    odd = text("n_open > 0 OR n_waiting > 0 OR n_needs_update > 0")
    op.create_index("ix_cases_odd", "cases", ["holder"], sqlite_where=odd, postgresql_where=odd)
    pending = text("state = 0")
    op.create_table(
        "proposals",
        Column("id", Integer, primary_key=True),
        Column("scope", Text, nullable=False),
        Column("case_id", LargeBinary, nullable=False),
        Column("to_place", Text, nullable=False),
        Column("reason", Text, nullable=False),
        Column("last_incarnation", LargeBinary, nullable=False),
        Column("last_seq", BigInteger, nullable=False),
        Column("last_mark", LargeBinary, nullable=False),
        Column("proposer", Text, nullable=False),
        Column("proposed_ms", BigInteger, nullable=False),
        Column("state", SmallInteger, nullable=False),
        Column("answerer", Text, nullable=False),
        Column("answered_ms", BigInteger),
        Column("answer", Text, nullable=False),
        Index("ix_proposals_scope_case_id", "scope", "case_id"),
        Index("ix_proposals_pending", "proposed_ms", sqlite_where=pending, postgresql_where=pending),
    )
