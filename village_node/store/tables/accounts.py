"""Accounts of the staff: what they sign in with, what that opens, and acts behind their end."""

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
    Table,
    Text,
)

from village_node.store.tables.metadata import METADATA

STAFF: Final = Table(
    "staff",
    METADATA,
    Column("staff_no", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("roles", Text, nullable=False),
    Column("password_hash", Text),
    Column("invitation_hash", LargeBinary),
    Column("invitation_until_ms", BigInteger),
    Column("disabled", Boolean, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("password_set_ms", BigInteger),
    Column("last_sign_in_ms", BigInteger),
    Column("ordered_by", Text),
    Column("shut_here", Boolean),
)

# Acts that stand behind the position at which the account that signed them was disabled, as its place said; kept for
# the places above it, which show them.
LATE_ACTS: Final = Table(
    "late_acts",
    METADATA,
    Column("place", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("stream", Integer, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    PrimaryKeyConstraint("place", "account", "stream", "seq", "hash"),
    Index(None, "place", "stream", "seq"),
)

# Places whose streams are to be looked through for these, up to where that is done; `turn`: how often it was asked for.
LATE_TO_FIND: Final = Table(
    "late_to_find",
    METADATA,
    Column("place", Text, primary_key=True),
    Column("stream", Integer, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("turn", BigInteger, nullable=False),
)

# `step`: what is left to do before it is open; none for one that is. `replaced_ms`, `replaced_from`: when another one
# of the same account took its place, and from which address. `begun`: the secret of a second factor that waits to be
# confirmed in this session and no other, encrypted as below.
SESSIONS: Final = Table(
    "sessions",
    METADATA,
    Column("id_hash", LargeBinary, primary_key=True),
    Column("staff_no", Text, ForeignKey("staff.staff_no"), nullable=False, index=True),
    Column("created_ms", BigInteger, nullable=False),
    Column("seen_ms", BigInteger, nullable=False),
    Column("source", Text, nullable=False),
    Column("step", Text),
    Column("replaced_ms", BigInteger),
    Column("replaced_from", Text),
    Column("begun", LargeBinary),
)

# What somebody shows beside the password. `secret`: of the codes, encrypted under a key that is not in the database.
# `used`: the last steps of time whose code was taken.
FACTORS: Final = Table(
    "factors",
    METADATA,
    Column("staff_no", Text, ForeignKey("staff.staff_no"), primary_key=True),
    Column("secret", LargeBinary, nullable=False),
    Column("since_ms", BigInteger, nullable=False),
    Column("used", LargeBinary, nullable=False),
)

# Codes that stand in for those once each; what was used is not there any more.
RECOVERY_CODES: Final = Table(
    "recovery_codes",
    METADATA,
    Column("staff_no", Text, ForeignKey("staff.staff_no"), nullable=False),
    Column("code_hash", LargeBinary, nullable=False),
    PrimaryKeyConstraint("staff_no", "code_hash"),
)

# What programs sign in with: the hash of a random token, for one account in one of its roles.
TOKENS: Final = Table(
    "tokens",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("staff_no", Text, ForeignKey("staff.staff_no"), nullable=False, index=True),
    Column("role", Text, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("life_ms", BigInteger, nullable=False),
    Column("revoked_ms", BigInteger),
    Column("used_ms", BigInteger),
)

# What a program asked for under an id of its own choosing, and the case that this came to: written in the transaction
# of the act, so that the same request sent again after a lost reply is the same act.
REQUESTS: Final = Table(
    "requests",
    METADATA,
    Column("staff_no", Text, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("at_ms", BigInteger, nullable=False, index=True),
    Column("scope", Text, nullable=False),
    Column("case_id", LargeBinary, nullable=False),
    PrimaryKeyConstraint("staff_no", "request_id"),
)

THROTTLE: Final = Table(
    "throttle",
    METADATA,
    Column("key", Text, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last_ms", BigInteger, nullable=False, index=True),
    Column("blocked_until_ms", BigInteger, nullable=False),
)
