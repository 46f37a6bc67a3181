"""Pre-review: a draft is shown to who could accept it, what is missing is brought, and it is received as it is."""

import re

import pytest

from tests.builders import COUNTY, Network
from tests.village_node.web.api.program import path_of, program_at
from tests.village_node.web.counter import APPLICATION, CARD, PASSWORD, Counter, Visitor, everywhere
from tests.village_node.web.errands import PAPERS, AtHand, done, papers_of, refused
from tests.village_node.web.test_clocks import DAY_MS
from tests.village_node.web.test_filing import held
from village_node.web.site import SITE


@pytest.fixture
def clerk(township: Counter) -> Visitor:
    township.app.extensions[SITE].printer = AtHand()
    return township.sign_in("0101", "clerk", name="周涛")


def waiting(visitor: Visitor) -> list[str]:
    """The drafts that wait for a pre-review here."""
    return re.findall(r'class="row-link number" href="([^"]+)"', visitor.open("/work?view=prereview").text)


def test_a_draft_is_pre_reviewed_completed_and_received_without_typing_it_again(
    network: Network, township: Counter, village: Counter, agent: Visitor, clerk: Visitor
) -> None:
    case = agent.file("001", **PAPERS, do="preview")
    assert not held(village, case).case_no and waiting(agent) == []
    everywhere(network)
    assert waiting(clerk) == [case], "it is listed while it is on its way"
    done(clerk, case, "accept")
    assert held(township, case).state == "prereview" and "网上预审" in clerk.open("/work").text
    # Nobody receives what is being looked at; what is missing is named, or the answer is none.
    assert "/act/receive" not in clerk.open(case).text
    refused(clerk, case, "prereview_reply", "请填写此项", outcome="missing")
    wrong = {"mark:material:户口簿": "yes", "what:material:户口簿": "缺户主页"}
    done(clerk, case, "prereview_reply", outcome="missing", text="其余齐备", **wrong)
    page = clerk.open(case).text
    assert "预审意见：需要补充或更正" in page and "其余齐备" in page and "缺户主页" in page
    assert case in clerk.open("/work?view=back").text and case not in clerk.open("/work").text
    assert waiting(clerk) == []
    everywhere(network)
    done(agent, case, "supply", **{"paper:material:户口簿": "yes", "copies:material:户口簿": "1"})
    everywhere(network)
    done(clerk, case, "take", supplies=supplied(clerk, case))
    assert held(township, case).state == "prereview" and not held(township, case).marks
    done(clerk, case, "prereview_reply", outcome="ready")
    said = papers_of(clerk, case)["preview"]
    assert "预审意见书" in said and "材料齐备" in said and "预审不是受理" in said
    answer = clerk.act(case, "receive", channel="counter")
    assert answer.headers["Location"].endswith("/receipt")
    got = held(township, case)
    assert (got.state, got.applicant["id_no"]) == ("received", CARD) and got.materials[-1].supplied
    assert got.case_no and got.case_no in clerk.open(f"{case}/receipt").text
    done(clerk, case, "docket", promised_days="25")
    everywhere(network)
    assert held(village, case).state == "accepted"
    for counter in (village, township):
        row = counter.member.casebook.find_by_number(got.case_no)
        assert row is not None and row.case_id.hex() in case, "the township's number finds the village's draft"


def supplied(visitor: Visitor, case: str) -> str:
    found = re.search(r'name="supplies" value="([^"]+)"', visitor.open(case).text)
    assert found
    return found[1]


def test_two_working_days_after_it_arrived_the_answer_is_overdue_at_who_holds_it(
    network: Network, township: Counter, agent: Visitor, clerk: Visitor
) -> None:
    case = agent.file("001", **PAPERS, do="preview")
    network.clock.now_ms += 7 * DAY_MS  # on its way: nobody there could answer yet
    for visitor, number in ((agent, "0001"), (clerk, "0101")):
        visitor.send("/sign-in", {"staff_no": number, "password": PASSWORD})
    everywhere(network)
    done(clerk, case, "accept")
    found = township.member.casebook.clock_of(key_of(case))
    assert found is not None
    reading = found.clocks.of("prereview")
    assert reading is not None and (reading.used, reading.limit, reading.grade) == (0, 2, "")
    network.clock.now_ms += 5 * DAY_MS
    clerk.send("/sign-in", {"staff_no": "0101", "password": PASSWORD})
    late = township.member.casebook.clock_of(key_of(case))
    assert late is not None and late.clocks.grade == "red" and late.clocks.of("acceptance") is None
    assert "红牌" in clerk.open("/work?view=prereview").text


def key_of(case: str) -> tuple[str, bytes]:
    place, case_id = case.split("/")[2:4]
    return f"about:{place}", bytes.fromhex(case_id)


def test_who_may_accept_looks_at_its_own_draft_and_who_may_not_cannot_be_asked(
    network: Network, township: Counter, clerk: Visitor, county: Counter
) -> None:
    case = clerk.file("001", **PAPERS, do="preview")
    assert held(township, case).state == "prereview" and waiting(clerk) == [case]
    done(clerk, case, "prereview_reply", outcome="ready")
    everywhere(network)
    window = county.sign_in("1001", "window")
    assert "/act/receive" not in window.open(case).text, "the draft is not at the county"
    answer = clerk.send(f"{case}/act/prereview", {"to": COUNTY, "seen": seen_of(clerk, case)})
    assert answer.status_code == 409 and "预审须送有权受理的一级" in answer.text


def seen_of(visitor: Visitor, case: str) -> str:
    found = re.search(r'name="seen" value="([^"]+)"', visitor.open(case).text)
    assert found
    return found[1]


def test_what_does_not_fit_is_said_before_it_is_sent(agent: Visitor) -> None:
    answer = agent.send("/file/001", {**APPLICATION, "applicant_id_no": "110105194912310021", "do": "preview"})
    assert answer.status_code == 422


def test_a_program_sends_a_draft_answers_it_and_receives_it(township: Counter) -> None:
    clerk = program_at(township, "0801", "clerk")
    filed = clerk.file(preview=True)
    assert filed["case_no"] is None
    case = path_of(filed)
    assert clerk.get(case).get_json()["state"]["code"] == "prereview"
    assert clerk.act(case, "prereview_reply", outcome="missing").status_code == 422
    clerk.done(case, "prereview_reply", outcome="ready")
    got = clerk.act(case, "receive", channel="online").get_json()
    assert got["case_no"] and clerk.get(f"{case}/receipt").get_json()["query_code"]
