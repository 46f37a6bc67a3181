"""By which days and at whose place cases are counted, and what counts against a place besides cards."""

from alembic import op
from sqlalchemy import Column, Integer, LargeBinary, PrimaryKeyConstraint, SmallInteger, Text, text

from village_node.store.migrations.again import fold_again

revision = "0040"
down_revision = "0039"

_DAYS = ("received_day", "accepted_day", "done_day", "corrections")


def upgrade() -> None:
    """Filled as the cases are folded again: until then the figures of earlier periods are incomplete."""
    for name in _DAYS:
        op.add_column("cases", Column(name, Integer))
    op.add_column("cases", Column("done_as", SmallInteger))
    for name in ("yellow_at", "red_at"):
        op.add_column("cases", Column(name, Text))
    op.create_index("ix_cases_received_day", "cases", ["received_day", "scope", "item_no", "corrections"])
    op.create_index("ix_cases_accepted_day", "cases", ["accepted_day", "scope", "item_no"])
    op.create_index("ix_cases_done_day", "cases", ["done_day", "accepted_day", "scope", "item_no"])
    for name in ("yellow_day", "red_day"):
        only = text(f"{name} IS NOT NULL")
        op.create_index(f"ix_cases_{name}", "cases", [name], sqlite_where=only, postgresql_where=only)
    op.create_table(
        "faults",
        Column("scope", Text, nullable=False),
        Column("case_id", LargeBinary, nullable=False),
        Column("number", Integer, nullable=False),
        Column("rule", SmallInteger, nullable=False),
        Column("day", Integer, nullable=False),
        Column("place", Text, nullable=False),
        PrimaryKeyConstraint("scope", "case_id", "number", name="pk_faults"),
    )
    op.create_index("ix_faults_day", "faults", ["day"])
    fold_again()
