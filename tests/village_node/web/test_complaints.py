"""A complaint: taken at a counter, sealed to the level above, unreadable on the way, told by number and code."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.builders import COUNTY, TOWNSHIP, VILLAGE, Network
from tests.village_node.notices.given import words
from tests.village_node.web.api.program import program_at
from tests.village_node.web.counter import Counter, Visitor, everywhere, open_counter, problems
from tests.village_node.web.errands import PAPERS, AtHand, done
from tests.village_node.web.test_filing import held
from village_node.identity import opening_file
from village_node.web.site import SITE

DAY_MS = 86_400_000
WHAT = "窗口让我跑了三趟还骂人"
REPLY = "情况属实，已批评教育并上门道歉"


@pytest.fixture
def village(network: Network, folder: Path) -> Counter:
    counter = open_counter(network.members[VILLAGE], folder)
    counter.app.extensions[SITE].printer = AtHand()
    return counter


@pytest.fixture
def hearing(network: Network, township: Counter, county: Counter) -> Iterator[tuple[Visitor, Visitor]]:
    """The township's head and the county's supervision, both of whom have begun to hear complaints."""
    head = township.sign_in("0101", "head", name="陈静")
    supervisor = county.sign_in("1001", "supervisor", name="孙宁")
    for visitor in (head, supervisor):
        for path in ("/complaints", "/work", "/health"):
            assert "还没有开通投诉受理" in visitor.open(path).text, path
        assert visitor.send("/complaints/open", {}).status_code == 303
        for path in ("/work", "/health"):
            assert "还没有开通投诉受理" not in visitor.open(path).text, path
        assert "还没有开通" not in visitor.open("/complaints").text
    everywhere(network)
    yield head, supervisor


def complain(visitor: Visitor, place: str, **more: Any) -> tuple[str, str, str]:
    """Take a complaint: number, code, and the page that shows them."""
    answer = visitor.send("/complaints/new", {"place": place, "who": "王芳", "text": WHAT, **more})
    assert answer.status_code == 200, problems(answer.text)
    number, code = re.findall(r'class="big-number number">([^<]+)</dd>', answer.text)
    return number, code.replace("-", ""), answer.text


def told(visitor: Visitor, number: str, code: str) -> str:
    return visitor.send("/complaints/status", {"number": number, "code": code}).text


def kept(network: Network, place: str) -> bytes:
    """Everything that a node holds of every event."""
    with network.members[place].store.reading() as connection:
        rows = list(connection.exec_driver_sql("SELECT header, body FROM events"))
        rows += list(connection.exec_driver_sql("SELECT detail, subject FROM audit"))
    return b"".join(each.encode() if isinstance(each, str) else bytes(each or b"") for row in rows for each in row)


def test_that_nobody_hears_complaints_is_said_at_the_counter_before_anything_is_typed(
    network: Network, village: Counter, township: Counter, county: Counter
) -> None:
    def said(visitor: Visitor) -> str:
        return visitor.open("/complaints/new").text.partition('<form method="post" action="/complaints/new"')[0]

    agent, window = village.sign_in("0001", "agent"), county.sign_in("1002", "window")
    assert "投诉上关村、驿马镇、庆城县的人，现在本系统内没有单位受理" in said(agent)
    assert "不用在这里登记" in said(agent) and "投诉庆城县和其他 2 个单位的人，现在" in said(window)
    assert township.sign_in("0101", "head").send("/complaints/open", {}).status_code == 303
    everywhere(network)
    assert "投诉驿马镇、庆城县的人" in said(agent), "the township hears what is about the village"
    assert county.sign_in("1001", "supervisor").send("/complaints/open", {}).status_code == 303
    everywhere(network)
    assert "没有单位受理" not in said(agent) + said(window)


def test_a_complaint_about_the_village_goes_sealed_to_the_township_and_its_answer_comes_back(
    network: Network, village: Counter, township: Counter, county: Counter, hearing: tuple[Visitor, Visitor]
) -> None:
    head, supervisor = hearing
    agent = village.sign_in("0001", "agent")
    village_head = village.sign_in("0002", "head", name="马得福")
    number, code, slip = complain(agent, VILLAGE, by="张秀兰", contact="13800001234")
    assert "驿马镇" in slip and "只在这里显示一次" in slip
    everywhere(network)
    for place in (VILLAGE, TOWNSHIP, COUNTY):
        assert WHAT.encode() not in kept(network, place) and "张秀兰".encode() not in kept(network, place), place
    # Nobody at the village finds it, nor does the township's window; the county sees that it runs, and no word of it.
    for visitor in (agent, village_head, township.sign_in("0102", "clerk", name="高峰")):
        assert number not in visitor.open("/complaints").text
    assert number in supervisor.open("/complaints").text and "只看期限" in supervisor.open("/complaints").text
    assert supervisor.open(f"/complaints/of/{number}").status_code == 404
    assert '投诉 <span class="count">1</span>' in head.open("/work").text

    page = head.open(f"/complaints/of/{number}").text
    assert WHAT in page and "上关村" in page and "张*" in page and "13800001234" not in page
    shown = head.send(f"/complaints/of/{number}/unmask", {"reason": "电话核实"})
    assert "张秀兰 · 13800001234" in shown.text
    assert head.send(f"/complaints/of/{number}/unmask", {"reason": ""}).status_code == 422
    waits = told(agent, number, code)
    assert "由 驿马镇 受理" in waits and "15 个工作日（示例期限）" in waits and REPLY not in waits
    short = head.send(f"/complaints/of/{number}/answer", {"outcome": "upheld", "text": ""})
    assert short.status_code == 422 and "“答复内容”缺少" in short.text
    sent = head.send(
        f"/complaints/of/{number}/answer", {"outcome": "upheld", "text": REPLY, "document_no": "驿府〔2026〕9号"}
    )
    assert sent.status_code == 303
    again = head.send(f"/complaints/of/{number}/answer", {"outcome": "not_upheld", "text": "不属实"})
    assert again.status_code == 409 and "已经答复" in again.text
    everywhere(network)
    assert REPLY.encode() not in kept(network, VILLAGE)
    answered = told(village.visitor(), number, code)
    assert "属实" in answered and REPLY in answered and WHAT in answered, "the complainant reads what was recorded too"
    assert "文号：驿府〔2026〕9号" in answered and "文号：驿府〔2026〕9号" in head.open(f"/complaints/of/{number}").text
    wrong = told(village.visitor(), number, ("0" if code[0] != "0" else "1") + code[1:])
    assert "没有查到" in wrong and REPLY not in wrong and code[:6] not in wrong
    assert "没有查到" in told(village.visitor(), number, code[:6])
    asked = {"number": number, "code": code}
    for what, said in (("slip", "投诉受理回执"), ("answer", "投诉答复书")):
        paper = village.visitor().send(f"/complaints/paper/{what}", asked)
        printed = words(paper.data)
        assert paper.content_type == "application/pdf" and said in printed and number in printed
        assert (REPLY in printed) == (what == "answer")
    assert village.visitor().send("/complaints/paper/referral", asked).status_code == 404


def test_who_complained_is_shown_until_some_weeks_after_the_answer(
    network: Network, village: Counter, hearing: tuple[Visitor, Visitor]
) -> None:
    head, _ = hearing
    number, _, _ = complain(village.sign_in("0001", "agent"), VILLAGE, by="张秀兰", contact="13800001234")
    everywhere(network)
    said = {"outcome": "upheld", "text": REPLY}
    assert head.send(f"/complaints/of/{number}/answer", said).status_code == 303
    address, program = f"/complaints/of/{number}", program_at(head.counter, "0801", "head")
    assert "张*" in head.open(address).text and program.get(f"/complaints/{number}").get_json()["by"] == "张*"
    network.clock.now_ms += 31 * DAY_MS
    again = head.counter.sign_in("0104", "head")
    page = again.open(address).text
    assert "已过保存期，不再显示" in page and WHAT in page
    assert "13800001234" not in again.send(f"{address}/unmask", {"reason": "核实"}).text
    program = program_at(head.counter, "0802", "head")
    assert program.get(f"/complaints/{number}").get_json()["contact"] is None


def test_one_about_the_township_is_the_countys_and_one_about_a_head_goes_one_higher(
    network: Network, village: Counter, hearing: tuple[Visitor, Visitor]
) -> None:
    head, supervisor = hearing
    agent = village.sign_in("0001", "agent")
    about, _, slip = complain(agent, TOWNSHIP)
    kin, _, _ = complain(agent, VILLAGE, higher="yes")
    everywhere(network)
    assert "庆城县" in slip
    for number in (about, kin):
        assert number not in head.open("/complaints").text
        assert WHAT in supervisor.open(f"/complaints/of/{number}").text
    network.clock.now_ms += 22 * DAY_MS
    late = supervisor.counter.sign_in("1009", "supervisor", name="周正").open("/complaints").text
    assert late.count("已用 16 / 15 个工作日（示例期限）") == 2 and "tone-bad" in late


def test_nobody_answers_a_complaint_about_themselves_and_it_is_passed_on(
    network: Network, village: Counter, hearing: tuple[Visitor, Visitor]
) -> None:
    head, supervisor = hearing
    number, code, _ = complain(village.sign_in("0001", "agent"), VILLAGE, who="站长陈静的安排")
    everywhere(network)
    answer = head.send(f"/complaints/of/{number}/answer", {"outcome": "not_upheld", "text": "没有此事"})
    assert answer.status_code == 409 and "转送上一级" in answer.text and "没有此事" in answer.text
    assert head.send(f"/complaints/of/{number}/pass", {}).status_code == 303
    assert number not in head.open("/complaints").text
    everywhere(network)
    sent = supervisor.send(f"/complaints/of/{number}/answer", {"outcome": "partly", "text": REPLY})
    assert sent.status_code == 303
    everywhere(network)
    assert REPLY in told(village.visitor(), number, code)
    assert head.send(f"/complaints/of/{number}/answer", {"outcome": "upheld", "text": "x"}).status_code == 404


def test_what_nobody_here_may_hear_is_referred_elsewhere_on_paper(
    network: Network, village: Counter, hearing: tuple[Visitor, Visitor]
) -> None:
    _, supervisor = hearing
    agent = village.sign_in("0001", "agent")
    number, code, slip = complain(agent, COUNTY, who="督查科长", higher="yes", by="张秀兰")
    assert "打印《投诉转送函》" in slip
    everywhere(network)
    assert number not in supervisor.open("/complaints").text and WHAT.encode() not in kept(network, COUNTY)
    shown = words(agent.send("/complaints/paper/referral", {"number": number, "code": code}).data)
    assert "投诉转送函" in shown and WHAT in shown and "督查科长" in shown
    assert "打印《投诉转送函》" in told(village.visitor(), number, code)


def another_key(network: Network, how: str) -> bytes:
    """The township's sealing key is another one, by hand or with its suite; which one that is."""
    book = network.members[TOWNSHIP].casebook
    if how == "by hand":
        return book.new_sealing_key("operator")
    assert book.lives is not None
    book.lives.suite = "s1q"
    assert book.follow_sealing_suite() and not book.follow_sealing_suite()
    return book.road_key()


@pytest.mark.parametrize("how", ["by hand", "with its suite"])
def test_complaints_go_on_to_the_new_sealing_key_and_older_ones_still_open(
    network: Network, village: Counter, hearing: tuple[Visitor, Visitor], how: str
) -> None:
    head, _ = hearing
    agent = village.sign_in("0001", "agent")
    older, _, _ = complain(agent, VILLAGE)
    everywhere(network)
    fresh = another_key(network, how)
    everywhere(network)
    newer, code, _ = complain(agent, VILLAGE)
    everywhere(network)
    assert "还没有开通" not in head.open("/complaints").text
    for number in (older, newer):
        assert WHAT in head.open(f"/complaints/of/{number}").text
    data, _ = network.files_of(TOWNSHIP)
    (data / opening_file(fresh)).rename(data / "away")
    assert WHAT in head.open(f"/complaints/of/{older}").text
    assert head.open(f"/complaints/of/{newer}").status_code == 404, "it is sealed to the new key alone"
    (data / "away").rename(data / opening_file(fresh))
    said = {"outcome": "upheld", "text": REPLY}
    assert head.send(f"/complaints/of/{newer}/answer", said).status_code == 303
    everywhere(network)
    assert REPLY in told(village.visitor(), newer, code)


def test_who_hears_no_complaints_publishes_no_key_for_them(network: Network, village: Counter) -> None:
    another_key(network, "by hand")
    book = network.members[TOWNSHIP].casebook
    assert book.lives is not None
    book.lives.suite = "s1q"
    assert not book.follow_sealing_suite() and not book.complaints_open()
    everywhere(network)
    assert "打印《投诉转送函》" in complain(village.sign_in("0001", "agent"), VILLAGE)[2]


def test_the_three_rights_stand_in_one_place_with_their_clocks(network: Network, township: Counter) -> None:
    clerk = township.sign_in("0103", "clerk", name="李雪")
    case = clerk.file("001", **PAPERS)
    done(clerk, case, "refuse", reasons="不属于本机关职权", legal_basis="行政许可法第三十二条")
    done(clerk, case, "review_request", reason="材料齐全")
    network.clock.now_ms += 9 * DAY_MS
    late = township.sign_in("0104", "clerk", name="高峰")
    page = late.open(case).text
    box = page[page.index("评价、投诉、复核") :]
    for said in (
        "受理环节：未评价",
        "内容封存，这里不显示",
        "已申请，由县业务科答复",
        "已用 7 / 5 个工作日（示例期限）",
    ):
        assert said in box, said
    link = re.findall(r'href="(/complaints/new[?][^"]+)"', page)[0]
    found = held(township, case)
    assert f'value="{found.case_no}"' in late.open(link).text
    answer = township.visitor().send("/query", {"number": found.case_no, "code": found.query_code}).text
    for said in (
        "评价：受理后、办结后各可评价一次",
        "投诉：可在任一服务点",
        "复核：县业务科正在复核，最晚",
        "查我的投诉",
    ):
        assert said in answer, said


def test_before_anybody_hears_complaints_each_is_referred_and_a_wrong_field_keeps_what_was_typed(
    village: Counter,
) -> None:
    agent = village.sign_in("0001", "agent")
    _, _, slip = complain(agent, VILLAGE)
    assert "打印《投诉转送函》" in slip
    answer = agent.send("/complaints/new", {"place": VILLAGE, "who": "", "text": WHAT, "case_no": "不是编号"})
    assert answer.status_code == 422 and WHAT in answer.text and "“被投诉人" in answer.text
    answer = agent.send("/complaints/new", {"place": "999999", "who": "王芳", "text": WHAT})
    assert answer.status_code == 422 and "没有这个单位" in answer.text


def test_who_looks_too_often_is_told_so_on_the_form_in_hand(village: Counter) -> None:
    visitor, asked = village.visitor(), {"number": "621021101201-260921-B3P4-1-M", "code": "ZB16TB4HTJ1ES"}
    for _ in range(40):
        answer = visitor.send("/complaints/status", asked)
        if answer.status_code == 429:
            break
    assert answer.status_code == 429 and int(answer.headers["Retry-After"]) > 0
    assert 'action="/complaints/status"' in answer.text and asked["number"] in answer.text
