"""The board on the wall: numbers called, cases and results, and not a word about persons."""

import re

import pytest

from tests.builders import Network
from tests.village_node.web.counter import Counter, Visitor, everywhere
from tests.village_node.web.errands import done
from tests.village_node.web.test_filing import held
from village_node.store import NotSaved

DAY_MS = 86_400_000


def test_the_board_shows_numbers_and_results_without_a_word_about_persons(
    network: Network, village: Counter, agent: Visitor
) -> None:
    board = village.visitor()
    empty = board.open("/board")
    assert "近 30 天没有收件" in empty.text and "叫号" not in empty.text and empty.headers["Refresh"] == "60"
    case = agent.file("040")
    number = held(village, case).case_no
    everywhere(network)
    agent.send("/turns/draw", {"draw_item": "", "draw_window": ""})
    agent.send("/turns/draw", {"draw_item": "", "draw_window": ""})
    agent.send("/turns/call", {"window": "1号"})
    page = board.open("/board").text
    main = page.split("<main")[1]
    assert number in main and "近 30 天没有办结" in main and re.search(r"A001</strong>.*?1号", main, re.DOTALL)
    assert "等候 1 人" in main
    for private in ("张", "13800001234", "槐", held(village, case).query_code):
        assert private not in main
    head = village.sign_in("0002", "head", name="马得福")
    done(agent, case, "docket")
    done(head, case, "decide", outcome="approve")
    network.clock.now_ms += DAY_MS
    settled = board.open("/board").text.split("最近办结</h2>")[1]
    assert number in settled and "办结" in settled
    assert "准予" not in board.open("/board").text.split("<main")[1], "how it was decided is the applicant's to know"
    network.clock.now_ms += 40 * DAY_MS
    later = board.open("/board").text
    assert number not in later and "近 30 天没有收件" in later


def test_on_a_wall_there_is_the_board_alone_and_it_comes_back_after_an_error(
    network: Network, village: Counter, agent: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = held(village, agent.file("040"))
    everywhere(network)
    agent.send("/turns/draw", {"draw_item": "", "draw_window": ""})
    agent.send("/turns/call", {"window": "1号窗口"})
    for who in (village.visitor(), agent):
        seen = who.open("/wall")
        assert seen.headers["Refresh"] == "15"
        assert case.case_no in seen.text and "A001" in seen.text and "1号窗口" in seen.text
        for other in ("<a ", "<button", "<script", "<form", "sync", "张", "13800001234", "槐", "王芳", case.query_code):
            assert other not in seen.text, other
    assert 'href="/wall"' in village.visitor().open("/board").text
    assert 'href="/wall"' in village.sign_in("0002", "head").open("/duty").text
    monkeypatch.setattr(village.member.casebook, "board", lambda: (_ for _ in ()).throw(NotSaved("满", "full")))
    for path, seconds in (("/wall", "15"), ("/board", "60")):
        broken = village.visitor().open(path)
        assert (broken.status_code, broken.headers["Refresh"]) == (503, seconds)
