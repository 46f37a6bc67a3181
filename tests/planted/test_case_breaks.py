"""Each property of the fold finds the break planted for it: a property that cannot fail proves nothing."""

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.planted.case_breaks import BREAKS, Break
from tests.sync_protocol.case import properties
from tests.sync_protocol.case.histories import histories

pytestmark = pytest.mark.slow

# Many more examples than a break needs that is found; shrinking what was found would only cost time.
FIND = settings(
    max_examples=3_000, phases=[Phase.generate], suppress_health_check=list(HealthCheck), report_multiple_bugs=False
)


@pytest.mark.parametrize("broken", BREAKS, ids=lambda broken: broken.name)
def test_the_planted_break_is_found(broken: Break, monkeypatch: pytest.MonkeyPatch) -> None:
    check = getattr(properties, broken.property)
    drawn = [histories(honest=broken.property == "county_acts_stay")]
    if broken.property == "other_cases_untouched":
        drawn.append(histories())
    broken.plant(monkeypatch)
    with pytest.raises(AssertionError):
        FIND(given(*drawn, st.integers(0, 2**32))(check))()


def test_every_property_of_the_fold_has_a_planted_break() -> None:
    promised = {"order_free", "county_acts_stay", "loss_heals", "other_cases_untouched", "agrees_with_the_text"}
    assert {broken.property for broken in BREAKS} == promised
