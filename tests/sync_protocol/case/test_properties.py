"""The fold over histories that networks of offline nodes might have written."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sync_protocol.case import properties
from tests.sync_protocol.case.histories import History, histories

pytestmark = pytest.mark.slow

SEEDS = st.integers(0, 2**32)
# Five hundred or more on every machine: the fold is cheap, and these properties are what the network stands on.
MANY = settings(max_examples=600)


@MANY
@given(histories(), SEEDS)
def test_the_fold_is_free_of_order(history: History, seed: int) -> None:
    properties.order_free(history, seed)


@MANY
@given(histories(honest=True), SEEDS)
def test_an_effective_county_event_stays_effective_in_every_superset(history: History, seed: int) -> None:
    properties.county_acts_stay(history, seed)


@MANY
@given(histories(), SEEDS)
def test_a_county_event_stays_effective_whatever_others_write(history: History, seed: int) -> None:
    properties.county_acts_stay(history, seed)


@MANY
@given(histories(), SEEDS)
def test_any_loss_waits_and_heals(history: History, seed: int) -> None:
    properties.loss_heals(history, seed)


@MANY
@given(histories(), histories(), SEEDS)
def test_no_event_touches_a_case_of_another_scope(history: History, other: History, seed: int) -> None:
    properties.other_cases_untouched(history, other, seed)


@MANY
@given(histories(), SEEDS)
def test_every_event_is_accounted_for(history: History, seed: int) -> None:
    properties.every_event_is_accounted_for(history, seed)


@MANY
@given(histories(), SEEDS)
def test_a_second_fold_written_from_the_text_agrees(history: History, seed: int) -> None:
    properties.agrees_with_the_text(history, seed)


@MANY
@given(histories(), SEEDS)
def test_deleted_bodies_move_the_case_as_they_did(history: History, seed: int) -> None:
    properties.deletion_moves_nothing(history, seed)
