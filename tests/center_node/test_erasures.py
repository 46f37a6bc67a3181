"""An order to erase, at the county's command line: two people with their passwords, and nobody else."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from center_node import cli
from center_node.app import create_node
from tests.builders import COUNTY
from tests.journeys.test_enrolment import init
from village_node.config import load

CARD = {"applicant_id_kind": "resident_id", "applicant_id_no": "622825196505060042"}
PASSWORDS = {number: f"correct horse battery {number}" for number in ("0009", "0010", "0011", "0012")}


@pytest.fixture
def county(tmp_path: Path) -> tuple[Path, str]:
    """A county's folder with a head, a leader and an officer, and the number of a case that was withdrawn at once."""
    data = tmp_path / "county"
    assert init(cli, data, COUNTY, "庆城县") == 0
    node = create_node(load(data))
    try:
        for number, role in zip(PASSWORDS, ("head", "leader", "officer", "admin"), strict=True):
            code = node.accounts.create_invitation(number, "某某", [role])
            node.accounts.set_password(number, code, PASSWORDS[number], "test")
        ref = node.casebook.file("0001", {"window"}, {"item_no": "016", "applicant_name": "张秀兰", **CARD})
        row = node.casebook.case_row(*ref[:2])
        assert row is not None and row.case_no
    finally:
        node.close()
    return data, row.case_no


@pytest.fixture
def order(
    county: tuple[Path, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Any]:
    """Gives the command with these people; the exit code and what was said."""
    data, number = county

    def run(by: str = "0009", approver: str = "0010", case: str = number, **typed: str) -> tuple[int, str]:
        words = {**PASSWORDS, **typed}
        monkeypatch.setattr("center_node.cli.getpass", lambda prompt: words[prompt.partition(" ")[0]])
        capsys.readouterr()
        code = cli.main(
            ["erase", "--data", str(data), case, "--basis", "县裁〔2026〕1号", "--by", by, "--approver", approver]
        )
        told = capsys.readouterr()
        return code, told.out + told.err

    return run


@pytest.mark.slow
def test_nobody_orders_it_alone_or_without_the_right_or_for_a_case_that_runs(order: Callable[..., Any]) -> None:
    for people, reason in (
        ({"approver": "0009"}, "须由两人经办"),
        ({"approver": "0011"}, "0011 的岗位不能下达删除令"),
        ({"by": "0011"}, "0011 的岗位不能下达删除令"),
        ({"0010": "wrong"}, "0010："),
        ({"case": "nothing"}, "编号"),
        ({}, "案件尚未办结"),
    ):
        code, told = order(**people)
        assert (code, reason in told) == (1, True), told


@pytest.mark.slow
def test_two_who_may_order_it(
    order: Callable[..., Any], county: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    data, number = county
    node = create_node(load(data))
    try:
        row = node.casebook.find_by_number(number)
        assert row is not None
        monkeypatch.setattr("village_node.casebook.erasing.purges.closed", lambda _: [(row.scope, row.case_id)])
    finally:
        node.close()
    code, told = order()
    assert code == 0, told
    assert json.loads(told) == {"case_no": number, "bodies": 2}
    node = create_node(load(data))
    try:
        row = node.casebook.find_by_number(number)
        assert row is not None and row.applicant_name is None
        lines = [line for line in node.accounts.rows.audit_lines(20) if line.action == "case.erase"]
    finally:
        node.close()
    (line,) = lines
    assert (line.actor, line.subject, json.loads(line.detail)["approver"]) == ("0009", number, "0010")


@pytest.fixture
def asked(county: tuple[Path, str]) -> str:
    """A consultation that was answered; its number."""
    node = create_node(load(county[0]))
    try:
        said = {
            "question": "低保怎么申请",
            "outcome": "answered",
            "told": "带户口簿",
            "by": "张秀兰",
            "contact": "13800001234",
        }
        return node.casebook.consult("0001", {"window"}, said)
    finally:
        node.close()


@pytest.mark.slow
def test_what_is_held_of_a_person_is_listed_without_their_data_and_erased_by_number_or_key(
    order: Callable[..., Any],
    asked: str,
    county: tuple[Path, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("builtins.input", lambda _prompt: "138-0000-1234")

    def personal(by: str) -> tuple[int, str]:
        capsys.readouterr()
        monkeypatch.setattr("center_node.cli.getpass", lambda _prompt: PASSWORDS[by])
        code = cli.main(["personal", "--data", str(county[0]), "--by", by])
        told = capsys.readouterr()
        return code, told.out + told.err

    code, told = personal("0009")
    (found,) = json.loads(told)["found"]
    assert (code, found["what"], found["number"], found["not_yet"]) == (0, "consultation", asked, "")
    assert "张秀兰" not in told and "1234" not in told.replace(asked, "")
    assert personal("0011")[0] == 1
    assert order(by="0011", case=asked)[0] == order(approver="0009", case=asked)[0] == 1
    code, told = order(case=asked)
    assert code == 0 and json.loads(told) == {"what": "consultation", "number": asked, "bodies": 1}
    code, told = order(case=found["key"])
    assert code == 1 and "已经删除" in told
    assert json.loads(personal("0010")[1]) == {"found": []}
    node = create_node(load(county[0]))
    try:
        lines = {line.action: line for line in reversed(node.accounts.rows.audit_lines(30))}
    finally:
        node.close()
    assert (lines["matter.erase"].actor, lines["matter.erase"].subject) == ("0009", asked)
    assert lines["matter.find"].actor == "0010" and json.loads(lines["matter.find"].detail) == {"found": 0}


@pytest.mark.slow
def test_a_machine_is_revoked_at_the_command_line_by_two_who_show_who_they_are(
    county: tuple[Path, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = dict(PASSWORDS)
    monkeypatch.setattr("township_node.cli.getpass", lambda prompt: words[prompt.partition(" ")[0]])

    def revoke(step: str, actor: str) -> str:
        capsys.readouterr()
        said = ["--machine", "ab" * 16, "--reason", "被盗", "--number", "1", "--actor", actor]
        assert cli.main(["revoke", step, "--data", str(county[0]), *said]) == 1
        return capsys.readouterr().err

    assert "没有编号以" in revoke("ask", "0009"), "a head may, and the roster knows no such machine"
    assert "0011 的岗位不能吊销机器" in revoke("ask", "0011")
    words["0009"] = "not the password"
    for step in ("ask", "confirm", "reject"):
        assert "工号或密码不对" in revoke(step, "0009")
    assert cli.main(["revoke", "list", "--data", str(county[0])]) == 0


@pytest.mark.slow
def test_villages_are_merged_at_the_command_line_by_two_who_show_who_they_are(
    county: tuple[Path, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = dict(PASSWORDS)
    monkeypatch.setattr("township_node.cli.getpass", lambda prompt: words[prompt.partition(" ")[0]])

    def merge(*actors: str) -> str:
        capsys.readouterr()
        said = ["621021101201", "--into", "621021101202", "--data", str(county[0]), "--actor", *actors]
        assert cli.main(["merge", *said]) == 1
        return capsys.readouterr().err

    assert "合并须由两人一起决定" in merge("0009", "0009")
    assert "0011 的岗位不能" in merge("0009", "0011")
    assert "不能把 621021101201 并入 621021101202" in merge("0009", "0012")
    words["0012"] = "not the password"
    assert "工号或密码不对" in merge("0009", "0012")
