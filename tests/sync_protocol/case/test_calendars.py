"""The calendar the county publishes: its form, which of several is in force, and that nobody alone moves the past."""

import random
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest

from sync_protocol import encoding
from sync_protocol.case import kinds
from sync_protocol.case.calendars import (
    KIND,
    VERSION,
    Announcement,
    calendar_of,
    from_bytes,
    in_force,
    moved_from,
    to_bytes,
)
from sync_protocol.case.events import Position
from sync_protocol.case.publications import Publication
from sync_protocol.case.workdays import Calendar, Span, Year, day_of_year
from tests.sync_protocol.case.year_2026 import YEAR_2026, YEAR_2027

OWN = Calendar("own", {2026: Year(), 2030: Year(announced=True, document_no="built in")})
FLOOD = day_of_year(date(2026, 7, 20))
CLOSED = YEAR_2026._replace(
    off=YEAR_2026.off | {FLOOD}, spans=(*YEAR_2026.spans, Span(FLOOD, FLOOD, "防汛停工", "31号"))
)
DAY_MS = 86_400_000


def noon(day: date) -> int:
    return (day - date(1970, 1, 1)).days * DAY_MS + 4 * 3_600_000


@dataclass
class Writer:
    """A place that publishes: each publication is one further in its stream."""

    place: str = "621021000000"
    rank: int = 0
    order: int = 0
    seq: int = 0

    def say(self, year: Year, on: date = date(2026, 3, 2), number: int = 2026, **more: str) -> Publication:
        self.seq += 1
        mark = random.Random(f"{self.place}{self.order}{self.seq}").randbytes(8)
        said = Announcement(number, year, "按通知", **more)
        position = Position(bytes([self.order]) * 16, self.seq, mark)
        return Publication(position, self.place, self.rank, self.order, noon(on), said)


def test_the_kind_is_the_registrys_own() -> None:
    known = kinds.BY_NUMBER[kinds.CALENDAR]
    assert (known.number, known.version, known.holding, known.role) == (KIND, VERSION, "inline", "other")


def test_a_year_comes_back_as_it_was_said_and_fits_into_a_header() -> None:
    said = Announcement(2026, CLOSED, "防汛，全县停工一天", "0001", "0002")
    raw = to_bytes(said)
    assert from_bytes(raw) == said
    assert len(raw) < 500


BODY: dict[int, Any] = encoding.decode(to_bytes(Announcement(2026, YEAR_2026, "按通知")))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (0, 1969),
        (0, 2200),
        (0, True),
        (1, [1, 1]),
        (1, [2, 1]),
        (1, [0]),
        (1, [366]),
        (1, [3]),  # Saturday 3 January
        (1, ["1"]),
        (2, [5]),  # a Monday
        (2, None),
        (3, 1),
        (4, ""),
        (4, "号" * 81),
        (5, [[1, 3, "元旦"]]),
        (5, [[3, 1, "元旦", ""]]),
        (5, [[1, 3, "", ""]]),
        (5, [[1, 366, "元旦", ""]]),
        (5, [[1, 3, "元旦", ""]] * 13),
        (6, ""),
        (6, "a\u202eb"),
        (7, "0001"),
        (8, "0001"),
    ],
)
def test_a_body_that_does_not_fit_says_nothing(field: int, value: Any) -> None:
    assert from_bytes(encoding.encode({**BODY, field: value})) is None


def test_an_announced_year_names_its_document_and_two_persons_are_two() -> None:
    assert from_bytes(encoding.encode({key: value for key, value in BODY.items() if key != 4})) is None
    assert from_bytes(encoding.encode({**BODY, 7: "0001", 8: "0001"})) is None
    assert from_bytes(encoding.encode({**BODY, 7: "0001", 8: "0002"})) is not None
    assert from_bytes(b"\xff") is None
    with pytest.raises(ValueError, match="reason"):
        to_bytes(Announcement(2026, YEAR_2026, ""))
    # What a later version adds is left alone.
    assert from_bytes(encoding.encode({**BODY, 20: "more"})) is not None


def test_the_newest_of_a_year_is_in_force_and_other_years_are_not_touched() -> None:
    county = Writer()
    said = [county.say(YEAR_2026), county.say(YEAR_2027, number=2027), county.say(CLOSED)]
    assert in_force(said) == {2026: said[2], 2027: said[1]}
    random.Random(1).shuffle(said)
    assert in_force(said)[2026].said.year == CLOSED


def test_a_new_life_of_the_county_goes_on_where_the_old_one_ended() -> None:
    old, new = Writer(), Writer(order=7)
    for _ in range(3):
        before = old.say(YEAR_2026)
    after = new.say(CLOSED)
    assert in_force([after, before])[2026] == after


def test_the_highest_place_has_the_word() -> None:
    county, prefecture = Writer(rank=1, order=3), Writer(place="621000000000", rank=0)
    # What it says of a day gone by is new, and nobody's past is moved: one person is enough.
    above, below = prefecture.say(YEAR_2026, date(2026, 8, 1)), county.say(CLOSED)
    assert in_force([above, below]) == in_force([below, above]) == {2026: above}
    assert in_force([below]) == {2026: below}


def test_a_day_gone_by_is_closed_by_two_persons_or_not_at_all() -> None:
    county = Writer()
    first = county.say(YEAR_2026)
    on_the_day, alone = county.say(CLOSED, date(2026, 7, 20)), county.say(CLOSED, date(2026, 7, 19))
    assert in_force([first, on_the_day])[2026] == first
    assert in_force([first, alone])[2026] == alone
    two = county.say(CLOSED, date(2026, 8, 1), proposer="0001", confirmer="0002")
    assert in_force([first, two])[2026] == two
    # Words and documents may change at any time, and last year is gone by as a whole.
    renamed = county.say(YEAR_2026._replace(document_no="更正"), date(2026, 12, 31))
    assert in_force([first, renamed])[2026] == renamed
    assert in_force([first, county.say(CLOSED, date(2027, 1, 4))])[2026] == first


def test_the_calendar_takes_what_was_published_and_for_the_rest_the_nodes_own() -> None:
    assert calendar_of([], OWN).years == {2030: OWN.year(2030)}, "what is not announced is the same for all"
    announced = Calendar("own", {2030: OWN.year(2030)})
    assert calendar_of([], announced) is announced
    county = Writer()
    made = calendar_of([county.say(YEAR_2026), county.say(YEAR_2027, number=2027)], OWN)
    assert (made.year(2026), made.year(2027), made.year(2030).document_no) == (YEAR_2026, YEAR_2027, "built in")
    again = calendar_of([county.say(CLOSED)], made)
    assert again.version != made.version != OWN.version
    assert made.version.startswith("2026-") and "·2027-" in made.version


def test_what_ended_before_the_years_that_were_published_anew_stays_as_it_is() -> None:
    years = {2026: YEAR_2026, 2027: YEAR_2027}
    both = Calendar("2026-1a2b·2027-3c4d", years)
    assert moved_from("2026-1a2b", both) == date(2026, 12, 31), "the last working day before 2027"
    assert moved_from("2026-ffff·2027-3c4d", both) == date(2025, 12, 31)
    assert moved_from("2026-ffff·2027-eeee", both) == date(2025, 12, 31), "the first of two"
    new_year = Calendar("2026-1a2b·2028-3c4d", years)
    assert new_year.years.get(2028) is None and moved_from("2026-1a2b", new_year) == date(2027, 12, 31)
    assert moved_from("holidays 0.62", both) == moved_from("", both) == date(1970, 1, 1), "of which nothing is known"
    assert moved_from("2026-1a2b·2027-3c4d", both) > date(2190, 1, 1)
