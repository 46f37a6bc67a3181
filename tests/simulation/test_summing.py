"""Slices of a campaign add up to what it would have come to as one, and what it has not met is said."""

import json
from pathlib import Path

import pytest

from tests.simulation import __main__ as campaign
from tests.simulation.simulation import Outcome
from tests.simulation.summing import KIND_ENOUGH, KINDS, PAIRS, coverage, named, pairs_of


def played(seed: int, **faults: int) -> Outcome:
    outcome = Outcome(seed, 30, steps=10)
    outcome.faults.update(faults)
    outcome.pairs.update(pairs_of(faults))
    return outcome


def said(file: Path, *outcomes: Outcome, controls: dict[str, str], on: str = "abc1234") -> Path:
    total = campaign._seeds(iter(outcomes)) | {"controls_caught": controls, "seconds": 1.5, "commit": on}
    file.write_text("what was said before\n" + json.dumps({**total, "coverage": coverage(total)}) + "\n")
    return file


def test_slices_add_up_to_the_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, other = played(1, drop=2, busy=1), played(2, drop=5, clone=1)
    slices = [
        said(tmp_path / "1", one, controls={"drops": "gapless"}),
        said(tmp_path / "2", other, controls={}),
    ]
    whole = said(tmp_path / "whole", one, other, controls={"drops": "gapless"})
    assert campaign.main(["--sum", *map(str, slices)]) == 0
    total = json.loads(capsys.readouterr().out)
    assert total == json.loads(whole.read_text().splitlines()[-1]) | {"seconds": 3.0}
    assert total["pairs"] == {"busy + drop": 1, "clone + drop": 1} and list(total["traces"]) == ["1", "2"]


def test_a_sum_names_each_commit_that_was_played_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    slices = [said(tmp_path / on, played(n), controls={}, on=on) for n, on in enumerate(("abc1234", "def5678"))]
    campaign.main(["--sum", *map(str, slices), str(said(tmp_path / "3", played(3), controls={}))])
    assert json.loads(capsys.readouterr().out)["commit"] == "abc1234`, `def5678"


def test_a_violation_in_any_slice_is_one_of_the_whole(tmp_path: Path) -> None:
    broken = played(2, drop=1)
    broken.violation, broken.report = "gapless", "seed 2: ..."
    slices = [said(tmp_path / "1", played(1), controls={}), said(tmp_path / "2", broken, controls={})]
    assert campaign.main(["--sum", *map(str, slices)]) == 1
    missed = said(tmp_path / "3", played(3), controls={"drops": ""})
    assert campaign.main(["--sum", str(missed)]) == 1


def test_no_seed_counts_twice(tmp_path: Path) -> None:
    one = said(tmp_path / "1", played(1), controls={})
    with pytest.raises(ValueError, match="seed 1 was played in another slice"):
        campaign.main(["--sum", str(one), str(one)])


def test_what_came_too_seldom_is_named() -> None:
    often = dict.fromkeys(KINDS, KIND_ENOUGH) | {"drop": 3}
    pairs = named(pairs_of(KINDS))
    told = coverage({"faults_by_kind": often, "pairs": pairs, "days": 60})
    assert told["kinds_below_1000"] == {"drop": 3}
    assert (told["pairs"], told["pairs_below_50"], told["pairs_never"]) == (len(PAIRS), len(PAIRS), 0)
    assert ("clone", "restore") not in PAIRS and ("clone", "drop") in PAIRS


def test_a_seed_that_is_another_story_the_second_time_is_a_violation() -> None:
    first, second = played(1), played(2)
    first.trace, second.trace = "a" * 64, "b" * 64
    total = campaign._seeds(iter([first, second]))
    same, other = played(1), played(2)
    same.trace, other.trace = "a" * 64, "c" * 64
    found = campaign._twice(total, [same, other])
    assert found == [{"seed": 2, "days": 30, "invariant": "the same seed is the same story"}]
    assert total["played_again"] == 2
