"""What a node remembers about itself."""

from typing import Final

from sqlalchemy import BigInteger, Column, LargeBinary, Table, Text

from village_node.store.tables.metadata import METADATA

# What the node remembers about itself: counters, the secret behind challenges, the version that caches watch.
META: Final = Table(
    "meta",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("number", BigInteger),
    Column("bytes", LargeBinary),
)
