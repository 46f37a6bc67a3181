"""Many rows at once, as fast as each database takes them: the hot path hands plain tuples in column order.

The statements are put together from the names of our own tables and columns, never from anything that came in.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any, Final, TypeVar

from sqlalchemy import ColumnElement, Connection, Table, tuple_

Row = tuple[Any, ...]
Item = TypeVar("Item")

# Rows a statement: SQLite takes 32,766 values, PostgreSQL 65,535.
CHUNK: Final = 1_000


def insert(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows given in the order of the table's columns. A row that is there already is an error."""
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(_insert_words(table, "?"), list(rows))
        return
    cursor = connection.connection.cursor()
    try:
        with cursor.copy(f"COPY {table.name} ({_names(table)}) FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(_postgres_types(table))
            for row in rows:
                copy.write_row(row)
    finally:
        cursor.close()


def put(connection: Connection, table: Table, rows: Sequence[Row], *, keep: bool = False) -> None:
    """Insert rows given in the order of the table's columns, or overwrite those with the same key.

    With ``keep`` those that are there stay as they are. No key may come twice in one call.
    """
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(_put_words(table, "?", keep), list(rows))
        return
    columns = list(zip(*rows, strict=True))
    connection.exec_driver_sql(_put_many_words(table, keep), tuple(list(column) for column in columns))


def change(connection: Connection, table: Table, names: tuple[str, ...], rows: Sequence[Row]) -> None:
    """Set columns by key: each row has the new values in the order of ``names``, then the key's values."""
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(_change_words(table, names), list(rows))
        return
    columns = list(zip(*rows, strict=True))
    connection.exec_driver_sql(_change_many_words(table, names), tuple(list(column) for column in columns))


def among(columns: Sequence[ColumnElement[Any]], keys: Sequence[Row]) -> ColumnElement[bool]:
    """The condition that these columns together are one of these keys."""
    if len(columns) == 1:
        return columns[0].in_([key[0] for key in keys])
    return tuple_(*columns).in_(keys)


def chunks(items: Iterable[Item], size: int = CHUNK) -> Iterator[list[Item]]:
    """The items in lists of at most ``size``."""
    listed = list(items)
    for start in range(0, len(listed), size):
        yield listed[start : start + size]


def _keys(table: Table) -> list[str]:
    return [column.name for column in table.primary_key.columns]


def _names(table: Table) -> str:
    return ", ".join(column.name for column in table.columns)


@cache
def _insert_words(table: Table, sign: str) -> str:
    return f"INSERT INTO {table.name} ({_names(table)}) VALUES ({', '.join(sign for _ in table.columns)})"  # noqa: S608


def _on_conflict(table: Table, keep: bool) -> str:
    keys = _keys(table)
    others = [column.name for column in table.columns if column.name not in keys]
    if keep or not others:
        return " ON CONFLICT DO NOTHING"
    return f" ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in others)}"


@cache
def _put_words(table: Table, sign: str, keep: bool) -> str:
    return _insert_words(table, sign) + _on_conflict(table, keep)


@cache
def _put_many_words(table: Table, keep: bool) -> str:
    arrays = ", ".join(f"%s::{kind}[]" for kind in _postgres_types(table))
    return f"INSERT INTO {table.name} ({_names(table)}) SELECT * FROM unnest({arrays})" + _on_conflict(table, keep)  # noqa: S608


@cache
def _change_words(table: Table, names: tuple[str, ...]) -> str:
    where = " AND ".join(f"{name} = ?" for name in _keys(table))
    return f"UPDATE {table.name} SET {', '.join(f'{name} = ?' for name in names)} WHERE {where}"  # noqa: S608


@cache
def _change_many_words(table: Table, names: tuple[str, ...]) -> str:
    kinds = dict(zip([column.name for column in table.columns], _postgres_types(table), strict=True))
    keys = _keys(table)
    arrays = ", ".join(f"%s::{kinds[name]}[]" for name in (*names, *keys))
    alias = ", ".join([f"new_{name}" for name in names] + [f"key_{name}" for name in keys])
    sets = ", ".join(f"{name} = new_{name}" for name in names)
    where = " AND ".join(f"{table.name}.{name} = key_{name}" for name in keys)
    return f"UPDATE {table.name} SET {sets} FROM unnest({arrays}) AS given ({alias}) WHERE {where}"  # noqa: S608


@cache
def _postgres_types(table: Table) -> tuple[str, ...]:
    kinds = {
        "BIGINT": "int8",
        "INTEGER": "int4",
        "SMALLINT": "int2",
        "TEXT": "text",
        "BLOB": "bytea",
        "BOOLEAN": "bool",
    }
    return tuple(kinds[str(column.type)] for column in table.columns)
