"""What the county publishes of items as everybody sees it: in and out, given down, each flow, results and fees."""

import re

from sync_protocol.case import kinds, workflow
from tests.builders import Network
from tests.village_node.web.counter import Counter, Visitor, everywhere, problems
from tests.village_node.web.errands import PAPERS, done
from tests.village_node.web.test_item_versions import business, form
from village_node.web.item_flow import way_of

__all__ = ["business"]


def publish(network: Network, business: Visitor, item_no: str, **changes: str) -> None:
    answer = business.send(f"/catalogue/{item_no}", form(network, item_no, do="publish", **changes))
    assert answer.status_code == 303, problems(answer.text)


def rows(visitor: Visitor) -> list[str]:
    """The lines of the register as words."""
    page = visitor.open("/items/register").text
    found = re.findall(r"<tr><td>(.*?)</tr>", page, re.DOTALL)
    return [re.sub(r"<[^>]+>|\s+", " ", each) for each in found]


def test_the_register_says_what_came_in_went_out_and_was_given_down_with_its_document(
    network: Network, village: Counter, business: Visitor
) -> None:
    visitor = village.visitor()
    assert "还没有新增、取消或下放事项" in visitor.open("/items/register").text
    given = {"decide_level": "township", "review_level": "", "budget_county_days": "", "budget_township_days": "5"}
    publish(network, business, "001", reason="权力下放", note="庆政发〔2026〕9号", **given)
    publish(network, business, "016", closed="yes", reason="上级取消", note="国发〔2026〕3号")
    publish(network, business, "002", reason="改指南")
    everywhere(network)
    listed = rows(visitor)
    assert len(listed) == 2, "a version that moves nothing is no entry"
    (out,) = [each for each in listed if " 016 " in each]
    assert out.split()[0] == "取消" and "国发〔2026〕3号" in out
    (down,) = [each for each in listed if " 001 " in each]
    assert down.split()[0] == "下放" and "县级 → 乡镇" in down and "庆政发〔2026〕9号" in down and "2026-11-18" in down


def test_every_item_has_a_flow_that_the_table_allows_and_a_page_that_draws_it(village: Counter) -> None:
    visitor = village.visitor()
    for item in village.member.casebook.catalogue.items():
        if item.theme:
            continue
        stops = way_of(item)
        assert [stop.kind for stop in stops].count(kinds.DECIDE) == 1, item.item_no
        assert [stop.level for stop in stops if stop.kind == kinds.DECIDE] == [item.deciding_level]
        assert [stop.level for stop in stops if stop.kind == kinds.REVIEW] == [item.review_level] * bool(
            item.review_level
        )
        assert stops[-1].state == "delivered"
        before = "draft"
        for stop in stops[:-1]:
            states = {state for _, state in workflow.targets(workflow.MOVES[before, stop.kind], before)}
            arrived = {state for _, state in workflow.BRANCHES["by_purpose"]}
            assert stop.state in (arrived if stop.kind == kinds.ACCEPT else states), (item.item_no, stop)
            before = stop.state
    page = visitor.open("/items/001/1/flow").text
    for words in ('class="flow"', "村级", "乡镇", "县级", "出具初审意见", "作出决定", "不予受理"):
        assert words in page, words
    assert "一次性告知补正 → 待补正" in page
    assert visitor.open("/items/001/99/flow").status_code == 404


def test_the_flow_of_a_theme_leads_to_the_versions_it_has_merged(
    network: Network, village: Counter, business: Visitor
) -> None:
    publish(network, business, "016", reason="改指南")
    everywhere(network)
    assert village.member.casebook.catalogue.newest("016").version == 2  # type: ignore[union-attr]
    page = village.visitor().open("/items/043/1/flow").text
    assert "/items/016/1/flow" in page and "/items/016/2/flow" not in page


def test_the_public_list_tells_results_in_numbers_only(village: Counter, agent: Visitor) -> None:
    case = agent.file("041", **PAPERS)
    agent.file("041", **PAPERS)
    done(agent, case, "docket")
    page = village.visitor().open("/items/list").text
    assert re.search(r"041.*?2／0", page, re.DOTALL) and "张" not in page.split("<main")[1].replace("张数", "")
