"""A consultation: who is asked first answers, or leads the person on, and stays responsible until that is done."""

import re
from html import unescape

from tests.builders import VILLAGE, Network
from tests.village_node.web.api.program import program_at
from tests.village_node.web.counter import Counter, Visitor, everywhere, hidden_of, problems
from village_node.web.times import DAY_MS


def asked(visitor: Visitor, **said: str) -> str:
    """Record what somebody asked; the number."""
    form = hidden_of(visitor.open("/consultations").text, "/consultations")
    answer = visitor.send("/consultations", {**form, "question": "低保怎么申请", "outcome": "answered", **said})
    assert answer.status_code == 303, problems(answer.text)
    return answer.headers["Location"].rpartition("/")[2]


def test_what_was_told_at_once_is_a_slip_to_take_home(network: Network, agent: Visitor, county: Counter) -> None:
    number = asked(
        agent, item_no="001", told="带户口簿和身份证，十个工作日，不收费", by="张秀兰", contact="13800001234"
    )
    slip = agent.open(f"/consultations/of/{number}").text
    assert "带户口簿和身份证" in slip and "王芳" in slip and "首问责任人" in slip and "打印咨询单" in slip
    assert "张*" in slip and "13800001234" not in slip and "登记结果" not in slip
    full = agent.send(f"/consultations/of/{number}/unmask", {"reason": "回电答复来人"}).text
    assert "张秀兰 · 13800001234" in full
    assert agent.send(f"/consultations/of/{number}/unmask", {"reason": ""}).status_code == 422
    assert "已经办结" in agent.send(f"/consultations/of/{number}", {"outcome": "led", "to": "县医保局"}).text
    everywhere(network)
    window = county.sign_in("1001", "window")
    assert number not in window.open("/consultations").text, "each place leads its own"
    assert window.open(f"/consultations/of/{number}").status_code == 404


def test_who_asked_is_shown_until_some_weeks_after_the_answer_and_to_nobody_then(
    network: Network, village: Counter, agent: Visitor
) -> None:
    said = {"by": "张秀兰", "contact": "13800001234", "told": "带户口簿"}
    number, waiting = asked(agent, **said), asked(agent, **{**said, "outcome": "open"})
    network.clock.now_ms += 29 * DAY_MS
    assert "张*" in village.sign_in("0004", "agent").open(f"/consultations/of/{number}").text
    network.clock.now_ms += 2 * DAY_MS
    later, program = village.sign_in("0005", "agent"), program_at(village, "0801", "agent")
    page = later.open(f"/consultations/of/{number}").text
    assert "已过保存期" in page and "张*" not in page and "带户口簿" in page
    assert "张秀兰" not in later.send(f"/consultations/of/{number}/unmask", {"reason": "想再看看"}).text
    shown = program.post(f"/consultations/{number}/unmask", {"reason": "想再看看"}).get_json()
    assert shown["by"] is shown["contact"] is None
    assert "张*" in later.open(f"/consultations/of/{waiting}").text, "who waits for an answer is still called back"


def test_what_nobody_knows_yet_stays_with_who_was_asked_first_until_it_is_answered(
    village: Counter, agent: Visitor
) -> None:
    other = village.sign_in("0002", "agent", name="李梅")
    number = asked(agent, outcome="open", question="坟地迁移归谁管？")
    assert '咨询 <span class="count">1</span>' in agent.open("/work").text
    listed = other.open("/consultations").text
    assert number in listed and "待答复 1 次" in listed and "王芳" in listed
    address = f"/consultations/of/{number}"
    short = other.send(address, {"outcome": "led", "told": "我问过镇上了"})
    assert short.status_code == 422 and "我问过镇上了" in short.text, "nothing typed is lost"
    assert "“引导至”缺少" in "".join(problems(short.text))
    form = hidden_of(other.open(address).text, address)
    said = {**form, "outcome": "led", "to": "驿马镇民政办 0934-1234567"}
    assert other.send(address, said).status_code == 303
    assert other.send(address, said).status_code == 303, "a second click does nothing more"
    page = agent.open(address).text
    assert "驿马镇民政办" in page and "王芳" in page, "who was asked first stays named"
    assert re.search(r">咨询</a>", agent.open("/work").text), "no count where nothing waits"


def test_one_that_became_a_case_names_it(agent: Visitor) -> None:
    case = agent.file()
    case_no = re.search(r'class="[^"]*number[^"]*">(\d{12}-[^<]+)<', agent.open(case).text)
    assert case_no
    number = asked(agent, outcome="filed", case_no=unescape(case_no[1]).lower())
    assert case_no[1] in agent.open(f"/consultations/of/{number}").text


def test_what_does_not_fit_is_named_and_nothing_is_lost(agent: Visitor) -> None:
    for change, field in (
        ({"question": ""}, "question"),
        ({"told": ""}, "told"),
        ({"outcome": "filed"}, "case_no"),
        ({"outcome": "filed", "case_no": "12"}, "case_no"),
        ({"outcome": "led"}, "to"),
        ({"item_no": "999"}, "item_no"),
        ({"outcome": "nothing"}, "outcome"),
    ):
        typed = {"question": "我问的话不能丢", "outcome": "answered", "told": "答复不能丢", **change}
        page = agent.send("/consultations", typed)
        assert page.status_code == 422 and f'id="e-{field}"' in page.text, (change, problems(page.text))
        assert typed["question"] in page.text and typed["told"] in page.text


def test_a_second_click_records_nothing_more(village: Counter, agent: Visitor) -> None:
    form = {**hidden_of(agent.open("/consultations").text, "/consultations"), "question": "问", "outcome": "open"}
    first, second = (agent.send("/consultations", form).headers["Location"] for _ in range(2))
    assert first == second and len(village.member.casebook.consultations()) == 1
    assert village.member.casebook.consultations()[0].first.place == VILLAGE
