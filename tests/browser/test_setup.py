"""A new village set up by its pages in a real browser, without scripts, on a telephone: it joins a real township, and a
case that is filed there arrives. And every page of a set-up measured as all pages are."""

import io
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect
from werkzeug.serving import make_server

from center_node import cli as county_cli
from center_node.demo.network import free_ports
from tests.architecture.source_tree import ROOT
from tests.browser.conftest import DESK, PHONE, press
from tests.browser.measures import measure
from tests.browser.test_stories import act, file
from tests.journeys.test_setup import PASSWORD, PATIENCE_S, heard, process
from tests.village_node.setup.browser import ANSWERS, PASSPHRASE, Setting, setting_up
from tests.village_node.setup.test_pages import LISTED, answer_of
from tests.village_node.setup.test_pages import township as enrolled_township
from township_node import cli as township_cli
from village_node import app, cli
from village_node.config import load
from village_node.web.filing_steps import COOKIE, WHOLE

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]
township = enrolled_township  # a fixture


@contextmanager
def window(chromium: Browser, url: str, *, phone: bool) -> Iterator[tuple[Page, list[str]]]:
    """A window without scripts at an address; what it asked for."""
    context = chromium.new_context(
        base_url=url, viewport=PHONE if phone else DESK, locale="zh-CN", java_script_enabled=False
    )
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    context.add_cookies([{"name": COOKIE, "value": WHOLE, "url": url}])
    page = context.new_page()
    page.set_default_timeout(60_000)
    yield page, asked
    context.close()


def next_step(page: Page) -> None:
    """Press the button of this step; it had no fault."""
    press(page, "下一步")
    expect(page.locator(".box.bad[role=alert]")).to_have_count(0)


def until_shown(page: Page, path: str, words: str) -> None:
    """Look at a page, again and again as a person without scripts does, until it shows these words."""
    deadline = time.monotonic() + 90
    while page.goto(path) and words not in page.locator("body").inner_text():
        assert time.monotonic() < deadline, f"{path} never showed {words}"


@pytest.fixture
def parent(township: Path, tmp_path: Path) -> tuple[Path, int]:
    """A township in a network with a clerk, and the port it is to serve on."""
    port = free_ports(1)[0]
    node = app.create_node(load(township))
    code = node.accounts.create_invitation("0101", "李强", ["clerk"])
    node.accounts.set_password("0101", code, PASSWORD, "here")
    node.close()
    settings = township / "node.toml"
    said = re.sub(r"port = \d+", f"port = {port}", settings.read_text(encoding="utf-8"))
    settings.write_text(f"{said}one_session = []  # the first password has opened one\n", encoding="utf-8")
    return township, port


def set_up_by_pages(page: Page, code: str, port: int, above: str, data: Path) -> str:
    """From the first page to the button that makes the node; the code that is to be read out."""
    page.goto("/")
    page.get_by_label("一次性设置码").fill(code)
    page.get_by_role("button", name="开始设置").click()
    page.get_by_label("从区划表中选").select_option(label="上关村委会 621021101201")
    next_step(page)
    page.get_by_label("上级地址").fill(above)
    next_step(page)
    next_step(page)  # keys
    page.get_by_label("端口").fill(str(port))
    next_step(page)
    page.get_by_label("姓名").fill("王芳")
    page.get_by_label("工号").fill("0001")
    page.locator("[name=roles][value=agent]").check()
    page.locator("[name=password]").fill("short")
    page.locator("[name=password_again]").fill("short")
    page.get_by_role("button", name="下一步").click()
    expect(page.locator("#e-password")).to_contain_text("至少 12 个字符")
    expect(page.get_by_label("姓名")).to_have_value("王芳")
    expect(page.locator("[name=roles][value=agent]")).to_be_checked()
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("[name=password_again]").fill(PASSWORD)
    next_step(page)
    assert not (data / "node.toml").exists()
    page.get_by_role("button", name="建立本机").click()
    spoken = page.locator(".big-code").inner_text()
    assert re.fullmatch(r"\d{4}( \d{4}){3}", spoken)
    return spoken


def let_in(clerk: Page, spoken: str) -> str:
    """A clerk of the township signs in and types the code; the network code that is shown then."""
    clerk.goto("/sign-in")
    clerk.get_by_label("工号").fill("0101")
    clerk.get_by_label("密码").fill(PASSWORD)
    clerk.get_by_role("button", name="登录").click()
    clerk.get_by_role("button", name="退出").wait_for()
    clerk.goto("/newcomers")
    clerk.get_by_label("对方在电话里念的").fill(spoken)
    clerk.get_by_role("button", name="确认码一致").click()
    clerk.get_by_label("密码").fill(PASSWORD)
    clerk.get_by_role("button", name="确认并继续").click()
    return clerk.locator(".box.good .number").inner_text()


def test_a_village_set_up_on_a_telephone_joins_its_township_and_a_case_arrives(
    chromium: Browser, parent: tuple[Path, int], tmp_path: Path
) -> None:
    regions = tmp_path / "regions.csv"
    lines = ["code,name,level,parent", *(",".join(each) for each in LISTED)]
    regions.write_text("\n".join(lines), encoding="utf-8")
    data, port = tmp_path / "village", free_ports(1)[0]
    here, above = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{parent[1]}"
    line = [sys.executable, "-m", "township_node.cli", "serve", "--data", str(parent[0])]
    with ExitStack() as stack:
        served = subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert "驿马镇" in stack.enter_context(heard(served)).get(timeout=PATIENCE_S)
        running = process("setup", "--data", str(data), "--port", str(port), "--regions", str(regions))
        said = stack.enter_context(heard(running))
        code = said.get(timeout=PATIENCE_S).rpartition(": ")[2].strip()
        assert said.get(timeout=PATIENCE_S).strip() == f"{here}/setup"
        page, asked = stack.enter_context(window(chromium, here, phone=True))
        clerk, asked_above = stack.enter_context(window(chromium, above, phone=False))

        spoken = set_up_by_pages(page, code, port, above, data)
        expect(page.locator("main")).to_contain_text("等对方确认")  # the page looks again by itself

        network = let_in(clerk, spoken)
        expect(page.locator("main")).to_contain_text("已入网")
        assert page.locator(".big-code").inner_text() == network
        page.get_by_role("button", name="核对一致").click()
        expect(page.get_by_role("heading", name="设置完成")).to_be_visible()
        assert "one-time code" in said.get(timeout=PATIENCE_S), "for another browser; nobody needed it"
        assert "上关村委会" in said.get(timeout=PATIENCE_S), "the same process goes on as the node"
        page.get_by_role("link", name="打开登录页").click()
        page.get_by_label("工号").fill("0001")
        page.get_by_label("密码").fill(PASSWORD)
        page.get_by_role("button", name="登录").click()
        page.get_by_role("button", name="退出").wait_for()
        answer = page.request.get(f"{here}/setup", max_redirects=0)
        assert answer.status == 404, "the pages of the set-up are gone"

        case, number, _ = file(page)
        act(page, case, "转送受理")
        until_shown(clerk, "/work?view=all", number)
        until_shown(page, case, "已同步")
        everybody = asked + asked_above
        assert len(everybody) > 30 and {each.split("/")[2] for each in everybody} == {
            here.split("/")[2],
            above.split("/")[2],
        }
    assert running.returncode == 0


@contextmanager
def shown(setting: Setting) -> Iterator[str]:
    """The pages of a set-up on a real socket; their address."""
    server = make_server("127.0.0.1", 0, setting.pages.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def well_made(path: str, page: Page) -> None:
    """Letters, targets, contrast, names and width are as on every page of a village."""
    seen = measure(path, page)
    assert (seen.violations, seen.unnamed, seen.headings) == ([], [], 1), path
    assert seen.texts and [each for each in seen.texts if each[0] < 24] == [], path
    assert seen.targets and [each for each in seen.targets if each[0] < 59.9] == [], path
    assert all(content <= width for content, width in seen.widths), (path, seen.widths)
    assert seen.title and seen.line_height >= 1.3


def without_refresh(route: Route) -> None:
    """The same page, which does not read itself again while it is measured."""
    answer = route.fetch(max_redirects=0)
    route.fulfill(response=answer, headers={**answer.headers, "refresh": ""})


@pytest.mark.parametrize("level", ["village", "township", "county"])
def test_every_page_of_a_set_up_is_as_well_made_as_the_others(
    chromium: Browser, tmp_path: Path, township: Path, level: str
) -> None:
    kind = {"village": cli.VILLAGE, "township": township_cli.TOWNSHIP, "county": county_cli.COUNTY}[level]
    place = next(each.code for each in LISTED if each.level == level)
    with setting_up(tmp_path / "new", kind, LISTED) as setting, shown(setting) as url:
        context = chromium.new_context(base_url=url, viewport=DESK, locale="zh-CN")
        page = context.new_page()
        page.set_default_timeout(60_000)
        context.route("**/setup/joining", without_refresh)
        page.goto("/setup")
        well_made("door", page)
        press(page, "开始设置")
        well_made("door, wrong", page)
        page.get_by_label("一次性设置码").fill(setting.codes[-1])
        press(page, "开始设置")
        setting.pages.lan = True  # with its warning
        for step in setting.wizard.steps:
            well_made(step, page)
            if step in ("place", "above", "account"):
                press(page, "下一步")
                well_made(f"{step}, wrong", page)
            keys = {"protect": "systemd", "passphrase": PASSPHRASE, "passphrase_again": PASSPHRASE}
            fill(page, {**ANSWERS, "place": {"listed": place}, "keys": keys}[step])
            next_step(page)
        well_made("look", page)
        press(page, "建立本机")
        if level == "village":
            join(page, setting, township)
        if level != "township":
            expect(page.get_by_role("heading", name="设置完成")).to_be_visible()
            well_made("done", page)
        context.close()


def fill(page: Page, answers: dict[str, Any]) -> None:
    """Fill a step in, whatever its fields are."""
    for name, value in answers.items():
        fields = page.locator(f"main [name={name}]")
        if name == "listed":
            fields.select_option(str(value))
        elif name in ("road", "protect", "way"):
            page.locator(f"main [name={name}][value={value}]").check()
        elif name != "roles":
            fields.fill(str(value))


def join(page: Page, setting: Setting, township: Path) -> None:
    """By file, with every page on that way."""
    well_made("joining, by files", page)
    for path in ("/setup/files", "/setup/address"):
        page.goto(path)
        well_made(path, page)
        press(page, "装入" if path.endswith("files") else "保存")
        well_made(f"{path}, sent", page)
    page.goto("/setup/address")
    with socket.create_server(("127.0.0.1", 0)) as closed:
        nobody = f"http://127.0.0.1:{closed.getsockname()[1]}"
    fill(page, {"road": "line", "parent_url": nobody})
    press(page, "保存")
    well_made("joining, by line", page)
    page.goto("/no/such/page")
    well_made("trouble", page)
    assert setting.wizard.joining is not None
    raw = answer_of(township, setting.wizard.joining.request)
    page.goto("/setup/files")
    answer = {"name": "enrol-answer.cbor", "mimeType": "application/octet-stream", "buffer": io.BytesIO(raw).read()}
    page.locator("[name=answer]").set_input_files(answer)  # type: ignore[arg-type]
    press(page, "装入")
    expect(page.locator("main")).to_contain_text("已入网")
    well_made("network code", page)
    press(page, "核对一致")
