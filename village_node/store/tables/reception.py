"""The service room: who is on duty, who comes, and the ends of its days."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    text,
)

from village_node.store.tables.metadata import METADATA

# The service room's own books, which no other node knows of. Who is on duty on a day (yyyy-mm-dd) at a post.
DUTY: Final = Table(
    "duty",
    METADATA,
    Column("day", Text, nullable=False),
    Column("post", Text, nullable=False),
    Column("staff_no", Text, nullable=False),
    Column("note", Text, nullable=False),
    PrimaryKeyConstraint("day", "post"),
)

# What the events that end a day say in numbers, so that a list of a month reads no bodies; each counts as long as its
# event stands there. ``empty``: posts of the roster at which nobody was seen.
DAY_ENDS: Final = Table(
    "day_ends",
    METADATA,
    Column("stream", Integer, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("place", Text, nullable=False),
    Column("day", Text, nullable=False),
    Column("department", Text, nullable=False),
    Column("came", BigInteger, nullable=False),
    Column("done", BigInteger, nullable=False),
    Column("left_over", BigInteger, nullable=False),
    Column("posts", Integer, nullable=False),
    Column("empty", Integer, nullable=False),
    Column("closed_ms", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    PrimaryKeyConstraint("stream", "seq", "hash"),
    Index("ix_day_ends_day", "day", "place"),
)

# Who comes when. state: see queue.BOOKED and what follows it.
APPOINTMENTS: Final = Table(
    "appointments",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("day", Text, nullable=False, index=True),
    Column("slot", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("item_no", Text, nullable=False),
    Column("phone_tail", Text, nullable=False),
    Column("booked_by", Text, nullable=False),
    Column("booked_ms", BigInteger, nullable=False),
    Column("state", SmallInteger, nullable=False),
    Column("number", Text, nullable=False, server_default=text("''"), index=True),
    Column("code", Text, nullable=False, server_default=text("''")),
    Column("moved_from", Text, nullable=False, server_default=text("''")),
    Column("ended_by", Text, nullable=False, server_default=text("''")),
    Column("reason", Text, nullable=False, server_default=text("''")),
)

# Who came, in the order of the numbers drawn that day; `scope` and `case_id`: what was filed from it.
TICKETS: Final = Table(
    "tickets",
    METADATA,
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
    Column("purpose", Text, nullable=False, server_default=text("'accept'")),
    PrimaryKeyConstraint("day", "number"),
)

# Which numbers were sent on from one window to another, by whom, in their order.
PASSES: Final = Table(
    "ticket_passes",
    METADATA,
    Column("day", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("step", Integer, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("from_window", Text, nullable=False),
    Column("to_window", Text, nullable=False),
    Column("passed_by", Text, nullable=False),
    Column("note", Text, nullable=False),
    PrimaryKeyConstraint("day", "number", "step"),
)
