"""The query without a code: number and last four of the card, few tries, one answer for whatever does not fit."""

import json
import re
from collections import Counter as Counted
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest

from sync_protocol.case import numbers
from tests.builders import Network
from tests.village_node.web.api.program import program_at
from tests.village_node.web.counter import CARD, Counter, Visitor, everywhere
from tests.village_node.web.errands import done
from tests.village_node.web.test_filing import held
from tests.village_node.web.test_proxies import PROXY
from tests.village_node.web.test_query import Work, numbers_in_a_row
from tests.village_node.web.test_query import look_up as with_the_code
from village_node.casebook import ledger, reading
from village_node.web import card_ends, query_by_card, times
from village_node.web.query import NotTold
from village_node.web.site import SITE, Visit

END = CARD[-4:]
WRONG = "1234"


def look_up(visitor: Visitor, number: str, card: str = END, source: str = "127.0.0.1"):
    return visitor.client.post(
        "/query/card",
        data={"number": number, "card": card, "token": visitor.token()},
        environ_overrides={"REMOTE_ADDR": source},
    )


@pytest.fixture
def filed(agent: Visitor, village: Counter):
    """A case of somebody who has lost the code."""
    return held(village, agent.file())


@pytest.fixture
def visitor(village: Counter) -> Visitor:
    return village.visitor()


def shown(page: str) -> str:
    """What the page of a case says, without what is rated on it and the rights that tell of that."""
    facts = page.partition("<h1>")[2].partition("</dl>")[0]
    assert facts
    return facts


@pytest.mark.parametrize("typed", [END, END.lower(), f" {END} ", "００２Ｘ"])
def test_number_and_end_of_the_card_tell_what_the_code_tells_and_no_more(visitor: Visitor, filed, typed: str) -> None:
    answer = look_up(visitor, filed.case_no.lower(), typed)
    assert answer.status_code == 200
    assert shown(answer.text) == shown(with_the_code(visitor, filed.case_no, filed.query_code).text)
    for hidden in ("张秀兰", CARD, END, "1380000", "三组", filed.query_code, "王芳"):
        assert hidden not in answer.text
    assert 'href="/query/card"' in visitor.open("/query").text and "GET" not in answer.request.method


def test_it_gives_no_pass_to_rate_with(village: Counter, agent: Visitor, visitor: Visitor) -> None:
    case = agent.file("040")
    agent.act(case, "docket")
    found = held(village, case)
    assert 'name="grade"' in with_the_code(visitor, found.case_no, found.query_code).text
    answer = look_up(visitor, found.case_no)
    assert answer.status_code == 200 and 'name="grade"' not in answer.text and 'name="pass"' not in answer.text
    assert "用编号和查询码查到本件后自己评" in answer.text and "在它的网页上" not in answer.text, "its pages are these"


def test_what_one_may_do_oneself_is_said_to_be_done_with_the_code(village: Counter, agent: Visitor) -> None:
    """The answer said that the proxy may be revoked at any time, and had no button and no word of how."""
    case = held(village, agent.file(**PROXY))
    answer, with_code = (
        look_up(village.visitor(), case.case_no).text,
        with_the_code(village.visitor(), case.case_no, case.query_code).text,
    )
    assert "可以随时撤销：用编号和查询码查到本件后自己撤销，或带证件到窗口办。" in answer
    assert "用编号和查询码查到本件后自己请求，也可到任一窗口请求" in answer
    assert 'href="/query">用查询码查</a>' in answer and "/query/proxy" not in answer
    assert "可以随时撤销：按本页的“撤销委托”，或带证件到窗口办。" in with_code and "/query/proxy" in with_code
    assert "这里只能看" not in with_code


@pytest.mark.parametrize("typed", ["", "12", "12345", "X123", "00 2", "一二三四", CARD])
def test_what_cannot_be_the_end_of_a_card_is_named_and_the_number_kept(visitor: Visitor, filed, typed: str) -> None:
    answer = look_up(visitor, filed.case_no, typed)
    assert answer.status_code == 422 and "身份证号后四位" in answer.text and f'value="{filed.case_no}"' in answer.text
    assert not typed or f'value="{typed}"' not in answer.text
    assert look_up(visitor, "12345").status_code == 422
    assert {look_up(visitor, filed.case_no, typed).status_code for _ in range(9)} == {422}, "this is no try"


def bodies(*answers: Any) -> set[str]:
    return {re.sub(r'value="[^"]*"', "", each.text) for each in answers}


def test_a_miss_has_one_answer_whatever_is_wrong(village: Counter, agent: Visitor, visitor: Visitor, filed) -> None:
    firm = {"applicant_id_kind": "passport", "applicant_id_no": "E1234002"}
    without = held(village, agent.file("036", **firm))
    absent = numbers_in_a_row(50, filed)[-1]
    misses = [
        look_up(visitor, filed.case_no, WRONG, "10.0.0.1"),
        look_up(visitor, absent, END, "10.0.0.2"),
        look_up(visitor, without.case_no, "4002", "10.0.0.3"),
    ]
    assert {each.status_code for each in misses} == {404} and len(bodies(*misses)) == 1
    assert "没有查到" in misses[0].text and "用查询码查" in misses[0].text


def test_what_is_not_held_here_is_asked_of_nobody(
    network: Network, township: Counter, county: Counter, visitor: Visitor, filed
) -> None:
    assert look_up(county.visitor(), filed.case_no).status_code == 404
    everywhere(network)
    assert look_up(county.visitor(), filed.case_no).status_code == 200
    own = held(township, township.sign_in("0101", "clerk").file("036"))
    answer = look_up(visitor, own.case_no)
    assert answer.status_code == 404 and "本机没有的，请用查询码查" in answer.text


def test_what_was_erased_is_not_found_by_the_card(village: Counter, visitor: Visitor, filed, monkeypatch) -> None:
    book = village.member.casebook
    row, named = book.cards_of_number(filed.case_no)
    assert row is not None
    case = book.case(row.scope, row.case_id)
    assert case is not None and card_ends.end_of_card(case) == END and named == [CARD]
    case.applicant = {}
    monkeypatch.setattr(type(book), "case", lambda *_: case)
    assert card_ends.end_of_card(case) == "" and look_up(visitor, filed.case_no).status_code == 404
    monkeypatch.undo()
    with book.store.writing() as connection:
        connection.exec_driver_sql("UPDATE events SET body = NULL, body_state = 3 WHERE kind = 1")
    assert book.cards_of_number(filed.case_no)[1] == [] and look_up(visitor, filed.case_no).status_code == 404


@pytest.mark.parametrize(
    ("kind", "number", "end"),
    [
        ("resident_id", "110105491231002", "1002"),
        ("resident_id", CARD.lower(), END),
        ("resident_id", "002X", ""),
        ("passport", CARD, ""),
        ("other", "无证件-1002", ""),
        ("", "", ""),
    ],
)
def test_the_end_is_that_of_an_identity_card_alone(kind: str, number: str, end: str) -> None:
    case: Any = SimpleNamespace(applicant={"id_kind": kind, "id_no": number} if kind else {})
    assert card_ends.end_of_card(case) == end


OTHER_CARD = "110105194912310011"


def test_a_card_that_was_corrected_counts_as_it_was_corrected(
    network: Network, village: Counter, township: Counter, agent: Visitor, visitor: Visitor
) -> None:
    case = agent.file(applicant_id_no=CARD)
    filed = held(village, case)
    agent.act(case, "handoff")
    everywhere(network)
    clerk = township.sign_in("0101", "clerk")
    done(clerk, case, "accept")
    done(clerk, case, "return_for_correction", **{"what:applicant_id_no": "抄错", "due_days": "5"})
    everywhere(network)
    done(agent, case, "supply", **{"answer:applicant_id_no": OTHER_CARD})
    assert look_up(visitor, filed.case_no).status_code == 200, "not taken yet"
    everywhere(network)
    done(clerk, case, "take", supplies=re.findall(r'name="supplies" value="([^"]+)"', clerk.open(case).text))
    everywhere(network)
    for counter in (village, township):
        assert look_up(counter.visitor(), filed.case_no, OTHER_CARD[-4:]).status_code == 200
        assert look_up(counter.visitor(), filed.case_no).status_code == 404


@pytest.mark.slow
def test_a_number_has_three_tries_and_then_one_a_day_and_fewer_and_the_code_works_all_the_time(
    network: Network, village: Counter, visitor: Visitor, filed
) -> None:
    answers = [look_up(visitor, filed.case_no, WRONG, f"10.0.0.{n}").status_code for n in range(5)]
    assert answers == [404] * 3 + [429] * 2
    right = look_up(visitor, filed.case_no, END, "10.0.0.99")
    assert right.status_code == 429 and "用查询码照常可以查" in right.text and "24 小时" in right.text
    for code in (filed.query_code, filed.query_code[:6]):
        assert with_the_code(visitor, filed.case_no, code, "10.0.0.1").status_code == 200
    years: list[int] = []
    for _ in range(2):
        wrong = []
        for day in range(365):
            network.clock.now_ms += times.DAY_MS
            village.accounts.keep_house()
            wrong += [day] * (look_up(visitor, filed.case_no, WRONG, f"10.1.{day % 200}.1").status_code == 404)
        assert wrong[:12] == list(range(12)) or years, "one a day"
        years.append(len(wrong))
    assert years == [56, 45], "and the three of the first day, of ten thousand"
    network.clock.now_ms += 8 * times.DAY_MS
    assert look_up(visitor, filed.case_no).status_code == 200, "not for good"


def test_waiting_until_the_tries_of_a_number_are_forgotten_gains_nothing(
    network: Network, village: Counter, visitor: Visitor, filed
) -> None:
    def tries(days: int) -> int:
        found = 0
        for day in range(days):
            network.clock.now_ms += times.DAY_MS
            village.accounts.keep_house()
            found += look_up(visitor, filed.case_no, WRONG, f"10.1.{day % 200}.1").status_code == 404
        return found

    assert tries(20) == 15
    network.clock.now_ms += 170 * times.DAY_MS
    village.accounts.keep_house()
    assert tries(2) == 1, "after 170 days nothing is forgotten"
    network.clock.now_ms += 180 * times.DAY_MS
    village.accounts.keep_house()
    assert village.accounts.throttle.counted("long:query-card:") == [], "nor is anything kept for good"


def test_right_ones_use_up_no_tries(visitor: Visitor, filed) -> None:
    assert {look_up(visitor, filed.case_no).status_code for _ in range(12)} == {200}


def test_what_is_refused_uses_up_no_tries(network: Network, village: Counter, visitor: Visitor, filed) -> None:
    for number in numbers_in_a_row(60, filed)[30:35]:
        assert look_up(visitor, number, WRONG, "10.0.0.1").status_code == 404
    counted = village.accounts.throttle.counted("")
    assert {look_up(visitor, filed.case_no, END, "10.0.0.1").status_code for _ in range(9)} == {429}
    assert village.accounts.throttle.counted("") == counted, "the right card, from where others have tried"
    for n in range(3):
        assert look_up(visitor, filed.case_no, WRONG, f"10.0.1.{n}").status_code == 404
    assert {look_up(visitor, filed.case_no, END, "10.0.0.2").status_code for _ in range(9)} == {429}
    assert look_up(visitor, numbers_in_a_row(50, filed)[-1], WRONG, "10.0.0.2").status_code == 404, "no try here"
    network.clock.now_ms += times.DAY_MS
    assert look_up(visitor, filed.case_no, END, "10.0.0.1").status_code == 200


def test_a_screen_in_a_hall_has_five_misses_in_each_hour(
    network: Network, village: Counter, visitor: Visitor, filed
) -> None:
    numbers_there = iter(numbers_in_a_row(90, filed)[30:])
    network.clock.now_ms -= network.clock.now_ms % times.HOUR_MS - 20 * times.MINUTE_MS
    for _ in range(4):
        assert {look_up(visitor, next(numbers_there), WRONG, "10.0.0.1").status_code for _ in range(5)} == {404}
        answer = look_up(visitor, filed.case_no, END, "10.0.0.1")
        assert answer.status_code == 429 and "请 40 分钟后再试" in answer.text
        assert answer.headers["Retry-After"] == str(40 * 60)
        network.clock.now_ms += 40 * times.MINUTE_MS
        village.accounts.keep_house()
        assert look_up(visitor, filed.case_no, END, "10.0.0.1").status_code == 200
        network.clock.now_ms += 20 * times.MINUTE_MS


def test_the_addresses_of_one_house_are_one(visitor: Visitor, filed) -> None:
    numbers_there = numbers_in_a_row(60, filed)[30:]
    answers = [look_up(visitor, each, WRONG, f"2001:db8::{n}").status_code for n, each in enumerate(numbers_there, 1)]
    assert Counted(answers) == {404: 5, 429: 25}
    assert look_up(visitor, filed.case_no, END, "2001:db8:0:1::1").status_code == 200, "next door"


def tried(village: Counter, tries: list[tuple[str, str]], addresses: int) -> Counted[int]:
    """How often each answer comes to numbers and ends of cards that are tried from so many addresses."""
    site, answers = village.app.extensions[SITE], Counted[int]()
    for n, (number, end) in enumerate(tries):
        asked: Any = SimpleNamespace(remote_addr=f"10.0.{n % addresses}.7")
        try:
            query_by_card.find(Visit(site, asked, "", None, "zh", False), number, end)
        except NotTold as refused:
            answers[refused.status] += 1
        else:
            answers[200] += 1
    return answers


def counted_up(filed) -> list[tuple[str, str]]:
    """Ten thousand numbers in a row behind the one that is there, each with the end of a card that is not theirs."""
    place, day, tag, n, _ = filed.case_no.split("-")
    stems = [f"{place}-{day}-{tag}-{int(n) + more}" for more in range(10_000)]
    return [(f"{stem}-{numbers.check_character(stem)}", WRONG) for stem in stems]


@pytest.mark.slow
def test_all_ten_thousand_ends_of_one_number_are_three_tries(village: Counter, visitor: Visitor, filed) -> None:
    ends = [f"{n:03}{check}" for n in range(1000) for check in "0123456789X"]
    tries = [(filed.case_no, end) for end in ends if end != END][:10_000]
    assert tried(village, tries, 200) == {404: 3, 429: 9_997}
    assert with_the_code(visitor, filed.case_no, filed.query_code, "10.0.0.7").status_code == 200


@pytest.mark.slow
def test_ten_thousand_numbers_from_one_address_tell_nothing(
    network: Network, village: Counter, visitor: Visitor, filed
) -> None:
    assert tried(village, counted_up(filed), 1) == {404: 5, 429: 9_995}
    assert look_up(visitor, filed.case_no, END, "10.0.0.7").status_code == 429
    assert with_the_code(visitor, filed.case_no, filed.query_code, "10.0.0.7").status_code == 200, "the code goes on"
    assert look_up(visitor, filed.case_no, END, "10.9.9.9").status_code == 200, "elsewhere"
    network.clock.now_ms += times.HOUR_MS
    assert look_up(visitor, filed.case_no, END, "10.0.0.7").status_code == 200, "not for good"


@pytest.mark.slow
def test_ten_thousand_numbers_from_two_hundred_addresses_are_sixty_tries_and_ring(
    network: Network, village: Counter, visitor: Visitor, filed
) -> None:
    assert tried(village, counted_up(filed), 200) == {404: 60, 429: 9_940}
    assert rung(village, "today") == [15, 30, 45, 60] and rung(village, "this_month") == [60]
    assert "今天查错 60 次，可能有人在试证件号" in village.sign_in("0002", "head").open("/health").text
    told = program_at(village, "0803", "admin").get("/health").get_json()
    assert (told["missed_with_cards_today"], told["missed_with_cards_this_month"]) == (60, 60)
    answer = look_up(visitor, filed.case_no, END, "10.9.9.9")
    assert answer.status_code == 429 and "本机试得太多" in answer.text
    assert with_the_code(visitor, filed.case_no, filed.query_code, "10.9.9.9").status_code == 200
    left_s = int(answer.headers["Retry-After"])
    at_midnight = times.local(network.clock.now_ms + left_s * 1000)
    assert 0 < left_s < 86_400 and (at_midnight.hour, at_midnight.minute, at_midnight.second) == (0, 0, 0)
    network.clock.now_ms += left_s * 1000
    assert look_up(visitor, filed.case_no, END, "10.9.9.9").status_code == 200


def rung(village: Counter, since: str) -> list[int]:
    """After how many misses with cards, of today or of this month, the audit trail has a line, the first one first."""
    lines = [json.loads(each.detail) for each in village.accounts.rows.audit_lines(200) if each.action == "query.alarm"]
    return [line[key] for line in lines[::-1] if (key := f"misses_with_cards_{since}") in line]


def test_a_right_one_rings_nothing(village: Counter, visitor: Visitor, filed) -> None:
    assert tried(village, counted_up(filed)[1:60], 200) == {404: 59}
    before = village.accounts.rows.audit_lines(200)
    assert look_up(visitor, filed.case_no, END, "10.9.9.9").status_code == 200
    assert village.accounts.rows.audit_lines(200) == before and rung(village, "today") == [15, 30, 45]
    assert tried(village, counted_up(filed)[60:61], 1) == {404: 1}, "and takes nothing from others"
    assert rung(village, "today") == [15, 30, 45, 60]


def test_slow_guessing_rings_within_the_month(network: Network, village: Counter, filed) -> None:
    network.clock.now_ms = times.midnight_ms(date(2026, 12, 1)) + 9 * times.HOUR_MS
    numbers_there = counted_up(filed)[1:]
    for day in range(9):
        assert tried(village, numbers_there[14 * day : 14 * day + 14], 200) == {404: 14}
        village.accounts.keep_house()
        network.clock.now_ms += times.DAY_MS
    assert rung(village, "today") == [] and rung(village, "this_month") == [60, 120]
    assert "本月查错 126 次，可能有人在试证件号" in village.sign_in("0002", "head").open("/health").text
    network.clock.now_ms += 31 * times.DAY_MS
    assert "试证件号" not in village.sign_in("0004", "head").open("/health").text


def test_a_number_that_exists_makes_as_much_work_as_one_that_does_not(
    village: Counter, agent: Visitor, visitor: Visitor, filed, monkeypatch: pytest.MonkeyPatch
) -> None:
    absent, form, path = numbers_in_a_row(50, filed)[-1], visitor.token(), agent.file("036")
    for n in range(6):
        agent.act(path, "note", text=f"第 {n} 次来问")
    longer, work = held(village, path), Work(monkeypatch, "query_by_card")
    works: dict[tuple[str, int], str] = {}

    def fold(office: Any, roster: Any, key: Any, events: list[Any]) -> Any:
        work.done.append(f"fold {len(events)}")
        return ledger.fold_held(office, roster, key, events)

    monkeypatch.setattr(reading, "fold_held", fold)
    asked = (absent, filed.case_no, longer.case_no)
    for n, number in enumerate((*asked, *asked)):
        work.done.clear()
        data = {"number": number, "card": WRONG, "token": form}
        answer = visitor.client.post("/query/card", data=data, environ_overrides={"REMOTE_ADDR": f"10.1.{n // 3}.1"})
        assert answer.status_code == 404
        works[number, n // 3] = "\n".join(work.done)
    assert len({works[number, 1] for number in asked}) == 1 and "compare 4 with 4" in works[absent, 1]
    assert works[absent, 1].count("SELECT") >= 4, "the work is seen"
    work.done.clear()
    assert look_up(visitor, longer.case_no).status_code == 200
    assert any(each.startswith("fold 8") for each in work.done), "and so would be a fold"


def test_a_program_asks_alike_and_waits_alike(village: Counter, filed) -> None:
    program = program_at(village, "0804", "agent")
    told = program.post("/query/card", {"number": filed.case_no, "card": END})
    assert told.status_code == 200 and told.get_json()["applicant_name"] == "张*"
    answers = [program.post("/query/card", {"number": filed.case_no, "card": WRONG}).status_code for _ in range(4)]
    assert answers == [404, 404, 404, 429]
