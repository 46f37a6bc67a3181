"""What was decided in each case, in its row: it outlives the words of the decision."""

from alembic import op
from sqlalchemy import Column, Text

from village_node.store.migrations.again import fold_again

revision = "0033"
down_revision = "0032"


def upgrade() -> None:
    """Filled as decided cases are folded again; of those cleared before, once their contents have come back."""
    op.add_column("cases", Column("outcome", Text))
    fold_again("decided_ms IS NOT NULL")
