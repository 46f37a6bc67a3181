"""The work list, the health page, the people of the node and the children of a township."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from sync_protocol.case.workflow import STATES
from tests.builders import APPLICATION, COUNTY, SECOND_VILLAGE, TOWNSHIP, VILLAGE, Network
from tests.village_node.web.api.program import program_at
from tests.village_node.web.conftest import NOON_MS
from tests.village_node.web.counter import Counter, Visitor, everywhere, exchange, open_counter
from tests.village_node.web.errands import at_the_township, chosen, done
from tests.village_node.web.test_consultations import asked
from village_node.casebook import Application
from village_node.web import times
from village_node.web.work import EMPTY, FILTERS, VIEWS


def counts(page: str) -> dict[str, int]:
    """The number beside each tab."""
    found = re.findall(r'<a href="/work\?view=(\w+)"[^>]*>[^<]*<span class="count">(\d+)', page)
    return {name: int(number) for name, number in found}


def test_each_view_has_words_for_when_it_is_empty() -> None:
    assert set(VIEWS) == set(EMPTY)


def test_a_case_moves_from_view_to_view(network: Network, agent: Visitor) -> None:
    case = agent.file()
    page = agent.open("/work").text
    assert counts(page) == {"mine": 1, "not_left": 1, "all": 1}, "what holds nothing bears no number at a village"
    empty = {"new", "prereview", "supplies", "back", "transit", "promises", "unrated", "decided", "drafts"}
    assert empty <= set(re.findall(r'<a href="/work\?view=(\w+)"', page.partition("<details")[2])), "and unfolds"
    agent.act(case, "handoff")
    everywhere(network)
    told = counts(agent.open("/work").text)
    assert told["transit"] == 1 and not told.keys() & {"mine", "not_left"}
    assert case in agent.open("/work?view=transit").text


def test_what_came_is_new_until_somebody_receives_it_and_the_list_says_who_signed(
    network: Network, agent: Visitor, township: Counter
) -> None:
    case = agent.file()
    assert "尚无" in row_of(agent.open("/work?view=all").text, case), "nobody above has signed"
    agent.act(case, "handoff")
    everywhere(network)
    clerk = township.sign_in("0101", "clerk")
    assert counts(clerk.open("/work").text)["new"] == 1
    row = row_of(clerk.open("/work?view=new").text, case)
    assert "驿马镇" in row and "庆城县" in row and "尚无" not in row
    clerk.act(case, "accept")
    page = clerk.open("/work?view=new").text
    assert counts(page)["new"] == 0 and "转来的都已接收" in page
    assert "尚无" in row_of(clerk.open("/work?view=all").text, case), "the step that was just made"
    exchange(network, (TOWNSHIP, COUNTY))
    row = row_of(clerk.open("/work?view=all").text, case)
    assert "庆城县" in row and "上关村" not in row


def test_a_page_asks_once_for_the_receipts_of_all_its_cases(village: Counter, agent: Visitor) -> None:
    def asked() -> int:
        said: list[str] = []

        def note(connection, cursor, statement, parameters, context, executemany) -> None:
            said.append(statement)

        event.listen(Engine, "before_cursor_execute", note)
        try:
            agent.open("/work?view=all")
        finally:
            event.remove(Engine, "before_cursor_execute", note)
        return sum("receipt_times" in statement for statement in said)

    agent.file()
    assert asked() == 1
    village.member.casebook.record_many([Application("0001", APPLICATION) for _ in range(30)])
    assert asked() == 1


def row_of(page: str, case: str) -> str:
    """The row of a case in a list."""
    return next(row for row in re.findall(r"<tr>.*?</tr>", page, re.DOTALL) if case in row)


def test_an_unknown_view_is_not_found_and_odd_pages_are_the_first(agent: Visitor) -> None:
    assert agent.open("/work?view=secret").status_code == 404
    for odd in ("0", "-1", "x", "9" * 30, "\u0663"):
        assert agent.open(f"/work?page={odd}").status_code == 200


def test_filters_find_and_survive_reload_and_paging(network: Network, agent: Visitor, village: Counter) -> None:
    applications = [
        Application("0001", {**APPLICATION, "applicant_name": f"{name}{n:03}"})
        for n in range(60)
        for name in ("赵", "钱")
    ]
    village.member.casebook.record_many(applications)
    page = agent.open("/work?view=all&text=赵").text
    assert len(re.findall(r'class="row-link number"', page)) == 50
    following = re.findall(r'href="([^"]+)" rel="next"', page)[0].replace("&amp;", "&")
    assert "text=" in following and "view=all" in following
    second = agent.open(following).text
    assert len(re.findall(r'class="row-link number"', second)) == 10
    assert 'value="赵"' in second
    number = re.findall(r">(62\d+-[\w-]+)</a>", second)[0]
    assert len(re.findall(r'class="row-link number"', agent.open(f"/work?view=all&text={number}").text)) == 1
    assert "没有符合条件的件" in agent.open("/work?view=all&state=delivered").text
    assert len(re.findall(r'class="row-link number"', agent.open("/work?view=all&state=received").text)) == 50


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_that_nothing_fits_is_not_taken_for_an_empty_node(agent: Visitor, name: str) -> None:
    agent.file()
    wanted = {"state": "delivered", "kind": "补办件"}.get(name, "999")
    page = agent.open(f"/work?view=all&{name}={wanted}").text
    assert "没有符合条件的件" in page and "本机还没有办件" not in page
    assert "清除" in page


def test_registers_where_nothing_waits_are_folded_and_show_no_count(agent: Visitor, network: Network) -> None:
    page = agent.open("/work").text
    folded = re.findall(r'<details class="registers">.*?</details>', page, re.DOTALL)[0]
    assert "其他名册" in folded and 'class="count"' not in folded
    links = re.findall(r'<a href="(/[\w-]+)">', folded)
    assert {"/complaints", "/slips", "/consultations", "/calls", "/oddities", "/supervision", "/batches"} <= set(links)
    asked(agent, outcome="open")
    page = agent.open("/work").text
    before, _, folded = page.partition('<details class="registers">')
    assert re.search(r'咨询 <span class="count">1</span>', before), "what waits stands before the fold"
    assert ">咨询" not in folded.partition("</details>")[0]


def test_a_department_narrows_the_list_at_township_and_county_and_stays_on_reload(
    network: Network, agent: Visitor, township: Counter
) -> None:
    aid, other = agent.file("001"), agent.file("016")
    items = agent.counter.member.casebook.catalogue
    ours, theirs = (item.department for item in (items.newest("001"), items.newest("016")) if item is not None)
    assert ours != theirs
    everywhere(network)
    clerk = township.sign_in("0101", "clerk")

    def shown(department: str, view: str = "all") -> list[bool]:
        page = clerk.client.get("/work", query_string={"view": view, "department": department}).text
        assert f'<option value="{department}" selected>' in page
        return [each in page for each in (aid, other)]

    assert shown(ours) == [True, False] and shown(theirs) == [False, True]
    nothing = clerk.client.get("/work", query_string={"view": "all", "department": "无此局"}).text
    assert "没有符合条件的件" in nothing and '<option value="无此局" selected>' in nothing
    assert 'name="department"' not in agent.open("/work?view=all").text, "a village has no departments"
    desk = program_at(township, "0108", "clerk")
    told = desk.get(f"/cases?department={ours}").get_json()
    assert [each["item_no"] for each in told["cases"]] == ["001"]


@pytest.mark.parametrize("text", ["%", "_", "'", '"', "\\", "x' OR '1'='1", "; DROP TABLE cases"])
def test_what_is_searched_for_is_only_text(agent: Visitor, text: str) -> None:
    agent.file()
    answer = agent.client.get("/work", query_string={"view": "all", "text": text})
    assert answer.status_code == 200
    assert "row-link number" not in answer.text
    unseen = agent.client.get("/work", query_string={"view": "all", "text": "\x00\u202e"})
    assert unseen.status_code == 200


def test_names_in_the_list_are_masked(agent: Visitor) -> None:
    agent.file()
    page = agent.open("/work?view=all").text
    assert "张*" in page and "张秀兰" not in page


def test_every_state_is_shown_by_word_drawing_and_colour(agent: Visitor) -> None:
    from village_node.web.icons import icon
    from village_node.web.words import state_words

    for code in (*STATES, None, "unheard of"):
        tone, drawing, zh, en = state_words(code)
        assert tone in ("plain", "waiting", "active", "good", "bad", "done")
        assert icon(drawing) and zh and en


def test_health_counts_what_waits_in_each_stream_and_names_its_neighbours(
    network: Network, agent: Visitor, township: Counter
) -> None:
    agent.file()
    everywhere(network)
    page = agent.open("/health").text
    for told in ("上关村", "最近联系", "可用磁盘", "sqlite", "50.0 GB"):
        assert told in page
    clerk = township.sign_in("0101", "clerk")
    page = clerk.open("/health").text
    assert "下级单位" in page
    rows = re.findall(r"<tr><td>(\S+?)[<\s]", page)
    assert "上关村" in rows


def test_health_warns_of_a_full_disk_and_a_wrong_clock(agent: Visitor, village: Counter, network: Network) -> None:
    everywhere(network)
    parent = network.identities[TOWNSHIP].incarnation
    village.member.casebook.update_peer(parent, skew_ms=15 * times.MINUTE_MS)
    assert "本机时钟比驿马镇慢 15 分钟，请校准" in agent.open("/health").text
    village.member.casebook.update_peer(parent, skew_ms=2000)
    assert "请校准" not in agent.open("/health").text


def test_programs_that_watch_get_short_answers(village: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    from village_node.store import NotSaved

    visitor = village.visitor()
    assert visitor.open("/healthz").data == b"ok\n"
    assert visitor.open("/readyz").data == b"ready\n"

    def broken() -> None:
        raise NotSaved("数据库不可用", "the database is away")

    monkeypatch.setattr(village.member.casebook, "sync_state", broken)
    assert visitor.open("/healthz").status_code == 200
    assert visitor.open("/readyz").status_code == 503


def test_a_township_sees_its_children_at_a_glance(
    network: Network, agent: Visitor, township: Counter, county: Counter
) -> None:
    clerk = township.sign_in("0101", "clerk")
    assert "从未联系" in clerk.open("/children").text
    agent.file()
    agent.file()
    exchange(network, (VILLAGE, TOWNSHIP))
    network.clock.now_ms += 5 * times.MINUTE_MS
    page = clerk.open("/children").text
    row = re.findall(r"<tr>.*?</tr>", page.split("<tbody>")[1], re.DOTALL)[0]
    assert "上关村" in row and "5 分钟前" in row
    assert re.findall(r'data-label="办件">(\d+)', row) == ["2"]
    assert re.findall(r'data-label="记录">(\d+)', row) == ["4"]
    network.enrol(SECOND_VILLAGE)
    township.member.casebook.apply_roster(network.changes[-1:])
    assert "共 2 个\uff0c联系过 1 个" in clerk.open("/children").text
    exchange(network, (TOWNSHIP, COUNTY))
    officer = county.sign_in("1001", "officer")
    row = re.findall(r"<tr>.*?</tr>", officer.open("/children").text.split("<tbody>")[1], re.DOTALL)[0]
    assert re.findall(r'data-label="办件">(\d+)', row) == ["2"], "a township's villages count with it"


def graded(page: str) -> list[str]:
    """How many cases of the one child have each card, the worst first."""
    cells = re.findall(r'data-label="[^"]*[黄红]牌[^"]*">(.*?)</td>', page, re.DOTALL)
    return [re.sub(r"<[^>]*>|\s", "", each) for each in cells]


def test_each_child_is_shown_with_what_waits_there_by_grade_and_what_is_not_known(
    network: Network, agent: Visitor, township: Counter, county: Counter
) -> None:
    assert "未知，从未联系" in township.sign_in("0101", "clerk").open("/children").text
    waits, moved = agent.file(), agent.file()
    agent.act(moved, "handoff")
    everywhere(network)
    assert graded(township.sign_in("0102", "clerk").open("/children").text) == ["0", "0", "0"]
    network.clock.now_ms += 2 * 86_400_000
    page = township.sign_in("0103", "clerk").open("/children").text
    assert "2 天前" in page and "未知，最后联系" in page
    assert re.findall(r'data-label="在该处待办">(\d+)', page) == ["1"]
    assert re.findall(r'data-label="办件">(\d+)', page) == ["2"] and waits != moved
    network.clock.now_ms += 200 * 86_400_000
    clerk, officer = township.sign_in("0104", "clerk"), county.sign_in("1001", "officer")
    assert sorted(graded(clerk.open("/children").text)) == ["0", "0", "1"], "the case that waits is late by now"
    page = officer.open("/children").text
    assert re.findall(r'data-label="在该处待办">(\d+)', page) == ["1"], "those of a township's villages count with it"
    for found, words in (("上关", "上关村"), (VILLAGE[:11], "上关村"), ("无此村", "没有符合条件的")):
        page = clerk.client.get("/children", query_string={"text": found}).text
        assert words in page and f'value="{found}"' in page
    head = township.sign_in("0105", "head")
    told = head.open("/children.csv")
    assert told.headers["Content-Type"] == "text/csv; charset=utf-8"
    heads, line = (each.split(",") for each in told.text.removeprefix("\ufeff").splitlines()[:-1])
    row = dict(zip(heads, line, strict=True))
    assert (row["单位"], row["办件"], row["在该处待办"]) == ("上关村", "2", "1") and "以后的不知道" in row["未传来的"]
    assert len(head.client.get("/children.csv", query_string={"text": "无此村"}).text.splitlines()) == 2


def test_a_village_has_no_page_of_children(agent: Visitor) -> None:
    assert agent.open("/children").status_code == 404


def test_an_administrator_invites_renews_and_disables(village: Counter) -> None:
    admin = village.sign_in("0009", "admin", name="管理员")
    page = admin.send("/staff/invite", {"staff_no": "0005", "name": "孙丽", "roles": ["agent", "head"]}).text
    code = re.findall(r'class="big-number number">([0-9A-Z-]{19})<', page)[0]
    visitor = village.visitor()
    from tests.village_node.web.counter import PASSWORD

    typed = {"staff_no": "0005", "code": code, "password": PASSWORD, "again": PASSWORD}
    assert visitor.send("/first-sign-in", typed).status_code == 303
    assert "孙丽" in visitor.open("/work").text
    assert code not in admin.open("/staff").text
    admin.send("/staff/0005/disable", {"disabled": "yes"})
    assert visitor.open("/work").status_code == 303, "the session ended at once"
    admin.send("/staff/0005/disable", {"disabled": "no"})
    assert visitor.send("/sign-in", {"staff_no": "0005", "password": PASSWORD}).status_code == 303
    assert "工号 0005 的一次性登录码" in admin.send("/staff/0005/renew", {}).text
    assert visitor.open("/work").status_code == 303
    assert "不能停用自己的账号" in admin.send("/staff/0009/disable", {"disabled": "yes"}).text
    assert "已存在" in admin.send("/staff/invite", {"staff_no": "0005", "name": "李", "roles": "agent"}).text
    assert "没有“officer”" in admin.send("/staff/invite", {"staff_no": "6", "name": "李", "roles": "officer"}).text
    assert admin.send("/staff/nobody/renew", {}).status_code == 422
    actions = [line.action for line in village.accounts.rows.audit_lines(50)]
    assert {"staff.invite", "staff.renew", "staff.disable", "staff.enable", "session.open"} <= set(actions)
    trail = admin.open("/audit").text
    assert "staff.disable" in trail and code not in trail


def test_the_audit_trail_has_pages(village: Counter) -> None:
    admin = village.sign_in("0009", "admin")
    for n in range(150):
        village.accounts.audit("0009", "test.line", f"subject {n}", {})
    page = admin.open("/audit").text
    assert "subject 149" in page and "subject 3<" not in page
    older = re.findall(r'href="(/audit\?before=\d+)"', page)[0]
    assert "subject 3<" in admin.open(older).text
    assert admin.open("/audit?before=x").status_code == 200


def test_the_pages_work_on_either_database(new_url: Callable[[], str], folder: Path) -> None:
    made = Network(folder)
    made.clock.now_ms = NOON_MS
    made.enrol(COUNTY, TOWNSHIP, VILLAGE)
    counter = open_counter(made.open(VILLAGE, new_url()), folder)
    agent = counter.sign_in("0001", "agent", "admin")
    case = agent.file(applicant_name="张\u3000秀兰\x00", window_note="一\x00二")
    for path in (
        "/work?view=all&text=%00张",
        "/work?view=not_left",
        case,
        f"{case}/receipt",
        "/health",
        "/audit",
        "/items?q=%00",
    ):
        assert agent.open(path).status_code == 200, path
    assert agent.act(case, "handoff").status_code == 303
    assert agent.send(f"{case}/unmask", {"reason": "核对身份\x00信息"}).status_code == 200
    assert agent.send("/file/001", {"do": "draft", "applicant_name": "\x00"}).status_code == 200
    for typed in ("\x00", "\ud800".encode("utf-16", "surrogatepass").decode("latin-1"), "'; --"):
        assert agent.send("/sign-in", {"staff_no": typed, "password": typed}).status_code in (401, 429)
        assert agent.send("/query", {"number": typed, "code": typed}).status_code == 422
    made.close()


def test_a_bootstrap_that_is_not_the_known_one_is_not_served(tmp_path) -> None:
    from village_node.web.assets import CARRIED, STATIC, Assets, Carried

    assert Assets().address("bootstrap.css") is not None
    changed = Carried("bootstrap.css", CARRIED[0].package, CARRIED[0].path, frozenset({"0" * 64}))
    without = Assets((changed, Carried("x.css", "no_such_package", "x.css", frozenset())))
    assert without.missing == ["bootstrap.css", "x.css"]
    assert without.address("bootstrap.css") is None
    ours = (STATIC / "site.css").read_bytes()
    for assets, is_whole in ((Assets(), True), (without, False)):
        address = assets.address("page.css")
        assert address is not None
        sheet = assets.get(*address.removeprefix("/assets/").split("/"))
        assert sheet is not None and (b"--bs-body-font-size" in sheet.content.removesuffix(ours)) is is_whole
        assert sheet.content.endswith(ours)


def test_a_village_s_list_comes_before_sums_and_without_lists_of_offices(agent: Visitor, county: Counter) -> None:
    agent.file()
    page = agent.open("/work").text
    assert page.index('class="row-link number"') < page.index("本机各件"), "what waits comes first"
    for none in ("窗口办决率", ">文号<", ">待会签<", ">会议待办<"):
        assert none not in page, none
    office = county.sign_in("1001", "window").open("/work").text
    assert "窗口办决率" in office and office.index("本机各件") < office.index('id="f-text"')


def test_what_the_applicant_brought_or_asks_is_to_be_done_where_the_case_is(
    network: Network, agent: Visitor, township: Counter
) -> None:
    """The list of a township's clerk said that nothing waits while a supply waited to be taken."""
    clerk = township.sign_in("0101", "clerk")
    case = at_the_township(network, agent, clerk, "001")
    done(clerk, case, "return_for_correction", **{"what:material:户口簿": "缺页"})
    everywhere(network)
    page = clerk.open("/work").text
    assert "没有等您处理的件" in page and counts(page)["mine"] == 0, "the applicant is to act"
    done(agent, case, "supply", **{"paper:material:户口簿": "yes"})
    everywhere(network)
    page = clerk.open("/work").text
    assert case in page and (counts(page)["mine"], counts(page)["supplies"]) == (1, 1)
    done(clerk, case, "take", supplies=chosen(clerk.open(case).text, "take", "supplies"))
    done(clerk, case, "return_for_correction", reason="仍缺第三页", **{"what:material:户口簿": "缺页"})
    assert counts(clerk.open("/work").text)["mine"] == 0
    done(agent, case, "withdrawal_request", reason="不办了")
    everywhere(network)
    page = clerk.open("/work").text
    assert case in page and "申请撤回" in row_of(page, case) and counts(page)["mine"] == 1


def test_the_empty_list_names_what_waits_in_others(
    network: Network, agent: Visitor, township: Counter, county: Counter
) -> None:
    clerk = township.sign_in("0101", "clerk")
    business, window = county.sign_in("1003", "business"), county.sign_in("1004", "window")
    assert "没有等您处理的件" in business.open("/work").text
    case = at_the_township(network, agent, clerk, "001")
    done(clerk, case, "refuse", reasons="不属于本机关职权", legal_basis="行政许可法第三十二条")
    everywhere(network)
    done(agent, case, "review_request", reason="材料齐全")
    everywhere(network)
    page = business.open("/work").text
    said = re.findall(r'还等着处理的：<a href="/work\?view=reviews">申请复核</a> <span class="number">1<', page)
    assert len(said) == 1
    assert "没有等您处理的件" in window.open("/work").text, "who may not answer a review"
    asked(window, outcome="open")
    page = window.open("/work").text
    assert re.search(r'还等着处理的：<a href="/consultations">咨询</a> <span class="number">1<', page)
    assert "没有等您处理的件" not in page
