"""The pages of three nodes, one a level, over one network in memory."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import builders
from tests.builders import COUNTY, TOWNSHIP, VILLAGE, Network
from tests.village_node.web.counter import Counter, Visitor, open_counter
from township_node import web as township_pages

NOON_MS = 1_795_000_000_000


@pytest.fixture
def network(folder: Path) -> Iterator[Network]:
    """A county, a township and a village."""
    made = builders.network(folder)
    made.clock.now_ms = NOON_MS
    yield made
    made.close()


@pytest.fixture
def village(network: Network, folder: Path) -> Counter:
    """The village's pages."""
    return open_counter(network.members[VILLAGE], folder)


@pytest.fixture
def township(network: Network, folder: Path) -> Counter:
    """The township's pages."""
    return open_counter(network.members[TOWNSHIP], folder, more=township_pages.register)


@pytest.fixture
def county(network: Network, folder: Path) -> Counter:
    """The county's pages."""
    return open_counter(network.members[COUNTY], folder, more=township_pages.register)


@pytest.fixture
def agent(village: Counter) -> Visitor:
    """The village's agent, signed in."""
    return village.sign_in("0001", "agent")
