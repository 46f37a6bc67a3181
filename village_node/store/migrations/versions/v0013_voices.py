"""What people say of our work: the orders to put right that bad ratings open, and the records of complaints."""

from alembic import op
from sqlalchemy import Column, Integer, Text, text

revision = "0013"
down_revision = "0011"


def upgrade() -> None:
    """Empty in every row: a case of which a rating stands from before is listed once it is folded again."""
    op.add_column("cases", Column("orders_day", Integer))
    op.add_column("cases", Column("orders_at", Text))
    op.add_column("cases", Column("orders_call", Integer))
    waiting = text("orders_day IS NOT NULL")
    op.create_index("ix_cases_orders", "cases", ["orders_day"], sqlite_where=waiting, postgresql_where=waiting)
    apart = text("case_id IS NULL AND kind < 64")
    op.create_index("ix_events_apart", "events", ["stream", "kind"], sqlite_where=apart, postgresql_where=apart)
