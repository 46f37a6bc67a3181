"""Each planted defect is found within a small run, and without it the same run finds nothing."""

from pathlib import Path

import pytest

from tests.crash import recording
from tests.crash.controls import PLANTS
from tests.crash.scenarios import ALL
from tests.crash.trying import states_of, try_all

pytestmark = [pytest.mark.fuse, pytest.mark.slow, pytest.mark.usefixtures("disks")]
STATES = 30
SOUND = ("init", "filing", "checkpoints", "sending", "restored_village")


# Each defect once; what it does to the other scenarios is tried before each campaign.
DEFECTS = {plant.plant: name for name, plant in reversed(PLANTS.items())}


@pytest.mark.parametrize("plant", DEFECTS.values())
def test_a_planted_defect_is_found(plant: str) -> None:
    scenario = PLANTS[plant].scenario
    log = recording.record(scenario, 1, plant)
    tally = try_all(scenario, log, states_of(scenario, log, STATES, 1, by_chance=True))
    assert tally.states + tally.equal == STATES
    assert PLANTS[plant].shows & tally.kinds.keys(), tally


@pytest.mark.parametrize("scenario", SOUND)
def test_nothing_is_found_where_nothing_was_planted(scenario: str, tmp_path: Path) -> None:
    log = recording.record(scenario, 1)
    tally = try_all(scenario, log, states_of(scenario, log, STATES, 1, by_chance=True), keep=tmp_path)
    assert tally.states >= 15 and tally.states + tally.equal >= 20
    assert not tally.kinds, tally.faults
    assert list(tmp_path.iterdir()) == []


def test_a_scenario_that_fails_says_what_it_said() -> None:
    with pytest.raises(recording.RigBroken, match="KeyError: 'nothing'"):
        recording.record("nothing", 1)


def test_every_scenario_has_a_control_of_its_own() -> None:
    assert {plant.scenario for plant in PLANTS.values()} == set(ALL)


def test_there_are_scenarios_of_every_kind() -> None:
    assert len(ALL) >= 20
    assert [name for name, each in ALL.items() if each.exhaustive] == ["init", "one_filing"]
