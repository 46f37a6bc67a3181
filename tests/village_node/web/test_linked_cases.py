"""Change, renewal and revocation: a case of its own that acts upon an earlier decision, seen on the pages of both."""

import re

import pytest

from sync_protocol.case import kinds
from tests.builders import COUNTY, Network
from tests.closing import checkpoint_day, close_case, net
from tests.network import TOWNSHIP, VILLAGE
from tests.network import Network as Live
from tests.village_node.notices.given import words
from tests.village_node.web.api.program import program_at
from tests.village_node.web.counter import CARD, Counter, Visitor, check_token_in, everywhere
from tests.village_node.web.errands import PAPERS, AtHand, at_the_county, done, handed_up, links, printed, refused
from tests.village_node.web.test_documents import site_of
from tests.village_node.web.test_filing import held
from tests.village_node.web.test_item_versions import form
from village_node.casebook import BadBody
from village_node.web import times
from village_node.web.linked import MOST_SHOWN

__all__ = ["net"]

OTHER_CARD = "110101199003072930"


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


def number_of(visitor: Visitor, case: str) -> str:
    return held(visitor.counter, case).case_no


def granted(network: Network, agent: Visitor, clerk: Visitor, officer: Visitor) -> str:
    """A village's case, granted by the county with a certificate and given to the applicant."""
    case = at_the_county(network, agent, clerk, officer)
    done(officer, case, "decide", outcome="approve")
    done(officer, case, "issue", certificate_no="甘民低保0001", valid_from="2026-11-18", valid_to="2027-11-17")
    handed_up(network, officer, agent, case)
    done(agent, case, "delivered", to="张秀兰", how="in_person")
    everywhere(network)
    return case


def not_filed(visitor: Visitor, said: str, **changes: str) -> None:
    """An application that comes back with these words."""
    with pytest.raises(AssertionError, match=said):
        visitor.file(**changes)


def brought(network: Network, agent: Visitor, clerk: Visitor, officer: Visitor, case: str) -> None:
    """A case on its way from the village to the county's desk."""
    handed_up(network, agent, clerk, case)
    done(clerk, case, "docket")
    done(clerk, case, "review", opinion="agree")
    handed_up(network, clerk, officer, case)


def test_a_licence_is_renewed_and_then_revoked_and_each_page_leads_to_the_other(
    network: Network, agent: Visitor, clerk: Visitor, officer: Visitor, county: Counter
) -> None:
    first = granted(network, agent, clerk, officer)
    number = number_of(agent, first)
    offered = re.findall(r'href="(/file/001\?[^"]*)"', agent.open(first).text.replace("&amp;", "&"))
    assert [address.split("acts_on=")[1].split("&")[0] for address in offered] == ["change", "renew"], "at a village"
    assert (
        f'value="{number}"' in agent.open(offered[1]).text and 'value="renew" selected' in agent.open(offered[1]).text
    )
    renew = {"acts_on": "renew", "earlier": number}
    not_filed(agent, r'有 1 处要改.*id="e-earlier">\s*请填写此项', acts_on="renew")
    not_filed(agent, "请选择变更、延续或撤销", earlier=number)
    not_filed(agent, "校验位", **{**renew, "earlier": number[:-1] + ("1" if number[-1] != "1" else "2")})
    not_filed(agent, "证件号码不一致", **renew, applicant_id_no=OTHER_CARD)
    not_filed(agent, "撤销由有权受理或决定该事项的一级立案", **{**renew, "acts_on": "revoke"})
    renewal = agent.file(**renew)
    not_filed(agent, "已有正在办理的变更、延续或撤销", **renew)
    assert "申请延续本案的决定" in agent.open(first).text and number_of(agent, renewal) in agent.open(first).text
    brought(network, agent, clerk, officer, renewal)
    page = officer.open(renewal).text
    assert "本案对下列原决定办理延续" in page and f'href="{first}">{number}' in page
    done(officer, renewal, "decide", outcome="approve", conditions="每年复核")
    everywhere(network)
    decision = words(printed(officer, next(each for each in links(officer, renewal) if each.endswith("/13"))))
    assert re.search(r"民政行审13〔2026〕621021-[0-9A-Z]{4}-1号", decision) and "准予延续" in decision
    before = held(county, first).decision
    assert before is not None and before.document_no in decision and number in decision
    assert "甘民低保0001" in decision and "2026-11-18至2027-11-17" in decision and "庆城县人民法院" in decision
    assert "本案的决定已延续" in agent.open(first).text
    told = program_at(county, "0900", "supervisor").get(f"/cases/{first.removeprefix('/cases/')}").get_json()
    done_by = {"act": "renew", "case_no": number_of(agent, renewal), "decided": True, "done": True}
    assert (told["acts_on"], told["acted_on_by"]) == (None, [done_by])
    assert "对本案的决定申请" not in agent.open(first).text, "the renewal stands in its place"
    not_filed(clerk, f"现行决定的收件编号是 {number_of(agent, renewal)}", acts_on="revoke", earlier=number)
    revocation = clerk.file(acts_on="revoke", earlier=number_of(agent, renewal))
    done(clerk, revocation, "docket")
    done(clerk, revocation, "review", opinion="agree")
    handed_up(network, clerk, officer, revocation)
    done(officer, revocation, "decide", outcome="approve", reasons="家庭收入已超过标准")
    everywhere(network)
    for case, said in ((first, "本案的决定已随相关决定撤销"), (renewal, "本案的决定已撤销")):
        page = clerk.open(case).text
        assert said in page and "对本案的决定申请" not in page and f'href="{revocation}"' in page
        not_filed(clerk, "原决定已由", acts_on="change", earlier=number_of(clerk, case))
        code = held(county, case).query_code
        asked = {"number": number_of(clerk, case), "code": code}
        assert "撤销，不再有效" in county.visitor().send("/query", asked).text
        paper = next(each for each in links(officer, case) if each.rpartition("/")[2] in ("11", "13"))
        assert "撤销，不再有效" in county.visitor().open(f"/check/{check_token_in(paper)}").text


def test_a_revocation_says_why_and_nothing_is_done_with_what_was_revoked(
    network: Network, agent: Visitor, clerk: Visitor, officer: Visitor, county: Counter
) -> None:
    first = officer.file("016", **PAPERS)
    done(officer, first, "docket")
    number = number_of(officer, first)
    asked = {"acts_on": "revoke", "earlier": number, **PAPERS}
    with pytest.raises(AssertionError, match="没有有效的准予决定"):
        officer.file("016", **asked)
    done(officer, first, "decide", outcome="approve")
    with pytest.raises(AssertionError, match="另一个事项"):
        officer.file("023", **asked)
    revocation = officer.file("016", **asked)
    done(officer, revocation, "docket")
    refused(officer, revocation, "decide", "撤销决定须写明理由", outcome="approve")
    done(officer, revocation, "decide", outcome="approve", reasons="以欺骗手段取得")
    paper = words(printed(officer, next(each for each in links(officer, revocation) if each.endswith("/13"))))
    assert "决定撤销" in paper and "以欺骗手段取得" in paper and "申请行政复议" in paper and "第六十九条" in paper
    assert "即办件办结单" not in officer.open(revocation).text, "it is no case settled on the spot"
    page = officer.open(first).text
    assert "本案的决定已撤销" in page and "对本案的决定申请" not in page
    with pytest.raises(AssertionError, match="原决定已由"):
        officer.file("016", **{**asked, "acts_on": "change"})
    with pytest.raises(AssertionError, match="原件本身是撤销决定"):
        officer.file("016", **{**asked, "earlier": number_of(officer, revocation)})
    slip = next(each for each in links(officer, first) if each.endswith("/instant"))
    assert "撤销，不再有效" in county.visitor().open(f"/check/{check_token_in(slip)}").text


def test_what_is_not_held_where_it_is_filed_is_looked_at_by_who_decides(
    network: Network, agent: Visitor, clerk: Visitor, officer: Visitor
) -> None:
    case = officer.file("016", **PAPERS)
    change = agent.file("016", acts_on="change", earlier=number_of(officer, case), **PAPERS)
    assert "原件不在本机" in agent.open(change).text
    handed_up(network, agent, clerk, change)
    done(clerk, change, "docket")
    handed_up(network, clerk, officer, change)
    assert "现在不能准予" in officer.open(change).text
    refused(officer, change, "decide", "没有有效的准予决定", outcome="approve")
    done(officer, change, "decide", outcome="refuse", reasons="原申请尚未决定")


def given_by(officer: Visitor, **more: str) -> str:
    """A registration that the county has granted on the spot; its receipt number."""
    case = officer.file("016", **PAPERS)
    done(officer, case, "docket")
    done(officer, case, "decide", outcome="approve")
    if more:
        done(officer, case, "issue", certificate_no="甘庆个0001", **more)
    return number_of(officer, case)


def test_a_renewal_filed_in_time_is_granted_after_the_certificate_has_run_out(
    network: Network, officer: Visitor, county: Counter
) -> None:
    number = given_by(officer, valid_from="2025-11-21", valid_to="2026-11-20")
    renew = {"acts_on": "renew", "earlier": number, **PAPERS}
    renewal = officer.file("016", **renew)
    done(officer, renewal, "docket")
    network.clock.now_ms += 5 * times.DAY_MS
    again = county.sign_in("0202", "officer", "window", "head", name="李敏")
    assert "现在不能准予" not in again.open(renewal).text
    done(again, renewal, "decide", outcome="approve")
    late = given_by(again, valid_from="2025-11-21", valid_to="2026-11-20")
    not_filed(again, "原证照有效期至 2026-11-20，已届满", **{**renew, "earlier": late}, item_no="016")


def test_a_change_that_was_filed_before_another_was_granted_is_still_granted_and_both_fall_with_the_decision(
    network: Network, officer: Visitor, county: Counter, clerk: Visitor
) -> None:
    number = given_by(officer)
    elsewhere = clerk.file("016", acts_on="change", earlier=number, **PAPERS)
    network.clock.now_ms += 60_000
    renewal = officer.file("016", acts_on="renew", earlier=number, **PAPERS)
    done(officer, renewal, "docket")
    done(officer, renewal, "decide", outcome="approve")
    done(clerk, elsewhere, "docket")
    handed_up(network, clerk, officer, elsewhere)
    done(officer, elsewhere, "decide", outcome="approve")
    revocation = officer.file("016", acts_on="revoke", earlier=number_of(officer, elsewhere), **PAPERS)
    done(officer, revocation, "docket")
    done(officer, revocation, "decide", outcome="approve", reasons="以欺骗手段取得")
    assert "本案的决定已随相关决定撤销" in officer.open(renewal).text


def test_a_revocation_is_seen_behind_any_number_of_refused_applications(officer: Visitor, county: Counter) -> None:
    number = given_by(officer)
    member = county.member
    for act in ["change"] * (MOST_SHOWN + 1) + ["revoke"]:
        ref = member.file(item_no="016", acts_on=act, earlier=number, applicant_id_no=CARD)
        member.act(ref, kinds.DOCKET)
        outcome = "approve" if act == "revoke" else "refuse"
        member.act(ref, kinds.DECIDE, {"outcome": outcome, "reasons": "不符合条件"})
    row = member.casebook.find_by_number(number)
    assert row is not None
    page = officer.open(f"/cases/{COUNTY}/{row.case_id.hex()}").text
    assert "本案的决定已撤销" in page and page.count("申请变更本案的决定") == MOST_SHOWN - 1
    assert re.search(r'<span class="number">2</span>：件未列出', page)
    not_filed(officer, "原决定已由", item_no="016", acts_on="change", earlier=number, **PAPERS)


def test_where_contents_were_cleared_a_decision_stays_revoked_and_is_renewed_as_where_it_was_never_held(
    net: Live,
) -> None:
    village, township = net[VILLAGE].member, net[TOWNSHIP].member
    first, second = village.file(), village.file()
    for ref in (first, second):
        close_case(net, ref)
    revocation = township.file(acts_on="revoke", earlier=first.case_no)
    close_case(net, revocation)
    checkpoint_day(net, days=0)
    checkpoint_day(net, days=30)
    assert (township.casebook.purge(30 * times.DAY_MS).cases, village.casebook.purge(30 * times.DAY_MS).cases) == (3, 2)
    case = township.casebook.case(first.scope, first.case_id)
    assert case is not None and case.decision is not None and case.decision.outcome == ""
    revoked = township.casebook.links(first[:2], case).revoked
    assert revoked is not None and revoked.row.case_no == revocation.case_no
    with pytest.raises(BadBody, match="was revoked by"):
        township.file(acts_on="change", earlier=first.case_no)
    renewal = village.file(acts_on="renew", earlier=second.case_no)
    close_case(net, renewal)
    assert net[COUNTY].member.state(renewal) == "delivered"


def test_who_decides_now_acts_upon_what_a_higher_level_decided_before(
    network: Network, township: Counter, officer: Visitor, county: Counter
) -> None:
    clerk = township.sign_in("0102", "clerk", "reviewer", "head", name="赵强")
    first = clerk.file("016", **PAPERS)
    done(clerk, first, "docket")
    handed_up(network, clerk, officer, first)
    done(officer, first, "decide", outcome="approve")
    business = county.sign_in("1004", "business", name="孙丽")
    answer = business.send("/catalogue/016", form(network, "016", decide_level="township", do="publish"))
    assert answer.status_code == 303, answer.text
    everywhere(network)
    change = clerk.file("016", acts_on="change", earlier=number_of(clerk, first), item_version="2", **PAPERS)
    done(clerk, change, "docket")
    done(clerk, change, "decide", outcome="approve")


def test_an_item_of_a_theme_is_changed_and_the_theme_is_revoked_as_a_whole(clerk: Visitor) -> None:
    theme = {"earlier": number_of(clerk, clerk.file("043", **PAPERS)), **PAPERS}
    not_filed(clerk, "没有有效的准予决定", item_no="016", acts_on="change", **theme)
    not_filed(clerk, "另一个事项", item_no="016", acts_on="revoke", **theme)
    not_filed(clerk, "另一个事项", item_no="001", acts_on="change", **theme)
