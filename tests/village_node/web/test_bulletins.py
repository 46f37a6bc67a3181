"""The bulletin that is made of the figures of a period once and for all, and the rules of its scores."""

import csv
import io
import re
from collections import Counter as Counted
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from sync_protocol.case import Position, bulletins, kinds, periods, standings
from sync_protocol.case.bulletins import Bulletin, PlaceLine, Published
from sync_protocol.case.tallies import Tally
from sync_protocol.case.workdays import FIRST_DAY
from tests.builders import COUNTY, OTHER_TOWNSHIP, SECOND_VILLAGE, TOWNSHIP, VILLAGE, Network, delegate
from tests.village_node.notices.given import words
from tests.village_node.web.api.program import program_at
from tests.village_node.web.counter import (
    Counter,
    Visitor,
    everywhere,
    exchange,
    open_counter,
    problems,
)
from tests.village_node.web.errands import PAPERS, AtHand, at_the_township, chosen, delivered, done
from tests.village_node.web.test_clocks import DAY_MS
from tests.village_node.web.test_item_shapes import Cast, cast
from tests.village_node.web.test_supervision import late, pass_days, supervisor
from village_node.casebook import BadBody
from village_node.casebook import bulletins_held as module
from village_node.casebook.bulletins import Bulletins
from village_node.casebook.figures import sample_rules
from village_node.store import rows, streams
from village_node.store.cases import CaseRow

__all__ = ["cast", "late", "supervisor"]

SET = {
    "document_no": "庆政务发〔2027〕3号", "since": "2027-02-01", "base": "100", "overdue": "10", "bad_rating": "3",
    "late_answer": "1", "yellow": "2", "flags": "1", "bottom": "2",
}  # fmt: skip
NOVEMBER, DECEMBER = "2026-11", "2026-12"
RED = "红牌（超期） 1 件 −5"


def plain(visitor: Visitor, path: str) -> str:
    """A page without its marks."""
    answer = visitor.open(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text.partition("<main")[2]).split())


def published(visitor: Visitor, period: str) -> None:
    answer = visitor.send("/bulletins", {"period": period})
    assert answer.status_code == 303, problems(answer.text)


def refused(visitor: Visitor, path: str, said: str, /, **values: str) -> str:
    answer = visitor.send(path, values)
    assert answer.status_code in (409, 422) and said in "".join(problems(answer.text)), problems(answer.text)
    return answer.text


def tally(counter: Counter, period: str, place: str = COUNTY) -> Tally:
    said = counter.member.casebook.figures("quarter" if "Q" in period else "month", period)
    return next(each.tally for each in said.places if each.place == place)


def row_of(counter: Counter, case: str) -> CaseRow:
    place, case_id = case.split("/")[2:4]
    row = counter.member.casebook.case_row(f"about:{place}", bytes.fromhex(case_id))
    assert row is not None
    return row


def on(network: Network, day: date) -> None:
    """It is nine in the morning of a day."""
    network.clock.now_ms = (day - FIRST_DAY).days * DAY_MS + 3_600_000


def answering(visitor: Visitor, case: str) -> dict[str, str]:
    [request] = chosen(visitor.open(case).text, "answer", "request")
    return {"request": request, "granted": "yes"}


def test_a_bulletin_stays_what_it_was_and_reaches_the_village_on_paper_as_well(
    network: Network, county: Counter, supervisor: Visitor, agent: Visitor, late: str
) -> None:
    published(supervisor, NOVEMBER)
    path = f"/bulletins/{COUNTY}/{NOVEMBER}"
    first = plain(supervisor, path)
    assert "政务行审通报〔2027〕621021-" in first and RED in first and "平" in first
    # What happens later changes today's figures, and not the bulletin.
    done(agent, late, "withdrawal_request", reason="不办了")
    done(agent, late, "answer", **answering(agent, late))
    everywhere(network)
    assert plain(supervisor, path) == first
    assert "2026年11月" in plain(supervisor, "/bulletins") and "2026年11月" in plain(agent, "/bulletins")
    there = plain(agent, path)
    assert RED in there and str(row_of(county, late).case_no) in there and "发布单位 庆城县" in there
    county.app.extensions["sanji.site"].printer = AtHand()
    paper = supervisor.open(f"{path}/print")
    assert paper.content_type == "application/pdf"
    said = words(paper.data)
    for expected in ("2026年11月政务服务情况通报", "政务行审通报〔2027〕", "收件1件", "上关村95", "系统自带样例规则"):
        assert expected in said.replace(" ", ""), expected
    assert "张秀兰" not in said
    table = list(csv.DictReader(io.StringIO(supervisor.open(f"{path}.csv").data.decode("utf-8-sig"))))
    assert [(line["名称"], line["红牌"], line["得分"]) for line in table if line["代码"] == VILLAGE] == [
        ("上关村", "1", "95")
    ]
    assert supervisor.open(f"{path}.xlsx").data[:2] == b"PK"
    assert agent.open(f"{path}.csv").status_code == 404, "who works on single cases reads the page"


def test_no_word_about_a_person_is_in_what_is_published(
    network: Network, county: Counter, supervisor: Visitor, late: str
) -> None:
    published(supervisor, NOVEMBER)
    with county.member.store.reading() as connection:
        [row] = streams.of_no_case(connection, kinds.BULLETIN)
    raw = row.event.body or b""
    case = county.member.casebook.case(f"about:{VILLAGE}", bytes.fromhex(late.split("/")[3]))
    assert case is not None and case.applicant["name"] == "张秀兰"
    for told in (*map(str, case.applicant.values()), case.case_no, case.query_code, "王芳", "0001"):
        assert told.encode() not in raw, told
    assert bytes.fromhex(late.split("/")[3]) in raw, "the case is named by its id, which tells nobody anything"


def test_a_period_is_published_once_when_it_is_over_and_none_behind_a_later_one(
    network: Network, village: Counter, supervisor: Visitor, late: str
) -> None:
    refused(supervisor, "/bulletins", "本期尚未结束", period="2027-01")
    refused(supervisor, "/bulletins", "期间须写成", period="2026-1")
    assert "本期尚未结束" in plain(supervisor, "/figures?period=2027-01")
    published(supervisor, DECEMBER)
    refused(supervisor, "/bulletins", "本期已经通报", period=DECEMBER)
    refused(supervisor, "/bulletins", "以后的期间已经通报", period=NOVEMBER)
    published(supervisor, "2026-Q4")
    published(supervisor, "2026")
    head = village.sign_in("0005", "head")
    assert "只有督查或站长可以发布通报" in "".join(problems(head.send("/bulletins", {"period": NOVEMBER}).text))
    rows = re.findall(r'<td><a class="row-link"[^>]*>([^<]*)', supervisor.open("/bulletins?kind=quarter").text)
    assert rows == ["2026年第4季度"]
    assert len(re.findall('<td><a class="row-link"', supervisor.open("/bulletins?kind=week").text)) > 1, "no such kind"
    assert "没有符合条件" in supervisor.open("/bulletins?text=1999").text
    assert supervisor.open(f"/bulletins/{COUNTY}/2026-10").status_code == 404


def test_what_arrives_after_a_bulletin_is_told_by_the_next_one(
    network: Network, county: Counter, supervisor: Visitor, agent: Visitor
) -> None:
    agent.file("001", **PAPERS)  # and the line is down
    pass_days(network, 20, agent, supervisor)
    published(supervisor, NOVEMBER)
    assert tally(county, NOVEMBER, VILLAGE).received == 0
    everywhere(network)
    assert tally(county, NOVEMBER, VILLAGE).received == 1
    assert "0 / 0 件" in plain(supervisor, f"/bulletins/{COUNTY}/{NOVEMBER}")
    pass_days(network, 30, agent, supervisor)
    published(supervisor, DECEMBER)
    assert "以前各期通报后到的：收件 1，受理 0，办结 0" in plain(supervisor, f"/bulletins/{COUNTY}/{DECEMBER}")


def late_told(counter: Counter, period: str) -> tuple[int, int, int]:
    said = counter.member.casebook.bulletin("month", period).said
    assert isinstance(said, Bulletin)
    return said.late


def test_what_arrives_several_periods_later_is_told_by_the_next_bulletin_once(
    network: Network, county: Counter, supervisor: Visitor, agent: Visitor
) -> None:
    agent.file("001", **PAPERS)  # in November, and the line is down for three months
    pass_days(network, 50, agent, supervisor)
    agent.file("001", **PAPERS)  # in January
    for period in ("2026-10", NOVEMBER, DECEMBER):
        published(supervisor, period)
    assert late_told(county, DECEMBER) == (0, 0, 0)
    pass_days(network, 30, agent, supervisor)
    published(supervisor, "2027-01")
    everywhere(network)
    assert [tally(county, period, VILLAGE).received for period in (NOVEMBER, "2027-01")] == [1, 1]
    pass_days(network, 30, agent, supervisor)
    published(supervisor, "2027-02")
    assert late_told(county, "2027-02") == (2, 0, 0)
    page = plain(supervisor, f"/bulletins/{COUNTY}/2027-02")
    assert "以前各期通报后到的：收件 2，受理 0，办结 0" in page
    pass_days(network, 30, agent, supervisor)
    published(supervisor, "2027-03")
    assert late_told(county, "2027-03") == (0, 0, 0), "what was told once is not told again"
    told = [county.member.casebook.bulletin("month", f"2027-{n:02}").said for n in (1, 2, 3)]
    assert sum(said.whole.received + said.late[0] for said in told if isinstance(said, Bulletin)) == 2


def test_what_a_clock_that_ran_ahead_had_published_bars_no_period_of_today(
    network: Network, county: Counter, late: str
) -> None:
    book, ours = county.member.casebook, network.clock.now_ms
    network.clock.now_ms += 3_000 * DAY_MS
    book.publish_bulletin("1009", {"supervisor"}, "month", "2034-12")
    network.clock.now_ms = ours
    assert isinstance(book.publish_bulletin("1009", {"supervisor"}, "month", NOVEMBER).said, Bulletin)
    rules = sample_rules()._replace(document_no="督〔2027〕1号", since="2027-02-01")
    book.set_rules("1009", {"supervisor"}, rules)
    assert book.why_not_publish("month", "2034-12") is not None


def test_what_a_village_publishes_with_another_program_says_nothing_anywhere(
    network: Network, village: Counter, county: Counter, agent: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent.file("001", **PAPERS)
    network.clock.now_ms += 40 * DAY_MS
    with monkeypatch.context() as forged:
        forged.setattr(Bulletins, "may_publish_bulletins", lambda _self, _roles: True)
        forged.setattr(module, "PUBLISH", ("village",))
        village.member.casebook.publish_bulletin("0001", {"agent"}, "month", NOVEMBER)
        assert village.member.casebook.bulletins()
    everywhere(network)
    with county.member.store.reading() as connection:
        assert streams.of_no_case(connection, kinds.BULLETIN), "it has come"
    network.clock.now_ms += 1
    assert county.member.casebook.bulletins() == []


def test_what_a_township_publishes_of_places_outside_its_part_is_refused_and_says_nothing_anywhere(
    wide: tuple[Network, dict[str, Counter]], monkeypatch: pytest.MonkeyPatch
) -> None:
    network, counters = wide
    on(network, date(2026, 12, 2))
    ours, real = counters[TOWNSHIP].member.casebook, Bulletins.figures

    def with_another(book: Bulletins, *asked: Any, **more: Any) -> Bulletin:
        said = real(book, *asked, **more)
        return said._replace(places=(*said.places, said.places[-1]._replace(place=OTHER_TOWNSHIP, parent=-1, level=1)))

    with monkeypatch.context() as forged:
        forged.setattr(Bulletins, "figures", with_another)
        with pytest.raises(BadBody) as refused_with:
            ours.publish_bulletin("0101", {"head"}, "month", NOVEMBER)
        assert refused_with.value.field == "places" and ours.bulletins() == []
        forged.setattr(bulletins, "within", lambda *_: True)
        ours.publish_bulletin("0101", {"head"}, "month", NOVEMBER)
        assert ours.bulletins()
    around(network)
    network.clock.now_ms += 1
    for place in (COUNTY, TOWNSHIP, VILLAGE):
        book = counters[place].member.casebook
        with book.store.reading() as connection:
            assert streams.of_no_case(connection, kinds.BULLETIN), "it has come"
        assert book.bulletins() == [], place
    network.close()


def test_nothing_is_published_while_rows_are_still_filled_after_an_upgrade(
    network: Network, county: Counter, supervisor: Visitor, agent: Visitor, late: str
) -> None:
    (key,) = county.member.casebook.work_list("all", {}).rows
    with county.member.store.writing() as connection:
        rows.do(connection, "INSERT INTO to_fold (scope, case_id) VALUES (?, ?)", (key.scope, key.case_id))
    county.member.casebook.tell({key.scope})
    refused(supervisor, "/bulletins", "算完才能通报", period=NOVEMBER)
    while county.member.casebook.fold_slice():
        pass
    published(supervisor, NOVEMBER)


def test_the_county_s_rules_hold_from_their_day_and_a_bulletin_names_those_it_went_by(
    network: Network, county: Counter, supervisor: Visitor, agent: Visitor, late: str
) -> None:
    published(supervisor, DECEMBER)
    typed = refused(supervisor, "/score-rules", "2026-12-31 以前已经通报", **{**SET, "since": "2026-12-31"})
    assert SET["document_no"] in typed, "what was typed is kept"
    refused(supervisor, "/score-rules", "请填写文号", **{**SET, "document_no": ""})
    refused(supervisor, "/score-rules", "请填写施行日期", **{**SET, "since": ""})
    refused(supervisor, "/score-rules", "扣分须为", **{**SET, "overdue": "五分"})
    assert supervisor.send("/score-rules", SET).status_code == 303
    everywhere(network)
    assert SET["document_no"] in plain(agent, "/score-rules")
    assert agent.send("/score-rules", SET).status_code == 404
    book = county.member.casebook
    assert book.rules_for("month", "2027-01").points == (5, 3, 1, 0)
    assert book.rules_for("month", "2027-02").points == (10, 3, 1, 2)
    pass_days(network, 60, agent, supervisor)
    published(supervisor, "2027-02")
    assert f"依据 {SET['document_no']}" in plain(supervisor, f"/bulletins/{COUNTY}/2027-02")
    assert "样例规则" in plain(supervisor, f"/bulletins/{COUNTY}/{DECEMBER}")


@pytest.fixture
def wide(folder: Path) -> tuple[Network, dict[str, Counter]]:
    """A county, two townships, and two villages of one of them."""
    network = Network(folder)
    network.enrol(COUNTY, TOWNSHIP, VILLAGE, SECOND_VILLAGE, OTHER_TOWNSHIP)
    on(network, date(2026, 11, 2))
    return network, {
        place: open_counter(network.open(place), folder / place)
        for place in (COUNTY, TOWNSHIP, VILLAGE, SECOND_VILLAGE, OTHER_TOWNSHIP)
    }


def around(network: Network) -> None:
    up = ((VILLAGE, TOWNSHIP), (SECOND_VILLAGE, TOWNSHIP), (TOWNSHIP, COUNTY), (OTHER_TOWNSHIP, COUNTY))
    exchange(network, *up, *reversed(up))


def made_up(counter: Counter, number: int) -> list[Published]:
    """So many monthly bulletins of the county, the newest first, by each of which the village has lost points."""
    book = counter.member.casebook
    faulty = Tally(accepted=1, red=1)
    villages = (PlaceLine(VILLAGE, 2, 0, faulty), PlaceLine(SECOND_VILLAGE, 2, 0, Tally(accepted=1)))
    lines = (PlaceLine(COUNTY, 0, -1, Tally()), *villages)
    said = book.figures("month", "2026-10")._replace(places=lines)
    found, period = list[Published](), "2026-10"
    for at in range(number):
        position = Position(bytes(16), number - at, bytes(8))
        found.append(Published(position, 0, COUNTY, "1009", 0, said._replace(period=period, number=f"N-{at}")))
        period = periods.before("month", period)
    return found


def test_a_page_of_bulletins_ranks_no_more_than_it_shows(
    county: Counter, agent: Visitor, supervisor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    every, ranked = made_up(county, 240), Counted[str]()
    real = standings.rankings

    def counted(said: Bulletin) -> dict[str, list[standings.Ranked]]:
        ranked[said.period] += 1
        return real(said)

    monkeypatch.setattr(standings, "rankings", counted)
    monkeypatch.setattr(Bulletins, "_read", lambda *_: every)
    page = plain(agent, "/bulletins")
    assert "上关村连续 240 个月排在末位" in page and "第 2 名，95 分，末位" in page
    once, more = sum(ranked.values()), 50
    plain(agent, "/bulletins?page=2")
    assert sum(ranked.values()) == once + more, "how long somebody is last is counted once for each state of the books"
    before = sum(ranked.values())
    assert "第 2 名" in plain(agent, "/bulletins?text=N-239")
    assert sum(ranked.values()) == before + 1, "what is not listed is not ranked"
    plain(supervisor, "/bulletins?page=2")
    before = sum(ranked.values())
    plain(supervisor, "/bulletins?page=3")
    assert sum(ranked.values()) == before, "who publishes is not ranked by it"


def test_the_cases_of_all_deductions_are_asked_for_at_once(
    county: Counter, supervisor: Visitor, late: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    published(supervisor, NOVEMBER)

    def one_by_one(*_: object) -> None:
        raise AssertionError("cases are read one by one")

    monkeypatch.setattr(Bulletins, "case_row", one_by_one)
    page = plain(supervisor, f"/bulletins/{COUNTY}/{NOVEMBER}")
    monkeypatch.undo()
    assert str(row_of(county, late).case_no) in page


def test_a_township_publishes_of_its_own_villages_and_who_is_last_twice_is_told(
    wide: tuple[Network, dict[str, Counter]],
) -> None:
    network, counters = wide
    for number, month in enumerate((11, 12)):
        on(network, date(2026, month, 2))
        agents = {
            place: counters[place].sign_in(f"00{number}{at}", "agent")
            for at, place in enumerate((VILLAGE, SECOND_VILLAGE))
        }
        left = agents[VILLAGE].file("014", **PAPERS)
        done(agents[VILLAGE], left, "docket")  # and nobody touches it until it is red
        agents[SECOND_VILLAGE].file("001", **PAPERS)
    on(network, date(2027, 1, 4))
    around(network)
    head = counters[TOWNSHIP].sign_in("0101", "head")
    clerk = counters[TOWNSHIP].sign_in("0102", "clerk")
    assert clerk.send("/bulletins", {"period": NOVEMBER}).status_code == 404
    published(head, NOVEMBER)
    assert "连续" not in plain(head, f"/bulletins/{TOWNSHIP}/{NOVEMBER}")
    published(head, DECEMBER)
    page = plain(head, f"/bulletins/{TOWNSHIP}/{DECEMBER}")
    assert "连续 2 个月末位，内部通报" in page and "红旗" in page
    assert "上关村连续 2 个月排在末位" in plain(head, "/bulletins")
    around(network)
    agent = counters[VILLAGE].sign_in("0009", "agent")
    told = plain(agent, "/bulletins")
    assert "连续 2 个月排在末位" in told and "第 2 名，95 分，末位" in told
    neighbour = counters[SECOND_VILLAGE].sign_in("0009", "agent")
    page = plain(neighbour, f"/bulletins/{TOWNSHIP}/{DECEMBER}")
    assert "不在本机" in page and "第 1 名，100 分，红旗" in plain(neighbour, "/bulletins")
    assert "连续" not in plain(neighbour, "/bulletins"), "another's streak is not shown in one's own list"
    supervisor = counters[COUNTY].sign_in("1009", "supervisor")
    assert plain(supervisor, f"/bulletins/{TOWNSHIP}/{DECEMBER}")
    elsewhere = counters[OTHER_TOWNSHIP].sign_in("0101", "head")
    assert elsewhere.open(f"/bulletins/{TOWNSHIP}/{DECEMBER}").status_code == 404
    network.close()


def test_a_program_reads_figures_and_bulletins_publishes_one_once_and_sets_rules(
    network: Network, county: Counter, supervisor: Visitor, late: str
) -> None:
    program = program_at(county, "1008", "supervisor")
    told = program.get(f"/figures?period={NOVEMBER}").get_json()
    assert told["whole"]["accepted"] == 1 and told["deductions"][0]["rule"] == "overdue"
    assert told["deductions"][0]["case_no"] == row_of(county, late).case_no
    assert {each["group"] for each in told["rankings"]} == {"township", "village", "department"}
    assert program.get("/figures?period=2026-13").status_code == 422
    assert program.get(f"/figures?place={OTHER_TOWNSHIP}").status_code == 404
    first, second = (program.post("/bulletins", {"period": NOVEMBER}, "bulletin-00001") for _ in range(2))
    assert first.status_code == second.status_code == 200 and second.headers["Idempotency-Replayed"] == "true"
    assert program.post("/bulletins", {"period": NOVEMBER}).status_code == 409
    [line] = program.get("/bulletins").get_json()["bulletins"]
    read = program.get(f"/bulletins/{line['place']}/{line['period']}").get_json()
    assert read["number"] == line["number"] and read["whole"] == told["whole"]
    body = {name: int(text) if text.isdecimal() else text for name, text in SET.items()}
    assert program.post("/score-rules", body).status_code == 200
    assert program.post("/score-rules", {**body, "since": "2026-11-30"}).get_json()["field"] == "since"
    rules = program.get("/score-rules").get_json()
    assert rules["published"][0]["overdue"] == 10 and rules["sample"]["document_no"] is None


def test_the_seal_of_who_publishes_is_on_the_sheet_and_in_the_list_of_uses(
    network: Network, county: Counter, supervisor: Visitor
) -> None:
    head = county.sign_in("1003", "head")
    kept = {
        "seal_no": "D-9", "owner": "庆城县政务服务中心", "use": "decision", "custodians": "1009", "first": "2026-01-01",
        "document_no": "印〔2026〕9号",
    }  # fmt: skip
    assert head.send("/seals", kept).status_code == 303
    published(supervisor, "2026-10")
    said = county.member.casebook.bulletin("month", "2026-10").said
    assert isinstance(said, Bulletin) and said.seal == "D-9"
    assert "通报或评分规则发布" in plain(head, "/seals")
    county.app.extensions["sanji.site"].printer = AtHand()
    assert "样章" in words(supervisor.open(f"/bulletins/{COUNTY}/2026-10/print").data)


def test_a_quarter_s_bulletin_has_joint_cases_and_services_given(cast: Cast) -> None:
    case = at_the_township(cast.network, cast.agent, cast.clerk, "007")
    done(cast.agent, case, "service_act", what="door", where="三组", text="上门收件", day="2026-11-18")
    done(cast.clerk, case, "service_act", what="escort", text="领办", day="2026-11-18")
    done(cast.clerk, case, "docket")
    done(cast.clerk, case, "review", opinion="agree")
    done(cast.clerk, case, "countersign_open", members="自然资源所\n")
    delegate(cast.clerk.counter.member, "自然资源所", b="0101", head="0102")
    cast.later(1)
    opened = chosen(cast.clerk.open(case).text, "countersignature", "opened")[0]
    done(cast.clerk, case, "countersignature", opened=opened, member="自然资源所", opinion="agree")
    signed = chosen(cast.clerk.open(case).text, "countersign_close", "signatures")
    done(cast.clerk, case, "countersign_close", opened=opened, signatures=signed)
    delegate(cast.clerk.counter.member, "农业农村", head="0102")
    done(cast.station_head, case, "decide", outcome="approve")
    delivered(cast.network, cast.clerk, case, cast.agent)
    cast.later(60)
    supervisor = cast.counters[COUNTY].sign_in("1009", "supervisor")
    published(supervisor, "2026-Q4")
    page = plain(supervisor, f"/bulletins/{COUNTY}/2026-Q4")
    assert "2026年第4季度" in page and "联办件 1 件" in page
    assert "驿马镇 上门 1" in page and "驿马镇 领办 1" in page, page[-400:]
    assert "上门" in words(supervisor.open(f"/bulletins/{COUNTY}/2026-Q4/print").data)
