"""The people of a node: their names and roles are changed, and somebody is always left who can let others in."""

import json

from tests.village_node.web.api.program import program_at
from tests.village_node.web.counter import PASSWORD, Counter, Visitor, problems


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


def test_the_last_administrator_stays_one(village: Counter) -> None:
    admin = village.sign_in("0009", "admin")
    village.sign_in("0001", "agent")
    assert "最后一个可用的系统管理员" in changed(admin, "0009", "王芳", "head")[0]
    assert admin.open("/staff").status_code == 200, "nothing was changed"
    other = village.sign_in("0008", "admin", "agent", name="李梅")
    village.accounts.disable("0008", True)
    assert "最后一个可用的系统管理员" in changed(admin, "0009", "王芳", "head")[0]
    village.accounts.disable("0008", False)
    assert changed(admin, "0009", "王芳", "head") == []
    assert admin.open("/staff").status_code == 303, "signed out"
    assert other.send("/sign-in", {"staff_no": "0008", "password": PASSWORD}).status_code == 303
    assert "最后一个可用的系统管理员" in changed(other, "0008", "李梅", "agent")[0]
    assert changed(other, "0001", "王芳", "admin") == []
    assert other.send("/staff/0001/disable", {"disabled": "yes"}).status_code == 303
    assert "最后一个可用的系统管理员" in changed(other, "0008", "李梅", "agent")[0]
