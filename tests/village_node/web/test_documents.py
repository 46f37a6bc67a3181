"""The documents of a case on its page: who may print them, what they say, the audit trail; the public check."""

import json
import re
from hashlib import sha256

import pytest

from tests.builders import COUNTY, TOWNSHIP, VILLAGE, Network
from tests.sync_protocol.case.year_2026 import CALENDAR
from tests.village_node.casebook.test_entitlement import seal
from tests.village_node.notices.given import read, words
from tests.village_node.web.counter import CARD, HOUSING, PASSWORD, Counter, Visitor, check_token_in, everywhere
from tests.village_node.web.errands import PAPERS, AtHand, done, links, opened_by_two, printed
from village_node.notices import sheets
from village_node.notices.printing import NotPrinted, Printer
from village_node.web.site import SITE

PROXY = {
    "has_proxy": "yes", "proxy_name": "王小琴", "proxy_relation": "女儿", "proxy_phone": "13900001111",
    "proxy_authorisation": "代为提交、补正材料", "authority_marked": "hand_print",
}  # fmt: skip
ELSEWHERE = {
    "lapse", "tolerance", "declaration", "rectify", "joint", "preview", "14", "upward", "transmittal", "publicity",
    "published", "survey", "13", "rights",
}  # fmt: skip
HEARING = {
    "what": "hearing", "hearing_day": "2026-12-02", "hearing_at": "上午九时，县政务大厅三楼", "presider": "0209",
}  # fmt: skip
MARK = {"mark:material:户口簿": "1", "what:material:户口簿": "请交复印件", "due_days": "30"}


class Broken(Printer):
    """A press that prints nothing."""

    def print(self, template, given):
        raise NotPrinted("文书没有打印出来", "the document was not printed")


def site_of(counter: Counter):
    return counter.app.extensions[SITE]


@pytest.fixture(autouse=True)
def press_at_hand(village: Counter, township: Counter, county: Counter) -> None:
    for counter in (village, township, county):
        site_of(counter).printer = AtHand()


@pytest.fixture
def clerk(township: Counter) -> Visitor:
    return township.sign_in("0101", "clerk", "reviewer", name="周涛")


@pytest.fixture
def officer(county: Counter) -> Visitor:
    return county.sign_in("0201", "officer", "window", "head", name="陈静")


@pytest.fixture
def head(county: Counter) -> Visitor:
    return county.sign_in("0203", "head", name="钱局长")


@pytest.fixture
def business(county: Counter) -> Visitor:
    return county.sign_in("0204", "business", name="孙科长")


@pytest.fixture
def agent(village: Counter) -> Visitor:
    return village.sign_in("0001", "agent", "head", name="李建国")


def link(visitor: Visitor, case: str, code: str) -> str:
    """The address of the newest document of a type."""
    return [each for each in links(visitor, case) if each.endswith(f"/{code}")][-1]


def supplies(visitor: Visitor, case: str) -> list[str]:
    return re.findall(r'name="supplies" value="([^"]*)"', visitor.open(case).text)


def approved(network: Network, agent: Visitor, clerk: Visitor, officer: Visitor) -> str:
    """A case with a proxy, corrected before it was accepted, approved and delivered."""
    case = agent.file(applicant_name="张𬱖𫖮", **PROXY)
    done(agent, case, "handoff")
    everywhere(network)
    done(clerk, case, "accept")
    done(clerk, case, "return_for_correction", **MARK)
    everywhere(network)
    done(agent, case, "supply", **{"paper:material:户口簿": "1", "copies:material:户口簿": "2", "text": "已补"})
    everywhere(network)
    done(clerk, case, "take", supplies=supplies(clerk, case))
    done(clerk, case, "docket", promised_days="20")
    done(clerk, case, "review", opinion="agree", text="属实")
    done(clerk, case, "handoff")
    everywhere(network)
    done(officer, case, "accept")
    done(officer, case, "decide", outcome="approve", conditions="收入变化应当报告")
    done(officer, case, "handoff")
    everywhere(network)
    done(agent, case, "accept")
    done(agent, case, "delivered", to="王小琴", how="proxy", at="2026-11-18")
    everywhere(network)
    return case


def refused(network: Network, agent: Visitor, clerk: Visitor, officer: Visitor) -> str:
    """A case corrected after it was accepted, and refused."""
    case = agent.file()
    done(agent, case, "handoff")
    everywhere(network)
    done(clerk, case, "accept")
    done(clerk, case, "docket")
    done(clerk, case, "return_for_correction", **MARK)
    everywhere(network)
    done(agent, case, "supply", text="已当面说明")
    everywhere(network)
    done(clerk, case, "take", supplies=supplies(clerk, case))
    done(clerk, case, "review", opinion="disagree", text="收入超过标准")
    done(clerk, case, "handoff")
    everywhere(network)
    done(officer, case, "accept")
    done(officer, case, "decide", outcome="refuse", reasons="家庭收入超过标准")
    everywhere(network)
    return case


def withdrawn(agent: Visitor) -> str:
    case = agent.file("040")
    done(agent, case, "withdrawal_request", reason="双方已和解")
    request = re.findall(r'name="request" value="([^"]*)"', agent.open(case).text)[0]
    done(agent, case, "answer", request=request, granted="yes")
    return case


def on_the_spot(officer: Visitor) -> str:
    case = officer.file("022", **HOUSING)
    done(officer, case, "docket")
    done(officer, case, "decide", outcome="approve")
    return case


def not_accepted(network: Network, agent: Visitor, clerk: Visitor, business: Visitor, outcome: str) -> str:
    """A case that was not accepted, and the answer to the request to look at it again."""
    case = agent.file(service_address="上关村 12 号")
    done(agent, case, "handoff")
    everywhere(network)
    done(clerk, case, "accept")
    done(clerk, case, "refuse", reasons="不属于本机关职权", legal_basis="某条例第五条")
    everywhere(network)
    done(agent, case, "review_request", reason="材料齐全")
    everywhere(network)
    request = re.findall(r'name="request" value="([^"]*)"', business.open(case).text)[0]
    done(business, case, "review_decision", request=request, outcome=outcome, reasons="已经核实")
    everywhere(network)
    return case


def at_the_county(
    network: Network, agent: Visitor, clerk: Visitor, officer: Visitor, item_no: str, **typed: str
) -> str:
    """A case accepted and looked at by the township, and taken by the county for its decision."""
    case = agent.file(item_no, **typed)
    done(agent, case, "handoff")
    everywhere(network)
    done(clerk, case, "accept")
    done(clerk, case, "docket")
    done(clerk, case, "review", opinion="agree")
    done(clerk, case, "handoff")
    everywhere(network)
    done(officer, case, "accept")
    return case


def examined(network: Network, agent: Visitor, clerk: Visitor, officer: Visitor, head: Visitor) -> str:
    """A case that is extended at the county, with papers wanting and a hearing to be held."""
    case = at_the_county(network, agent, clerk, officer, "001")
    done(head, case, "extend", days="10", reason="情况复杂")
    done(officer, case, "suspend", what="supplement", basis="条例第五条", **{"what:material:户口簿": "缺页"})
    opened_by_two(officer, head, case, what="site_survey", basis="条例第六条", planned_days="15")
    if not officer.counter.accounts.name_of(HEARING["presider"]):
        officer.counter.sign_in(HEARING["presider"], "window", name="周敏")
    opened_by_two(officer, head, case, basis="条例第七条", planned_days="15", **HEARING)
    everywhere(network)
    return case


def charged(network: Network, agent: Visitor, clerk: Visitor, officer: Visitor) -> str:
    """A case that is granted and waits for its fee."""
    case = at_the_county(network, agent, clerk, officer, "034", **PAPERS)
    done(officer, case, "decide", outcome="approve")
    done(officer, case, "fee_notice", due_days="15")
    everywhere(network)
    return case


@pytest.mark.slow
def test_every_document_of_every_state_comes_out_at_every_level(
    network: Network, agent: Visitor, clerk: Visitor, officer: Visitor, head: Visitor, business: Visitor
) -> None:
    cases = [
        approved(network, agent, clerk, officer),
        refused(network, agent, clerk, officer),
        withdrawn(agent),
        on_the_spot(officer),
        not_accepted(network, agent, clerk, business, "uphold"),
        examined(network, agent, clerk, officer, head),
        charged(network, agent, clerk, officer),
    ]
    seen = set()
    for case in cases:
        for visitor in (agent, clerk, officer):
            if visitor.open(case).status_code == 404:
                continue
            for address in links(visitor, case):
                document = printed(visitor, address)
                shown, code = words(document), address.rpartition("/")[2].partition("?")[0]
                seen.add(code)
                assert ("张𬱖𫖮" if case == cases[0] else "张秀兰") in shown, address
                assert "2026年11月18日" in shown
                assert len(read(document).pages) == 1, address
                assert (CARD in shown) == (code == "06"), address
                assert "草稿" not in shown
    assert seen == sheets.TEMPLATES.keys() - ELSEWHERE, "elsewhere"


@pytest.mark.slow
def test_documents_say_what_the_case_says(network: Network, agent: Visitor, clerk: Visitor, officer: Visitor) -> None:
    case = approved(network, agent, clerk, officer)
    notice = words(printed(clerk, link(clerk, case, "02")))
    assert (
        "请交复印件" in notice
        and "30个工作日内（当日收到的，预计至2026年12月30日）" in notice
        and "民政行审02〔2026〕621021101-" in notice
    )
    accepted = words(printed(clerk, link(clerk, case, "04")))
    assert "20个工作日" in accepted and "王小琴（女儿）" in accepted
    decision = words(printed(officer, link(officer, case, "11")))
    assert "庆城县民政局" in decision and "收入变化应当报告" in decision
    assert "庆城县驿马镇人民政府已于2026年11月18日受理" in decision, "who decides does not say that it accepted"
    assert "受托人" in decision and "代办人" not in decision
    for sealed in (notice, accepted, decision):
        assert "专用章" not in sealed and "样章" not in sealed and "记录中没有用印" in sealed
    collected = words(printed(agent, link(agent, case, "17")))
    assert "登记收件人：王小琴" in collected and "2026年11月18日" in collected
    number = re.search(r"民政行审11〔2026〕621021-[0-9A-Z]{4}-1号", decision)
    assert number and number[0] in collected and number[0] in words(printed(agent, link(agent, case, "16")))
    # The village may not accept this item, so its slip says that it is none of the receipts with effect.
    slip = words(printed(agent, link(agent, case, "agency")))
    assert "没有受理权" in slip and "专用章" not in slip
    assert "样章" not in words(printed(agent, link(agent, case, "03")))
    turned_down = refused(network, agent, clerk, officer)
    refusal = words(printed(officer, link(officer, turned_down, "12")))
    assert "庆城县人民政府申请行政复议" in refusal and "庆城县人民法院提起行政诉讼" in refusal
    assert "补正所用时间不计入承诺办结期限" in words(printed(clerk, link(clerk, turned_down, "07")))


def test_a_refusal_to_accept_and_its_review_say_why_and_where_to_turn(
    network: Network, agent: Visitor, clerk: Visitor, business: Visitor
) -> None:
    upheld = not_accepted(network, agent, clerk, business, "uphold")
    refusal = words(printed(clerk, link(clerk, upheld, "05")))
    number = re.search(r"民政行审05〔2026〕621021101-[0-9A-Z]{4}-1号", refusal)
    assert number and "不属于本机关职权" in refusal and "依据某条例第五条" in refusal
    assert "庆城县人民政府申请行政复议" in refusal and "庆城县人民法院提起行政诉讼" in refusal
    answer = words(printed(business, link(business, upheld, "recheck")))
    assert re.search(r"民政行审复核〔2026〕621021-[0-9A-Z]{4}-1号", answer) and number[0] in answer
    assert "维持原不予受理决定" in answer and "自收到原决定书之日起60日内" in answer and "已经核实" in answer
    overturned = not_accepted(network, agent, clerk, business, "overturn")
    answer = words(printed(business, link(business, overturned, "recheck")))
    assert "撤销原不予受理决定" in answer and "行政复议" not in answer


def test_what_stops_or_extends_the_time_is_told_in_writing(
    network: Network, agent: Visitor, clerk: Visitor, officer: Visitor, head: Visitor
) -> None:
    case = examined(network, agent, clerk, officer, head)
    testing = words(printed(officer, link(officer, case, "08")))
    assert re.search(r"民政行审08〔2026〕621021-[0-9A-Z]{4}-1号", testing) and "进行现场踏勘" in testing
    assert "所需时间为15个工作日" in testing and "依照该事项公布的规定执行" in testing and "条例第六条" in testing
    hearing = words(printed(officer, link(officer, case, "09")))
    assert re.search(r"民政行审09〔2026〕621021-[0-9A-Z]{4}-1号", hearing) and "条例第七条" in hearing
    assert "2026年12月2日" in hearing and "上午九时，县政务大厅三楼" in hearing and "周敏" in hearing
    assert "所需时间为15个工作日" in hearing and "第四十五条" in hearing and "申请回避" in hearing
    wanting = words(printed(officer, link(officer, case, "07")))
    assert "民政行审07〔2026〕621021-" in wanting and "缺页" in wanting and "条例第五条" in wanting
    extended = words(printed(officer, link(officer, case, "10")))
    assert "民政行审10〔2026〕621021-" in extended and "延长10个工作日" in extended and "情况复杂" in extended
    proof = words(printed(officer, link(officer, case, "17")))
    assert "听证通知书" in proof and "民政行审09" in proof


def announce(network: Network) -> None:
    """The county has the calendar of the year."""
    casebook = network.members[COUNTY].casebook
    casebook.own_calendar = CALENDAR
    casebook.calendar_kept = None


def test_documents_tell_the_day_of_the_promise_while_somebody_can_name_it(
    network: Network, agent: Visitor, clerk: Visitor, officer: Visitor, head: Visitor
) -> None:
    case = at_the_county(network, agent, clerk, officer, "001")
    accepted = link(officer, case, "04")
    assert "承诺办结日期2026年12月23日（预计）" in words(printed(officer, accepted)), "no calendar is announced"
    announce(network)
    assert "承诺办结日期2026年12月23日决定单位" in words(printed(officer, accepted))
    done(head, case, "extend", days="10", reason="情况复杂")
    extended = link(officer, case, "10")
    assert "延长后的承诺办结日期2027年1月7日" in words(printed(officer, extended))
    assert "承诺办结日期" not in words(printed(officer, accepted)), "it is another day now than when it was accepted"
    opened_by_two(officer, head, case, what="site_survey", basis="条例第六条", planned_days="5")
    # It may take longer than planned.
    assert "承诺办结日期2027年1月14日（预计）" in words(printed(officer, link(officer, case, "08")))
    assert "承诺办结日期" not in words(printed(officer, extended))
    done(officer, case, "suspend", what="supplement", basis="条例第五条", **{"what:material:户口簿": "缺页"})
    opened_by_two(officer, head, case, what="site_survey", basis="条例第七条", planned_days="5")
    assert "承诺办结日期" not in words(printed(officer, link(officer, case, "08"))), "papers come when they come"


def test_a_notice_of_fees_tells_the_amount_its_basis_and_the_term(
    network: Network, agent: Visitor, clerk: Visitor, officer: Visitor
) -> None:
    announce(network)
    notice = words(printed(officer, link(officer, charged(network, agent, clerk, officer), "15")))
    assert re.search(r"行审15〔2026〕621021-[0-9A-Z]{4}-1号", notice)
    assert "60.00元" in notice and "60×1.00元＝60.00元" in notice
    assert "次日起15个工作日内（当日收到的，至2026年12月9日）" in notice


def test_a_case_that_lapsed_is_ended_in_writing(network: Network, agent: Visitor, clerk: Visitor) -> None:
    case = agent.file()
    done(agent, case, "handoff")
    everywhere(network)
    done(clerk, case, "accept")
    done(clerk, case, "return_for_correction", **{**MARK, "due_days": "2"})
    network.clock.now_ms += 12 * 86_400_000
    clerk.send("/sign-in", {"staff_no": "0101", "password": PASSWORD})
    done(clerk, case, "lapse", reasons="逾期未补正", unheard="yes")
    notice = words(printed(clerk, link(clerk, case, "lapse")))
    assert re.search(r"民政行审终止〔2026〕621021101-[0-9A-Z]{4}-1号", notice)
    assert "张秀兰" in notice and "2026年11月18日提出" in notice and "2026年11月20日届满" in notice
    assert "逾期未补正" in notice and "如对本通知不服" in notice and "行政复议" in notice


def test_settings_name_another_court(
    network: Network, agent: Visitor, clerk: Visitor, officer: Visitor, county: Counter
) -> None:
    case = refused(network, agent, clerk, officer)
    site = site_of(county)
    site.config = type(site.config)(**{**vars(site.config), "remedy_court": "庆阳市西峰区人民法院"})
    assert "庆阳市西峰区人民法院提起行政诉讼" in words(printed(officer, link(officer, case, "12")))


def test_a_receipt_is_printed_on_three_kinds_of_paper_and_with_its_stub_on_one_page(
    officer: Visitor, county: Counter
) -> None:
    case = officer.file("022", **HOUSING)
    found = [each for each in links(officer, case) if "/01" in each]
    assert [each.partition("?")[2] for each in found] == ["", "paper=a5", "paper=roll"]
    widths = [round(float(read(printed(officer, each)).pages[0].mediabox[2]) / 72 * 25.4) for each in found]
    assert widths == [210, 148, 80]
    many = county.member.file(item_no="022", materials=[[f"第{number}种材料", 1, True] for number in range(1, 14)])
    sheet = printed(
        officer, next(each for each in links(officer, f"/cases/{COUNTY}/{many.case_id.hex()}") if each.endswith("/01"))
    )
    shown = words(sheet)
    assert len(read(sheet).pages) == 1 and "（存根）" in shown and "材料13种" in shown
    assert "（存根）" not in words(printed(officer, found[1]))
    assert officer.open(f"{found[0]}?paper=a3").status_code == 404
    assert officer.open(found[0].replace("/01", "/04")).status_code == 404
    assert [each.partition("?")[2] for each in links(officer, f"{case}/receipt")] == ["", "paper=a5", "paper=roll"]


def test_each_print_leaves_a_line_with_the_hash_of_what_was_printed(officer: Visitor, county: Counter) -> None:
    case = officer.file("022", **HOUSING)
    document = printed(officer, link(officer, case, "01"))
    line = next(each for each in county.accounts.rows.audit_lines(20) if each.action == "document.print")
    noted = json.loads(line.detail)
    assert (line.actor, noted["document"], noted["sha256"]) == ("0201", "01", sha256(document).hexdigest())
    assert noted["template"] == "01_v2" and noted["draft"] is False


def test_the_paper_of_another_place_needs_a_reason(
    network: Network, agent: Visitor, clerk: Visitor, township: Counter
) -> None:
    case = agent.file()
    everywhere(network)
    address = link(clerk, case, "agency")
    asked = clerk.open(address)
    assert asked.status_code == 200 and "打印原因" in asked.text and "张秀兰" not in asked.text
    assert clerk.send(address, {"reason": "好"}).status_code == 422
    assert not [each for each in township.accounts.rows.audit_lines(20) if each.action == "document.print"]
    assert clerk.send(address, {"reason": "申请人遗失，要求补打"}).content_type == "application/pdf"
    line = next(each for each in township.accounts.rows.audit_lines(20) if each.action == "document.print")
    assert json.loads(line.detail)["reason"] == "申请人遗失，要求补打"


def test_a_press_that_fails_leaves_the_case_as_it_was(agent: Visitor, village: Counter) -> None:
    case = agent.file()
    before = without_form_ids(agent.open(case).text)
    site_of(village).printer = Broken()
    answer = agent.send(link(agent, case, "agency"), {})
    assert answer.status_code == 503 and "文书没有打印出来" in answer.text
    assert not [each for each in village.accounts.rows.audit_lines(20) if each.action == "document.print"]
    assert without_form_ids(agent.open(case).text) == before


def without_form_ids(page: str) -> str:
    """A page without what tells it from itself a moment later."""
    return re.sub(r'name="once" value="[0-9a-f]{32}"', "", page)


def test_what_does_not_count_is_printed_as_a_draft(network: Network, agent: Visitor, clerk: Visitor) -> None:
    seal(network.members[TOWNSHIP], "acceptance", "0101", owner="驿马镇")
    case = agent.file()
    place, case_id = case.split("/")[2:4]
    member = network.members[VILLAGE]
    done(agent, case, "handoff")
    everywhere(network)
    # The county takes the case away while the township, unaware of it, accepts it: what the township did is contested.
    county = network.members[COUNTY].casebook
    key = (f"about:{place}", bytes.fromhex(case_id))
    held = county.case(*key)
    assert held is not None
    county.propose("0201", {"officer"}, key, VILLAGE, "本村先办", held.last)
    county.confirm("0202", {"head"}, county.proposals()[0].id)
    done(clerk, case, "accept")
    done(clerk, case, "docket")
    before = words(printed(clerk, link(clerk, case, "04")))
    token = check_token_in(link(clerk, case, "04"))
    assert "草稿" not in before and "在本机有效" in clerk.open(f"/check/{token}").text
    everywhere(network)
    assert member.casebook.case(*key) is not None
    after = words(printed(clerk, link(clerk, case, "04")))
    assert "草稿" in after and "不得送达" in after and "专用章" in before and "专用章" not in after
    told = clerk.open(f"/check/{token}").text
    assert "没有生效，请勿采信" in told and "张" not in told.split("<main")[1]


def test_anybody_may_check_a_document_and_learns_nothing_about_a_person(
    network: Network, agent: Visitor, clerk: Visitor, officer: Visitor, county: Counter, village: Counter
) -> None:
    case = approved(network, agent, clerk, officer)
    token = check_token_in(link(officer, case, "11"))
    for counter in (county, village):
        answer = counter.visitor().open(f"/check/{token.lower()}")
        page = answer.text.split("<main")[1]
        assert answer.status_code == 200
        assert "准予决定书" in page and "在本机有效" in page and "庆城县民政局" in page and "2026年11月18日" in page
        assert re.search(r"民政行审11〔2026〕621021-[0-9A-Z]{4}-1号", page) and "截至" in page
        for personal in ("张", CARD, "138", "王小琴", "收入变化"):
            assert personal not in page


def test_every_miss_of_the_check_looks_the_same_and_many_of_them_have_to_wait(
    network: Network, agent: Visitor, village: Counter
) -> None:
    case = agent.file()
    token = check_token_in(link(agent, case, "agency"))
    stranger = village.visitor()
    code, seq, rest = token.split("-")
    other = rest[:-1] + ("1" if rest[-1] == "0" else "0")
    wrong = ["x", f"04-{seq}-{rest}", f"{code}-{int(seq) + 1}-{rest}", f"{code}-{seq}-{other}", f"NONE-1-{rest}"]
    pages = [stranger.open(f"/check/{each}") for each in wrong]
    assert {answer.status_code for answer in pages} == {404}
    assert len({answer.text.split("<main")[1] for answer in pages}) == 1
    assert stranger.open(f"/check/{token}").status_code == 200
    for _ in range(20):
        answer = stranger.open("/check/x")
    assert answer.status_code == 429 and "Retry-After" in answer.headers
    assert stranger.open(f"/check/{token}").status_code == 429


def test_an_empty_power_of_attorney_is_there_before_the_case_is(agent: Visitor, village: Counter) -> None:
    address = next(each for each in re.findall(r'href="([^"]*)"', agent.open("/file/001").text) if "attorney" in each)
    answer = agent.open(address)
    assert answer.content_type == "application/pdf"
    shown = words(answer.data)
    assert "授权委托书" in shown and "最低生活保障审核确认" in shown and "按手印处" in shown
    assert len(read(answer.data).pages) == 1
    assert agent.open("/items/999/attorney").status_code == 404
    site_of(village).printer = Broken()
    assert agent.open(address).status_code == 503


def test_supervision_is_offered_nothing_to_print(network: Network, agent: Visitor, county: Counter) -> None:
    case = agent.file()
    everywhere(network)
    supervisor = county.sign_in("0301", "supervisor")
    assert links(supervisor, case) == []
    officer = county.sign_in("0302", "officer")
    assert supervisor.open(link(officer, case, "agency")).status_code == 404
