"""What rates are added up from, in the rows of cases and of bad ratings: a year is counted without its events."""

from alembic import op
from sqlalchemy import Column, Integer, SmallInteger, text

from village_node.store.migrations.again import fold_again

revision = "0045"
down_revision = "0044"

_NUMBERS = ("owed_day", "transfers", "transfer_days", "visits", "previews", "previews_in_time", "preview_due")


def upgrade() -> None:
    """Filled as the cases are folded again: until then rates of earlier periods are incomplete. The term of a bad
    rating in a case whose words were cleared before is known once they have come back."""
    for name in _NUMBERS:
        op.add_column("cases", Column(name, Integer))
    for name in ("statute", "returned"):
        op.add_column("cases", Column(name, SmallInteger))
    of_due = ["scope", "settled_day", "done_day", "accepted_day"]
    _index("ix_cases_owed_day", ["owed_day", *of_due], "owed_day IS NOT NULL")
    added_up = ["settled_kind", "rating", "statute", "transfers", "transfer_days", "visits", "done_as"]
    _index("ix_cases_rates", ["done_day", "scope", *added_up], "done_as = 1")
    _index("ix_cases_refused", ["done_day", "scope", "state", "done_as"], "done_as = 4")
    _index("ix_cases_returned", ["accepted_day", "scope"], "returned = 1")
    _index("ix_cases_previews", ["filed_ms"], "previews IS NOT NULL")
    op.add_column("faults", Column("due_day", Integer))
    for name in ("mended", "called"):
        op.add_column("faults", Column(name, SmallInteger))
    _index("ix_faults_due_day", ["due_day"], "due_day IS NOT NULL", "faults")
    fold_again()


def _index(name: str, columns: list[str], only: str, table: str = "cases") -> None:
    op.create_index(name, table, columns, sqlite_where=text(only), postgresql_where=text(only))
