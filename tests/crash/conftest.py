"""A recorded disk for the tests that need one, or their skip with its reason."""

import pytest

from tests.crash import recording


@pytest.fixture(scope="session")
def disks() -> None:
    """Recorded disks can be mounted here."""
    trouble = recording.trouble()
    if trouble:
        pytest.skip(f"no file system of ours can be mounted here: {trouble}")
