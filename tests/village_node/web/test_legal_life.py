"""The legal life of a case on the pages: one journey for each thing that may befall it, as its people would do it."""

import re

import pytest

from sync_protocol.case import STATES, bodies, kinds
from sync_protocol.places import about
from tests.builders import TOWNSHIP, VILLAGE, Network, delegate, delegate_all
from tests.village_node.web.counter import PASSWORD, Counter, Visitor, everywhere, exchange, hidden_of
from tests.village_node.web.errands import (
    PAPERS,
    at_the_county,
    at_the_township,
    chosen,
    done,
    hindered,
    proposed,
    refused,
)
from tests.village_node.web.test_filing import held
from village_node.casebook import BadBody
from village_node.web import query, words

DAY_MS = 86_400_000


@pytest.fixture
def clerk(township: Counter) -> Visitor:
    return township.sign_in("0101", "clerk", "reviewer", name="李强")


@pytest.fixture
def station_head(township: Counter) -> Visitor:
    return township.sign_in("0102", "head", name="马站长")


@pytest.fixture
def officer(county: Counter) -> Visitor:
    delegate_all(county.member, "1001", "1002")
    return county.sign_in("1001", "window", "officer", name="赵敏")


@pytest.fixture
def head(county: Counter) -> Visitor:
    return county.sign_in("1002", "head", name="钱局长")


def days_pass(network: Network, days: int, *visitors: Visitor) -> None:
    """Days later, everybody signs in again."""
    network.clock.now_ms += days * DAY_MS
    for visitor in visitors:
        staff_no = "0001" if visitor.counter.config.place == VILLAGE else "0101"
        answer = visitor.send("/sign-in", {"staff_no": staff_no, "password": PASSWORD})
        assert answer.status_code == 303


def why(visitor: Visitor, case: str) -> str:
    """What the page says of buttons that are missing."""
    return visitor.open(case).text.split("为什么没有别的按钮")[1].split("</dl>")[0]


def test_a_refusal_is_overturned_by_the_business_section_and_goes_on(
    network: Network, agent: Visitor, clerk: Visitor, county: Counter, village: Counter
) -> None:
    case = at_the_township(network, agent, clerk, "001")
    answer = clerk.act(case, "refuse", reasons="不属于本机关职权")
    assert answer.status_code == 422, "a refusal names its legal basis"
    done(clerk, case, "refuse", reasons="不属于本机关职权", legal_basis="行政许可法第三十二条")
    everywhere(network)
    assert "案件状态为“不予受理”" in why(clerk, case)
    done(agent, case, "review_request", reason="材料齐全", by="张秀兰")
    everywhere(network)
    business = county.sign_in("1003", "business", name="孙科长")
    assert case in business.open("/work?view=reviews").text
    page = business.open(case).text
    request = chosen(page, "review_decision", "request")
    assert len(request) == 1 and "张秀兰" not in page
    done(business, case, "review_decision", request=request[0], outcome="overturn", reasons="属于该镇职权")
    everywhere(network)
    found = held(village, case)
    assert (found.state, found.holder) == ("received", TOWNSHIP)
    assert "不予受理（已撤销）" in agent.open(case).text
    done(clerk, case, "docket")


def test_who_refused_at_the_county_does_not_decide_the_review(county: Counter) -> None:
    person = county.sign_in("1001", "window", "business", name="赵敏")
    case = person.file("016", **PAPERS)
    done(person, case, "refuse", reasons="不属于本机关职权", legal_basis="行政许可法第三十二条")
    done(person, case, "review_request", reason="不服")
    other, page = county.sign_in("1003", "business", name="孙科长"), person.open(case).text
    assert "/act/review_decision" not in page and "您现在不能：" in page and "作出不予受理的人不能办理复核" in page
    request = chosen(other.open(case).text, "review_decision", "request")[0]
    said = {"request": request, "outcome": "uphold", "reasons": "确不属于"}
    hidden = hidden_of(other.open(case).text, f"{case}/act/review_decision")
    answer = person.send(f"{case}/act/review_decision", {**hidden, **said, "token": person.token()})
    assert answer.status_code == 409 and "作出不予受理的人不能办理复核" in answer.text
    done(other, case, "review_decision", **said)


def test_a_case_lapses_after_its_day_once_the_village_was_heard(
    network: Network, agent: Visitor, clerk: Visitor, township: Counter
) -> None:
    case = at_the_township(network, agent, clerk, "001")
    done(clerk, case, "return_for_correction", due_days="2", **{"what:applicant_phone": "空号"})
    everywhere(network)
    said = {"reasons": "逾期未补正"}
    hindered(clerk, case, "lapse", "期限尚未届满", **said)
    days_pass(network, 3, agent, clerk)
    hindered(clerk, case, "lapse", "尚未联系上", **said)
    exchange(network, (VILLAGE, TOWNSHIP))
    done(clerk, case, "lapse", **said)
    assert held(township, case).state == "lapsed"
    lapse = held(township, case).lapse
    assert lapse is not None and lapse.limit_day == "2026-11-20"
    assert "2026-11-20" in clerk.open(case).text
    everywhere(network)
    done(agent, case, "supply", **{"answer:applicant_phone": "13900005678"})
    everywhere(network)
    assert case in clerk.open("/work?view=supplies").text
    done(clerk, case, "take", supplies=chosen(clerk.open(case).text, "take", "supplies"))
    assert held(township, case).state == "received"


def test_a_village_that_stays_silent_is_named_and_the_case_ends_only_when_that_is_said(
    network: Network, agent: Visitor, clerk: Visitor, township: Counter
) -> None:
    case = at_the_township(network, agent, clerk, "001")
    done(clerk, case, "return_for_correction", due_days="2", **{"what:applicant_phone": "空号"})
    days_pass(network, 12, clerk)
    said = {"reasons": "逾期未补正"}
    refused(clerk, case, "lapse", "仍要终止的", **said)
    done(clerk, case, "lapse", **said, unheard="yes")
    lapse = held(township, case).lapse
    assert lapse is not None and lapse.unheard


def test_the_day_a_term_ends_is_counted_and_typed_by_nobody(
    network: Network, agent: Visitor, clerk: Visitor, township: Counter
) -> None:
    case = at_the_township(network, agent, clerk, "001")
    done(clerk, case, "return_for_correction", due_days="2", **{"what:applicant_phone": "空号"})
    page = clerk.open(case).text
    assert "申请人的期限至 2026年11月20日（预计）" in page and 'name="limit_day"' not in page
    hindered(clerk, case, "lapse", "期限尚未届满", reasons="逾期", limit_day="2026-01-01")
    found = held(township, case)
    book = township.member.casebook
    with pytest.raises(BadBody, match="2026-11-20"):
        body = {0: "2026-01-01", 1: "逾期"}
        book.record("0101", {"clerk"}, about(VILLAGE), found.case_id, kinds.LAPSE, body, found.last)


def test_what_counts_as_accepted_is_refused_by_nobody(
    network: Network, agent: Visitor, clerk: Visitor, township: Counter
) -> None:
    case = at_the_township(network, agent, clerk, "001")
    said = {"reasons": "不属于本机关职权", "legal_basis": "行政许可法第三十二条"}
    days_pass(network, 8, clerk)  # Thursday 26 November: the sixth working day
    assert "自 2026-11-18 起已视为受理，不能再不予受理" in why(clerk, case)
    done(clerk, case, "docket")
    in_time = at_the_township(network, village_agent_again(agent), clerk, "001")
    days_pass(network, 7, clerk)
    done(clerk, in_time, "refuse", **said)


def village_agent_again(agent: Visitor) -> Visitor:
    """The agent, signed in again after days have passed."""
    answer = agent.send("/sign-in", {"staff_no": "0001", "password": PASSWORD})
    assert answer.status_code == 303
    return agent


def test_no_term_is_extended_when_the_statutory_limit_has_passed(county: Counter, network: Network) -> None:
    window, head = county.sign_in("1001", "window", name="赵敏"), county.sign_in("1002", "head")
    case = window.file("016", **PAPERS)
    done(window, case, "docket")
    network.clock.now_ms += 90 * DAY_MS
    assert head.send("/sign-in", {"staff_no": "1002", "password": PASSWORD}).status_code == 303
    assert "法定期限已过，不能再延长" in why(head, case)


def test_what_is_promised_is_what_this_level_can_keep_and_the_statute_allows(
    network: Network, agent: Visitor, clerk: Visitor, village: Counter
) -> None:
    case = agent.file("009", **PAPERS)
    form = agent.open(case).text.split("/act/docket")[1].split("</form>")[0]
    assert 'name="promised_days" type="text"' in form and 'value="3"' in form
    refused(agent, case, "docket", "本级不作决定", promised_days="0")
    done(agent, case, "docket")
    assert held(village, case).promised_days == 3
    case = at_the_township(network, agent, clerk, "001")
    item = village.member.casebook.catalogue.item("001")
    form = clerk.open(case).text.split("/act/docket")[1].split("</form>")[0]
    assert f'value="{item.promised_days}"' in form and "公开承诺 25 个工作日，不能更长" in form
    refused(clerk, case, "docket", "不能超过法定时限", promised_days=str(item.statutory_days + 1))
    refused(clerk, case, "docket", "公开承诺 25 个工作日", promised_days=str(item.promised_days + 1))
    refused(clerk, case, "docket", "本级不作决定，不能当场办结", promised_days="0")
    done(clerk, case, "docket", promised_days=str(item.promised_days))


def test_papers_asked_for_in_examination_come_from_the_village_and_are_taken(
    network: Network, agent: Visitor, clerk: Visitor, officer: Visitor, head: Visitor, county: Counter
) -> None:
    case = at_the_county(network, agent, clerk, officer)
    assert officer.act(case, "suspend", what="supplement", basis="条例第五条").status_code == 422, "without a mark"
    done(officer, case, "suspend", what="supplement", basis="条例第五条", **{"what:material:户口簿": "缺页"})
    everywhere(network)
    assert case in agent.open("/work?view=back").text
    assert case not in officer.open("/work").text
    page = agent.open(case).text
    assert "进行中：审查中补正" in page and "材料《户口簿》：缺页" in page
    assert "尚有未结束的程序或会签" in why(officer, case)
    found = held(county, case)
    answer = agent.send("/query", {"number": found.case_no, "code": found.query_code[:6]})
    assert "请补正：材料《户口簿》" in answer.text
    done(agent, case, "supply", **{"paper:material:户口簿": "yes", "copies:material:户口簿": "1"})
    everywhere(network)
    page = officer.open(case).text
    opened, supplies = chosen(page, "resume", "opened"), chosen(page, "resume", "supplies")
    assert len(opened) == len(supplies) == 1
    done(officer, case, "resume", opened=opened[0], supplies=supplies)
    found = held(county, case)
    assert found.open == () and found.materials[-1].supplied is not None
    done(head, case, "decide", outcome="approve")


def test_a_special_procedure_takes_an_examiner_and_somebody_else_who_approves_it(
    network: Network, agent: Visitor, clerk: Visitor, officer: Visitor, head: Visitor, county: Counter
) -> None:
    case = at_the_county(network, agent, clerk, officer)
    said = {
        "what": "hearing", "basis": "行政许可法第四十六条", "planned_days": "15", "hearing_day": "2026-12-02",
        "hearing_at": "上午九时，县政务大厅三楼", "presider": "1003",
    }  # fmt: skip
    window = county.sign_in("1003", "window", name="周敏")
    other = county.sign_in("1004", "window", name="孙宁")
    refused(officer, case, "suspend", "须通知听证主持人", **{**said, "presider": ""})
    refused(officer, case, "suspend", "提前 7 个工作日通知，最早为 2026-11-27", **{**said, "hearing_day": "2026-11-26"})
    refused(officer, case, "suspend", "计划工作日在听证日之前就到期", **{**said, "planned_days": "9"})
    refused(officer, case, "suspend", "只有听证才填写", **{**said, "what": "site_survey"})
    refused(officer, case, "suspend", "请填写此项", what="hearing", planned_days="15")
    refused(officer, case, "suspend", "须为另一人", **{**said, "presider": "1001"})
    for stranger in ("周敏", "1099"):
        refused(officer, case, "suspend", "本机没有这个工号", **{**said, "presider": stranger})
    done(officer, case, "suspend", **{**said, "presider": "1002"})
    answer = head.send(f"{case}/procedure/approve", proposed(head, case))
    assert (answer.status_code, "听证主持人不能是" in answer.text) == (409, True)
    done(head, case, "suspend", **said)
    answer = head.send(f"{case}/procedure/approve", {})
    assert (answer.status_code, "须为两人" in answer.text) == (409, True)
    assert head.send(f"{case}/procedure/reject", {}).status_code == 303
    done(officer, case, "suspend", **said)
    assert "钱局长" not in head.open(case).text.split("待批准的特别程序")[1].split("</dl>")[0]
    shown = proposed(head, case)
    answer = other.send(f"{case}/procedure/approve", shown)
    assert (answer.status_code, "须由本单位负责人批准启动" in answer.text) == (409, True)
    assert not held(county, case).procedures
    done(officer, case, "suspend", **{**said, "planned_days": "90"})
    answer = head.send(f"{case}/procedure/approve", shown)
    assert (answer.status_code, "提议已更改" in answer.text) == (409, True), "another proposal than the one shown"
    done(officer, case, "suspend", **said)
    shown = proposed(head, case)
    assert head.send(f"{case}/procedure/approve", shown).status_code == 303
    assert head.send(f"{case}/procedure/approve", shown).status_code == 409, "it has its answer"
    entry = next(iter(held(county, case).procedures.values()))
    assert (entry.body["proposer"], entry.body["approver"]) == ("1001", "1002")
    assert "启动程序或要求补正：听证" in officer.open(case).text
    assert "尚有未结束的程序或会签" in why(officer, case)
    opened = chosen(officer.open(case).text, "resume", "opened")[0]
    for visitor in (officer, head):
        refused(visitor, case, "resume", "听证主持人不能是", opened=opened, result="听证笔录已附")
    refused(other, case, "resume", "通知的听证主持人是 1003", opened=opened, result="听证笔录已附")
    done(window, case, "resume", opened=opened, result="听证笔录已附")
    assert "已结束：听证" in officer.open(case).text
    done(head, case, "decide", outcome="approve")


def test_publicity_is_posted_at_the_township_and_ends_before_the_case_goes_on(
    network: Network, agent: Visitor, clerk: Visitor
) -> None:
    case = at_the_township(network, agent, clerk, "001")
    done(clerk, case, "docket")
    done(clerk, case, "suspend", what="publicity", basis="最低生活保障审核确认办法", planned_days="7")
    done(clerk, case, "review", opinion="agree")
    assert "尚有未结束的程序或会签" in why(clerk, case)
    opened = chosen(clerk.open(case).text, "resume", "opened")[0]
    done(clerk, case, "resume", opened=opened, result="无异议")
    done(clerk, case, "handoff")


def test_what_a_higher_authority_decides_is_reported_up_and_follows_its_answer(
    network: Network, agent: Visitor, clerk: Visitor, officer: Visitor, county: Counter
) -> None:
    case = at_the_county(network, agent, clerk, officer, "030")
    assert "上报件须先有上级的决定" in why(officer, case)
    done(
        officer,
        case,
        "suspend",
        what="reported_up",
        basis="城乡规划法",
        higher_body="庆阳市自然资源局",
        reason="拟同意",
    )
    assert "庆阳市自然资源局" in officer.open(case).text
    opened = chosen(officer.open(case).text, "resume", "opened")[0]
    answer = {"outcome": "approve", "document_no": "庆市自然〔2026〕7号", "document_day": "2026-11-17"}
    refused(officer, case, "resume", "请填写此项", opened=opened, **answer)
    refused(officer, case, "resume", "SHA-256", opened=opened, **answer, document_hash="x" * 64)
    done(officer, case, "resume", opened=opened, **answer, document_hash="0a" * 32)
    refused(officer, case, "decide", "上报件须先有上级的决定", outcome="refuse", reasons="不同意")
    done(officer, case, "decide", outcome="approve")
    assert held(county, case).state == "decided_approved"


def test_a_term_is_extended_once_by_the_head(
    network: Network, agent: Visitor, clerk: Visitor, officer: Visitor, head: Visitor
) -> None:
    case = at_the_county(network, agent, clerk, officer)
    assert "延长办理期限" not in officer.open(case).text
    refused(head, case, "extend", "最多10个工作日", days="11", reason="情况复杂")
    done(head, case, "extend", days="10", reason="情况复杂")
    assert "期限已延长 10 个工作日" in officer.open(case).text
    assert "只能延长一次" in why(head, case)


def test_the_term_of_a_joint_case_at_the_county_is_extended_by_a_leader_of_the_government(county: Counter) -> None:
    window = county.sign_in("1001", "window", name="赵敏")
    head, leader = county.sign_in("1002", "head"), county.sign_in("1004", "leader")
    case = window.file("035", **PAPERS)
    done(window, case, "docket")
    refused(head, case, "extend", "县政府负责人", days="15", reason="情况复杂")
    done(leader, case, "extend", days="15", reason="情况复杂")


def test_a_fee_is_settled_the_certificate_made_handed_down_delivered_and_filed(
    network: Network, agent: Visitor, clerk: Visitor, officer: Visitor, village: Counter
) -> None:
    case = at_the_county(network, agent, clerk, officer, "034")
    done(officer, case, "decide", outcome="approve")
    assert "该事项的费用尚未缴清或减免" in why(officer, case)
    assert "应缴 60.00 元" in officer.open(case).text
    done(officer, case, "fee_notice", due_days="15")
    assert "费用 60.00 元：待缴" in officer.open(case).text
    refused(officer, case, "fee_settled", "请填写此项", how="waived")
    done(officer, case, "fee_settled", how="paid", receipt_no="票0001")
    term = {"valid_from": "2026-12-01", "valid_to": "2020-01-01"}
    refused(officer, case, "issue", "“有效期至”不能早于“有效期自”", certificate_no="占道证1号", **term)
    done(officer, case, "issue", certificate_no="占道证1号", valid_from="2026-11-20", valid_to="2027-11-19")
    assert "证照：占道证1号" in officer.open(case).text
    done(officer, case, "handoff")
    everywhere(network)
    done(agent, case, "accept")
    done(agent, case, "delivered", to="张秀兰", how="in_person")
    delivery = chosen(agent.open(case).text, "archive", "delivery")
    done(agent, case, "archive", delivery=delivery[0], volume="2026-占道-1", keep_years="10")
    assert held(village, case).state == "archived"
    assert "2026-占道-1" in agent.open(case).text
    everywhere(network)
    assert "已归档" in officer.open("/work?view=all").text


def test_a_case_that_lapsed_unpaid_goes_on_when_the_fee_turns_out_to_be_paid_in_time(
    network: Network, agent: Visitor, clerk: Visitor, officer: Visitor, county: Counter
) -> None:
    case = at_the_county(network, agent, clerk, officer, "034")
    done(officer, case, "decide", outcome="approve")
    done(officer, case, "fee_notice", due_days="2")
    network.clock.now_ms += 12 * DAY_MS
    assert officer.send("/sign-in", {"staff_no": "1001", "password": PASSWORD}).status_code == 303
    done(officer, case, "lapse", reasons="逾期未缴费", unheard="yes")
    said = {"how": "paid", "receipt_no": "票0001"}
    refused(officer, case, "fee_settled", "只有在 2026-11-20 或之前", **said)
    refused(officer, case, "fee_settled", "只有在 2026-11-20 或之前", **said, paid_day="2026-11-21")
    done(officer, case, "fee_settled", **said, paid_day="2026-11-20")
    found = held(county, case)
    assert (found.state, found.lapse) == ("decided_approved", None)
    done(officer, case, "collection_notice", how="phone")
    assert "登记已通知领取" in officer.open(case).text
    done(officer, case, "issue", certificate_no="占道证1号")


def test_a_joint_case_is_countersigned_by_both_departments(
    network: Network, agent: Visitor, clerk: Visitor, station_head: Visitor, township: Counter
) -> None:
    case = at_the_township(network, agent, clerk, "007")
    done(clerk, case, "docket")
    done(clerk, case, "review", opinion="agree")
    done(clerk, case, "countersign_open", members="自然资源所\n农业综合服务中心\n")
    assert "进行中：会签" in clerk.open(case).text
    assert "还没有部门会签" in why(clerk, case)
    page = clerk.open(case).text
    assert "/act/countersignature" not in page and "“自然资源所”没有首席代表委托书" in page
    delegate(township.member, "自然资源所", b="0101", head="0102")
    delegate(township.member, "农业综合服务中心", head="0102")
    page = clerk.open(case).text
    opened, members = chosen(page, "countersignature", "opened")[0], chosen(page, "countersignature", "member")
    assert members == ["自然资源所", "农业综合服务中心"]
    said = {"opened": opened, "member": members[0], "opinion": "agree"}
    refused(clerk, case, "countersignature", "您不是“农业综合服务中心”的首席代表", **{**said, "member": members[1]})
    done(clerk, case, "countersignature", **said)
    assert "各单位" not in why(clerk, case)
    signed = chosen(clerk.open(case).text, "countersign_close", "signatures")
    refused(clerk, case, "countersign_close", "尚未全部会签", opened=opened, signatures=signed)
    said = {"member": members[1], "opinion": "disagree", "text": "占用耕地"}
    done(station_head, case, "countersignature", opened=opened, **said)
    page = clerk.open(case).text
    assert "农业综合服务中心 不同意 占用耕地" in page
    done(clerk, case, "countersign_close", opened=opened, signatures=chosen(page, "countersign_close", "signatures"))
    done(station_head, case, "decide", outcome="refuse", reasons="占用耕地")
    assert held(township, case).state == "decided_refused"


def test_the_applicant_rates_once_a_stage_and_not_by_the_hand_of_who_handled_the_case(
    village: Counter, agent: Visitor
) -> None:
    case = agent.file()
    hindered(agent, case, "rating", "经办人不能代录", grade="good", stage="1")
    other = village.sign_in("0002", "agent", name="刘洋")
    refused(other, case, "rating", "请填写此项", grade="poor", stage="1")
    done(other, case, "rating", grade="good", stage="1", channel="phone")
    done(other, case, "rating", grade="very_good", stage="1", channel="phone")
    page = other.open(case).text
    assert "受理环节：满意" in page and "另有 1 次后来的评价" in page


def test_services_and_changes_of_contact_stand_beside_the_case(agent: Visitor, village: Counter) -> None:
    case = agent.file()
    done(agent, case, "service_act", what="door", where="三组", text="上门收件")
    refused(agent, case, "contact_change", "电话应为 11 位手机号", applicant_phone="1390000")
    done(agent, case, "contact_change", applicant_phone="139 0000 5678")
    assert held(village, case).contact_changes[0].body["applicant_phone"] == "13900005678"
    page = agent.open(case).text
    assert "更改了联系方式" in page and "139****5678" in page and "13900005678" not in page
    assert held(village, case).services[0].body["where"] == "三组"


def test_the_forms_speak_english_where_english_is_chosen(
    network: Network, agent: Visitor, clerk: Visitor, officer: Visitor
) -> None:
    case = at_the_county(network, agent, clerk, officer)
    officer.client.set_cookie("sanji-display", "en.0")
    form = officer.open(case).text.split("/act/suspend")[1].split("</form>")[0]
    assert "site survey" in form and "working days" in form and "required for: papers in examination" in form
    without_papers = re.sub(r'<ul class="check-list">.*?</ul>', "", form, flags=re.DOTALL)
    assert not re.search(r"[\u4e00-\u9fff]", without_papers), "no word was left untranslated"


def test_every_state_kind_and_choice_has_words_and_a_drawing() -> None:
    for code in STATES:
        assert (code in words.STATE_ICONS and code in query._NEXT) or code == "correcting"
    for kind, table in bodies.TABLES.items():
        assert kind in words.KIND_ICONS
        for field in table.fields:
            assert all(choice in words.CHOICES for choice in field.choices), field.name
