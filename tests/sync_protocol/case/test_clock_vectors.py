"""What was once written down as the clock of a case is what the clock still says."""

import json
from datetime import date
from typing import Any

import pytest

from tests.sync_protocol.case import clock_vectors

TOLD = json.loads(clock_vectors.PATH.read_text("utf-8"))
CALENDAR = clock_vectors.calendar_in(TOLD["years"])


@pytest.mark.parametrize("case", TOLD["cases"], ids=lambda case: case["name"])
def test_a_vector_is_what_the_clock_says(case: dict[str, Any]) -> None:
    facts, as_of = clock_vectors.facts_in(case["facts"]), date.fromisoformat(case["as_of"])
    assert clock_vectors.answers(facts, CALENDAR, as_of) == case["expected"]


def test_the_vectors_hold_what_can_go_wrong() -> None:
    expected = [case["expected"] for case in TOLD["cases"]]
    readings = [reading for each in expected for reading in each["readings"]]
    assert {reading["state"] for reading in readings} == {"running", "stopped", "ended"}
    assert {reading["grade"] for reading in readings} == {"", "notice", "yellow", "red", "red_plus"}
    assert {flag for each in expected for flag in each["flags"]} == {"empty", "many", "half"}
    assert any(each["deemed"] for each in expected) and any(reading["due_planned"] for reading in readings)
    assert any(reading["provisional"] for reading in readings)
