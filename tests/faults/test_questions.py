"""A resident asks at a node that does not hold his case: the places above are asked at once, and nobody learns more."""

import logging
import re
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from sync_protocol import limits
from sync_protocol.errors import (
    BadSignature,
    Busy,
)
from sync_protocol.exchange import (
    WHOLE,
    Finding,
    Told,
    refusal_bytes,
)
from tests import asking
from tests.asking import WRONG, Asked, facts, filed_at, look_up
from tests.network import (
    COUNTY,
    OTHER_TOWNSHIP,
    OTHER_VILLAGE,
    SECOND_VILLAGE,
    TOWNSHIP,
    VILLAGE,
)
from tests.village_node.web.test_query import numbers_in_a_row
from village_node.store.audit import newest
from village_node.uplink import inquiries
from village_node.web import SITE
from village_node.web import told as told_by_pages


def instead(reply: bytes, _raw: bytes) -> bytes:
    """Something else than what was answered."""
    return reply


def test_a_village_tells_what_the_county_s_own_page_says_and_keeps_nothing_of_it(asked: Asked) -> None:
    case = asked.case
    told = asked.look_up(VILLAGE, case.case_no, case.query_code)
    assert told.status_code == 200
    assert asked.questions() == [COUNTY, TOWNSHIP], "the one that was asked last answers first"
    own = asked.look_up(COUNTY, case.case_no, case.query_code)
    assert facts(told.text) == facts(own.text) and len(facts(own.text)) > 10
    assert "以下由 庆城县 刚刚告知，没有保存在本机" in told.text and "庆城县的时间" in told.text
    assert "本页全部内容来自本机" not in told.text and "刚刚告知" not in own.text
    assert "张*" in told.text and "张秀兰" not in told.text and "在这里投诉" not in told.text
    assert asked.counters[VILLAGE].member.casebook.find_by_number(case.case_no) is None
    assert asked.counters[TOWNSHIP].member.casebook.find_by_number(case.case_no) is None
    scanned = asked.counters[VILLAGE].visitor().open(f"/q/{case.query_code}")
    assert facts(scanned.text) == facts(own.text)
    english = asked.counters[VILLAGE].visitor()
    english.send("/display", {"lang": "en", "back": "/"})
    page = look_up(english, case.case_no, case.query_code).text
    assert "Waiting to be accepted" in page and "has just told the following" in page and "等待受理" not in page


def test_the_township_tells_of_its_villages_without_the_county_and_asks_it_from_its_own_page(asked: Asked) -> None:
    near = filed_at(asked.net[SECOND_VILLAGE].member)
    asked.net[SECOND_VILLAGE].sync()
    asked.net.wire.down.add(COUNTY)
    asked.questions()
    told = asked.look_up(VILLAGE, near.case_no, near.query_code)
    assert told.status_code == 200 and "以下由 驿马镇 刚刚告知" in told.text
    assert asked.questions() == [TOWNSHIP]
    asked.net.wire.down.clear()
    told = asked.look_up(TOWNSHIP, asked.case.case_no, asked.case.query_code)
    assert told.status_code == 200 and "以下由 庆城县 刚刚告知" in told.text
    assert asked.questions() == [COUNTY]
    missed = asked.look_up(COUNTY, asked.case.case_no, WRONG)
    assert missed.status_code == 404 and "县政务大厅" in missed.text and asked.questions() == []


def test_programs_are_told_the_same(asked: Asked) -> None:
    client = asked.counters[VILLAGE].app.test_client()
    typed = {"number": asked.case.case_no, "code": asked.case.query_code}
    told = client.post("/api/v1/query", json=typed).get_json()
    own = asked.counters[COUNTY].app.test_client().post("/api/v1/query", json=typed).get_json()
    assert told == {**own, "told_by": COUNTY} and own["told_by"] is None and own["where"] == "在 庆城县"
    missed = client.post("/api/v1/query", json={**typed, "code": WRONG})
    assert missed.status_code == 404 and "已问过驿马镇、庆城县" in missed.get_data(as_text=True)


def test_whatever_does_not_fit_is_one_answer_with_the_same_work(asked: Asked) -> None:
    other = next(number for number in numbers_in_a_row(2, asked.case) if number != asked.case.case_no)
    near = filed_at(asked.net[VILLAGE].member)
    gone = filed_at(asked.net[SECOND_VILLAGE].member)  # nobody above has heard of it yet
    typed = [
        (asked.case.case_no, WRONG),
        (other, asked.case.query_code),
        (other, WRONG),
        (near.case_no, WRONG),
        (near.case_no, asked.case.query_code),
        (gone.case_no, gone.query_code),
    ]
    pages, work = [], []
    for number, (case_no, code) in enumerate(typed):
        pages.append(asked.look_up(VILLAGE, case_no, code, f"10.0.1.{number}"))
        work.append([(one.url, len(one.raw_reply)) for one in asked.net.wire.passed if one.url.endswith("/ask")])
        asked.questions()
    assert {page.status_code for page in pages} == {404}
    assert len({re.sub(r'value="[^"]*"', "", page.text) for page in pages}) == 1
    assert "本机没有这件；已问过驿马镇、庆城县，也没有" in pages[0].text
    assert len(work[0]) == 2 and all(each == work[0] for each in work), "as many places, and as many bytes"
    scanned = asked.counters[VILLAGE].visitor().open(f"/q/{WRONG}")
    assert scanned.status_code == 404 and "已问过驿马镇、庆城县" in scanned.text


def test_six_characters_and_what_is_no_code_ask_nobody(asked: Asked) -> None:
    short = asked.look_up(VILLAGE, asked.case.case_no, asked.case.query_code[:6])
    assert short.status_code == 404 and "完整的 13 位查询码" in short.text
    assert asked.look_up(VILLAGE, "12345", WRONG).status_code == 422
    assert asked.counters[VILLAGE].visitor().open("/q/nonsense").status_code == 404
    assert asked.counters[VILLAGE].visitor().open(f"/q/{asked.case.query_code[:6]}").status_code == 404
    assert asked.questions() == []


def test_a_line_that_is_down_is_said_and_no_more_is_claimed_than_was_asked(asked: Asked) -> None:
    case = asked.case
    asked.net.wire.down.add(COUNTY)
    half = asked.look_up(VILLAGE, case.case_no, case.query_code)
    assert half.status_code == 404
    assert "本机和驿马镇没有这件；再往上没有问到：线路不通" in half.text and "也没有" not in half.text
    asked.net.wire.down.add(TOWNSHIP)
    alone = asked.look_up(VILLAGE, case.case_no, case.query_code)
    assert alone.status_code == 404 and "线路不通，只查了本机" in alone.text and "已问过" not in alone.text
    asked.counters[VILLAGE].app.extensions[SITE].above = None  # a village without a line
    assert "只查了本机" in asked.look_up(VILLAGE, case.case_no, case.query_code).text


def test_a_parent_that_answers_no_questions_is_said_to_and_the_exchange_goes_on(asked: Asked) -> None:
    """A program of an older version knows no such door; and no answer that is none becomes a page of errors."""
    case, wire = asked.case, asked.net.wire
    asked.net.start(TOWNSHIP)  # as it is wired there, without answers
    told = asked.look_up(VILLAGE, case.case_no, case.query_code)
    assert told.status_code == 404 and "上级暂不能代查，只查了本机" in told.text
    asked.net.settle()
    for status, reply, says in (
        (200, b"<html>sign in</html>", "上级暂不能代查"),
        (200, b"\x82\x04\x58\x30" + bytes(48), "上级暂不能代查"),
        (200, bytes(limits.FINDING_MESSAGE + 1), "上级暂不能代查"),
        (302, b"", "上级暂不能代查"),
        (400, b"", "上级暂不能代查"),
        (403, b"<html>blocked</html>", "上级暂不能代查"),
        (403, refusal_bytes(BadSignature.code, "no"), "上级暂不能代查"),
        (429, refusal_bytes(Busy.code, "busy"), "现在问的人多"),
        (500, b"", "上级暂不能代查"),
        (502, b"", "上级暂不能代查"),
        (503, b"", "上级暂不能代查"),
    ):
        wire.status, wire.change_reply = status, partial(instead, reply)
        page = asked.look_up(VILLAGE, case.case_no, case.query_code, f"10.0.2.{status % 250}")
        assert page.status_code == 404 and f"{says}" in page.text and "只查了本机" in page.text, (status, says)
        wire.calm()
        asked.net.monotonic.now_s += 60.0
    asked.net.settle()


def test_an_answer_for_another_question_or_of_another_place_tells_nothing(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded: list[bytes] = []

    def record(raw: bytes) -> bytes:
        recorded.append(raw)
        return raw

    asked.net.wire.change_reply = record
    assert asked.look_up(VILLAGE, asked.case.case_no, asked.case.query_code).status_code == 200
    asked.net.wire.change_reply = lambda _raw: recorded[-1]
    assert asked.look_up(VILLAGE, asked.case.case_no, asked.case.query_code).status_code == 404
    asked.net.wire.calm()

    elsewhere = Finding(None, (OTHER_TOWNSHIP,), WHOLE)
    with monkeypatch.context() as patch:
        patch.setattr(inquiries, "open_finding", lambda *_: elsewhere)
        assert "上级暂不能代查" in asked.look_up(VILLAGE, asked.case.case_no, asked.case.query_code).text


def test_no_code_stands_in_a_log_an_audit_line_or_on_the_wire(asked: Asked, caplog: pytest.LogCaptureFixture) -> None:
    code = asked.case.query_code
    with caplog.at_level(logging.DEBUG):
        assert asked.look_up(VILLAGE, asked.case.case_no, code).status_code == 200
        missed = asked.look_up(VILLAGE, asked.case.case_no, code[::-1])
    assert missed.status_code == 404 and code not in missed.text and code[::-1] not in missed.text
    for one in asked.net.wire.passed:
        assert code.encode() not in one.raw_request + one.raw_reply and b"\xe5\xbc\xa0*" not in one.raw_reply
    for written in (code, code[::-1]):
        assert written not in caplog.text
        for place in (VILLAGE, TOWNSHIP, COUNTY):
            with asked.counters[place].member.store.reading() as connection:
                assert written not in repr(newest(connection, 1_000))


def test_what_only_a_newer_place_above_knows_is_shown_in_its_words_and_what_is_too_long_is_cut(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("village_node.web.voices.told", lambda *_, **__: ["长" * 2_000] * 20)
    inner = told_by_pages.told_of

    def newer(*known: Any) -> Told:
        return inner(*known)._replace(state="a_later_state", state_words="新的状态", outcome="later")

    monkeypatch.setattr(told_by_pages, "told_of", newer)
    page = asked.look_up(VILLAGE, asked.case.case_no, asked.case.query_code)
    assert page.status_code == 200 and "新的状态" in page.text and "申请未到" not in page.text
    assert page.text.count("长" * 499 + "…") == 8 and "长" * 500 not in page.text
    typed = {"number": asked.case.case_no, "code": asked.case.query_code}
    told = asked.counters[VILLAGE].app.test_client().post("/api/v1/query", json=typed).get_json()
    assert told["state"] == {"code": "", "zh": "新的状态", "en": "新的状态"} and told["outcome"] == ""


def test_a_machine_without_room_for_another_thread_says_that_it_is_busy(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    for _ in range(inquiries.AT_ONCE + 1):
        with monkeypatch.context() as short:
            short.setattr(threading.Thread, "start", full)
            assert "现在问的人多" in asked.look_up(VILLAGE, asked.case.case_no, asked.case.query_code).text
    assert asked.look_up(VILLAGE, asked.case.case_no, asked.case.query_code).status_code == 200


def test_what_happens_meanwhile_is_not_held_up(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    """While somebody waits for the place above, cases are filed, exchanges made, and only so many wait at once."""
    reached, go_on = threading.Semaphore(0), threading.Event()
    inner = asked.counters[TOWNSHIP].app.wsgi_app

    def slow(environ: Any, start: Any) -> Any:
        if environ["PATH_INFO"].endswith("/ask"):
            reached.release()
            go_on.wait(20.0)
        return inner(environ, start)

    asked.counters[TOWNSHIP].app.wsgi_app = slow  # type: ignore[method-assign, assignment]
    pages: list[TestResponse] = []
    typed = (asked.case.case_no, asked.case.query_code)
    waiting = [threading.Thread(target=lambda: pages.append(asked.look_up(VILLAGE, *typed))) for _ in range(2)]
    for thread in waiting:
        thread.start()
    try:
        assert reached.acquire(timeout=10.0) and reached.acquire(timeout=10.0)
        ref = asked.net[VILLAGE].member.file()
        assert asked.net[VILLAGE].sync() and asked.net[TOWNSHIP].member.state(ref) == "received"
        third = asked.look_up(VILLAGE, *typed)
        assert third.status_code == 404 and "现在问的人多" in third.text
    finally:
        go_on.set()
    for thread in waiting:
        thread.join(10.0)
    assert [page.status_code for page in pages] == [200, 200]


@pytest.mark.slow
@pytest.mark.sockets
def test_over_real_lines_a_slow_or_dead_place_above_holds_no_page_for_long(tmp_path: Path) -> None:
    with asking.over_lines(tmp_path, COUNTY, TOWNSHIP, VILLAGE, OTHER_TOWNSHIP, OTHER_VILLAGE) as lines:
        lines.settle()
        case = filed_at(lines.built.members[OTHER_VILLAGE])
        lines.settle()
        visitor = lines.counters[VILLAGE].visitor()

        def timed(source: str) -> tuple[TestResponse, float]:
            token = visitor.token()
            typed = {"number": case.case_no, "code": case.query_code, "token": token}
            began = time.monotonic()
            page = visitor.client.post("/query", data=typed, environ_overrides={"REMOTE_ADDR": source})
            return page, time.monotonic() - began

        lines.links[VILLAGE].record()
        page, _ = timed("10.0.4.1")
        assert page.status_code == 200 and "以下由 庆城县 刚刚告知" in page.text
        own = look_up(lines.counters[COUNTY].visitor(), case.case_no, case.query_code)
        assert facts(page.text) == facts(own.text)
        recorded = lines.links[VILLAGE].recorded
        assert recorded is not None and b"POST /sync/v1/ask" in recorded["bytes_up"]
        assert case.query_code.encode() not in recorded["bytes_up"]
        lines.links[VILLAGE].faults.bytes_per_s = 2_500.0  # 20 kbit/s
        page, _ = timed("10.0.4.2")
        assert page.status_code == 200, "a line of 20 kbit/s is good enough"
        lines.links[VILLAGE].faults.bytes_per_s = None
        lines.links[TOWNSHIP].faults.latency_s = 30.0
        page, took = timed("10.0.4.3")
        assert "本机和驿马镇没有这件；再往上没有问到：线路不通" in page.text and took < 6.0
        lines.links[VILLAGE].faults.latency_s = 30.0
        page, took = timed("10.0.4.4")
        assert "线路不通，只查了本机" in page.text and took < 6.0
        lines.links[VILLAGE].close()
        page, took = timed("10.0.4.5")
        assert page.status_code == 404 and "线路不通，只查了本机" in page.text and took < 6.0
