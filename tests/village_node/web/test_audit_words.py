"""Every act that the audit trail notes has words: nobody has to know its code."""

import ast
import re
from pathlib import Path

import village_node
from tests.village_node.web.counter import Counter
from village_node.web import audit_words

CODE = re.compile(r"[a-z]+(\.[a-z_]+)+")
# Who writes lines: the audit line itself, and what hands its action on.
WRITERS = {
    "Line", "audit", "note", "note_unmasked", "_line", "_noted", "_replace", "_decide", "_dispose", "_publish_key",
    "_publish_year", "_note_lost", "_answer_to", "_audit_refusal", "subjects",
}  # fmt: skip


def noted() -> set[str]:
    """Every action that stands in the source as a literal where a line is written."""
    found = set()
    root = Path(village_node.__file__).parents[1]
    for package in ("village_node", "township_node", "center_node"):
        for path in (root / package).rglob("*.py"):
            for call in ast.walk(ast.parse(path.read_text("utf-8"))):
                if not isinstance(call, ast.Call):
                    continue
                name = getattr(call.func, "attr", getattr(call.func, "id", ""))
                if name not in WRITERS:
                    continue
                for each in (*call.args, *(keyword.value for keyword in call.keywords)):
                    for part in ast.walk(each):
                        if isinstance(part, ast.Constant) and CODE.fullmatch(str(part.value)):
                            found.add(str(part.value))
    return found


def noted_beside() -> set[str]:
    """The name of everything that is noted beside an act, where it is written by name."""
    found = set()
    root = Path(village_node.__file__).parents[1]
    for package in ("village_node", "township_node", "center_node"):
        for path in (root / package).rglob("*.py"):
            for call in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(call, ast.Call) and getattr(call.func, "attr", "") == "note" and len(call.args) > 3:
                    found |= {keyword.arg for keyword in call.keywords if keyword.arg is not None}
    return found


def test_what_is_noted_beside_an_act_is_named_in_words() -> None:
    names = noted_beside()
    assert len(names) > 25 and {"reason", "source"} <= names
    assert {f"+{name}" for name in names} - set(audit_words.known()) == set()


def test_every_act_has_words_in_both_languages() -> None:
    acts = noted()
    assert len(acts) > 80 and {"staff.invite", "case.unmask", "list.export"} <= acts
    assert acts - set(audit_words.known()) == set()
    assert all(zh and en for zh, en in audit_words.known().values())


def test_the_trail_is_read_in_words_beside_the_codes_that_are_searched_for(village: Counter) -> None:
    admin = village.sign_in("0009", "admin", name="管理")
    assert admin.send("/staff/invite", {"staff_no": "0031", "name": "新来", "roles": "agent"}).status_code == 200
    page = re.sub(r"<[^>]+>|\s+", " ", admin.open("/audit?text=staff.invite").text)
    assert "添加人员 staff.invite" in page.replace("  ", " ") and "岗位：代办员" in page
    assert "本机命令行" in page and "command line" not in page
    assert "来自：127.0.0.1" in re.sub(r"<[^>]+>", "", admin.open("/audit?text=password.set").text)


def test_the_words_of_the_trail_are_those_of_the_pages_and_say_no_more_than_was_done() -> None:
    known = audit_words.known()
    assert known["token.revoke"] == ("收回程序令牌", "token revoked"), "as the button says"
    assert known["+by_code"] == ("输入验证码确认", "confirmed with a code"), "登录码 is what lets somebody in first"
    zh, en = known["staff.ordered"]
    assert zh == "上级停用命令有变动，账号状态未变" and en == "orders from above changed, the account stays as it was"
