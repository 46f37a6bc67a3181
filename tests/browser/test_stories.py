"""A day's work in a real browser: filed at a village, reviewed, decided, handed over, and looked up by the resident."""

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import PHONE, Hall, press
from tests.browser.sheets import A4_MM, A5_MM, read
from tests.builders import COUNTY, TOWNSHIP, VILLAGE
from tests.village_node.web.counter import CARD, PASSWORD, SEEN
from village_node.accounts.sessions import IDLE_MS

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def file(agent: Page) -> tuple[str, str, str]:
    """File an application as an agent does; the path of the case, its number and its code."""
    agent.goto("/items")
    agent.get_by_label("事项名称").fill("zdsh")
    agent.get_by_role("button", name="查找").click()
    agent.get_by_role("link", name="办理", exact=True).click()
    agent.get_by_label("姓名或单位名称").fill("张秀兰")
    agent.get_by_label("证件号码").fill(CARD.lower())
    agent.get_by_label("联系电话").fill("138 0000 1234")
    agent.get_by_label("联系地址").fill("驿马镇上关村三组12号")
    agent.get_by_label("申请事由").fill("家庭三口人\uff0c收入低于当地标准。")
    agent.get_by_label("身份证", exact=True).check()
    agent.get_by_role("button", name="提交并打印回执").click()
    expect(agent.get_by_role("heading", name="收件回执")).to_be_visible()
    number, code = agent.locator(".big-number").all_inner_texts()
    return re.sub(r"^https?://[^/]+|/receipt$", "", agent.url), number, code


def filled(
    page: Page,
    case: str,
    label: str | re.Pattern[str],
    texts: dict[str, str] | None = None,
    ticks: tuple[str, ...] = (),
) -> Locator:
    """Open a case, unfold a move and fill its form in; that move, not yet sent."""
    page.goto(case)
    move = page.locator("details.act").filter(has=page.locator("summary", has_text=label)).first
    move.locator("summary").click()
    for name, text in (texts or {}).items():
        move.get_by_label(name, exact=False).first.fill(text)
    for tick in ticks:
        move.get_by_label(tick, exact=True).first.check()
    why = move.locator("[name=note], [name=reasons]").first
    if move.locator("[data-unproven]").count() and why.count() and not why.input_value():
        why.fill(SEEN)
    return move


def act(
    page: Page,
    case: str,
    label: str | re.Pattern[str],
    texts: dict[str, str] | None = None,
    ticks: tuple[str, ...] = (),
) -> None:
    """Open a case, unfold a move, fill its form in and send it."""
    move = filled(page, case, label, texts, ticks)
    with page.expect_navigation():
        move.get_by_role("button").first.click()
    expect(page.locator(".box.bad[role=alert]")).to_have_count(0)


def walk(hall: Hall, agent: Page, clerk: Page, officer: Page) -> tuple[str, str, str]:
    """The whole way of a case; its path, number and code."""
    case, number, code = file(agent)
    act(agent, case, "转送受理")
    hall.exchange()
    act(clerk, case, "接收")
    act(clerk, case, "受理")
    act(clerk, case, "一次性告知补正", {"材料《户口簿》\uff1a怎么改": "请补交复印件"}, ("材料《户口簿》",))
    hall.exchange()
    act(agent, case, "补交材料或更正", {"补正说明": "已补"}, ("户口簿",))
    hall.exchange()
    act(clerk, case, "采纳补正")
    act(clerk, case, "出具初审意见", {"意见说明": "入户核查属实"}, ("同意",))
    act(clerk, case, "转送审批")
    hall.exchange()
    act(officer, case, "接收")
    act(officer, case, "作出决定", {}, ("准予",))
    act(officer, case, "转下送达")
    hall.exchange()
    act(agent, case, "接收")
    act(agent, case, "登记送达", {"领取人": "张秀兰"}, ("本人领取",))
    hall.exchange()
    return case, number, code


def people(hall: Hall, **options: Any) -> tuple[Page, Page, Page]:
    """An agent, a township clerk who also reviews, and a county officer who also sits at the window."""
    return (
        hall.staff(VILLAGE, "0001", "agent", **options),
        hall.staff(TOWNSHIP, "0101", "clerk", "reviewer", name="李强", **options),
        hall.staff(COUNTY, "1001", "window", "officer", "head", name="赵敏", **options),
    )


def test_a_case_is_filed_reviewed_decided_delivered_and_looked_up(hall: Hall) -> None:
    agent, clerk, officer = people(hall)
    case, number, code = walk(hall, agent, clerk, officer)
    agent.goto(case)
    expect(agent.locator("main")).to_contain_text("已送达")
    expect(agent.locator("main")).to_contain_text("庆城县 机器已收到")
    resident = hall.page(viewport=PHONE)
    resident.goto("/query")
    resident.get_by_label("收件编号").fill(number.lower())
    resident.get_by_label("查询码").fill(code[:6])
    resident.get_by_role("button", name="查询").click()
    expect(resident.locator("main")).to_contain_text("已送达")
    expect(resident.locator("main")).to_contain_text("张*")
    expect(resident.locator("main")).not_to_contain_text("张秀兰")
    resident.get_by_role("link", name="查完了").click()
    resident.goto(f"/q/{code.replace('-', '')}")
    expect(resident.locator("main")).to_contain_text("准予")
    assert hall.complaints == []
    own = tuple(hall.urls.values())
    assert hall.requests and all(url.startswith(own) for url in hall.requests), "no request left the node"


def test_everything_works_without_javascript(hall: Hall) -> None:
    agent, clerk, officer = people(hall, java_script_enabled=False)
    case, _, code = walk(hall, agent, clerk, officer)
    resident = hall.page(java_script_enabled=False)
    resident.goto(f"/q/{code.replace('-', '')}")
    expect(resident.locator("main")).to_contain_text("已送达")
    agent.goto(case)
    agent.get_by_role("button", name="English").click()
    expect(agent.locator("h2").first).to_have_text("What can be done")
    press(agent, "Sign out")
    agent.goto(case)
    expect(agent).to_have_url(re.compile(r"/sign-in\?back="))
    assert hall.complaints == []


def test_a_wrong_field_is_shown_beside_it_and_a_draft_is_kept(hall: Hall) -> None:
    agent = hall.staff(VILLAGE, "0001", "agent")
    agent.goto("/file/001")
    agent.get_by_label("姓名或单位名称").fill("张秀兰")
    agent.get_by_label("证件号码").fill("110105194912310021")
    agent.get_by_role("button", name="提交并打印回执").click()
    expect(agent.get_by_role("alert")).to_contain_text("还没有提交")
    expect(agent.get_by_label("证件号码")).to_have_value("110105194912310021")
    expect(agent.get_by_label("证件号码")).to_have_attribute("aria-invalid", "true")
    expect(agent.locator("#e-applicant_id_no")).to_contain_text("校验位不符")
    agent.get_by_role("alert").get_by_role("link", name="申请事由").click()
    assert agent.url.endswith("#f-request")
    agent.goto("/work?view=drafts")
    agent.get_by_role("link", name="最低生活保障审核确认").click()
    expect(agent.get_by_label("姓名或单位名称")).to_have_value("张秀兰")


@pytest.mark.slow
def test_after_signing_out_the_back_button_shows_nothing(hall: Hall) -> None:
    agent = hall.staff(VILLAGE, "0001", "agent")
    case, number, _ = file(agent)
    agent.goto(case)
    agent.get_by_role("button", name="退出").click()
    expect(agent.get_by_role("heading", name="您要办什么")).to_be_visible()
    agent.go_back()
    expect(agent.get_by_role("heading", name="工作人员登录")).to_be_visible()
    expect(agent.locator("body")).not_to_contain_text(number)


def test_a_form_sent_after_the_session_ended_goes_on_after_signing_in(hall: Hall) -> None:
    agent = hall.staff(VILLAGE, "0001", "agent")
    agent.goto("/file/001")
    agent.get_by_label("姓名或单位名称").fill("张秀兰")
    hall.network.clock.now_ms += IDLE_MS
    agent.get_by_role("button", name="保存草稿").click()
    expect(agent.get_by_role("heading", name="登录已过期")).to_be_visible()
    agent.get_by_label("工号").fill("0001")
    agent.get_by_label("密码").fill(PASSWORD)
    agent.get_by_role("button", name="登录并继续").click()
    expect(agent.get_by_role("status").filter(has_text="草稿已保存")).to_be_visible()
    expect(agent.get_by_label("姓名或单位名称")).to_have_value("张秀兰")


def test_the_keyboard_alone_is_enough_to_sign_in(hall: Hall) -> None:
    hall.staff(VILLAGE, "0001", "agent").get_by_role("button", name="退出").click()
    page = hall.page()
    page.goto("/sign-in")
    page.get_by_label("工号").focus()
    page.keyboard.type("0001")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="退出")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="跳到正文")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("#main$"))


def test_the_sync_strip_renews_itself_and_moves_nothing(hall: Hall) -> None:
    agent = hall.staff(VILLAGE, "0001", "agent")
    agent.clock.install()
    agent.goto("/work")
    expect(agent.get_by_role("status").first).to_contain_text("尚未与上级联系过")
    before = agent.locator("main").bounding_box()
    hall.exchange()
    agent.clock.fast_forward(15_500)
    expect(agent.get_by_role("status").first).to_contain_text("已同步")
    assert agent.locator("main").bounding_box() == before


@pytest.mark.slow
def test_an_ended_session_takes_its_page_away_unless_somebody_is_typing(hall: Hall) -> None:
    agent = hall.staff(VILLAGE, "0001", "agent")
    case, number, _ = file(agent)
    agent.clock.install()
    agent.goto(case)
    expect(agent.locator("main")).to_contain_text(number)
    agent.mouse.move(300, 300)
    hall.network.clock.now_ms += IDLE_MS
    agent.clock.fast_forward(15_500)
    expect(agent.get_by_role("heading", name="工作人员登录")).to_be_visible()
    agent.get_by_label("工号").fill("0001")
    agent.get_by_label("密码").fill(PASSWORD)
    press(agent, "登录", exact=True)
    agent.goto("/file/001")
    agent.get_by_label("姓名或单位名称").fill("李")
    agent.get_by_label("联系电话").focus()
    hall.network.clock.now_ms += IDLE_MS
    agent.clock.fast_forward(15_500)
    expect(agent.get_by_role("status").first).not_to_contain_text("立即同步")
    expect(agent.get_by_label("姓名或单位名称")).to_have_value("李")


@pytest.mark.slow
def test_an_answer_on_a_kiosk_goes_away_when_nobody_looks(hall: Hall) -> None:
    agent = hall.staff(VILLAGE, "0001", "agent")
    _, number, code = file(agent)
    resident = hall.page()
    resident.clock.install()
    resident.goto(f"/q/{code.replace('-', '')}")
    expect(resident.locator("main")).to_contain_text(number)
    resident.clock.fast_forward(119_000)
    expect(resident.locator("main")).to_contain_text(number)
    resident.clock.fast_forward(2_000)
    expect(resident.get_by_role("heading", name="查我的办件")).to_be_visible()
    expect(resident.locator("body")).not_to_contain_text(number)


@pytest.mark.slow
def test_what_is_printed_is_the_page_without_its_frame(hall: Hall) -> None:
    agent = hall.staff(VILLAGE, "0001", "agent")
    case, number, code = file(agent)
    agent.goto(f"{case}/receipt")
    agent.emulate_media(media="print")
    for frame in (".top", ".sync-strip", ".foot", ".button-row"):
        expect(agent.locator(frame).first).to_be_hidden()
    expect(agent.locator("main")).to_contain_text(number)
    expect(agent.locator("main")).to_contain_text(code)
    expect(agent.locator(".qr svg")).to_be_visible()
    frame = agent.locator(".foot").text_content() or ""
    for size, measures in (("A4", A4_MM), ("A5", A5_MM)):
        paper = read(agent.pdf(format=size), measures)
        for said in ("收件回执", number, code, "最低生活保障审核确认"):
            assert said in paper, (size, said)
        for unsaid in ("退出", "大字版", "日历", "立即同步", re.sub(r"\s+", "", frame)[:12]):
            assert unsaid not in paper, (size, unsaid)


@pytest.mark.slow
def test_a_case_is_taken_from_a_silent_township_and_its_late_work_is_adopted(hall: Hall) -> None:
    agent = hall.staff(VILLAGE, "0001", "agent")
    clerk = hall.staff(TOWNSHIP, "0101", "clerk", name="李强")
    window = hall.staff(COUNTY, "1001", "window", name="周敏")
    officer = hall.staff(COUNTY, "1002", "officer", name="孙首席")
    case, number, _ = file(agent)
    act(agent, case, "转送受理")
    hall.exchange()
    act(clerk, case, "接收")
    hall.exchange()
    act(clerk, case, "受理")
    # The road to the township is cut; two people at the county take the case.
    act(window, case, "强制改派", {"改派理由": "驿马镇断网三天"}, ("庆城县\uff08本单位\uff09",))
    expect(window.get_by_text("等另一位有权的人确认")).to_be_visible()
    officer.goto("/work")
    officer.get_by_role("link", name="待确认改派").first.click()
    officer.get_by_role("button", name="确认改派").click()
    expect(officer.get_by_text("已保存\uff1a强制改派")).to_be_visible()
    hall.exchange()
    hall.exchange()
    # The road is back, and with it what the township had written meanwhile.
    officer.goto("/work")
    officer.get_by_role("link", name="异常记录").click()
    expect(officer.get_by_role("link", name=number)).to_be_visible()
    expect(officer.get_by_role("checkbox", name="受理")).to_be_checked()
    officer.get_by_label("说明", exact=False).fill("情况属实")
    officer.get_by_role("button", name="采纳所勾选的").click()
    expect(officer.get_by_text("庆城县 已采纳")).to_be_visible()
    hall.exchange()
    clerk.goto("/oddities?view=ours")
    expect(clerk.get_by_text("庆城县 已采纳")).to_be_visible()
    assert hall.complaints == []
