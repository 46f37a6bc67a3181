"""What the ends of days say in numbers, by place and day; what a place took in, and who was there, by when."""

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, LargeBinary, Text, text

from village_node.store.migrations.again import fold_again

revision = "0041"
down_revision = "0040"


def upgrade() -> None:
    """Ends of days that a node without this kind stored are read by the first start after it (casebook.rules_of)."""
    op.create_table(
        "day_ends",
        Column("stream", Integer, primary_key=True, autoincrement=False),
        Column("seq", BigInteger, primary_key=True, autoincrement=False),
        Column("hash", LargeBinary, primary_key=True),
        Column("place", Text, nullable=False),
        Column("day", Text, nullable=False),
        Column("department", Text, nullable=False),
        Column("came", BigInteger, nullable=False),
        Column("done", BigInteger, nullable=False),
        Column("left_over", BigInteger, nullable=False),
        Column("posts", Integer, nullable=False),
        Column("empty", Integer, nullable=False),
        Column("closed_ms", BigInteger, nullable=False),
        Column("actor", Text, nullable=False),
    )
    op.create_index("ix_day_ends_day", "day_ends", ["day", "place"])
    op.add_column("cases", Column("decided_at", Text))
    op.add_column("cases", Column("decided_by", Integer))
    op.create_index("ix_cases_decided", "cases", ["decided_ms", "decided_at", "item_no", "decided_by"])
    fold_again("decided_ms IS NOT NULL")
    op.create_index("ix_cases_item", "cases", ["item_no", "filed_ms", "scope"])
    op.create_index("ix_audit_actor", "audit", ["actor", "at_ms"])
    came = text("kind IN (2, 4)")
    op.create_index(
        "ix_events_came", "events", ["arrived_ms", "stream", "kind"], sqlite_where=came, postgresql_where=came
    )
