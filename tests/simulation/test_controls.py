"""Each planted break is found, by the invariant that is meant to find it: a rig that cannot fail proves nothing."""

import pytest

from tests.simulation.controls import CONTROLS
from tests.simulation.playing import try_control

FOUND_BY = {
    "drops 1 event in 10,000": {"gapless"},
    # Whichever is seen first: the loss, or the new life that a node must begin because of it.
    "acknowledges before the commit": {
        "what is acknowledged stays",
        "a receipt never covers what is not held",
        "no new life without a reason",
    },
    "skips the prefix comparison": {"signed by its author", "one chain"},
    "folds by arrival": {"all nodes agree"},
    "serves a scope to the wrong village": {"nothing at a wrong village"},
    "checks no seal": {"signed by its author"},
    "refuses silently": {"nothing is dropped silently"},
    "gives up after six failures": {"retries never end", "all nodes agree", "receipts come soon"},
    # Whichever comes first: what was saved is missing, or somebody has signed for it.
    "syncs nothing": {
        "what is acknowledged stays",
        "a receipt never covers what is not held",
        "status words never claim more",
        "no new life without a reason",
        "receipts come soon",
    },
    "goes on after a disk that lied": {"all nodes agree"},
    "proves no fork": {"a fork is proven"},
    # Of a body that has gone before it arrived nobody can sign for having it, nor hold what its place held.
    "purges what has not arrived": {
        "what is purged is at the county",
        "receipts come soon",
        "equal after quiet hours",
    },
}


@pytest.mark.slow
@pytest.mark.parametrize("name", FOUND_BY)
def test_the_planted_break_is_found(name: str) -> None:
    _, outcome = try_control(name)
    assert outcome is not None and outcome.violation in FOUND_BY[name], outcome


def test_every_control_is_tried() -> None:
    assert set(FOUND_BY) == {control.name for control in CONTROLS}
