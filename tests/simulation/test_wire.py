"""The model of the roads: each fault of a call does what its name says, and harms nothing for good."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulation.simulation import Simulation
from tests.simulation.station import Station
from tests.simulation.wire import CALL_FAULTS
from tests.simulation.world import VILLAGES

VILLAGE = VILLAGES[0]


@pytest.fixture
def sim(tmp_path: Path) -> Iterator[Simulation]:
    """A county at rest, all acquainted, without faults."""
    made = Simulation(1, tmp_path)
    made.wire.rates = {}
    for station in made.stations.values():
        station.start()
    made.loop.run(1800.0)
    yield made
    made.close()


def arrived(sim: Simulation, village: Station) -> int:
    """How far the township holds the village's own stream."""
    heads = sim.watch.seen[village.place.parent or ""].heads
    return heads.get((village.identity.incarnation, f"about:{village.code}"), (0, 0))[0]


def failures(village: Station) -> int:
    assert village.program is not None and village.program.uplink is not None
    return int(village.program.uplink.status()["failures"])


def after_one_call(sim: Simulation, kind: str) -> tuple[Station, int]:
    """File at a village, let the call that follows meet one fault, and all others none; seconds until it was over."""
    village = sim.stations[VILLAGE]
    sim.wire.rates = {kind: 1.0}
    assert sim.people.file(village)
    began = sim.loop.now_s
    while not sim.faults_happened[kind]:
        sim.loop.run(sim.loop.now_s + 0.1)
    sim.wire.rates = {}
    while village.calling:
        sim.loop.run(sim.loop.now_s + 0.1)
    return village, round(sim.loop.now_s - began)


@pytest.mark.parametrize(
    ("kind", "stored", "fails"),
    [
        ("", 2, False),
        ("drop", 0, True),
        ("lost_reply", 2, True),
        ("duplicate", 2, False),
        ("late_duplicate", 2, False),
        ("delay", 2, False),
        ("too_slow", 0, True),
        ("reset_request", 0, True),
        ("reset_reply", 2, True),
        ("corrupt_request", 2, False),  # it does not open, and is said again at once under another context
        ("corrupt_reply", 2, True),
        ("captive_portal", 0, True),
        ("busy", 0, True),
    ],
)
def test_a_call_meets_its_fault_and_the_next_one_heals_it(sim: Simulation, kind: str, stored: int, fails: bool) -> None:
    village, _ = after_one_call(sim, kind)
    assert (arrived(sim, village), bool(failures(village))) == (stored, fails)
    sim.loop.run(sim.loop.now_s + 7200.0)
    assert (arrived(sim, village), failures(village)) == (2, 0)


def test_every_fault_of_a_call_is_tried() -> None:
    marks = test_a_call_meets_its_fault_and_the_next_one_heals_it.pytestmark  # type: ignore[attr-defined]
    assert {row[0] for mark in marks for row in mark.args[1]} - {""} == set(CALL_FAULTS)


def test_a_line_that_is_down_lets_nothing_pass_and_is_tried_again(sim: Simulation) -> None:
    village = sim.stations[VILLAGE]
    sim.wire.cut_off.add(VILLAGE)
    assert sim.people.file(village)
    sim.loop.run(sim.loop.now_s + 3600.0)
    assert (arrived(sim, village), failures(village) > 3) == (0, True)
    sim.wire.cut_off.clear()
    sim.loop.run(sim.loop.now_s + 1200.0)
    assert (arrived(sim, village), failures(village)) == (2, 0)


def test_who_hears_nothing_is_heard(sim: Simulation) -> None:
    village = sim.stations[VILLAGE]
    sim.wire.deaf.add(VILLAGE)
    assert sim.people.file(village)
    sim.loop.run(sim.loop.now_s + 1200.0)
    assert (arrived(sim, village), failures(village) > 0) == (2, True)


def test_others_go_on_while_a_call_is_under_way(sim: Simulation) -> None:
    """A reply that takes long: meanwhile the village files another case, and nobody waits for anybody."""
    village = sim.stations[VILLAGE]
    sim.wire.rates = {"delay": 1.0}
    assert sim.people.file(village)
    sim.loop.run(sim.loop.now_s + 0.5)
    assert village.calling
    assert sim.people.file(village)
    sim.wire.rates = {}
    sim.loop.run(sim.loop.now_s + 600.0)
    assert arrived(sim, village) == 4


def test_a_program_that_ends_takes_its_calls_with_it(sim: Simulation) -> None:
    village = sim.stations[VILLAGE]
    sim.wire.rates = {"delay": 1.0}
    assert sim.people.file(village)
    sim.loop.run(sim.loop.now_s + 0.5)
    assert village.calling
    village.cut(restart_s=3600.0)
    sim.wire.rates = {}
    sim.loop.run(sim.loop.now_s + 1800.0)
    assert not village.is_up()
    sim.loop.run(sim.loop.now_s + 3600.0)
    assert arrived(sim, village) == 2
