"""Who of the staff has taken up which case, and who is away until when."""

from alembic import op
from sqlalchemy import BigInteger, Column, LargeBinary, PrimaryKeyConstraint, Text

revision = "0035"
down_revision = "0034"


def upgrade() -> None:
    """Before nobody could say which of several officers had a case."""
    op.create_table(
        "claims",
        Column("scope", Text, nullable=False),
        Column("case_id", LargeBinary, nullable=False),
        Column("staff_no", Text, nullable=False),
        Column("since_ms", BigInteger, nullable=False),
        Column("given_by", Text, nullable=False),
        PrimaryKeyConstraint("scope", "case_id", name="pk_claims"),
    )
    op.create_index("ix_claims_staff_no", "claims", ["staff_no"])
    op.create_table(
        "absences",
        Column("staff_no", Text, nullable=False),
        Column("until", Text, nullable=False),
        Column("noted_by", Text, nullable=False),
        Column("noted_ms", BigInteger, nullable=False),
        PrimaryKeyConstraint("staff_no", name="pk_absences"),
    )
