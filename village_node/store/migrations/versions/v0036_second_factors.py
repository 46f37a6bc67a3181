"""Second factors of the staff, and sessions that are not open yet or that another one took the place of."""

from alembic import op
from sqlalchemy import BigInteger, Column, ForeignKey, LargeBinary, PrimaryKeyConstraint, Text

revision = "0036"
down_revision = "0035"


def upgrade() -> None:
    """Before a right password was all, and one account was signed in at any number of machines."""
    op.add_column("sessions", Column("step", Text))
    op.add_column("sessions", Column("replaced_ms", BigInteger))
    op.add_column("sessions", Column("replaced_from", Text))
    op.create_table(
        "factors",
        Column("staff_no", Text, ForeignKey("staff.staff_no", name="fk_factors_staff_no_staff"), primary_key=True),
        Column("secret", LargeBinary),
        Column("since_ms", BigInteger),
        Column("used", LargeBinary, nullable=False),
        Column("begun", LargeBinary),
        Column("begun_in", LargeBinary),
    )
    op.create_table(
        "recovery_codes",
        Column("staff_no", Text, ForeignKey("staff.staff_no", name="fk_recovery_codes_staff_no_staff"), nullable=False),
        Column("code_hash", LargeBinary, nullable=False),
        PrimaryKeyConstraint("staff_no", "code_hash", name="pk_recovery_codes"),
    )
