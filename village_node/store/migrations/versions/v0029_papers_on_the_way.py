"""Of a bundle, of how many files of papers something is in it; and what has come of a file's next chunk."""

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, LargeBinary, PrimaryKeyConstraint, Text

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    """Before there were no files in any, and what had come of a chunk was forgotten with the process."""
    op.add_column("bundles", Column("files", Integer, nullable=False, server_default="0"))
    op.create_table(
        "blob_parts",
        Column("scope", Text, nullable=False),
        Column("hash", LargeBinary, nullable=False),
        Column("name", Text, nullable=False),
        Column("number", Integer, nullable=False),
        Column("held", Integer, nullable=False),
        Column("raw", LargeBinary, nullable=False),
        Column("at_ms", BigInteger, nullable=False),
        PrimaryKeyConstraint("scope", "hash"),
    )
