"""The daily run of a purge: once a day, told, and nothing of what went is left in the files, whatever came between."""

from typing import Any

import pytest

from tests.closing import DAY_MS, checkpoint_day, closed, net
from tests.network import VILLAGE, Network
from village_node.casebook import CaseRef, PurgeJob, PurgeRun
from village_node.store import NotSaved, purges

__all__ = ["closed", "net"]

TERM_MS = 30 * DAY_MS


def test_a_reader_delays_the_cleaning_of_the_log_and_does_not_hold_up_anything(net: Network, closed: CaseRef) -> None:
    checkpoint_day(net, days=30)
    member = net[VILLAGE].member
    job = PurgeJob(member.casebook, 30, net.monotonic, lambda run: None)
    log = net.built.folder / f"{VILLAGE}.db-wal"
    with member.store.reading() as connection:
        purges.closed(connection)  # a view is open from here on
        job.tick()
        assert log.stat().st_size > 0
    job.tick()
    assert log.stat().st_size == 0


def traces(net: Network) -> bool:
    """Whether the applicant's number can still be read in the files of the village's database."""
    files = sorted(net.built.folder.glob(f"{VILLAGE}.db*"))
    return any(b"622825196505060042" in file.read_bytes() for file in files)


def test_what_a_process_had_no_time_to_clean_the_next_one_does(net: Network, closed: CaseRef) -> None:
    checkpoint_day(net, days=30)
    member = net[VILLAGE].member
    with member.store.reading() as connection:
        purges.closed(connection)  # a view is open from here on: the log cannot be cut
        PurgeJob(member.casebook, 30, net.monotonic, lambda run: None).tick()
    assert traces(net), "the process ends here"
    PurgeJob(member.casebook, 30, net.monotonic, lambda run: None).tick()
    assert not traces(net)


def test_what_a_run_dropped_before_it_failed_is_cleaned_as_well(
    net: Network, closed: CaseRef, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint_day(net, days=30)
    member = net[VILLAGE].member
    job = PurgeJob(member.casebook, 400, net.monotonic, lambda run: None)
    job.tick()
    net.monotonic.now_s += 86_400
    real = member.casebook.purge

    def half(_term_ms: int) -> PurgeRun:
        real(TERM_MS)
        raise NotSaved("磁盘已满", "the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(member.casebook, "purge", half)
        with pytest.raises(NotSaved):
            job.tick()
    job.tick()
    assert not traces(net)


def test_the_daily_run_comes_once_a_day_and_tells_what_it_did(net: Network, closed: CaseRef) -> None:
    checkpoint_day(net, days=30)
    told: list[dict[str, Any]] = []
    job = PurgeJob(net[VILLAGE].member.casebook, 30, net.monotonic, told.append)
    assert job.status() == {"retention_days": 30, "last_run": None}
    job.tick()
    job.tick()
    assert len(told) == 1 and told[0]["cases"] == 1 and job.status()["last_run"] == told[0]
    net.monotonic.now_s += 86_400
    job.tick()
    assert [run["cases"] for run in told] == [1, 0]
