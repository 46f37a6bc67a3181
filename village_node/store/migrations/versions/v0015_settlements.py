"""When a case was settled, in how many working days of what was promised, and as what kind of case it counts."""

from alembic import op
from sqlalchemy import Column, Integer

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Empty in rows of before: what was settled then is counted once the case is folded again."""
    for name in ("settled_day", "settled_used", "settled_limit", "settled_kind", "settled_extension"):
        op.add_column("cases", Column(name, Integer))
    op.create_index("ix_cases_settled", "cases", ["settled_day"])
