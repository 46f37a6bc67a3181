"""What residents do by themselves: complain with number and code of their case, and book a time to come."""

import re

from tests.builders import VILLAGE, Network
from tests.village_node.web.counter import Counter, Visitor, everywhere, hidden_of, problems
from tests.village_node.web.test_filing import held
from tests.village_node.web.test_service_room import ROOM, TODAY, kept

COMPLAIN = "/query/complaint"
SAID = {"place": VILLAGE, "who": "王芳", "text": "让我跑了三趟", "by": "张秀兰", "contact": "13800001234"}


def shown(counter: Counter, case: str) -> tuple[Visitor, dict[str, str]]:
    """A resident who has asked for his case, and what he types of his receipt into the form it leads to."""
    held_now, stranger = held(counter, case), counter.visitor()
    page = stranger.send("/query", {"number": held_now.case_no, "code": held_now.query_code}).text
    address = re.findall(r'href="(/query/complaint[^"]*)"', page)[0]
    assert held_now.query_code not in page and held_now.case_no in stranger.open(address).text
    return stranger, {"number": held_now.case_no, "code": held_now.query_code[:6]}


def test_a_resident_complains_without_a_counter_and_reads_the_answer(
    network: Network, village: Counter, township: Counter, agent: Visitor
) -> None:
    head = township.sign_in("0103", "head", name="赵站长")
    assert head.send("/complaints/open", {}).status_code == 303
    everywhere(network)
    stranger, known = shown(village, agent.file())
    form = stranger.open(f"{COMPLAIN}?number={known['number']}").text
    assert "投诉谁" in form and "不留姓名" in form and "上一级受理" in form
    sent = {**hidden_of(form, COMPLAIN), **known, **SAID}
    slip = stranger.send(COMPLAIN, sent).text
    number, code = re.findall(r'big-number number">([^<]+)<', slip)
    assert "驿马镇" in slip and "已抄下" in slip and '/complaints"' not in slip
    assert "没有重复提交" in stranger.send(COMPLAIN, sent).text, "a second click sends nothing more"
    record = village.member.casebook.complaint_of(number, code.replace("-", ""))
    assert record is not None and record.complaint.record.actor == "resident"
    assert number not in agent.open("/complaints").text, "who is complained of finds nothing"
    everywhere(network)
    page = head.open(f"/complaints/of/{number}").text
    assert "让我跑了三趟" in page and "张*" in page
    said = {"outcome": "upheld", "text": "已批评教育并当场补办"}
    assert head.send(f"/complaints/of/{number}/answer", said).status_code == 303
    everywhere(network)
    told = stranger.send("/complaints/status", {"number": number, "code": code}).text
    assert "已批评教育并当场补办" in told


def test_without_the_code_nobody_complains_and_of_one_case_twice_a_day(
    network: Network, village: Counter, township: Counter, agent: Visitor
) -> None:
    township.sign_in("0103", "head").send("/complaints/open", {})
    everywhere(network)
    stranger, known = shown(village, agent.file())
    assert stranger.send(COMPLAIN, {**known, **SAID, "code": "000000"}).status_code == 404
    short = stranger.send(COMPLAIN, {**known, **SAID, "text": ""})
    assert short.status_code == 422 and 'id="e-text"' in short.text and "王芳" in short.text
    assert [stranger.send(COMPLAIN, {**known, **SAID}).status_code for _ in range(2)] == [200, 200]
    third = stranger.send(COMPLAIN, {**known, **SAID})
    assert third.status_code == 429 and "到任一窗口投诉" in third.text and "让我跑了三趟" in third.text


def test_a_resident_books_a_time_and_is_called_by_name_and_last_digits(village: Counter, agent: Visitor) -> None:
    stranger = village.visitor()
    assert "没有可以预约的时间" in stranger.open("/book").text
    kept(village.sign_in("0002", "head"), "/duty/room", **{**ROOM, "a_slot": "2"})
    page = stranger.open("/book").text
    assert "余 4" in page and 'href="/book"' in stranger.open("/hours").text
    said = {"day": TODAY, "slot": "09:30", "name": "张秀兰", "item_no": "001", "phone_tail": "１２３４"}
    sent = {**hidden_of(page, "/book"), **said}
    answer = stranger.send("/book", sent)
    assert answer.status_code == 303 and "张秀兰" not in answer.headers["Location"]
    assert stranger.send("/book", sent).status_code == 303, "a second click books nothing more"
    told = stranger.open(answer.headers["Location"]).text
    assert ("已约好" in told and "09:30" in told and "低保" in told) or "最低生活保障" in told
    [row] = village.member.casebook.appointments(TODAY)
    assert (row.name, row.phone_tail, row.booked_by) == ("张秀兰", "1234", "")
    assert "网上预约" in agent.open("/turns").text
    again = stranger.send("/book", {**said, "slot": "09:00"})
    assert again.status_code == 422 and "这一天您已经预约过" in "".join(problems(again.text))
    far = stranger.send("/book", {**said, "day": "2026-12-21"})
    assert far.status_code == 422 and "14 天内" in far.text
    bad = stranger.send("/book", {**said, "phone_tail": "12"})
    assert 'value="张秀兰"' in bad.text and "电话后四位" in "".join(problems(bad.text))


def test_nobody_fills_the_book_from_one_address(village: Counter) -> None:
    kept(village.sign_in("0002", "head"), "/duty/room", **{**ROOM, "a_slot": "20"})
    stranger = village.visitor()
    said = {"day": TODAY, "slot": "09:30", "item_no": "001", "phone_tail": "1234"}
    found = [stranger.send("/book", {**said, "name": f"张{number}"}).status_code for number in range(12)]
    assert found == [303] * 10 + [429] * 2
    assert len(village.member.casebook.appointments(TODAY)) == 10
