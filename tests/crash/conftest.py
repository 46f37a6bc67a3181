"""A recorded disk and a PostgreSQL server for the tests that need them, or what is left out without them."""

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
def cluster() -> Iterator[postgresql.Cluster | None]:
    """A server whose processes may be killed; None where none is installed."""
    programs = postgresql.binaries()
    running = postgresql.Cluster(programs) if programs else None
    yield running
    if running is not None:
        running.stop()
