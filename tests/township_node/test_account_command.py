"""The command line by which a township orders an account below to be disabled: a password, and what came of it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.builders import COUNTY, TOWNSHIP, VILLAGE, network, settle
from tests.village_node.authenticator import STEP_MS, code_at, secret_of
from tests.village_node.casebook.staffed import PASSWORD, staff_of
from township_node import cli
from village_node import cli as node_cli
from village_node.accounts.sessions import id_of
from village_node.app import Node
from village_node.casebook import NotFound
from village_node.control import CommandRefused

COMMAND = ["account", "disable", "--data", "d", "--place", VILLAGE, "--account", "0001", "--reason", "调离"]


@pytest.fixture
def wired(tmp_path: Path) -> Any:
    """A county, a township and a village, and the verb of the township's desk."""
    (tmp_path / "nodes").mkdir()
    net = network(tmp_path / "nodes", COUNTY, TOWNSHIP, VILLAGE)
    settle(net.members[VILLAGE], net.members[TOWNSHIP])
    yield net
    net.close()


def desk(net: Any) -> Callable[..., dict[str, Any]]:
    member = net.members[TOWNSHIP]
    node = Node.__new__(Node)
    node.casebook, node.accounts = member.casebook, staff_of(member, "0103", role="head")
    staff_of(member, "0104", role="clerk")
    verb = cli.commands(node)["account"]

    def run(
        step: str,
        actor: str = "0103",
        place: str = VILLAGE,
        password: str = PASSWORD,
        account: str = "0001",
        code: str = "",
    ) -> dict[str, Any]:
        shown = [actor, password, code]
        return verb({"step": step, "place": place, "account": account, "reason": "调离", "actor": shown})

    return run


def test_it_orders_lifts_and_lists(wired: Any) -> None:
    run, village = desk(wired), wired.members[VILLAGE]
    staff = staff_of(village, "0001")
    assert run("list") == {"audit_head": None, "accounts": []}
    (one,) = run("disable")["accounts"]
    assert (one["account"], one["state"], one["ordered_by"]) == ("0001", None, [f"{TOWNSHIP} 0103"])
    settle(village, wired.members[TOWNSHIP])
    village.casebook.say_audit_head()
    settle(village, wired.members[TOWNSHIP])
    told = run("list")
    assert told["accounts"][0]["state"] == "disabled"
    newest = staff.rows.audit_lines(1)[0]
    assert told["audit_head"] == f"{newest.n}:{newest.hash.hex()}"
    assert run("lift")["accounts"][0]["ordered_by"] == []


def test_it_asks_for_the_password_of_who_may_and_for_a_place_below(wired: Any) -> None:
    run = desk(wired)
    for said in ({"actor": "0104"}, {"password": "wrong"}, {"actor": "0109"}, {"place": COUNTY}):
        with pytest.raises(CommandRefused):
            run("disable", **said)
    with pytest.raises(CommandRefused):
        run("list", place=TOWNSHIP)
    with pytest.raises(NotFound):
        cli.accounts(wired.members[TOWNSHIP].casebook, COUNTY)
    assert run("list")["accounts"] == []


def test_the_business_section_revokes_machines_and_nothing_else(wired: Any) -> None:
    member = wired.members[COUNTY]
    node = Node.__new__(Node)
    node.casebook, node.accounts = member.casebook, staff_of(member, "0901", "0902", role="business")
    verbs = cli.with_enrolment(node, lambda _: [])
    shown = ["0901", PASSWORD, ""]
    asked = {"step": "ask", "machine": wired.members[TOWNSHIP].identity.incarnation.hex(), "reason": "被盗"}
    assert verbs["revoke"]({**asked, "again": False, "alone": True, "actor": shown})["number"] == 1
    with pytest.raises(CommandRefused, match="0901"):
        verbs["account"]({"step": "disable", "place": TOWNSHIP, "account": "1", "reason": "x", "actor": shown})
    with pytest.raises(CommandRefused, match="0901"):
        verbs["merge"]({"persons": [shown, ["0902", PASSWORD, ""]], "place": VILLAGE, "into": TOWNSHIP})


def test_who_has_a_second_factor_shows_a_code(wired: Any) -> None:
    run = desk(wired)
    clock = wired.members[TOWNSHIP].clock
    accounts = staff_of(wired.members[TOWNSHIP])
    session = id_of(accounts.sign_in("0103", PASSWORD, "here").cookie)
    secret = secret_of(accounts.factors.begin("0103", session, "x").letters)
    accounts.factors.confirm("0103", session, code_at(secret, clock.now_ms), "here")
    clock.now_ms += STEP_MS
    with pytest.raises(CommandRefused, match="code is missing"):
        run("disable")
    assert run("disable", code=code_at(secret, clock.now_ms))["accounts"][0]["ordered_by"] == [f"{TOWNSHIP} 0103"]


def test_a_number_is_taken_as_accounts_are_named(wired: Any) -> None:
    run, village = desk(wired), wired.members[VILLAGE]
    staff = staff_of(village, "Zo\u00eb")
    (one,) = run("disable", account=" Zoe\u0308 ")["accounts"]
    assert one["account"] == "Zo\u00eb"
    settle(village, wired.members[TOWNSHIP])
    row = staff.rows.staff("Zo\u00eb")
    assert row is not None and row.disabled


def test_the_words_reach_the_node(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    said: dict[str, Any] = {}

    def ask(_level: object, _data: Path, verb: str, **arguments: Any) -> dict[str, Any]:
        said.update(arguments, verb=verb)
        return {"accounts": []}

    monkeypatch.setattr(node_cli, "ask", ask)
    monkeypatch.setattr(cli, "getpass", lambda _prompt: "secret")
    assert cli.main([*COMMAND, "--actor", "0103"]) == 0
    assert json.loads(capsys.readouterr().out) == {"accounts": []}
    assert (said["verb"], said["step"], said["place"], said["account"]) == ("account", "disable", VILLAGE, "0001")
    assert (said["reason"], said["actor"]) == ("调离", ("0103", "secret", "secret"))
    assert cli.main(COMMAND) == 1 and "--actor is missing" in capsys.readouterr().err
    assert cli.main(["account", "list", "--data", "d", "--place", VILLAGE]) == 0
