"""The strip that says how far this node's cases have come: in plain words, and never more than a receipt allows."""

import re

import pytest

from tests.builders import TOWNSHIP, VILLAGE, Network
from tests.village_node.web.counter import Counter, Visitor, everywhere, exchange
from village_node.casebook import PapersWaiting
from village_node.web import times
from village_node.web.site import SITE
from village_node.web.sync_bar import SyncState, sync_bar

NOW = 1_795_000_000_000


def words(**changes: object) -> tuple[str, str]:
    """Tone and Chinese words for a state that differs from `all is well` in these."""
    usual = {
        "is_root": False,
        "running": False,
        "last_contact_ms": NOW - 60_000,
        "not_left": 0,
        "not_at_county": 0,
        "last_error": "",
    }
    bar = sync_bar(SyncState(**{**usual, **changes}), NOW)  # type: ignore[arg-type]
    return bar.tone, bar.zh


def test_papers_that_wait_for_long_are_named_with_their_number_size_and_age() -> None:
    def needs(files: int, size: int, since_ms: int | None) -> list[str]:
        state = SyncState(False, False, NOW, 0, 0, "", papers=PapersWaiting(files, size, since_ms))
        return [zh for zh, _ in sync_bar(state, NOW).needs]

    assert needs(0, 0, None) == needs(2, 9_000, NOW - times.HOUR_MS + 1) == []
    (told,) = needs(3, 4_404_019, NOW - 2 * times.DAY_MS)
    assert told == "有 3 份材料原件（共 4.2 MB）还没有传到上级，最早的一份已等 2 天；请保持联网，或用拷盘带去"


@pytest.mark.parametrize(
    ("changes", "tone", "says"),
    [
        ({}, "good", "已同步 19:05"),
        ({"not_left": 3}, "waiting", "有 3 件未上报"),
        ({"not_at_county": 2}, "active", "2 件县级尚未签收"),
        ({"other_records": 2}, "waiting", "办件都已上报，有 2 条其他记录未上报"),
        ({"other_records": 2, "running": True}, "active", "正在同步，有 2 条其他记录未上报"),
        ({"other_records": 2, "last_contact_ms": NOW - 2 * times.DAY_MS}, "bad", "，有 2 条其他记录未上报"),
        ({"running": True}, "active", "正在同步"),
        ({"last_contact_ms": NOW - 2 * times.DAY_MS}, "bad", "已离线 2 天"),
        ({"last_contact_ms": NOW - 2 * times.DAY_MS, "not_left": 4}, "bad", "有 4 件未上报"),
        ({"last_contact_ms": NOW - 2 * times.DAY_MS, "running": True}, "bad", "已离线 2 天"),
        ({"last_contact_ms": None}, "waiting", "尚未与上级联系过"),
        ({"last_contact_ms": None, "not_left": 1}, "waiting", "有 1 件未上报"),
        ({"last_contact_ms": NOW + times.MINUTE_MS}, "good", "已同步 19:07"),
        ({"last_contact_ms": NOW + 400 * times.DAY_MS}, "waiting", "本机时钟不准，不知道多久没有联系上级"),
        ({"last_contact_ms": NOW + 6 * times.DAY_MS, "not_left": 1}, "waiting", "联系上级，有 1 件未上报"),
        ({"last_contact_ms": NOW + 6 * times.DAY_MS, "running": True}, "waiting", "联系上级，正在尝试联系"),
        ({"last_error": "没有应答"}, "waiting", "已同步 19:05"),
        ({"last_error": "没有应答", "running": True}, "waiting", "正在同步"),
        ({"is_root": True}, "good", "本机为最上级"),
        ({"not_arrived": 7}, "waiting", "县里写了 7 条尚未到达本机的记录"),
        ({"not_arrived": 7, "last_contact_ms": NOW - 2 * times.DAY_MS}, "bad", "7 条尚未到达"),
        ({"not_arrived": 7, "county_alarms": 2}, "bad", "县里的检查点与本机记录不符（2 路）"),
        ({"provisional": True}, "waiting", "等待上级确认"),
        ({"provisional": True, "not_left": 2}, "waiting", "有 2 件未上报"),
        ({"rings": True, "not_left": 2}, "bad", "另有一台机器在用本机的身份"),
        ({"rings": True, "provisional": True}, "bad", "另有一台机器"),
        ({"retired": True, "rings": True}, "bad", "本机已停用"),
        ({"rings": True, "succeeded": True}, "bad", "本单位另一台机器已启用更新的编号"),
        ({"is_root": True, "rings_below": 2}, "bad", "有 2 个下级单位的机器可能被复制"),
    ],
)
def test_each_state_has_its_plain_words(changes: dict[str, object], tone: str, says: str) -> None:
    told = words(**changes)
    assert told[0] == tone
    assert says in told[1]


def test_the_last_problem_stands_there_while_it_is_tried_once_more() -> None:
    state = SyncState(False, True, NOW - 60_000, 1, 0, "没有应答 / no answer")
    assert sync_bar(state, NOW).trouble_words == ("没有应答", "no answer")


def test_only_a_state_without_anything_owed_is_green() -> None:
    green = [
        (left, county, contact, running)
        for left in (0, 1)
        for county in (0, 1)
        for contact in (None, NOW, NOW - times.DAY_MS, NOW + times.DAY_MS)
        for running in (False, True)
        if words(not_left=left, not_at_county=county, last_contact_ms=contact, running=running)[0] == "good"
    ]
    assert green == [(0, 0, NOW, False)]


def test_received_by_the_county_needs_the_countys_own_receipt(
    network: Network, village: Counter, agent: Visitor
) -> None:
    agent.file()
    assert "有 1 件未上报" in agent.open("/work").text
    exchange(network, (VILLAGE, TOWNSHIP))
    assert "1 件县级尚未签收" in agent.open("/work").text
    exchange(network, (TOWNSHIP, "621021000000"))
    assert "1 件县级尚未签收" in agent.open("/work").text, "the county has it, but its receipt is not here yet"
    everywhere(network)
    strip = agent.open("/sync-bar").text
    assert "已同步" in strip
    assert "签收" not in strip and "未上报" not in strip


def test_the_last_problem_stands_beside_it_in_one_sentence(network: Network, village: Counter, agent: Visitor) -> None:
    everywhere(network)
    parent = network.identities[TOWNSHIP].incarnation
    village.member.casebook.update_peer(parent, failures=3, last_error="上级没有应答 <b>/ no answer</b>")
    page = agent.open("/work").text
    assert "最近一次问题" in page
    assert "&lt;b&gt;/ no answer" in page
    assert "最近一次问题" not in village.visitor().open("/query").text, "residents are not shown errors"
    village.member.casebook.update_peer(parent, failures=0)
    assert "最近一次问题" not in agent.open("/work").text


def test_the_button_begins_an_exchange_and_comes_back(village: Counter, agent: Visitor) -> None:
    answer = agent.send("/sync-now", {"back": "/work?view=all"})
    assert answer.headers["Location"] == "/work?view=all"
    assert village.exchanges == ["soon"], "begun, and not waited for"
    assert village.visitor().send("/sync-now", {}).status_code == 401
    assert village.exchanges == ["soon"]


def test_while_an_exchange_is_under_way_the_strip_says_so_and_links_to_what_comes_of_it(
    network: Network, village: Counter, agent: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    everywhere(network)
    quiet = agent.open("/work?view=all").text
    assert "data-soon" not in quiet and "看同步结果" not in quiet
    monkeypatch.setattr(village.app.extensions[SITE], "exchanging", lambda: True)
    page = agent.open("/work?view=all").text
    assert "正在同步" in page and "data-soon" in page
    assert re.findall(r'<noscript><a class="tool" href="([^"]*)">.*?看同步结果', page) == ["/work?view=all"]
    strip = agent.open("/sync-bar").text
    assert "data-soon" in strip and "看同步结果" not in strip, "a strip by itself has no page to link to"


def test_a_renewed_strip_keeps_no_session_alive(network: Network, village: Counter, agent: Visitor) -> None:
    for _ in range(5):
        network.clock.now_ms += 2 * times.MINUTE_MS
        agent.open("/sync-bar")
    assert agent.open("/work").status_code == 303


def test_somebody_who_types_for_long_stays_signed_in(network: Network, agent: Visitor) -> None:
    for _ in range(10):
        network.clock.now_ms += 2 * times.MINUTE_MS
        agent.open("/sync-bar?here=1")
    assert agent.open("/work").status_code == 200


def test_the_button_takes_along_how_far_the_audit_trail_reaches(
    network: Network, village: Counter, agent: Visitor
) -> None:
    everywhere(network)
    assert "已同步" in agent.open("/sync-bar").text
    assert agent.send("/sync-now", {"back": "/work"}).status_code == 303
    said = village.member.casebook.signed_audit_head()
    assert said is not None and said.n == village.accounts.rows.audit_lines(1)[0].n
    strip = agent.open("/sync-bar").text
    assert "有 1 条其他记录未上报" in strip and "已同步" not in strip, "no case, and yet not all has left"
    everywhere(network)
    assert "已同步" in agent.open("/sync-bar").text
    told = network.members[TOWNSHIP].casebook.audit_head_of(VILLAGE)
    assert told is not None and told.lines == said.n
    clerk = village.sign_in("0002", "agent", name="李梅")
    for visitor in (agent, clerk):
        assert visitor.send("/sync-now", {"back": "/work"}).status_code == 303
    assert village.member.casebook.signed_audit_head() == said, "once a day, however often the button is pressed"
