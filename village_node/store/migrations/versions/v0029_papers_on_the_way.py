"""How many files of papers a bundle has something of; what has come of a file's next chunk; an index of originals."""

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, LargeBinary, PrimaryKeyConstraint, Text, text

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
    here = text("state = 1 AND lane > 0")
    op.create_index("ix_blobs_originals_here", "blobs", ["place"], sqlite_where=here, postgresql_where=here)
