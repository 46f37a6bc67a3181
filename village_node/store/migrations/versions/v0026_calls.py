"""Who was called back after a result was given, and which ratings are appealed against."""

from alembic import op
from sqlalchemy import Column, Integer, Text, text

from village_node.store.migrations.again import fold_again

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    """Empty in the other rows: an empty number counts as none. A program that did not know these kinds yet and was
    sent one had it for void, so that cases with anything void are folded again."""
    for name in ("calls", "reached", "appeal_day"):
        op.add_column("cases", Column(name, Integer))
    op.add_column("cases", Column("appeals_by", Text))
    waiting = text("appeal_day IS NOT NULL")
    op.create_index("ix_cases_appeal_day", "cases", ["appeal_day"], sqlite_where=waiting, postgresql_where=waiting)
    fold_again("n_void > 0")
