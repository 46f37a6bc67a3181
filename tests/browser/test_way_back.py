"""Large print, the other language and 立即同步 throw nothing away of what stands in a page."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Hall, press
from tests.builders import VILLAGE

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def looked_up(hall: Hall, **options: Any) -> tuple[Page, str]:
    """A resident with the answer to his query before him; its number."""
    member = hall.network.members[VILLAGE]
    ref = member.file()
    case = member.casebook.case(ref.scope, ref.case_id)
    assert case is not None
    page = hall.page(**options)
    page.goto("/query")
    page.get_by_label("收件编号").fill(case.case_no)
    page.get_by_label("查询码", exact=False).last.fill(case.query_code)
    press(page, "查询", exact=True)
    expect(page.locator(".next")).to_contain_text("接下来")
    return page, case.case_no


def test_what_is_typed_into_an_application_survives_all_three(hall: Hall) -> None:
    agent = hall.staff(VILLAGE, "0001", "agent")
    agent.goto("/file/002?form=whole")
    name = agent.get_by_label("姓名或单位名称")
    name.fill("张秀兰")
    agent.get_by_role("button", name="大字版").click()
    expect(agent.locator("html.big")).to_have_count(1)
    expect(agent.get_by_role("button", name="标准字")).to_have_attribute("aria-pressed", "true")
    expect(name).to_have_value("张秀兰")
    agent.get_by_role("button", name="立即同步").click()
    expect(name).to_have_value("张秀兰")
    press(agent, "English")
    expect(agent.locator("[name=applicant_name]")).to_have_value("张秀兰")
    expect(agent.locator("html.big[lang=en]")).to_have_count(1)
    assert "draft=" in agent.url, "it is the draft that was kept, and no second one"
    assert len(hall.counters[VILLAGE].accounts.drafts.drafts("0001")) == 1
    assert hall.counters[VILLAGE].exchanges == ["soon"]
    assert hall.complaints == []


def test_a_note_that_is_being_typed_survives_and_the_renewed_strip_leads_nowhere_else(hall: Hall) -> None:
    hall.exchange()
    agent = hall.staff(VILLAGE, "0001", "agent")
    agent.clock.install()
    agent.goto("/items")
    search = agent.get_by_role("search").get_by_role("textbox")
    search.fill("zdsh")
    with agent.expect_response("**/sync-bar*"):
        agent.clock.run_for(16_000)
    with agent.expect_response("**/sync-now"):
        agent.get_by_role("button", name="立即同步").click()
    expect(search).to_have_value("zdsh")
    assert agent.url.endswith("/items")
    assert hall.counters[VILLAGE].exchanges == ["soon"]
    press(agent, "English")
    expect(agent.get_by_role("search").get_by_role("textbox")).to_have_value("zdsh")
    assert agent.evaluate("sessionStorage.length") == 0, "it lies nowhere once the page stands"
    assert agent.url.endswith("/items") and hall.complaints == []


def test_a_case_says_that_its_steps_are_as_of_then_once_the_strip_has_renewed_itself(hall: Hall) -> None:
    hall.exchange()
    ref = hall.network.members[VILLAGE].file()
    agent = hall.staff(VILLAGE, "0001", "agent")
    agent.clock.install()
    agent.goto(f"/cases/{VILLAGE}/{ref.case_id.hex()}")
    expect(agent.locator(".timeline")).to_contain_text("尚未离开本机")
    outdated = agent.get_by_text("打开本页时的情况")
    expect(outdated).to_be_hidden()
    hall.exchange()
    with agent.expect_response("**/sync-bar*"):
        agent.clock.run_for(16_000)
    expect(agent.locator(".sync")).to_contain_text("已同步")
    expect(outdated).to_be_visible()
    assert hall.complaints == []


def test_a_resident_keeps_number_and_answer(hall: Hall) -> None:
    page = hall.page()
    page.goto("/query")
    page.get_by_label("收件编号").fill("621021101001")
    press(page, "English")
    expect(page.get_by_label("Receipt number")).to_have_value("621021101001")
    page, number = looked_up(hall)
    page.get_by_role("button", name="大字版").click()
    expect(page.locator("html.big")).to_have_count(1)
    expect(page.locator("main")).to_contain_text(number)
    press(page, "English")
    expect(page.locator(".next")).to_contain_text("What next")
    expect(page.locator("html.big")).to_have_count(1)
    assert hall.complaints == []


def test_without_scripts_the_answer_is_drawn_once_more(hall: Hall) -> None:
    page, number = looked_up(hall, java_script_enabled=False)
    for button, seen in (("大字版", "接下来"), ("English", "What next")):
        press(page, button)
        expect(page.locator(".next")).to_contain_text(seen)
        expect(page.locator("main")).to_contain_text(number)
    expect(page.locator("html.big")).to_have_count(1)


def test_without_scripts_what_is_typed_stays_by_the_buttons_of_its_form(hall: Hall) -> None:
    page = hall.page(java_script_enabled=False)
    page.goto("/query/complaint")
    expect(page.get_by_role("button", name="大字版")).to_have_count(1)  # those of the frame would lose it
    page.get_by_label("什么事").fill("让我跑了三趟")
    page.get_by_role("link", name="字号 · English").click()
    assert page.url.endswith("#display")
    press(page, "大字版")
    press(page, "English")
    expect(page.locator("html.big[lang=en]")).to_have_count(1)
    expect(page.locator("main [name=text]")).to_have_value("让我跑了三趟")
    page.locator("main [name=who]").press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()  # by the keyboard it is sent, as ever
