"""The days of three counters: a village posts and takes in for others, a township takes in, a county examines."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import vouched
from tests.browser.linked import Linked, open_linked, panel, seen
from tests.browser.sheets import printed, read
from tests.browser.test_phone import photo
from tests.browser.test_stories import act, file, filled
from tests.browser.test_stories_of_officers import number_of
from tests.builders import COUNTY, TOWNSHIP, VILLAGE, delegate
from tests.village_node.web.counter import APPLICATION, CARD
from tests.village_node.web.errands import PAPERS

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]

EXAMINE = "启动程序或要求补正"


@pytest.fixture(scope="module")
def hall(chromium: Browser) -> Iterator[Linked]:
    """One network for all stories of this file; each has people of its own."""
    with open_linked(chromium) as opened:
        yield opened


def applied(page: Page, item_no: str, request: str = "家庭三口人\uff0c收入低于当地标准。") -> None:
    """An applicant's own part of a form, the papers in hand ticked, not yet sent."""
    page.goto(f"/file/{item_no}")
    page.get_by_label("姓名或单位名称").fill("张秀兰")
    page.get_by_label("证件号码").fill(CARD)
    page.get_by_label("联系电话").fill("13800001234")
    page.get_by_label("申请事由").fill(request)
    for box in page.locator(".check-list .check:first-child [type=checkbox]").all():
        box.check()


def sent(page: Page) -> str:
    """File what was filled in; the path of the case."""
    page.get_by_role("button", name="提交并打印回执").click()
    expect(page.get_by_role("heading", name="收件回执")).to_be_visible()
    return "/" + page.url.split("/", 3)[3].removesuffix("/receipt")


def test_a_village_posts_a_public_notice_and_takes_it_down(hall: Linked) -> None:
    agent = hall.staff(VILLAGE, "0001", "agent")
    clerk = hall.staff(TOWNSHIP, "0101", "clerk", "reviewer", name="李强")
    case, number, _ = file(agent)
    act(agent, case, "转送受理")
    hall.exchange()
    act(clerk, case, "接收")
    act(clerk, case, "受理")
    act(clerk, case, EXAMINE, {"依据": "最低生活保障审核确认办法", "计划工作日": "7"}, ("公示",))
    expect(panel(clerk, "现在")).to_contain_text("村里还没有登记张贴公示")
    hall.exchange()

    agent.goto("/work")
    agent.locator(".box.waiting", has_text="要张贴、核实的公示").get_by_role("link", name=number).click()
    expect(panel(agent, "现在")).to_contain_text("公示期 7 日")
    seen(agent, "to-be-posted")
    sheet = read(printed(agent, "打印《公示》"))
    assert "公示" in sheet and "最低生活保障" in sheet and CARD not in sheet
    for button, kept in (("登记已张贴", "张贴：上关村"), ("登记已撤下", "撤下：上关村")):
        agent.goto(case)
        agent.get_by_label("拍一张照片").set_input_files([photo(button)])
        agent.get_by_role("button", name=button).click()
        agent.goto(case)
        expect(panel(agent, "现在")).to_contain_text(kept)
        expect(panel(agent, "现在").locator("img.paper-preview").last).to_be_visible()
        seen(agent, f"posting-{kept[:2]}")
    agent.goto("/work")
    expect(agent.locator("main")).not_to_contain_text("公示已张贴")
    head = hall.staff(VILLAGE, "0007", "head", name="赵主任")
    head.goto(case)
    head.get_by_label("有异议", exact=True).check()
    head.get_by_label("说明\uff08有异议的").fill("张三\uff1a收入不实")
    head.get_by_role("button", name="确认", exact=True).click()
    expect(panel(head, "现在")).to_contain_text("公示结果\uff1a有异议")
    expect(panel(head, "现在").locator("input[name=finding]:checked")).to_have_count(0)
    seen(head, "objected")
    hall.exchange()
    clerk.goto(case)
    expect(panel(clerk, "现在")).to_contain_text("公示已张贴\uff0c已撤下")
    expect(panel(clerk, "现在")).to_contain_text("公示结果\uff1a有异议")
    seen(clerk, "posted")
    act(clerk, case, "结束程序", {"结果": "无异议"})
    expect(panel(clerk, "现在")).not_to_contain_text("公示已张贴")
    hall.held_together()


def test_somebody_applies_for_a_neighbour_and_signs_the_power_of_attorney(hall: Linked) -> None:
    agent = hall.staff(VILLAGE, "0011", "agent")
    applied(agent, "001")
    agent.get_by_label("申请人委托家属等他人代为申请").check()
    agent.get_by_label("受托人姓名").fill("王小琴")
    agent.get_by_role("button", name="提交并打印回执").click()
    expect(agent.get_by_role("alert").get_by_role("link", name="委托书上的签名")).to_be_visible()
    expect(agent.get_by_label("受托人姓名")).to_have_value("王小琴")
    agent.get_by_label("与申请人关系").fill("女儿")
    agent.get_by_label("受托人电话").fill("13900001111")
    agent.get_by_label("委托说明").fill("委托书原件 1 份")
    agent.get_by_label("委托书上的签名").select_option("hand_print")
    agent.get_by_label("委托期限至").fill("2026-12-31")
    seen(agent, "filed-by-proxy")
    case = sent(agent)
    agent.goto(case)
    expect(panel(agent, "申请信息")).to_contain_text("代为提交、补正和签收\uff1b至 2026-12-31\uff1b签名并按手印")
    expect(panel(agent, "申请信息")).not_to_contain_text("王小琴")
    letter = read(printed(agent, "打印《授权委托书》"))
    for words in ("委托人张秀兰", "王小琴", "女儿", "至2026年12月31日止", CARD):
        assert words in letter, words
    hall.held_together()


def test_who_looks_at_personal_data_says_why_and_the_administrator_reads_that(hall: Linked) -> None:
    agent = hall.staff(VILLAGE, "0021", "agent")
    admin = hall.staff(VILLAGE, "0029", "admin", name="管理")
    agent.goto(case := hall.at_work(VILLAGE, "0022", "agent", name="刘洋").file("001", **PAPERS))
    number, form = number_of(agent), panel(agent, "申请信息")
    expect(form).to_contain_text("张*")
    form.get_by_text("查看完整个人信息").click()
    form.get_by_role("button", name="查看一次").click()
    expect(agent.get_by_role("alert")).to_contain_text("原因")
    expect(agent.locator("main")).not_to_contain_text(CARD)
    agent.goto(case)
    form.get_by_text("查看完整个人信息").click()
    form.get_by_label("查看原因").fill("当面核对证件号码")
    form.get_by_role("button", name="查看一次").click()
    expect(form).to_contain_text(CARD)
    expect(agent.locator("h1 + .inline")).to_contain_text("请勿拍照外传")
    seen(agent, "unmasked")
    agent.goto(case)
    expect(form).not_to_contain_text(CARD)
    admin.goto("/audit")
    row = admin.get_by_role("row").filter(has_text="查看完整个人信息")
    expect(row).to_have_count(1)
    for said in ("0021", number, "当面核对证件号码"):
        expect(row).to_contain_text(said)
    expect(admin.locator("main")).not_to_contain_text(APPLICATION["applicant_name"])
    box = row.bounding_box()
    assert box is not None and box["height"] < 200, "a line of a few words is no column of single letters"
    seen(admin, "unmasked-in-the-trail")
    hall.held_together()


def keeps_a_seal(head: Page, seal_no: str, custodian: str, name: str) -> None:
    """A decision seal is entered, in somebody's keeping."""
    head.goto("/seals")
    new = panel(head, "登记印章")
    new.get_by_label("印章编号").fill(seal_no)
    new.get_by_label("种类").select_option("decision")
    new.get_by_label("印章单位").fill("庆城县民政局")
    new.get_by_label("保管人工号").fill(custodian)
    new.get_by_label("依据文号").fill("印〔2026〕3号")
    new.get_by_role("button", name="登记").click()
    vouched(head)
    expect(panel(head, seal_no)).to_contain_text(f"保管人{name}")


def asks_for_a_paper(officer: Page, window: Page, hall: Linked, case: str) -> None:
    """The county misses a paper, the township where it was filed hands it in, and it counts."""
    asked = {"依据": "残疾人两项补贴办法", "材料《银行卡》\uff1a怎么改": "请补交复印件"}
    act(officer, case, EXAMINE, asked, ("审查中补正", "材料《银行卡》"))
    number = number_of(officer)
    assert "银行卡" in read(printed(officer, "打印《审查阶段补正材料通知书》"))
    hall.exchange()
    window.goto("/work?view=back")
    window.get_by_role("link", name=number).click()
    expect(panel(window, "现在")).to_contain_text("请补交复印件")
    seen(window, "asked-in-examination")
    act(window, case, "补交材料或更正", {"补正说明": "已补"}, ("银行卡",))
    hall.exchange()
    officer.goto(case)
    back = filled(officer, case, "结束程序", {"结果": "已补齐"})
    back.get_by_role("checkbox").first.check()
    seen(officer, "supplied-in-examination")
    back.get_by_role("button").first.click()
    expect(officer.locator("main [role=status]")).to_contain_text("已保存")


def test_a_walk_in_at_the_township_is_decided_at_the_county_by_delegation_and_under_seal(hall: Linked) -> None:
    window = hall.staff(TOWNSHIP, "0131", "clerk", "reviewer", name="李强")
    officer = hall.staff(COUNTY, "1031", "window", "officer", name="楚科长")
    head = hall.staff(COUNTY, "1039", "head", name="冯局长")
    delegate(hall.network.members[COUNTY], "民政", "006", b="1031", b_name="楚科长", head="1039", document_no="委9号")
    applied(window, "006", "重度残疾\uff0c生活困难。")
    seen(window, "walk-in")
    case = sent(window)
    act(window, case, "受理")
    act(window, case, "出具初审意见", {}, ("同意",))
    act(window, case, "转送审批")
    hall.exchange()
    act(officer, case, "接收")
    asks_for_a_paper(officer, window, hall, case)

    keeps_a_seal(head, "民政审批章", "1031", "楚科长")
    seen(head, "seal")
    act(officer, case, "作出决定", {}, ("准予",))
    expect(panel(officer, "现在")).to_contain_text("授权核对\uff1a相符\uff0c委托书 委9号")
    seen(officer, "decided-under-seal")
    number = number_of(officer)
    decision = read(printed(officer, "打印《准予决定书》"))
    for words in ("张秀兰", "庆城县民政局", "样章", number):
        assert words in decision, words
    head.goto("/seals")
    used = panel(head, "用印记录").get_by_role("row").filter(has_text=number)
    expect(used).to_contain_text("楚科长")
    expect(used).to_contain_text("民政审批章")
    seen(head, "seal-used")
    hall.exchange()
    window.goto(case)
    expect(panel(window, "现在")).to_contain_text("准予")
    hall.held_together()
