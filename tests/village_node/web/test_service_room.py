"""The service room's own books: hours and duty, appointments and numbers, counts of services; and nobody else's."""

import csv
import io
import re
from datetime import date

import pytest

from tests.builders import Network
from tests.sync_protocol.case.year_2026 import CALENDAR
from tests.village_node.web.counter import Counter, Visitor, everywhere, problems
from tests.village_node.web.errands import PAPERS, done
from tests.village_node.web.test_filing import held

TODAY = "2026-11-18"  # a Wednesday
SATURDAY = "2026-11-21"
ROOM = {
    **{f"hours{day}": "8:30–12:00，14:30–18:00" for day in range(5)},
    "address": "村委会一楼",
    "phone": "0934-1234567",
    "slots": "09:00 09：30",
    "a_slot": "1",
    "class:agency": "yes",
    "class:mediation": "yes",
}


@pytest.fixture
def head(village: Counter) -> Visitor:
    return village.sign_in("0002", "head", name="李主任")


def kept(visitor: Visitor, path: str, **said: str) -> str:
    answer = visitor.send(path, said)
    assert answer.status_code == 303, problems(answer.text)
    return answer.headers["Location"]


def test_numbers_are_drawn_for_and_called_to_the_windows_of_the_register(agent: Visitor, head: Visitor) -> None:
    free = kept(agent, "/turns/draw", draw_item="", draw_window="9号")
    assert "number=A001" in free, "where no window is registered any may be named"
    refused(head, "/duty/room", "只写窗口、部门、工号三项", **{**ROOM, "windows": "3号 民政局 0001 0002"})
    refused(head, "/duty/room", "本单位没有工号 7777", **{**ROOM, "windows": "3号 民政局 7777"})
    refused(head, "/duty/room", "不重复", **{**ROOM, "windows": "3号\n3号"})
    kept(head, "/duty/room", **{**ROOM, "windows": "3号 民政局\n4号 医保局 0001\n5号 - 0001"})
    page = agent.open("/turns").text
    assert '<option value="4号" selected>4号 医保局</option>' in page, "one's own window is chosen already"
    refused(agent, "/turns/draw", "窗口名册里没有这个窗口", draw_item="", draw_window="9号")
    refused(agent, "/turns/call", "窗口名册里没有这个窗口", window="9号")
    kept(agent, "/turns/draw", draw_item="", draw_window="3号")
    kept(agent, "/turns/call", window="3号")
    refused(agent, "/turns/2/transfer", "窗口名册里没有这个窗口", to_window="9号", case_no="")
    kept(agent, "/turns/2/transfer", to_window="4号", case_no="")
    assert "3号 民政局\n4号 医保局 0001\n5号 - 0001" in head.open("/duty").text


def test_who_waits_for_a_window_that_was_taken_out_of_the_register_is_called_to_another(
    agent: Visitor, head: Visitor
) -> None:
    kept(agent, "/turns/draw", draw_item="", draw_window="9号")
    kept(head, "/duty/room", **{**ROOM, "windows": "3号 民政局\n4号 医保局"})
    kept(agent, "/turns/draw", draw_item="", draw_window="4号")
    kept(agent, "/turns/call", window="3号")
    assert agent.send("/turns/call", {"window": "3号"}).status_code == 409, "the other one waits for its own"


def refused(visitor: Visitor, path: str, words: str, **said: str) -> None:
    answer = visitor.send(path, said)
    assert answer.status_code in (409, 422) and words in "".join(problems(answer.text)), problems(answer.text)


def test_residents_see_when_the_room_is_open_and_staff_who_is_on_duty(
    village: Counter, agent: Visitor, head: Visitor
) -> None:
    asked = village.visitor().open("/hours").text
    assert "还没有登记开放时间" in asked and "12345" in asked and "不开放" not in asked, "it may be open every day"
    assert agent.send("/duty/room", ROOM).status_code == 404, "a head keeps it"
    refused(head, "/duty/room", "时段写成 09:00", **{**ROOM, "slots": "9点"})
    kept(head, "/duty/room", phone="0934-6120000", a_slot="1")
    asked = village.visitor().open("/hours").text
    assert "还没有登记开放时间。来之前请先打电话问：0934-6120000" in asked and "不开放" not in asked
    refused(head, "/duty/room", "每时段人数须为", **{**ROOM, "a_slot": "0"})
    kept(head, "/duty/room", **ROOM)
    kept(head, "/duty", day=TODAY, post="A", staff_no="0001", note="")
    refused(head, "/duty", "A岗和B岗须是两个人", day=TODAY, post="B", staff_no="0001", note="")
    refused(head, "/duty", "本单位没有这个工号", day=TODAY, post="B", staff_no="7777", note="")
    kept(head, "/duty", day=TODAY, post="B", staff_no="0002", note="")
    kept(head, "/duty", day=SATURDAY, post="A", staff_no="0001", note="上午 9:00–12:00")
    work = agent.open("/work").text
    assert "A岗 王芳" in work and "B岗 李主任" in work
    public = village.visitor().open("/hours").text
    assert "还没有登记" not in public and "不开放" in public
    assert "8:30–12:00" in public and "村委会一楼" in public and "证照代办、民事纠纷调解" in public
    assert "2026年11月21日 周六：上午 9:00–12:00" in public and "王芳" not in public
    kept(head, "/duty", day=TODAY, post="B", staff_no="", note="")
    assert "B岗" not in agent.open("/work").text


def test_an_appointment_becomes_a_number_that_is_called_sent_on_and_tied_to_its_case(
    village: Counter, agent: Visitor, head: Visitor
) -> None:
    assert "没有可预约的时段" in agent.open("/turns").text
    kept(head, "/duty/room", **ROOM)
    said = {"day": TODAY, "slot": "09:30", "name": "张秀兰", "item_no": "001", "phone_tail": "1234"}
    refused(agent, "/turns/book", "请填写电话后四位", **{**said, "phone_tail": "12"})
    refused(agent, "/turns/book", "这一天不开放", **{**said, "day": SATURDAY})
    refused(agent, "/turns/book", "没有这个时段", **{**said, "slot": "10:00"})
    refused(agent, "/turns/book", "只能预约今天起", **{**said, "day": "2026-11-17"})
    kept(agent, "/turns/book", **said)
    refused(agent, "/turns/book", "已约满", **{**said, "name": "李四"})
    page = agent.open("/turns").text
    assert "张*" in page and "张秀兰" not in page
    booking = re.search(r"/turns/bookings/(\d+)/came", page)
    assert booking

    assert "A001" in kept(agent, "/turns/draw", draw_item="", draw_window="")
    assert "A002" in kept(agent, f"/turns/bookings/{booking[1]}/came")
    refused(agent, f"/turns/bookings/{booking[1]}/missed", "已有人处理过")
    kept(agent, "/turns/call", window="1号窗口")
    assert states(agent) == {"A001": "等候", "A002": "已叫号"}, "who has an appointment comes first"
    kept(agent, "/turns/2/transfer", to_window="2号窗口")
    kept(agent, "/turns/call", window="1号窗口")
    assert states(agent) == {"A001": "已叫号", "A002": "等候"}
    refused(agent, "/turns/call", "没有人等这个窗口", window="1号窗口")
    kept(agent, "/turns/1/skip")
    kept(agent, "/turns/1/again")
    kept(agent, "/turns/call", window="2号窗口")
    case = held(village, agent.file("001", **PAPERS)).case_no
    refused(agent, "/turns/2/done", "本单位没有这个编号的件", case_no="621021101201-261118-7K3M-12-L")
    kept(agent, "/turns/2/done", case_no=case)
    assert states(agent) == {"A001": "等候", "A002": "已办"} and case in agent.open("/turns").text
    refused(agent, "/turns/2/skip", "已有人处理过")


def states(visitor: Visitor) -> dict[str, str]:
    """Today's numbers and how each stands."""
    page = visitor.open("/turns").text
    rows = re.findall(r"<strong>(A\d{3})</strong>.*?class=\"state [^>]*>(.*?)</span>", page, re.DOTALL)
    return {number: re.sub(r"<[^>]+>|\s", "", state) for number, state in rows}


def test_services_are_counted_by_kind_place_and_period_and_days_off_apart(
    network: Network, county: Counter, agent: Visitor
) -> None:
    case = agent.file("001", **PAPERS)
    done(agent, case, "service_act", what="door", where="三组", text="上门收件", day=TODAY)
    done(agent, case, "service_act", what="door", text="周末上门", day="2026-11-15")
    done(agent, case, "service_act", what="escort", text="领办", day="2026-10-31")
    everywhere(network)
    supervisor = county.sign_in("1009", "supervisor")
    page = supervisor.open("/services?first=2026-11-01&last=2026-11-30").text
    assert "上门" in page and "领办" not in page
    table = supervisor.open("/services.csv?first=2026-10-01&last=2026-11-30")
    assert table.content_type == "text/csv; charset=utf-8"
    rows = [tuple(row[3:]) for row in csv.reader(io.StringIO(table.text.removeprefix("\ufeff")))][:-1]
    assert rows[1:] == [("上关村", "上门", "2", "1"), ("上关村", "领办", "1", "1"), ("上关村", "收件", "1", "0")]
    assert supervisor.open("/services?first=2026-13-01").status_code == 422


def test_a_weekend_day_that_is_worked_is_open_and_says_so(network: Network, village: Counter, head: Visitor) -> None:
    village.member.casebook.own_calendar = CALENDAR
    village.member.casebook.calendar_kept = None
    kept(head, "/duty/room", **ROOM)
    network.clock.now_ms = (date(2026, 10, 5) - date(1970, 1, 1)).days * 86_400_000
    page = village.visitor().open("/hours").text
    assert "调休上班的周末" in page and "2026年10月10日 周六：按工作日时间开放" in page
    network.clock.now_ms += 7 * 86_400_000
    assert "调休上班的周末" not in village.visitor().open("/hours").text
