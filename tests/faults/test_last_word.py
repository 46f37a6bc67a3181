"""What a resident is told of a case below where the place that has it is silent: as of its last word, not as of now."""

import re

import pytest

from sync_protocol.case import Case, kinds
from sync_protocol.places import about
from tests.asking import Asked, filed_at
from tests.network import COUNTY, SECOND_VILLAGE, TOWNSHIP, VILLAGE
from village_node.casebook import CaseRef
from village_node.web import times

LATER = {VILLAGE: "之后的进展还没有传到那里", TOWNSHIP: "之后的进展还没有传到本机", COUNTY: "之后的进展还没有传到本机"}


def as_of(page: str) -> str:
    """The moment that a page of a case names at its foot, and what it says behind it."""
    return re.sub(r"<[^>]+>|\s", "", page.partition('<p class="soft as-of">')[2].partition("</p>")[0])


def months_later(asked: Asked) -> None:
    """Thirty days in which the second village says nothing, and all others exchange until now."""
    asked.net.built.clock.now_ms += 30 * times.DAY_MS
    for code in (VILLAGE, TOWNSHIP, VILLAGE, TOWNSHIP):
        asked.net[code].sync()


def handed_up(asked: Asked) -> Case:
    """A case that the second village has sent to the township, and all have heard of it."""
    village = asked.net[SECOND_VILLAGE].member
    ref = village.file()
    village.act(ref, kinds.HANDOFF, {"to": TOWNSHIP, "purpose": "accept"})
    asked.net.settle()
    case = village.casebook.case(ref.scope, ref.case_id)
    assert case is not None
    return case


def test_of_a_village_that_is_silent_every_page_says_as_of_when_it_was_heard(asked: Asked) -> None:
    case = filed_at(asked.net[SECOND_VILLAGE].member)
    asked.net.settle()
    then = times.moment(asked.net.built.clock.now_ms, "zh").replace(" ", "")
    months_later(asked)
    now = times.moment(asked.net.built.clock.now_ms, "zh").replace(" ", "")
    for place, says in LATER.items():
        told = asked.look_up(place, case.case_no, case.query_code)
        assert told.status_code == 200 and "在 下关村" in told.text
        foot = as_of(told.text)
        assert then in foot and now not in foot and says in foot, (place, foot)
    own = asked.look_up(SECOND_VILLAGE, case.case_no, case.query_code)
    assert now in as_of(own.text) and "之后的进展" not in own.text, "who has it knows"


def test_a_village_that_is_heard_again_speaks_as_of_that(asked: Asked) -> None:
    case = filed_at(asked.net[SECOND_VILLAGE].member)
    asked.net.settle()
    months_later(asked)
    asked.net[SECOND_VILLAGE].sync()
    for place in (VILLAGE, TOWNSHIP):
        told = asked.look_up(place, case.case_no, case.query_code)
        assert times.moment(asked.net.built.clock.now_ms, "zh").replace(" ", "") in as_of(told.text)
        assert "之后的进展" not in told.text
    asked.net.settle()
    assert "之后的进展" in asked.look_up(COUNTY, case.case_no, case.query_code).text, (
        "the county hears only what is new"
    )
    asked.net[SECOND_VILLAGE].member.file()
    asked.net.settle()
    told = asked.look_up(COUNTY, case.case_no, case.query_code)
    assert "之后的进展" not in told.text, "behind what it wrote since, nothing of it is missing"


def test_what_came_late_was_not_known_before(asked: Asked) -> None:
    """A case that lay at the township for a month is no fresher at the county than when it was written."""
    case = filed_at(asked.net[SECOND_VILLAGE].member)
    then = times.moment(asked.net.built.clock.now_ms, "zh").replace(" ", "")
    asked.net[SECOND_VILLAGE].sync()
    months_later(asked)
    foot = as_of(asked.look_up(COUNTY, case.case_no, case.query_code).text)
    assert then in foot and LATER[COUNTY] in foot


def test_of_a_case_on_its_way_the_place_that_takes_it_over_has_the_word(asked: Asked) -> None:
    case = handed_up(asked)
    months_later(asked)
    for place in (TOWNSHIP, COUNTY):
        page = asked.look_up(place, case.case_no, case.query_code).text
        assert "正在转送 驿马镇" in page and "之后的进展" not in page, "the township was heard just now"
    asked.net.built.clock.now_ms += 2 * times.HOUR_MS
    assert LATER[COUNTY] in as_of(asked.look_up(COUNTY, case.case_no, case.query_code).text)
    assert "之后的进展" not in asked.look_up(TOWNSHIP, case.case_no, case.query_code).text, "it has not taken it over"


@pytest.mark.parametrize("hours", [0, 2])
def test_of_a_case_above_it_is_the_line_upward_that_counts(asked: Asked, hours: int) -> None:
    case = handed_up(asked)
    asked.net[TOWNSHIP].member.act(CaseRef(about(case.home), case.case_id, case.case_no, case.query_code), kinds.ACCEPT)
    asked.net.settle()
    asked.net.built.clock.now_ms += hours * times.HOUR_MS
    told = asked.look_up(SECOND_VILLAGE, case.case_no, case.query_code)
    assert ("之后的进展还没有传到本机" in told.text) == bool(hours)
    assert "之后的进展" not in asked.look_up(TOWNSHIP, case.case_no, case.query_code).text
