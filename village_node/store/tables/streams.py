"""Streams and their events, with what is said of them: forks, seals, receipts, checkpoints, erasures."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)

from village_node.store.tables.metadata import METADATA, only

# `body_seq` is the contiguous position of PROTOCOL.md section 3: all headers up to it are held, no body is missing.
# `hlc` is of the event at the head, so that ours never run backward, whatever the clock does. `alarm`: 1 for a stream
# with a proven fork. The branch that came first is the row with `since` 0; any other has a row of its own, whose first
# event is at `since` with the hash `branch`, and which goes on from the row `trunk`.
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

# Proofs that one incarnation signed two different events at one position; `lower` and `upper` are the hashes there.
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

# body_state: 0 here, 1 missing, 2 purged, 3 erased. verdict: see cases.VERDICTS; note: what it waits for, or why void.
EVENTS: Final = Table(
    "events",
    METADATA,
    Column("stream", Integer, ForeignKey("streams.id"), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("kind", Integer, nullable=False),
    Column("kind_version", SmallInteger, nullable=False),
    Column("case_id", LargeBinary),
    Column("stage", Boolean, nullable=False),
    Column("header", LargeBinary, nullable=False),
    Column("salt", LargeBinary),
    Column("body", LargeBinary),
    Column("body_state", SmallInteger, nullable=False),
    Column("arrived_ms", BigInteger, nullable=False),
    Column("verdict", SmallInteger, nullable=False),
    Column("verdict_note", Text, nullable=False),
    PrimaryKeyConstraint("stream", "seq", "hash"),
    Index("ix_events_case", "case_id", **only("case_id IS NOT NULL")),
    Index("ix_events_missing", "stream", "seq", **only("body_state = 1")),
    Index("ix_events_verdict", "stream", "verdict", **only("verdict > 1")),
    Index("ix_events_beside", "stream", "kind", **only("kind > 63")),
    Index("ix_events_overseen", "verdict", **only("kind IN (54, 55, 56, 57)")),
    Index("ix_events_services", "verdict", **only("kind = 42")),
    Index("ix_events_apart", "stream", "kind", **only("case_id IS NULL AND kind < 64")),
    Index("ix_events_came", "arrived_ms", "stream", "kind", **only("kind IN (2, 4)")),
)

# The streams of an earlier life of this node, from its end until it is known which of its last events others hold: up
# to `seq` they are known to. What lies beyond leaves in no message; in the end the present life writes it again.
DOUBTS: Final = Table(
    "doubts",
    METADATA,
    Column("stream", Integer, ForeignKey("streams.id"), primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
)

# The authors' seals where the segments of their streams ended; our own streams are sealed as they are sent.
SEALS: Final = Table(
    "seals",
    METADATA,
    Column("stream", Integer, ForeignKey("streams.id"), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    PrimaryKeyConstraint("stream", "seq"),
)

# Of one signer and stream only the highest receipt is kept as evidence; when each position was first covered is kept
# in `receipt_times`, so that a page can say since when a place holds a case.
RECEIPTS: Final = Table(
    "receipts",
    METADATA,
    Column("stream", Integer, ForeignKey("streams.id"), nullable=False),
    Column("signer", LargeBinary, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("time", BigInteger, nullable=False),
    Column("receipt", LargeBinary, nullable=False),
    PrimaryKeyConstraint("stream", "signer"),
)

RECEIPT_TIMES: Final = Table(
    "receipt_times",
    METADATA,
    Column("stream", Integer, ForeignKey("streams.id"), nullable=False),
    Column("signer", LargeBinary, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("time", BigInteger, nullable=False),
    PrimaryKeyConstraint("stream", "signer", "seq"),
)

# Of each stream the line of the newest checkpoint that brought one (PROTOCOL.md, section 4.1): `author` and
# `checkpoint` name that event; `highest` is the highest position any checkpoint has vouched for. At the author there
# is no path: it is made from all the lines when somebody asks.
CHECKPOINT_LINES: Final = Table(
    "checkpoint_lines",
    METADATA,
    Column("stream_id", LargeBinary, nullable=False),
    Column("incarnation", LargeBinary, nullable=False),
    Column("scope", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("author", LargeBinary, nullable=False),
    Column("checkpoint", BigInteger, nullable=False),
    Column("line_index", BigInteger, nullable=False),
    Column("path", LargeBinary),
    Column("highest", BigInteger, nullable=False),
    PrimaryKeyConstraint("stream_id"),
    Index(None, "scope"),
)

# Since when, by its author's clock, a checkpoint vouches for each position.
CHECKPOINT_TIMES: Final = Table(
    "checkpoint_times",
    METADATA,
    Column("stream_id", LargeBinary, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("time", BigInteger, nullable=False),
    PrimaryKeyConstraint("stream_id", "seq"),
)

# The events whose bodies the root place has ordered to be erased, and which order says so: the position of an event.
ERASURES: Final = Table(
    "erasures",
    METADATA,
    Column("incarnation", LargeBinary, nullable=False),
    Column("scope", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("mark", LargeBinary, nullable=False),
    Column("ordered_by", LargeBinary, nullable=False),
    Column("ordered_seq", BigInteger, nullable=False),
    PrimaryKeyConstraint("incarnation", "scope", "seq", "mark"),
)
