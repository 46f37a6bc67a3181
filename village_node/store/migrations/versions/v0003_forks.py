"""Forks: their proofs, and a row of its own in `streams` for each branch but the first."""

from typing import Final

from alembic import op
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)

revision = "0003"
down_revision = "0002"

METADATA: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

STREAMS: Final = Table(
    "streams",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("incarnation", LargeBinary, nullable=False),
    Column("scope", Text, nullable=False),
    Column("suite", SmallInteger, nullable=False),
    Column("stream_id", LargeBinary, nullable=False),
    Column("head_seq", BigInteger, nullable=False),
    Column("head_hash", LargeBinary, nullable=False),
    Column("body_seq", BigInteger, nullable=False),
    Column("body_hash", LargeBinary, nullable=False),
    Column("hlc", BigInteger, nullable=False),
    Column("own", Boolean, nullable=False),
    Column("alarm", SmallInteger, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("branch", LargeBinary, nullable=False),
    Column("trunk", Integer),
    UniqueConstraint("incarnation", "scope", "branch"),
    Index(None, "scope"),
)

FORKS: Final = Table(
    "forks",
    METADATA,
    Column("incarnation", LargeBinary, nullable=False),
    Column("scope", Text, nullable=False),
    Column("split", BigInteger, nullable=False),
    Column("lower", LargeBinary, nullable=False),
    Column("upper", LargeBinary, nullable=False),
    Column("found_ms", BigInteger, nullable=False),
    Column("proof", LargeBinary, nullable=False),
    PrimaryKeyConstraint("incarnation", "scope", "split", "lower", "upper"),
)


def upgrade() -> None:
    """Add the table of proofs, the columns of branches, and the index by which what is about no case is found."""
    connection = op.get_bind()
    FORKS.create(connection)
    only = text("kind > 63")
    op.create_index("ix_events_beside", "events", ["stream", "kind"], sqlite_where=only, postgresql_where=only)
    if connection.dialect.name == "postgresql":
        op.add_column("streams", Column("since", BigInteger, nullable=False, server_default="0"))
        op.add_column("streams", Column("branch", LargeBinary, nullable=False, server_default=""))
        op.add_column("streams", Column("trunk", Integer))
        op.alter_column("streams", "since", server_default=None)
        op.alter_column("streams", "branch", server_default=None)
        op.drop_constraint("uq_streams_stream_id", "streams", type_="unique")
        op.drop_constraint("uq_streams_incarnation_scope", "streams", type_="unique")
        op.create_unique_constraint(
            "uq_streams_incarnation_scope_branch", "streams", ["incarnation", "scope", "branch"]
        )
        return
    # SQLite cannot drop a constraint: the table is made anew. Events refer to its rows, so what they refer to is gone
    # for a moment; by the commit it is back, and SQLite looks only then.
    connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
    connection.exec_driver_sql("CREATE TEMPORARY TABLE old_streams AS SELECT * FROM streams")
    connection.exec_driver_sql("DROP TABLE streams")
    STREAMS.create(connection)
    connection.exec_driver_sql("INSERT INTO streams SELECT *, 0, x'', NULL FROM old_streams")
    connection.exec_driver_sql("DROP TABLE old_streams")
