"""News of cases is sent to other systems of the county."""

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Integer, LargeBinary, Text

revision = "0043"
down_revision = "0042"


def upgrade() -> None:
    """Before, another system had to ask again and again what had changed."""
    op.create_table(
        "webhooks",
        Column("id", Integer, primary_key=True),
        Column("name", Text, nullable=False),
        Column("url", Text, nullable=False),
        Column("secret", LargeBinary, nullable=False),
        Column("states", Text, nullable=False),
        Column("item_no", Text),
        Column("place", Text),
        Column("made_by", Text, nullable=False),
        Column("created_ms", BigInteger, nullable=False),
        Column("ended_ms", BigInteger),
        Column("seq", BigInteger, nullable=False),
        Column("delivered_ms", BigInteger),
        Column("failures", Integer, nullable=False),
        Column("first_failure_ms", BigInteger),
        Column("next_attempt_ms", BigInteger),
        Column("last_error", Text),
        Column("gone", Boolean, nullable=False),
        Column("dropped", Integer, nullable=False),
        Column("dropped_ms", BigInteger),
        Column("untold", Integer, nullable=False),
    )
    op.create_table(
        "webhook_news",
        Column("number", Integer, primary_key=True),
        Column("webhook", Integer, ForeignKey("webhooks.id"), nullable=False),
        Column("case_id", LargeBinary, nullable=False),
        Column("case_no", Text, nullable=False),
        Column("item_no", Text),
        Column("place", Text, nullable=False),
        Column("state_before", Text),
        Column("state", Text, nullable=False),
        Column("at_ms", BigInteger, nullable=False),
    )
    op.create_index("ix_webhook_news_webhook_number", "webhook_news", ["webhook", "number"])
