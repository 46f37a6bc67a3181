"""The rates of a period, each counted by hand of a small story, with the county's books on either database."""

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest

from sync_protocol.case import rates
from tests.builders import COUNTY, OTHER_TOWNSHIP, SECOND_VILLAGE, TOWNSHIP, VILLAGE, Network, delegate_all
from tests.village_node.web.api.program import program_at
from tests.village_node.web.counter import PASSWORD, Counter, Visitor, everywhere, open_counter
from tests.village_node.web.errands import PAPERS, chosen, done, handed_up
from tests.village_node.web.test_bulletins import answering, around, on, wide
from tests.village_node.web.test_clocks import plain
from tests.village_node.web.test_export import csv_rows
from tests.village_node.web.test_filing import held
from township_node import web as township_pages
from township_node.succession import merge
from village_node.accounts import Person
from village_node.casebook import terms
from village_node.store import refolding
from village_node.web.rate_words import GROUPS, WORDS

__all__ = ["wide"]

NOVEMBER, DECEMBER = "2026-11", "2026-12"
ASKED = {"what": "supplement", "basis": "条例第五条", "what:material:身份证": "缺页"}
ROLES: dict[str, dict[str, tuple[str, ...]]] = {
    VILLAGE: {"0001": ("agent",), "0003": ("agent", "head")},
    TOWNSHIP: {"0101": ("clerk", "reviewer"), "0102": ("head",)},
    COUNTY: {
        "1001": ("window",), "1002": ("officer",), "1003": ("head",), "1004": ("window",), "1005": ("supervisor",),
        "1006": ("business",),
    },
}  # fmt: skip


@dataclass
class Desks:
    """Who works at the three counters, by staff number; on each day that a story goes to everybody signs in again."""

    network: Network
    counters: dict[str, Counter]
    staff: dict[str, Visitor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for place, roles in ROLES.items():
            for number, has in roles.items():
                self.staff[number] = self.counters[place].sign_in(number, *has, name=f"某{number}")
        delegate_all(self.counters[COUNTY].member, "1002", "1003")

    def go(self, month: int, day: int) -> None:
        """It is nine in the morning of a day."""
        on(self.network, date(2026, month, day))
        for number, visitor in self.staff.items():
            answer = visitor.send("/sign-in", {"staff_no": number, "password": PASSWORD})
            assert answer.status_code == 303

    def __getitem__(self, number: str) -> Visitor:
        return self.staff[number]

    def of(self, code: str, period: str = NOVEMBER, place: str = "", at: str = COUNTY) -> tuple[int, int]:
        """A rate as the node of a place counts it: numerator and denominator."""
        report = self.counters[at].member.casebook.rates("month", period, place)
        (found,) = [each for each in rates.rates_of(report.whole, report.frame) if each.code == code]
        return found.part, found.whole


@pytest.fixture(autouse=True)
def longer_promises(monkeypatch: pytest.MonkeyPatch) -> None:
    """Acceptances of before may promise more days than their item does in public; what is counted is theirs."""
    monkeypatch.setattr(terms, "check_promise", lambda office, case, content: content)


@pytest.fixture
def desks(net: Network, folder: Path) -> Desks:
    on(net, date(2026, 11, 2))  # a Monday; no day of this November is a holiday
    more = township_pages.register
    open_at = {place: open_counter(net.members[place], folder / place, more=more) for place in (COUNTY, TOWNSHIP)}
    return Desks(net, {**open_at, VILLAGE: open_counter(net.members[VILLAGE], folder / VILLAGE)})


@pytest.fixture
def month(desks: Desks) -> dict[str, str]:
    """Cases of one item at the county, all filed and accepted on the 2nd with five working days promised, to the 9th,
    where nothing else is said; on the 12th the story stops."""
    window, officer, head = desks["1001"], desks["1002"], desks["1003"]
    names = ("early", "on_time", "late", "open", "withdrawn", "ended", "extended", "last_day", "after")
    promised = {"extended": "18", "last_day": "20", "after": "20"}
    found = {name: window.file("036", **PAPERS) for name in names}
    for name, case in found.items():
        done(window, case, "docket", promised_days=promised.get(name, "5"))
    desks.go(11, 3)
    done(window, found["withdrawn"], "withdrawal_request", reason="不办了")
    done(window, found["withdrawn"], "answer", **answering(window, found["withdrawn"]))
    done(officer, found["ended"], "suspend", **ASKED, planned_days="2")
    desks.go(11, 4)
    done(head, found["extended"], "extend", days="5", reason="情况复杂")  # due on the 3rd of December
    desks.go(11, 5)
    done(officer, found["early"], "decide", outcome="approve")
    desks.go(11, 6)
    done(officer, found["ended"], "lapse", reasons="逾期未补正")
    desks.go(11, 7)
    found["refused"] = window.file("036", **PAPERS)  # on a Saturday
    desks.go(11, 9)
    done(window, found["refused"], "refuse", reasons="不属于本单位", legal_basis="行政许可法第三十二条")
    done(officer, found["on_time"], "decide", outcome="approve")
    assert desks.of("due_settled") == (0, 0), "until the day is over nobody is behind"
    desks.go(11, 11)
    done(officer, found["late"], "decide", outcome="approve")
    desks.go(11, 12)
    return found


@pytest.mark.slow
def test_what_was_due_in_a_month_was_settled_by_its_end_or_not(desks: Desks, month: dict[str, str]) -> None:
    assert desks.of("due_settled") == (3, 4), "neither what was withdrawn, ended, extended beyond, nor is due later"
    desks.go(11, 30)
    done(desks["1002"], month["last_day"], "decide", outcome="approve")
    assert desks.of("due_settled") == (3, 4)
    desks.go(12, 1)
    assert desks.of("due_settled") == (4, 6), "two were due on the last day of the month"
    done(desks["1002"], month["after"], "decide", outcome="approve")
    done(desks["1002"], month["open"], "decide", outcome="approve")
    assert desks.of("due_settled") == (4, 6), "settled after its end they do not count as settled in it"
    assert desks.of("due_settled", DECEMBER) == (0, 0)
    desks.go(12, 4)
    assert desks.of("due_settled", DECEMBER) == (0, 1), "the one that was extended, on the day it was extended to"
    done(desks["1002"], month["extended"], "decide", outcome="approve")
    assert desks.of("due_settled", DECEMBER) == (1, 1)
    assert desks.of("statutory_late") == (0, 4), "early, on time, late, and on the last day"
    # Twenty days by law, and five more of the one that was extended: 21 and 21 of 20 are used, 24 of 25.
    assert desks.of("statutory_late", DECEMBER) == (2, 3)
    assert desks.of("joint_statutory_late", DECEMBER) == (0, 0)


@pytest.mark.slow
def test_a_case_whose_clock_stands_still_is_not_due(desks: Desks, month: dict[str, str]) -> None:
    case = desks["1001"].file("036", **PAPERS)
    done(desks["1001"], case, "docket", promised_days="5")  # due on the 19th
    done(desks["1002"], case, "suspend", **ASKED)
    desks.go(11, 27)
    assert desks.of("due_settled") == (3, 4)
    desks.network.members[COUNTY].casebook.tell({f"about:{COUNTY}"})
    assert desks.of("due_settled") == (3, 4)


@pytest.mark.slow
def test_of_a_case_that_was_red_before_its_promise_says_whether_it_is_due(desks: Desks, month: dict[str, str]) -> None:
    filed = [desks["1001"].file("036", **PAPERS) for _ in range(2)]
    desks.go(11, 24)  # their acceptance is late
    for case in filed:
        done(desks["1001"], case, "docket", promised_days="20")  # due on the 10th of December
    done(desks["1002"], filed[0], "suspend", **ASKED)
    desks.go(12, 10)
    assert desks.of("due_settled", DECEMBER)[1] == 1, "the one that was extended"
    desks.go(12, 14)
    assert desks.of("due_settled", DECEMBER)[1] == 2, "the promise of the other stands still"


@pytest.mark.slow
def test_what_came_in_is_divided_by_what_could_have_gone_another_way(desks: Desks, month: dict[str, str]) -> None:
    assert desks.of("refused") == (1, 10), "of nine accepted and one not"
    assert desks.of("corrected") == (0, 10) and desks.of("returned") == (0, 9) and desks.of("near") == (0, 10)
    window = desks["1001"]
    case = corrected(window)
    assert desks.of("corrected") == (1, 11) and desks.of("returned") == (0, 9), "before acceptance it is no return"
    done(window, case, "docket")
    assert desks.of("returned") == (0, 10)
    done(desks["1002"], month["open"], "return_for_correction", **{"what:applicant_phone": "空号"})
    assert desks.of("returned") == (1, 10) and desks.of("corrected") == (1, 11)


def corrected(window: Visitor) -> str:
    """A case that was returned before acceptance, and supplied."""
    case = window.file("036", **PAPERS)
    done(window, case, "return_for_correction", **{"what:applicant_phone": "空号"})
    done(window, case, "supply", **{"answer:applicant_phone": "13900005678"})
    done(window, case, "take", supplies=chosen(window.open(case).text, "take", "supplies"))
    return case


@pytest.mark.slow
def test_days_visits_and_ratings_of_what_was_settled(desks: Desks, month: dict[str, str]) -> None:
    assert desks.of("per_working_day") == (3, 9) and desks.of("per_calendar_day") == (3, 12), "up to the 12th"
    assert desks.of("per_day_off") == (1, 3), "one on a Saturday, of a weekend and the Sunday before the 2nd"
    assert desks.of("rated") == (0, 3) and desks.of("visits") == (3, 3), "each was applied for at a counter"
    window = desks["1001"]
    done(window, month["early"], "delivered", to="张秀兰", how="in_person")
    done(window, month["late"], "delivered", to="张秀兰", how="post", where="驿马镇上关村", proof="XA1")
    done(desks["1004"], month["early"], "rating", grade="good", stage="2", channel="phone")
    assert desks.of("rated") == (1, 3) and desks.of("visits") == (4, 3), "what came by post was no visit"
    case = corrected(window)
    done(window, case, "docket")
    done(desks["1002"], case, "decide", outcome="approve")
    assert desks.of("visits") == (4 + 2, 4), "and once more with what was wanting"
    desks.go(12, 10)
    assert desks.of("per_working_day") == (4, 21) and desks.of("per_calendar_day") == (4, 30)
    assert desks.of("per_day_off") == (1, 9) and desks.of("per_day_off", "2026-10") == (0, 11)


def test_the_catalogue_of_the_last_day_says_what_is_done_at_once_and_how_much_is_promised(desks: Desks) -> None:
    offered = desks.counters[COUNTY].member.casebook.catalogue.offered(date(2026, 11, 2))
    at_once = [item for item in offered if item.kind == "即办件"]
    limited = [(item.statutory_days, item.promised_days) for item in offered if item.statutory_days]
    assert 0 < len(at_once) < len(offered) and len(limited) < len(offered)
    assert desks.of("at_once_items") == (len(at_once), len(offered))
    law, promise = (sum(days) for days in zip(*limited, strict=True))
    assert desks.of("compression") == (law - promise, law) and 0 < promise < law
    assert desks.of("compression", place=TOWNSHIP) == (law - promise, law)


@pytest.mark.slow
def test_a_case_of_a_village_counts_there_and_its_ways_are_those_of_its_transfers(desks: Desks) -> None:
    agent, clerk = desks["0001"], desks["0101"]
    case = agent.file("001", **PAPERS)
    assert desks.of("villages_reached", at=VILLAGE) == (0, 1) and desks.of("near", at=VILLAGE) == (1, 1)
    done(agent, case, "handoff")
    everywhere(desks.network)
    desks.go(11, 4)
    done(clerk, case, "accept")  # two working days on its way
    done(clerk, case, "docket")
    done(clerk, case, "review", opinion="agree")
    desks.go(11, 6)
    done(clerk, case, "handoff")
    everywhere(desks.network)
    desks.go(11, 9)
    done(desks["1001"], case, "accept")  # a Friday and a Monday: one
    assert desks.of("transfer_time") == (0, 0), "not settled yet"
    done(desks["1003"], case, "decide", outcome="approve")
    handed_up(desks.network, desks["1001"], agent, case)  # down again, on the same day
    everywhere(desks.network)
    for at in (COUNTY, TOWNSHIP):
        assert desks.of("transfer_time", at=at) == (3, 3)
        assert desks.of("near", at=at) == (1, 1) and desks.of("villages_reached", at=at) == (1, 1)
    assert desks.of("near", place=TOWNSHIP) == desks.of("villages_reached", place=VILLAGE) == (1, 1)
    report = desks.counters[COUNTY].member.casebook.rates("month", NOVEMBER)
    assert [(each.place, each.whole, each.counts.received) for each in report.lines] == [
        (COUNTY, False, 0), (TOWNSHIP, True, 1)
    ]  # fmt: skip
    assert desks.counters[COUNTY].member.casebook.rates("month", NOVEMBER, VILLAGE).lines == ()


def test_a_draft_is_looked_at_in_time_within_two_working_days_of_its_arrival(desks: Desks) -> None:
    agent, clerk = desks["0001"], desks["0101"]
    in_time, late, silent, away = (agent.file("001", **PAPERS, do="preview") for _ in range(4))
    everywhere(desks.network)
    desks.go(11, 4)
    for case in (in_time, late, silent):
        done(clerk, case, "accept")
    assert desks.of("preview_in_time", at=TOWNSHIP) == (0, 0), "nobody has answered, and nobody is late"
    desks.go(11, 6)
    done(clerk, in_time, "prereview_reply", outcome="ready")
    assert desks.of("preview_in_time", at=TOWNSHIP) == (1, 1), "the second day after it came is in time"
    desks.go(11, 9)
    assert desks.of("preview_in_time", at=TOWNSHIP) == (1, 3), "two wait for longer; one has not arrived"
    done(
        clerk,
        late,
        "prereview_reply",
        outcome="missing",
        **{"mark:material:户口簿": "yes", "what:material:户口簿": "缺页"},
    )
    everywhere(desks.network)
    assert desks.of("preview_in_time") == (1, 3)
    # What was missing is brought: the time to look at it runs anew, and receiving it answers as well.
    done(agent, late, "supply", **{"paper:material:户口簿": "yes", "copies:material:户口簿": "1"})
    everywhere(desks.network)
    done(clerk, late, "take", supplies=chosen(clerk.open(late).text, "take", "supplies"))
    done(clerk, late, "prereview_reply", outcome="ready")
    assert desks.of("preview_in_time", at=TOWNSHIP) == (2, 4) and away


@pytest.mark.slow
def test_a_bad_rating_is_put_right_in_time_and_asked_about_by_the_day_its_term_ends(desks: Desks) -> None:
    window, other, head = desks["1001"], desks["1004"], desks["1003"]
    in_time, late, silent, struck = (window.file("016", **PAPERS) for _ in range(4))
    for case in (in_time, late, silent, struck):
        done(window, case, "docket")
        done(desks["1002"], case, "decide", outcome="approve")
        done(window, case, "delivered", to="张秀兰", how="in_person")
        done(other, case, "rating", grade="very_poor", stage="2", text="跑了两趟", channel="phone")
    done(other, struck, "rating", grade="poor", stage="1", text="没说清", channel="phone")
    appeal, _ = chosen(head.open(struck).text, "rating_appeal", "of")
    done(head, struck, "rating_appeal", of=appeal, what="appeal", text="不实")
    desks.go(11, 10)
    [order] = chosen(head.open(in_time).text, "rectification", "order")
    done(head, in_time, "rectification", order=order, text="已道歉")
    [answer] = chosen(other.open(in_time).text, "follow_up", "rectification")
    done(other, in_time, "follow_up", rectification=answer, grade="good", channel="phone")
    desks.go(11, 23)
    assert desks.of("bad_mended") == desks.of("bad_asked") == (0, 0), "the fifteenth working day is in time"
    desks.go(11, 24)
    assert desks.of("bad_mended") == desks.of("bad_asked") == (1, 4), "of two of one case one waits for its appeal"
    [order] = chosen(head.open(late).text, "rectification", "order")
    done(head, late, "rectification", order=order, text="已退费")
    assert desks.of("bad_mended") == (1, 4) and desks.of("bad_asked") == (1, 4), "late is late, and nobody asked"
    [answer] = chosen(other.open(late).text, "follow_up", "rectification")
    done(other, late, "follow_up", rectification=answer, grade="very_poor", text="没退", channel="phone")
    assert desks.of("bad_mended") == (1, 3) and desks.of("bad_asked") == (1, 3), "its second term ends next month"
    [order] = chosen(head.open(late).text, "rectification", "order")
    done(head, late, "rectification", order=order, text="已退")
    desks.go(12, 30)
    assert desks.of("bad_mended", DECEMBER) == (1, 1) and desks.of("bad_asked", DECEMBER) == (0, 1)
    [answer] = chosen(other.open(late).text, "follow_up", "rectification")
    done(other, late, "follow_up", rectification=answer, grade="good", channel="phone")
    assert desks.of("bad_asked", DECEMBER) == (0, 1) and desks.of("bad_asked") == (1, 3), "its term was over"


@pytest.mark.slow
def test_who_is_called_in_time_after_a_bad_rating_is_called_back(desks: Desks) -> None:
    window, other = desks["1001"], desks["1004"]
    reached, missed, late, before = (window.file("016", **PAPERS) for _ in range(4))
    for case in (reached, missed, late, before):
        done(window, case, "docket")
        done(desks["1002"], case, "decide", outcome="approve")
        done(window, case, "delivered", to="张秀兰", how="in_person")
    done(other, before, "call_back", reached="yes", text="还没用上")
    desks.go(11, 3)
    for case in (reached, missed, late, before):
        done(other, case, "rating", grade="poor", stage="1", text="没说清", channel="phone")
    desks.go(11, 4)
    done(other, reached, "call_back", reached="yes", text="已说明情况")
    done(other, missed, "call_back", reached="no", text="无人接听")
    desks.go(11, 25)
    done(other, late, "call_back", reached="yes", text="已说明情况")
    assert desks.of("bad_asked") == (1, 4), "not who was missed, called too late, or called before they rated"
    assert desks.of("bad_mended") == (0, 4)


@pytest.mark.slow
def test_the_page_shows_what_each_rate_is_divided_of_and_compares_places(desks: Desks, month: dict[str, str]) -> None:
    supervisor = desks["1005"]
    page = plain(supervisor.open("/rates").text)
    assert "办结率 75.0% 已办结 3 ／ 到期的件 4" in page and "不予受理率 10.0% 不予受理 1 ／ 受理和不予受理 10" in page
    assert "差评整改率 — 按期答复整改 0 ／ 整改期满的差评 0" in page, "of nothing there is no share"
    assert "投诉率 统计不到" in page and "本期尚未结束" in page
    assert 'id="places"' not in supervisor.open("/rates?rate=compression").text, "which is the same everywhere"
    compared = plain(supervisor.open("/rates?rate=due_settled").text)
    assert "庆城县 本级 75.0% 3 4 驿马镇 含下级 — 0 0" in compared
    of_township = plain(supervisor.open(f"/rates?place={TOWNSHIP}&period=2026-Q4").text)
    assert "驿马镇，2026年第4季度" in of_township and "办结率 — 已办结 0 ／ 到期的件 0" in of_township
    assert supervisor.open(f"/rates?place={OTHER_TOWNSHIP}").status_code == 404
    settled = desks.of("rated")[1]
    quarter = plain(supervisor.open("/rates?period=2026-Q4").text)
    assert f"／ 办结 {settled} " in quarter
    done(desks["1002"], month["last_day"], "decide", outcome="approve")
    for period in ("2026-11", "2026-Q4", "2026"):
        counted = plain(supervisor.open(f"/rates?period={period}").text)
        assert f"／ 办结 {settled + 1} " in counted, "each is counted anew with each record that comes"
    for wrong in ("2026-13", "2027-01", "x"):
        assert supervisor.open(f"/rates?period={wrong}").status_code == 422
    of_village = supervisor.open(f"/rates?place={VILLAGE}").text
    assert f'value="{VILLAGE}" selected' in of_village and "rate=" not in of_village, "it has nobody below to compare"
    assert "办件指标" in supervisor.open("/figures").text and "/rates" in supervisor.open("/timeliness").text


@pytest.mark.slow
def test_the_rates_are_taken_away_and_read_by_a_program(desks: Desks, month: dict[str, str]) -> None:
    rows = csv_rows(desks["1005"].open("/rates.csv"))
    assert rows[1][:2] == [NOVEMBER, "2026-11-01"] and rows[1][3:] == [
        COUNTY, "庆城县", "含下级", "办结率", "已办结", "3", "到期的件", "4", "75.0", "%"
    ]  # fmt: skip
    assert len(rows) == 1 + len(rates.CODES) + 2 * len(rates.COMPARED)
    assert [row[11] for row in rows if row[6] == "差评整改率"] == ["", "", ""]
    assert len(csv_rows(desks["1005"].open(f"/rates.csv?place={VILLAGE}"))) == 1 + len(rates.CODES)
    assert desks["1005"].open("/rates.xlsx").status_code == 200
    assert desks["1005"].open("/rates.csv?period=x").status_code == 422
    assert desks["1001"].open("/rates").status_code == 200 and desks["1001"].open("/rates.csv").status_code == 404
    program = program_at(desks.counters[COUNTY], "1009", "supervisor")
    told = program.get(f"/rates?period={NOVEMBER}").get_json()
    assert (told["place"], told["first"], told["last"]) == (COUNTY, "2026-11-01", "2026-11-12")
    said = {each["code"]: each for each in told["rates"]}
    assert tuple(said) == rates.CODES and told["not_known"] == ["upheld"]
    assert said["due_settled"] == {
        "code": "due_settled", "unit": "percent", "numerator": 3, "denominator": 4, "tenths": 750
    }  # fmt: skip
    assert said["bad_mended"]["tenths"] is None
    assert [(each["place"], each["with_below"]) for each in told["places"]] == [(COUNTY, False), (TOWNSHIP, True)]
    assert program.get(f"/rates?place={OTHER_TOWNSHIP}").status_code == 404
    refused = program.get("/rates?period=2026-13")
    assert refused.status_code == 422 and refused.get_json()["field"] == "period"


def test_that_cases_still_wait_to_be_counted_is_told_to_people_and_programs(desks: Desks) -> None:
    case, member = held(desks.counters[COUNTY], desks["1001"].file("036", **PAPERS)), desks.counters[COUNTY].member
    program, pages = program_at(desks.counters[COUNTY], "1009", "supervisor"), ("/rates", "/figures")
    for waiting in (1, 0):
        with member.store.writing() as connection:
            if waiting:
                refolding.ask(connection, [(f"about:{case.home}", case.case_id)])
            member.casebook.mark_news(connection, set())
        for page in pages:
            assert program.get(page).get_json()["left_to_fold"] == waiting, page
            assert ("还有 1 件待重新登记" in plain(desks["1005"].open(page).text)) == bool(waiting), page
        member.casebook.fold_slice()


@pytest.mark.slow
def test_the_page_speaks_english_and_has_words_for_every_rate(desks: Desks, month: dict[str, str]) -> None:
    assert set(WORDS) == set(rates.CODES) and {each.group for each in WORDS.values()} == set(GROUPS)
    supervisor = desks["1005"]
    chinese = plain(supervisor.open("/rates").text)
    assert (
        "日均办结（工作日） 0.3 件 办结 3 ／ 工作日 9" in chinese
        and "跑动次数 1.0 次 到窗口次数 3 ／ 办结 3" in chinese
    )
    supervisor.send("/display", {"lang": "en"})
    english = plain(supervisor.open("/rates?rate=refused").text)
    assert "Settled of what was due 75.0% 3 settled ／ 4 cases due" in english and "not known here" in english
    assert "Settled a working day 0.3 cases" in english and "By place: Not accepted" in english
    rows = csv_rows(supervisor.open("/rates.csv"))
    assert rows[0][6] == "Rate" and rows[1][5:8] == ["with those below", "Settled of what was due", "settled"]


def test_what_a_village_had_before_it_goes_on_with_another_counts_at_that_one(
    wide: tuple[Network, dict[str, Counter]],
) -> None:
    network, counters = wide
    agent = counters[VILLAGE].sign_in("0001", "agent")
    done(agent, agent.file("040", **PAPERS), "docket")
    around(network)
    township = counters[TOWNSHIP].member.casebook

    def reached() -> list[tuple[str, int, int, int]]:
        lines = township.rates("month", NOVEMBER).lines
        return [(each.place, each.counts.accepted, each.counts.reached, each.counts.villages) for each in lines]

    assert reached() == [(TOWNSHIP, 0, 0, 0), (VILLAGE, 1, 1, 1), (SECOND_VILLAGE, 0, 0, 1)]
    one, another = (Person(number, "站长", frozenset({"head"}), "") for number in ("0103", "0104"))
    merge(township, (one, another), VILLAGE, SECOND_VILLAGE)
    assert reached() == [(TOWNSHIP, 0, 0, 0), (SECOND_VILLAGE, 1, 1, 1)]
    network.close()
