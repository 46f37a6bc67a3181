"""Of a bundle: of how many files of papers something is in it."""

from alembic import op
from sqlalchemy import Column, Integer

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    """Before there were none in any."""
    op.add_column("bundles", Column("files", Integer, nullable=False, server_default="0"))
