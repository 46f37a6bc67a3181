"""The same seed is the same story, byte for byte; and a story that ends badly says how to hear it again."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from tests.simulation import __main__ as campaign
from tests.simulation.breaks import at_rest
from tests.simulation.controls import serves_the_wrong_village
from tests.simulation.simulation import Outcome, Simulation, simulate
from tests.simulation.trace import LAST_LINES
from tests.simulation.world import TOWNSHIPS, VILLAGES
from village_node.casebook import ledger


def played(hash_seed: str) -> tuple[dict[str, object], str]:
    """The last line of a campaign of one seed in a process of its own, and what it said of its trace."""
    words = [sys.executable, "-m", "tests.simulation", "--seed", "5", "--days", "1", "--no-controls"]
    done = subprocess.run(
        words, env={**os.environ, "PYTHONHASHSEED": hash_seed}, capture_output=True, text=True, check=True, timeout=100
    )
    return json.loads(done.stdout.splitlines()[-1]), done.stderr.split("trace ")[1].strip()


@pytest.mark.slow
def test_a_seed_gives_the_same_trace_again_and_another_seed_another() -> None:
    first, again, other = simulate(3, 1), simulate(3, 1), simulate(4, 1)
    assert first.violation == again.violation == other.violation == ""
    assert (first.trace, first.steps, first.faults) == (again.trace, again.steps, again.faults)
    assert first.trace != other.trace


def test_what_a_message_brings_is_written_in_the_order_of_its_streams(tmp_path: Path) -> None:
    """How full a disk gets hangs on the order of writing, and so does what is refused on it."""
    real, orders = ledger.write, []

    def write(office: Any, connection: Any, entry: Any) -> Any:
        orders.append(list(entry.growths))
        return real(office, connection, entry)

    sim = Simulation(1, tmp_path)
    at_rest(sim)
    township = sim.stations[TOWNSHIPS[0]]
    with patch.object(ledger, "write", write):
        for _ in range(4):
            township.calling = True  # so it does not, for a while
            for code in VILLAGES[:3]:
                sim.people.file(sim.stations[code])
            sim.loop.run(sim.loop.now_s + 600.0)
            township.calling = False
            township.plan_turn(0.0)
            sim.loop.run(sim.loop.now_s + 3600.0)
    sim.close()
    assert sum(len(order) > 2 for order in orders) >= 4
    assert orders == [sorted(order) for order in orders]


@pytest.mark.slow
def test_the_order_of_sets_changes_nothing() -> None:
    one, other = played("1"), played("2")
    assert one[1] == other[1] and len(one[1]) == 16
    assert one[0] | {"seconds": 0} == other[0] | {"seconds": 0}
    assert one[0]["violations"] == [] and one[0]["seeds"] == 1 and one[0]["days"] == 1


def test_a_violation_says_what_where_when_and_how_to_see_it_again() -> None:
    outcome = simulate(6, 2, serves_the_wrong_village)
    assert outcome.violation == "nothing at a wrong village"
    first, where, replay, *trace = outcome.report.splitlines()
    assert first.startswith("seed 6: nothing at a wrong village: about:")
    assert f"step {outcome.steps}, day 0." in where and "at 621021" in where
    assert replay == "  replay: make sim SEED=6 DAYS=2"
    assert 0 < len(trace) <= LAST_LINES and all(line.startswith("  | 0d") for line in trace)


def test_the_sum_counts_faults_by_kind_and_names_each_violation(capsys: pytest.CaptureFixture[str]) -> None:
    sound = Outcome(1, 30, steps=10, cases=2, events=9, trace="a" * 64, faults=Counter(drop=2))
    broken = Outcome(2, 30, steps=5, violation="gapless", report="seed 2: ...", faults=Counter(drop=1, restore=1))
    total = campaign._seeds(iter([sound, broken]))
    assert total["violations"] == [{"seed": 2, "days": 30, "invariant": "gapless"}]
    assert (total["seeds"], total["days"], total["steps"], total["faults"]) == (2, 60, 15, 4)
    assert total["faults_by_kind"] == {"drop": 3, "restore": 1}
    assert "seed 2: ..." in capsys.readouterr().err


def test_a_control_that_is_not_found_is_said_aloud(capsys: pytest.CaptureFixture[str]) -> None:
    caught = campaign._controls([("found", Outcome(1, 1, violation="gapless")), ("missed", Outcome(1, 1))])
    assert caught == {"found": "gapless", "missed": ""}
    assert "missed: NOT FOUND" in capsys.readouterr().err
