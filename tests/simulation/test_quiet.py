"""When a road counts as quiet: no fault at its ends or on it for as long as is asked for."""

from collections.abc import Iterator

import pytest

from tests.simulation.breaks import TOWNSHIP, VILLAGE, at_rest, hours
from tests.simulation.disk import FULL, SOUND
from tests.simulation.simulation import Simulation

CHILDREN = 12


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulation]:
    sim = Simulation(1, tmp_path_factory.mktemp("county"))
    at_rest(sim)
    hours(sim, 6)
    yield sim
    sim.close()


def receipts_looked_at(sim: Simulation) -> int:
    before = sim.quiet.looks["receipts"]
    hours(sim, 1)
    return sim.quiet.looks["receipts"] - before


def test_at_rest_every_road_is_looked_at(county: Simulation) -> None:
    assert receipts_looked_at(county) == CHILDREN


def test_a_machine_in_trouble_is_not_held_to_it_nor_are_those_below_it(county: Simulation) -> None:
    township = county.stations[TOWNSHIP]
    township.disk.state = FULL
    assert receipts_looked_at(county) == CHILDREN - 4
    township.disk.state = SOUND
    hours(county, 3)
    assert receipts_looked_at(county) == CHILDREN - 4, "what it could not do takes as long from now on"
    assert receipts_looked_at(county) == CHILDREN


def test_a_fault_of_a_call_touches_that_road_and_no_other(county: Simulation) -> None:
    county.wire.rates = {"lost_reply": 1.0}
    county.stations[VILLAGE].plan_turn(0.0)
    uplink = county.stations[VILLAGE].program.uplink  # type: ignore[union-attr]
    assert uplink is not None
    uplink._lines[0].due_at = county.loop.now_s
    county.loop.run(county.loop.now_s + 1.0)
    county.wire.rates = {}
    assert receipts_looked_at(county) == CHILDREN - 1
    hours(county, 6)


def test_whom_a_fault_befalls_is_touched(county: Simulation) -> None:
    befallen = county.faults.some("township")
    assert receipts_looked_at(county) == CHILDREN - 4
    assert befallen.place.level == "township"
