"""A second factor that is being set up belongs to the session that sets it up, and ends with it."""

from alembic import op
from sqlalchemy import BigInteger, Column, LargeBinary

revision = "0042"
down_revision = "0041"


def upgrade() -> None:
    """Before, an account had room for one that waited: whoever else was half signed in drew it anew. What waits now is
    begun once more."""
    op.add_column("sessions", Column("begun", LargeBinary))
    op.execute("DELETE FROM factors WHERE secret IS NULL")
    with op.batch_alter_table("factors") as changed:
        changed.drop_column("begun")
        changed.drop_column("begun_in")
        changed.alter_column("secret", existing_type=LargeBinary(), nullable=False)
        changed.alter_column("since_ms", existing_type=BigInteger(), nullable=False)
