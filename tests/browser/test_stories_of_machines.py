"""A village's computer is stolen: the county's business section and a head shut it out, and the pages of all say so."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import vouched
from tests.browser.linked import Linked, open_linked, panel, seen
from tests.builders import COUNTY, TOWNSHIP, VILLAGE
from tests.village_node.web.counter import CARD
from tests.village_node.web.errands import PAPERS
from tests.village_node.web.test_filing import held

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]

WHY = "电脑于 11 月 17 日夜间被盗，已报警"


@pytest.fixture
def hall(chromium: Browser) -> Iterator[Linked]:
    """A network whose roster changes travel by exchanges alone."""
    with open_linked(chromium) as opened:
        built = opened.network
        built.hand_out_roster = False
        built.members[COUNTY].casebook.sign_roster_with(lambda: [built.publisher_key])
        yield opened


def word_goes_round(hall: Linked) -> None:
    """Each calls the one above it, the township first, a few times, whether it is heard or not."""
    for _ in range(3):
        hall.network.clock.now_ms += 60_000
        for code in (TOWNSHIP, VILLAGE):
            hall.lines.uplinks[code].sync_now()


def asks_for_it(page: Page) -> None:
    """The business section finds the machine below and says why it is to be shut out."""
    page.goto("/children")
    page.get_by_role("link", name="机器丢失\uff0c停用").click()
    page.get_by_label("理由", exact=False).fill(WHY)
    row = page.get_by_role("row").filter(has_text="上关村")
    expect(row).to_contain_text("在用")
    seen(page, "revoke-ask")
    row.get_by_role("button", name="吊销").click()
    vouched(page)
    waits = page.get_by_role("region", name="上关村")
    expect(waits).to_contain_text(WHY)
    expect(waits).to_contain_text("须由另一人确认")
    expect(waits.get_by_role("button", name="确认吊销")).to_have_count(0)
    seen(page, "revoke-asked")


def confirms_it(page: Page) -> None:
    """Another person looks at it and confirms."""
    page.goto("/revocations")
    waits = page.get_by_role("region", name="上关村")
    expect(waits).to_contain_text(WHY)
    seen(page, "revoke-confirm")
    waits.get_by_role("button", name="确认吊销").click()
    vouched(page)
    expect(panel(page, "办理记录")).to_contain_text("已吊销")
    expect(panel(page, "办理记录")).to_contain_text("提出\uff1a1002\uff0c办理\uff1a1001")
    expect(page.get_by_role("row").filter(has_text="上关村")).to_contain_text("已吊销")


def types_an_application(page: Page) -> None:
    """What a village agent types, sent."""
    page.goto("/file/001")
    page.get_by_label("姓名或单位名称").fill("张秀兰")
    page.get_by_label("证件号码").fill(CARD)
    page.get_by_label("联系电话").fill("13800001234")
    page.get_by_label("联系地址").fill("驿马镇上关村三组12号")
    page.get_by_label("申请事由").fill("家庭三口人\uff0c收入低于当地标准。")
    page.get_by_label("身份证", exact=True).check()
    page.get_by_role("button", name="提交并打印回执").click()


def test_the_business_section_and_a_head_shut_out_a_stolen_machine_and_its_later_records_count_nowhere(
    hall: Linked,
) -> None:
    agent = hall.at_work(VILLAGE, "0001", "agent")
    before = agent.file("001", **PAPERS)
    hall.exchange()
    late = agent.file("036", **PAPERS)
    late_no = held(hall.counters[VILLAGE], late).case_no
    assert hall.lines.uplinks[VILLAGE].sync_now()["ok"], "it has come as far as the township"

    business = hall.staff(COUNTY, "1002", "business", name="孙科长")
    head = hall.staff(COUNTY, "1001", "head", name="冯局长")
    asks_for_it(business)
    confirms_it(head)
    never_left = held(hall.counters[VILLAGE], agent.file("036", **PAPERS)).case_no
    word_goes_round(hall)

    # What had come to the county stands; what comes after that is kept, shown, and counts nowhere.
    business.goto("/revocations")
    row = business.get_by_role("row").filter(has_text="上关村")
    expect(row).to_contain_text("吊销后收到 2 条\uff0c不作数")
    seen(business, "revoked-behind")
    there = hall.staff(TOWNSHIP, "0103", "head", name="高峰")
    for person, name in ((there, "township"), (head, "county")):
        person.goto("/oddities?view=all")
        expect(person.locator("main")).to_contain_text(re.compile("申请未到|" + re.escape(late_no)))
        expect(person.get_by_text("作出单位的该设备已被停用或冻结")).to_have_count(2)
        seen(person, f"revoked-oddities-{name}")
        person.goto(before)
        expect(person.locator("main")).to_contain_text("已收件")
        person.goto("/work?view=all")
        expect(person.locator("main")).not_to_contain_text(never_left)
    seen(there, "revoked-township-work")

    # The machine itself says so on every page and takes nothing more; what is typed there stays.
    thief = hall.staff(VILLAGE, "0002", "agent", name="刘洋")
    thief.goto("/work")
    expect(thief.locator(".sync")).to_contain_text("本机已被上级吊销\uff0c不能再收件、办件和同步")
    expect(thief.locator(".sync")).to_contain_text("1 件未上报")
    seen(thief, "revoked-village")
    types_an_application(thief)
    expect(thief.get_by_role("alert").first).to_contain_text("请到本单位正在使用的机器上办理")
    expect(thief.get_by_label("姓名或单位名称")).to_have_value("张秀兰")
    seen(thief, "revoked-village-refuses")
    hall.held_together()
