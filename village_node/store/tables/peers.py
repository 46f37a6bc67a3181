"""Other nodes, and what comes from them or goes to them by line or by courier."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)

from village_node.store.tables.metadata import METADATA

# One row a peer. As its ancestor we keep `issued` and `issued_nonce` (challenge k and its nonce); as its child the
# challenge it gave us, our nonce for it, and the tide it told.
PEERS: Final = Table(
    "peers",
    METADATA,
    Column("incarnation", LargeBinary, primary_key=True),
    Column("place", Text, nullable=False),
    Column("direction", Text, nullable=False),
    Column("issued", BigInteger, nullable=False),
    Column("issued_nonce", LargeBinary),
    Column("secret", LargeBinary),
    Column("challenge", LargeBinary),
    Column("nonce", LargeBinary),
    Column("tide", BigInteger, nullable=False),
    Column("budget", Integer, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("next_attempt_ms", BigInteger),
    Column("first_failure_ms", BigInteger),
    Column("last_attempt_ms", BigInteger),
    Column("last_contact_ms", BigInteger),
    Column("last_error", Text),
    Column("last_error_ms", BigInteger),
    Column("skew_ms", BigInteger),
    Column("alarm", SmallInteger, nullable=False),
    Column("software", Text),
    Column("day", BigInteger, nullable=False, server_default="0"),
    Column("day_events", BigInteger, nullable=False, server_default="0"),
    Column("day_event_bytes", BigInteger, nullable=False, server_default="0"),
    Column("day_paper_bytes", BigInteger, nullable=False, server_default="0"),
)

# Segments that may still join, each made to stand alone (its own tables of incarnations and scopes).
PARKED: Final = Table(
    "parked",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("sender", LargeBinary, nullable=False),
    Column("incarnation", LargeBinary, nullable=False),
    Column("scope", Text, nullable=False),
    Column("first_seq", BigInteger, nullable=False),
    Column("last_seq", BigInteger, nullable=False),
    Column("code", SmallInteger, nullable=False),
    Column("size", Integer, nullable=False),
    Column("arrived_ms", BigInteger, nullable=False),
    Column("segment", LargeBinary, nullable=False),
    UniqueConstraint("sender", "incarnation", "scope", "first_seq", "last_seq"),
)

# A bounded sample of what was refused here, and how often: nothing is dropped silently.
REFUSED: Final = Table(
    "refused",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("sender", LargeBinary, nullable=False),
    Column("incarnation", LargeBinary, nullable=False),
    Column("scope", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("code", SmallInteger, nullable=False),
    Column("detail", Text, nullable=False),
    Column("times", Integer, nullable=False),
    Column("last_ms", BigInteger, nullable=False),
    Column("sample", LargeBinary),
    UniqueConstraint("sender", "incarnation", "scope", "seq", "code"),
)

# What a peer said of what it did not take: 1 parked, 2 refused. Gone when the peer's receipt or vector passes it.
ANSWERS: Final = Table(
    "answers",
    METADATA,
    Column("peer", LargeBinary, nullable=False),
    Column("incarnation", LargeBinary, nullable=False),
    Column("scope", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("disposition", SmallInteger, nullable=False),
    Column("code", Integer, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    PrimaryKeyConstraint("peer", "incarnation", "scope", "seq"),
)

# Bundles that a courier took away (direction `out`) or brought (`in`); see bundles.py for what the columns say.
BUNDLES: Final = Table(
    "bundles",
    METADATA,
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
    Column("more", SmallInteger, nullable=False, server_default="0"),
    Column("files", Integer, nullable=False, server_default="0"),
    PrimaryKeyConstraint("bundle_id", "direction"),
)
