"""The pages of the registers: representatives and delegations, seals and their use, declared relatives; and the page of
a case that says who may decide."""

import json
import re

import pytest

from tests.builders import COUNTY, VILLAGE, Network
from tests.village_node.notices.given import words
from tests.village_node.web.counter import CARD, Counter, Visitor, everywhere, hidden_of, problems
from tests.village_node.web.errands import AtHand, done
from tests.village_node.web.test_filing import held
from village_node.casebook import Shown
from village_node.store.locks import CaseKey
from village_node.web.site import SITE

DAY_MS = 86_400_000
TERM = {"first": "2026-11-01", "last": "2028-10-31", "document_no": "文旅委〔2026〕1号"}
SHOP = {"department": "文旅", "a": "0203", "b": "0202", **TERM, "item:036": "full", "item:037": "limited"}


@pytest.fixture
def head(county: Counter) -> Visitor:
    return county.sign_in("0201", "head", name="冯局长")


@pytest.fixture
def officer(county: Counter) -> Visitor:
    county.sign_in("0203", "officer", name="陈副局长")
    return county.sign_in("0202", "officer", "window", name="楚科长")


@pytest.fixture
def business(county: Counter) -> Visitor:
    return county.sign_in("0204", "business", name="孙科长")


def entered(visitor: Visitor, path: str, **values: str) -> None:
    answer = visitor.send(path, values)
    assert answer.status_code == 303, problems(answer.text)


def of(visitor: Visitor, what: str) -> str:
    """The entry that a form of the page is about."""
    page = visitor.open("/authority").text
    form = re.search(rf'<form[^>]*action="/authority/{what}"[^>]*>(.*?)</form>', page, re.DOTALL)
    assert form, page
    return re.findall(r'name="of" value="([^"]+)"', form[1])[0]


def delegated(head: Visitor, business: Visitor, **changes: str) -> None:
    entered(head, "/authority/delegate", **{**SHOP, **changes})
    entered(business, "/authority/consent", of=of(business, "consent"), document_no="中心函1号")


def test_a_delegation_is_proposed_agreed_printed_and_revoked(
    network: Network, county: Counter, head: Visitor, officer: Visitor, business: Visitor, agent: Visitor
) -> None:
    county.app.extensions[SITE].printer = AtHand()
    page = head.open("/authority?department=民政").text
    assert "不得全权委托，由负责人决定" in page and 'name="item:001"' in page
    entered(head, "/authority/delegate", **SHOP)
    assert "待中心同意" in head.open("/authority").text
    letter = re.findall(r'href="(/authority/[^"]+/letter)"', officer.open("/authority").text)[0]
    draft = words(officer.open(letter).data)
    assert "草稿" in draft
    entered(business, "/authority/consent", of=of(business, "consent"), document_no="中心函1号")
    assert "有效" in officer.open("/authority").text
    paper = words(officer.open(letter).data)
    for said in (
        "首席代表委托书",
        "楚科长",
        "陈副局长",
        "036",
        "037",
        "中心函1号",
        "文旅委〔2026〕1号",
        "2028年10月31日",
    ):
        assert said in paper, said
    assert "草稿" not in paper
    entered(head, "/authority/revoke", of=of(head, "revoke"), document_no="撤1号", reason="调离")
    page = officer.open("/authority").text
    assert "已撤销" in page and "撤销委托" in page and "中心同意" in page
    everywhere(network)
    assert [each.text("document_no") for each in network.members[VILLAGE].casebook.register(COUNTY).delegations]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"b": "0999"}, "本单位没有工号 0999"),
        ({"document_no": ""}, "请填写“文号”"),
        ({"last": "2026-10-31"}, "“至”不能早于开始的日期"),
        ({"document_no": "长" * 10_000}, "“文号”最多 80 个字，现有 10000 个字"),
        ({"item:036": "", "item:037": ""}, "请至少委托一个事项"),
        ({"department": "民政", "item:001": "full"}, "不得全权委托"),
    ],
)
def test_what_cannot_be_delegated_comes_back_with_what_was_typed(
    head: Visitor, officer: Visitor, changes: dict[str, str], said: str
) -> None:
    answer = head.send("/authority/delegate", {**SHOP, **changes})
    assert answer.status_code == 422
    assert sum(said in each for each in problems(answer.text)) == 2, "above the page, and beside the field"
    assert 'value="0203"' in answer.text


def test_a_consent_or_a_revocation_that_is_refused_keeps_what_was_typed(
    head: Visitor, business: Visitor, officer: Visitor
) -> None:
    entered(head, "/authority/delegate", **SHOP)
    long = "函" * 81
    answer = business.send("/authority/consent", {"of": of(business, "consent"), "document_no": long})
    assert answer.status_code == 422 and f'value="{long}"' in answer.text
    answer = head.send("/authority/revoke", {"of": of(head, "revoke"), "document_no": "撤1号", "reason": ""})
    assert answer.status_code == 422 and 'value="撤1号"' in answer.text and "请填写“理由”" in answer.text


@pytest.mark.parametrize(("number", "told"), [("123", "太短"), (CARD[:-1] + "1", "校验位不符"), (CARD[:-1], "18 位")])
def test_a_relatives_number_that_was_copied_wrongly_is_not_taken(
    head: Visitor, officer: Visitor, number: str, told: str
) -> None:
    answer = head.send("/kin", {"staff_no": "0202", "kin_name": "张", "kin_id_no": number, "relation": "母亲"})
    assert answer.status_code == 422 and any(told in each for each in problems(answer.text))
    entered(head, "/kin", staff_no="0202", kin_name="张", kin_id_no="E12345678", relation="母亲")


def test_a_procedure_that_waits_is_told_to_who_may_approve_it(head: Visitor, officer: Visitor) -> None:
    case = officer.file("036")
    done(officer, case, "docket")
    done(officer, case, "suspend", what="site_survey", basis="行政许可法第三十四条", planned_days="3")
    assert "特别程序等您批准" in head.open("/work").text and case in head.open("/work").text
    assert "特别程序等您批准" not in officer.open("/work").text
    approve = f"{case}/procedure/approve"
    assert head.send(approve, hidden_of(head.open(case).text, approve)).status_code == 303
    assert "特别程序等您批准" not in head.open("/work").text


def test_the_page_of_a_case_says_why_somebody_may_not_decide_and_who_may(
    network: Network, head: Visitor, officer: Visitor, business: Visitor, county: Counter
) -> None:
    case = officer.file("036")
    done(officer, case, "docket")
    page = officer.open(case).text
    assert "您现在不能：" in page and "“文旅”没有首席代表委托书，须由“文旅”负责人办理" in page
    assert "/act/decide" not in page and "/act/decide" in head.open(case).text
    delegated(head, business)
    a = county.visitor()
    answer = a.send("/sign-in", {"staff_no": "0203", "password": "窑洞门前两棵老槐树开花了"})
    assert answer.status_code == 303
    assert "B角楚科长在岗" in a.open(case).text
    entered(officer, "/authority/absent", person="0202", first="2026-11-18")
    assert "您已登记外出" in officer.open(case).text and "/act/decide" in a.open(case).text
    entered(officer, "/authority/back", of=of(officer, "back"))
    done(officer, case, "decide", outcome="approve")
    assert held(county, case).state == "decided_approved"
    assert "授权核对：相符，委托书 文旅委〔2026〕1号" in head.open(case).text


def test_a_decision_is_refused_where_the_case_has_grown_and_says_what_is_new(head: Visitor, officer: Visitor) -> None:
    case = officer.file("036")
    done(officer, case, "docket")
    page = head.open(case).text
    form = re.search(r'<form[^>]*/act/decide"[^>]*>(.*?)</form>', page, re.DOTALL)
    assert form
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form[1]))
    done(officer, case, "supply", text="又交来一份")
    answer = head.send(f"{case}/act/decide", {**hidden, "outcome": "approve"})
    assert answer.status_code == 409
    assert any("补交材料或更正（庆城县）" in each for each in problems(answer.text)), problems(answer.text)
    without = {name: value for name, value in hidden.items() if name != "shown"}
    assert head.send(f"{case}/act/decide", {**without, "outcome": "approve"}).status_code == 409
    done(head, case, "decide", outcome="approve")


def test_what_comes_while_a_page_is_drawn_stands_on_it_or_is_told(
    head: Visitor, officer: Visitor, county: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = officer.file("036")
    done(officer, case, "docket")
    book = county.app.extensions[SITE].casebook
    entitled: list[CaseKey] = []
    shown = book.shown

    def then_it_comes(key: CaseKey) -> Shown:
        found = shown(key)
        if not entitled:
            entitled.append(key)
            done(officer, case, "supply", text="又交来一份")
        return found

    monkeypatch.setattr(book, "shown", then_it_comes)
    page = head.open(case).text
    assert entitled and "又交来一份" in page
    hidden = hidden_of(page, f"{case}/act/decide")
    assert head.send(f"{case}/act/decide", {**hidden, "outcome": "approve"}).status_code == 409


def test_the_end_of_a_term_is_told_thirty_days_before(
    network: Network, head: Visitor, officer: Visitor, business: Visitor
) -> None:
    delegated(head, business, last="2026-12-01")
    assert "2026-12-01 期满，请在期满前" in head.open("/authority").text
    delegated(head, business, document_no="2号", reason="原代表调离")
    page = head.open("/authority").text
    assert "期满，请在期满前" not in page and "已被新委托书代替" in page


SEAL = {
    "seal_no": "文旅2号章",
    "use": "decision",
    "owner": "庆城县文化和旅游局",
    "department": "文旅",
    "mark": "2",
    "custodians": "0202",
    "first": "2026-08-01",
    "document_no": "印1号",
}


def test_a_seal_is_used_by_its_custodian_and_every_use_is_listed(
    network: Network, head: Visitor, officer: Visitor, business: Visitor
) -> None:
    case = officer.file("036")
    done(officer, case, "docket")
    answer = head.send("/seals", {**SEAL, "custodians": "0999"})
    assert answer.status_code == 422 and "本单位没有工号 0999" in answer.text and "文旅2号章" in answer.text
    entered(head, "/seals", **{**SEAL, "seal_no": "旧章", "first": "2010-01-01", "last": "2026-07-31", "mark": ""})
    assert "不得使用" in head.open("/seals").text and "不得用印，请先启用新章" in head.open(case).text
    entered(head, "/seals", **SEAL)
    assert "只有保管人可以用印" in head.open(case).text
    delegated(head, business)
    done(officer, case, "decide", outcome="approve")
    page = officer.open("/seals").text
    assert "文旅2号章" in page and held(officer.counter, case).case_no in page and "作出决定" in page
    assert "作出决定" in officer.open("/seals?seal=文旅2号章").text
    for narrowed in ("seal=旧章", "text=nobody"):
        assert "作出决定</td>" not in officer.open(f"/seals?{narrowed}").text, narrowed
    lines = officer.counter.accounts.rows.audit_lines(1)
    assert json.loads(lines[0].detail)["seal"] == "文旅2号章"
    assert "用印</dt><dd>文旅2号章" in officer.open(case).text


def test_kin_keeps_out_and_others_see_the_flag(
    network: Network, head: Visitor, officer: Visitor, county: Counter
) -> None:
    case = officer.file("036", applicant_id_no=CARD)
    relative = {"staff_no": "0202", "kin_name": "张秀兰", "kin_id_no": CARD.lower(), "relation": "母亲"}
    assert head.send("/kin", {**relative, "staff_no": "0999"}).status_code == 422
    entered(head, "/kin", **relative)
    page = head.open("/kin").text
    assert "张秀兰" not in page and CARD not in page and "母亲" in page
    assert "申请人是庆城县工作人员（工号 0202）的亲属（母亲）" in head.open(case).text
    page = officer.open(case).text
    assert "您须回避：只能转递材料" in page and "/act/docket" not in page and "/act/supply" in page
    window = county.sign_in("0205", "window", name="周敏")
    done(window, case, "docket")
    assert head.send("/kin", {"withdraw": "1", "staff_no": "0201"}).status_code == 422, "another than the list shows"
    entered(head, "/kin", withdraw="1", staff_no="0202")
    assert "还没有登记" in head.open("/kin").text and "的亲属" not in head.open(case).text


def test_kin_of_a_term_keep_out_within_it_alone(network: Network, head: Visitor, officer: Visitor) -> None:
    case = officer.file("036", applicant_id_no=CARD)
    relative = {"staff_no": "0202", "kin_name": "张秀兰", "kin_id_no": CARD, "relation": "配偶"}
    wrong = head.send("/kin", {**relative, "first": "2026-11-02", "last": "2026-11-01"})
    assert wrong.status_code == 422
    entered(head, "/kin", **relative, last="2026-11-17")
    assert "今天不在期内，不回避" in head.open("/kin").text and "/act/docket" in officer.open(case).text
    assert "的亲属" not in head.open(case).text
    entered(head, "/kin", **relative, first="2026-11-18", last="2026-11-18")
    assert "2026-11-18 至 2026-11-18" in head.open("/kin").text
    assert "您须回避" in officer.open(case).text and "的亲属" in head.open(case).text
    entered(head, "/kin", **relative, first="2026-11-19")
    assert "/act/docket" in officer.open(case).text


def test_a_relative_cannot_press_a_button_that_an_old_page_shows(head: Visitor, officer: Visitor) -> None:
    case = officer.file("036", applicant_id_no=CARD)
    page = officer.open(case).text
    entered(head, "/kin", staff_no="0202", kin_name="张秀兰", kin_id_no=CARD, relation="母亲")
    form = re.search(r'<form[^>]*/act/docket"[^>]*>(.*?)</form>', page, re.DOTALL)
    assert form
    answer = officer.send(f"{case}/act/docket", dict(re.findall(r'name="(\w+)" value="([^"]*)"', form[1])))
    assert answer.status_code == 409 and any("回避" in each for each in problems(answer.text))


def test_the_pages_stand_in_english_as_well(head: Visitor, business: Visitor, officer: Visitor) -> None:
    delegated(head, business)
    head.client.set_cookie("sanji-display", "en.0")
    for path, said in (
        ("/authority?department=文旅", "Chief representatives and authority"),
        ("/seals", "What was sealed"),
        ("/kin", "Declared relatives"),
    ):
        assert said in head.open(path).text, path
