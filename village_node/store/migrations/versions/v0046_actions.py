"""Lines of the audit trail by what was done: who reads the last changes of roles does not read the whole trail."""

from alembic import op

revision = "0046"
down_revision = "0045"


def upgrade() -> None:
    """Of a trail with very many lines this takes some seconds."""
    op.create_index("ix_audit_action_n", "audit", ["action", "n"])
