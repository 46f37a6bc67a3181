"""A county, a township and a village with couriers between them."""

import pytest

from sync_protocol import limits
from tests import builders
from tests.builders import COUNTY, TOWNSHIP, VILLAGE
from tests.village_node.courier.sticks import hand, introduce
from village_node.courier import slices


@pytest.fixture
def net(tmp_path):
    folder = tmp_path / "nodes"
    folder.mkdir()
    made = builders.network(folder)
    yield made
    made.close()


@pytest.fixture
def village(net):
    return hand(net, VILLAGE)


@pytest.fixture
def township(net):
    return hand(net, TOWNSHIP)


@pytest.fixture
def county(net):
    return hand(net, COUNTY)


@pytest.fixture
def met(village, township, tmp_path):
    """Village and township have each other's key."""
    introduce(township, village, tmp_path)


@pytest.fixture
def many_parts(monkeypatch):
    """Segments of two events, a slice for each, and two slices or so in a part: a few cases make several."""
    monkeypatch.setattr(limits, "SEGMENT_EVENTS", 2)
    monkeypatch.setattr(limits, "EVENT_PART", 1_200)
    monkeypatch.setattr(slices, "SLICE_BYTES", 1_000)
