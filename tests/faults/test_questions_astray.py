"""Questions upward where something is amiss: a code that two cases bear, a resolver that hangs, a full disk."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from sync_protocol.case import Case, numbers
from sync_protocol.errors import UnknownNode
from sync_protocol.exchange import CANNOT, UNREACHED, Finding, Inquiry
from tests import asking
from tests.asking import HERE, Asked, code_of, filed_at
from tests.network import COUNTY, SECOND_VILLAGE, TOWNSHIP, VILLAGE, network
from village_node.store import NotSaved
from village_node.store.audit import newest
from village_node.uplink import inquiries
from village_node.uplink.inquiries import Inquiries, nothing
from village_node.web import SITE, times
from village_node.web.site import ASKED_AT_HAND, ASKED_IN_ALL

OWN_PAGE, ELSEWHERE = "在本页自己评", "或在它的网页上查到本件后自己评"


def forged_at_the_second_village(asked: Asked, case: Case, monkeypatch: pytest.MonkeyPatch) -> Case:
    """A case that somebody files there under the code of another one, which a question told that machine."""
    with monkeypatch.context() as patch:
        patch.setattr(numbers, "make_query_code", lambda _bits: case.query_code)
        return filed_at(asked.net[SECOND_VILLAGE].member, name="假冒的人")


def trail(asked: Asked, place: str, action: str) -> list[Any]:
    """What the audit trail of a place has of an action, the newest first."""
    with asked.counters[place].member.store.reading() as connection:
        return [line for line in newest(connection, 100) if line.action == action]


def test_a_case_filed_under_the_code_of_another_is_never_told_for_it(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    true = filed_at(asked.net[VILLAGE].member)
    false = forged_at_the_second_village(asked, true, monkeypatch)
    assert false.query_code == true.query_code and false.case_no != true.case_no
    asked.net[SECOND_VILLAGE].sync()
    asked.net[TOWNSHIP].sync()
    asked.net.settle()
    for place in (TOWNSHIP, COUNTY):
        page = asked.counters[place].visitor().open(f"/q/{true.query_code}")
        assert page.status_code == 404 and "请输入回执上的编号" in page.text, place
        assert true.case_no not in page.text and false.case_no not in page.text
        told = asked.look_up(place, true.case_no, true.query_code)
        assert told.status_code == 200 and true.case_no in told.text and "假" not in told.text
        (line,) = trail(asked, place, "query.twins")
        assert true.query_code not in repr(line) and true.case_no in line.detail and false.case_no in line.detail
    asked.counters[TOWNSHIP].visitor().open(f"/q/{true.query_code}")
    assert len(trail(asked, TOWNSHIP, "query.twins")) == 1, "no line for each look-up"
    own = asked.counters[VILLAGE].visitor().open(f"/q/{true.query_code}")
    assert own.status_code == 200 and true.case_no in own.text, "where one alone is held, nothing is in doubt"


def test_a_question_by_a_code_that_two_cases_bear_is_told_of_neither(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    true = filed_at(asked.net[SECOND_VILLAGE].member)
    forged_at_the_second_village(asked, true, monkeypatch)
    asked.net.settle()
    scanned = asked.counters[VILLAGE].visitor().open(f"/q/{true.query_code}")
    assert scanned.status_code == 404 and "已问过驿马镇、庆城县，也没有" in scanned.text
    assert trail(asked, TOWNSHIP, "query.twins") and trail(asked, COUNTY, "query.twins")
    told = asked.look_up(VILLAGE, true.case_no, true.query_code)
    assert told.status_code == 200 and "以下由 驿马镇 刚刚告知" in told.text and true.case_no in told.text


def test_who_can_rate_on_this_page_is_told_so_and_nobody_else_is(asked: Asked) -> None:
    case = asked.case
    own = asked.look_up(COUNTY, case.case_no, case.query_code).text
    assert OWN_PAGE in own and ELSEWHERE not in own
    told = asked.look_up(VILLAGE, case.case_no, case.query_code).text
    assert ELSEWHERE in told and OWN_PAGE not in told, "there is no form on this page, nor will there be"
    clerk = asked.counters[COUNTY].sign_in("0001", "window")
    seen = clerk.send("/query", {"number": case.case_no, "code": case.query_code}).text
    assert ELSEWHERE in seen and OWN_PAGE not in seen, "staff rate nothing"


def test_without_a_line_it_is_said_that_there_is_none(asked: Asked) -> None:
    asked.counters[VILLAGE].app.extensions[SITE].above = None
    alone = asked.look_up(VILLAGE, asked.case.case_no, asked.case.query_code)
    assert alone.status_code == 404 and "本机没有接上级的线路，只查了本机" in alone.text
    asked.counters[TOWNSHIP].app.extensions[SITE].above = None
    asks = asked.asks(VILLAGE, TOWNSHIP)
    assert asks.heard(asked.deliver(TOWNSHIP, asks.raw), asked.net[TOWNSHIP]) == Finding(None, (TOWNSHIP,), UNREACHED)


def test_on_a_full_disk_a_miss_of_somebody_below_is_a_miss(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> int:
        raise NotSaved("未保存：磁盘已满", "not saved: the disk is full")

    for place in (TOWNSHIP, COUNTY):
        monkeypatch.setattr(asked.counters[place].app.extensions[SITE].accounts.throttle, "attempt", full)
    missed = asked.look_up(VILLAGE, asked.case.case_no, asking.WRONG)
    assert missed.status_code == 404 and "已问过驿马镇、庆城县，也没有" in missed.text


def test_a_retired_machine_tells_nothing(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asked.net[TOWNSHIP].member.casebook, "retired", True)
    assert code_of(asked.deliver(TOWNSHIP, asked.asks(VILLAGE, TOWNSHIP).raw)) == (403, UnknownNode.code)
    told = asked.look_up(VILLAGE, asked.case.case_no, asked.case.query_code)
    assert told.status_code == 404 and "上级暂不能代查，只查了本机" in told.text


def test_a_worker_that_never_exchanges_asks_whom_the_exchanging_one_has_turned_to(tmp_path: Path) -> None:
    net = network(tmp_path, COUNTY, TOWNSHIP, VILLAGE)
    net.settle()
    exchanging, heard = net[VILLAGE].up, list[str]()
    worker = net.wire_up(net[VILLAGE].member).up  # another process on the same database

    def note(_self: Inquiries, url: str, *_: Any) -> Finding:
        heard.append(url)
        return nothing(CANNOT)

    def asked_first() -> str:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Inquiries, "ask", note)
            worker.ask(Inquiry(None, asking.WRONG, "zh", 5_000))
        return heard[-1]

    net.wire.down.add(TOWNSHIP)
    assert not exchanging.exchange_once().ok
    assert asked_first() == f"http://{TOWNSHIP}", "silent since a moment ago"
    net.built.clock.now_ms += times.HOUR_MS
    assert asked_first() == f"http://{COUNTY}"
    net.wire.down.clear()
    assert exchanging.exchange_once().ok
    assert asked_first() == f"http://{TOWNSHIP}"
    net.close()


@contextmanager
def hanging(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bool]]:
    """While this lasts a look for the address of the place above comes to no end; one entry for each."""
    begun: list[bool] = []
    ended = threading.Event()

    def resolve(*_: Any) -> bytes:
        begun.append(True)
        ended.wait(20.0)
        return b""

    with monkeypatch.context() as patch:
        patch.setattr(inquiries, "_post", resolve)
        try:
            yield begun
        finally:
            ended.set()


def test_a_resolver_that_hangs_keeps_nobody_longer_than_his_own_patience(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    up, hasty = asked.net[VILLAGE].up, Inquiry(None, asking.WRONG, "zh", 10)
    with hanging(asked, monkeypatch) as begun:
        for _ in range(inquiries.CALLS):
            assert up.ask(hasty) == Finding(None, (), UNREACHED), "who asks next is not told that many ask"
        assert len(begun) == inquiries.CALLS
        assert up.ask(hasty) == Finding(None, (), UNREACHED) and len(begun) == inquiries.CALLS, "and they have an end"


def test_a_session_that_cannot_be_made_costs_no_place_in_the_queue(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none() -> requests.Session:
        raise OSError("too many open files")

    asks = asked.net[VILLAGE].up._inquiries
    with monkeypatch.context() as patch:
        patch.setattr(asks, "_session_factory", none)
        for _ in range(inquiries.CALLS + 1):
            with pytest.raises(OSError, match="too many open files"):
                asked.net[VILLAGE].up.ask(Inquiry(None, asking.WRONG, "zh", 5_000))
    assert asked.look_up(VILLAGE, asked.case.case_no, asked.case.query_code).status_code == 200


def test_a_house_asks_as_often_as_one_and_those_at_hand_keep_their_share(asked: Asked) -> None:
    case = asked.case

    def busy(source: str) -> bool:
        return "现在问的人多" in asked.look_up(VILLAGE, case.case_no, case.query_code, source).text

    house = [busy(f"2001:db8:7::{number:x}") for number in range(1, 9)]
    assert house == [False] * 6 + [True] * 2, "another address of the same net is the same house"
    outside = [busy(f"2001:db8:{number:x}::1") for number in range(100, 120)]
    assert outside.count(False) == ASKED_IN_ALL - ASKED_AT_HAND - 6
    assert [busy(HERE) for _ in range(ASKED_AT_HAND + 1)] == [False] * ASKED_AT_HAND + [True]
