"""On random histories nothing is dropped that the county does not hold, and a lost village gets everything back."""

import pytest

from tests.village_node.casebook.purge_property import run

HISTORIES = 6
STEPS = 40


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(HISTORIES))
def test_nothing_is_dropped_that_the_county_does_not_hold_and_what_is_lost_comes_back(seed: int) -> None:
    assert run(seed, STEPS).purged > 0, "nothing was dropped, so nothing was tried"
