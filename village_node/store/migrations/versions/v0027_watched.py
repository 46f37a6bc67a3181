"""From when a case is listed for supervision: papers asked for more than once, or much of its time not counted."""

from alembic import op
from sqlalchemy import Column, Integer, text

from village_node.store.migrations.again import fold_again

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    """Filled as the cases that are not finished are folded again."""
    op.add_column("cases", Column("watched_day", Integer))
    there = text("watched_day IS NOT NULL")
    op.create_index("ix_cases_watched_day", "cases", ["watched_day"], sqlite_where=there, postgresql_where=there)
    fold_again("state NOT IN ('refused', 'lapsed', 'delivered', 'archived', 'withdrawn')")
