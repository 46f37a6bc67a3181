"""A stick carried by people with browsers: saved at a village, taken in at the township, and one with receipts back."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from sync_protocol import roster as rosters
from sync_protocol.exchange import Content
from sync_protocol.suites import sha256
from tests.browser.conftest import DESK, PHONE, Hall
from tests.browser.test_stories import file
from tests.builders import COUNTY, TOWNSHIP, VILLAGE, Network
from village_node.casebook import RosterRuling

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
WIDTHS = [pytest.param(DESK, id="desk"), pytest.param(PHONE, id="phone")]


def saved(page: Page, folder: Path, place: str) -> Path:
    """The file that the browser saves for a place."""
    page.goto("/courier")
    page.get_by_label("拷给哪个单位").select_option(place)
    with page.expect_download() as begun:
        page.get_by_role("button", name="拷出文件").click()
    stick = folder / begun.value.suggested_filename
    begun.value.save_as(stick)
    return stick


def opened(page: Page, stick: Path, button: str = "导入") -> None:
    """That file is chosen and taken in, or only looked at."""
    page.goto("/courier")
    page.get_by_label("U 盘上以 .sanji 结尾的文件").set_input_files(stick)
    page.get_by_role("button", name=button, exact=True).click()


def fits(page: Page) -> None:
    """Nothing is wider than the window."""
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), page.url


@pytest.mark.slow
@pytest.mark.parametrize(
    ("viewport", "scripts"), [(DESK, True), (PHONE, True), (DESK, False)], ids=["desk", "phone", "desk, no scripts"]
)
def test_a_stick_goes_up_and_its_receipts_come_back(
    hall: Hall, viewport: ViewportSize, scripts: bool, tmp_path: Path
) -> None:
    window: dict[str, Any] = {"viewport": viewport, "java_script_enabled": scripts}
    agent = hall.staff(VILLAGE, "0001", "agent", **window)
    clerk = hall.staff(TOWNSHIP, "0101", "clerk", name="李强", **window)
    opened(agent, saved(clerk, tmp_path, VILLAGE))
    expect(agent.locator("main [role=status]")).to_contain_text("收下对方的密钥")
    opened(clerk, saved(agent, tmp_path, TOWNSHIP))
    file(agent)
    stick = saved(agent, tmp_path, TOWNSHIP)
    opened(agent, stick, "只核对，不导入")
    expect(agent.locator("main [role=status]")).to_contain_text("以带回的回执为准")
    expect(agent.locator("main")).to_contain_text("1 件已拷出，尚未收到回执")
    fits(agent)
    agent.get_by_role("link", name="打印交接单").first.click()
    expect(agent.get_by_role("heading", name="拷盘交接单")).to_be_visible()
    fits(agent)
    opened(clerk, stick)
    expect(clerk.locator("main [role=status]")).to_contain_text("上关村的拷盘：收下")
    fits(clerk)
    opened(agent, saved(clerk, tmp_path, VILLAGE))
    expect(agent.locator("main [role=status]")).to_contain_text("新回执")
    expect(agent.locator("main")).not_to_contain_text("尚未收到回执")
    fits(agent)
    (tmp_path / "head.sanji").write_bytes(b"\x84\x6csanji-bundle\x01")
    opened(agent, tmp_path / "head.sanji")
    expect(agent.locator("main [role=alert]")).to_contain_text("只是拷盘文件夹里的一个文件")
    fits(agent)
    assert not hall.complaints


def forked(network: Network) -> rosters.Change:
    """Two changes of the county's part that bear one number; every node has met both. The one that is to stand."""
    made = []
    for code, name in (("621021103000", "白马铺镇"), ("621021104000", "赤城镇")):
        request = rosters.enrol_request(network.key(), code, "township", name, network.chance.randbytes(16))
        ops = rosters.admit_request(network.roster, rosters.read_request(request), COUNTY)
        made.append(rosters.publish(network.roster, COUNTY, ops, [network.publisher_key], network.clock()))
    for code, member in network.members.items():
        order = made[::-1] if code == VILLAGE else made
        member.casebook.receive(bytes(16), Content(roster_changes=order), peer_update={})
    return made[0]


@pytest.mark.slow
@pytest.mark.parametrize("viewport", WIDTHS)
def test_a_fork_of_the_roster_is_read_before_and_after_the_ruling(hall: Hall, viewport: ViewportSize) -> None:
    ours = forked(hall.network)
    pages = {place: hall.staff(place, "0009", "head", name="冯负责", viewport=viewport) for place in (VILLAGE, COUNTY)}
    for page in pages.values():
        page.goto("/roster-forks")
        expect(page.locator("main")).to_contain_text("待裁定")
        fits(page)
    county = hall.network.members[COUNTY].casebook
    ruling = RosterRuling(COUNTY, sha256(ours.payload), frozenset())
    change = county.rule_on_roster("0009", ruling, [hall.network.root_key])
    for member in hall.network.members.values():
        member.casebook.receive(bytes(16), Content(roster_changes=[ours, change]), peer_update={})
    for page in pages.values():
        page.goto("/roster-forks")
        expect(page.locator("main")).to_contain_text("因裁定停用的机器")
        fits(page)
    assert not hall.complaints
