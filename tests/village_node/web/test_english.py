"""Every page in English is in English but for what is written in the books, and tells staff how far their cases are."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from sync_protocol.case.powers import ROLES
from sync_protocol.case.workdays import unannounced
from tests import builders
from tests.builders import COUNTY, TOWNSHIP, VILLAGE, Network
from tests.village_node.web.conftest import NOON_MS
from tests.village_node.web.counter import APPLICATION, Counter, Visitor, everywhere, open_counter
from tests.village_node.web.errands import AtHand, at_the_county, done, links
from township_node import web as township_pages
from village_node.web.samples import usual_questions
from village_node.web.site import SITE
from village_node.web.words import CATALOGUE_ENGLISH

# Addresses that show no page of their own: they lead on to another, or answer a machine.
NO_PAGE = {"/", "/kiosk", "/leave", "/sign-in", "/batches/choose", "/courier/under-way", "/healthz", "/readyz"}
# A board for a hall has no person in front of it, and the strip itself has no strip.
NO_STRIP = {"/wall", "/sync-bar"}
STRIP = 'class="sync-strip"'
HAN = r"[\u3400-\u9fff]"
# What is written in Chinese on purpose: the values that a form sends, addresses, and the way back to Chinese.
NOT_READ = re.compile(
    r'(?<=<option )value="[^"]*"|<input type="(?:hidden|radio|checkbox)"[^>]*>|lang="zh-CN">[^<]*<|'
    r' (?:href|action|id|for|name|aria-describedby|aria-labelledby)="[^"]*"'
)
NUMBERS = re.compile(r"[^\s<>\"]*(?:〔\d{4}〕[^\s<>\"]*?号|-\d+-[0-9A-Z]/[^\s<>\"]+)")  # of documents


def texts(value: Any) -> Iterator[str]:
    """Every text somewhere in a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from texts([*value, *value.values()])
    elif isinstance(value, (list, tuple, set, frozenset)):
        for each in value:
            yield from texts(each)
    elif is_dataclass(value):
        yield from texts([getattr(value, each.name) for each in fields(value)])


def written(network: Network) -> list[str]:
    """What stands in the books in Chinese and in no other language, the longest first: items with their papers and
    departments, places, what applicants said, the questions of a check form, days that the law names."""
    items = network.members[VILLAGE].casebook.catalogue.items()
    said = {each for item in items for each in texts(item)} - {*CATALOGUE_ENGLISH}
    said |= {member.identity.name for member in network.members.values()}
    said |= {*texts(APPLICATION), "张*", *usual_questions()}
    said |= {text for span in unannounced(2027).spans for text in (span.name, span.document_no)}
    return sorted((each for each in said if re.search(HAN, each)), key=len, reverse=True)


def left_in_chinese(page: str, books: list[str]) -> list[str]:
    """The Chinese that somebody reads on a page beside what stands in the books."""
    shown = NUMBERS.sub("", unescape(NOT_READ.sub("", page)))
    for each in books:
        shown = re.sub(rf"(?<!{HAN}){re.escape(each)}(?!{HAN})", "", shown)
    return [each.strip() for each in re.findall(rf'[^<>"\n]*{HAN}[^<>"\n]*', shown)]


@dataclass
class Rooms:
    """Three nodes with their pages, and what is written in their books."""

    network: Network
    counters: dict[str, Counter]
    books: list[str]

    def in_english(self, path: str, answer: TestResponse) -> None:
        """AssertionError where a page says something in Chinese that no book says."""
        assert answer.mimetype == "text/html" and answer.status_code in (200, 404), path
        assert 'lang="en"' in answer.text and left_in_chinese(answer.text, self.books) == [], path


@pytest.fixture(scope="module")
def rooms(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rooms]:
    """Three nodes for all tests of this file."""
    folder: Path = tmp_path_factory.mktemp("english")
    network = builders.network(folder)
    network.clock.now_ms = NOON_MS
    made = {VILLAGE: open_counter(network.members[VILLAGE], folder)}
    for place in (TOWNSHIP, COUNTY):
        made[place] = open_counter(network.members[place], folder, more=township_pages.register)
    for counter in made.values():
        counter.app.extensions[SITE].printer = AtHand()
    yield Rooms(network, made, written(network))
    network.close()


def english(counter: Counter, staff_no: str, *roles: str) -> Visitor:
    """Somebody who reads English."""
    visitor = counter.sign_in(staff_no, *roles, name="Wang Fang")
    visitor.send("/display", {"lang": "en", "back": "/"})
    return visitor


def roles_at(counter: Counter) -> list[str]:
    """Every role that there is at the level of a node."""
    return [role for role, level in ROLES if level == counter.member.identity.level]


def pages_of(counter: Counter) -> list[str]:
    """The address of every page that takes no argument; what ends like a file is one."""
    gettable = (rule for rule in counter.app.url_map.iter_rules() if "GET" in (rule.methods or ()))
    rules = [str(rule.rule) for rule in gettable if not rule.arguments]
    assert {*rules} > NO_PAGE
    return [rule for rule in rules if rule not in NO_PAGE and not rule.startswith("/api/") and "." not in rule]


@pytest.mark.slow
def test_every_page_for_staff_is_in_english_and_says_how_far_its_cases_are(rooms: Rooms) -> None:
    for counter in rooms.counters.values():
        visitor = english(counter, "0901", *roles_at(counter))
        tried = pages_of(counter)
        assert len(tried) > 60
        for path in tried:
            answer = visitor.open(path)
            rooms.in_english(path, answer)
            assert (STRIP in answer.text) == (path not in NO_STRIP), path


def test_the_first_page_of_each_role_alone_is_in_english(rooms: Rooms) -> None:
    for counter in rooms.counters.values():
        for number, role in enumerate(roles_at(counter)):
            first = english(counter, f"091{number}", role).client.get("/work", follow_redirects=True)
            rooms.in_english(f"/work of {role}", first)


@pytest.mark.slow
def test_every_page_for_residents_is_in_english(rooms: Rooms) -> None:
    for counter in rooms.counters.values():
        resident = counter.visitor()
        resident.send("/display", {"lang": "en", "back": "/"})
        shown = [path for path in ["/", "/sign-in", *pages_of(counter)] if resident.open(path).status_code == 200]
        assert len(shown) > 15
        for path in shown:
            rooms.in_english(path, resident.open(path))


@pytest.mark.slow
def test_the_pages_of_a_case_and_of_an_item_are_in_english(rooms: Rooms) -> None:
    agent, clerk, officer = (
        english(rooms.counters[place], "0920", *roles)
        for place, roles in (
            (VILLAGE, ["agent"]),
            (TOWNSHIP, ["clerk", "reviewer"]),
            (COUNTY, ["window", "officer", "head"]),
        )
    )
    case = at_the_county(rooms.network, agent, clerk, officer)
    done(officer, case, "decide", outcome="approve", reasons="in order")
    everywhere(rooms.network)
    of_item = ("/items/001", "/items/001/1", "/items/001/1/flow", "/items/022", "/file/001", "/file/022", "/file/043")
    for visitor in (agent, clerk, officer):
        paths = [case, f"{case}/clock", f"{case}/papers", f"{case}/receipt", f"{case}/oddities", *links(visitor, case)]
        assert len(paths) > 6
        for path in paths:
            rooms.in_english(path, visitor.open(path))
    for path in of_item:
        rooms.in_english(path, agent.open(path))


def test_the_walk_notices_a_word_of_chinese_beside_what_is_in_the_books(rooms: Rooms) -> None:
    said = '<p lang="zh-CN">中文</p><label for="f-部门">No.</label><option value="承诺件">promised</option> 低保'
    assert left_in_chinese(said, ["低保"]) == []
    assert left_in_chinese('<p>promised 承诺件</p><input placeholder="例如">', rooms.books) == [
        "promised 承诺件",
        "例如",
    ]
