"""What several people do together, on the pages and for programs: a theme from one form to its departments' signatures,
a joint case with a late member, meetings in the green channel, a fee by its rule and the sheet of the day."""

import re

import pytest

from tests.builders import COUNTY, TOWNSHIP, VILLAGE, Network, delegate, delegate_all
from tests.sync_protocol.case.year_2026 import CALENDAR
from tests.village_node.web.api.program import Program, program_at
from tests.village_node.web.counter import PASSWORD, Counter, Visitor, everywhere, hidden_of, problems
from tests.village_node.web.errands import (
    PAPERS,
    AtHand,
    at_the_county,
    at_the_township,
    chosen,
    delivered,
    done,
    handed_up,
    papers_of,
    refused,
)
from tests.village_node.web.test_export import csv_rows
from tests.village_node.web.test_filing import held
from tests.village_node.web.test_item_versions import form
from tests.village_node.web.test_legal_life import why
from village_node.web.site import SITE

DAY_MS = 86_400_000


@pytest.fixture(autouse=True)
def counters(village: Counter, township: Counter, county: Counter) -> dict[str, Counter]:
    """The three counters with the arrangement of 2026 and the press at hand."""
    made = {VILLAGE: village, TOWNSHIP: township, COUNTY: county}
    for counter in made.values():
        counter.app.extensions[SITE].printer = AtHand()
        counter.member.casebook.own_calendar = CALENDAR
        counter.member.casebook.calendar_kept = None
    return made


@pytest.fixture
def clerk(township: Counter) -> Visitor:
    return township.sign_in("0101", "clerk", "reviewer", name="周涛")


@pytest.fixture
def station_head(township: Counter) -> Visitor:
    return township.sign_in("0102", "head", name="马站长")


def later(network: Network, days: int, **visitors: Visitor) -> None:
    """So many days later these people, by their numbers, sign in again."""
    network.clock.now_ms += days * DAY_MS
    for number, visitor in visitors.items():
        answer = visitor.send("/sign-in", {"staff_no": number.removeprefix("_"), "password": PASSWORD})
        assert answer.status_code == 303
    everywhere(network)


def sign(visitor: Visitor, case: str, member: str, opinion: str = "agree", **said: str) -> str:
    """A department countersigns; what it answers."""
    opened = chosen(visitor.open(case).text, "countersignature", "opened")[-1]
    done(visitor, case, "countersignature", opened=opened, member=member, opinion=opinion, **said)
    return opened


def close(visitor: Visitor, case: str, opened: str) -> None:
    signed = chosen(visitor.open(case).text, "countersign_close", "signatures")
    done(visitor, case, "countersign_close", opened=opened, signatures=signed)


def plain(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.split("<main")[1]))


@pytest.mark.slow
def test_a_theme_is_one_form_one_case_and_its_departments_decisions(
    network: Network, agent: Visitor, clerk: Visitor, county: Counter
) -> None:
    window = county.sign_in("1001", "window", name="赵敏")
    lead = county.sign_in("1002", "officer", name="孙首席")
    city = county.sign_in("1003", "officer", name="钱城管")
    plan = county.sign_in("1004", "officer", name="李规划")
    delegate(county.member, "市场监管", "016", "019", "043", b="1002", head="0009", document_no="委1号")
    delegate(county.member, "城管", "035", b="1003", head="0009", document_no="委2号")
    delegate(county.member, "规划", "031", b="1004", head="0009", document_no="委3号")
    everywhere(network)
    page = plain(agent.open("/file/043").text)
    assert "一张表、一套材料，一次申请办 3 个事项" in page
    assert page.count("经营场所地址") == 1, "two items ask it, and it is asked once"
    assert "身份证 用于：个体工商户设立登记、食品经营(餐饮)许可、户外广告设置" in page
    assert "健康证明 用于：食品经营(餐饮)许可" in page
    assert agent.send("/file/043", {"draft_id": "0" * 32}).status_code == 422

    case = agent.file("043", **PAPERS)
    handed_up(network, agent, clerk, case)
    done(clerk, case, "docket")
    done(clerk, case, "review", opinion="agree")
    handed_up(network, clerk, window, case)
    assert len(held(county, case).materials) == 7
    assert "一件事须先由各联办部门会签，再作出决定" in why(lead, case)
    # The departments of the item stand in the form already.
    asked = re.search(r'name="members"[^>]*>([^<]*)<', window.open(case).text)
    assert asked is not None and asked[1] == "城管\n规划"
    done(window, case, "countersign_open", members=asked[1])
    assert "城管（户外广告设置）：待签，用 0/4 个工作日" in plain(window.open(case).text)
    mine = plain(city.open("/countersigning").text)
    assert "城管 户外广告设置" in mine.split("等其他部门会签")[0] and "规划" in mine.split("等其他部门会签")[1]
    opened = sign(city, case, "城管", "disagree", text="广告过大")
    sign(plan, case, "规划")
    close(window, case, opened)
    # A department's word is its decision: nobody decides over it.
    refused(lead, case, "decide", "城管会签不同意，不能准予", outcome="approve", **shown(lead, case))
    done(window, case, "countersign_open", members="城管")
    close(window, case, sign(city, case, "城管", text="已改小"))
    done(lead, case, "decide", outcome="approve")
    delivered(network, window, case, agent)
    assert held(county, case).state == "delivered"
    sheet = papers_of(window, case)["joint"]
    assert "联办件会签单" in sheet and "城管（户外广告设置）" in sheet and "授权文号委2号" in sheet, sheet
    # It is one case, counted once.
    assert county.member.casebook.view_counts()["all"] == 1


def shown(visitor: Visitor, case: str) -> dict[str, str]:
    return hidden_of(visitor.open(case).text, f"{case}/act/decide")


def test_a_theme_is_published_only_of_items_that_agree(network: Network, county: Counter, agent: Visitor) -> None:
    business = county.sign_in("1004", "business", name="孙丽")
    changed = form(network, "043")
    for field, value, said in (
        ("members", "016\n999", "没有可办的事项 999"),
        ("parties", "规划 | 3", "联办部门中缺少所含事项的部门：城管"),
        ("decide_level", "township", "决定的层级低于所含事项 016"),
        ("form", "premises | 经营场所地址 | address | number | 必填", "“经营场所地址”在所含事项中的填法不一致"),
        ("parties", "城管 | 40\n规划 | 3", "城管的 40 天多于承诺的 10 天"),
    ):
        answer = business.send("/catalogue/043", {**changed, field: value})
        assert answer.status_code == 422 and said in answer.text, (field, problems(answer.text))
    published = business.send("/catalogue/043", {**changed, "papers": "租赁合同 | 原件", "do": "publish"})
    assert published.status_code == 303, problems(published.text)
    everywhere(network)
    guide = plain(agent.open("/items/043/2").text)
    assert "租赁合同" in guide and "健康证明" in guide and "城管 4 个工作日" in guide
    # What its items ask is theirs: the form of the next version shows what the theme asks beside.
    own = re.search(r'name="papers"[^>]*>([^<]*)<', business.open("/catalogue/043").text)
    assert own is not None and own[1].strip() == "租赁合同 | 原件"
    fee = form(network, "034", fee_rule="数量 | nobody\n以上 | 0.00 | 1.00")
    answer = business.send("/catalogue/034", fee)
    assert answer.status_code == 422 and "必填的整数" in answer.text


def test_a_late_member_is_seen_by_the_lead_and_has_the_days(
    network: Network, agent: Visitor, clerk: Visitor, station_head: Visitor, township: Counter
) -> None:
    case = at_the_township(network, agent, clerk, "007")
    done(clerk, case, "docket")
    done(clerk, case, "review", opinion="agree")
    done(clerk, case, "countersign_open", members="自然资源所\n农业综合服务中心")
    delegate(township.member, "自然资源所", b="0101", head="0102")
    delegate(township.member, "农业综合服务中心", head="0102")
    later(network, 1, _0101=clerk, _0102=station_head)
    opened = sign(clerk, case, "自然资源所")
    later(network, 7, _0101=clerk, _0102=station_head)
    page = plain(clerk.open(case).text)
    assert "已超过会签时限：农业综合服务中心，请催办。" in page
    assert "自然资源所：同意，用 1/5 个工作日" in page and "农业综合服务中心：待签，用 6/5 个工作日" in page
    listed = plain(station_head.open("/countersigning").text)
    assert "农业综合服务中心 6/5 黄牌" in listed.split("等其他部门会签")[0] and "自然资源所" not in listed
    for narrowed, there in (("state=late&text=农业", True), ("text=自然资源所", False)):
        assert (case in station_head.open(f"/countersigning?{narrowed}").text) == there, narrowed
    told = program_at(township, "0109", "reviewer").get("/countersigning").get_json()["waiting"]
    assert [(each["department"], each["used"], each["grade"], each["mine"]) for each in told] == [
        ("农业综合服务中心", 6, "yellow", False)
    ]
    sign(station_head, case, "农业综合服务中心")
    assert "没有等您会签的件" in station_head.open("/countersigning").text
    # What is signed waits for the lead again: those days are the township's.
    later(network, 2, _0101=clerk, _0102=station_head)
    close(clerk, case, opened)
    assert re.search(r"联办单位 6", plain(clerk.open(f"{case}/clock").text))
    members = program_at(township, "0110", "reviewer").get(f"{case}/members").get_json()
    assert [(each["stands"], each["used"], each["opinion"]) for each in members["members"]] == [
        ("signed", 1, "agree"), ("signed", 6, "agree"),
    ]  # fmt: skip


def test_a_meeting_gives_people_something_to_do_and_the_supervisor_sees_what_is_late(
    network: Network, agent: Visitor, clerk: Visitor, township: Counter
) -> None:
    case = at_the_township(network, agent, clerk, "001")
    assert "只有绿色通道件和联办件登记会议纪要" in plain(clerk.open(f"{case}/meetings").text)
    done(clerk, case, "lane", lane="green", reason="重点项目", supervisor="王副县长")
    page = clerk.open(f"{case}/meetings").text
    minutes = {
        **hidden_of(page, f"{case}/meetings"),
        "day": "2026-11-18",
        "present": "王副县长\n周涛",
        "decisions": "三日内踏勘",
        "what0": "现场踏勘",
        "who0": "周涛",
        "due0": "2026-11-20",
        "what1": "催收材料",
        "who1": "王芳",
        "due1": "2026-11-30",
    }
    wrong = clerk.send(f"{case}/meetings", {**minutes, "due1": ""})
    assert wrong.status_code == 422 and "每项都要写明做什么、谁来做、哪天前完成" in wrong.text
    assert 'value="催收材料"' in wrong.text, "what was typed is kept"
    for _ in range(2):  # a second click
        assert clerk.send(f"{case}/meetings", minutes).status_code == 303
    assert "会议 1 次，待办 2 项" in plain(clerk.open(case).text)
    everywhere(network)
    later(network, 5, _0101=clerk, _0001=agent)
    reader = program_at(township, "0109", "reviewer")
    late = reader.get("/actions").get_json()["actions"]
    assert [(each["what"], each["who"], each["grade"]) for each in late] == [
        ("现场踏勘", "周涛", "yellow"), ("催收材料", "王芳", ""),
    ]  # fmt: skip
    assert "现场踏勘 周涛" in plain(clerk.open("/actions").text) and "黄牌" in plain(clerk.open("/actions").text)
    file = csv_rows(township.sign_in("0112", "head").open("/actions.csv?text=周涛"))
    assert [each[1:4] for each in file[1:]] == [["1", "周*", "2026年11月20日"]], "what is to be done was typed freely"
    finish = f"{case}/meetings/done"
    said = {**hidden_of(clerk.open(f"{case}/meetings").text, finish), "result": ""}
    assert clerk.send(finish, said).status_code == 422
    assert clerk.send(finish, {**said, "result": "已踏勘，符合条件"}).status_code == 303
    assert "已踏勘，符合条件" in clerk.open(f"{case}/meetings").text
    twice = clerk.send(finish, {**said, "once": "", "result": "又踏勘一次"})
    assert twice.status_code == 409 and "这一项已经登记办结" in twice.text
    everywhere(network)
    assert [each["what"] for each in reader.get("/actions").get_json()["actions"]] == ["催收材料"]
    assert "催收材料" in plain(agent.open("/actions").text), "every node that holds the case lists it"
    program = program_at(township, "0111", "clerk")
    act = {"meeting": late[1]["meeting"], "number": 2, "result": "已补齐"}
    assert program.post(f"{case}/acts/action_done", act).status_code == 200
    assert reader.get("/actions").get_json()["actions"] == []


def test_a_fee_is_worked_out_by_its_rule_and_the_sheet_of_the_day_sums_it_up(
    network: Network, agent: Visitor, clerk: Visitor, county: Counter
) -> None:
    officer = county.sign_in("1001", "officer", "window", "cashier", name="赵敏")
    delegate_all(county.member, "1001")
    cases = [at_the_county(network, agent, clerk, officer, "034") for _ in range(2)]
    for case in cases:
        done(officer, case, "decide", outcome="approve")
    page = plain(officer.open(cases[0]).text)
    assert "应缴 60.00 元" in page
    assert "占道面积（平方米） 12 × 占道天数（天） 5 ＝ 60 平方米·天；60 × 1.00 元 ＝ 60.00 元" in page
    asks = officer.open(cases[0]).text.partition("/act/fee_notice")[2].partition("</form>")[0]
    assert 'name="due_days"' in asks and 'name="amount_fen"' not in asks, "nobody types a sum"
    program: Program = program_at(county, "1008", "cashier")
    other = program.act(cases[0], "fee_notice", amount_fen=1)
    assert other.status_code == 422 and "60.00" in other.text and held(county, cases[0]).fee is None
    program.done(cases[0], "fee_notice", due_days=15)
    done(officer, cases[1], "fee_notice", due_days="15")
    done(officer, cases[0], "fee_settled", how="paid", receipt_no="票0001")
    refused(officer, cases[1], "fee_settled", "请填写此项", how="waived")
    done(officer, cases[1], "fee_settled", how="waived", decision_no="庆财减〔2026〕3号")
    sheet = program_at(county, "1009", "window").get("/fees").get_json()
    assert {each["what"]: (each["count"], each["amount_fen"]) for each in sheet["sums"]} == {
        "notice": (2, 12_000), "paid": (1, 6_000), "waived": (1, 6_000),
    }  # fmt: skip
    assert sheet["waived"][0]["document_no"] == "庆财减〔2026〕3号" and sheet["notices"][0]["document_no"]
    shown_day = plain(officer.open("/fees").text)
    for each in (
        "缴费通知：2 笔，合计 120.00 元",
        "已缴费：1 笔，合计 60.00 元",
        "减免：1 笔，合计 60.00 元",
        "票0001",
    ):
        assert each in shown_day, shown_day
    assert "当日没有" in officer.open("/fees?day=2026-11-01").text
    narrowed = plain(officer.open("/fees?what=paid&text=票0001").text)
    assert "已缴费：1 笔，合计 60.00 元" in narrowed and "减免：" not in narrowed and "日结请先清除筛选" in narrowed
    assert "已缴费：0 笔，合计 0.00 元" in plain(officer.open("/fees?what=paid&text=票0002").text)
    everywhere(network)
    assert "当日没有" in clerk.open("/fees").text, "another place's money is on its own sheet"
