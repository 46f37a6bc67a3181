"""Which places are to be looked through for acts of accounts that were disabled."""

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, Text

revision = "0039"
down_revision = "0038"


def upgrade() -> None:
    """Before, all that a place had written was read again with each word about an account, while others waited."""
    op.create_index("ix_late_acts_place_stream_seq", "late_acts", ["place", "stream", "seq"])
    op.create_table(
        "late_to_find",
        Column("place", Text, primary_key=True),
        Column("stream", Integer, nullable=False),
        Column("seq", BigInteger, nullable=False),
        Column("turn", BigInteger, nullable=False),
    )
