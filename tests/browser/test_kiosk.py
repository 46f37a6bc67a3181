"""A screen in a hall: a resident's own pages go away by themselves, with scripts and without, and leave nothing."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Hall
from tests.builders import VILLAGE
from tests.village_node.web.counter import Visitor
from tests.village_node.web.errands import done
from tests.village_node.web.test_filing import held

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def rateable(hall: Hall) -> tuple[Visitor, str, str, str]:
    """The agent, and a case that was accepted at the village: its path, number and code."""
    counter = hall.counters[VILLAGE]
    agent = counter.sign_in("0001", "agent")
    path = agent.file("040")
    done(agent, path, "docket")
    case = held(counter, path)
    return agent, path, case.case_no, case.query_code


def look_up(page: Page, number: str, code: str) -> None:
    """Type number and code at the query page."""
    page.goto("/query")
    page.get_by_label("收件编号").fill(number)
    page.get_by_label("查询码").fill(code)
    page.get_by_role("button", name="查询", exact=True).click()
    expect(page.locator("main")).to_contain_text(number)


@pytest.mark.slow
def test_the_next_person_finds_a_screen_as_new_and_no_way_back(hall: Hall) -> None:
    _, _, number, code = rateable(hall)
    page = hall.page()
    page.clock.install()
    page.goto("/kiosk")
    expect(page.get_by_role("link", name="工作人员")).to_have_count(0)
    page.get_by_role("button", name="大字版").click()
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_class("face-resident big")
    page.get_by_label("Receipt number").fill(number)
    page.get_by_label("Query code").fill(code)
    page.get_by_role("button", name="Look up").click()
    expect(page.locator("main")).to_contain_text(number)
    page.clock.fast_forward(119_000)
    expect(page.locator("main")).to_contain_text(number)
    page.clock.fast_forward(2_000)
    expect(page.get_by_role("heading", name="查我的办件")).to_be_visible()
    expect(page.locator("html")).to_have_class("face-resident")
    expect(page.get_by_label("收件编号")).to_have_value("")
    for _ in range(3):
        page.go_back()
        expect(page.locator("body")).not_to_contain_text(number)
    assert hall.complaints == []


def test_a_number_typed_and_left_on_a_screen_in_a_hall_goes_away(hall: Hall) -> None:
    _, _, number, _ = rateable(hall)
    page = hall.page()
    page.clock.install()
    page.goto("/kiosk")
    page.get_by_label("收件编号").fill(number)
    page.clock.fast_forward(121_000)
    expect(page.get_by_label("收件编号")).to_have_value("")


def test_printing_ends_what_a_screen_in_a_hall_shows(hall: Hall) -> None:
    _, _, number, code = rateable(hall)
    for path, leaves in (("/kiosk", True), ("/query", False)):
        page = hall.page()
        page.goto(path)
        page.goto(f"/q/{code}")
        expect(page.locator("main")).to_contain_text(number)
        page.get_by_role("button", name="打印").click()
        if leaves:
            page.wait_for_url("**/query")
            page.go_back()
            expect(page.locator("body")).not_to_contain_text(number)
        else:
            expect(page.locator("main")).to_contain_text(number)


def test_who_says_that_he_is_done_cannot_be_looked_up_with_the_back_button(hall: Hall) -> None:
    _, _, number, code = rateable(hall)
    page = hall.page()
    page.goto("/query")
    page.goto(f"/q/{code}")
    expect(page.locator("main")).to_contain_text(number)
    page.get_by_role("link", name="查完了").click()
    expect(page.get_by_role("heading", name="查我的办件")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="查我的办件")).to_be_visible()
    expect(page.locator("body")).not_to_contain_text(number)


def test_without_scripts_a_form_on_a_screen_in_a_hall_goes_away_as_well(hall: Hall) -> None:
    _, _, number, _ = rateable(hall)
    page = hall.page(java_script_enabled=False)
    page.goto("/kiosk")
    page.route(
        "**/query",
        lambda route: route.fulfill(response=(got := route.fetch()), body=got.text().replace("120;url", "2;url")),
    )
    with page.expect_request("**/leave"):
        page.goto("/query")
        page.get_by_label("收件编号").fill(number)
    expect(page.get_by_label("收件编号")).to_have_value("")


def test_without_scripts_the_page_goes_away_as_well(hall: Hall) -> None:
    _, _, number, code = rateable(hall)
    page = hall.page(java_script_enabled=False)
    # The node's own pages wait for two minutes; here their answer is told to wait for one second.
    page.route(
        "**/q/*",
        lambda route: route.fulfill(response=(got := route.fetch()), body=got.text().replace("120;url", "1;url")),
    )
    page.goto(f"/q/{code}")
    expect(page.locator("main")).to_contain_text(number)
    page.wait_for_url("**/query")
    expect(page.locator("body")).not_to_contain_text(number)


def test_a_hand_scanner_types_the_address_and_the_answer_is_there(hall: Hall) -> None:
    _, _, number, code = rateable(hall)
    page = hall.page()
    page.goto("/kiosk")
    expect(page.get_by_label("收件编号")).to_be_focused()
    page.keyboard.type(f"http://sanji.example.gov.cn:8700/q/{code}\n")
    expect(page.locator("main")).to_contain_text(number)
    expect(page.locator("main")).not_to_contain_text(code)
