"""The stored histories keep their verdicts, for ever and in both folds."""

import json
from typing import Any

import pytest

from sync_protocol.case import fold
from sync_protocol.case.forks import frozen
from tests.sync_protocol.case import make_vectors
from tests.sync_protocol.case.histories import CASE_ID, PLACES, catalogue
from tests.sync_protocol.case.make_vectors import arms_in, event_in, expected, ruling_in, settled, written
from tests.sync_protocol.case.second_fold import SecondFold
from tests.sync_protocol.case.second_forks import frozen_by_the_text

STORED = json.loads(make_vectors.PATH.read_text("utf-8"))


@pytest.mark.parametrize("number", range(len(STORED["cases"])))
def test_a_stored_history_keeps_its_verdicts(number: int) -> None:
    stored = STORED["cases"][number]
    events = [event_in(out) for out in stored["events"]]
    arms, rulings = arms_in(stored["events"]), [ruling_in(out) for out in stored.get("rulings", [])]
    assert frozen(CASE_ID, events, arms, rulings, PLACES) == frozen_by_the_text(CASE_ID, events, arms, rulings, PLACES)
    events = settled(events, arms, rulings)
    assert expected(fold(stored["home"], CASE_ID, events, PLACES, catalogue())) == stored["expected"]
    second = SecondFold(stored["home"], CASE_ID, events, PLACES, catalogue())
    found: dict[Any, Any] = {
        written(position): [verdict.code, verdict.reason, written(verdict.needs)]
        for position, verdict in second.verdicts.items()
    }
    assert found == stored["expected"]["verdicts"]


def test_the_stored_histories_show_every_verdict_and_most_reasons() -> None:
    shown = {(code, reason) for case in STORED["cases"] for code, reason, _ in case["expected"]["verdicts"].values()}
    assert {code for code, _ in shown} == {"effective", "waiting", "needs_update", "void", "contested"}
    assert len({reason for _, reason in shown}) > 30
    assert {place for place, _, _ in STORED["places"]} == set(PLACES.below_or_self(PLACES.root))
