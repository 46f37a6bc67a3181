"""When the grades of a case begin: on which day it is due, and turns to a notice, a yellow and a red card."""

from alembic import op
from sqlalchemy import Column, Integer

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Empty until the case is folded again, which the node does by itself for all that are not finished."""
    for name in ("due_day", "notice_day", "yellow_day", "red_day", "red_plus_day"):
        op.add_column("cases", Column(name, Integer))
