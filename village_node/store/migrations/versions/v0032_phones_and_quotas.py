"""Passes for a telephone in the room and what came by them; what each node below has brought on a day."""

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, LargeBinary, SmallInteger, Text

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    """Before nobody could send anything without an account, and nobody counted what a node brought."""
    for name in ("day", "day_events", "day_event_bytes", "day_paper_bytes"):
        op.add_column("peers", Column(name, BigInteger, nullable=False, server_default="0"))
    op.create_table(
        "phone_passes",
        Column("id", Text, primary_key=True),
        Column("token_hash", LargeBinary, nullable=False, unique=True),
        Column("session", LargeBinary, nullable=False),
        Column("staff_no", Text, nullable=False),
        Column("scope", Text, nullable=False),
        Column("case_id", LargeBinary, nullable=False),
        Column("opened_ms", BigInteger, nullable=False),
        Column("used_ms", BigInteger, nullable=False),
        Column("ended_ms", BigInteger),
        Column("tries", Integer, nullable=False),
    )
    op.create_table(
        "phone_files",
        Column("name", Text, primary_key=True),
        Column("pass_id", Text, nullable=False),
        Column("number", Integer, nullable=False),
        Column("scope", Text, nullable=False),
        Column("case_id", LargeBinary, nullable=False),
        Column("material", Text, nullable=False),
        Column("hash", LargeBinary, nullable=False),
        Column("size", BigInteger, nullable=False),
        Column("media", Text, nullable=False),
        Column("key", LargeBinary, nullable=False),
        Column("preview", LargeBinary, nullable=False),
        Column("at_ms", BigInteger, nullable=False),
        Column("came_ms", BigInteger, nullable=False),
        Column("state", SmallInteger, nullable=False),
    )
    op.create_index("ix_phone_files_case", "phone_files", ["case_id", "scope"])
