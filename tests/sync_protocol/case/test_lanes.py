"""A lane says how a case stands among others; it moves nothing, and the last one counts."""

from typing import Any

import pytest

from sync_protocol.case import Verdict, kinds
from tests.sync_protocol.case.script import COUNTY, TOWNSHIP, to_township_review

GREEN = {0: "green", 1: "重点项目", 2: "孙副县长"}


def test_the_holder_sets_it_and_the_last_one_counts() -> None:
    script = to_township_review()
    state = script.fold().state
    assert script.verdict(script.write(COUNTY, kinds.LANE, GREEN, after=script.last)) == Verdict("void", "not_holder")
    script = to_township_review()
    script.write(TOWNSHIP, kinds.LANE, GREEN)
    case = script.fold()
    assert case.lane is not None and (case.state, case.lane.lane) == (state, "green")
    script.write(TOWNSHIP, kinds.LANE, {0: "ordinary", 1: "已协调"})
    assert script.fold().lane is None


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({0: "green", 1: "x"}, "supervisor"),
        ({0: "urgent", 1: "x"}, "approver"),
        ({0: "ahead", 1: "x", 6: "x"}, "ahead_of"),
        ({0: "ahead", 1: "x", 5: "621021101001-261121-7K3M-12-L"}, "consent"),
        ({0: "urgent", 3: "1003"}, "reason"),
    ],
)
def test_each_lane_needs_its_person_or_its_consent(body: dict[int, Any], wrong: str) -> None:
    script = to_township_review()
    assert script.verdict(script.write(TOWNSHIP, kinds.LANE, body)) == Verdict("void", f"malformed: {wrong}")


def test_a_decided_case_has_no_lane_any_more() -> None:
    script = to_township_review()
    script.review(TOWNSHIP)
    script.handoff(TOWNSHIP, COUNTY, "decide")
    script.accept(COUNTY)
    script.decide(COUNTY)
    assert script.verdict(script.write(COUNTY, kinds.LANE, GREEN)) == Verdict("void", "not_allowed_now")
