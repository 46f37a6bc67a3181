"""The button 立即同步 on a slow line: the page stays usable, says that it is under way, and then what came of it."""

import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.badlink import BadLink, Faults
from tests.browser.conftest import Hall
from tests.builders import TOWNSHIP, VILLAGE
from tests.served import call, serve, until
from village_node.uplink import Ancestor, Timeouts

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.sockets, pytest.mark.timeout(300)]
SLOW_S = 4.0  # one way, for everything that passes
PATIENT = Timeouts(5.0, 30.0, 60.0)


@pytest.fixture
def line(hall: Hall) -> Iterator[BadLink]:
    """A line between the village and the township on which everything takes long."""
    chance, members = hall.network.chance, hall.network.members
    served = serve(members[TOWNSHIP], chance.randbytes)
    link = BadLink(served.exchange.port)
    uplink = call(members[VILLAGE], chance.randbytes, Ancestor(link.url), timeouts=PATIENT)
    assert uplink.sync_now()["ok"], "they have met while the line was good"
    hall.counters[VILLAGE].line = uplink
    link.faults = Faults(latency_s=SLOW_S)
    link.hang_up()
    yield link
    uplink.stop()
    link.close()
    served.close()


def press(page: Page) -> None:
    """Press the button without a script: the page comes back."""
    with page.expect_navigation():
        page.get_by_role("button", name="立即同步").click()


def test_the_page_stays_usable_while_the_line_is_slow_and_says_what_came_of_it(hall: Hall, line: BadLink) -> None:
    agent = hall.staff(VILLAGE, "0001", "agent")
    hall.network.members[VILLAGE].file()
    agent.goto("/work?view=all")
    strip = agent.locator(".sync")
    expect(strip).to_contain_text("有 1 件未上报")
    began = time.monotonic()
    agent.get_by_role("button", name="立即同步").click()
    expect(strip).to_contain_text("正在同步")
    took = time.monotonic() - began
    assert agent.url.endswith("/work?view=all")
    assert took < 2 * SLOW_S, "the answer did not wait for the line"
    agent.get_by_role("link", name="事项", exact=True).first.click()
    search = agent.get_by_role("search").get_by_role("textbox")
    expect(search).to_be_editable()
    search.fill("zdsh")
    expect(strip).to_contain_text("正在同步")
    expect(strip).to_contain_text("1 件县级尚未签收", timeout=60_000)
    assert search.input_value() == "zdsh", "the strip renewed itself; the page did not"
    assert hall.complaints == []


def test_a_line_that_is_dead_is_told_as_the_last_problem_without_a_script(hall: Hall, line: BadLink) -> None:
    agent = hall.staff(VILLAGE, "0001", "agent", java_script_enabled=False)
    agent.goto("/work?view=all")
    press(agent)
    result = agent.get_by_role("link", name="看同步结果")
    expect(result).to_be_visible()
    line.close()
    village = hall.counters[VILLAGE]
    until(lambda: not village.exchanging(), village.member, 30.0)
    result.click()
    expect(agent.locator(".sync")).to_contain_text("最近一次问题")
    assert agent.url.endswith("/work?view=all")
