"""Ways to what supervision wrote beside cases and to recorded services; the service room's own books: duty, tickets."""

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, LargeBinary, PrimaryKeyConstraint, SmallInteger, Text, text

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """The indexes are over a few events only, so that nothing is dearer for all the others."""
    for name, condition in (("overseen", "kind IN (54, 55, 56, 57)"), ("services", "kind = 42")):
        words = text(condition)
        op.create_index(f"ix_events_{name}", "events", ["verdict"], sqlite_where=words, postgresql_where=words)
    op.create_table(
        "duty",
        Column("day", Text, nullable=False),
        Column("post", Text, nullable=False),
        Column("staff_no", Text, nullable=False),
        Column("note", Text, nullable=False),
        PrimaryKeyConstraint("day", "post", name="pk_duty"),
    )
    op.create_table(
        "appointments",
        Column("id", Integer, nullable=False),
        Column("day", Text, nullable=False),
        Column("slot", Text, nullable=False),
        Column("name", Text, nullable=False),
        Column("item_no", Text, nullable=False),
        Column("phone_tail", Text, nullable=False),
        Column("booked_by", Text, nullable=False),
        Column("booked_ms", BigInteger, nullable=False),
        Column("state", SmallInteger, nullable=False),
        PrimaryKeyConstraint("id", name="pk_appointments"),
    )
    op.create_index("ix_appointments_day", "appointments", ["day"])
    op.create_table(
        "tickets",
        Column("day", Text, nullable=False),
        Column("number", Integer, nullable=False),
        Column("item_no", Text, nullable=False),
        Column("at_window", Text, nullable=False),
        Column("appointment", Integer),
        Column("drawn_ms", BigInteger, nullable=False),
        Column("state", SmallInteger, nullable=False),
        Column("called_ms", BigInteger),
        Column("called_by", Text, nullable=False),
        Column("ended_ms", BigInteger),
        Column("scope", Text, nullable=False),
        Column("case_id", LargeBinary),
        PrimaryKeyConstraint("day", "number", name="pk_tickets"),
    )
