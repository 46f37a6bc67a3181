"""Who may apply for an item: the county says it, the form asks what it needs, and the desk refuses the rest."""

import pytest

from tests.builders import COUNTY, Network
from tests.village_node.notices.given import words
from tests.village_node.web.api.program import FILED, program_at
from tests.village_node.web.counter import APPLICATION, Counter, Visitor, everywhere, problems
from tests.village_node.web.errands import PAPERS, AtHand, done, links, printed
from tests.village_node.web.test_filing import held
from tests.village_node.web.test_item_versions import form
from village_node.notices import sheets
from village_node.web.site import SITE

CODE = "91350100M000100Y43"
FIRM = {
    "applicant_name": "庆城县惠民合作社", "applicant_id_kind": "credit_code", "applicant_id_no": CODE,
    "legal_representative": "李建国",
}  # fmt: skip


def test_an_organisation_files_with_its_code_and_who_represents_it(
    network: Network, county: Counter, township: Counter, village: Counter
) -> None:
    business = county.sign_in("1004", "business", name="孙丽")
    page = business.open("/catalogue/036").text
    assert "申请人类型" in page
    said = form(network, "036", applicant_organisation="yes", do="publish")
    answer = business.send("/catalogue/036", said)
    assert answer.status_code == 303, problems(answer.text)
    guide = business.open("/items/036/2").text
    assert "谁可以申请" in guide and "受理通知书" in guide
    everywhere(network)
    item = network.members[COUNTY].casebook.catalogue.newest("036")
    assert item is not None and item.applicants == ("organisation",)
    agent = village.sign_in("0001", "agent")
    asked = agent.open("/file/036").text
    assert 'value="credit_code"' in asked and 'value="resident_id"' not in asked and "法定代表人" in asked
    assert 'value="no_id"' not in asked, "only a person can be without a document"
    typed = {**APPLICATION, **PAPERS, "item_version": "2"}
    person = agent.send("/file/036", typed)
    assert person.status_code == 422 and "该事项只受理单位申请" in person.text
    for wrong, told in (
        ({"applicant_id_no": "91350100M000100Y44"}, "校验位不符"),
        ({"legal_representative": ""}, "请填写法定代表人"),
    ):
        refused = agent.send("/file/036", {**typed, **FIRM, **wrong})
        assert refused.status_code == 422 and told in refused.text
    case = agent.file("036", **{**PAPERS, **FIRM, "item_version": "2"})
    assert held(village, case).applicant["representative"] == "李建国"
    assert "李建国" not in agent.open(case).text and "法定代表人（负责人）" in agent.open(case).text, "masked"
    village.app.extensions[SITE].printer = AtHand()
    slip = next(each for each in links(agent, case) if "/agency" in each)
    assert "庆城县惠民合作社（法定代表人（负责人）：李建国）" in words(printed(agent, slip))
    assert "mark:legal_representative" in marking(network, agent, case, township), "it can be marked as wrong"


def marking(network: Network, agent: Visitor, case: str, township: Counter) -> str:
    """The form by which the township asks for corrections of a case that the village hands on."""
    done(agent, case, "handoff")
    everywhere(network)
    clerk = township.sign_in("0101", "clerk", name="周涛")
    done(clerk, case, "accept")
    return clerk.open(case).text.partition("/act/return_for_correction")[2].partition("</form>")[0]


def test_an_item_for_persons_takes_no_organisation_and_a_program_hears_the_field(
    network: Network, county: Counter, village: Counter
) -> None:
    business = county.sign_in("1004", "business", name="孙丽")
    assert business.send("/catalogue/001", form(network, applicant_person="yes", do="publish")).status_code == 303
    everywhere(network)
    agent = program_at(village, "0801", "agent")
    answer = agent.post("/applications", {**FILED, **FIRM})
    assert answer.status_code == 422 and "applicant_id_kind" in answer.text and "只受理个人申请" in answer.text


def test_a_class_without_a_template_for_its_notice_is_not_published(
    network: Network, county: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    business = county.sign_in("1004", "business", name="孙丽")
    monkeypatch.delitem(sheets.TEMPLATES, "04")
    answer = business.send("/catalogue/036", form(network, "036", do="publish"))
    assert answer.status_code == 422 and "没有对应的通知书样式" in answer.text
    assert network.members[COUNTY].casebook.next_version("036") == 2
