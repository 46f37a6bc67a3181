"""The form and the papers of a case side by side, as who examines it has them before their eyes."""

import io

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import FilePayload, FloatRect, Locator, Page, expect

from tests.browser.conftest import DESK, PHONE, Hall
from tests.browser.test_stories import act, file
from tests.builders import VILLAGE

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def upright(colour: str) -> FilePayload:
    """A photo of a sheet of A4, held upright."""
    drawn = io.BytesIO()
    Image.new("RGB", (900, 1270), colour).save(drawn, "JPEG")
    return {"name": "sheet.jpg", "mimeType": "image/jpeg", "buffer": drawn.getvalue()}


def box(found: Locator) -> FloatRect:
    measured = found.bounding_box()
    assert measured is not None
    return measured


def in_sight(page: Page, found: Locator) -> bool:
    """Whether all of something is on the screen as it is scrolled now."""
    measured, size = box(found), page.viewport_size
    assert size is not None
    return measured["y"] >= 0 and measured["y"] + measured["height"] <= size["height"]


def with_papers(agent: Page) -> str:
    case, _, _ = file(agent)
    agent.goto(f"{case}/papers")
    agent.get_by_label("是哪一份材料", exact=False).select_option("身份证")
    agent.get_by_label("文件", exact=False).set_input_files([upright("#d8e4f0"), upright("#e8e0c8")])
    agent.get_by_role("button", name="上传").click()
    expect(agent.get_by_text("原件已到本机")).to_have_count(2)
    return case


@pytest.mark.slow
@pytest.mark.parametrize("scripts", [True, False])
def test_form_and_papers_are_on_one_screen_and_stay_there_down_to_the_acts(hall: Hall, scripts: bool) -> None:
    agent = hall.staff(VILLAGE, "0002" if scripts else "0003", "agent", java_script_enabled=scripts)
    case = with_papers(agent)
    agent.goto(case)
    name, first = agent.locator(".compare .papers dd").first, agent.locator(".sheet img").first
    assert agent.viewport_size == DESK and in_sight(agent, name) and in_sight(agent, first)
    assert box(name)["x"] + box(name)["width"] <= box(first)["x"], "beside, not below"
    agent.get_by_role("link", name="去办理").click()
    expect(agent.locator(".doing > .act-grid > .act").last).to_be_in_viewport(ratio=1)
    expect(first).to_be_in_viewport(ratio=0.9)  # the papers went along
    act(agent, case, "转送受理")

    agent.set_viewport_size(PHONE)
    agent.goto(case)
    form, papers, acts = (box(agent.locator(f".compare {each}")) for each in (".papers", ".compare-papers", ".doing"))
    assert form["y"] + form["height"] <= papers["y"] and papers["y"] + papers["height"] <= acts["y"]
    assert papers["width"] <= PHONE["width"]
    assert hall.complaints == []


@pytest.mark.slow
def test_axe_finds_nothing_in_it(hall: Hall) -> None:
    agent = hall.staff(VILLAGE, "0001", "agent")
    agent.goto(with_papers(agent))
    found = Axe().run(agent).response["violations"]
    assert [each["id"] for each in found if each["impact"] in ("serious", "critical")] == []
