"""The days of the business section, of an administrator, and of a township reviewer who is alone at the desk."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import vouched
from tests.browser.linked import Linked, again, open_linked, panel, seen
from tests.browser.test_side_by_side import upright
from tests.browser.test_stories import act, file, filled
from tests.browser.test_stories_of_supervision import saved
from tests.builders import COUNTY, TOWNSHIP, VILLAGE, delegate
from tests.village_node.authenticator import STEP_MS, code_at, secret_of
from tests.village_node.web.counter import APPLICATION, PASSWORD
from tests.village_node.web.errands import PAPERS, done, handed_up
from village_node.accounts import exports

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def hall(chromium: Browser) -> Iterator[Linked]:
    """One network for all stories of this file; each has people of its own."""
    with open_linked(chromium) as opened:
        yield opened


def publishes_a_version(business: Page) -> None:
    """An item gets a new version, looked at as people will see it before it is published."""
    business.goto("/catalogue")
    business.get_by_role("link", name="022 住房公积金提取").first.click()
    business.get_by_role("link", name="改为新版本").click()
    business.get_by_label("办理条件").fill("本县缴存职工")
    business.get_by_label("生效日期").fill("2026-11-18")
    business.get_by_label("公布的理由").fill("县政府令")
    business.get_by_role("button", name="检查并预览").click()
    expect(panel(business, "公布后群众看到的")).to_contain_text("本县缴存职工")
    seen(business, "preview")
    business.get_by_role("button", name="公布第 2 版").click()
    expect(business.locator("main [role=status]")).to_contain_text("已公布")
    business.get_by_label("事项编号、名称").fill("公积金")
    business.get_by_role("button", name="筛选").click()
    expect(panel(business, "已公布").locator("tbody tr")).to_have_count(1)
    seen(business, "published")


def decides_a_review(business: Page) -> None:
    """What an applicant asked to be looked at again is found from the list of cases, and decided."""
    business.goto("/work")
    business.get_by_role("link", name=re.compile("申请复核")).click()
    business.locator("tbody a.row-link").first.click()
    case = re.sub(r"^https?://[^/]+", "", business.url)
    decision = filled(business, case, "作出复核决定", {"理由": "属于该镇职权"})
    decision.get_by_label("撤销\uff0c予以收件").check()
    seen(business, "review")
    decision.get_by_role("button").first.click()
    expect(business.locator("main [role=status]")).to_contain_text("已保存")


def closes_a_day(page: Page) -> None:
    """A day on which nobody works is published; every clock counts by it."""
    page.goto("/calendar")
    year = panel(page, "2026")
    year.get_by_text("公布或更改这一年").click()
    off = year.get_by_label(re.compile("^放假"))
    off.fill(f"{off.input_value()}\n12-21 防汛停工 庆政办发〔2026〕31号")
    year.get_by_label("公布或更改的理由").fill("防汛停工")
    year.get_by_role("button", name="公布 2026 年").click()
    expect(page.locator("main [role=status]")).to_contain_text("已公布\uff0c随同步传到各级")
    expect(panel(page, "2026")).to_contain_text("12-21 防汛停工")
    seen(page, "calendar")


def test_the_business_section_publishes_decides_a_review_and_closes_a_day(hall: Linked) -> None:
    agent = hall.at_work(VILLAGE, "0001", "agent")
    clerk = hall.at_work(TOWNSHIP, "0101", "clerk", name="李强")
    window = hall.at_work(COUNTY, "1001", "window", name="周敏")
    refused = handed_up(hall.network, agent, clerk, agent.file("001", **PAPERS))
    done(clerk, refused, "refuse", reasons="不属于本机关职权", legal_basis="行政许可法第三十二条")
    hall.exchange()
    done(agent, refused, "review_request", reason="材料齐全", by="张秀兰")
    urgent = window.file("036", **PAPERS)
    done(window, urgent, "docket")
    hall.exchange()

    business = hall.staff(COUNTY, "1002", "business", name="孙科长", java_script_enabled=False)
    seen(business, "business-work")
    publishes_a_version(business)
    decides_a_review(business)
    act(business, urgent, "绿色通道、特急、错序", {"理由": "抢险"}, ("特急",))
    expect(business.locator("main")).to_contain_text("特急")
    seen(business, "urgent")
    closes_a_day(business)
    hall.exchange()
    reader = hall.staff(VILLAGE, "0002", "agent", name="刘洋")
    reader.goto("/items/022/2")
    expect(reader.locator("main")).to_contain_text("本县缴存职工")
    reader.goto("/calendar")
    expect(panel(reader, "2026")).to_contain_text("12-21 防汛停工")
    reader.goto(refused)
    expect(reader.locator("main")).to_contain_text("不予受理\uff08已撤销\uff09")
    hall.held_together()


def comes_in(hall: Linked, admin: Page, staff_no: str, name: str) -> Page:
    """Somebody is added, and signs in with the code that the administrator reads to them."""
    admin.goto("/staff")
    admin.get_by_label("工号", exact=False).last.fill(staff_no)
    admin.get_by_label("姓名", exact=False).last.fill(name)
    admin.locator("label.check", has_text="窗口").get_by_role("checkbox").check()
    admin.get_by_role("button", name="添加并生成登录码").click()
    vouched(admin)
    code = admin.locator(".box.good .big-number").inner_text()
    seen(admin, "invited")
    page = hall.page(TOWNSHIP)
    page.goto("/first-sign-in")
    page.get_by_label("工号").fill(staff_no)
    page.get_by_label("一次性登录码").fill(code)
    page.get_by_label("新密码", exact=False).nth(0).fill(PASSWORD)
    page.get_by_label("再输一次新密码").fill(PASSWORD)
    page.get_by_role("button", name="设置密码并登录").click()
    expect(page.get_by_role("button", name="退出")).to_be_visible()
    return page


def loses_the_second_factor(hall: Linked, admin: Page, clerk: Page, staff_no: str, name: str) -> None:
    """It is set up, its telephone is lost, the administrator resets it, and the password alone is enough again."""
    clerk.goto("/second-factor")
    clerk.get_by_role("button", name="开始设置").click()
    vouched(clerk)
    secret = secret_of(clerk.locator(".big-number").inner_text())
    clerk.get_by_label("验证器显示的 6 位数字").fill(code_at(secret, hall.network.clock.now_ms))
    clerk.get_by_role("button", name="确认并启用").click()
    expect(clerk.locator(".recovery-codes li")).to_have_count(10)
    hall.network.clock.now_ms += STEP_MS
    admin.goto("/staff")
    row = admin.get_by_role("row").filter(has_text=staff_no)
    expect(row).to_contain_text("二次验证")
    row.get_by_role("button", name="重置二次验证").click()
    vouched(admin)
    expect(admin.locator("main [role=status]")).to_contain_text(f"已重置 {name} 的二次验证")
    again(clerk, staff_no)


def gives_a_token(hall: Linked, admin: Page, staff_no: str) -> None:
    """A program gets a token, reads with it, and no more once it is revoked."""
    admin.goto("/tokens")
    admin.get_by_label("名称\uff08哪个系统用\uff09").fill("县数据局")
    acts_as = admin.locator("#f-whose option", has_text=staff_no).first.get_attribute("value")
    admin.get_by_label("以哪个工号、哪个岗位办理").select_option(acts_as)
    admin.get_by_role("button", name="生成令牌").click()
    vouched(admin)
    token = admin.locator(".token-shown").inner_text()
    seen(admin, "token")
    program, asks = hall.counters[TOWNSHIP].app.test_client(), {"Authorization": f"Bearer {token}"}
    assert program.get("/api/v1/cases?view=all", headers=asks).status_code == 200
    admin.goto("/tokens")
    admin.get_by_role("row").filter(has_text="县数据局").get_by_role("button", name="收回").click()
    expect(admin.get_by_role("row").filter(has_text="县数据局")).to_contain_text("已收回")
    assert program.get("/api/v1/cases?view=all", headers=asks).status_code == 401


def two_take_a_list_away(hall: Linked, folder: Path) -> None:
    """A list of more people than one may take away: asked for by one head, granted by another, taken once."""
    head = hall.staff(TOWNSHIP, "2103", "head", name="高峰")
    other = hall.staff(TOWNSHIP, "2104", "head", name="陈静")
    head.goto("/work?view=all")
    head.get_by_role("link", name="导出 CSV").click()
    vouched(head)
    head.get_by_label("用途", exact=False).fill("年度核对")
    seen(head, "export-asked")
    head.get_by_role("button", name="申请导出").click()
    expect(head.locator("main [role=status]")).to_contain_text("已提出申请")
    other.goto("/work")
    other.get_by_role("link", name="去批准").click()
    seen(other, "export-to-grant")
    other.get_by_role("button", name="批准", exact=True).click()
    vouched(other)
    expect(other.locator("tbody")).to_contain_text("已批准")
    head.goto("/exports")
    head.get_by_role("link", name="下载").click()
    seen(head, "export-password")
    with head.expect_download() as begun:
        vouched(head)
    begun.value.save_as(folder / "list.csv")
    text = (folder / "list.csv").read_text("utf-8-sig")
    assert "陈静\uff082104\uff09批准" in text and APPLICATION["applicant_name"] not in text


def test_an_administrator_keeps_accounts_and_the_machine_and_sees_nobody_s_case(
    hall: Linked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "ALONE", 1)
    agent = hall.at_work(VILLAGE, "0201", "agent")
    clerk = hall.at_work(TOWNSHIP, "2101", "clerk", name="李强")
    cases = [handed_up(hall.network, agent, clerk, agent.file("001", **PAPERS)) for _ in range(2)]
    hall.exchange()

    admin = hall.staff(TOWNSHIP, "2109", "admin", name="管理")
    newcomer = comes_in(hall, admin, "2110", "新来")
    loses_the_second_factor(hall, admin, newcomer, "2110", "新来")
    gives_a_token(hall, admin, "2110")
    two_take_a_list_away(hall, tmp_path)
    admin.goto("/work")
    expect(admin.get_by_role("heading", name="运行状况")).to_be_visible()
    expect(panel(admin, "本机")).to_contain_text("可用磁盘")
    seen(admin, "health")
    admin.get_by_role("link", name="审计记录").click()
    for said in ("添加人员", "重置二次验证", "生成程序令牌", "批准导出", "导出名单"):
        expect(admin.locator("tbody")).to_contain_text(said)
    seen(admin, "audit")
    assert saved(admin, "导出 Excel", tmp_path).read_bytes().startswith(b"PK")

    # Nobody's case, and nobody's data: not listed, not opened, not acted on, not in the trail.
    for path in (cases[0], f"{cases[0]}/papers", "/supervision", "/exports", "/work.csv?view=all"):
        answer = admin.goto(path) if not path.endswith("all") else admin.request.get(path)
        assert answer is not None and answer.status in (403, 404), path
    for path in ("/health", "/staff", "/tokens", "/audit", "/children", "/authority", "/duty"):
        admin.goto(path)
        shown = admin.locator("body").inner_text()
        assert not any(APPLICATION[f"applicant_{name}"] in shown for name in ("name", "id_no", "phone")), path
        expect(admin.locator("a[href^='/cases/']")).to_have_count(0)
    hall.held_together()


def test_a_reviewer_alone_at_the_desk_takes_in_examines_returns_and_decides(hall: Linked) -> None:
    writer = hall.staff(VILLAGE, "0301", "agent", name="刘洋")
    page = hall.staff(TOWNSHIP, "3101", "clerk", "reviewer", name="李强")
    delegate(
        hall.network.members[TOWNSHIP], "市场监管", "020", b="3101", b_name="李强", head="0111", document_no="委7号"
    )
    case, number, _ = file(writer)
    writer.goto(f"{case}/papers")
    writer.get_by_label("是哪一份材料", exact=False).select_option("身份证")
    writer.get_by_label("文件", exact=False).set_input_files([upright("#d8e4f0")])
    writer.get_by_role("button", name="上传").click()
    expect(writer.get_by_text("原件已到本机")).to_have_count(1)
    act(writer, case, "转送受理")
    stall = hall.at_work(VILLAGE, "0302", "agent").file("020", **PAPERS)
    act(writer, stall, "转送受理")
    hall.exchange()

    # What has come, with the receipt of who sent it.
    page.goto("/work?view=new")
    row = page.get_by_role("row").filter(has_text=number)
    expect(row).to_contain_text(re.compile(r"驿马镇 \d\d:\d\d"))
    seen(page, "inbox")
    row.get_by_role("link", name=number).click()
    act(page, case, "接收")
    act(page, case, "受理")

    # Form and papers side by side; what is wrong is marked, and comes back put right.
    hall.exchange()
    page.goto(case)
    expect(page.locator(".compare .sheet img").first).to_be_visible()
    seen(page, "side-by-side")
    marks = {"联系地址\uff1a怎么改": "请写到门牌号", "补正理由": "地址不全", "补正期限": "5"}
    act(page, case, "一次性告知补正", marks, ("联系地址",))
    hall.exchange()
    writer.goto("/work?view=back")
    writer.get_by_role("link", name=number).click()
    expect(writer.locator("main")).to_contain_text("请写到门牌号")
    seen(writer, "marked")
    act(writer, case, "补交材料或更正", {"联系地址": "驿马镇上关村三组12号附1"})
    hall.exchange()
    page.goto("/work?view=supplies")
    page.get_by_role("link", name=number).click()
    act(page, case, "采纳补正")
    act(page, case, "出具初审意见", {}, ("同意",))
    expect(panel(page, "办理过程")).to_contain_text("同意")
    act(page, case, "转送审批")

    # A decision inside a delegation to the township.
    act(page, stall, "接收")
    act(page, stall, "受理")
    act(page, stall, "作出决定", {}, ("准予",))
    expect(panel(page, "现在")).to_contain_text("准予")
    seen(page, "decided-by-delegation")
    hall.exchange()
    writer.goto(stall)
    expect(panel(writer, "办理过程")).to_contain_text("准予")
    hall.held_together()
