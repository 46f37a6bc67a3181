"""A PostgreSQL that is full, read-only, gone or restarted: 未保存 in time, nothing half done, back by itself."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import insert, select
from sqlalchemy.engine import make_url

from tests import builders
from tests.builders import COUNTY, Network
from tests.postgresql import Cluster
from tests.village_node.web.counter import Visitor, open_counter
from township_node import web as township_pages
from village_node.store import NotReadable, NotSaved, Store, open_store, postgresql
from village_node.store.tables.meta import META

pytestmark = pytest.mark.postgres

ANSWERS_WITHIN_S = 5.0
COUNTY_ITEM = "016"  # filed at the county's own window
RAISE = "DO $$ BEGIN RAISE EXCEPTION 'planted' USING ERRCODE = '{}'; END $$"


@pytest.fixture
def store(cluster: Cluster) -> Iterator[Store]:
    opened = open_store(cluster.database())
    yield opened
    opened.close()


def put(store: Store, name: str) -> None:
    with store.writing() as connection:
        connection.execute(insert(META).values(name=name, number=1))


def held(store: Store, name: str) -> bool:
    with store.reading() as connection:
        return connection.scalar(select(META.c.number).where(META.c.name == name)) is not None


def in_time(act: Callable[[], object]) -> None:
    began = time.monotonic()
    act()
    assert time.monotonic() - began <= ANSWERS_WITHIN_S


@pytest.mark.parametrize("state", ["53100", "53200", "53300", "58030", "25006", "57P02", "08006"])
def test_a_server_in_trouble_is_said_and_the_next_write_works(store: Store, state: str) -> None:
    """Disk full, memory, connections, I/O error, read only, crash of the server, connection lost."""
    with pytest.raises(NotSaved, match="planted") as refused, store.writing() as connection:
        connection.execute(insert(META).values(name="lost", number=1))
        connection.exec_driver_sql(RAISE.format(state))
    assert refused.value.zh.startswith("未保存")
    with pytest.raises(NotReadable), store.reading() as connection:
        connection.exec_driver_sql(RAISE.format(state))
    put(store, "after")
    assert held(store, "after") and not held(store, "lost")


def test_short_memory_here_is_said_and_the_next_write_works(store: Store) -> None:
    with pytest.raises(NotSaved), store.writing() as connection:
        connection.execute(insert(META).values(name="lost", number=1))
        raise MemoryError
    put(store, "after")
    assert not held(store, "lost")


def test_a_database_made_read_only_is_said_until_it_can_be_written(cluster: Cluster, store: Store) -> None:
    name = database_of(store)
    cluster.statement(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    cluster.statement(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    for turn in range(3):
        with pytest.raises(NotSaved, match="read-only"):
            put(store, f"lost{turn}")
    cluster.statement(f"ALTER DATABASE {name} RESET default_transaction_read_only")
    cluster.statement(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    put(store, "after")
    assert held(store, "after")


def database_of(store: Store) -> str:
    with store.reading() as connection:
        return str(connection.exec_driver_sql("SELECT current_database()").scalar())


def test_a_connection_cut_in_the_middle_keeps_nothing_of_it(cluster: Cluster, store: Store) -> None:
    with pytest.raises(NotSaved), store.writing() as connection:
        connection.execute(insert(META).values(name="lost", number=1))
        pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()
        cluster.statement(f"SELECT pg_terminate_backend({pid}, 10000)")
        connection.execute(insert(META).values(name="lost too", number=1))
    put(store, "after")
    assert not held(store, "lost") and not held(store, "lost too")


def test_a_server_that_was_away_is_used_again_when_it_is_back(cluster: Cluster, store: Store) -> None:
    put(store, "before")
    cluster.halt()
    try:
        for _ in range(3):
            with pytest.raises(NotSaved):
                in_time(lambda: put(store, "lost"))
            with pytest.raises(NotReadable):
                in_time(lambda: held(store, "before"))
    finally:
        cluster.resume()
    put(store, "after")
    assert held(store, "before") and held(store, "after") and not held(store, "lost")


def test_whoever_leads_while_the_server_restarts_stops_in_peace(cluster: Cluster, store: Store) -> None:
    with store.leader("sync") as first:
        assert first
        cluster.halt()
        cluster.resume()
    with store.leader("sync") as again:
        assert again


def test_who_listens_hears_again_after_a_restart(cluster: Cluster, store: Store) -> None:
    heard: list[str] = []
    again = threading.Event()

    def hear(words: str) -> None:
        heard.append(words)
        if heard.count("*") == 2:
            again.set()

    store.listen(hear)
    cluster.halt()
    cluster.resume()
    assert again.wait(20.0), heard


def test_more_at_once_than_there_are_connections_is_no_fault_of_the_program(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert postgresql.POOL_WAIT_S <= ANSWERS_WITHIN_S
    monkeypatch.setattr(postgresql, "POOL_WAIT_S", 0.1)
    monkeypatch.setattr(postgresql, "POOL", 0)
    store = open_store(cluster.database())
    with ExitStack() as everybody:
        for _ in range(4):
            everybody.enter_context(store.reading())
        with pytest.raises(NotSaved):
            put(store, "lost")
        with pytest.raises(NotReadable):
            held(store, "lost")
    put(store, "after")
    store.close()


def test_the_pages_say_not_saved_and_file_again_after_a_restart(cluster: Cluster, folder: Path) -> None:
    net = Network(folder)
    net.enrol(COUNTY)
    county = net.open(COUNTY, make_url(cluster.database()).render_as_string(hide_password=False))
    clerk = open_counter(county, folder, more=township_pages.register).sign_in("1001", "window")
    first, token = clerk.file(COUNTY_ITEM), clerk.token()
    cluster.halt()
    try:
        in_time(lambda: refused(clerk, token))
    finally:
        cluster.resume()
    assert clerk.open(first).status_code == 200
    assert clerk.open(clerk.file(COUNTY_ITEM)).status_code == 200
    net.close()


def refused(clerk: Visitor, token: str) -> None:
    answer = clerk.send(f"/file/{COUNTY_ITEM}", {**builders.APPLICATION, "applicant_name": "李大山", "token": token})
    assert answer.status_code == 503
    assert "未保存" in answer.text and "李大山" in answer.text
