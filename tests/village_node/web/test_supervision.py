"""Supervision over three nodes: cards, letters that are answered in time or not, spot checks on a drawn sample."""

import re

import pytest

from tests.builders import Network
from tests.village_node.notices.given import words
from tests.village_node.web.counter import PASSWORD, Counter, Visitor, everywhere, hidden_of, problems
from tests.village_node.web.errands import PAPERS, AtHand, done
from tests.village_node.web.test_filing import held

DAY_MS = 86_400_000


@pytest.fixture
def supervisor(county: Counter) -> Visitor:
    return county.sign_in("1009", "supervisor", name="吴督查")


@pytest.fixture
def late(network: Network, agent: Visitor, supervisor: Visitor) -> str:
    """A case that the village has accepted and left lying until its card is red."""
    case = agent.file("014", **PAPERS)
    done(agent, case, "docket")
    pass_days(network, 60, agent, supervisor)
    everywhere(network)
    return case


def pass_days(network: Network, days: int, agent: Visitor, supervisor: Visitor) -> None:
    """Days go by, and both sign in again."""
    network.clock.now_ms += days * DAY_MS
    for visitor, number in ((agent, "0001"), (supervisor, "1009")):
        assert visitor.send("/sign-in", {"staff_no": number, "password": PASSWORD}).status_code == 303


def address(case: str) -> str:
    return case.replace("/cases/", "/supervision/")


def wrote(visitor: Visitor, case: str, form: str, /, **said: str) -> None:
    answer = visitor.send(f"{address(case)}/{form}", said)
    assert answer.status_code == 303, problems(answer.text)


def refused(visitor: Visitor, case: str, form: str, words_said: str, /, **said: str) -> None:
    answer = visitor.send(f"{address(case)}/{form}", said)
    assert answer.status_code in (409, 422) and words_said in "".join(problems(answer.text)), problems(answer.text)


def test_a_red_case_is_listed_answered_for_and_a_letter_is_answered_at_the_holders_node(
    network: Network, county: Counter, village: Counter, supervisor: Visitor, agent: Visitor, late: str
) -> None:
    number = held(village, late).case_no
    page = supervisor.open("/supervision?grade=red_plus").text + supervisor.open("/supervision?grade=red").text
    assert number in page and "上关村" in page and "未回应" in page and "时限，已用" in page
    assert number not in supervisor.open("/supervision?grade=yellow").text
    assert number in agent.open("/supervision").text, "a village sees its own cards"

    refused(supervisor, late, "card", "您的岗位没有此项权限", text="x")
    wrote(agent, late, "card", text="申请人外出务工，已电话联系")
    refused(agent, late, "letter", "您的岗位没有此项权限", to=village.config.place, rule="promised", text="x",
            answer_by="2027-01-29")  # fmt: skip

    refused(supervisor, late, "letter", "期限不能早于今天", to=village.config.place, rule="promised", text="请速办",
            answer_by="2020-01-01")  # fmt: skip
    today = re.search(r'name="answer_by" type="date" value="([0-9-]+)"', supervisor.open(address(late)).text)
    assert today
    wrote(supervisor, late, "letter", to=village.config.place, rule="promised", text="请查明原因并速办",
          answer_by=today[1])  # fmt: skip
    everywhere(network)
    county.app.extensions["sanji.site"].printer = AtHand()
    issued = printed(supervisor)
    assert "申请人外出务工" in supervisor.open("/supervision").text, "the answer to the card has come up"

    assert "等本单位答复" in agent.open("/work").text
    waiting = agent.open("/supervision").text
    assert "等本单位答复" in waiting and number in waiting
    page = agent.open(address(late)).text
    assert "请查明原因并速办" in page and "政务行审督办〔" in page
    named = hidden_of(page, f"{address(late)}/answer")["of"]
    pass_days(network, 30, agent, supervisor)
    assert "红牌" in supervisor.open("/supervision?view=asked").text, "a letter has a clock of its own"
    wrote(agent, late, "answer", of=named, text="已补齐材料，本周上报")
    refused(agent, late, "answer", "没有待本单位答复的督办或检查", of=named, text="再答一次")
    assert "等本单位答复" not in agent.open("/work").text
    everywhere(network)
    listed = supervisor.open("/supervision?view=asked").text
    assert "已答复" in listed and "红牌" in listed, "answered late keeps its card"
    assert "已补齐材料，本周上报" in supervisor.open(address(late)).text

    said = printed(supervisor)
    used = re.findall(r"已用\s*\d+\s*／\s*\d+", issued)
    assert used and re.findall(r"已用\s*\d+\s*／\s*\d+", said) == used, "the clock is that of the day of the letter"
    assert "督办通知书" in said and "请查明原因并速办" in said and "已补齐材料" in said and "张秀兰" not in said


def printed(supervisor: Visitor) -> str:
    """What the only letter says on paper."""
    link = re.search(r'href="(/supervision/[^"]+/letters/[^"]+)"', supervisor.open("/supervision?view=asked").text)
    assert link
    paper = supervisor.open(link[1])
    assert paper.content_type == "application/pdf"
    return words(paper.data)


def test_a_sample_is_drawn_once_checked_put_right_and_checked_again(
    network: Network, county: Counter, supervisor: Visitor, agent: Visitor
) -> None:
    cases = [agent.file("001", **PAPERS) for _ in range(4)]
    everywhere(network)
    form = {"what": "running", "first": "2026-11-01", "last": "2026-11-18", "count": "3", "questions": "材料齐全吗\n"}
    assert supervisor.send("/samples", {**form, "last": "2027-11-01"}).status_code == 422
    assert supervisor.send("/samples", {**form, "count": "0"}).status_code == 422
    assert supervisor.send("/samples", {**form, "what": "settled"}).status_code == 422, "nothing is settled yet"
    drawn = supervisor.send("/samples", form)
    assert drawn.status_code == 303, problems(drawn.text)
    again = supervisor.send("/samples", {**form, "first": "2026-11-18"})
    assert again.status_code == 409 and "不能重抽" in "".join(problems(again.text))

    sample = drawn.headers["Location"].partition("?")[0]
    page = supervisor.open(sample).text
    listed = re.findall(r'href="(/supervision/[^"]+)"', page)
    assert len(listed) == 3 and {each.partition("?")[0].replace("supervision", "cases") for each in listed} < set(cases)
    assert "抽 3 件，共 4 件" in supervisor.open("/samples").text.replace("3 of 4", "")

    asked, case = supervisor.open(listed[0]).text, listed[0].partition("?")[0].replace("supervision", "cases")
    assert "材料齐全吗" in asked
    position = sample.rpartition("/")[2]
    assert hidden_of(supervisor.open(address(case)).text, f"{address(case)}/check")["sample"] == position
    check = {"what": "check", "sample": position, "q0": "缺一份"}
    refused(supervisor, case, "check", "须注明属于哪次抽样", what="check", q0="齐", outcome="sound")
    other = next(each for each in cases if not any(address(each) in one for one in listed))
    refused(supervisor, other, "check", "本案不在这次抽样之中", what="check", sample=position, outcome="sound")
    refused(supervisor, case, "check", "缺少或不符合要求", **check, outcome="found")
    wrote(supervisor, case, "check", **check, outcome="found", text="缺户口簿复印件", to=agent.counter.config.place,
          due="2026-12-01")  # fmt: skip
    assert "发现问题，待整改" in supervisor.open(sample).text
    everywhere(network)
    answer = hidden_of(agent.open(address(case)).text, f"{address(case)}/answer")
    recheck = {"what": "recheck", "of": answer["of"], "outcome": "sound"}
    refused(supervisor, case, "check", "整改单位尚未答复，不能复查", **recheck)
    wrote(agent, case, "answer", of=answer["of"], text="已补户口簿复印件")
    everywhere(network)
    assert "已整改，待复查" in supervisor.open(sample).text
    still = {**recheck, "outcome": "found", "to": agent.counter.config.place, "due": "2026-12-05"}
    wrote(supervisor, case, "check", **still, text="复印件不清")
    everywhere(network)
    pass_days(network, 1, agent, supervisor)
    wrote(agent, case, "answer", of=answer["of"], text="已换清晰的复印件")
    everywhere(network)
    wrote(supervisor, case, "check", **recheck)
    assert "已整改，复查合格" in supervisor.open(sample).text
    assert "缺一份" in supervisor.open(address(case)).text
