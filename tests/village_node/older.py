"""Making of a database of the tests, which have all tables, one that an older program has left."""

from alembic import command
from sqlalchemy import Connection, MetaData, text

from village_node.store import migrations


def as_of(connection: Connection, revision: str) -> None:
    """Leave a database as the scripts up to this revision make one."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    else:
        held = MetaData()
        held.reflect(connection)
        held.drop_all(connection)
    settings = migrations.config()
    settings.attributes["connection"] = connection
    command.upgrade(settings, revision)
