"""Killed in the middle of their work, whole processes lose nothing that was shown; one with a planted defect does."""

import pytest

from tests.crash import kills

pytestmark = [pytest.mark.sockets, pytest.mark.slow]


def say(words: str) -> None:
    """Nobody watches."""


def test_what_people_were_shown_survives_the_kills_and_reaches_the_county() -> None:
    came = kills._kill(3, 3, say)
    assert came["wrong"] == []
    assert sum(came["by_level"].values()) == 3 and came["cases"] > 0


def test_a_node_that_commits_later_than_it_says_is_found() -> None:
    came = kills._kill(kills.PLANTED_KILLS, 1, say, only="village", plant=kills.PLANT)
    assert "lost" in came["wrong"][0]
