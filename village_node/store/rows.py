"""The hot path's way to the database: ready statements and plain tuples, with nothing in between.

Building an SQL expression costs more than SQLite needs to answer it, so what runs in every exchange is written as text,
once, with `?` for each value. The statements are put together from the names of our own tables and columns, never from
anything that came in. Elsewhere the store builds expressions, which read better.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache
from itertools import chain
from typing import Any, Final, TypeVar

from sqlalchemy import ColumnElement, Connection, Table, tuple_

Row = tuple[Any, ...]
Item = TypeVar("Item")

# Rows a statement: SQLite takes 32,766 values, PostgreSQL 65,535.
CHUNK: Final = 1_000
# From so many rows on a table beside pays on PostgreSQL.
MANY: Final = 100
# Rows of one INSERT on SQLite. With each step of a statement the thread gives the interpreter away; were that each row,
# a frame's rows would wait a thousand times for whatever else computes here.
TOGETHER: Final = 100


def ask(connection: Connection, words: str, values: Sequence[Any] = ()) -> list[Row]:
    """The rows that a SELECT gives; `?` stands for a value, on either database."""
    cursor = connection.connection.cursor()
    try:
        cursor.execute(_spoken(words, connection.dialect.name), values)
        return list(cursor.fetchall())
    finally:
        cursor.close()


def do(connection: Connection, words: str, values: Sequence[Any] = ()) -> int:
    """Run one statement; how many rows it changed."""
    cursor = connection.connection.cursor()
    try:
        cursor.execute(_spoken(words, connection.dialect.name), values)
        return cursor.rowcount
    finally:
        cursor.close()


def ask_among(connection: Connection, words: str, keys: Iterable[Any], size: int = CHUNK) -> Iterator[Row]:
    """The rows of a SELECT that ends in ``IN (KEYS)``, for keys that are values or tuples; no key, no rows."""
    for some in chunks(sorted(set(keys)), size):
        if isinstance(some[0], tuple):
            signs = f"({', '.join('?' for _ in some[0])})"
            values: list[Any] = [value for key in some for value in key]
            listed = f"VALUES {', '.join([signs] * len(some))}"
        else:
            values, listed = some, ", ".join(["?"] * len(some))
        yield from ask(connection, words.replace("KEYS", listed), values)


@lru_cache(maxsize=256)
def _spoken(words: str, dialect: str) -> str:
    return words if dialect == "sqlite" else words.replace("?", "%s")


def insert(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows given in the order of the table's columns. A row that is there already is an error."""
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        _insert_together(connection, table, "", rows)
    else:
        _copy(connection, table, table.name, rows)


def put(connection: Connection, table: Table, rows: Sequence[Row], *, keep: bool = False) -> None:
    """Insert rows given in the order of the table's columns, or overwrite those with the same key.

    With ``keep`` those that are there stay as they are. No key may come twice in one call.
    """
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        _insert_together(connection, table, _on_conflict(table, keep), rows)
    elif len(rows) < MANY:
        _run_many(connection, _insert_words(table, "%s") + _on_conflict(table, keep), rows)
    else:
        # COPY cannot overwrite, but it fills a table beside ten times as fast as values one by one.
        beside = f"new_{table.name}"
        do(connection, f"CREATE TEMPORARY TABLE IF NOT EXISTS {beside} (LIKE {table.name}) ON COMMIT DELETE ROWS")
        _copy(connection, table, beside, rows)
        do(connection, _take_over_words(table, beside, keep))
        do(connection, f"TRUNCATE {beside}")


def renew(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """As ``put``, but on SQLite only what has changed of a row that is there is written: it writes each index anew that
    has a column of what is set, changed or not, and a table with many would take many pages for one small change.
    PostgreSQL compares by itself."""
    if connection.dialect.name != "sqlite" or not rows:
        put(connection, table, rows)
        return
    names, keys = [column.name for column in table.columns], _keys(table)
    at = [names.index(key) for key in keys]
    words = f"SELECT {_names(table)} FROM {table.name} WHERE ({', '.join(keys)}) IN (KEYS)"  # noqa: S608
    held = {
        tuple(row[number] for number in at): row
        for row in ask_among(connection, words, [tuple(row[number] for number in at) for row in rows])
    }
    new, changed = list[Row](), dict[tuple[int, ...], list[Row]]()
    for row in rows:
        key = tuple(row[number] for number in at)
        before = held.get(key)
        if before is None:
            new.append(row)
            continue
        other = tuple(number for number, (old, now) in enumerate(zip(before, row, strict=True)) if old != now)
        if other:
            changed.setdefault(other, []).append((*(row[number] for number in other), *key))
    _insert_together(connection, table, "", new)
    for other, some in changed.items():
        change(connection, table, tuple(names[number] for number in other), some)


def change(connection: Connection, table: Table, names: tuple[str, ...], rows: Sequence[Row]) -> None:
    """Set columns by key: each row has the new values in the order of ``names``, then the key's values."""
    if not rows:
        return
    _run_many(connection, _spoken(_change_words(table, names), connection.dialect.name), rows)


def _insert_together(connection: Connection, table: Table, on_conflict: str, rows: Sequence[Row]) -> None:
    """Insert on SQLite: many rows a statement, what is left over one by one."""
    whole = len(rows) - len(rows) % TOGETHER
    for some in chunks(rows[:whole], TOGETHER):
        words = _insert_words(table, "?", TOGETHER) + on_conflict
        do(connection, words, tuple(chain.from_iterable(some)))
    _run_many(connection, _insert_words(table, "?") + on_conflict, rows[whole:])


def _run_many(connection: Connection, words: str, rows: Sequence[Row]) -> None:
    cursor = connection.connection.cursor()
    try:
        cursor.executemany(words, rows)
    finally:
        cursor.close()


def _copy(connection: Connection, table: Table, into: str, rows: Sequence[Row]) -> None:
    cursor = connection.connection.cursor()
    try:
        with cursor.copy(f"COPY {into} ({_names(table)}) FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(_postgres_types(table))
            for row in rows:
                copy.write_row(row)
    finally:
        cursor.close()


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
def _insert_words(table: Table, sign: str, rows: int = 1) -> str:
    values = ", ".join([f"({', '.join(sign for _ in table.columns)})"] * rows)
    return f"INSERT INTO {table.name} ({_names(table)}) VALUES {values}"  # noqa: S608


@cache
def _on_conflict(table: Table, keep: bool) -> str:
    keys = _keys(table)
    others = [column.name for column in table.columns if column.name not in keys]
    if keep or not others:
        return " ON CONFLICT DO NOTHING"
    return f" ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in others)}"


@cache
def _take_over_words(table: Table, beside: str, keep: bool) -> str:
    names = _names(table)
    order = ", ".join(_keys(table))
    words = f"INSERT INTO {table.name} ({names}) SELECT {names} FROM {beside} ORDER BY {order}"  # noqa: S608
    return words + _on_conflict(table, keep)


@cache
def _change_words(table: Table, names: tuple[str, ...]) -> str:
    where = " AND ".join(f"{name} = ?" for name in _keys(table))
    return f"UPDATE {table.name} SET {', '.join(f'{name} = ?' for name in names)} WHERE {where}"  # noqa: S608


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
