"""Filing under an item's own form: its questions and rules, and a version that comes while somebody types."""

from dataclasses import replace

from sync_protocol.case.editions import Edition
from sync_protocol.case.forms import read_paper
from sync_protocol.case.workdays import day_of
from tests.builders import COUNTY, VILLAGE, Network
from tests.village_node.web.counter import APPLICATION, HOUSING, Visitor, everywhere, problems


def test_the_housing_fund_asks_for_amounts_and_refuses_more_than_the_rule_allows(
    network: Network, agent: Visitor
) -> None:
    page = agent.open("/file/022").text
    assert "本次申请提取金额（元）" in page and "申请事由" not in page
    answer = agent.send("/file/022", {**APPLICATION, **HOUSING, "q_amount": "12,000.01 元"})
    assert answer.status_code == 422
    assert any("提取金额不能大于当年还款额" in each for each in problems(answer.text))
    assert 'value="12000.01"' in answer.text  # what was typed is still there
    too_much = agent.send("/file/022", {**APPLICATION, **HOUSING, "q_withdrawn": "18000.51"})
    assert any("累计提取金额不能超过实际还款本息总额" in each for each in problems(too_much.text))
    case = agent.file("022", **HOUSING)
    shown = agent.open(case).text
    assert "本次申请提取金额（元）" in shown and "12000" in shown


def test_a_correction_may_not_break_the_rule_either(network: Network, agent: Visitor) -> None:
    case = agent.file("022", **HOUSING)
    page = agent.open(case).text
    assert "answer:本次申请提取金额（元）" in page
    refused = agent.act(case, "supply", **{"answer:本次申请提取金额（元）": "12000.01"})
    assert refused.status_code >= 400 and "提取金额不能大于当年还款额" in refused.text
    assert agent.act(case, "supply", **{"answer:本次申请提取金额（元）": "11000"}).status_code == 303


def test_what_was_typed_under_an_old_version_is_carried_to_the_new_one(network: Network, agent: Visitor) -> None:
    agent.open("/file/001")
    county = network.members[COUNTY].casebook
    item = county.catalogue.item("001")
    papers = tuple(read_paper(line) for line in ("户口簿", "身份证 | 原件 | 条件：成年的", "低收入认定书 | 可容缺"))
    newer = replace(item, version=2, begins=day_of(network.clock()), papers=papers)
    county.publish_item("2001", {"business"}, Edition(newer, "材料减少"))
    everywhere(network)
    answer = agent.send("/file/001", {**APPLICATION, "item_version": "1"})
    assert answer.status_code == 409 and "该事项已有新的版本（第 2 版）" in answer.text
    assert 'name="m1" value="yes" checked' in answer.text  # the identity card was m0
    assert "可容缺后补" in answer.text and "（成年的）" in answer.text
    case = agent.file("001", item_version="2", m1="yes")
    place, case_id = case.split("/")[-2:]
    held = network.members[VILLAGE].casebook.case(f"about:{place}", bytes.fromhex(case_id))
    assert held is not None and held.item_version == 2
    # A draft of the old version is opened in the new form.
    agent.send("/file/001", {**APPLICATION, "item_version": "2", "do": "draft", "draft_id": "a" * 32})
    assert agent.open(f"/file/001?draft={'a' * 32}").status_code == 200
