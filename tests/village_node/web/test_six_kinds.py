"""The six kinds of cases as they are now: in lists, in counts, on the page of a case, each with its notice."""

import re

import pytest

from tests.builders import Network
from tests.village_node.web.api.program import program_at
from tests.village_node.web.counter import Counter, Visitor, everywhere
from tests.village_node.web.errands import PAPERS, at_the_township, chosen, done
from tests.village_node.web.test_filing import held


@pytest.fixture
def clerk(township: Counter) -> Visitor:
    return township.sign_in("0101", "clerk", "reviewer", name="周涛")


def counts(visitor: Visitor) -> dict[str, int]:
    """How many cases of each kind the work list says are held."""
    page = visitor.open("/work").text
    found = re.findall(r'kind=[^"]*">([^<]*件)</a> <span class="number">(\d+)<', page)
    return {name: int(number) for name, number in found if number != "0"}


def kind_on(visitor: Visitor, case: str) -> str:
    """What the page of a case says of its kind."""
    page = visitor.open(case).text.partition('id="now"')[2]
    found = re.search(r"<strong>(..件)</strong>：(.*?)</p>", page)
    assert found
    return f"{found[1]}：{found[2]}"


def test_a_case_is_of_one_of_six_kinds_at_a_time_with_the_notice_that_answers_it(
    network: Network, agent: Visitor, clerk: Visitor, township: Counter
) -> None:
    case = at_the_township(network, agent, clerk, "001")
    assert kind_on(clerk, case) == "承诺件：以《受理通知书》答复。"
    done(clerk, case, "return_for_correction", due_days="10", **{"what:applicant_phone": "空号"})
    told = kind_on(clerk, case)
    assert told.startswith(
        "补办件：以《补正材料通知书》、《审查阶段补正材料通知书》、《退回件通知书》答复，已出具：民政行审02"
    )
    assert "（原为承诺件）" in told and counts(clerk) == {"补办件": 1}
    everywhere(network)
    listed = {
        kind: agent.open(f"/work?view=all&kind={kind}").text.partition("<tbody>")[2] for kind in ("补办件", "承诺件")
    }
    assert case in listed["补办件"] and case not in listed["承诺件"]
    done(agent, case, "supply", **{"answer:applicant_phone": "13900005678"})
    everywhere(network)
    done(clerk, case, "take", supplies=chosen(clerk.open(case).text, "take", "supplies"))
    done(clerk, case, "docket")
    assert re.match("承诺件：以《受理通知书》答复，已出具：民政行审04", kind_on(clerk, case))
    done(
        clerk,
        case,
        "suspend",
        what="supplement",
        basis="条例第五条",
        **{"what:material:户口簿": "缺页", "reason": "新发现"},
    )
    assert re.match("补办件：.*已出具：民政行审07", kind_on(clerk, case))
    # Settled on the spot is only what is accepted where it is decided.
    quick = at_the_township(network, agent, clerk, "016", **PAPERS)
    assert kind_on(clerk, quick).startswith("即办件：以《即办件办结单》答复")
    done(clerk, quick, "docket")
    assert kind_on(clerk, quick).startswith("承诺件：") and counts(clerk) == {"补办件": 1, "承诺件": 1}
    refused = at_the_township(network, agent, clerk, "001")
    done(clerk, refused, "refuse", reasons="不属于本机关职权", legal_basis="某条例第五条")
    assert re.match("退回件：以《不予受理决定书》、《终止通知书》答复，已出具：民政行审05", kind_on(clerk, refused))
    assert counts(clerk) == {"补办件": 1, "承诺件": 1, "退回件": 1}
    program = program_at(township, "0900", "clerk")
    (listed,) = program.get("/cases?view=all&kind=退回件").get_json()["cases"]
    assert (listed["case_no"], listed["case_kind"]) == (held(township, refused).case_no, "退回件")
    read = program.get(refused.removeprefix("")).get_json()
    assert (read["case_kind"], read["answered_by"]) == ("退回件", ["05", "lapse"])
