"""Where news of cases is sent to, and what has still to be sent."""

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text

from village_node.store.tables.metadata import METADATA

# Where news of cases is sent to, until `ended_ms`. `secret`: encrypted, see accounts/webhooks.py; `states`: the news
# that is wanted, by the codes of states, between blanks; `seq`: of what was taken last; `dropped`: news beyond the
# bound, dropped since `dropped_ms`, of which `untold` the receiver has not been told yet.
WEBHOOKS: Final = Table(
    "webhooks",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("secret", LargeBinary, nullable=False),
    Column("states", Text, nullable=False),
    Column("item_no", Text),
    Column("place", Text),
    Column("made_by", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("ended_ms", BigInteger),
    Column("seq", BigInteger, nullable=False),
    Column("delivered_ms", BigInteger),
    Column("failures", Integer, nullable=False),
    Column("first_failure_ms", BigInteger),
    Column("next_attempt_ms", BigInteger),
    Column("last_error", Text),
    Column("gone", Boolean, nullable=False),
    Column("dropped", Integer, nullable=False),
    Column("dropped_ms", BigInteger),
    Column("untold", Integer, nullable=False),
)

# What each of them has still to be sent, in order: written in the transaction that changed the state of the case.
WEBHOOK_NEWS: Final = Table(
    "webhook_news",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("webhook", Integer, ForeignKey("webhooks.id"), nullable=False),
    Column("case_id", LargeBinary, nullable=False),
    Column("case_no", Text, nullable=False),
    Column("item_no", Text),
    Column("place", Text, nullable=False),
    Column("state_before", Text),
    Column("state", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Index(None, "webhook", "number"),
)
