"""A look at the place is made by two officers, who are named with what they found."""

from tests.builders import Network
from tests.village_node.web.api.program import path_of, program_at
from tests.village_node.web.counter import Counter, Visitor
from tests.village_node.web.errands import AtHand, at_the_county, chosen, done, opened_by_two, papers_of, refused
from tests.village_node.web.test_filing import held
from tests.village_node.web.test_registers import business, head, officer
from village_node.web.site import SITE

__all__ = ["business", "head", "officer"]


def test_a_survey_ends_with_two_officers_named_and_their_record(head: Visitor, officer: Visitor) -> None:
    case = officer.file("036")
    done(officer, case, "docket")
    opened_by_two(officer, head, case, what="site_survey", basis="行政许可法第三十四条", planned_days="3")
    ended = {"opened": chosen(officer.open(case).text, "resume", "opened")[0]}
    refused(officer, case, "resume", "现场踏勘由两名以上工作人员进行", **ended, result="场地与图纸一致")
    refused(officer, case, "resume", "2", **ended, result="场地与图纸一致", inspectors="楚科长")
    refused(officer, case, "resume", "至少填写一项", **ended, inspectors="楚科长\n陈副局长")
    done(officer, case, "resume", **ended, result="场地与图纸一致", inspectors="楚科长 0202\n陈副局长 0203")
    (survey,) = held(officer.counter, case).procedures.values()
    assert survey.result["inspectors"] == ["楚科长 0202", "陈副局长 0203"]
    assert "陈副局长 0203" in officer.open(case).text
    officer.counter.app.extensions[SITE].printer = AtHand()
    record = papers_of(officer, case)["survey"]
    assert "陈副局长0203" in record and "场地与图纸一致" in record and "第三十四条" in record
    opened_by_two(officer, head, case, what="testing", basis="行政许可法第四十五条", planned_days="3")
    ended = {"opened": chosen(officer.open(case).text, "resume", "opened")[0]}
    refused(officer, case, "resume", "只有现场踏勘填写核查人员", **ended, result="合格", inspectors="楚科长\n陈副局长")


def test_a_case_has_the_special_procedures_that_the_catalogue_names_for_its_item(
    network: Network, agent: Visitor, township: Counter, officer: Visitor, head: Visitor
) -> None:
    clerk = township.sign_in("0101", "clerk", "reviewer", name="周涛")
    case = at_the_county(network, agent, clerk, officer)
    assert chosen(officer.open(case).text, "suspend", "what") == [
        "supplement", "hearing", "site_survey", "publicity", "reported_up",
    ]  # fmt: skip
    assert "听证、现场踏勘由您提出" in officer.open(case).text
    told = "本事项的特别程序只有：入户调查"
    refused(officer, case, "suspend", told, what="auction", basis="随便", planned_days="3")
    assert officer.counter.member.casebook.asked_procedures("0201", ["head"]) == []
    program = program_at(officer.counter, "0801", "officer")
    answer = program.act(case, "suspend", what="tender", basis="随便", planned_days=3).get_json()
    assert answer["field"] == "what" and told in answer["zh"]
    opened_by_two(officer, head, case, what="site_survey", basis="低保审核确认办法", planned_days="3")
    assert held(officer.counter, case).procedures


def test_an_item_that_names_none_leaves_the_choice_to_who_examines(county: Counter, officer: Visitor) -> None:
    program = program_at(county, "0801", "window")
    case = path_of(program.file(item_no="036"))
    program.done(case, "docket")
    assert "auction" in chosen(officer.open(case).text, "suspend", "what")
    program.done(case, "suspend", what="auction", basis="行政许可法第五十三条", planned_days=3)
