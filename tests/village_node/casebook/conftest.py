"""What the tests of the casebook share."""

import pytest

from tests.builders import Network
from tests.village_node.casebook.trio import Trio


@pytest.fixture
def trio(net: Network) -> Trio:
    """Three nodes, and three cases that nobody but the village knows of."""
    return Trio(net)
