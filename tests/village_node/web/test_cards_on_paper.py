"""A card of supervision on paper, with its number and its seal; and the request for a review as the applicant signs
it."""

import re

from sync_protocol.case import kinds
from tests.builders import Network
from tests.village_node.notices.given import words
from tests.village_node.web.api.program import program_at
from tests.village_node.web.counter import Counter, Visitor, everywhere, hidden_of
from tests.village_node.web.errands import PAPERS, AtHand, done, papers_of
from tests.village_node.web.test_supervision import address, late, pass_days, refused, supervisor, wrote
from village_node.web.site import SITE

__all__ = ["late", "supervisor"]
SEAL = {
    "seal_no": "督查1号章", "use": "decision", "owner": "庆城县政务服务中心督查科", "document_no": "印3号",
    "custodians": ["1009"], "first": "2026-08-01",
}  # fmt: skip
ASKED = {"rule": "promised", "answer_by": "2027-03-01"}


def sheets(visitor: Visitor, case: str) -> dict[str, str]:
    """What each letter of a case says on paper, by its number."""
    links = re.findall(r'href="(/supervision/[^"]+/letters/[^"]+)">([^<]+)<', visitor.open(address(case)).text)
    return {number: words(visitor.open(link).data) for link, number in links}


def test_a_card_goes_out_on_paper_with_its_number_and_the_seal_of_who_writes_it(
    network: Network, county: Counter, village: Counter, supervisor: Visitor, agent: Visitor, late: str
) -> None:
    county.app.extensions[SITE].printer = AtHand()
    to = village.config.place
    wrote(supervisor, late, "letter", to=to, paper="card", text="请立即核实", **ASKED)
    [(number, unsealed)] = sheets(supervisor, late).items()
    assert re.fullmatch(r"政务行审红牌〔2027〕621021-\w{4}-1号", number)
    assert "红牌通知书" in unsealed and number in unsealed and "已用" in unsealed and "样章" not in unsealed
    assert "加盖实体印章后发出" in unsealed and "张秀兰" not in unsealed
    county.member.casebook.enter("0009", {"business"}, kinds.SEAL, SEAL)
    wrote(supervisor, late, "letter", to=to, text="请速办", **ASKED)
    wrote(supervisor, late, "letter", to=to, paper="card", text="请再核实", **ASKED)
    papers = sheets(supervisor, late)
    assert sorted(re.findall(r"行审(..)〔.*-(\d)号", each)[0] for each in papers) == [
        ("督办", "1"), ("红牌", "1"), ("红牌", "2"),
    ]  # fmt: skip
    sealed = next(said for each, said in papers.items() if "红牌" in each and each.endswith("-2号"))
    assert "所印为样章" in sealed and all(sign in sealed for sign in "督查科专用章")
    assert "督办通知书" in next(said for each, said in papers.items() if "督办" in each)
    uses = county.sign_in("0009", "business").open("/seals").text
    assert "督查1号章" in uses and uses.count("红牌〔") == 1, "the use of the seal is listed"
    everywhere(network)
    page = agent.open(address(late)).text
    assert "红牌通知书" in page and "请再核实" in page
    wrote(agent, late, "answer", of=hidden_of(page, f"{address(late)}/answer")["of"], text="已核实，明日办结")
    everywhere(network)
    assert any("已核实" in said for said in sheets(supervisor, late).values()), "it is answered as a letter is"


def test_a_case_without_a_card_is_warned_early_and_one_that_is_yellow_has_its_own_paper(
    network: Network, county: Counter, supervisor: Visitor, agent: Visitor
) -> None:
    county.app.extensions[SITE].printer = AtHand()
    case = agent.file("014", **PAPERS)
    done(agent, case, "docket")
    everywhere(network)
    here = {"to": county.config.place, **ASKED}
    wrote(supervisor, case, "letter", paper="card", text="请抓紧", **here)
    assert "预警通知书" in next(iter(sheets(supervisor, case).values()))
    refused(supervisor, case, "letter", "文书种类", paper="blue", text="请抓紧", **here)
    program = program_at(county, "1010", "supervisor")
    way = case.replace("/cases/", "/cases/") + "/supervision/letter"
    typed = {**here, "paper": "card", "text": "请抓紧"}
    assert program.post(way, {**typed, "seal": "假章"}, request_id="card-0001").status_code == 422
    assert program.post(way, typed, request_id="card-0002").status_code == 200
    assert len([each for each in sheets(supervisor, case) if "预警" in each]) == 2
    pass_days(network, 1, agent, supervisor)
    while "黄牌通知书" not in supervisor.open(address(case)).text:
        pass_days(network, 1, agent, supervisor)
    wrote(supervisor, case, "letter", paper="card", text="即将到期", **here)
    assert any("黄牌通知书" in said and "黄牌〔" in said for said in sheets(supervisor, case).values())


def test_the_request_for_a_review_is_printed_to_be_signed(network: Network, village: Counter, agent: Visitor) -> None:
    village.app.extensions[SITE].printer = AtHand()
    case = agent.file("040")
    done(agent, case, "refuse", reasons="不属于本机关职权", legal_basis="行政许可法第三十二条")
    done(agent, case, "review_request", reason="材料齐全，属于本机关职权", by="张秀兰")
    asked = papers_of(agent, case)["request"]
    assert "复核申请书" in asked and "材料齐全，属于本机关职权" in asked and "申请人（张秀兰）签名" in asked
    assert "行审05〔" in asked and "5个工作日" in asked.replace(" ", "")
