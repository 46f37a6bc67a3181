"""Two columns of what telephones send, for databases made while script 0032 did not have them yet."""

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, inspect

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    """Where 0032 was run as it is now, they are there. Else no look was counted, and a file came when it was made."""
    for table, column, before in (("phone_passes", "tries", "0"), ("phone_files", "came_ms", "at_ms")):
        if column in {each["name"] for each in inspect(op.get_bind()).get_columns(table)}:
            continue
        kind = Integer() if column == "tries" else BigInteger()
        with op.batch_alter_table(table) as changed:
            changed.add_column(Column(column, kind, nullable=False, server_default="0"))
        op.execute(f"UPDATE {table} SET {column} = {before}")  # noqa: S608 - the words are those of this script
        with op.batch_alter_table(table) as changed:
            changed.alter_column(column, server_default=None)
