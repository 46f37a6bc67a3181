"""What a node knows of working days by itself is what was announced, and nothing else."""

from datetime import date

from sync_protocol.case.calendars import Announcement, from_bytes, to_bytes
from tests.sync_protocol.case.year_2026 import YEAR_2026
from village_node import working_days

KNOWN = working_days.built_in()


def test_the_year_announced_is_the_one_typed_in_from_the_announcement() -> None:
    assert KNOWN.year(2026) == YEAR_2026
    assert KNOWN.version.startswith("holidays-")


def test_of_a_year_without_its_arrangement_nothing_is_taken_from_the_package() -> None:
    assert 2035 not in KNOWN.years
    eve = KNOWN.look(date(2035, 2, 7))  # the eve of the lunar new year, a Wednesday: the package knows it
    assert (eve.kind, eve.provisional) == ("workday", True)
    assert KNOWN.look(date(2035, 1, 1)).kind == "holiday", "the law names it"
    assert all(year.announced and year.document_no for year in KNOWN.years.values())


def test_festivals_that_meet_have_one_name_and_shifted_days_that_of_their_festival() -> None:
    assert KNOWN.look(date(2025, 10, 8)).name == "国庆节、中秋节"
    assert KNOWN.look(date(2026, 2, 20)).name == "春节"
    assert KNOWN.look(date(2026, 2, 14)).name == ""


def test_every_year_known_can_be_published() -> None:
    for number, year in KNOWN.years.items():
        said = Announcement(number, year, "按国家节假日安排")
        assert from_bytes(to_bytes(said)) == said
