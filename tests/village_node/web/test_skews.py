"""Where this machine's clock is off and the date would favour the office, whoever acts confirms the time, or does not
act."""

import pytest

from sync_protocol.case import kinds
from tests.builders import TOWNSHIP, Network
from tests.village_node.web.api.program import path_of, program_at
from tests.village_node.web.counter import Counter, Visitor, everywhere, problems
from tests.village_node.web.errands import done, proposed, refused
from tests.village_node.web.test_filing import held
from village_node.casebook.skews import favours
from village_node.web import times

BEHIND, AHEAD = 15 * times.MINUTE_MS, -15 * times.MINUTE_MS
MARKS = {"what:applicant_phone": "空号"}
CONFIRMED = {"clock_confirmed": "yes"}


@pytest.fixture
def heard(network: Network, village: Counter) -> bytes:
    everywhere(network)
    return network.identities[TOWNSHIP].incarnation


def set_off(village: Counter, heard: bytes, skew_ms: int) -> None:
    village.member.casebook.update_peer(heard, skew_ms=skew_ms)


def test_a_clock_that_is_behind_is_confirmed_where_an_early_date_favours_the_office(
    network: Network, village: Counter, township: Counter, agent: Visitor, heard: bytes
) -> None:
    case = agent.file("040")
    done(agent, case, "docket")
    assert "时钟" not in agent.open(case).text.split("可以办理")[1].split("办理过程")[0]
    set_off(village, heard, BEHIND)
    head = village.sign_in("0002", "head", name="李建国")
    page = head.open(case).text
    told = "本机时钟比上级慢 15 分钟（照此推算：本机 2026-11-18 19:06，上级 2026-11-18 19:21）"
    assert f"上次联系（本机 2026-11-18 19:06）时，{told}" in page, "as of when it is known"
    refused(head, case, "decide", "本机时钟比上级慢 15 分钟", outcome="approve")
    answer = head.act(case, "decide", outcome="refuse", reasons="不符合条件")
    assert answer.status_code == 409 and "不符合条件" in answer.text, "what was typed stays"
    done(head, case, "decide", outcome="approve", **CONFIRMED)
    assert "办理人已核对时间；按上次联系，当时本机时钟比上级慢 15 分钟" in head.open(case).text
    everywhere(network)
    assert "当时本机时钟比上级慢 15 分钟" in township.sign_in("0101", "clerk").open(case).text, "it stands in the event"
    other = agent.file("040")
    set_off(village, heard, 10 * times.MINUTE_MS)
    done(agent, other, "return_for_correction", **MARKS)
    assert "已确认" not in agent.open(other).text, "ten minutes are not more than ten"


def test_a_clock_that_is_ahead_is_confirmed_where_a_late_date_favours_the_office(
    village: Counter, agent: Visitor, heard: bytes
) -> None:
    case = agent.file("040")
    set_off(village, heard, AHEAD)
    done(agent, case, "return_for_correction", **MARKS)
    done(agent, case, "supply", **{"answer:applicant_phone": "13800000001"})
    [supply] = held(village, case).open_supplies
    named = f"{supply.position.incarnation.hex()}.{supply.position.seq}.{supply.position.mark.hex()}"
    refused(agent, case, "take", "本机时钟比上级快 15 分钟", supplies=named)
    done(agent, case, "take", supplies=named, **CONFIRMED)
    set_off(village, heard, BEHIND)
    head, examiner = village.sign_in("0002", "head"), village.sign_in("0005", "head")
    done(agent, case, "docket", **CONFIRMED)
    said = {"what": "testing", "basis": "行政许可法第四十五条", "planned_days": "5"}
    done(examiner, case, "suspend", **said)
    asked = head.send(f"{case}/procedure/approve", proposed(head, case))
    assert asked.status_code == 409 and "本机时钟比上级慢 15 分钟" in "".join(problems(asked.text))
    assert not held(village, case).procedures, "the approval opens it, and asks"
    approved = head.send(f"{case}/procedure/approve", {**proposed(head, case), **CONFIRMED})
    assert approved.status_code == 303 and held(village, case).procedures


def test_taking_in_asks_whichever_way_the_clock_is_off_and_each_act_whose_date_counts_does(
    village: Counter, agent: Visitor, heard: bytes
) -> None:
    for skew_ms, word in ((BEHIND, "慢"), (AHEAD, "快")):
        case = agent.file("040")
        set_off(village, heard, skew_ms)
        refused(agent, case, "docket", f"本机时钟比上级{word} 15 分钟")
        done(agent, case, "docket", **CONFIRMED)
    head = village.sign_in("0002", "head", name="李建国")
    refused(head, case, "decide", "本机时钟比上级快 15 分钟", outcome="approve")
    done(head, case, "decide", outcome="approve", **CONFIRMED)
    for kind in (kinds.DELIVERED, kinds.REVIEW_DECISION):
        assert favours(kind, BEHIND)
    assert favours(kinds.DELIVERED, AHEAD) and favours(kinds.LAPSE, AHEAD)
    assert not favours(kinds.LAPSE, BEHIND) and not favours(kinds.NOTE, AHEAD)


def test_a_clock_that_was_set_right_with_the_line_down_is_told_as_of_the_last_contact(
    network: Network, village: Counter, heard: bytes
) -> None:
    set_off(village, heard, 12 * times.MINUTE_MS)
    network.clock.now_ms += 12 * times.MINUTE_MS  # set right; nothing was heard since
    agent = village.sign_in("0008", "agent")  # who was here before is signed out by then
    case = agent.file("040")
    refused(agent, case, "docket", "上次联系（本机 2026-11-18 19:06）时")
    assert "上次联系后校准过的也算" in agent.open(case).text, "what is confirmed is the time, not that it is still off"
    done(agent, case, "docket", **CONFIRMED)
    assert "已核对时间；按上次联系" in agent.open(case).text


def test_a_program_is_told_by_a_code_of_its_own_and_confirms(village: Counter, agent: Visitor, heard: bytes) -> None:
    set_off(village, heard, BEHIND)
    program = program_at(village, "0801", "agent")
    case = path_of(program.file(item_no="040"))
    marks = [{"field": "applicant_phone", "what": "空号"}]
    answer = program.act(case, "return_for_correction", marks=marks)
    assert (answer.status_code, answer.get_json()["code"]) == (409, "clock_not_confirmed")
    assert "上级 2026-11-18 19:21" in answer.get_json()["zh"]
    program.done(case, "return_for_correction", marks=marks, clock_confirmed=True)
    told = program.get(f"{case}/timeline").get_json()["events"][-1]["facts"]
    assert any("当时本机时钟比上级慢 15 分钟" in str(each) for each in told)
