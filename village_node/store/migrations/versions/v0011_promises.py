"""By when what was committed to is to be kept, how a case stands among others that wait, and how it was rated."""

from alembic import op
from sqlalchemy import Column, Integer, Text, text

revision = "0011"
down_revision = "0009"


def upgrade() -> None:
    """Empty in every row: no case could hold a commitment, or leave the usual lane, before this version; and of those
    that are finished nobody is called back any more."""
    for name in ("promise_day", "lane", "rating"):
        op.add_column("cases", Column(name, Integer))
    op.add_column("cases", Column("ahead_of", Text))
    promised = text("promise_day IS NOT NULL")
    op.create_index("ix_cases_promised", "cases", ["promise_day"], sqlite_where=promised, postgresql_where=promised)
    unrated = text("rating = 0 AND state IN ('delivered', 'archived')")
    op.create_index("ix_cases_unrated", "cases", ["state"], sqlite_where=unrated, postgresql_where=unrated)
