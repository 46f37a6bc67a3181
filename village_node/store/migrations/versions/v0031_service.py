"""Where documents are served on an applicant, and bookings that were called off or moved."""

from alembic import op
from sqlalchemy import Column, Text, text

from village_node.store.migrations.again import fold_again

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    """A program that did not know these confirmations, or service by public notice, had them for void."""
    for name in ("number", "code", "moved_from", "ended_by", "reason"):
        op.add_column("appointments", Column(name, Text, nullable=False, server_default=text("''")))
    op.create_index("ix_appointments_number", "appointments", ["number"])
    fold_again("n_void > 0 OR n_needs_update > 0")
