"""The checker finds nothing wrong where nothing is, and each kind of harm where it was done."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import cast

import pytest

from tests.crash import scenarios
from tests.crash.checker import check
from tests.crash.operations import MARKS, SETTLED
from tests.crash.reopened import Fault, Node
from tests.crash.stage import NODE, Stage
from tests.crash.told import AFTERWARDS, LOOKS, Told
from village_node.config import SETTINGS_FILE
from village_node.identity import IDENTITY_FILE
from village_node.witness import WITNESS_FILE

SOUND = (
    *("init", "filing", "bulk_import", "sending", "receiving", "roster_change", "accounts", "drafts", "whole_node"),
    *("purge", "restored_village", "restored_township", "taken_over"),
)


class Played:
    """Scenarios played on an ordinary disk, each once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._done: set[str] = set()

    def copy(self, name: str, place: Path) -> tuple[Path, Told, int]:
        """A copy of the data directory that a scenario left, and what was told."""
        disk = self._folder / name
        if name not in self._done:
            disk.mkdir()
            beside = self._folder / f"{name}-beside"
            beside.mkdir()
            scenarios.ALL[name].act(Stage(disk, beside, 1))
            self._done.add(name)
        shutil.copytree(disk / NODE, place)
        words = [line for line in (disk / MARKS).read_text(encoding="utf-8").splitlines() if line != SETTLED]
        return place, Told(words), len(words)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    return Played(tmp_path_factory.mktemp("played"))


def found(played: Played, name: str, place: Path, harm: Callable[[Path], None]) -> list[Fault]:
    """What the checker says once this harm was done to what the scenario left."""
    data, told, marks = played.copy(name, place / NODE)
    harm(data)
    return check(data, told, marks, scenarios.ALL[name])


def sql(*lines: str) -> Callable[[Path], None]:
    """Harm done to the database."""

    def harm(data: Path) -> None:
        with closing(sqlite3.connect(data / "node.db")) as connection, connection:
            for words in lines:
                connection.execute(words)

    return harm


def gone(name: str) -> Callable[[Path], None]:
    """Harm done to a file."""
    return lambda data: (data / name).unlink()


def shorter(name: str) -> Callable[[Path], None]:
    """Harm done to the end of a file."""

    def harm(data: Path) -> None:
        (data / name).write_bytes((data / name).read_bytes()[:-3])

    return harm


def begun_anew(name: str) -> Callable[[Path], None]:
    """Harm done to all of a file but its first line."""

    def harm(data: Path) -> None:
        (data / name).write_bytes((data / name).read_bytes().splitlines(keepends=True)[0])

    return harm


def another_life(data: Path) -> None:
    """The node has become another incarnation."""
    path = data / IDENTITY_FILE
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | {"incarnation": "ab" * 16}))


def no_database(data: Path) -> None:
    """Something else lies where the database was."""
    for path in data.glob("node.db*"):
        path.write_bytes(b"something else" * 1_000)


@pytest.mark.slow
@pytest.mark.parametrize("name", SOUND)
def test_nothing_is_wrong_where_no_power_was_cut(played: Played, name: str, tmp_path: Path) -> None:
    assert found(played, name, tmp_path, lambda data: None) == []


NO_MORE_AUDIT = "CREATE TRIGGER no BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no'); END"
HARM: dict[str, tuple[str, Callable[[Path], None], str, str]] = {
    "a file is gone": ("init", gone(SETTINGS_FILE), "lost", SETTINGS_FILE),
    "a file is short": ("init", shorter(SETTINGS_FILE), "lost", SETTINGS_FILE),
    "no database": ("filing", no_database, "unopenable", ""),
    "no settings": ("filing", gone(SETTINGS_FILE), "unopenable", ""),
    "no case": ("filing", sql("DELETE FROM events", "UPDATE streams SET head_seq = 0"), "lost", "case"),
    "another state": ("filing", sql("UPDATE cases SET state = 'decided'"), "lost", "case"),
    "no head": ("filing", sql("UPDATE streams SET head_seq = head_seq - 1"), "corrupt", ""),
    "another event": ("filing", sql("UPDATE events SET header = header || x'00' WHERE seq = 2"), "corrupt", ""),
    "a gap": ("filing", sql("DELETE FROM events WHERE seq = 2"), "corrupt", ""),
    "more than held": ("filing", sql("UPDATE streams SET body_seq = body_seq + 1"), "beyond", ""),
    "a missing body": ("filing", sql("UPDATE events SET body_state = 1 WHERE seq = 1"), "beyond", ""),
    "half a batch": ("bulk_import", sql("DELETE FROM cases WHERE case_no LIKE '%-7-_'"), "lost", "batch"),
    "receipts for more": ("receiving", sql("UPDATE receipts SET seq = seq + 100"), "beyond", ""),
    "no receipt": ("receiving", sql("DELETE FROM receipts"), "lost", "receipt"),
    "an unused challenge": ("receiving", sql("UPDATE peers SET issued = 0"), "lost", "answered"),
    "no challenge": ("sending", sql("UPDATE peers SET challenge = NULL"), "lost", "spoke"),
    "other failures": ("sending", sql("UPDATE peers SET failures = 7"), "lost", "failed"),
    "what was sent": ("sending", sql("UPDATE streams SET body_seq = 0, body_hash = stream_id"), "lost", "held"),
    "an older roster": (
        "roster_change",
        sql(
            "DELETE FROM roster_changes WHERE arrival = (SELECT max(arrival) FROM roster_changes)",
            "UPDATE meta SET number = number - 1 WHERE name = 'roster'",
            "DELETE FROM meta WHERE name = 'intended'",
        ),
        "lost",
        "roster",
    ),
    "a forged audit": ("accounts", sql("UPDATE audit SET subject = 'x' WHERE n = 3"), "corrupt", ""),
    "a cut audit": ("accounts", sql("DELETE FROM audit WHERE n = (SELECT max(n) FROM audit)"), "lost", "audit"),
    "an audit that ends": ("accounts", sql(NO_MORE_AUDIT), "stuck", ""),
    "enabled again": ("accounts", sql("UPDATE staff SET disabled = 0"), "lost", "staff"),
    "no draft": ("drafts", sql("DELETE FROM drafts"), "lost", "draft"),
    "a forgetful witness": ("sending", begun_anew(WITNESS_FILE), "lost", "left"),
    "bodies that are back": (
        "purge",
        sql("UPDATE events SET body_state = 0 WHERE body_state = 2", "DELETE FROM case_purges"),
        "lost",
        "purged",
    ),
    "half a purge": ("purge", sql("DELETE FROM case_purges"), "corrupt", ""),
    "no proposal": ("taken_over", sql("DELETE FROM proposals"), "lost", "proposal"),
    "half an assignment": ("taken_over", sql("UPDATE proposals SET state = 0 WHERE id = 1"), "corrupt", "proposal"),
    "a fork": ("restored_village", sql("UPDATE events SET hash = zeroblob(32) WHERE seq = 2"), "lost", "branch"),
    "another life": ("whole_node", another_life, "lost", "incarnation"),
}


@pytest.mark.parametrize("harm", HARM)
def test_each_harm_is_found(played: Played, harm: str, tmp_path: Path) -> None:
    name, do, kind, about = HARM[harm]
    faults = found(played, name, tmp_path, do)
    assert any(fault.kind == kind and fault.words.startswith(about) for fault in faults), faults


def test_everything_that_is_looked_at_has_a_harm_that_is_found() -> None:
    assert {about for _, _, _, about in HARM.values() if about} - {SETTINGS_FILE} == LOOKS.keys() | AFTERWARDS.keys()


def test_what_was_told_later_may_be_true_already_and_what_was_told_before_no_longer() -> None:
    told = Told(['["case", "a", {"state": "received"}]', '["case", "a", {"state": "decided"}]'])
    assert list(told.until(0)) == []
    assert list(told.until(1)) == [("case", "a", [{"state": "received"}, {"state": "decided"}])]
    assert list(told.until(2)) == [("case", "a", [{"state": "decided"}])]


SPOKEN = [{"challenge": "00000007aa", "nonce": "01"}, {"challenge": "00000008bb", "nonce": "02"}]


@pytest.mark.parametrize(
    ("challenge", "nonce", "wrong"),
    [
        ("00000007aa", "01", ""),
        ("00000008bb", "02", ""),
        ("00000009cc", "03", ""),
        ("00000007aa", "03", "another nonce"),
        ("00000006dd", "01", "older"),
    ],
)
def test_a_used_challenge_is_never_used_with_another_nonce(challenge: str, nonce: str, wrong: str) -> None:
    class Remembers:
        def ask(self, words: str, *values: object) -> list[tuple[object, ...]]:
            return [(0, None, bytes.fromhex(challenge), bytes.fromhex(nonce), 0)]

    said = LOOKS["spoke"](cast(Node, Remembers()), "parent", SPOKEN)
    assert wrong in said and bool(wrong) == bool(said)
