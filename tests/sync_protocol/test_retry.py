"""Back-off grows, is capped, and spreads those that failed together."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_protocol.retry import backoff


def test_the_longest_wait_doubles_up_to_the_cap():
    assert [backoff(failures, 1.0) for failures in range(11)] == [2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600]


@given(st.integers(0, 10**9), st.floats(0, 1))
def test_a_wait_lies_between_nothing_and_its_longest(failures: int, chance: float):
    assert 0 <= backoff(failures, chance) <= min(600, 2 * 2.0 ** min(failures, 100))
    assert backoff(failures, chance) == chance * backoff(failures, 1.0)


def test_base_and_cap_are_the_caller_s():
    assert backoff(3, 0.5, base_s=1.0, cap_s=100.0) == 4.0
    assert backoff(30, 0.5, base_s=1.0, cap_s=100.0) == 50.0


@pytest.mark.parametrize(("failures", "chance"), [(-1, 0.5), (0, 1.5), (0, -0.1)])
def test_nonsense_is_refused(failures: int, chance: float):
    with pytest.raises(ValueError, match="failures count from 0"):
        backoff(failures, chance)
