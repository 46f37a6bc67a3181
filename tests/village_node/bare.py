"""Taking everything out of a database of the tests, which are made with all tables."""

from sqlalchemy import Connection, MetaData, text


def bare(connection: Connection) -> None:
    """Leave a database as its server makes one."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    else:
        held = MetaData()
        held.reflect(connection)
        held.drop_all(connection)
