"""Of a receipt for a file: when it came to be here, by our own clock."""

from alembic import op
from sqlalchemy import BigInteger, Column

revision = "0025"
down_revision = "0020"


def upgrade() -> None:
    """Of those that are here nobody noted it: they count from the moment that they name."""
    op.add_column("blob_receipts", Column("arrived_ms", BigInteger, nullable=False, server_default="0"))
    op.execute("UPDATE blob_receipts SET arrived_ms = time")
