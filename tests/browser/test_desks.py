"""The day of a cashier and of an archivist, and a long list of people that two heads agree on, in a real browser."""

import csv
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Hall
from tests.browser.linked import seen
from tests.browser.test_stories import act
from tests.builders import APPLICATION, COUNTY, TOWNSHIP, VILLAGE, delegate_all
from tests.village_node.web.counter import PASSWORD
from tests.village_node.web.errands import at_the_county, done
from village_node.accounts import exports
from village_node.casebook import Application

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]


def stays_here(hall: Hall) -> None:
    assert hall.complaints == []
    own = tuple(hall.urls.values())
    assert hall.requests and all(url.startswith(own) for url in hall.requests), "no request left the node"


def open_first(page: Page) -> str:
    """Open the first case of the list in front; its path."""
    page.locator("a.row-link").first.click()
    page.wait_for_url("**/desk/**")
    return page.url.partition("/desk")[1] + page.url.partition("/desk")[2]


@pytest.mark.parametrize("scripts", [True, False])
def test_the_cashier_takes_a_fee_and_the_archivist_files_the_volume(hall: Hall, scripts: bool) -> None:
    village, township, county = (hall.counters[place] for place in (VILLAGE, TOWNSHIP, COUNTY))
    agent, clerk = village.sign_in("0001", "agent"), township.sign_in("0101", "clerk", "reviewer", name="李强")
    delegate_all(hall.network.members[COUNTY], "1001", "1002")
    officer = county.sign_in("1001", "officer", "window", name="赵敏")
    case = at_the_county(hall.network, agent, clerk, officer, "034")
    done(officer, case, "decide", outcome="approve")
    cashier = hall.staff(COUNTY, "1005", "cashier", name="钱会计", java_script_enabled=scripts)
    expect(cashier.locator("main")).to_contain_text("待通知缴费")
    expect(cashier.locator("main")).to_contain_text("60.00")
    desk = open_first(cashier)
    expect(cashier.locator("main")).not_to_contain_text("张秀兰")
    act(cashier, desk, "通知缴费", {"缴费期限": "15"})
    act(cashier, desk, "登记缴费或减免", {"票据号": "票0001"}, ("已缴费",))
    expect(cashier.locator("main")).to_contain_text("已缴费")
    cashier.goto("/work")
    expect(cashier.locator("main")).to_contain_text("没有等着收费的件")
    cashier.get_by_role("link", name="收费日结单").click()
    expect(cashier.locator("main")).to_contain_text("票0001")
    done(officer, case, "issue", certificate_no="占道证1号", valid_from="2026-11-20", valid_to="2027-11-19")
    done(officer, case, "handoff")
    hall.exchange()
    archivist = hall.staff(VILLAGE, "0006", "archivist", name="文档", java_script_enabled=scripts)
    expect(archivist.locator("main")).to_contain_text("没有等着本单位归档的件")
    done(agent, case, "accept")
    done(agent, case, "delivered", to="张秀兰", how="in_person")
    archivist.reload()
    desk = open_first(archivist)
    expect(archivist.locator("main")).to_contain_text("卷内目录")
    expect(archivist.locator("main")).to_contain_text("占道证1号")
    expect(archivist.locator("main")).not_to_contain_text("张秀兰")
    act(archivist, desk, "归档", {"案卷号": "2026-占道-1", "盒号": "3"}, ("是",))
    expect(archivist.locator("main")).to_contain_text("案卷号：2026-占道-1")
    stays_here(hall)


def password_typed(page: Page) -> None:
    """The password once more, on the page that asks for it."""
    page.get_by_label("密码", exact=False).fill(PASSWORD)
    page.get_by_role("button", name="确认并继续").click()


@pytest.mark.parametrize("scripts", [True, False])
def test_a_long_list_is_taken_away_once_another_head_has_agreed(
    hall: Hall, scripts: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(exports, "ALONE", 3)
    hall.counters[VILLAGE].member.casebook.record_many([Application("0001", APPLICATION) for _ in range(4)])
    asks = hall.staff(VILLAGE, "0002", "head", name="李主任", java_script_enabled=scripts, accept_downloads=True)
    grants = hall.staff(VILLAGE, "0003", "head", name="周书记", java_script_enabled=scripts)
    asks.goto("/work?view=all")
    asks.get_by_role("link", name="导出 CSV").click()
    password_typed(asks)
    asks.get_by_label("用途").fill("年度核对")
    asks.get_by_role("button", name="申请导出").click()
    expect(asks.locator("main")).to_contain_text("等另一位负责人批准")
    grants.goto("/work")
    grants.get_by_role("link", name="去批准").click()
    grants.get_by_role("button", name="批准", exact=True).click()
    password_typed(grants)
    expect(grants.locator("main")).to_contain_text("已批准")
    asks.goto("/work")
    asks.get_by_role("link", name="去下载").click()
    asks.get_by_role("link", name="下载（一次）").click()
    with asks.expect_download() as waited:
        password_typed(asks)
    waited.value.save_as(tmp_path / "list.csv")
    rows = list(csv.reader((tmp_path / "list.csv").open(encoding="utf-8-sig", newline="")))
    assert len(rows) == 6 and "李主任（0002）" in rows[-1][0] and "周书记（0003）批准" in rows[-1][0]
    asks.goto("/exports")
    expect(asks.locator("main")).to_contain_text("已下载")
    stays_here(hall)


# What a page says of a file that it waits for, one thing after the other, and which of two presses it lets through.
WATCH = """() => {
  const part = document.querySelector('[data-prepares]');
  window.told = [];
  window.stopped = [];
  new MutationObserver(() => told.push([part.textContent.match(/正在准备文件|已开始下载/)?.[0], part.ariaBusy]))
    .observe(part, {childList: true, subtree: true});
  for (const kind of ['click', 'submit'])
    document.addEventListener(kind, event => {
      if (kind === 'submit' || event.target.closest('a')) stopped.push(event.defaultPrevented);
    });
}"""


def test_a_page_says_that_a_file_is_being_prepared_until_it_comes(hall: Hall) -> None:
    hall.counters[VILLAGE].member.casebook.record_many([Application("0001", APPLICATION) for _ in range(2)])
    page = hall.staff(VILLAGE, "0002", "head", "admin", name="李主任", accept_downloads=True)
    page.goto("/audit")
    page.evaluate(WATCH)
    pressed = page.locator("[data-prepares] a").filter(has_text="导出 CSV")
    with page.expect_download() as begun:
        pressed.evaluate("each => { each.click(); each.click(); }")
    assert begun.value.suggested_filename.endswith(".csv")
    expect(page.locator("[data-preparing]")).to_have_text("文件已备好，已开始下载。")
    assert page.evaluate("told") == [["正在准备文件", "true"], ["已开始下载", "false"]]
    assert page.evaluate("stopped") == [False, True], "it is asked for once"
    stays_here(hall)


@pytest.mark.parametrize("scripts", [True, False])
def test_no_password_stands_beside_a_list_of_people_that_has_come(hall: Hall, scripts: bool) -> None:
    hall.counters[VILLAGE].member.casebook.record_many([Application("0001", APPLICATION) for _ in range(2)])
    page = hall.staff(VILLAGE, "0002", "head", name="李主任", accept_downloads=True, java_script_enabled=scripts)
    page.goto("/work?view=all")
    page.get_by_role("link", name="导出 CSV").click()
    with page.expect_download() as begun:
        password_typed(page)
    assert begun.value.suggested_filename.endswith(".csv")
    expect(page.get_by_role("heading", name="文件正在准备")).to_be_visible()
    expect(page.locator("[type=password]")).to_have_count(0)
    if scripts:
        expect(page.locator("[data-preparing]")).to_have_text("文件已备好，已开始下载。")
    seen(page, "file-ready")
    with page.expect_download():
        page.get_by_role("link", name="没有开始下载的").click()
    page.get_by_role("link", name="返回").click()
    expect(page).to_have_url(re.compile("/work"))
    stays_here(hall)


def test_without_scripts_a_page_says_beforehand_that_a_file_takes_a_while(hall: Hall) -> None:
    page = hall.staff(VILLAGE, "0002", "admin", name="管理", java_script_enabled=False)
    page.goto("/audit")
    said = page.locator(".exports noscript span")
    expect(said).to_be_visible()
    assert said.inner_text().startswith("行数多的要等一会儿才开始下载")
