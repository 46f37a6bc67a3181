"""What programs need: the tokens they sign in with, and what became of each request under its id."""

from alembic import op
from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Text,
    UniqueConstraint,
)

revision = "0012"
down_revision = "0006"


def upgrade() -> None:
    """Two tables, both empty."""
    op.create_table(
        "tokens",
        Column("id", Integer, nullable=False),
        Column("token_hash", LargeBinary, nullable=False),
        Column("name", Text, nullable=False),
        Column("staff_no", Text, ForeignKey("staff.staff_no", name="fk_tokens_staff_no"), nullable=False),
        Column("role", Text, nullable=False),
        Column("made_by", Text, nullable=False),
        Column("created_ms", BigInteger, nullable=False),
        Column("life_ms", BigInteger, nullable=False),
        Column("revoked_ms", BigInteger),
        Column("used_ms", BigInteger),
        PrimaryKeyConstraint("id", name="pk_tokens"),
        UniqueConstraint("token_hash", name="uq_tokens_token_hash"),
    )
    op.create_index("ix_tokens_staff_no", "tokens", ["staff_no"])
    op.create_table(
        "requests",
        Column("staff_no", Text, nullable=False),
        Column("request_id", Text, nullable=False),
        Column("digest", LargeBinary, nullable=False),
        Column("at_ms", BigInteger, nullable=False),
        Column("scope", Text, nullable=False),
        Column("case_id", LargeBinary, nullable=False),
        PrimaryKeyConstraint("staff_no", "request_id", name="pk_requests"),
    )
    op.create_index("ix_requests_at_ms", "requests", ["at_ms"])
