"""The end of a day in a real browser: the village says why something is left over, and the township sees it."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Hall
from tests.browser.test_stories import act, file
from tests.builders import TOWNSHIP, VILLAGE

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]


def test_an_agent_closes_the_day_before_leaving_and_the_head_of_the_township_sees_it(hall: Hall) -> None:
    agent = hall.staff(VILLAGE, "0001", "agent", java_script_enabled=False)
    head = hall.staff(TOWNSHIP, "0111", "head", name="高峰")
    handed, _, _ = file(agent)
    _, left, _ = file(agent)
    act(agent, handed, "转送受理")
    agent.goto("/work")
    expect(agent.locator("main")).to_contain_text("今天来件 2 件，已办 1 件")
    agent.get_by_role("link", name="下班前日清").click()
    expect(agent.locator("table.list")).to_contain_text(left)
    agent.get_by_role("button", name="日清", exact=True).click()
    expect(agent.get_by_role("alert")).to_contain_text("请选择没有办的原因")
    row = agent.locator("tr", has_text=left)
    row.get_by_label("原因").select_option("其他")
    row.get_by_label("说明").fill("明早补户口簿")
    agent.get_by_role("button", name="日清", exact=True).click()
    expect(agent.locator("main").get_by_role("status")).to_contain_text("已日清")
    agent.goto("/work")
    expect(agent.get_by_role("link", name="今天已日清")).to_be_visible()
    hall.exchange()
    head.goto("/work")
    head.get_by_text("其他名册").click()
    head.get_by_role("link", name="日清", exact=True).click()
    head.get_by_label("情况").select_option("有遗留的")
    head.get_by_role("button", name="筛选").click()
    head.locator("table.list").get_by_role("link").first.click()
    expect(head.locator("main")).to_contain_text("明早补户口簿")
    head.get_by_role("link", name=left).click()
    expect(head.locator("h1")).to_be_visible()
    assert hall.complaints == []
    own = tuple(hall.urls.values())
    assert [url for url in hall.requests if not url.startswith(own)] == []
