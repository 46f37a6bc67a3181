"""The people of a node: their names and roles are changed, and somebody is always left who can let others in."""

import json
import re
from contextlib import suppress
from pathlib import Path

import pytest

from center_node import cli
from center_node.app import create_node
from tests.builders import COUNTY
from tests.village_node.web.api.program import program_at
from tests.village_node.web.counter import PASSWORD, Counter, Visitor, problems
from tests.village_node.web.test_clocks import plain
from village_node import config
from village_node.accounts import SignInRefused, StaffTrouble
from village_node.accounts.throttle import SOURCE


def changed(admin: Visitor, staff_no: str, name: str, *roles: str) -> list[str]:
    """Change an account with the form of its page; what the page says is wrong."""
    page = admin.open(f"/staff/{staff_no}")
    assert page.status_code == 200 and f'action="/staff/{staff_no}/change"' in page.text
    answer = admin.send(f"/staff/{staff_no}/change", {"name": name, "roles": list(roles)})
    assert answer.status_code in (303, 422)
    if answer.status_code == 422:
        assert f'value="{name}"' in answer.text, "what was typed is kept"
    return problems(answer.text)


def test_another_name_and_other_roles_end_the_session_and_hold_from_the_next_on(village: Counter) -> None:
    admin, agent = village.sign_in("0009", "admin"), village.sign_in("0001", "agent")
    desk, head = program_at(village, "0001", role="agent"), {"staff_no": "0001", "password": PASSWORD}
    assert desk.get("/cases").status_code == 200 and agent.open("/revocations").status_code == 404
    assert changed(admin, "0001", "王小芳", "head") == []
    assert agent.open("/work").status_code == 303, "signed out at once"
    assert desk.get("/cases").status_code == 401, "a token in a role that is gone is none"
    assert agent.send("/sign-in", head).status_code == 303
    page = agent.open("/account").text
    assert "王小芳" in page and "村主任" in page and "代办员" not in page
    assert agent.open("/file/001").status_code == 404
    [line] = [line for line in village.accounts.rows.audit_lines(20) if line.action == "staff.change"]
    assert (line.actor, line.subject) == ("0009", "0001")
    assert json.loads(line.detail) == {
        "name": "王小芳", "name_before": "王芳", "roles": ["head"], "roles_before": ["agent"],
    }  # fmt: skip
    assert changed(admin, "0001", "王小芳", "head") == []
    assert agent.open("/work").status_code == 200, "what is as it was ends nothing"


def test_what_cannot_be_is_refused_with_what_was_typed(village: Counter) -> None:
    admin = village.sign_in("0009", "admin")
    village.sign_in("0001", "agent")
    assert "至少选一个岗位" in changed(admin, "0001", "王小芳")[0]
    assert "本级没有" in changed(admin, "0001", "王小芳", "window")[0]
    assert "姓名应为" in changed(admin, "0001", "", "agent")[0]
    assert admin.open("/staff/7777").status_code == 404
    assert admin.send("/staff/7777/change", {"name": "x", "roles": "agent"}).status_code == 404


def test_nobody_changes_their_own_roles_and_the_head_sees_whose_were_changed(county: Counter) -> None:
    admin, other = county.sign_in("0009", "admin"), county.sign_in("0008", "admin", name="李梅")
    county.sign_in("1001", "window", name="周敏")
    for roles in (("admin", "supervisor"), ("head",), ("admin", "head")):
        assert "不能改自己的岗位，请另一名系统管理员办理" in changed(admin, "0009", "王芳", *roles)[0]
    assert admin.open("/work").status_code == 303 and "/health" in admin.open("/work").headers["Location"]
    assert changed(other, "1001", "周敏", "window", "officer") == []
    head = county.sign_in("1003", "head", name="赵敏")
    page = head.open("/staff").text
    shown = page.partition('id="role-acts"')[2].partition("</section>")[0]
    assert "修改人员" in shown and ">1001<" in shown and "0008" in shown and "首席代表" in shown
    assert "添加人员" in shown and county.sign_in("1002", "officer").open("/staff").status_code == 404
    assert changed(admin, "0009", "王小芳", "admin") == [], "a name is one's own"


def test_whoever_is_alone_reads_who_could_stand_in_and_who_could_change_their_roles(village: Counter) -> None:
    admin = village.sign_in("0001", "agent", "admin")
    page = plain(admin.open("/staff").text)
    assert "没有别人能接替的岗位：代办员、系统管理员。请先给接替的人添加账号" in page and "群众可到上级窗口申请" in page
    assert "除系统管理员外没有负责人账号" in page and "负责人请核对" not in page
    own = admin.open("/staff/0001").text
    assert 'type="checkbox" name="roles"' not in own and "只有您一名系统管理员" in own and "invite" in own
    assert changed(admin, "0001", "王小芳", "admin", "agent") == [], "the name is one's own"
    admin = village.visitor()
    assert admin.send("/sign-in", {"staff_no": "0001", "password": PASSWORD}).status_code == 303
    away = plain(admin.send("/staff/0001/absent", {"until": "2026-11-30"}).text)
    assert "没有认领的件要退回" in away and "没有人接替：代办员、系统管理员" in away
    admin.send("/staff/0001/absent", {"back": "yes"})
    invited = admin.send("/staff/invite", {"staff_no": "0002", "name": "李梅", "roles": ["agent", "head"]})
    assert invited.status_code == 200 and "代办员、系统管理员" in plain(admin.open("/staff").text), "no password yet"
    code = re.findall(r'class="big-number number">([^<]+)<', invited.text)[0]
    first = {"staff_no": "0002", "code": code, "password": PASSWORD, "again": PASSWORD}
    assert village.visitor().send("/first-sign-in", first).status_code == 303
    page = plain(admin.open("/staff").text)
    assert "接替的岗位：系统管理员。" in page and "接替的岗位：村主任。" in page and "接替的岗位：代办员" not in page
    assert "负责人请核对" in page
    assert changed(admin, "0002", "李梅", "agent", "head", "admin") == []
    assert "请另一名系统管理员办理" in admin.open("/staff/0001").text


def test_the_last_administrator_stays_one(village: Counter) -> None:
    admin = village.sign_in("0009", "admin")
    village.sign_in("0001", "agent")
    other = village.sign_in("0008", "admin", "agent", name="李梅")
    village.accounts.disable("0008", True)
    with pytest.raises(StaffTrouble, match="last administrator"):
        village.accounts.change("0009", "王芳", ["head"], by="0008")
    assert admin.open("/staff").status_code == 200, "nothing was changed"
    village.accounts.disable("0008", False)
    assert other.send("/sign-in", {"staff_no": "0008", "password": PASSWORD}).status_code == 303
    assert changed(other, "0009", "王芳", "head") == []
    assert admin.open("/staff").status_code == 303, "signed out"
    with pytest.raises(StaffTrouble, match="last administrator"):
        village.accounts.change("0008", "李梅", ["agent"], by="0009")
    assert changed(other, "0001", "王芳", "admin") == []
    assert other.send("/staff/0001/disable", {"disabled": "yes"}).status_code == 303
    with pytest.raises(StaffTrouble, match="last administrator"):
        village.accounts.change("0008", "李梅", ["agent"], by="0001")


def wrong(visitor: Visitor, staff_no: str, times: int = 1) -> int:
    """Wrong passwords; the status of the last answer."""
    return [visitor.send("/sign-in", {"staff_no": staff_no, "password": "wrong"}).status_code for _ in range(times)][-1]


def test_a_head_ends_the_wait_of_one_account_without_a_line(village: Counter) -> None:
    head, desk = village.sign_in("0002", "head"), village.visitor()
    for number in ("0001", "0003"):
        village.sign_in(number, "agent")
        assert wrong(desk, number, 6) == 429
    right = {"staff_no": "0001", "password": PASSWORD}
    assert desk.send("/sign-in", right).status_code == 429
    page = head.open("/staff").text
    assert page.count("多次输错") == 2 and 'action="/staff/0001/unlock"' in page
    assert "/staff/0001/disable" not in page and "/staff/invite" not in page and "/audit" not in page
    assert head.open("/audit").status_code == head.send("/staff/0001/disable", {"disabled": "yes"}).status_code == 404
    assert head.send("/staff/0001/unlock", {}).status_code == 303
    assert head.open("/staff").text.count("多次输错") == 1, "that of the other stays"
    assert desk.send("/sign-in", right).status_code == 303
    assert desk.send("/sign-in", {**right, "staff_no": "0003"}).status_code == 429
    [line] = [line for line in village.accounts.rows.audit_lines(50) if line.action == "staff.unlock"]
    assert (line.actor, line.subject) == ("0002", "0001")
    assert head.send("/staff/7777/unlock", {}).status_code == 422
    assert wrong(village.visitor(), "0001", 6) == 429, "guesses count anew"


def test_what_an_account_has_counted_at_its_machine_is_taken_back_and_what_others_have_is_not(village: Counter) -> None:
    accounts, throttle = village.accounts, village.accounts.throttle
    village.sign_in("0001", "agent")
    desk = village.visitor()
    wrong(desk, "0001", 3)
    for number in range(18):
        wrong(desk, f"x{number}")
    assert wrong(desk, "0001") == 429, "the whole hall waits"
    accounts.unlock("0001")
    assert throttle.wait_ms("source:127.0.0.1", SOURCE) == 0
    source = accounts.throttle.rows.throttle("source:127.0.0.1")
    assert source is not None and source.failures == 18


@pytest.mark.slow
def test_a_head_who_is_kept_out_is_let_in_at_the_console(tmp_path: Path) -> None:
    data = str(tmp_path / "county")
    assert cli.main(["init", "--data", data, "--place", COUNTY, "--name", "庆城县"]) == 0
    invite = ["invite", "--data", data, "--staff-no", "1001", "--staff-name", "孙宁", "--role", "head"]
    assert cli.main(invite) == 0
    node = create_node(config.load(Path(data)))
    for _ in range(6):
        with suppress(SignInRefused):
            node.accounts.sign_in("1001", "wrong", "here")
    assert set(node.accounts.waits()) == {"1001"}
    node.close()
    assert cli.main(["unlock", "--data", data, "--staff-no", "1001"]) == 0
    assert cli.main(["unlock", "--data", data, "--staff-no", "7777"]) == 1
    node = create_node(config.load(Path(data)))
    assert node.accounts.waits() == {}
    assert node.accounts.rows.audit_lines(1)[0].action == "staff.unlock"
    node.close()
