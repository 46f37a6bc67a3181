"""Lines of the audit trail by what was done: who reads the last changes of roles does not read the whole trail. And
rows whose days were counted before the law's days off were known of years to come."""

from alembic import op

from village_node.store.migrations.again import fold_again

revision = "0046"
down_revision = "0045"


def upgrade() -> None:
    """Of a trail with very many lines this takes some seconds."""
    op.create_index("ix_audit_action_n", "audit", ["action", "n"])
    fold_again()
