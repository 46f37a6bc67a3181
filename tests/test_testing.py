"""The page about the rigs says what they said, and nothing else."""

import pytest

from tests.testing import page, read

SIM = {
    "seeds": 2, "days": 60, "steps": 12_345, "cases": 67, "events": 890, "faults": 5, "fault_kinds": 2, "seconds": 7.2,
    "faults_by_kind": {"drop": 2, "clock_jump": 3}, "controls_caught": {"acks early": "nothing acknowledged is lost"},
    "decisions_by_kind": {"recall": 18},
    "violations": [{"seed": 17, "days": 30, "invariant": "no stuck case"}],
}  # fmt: skip
CRASH = {
    "seed": 1, "ok": True, "planted": {"WAL and NORMAL": {"lost": 343}},
    "power_cuts": {"states": 10_000, "faults": 0}, "kills": {"kills": 200, "wrong": []},
}  # fmt: skip
FUZZ = {
    "commit": "def5678",
    "targets": 9,
    "runs": 200_000,
    "found": {"roster": "KeyError: 3"},
    "controls": {"hangs": "TooSlow"},
    "seconds": 5.0,
}
PLANTED = {"faults": 28, "caught": 28, "missed": [], "seconds": 120.0}


def test_the_page_says_what_the_rigs_said() -> None:
    said = {"sim": SIM, "crash": CRASH, "fuzz": FUZZ, "planted": PLANTED}
    told = page(said, commit="abc1234", day="2026-01-02", machine="a machine")
    for words in (
        "Written 2026-01-02, on a machine.",
        "## The simulated county (`make sim`)\n\nOn commit `abc1234`.",
        "## Inputs nobody thought of (`make fuzz`)\n\nOn commit `def5678`.",
        "12,345 steps",
        "**Violations: 1.**",
        "- seed 17, 30 days: no stuck case",
        "| clock_jump | 3 |",
        "| recall | 18 |",
        "| acks early | nothing acknowledged is lost |",
        "| states | 10,000 |",
        "| WAL and NORMAL | lost 343 |",
        "9 targets with 200,000 inputs each, in 5 s: **1 found.**",
        "- **roster**: KeyError: 3",
        "| hangs | TooSlow |",
        "28 faults, each planted in a copy: 28 caught, 0 missed",
    ):
        assert words in told, words


def test_a_rig_that_did_not_run_has_no_part_in_the_page() -> None:
    told = page({"sim": SIM}, commit="abc1234", day="2026-01-02", machine="a machine")
    assert "make crash" not in told
    assert "make planted`)" not in told


@pytest.mark.parametrize("said", ["", "words\nmore words", "[1]", '{"ok": true}\nwords'])
def test_a_rig_that_ends_in_other_words_is_not_read(said: str) -> None:
    with pytest.raises(ValueError):
        read(said)


def test_the_last_line_counts() -> None:
    assert read('on the way\n{"ok": true}\n') == {"ok": True}
