"""A county on PostgreSQL with two workers: people at either one, one case, and only one worker that syncs."""

import subprocess
import sys
from dataclasses import replace

import pytest

from center_node.demo import network, walk
from center_node.demo.network import free_ports
from tests import postgresql

pytestmark = [pytest.mark.postgres, pytest.mark.sockets, pytest.mark.slow, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def database_url():
    programs = postgresql.binaries()
    if programs is None:
        pytest.skip("no PostgreSQL server's programs on this machine")
    cluster = postgresql.Cluster(programs)
    yield cluster.database()
    cluster.stop()


@pytest.fixture
def running(tmp_path, database_url):
    """The four nodes, and the county's second worker."""
    with network(tmp_path, database_url) as (county, township, villages):
        second = replace(county, port=free_ports(1)[0], process=None)
        line = [sys.executable, "-m", "center_node.cli", "serve", "--data", str(county.data)]
        second.process = subprocess.Popen([*line, "--pages-only", "--listen", str(second.port)], text=True)
        try:
            second.wait_until_up()
            yield county, second, township, villages[0]
        finally:
            second.stop()


def test_a_case_is_decided_between_two_workers_and_one_of_them_syncs(running):
    county, second, township, village = running
    agent = walk.hire(village, "a", "甲", "agent")
    clerk = walk.hire(township, "c", "乙", "clerk")
    reviewer = walk.hire(township, "r", "丙", "reviewer")
    window = walk.hire(county, "w", "丁", "window")
    head = walk.hire(county, "o", "戊", "head")
    head.node = replace(second)
    case = walk.walk(agent, clerk, reviewer, window, head, lambda said: None)
    assert "准予" in walk.ask_as_resident(village, case).text

    line = [sys.executable, "-m", "center_node.cli", "serve", "--data", str(county.data), "--listen", "0"]
    refused = subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)
    assert refused.returncode == 1 and "another process uses" in refused.stderr

    second.stop()
    assert county.status()["level"] == "county"
