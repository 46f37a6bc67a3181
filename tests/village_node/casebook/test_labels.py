"""The labels (logical clocks) of events: they never run backward in a stream, and follow nobody far ahead."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync_protocol.case import kinds, numbers
from sync_protocol.event import load_header
from tests.builders import START_MS, TOWNSHIP, VILLAGE, network, settle

DAY_MS = 86_400_000
DIRECT = "040"  # decided by the village itself
YEAR_MS = 365 * DAY_MS
EXTREMES = [-(1 << 60), -YEAR_MS, 0, START_MS, START_MS + 10 * YEAR_MS, 253_402_300_800_000, 1 << 50, (1 << 62)]


def labels(member) -> list[int]:
    """The labels of everything this node wrote, in the order of its stream."""
    query = "SELECT header FROM events JOIN streams ON streams.id = events.stream WHERE streams.own ORDER BY seq"
    with member.store.reading() as connection:
        return [load_header(row[0]).hlc for row in connection.exec_driver_sql(query)]


@given(clocks=st.lists(st.sampled_from(EXTREMES) | st.integers(-(1 << 62), 1 << 62), min_size=1, max_size=8))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_labels_never_run_backward_in_a_stream_whatever_the_clock_says(
    tmp_path_factory: pytest.TempPathFactory, clocks: list[int]
) -> None:
    net = network(tmp_path_factory.mktemp("labels"))
    village = net.members[VILLAGE]
    for now_ms in clocks:
        net.clock.now_ms = now_ms
        ref = village.file(item_no=DIRECT)
        assert numbers.parse_case_number(ref.case_no)
        village.act(ref, kinds.NOTE, {"text": "x"})
    found = labels(village)
    assert len(found) == 3 * len(clocks)
    assert all(earlier < later for earlier, later in pairwise(found))
    assert all(0 <= label < 1 << 63 for label in found)
    net.close()


def test_a_clock_ten_years_ahead_drags_nobody_else_along(folder: Path) -> None:
    net = network(folder, own_clocks=True)
    village, township = net.members[VILLAGE], net.members[TOWNSHIP]
    village.clock.now_ms += 10 * YEAR_MS
    ref = village.file()
    settle(village, township)
    township.act(ref, kinds.NOTE, {"text": "收到"})
    assert max(labels(village)) >> 16 == START_MS + 10 * YEAR_MS
    assert max(labels(township)) >> 16 == START_MS
    village.clock.now_ms = START_MS  # set right again: its own stream still never runs backward
    village.act(ref, kinds.NOTE, {"text": "时钟已校准"})
    assert labels(village) == sorted(labels(village))
    net.close()


def test_a_clock_a_little_ahead_is_followed_so_that_a_case_reads_in_order(folder: Path) -> None:
    net = network(folder, own_clocks=True)
    village, township = net.members[VILLAGE], net.members[TOWNSHIP]
    village.clock.now_ms += DAY_MS
    ref = village.file()
    settle(village, township)
    township.act(ref, kinds.NOTE, {"text": "收到"})
    assert max(labels(township)) == max(labels(village)) + 1
    net.close()
