"""A recorded disk and a PostgreSQL server for the tests that need them, or their skip with its reason."""

from collections.abc import Iterator

import pytest

from tests import postgresql
from tests.crash import recording


@pytest.fixture(scope="session")
def disks() -> None:
    """Recorded disks can be mounted here."""
    trouble = recording.trouble()
    if trouble:
        pytest.skip(f"no file system of ours can be mounted here: {trouble}")


@pytest.fixture(scope="module")
def cluster() -> Iterator[postgresql.Cluster]:
    """A server whose processes may be killed."""
    programs = postgresql.binaries()
    if programs is None:
        pytest.skip("no PostgreSQL server is installed here")
    running = postgresql.Cluster(programs)
    yield running
    running.stop()
