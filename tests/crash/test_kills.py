"""Killed in the middle of their work, whole processes lose nothing that was shown; one with a planted defect does."""

import pytest

from tests.crash import kills
from tests.postgresql import Cluster

pytestmark = [pytest.mark.sockets, pytest.mark.slow]


def say(words: str) -> None:
    """Nobody watches."""


def test_what_was_shown_and_signed_survives_the_kills_and_reaches_the_county(cluster: Cluster | None) -> None:
    came = kills.kill(3, 3, say, cluster=cluster)
    assert came["wrong"] == []
    assert sum(came["killed"].values()) >= 3 and came["cases"] > 0


def test_a_village_that_commits_later_than_it_says_is_found() -> None:
    assert "lost" in kills.shown_of_village(1)[0]


@pytest.mark.postgres
def test_a_county_whose_server_syncs_later_than_it_says_is_found(cluster: Cluster | None) -> None:
    if cluster is None:
        pytest.skip("no PostgreSQL server is installed here")
    assert "county signed for" in kills.shown_of_county(cluster, 1)[0]
