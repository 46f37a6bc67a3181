"""A correction, or a change of contact, is asked what filing asks of the same fields: by pages and by programs."""

import pytest

from tests.village_node.web.api.program import path_of, program_at
from tests.village_node.web.counter import Counter, Visitor, problems
from tests.village_node.web.errands import done, refused
from tests.village_node.web.test_applicants import CODE, FIRM
from tests.village_node.web.test_filing import held

OTHER_CODE = CODE[:-1] + "4"


@pytest.mark.parametrize(
    ("name", "typed", "told"),
    [
        ("applicant_name", "<b>张*三</b>", "申请人：姓名中有“&lt;”"),
        ("applicant_name", "张" * 61, "申请人：应为 1 至 60 字"),
        ("applicant_id_no", "123", "身份证号应为 18 位"),
        ("applicant_id_no", "110105194912310021", "校验位不符"),
        ("applicant_phone", "1389341", "电话应为 11 位手机号"),
    ],
)
def test_a_correction_is_asked_what_filing_asks(
    village: Counter, agent: Visitor, name: str, typed: str, told: str
) -> None:
    case = agent.file()
    refused(agent, case, "supply", told, **{f"answer:{name}": typed})
    assert f'name="answer:{name}"' in agent.act(case, "supply", **{f"answer:{name}": typed}).text, "the form comes back"
    assert not held(village, case).open_supplies


def test_a_name_that_is_too_long_is_told_with_its_field(village: Counter, agent: Visitor) -> None:
    answer = agent.act(agent.file(), "supply", **{"answer:applicant_name": "张" * 61, "answer:applicant_phone": "电话"})
    (told,) = {each for each in problems(answer.text) if "60 字" in each}
    assert "申请人：" in told and "电话应为" in told, "each field that is wrong, at once"


def test_a_corrected_number_is_judged_by_its_kind_and_kept_in_one_spelling(village: Counter, agent: Visitor) -> None:
    passport = agent.file(applicant_id_kind="passport", applicant_id_no="E12345678")
    done(
        agent, passport, "supply", **{"answer:applicant_id_no": "e1234５679", "answer:applicant_name": "张 秀\u200b 兰"}
    )
    said = held(village, passport).open_supplies[0].body["answers"]
    assert said == {"applicant_id_no": "E12345679", "applicant_name": "张 秀 兰"}


def test_a_credit_code_is_corrected_to_a_credit_code_alone(village: Counter, agent: Visitor) -> None:
    firm = agent.file(**FIRM)
    refused(agent, firm, "supply", "校验位不符", **{"answer:applicant_id_no": OTHER_CODE})
    refused(agent, firm, "supply", "姓名中有“*”", **{"answer:legal_representative": "李*国"})
    done(agent, firm, "supply", **{"answer:legal_representative": "李建军"})


def test_a_change_of_contact_is_asked_the_same(village: Counter, agent: Visitor) -> None:
    case = agent.file()
    refused(agent, case, "contact_change", "电话应为 11 位手机号", applicant_phone="电话")
    refused(agent, case, "contact_change", "姓名中有“*”", applicant_phone="13900005678", by="张**")
    done(agent, case, "contact_change", applicant_phone="１３９ 0000-5678")
    assert held(village, case).contact_changes[0].body["applicant_phone"] == "13900005678"


def test_a_program_is_told_the_same_with_the_field(village: Counter, agent: Visitor) -> None:
    program = program_at(village, "0802", "agent")
    case = path_of(program.file())
    for name, typed in (("applicant_name", "张\n<三"), ("applicant_id_no", "123"), ("applicant_name", "")):
        answer = program.act(case, "supply", answers={name: typed})
        assert answer.status_code == 422 and answer.get_json()["field"] == "answers", typed
    answer = program.act(case, "contact_change", applicant_phone="12")
    assert answer.status_code == 422 and answer.get_json()["field"] == "applicant_phone"
    program.done(case, "supply", answers={"applicant_name": "张\n秀英"})
    assert held(village, case).open_supplies[0].body["answers"] == {"applicant_name": "张 秀英"}
