"""A new machine of a village is let in: its people read a code out, a clerk types it, and both compare another."""

import re
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.linked import Linked, open_linked, seen
from tests.builders import COUNTY, TOWNSHIP, VILLAGE
from tests.served import Server
from tests.village_node.web.counter import PASSWORD
from village_node import identity, joining
from village_node.app import create_node
from village_node.config import Config

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]

NAME = "上关村"
AT_WORK = f"{VILLAGE} at work"  # the same place at its second address
WRONG = "1234 5678 9012 3456"


@pytest.fixture
def hall(chromium: Browser) -> Iterator[Linked]:
    """A county and a township; their clock is that of this machine, which a new node reads."""
    with open_linked(chromium, (COUNTY, TOWNSHIP)) as opened:
        opened.network.clock.now_ms = int(time.time() * 1000)
        opened.exchange()
        yield opened


@pytest.fixture
def config(hall: Linked, tmp_path: Path) -> Config:
    """A village's machine as it is set up, not yet started."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = int(taken.getsockname()[1])
    identity.create(tmp_path, VILLAGE, "village", NAME)
    hall.urls[VILLAGE] = f"http://127.0.0.1:{port}"
    return Config(tmp_path, VILLAGE, NAME, "village", parent_url=hall.urls[TOWNSHIP], port=port)


def answered(clerk: Page, code: str) -> None:
    """Type a code that was read out by telephone, and the password that so weighty an act asks for, by the keyboard."""
    clerk.get_by_label("对方在电话里念的 16 位确认码").fill(code)
    clerk.keyboard.press("Enter")
    expect(clerk.get_by_role("heading", name="请再输入一次密码")).to_be_visible()
    expect(clerk.get_by_label("密码")).to_be_focused()
    clerk.keyboard.type(PASSWORD)
    clerk.keyboard.press("Enter")


def test_a_village_is_let_in_by_its_code_and_by_no_other(
    hall: Linked, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(joining, "OFTEN_S", 0.1)
    stop, shown = threading.Event(), threading.Event()
    ended: list[bool] = []
    machine = threading.Thread(
        target=lambda: ended.append(joining.join_over_the_line(config, stop, lambda _: shown.set()))
    )
    machine.start()
    try:
        assert shown.wait(20)
        village = hall.page(VILLAGE)
        village.goto("/")
        expect(village.get_by_role("status")).to_contain_text("申请已送到上级\uff0c等对方确认")
        code = village.locator(".big-code").inner_text()
        assert re.fullmatch(r"(\d{4} ){3}\d{4}", code)
        seen(village, "joining-code")

        clerk = hall.staff(TOWNSHIP, "0101", "clerk", name="李强")
        clerk.goto("/children")
        clerk.get_by_role("link", name="新机器入网\uff081\uff09").click()
        expect(clerk.locator("main")).not_to_contain_text(code)
        seen(clerk, "newcomers")
        answered(clerk, WRONG)
        expect(clerk.get_by_role("alert")).to_contain_text("确认码对不上。请让对方再念一遍")
        expect(clerk.get_by_label("对方在电话里念的 16 位确认码")).to_have_value(WRONG)
        seen(clerk, "newcomers-wrong-code")
        village.reload()
        expect(village.get_by_role("status")).to_contain_text("等对方确认")
        answered(clerk, code)
        network = clerk.locator(".box.good .big-code").inner_text()
        seen(clerk, "newcomers-let-in")

        expect(village.get_by_role("status")).to_contain_text("已入网")  # the page looks again by itself
        expect(village.locator(".big-code")).to_have_text(network)
        seen(village, "joining-compare")
        with village.expect_response("**/compared"):
            village.get_by_role("button", name="核对一致").click()
        village.close()  # it would look again by itself, where nobody is until the machine starts as a node
        machine.join(20)
        assert ended == [True]
    finally:
        stop.set()
        machine.join(20)
    begins_work(hall, config)
    clerk.goto("/children")
    expect(clerk.get_by_role("row").filter(has_text=NAME)).to_contain_text("不到 1 分钟前")
    hall.held_together()


def begins_work(hall: Linked, config: Config) -> None:
    """The machine starts as a node like any other: its people sign in, and the line above says so."""
    node = create_node(config)
    server = Server(node.web, 4)
    hall.urls[AT_WORK] = server.url
    try:
        assert node.sync_now()["ok"]
        code = node.accounts.create_invitation("0001", "王芳", ("agent",))
        agent = hall.page(AT_WORK)
        agent.goto("/first-sign-in")
        agent.get_by_label("工号").fill("0001")
        agent.get_by_label("一次性登录码").fill(code)
        agent.get_by_label("新密码", exact=False).nth(0).fill(PASSWORD)
        agent.get_by_label("再输一次新密码").fill(PASSWORD)
        agent.get_by_role("button", name="设置密码并登录").click()
        expect(agent.locator(".sync")).to_contain_text("已同步")
    finally:
        server.close()
        node.close()
