"""A page at the county on which two people have what is held of a person beside the cases erased."""

import re

import pytest

from tests.builders import COUNTY, VILLAGE, Network
from tests.village_node.web.counter import PASSWORD, Counter, Visitor, everywhere, problems
from tests.village_node.web.test_consultations import asked

TOLD = {"by": "欧阳删删", "contact": "13800004321", "told": "带户口簿"}
BASIS = "当事人申请，依个人信息保护法第四十七条"


@pytest.fixture
def head(county: Counter) -> Visitor:
    """A head of the county, signed in; a leader and an officer are there as well."""
    county.sign_in("1003", "leader", name="赵分管")
    county.sign_in("1004", "officer", name="钱经办")
    return county.sign_in("1002", "head", name="李负责")


def look(head: Visitor, text: str = "13800004321") -> str:
    answer = head.send("/erasures/find", {"text": text})
    assert answer.status_code == 200, answer.text
    return answer.text


def keys(page: str) -> list[str]:
    return re.findall(r'name="key" value="([^"]+)"', page)


def order(head: Visitor, **typed: str) -> tuple[int, str]:
    said = {"text": "13800004321", "basis": BASIS, "approver": "1003", "again_approver": PASSWORD, **typed}
    answer = head.send("/erasures", said)
    return answer.status_code, answer.text if answer.status_code != 303 else answer.headers["Location"]


def test_what_is_held_is_found_masked_and_gone_at_the_village_after_two_have_ordered_it(
    network: Network, agent: Visitor, village: Counter, county: Counter, head: Visitor
) -> None:
    number, waiting = asked(agent, **TOLD), asked(agent, outcome="open", by=TOLD["by"], contact=TOLD["contact"])
    everywhere(network)
    page = look(head)
    assert number in page and waiting in page and "欧阳*" in page and "138****4321" in page
    assert "欧阳删删" not in page and "上关村" in page and "登记结果后才能删除" in page
    (key,) = keys(page)
    assert waiting not in key, "what runs has nothing to tick"
    line = county.accounts.rows.audit_lines(1)[0]
    assert (line.actor, line.action, line.subject) == ("1002", "matter.find", "") and "138" not in line.detail
    assert order(head, key=key) == (303, "/erasures?done=1")
    page = head.open("/erasures?done=1").text
    assert "已删除 1 项" in page and BASIS in page and "1002、1003" in page
    everywhere(network)
    assert agent.open(f"/consultations/of/{number}").status_code == 404
    assert agent.open(f"/consultations/of/{waiting}").status_code == 200
    page = look(head)
    assert number not in page and "还不能删" in page and "批准人的密码" not in page, "nothing is left to be ordered"


@pytest.mark.parametrize(
    ("wrong", "status", "field", "words"),
    [
        ({"key": ""}, 409, "", "没有查到这一项"),
        ({"basis": " "}, 422, "basis", "请写明依据"),
        ({"approver": "1002"}, 422, "approver", "须由另一位负责人批准"),
        ({"approver": ""}, 422, "approver", "须由另一位负责人批准"),
        ({"approver": "1004"}, 422, "approver", "不能批准删除"),
        ({"again_password": ""}, 422, "again_password", "请输入密码"),
        ({"again_password": "wrong"}, 401, "again_password", "工号或密码不对"),
        ({"again_approver": ""}, 422, "again_approver", "请输入密码"),
        ({"again_approver": "wrong"}, 401, "again_approver", "工号或密码不对"),
        ({"approver": "9999"}, 401, "again_approver", "工号或密码不对"),
    ],
)
def test_nothing_goes_where_one_of_the_two_is_missing_and_what_was_typed_stays(
    network: Network, agent: Visitor, county: Counter, head: Visitor,
    wrong: dict[str, str], status: int, field: str, words: str,
) -> None:  # fmt: skip
    asked(agent, **TOLD)
    everywhere(network)
    (key,) = keys(look(head))
    code, page = order(head, **{"key": key, **wrong})
    assert code == status and words in page
    assert not field or re.search(rf'id="e-{field}"', page)
    assert PASSWORD not in page and "wrong" not in re.findall(r'value="([^"]*)"', page)
    typed = {"basis": BASIS, "approver": "1003", **wrong}
    for name in ("basis", "approver"):
        assert f'name="{name}" type="text" value="{typed[name].strip()}"' in page
    assert (keys(page) == [key] and "checked" in page) or "key" in wrong
    assert len(county.member.casebook.found_of({"head"}, TOLD["contact"])) == 1


def test_nothing_ticked_is_said_at_the_list(network: Network, agent: Visitor, head: Visitor) -> None:
    asked(agent, **TOLD)
    everywhere(network)
    code, page = order(head)
    assert code == 422 and "请勾选要删除的" in page and keys(page)


def test_nobody_is_looked_up_without_a_line_that_says_who_looked(
    network: Network, agent: Visitor, county: Counter, head: Visitor
) -> None:
    asked(agent, **TOLD)
    everywhere(network)
    head.open("/erasures")
    before = county.accounts.rows.audit_lines(1)[0].n
    assert "138****4321" in order(head)[1]
    (line,) = [each for each in county.accounts.rows.audit_lines(20) if each.n > before]
    assert (line.actor, line.action, line.detail) == ("1002", "matter.find", '{"found":1}')


def test_what_was_erased_before_the_one_that_may_not_go_is_said(
    network: Network, agent: Visitor, head: Visitor, county: Counter
) -> None:
    asked(agent, **TOLD)
    asked(agent, outcome="open", by=TOLD["by"], contact=TOLD["contact"])
    everywhere(network)
    gone, runs = sorted(county.member.casebook.found_of({"head"}, TOLD["contact"]), key=lambda each: each.runs)
    answer = head.send(
        "/erasures",
        {"text": TOLD["contact"], "key": [gone.key, runs.key], "basis": BASIS, "approver": "1003",
         "again_approver": PASSWORD},
    )  # fmt: skip
    assert answer.status_code == 409
    assert "已删除 1 项；下一项没有删除：咨询还没有结果" in problems(answer.text)[0]


@pytest.mark.parametrize("typed", ["", "张", "12345"])
def test_a_word_that_would_find_everybody_is_answered_at_its_field(head: Visitor, typed: str) -> None:
    answer = head.send("/erasures/find", {"text": typed})
    assert answer.status_code == 422 and 'id="e-text"' in answer.text and f'value="{typed}"' in answer.text


def test_only_the_county_s_heads_and_leaders_have_the_page(
    village: Counter, township: Counter, county: Counter, head: Visitor
) -> None:
    assert "/erasures" in head.open("/work").text
    for counter, number, role in ((village, "0002", "head"), (township, "0103", "head"), (county, "1005", "officer")):
        other = counter.sign_in(number, role)
        assert other.open("/erasures").status_code == 404 and "/erasures" not in other.open("/work").text
        assert other.send("/erasures/find", {"text": "欧阳删删"}).status_code == 404
        assert other.send("/erasures", {"key": f"slip:{VILLAGE}:1"}).status_code == 404
    assert county.member.place == COUNTY
