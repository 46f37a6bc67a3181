"""What every test shares: the property-test profiles, loopback for marked tests, and skips that are not allowed."""

import gc
import os
import shutil
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.once import found_once

# Both profiles are derandomised: a property that fails does so on every machine, and a rerun proves the repair. Time
# limits are left to pytest-timeout, since a shared machine is slow at moments that say nothing about the code.
settings.register_profile("default", max_examples=100, derandomize=True, deadline=None)
settings.register_profile(
    "ci", max_examples=200, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


found_once()

MEMORY = Path("/dev/shm")
ROOM = 6 << 30  # bytes


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Folders of tests lie in memory where there is room for them: every commit waits for the disk, and a sixth of the
    time went there. What other runs have left there goes first."""
    if hasattr(config, "workerinput") or config.option.basetemp or not os.access(MEMORY, os.W_OK):
        return
    for left in MEMORY.glob("sanji-tests-*"):
        if not Path(f"/proc/{left.name.rpartition('-')[2]}").exists():
            shutil.rmtree(left, ignore_errors=True)
    if shutil.disk_usage(MEMORY).free >= ROOM:
        config.option.basetemp = MEMORY / f"sanji-tests-{os.getpid()}"


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """What is left of those folders goes, but after a failure."""
    folder = MEMORY / f"sanji-tests-{os.getpid()}"
    if session.config.option.basetemp == folder and exitstatus == pytest.ExitCode.OK:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Nothing that is imported and collected goes away: to look for garbage in it again and again took an eighth of
    the time of each worker until its first test."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_finish() -> None:
    """What has been imported by now stays, and is not looked through for garbage again and again: a million objects,
    for the sake of the few thousand that a test leaves."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 10, 10)


LOOPBACK = ["127.0.0.1", "::1", "localhost"]
MAY_OPEN_SOCKETS = ("sockets", "postgres", "browser")


def required() -> list[str]:
    """The groups (`postgres`, `browser`) that SANJI_REQUIRE says must run here, so that CI cannot pass by skipping."""
    return [word for word in os.environ.get("SANJI_REQUIRE", "").split(",") if word]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with something slow in them come first: one that begins last keeps a worker long after the others ended."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)
    for item in items:
        if any(item.get_closest_marker(name) for name in MAY_OPEN_SOCKETS):
            item.add_marker(pytest.mark.allow_hosts(LOOPBACK))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    must_run = [name for name in required() if item.get_closest_marker(name)]
    if report.skipped and must_run and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, but SANJI_REQUIRE names {', '.join(must_run)}: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if report.skipped and required():
        report.outcome = "failed"
        report.longrepr = f"the whole of {collector.nodeid} is skipped, but SANJI_REQUIRE is set: {report.longrepr}"
    return report
