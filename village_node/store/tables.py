"""Every table of a node: the same at a village on SQLite and at a county on PostgreSQL.

Times are milliseconds since 1970 UTC. Identifiers of 8, 16 and 32 bytes are the ones of PROTOCOL.md. A change here
needs a migration: a test compares what the migrations make with what stands here, on both databases.
"""

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
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

METADATA: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _only(condition: str) -> dict[str, Any]:
    """The arguments of an index over some rows only, on either dialect."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


# What the node remembers about itself: counters, the secret behind challenges, the version that caches watch.
META: Final = Table(
    "meta",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("number", BigInteger),
    Column("bytes", LargeBinary),
)

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
    Index("ix_events_case", "case_id", **_only("case_id IS NOT NULL")),
    Index("ix_events_missing", "stream", "seq", **_only("body_state = 1")),
    Index("ix_events_verdict", "stream", "verdict", **_only("verdict > 1")),
    Index("ix_events_beside", "stream", "kind", **_only("kind > 63")),
    Index("ix_events_overseen", "verdict", **_only("kind IN (54, 55, 56, 57)")),
    Index("ix_events_services", "verdict", **_only("kind = 42")),
    Index("ix_events_apart", "stream", "kind", **_only("case_id IS NULL AND kind < 64")),
    Index("ix_events_came", "arrived_ms", "stream", "kind", **_only("kind IN (2, 4)")),
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

# Closed cases whose bodies were dropped here, and since when they are asked for again.
CASE_PURGES: Final = Table(
    "case_purges",
    METADATA,
    Column("scope", Text, nullable=False),
    Column("case_id", LargeBinary, nullable=False),
    Column("purged_ms", BigInteger, nullable=False),
    Column("bodies", Integer, nullable=False),
    Column("recalled_ms", BigInteger),
    PrimaryKeyConstraint("scope", "case_id"),
    Index("ix_case_purges_recalled", "recalled_ms", **_only("recalled_ms IS NOT NULL")),
)

# One row a case: what lists and searches need. It is computed from the events and can be computed again at any time.
CASES: Final = Table(
    "cases",
    METADATA,
    Column("scope", Text, nullable=False),
    Column("case_id", LargeBinary, nullable=False),
    Column("case_no", Text),
    Column("query_code", Text),
    Column("item_no", Text),
    Column("item_version", Integer),
    Column("state", Text),
    Column("holder", Text),
    Column("transit_to", Text),
    Column("applicant_name", Text),
    Column("filed_ms", BigInteger),
    Column("decided_ms", BigInteger),
    Column("delivered_ms", BigInteger),
    Column("updated_ms", BigInteger),
    Column("last_incarnation", LargeBinary),
    Column("last_seq", BigInteger),
    Column("last_mark", LargeBinary),
    Column("n_events", Integer),
    Column("n_waiting", Integer),
    Column("n_void", Integer),
    Column("n_contested", Integer),
    Column("n_needs_update", Integer),
    Column("open_supplies", Integer),
    Column("open_withdrawals", Integer),
    Column("n_open", Integer),
    Column("due_day", Integer),
    Column("notice_day", Integer),
    Column("yellow_day", Integer),
    Column("red_day", Integer),
    Column("red_plus_day", Integer),
    Column("promise_day", Integer),
    Column("lane", Integer),
    Column("ahead_of", Text),
    Column("rating", Integer),
    Column("orders_day", Integer),
    Column("orders_at", Text),
    Column("orders_call", Integer),
    Column("unsigned", Text),
    Column("action_day", Integer),
    Column("settled_day", Integer),
    Column("settled_used", Integer),
    Column("settled_limit", Integer),
    Column("settled_kind", Integer),
    Column("settled_extension", Integer),
    Column("calls", Integer),
    Column("reached", Integer),
    Column("appeal_day", Integer),
    Column("appeals_by", Text),
    Column("watched_day", Integer),
    Column("acts_on", Text),
    Column("earlier_no", Text),
    Column("kind", Integer),
    Column("outcome", Text),
    Column("received_day", Integer),
    Column("accepted_day", Integer),
    Column("done_day", Integer),
    Column("done_as", SmallInteger),
    Column("corrections", Integer),
    Column("yellow_at", Text),
    Column("red_at", Text),
    Column("decided_at", Text),
    Column("decided_by", Integer),
    PrimaryKeyConstraint("scope", "case_id"),
    Index(None, "case_no"),
    Index(None, "query_code"),
    Index(None, "holder", "state"),
    Index(None, "transit_to", **_only("transit_to IS NOT NULL")),
    Index(None, "state"),
    Index(None, "filed_ms"),
    Index("ix_cases_unsettled", "scope", **_only("n_waiting > 0 OR n_void > 0 OR n_needs_update > 0")),
    Index("ix_cases_asked", "holder", **_only("open_supplies > 0 OR open_withdrawals > 0")),
    Index("ix_cases_promised", "promise_day", **_only("promise_day IS NOT NULL")),
    Index("ix_cases_unsigned", "unsigned", **_only("unsigned IS NOT NULL")),
    Index("ix_cases_action_day", "action_day", **_only("action_day IS NOT NULL")),
    Index("ix_cases_unrated", "state", **_only("rating = 0 AND state IN ('delivered', 'archived')")),
    Index("ix_cases_settled", "settled_day"),
    Index("ix_cases_orders", "orders_day", **_only("orders_day IS NOT NULL")),
    Index("ix_cases_appeal_day", "appeal_day", **_only("appeal_day IS NOT NULL")),
    Index("ix_cases_watched_day", "watched_day", **_only("watched_day IS NOT NULL")),
    Index("ix_cases_earlier_no", "earlier_no", **_only("earlier_no IS NOT NULL")),
    Index("ix_cases_kind", "kind", "state"),
    # With all that their sums are of: a period is counted without a look at the rows, but for what is over.
    Index("ix_cases_received_day", "received_day", "scope", "item_no", "corrections"),
    Index("ix_cases_accepted_day", "accepted_day", "scope", "item_no"),
    Index("ix_cases_done_day", "done_day", "accepted_day", "scope", "item_no"),
    Index("ix_cases_yellow_day", "yellow_day", **_only("yellow_day IS NOT NULL")),
    Index("ix_cases_red_day", "red_day", **_only("red_day IS NOT NULL")),
    Index("ix_cases_decided", "decided_ms", "decided_at", "item_no", "decided_by"),
    Index("ix_cases_item", "item_no", "filed_ms", "scope"),
    Index("ix_cases_odd", "holder", **_only("n_open > 0 OR n_waiting > 0 OR n_needs_update > 0")),
)

# What counts against a place besides cards: a bad rating that stands, an answer to supervision that came late. One row
# each, with the day from which it counts (days since 1970), which may lie ahead while nobody has answered.
FAULTS: Final = Table(
    "faults",
    METADATA,
    Column("scope", Text, nullable=False),
    Column("case_id", LargeBinary, nullable=False),
    Column("number", Integer, nullable=False),
    Column("rule", SmallInteger, nullable=False),
    Column("day", Integer, nullable=False),
    Column("place", Text, nullable=False),
    PrimaryKeyConstraint("scope", "case_id", "number"),
    Index("ix_faults_day", "day"),
)

# A case whose event relies on a position of another stream that is not here: folded again when it comes.
CASE_WAITS: Final = Table(
    "case_waits",
    METADATA,
    Column("incarnation", LargeBinary, nullable=False),
    Column("dep_scope", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("scope", Text, nullable=False),
    Column("case_id", LargeBinary, nullable=False),
    PrimaryKeyConstraint("incarnation", "dep_scope", "seq", "scope", "case_id"),
    Index(None, "scope", "case_id"),
)

# Cases whose rows an upgrade left without what its columns say: named by the migration, folded anew in slices.
TO_FOLD: Final = Table(
    "to_fold",
    METADATA,
    Column("scope", Text, nullable=False),
    Column("case_id", LargeBinary, nullable=False),
    PrimaryKeyConstraint("scope", "case_id"),
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

AUDIT: Final = Table(
    "audit",
    METADATA,
    Column("n", BigInteger, primary_key=True, autoincrement=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Index("ix_audit_actor", "actor", "at_ms"),
)

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

# Lists taken away as files, by their numbers. `query`: what the list was narrowed to, as its address says it; `people`:
# how many persons it names. One that waited for a second person has a `reason`, and from the answer on `answered_by`.
EXPORTS: Final = Table(
    "exports",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("staff_no", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("name", Text, nullable=False),
    Column("form", Text, nullable=False),
    Column("narrowed", Text, nullable=False),
    Column("digest", LargeBinary),
    Column("people", Integer, nullable=False),
    Column("reason", Text),
    Column("answered_by", Text),
    Column("answered_ms", BigInteger),
    Column("granted", Integer),
    Column("fetched_ms", BigInteger),
    Column("via", Text),
    Index(None, "staff_no", "at_ms"),
    Index(None, "via", "at_ms"),
)

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
    Index("ix_proposals_pending", "proposed_ms", **_only("state = 0")),
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

# The money of each case, by day: what of it was asked, taken or waived where and when.
FEES: Final = Table(
    "fees",
    METADATA,
    Column("scope", Text, nullable=False),
    Column("case_id", LargeBinary, nullable=False),
    Column("what", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("day", Integer, nullable=False, index=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("case_no", Text),
    Column("item_no", Text),
    Column("item_version", Integer),
    Column("fen", BigInteger),
    Column("number", Text),
    Column("actor", Text),
    PrimaryKeyConstraint("scope", "case_id", "what"),
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
    PrimaryKeyConstraint("day", "number"),
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

# Files of papers and their previews, by scope and SHA-256; see blobs.py for what the columns say.
BLOBS: Final = Table(
    "blobs",
    METADATA,
    Column("scope", Text, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("size", Integer, nullable=False),
    Column("chunks", LargeBinary, nullable=False),
    Column("lane", SmallInteger, nullable=False),
    Column("place", Text, nullable=False),
    Column("state", SmallInteger, nullable=False),
    Column("here", LargeBinary, nullable=False),
    Column("name", Text, nullable=False),
    Column("key", LargeBinary, nullable=False),
    Column("known_ms", BigInteger, nullable=False),
    PrimaryKeyConstraint("scope", "hash"),
    Index("ix_blobs_lane_known_ms", "lane", "known_ms", **_only("state = 0")),
    Index("ix_blobs_originals_here", "place", **_only("state = 1 AND lane > 0")),
)

# What has come of the next chunk of a file; see blob_parts.py for what the columns say.
BLOB_PARTS: Final = Table(
    "blob_parts",
    METADATA,
    Column("scope", Text, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("name", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("held", Integer, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    PrimaryKeyConstraint("scope", "hash"),
)

# For one telephone in the room and one case, until the clerk who gave it ends it or his session ends.
PHONE_PASSES: Final = Table(
    "phone_passes",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    Column("session", LargeBinary, nullable=False),
    Column("staff_no", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("case_id", LargeBinary, nullable=False),
    Column("opened_ms", BigInteger, nullable=False),
    Column("used_ms", BigInteger, nullable=False),
    Column("ended_ms", BigInteger),
    Column("tries", Integer, nullable=False),
)

# What came by them, until somebody here has taken it into the case or not: then its key is forgotten.
PHONE_FILES: Final = Table(
    "phone_files",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("pass_id", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("scope", Text, nullable=False),
    Column("case_id", LargeBinary, nullable=False),
    Column("material", Text, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("media", Text, nullable=False),
    Column("key", LargeBinary, nullable=False),
    Column("preview", LargeBinary, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("came_ms", BigInteger, nullable=False),
    Column("state", SmallInteger, nullable=False),
    Index("ix_phone_files_case", "case_id", "scope"),
)

# Which cases name a file: it goes with the last of them.
BLOB_CASES: Final = Table(
    "blob_cases",
    METADATA,
    Column("scope", Text, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("case_id", LargeBinary, nullable=False),
    PrimaryKeyConstraint("scope", "hash", "case_id"),
    Index("ix_blob_cases_case_id", "case_id"),
)

# Who has signed for a whole file; `told` 1: the child on the way to its author has it, or nobody is to be told.
BLOB_RECEIPTS: Final = Table(
    "blob_receipts",
    METADATA,
    Column("scope", Text, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("signer", LargeBinary, nullable=False),
    Column("time", BigInteger, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    Column("told", SmallInteger, nullable=False),
    Column("arrived_ms", BigInteger, nullable=False, server_default="0"),
    PrimaryKeyConstraint("scope", "hash", "signer"),
    Index("ix_blob_receipts_scope", "scope", **_only("told = 0")),
)
