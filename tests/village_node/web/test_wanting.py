"""What an applicant who is to correct something reads of it: what, by when, and what the reviewer wrote to him."""

import pytest

from tests.builders import Network, delegate_all
from tests.village_node.web.counter import CARD, Counter, Visitor, everywhere
from tests.village_node.web.errands import at_the_county, done
from tests.village_node.web.test_clocks import plain
from tests.village_node.web.test_filing import held
from tests.village_node.web.test_query import look_up


@pytest.fixture
def clerk(township: Counter) -> Visitor:
    return township.sign_in("0101", "clerk", "reviewer", name="李强")


def next_step(counter: Counter, case: str) -> str:
    found = held(counter, case)
    page = plain(look_up(counter.visitor(), found.case_no, found.query_code).text)
    return page.split("接下来：")[1].split("申请人 ")[0]


def test_the_applicant_reads_what_the_reviewer_wrote_and_nobodys_number_or_name(
    network: Network, agent: Visitor, clerk: Visitor, village: Counter
) -> None:
    case = agent.file()
    done(agent, case, "handoff")
    everywhere(network)
    done(clerk, case, "accept")
    assert "通知书和申请人的查询页上都有" in clerk.open(case).text, "who writes it knows who reads it"
    written = {
        "what:material:申请表": "请本人签字，2026-12-01 前交。",
        "what:applicant_id_no": f"与身份证不符，证上是 {CARD}，张秀兰本人核对",
    }
    done(clerk, case, "return_for_correction", reason="内部：三次未接通 13800001111", **written)
    everywhere(network)
    said = next_step(village, case)
    assert "请补正：" in said and "材料《申请表》：请本人签字，2026-12-01 前交。" in said, said
    assert "与身份证不符，证上是 ***，张*本人核对；" in said
    assert CARD not in said and "张秀兰" not in said and "三次未接通" not in said


def test_so_it_is_with_papers_asked_for_in_examination(
    network: Network, agent: Visitor, clerk: Visitor, village: Counter, county: Counter
) -> None:
    delegate_all(county.member, "1001")
    officer = county.sign_in("1001", "window", "officer", name="赵敏")
    case = at_the_county(network, agent, clerk, officer)
    done(officer, case, "suspend", what="supplement", basis="条例第五条", **{"what:material:户口簿": "缺第 3 页"})
    everywhere(network)
    assert "审查意见：材料《户口簿》：缺第 3 页。" in next_step(village, case)
