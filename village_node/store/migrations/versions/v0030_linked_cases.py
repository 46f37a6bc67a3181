"""Which cases act upon what an earlier one decided (change, renewal, revocation), and upon which; the kind of each."""

from alembic import op
from sqlalchemy import Column, Integer, Text, text

from village_node.store.migrations.again import fold_again

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    """Filled as cases are folded again, all of them: what another node wrote with a newer program may be held here."""
    op.add_column("cases", Column("acts_on", Text))
    op.add_column("cases", Column("earlier_no", Text))
    op.add_column("cases", Column("kind", Integer))
    op.create_index("ix_cases_kind", "cases", ["kind", "state"])
    there = text("earlier_no IS NOT NULL")
    op.create_index("ix_cases_earlier_no", "cases", ["earlier_no"], sqlite_where=there, postgresql_where=there)
    fold_again()
