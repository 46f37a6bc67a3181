"""The resident's query: answers for number and code, one answer for everything else, an end to guessing (T10)."""

import hmac
import re
from collections import Counter as Counted
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from sync_protocol.case import numbers
from tests.builders import TOWNSHIP, VILLAGE, Network
from tests.village_node.web.counter import CARD, Counter, Visitor, everywhere
from tests.village_node.web.errands import done
from tests.village_node.web.test_filing import held
from tests.village_node.web.test_service_room import ROOM, kept
from village_node.store import Connection
from village_node.store.sqlite import SqliteDatabase
from village_node.web import query, times
from village_node.web.query import NotTold
from village_node.web.site import SITE, Visit


def look_up(visitor: Visitor, number: str, code: str, source: str = "127.0.0.1"):
    """Type number and code into the query page."""
    return visitor.client.post(
        "/query",
        data={"number": number, "code": code, "token": visitor.token()},
        environ_overrides={"REMOTE_ADDR": source},
    )


@pytest.fixture
def filed(agent: Visitor, village: Counter):
    """A case that a resident has the receipt of."""
    return held(village, agent.file())


def test_number_and_whole_code_answer_in_plain_words(village: Counter, filed) -> None:
    answer = look_up(village.visitor(), filed.case_no, filed.query_code)
    assert answer.status_code == 200
    page = answer.text
    for told in (
        "最低生活保障审核确认",
        "已收件",
        "在 上关村",
        "等待受理",
        "截至 2026年11月18日 19:06",
        "张*",
        filed.case_no,
    ):
        assert told in page
    for hidden in ("张秀兰", CARD, "1380000", "三组", filed.query_code, "王芳", "0001", "家庭三口人"):
        assert hidden not in page


def test_the_answer_says_what_is_next_and_where_to_ask(
    network: Network, village: Counter, township: Counter, agent: Visitor
) -> None:
    kept(village.sign_in("0002", "head"), "/duty/room", **ROOM)
    case = held(village, agent.file("040"))
    everywhere(network)
    page = look_up(village.visitor(), case.case_no, case.query_code).text
    assert "接下来：" in page and f"上关村，{ROOM['address']}，{ROOM['phone']}" in page and 'href="/hours"' in page
    above = look_up(township.visitor(), case.case_no, case.query_code).text
    assert "<dd>上关村</dd>" in above and ROOM["phone"] not in above, "the room of another place is not ours to tell"


def test_what_was_decided_is_said_once(village: Counter, agent: Visitor) -> None:
    path = agent.file("040")
    done(agent, path, "docket")
    done(village.sign_in("0002", "head"), path, "decide", outcome="approve")
    case = held(village, path)
    page = look_up(village.visitor(), case.case_no, case.query_code).text
    assert "已批准。证照或文书到了会通知您来领" in page and "审批结果" not in page


@pytest.mark.parametrize(
    "typed",
    [
        lambda case: (case.case_no.lower(), case.query_code.lower()),
        lambda case: (f"  {case.case_no} ", f"{case.query_code[:6]}-{case.query_code[6:]}"),
        lambda case: (case.case_no, case.query_code.replace("0", "o").replace("1", "l")),
        lambda case: (case.case_no, case.query_code[:6]),
    ],
)
def test_what_looks_alike_is_taken_for_what_is_meant(village: Counter, filed, typed) -> None:
    assert look_up(village.visitor(), *typed(filed)).status_code == 200


@pytest.mark.parametrize(
    "typed",
    [
        "http://127.0.0.1:8700/q/{}",
        "HTTP://SANJI.QINGCHENG.GOV.CN:8443/Q/{}",
        "https://a.very.long.name.of.some.county.government.in.the.province.of.gansu.gov.cn/services/q/{}",
        "ｈｔｔｐ：／／127.0.0.1：8700／ｑ／{}",
        "http：、、127。0。0。1：8700、q、{}",
        "621021101201-261118-PA0Shttp://127.0.0.1:8700/q/0000000000000http://127.0.0.1:8700/q/{}",
    ],
)
def test_an_address_typed_by_a_hand_scanner_into_either_field_is_understood(
    village: Counter, filed, typed: str
) -> None:
    visitor = village.visitor()
    page = visitor.open("/query").text
    for field in ("number", "code"):
        box = re.findall(rf'<input id="f-{field}"[^>]*>', page)[0]
        assert int(re.findall(r'maxlength="(\d+)"', box)[0]) >= len(typed) + 13, "the browser cuts nothing off"
    address = typed.format(filed.query_code)
    for fields in ((address, ""), (filed.case_no, address), (address, "000000")):
        answer = look_up(visitor, *fields)
        assert answer.status_code == 200 and filed.case_no in answer.text, fields
        assert filed.query_code not in answer.text


def test_an_address_that_leads_nowhere_gets_the_answer_of_every_miss_and_is_not_shown_again(village: Counter) -> None:
    wrong = "http://127.0.0.1:8700/q/0000000000000"
    missed = look_up(village.visitor(), wrong, "")
    assert missed.status_code == 404 and "没有查到" in missed.text and "0000000000000" not in missed.text
    for other in ("http://127.0.0.1:8700/check/0000000000000", "http://127.0.0.1:8700/q/00000", "/q/00000000000000"):
        assert look_up(village.visitor(), other, "").status_code == 422, "it is no number either"


def test_a_miss_has_one_answer_whatever_is_wrong(village: Counter, filed) -> None:
    other = numbers.make_case_number(VILLAGE, times.local(village.member.clock.now_ms).date(), "0000", 7)
    wrong = "0" * 13 if filed.query_code[0] != "0" else "1" * 13
    visitor = village.visitor()
    pages = [
        look_up(visitor, filed.case_no, wrong),
        look_up(visitor, other, filed.query_code),
        look_up(visitor, other, wrong),
    ]
    short = [look_up(visitor, number, wrong[:6]) for number in (filed.case_no, other)]
    assert [page.status_code for page in pages + short] == [404] * 5
    for alike in (pages, short):  # six characters ask nobody above, and the page says so
        bodies = {re.sub(r'value="[^"]*"', "", page.text) for page in alike}
        assert len(bodies) == 1
        assert "没有查到" in alike[0].text
    assert "完整的 13 位查询码" in short[0].text
    assert visitor.open(f"/q/{wrong}").status_code == 404
    assert visitor.open("/q/nonsense").status_code == 404
    assert visitor.open(f"/q/{filed.query_code[:6]}").status_code == 404, "six characters alone open nothing"


@pytest.mark.parametrize(
    ("number", "code", "says"),
    [
        ("12345", "0" * 13, "五段"),
        ("621021101201-261118-ZVVY-1-0", "0" * 13, "校验位不符"),
        ("", "", "五段"),
    ],
)
def test_a_number_that_cannot_be_one_is_told_what_is_wrong(village: Counter, number: str, code: str, says: str) -> None:
    answer = look_up(village.visitor(), number, code)
    assert answer.status_code == 422
    assert says in answer.text


def test_five_tries_a_number_and_day_with_six_characters_then_only_the_whole_code(
    network: Network, village: Counter, filed
) -> None:
    visitor, wrong = village.visitor(), "ZZZZZZ" if filed.query_code[0] != "Z" else "YYYYYY"
    answers = [look_up(visitor, filed.case_no, wrong, f"10.0.0.{n}").status_code for n in range(8)]
    assert answers == [404] * 5 + [429] * 3
    right = look_up(visitor, filed.case_no, filed.query_code[:6], "10.0.0.99")
    assert right.status_code == 429 and "13 位查询码" in right.text
    assert look_up(visitor, filed.case_no, filed.query_code, "10.0.0.99").status_code == 200
    network.clock.now_ms += times.DAY_MS
    assert look_up(visitor, filed.case_no, filed.query_code[:6], "10.0.0.99").status_code == 200


def test_right_short_codes_use_up_no_tries(village: Counter, filed) -> None:
    visitor = village.visitor()
    assert {look_up(visitor, filed.case_no, filed.query_code[:6]).status_code for _ in range(12)} == {200}


def numbers_in_a_row(count: int, filed) -> list[str]:
    """Receipt numbers as somebody would count them up, the real one among them."""
    place, day, tag, _, _ = filed.case_no.split("-")
    stems = [f"{place}-{day}-{tag}-{n}" for n in range(1, count + 1)]
    return [f"{stem}-{numbers.check_character(stem)}" for stem in stems]


def test_counting_up_numbers_from_one_address_ends_early_and_finds_nothing(village: Counter, filed) -> None:
    visitor, token = village.visitor(), village.visitor()
    form = token.token()
    statuses, found = [], 0
    for number in numbers_in_a_row(400, filed):
        answer = token.client.post("/query", data={"number": number, "code": "000000", "token": form})
        statuses.append(answer.status_code)
        found += "最低生活" in answer.text
    assert found == 0
    assert statuses.index(429) <= 25
    assert statuses[25:].count(404) == 0, "while time stands still nothing more is answered"
    assert visitor.open("/query").status_code == 200


@pytest.mark.slow
def test_counting_up_numbers_from_two_hundred_addresses_finds_nothing_and_rings_the_alarm(
    village: Counter, filed
) -> None:
    visitor = village.visitor()
    form = visitor.token()
    wrong = "0" * 13 if filed.query_code != "0" * 13 else "1" * 13
    for n, number in enumerate(numbers_in_a_row(600, filed)):
        answer = visitor.client.post(
            "/query",
            data={"number": number, "code": wrong, "token": form},
            environ_overrides={"REMOTE_ADDR": f"10.0.{n % 200}.1"},
        )
        assert answer.status_code == 404
    lines = [line for line in village.accounts.rows.audit_lines(10) if line.action == "query.alarm"]
    assert len(lines) == 3
    admin = village.sign_in("0009", "admin")
    assert "可能有人在试编号" in admin.open("/health").text
    assert look_up(village.visitor(), filed.case_no, filed.query_code).status_code == 200, (
        "residents are kept out by nothing"
    )


class Work:
    """What a node does for a request: the statements its database is given, without their values, and each comparison
    of codes with the lengths compared. Time would tell the same, on a machine with nothing else to do."""

    def __init__(self, patch: pytest.MonkeyPatch, compares: str = "query") -> None:
        self.done: list[str] = []
        for name in ("reading", "writing"):
            patch.setattr(SqliteDatabase, name, self._watched(getattr(SqliteDatabase, name)))
        patch.setattr(f"village_node.web.{compares}.hmac", SimpleNamespace(compare_digest=self._compare))

    def _watched(self, real: Callable[..., AbstractContextManager[Connection]]) -> Callable[..., Any]:
        @contextmanager
        def watched(database: SqliteDatabase) -> Iterator[Connection]:
            with real(database) as connection:
                driver: Any = connection.connection.driver_connection
                driver.set_trace_callback(self._note)
                try:
                    yield connection
                finally:
                    driver.set_trace_callback(None)

        return watched

    def _note(self, statement: str) -> None:
        self.done.append(re.sub(r"x?'(?:[^']|'')*'|(?<![a-z_])\d+", "?", statement, flags=re.IGNORECASE))

    def _compare(self, one: bytes, other: bytes) -> bool:
        self.done.append(f"compare {len(one)} with {len(other)}")
        return hmac.compare_digest(one, other)


def test_a_number_that_exists_makes_as_much_work_as_one_that_does_not(
    village: Counter, filed, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = village.visitor()
    form = visitor.token()
    absent = numbers_in_a_row(2, filed)[1] if filed.case_no.split("-")[3] == "1" else numbers_in_a_row(1, filed)[0]
    wrong = "0" * 13 if filed.query_code != "0" * 13 else "1" * 13
    work = Work(monkeypatch)
    done: dict[str, list[str]] = {}
    for number in (absent, filed.case_no, absent, filed.case_no):
        for code in (wrong, wrong[:6]):
            work.done.clear()
            data = {"number": number, "code": code, "token": form}
            source = {"REMOTE_ADDR": f"10.1.{len(done)}.1"}
            answer = visitor.client.post("/query", data=data, environ_overrides=source)
            assert answer.status_code == 404
            done.setdefault(f"{number} {len(code)}", []).append("\n".join(work.done))
    for length in (13, 6):
        there, not_there = done[f"{filed.case_no} {length}"], done[f"{absent} {length}"]
        assert there[1] == not_there[1] and f"compare {length} with {length}" in there[1]
        assert there[1].count("SELECT") >= 2, "the work is seen"


def test_the_qr_code_is_throttled_like_the_rest(village: Counter, filed) -> None:
    visitor = village.visitor()
    statuses = [visitor.open(f"/q/{n:013}").status_code for n in range(60)]
    assert statuses.index(429) <= 25
    assert visitor.open(f"/q/{filed.query_code}").status_code == 429
    assert "Retry-After" in visitor.open(f"/q/{filed.query_code}").headers


def test_as_of_is_never_newer_than_what_this_node_was_told(network: Network, agent: Visitor, village: Counter) -> None:
    case = agent.file()
    filed = held(village, case)
    agent.act(case, "handoff")
    everywhere(network)
    told = network.clock.now_ms
    network.clock.now_ms += 3 * times.DAY_MS
    page = look_up(village.visitor(), filed.case_no, filed.query_code).text
    assert f"截至 {times.moment(told, 'zh')}" in page
    assert "之后的进展还没有传到本机" in page
    assert "正在转送 驿马镇" in page
    assert "已离线 3 天" in page


def test_a_clock_set_back_says_so_instead_of_being_up_to_date(
    network: Network, agent: Visitor, village: Counter
) -> None:
    """A machine with a dead battery starts years ago, with no line: its last contact is then yet to come."""
    case = agent.file()
    filed = held(village, case)
    agent.act(case, "handoff")
    everywhere(network)
    network.clock.now_ms -= 6 * times.DAY_MS
    page = look_up(village.visitor(), filed.case_no, filed.query_code).text
    assert "tone-waiting" in page and "本机时钟不准，不知道多久没有联系上级" in page
    assert "已同步" not in page
    assert "之后的进展还没有传到本机" in page


def test_of_a_village_whose_steps_are_yet_to_come_nothing_is_said_to_be_the_newest(
    network: Network, agent: Visitor, township: Counter
) -> None:
    filed = agent.file()
    everywhere(network)
    filed = held(township, filed)
    page = look_up(township.visitor(), filed.case_no, filed.query_code).text
    assert "还没有传到本机" not in page
    network.clock.now_ms -= 6 * times.DAY_MS
    page = look_up(township.visitor(), filed.case_no, filed.query_code).text
    assert "之后的进展还没有传到本机" in page


def test_too_many_short_tries_say_when_the_day_is_over(village: Counter, filed) -> None:
    visitor = village.visitor()
    answers = [look_up(visitor, filed.case_no, "000000") for _ in range(6)]
    assert answers[-1].status_code == 429
    now_ms = village.member.clock()
    over_ms = times.DAY_MS - (now_ms + 8 * times.HOUR_MS) % times.DAY_MS  # midnight in Beijing
    assert int(answers[-1].headers["Retry-After"]) == -(-over_ms // 1000)


def test_what_to_correct_is_named_without_what_was_written_about_it(
    network: Network, agent: Visitor, township: Counter, village: Counter
) -> None:
    case = agent.file()
    filed = held(village, case)
    agent.act(case, "handoff")
    everywhere(network)
    clerk = township.sign_in("0101", "clerk")
    clerk.act(case, "accept")
    clerk.act(case, "return_for_correction", **{"what:applicant_id_no": f"{CARD} 抄错", "mark:material:户口簿": "yes"})
    everywhere(network)
    page = look_up(village.visitor(), filed.case_no, filed.query_code).text
    assert "请补正\uff1a证件号码、材料《户口簿》" in page
    assert CARD not in page and "抄错" not in page


def test_the_same_case_can_be_asked_for_at_every_level(
    network: Network, agent: Visitor, township: Counter, county: Counter, village: Counter
) -> None:
    filed = held(village, agent.file())
    assert look_up(township.visitor(), filed.case_no, filed.query_code).status_code == 404
    everywhere(network)
    for counter in (township, county):
        assert look_up(counter.visitor(), filed.case_no, filed.query_code).status_code == 200
    assert township.config.place == TOWNSHIP


def test_every_state_tells_the_resident_what_comes_next() -> None:
    from sync_protocol.case import workflow
    from village_node.web.query import _NEXT

    # Of what lapsed the reason is told: a commitment that was not kept has words of its own.
    assert set(_NEXT) | {"correcting"} == {*workflow.STATES, "unkept"}


def counted_up(village: Counter, filed, addresses: int) -> Counted[int]:
    """Somebody goes through ten thousand numbers in a row, the first of which is there: how often each answer came."""
    site = village.app.extensions[SITE]
    place, day, tag, n, _ = filed.case_no.split("-")
    answers: Counted[int] = Counted()
    for number in range(10_000):
        stem = f"{place}-{day}-{tag}-{int(n) + number}"
        asked: Any = SimpleNamespace(remote_addr=f"10.0.{number % addresses}.7")
        visit = Visit(site, asked, "", None, "zh", False)
        code = numbers.make_query_code(number + 1)
        with pytest.raises(NotTold) as refused:
            query.look_up(visit, f"{stem}-{numbers.check_character(stem)}", code[:6] if number % 2 else code)
        answers[refused.value.status] += 1
    return answers


@pytest.mark.slow
def test_ten_thousand_numbers_in_a_row_from_one_address_tell_nothing(village: Counter, filed) -> None:
    """T10: while time stands still nothing more is answered once the tries are used up, and it is not for good."""
    answers, tries = counted_up(village, filed, 1), query.SOURCE.free + 1
    assert answers == {404: tries, 429: 10_000 - tries}
    assert look_up(village.visitor(), filed.case_no, filed.query_code).status_code == 200, "elsewhere"
    assert look_up(village.visitor(), filed.case_no, filed.query_code, "10.0.0.7").status_code == 429
    village.member.clock.now_ms += times.MINUTE_MS
    assert look_up(village.visitor(), filed.case_no, filed.query_code, "10.0.0.7").status_code == 200


@pytest.mark.slow
def test_ten_thousand_numbers_in_a_row_from_two_hundred_addresses_tell_nothing(village: Counter, filed) -> None:
    """T10: each address has its tries, then waits; the alarm rings, and who holds a receipt is answered."""
    clock, answers = village.member.clock, counted_up(village, filed, 200)
    misses = 200 * (query.SOURCE.free + 1)
    assert answers == {404: misses, 429: 10_000 - misses}
    alarms = [line for line in village.accounts.rows.audit_lines(100) if line.action == "query.alarm"]
    assert len(alarms) == misses // query.ALARM_EVERY
    assert "可能有人在试编号" in village.sign_in("0009", "admin").open("/health").text
    assert look_up(village.visitor(), filed.case_no, filed.query_code).status_code == 200, "elsewhere"
    assert look_up(village.visitor(), filed.case_no, filed.query_code, "10.0.5.7").status_code == 429
    clock.now_ms += times.MINUTE_MS
    assert look_up(village.visitor(), filed.case_no, filed.query_code, "10.0.5.7").status_code == 200, "not for good"
