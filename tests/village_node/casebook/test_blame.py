"""Whose a late answer is: of a place on the way of the case, asked by itself or from above, and of nobody else."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from sync_protocol.case import kinds
from sync_protocol.case.oversight import Asked
from sync_protocol.case.records import SideNote
from sync_protocol.case.workdays import LAST_DAY
from sync_protocol.event import Position
from tests.builders import COUNTY, OTHER_TOWNSHIP, SECOND_VILLAGE, TOWNSHIP, VILLAGE, Network
from village_node.casebook import blame

ASKED_MS = 1_795_000_000_000  # 18 November 2026


def letter(place: str, **said: Any) -> Asked:
    body = {"to": VILLAGE, "answer_by": "2026-11-25", **said}
    note = SideNote(Position(bytes(16), 1, bytes(8)), kinds.SUPERVISION_LETTER, place, "1009", ASKED_MS, body)
    return Asked(note, ())


@pytest.mark.parametrize(
    ("by", "to", "counts"),
    [
        (COUNTY, VILLAGE, True),
        (COUNTY, COUNTY, True),
        (TOWNSHIP, VILLAGE, True),
        (TOWNSHIP, TOWNSHIP, True),
        (VILLAGE, VILLAGE, True),
        (VILLAGE, TOWNSHIP, False),
        (VILLAGE, COUNTY, False),
        (TOWNSHIP, COUNTY, False),
        (COUNTY, OTHER_TOWNSHIP, False),
        (COUNTY, SECOND_VILLAGE, False),
        (COUNTY, "no such place", False),
        ("no such place", VILLAGE, False),
    ],
)
def test_only_who_stands_above_takes_points_and_only_on_the_way(tmp_path: Path, by: str, to: str, counts: bool) -> None:
    made = Network(tmp_path)
    made.enrol(COUNTY, TOWNSHIP, OTHER_TOWNSHIP, VILLAGE, SECOND_VILLAGE)
    places = made.roster.places
    assert blame.may_ask(letter(by, to=to), VILLAGE, places) is counts


@pytest.mark.parametrize(
    ("answer_by", "from_day"),
    [
        ("2026-11-25", date(2026, 11, 26)),
        ("2026-01-01", date(2026, 11, 19)),
        ("2199-12-31", date(2200, 1, 1)),
        ("9999-12-31", date(2200, 1, 1)),
    ],
)
def test_an_answer_is_late_after_its_day_never_before_it_was_asked_for_and_no_day_is_too_far(
    answer_by: str, from_day: date
) -> None:
    assert date(2199, 12, 31) == LAST_DAY
    assert blame.late_on(letter(COUNTY, answer_by=answer_by)) == from_day
