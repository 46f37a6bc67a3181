"""Who acts for an applicant: the authority has a scope, a term and a mark, and ends when it is revoked."""

import pytest

from tests.village_node.notices.given import words
from tests.village_node.web.api.program import FILED, path_of, program_at
from tests.village_node.web.counter import APPLICATION, Counter, Visitor
from tests.village_node.web.errands import AtHand, done, links, papers_of, printed, refused
from tests.village_node.web.test_applicants import FIRM
from tests.village_node.web.test_filing import held
from village_node.web.site import SITE

PROXY = {
    "has_proxy": "yes", "proxy_name": "王小琴", "proxy_relation": "女儿", "proxy_phone": "13900001111",
    "proxy_authorisation": "委托书原件已收", "authority_marked": "hand_print",
}  # fmt: skip
TO_PROXY = {"to": "王小琴", "how": "proxy"}


@pytest.fixture
def decider(village: Counter) -> Visitor:
    return village.sign_in("0002", "head", name="李建国")


def decided(agent: Visitor, decider: Visitor, **typed: str) -> str:
    case = agent.file("040", **{**PROXY, **typed})
    done(agent, case, "docket")
    done(decider, case, "decide", outcome="approve")
    return case


def test_a_revoked_authority_collects_nothing_and_another_one_does(
    village: Counter, agent: Visitor, decider: Visitor
) -> None:
    village.app.extensions[SITE].printer = AtHand()
    case = decided(agent, decider, authority_until="2026-12-31")
    page = agent.open(case).text
    assert "代为提交、补正和签收；至 2026-12-31；签名并按手印" in page
    powers = [words(printed(agent, each)) for each in links(agent, case) if each.endswith("/06")]
    assert len(powers) == 1 and "至2026年12月31日止" in powers[0], "one paper, offered once"
    done(agent, case, "proxy_authority", what="revoked", reason="本人已回村，自己领取", by="张秀兰")
    assert held(village, case).proxy == {} and "委托已撤销" in agent.open(case).text
    assert "王小琴" not in papers_of(agent, case)["16"], "who may collect is the applicant alone"
    assert "王小琴" in papers_of(agent, case)["06"], "what was signed stays what it was"
    refused(agent, case, "delivered", "委托已撤销，不能代领", **TO_PROXY)
    given = {"what": "given", "proxy_name": "李强", "proxy_relation": "儿子", "marked": "signature"}
    refused(agent, case, "proxy_authority", "请填写此项", **given)
    refused(agent, case, "proxy_authority", "委托期限已过", **given, scope="collect", until="2026-11-17")
    done(agent, case, "proxy_authority", **given, scope="collect", until="2026-11-18")
    refused(agent, case, "delivered", "委托期限至 2026-11-18，已过期", to="李强", how="proxy", at="2026-11-19")
    refused(agent, case, "delivered", "与登记的受托人姓名不同", to="李四", how="proxy")
    done(agent, case, "delivered", to="李 强", how="proxy")


def test_who_may_only_hand_papers_in_collects_nothing(village: Counter, agent: Visitor, decider: Visitor) -> None:
    village.app.extensions[SITE].printer = AtHand()
    case = decided(agent, decider, authority_scope="submit")
    shown = papers_of(agent, case)
    assert "王小琴" not in shown["16"] and "代为签收" not in shown["06"] and "王小琴" in shown["06"]
    refused(agent, case, "delivered", "委托权限不含代为签收", **TO_PROXY)
    nobody = agent.file("040")
    done(agent, nobody, "docket")
    done(decider, nobody, "decide", outcome="approve")
    refused(agent, nobody, "delivered", "代领须先登记委托", **TO_PROXY)


def test_no_proxy_files_without_the_terms_of_the_authority(village: Counter, agent: Visitor) -> None:
    for wrong, said in (
        ({"authority_marked": ""}, "选择签名方式"),
        ({"authority_until": "2026-11-01"}, "委托期限应为"),
        ({"authority_scope": "collect"}, "只代为签收的委托不能代为申请"),
    ):
        answer = agent.send("/file/040", {**APPLICATION, **PROXY, **wrong})
        assert answer.status_code == 422 and said in answer.text
    program = program_at(village, "0801", "agent")
    named = {name: value for name, value in PROXY.items() if name.startswith("proxy_")}
    assert program.post("/applications", {**FILED, "item_no": "040", **named}).get_json()["field"] == "authority_marked"
    made = path_of(program.file(item_no="040", **named, authority_marked="notarised", authority_scope="submit"))
    assert program.get(made).get_json()["proxy"]["scope"] == "submit"
    program.done(made, "proxy_authority", what="revoked", reason="不再委托")
    assert program.get(made).get_json()["proxy"] == {}


def test_an_authority_that_counts_is_not_corrected_but_entered_anew(village: Counter, agent: Visitor) -> None:
    case = agent.file("040", **PROXY)
    page = agent.open(case).text
    assert "mark:applicant_name" in page and "mark:proxy_name" not in page and "mark:proxy_authorisation" not in page
    program = program_at(village, "0802", "agent")
    named = {name: value for name, value in PROXY.items() if name.startswith("proxy_")}
    made = path_of(program.file(item_no="040", **named, authority_marked="notarised"))
    for name in ("proxy_name", "proxy_authorisation"):
        answer = program.act(made, "supply", answers={name: "王晓琴"})
        assert answer.status_code == 422 and "登记委托" in answer.text


def test_who_collects_in_person_is_the_applicant_and_anybody_else_is_told_of_the_authority(
    village: Counter, agent: Visitor, decider: Visitor
) -> None:
    case = agent.file("040", applicant_name="阿依古丽·买买提")
    done(agent, case, "docket")
    done(decider, case, "decide", outcome="approve")
    refused(agent, case, "delivered", "他人来领的，请先用“登记委托”", to="张三", how="in_person")
    refused(agent, case, "delivered", "不能晚于今天（2026-11-18）", to="本人", how="in_person", at="2030-01-01")
    refused(agent, case, "delivered", "不能早于所送达的决定", to="本人", how="in_person", at="2026-11-17")
    done(agent, case, "delivered", to=" 阿依古丽 • 买买提（本人）", how="in_person", at="2026-11-18")
    assert held(village, case).state == "delivered"


def test_a_program_is_told_the_same_of_who_collects(village: Counter) -> None:
    program, decides = program_at(village, "0801", "agent"), program_at(village, "0803", "head")
    case = path_of(program.file(item_no="040"))
    program.done(case, "docket")
    decides.done(case, "decide", outcome="approve")
    answer = program.act(case, "delivered", to="张三", how="in_person").get_json()
    assert answer["field"] == "to" and "choose delivery by proxy" in answer["en"]
    assert program.act(case, "delivered", to="张秀兰", how="in_person", at="2030-01-01").get_json()["field"] == "at"
    program.done(case, "delivered", to="本人", how="in_person")


def test_for_an_organisation_comes_who_represents_it(village: Counter, agent: Visitor, decider: Visitor) -> None:
    case = agent.file("040", **FIRM)
    done(agent, case, "docket")
    done(decider, case, "decide", outcome="approve")
    refused(agent, case, "delivered", "经办人来领的，请先用“登记委托”", to="张三", how="in_person")
    done(agent, case, "delivered", to="李 建国", how="in_person")
