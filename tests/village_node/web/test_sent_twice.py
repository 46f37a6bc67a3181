"""A form that is sent twice, by a second click, a reload or the way back, is done once."""

from tests.builders import Network
from tests.village_node.web.counter import Counter, Visitor, everywhere, hidden_of, problems
from tests.village_node.web.errands import PAPERS, done
from tests.village_node.web.test_filing import held
from tests.village_node.web.test_service_room import ROOM, TODAY, kept, states


def twice(visitor: Visitor, page: str, action: str, **said: str) -> None:
    """The form of a page goes off twice as it is, and then once more with something else in it."""
    sent = {**hidden_of(visitor.open(page).text, action), **said}
    answers = [visitor.send(action, sent) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303], problems(answers[1].text)
    assert answers[0].headers["Location"] == answers[1].headers["Location"]
    name = next(iter(said))
    other = visitor.send(action, {**sent, name: f"{said[name]}二"})
    assert other.status_code == 409 and "先前已经提交" in "".join(problems(other.text))
    assert f"{said[name]}二" in other.text, "what was typed is still there"


def test_the_service_room_books_draws_and_calls_once(village: Counter, agent: Visitor) -> None:
    kept(village.sign_in("0003", "head", name="赵站长"), "/duty/room", **{**ROOM, "a_slot": "3"})
    said = {"name": "张秀兰", "slot": "09:30", "item_no": "001", "phone_tail": "1234"}
    twice(agent, "/turns", "/turns/book", **said)
    assert len(village.member.casebook.appointments(TODAY)) == 1
    twice(agent, "/turns", "/turns/draw", draw_window="1号窗口")
    kept(agent, "/turns/draw", draw_item="", draw_window="")
    twice(agent, "/turns", "/turns/call", window="1号窗口")
    assert states(agent) == {"A001": "已叫号", "A002": "等候"}


def test_what_was_typed_for_a_day_without_slots_stays_and_so_does_what_a_number_came_to(
    village: Counter, agent: Visitor
) -> None:
    kept(village.sign_in("0003", "head", name="赵站长"), "/duty/room", **ROOM)
    said = {"day": "2026-09-27", "slot": "09:30", "name": "张秀兰", "item_no": "001", "phone_tail": "1234"}
    page = agent.send("/turns/book", said).text
    assert 'value="张秀兰"' in page and 'value="1234"' in page and 'value="2026-09-27"' in page
    kept(agent, "/turns/draw", draw_item="", draw_window="")
    kept(agent, "/turns/call", window="1号窗口")
    page = agent.send("/turns/1/done", {"case_no": "6210-1"}).text
    assert 'value="6210-1"' in page


def test_a_letter_a_note_and_minutes_are_written_once(
    network: Network, village: Counter, county: Counter, agent: Visitor
) -> None:
    supervisor = county.sign_in("1009", "supervisor", name="吴督查")
    case = agent.file("014", **PAPERS)
    done(agent, case, "docket")
    everywhere(network)
    asked = case.replace("/cases/", "/supervision/")
    letter = {"text": "请速办", "to": village.member.place, "rule": "promised", "answer_by": "2026-11-25"}
    twice(supervisor, asked, f"{asked}/letter", **letter)
    assert len(held(county, case).oversight) == 1
    twice(agent, case, f"{case}/act/note", text="电话告知")
    assert len(held(village, case).notes) == 1
