"""Who decided: at the window by who accepted or under a delegation, or carried back to the head of the department."""

from datetime import date

import pytest

from tests.builders import COUNTY, VILLAGE, Network, delegate
from tests.village_node.web.api.program import program_at
from tests.village_node.web.counter import Counter, everywhere
from tests.village_node.web.errands import PAPERS, delivered_at_once, done
from tests.village_node.web.test_clocks import plain
from tests.village_node.web.test_export import csv_rows
from tests.village_node.web.test_previews import key_of
from village_node.casebook.deciding import ACCEPTER, DELEGATE, HEAD, Decided

HOUR_MS = 3_600_000


@pytest.fixture
def decided(county: Counter) -> dict[str, str]:
    """Two cases of a department with a delegation: one that its representative decided, one its head; and one that
    the representative has accepted himself."""
    delegate(county.member, "文旅", "036", b="1002", head="1003")
    window = county.sign_in("1001", "window", name="周敏")
    officer = county.sign_in("1002", "window", "officer", name="赵敏")
    head = county.sign_in("1003", "head", name="冯局长")
    found = {name: window.file("036", **PAPERS) for name in ("delegate", "head", "accepter")}
    for name, who, by in (("delegate", window, officer), ("head", window, head), ("accepter", officer, officer)):
        done(who, found[name], "docket")
        done(by, found[name], "decide", outcome="approve")
    return found


def test_a_decision_counts_by_who_made_it_and_in_whose_right(county: Counter, decided: dict[str, str]) -> None:
    for name, number in (("accepter", ACCEPTER), ("delegate", DELEGATE), ("head", HEAD)):
        row = county.member.casebook.case_row(*key_of(decided[name]))
        assert row is not None and (row.decided_at, row.decided_by) == (COUNTY, number), name
    supervisor = county.sign_in("0301", "supervisor", name="郑督查")
    page = plain(supervisor.open("/deciders").text)
    assert "窗口办决率 66.7%（受理人当场 1 件，首席代表 1 件）" in page
    assert "文旅 庆城县 3 1 1 1 66.7%" in page and "多数带回 " not in page.partition("文旅 庆城县")[2]
    assert "没有符合条件的" in plain(supervisor.open("/deciders?state=mailbox").text)
    assert "view=decided" in supervisor.open("/deciders").text
    assert "没有作出决定的件" in plain(supervisor.open("/deciders?first=2026-10-01&last=2026-10-31").text)
    wrong = supervisor.open("/deciders?first=2026-11-30&last=2026-11-01")
    assert wrong.status_code == 422 and "截止日期不能早于开始日期" in wrong.text
    rows = csv_rows(supervisor.open("/deciders.csv?first=2026-11-18&last=2026-11-18&text=文旅"))
    assert rows[1] == ["2026-11-18", "2026-11-18", COUNTY, "庆城县", "文旅", "3", "1", "1", "1", "66.7%"]
    program = program_at(county, "0801", "supervisor")
    [line] = program.get("/deciders").get_json()["departments"]
    assert (line["accepter"], line["delegate"], line["head"], line["mailbox"]) == (1, 1, 1, False)
    assert program.get("/deciders?first=2026-11-30&last=2026-11-01").status_code == 422


def test_a_day_is_one_in_china_and_the_levels_above_count_the_same(
    network: Network, village: Counter, county: Counter
) -> None:
    network.clock.now_ms += 6 * HOUR_MS  # an hour after midnight there, and the day before in the time of the clock
    both = village.sign_in("0022", "agent", "head", name="周书记")
    delivered_at_once(both)
    everywhere(network)
    for counter in (village, county):
        [line] = counter.member.casebook.deciders(date(2026, 11, 19), date(2026, 11, 19))
        assert (line.place, line.accepter, line.known) == (VILLAGE, 1, 1)
        assert counter.member.casebook.deciders(date(2026, 11, 18), date(2026, 11, 18)) == []
        assert counter.member.casebook.deciders(date(2026, 11, 20), date(2026, 11, 30)) == []


def test_a_row_of_before_is_told_apart_until_it_is_folded_again(county: Counter, decided: dict[str, str]) -> None:
    book, day = county.member.casebook, date(2026, 11, 18)
    with book.store.writing() as connection:
        connection.exec_driver_sql("UPDATE cases SET decided_at = NULL, decided_by = NULL")
        connection.exec_driver_sql("INSERT INTO to_fold SELECT scope, case_id FROM cases")
    [line] = book.deciders(day, day)
    assert (line.unknown, line.known) == (3, 0)
    assert book.fold_slice() == 3
    [line] = book.deciders(day, day)
    assert (line.accepter, line.delegate, line.head, line.unknown) == (1, 1, 1, 0)


def test_a_window_that_decides_less_than_half_only_carries_papers() -> None:
    assert Decided("a", "b", 1, 1, 3).is_mailbox and not Decided("a", "b", 1, 1, 2).is_mailbox
    assert not Decided("a", "b").is_mailbox
    assert Decided("a", "b", 1, 2, 3, 4).plus(Decided("c", "d", 1, 1, 1, 1)) == Decided("a", "b", 2, 3, 4, 5)
