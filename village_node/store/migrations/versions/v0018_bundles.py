"""What couriers carry: the bundles that went out and that came in."""

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, LargeBinary, PrimaryKeyConstraint, SmallInteger, Text

revision = "0018"
down_revision = "0019"


def upgrade() -> None:
    """One table, empty: nothing was carried before."""
    op.create_table(
        "bundles",
        Column("bundle_id", LargeBinary, nullable=False),
        Column("direction", Text, nullable=False),
        Column("place", Text, nullable=False),
        Column("incarnation", LargeBinary, nullable=False),
        Column("number", BigInteger, nullable=False),
        Column("time_ms", BigInteger, nullable=False),
        Column("at_ms", BigInteger, nullable=False),
        Column("events", Integer, nullable=False),
        Column("parts", Integer, nullable=False),
        Column("whole", SmallInteger, nullable=False),
        Column("said", LargeBinary, nullable=False),
        PrimaryKeyConstraint("bundle_id", "direction", name="pk_bundles"),
    )
