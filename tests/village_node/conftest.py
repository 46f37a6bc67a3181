"""Databases for the tests of a node: each test that asks for `url` runs once on SQLite and once on PostgreSQL."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import postgresql
from tests.builders import COUNTY, TOWNSHIP, VILLAGE, Network, empty_database
from village_node.store import Store, open_store

DIALECTS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


@pytest.fixture(scope="session")
def cluster() -> Iterator[postgresql.Cluster]:
    """The test session's own PostgreSQL server."""
    programs = postgresql.binaries()
    if programs is None:
        pytest.skip("no PostgreSQL server is installed")
    server = postgresql.Cluster(programs)
    yield server
    server.stop()


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder for databases, in memory where that is possible."""
    with tempfile.TemporaryDirectory(prefix="sanji-", dir=postgresql.memory()) as made:
        yield Path(made)


@pytest.fixture(params=DIALECTS)
def new_url(request: pytest.FixtureRequest, folder: Path) -> Callable[[], str]:
    """A maker of addresses of new databases with all tables and no rows, of one dialect in one run of the test."""
    if request.param == "postgresql":
        server: postgresql.Cluster = request.getfixturevalue("cluster")
        return server.database
    made: list[Path] = []

    def make() -> str:
        made.append(folder / f"node{len(made)}.db")
        made[-1].write_bytes(empty_database())
        return f"sqlite:///{made[-1]}"

    return make


@pytest.fixture
def url(new_url: Callable[[], str]) -> str:
    """The address of one new database."""
    return new_url()


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """An open store on a new database."""
    opened = open_store(url)
    yield opened
    opened.close()


@pytest.fixture
def net(new_url: Callable[[], str], folder: Path) -> Iterator[Network]:
    """County, township and village; the county on the dialect under test, the others on SQLite."""
    made = Network(folder)
    made.enrol(COUNTY, TOWNSHIP, VILLAGE)
    made.open(COUNTY, new_url())
    made.open(TOWNSHIP)
    made.open(VILLAGE)
    yield made
    made.close()


@pytest.fixture
def full_disk() -> Callable[[Store], None]:
    """Makes the disk under a SQLite store full, as far as SQLite can tell: the file may not grow any more."""

    def fill(opened: Store) -> None:
        with opened.writing() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

    return fill
