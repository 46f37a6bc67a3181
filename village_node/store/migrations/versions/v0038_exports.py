"""Every list that was taken away as a file has a number; a long one about people waits for a second person."""

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, LargeBinary, Text

revision = "0038"
down_revision = "0037"


def upgrade() -> None:
    """Before an export had no number, and one person alone could take away any list."""
    op.create_table(
        "exports",
        Column("number", Integer, primary_key=True, autoincrement=False),
        Column("staff_no", Text, nullable=False),
        Column("at_ms", BigInteger, nullable=False),
        Column("name", Text, nullable=False),
        Column("form", Text, nullable=False),
        Column("narrowed", Text, nullable=False),
        Column("digest", LargeBinary),
        Column("people", Integer, nullable=False),
        Column("reason", Text),
        Column("answered_by", Text),
        Column("answered_ms", BigInteger),
        Column("granted", Integer),
        Column("fetched_ms", BigInteger),
        Column("via", Text),
    )
    op.create_index("ix_exports_staff_no_at_ms", "exports", ["staff_no", "at_ms"])
    op.create_index("ix_exports_via_at_ms", "exports", ["via", "at_ms"])
