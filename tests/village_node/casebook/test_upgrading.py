"""After an upgrade the rows of cases folded before it say what pages read of them, a slice at a time."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, create_engine, insert, select, text

from sync_protocol.case import kinds
from tests.builders import COUNTY, Member, Network, delegate_all
from tests.village_node.older import as_of
from village_node.casebook import refolding
from village_node.store import migrations
from village_node.store.cases import CaseRow
from village_node.store.tables.cases import CASES

OLD = "0012"  # the last before orders to put right, fees by day and settlements were kept in rows
ADDED = ("rating", "orders_day", "orders_at", "orders_call", "action_day", "settled_day", "settled_used")
FEES = "SELECT * FROM fees ORDER BY scope, case_id, what"


def rows_of(connection: Connection) -> tuple[list[CaseRow], list[Any]]:
    """Everything that the fold has written of cases."""
    found = connection.execute(select(CASES).order_by(CASES.c.scope, CASES.c.case_id)).all()
    return [CaseRow._make(row) for row in found], list(connection.execute(text(FEES)).all())


def as_of_old(new: str, old: str) -> None:
    """The same database as a program of that time would have left it."""
    engines = [create_engine(url.replace("postgresql:", "postgresql+psycopg:")) for url in (new, old)]
    with engines[0].begin() as before, engines[1].begin() as made:
        as_of(made, OLD)
        here, there = MetaData(), MetaData()
        here.reflect(before)
        there.reflect(made)
        for table in there.sorted_tables:
            if table.name == "alembic_version":
                continue
            names = [column.name for column in table.columns]
            held = before.execute(select(*(here.tables[table.name].c[name] for name in names))).mappings().all()
            if held:
                made.execute(insert(table), [dict(row) for row in held])
    for engine in engines:
        engine.dispose()


def some_cases(county: Member) -> None:
    """A case with money and a bad rating, one that is settled early, one with an action that is open."""
    delegate_all(county, "0001")
    rich, early, green = (county.file(item_no=number) for number in ("038", "036", "036"))
    for ref, days in ((rich, {}), (early, {"promised_days": 5})):
        county.act(ref, kinds.DOCKET, days)
        county.act(ref, kinds.DECIDE, {"outcome": "approve"})
    county.act(rich, kinds.FEE_NOTICE, {"amount_fen": 2_000, "basis": "居民身份证工本费", "due_days": 15})
    said = {"grade": "poor", "stage": 2, "text": "太慢", "channel": "phone"}
    county.casebook.record("0002", county.roles, rich.scope, rich.case_id, kinds.RATING, said)
    action = ["踏勘", "李四", "2026-12-01"]
    county.act(green, kinds.LANE, {"lane": "green", "reason": "重点项目", "supervisor": "王县长"})
    county.act(green, kinds.MEETING, {"day": "2026-09-21", "present": ["张三"], "decisions": "办", "actions": [action]})


def test_the_rows_of_an_old_database_are_filled_in_slices(
    net: Network, new_url: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refolding, "SLICE", 2)
    new, old = new_url(), new_url()
    net.members[COUNTY].store.close()
    county = net.open(COUNTY, new, life=1)
    some_cases(county)
    with county.store.reading() as connection:
        whole = rows_of(connection)
    assert [len(rows) for rows in whole] == [3, 1]
    assert [name for name in ADDED if all(getattr(row, name) is None for row in whole[0])] == []
    county.store.close()
    as_of_old(new, old)
    county = net.open(COUNTY, old, life=2)
    with county.store.reading() as connection:
        unfilled = rows_of(connection)
        assert unfilled != whole and not unfilled[1]
    assert county.casebook.left_to_fold() == 3
    assert [county.casebook.fold_slice() for _ in range(3)] == [2, 1, 0]
    assert county.casebook.left_to_fold() == 0
    with county.store.reading() as connection:
        assert rows_of(connection) == whole


def test_a_script_that_adds_columns_to_cases_says_which_are_folded_again() -> None:
    scripts = list(ScriptDirectory.from_config(migrations.config()).walk_revisions())
    later = [each for each in scripts if each.revision >= "0019"]
    assert later
    for each in scripts:
        words = Path(each.path).read_text(encoding="utf-8")
        if 'add_column("cases"' in words and each in later:
            assert "fold_again(" in words, each.path
    assert any('add_column("cases"' in Path(each.path).read_text(encoding="utf-8") for each in scripts)
