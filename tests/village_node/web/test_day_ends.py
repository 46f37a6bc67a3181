"""The end of the day: what nobody acted upon is named with its reason, and the levels above see who closed the day."""

import csv
import io
import re
from datetime import date
from typing import Any

import pytest

from sync_protocol.case import kinds
from sync_protocol.case.delegations import may_be_delegated
from sync_protocol.event import encode_header, load_header
from tests.builders import COUNTY, TOWNSHIP, VILLAGE, Network, delegate, delegate_all
from tests.village_node.web.api.program import program_at
from tests.village_node.web.counter import PASSWORD, Counter, Visitor, everywhere, hidden_of, problems
from tests.village_node.web.errands import PAPERS, at_the_county, done
from tests.village_node.web.test_clocks import DAY_MS, plain
from tests.village_node.web.test_filing import held
from village_node.casebook import closed_days
from village_node.casebook.closing import ROOM, sums_of
from village_node.store import day_ends as kept
from village_node.store import streams
from village_node.store.day_ends import DayEndRow

TODAY = "2026-11-18"  # a Wednesday
HOUR_MS = 3_600_000


def field_of(case: str) -> str:
    """How the form names a case."""
    place, case_id = case.split("/")[2:4]
    return f"{place}.{case_id}"


def close(visitor: Visitor, address: str = "/day-end", **said: str) -> str:
    """Close the day with the form that the page shows now; the page that comes of it."""
    form = hidden_of(visitor.open(address).text, "/day-end/close")
    answer = visitor.send("/day-end/close", {**form, **said})
    assert answer.status_code == 303, problems(answer.text)
    return plain(visitor.open(answer.headers["Location"]).text)


def test_a_village_closes_its_day_and_names_what_is_left_over(
    network: Network, village: Counter, agent: Visitor
) -> None:
    handed, waiting = agent.file(), agent.file()
    assert agent.act(handed, "handoff", to=TOWNSHIP).status_code == 303
    page = plain(agent.open("/day-end").text)
    assert "当天来件 2" in page and "已处理 1" in page and "未日清" in page and "收到未办理" in page
    assert "今天来件 2 件，已办 1 件；没有处理的共 1 件" in plain(agent.open("/work").text)
    silent = agent.send("/day-end/close", hidden_of(agent.open("/day-end").text, "/day-end/close"))
    assert silent.status_code == 422 and any("请选择没有办的原因" in each for each in problems(silent.text))
    key = field_of(waiting)
    typed = {f"why.{key}": "other", f"words.{key}": ""}
    wordless = agent.send("/day-end/close", {**hidden_of(agent.open("/day-end").text, "/day-end/close"), **typed})
    assert wordless.status_code == 422 and any("请写明原因" in each for each in problems(wordless.text))
    assert re.search(r'<option value="other" selected>', wordless.text), "what was chosen is kept"
    after = close(agent, **{f"why.{key}": "to_check", f"words.{key}": "等会计核对"})
    assert "已日清。" in after and "王芳（0001）" in after
    assert "今天已日清" in plain(agent.open("/work").text)
    own = plain(agent.open(f"/day-ends/of/{VILLAGE}").text)
    assert "2 1 1 件" in own and "需要核实或勘验：等会计核对" in own
    assert agent.act(waiting, "handoff", to=TOWNSHIP).status_code == 303
    assert "日清之后又有变化" in plain(agent.open("/day-end").text)
    assert "没有遗留" in close(agent)
    own = plain(agent.open(f"/day-ends/of/{VILLAGE}").text)
    assert "2 2 0 件" in own and "等会计核对" not in own, "the last one counts"


def test_the_levels_above_see_which_rooms_closed_their_day(
    network: Network, village: Counter, township: Counter, county: Counter, agent: Visitor
) -> None:
    case = agent.file()
    close(agent, **{f"why.{field_of(case)}": "late"})
    everywhere(network)
    head = township.sign_in("0111", "head", name="高峰")
    supervisor = county.sign_in("0301", "supervisor", name="郑督查")
    for above in (head, supervisor):
        page = plain(above.open("/day-ends?text=上关").text)
        assert "已日清 1/1 1 0 1" in page, page
        assert "未日清 0/1" in plain(above.open("/day-ends?state=open").text)
    listed = plain(supervisor.open("/day-ends").text)
    assert "列出 3 个：应日清 3 天次，已日清 1（33.3%），其中当日 1；遗留 1 件次" in listed
    assert "没有符合条件的" in plain(supervisor.open("/day-ends?state=late").text)
    of = plain(supervisor.open(f"/day-ends/of/{VILLAGE}").text)
    assert "临近下班才到" in of and "工号 0001" in of and case in supervisor.open(f"/day-ends/of/{VILLAGE}").text
    file = supervisor.open(f"/day-ends.csv?first={TODAY}&last={TODAY}&text={VILLAGE}")
    rows = list(csv.reader(io.StringIO(file.get_data(as_text=True).lstrip("\ufeff"))))
    assert rows[1][:3] == [TODAY, TODAY, VILLAGE] and rows[1][5:12] == ["1", "1", "1", "0", "1", "0", "1"]
    assert agent.open(f"/day-ends/of/{TOWNSHIP}").status_code == 404, "nobody looks up"
    assert TOWNSHIP not in agent.open("/day-ends").text
    wrong = supervisor.open("/day-ends?first=2026-01-01&last=2026-11-18")
    assert wrong.status_code == 422 and "最多统计 100 天" in wrong.text


def test_a_day_is_closed_afterwards_and_says_so(network: Network, village: Counter, agent: Visitor) -> None:
    agent.file()
    network.clock.now_ms += DAY_MS
    later = village.sign_in("0002", "agent")
    assert "上一工作日（2026-11-18）没有日清，来件 1 件" in plain(later.open("/work").text)
    address, new = f"/day-end?day={TODAY}", later.file("016", **PAPERS)
    assert new in later.open("/day-end").text and new not in later.open(address).text, "it came after that day"
    assert "补日清" in close(later, address, all_why="network")
    assert "没有日清" not in plain(later.open("/work").text)
    later.act(new, "handoff", to=TOWNSHIP)
    assert "已补日清" in plain(later.open(f"/day-ends?first={TODAY}&last={TODAY}").text)
    for wrong in ("2026-11-20", "2026-11-01", "yesterday"):
        refused = later.open(f"/day-end?day={wrong}")
        assert refused.status_code == 422 and "只能日清今天和前 7 天" in refused.text, wrong


def test_a_department_closes_its_own_day_by_its_representative_on_duty(county: Counter) -> None:
    window = county.sign_in("1001", "window", name="周敏")
    officer = county.sign_in("1002", "officer", name="赵敏")
    delegate(county.member, "文旅", "036", b="1002")
    mine, rest = window.file("036", **PAPERS), window.file("016", **PAPERS)
    assert mine not in window.open("/day-end?department=").text and rest in window.open("/day-end?department=").text
    page = window.open("/day-end?department=文旅").text
    assert mine in page and rest not in page and "首席代表" in plain(page) and "all_why" not in page
    said = {"day": TODAY, "department": "文旅", f"why.{field_of(mine)}": "late"}
    assert any("首席代表" in each for each in problems(window.send("/day-end/close", said).text))
    assert "已日清" in close(officer, "/day-end", **{f"why.{field_of(mine)}": "applicant"}), "his own comes first"
    listed = plain(officer.open("/day-ends").text)
    assert re.search(r"文旅 已日清", listed) and "未日清" in listed, "the room's own day is still open"
    assert "没有这个部门的日清" in window.open("/day-end?department=财政").text


def test_whose_day_is_the_room_s_reads_of_what_the_sums_are_and_where_the_rest_is(county: Counter) -> None:
    window = county.sign_in("1001", "window", name="周敏")
    assert "没有遗留：本单位的件都处理了" in plain(window.open("/day-end").text), (
        "no department closes a day of its own"
    )
    delegate(county.member, "文旅", "036", b="1002")
    window.file("036", **PAPERS)
    work = plain(window.open("/work").text)
    assert "待我处理 1" in work and "部门没有首席代表的件，由本单位日清： 今天来件 0 件" in work.replace(
        "：今", "： 今"
    )
    page = plain(window.open("/day-end").text)
    assert "没有遗留：" not in page and "部门没有首席代表的件中没有遗留的。" in page
    assert "文旅：来件 1 件，没有处理的共 1 件" in page.replace("文旅 ：", "文旅：")
    of = plain(window.open("/day-end?department=文旅").text)
    assert "不在上面的数里" not in of and "文旅 2026-11-18" in of


def test_departments_that_had_nothing_today_are_one_line_of_the_work_list(county: Counter) -> None:
    officer = county.sign_in("1002", "officer", name="赵敏")
    delegable = filter(may_be_delegated, county.member.casebook.catalogue.items())
    several = {item.department: item.item_no for item in delegable if item.department != "文旅"}
    for department, item_no in [("文旅", "036"), *list(several.items())[:4]]:
        delegate(county.member, department, item_no, b="1002")
    county.sign_in("1001", "window", name="周敏").file("036", **PAPERS)
    page = officer.open("/work").text
    shown, _, folded = page.partition("另有 5 处今天没有来件")
    assert "文旅：今天来件 1 件" in plain(shown) and "来件 0 件" not in plain(shown)
    assert plain(folded.partition("</details>")[0]).count("今天来件 0 件，已办 0 件") == 5, (
        "each can still be closed, the room's too"
    )


def test_what_was_handed_here_or_supplied_waits_and_what_was_acted_upon_does_not(
    network: Network, agent: Visitor, township: Counter
) -> None:
    clerk = township.sign_in("0101", "clerk", "reviewer", name="李强")
    case, other = agent.file(), agent.file()
    for each in (case, other):
        done(agent, each, "handoff", to=TOWNSHIP)
    everywhere(network)
    assert plain(clerk.open("/day-end").text).count("转来未接收") == 2
    done(clerk, case, "accept")
    page = plain(clerk.open("/day-end").text)
    assert page.count("转来未接收") == 1 and page.count("收到未办理") == 1
    done(clerk, case, "docket")
    page = plain(clerk.open("/day-end").text)
    assert "收到未办理" not in page and "当天来件 2" in page and "已处理 1" in page
    everywhere(network)
    assert agent.act(case, "supply", text="补交一份证明", m0="yes", m0_copies="1").status_code == 303
    everywhere(network)
    assert "补正、撤回未处理" in plain(clerk.open("/day-end").text)


def test_what_is_here_to_be_handed_over_is_on_a_list_of_its_own(
    network: Network, agent: Visitor, township: Counter, county: Counter
) -> None:
    clerk = township.sign_in("0101", "clerk", "reviewer", name="李强")
    delegate_all(county.member, "1001", "1002")
    officer = county.sign_in("1001", "window", "officer", name="赵敏")
    case = at_the_county(network, agent, clerk, officer)
    done(county.sign_in("1002", "head"), case, "decide", outcome="approve")
    done(officer, case, "handoff")
    everywhere(network)
    assert case in agent.open("/day-end").text and "转来未接收" in plain(agent.open("/day-end").text)
    done(agent, case, "accept")
    assert held(agent.counter, case).state == "delivering"
    assert "没有遗留" in plain(agent.open("/day-end").text)


def test_a_post_at_which_nobody_was_seen_is_named(network: Network, village: Counter, agent: Visitor) -> None:
    head = village.sign_in("0003", "head", name="马得福")
    village.sign_in("0004", "agent", name="李梅")
    for post, staff_no in (("A", "0001"), ("B", "0004")):
        assert (
            head.send("/duty", {"day": "2026-11-19", "post": post, "staff_no": staff_no, "note": ""}).status_code == 303
        )
    network.clock.now_ms += DAY_MS
    later = village.visitor()
    assert later.send("/sign-in", {"staff_no": "0001", "password": PASSWORD}).status_code == 303
    assert "无人在岗：B" in plain(later.open("/day-end").text)
    close(later)
    [said] = village.member.casebook.ended_between(date(2026, 11, 19), date(2026, 11, 19))
    assert (said.posts, said.empty) == (2, 1)
    assert "空岗：B" in plain(later.open(f"/day-ends/of/{VILLAGE}").text)


def test_whoever_comes_to_a_post_is_seen_there_at_the_next_view(
    network: Network, village: Counter, agent: Visitor
) -> None:
    head = village.sign_in("0003", "head", name="马得福")
    village.sign_in("0004", "agent", name="李梅")
    entered = {"day": "2026-11-19", "post": "B", "staff_no": "0004", "note": ""}
    assert head.send("/duty", entered).status_code == 303
    network.clock.now_ms += DAY_MS
    head, other = village.visitor(), village.visitor()
    assert head.send("/sign-in", {"staff_no": "0003", "password": PASSWORD}).status_code == 303
    assert "无人在岗：B" in plain(head.open("/day-end").text)
    assert other.send("/sign-in", {"staff_no": "0004", "password": PASSWORD}).status_code == 303
    assert "无人在岗" not in plain(head.open("/day-end").text)
    close(head)
    [said] = village.member.casebook.ended_between(date(2026, 11, 19), date(2026, 11, 19))
    assert (said.posts, said.empty) == (1, 0)


def test_a_program_closes_the_day_once(village: Counter) -> None:
    agent = program_at(village, "0801", "agent")
    filed = agent.file()
    told = agent.get("/day-end").get_json()
    assert (told["came"], told["done"], told["may_close"], told["closed_ms"]) == (1, 0, True, None)
    [waiting] = told["waiting"]
    assert waiting["case_id"] == filed["case_id"] and waiting["what"] == "received"
    reason = {"place": waiting["place"], "case_id": waiting["case_id"], "why": "late"}
    wordless = agent.post("/day-end", {})
    assert (wordless.status_code, wordless.get_json()["field"]) == (422, "reasons"), "without a reason it stays open"
    silent = agent.post("/day-end", {"reasons": [{**reason, "why": "other"}]})
    assert (silent.status_code, silent.get_json()["field"]) == (422, "reasons") and "请写明原因" in silent.text
    for _ in range(2):
        assert agent.post("/day-end", {"reasons": [reason]}, "closed-01").get_json() == {"number": TODAY}
    assert agent.post("/day-end", {"reasons": [{**reason, "case_id": "x" * 32}]}).status_code == 422
    [room] = agent.get("/day-ends").get_json()["rooms"]
    assert (room["closed"], room["open"], room["left_over"]) == (1, 0, 1)
    [end] = agent.get(f"/day-ends/{VILLAGE}?first={TODAY}").get_json()["ends"]
    assert end["left"][0]["why"] == "late" and end["actor"] == "0801"
    assert agent.get(f"/day-ends/{COUNTY}").status_code == 404


def test_ends_of_days_stored_by_a_program_that_did_not_know_them_are_read_later(
    village: Counter, agent: Visitor
) -> None:
    close(agent)
    member = village.member
    with member.casebook.store.writing() as connection:
        connection.exec_driver_sql("DELETE FROM day_ends")
    with member.casebook.store.reading() as connection:
        assert len(kept.not_kept(connection)) == 1
    member.casebook.keep_day_ends_again()
    with member.casebook.store.reading() as connection:
        assert kept.not_kept(connection) == []
        [row] = kept.between(connection, TODAY, TODAY)
    assert (row.place, row.department, row.actor) == (VILLAGE, ROOM, "0001")


def test_a_day_end_with_something_critical_that_is_not_understood_says_nothing(
    village: Counter, agent: Visitor
) -> None:
    close(agent)
    with village.member.casebook.store.reading() as connection:
        (event,) = [each for each in streams.of_no_case(connection, kinds.DAY_END) if each.event.body is not None]
    header, body = load_header(event.event.header), event.event.body
    assert body is not None

    def rows(**changed: Any) -> list[Any]:
        raw = encode_header(header._replace(**changed))
        return closed_days.row_of(event.event._replace(header=raw), event.scope, body)

    assert len(rows()) == 1
    assert rows(ext={-1: 1}) == []
    assert rows(case_id=bytes(16)) == []


def row(place: str, day: str, hour: int, **said: int) -> DayEndRow:
    """An end of a day, written at an hour of a day of November."""
    at_ms = 1_795_000_000_000 + (int(day[-2:]) - 18) * DAY_MS + hour * HOUR_MS
    numbers = {"came": 3, "done": 2, "left_over": 1, "posts": 2, "empty": 1, **said}
    return DayEndRow(
        place, day, "", **numbers, closed_ms=at_ms, actor="1", incarnation=b"", scope="", stream=0, seq=0, hash=b""
    )


def test_the_sums_of_a_period_count_working_days_and_days_off_that_were_closed() -> None:
    days = ["2026-11-18", "2026-11-19", "2026-11-20"]
    found = [row("a", days[0], 0), row("a", days[1], 24), row("a", "2026-11-21", 0)]
    first, second = sums_of(found, [("a", ""), ("b", "")], days)
    assert (first.due, first.closed, first.in_time, first.open) == (4, 3, 2, 1)
    assert (first.came, first.done, first.left_over, first.posts, first.empty) == (9, 6, 3, 6, 3)
    assert (second.due, second.closed, second.open, second.last_ms) == (3, 0, 3, None)


@pytest.mark.parametrize("role", ["supervisor", "business", "leader"])
def test_who_answers_for_no_room_closes_no_day(county: Counter, role: str) -> None:
    somebody = county.sign_in("0301", role)
    assert somebody.open("/day-end").status_code == 200
    assert somebody.send("/day-end/close", {"day": TODAY, "department": ""}).status_code == 404
    assert "下班前日清" not in somebody.open("/work").text
