"""A number says what somebody came for, and which windows it was passed on to."""

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, PrimaryKeyConstraint, Text, text

revision = "0044"
down_revision = "0043"


def upgrade() -> None:
    """Before, everybody came to file something, and only the window where a number was last is known."""
    op.add_column("tickets", Column("purpose", Text, nullable=False, server_default=text("'accept'")))
    op.create_table(
        "ticket_passes",
        Column("day", Text, nullable=False),
        Column("number", Integer, nullable=False),
        Column("step", Integer, nullable=False),
        Column("at_ms", BigInteger, nullable=False),
        Column("from_window", Text, nullable=False),
        Column("to_window", Text, nullable=False),
        Column("passed_by", Text, nullable=False),
        Column("note", Text, nullable=False),
        PrimaryKeyConstraint("day", "number", "step", name="pk_ticket_passes"),
    )
