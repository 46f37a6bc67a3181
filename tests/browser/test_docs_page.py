"""The page that explains the interface for programs: drawn by the node alone, tried out with a token, no complaint."""

import re

import pytest
from playwright.sync_api import Request as BrowserRequest
from playwright.sync_api import expect

from tests.browser.conftest import Hall
from tests.builders import VILLAGE
from tests.village_node.web.api.program import program_at
from tests.village_node.web.counter import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(400)]


def test_the_interface_is_explained_and_tried_without_a_request_to_anybody_else(hall: Hall) -> None:
    token = program_at(hall.counters[VILLAGE], "0801", "agent").token
    page = hall.page(VILLAGE)
    asked: list[BrowserRequest] = []
    page.on("request", lambda each: asked.append(each))
    page.goto("/api/v1/docs")
    for part in ("acts", "node"):  # a hundred and more at once is what the page does not draw
        page.locator(f"#operations-tag-{part}").click()
    expect(page.get_by_text("/api/v1/applications").first).to_be_visible()

    page.get_by_role("button", name="Authorize").first.click()
    page.get_by_label(re.compile("Value|auth-bearer-value", re.IGNORECASE)).first.fill(token)
    page.locator(".auth-btn-wrapper .authorize").click()
    page.get_by_role("button", name="Close", exact=True).last.click()
    whoami = page.locator("#operations-node-whoami")
    whoami.locator(".opblock-summary").click()
    whoami.get_by_role("button", name="Try it out").click()
    whoami.get_by_role("button", name="Execute").click()
    expect(whoami.locator(".live-responses-table").get_by_text("621021101201").first).to_be_visible()

    assert asked and {
        each.url.partition("/api")[0].partition("/assets")[0] for each in asked if each.url[:5] != "data:"
    } == {hall.urls[VILLAGE]}
    assert not hall.complaints, hall.complaints


def test_a_token_is_made_on_its_page_and_ended_there(hall: Hall) -> None:
    hall.counters[VILLAGE].accounts.create_invitation("0801", "接口程序", ["agent"])
    boss = hall.staff(VILLAGE, "0009", "admin")
    boss.goto("/tokens")
    boss.get_by_label("名称（哪个系统用）").fill("县一体化平台")
    boss.get_by_label("以哪个工号").select_option("0801:agent")
    boss.get_by_role("button", name="生成令牌").click()
    boss.get_by_label("密码").fill(PASSWORD)
    boss.get_by_role("button", name="确认并继续").click()
    token = boss.locator(".token-shown").inner_text()
    assert re.fullmatch(r"sanji_[A-Za-z0-9_-]{43}", token)
    boss.goto("/tokens")
    assert token not in boss.content()
    boss.get_by_role("button", name="收回").click()
    expect(boss.locator("tbody").get_by_text("已收回")).to_be_visible()
    assert not hall.complaints, hall.complaints
