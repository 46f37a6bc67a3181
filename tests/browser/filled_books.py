"""The books of a service room with something in each of them, for their pages to be looked at."""

import re
from dataclasses import dataclass

from sync_protocol.case.numbers import check_character
from tests.browser.conftest import Hall
from tests.builders import SECOND_VILLAGE, TOWNSHIP, VILLAGE, delegate
from tests.village_node.web.counter import PASSWORD, Visitor, hidden_of
from tests.village_node.web.errands import PAPERS, done, handed_up, newcomer
from tests.village_node.web.test_batches import PEOPLE, filed, rows_of
from tests.village_node.web.test_bookings import booked_oneself
from tests.village_node.web.test_complaints import complain
from tests.village_node.web.test_consultations import asked
from tests.village_node.web.test_papers import photo, upload
from tests.village_node.web.test_revocations import ask
from tests.village_node.web.test_service_room import ROOM, TODAY, kept
from tests.village_node.web.test_slips import brought
from tests.village_node.web.test_windows import CART, DESK, OPEN, SEASON, WINDOW

TOMORROW = "2026-11-19"
ELSEWHERE = "621021101202-261118-7K3M-12-"  # a case that another village filed
MEETING = {
    "day": TODAY,
    "present": "王副县长\n李强",
    "decisions": "三日内踏勘",
    "what0": "现场踏勘",
    "who0": "李强",
    "due0": "2026-11-20",
}


@dataclass(frozen=True)
class Books:
    """What was written into them: `batch`, `slip`, `consultation`, `complaint_heard` are addresses of pages; a
    `booking` has its number and code, and so has a `complaint`."""

    batch: str
    case_with_paper: str
    slip: str
    consultation: str
    complaint_heard: str
    booking: dict[str, str]
    complaint: dict[str, str]


def to_sign(hall: Hall, agent: Visitor, clerk: Visitor) -> None:
    """A joint case at the township that two departments are to countersign; 0111 signs for one of them."""
    case = handed_up(hall.network, agent, clerk, agent.file("007", **PAPERS))
    done(clerk, case, "docket")
    done(clerk, case, "review", opinion="agree")
    done(clerk, case, "countersign_open", members="自然资源所\n农业综合服务中心")
    delegate(hall.network.members[TOWNSHIP], "自然资源所", b="0101", head="0111")


def fill_books(hall: Hall, case: str) -> Books:
    """Write into the books of the village and the township. `case`: one that the township's 0101 has taken in and the
    village has filed; it goes into the green channel there and gets a meeting."""
    village, township = hall.counters[VILLAGE], hall.counters[TOWNSHIP]
    head = village.sign_in("0011", "head", name="李主任")
    agent = village.sign_in("0012", "agent", name="刘洋")
    hearing = township.sign_in("0110", "head", name="陈静")
    assert hearing.send("/complaints/open", {}).status_code == 303
    hall.exchange()
    kept(head, "/duty/room", **{**ROOM, "a_slot": "2"})
    kept(agent, "/turns/draw", draw_item="", draw_window="")
    kept(agent, "/turns/call", window="3号")
    booking = booked_oneself(village.visitor(), TOMORROW)
    number, code, _ = complain(agent, VILLAGE, by="张秀兰", contact="13800001234")
    hall.exchange()
    said = {"by": "张秀兰", "contact": "13800001234", "outcome": "open"}
    question = f"/consultations/of/{asked(agent, **said)}"
    kept(agent, question, outcome="answered", told="带户口簿和身份证")
    slip = f"/slips/of/{brought(agent, ELSEWHERE + check_character(ELSEWHERE), text='电话换了')}"
    batch = filed(agent, rows_of(*PEOPLE))
    [of_batch, *_] = re.findall(r'href="(/cases/[^"?#]+)"', agent.open(batch).text)
    assert upload(agent, of_batch, (photo(), "正面.jpg")).status_code == 303
    clerk = township.visitor()
    assert clerk.send("/sign-in", {"staff_no": "0101", "password": PASSWORD}).status_code == 303
    done(clerk, case, "lane", lane="green", reason="重点项目", supervisor="王副县长")
    meeting = hidden_of(clerk.open(f"{case}/meetings").text, f"{case}/meetings")
    assert clerk.send(f"{case}/meetings", {**meeting, **MEETING}).status_code == 303
    assert ask(hearing, hall.network.members[VILLAGE].identity.incarnation.hex()) == 303
    to_sign(hall, agent, clerk)
    clerk.file()  # what the village has filed already
    kept(agent, "/day-end/close", all_why="other", all_words="等会计核对收入")
    kept(hearing, "/day-end/close", all_why="to_check")
    for window in (WINDOW, SEASON, CART, DESK):
        kept(head, OPEN, **window)
    kept(agent, "/turns/draw", draw_item="", draw_window="")
    kept(agent, "/turns/2/transfer", to_window="1号", note="先核对户口簿")
    hall.exchange()
    newcomer(hall.network, TOWNSHIP, SECOND_VILLAGE)
    complaint = {"number": number, "code": code}
    return Books(batch, of_batch, slip, question, f"/complaints/of/{number}", booking, complaint)
