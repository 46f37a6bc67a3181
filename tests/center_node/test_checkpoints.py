"""The daily checkpoint: once a day, on the day after a standstill too, whatever the clocks do; and by command."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from center_node import app, cli
from center_node.checkpoints import DailyCheckpoint
from tests.builders import COUNTY, Network, network
from tests.network import Monotonic
from village_node import config
from village_node.casebook import NotAllowed
from village_node.web.times import DAY_MS

HOUR_MS = 3_600_000
DAY_S = 86_400
MIDNIGHT_MS = 1_790_006_400_000 // DAY_MS * DAY_MS - 8 * HOUR_MS  # of a day at +08:00


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Network]:
    """A county alone, with a case of its own."""
    made = network(tmp_path, COUNTY)
    made.clock.now_ms = MIDNIGHT_MS + 9 * HOUR_MS
    made.members[COUNTY].file(item_no="016")
    yield made
    made.close()


def daily(net: Network) -> tuple[DailyCheckpoint, Monotonic]:
    monotonic = Monotonic()
    return DailyCheckpoint(net.members[COUNTY].casebook, net.clock, monotonic), monotonic


def test_one_is_written_at_the_first_tick_of_each_day_and_no_second(net: Network) -> None:
    job, monotonic = daily(net)
    written = []
    for _ in range(3 * 24):
        written.append(job.tick())
        net.clock.now_ms += HOUR_MS
        monotonic.now_s += 3_600
    days = [hour // 24 for hour, made in enumerate(written, start=9) if made is not None]
    assert days == [0, 1, 2, 3]
    assert [made.time for made in written if made is not None][1] == MIDNIGHT_MS + DAY_MS


def test_a_restart_on_the_same_day_writes_no_second_one(net: Network) -> None:
    assert daily(net)[0].tick() is not None
    net.clock.now_ms += HOUR_MS
    assert daily(net)[0].tick() is None


def test_after_a_standstill_of_days_the_first_tick_writes_one(net: Network) -> None:
    first = daily(net)[0].tick()
    net.clock.now_ms += 9 * DAY_MS
    job, _ = daily(net)
    second = job.tick()
    assert first is not None and second is not None and second.seq == first.seq + 1
    assert job.tick() is None


def test_a_clock_that_was_years_ahead_and_is_right_again_ends_nothing(net: Network) -> None:
    job, _ = daily(net)
    net.clock.now_ms += 3_650 * DAY_MS
    assert job.tick() is not None
    net.clock.now_ms -= 3_650 * DAY_MS
    assert job.tick() is not None


def test_a_clock_that_is_set_back_every_day_does_not_end_the_days(net: Network) -> None:
    job, monotonic = daily(net)
    assert job.tick() is not None
    monotonic.now_s += DAY_S - 1
    assert job.tick() is None
    monotonic.now_s += 1
    assert job.tick() is not None and job.tick() is None


def test_a_time_before_1970_has_a_day_too(net: Network) -> None:
    job, _ = daily(net)
    net.clock.now_ms = 0
    assert job.tick() is not None and job.tick() is None


def test_a_county_without_events_waits_and_says_why_when_told_to_write(tmp_path: Path) -> None:
    made = network(tmp_path, COUNTY)
    job, _ = daily(made)
    assert job.tick() is None
    with pytest.raises(NotAllowed, match="no events"):
        job.write()
    made.close()


def test_the_command_writes_one_and_the_daily_job_is_wired(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "county"
    assert cli.main(["init", "--data", str(data), "--place", COUNTY, "--name", "庆城县"]) == 0
    assert cli.main(["checkpoint", "--data", str(data)]) == 1
    assert "there are no events here yet" in capsys.readouterr().err
    node = app.create_node(config.load(data))
    node.casebook.file("0001", {"window"}, {"item_no": "016", "applicant_name": "张秀兰", **CARD})
    node.scheduler._monotonic = lambda: float("inf")
    node.scheduler.tick()
    first = node.casebook.newest_checkpoint()
    node.close()
    assert first is not None and first.count == 1
    assert cli.main(["checkpoint", "--data", str(data)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["seq"] > first.seq and told["streams"] == 2 and len(told["root"]) == 64


CARD = {"applicant_id_kind": "resident_id", "applicant_id_no": "622825196505060042"}
