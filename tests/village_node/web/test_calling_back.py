"""Calling back: who was given a result, or was answered later, is called by somebody else, and the call is counted."""

from datetime import date

import pytest

from tests.builders import Network, delegate_all
from tests.village_node.notices.given import words
from tests.village_node.web.counter import Counter, Visitor, everywhere, problems
from tests.village_node.web.errands import PAPERS, done, hindered, links, printed, refused
from tests.village_node.web.test_clocks import plain
from tests.village_node.web.test_filing import held
from tests.village_node.web.test_query import Work
from village_node.casebook import calling


def test_only_calls_that_somebody_may_make_are_counted_for_them(
    network: Network, village: Counter, township: Counter, agent: Visitor
) -> None:
    case, head = agent.file("040", **PAPERS), village.sign_in("0002", "head")
    done(agent, case, "docket")
    done(head, case, "decide", outcome="approve")
    done(agent, case, "delivered", to="张秀兰", how="in_person")
    everywhere(network)
    other, clerk = village.sign_in("0003", "agent", name="刘洋"), township.sign_in("0101", "clerk")
    for who, number in ((agent, 0), (head, 0), (other, 1), (clerk, 1)):
        page = plain(who.open("/work").text)
        assert ("回访 1" in page) == bool(number), (who, number)
        assert (
            "其中您可以回访的 0 件" in who.open("/calls").text if not number else "其中" not in who.open("/calls").text
        )
    assert case in agent.open("/work?view=unrated").text, "the list is whole"


def test_how_many_may_be_called_is_read_once_for_everybody_and_of_a_long_list_not_at_all(
    village: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = village.sign_in("0002", "agent", "head")
    for number in range(3):
        case = both.file("040", **PAPERS, applicant_name=f"张{chr(0x4E00 + number)}")
        done(both, case, "docket")
        done(both, case, "decide", outcome="approve")
        done(both, case, "delivered", to=f"张{chr(0x4E00 + number)}", how="in_person")
    book, work = village.member.casebook, Work(monkeypatch)

    def counted(actor: str) -> tuple[int, list[str]]:
        work.done.clear()
        number = book.results_for(actor, {"agent"})
        return number, [each for each in work.done if "FROM events" in each]

    number, read = counted("0002")
    assert number == 0 and len(read) == 1 and "body" not in read[0]
    assert counted("0003") == counted("0004") == (3, []), "who handled what is known by then"
    monkeypatch.setattr(calling, "_LOOKED_AT", 2)
    with village.member.store.writing() as connection:
        book.mark_news(connection, set())
    assert counted("0002") == (3, []) and not any("ORDER BY" in each for each in work.done)


def test_who_was_given_a_result_is_called_by_another_and_a_bad_grade_opens_its_order(county: Counter) -> None:
    delegate_all(county.member, "1001", "1002")
    officer = county.sign_in("1001", "window", "officer", name="赵敏")
    other = county.sign_in("1002", "window", name="孙宁")
    case = officer.file("016", **PAPERS)
    done(officer, case, "docket")
    done(officer, case, "decide", outcome="approve")
    assert case not in other.open("/calls").text and "/act/call_back" not in other.open(case).text
    done(officer, case, "delivered", to="张秀兰", how="in_person")
    assert case in other.open("/calls").text and '回访 <span class="count">1</span>' in other.open("/work").text
    hindered(officer, case, "call_back", "经办人不能代录", reached="yes", text="满意", grade="good")
    refused(other, case, "call_back", "请填写此项", reached="no")
    refused(other, case, "call_back", "没有联系上的不选评价", reached="no", text="无人接听", grade="very_poor")
    done(other, case, "call_back", reached="no", text="无人接听")
    assert "1 次未通" in other.open("/calls").text
    done(other, case, "call_back", reached="yes", text="说等了两趟", grade="poor")
    assert case not in other.open("/calls").text and "/act/call_back" not in other.open(case).text
    page = other.open(case).text
    assert "无人接听" in page and "说等了两趟" in page
    assert held(county, case).ratings[2].body["grade"] == "poor"
    assert case in officer.open("/orders").text, "what was said on the telephone is a rating like any other"
    [paper] = [each for each in links(other, case) if each.endswith("/rectify")]
    assert "说等了两趟" in words(printed(other, paper))
    made = county.member.casebook.calls_made(date(2026, 11, 1), date(2026, 11, 30))
    assert (made.given, made.rated, made.called, made.reached, made.waiting, made.calls) == (1, 1, 1, 1, 0, 2)
    assert "共打 2 次，联系上 1 件" in other.open("/calls").text


def test_a_question_answered_later_is_called_about_by_somebody_else(village: Counter) -> None:
    agent, other = village.sign_in("0001", "agent"), village.sign_in("0002", "agent", name="刘洋")
    said = {"question": "危房改造补多少", "outcome": "open", "by": "张秀兰", "contact": "13800001234"}
    answer = agent.send("/consultations", said)
    number = answer.headers["Location"].rpartition("/")[2]
    assert number not in agent.open("/calls").text, "nobody knows the answer yet"
    told = agent.send(f"/consultations/of/{number}", {"outcome": "answered", "told": "按户核定，先勘验"})
    assert told.status_code == 303 and number in agent.open("/calls").text
    assert "1 件事后答复的咨询、代收要回访，最早的期限 2026年11月19日" in plain(other.open("/work").text)
    assert "2026年11月19日" in plain(other.open("/calls").text)
    call = {"reached": "yes", "text": "已转告"}
    mine = agent.send(f"/calls/{number}", call)
    assert mine.status_code == 409 and any("经办人不能登记" in each for each in problems(mine.text))
    silent = other.send(f"/calls/{number}", {"text": "已转告"})
    assert silent.status_code == 422 and any("是否联系上" in each for each in problems(silent.text))
    assert other.send(f"/calls/{number}", {"reached": "no", "text": "关机"}).status_code == 303
    assert "已打 1 次未通" in other.open("/calls").text
    assert other.send(f"/calls/{number}", call).status_code == 303
    assert "要回访" not in other.open("/work").text
    assert "已回访" in other.open("/calls").text and "已转告" in agent.open(f"/consultations/of/{number}").text
    assert other.send(f"/calls/{number}", call).status_code == 409
    assert other.send("/calls/621021101201-261121-7K3M-9-L", call).status_code == 404


def test_a_slip_answered_elsewhere_is_called_about_where_it_was_taken(
    network: Network, village: Counter, county: Counter
) -> None:
    agent, other = village.sign_in("0001", "agent"), village.sign_in("0002", "agent", name="刘洋")
    window = county.sign_in("1001", "window", name="赵敏")
    case = window.file("016", **PAPERS)
    number = held(county, case).case_no
    slip = {"case_no": number, "what": "note", "by": "张秀兰", "contact": "13800001234", "text": "改为邮寄"}
    taken = agent.send("/slips/new", slip).headers["Location"].rpartition("/")[2]
    everywhere(network)
    assert window.send(f"/slips/of/{taken}/decline", {"text": "请本人到窗口"}).status_code == 303
    everywhere(network)
    assert taken in other.open("/calls").text and taken not in window.open("/calls").text
    assert other.send(f"/calls/{taken}", {"reached": "yes", "text": "已告知到窗口"}).status_code == 303
    assert "已告知到窗口" in agent.open(f"/slips/of/{taken}").text
