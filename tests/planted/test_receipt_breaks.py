"""The property of receipts finds each break planted for it: a property that cannot fail proves nothing."""

from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.village_node.casebook.receipt_property import Stage, histories, never_beyond_what_is_held
from village_node.casebook import filling, intake, ledger, receipts

FIND = settings(
    max_examples=500, phases=[Phase.generate], suppress_health_check=list(HealthCheck), report_multiple_bugs=False
)


def missing_bodies_are_not_looked_for(patch: pytest.MonkeyPatch) -> None:
    """The contiguous position runs on over a missing body."""
    patch.setattr(ledger.streams, "first_missing", lambda connection, streams: {})


def the_head_is_signed_for(patch: pytest.MonkeyPatch) -> None:
    """A receipt is given for all headers that are held."""
    real = receipts.sign

    def sign(office, connection, signer, moved, now_ms):
        ahead = [row._replace(body_seq=row.head_seq, body_hash=row.head_hash) for row in moved]
        return real(office, connection, signer, ahead, now_ms)

    patch.setattr(intake.receipts, "sign", sign)


def any_body_will_do(patch: pytest.MonkeyPatch) -> None:
    """A body is taken without a look at the commitment."""
    patch.setattr(filling, "fits", lambda event, salt, body: True)


def a_healed_gap_goes_unnoticed(patch: pytest.MonkeyPatch) -> None:
    """When the body comes the position is not moved on, so nobody ever hears that all is held."""
    real = ledger._move_streams

    def move(connection, entry):
        if entry.filled:
            return {}
        return real(connection, entry)

    patch.setattr(ledger, "_move_streams", move)


BREAKS = (missing_bodies_are_not_looked_for, the_head_is_signed_for, any_body_will_do, a_healed_gap_goes_unnoticed)


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    made = Stage()
    yield made
    made.close()


@pytest.mark.parametrize("plant", BREAKS, ids=lambda plant: plant.__name__)
def test_the_planted_break_is_found(
    plant: Callable[[pytest.MonkeyPatch], None], stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)
    with pytest.raises(AssertionError):
        FIND(given(history=histories)(lambda history: never_beyond_what_is_held(stage, history)))()
