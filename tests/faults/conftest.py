"""A county, a township and two villages on one wire, already acquainted."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import asking
from tests.asking import Asked
from tests.network import COUNTY, SECOND_VILLAGE, TOWNSHIP, VILLAGE, Network, network


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Network]:
    """A county, a township and a village that have met; nothing is owed."""
    made = network(tmp_path, COUNTY, TOWNSHIP, VILLAGE)
    made.settle()
    yield made
    made.close()


@pytest.fixture
def wide_net(tmp_path: Path) -> Iterator[Network]:
    """The same with a second village."""
    made = network(tmp_path, COUNTY, TOWNSHIP, VILLAGE, SECOND_VILLAGE)
    made.settle()
    yield made
    made.close()


@pytest.fixture
def asked(tmp_path: Path) -> Iterator[Asked]:
    """Four places whose residents' questions go upward, and a case that nobody below the county holds."""
    made = asking.met(tmp_path)
    yield made
    made.net.close()
