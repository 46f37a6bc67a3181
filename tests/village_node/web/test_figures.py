"""The figures of a period as they stand: what counts, on which day, and at whom a fault is."""

import re
from datetime import date

import pytest

from sync_protocol.case import bulletins, periods
from sync_protocol.case.bulletins import Bulletin
from sync_protocol.case.tallies import Tally
from tests.builders import COUNTY, OTHER_TOWNSHIP, SECOND_VILLAGE, TOWNSHIP, VILLAGE, Network, delegate_all
from tests.village_node.web.counter import (
    PASSWORD,
    Counter,
    Visitor,
    everywhere,
    hidden_of,
)
from tests.village_node.web.errands import PAPERS, chosen, done
from tests.village_node.web.test_bulletins import (
    DECEMBER,
    NOVEMBER,
    RED,
    answering,
    around,
    on,
    plain,
    published,
    row_of,
    tally,
    wide,
)
from tests.village_node.web.test_clocks import DAY_MS
from tests.village_node.web.test_supervision import address, late, pass_days, supervisor, wrote
from tests.village_node.web.test_timeliness import settled
from township_node.succession import merge
from village_node.accounts import Person
from village_node.store import faults
from village_node.store.faults import FaultRow

__all__ = ["late", "settled", "supervisor", "wide"]


def test_a_month_counts_what_came_in_was_accepted_settled_and_left(county: Counter, settled: dict[str, str]) -> None:
    found = tally(county, NOVEMBER)
    assert found.received == found.accepted == 4 and found.near == 0, "what the county itself receives is not near"
    assert (found.carried, found.settled, found.in_hand) == (0, 3, 1) and found.balanced
    assert (found.promised, found.early, found.on_time, found.late) == (3, 1, 1, 1)
    assert (found.used, found.left) == (3 + 5 + 7, 2 + 0 - 2)
    assert found.red == 2, "the late one, and the one that is open and over its limit by now"
    assert tally(county, "2026-Q4") == found and tally(county, "2026-10") == Tally()
    said = county.member.casebook.figures("month", NOVEMBER)
    assert [(name, each.settled, each.red) for name, each in said.departments] == [("文旅", 3, 2)]
    assert [(each.item_no, each.tally.settled) for each in said.items] == [("036", 3)]


def test_what_is_open_at_the_end_of_a_month_is_carried_over_into_the_next(
    network: Network, county: Counter, settled: dict[str, str]
) -> None:
    on(network, date(2026, 12, 10))
    window = county.sign_in("1777", "window")
    withdrawn = window.file("036", **PAPERS)
    done(window, withdrawn, "docket")
    done(window, withdrawn, "withdrawal_request", reason="不办了")
    done(window, withdrawn, "answer", **answering(window, withdrawn))
    turned = window.file("036", **PAPERS)
    done(window, turned, "refuse", reasons="不属于本单位", legal_basis="行政许可法第三十二条")
    found = tally(county, DECEMBER)
    assert (found.carried, found.received, found.accepted, found.withdrawn, found.turned_away) == (1, 2, 1, 1, 1)
    assert found.in_hand == 1 and found.balanced
    before = tally(county, NOVEMBER)
    assert before.in_hand == 1 and before.balanced, "a month that is over stays what it was"


def test_a_red_card_takes_points_from_who_had_the_case_and_leads_to_it(
    county: Counter, supervisor: Visitor, late: str
) -> None:
    row = row_of(county, late)
    assert (
        row.red_at == VILLAGE and periods.period_of("month", date.fromordinal(719_163 + (row.red_day or 0))) == NOVEMBER
    )
    page = plain(supervisor, f"/figures?period={NOVEMBER}")
    assert RED in page and "样例规则" in page and "1 / 1 件（就近收件 100.0%）" in page
    score = supervisor.open(f"/figures/{VILLAGE}?period={NOVEMBER}").text
    assert str(row.case_no) in score and address(late) in score
    assert "红牌（超期） 1 件，−5 得分 95" in plain(supervisor, f"/figures/{VILLAGE}?period={NOVEMBER}")
    assert "不参加排名" in plain(supervisor, f"/figures/{TOWNSHIP}?period={NOVEMBER}")
    assert supervisor.open(f"/figures/{OTHER_TOWNSHIP}?period={NOVEMBER}").status_code == 404
    assert supervisor.open("/figures?period=2026-13").status_code == 422
    assert supervisor.open("/figures?period=2027-12").status_code == 422, "a period to come has no figures"
    below = plain(supervisor, f"/figures?period={NOVEMBER}&place={TOWNSHIP}")
    assert "上关村 1 1 0 1" in below and "部门排名" not in below


def test_a_letter_that_may_be_answered_for_ever_stops_no_fold(county: Counter, supervisor: Visitor, late: str) -> None:
    wrote(supervisor, late, "letter", to=VILLAGE, rule="promised", text="请答复", answer_by="9999-12-31")
    assert tally(county, "2027-01", VILLAGE).late_answers == 0


def test_a_letter_that_is_answered_late_or_not_at_all_takes_a_point_and_one_in_time_none(
    network: Network, county: Counter, village: Counter, supervisor: Visitor, agent: Visitor, late: str
) -> None:
    for by in ("2027-01-17", "2027-03-31"):
        wrote(supervisor, late, "letter", to=VILLAGE, rule="promised", text=f"请于{by}前答复", answer_by=by)
    everywhere(network)
    assert tally(county, "2027-01", VILLAGE).late_answers == 0, "the day itself is in time"
    pass_days(network, 1, agent, supervisor)
    assert tally(county, "2027-01", VILLAGE).late_answers == 1, "nobody has answered"
    page = agent.open(address(late)).text
    for position in re.findall(r'name="of" value="([^"]+)"', page):
        wrote(agent, late, "answer", of=position, text="已办")
    assert hidden_of(page, f"{address(late)}/answer")["of"]
    pass_days(network, 90, agent, supervisor)
    everywhere(network)
    assert tally(county, "2027-01", VILLAGE).late_answers == 1, "answered late is late"
    assert tally(county, "2027-04", VILLAGE).late_answers == 0, "answered in time is not"
    assert "督办、整改答复逾期" in plain(supervisor, f"/figures/{VILLAGE}?period=2027-01")


def test_a_bad_rating_takes_points_from_who_handled_the_stage(
    network: Network, county: Counter, supervisor: Visitor
) -> None:
    delegate_all(county.member, "1001", "1002")
    officer = county.sign_in("1001", "window", "officer", name="赵敏")
    other = county.sign_in("1002", "window", name="孙宁")
    grades = ("very_poor", "good")
    for grade in grades:
        case = officer.file("016", **PAPERS)
        done(officer, case, "docket")
        done(officer, case, "decide", outcome="approve")
        done(officer, case, "delivered", to="张秀兰", how="in_person")
        done(other, case, "rating", grade=grade, stage="2", text="跑了两趟", channel="phone")
    said = county.member.casebook.figures("month", NOVEMBER)
    assert (tally(county, NOVEMBER).bad, tally(county, NOVEMBER).rated, tally(county, NOVEMBER).satisfied) == (1, 2, 1)
    [(_, department)] = said.departments
    assert department.bad == 1, "the county's own departments answer for themselves"
    assert [(each.rule, each.department) for each in said.deductions] == [(1, 0)]
    assert "差评成立 1 件 −3" in plain(supervisor, "/figures")
    # What was known against a case goes once nothing of it counts: the next fold says what stands now.
    (rated,) = [each for each in county.member.casebook.work_list("all", {}).rows if each.rating == 4]
    with county.member.store.writing() as connection:
        key = rated.scope, rated.case_id
        faults.put(connection, [key], [FaultRow(*key, 0, faults.BAD_RATING, rated.settled_day or 0, COUNTY)])
    county.member.casebook.tell({rated.scope})
    assert tally(county, NOVEMBER).bad == 2
    done(other, case, "note", text="已回访")
    assert tally(county, NOVEMBER).bad == 1


def bad_of(counter: Counter, period: str) -> tuple[int, int]:
    """How many bad ratings count in a period as it stands, and how many deductions name one."""
    said = counter.member.casebook.figures("month", period)
    return said.whole.bad, sum(each.rule == faults.BAD_RATING for each in said.deductions)


@pytest.mark.parametrize("told_first", [True, False])
def test_a_rating_that_was_appealed_against_counts_in_one_published_month(
    network: Network, village: Counter, township: Counter, county: Counter, told_first: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    on(network, date(2026, 11, 3))
    monkeypatch.setattr(bulletins, "MOST_DEDUCTIONS", 1)
    earlier = village.sign_in("0003", "agent", name="李刚")
    done(earlier, earlier.file("014", **PAPERS), "docket")  # red long before, and still named behind the rating
    on(network, date(2026, 11, 27))
    agent, other = village.sign_in("0001", "agent"), village.sign_in("0002", "agent", name="刘洋")
    head, supervisor = township.sign_in("0102", "head"), county.sign_in("1009", "supervisor")
    everyone = {"0001": agent, "0102": head, "1009": supervisor}

    def days_later(days: int) -> None:
        network.clock.now_ms += days * DAY_MS
        for number, visitor in everyone.items():
            assert visitor.send("/sign-in", {"staff_no": number, "password": PASSWORD}).status_code == 303

    case = agent.file("040", **PAPERS)
    done(agent, case, "docket")
    done(other, case, "rating", grade="poor", stage="1", text="慢", channel="paper")
    everywhere(network)
    assert bad_of(county, NOVEMBER) == (1, 1)
    days_later(4)
    if told_first:
        published(supervisor, NOVEMBER)
    [rating] = chosen(agent.open(case).text, "rating_appeal", "of")
    done(agent, case, "rating_appeal", of=rating, what="appeal", text="不实")
    everywhere(network)
    assert bad_of(county, NOVEMBER) == (0, 0), "while the appeal waits it counts nowhere"
    if not told_first:
        published(supervisor, NOVEMBER)
    [appeal] = chosen(head.open(case).text, "rating_appeal", "of")
    done(head, case, "rating_appeal", of=appeal, what="stands", text="经核实属实")
    everywhere(network)
    here, nowhere = (1, 1), (0, 0)
    assert bad_of(county, NOVEMBER) == (here if told_first else nowhere)
    assert bad_of(county, DECEMBER) == (nowhere if told_first else here)
    assert bad_of(township, DECEMBER) == here, "which has published nothing of its own"
    days_later(40)
    published(supervisor, DECEMBER)
    said = [county.member.casebook.bulletin("month", period).said for period in (NOVEMBER, DECEMBER)]
    assert [each.whole.bad for each in said if isinstance(each, Bulletin)] == ([1, 0] if told_first else [0, 1])
    explained = [f"/figures/{VILLAGE}?period={period}" for period in (NOVEMBER, DECEMBER)]
    assert ["差评成立 1 件" in plain(supervisor, path) for path in explained] == [told_first, not told_first]
    listed = [address(case) in supervisor.open(path).text for path in explained]
    assert listed == [told_first, not told_first]


def test_another_bad_rating_of_a_case_that_a_bulletin_has_named_counts_by_itself(
    network: Network, county: Counter
) -> None:
    delegate_all(county.member, "1001", "1002")
    on(network, date(2026, 11, 27))
    officer = county.sign_in("1001", "window", "officer", name="赵敏")
    other, supervisor = county.sign_in("1002", "window", name="孙宁"), county.sign_in("1009", "supervisor")
    case = officer.file("016", **PAPERS)
    done(officer, case, "docket")
    done(officer, case, "decide", outcome="approve")
    done(other, case, "rating", grade="poor", stage="1", text="慢", channel="phone")
    network.clock.now_ms += 5 * DAY_MS
    for number, visitor in (("1002", other), ("1009", supervisor)):
        assert visitor.send("/sign-in", {"staff_no": number, "password": PASSWORD}).status_code == 303
    published(supervisor, NOVEMBER)
    done(other, case, "rating", grade="very_poor", stage="2", text="跑了两趟", channel="phone")
    assert bad_of(county, NOVEMBER) == bad_of(county, DECEMBER) == (1, 1)


def test_figures_of_one_place_name_its_deductions_however_many_others_have(
    wide: tuple[Network, dict[str, Counter]], monkeypatch: pytest.MonkeyPatch
) -> None:
    network, counters = wide
    for at, place in enumerate((VILLAGE, SECOND_VILLAGE)):
        agent = counters[place].sign_in("0001", "agent")
        done(agent, agent.file("014", **PAPERS), "docket")
        on(network, date(2026, 11, 3 + at))
    on(network, date(2027, 1, 4))
    around(network)
    monkeypatch.setattr(bulletins, "MOST_DEDUCTIONS", 1)
    book = counters[COUNTY].member.casebook
    for place in (VILLAGE, SECOND_VILLAGE):
        said = book.figures("quarter", "2026-Q4", place)
        assert [(each.place, each.home) for each in said.deductions] == [(place, place)]
    assert [each.place for each in book.figures("quarter", "2026-Q4").deductions] == [VILLAGE]
    network.close()


def test_figures_of_a_village_that_goes_on_with_another_begin_with_itself(
    wide: tuple[Network, dict[str, Counter]],
) -> None:
    network, counters = wide
    one, another = (Person(number, "站长", frozenset({"head"}), "") for number in ("0103", "0104"))
    township = counters[TOWNSHIP].member.casebook
    merge(township, (one, another), VILLAGE, SECOND_VILLAGE)
    counters[SECOND_VILLAGE].member.casebook.apply_roster(township.roster.changes(TOWNSHIP))
    around(network)
    agent = counters[SECOND_VILLAGE].sign_in("0001", "agent")
    agent.file("001", **PAPERS)
    page = plain(agent, "/figures")
    assert "黄／红牌 下关村 1" in page and "没有办件的单位：1 个 上关村" in page
    network.close()
