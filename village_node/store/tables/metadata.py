"""What every table is registered in, and how its indexes and constraints are named."""

from typing import Any, Final

from sqlalchemy import MetaData, text

METADATA: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def only(condition: str) -> dict[str, Any]:
    """The arguments of an index over some rows only, on either dialect."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}
