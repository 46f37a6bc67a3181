"""What a telephone in the room may send for a case, and what came."""

from typing import Final

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, SmallInteger, Table, Text

from village_node.store.tables.metadata import METADATA

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
