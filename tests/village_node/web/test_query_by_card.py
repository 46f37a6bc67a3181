"""The query without a code: number and last four of the card, few tries, one answer for whatever does not fit."""

import json
import re
from collections import Counter as Counted
from types import SimpleNamespace
from typing import Any

import pytest

from sync_protocol.case import numbers
from tests.builders import Network
from tests.village_node.web.api.program import program_at
from tests.village_node.web.counter import CARD, Counter, Visitor, everywhere
from tests.village_node.web.test_filing import held
from tests.village_node.web.test_query import Work, numbers_in_a_row
from tests.village_node.web.test_query import look_up as with_the_code
from village_node.web import query_by_card, times
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
    case = village.member.casebook.case_by_number(filed.case_no)
    assert case is not None and query_by_card.end_of_card(case) == END
    case.applicant = {}
    monkeypatch.setattr(type(village.member.casebook), "case_by_number", lambda *_: case)
    assert query_by_card.end_of_card(case) == "" and look_up(visitor, filed.case_no).status_code == 404


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
    assert query_by_card.end_of_card(case) == end
    assert query_by_card.end_of_card(None) == ""


def test_a_number_has_three_tries_and_then_one_a_day_and_fewer_and_the_code_works_all_the_time(
    network: Network, visitor: Visitor, filed
) -> None:
    answers = [look_up(visitor, filed.case_no, WRONG, f"10.0.0.{n}").status_code for n in range(5)]
    assert answers == [404] * 3 + [429] * 2
    right = look_up(visitor, filed.case_no, END, "10.0.0.99")
    assert right.status_code == 429 and "用查询码照常可以查" in right.text and "24 小时" in right.text
    for code in (filed.query_code, filed.query_code[:6]):
        assert with_the_code(visitor, filed.case_no, code, "10.0.0.1").status_code == 200
    wrong_in_a_year = 0
    for day in range(365):
        network.clock.now_ms += times.DAY_MS
        wrong_in_a_year += look_up(visitor, filed.case_no, WRONG, f"10.1.{day % 200}.1").status_code == 404
    assert 40 < wrong_in_a_year < 60, "of ten thousand"
    network.clock.now_ms += 8 * times.DAY_MS
    assert look_up(visitor, filed.case_no).status_code == 200, "not for good"


def test_right_ones_use_up_no_tries(visitor: Visitor, filed) -> None:
    assert {look_up(visitor, filed.case_no).status_code for _ in range(12)} == {200}


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


def test_all_ten_thousand_ends_of_one_number_are_three_tries(village: Counter, visitor: Visitor, filed) -> None:
    ends = [f"{n:03}{check}" for n in range(1000) for check in "0123456789X"]
    tries = [(filed.case_no, end) for end in ends if end != END][:10_000]
    assert tried(village, tries, 200) == {404: 3, 429: 9_997}
    assert with_the_code(visitor, filed.case_no, filed.query_code, "10.0.0.7").status_code == 200


def test_ten_thousand_numbers_from_one_address_tell_nothing(
    network: Network, village: Counter, visitor: Visitor, filed
) -> None:
    assert tried(village, counted_up(filed), 1) == {404: 5, 429: 9_995}
    assert look_up(visitor, filed.case_no, END, "10.0.0.7").status_code == 429
    assert with_the_code(visitor, filed.case_no, filed.query_code, "10.0.0.7").status_code == 200, "the code goes on"
    assert look_up(visitor, filed.case_no, END, "10.9.9.9").status_code == 200, "elsewhere"
    network.clock.now_ms += 10 * times.MINUTE_MS
    assert look_up(visitor, filed.case_no, END, "10.0.0.7").status_code == 200, "not for good"


def test_ten_thousand_numbers_from_two_hundred_addresses_are_sixty_tries_and_ring(
    network: Network, village: Counter, visitor: Visitor, filed
) -> None:
    assert tried(village, counted_up(filed), 200) == {404: 60, 429: 9_940}
    (line,) = [each for each in village.accounts.rows.audit_lines(100) if each.action == "query.alarm"]
    assert json.loads(line.detail)["misses_with_cards_today"] == 60
    answer = look_up(visitor, filed.case_no, END, "10.9.9.9")
    assert answer.status_code == 429 and "本机试得太多" in answer.text and "Retry-After" in answer.headers
    assert with_the_code(visitor, filed.case_no, filed.query_code, "10.9.9.9").status_code == 200
    network.clock.now_ms += times.DAY_MS
    assert look_up(visitor, filed.case_no, END, "10.9.9.9").status_code == 200


def test_a_number_that_exists_makes_as_much_work_as_one_that_does_not(
    village: Counter, visitor: Visitor, filed, monkeypatch: pytest.MonkeyPatch
) -> None:
    absent, form = numbers_in_a_row(50, filed)[-1], visitor.token()
    work, done = Work(monkeypatch, "query_by_card"), {}
    for n, number in enumerate((absent, filed.case_no, absent, filed.case_no)):
        work.done.clear()
        data = {"number": number, "card": WRONG, "token": form}
        answer = visitor.client.post("/query/card", data=data, environ_overrides={"REMOTE_ADDR": f"10.1.{n // 2}.1"})
        assert answer.status_code == 404
        done[number, n // 2] = "\n".join(work.done)
    assert done[absent, 1] == done[filed.case_no, 1] and "compare 4 with 4" in done[absent, 1]
    assert done[absent, 1].count("SELECT") >= 4, "the work is seen"


def test_a_program_asks_alike_and_waits_alike(village: Counter, filed) -> None:
    program = program_at(village, "0804", "agent")
    told = program.post("/query/card", {"number": filed.case_no, "card": END})
    assert told.status_code == 200 and told.get_json()["applicant_name"] == "张*"
    answers = [program.post("/query/card", {"number": filed.case_no, "card": WRONG}).status_code for _ in range(4)]
    assert answers == [404, 404, 404, 429]
