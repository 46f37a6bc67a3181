"""Papers by telephone in real browsers: the clerk's screen and a telephone beside it, with and without scripts."""

import io
from collections.abc import Iterator
from dataclasses import replace

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, FilePayload, Page, expect

from tests.browser.conftest import DESK, PHONE, Hall, open_hall
from tests.browser.measures import OFFICES, VILLAGERS, measure
from tests.browser.test_stories import file
from tests.builders import VILLAGE
from tests.village_node.web.counter import CARD
from village_node.accounts.passes import token_of
from village_node.web.site import SITE

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]


def photo(words: str) -> FilePayload:
    """A photo of a paper, another one for other words."""
    drawn = Image.new("RGB", (1200, 900), "#f4f0e4")
    ImageDraw.Draw(drawn).rectangle((60, 60, 1140, 840), outline="#333", width=8)
    for number, sign in enumerate(words):  # the letters that Pillow carries have no Chinese
        ImageDraw.Draw(drawn).text((120 + 300 * number, 400), f"{ord(sign):x}", fill="#333", font_size=110)
    raw = io.BytesIO()
    drawn.save(raw, "JPEG")
    return {"name": f"{words}.jpg", "mimeType": "image/jpeg", "buffer": raw.getvalue()}


def opened(hall: Hall, agent: Page, case: str) -> str:
    """The clerk opens the code of a case; the path that it leads to."""
    agent.goto(f"{case}/papers")
    agent.get_by_role("link", name="用手机拍照上传").click()
    agent.get_by_role("button", name="打开二维码").click()
    expect(agent.locator(".phone-code .qr svg")).to_be_visible()
    counter = hall.counters[VILLAGE]
    named = counter.app.extensions[SITE].session_cookie
    (session,) = (str(each.get("value")) for each in agent.context.cookies() if each.get("name") == named)
    place, case_id = case.split("/")[2:4]
    row = counter.accounts.passes.of(session, (f"about:{place}", bytes.fromhex(case_id)))
    assert row is not None
    return f"/phone/{token_of(session, row.id)}"


@pytest.fixture(scope="module")
def hall(chromium: Browser) -> Iterator[Hall]:
    """Three nodes, of which the village's says that it stands on the office's network."""
    with open_hall(chromium) as opened:
        site = opened.counters[VILLAGE].app.extensions[SITE]
        site.config = replace(site.config, host="0.0.0.0", public_url="http://192.168.1.10:8700")
        yield opened


@pytest.fixture(scope="module")
def agent(hall: Hall) -> Page:
    return hall.staff(VILLAGE, "0001", "agent")


def decide(agent: Page, button: str, material: str = "") -> None:
    """The clerk decides on the first file that came."""
    first = agent.locator("section.paper").first
    if material:
        first.get_by_label("是哪一份材料").select_option(material)
    with agent.expect_navigation():
        first.get_by_role("button", name=button).click()
    expect(agent.locator(".box.bad[role=alert]")).to_have_count(0)


def well_made(path: str, page: Page) -> None:
    """Letters, targets, contrast and width are as on every page."""
    letters, target, _ = OFFICES if page.locator("html.face-staff").count() else VILLAGERS
    seen = measure(path, page)
    assert seen.violations == [] and seen.unnamed == [] and seen.headings == 1
    assert all(content <= width for content, width in seen.widths)
    assert [each for each in seen.texts if each[0] < letters] == []
    assert [each for each in seen.targets if each[0] < target] == []


def test_photos_go_from_a_telephone_to_the_clerk_file_by_file(hall: Hall, agent: Page) -> None:
    case, number, _ = file(agent)
    address = opened(hall, agent, case)
    telephone = hall.page(viewport=PHONE, has_touch=True, is_mobile=True)
    telephone.goto(address)
    well_made(address, telephone)
    telephone.get_by_text("身份证", exact=True).click()
    telephone.locator("#album").set_input_files([photo("正面"), photo("反面")])
    expect(telephone.locator("#sending .arrived")).to_have_count(2)
    telephone.get_by_text("户口簿", exact=True).click()
    note: FilePayload = {"name": "a.txt", "mimeType": "image/jpeg", "buffer": b"no photo"}
    telephone.locator("#camera").set_input_files(note)
    expect(telephone.locator("#sending li").last).to_contain_text("只接受照片")
    well_made(f"{address} with files", telephone)

    expect(agent.locator(".phone-news")).to_contain_text("待您确认的文件：2 个")  # by itself
    agent.get_by_role("link", name="显示新到的").click()
    expect(agent.locator("section.paper")).to_have_count(2)
    expect(agent.get_by_label("是哪一份材料").first).to_have_value("身份证")
    well_made("the clerk's page", agent)
    agent.set_viewport_size(PHONE)
    well_made("the clerk's page, narrow", agent)
    agent.set_viewport_size(DESK)
    decide(agent, "采用")
    decide(agent, "弃用")
    telephone.reload()
    expect(telephone.locator("main")).to_contain_text("窗口已采用")
    expect(telephone.locator("main")).to_contain_text("窗口没有采用")
    shown = telephone.content()
    assert not any(each in shown for each in (number, "张秀兰", CARD))
    agent.get_by_role("link", name="回到材料原件").click()
    expect(agent.get_by_role("heading", name="身份证")).to_be_visible()

    # A line that breaks: what was under way goes again by itself; a code that was closed says what to do.
    broken = [True, True]
    telephone.route("**/phone/*", lambda route: route.abort() if broken and broken.pop() else route.fallback())
    telephone.locator("#album").set_input_files([photo("补拍")])
    expect(telephone.locator("#sending .arrived")).to_have_count(1)
    agent.get_by_role("link", name="用手机拍照上传").click()
    agent.get_by_role("button", name="收起二维码").click()
    telephone.locator("#album").set_input_files([photo("晚了")])
    expect(telephone.locator("#sending li").last).to_contain_text("二维码已失效")
    assert hall.complaints == [] or all("net::ERR_FAILED" in each for each in hall.complaints)
    hall.complaints.clear()


def test_the_counters_own_form_says_how_far_each_file_is(hall: Hall, agent: Page) -> None:
    case, _, _ = file(agent)
    agent.goto(f"{case}/papers")
    agent.get_by_label("是哪一份材料").select_option("身份证")
    broken = [True]
    agent.route("**/papers", lambda route: route.abort() if broken and broken.pop() else route.fallback())
    no_photo: FilePayload = {"name": "a.txt", "mimeType": "image/jpeg", "buffer": b"no photo"}
    agent.locator("#f-files").set_input_files([photo("正面"), no_photo])
    agent.get_by_role("button", name="上传", exact=True).click()
    expect(agent.locator("#sending .arrived")).to_have_count(1)  # again by itself, where the line broke
    expect(agent.locator("#sending li").last).to_contain_text("只接受照片")
    well_made(f"{case}/papers with files", agent)
    agent.get_by_role("link", name="看已保存的材料").click()
    expect(agent.locator("section.paper")).to_have_count(1)
    agent.get_by_label("是哪一份材料").select_option("身份证")
    agent.get_by_label("替换哪一份").select_option(index=1)
    agent.locator("#f-files").set_input_files([photo("重拍一"), photo("重拍二")])
    with agent.expect_navigation():  # by itself, as everything was saved
        agent.get_by_role("button", name="上传", exact=True).click()
    expect(agent.locator("section.paper")).to_have_count(2)
    expect(agent.locator("main")).to_contain_text("已替换")
    with agent.expect_navigation():  # what is missing is said by the node
        agent.get_by_role("button", name="上传", exact=True).click()
    expect(agent.locator(".box.bad[role=alert]")).to_contain_text("请选择是哪一份材料")
    agent.unroute("**/papers")
    assert all("net::ERR_FAILED" in each or "422" in each for each in hall.complaints), hall.complaints
    hall.complaints.clear()


def test_a_telephone_without_scripts_sends_a_plain_form(hall: Hall, agent: Page) -> None:
    case, _, _ = file(agent)
    address = opened(hall, agent, case)
    telephone = hall.page(viewport=PHONE, java_script_enabled=False)
    telephone.goto(address)
    telephone.get_by_text("户口簿", exact=True).click()
    telephone.locator("#album").set_input_files([photo("首页"), photo("本人页")])
    telephone.get_by_role("button", name="上传").click()
    expect(telephone.locator("main")).to_contain_text("已传到，等窗口确认")
    agent.get_by_role("link", name="显示新到的").click()
    expect(agent.locator("section.paper")).to_have_count(2)
    decide(agent, "采用")
    decide(agent, "采用", "户口簿")
    agent.get_by_role("link", name="回到材料原件").click()
    expect(agent.get_by_role("heading", name="户口簿")).to_have_count(2)
    agent.get_by_role("button", name="退出").click()
    telephone.reload()
    expect(telephone.locator("main")).to_contain_text("没有这个页面")
    assert hall.complaints == []
