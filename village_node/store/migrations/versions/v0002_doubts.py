"""The table of streams of earlier lives of which it is not known yet how far others hold them."""

from alembic import op
from sqlalchemy import BigInteger, Column, ForeignKeyConstraint, Integer, PrimaryKeyConstraint

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "doubts",
        Column("stream", Integer, nullable=False, autoincrement=False),
        Column("seq", BigInteger, nullable=False),
        PrimaryKeyConstraint("stream", name="pk_doubts"),
        ForeignKeyConstraint(["stream"], ["streams.id"], name="fk_doubts_stream_streams"),
    )
