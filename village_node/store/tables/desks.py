"""Work on cases that no other node knows of: whose each is, and what is begun, proposed or filed in one go."""

from typing import Final

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, PrimaryKeyConstraint, SmallInteger, Table, Text

from village_node.store.tables.metadata import METADATA, only

# Who of the staff has taken up a case that is at this place. `given_by`: who gave it to them; empty where nobody did.
CLAIMS: Final = Table(
    "claims",
    METADATA,
    Column("scope", Text, nullable=False),
    Column("case_id", LargeBinary, nullable=False),
    Column("staff_no", Text, nullable=False),
    Column("since_ms", BigInteger, nullable=False),
    Column("given_by", Text, nullable=False),
    PrimaryKeyConstraint("scope", "case_id"),
    Index(None, "staff_no"),
)

# Who is away, to the end of a day written as 2026-11-20.
ABSENCES: Final = Table(
    "absences",
    METADATA,
    Column("staff_no", Text, nullable=False),
    Column("until", Text, nullable=False),
    Column("noted_by", Text, nullable=False),
    Column("noted_ms", BigInteger, nullable=False),
    PrimaryKeyConstraint("staff_no"),
)

DRAFTS: Final = Table(
    "drafts",
    METADATA,
    Column("draft_id", Text, primary_key=True),
    Column("staff_no", Text, nullable=False, index=True),
    Column("item_no", Text, nullable=False),
    Column("item_version", Integer, nullable=False),
    Column("fields", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
)

# Proposals to assign a case over the head of its holder: one person's until another at this node has answered.
# state: see proposals.STATES; `last_*`: the end of the case as the first person saw it.
PROPOSALS: Final = Table(
    "proposals",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("scope", Text, nullable=False),
    Column("case_id", LargeBinary, nullable=False),
    Column("to_place", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("last_incarnation", LargeBinary, nullable=False),
    Column("last_seq", BigInteger, nullable=False),
    Column("last_mark", LargeBinary, nullable=False),
    Column("proposer", Text, nullable=False),
    Column("proposed_ms", BigInteger, nullable=False),
    Column("state", SmallInteger, nullable=False),
    Column("answerer", Text, nullable=False),
    Column("answered_ms", BigInteger),
    Column("answer", Text, nullable=False),
    Index(None, "scope", "case_id"),
    Index("ix_proposals_pending", "proposed_ms", **only("state = 0")),
)

# Special procedures that one person has proposed: that person's until another at this node has answered.
ASKED_PROCEDURES: Final = Table(
    "asked_procedures",
    METADATA,
    Column("scope", Text, primary_key=True),
    Column("case_id", LargeBinary, primary_key=True),
    Column("body", LargeBinary, nullable=False),
    Column("last_incarnation", LargeBinary, nullable=False),
    Column("last_seq", BigInteger, nullable=False),
    Column("last_mark", LargeBinary, nullable=False),
    Column("proposer", Text, nullable=False),
    Column("proposed_ms", BigInteger, nullable=False),
)

# Lists that were filed in one go here, and the cases they became; no other node knows of them.
BATCHES: Final = Table(
    "batches",
    METADATA,
    Column("batch_id", LargeBinary, primary_key=True),
    Column("item_no", Text, nullable=False),
    Column("item_version", Integer, nullable=False),
    Column("digest", LargeBinary, nullable=False, index=True),
    Column("actor", Text, nullable=False),
    Column("made_ms", BigInteger, nullable=False),
)

BATCH_CASES: Final = Table(
    "batch_cases",
    METADATA,
    Column("batch_id", LargeBinary, nullable=False),
    Column("position", Integer, nullable=False),
    Column("scope", Text, nullable=False),
    Column("case_id", LargeBinary, nullable=False),
    PrimaryKeyConstraint("batch_id", "position"),
)
