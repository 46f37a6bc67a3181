"""Of a bundle that went out: whether more is owed than fitted into it."""

from alembic import op
from sqlalchemy import Column, SmallInteger

revision = "0022"
down_revision = "0024"


def upgrade() -> None:
    """Of those that went out before nobody knows; they held all, as a rule."""
    op.add_column("bundles", Column("more", SmallInteger, nullable=False, server_default="0"))
