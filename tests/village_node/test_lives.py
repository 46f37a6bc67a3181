"""What a start of the wired node finds in its data directory, and writes into the audit trail."""

from pathlib import Path

import pytest

from center_node import app as center
from center_node.cli import COUNTY
from village_node import app, config, identity
from village_node.setup import make
from village_node.witness import WITNESS_FILE


@pytest.fixture
def settings(tmp_path: Path) -> config.Config:
    """A county that has only now been founded."""
    chosen = config.checked(tmp_path / "county", {"place": "621021000000", "name": "庆城县", "level": "county"})
    make(COUNTY, chosen, [("621021101000", "驿马镇")])
    return chosen


def started(settings: config.Config) -> tuple[dict[str, object], list[str]]:
    """Start the node and stop it: what it says of its lives, and what its audit trail says."""
    node = center.create_node(settings)
    try:
        return node.status()["life"], [line.action for line in node.accounts.rows.audit_lines(10)]
    finally:
        node.close()


def test_a_new_node_has_its_witness_and_goes_on_with_it(settings: config.Config) -> None:
    assert (settings.data / WITNESS_FILE).stat().st_mode & 0o077 == 0
    for _ in range(2):
        life, audit = started(settings)
        assert life["former"] == [] and audit == []


def test_a_start_without_the_witness_is_said_in_the_audit_trail(settings: config.Config) -> None:
    before = identity.load(settings.data)
    (settings.data / WITNESS_FILE).unlink()
    life, audit = started(settings)
    assert audit == ["node.new_life"]
    after = identity.load(settings.data)
    assert after.incarnation != before.incarnation and after.key.public != before.key.public
    assert [each.incarnation for each in after.former] == [before.incarnation]
    assert after.former[0].key.public == before.key.public, "kept, to prove the place"
    assert life["provisional"] is False, "a root with nobody below signs its own new life at once"
    assert started(settings)[1] == ["node.new_life"], "once"


def test_a_data_directory_on_another_machine_is_a_new_life(
    settings: config.Config, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other = tmp_path / "machine-id"
    other.write_text("another machine\n", encoding="ascii")
    monkeypatch.setattr(app, "MACHINE_ID_FILE", other)
    life, _ = started(settings)
    former = life["former"]
    assert isinstance(former, list) and [one["reason"] for one in former] == ["other_machine"]
    assert len(started(settings)[0]["former"]) == 1  # type: ignore[arg-type]


def test_a_machine_without_a_name_of_its_own_is_always_the_same(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(app, "MACHINE_ID_FILE", tmp_path / "absent")
    assert app.machine() == app.machine() and len(app.machine()) == 16
