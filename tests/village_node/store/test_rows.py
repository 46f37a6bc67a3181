"""Rows go into the database whole and in any number: whole statements of many, and what is left over."""

import sqlite3
from pathlib import Path

import pytest

from village_node.store import open_store, rows
from village_node.store.rows import TOGETHER
from village_node.store.tables.cases import CASE_PURGES

Row = tuple[str, bytes, int, int, int | None]


def some(count: int, purged_ms: int) -> list[Row]:
    return [("about:1", number.to_bytes(16, "big"), purged_ms, number, None) for number in range(count)]


@pytest.mark.parametrize("count", [0, 1, TOGETHER - 1, TOGETHER, TOGETHER + 1, 2 * TOGETHER + 7])
def test_so_many_rows_are_inserted_kept_or_overwritten(tmp_path: Path, count: int) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'node.db'}")
    try:
        with store.writing() as connection:
            rows.insert(connection, CASE_PURGES, some(count, 1))
            assert rows.ask(connection, "SELECT * FROM case_purges ORDER BY bodies") == some(count, 1)
            rows.put(connection, CASE_PURGES, some(count + 2, 2), keep=True)
            kept = some(count, 1) + some(count + 2, 2)[count:]
            assert rows.ask(connection, "SELECT * FROM case_purges ORDER BY bodies") == kept
            rows.put(connection, CASE_PURGES, some(count + 3, 3))
            assert rows.ask(connection, "SELECT * FROM case_purges ORDER BY bodies") == some(count + 3, 3)
            with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
                rows.insert(connection, CASE_PURGES, some(count + 1, 4))
    finally:
        store.close()


@pytest.mark.parametrize("count", [0, 1, TOGETHER + 1])
def test_what_is_renewed_is_as_if_put_and_nothing_is_set_that_has_not_changed(tmp_path: Path, count: int) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'node.db'}")
    try:
        with store.writing() as connection:
            rows.do(connection, "CREATE TEMP TABLE told (what TEXT)")
            for column in ("purged_ms", "bodies"):
                rows.do(
                    connection,
                    f"CREATE TEMP TRIGGER of_{column} AFTER UPDATE OF {column} ON case_purges"
                    f" BEGIN INSERT INTO told VALUES ('{column}'); END",
                )
            rows.renew(connection, CASE_PURGES, some(count, 1))
            rows.renew(connection, CASE_PURGES, some(count, 1))
            assert rows.ask(connection, "SELECT * FROM told") == [], "the same again writes nothing"
            rows.renew(connection, CASE_PURGES, some(count + 2, 2))
            assert rows.ask(connection, "SELECT * FROM case_purges ORDER BY bodies") == some(count + 2, 2)
            assert rows.ask(connection, "SELECT * FROM told") == [("purged_ms",)] * count
            others = [(*row[:2], 3, 900 + row[3], 7) for row in some(count, 2)]
            rows.renew(connection, CASE_PURGES, others)
            held = rows.ask(connection, "SELECT * FROM case_purges WHERE purged_ms = 3 ORDER BY bodies")
            assert held == others
    finally:
        store.close()
