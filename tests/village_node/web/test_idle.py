"""What does no business, what was filed in two places or outside its way, and posts at which nobody was."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from sync_protocol.case.catalogue import Catalogue
from tests.builders import COUNTY, TOWNSHIP, VILLAGE, Network
from tests.village_node.web.api.program import program_at
from tests.village_node.web.counter import PASSWORD, Counter, Visitor, everywhere
from tests.village_node.web.errands import PAPERS
from tests.village_node.web.test_clocks import DAY_MS, plain
from tests.village_node.web.test_export import csv_rows
from tests.village_node.web.test_filing import held
from tests.village_node.web.test_item_versions import form
from tests.village_node.web.test_previews import key_of
from tests.village_node.web.test_service_room import ROOM, kept
from village_node.casebook import detecting
from village_node.casebook.detecting import (
    idle_departments,
    idle_items,
    idle_windows,
    in_force,
    is_outside,
    pairs,
    since_of,
)
from village_node.casebook.reading import folded
from village_node.store import audit
from village_node.store.business import Used, Version
from village_node.store.cases import CaseRow


@pytest.fixture
def supervisor(county: Counter) -> Visitor:
    return county.sign_in("0301", "supervisor", name="郑督查")


def listed(visitor: Visitor, view: str, more: str = "") -> str:
    """A list of the page, without marks."""
    answer = visitor.open(f"/idle?view={view}{more}")
    assert answer.status_code == 200
    return plain(answer.text)


def test_places_items_and_departments_without_a_case_are_listed_and_lead_to_what_is_behind_them(
    network: Network, agent: Visitor, supervisor: Visitor
) -> None:
    agent.file("016", **PAPERS)
    everywhere(network)
    places = listed(supervisor, "places")
    assert f"{TOWNSHIP} 驿马镇 从未" in places and VILLAGE not in places
    items = listed(supervisor, "items")
    assert " 001 " in items and " 016 " not in items
    page = supervisor.open("/idle?view=places").text
    assert f'href="/work?view=all&amp;place={TOWNSHIP}"' in page
    department = network.members[COUNTY].casebook.catalogue.newest("036")
    assert department is not None
    assert department.department in listed(supervisor, "departments")
    assert f"text={department.department}" in supervisor.open("/idle?view=departments").text.replace(
        "%E6%96%87%E6%97%85", "文旅"
    )
    network.clock.now_ms += 200 * DAY_MS
    later = supervisor.counter.visitor()
    assert later.send("/sign-in", {"staff_no": "0301", "password": PASSWORD}).status_code == 303
    assert f"{VILLAGE} 上关村 2026-11-18" in listed(later, "places")
    assert f"{VILLAGE}" not in listed(later, "places", "&months=12"), "a year has the case in it"
    assert "016" in listed(later, "items", "&text=016") and "2026-11-18" in listed(later, "items", "&text=016")
    rows = csv_rows(later.open("/idle.csv?view=places&months=6"))
    assert [VILLAGE, "上关村", "2026-11-18"] in rows
    assert later.open("/idle?view=everything").status_code == 404


def test_one_applicant_at_two_places_is_found_and_two_people_of_one_name_are_not(
    network: Network, agent: Visitor, township: Counter, supervisor: Visitor
) -> None:
    clerk = township.sign_in("0101", "clerk", name="李强")
    first = agent.file()
    network.clock.now_ms += DAY_MS
    clerk = township.visitor()
    assert clerk.send("/sign-in", {"staff_no": "0101", "password": PASSWORD}).status_code == 303
    second = clerk.file()
    other = clerk.file("016", applicant_id_no="110105199003071239", **PAPERS)
    agent = agent.counter.visitor()
    assert agent.send("/sign-in", {"staff_no": "0001", "password": PASSWORD}).status_code == 303
    agent.file("016", **PAPERS)
    everywhere(network)
    later = supervisor.counter.visitor()
    assert later.send("/sign-in", {"staff_no": "0301", "password": PASSWORD}).status_code == 303
    page = later.open("/idle?view=twice").text
    assert first in page and second in page and "同一人" in page and "张*" in page and "张秀兰" not in page
    assert other not in page, "another identity number is another person"
    rows = csv_rows(later.open("/idle.csv?view=twice"))
    assert len(rows) == 2 and "张*" not in ",".join(rows[1]) and "申请人" not in ",".join(rows[0])
    assert "没有发现" in listed(later, "outside")
    assert "只列出" not in page


def test_somebody_else_of_the_name_between_two_filings_hides_neither(
    network: Network, agent: Visitor, township: Counter, supervisor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    clerk = township.sign_in("0101", "clerk", name="李强")
    first = agent.file()
    stranger = clerk.file(applicant_id_no="110105199003071239")
    second = clerk.file()
    everywhere(network)
    page = supervisor.open("/idle?view=twice").text
    assert first in page and second in page and stranger not in page, "the neighbour is somebody else"
    program = program_at(supervisor.counter, "0801", "supervisor")
    assert program.get("/idle").get_json()["twice_cut"] is False
    folds: list[object] = []

    def counted(*asked: Any) -> Any:
        folds.append(asked)
        return folded(*asked)

    monkeypatch.setattr(detecting, "folded", counted)
    monkeypatch.setattr(detecting, "MOST_FOLDED", 2)
    network.clock.now_ms += DAY_MS
    later = supervisor.counter.visitor()
    assert later.send("/sign-in", {"staff_no": "0301", "password": PASSWORD}).status_code == 303
    assert "只列出其中较新的" in later.open("/idle?view=twice").text and len(folds) == 2
    assert "只列出其中较新的" in csv_rows(later.open("/idle.csv?view=twice"))[-1][0]
    assert program.get("/idle").get_json()["twice_cut"] is True


@pytest.mark.parametrize(("bound", "most"), [("MOST_TWICE", 1), ("MOST_OF_ONE", 2)])
def test_what_is_left_out_of_the_list_of_two_places_is_said(
    network: Network, agent: Visitor, township: Counter, supervisor: Visitor, bound: str, most: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    clerk = township.sign_in("0101", "clerk", name="李强")
    for visitor in (agent, clerk):
        visitor.file()
        visitor.file("016", **PAPERS)
    clerk.file()
    everywhere(network)
    assert "只列出其中较新的" not in supervisor.open("/idle?view=twice").text
    monkeypatch.setattr(detecting, bound, most)
    network.clock.now_ms += DAY_MS
    later = supervisor.counter.visitor()
    assert later.send("/sign-in", {"staff_no": "0301", "password": PASSWORD}).status_code == 303
    assert "只列出其中较新的" in later.open("/idle?view=twice").text


def test_what_is_filed_by_a_version_that_was_over_is_found(
    network: Network, agent: Visitor, county: Counter, supervisor: Visitor
) -> None:
    business = county.sign_in("1004", "business", name="孙丽")
    published = form(network, village_mode="告知", do="publish")
    assert business.send("/catalogue/001", published).status_code == 303
    case = agent.file("001")  # the village has not heard of it yet
    assert held(agent.counter, case).item_version == 1
    everywhere(network)
    page = supervisor.open("/idle?view=outside").text
    assert case in page
    row = network.members[COUNTY].casebook.case_row(*key_of(case))
    assert row is not None and f"{row.case_no} 最低生活保障审核确认 上关村 2026-11-18 1 2 2026-11-18" in plain(page)


def test_empty_posts_are_named_here_and_counted_from_below(
    network: Network, village: Counter, township: Counter, agent: Visitor
) -> None:
    head = village.sign_in("0003", "head", name="马得福")
    village.sign_in("0004", "agent", name="李梅")
    for post, staff_no in (("A", "0001"), ("B", "0004")):
        kept(head, "/duty", day="2026-11-19", post=post, staff_no=staff_no, note="")
    network.clock.now_ms += DAY_MS
    agent = village.visitor()
    assert agent.send("/sign-in", {"staff_no": "0001", "password": PASSWORD}).status_code == 303
    kept(agent, "/day-end/close")
    everywhere(network)
    network.clock.now_ms += DAY_MS
    head = village.visitor()
    assert head.send("/sign-in", {"staff_no": "0003", "password": PASSWORD}).status_code == 303
    assert "6 个月：1 条" in listed(head, "posts") and "2026-11-19 上关村 1 2 B 李梅" in listed(head, "posts")
    above = township.sign_in("0111", "head", name="高峰")
    assert "2026-11-19 上关村 1 2 —" in listed(above, "posts")
    assert f"/day-ends/of/{VILLAGE}?first=2026-11-19" in above.open("/idle?view=posts").text


def test_a_post_of_today_is_listed_from_tomorrow_on_and_not_once_somebody_is_found_to_have_been_there(
    network: Network, village: Counter, agent: Visitor
) -> None:
    head = village.sign_in("0003", "head", name="马得福")
    village.sign_in("0004", "agent", name="李梅")
    network.clock.now_ms += 42 * DAY_MS  # to 30 December: a month before it and before the next day are the same day
    head = village.visitor()
    assert head.send("/sign-in", {"staff_no": "0003", "password": PASSWORD}).status_code == 303
    kept(head, "/duty", day="2026-12-30", post="B", staff_no="0004", note="")
    book = village.member.casebook
    assert book.empty_posts(1) == []
    network.clock.now_ms += DAY_MS
    [found] = book.empty_posts(1)
    assert (found.day, found.posts, found.empty) == ("2026-12-30", 1, 1)
    with book.store.writing() as connection:
        audit.append(connection, audit.Line(network.clock.now_ms - DAY_MS, "0004", "staff.sign_in", "0004", {}))
    assert book.empty_posts(1) == [], "true at the next view"


def test_windows_to_which_no_number_was_called_are_listed(village: Counter, agent: Visitor) -> None:
    head = village.sign_in("0003", "head", name="马得福")
    kept(head, "/duty/room", **{**ROOM, "windows": "3号\n4号"})
    kept(agent, "/turns/draw", draw_item="", draw_window="")
    kept(agent, "/turns/call", window="3号")
    page = listed(head, "windows")
    assert "4号 从未" in page and "3号 " not in page.partition("最近叫号")[2]


def test_a_program_of_supervision_reads_all_of_it(network: Network, agent: Visitor, county: Counter) -> None:
    agent.file()
    everywhere(network)
    program = program_at(county, "0801", "supervisor")
    found = program.get("/idle?months=3").get_json()
    assert {"code": TOWNSHIP, "last": None, "of_items": 0} in found["places"]
    assert "001" not in {each["code"] for each in found["items"]}
    assert found["twice"] == found["outside"] == found["posts"] == found["windows"] == []
    assert program.get("/idle?months=25").status_code == 422


@pytest.mark.parametrize("role", ["window", "officer"])
def test_who_works_on_single_cases_has_no_such_page(county: Counter, role: str) -> None:
    assert county.sign_in("1001", role).open("/idle").status_code == 404


def test_months_go_back_to_the_same_day_or_the_last_of_a_shorter_month() -> None:
    assert since_of(date(2026, 11, 18), 6) == date(2026, 5, 18)
    assert since_of(date(2026, 8, 31), 6) == date(2026, 2, 28)
    assert since_of(date(2026, 1, 31), 1) == date(2025, 12, 31)
    assert since_of(date(2026, 12, 31), 12) == date(2025, 12, 31)


def test_what_began_in_the_time_is_no_idle_item_and_a_department_is_idle_as_a_whole(network: Network) -> None:
    catalogue = network.members[COUNTY].casebook.catalogue
    one, other = (each for each in (catalogue.newest("001"), catalogue.newest("016")) if each is not None)
    one, other = replace(one, department="甲"), replace(other, department="甲")
    since = date(2026, 5, 18)
    new = replace(other, begins=date(2026, 6, 1))
    assert [each.code for each in idle_items([one, other], {}, since)] == ["001", "016"]
    assert [each.code for each in idle_items([one, new], {}, since)] == ["001"]
    used = {"001": Used(0, 1_700_000_000_000)}
    assert idle_items([one], used, since)[0].last == date(2023, 11, 15)
    assert [(each.code, each.items) for each in idle_departments([one, other], used, since)] == [("甲", 2)]
    assert idle_departments([one, other], {"016": Used(1, 1)}, since) == []
    assert idle_departments([new], {}, since) == []
    assert [each.code for each in idle_windows(["1", "2"], {"1": (0, "2026-01-02"), "2": (3, "2026-11-01")})] == ["1"]


def filed(place: str, day: int) -> CaseRow:
    """A row of a case filed at a place on a day."""
    known = {"scope": f"about:{place}", "case_id": bytes(16), "filed_ms": day * DAY_MS}
    return CaseRow._make(known.get(name) for name in CaseRow._fields)


def test_pairs_are_of_two_places_and_lie_no_more_than_some_days_apart() -> None:
    one, same, other, late = filed("a", 1), filed("a", 2), filed("b", 32), filed("a", 63)
    assert pairs([one, same, other, late]) == [(same, other)]


def test_each_of_several_filings_is_paired_with_all_that_another_place_filed() -> None:
    first, other, again, third = filed("a", 1), filed("b", 2), filed("a", 3), filed("c", 4)
    assert pairs([first, other, again]) == [(first, other), (other, again)]
    assert pairs([first, again, other]) == [(first, other), (again, other)], "not only with its neighbour"
    assert set(pairs([first, other, third])) == {(first, other), (first, third), (other, third)}


def test_a_version_in_force_that_says_the_same_of_a_place_is_no_reason(network: Network) -> None:
    book = network.members[COUNTY].casebook
    places, today = book.roster.places, date(2026, 11, 18)
    one = book.catalogue.newest("001")
    assert one is not None
    used = Version("001", 1, f"about:{VILLAGE}")

    def found(**changes: Any) -> bool:
        newer = replace(one, **{"version": 2, "begins": date(2026, 11, 1), **changes})
        catalogue = Catalogue([one, newer])
        return any(is_outside(used, each, catalogue, places) for each in in_force(catalogue, today))

    assert not found() and found(village_mode="告知") and found(in_force=False)
    assert not found(village_mode="告知", begins=date(2026, 11, 19))
