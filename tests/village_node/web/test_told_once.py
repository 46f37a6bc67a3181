"""Everything is told at once: a second notice says why, its reason is printed, and supervision sees the case."""

import re

from tests.builders import Network
from tests.village_node.web.api.program import program_at
from tests.village_node.web.counter import Counter, Visitor, everywhere
from tests.village_node.web.errands import AtHand, at_the_township, chosen, done, handed_up, papers_of, refused
from tests.village_node.web.test_filing import held
from village_node.web.site import SITE

MARK = {"what:material:户口簿": "缺页"}
LISTED = "/supervision?view=watched"


def supplied(network: Network, agent: Visitor, clerk: Visitor, case: str) -> None:
    done(agent, case, "supply", **{"paper:material:户口簿": "yes"})
    everywhere(network)
    done(clerk, case, "take", supplies=chosen(clerk.open(case).text, "take", "supplies"))


def test_a_second_notice_says_why_and_supervision_sees_the_case(
    network: Network, village: Counter, township: Counter, county: Counter, agent: Visitor
) -> None:
    township.app.extensions[SITE].printer = AtHand()
    clerk, reviewer = township.sign_in("0101", "clerk", name="周涛"), township.sign_in("0103", "reviewer", name="李倩")
    supervisor = county.sign_in("1009", "supervisor", name="吴督查")
    case = at_the_township(network, agent, clerk, "001")
    number = held(village, case).case_no
    done(clerk, case, "return_for_correction", **MARK)
    supplied(network, agent, clerk, case)
    everywhere(network)
    assert number not in supervisor.open(LISTED).text, "once is what the law asks for"

    refused(clerk, case, "return_for_correction", "已要求补正 1 次", **MARK)
    form = clerk.open(case).text.partition("/act/return_for_correction")[2].partition("</form>")[0]
    assert "必填" in form.partition("补正理由")[2][:80], "the form says so before anybody is refused"
    done(clerk, case, "return_for_correction", reason="派出所函复户口簿已换发", **MARK)
    assert "派出所函复户口簿已换发" in papers_of(clerk, case)["02"]
    everywhere(network)
    for visitor in (supervisor, clerk):
        page = visitor.open(LISTED).text
        assert number in page and "要求补正超过一次" in page and "共 1 件" in page
    assert "要求补正超过一次，列入督查" in clerk.open(case).text
    (listed,) = program_at(county, "0900", "supervisor").get("/supervision/watched").get_json()["cases"]
    assert (listed["case_no"], [each["why"] for each in listed["listed"]]) == (number, ["again"])

    supplied(network, agent, clerk, case)
    done(clerk, case, "docket")
    said = {"what": "supplement", "basis": "社会救助暂行办法", **MARK}
    refused(reviewer, case, "suspend", "已要求补正 2 次", **said)
    done(reviewer, case, "suspend", reason="入户后发现", **said)


def test_what_is_missing_is_ticked_before_anybody_names_it(network: Network, township: Counter, agent: Visitor) -> None:
    clerk = township.sign_in("0101", "clerk", name="周涛")
    case = handed_up(network, agent, clerk, agent.file("001", m0="", m1=""))
    lacking = unproven_papers(clerk.open(case).text)
    form = clerk.open(case).text.partition("/act/return_for_correction")[2].partition("</form>")[0]
    ticked = re.findall(r'name="mark:material:([^"]*)" value="yes" checked', form)
    assert ticked == lacking and len(ticked) > 1 and "尚缺的材料已经勾选" in form
    assert not re.search(r'name="mark:applicant_[^"]*" value="yes" checked', form)
    done(clerk, case, "return_for_correction", **{f"mark:material:{ticked[0]}": "yes", "what:applicant_phone": "空号"})
    marks = {mark.field: mark.what for mark in held(township, case).marks}
    assert marks == {f"material:{ticked[0]}": "尚缺，请补交", "applicant_phone": "空号"}, "unticked is not asked for"
    everywhere(network)
    done(agent, case, "supply", **{f"paper:material:{ticked[0]}": "yes"})
    everywhere(network)
    form = clerk.open(case).text.partition("/act/return_for_correction")[2].partition("</form>")[0]
    assert f'name="mark:material:{ticked[0]}" value="yes" checked' not in form, "it was brought meanwhile"


def unproven_papers(page: str) -> list[str]:
    """The papers that the form of acceptance on the same page says are missing."""
    said = re.search(r"尚缺：([^<。]*)", page)
    assert said
    return said[1].split("、")
