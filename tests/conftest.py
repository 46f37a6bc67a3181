"""What every test shares: the property-test profiles, loopback for marked tests, and skips that are not allowed."""

import os
from collections.abc import Generator, Sequence

import pytest
from flask import Flask
from hypothesis import HealthCheck, settings
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket

# Both profiles are derandomised: a property that fails does so on every machine, and a rerun proves the repair. Time
# limits are left to pytest-timeout, since a shared machine is slow at moments that say nothing about the code.
settings.register_profile("default", max_examples=100, derandomize=True, deadline=None)
settings.register_profile(
    "ci", max_examples=500, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


class Compiled(BytecodeCache):
    """Templates are compiled once for all apps of a test run: it took longer than what most tests of pages look at."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._kept:
            bucket.bytecode_from_string(self._kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key] = bucket.bytecode_to_string()


Flask.jinja_options["bytecode_cache"] = Compiled()

LOOPBACK = ["127.0.0.1", "::1", "localhost"]
MAY_OPEN_SOCKETS = ("sockets", "postgres", "browser")


def required() -> list[str]:
    """The groups (`postgres`, `browser`) that SANJI_REQUIRE says must run here, so that CI cannot pass by skipping."""
    return [word for word in os.environ.get("SANJI_REQUIRE", "").split(",") if word]


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
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
