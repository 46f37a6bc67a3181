"""Everything under a county on one screen: what waits, what is late and at whom, how long ago each place was heard."""

import re
from typing import Any

from flask import request

from sync_protocol import roster
from sync_protocol.case.exclusions import Grade
from sync_protocol.case.workdays import day_of
from tests.builders import COUNTY, TOWNSHIP, VILLAGE, Network
from tests.village_node.web.api.program import program_at
from tests.village_node.web.counter import Counter, Visitor, everywhere
from tests.village_node.web.errands import PAPERS
from township_node.web import overview, topology
from township_node.web.topology import DAY_MS, Leaf
from village_node.store import cases, glance
from village_node.store.cases import day_number
from village_node.web import SITE

HOUR_MS = 3_600_000


def plain(page: str) -> str:
    """A page without its tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def marks(page: str) -> list[tuple[str, str]]:
    """Of each place on the map: how fresh it is drawn, and what is said of it."""
    return re.findall(r'<g class="mark age-(\w+)" transform="[^"]*"><title>([^<]*)</title>', page)


def test_a_county_sees_where_its_cases_are_and_what_came_day_by_day(
    network: Network, county: Counter, agent: Visitor
) -> None:
    agent.file("001", **PAPERS)
    supervisor = county.sign_in("1009", "supervisor")
    before = supervisor.open("/overview").text
    assert "没有在办件" in before and "收件 0 件，办结 0 件" in before
    everywhere(network)
    page = supervisor.open("/overview").text
    stages = re.findall(r'<th scope="row"><a href="([^"]*)">([^<]*)</a></th><td class="number">(\d+)', page)
    assert [each[1:] for each in stages] == [("已收件", "1")]
    assert "已收件" in plain(supervisor.open(stages[0][0].replace("&amp;", "&")).text.partition("<tbody>")[2])
    assert "近 30 天收件 1 件，办结 0 件" in page
    assert re.findall(r"<title>([^<]*收件 1，办结 0)</title>", page) == ["2026年11月18日：收件 1，办结 0"]


def test_the_map_says_of_every_place_how_long_ago_something_came(
    network: Network, county: Counter, agent: Visitor
) -> None:
    agent.file("001", **PAPERS)
    everywhere(network)

    def seen(later_ms: int) -> tuple[list[tuple[str, str]], str]:
        network.clock.now_ms += later_ms
        page = county.sign_in(str(network.clock.now_ms % 10**6), "supervisor").open("/overview").text
        return marks(page), plain(page)

    drawn, _ = seen(HOUR_MS)
    (name,) = {said.partition("：")[0] for _, said in drawn}
    assert drawn == [("fresh", f"{name}：最新记录 1 小时前")]
    drawn, words = seen(DAY_MS)
    assert (
        drawn == [("quiet", f"{name}：最新记录 1 天前")] and f"{name} 1 天没有新记录" in words and "1 天前联系" in words
    )
    drawn, words = seen(7 * DAY_MS)
    assert drawn == [("silent", f"{name}：最新记录 8 天前")] and f"{name} 8 天没有新记录" in words


def test_who_is_late_stands_first_and_leads_to_its_cases(network: Network, county: Counter, agent: Visitor) -> None:
    agent.file("001", **PAPERS)
    everywhere(network)
    supervisor = county.sign_in("1009", "supervisor")
    assert "没有黄牌和红牌" in supervisor.open("/overview").text
    network.clock.now_ms += 60 * DAY_MS
    supervisor = county.sign_in("1010", "supervisor")
    page = supervisor.open("/overview").text
    table = page.partition('id="clocks-at-risk"')[2].partition("</section>")[0]
    rows = re.findall(r'<tr><td><a class="row-link" href="([^"]*)">([^<]*)</a>', table)
    assert len(rows) == 1 and "没有黄牌和红牌" not in page
    assert "红牌" in plain(table)
    tile = re.findall(r'class="tile" href="([^"]*)">(.*?)</a>', table, re.DOTALL)
    assert sorted(plain(words).split()[-1] for _, words in tile) == ["0", "0", "0", "1"]


def test_every_place_below_is_in_the_file(network: Network, county: Counter, agent: Visitor) -> None:
    agent.file("001", **PAPERS)
    everywhere(network)
    lines = county.sign_in("1009", "supervisor").open("/overview.csv").text.strip().splitlines()
    assert [line.split(",")[0].strip('"') for line in lines[1:-1]] == [TOWNSHIP, VILLAGE]
    assert all("2026-11-18" in line for line in lines[1:-1])


def test_a_place_is_late_from_the_first_moment_after_its_day_and_its_week() -> None:
    now = 100 * DAY_MS
    assert topology.age_of(None, now, has_machine=True) == "never"
    assert [
        topology.age_of(now - ago, now, has_machine=True) for ago in (0, DAY_MS, DAY_MS + 1, 7 * DAY_MS, 7 * DAY_MS + 1)
    ] == [
        "fresh",
        "fresh",
        "quiet",
        "quiet",
        "silent",
    ]


def test_a_name_is_drawn_as_text_and_a_long_branch_in_rows(county: Counter) -> None:
    leaves = [Leaf(f"6210211012{number:02}", "<script>", None, "never") for number in range(23)]
    with county.app.test_request_context():
        drawing = topology.branch(county.app.extensions[SITE].stranger(request), leaves, 'a "b"')
    assert "<script>" not in drawing and drawing.count("&lt;script&gt;") == 23
    assert 'aria-label="a &#34;b&#34;"' in drawing
    assert len(set(re.findall(r"translate\(\d+ (\d+)\)", drawing))) == 3


def test_the_most_red_stand_first_and_who_has_no_card_not_at_all() -> None:
    held: dict[str, dict[Grade, int]] = {
        "a": {"": 50, "notice": 9},
        "b": {"yellow": 8},
        "c": {"red": 1, "yellow": 1},
        "d": {"red": 2},
        "e": {"red_plus": 1},
    }
    assert [each.place for each in overview.ranked(held)] == ["e", "d", "c", "b"]


def test_a_day_begins_at_midnight_in_china(network: Network, county: Counter, village: Counter) -> None:
    network.clock.now_ms += (DAY_MS - network.clock.now_ms % DAY_MS) - 8 * HOUR_MS + 1
    village.sign_in("0001", "agent").file("001", **PAPERS)
    everywhere(network)
    page = county.sign_in("1009", "supervisor").open("/overview").text
    assert re.findall(r"<title>([^<]*收件 1，办结 0)</title>", page) == ["2026年11月19日：收件 1，办结 0"]


def test_a_card_is_its_who_had_the_case_when_it_began(network: Network, agent: Visitor, county: Counter) -> None:
    agent.file("001", **PAPERS)
    everywhere(network)
    book, today = county.member.casebook, day_of(network.clock.now_ms)
    number = day_number(today)
    assert number is not None
    with book.store.writing() as connection:
        (row,) = [each for each in book.work_list("all", {}).rows if each.case_no]
        begun: dict[str, Any] = {"holder": "c", "notice_day": 0, "yellow_day": number - 4, "yellow_at": "a"}
        many: tuple[dict[str, Any], ...] = (
            begun | {"red_day": number + 1, "red_at": "b"},
            begun | {"red_day": number, "red_at": "b"},
            begun | {"red_day": number, "red_at": None, "red_plus_day": number},
            {"holder": "c", "notice_day": number},
            begun | {"state": "archived"},
        )
        cases.put(connection, [row._replace(case_id=bytes(15) + bytes([n]), **each) for n, each in enumerate(many)])
    with book.store.reading() as connection:
        found = glance.by_fault(connection, number)
    assert sorted(found) == [("notice", "c", 1), ("red", "b", 1), ("red_plus", "a", 1), ("yellow", "a", 1)]


def test_a_clock_that_runs_ahead_makes_no_silent_place_look_alive(
    network: Network, county: Counter, village: Counter
) -> None:
    ours = network.clock.now_ms
    network.clock.now_ms += 300 * DAY_MS
    village.sign_in("0001", "agent").file("001", **PAPERS)
    network.clock.now_ms = ours
    everywhere(network)
    network.clock.now_ms += 8 * DAY_MS
    drawn = marks(county.sign_in("1009", "supervisor").open("/overview").text)
    assert [age for age, _ in drawn] == ["silent"]


def test_a_program_reads_what_the_one_screen_shows(network: Network, county: Counter, agent: Visitor) -> None:
    agent.file("001", **PAPERS)
    everywhere(network)
    told = program_at(county, "1009", "supervisor").get("/overview").get_json()
    assert told["stages"] == [{"state": "received", "cases": 1}] and told["at_fault"] == []
    assert len(told["flow"]) == 30 and told["flow"][-1] == {"day": "2026-11-18", "filed": 1, "settled": 0}
    assert [(each["place"], each["parent"]) for each in told["places"]] == [
        (TOWNSHIP, county.config.place),
        (VILLAGE, TOWNSHIP),
    ]
    assert [each["waiting"] for each in told["places"]] == [0, 1]
    assert all(each["last_heard_ms"] == network.clock.now_ms for each in told["places"])
    network.clock.now_ms += 60 * DAY_MS
    late = program_at(county, "1010", "supervisor").get("/overview").get_json()
    assert [(each["place"], sum(each[grade] for grade in overview.LATE)) for each in late["at_fault"]] == [(VILLAGE, 1)]
    assert [sum(each[grade] for grade in overview.GRADED) for each in late["places"]] == [0, 1]


def test_a_place_without_a_machine_is_not_one_that_is_silent(network: Network, county: Counter, agent: Visitor) -> None:
    agent.file("001", **PAPERS)
    everywhere(network)
    new = roster.place_op("621021101209", "village", TOWNSHIP, "后沟村")
    bare = roster.place_op("621021102000", "township", COUNTY, "马岭镇")
    book = county.member.casebook
    for author, op in ((TOWNSHIP, new), (COUNTY, bare)):
        key = network.publisher_key if author == COUNTY else network.members[author].identity.key
        book.apply_roster([roster.publish(book.roster, author, [op], [key], network.clock.now_ms)])
    officer = county.sign_in("1009", "supervisor")
    page = officer.open("/overview").text
    assert ("absent", "后沟村：没有入网") in marks(page) and "马岭镇 没有入网" in plain(page)
    listed = plain(officer.open("/children").text)
    assert "没有入网" in listed and "从未联系" not in listed
    assert "没有入网" in officer.open("/children.csv").text
