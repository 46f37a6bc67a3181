"""The roster: its changes, what stands aside from it, and what people here have said of nodes to come or to go."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
)

from village_node.store.tables.metadata import METADATA

ROSTER_CHANGES: Final = Table(
    "roster_changes",
    METADATA,
    Column("part", Text, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("n", BigInteger, nullable=False),
    Column("arrival", Integer, nullable=False, unique=True),
    Column("hash", LargeBinary, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("signatures", LargeBinary, nullable=False),
    PrimaryKeyConstraint("part", "epoch", "n"),
)

# Proofs that two changes of a part bear one number.
ROSTER_FORKS: Final = Table(
    "roster_forks",
    METADATA,
    Column("part", Text, nullable=False),
    Column("split", BigInteger, nullable=False),
    Column("found_ms", BigInteger, nullable=False),
    Column("proof", LargeBinary, nullable=False),
    PrimaryKeyConstraint("part", "split"),
)

# Changes of the roster that are kept and not followed: of another chain than ours, or overruled by the root.
ROSTER_ASIDE: Final = Table(
    "roster_aside",
    METADATA,
    Column("part", Text, nullable=False),
    Column("n", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("signatures", LargeBinary, nullable=False),
    Column("arrived_ms", BigInteger, nullable=False),
    Column("overruled", Boolean, nullable=False),
    PrimaryKeyConstraint("part", "hash"),
)

# Requests of new nodes that came over the line, and what people at this node said to them.
NEWCOMERS: Final = Table(
    "newcomers",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("request", LargeBinary, nullable=False),
    Column("place", Text, nullable=False),
    Column("level", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("asked_ms", BigInteger, nullable=False),
    Column("state", SmallInteger, nullable=False),
    Column("answerer", Text, nullable=False),
    Column("answered_ms", BigInteger),
)

# Revocations of nodes that one person asks for and another at this node answers.
REVOCATIONS: Final = Table(
    "revocations",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("incarnation", LargeBinary, nullable=False),
    Column("place", Text, nullable=False),
    Column("again", SmallInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("asker", Text, nullable=False),
    Column("asked_ms", BigInteger, nullable=False),
    Column("state", SmallInteger, nullable=False),
    Column("answerer", Text, nullable=False),
    Column("answered_ms", BigInteger),
    Column("answer", Text, nullable=False),
)
