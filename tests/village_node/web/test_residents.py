"""What residents do by themselves: complain with number and code of their case, and book a time to come."""

import re
from typing import Any

import pytest

from tests.builders import VILLAGE, Network
from tests.village_node.web.counter import Counter, Visitor, everywhere, hidden_of, problems
from tests.village_node.web.test_filing import held
from tests.village_node.web.test_service_room import ROOM, TODAY, kept
from village_node.store import NotSaved

TOMORROW = "2026-11-19"
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
    assert "被投诉人和他所在的单位都看不到" in slip
    assert "没有重复提交" in stranger.send(COMPLAIN, sent).text, "a second click sends nothing more"
    changed = stranger.send(COMPLAIN, {**sent, "text": "还骂了人"})
    assert changed.status_code == 409 and "没有保存" in changed.text and "还骂了人" in changed.text
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


def test_one_about_a_head_above_goes_a_level_higher_as_it_does_at_the_counter(
    network: Network, village: Counter, township: Counter, county: Counter, agent: Visitor
) -> None:
    for hears in (township.sign_in("0103", "head"), county.sign_in("1009", "supervisor")):
        assert hears.send("/complaints/open", {}).status_code == 303
    everywhere(network)
    stranger, known = shown(village, agent.file())
    ticked = 'name="higher" value="yes" checked'
    wrong = stranger.send(COMPLAIN, {**known, **SAID, "text": "", "higher": "yes"}).text
    assert ticked in wrong and ticked not in stranger.open(COMPLAIN).text
    slip = stranger.send(COMPLAIN, {**known, **SAID, "higher": "yes"}).text
    assert "<dd>庆城县" in slip and "被投诉人和他所在的单位都看不到" in slip
    about_the_county = stranger.send(COMPLAIN, {**known, **SAID, "place": county.config.place}).text
    assert "<dd>庆城县" in about_the_county and "被投诉人和他所在的单位都看不到" not in about_the_county


def test_whose_answer_was_lost_complains_anew_the_same_day(
    network: Network, village: Counter, township: Counter, agent: Visitor
) -> None:
    township.sign_in("0103", "head").send("/complaints/open", {})
    everywhere(network)
    stranger, known = shown(village, agent.file())
    first, second, third = ({**hidden_of(stranger.open(COMPLAIN).text, COMPLAIN), **known, **SAID} for _ in range(3))
    assert [stranger.send(COMPLAIN, each).status_code for each in (first, second)] == [200, 200]
    assert stranger.send(COMPLAIN, third).status_code == 429
    lost = stranger.send(COMPLAIN, second)
    assert lost.status_code == 409 and "没有抄下编号和查询码的，请重新填写再提交一次" in lost.text
    assert stranger.send(COMPLAIN, third).status_code == 200
    stranger.send(COMPLAIN, third)
    fourth = {**hidden_of(stranger.open(COMPLAIN).text, COMPLAIN), **known, **SAID}
    assert stranger.send(COMPLAIN, fourth).status_code == 429, "that is for once a day"


def test_a_resident_books_a_time_and_is_called_by_name_and_last_digits(village: Counter, agent: Visitor) -> None:
    stranger = village.visitor()
    page = stranger.open("/book").text
    assert "现在不能预约。本单位还没有登记开放时间" in page and "直接来窗口" not in page, "the hours would say nothing"
    head = village.sign_in("0002", "head")
    kept(head, "/duty/room", **{**ROOM, "slots": ""})
    assert "没有可以预约的时间，请看开放时间，直接来窗口" in stranger.open("/book").text
    kept(head, "/duty/room", **{**ROOM, "a_slot": "3"})
    page = stranger.open("/book").text
    assert "余 4" in page and 'href="/book"' in stranger.open("/hours").text, "of three places residents fill two"
    assert f'href="/book?day={TODAY}"' not in page, "its times are past at noon"
    said = {"day": TOMORROW, "slot": "09:30", "name": "张秀兰", "item_no": "001", "phone_tail": "１２３４"}
    past = stranger.send("/book", {**said, "day": TODAY})
    assert past.status_code == 422 and "已经过了" in past.text
    sent = {**hidden_of(page, "/book"), **said}
    told = stranger.send("/book", sent).text
    assert "已约好" in told and "09:30" in told and "0934-1234567" in told
    assert "已约好" in stranger.send("/book", sent).text, "a second click books nothing more"
    assert stranger.send("/book", {**sent, "slot": "09:00"}).status_code == 409
    [row] = village.member.casebook.appointments(TOMORROW)
    assert (row.name, row.phone_tail, row.booked_by) == ("张秀兰", "1234", "")
    assert "网上预约" in agent.open(f"/turns?day={TOMORROW}").text
    again = stranger.send("/book", {**said, "slot": "09:00"})
    assert again.status_code == 200 and "已约好" in again.text and "同一人一天只留一个时间" in again.text
    assert len(village.member.casebook.appointments(TOMORROW)) == 1, "nobody learns who comes, and books twice"
    made_up = stranger.open(f"/book?day={TOMORROW}&slot=09:30&item_no=001&done=yes").text
    assert "已约好" not in made_up
    far = stranger.send("/book", {**said, "day": "2026-12-21"})
    assert far.status_code == 422 and "14 天内" in far.text
    bad = stranger.send("/book", {**said, "phone_tail": "12"})
    assert 'value="张秀兰"' in bad.text and "电话后四位" in "".join(problems(bad.text))
    kept(head, "/duty/room", **{**ROOM, "a_slot": "3", "phone": ""})
    assert "到窗口或托人告诉我们" in stranger.send("/book", {**said, "name": "李四"}).text
    full = stranger.send("/book", {**said, "name": "王五"})
    assert full.status_code == 422 and "已约满" in full.text
    kept(agent, "/turns/book", **{**said, "name": "王五", "phone_tail": "1234"})


def test_nobody_fills_the_book_from_one_address(village: Counter, network: Network) -> None:
    kept(village.sign_in("0002", "head"), "/duty/room", **{**ROOM, "a_slot": "40"})
    stranger = village.visitor()
    said = {"day": TOMORROW, "slot": "09:30", "item_no": "001", "phone_tail": "1234"}

    def send(number: int, address: str, **changes: str) -> int:
        stranger.client.environ_base["REMOTE_ADDR"] = address
        return stranger.send("/book", {**said, "name": f"张{number}", **changes}).status_code

    assert [send(0, "127.0.0.1", phone_tail="") for _ in range(12)] == [422] * 12, "what is not booked is not counted"
    assert [send(number, "127.0.0.1") for number in range(12)] == [200] * 10 + [429] * 2
    assert len(village.member.casebook.appointments(TOMORROW)) == 10
    house = [send(number, f"2001:db8:0:7::{number:x}") for number in range(20, 32)]
    assert house == [200] * 10 + [429] * 2, "a house has a whole net to write from"
    assert send(40, "2001:db8:0:8::1") == 422 and network.members, "their half of the slot is full"


def test_a_booking_that_the_disk_refused_is_not_counted(village: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    kept(village.sign_in("0002", "head"), "/duty/room", **{**ROOM, "a_slot": "40"})
    stranger = village.visitor()
    said = {"day": TOMORROW, "slot": "09:30", "item_no": "001", "phone_tail": "1234"}

    def refuse(*_: Any) -> None:
        raise NotSaved("未保存：磁盘已满", "not saved: the disk is full")

    with monkeypatch.context() as full:
        full.setattr(village.member.casebook, "book_oneself", refuse)
        assert [stranger.send("/book", {**said, "name": "张三"}).status_code for _ in range(11)] == [503] * 11
    assert stranger.send("/book", {**said, "name": "张三"}).status_code == 200


def test_that_nobody_hears_complaints_is_said_before_anything_is_typed(
    network: Network, village: Counter, township: Counter
) -> None:
    form = village.visitor().open("/query/complaint").text
    assert "没有单位受理" in form.partition('<form method="post" action="/query/complaint"')[0]
    assert township.sign_in("0102", "head").send("/complaints/open", {}).status_code == 303
    everywhere(network)
    form = village.visitor().open("/query/complaint").text
    assert "投诉上关村的人" not in form and "投诉上关村、" not in form, "the township hears what is about the village"
