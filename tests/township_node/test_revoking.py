"""The command line by which two persons shut out a machine: what it asks the node for, and what it says."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.builders import COUNTY, TOWNSHIP, VILLAGE, network
from township_node import cli
from village_node import cli as node_cli
from village_node.casebook import NotAllowed


def step(**said: Any) -> dict[str, Any]:
    return {"machine": "", "reason": "", "again": False, "alone": False, "number": 0, "actor": "0009", **said}


def test_the_command_asks_confirms_and_lists(tmp_path: Path) -> None:
    net = network(tmp_path, COUNTY, TOWNSHIP, VILLAGE)
    book, machine = net.members[TOWNSHIP].casebook, net.identities[VILLAGE].incarnation.hex()
    ask = step(step="ask", machine=machine[:8], reason="电脑被盗")
    assert cli.revocations(book, ask) == {"number": 1, "machines": [machine]}
    (listed,) = cli.revocations(book, step(step="list"))["machines"]
    assert (listed["machine"], listed["revoked"], listed["asked"]) == (machine, False, 1)
    with pytest.raises(NotAllowed):
        cli.revocations(book, step(step="confirm", number=1))
    done = cli.revocations(book, step(step="confirm", number=1, actor="0008"))
    assert (done["part"], done["machines"]) == (TOWNSHIP, [{"machine": machine, "stands": [], "upto": 0}])
    assert cli.revocations(book, step(step="list"))["machines"][0]["revoked"]
    again = cli.revocations(book, {**ask, "again": True})
    assert cli.revocations(book, step(step="reject", number=again["number"])) == {"number": again["number"]}
    net.close()


def test_the_words_reach_the_node(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    said: dict[str, Any] = {}

    def ask(_level: object, _data: Path, verb: str, **arguments: Any) -> dict[str, Any]:
        said.update(arguments, verb=verb)
        return {"number": 3}

    monkeypatch.setattr(node_cli, "ask", ask)
    monkeypatch.setattr(cli, "getpass", lambda _prompt: "secret")
    assert (
        cli.main(["revoke", "ask", "--data", "d", "--machine", "abcdef01", "--reason", "被盗", "--actor", "0009"]) == 0
    )
    assert json.loads(capsys.readouterr().out) == {"number": 3}
    assert said["verb"] == "revoke"
    assert (said["step"], said["machine"], said["actor"]) == ("ask", "abcdef01", ("0009", "secret", "secret"))
    assert cli.main(["revoke", "confirm", "--data", "d", "--number", "3"]) == 1
    assert "--actor is missing" in capsys.readouterr().err
    assert cli.main(["revoke", "list", "--data", "d"]) == 0
