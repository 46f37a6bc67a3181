"""A receipt never covers a missing body, whatever came, in whatever order, how often, and with what left out."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings

from tests.village_node.casebook.receipt_property import Piece, Stage, histories, never_beyond_what_is_held


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    made = Stage()
    yield made
    made.close()


@settings(max_examples=500, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(history=histories)
@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_receipt_never_covers_a_missing_body(stage: Stage, history: list[Piece]) -> None:
    never_beyond_what_is_held(stage, history)
