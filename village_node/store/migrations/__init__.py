"""Bring a database up to date, one revision after another; refuse one that a newer program has written.

Alembic is read where it is needed: to read it takes an eighth of what all else takes, and nearly every start finds its
database up to date."""

from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, inspect

from village_node.store.errors import NewerDatabase

if TYPE_CHECKING:
    from alembic.config import Config

# The revision this program works with. Kept beside the scripts so that opening a database that is up to date reads
# one row and nothing else; a test compares it with the newest script.
NEWEST: Final = "0046"
_UPGRADE_LOCK: Final = "SELECT pg_advisory_xact_lock(1398034025, -1)"


def upgrade(connection: Connection) -> None:
    """Run what is missing, inside the caller's transaction. Raises NewerDatabase for an unknown revision."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(_UPGRADE_LOCK)  # several workers start together
    found = revision(connection)
    if found == NEWEST:
        return
    configuration = config()
    if found is not None and found not in known():
        raise NewerDatabase(
            f"数据库由更新版本的程序写成（版本 {found}）；请先升级本程序，数据未作任何改动",
            f"a newer version of this program wrote this database (revision {found}); update the program first; "
            "nothing was changed",
        )
    from alembic import command

    configuration.attributes["connection"] = connection
    command.upgrade(configuration, "head")


def revision(connection: Connection) -> str | None:
    """The revision a database is at; None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return found


def known() -> set[str]:
    """Every revision this program has a script for."""
    from alembic.script import ScriptDirectory

    return {script.revision for script in ScriptDirectory.from_config(config()).walk_revisions()}


def config() -> "Config":
    """Alembic's settings, made in code: there is no file to lose or to edit."""
    from alembic.config import Config

    settings = Config()
    settings.set_main_option("script_location", "village_node.store:migrations")
    settings.set_main_option("path_separator", "os")
    return settings
