"""Rows of cases that an upgrade left incomplete are filled: what is to be folded again is named, and done in slices."""

from alembic import op
from sqlalchemy import Column, LargeBinary, PrimaryKeyConstraint, Text

from village_node.store.migrations.again import fold_again

revision = "0019"
down_revision = "0017"


def upgrade() -> None:
    """Every case: scripts 0011 to 0015 added columns that are empty in whatever was not folded since."""
    op.create_table(
        "to_fold",
        Column("scope", Text, nullable=False),
        Column("case_id", LargeBinary, nullable=False),
        PrimaryKeyConstraint("scope", "case_id", name="pk_to_fold"),
    )
    fold_again()
