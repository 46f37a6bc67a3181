"""Long lists of people as files: asked for with a reason, granted by another head, taken away once, by that person."""

import csv
import hashlib
import io
import json
import re
from tempfile import SpooledTemporaryFile
from urllib.parse import quote, urlencode

import pytest
from werkzeug.test import TestResponse

from tests.builders import APPLICATION, Network
from tests.village_node.web.api.program import Program, program_at
from tests.village_node.web.counter import PASSWORD, Counter, Visitor, everywhere
from tests.village_node.web.errands import PAPERS
from village_node.accounts import exports
from village_node.casebook import Application
from village_node.store import NotSaved
from village_node.web import export
from village_node.web.api.casework import PAGE_MAX
from village_node.web.exports import LISTS
from village_node.web.policy import declared

LIST = "/work.csv?view=all"
DAY_MS = 86_400_000
YEARS_MS = 12 * 366 * DAY_MS


@pytest.fixture
def head(village: Counter, monkeypatch: pytest.MonkeyPatch) -> Visitor:
    monkeypatch.setattr(exports, "ALONE", 3)
    village.member.casebook.record_many([Application("0001", APPLICATION) for _ in range(4)])
    return village.sign_in("0002", "head", name="李主任")


@pytest.fixture
def other(village: Counter, head: Visitor) -> Visitor:
    return village.sign_in("0003", "head", name="周书记")


def asked(head: Visitor, address: str = "/exports/ask/work_export.csv?view=all", reason: str = "年度核对") -> None:
    answer = head.send(address, {"reason": reason})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/exports?done=asked"), answer.text


def granted(other: Visitor, number: int | str = 1, what: str = "grant") -> TestResponse:
    return other.send(f"/exports/{number}/{what}", {})


def taken(head: Visitor, number: int = 1) -> TestResponse:
    return head.take(f"{LIST}&request={number}")


def back(visitor: Visitor, staff_no: str) -> None:
    """Sign in once more, after days."""
    visitor.send("/sign-in", {"staff_no": staff_no, "password": PASSWORD})


def lines(counter: Counter) -> list[tuple[str, str, dict]]:
    found = counter.accounts.rows.audit_lines(50)
    told = [(one.actor, one.action, json.loads(one.detail)) for one in reversed(found)]
    return [each for each in told if each[1].startswith("list.export")]


def test_a_list_of_more_people_than_one_may_take_away_asks_for_a_reason_and_a_second_person(
    village: Counter, head: Visitor, other: Visitor
) -> None:
    refused = head.take(LIST)
    assert refused.status_code == 403 and "有 4 人" in refused.text and "张" not in refused.text
    (action,) = re.findall(r'<form method="post" action="(/exports/ask/[^"]*)"', refused.text)
    assert action == "/exports/ask/work_export.csv?view=all"
    short = head.send(action, {"reason": "要"})
    assert short.status_code == 422 and ">要</textarea>" in short.text and "至少 4 个字" in short.text
    asked(head, action)
    assert "去批准" not in head.open("/work").text and "去批准" in other.open("/work").text
    assert "下载（一次）" not in head.open("/exports").text
    own = granted(head)
    assert own.status_code == 409 and "不能批准自己的申请" in own.text, "nobody agrees with themselves"
    assert taken(head).status_code == 403
    assert other.send("/exports/1/grant", {"again_password": ""}).status_code == 401, (
        "who agrees shows the password once more"
    )
    page = other.open("/exports").text
    assert "李主任" in page and "年度核对" in page and "批准" in page
    assert granted(other).status_code == 303
    (file,) = re.findall(r'href="(/work\.csv[^"]*request=1[^"]*)"', head.open("/exports").text)
    assert "去下载" in head.open("/work").text
    answer = head.take(file.replace("&amp;", "&"))
    rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert len(rows) == 6 and all(row[3] == "张*" for row in rows[1:-1])
    assert rows[-1][0].startswith("# 导出第 1 号；") and "李主任（0002）" in rows[-1][0]
    assert "周书记（0003）批准" in rows[-1][0] and "上关村" in rows[-1][0] and "621021101201" in rows[-1][0]
    village.member.clock.now_ms += 10 * 60_000
    back(head, "0002")
    assert taken(head).status_code == 403, "it is taken away once"
    assert [(actor, action) for actor, action, _ in lines(village)] == [
        ("0002", "list.export.ask"), ("0003", "list.export.grant"), ("0002", "list.export"),
    ]  # fmt: skip
    told = lines(village)[-1][2]
    assert (told["approved_by"], told["reason"], told["people"], told["number"]) == ("0003", "年度核对", 4, 1)


def test_what_was_granted_is_for_that_person_and_that_list_and_ends_after_a_day(
    village: Counter, head: Visitor, other: Visitor
) -> None:
    asked(head)
    granted(other)
    assert taken(other).status_code == 403, "it was granted to somebody else"
    assert head.take("/work.csv?view=decided&request=1").status_code == 403, "so is an empty one"
    assert head.take("/work.xlsx?view=all&request=1").status_code == 403, "it was asked for in another form"
    assert head.take("/work.csv?view=all&item_no=001&request=1").status_code == 403, "it was another list"
    village.member.clock.now_ms += DAY_MS
    back(head, "0002")
    assert taken(head).status_code == 403, "a day is over"
    assert "已过期</span>" in head.open("/exports").text


def test_a_request_is_refused_or_ends_after_three_days_and_is_answered_once(
    village: Counter, head: Visitor, other: Visitor
) -> None:
    asked(head)
    assert granted(other, 1, "reject").status_code == 303
    assert granted(other).status_code == 409 and taken(head).status_code == 403
    assert "未批准" in head.open("/exports").text
    asked(head)
    village.member.clock.now_ms += 3 * DAY_MS
    back(other, "0003")
    assert granted(other, 2).status_code == 409
    assert granted(other, 3).status_code == 409 and granted(other, "x").status_code == 404


def test_a_list_taken_away_in_parts_is_counted_together_for_a_day(
    village: Counter, agent: Visitor, head: Visitor
) -> None:
    agent.file("036", **PAPERS)
    one = "/work.csv?view=all&item_no=036"
    assert [head.take(one).status_code for _ in range(4)] == [200, 200, 200, 403]
    assert head.take("/fees.csv").status_code == 200, "a list about nobody is not counted"
    village.member.clock.now_ms += DAY_MS
    back(head, "0002")
    assert head.take(one).status_code == 200


def test_exactly_so_many_people_are_taken_away_alone(village: Counter, head: Visitor, monkeypatch) -> None:
    monkeypatch.setattr(exports, "ALONE", 4)
    assert head.take(LIST).status_code == 200
    assert lines(village)[-1][2]["people"] == 4


def test_the_bound_is_two_hundred_people_and_no_answer_to_a_program_names_more() -> None:
    assert exports.ALONE == 200 == PAGE_MAX


def test_a_program_is_refused_with_a_code_that_tells_the_way(village: Counter, head: Visitor, other: Visitor) -> None:
    program = program_at(village, "0804", "head")
    refused = program.get("/exports/cases?view=all")
    assert (refused.status_code, refused.get_json()["code"]) == (403, "second_person")
    assert "POST /exports/cases" in refused.get_json()["en"] and "request=" in refused.get_json()["zh"]
    number = program.post("/exports/cases?view=all", {"reason": "送上级平台核对"}).get_json()["number"]
    assert program.get(f"/exports/cases?view=all&request={number}").status_code == 403
    assert granted(other, number).status_code == 303
    given = program.get(f"/exports/cases?view=all&request={number}")
    assert given.status_code == 200 and "# 导出第" in given.text and given.text.count("张*") == 4
    village.member.clock.now_ms += 10 * 60_000
    assert program.get(f"/exports/cases?view=all&request={number}").status_code == 403
    assert program.get("/exports/cases?view=transit&form=xlsx").status_code == 200


def test_a_request_sent_again_after_a_lost_reply_is_one_request(
    village: Counter, head: Visitor, other: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    program, path, body = program_at(village, "0804", "head"), "/exports/cases?view=all", {"reason": "送上级平台核对"}
    first, second = (program.post(path, body, "export-0001") for _ in range(2))
    assert first.get_json() == second.get_json() == {"number": 1}
    assert second.headers["Idempotency-Replayed"] == "true" and "Idempotency-Replayed" not in first.headers
    assert program.post(f"{path}&item_no=001", body, "export-0001").get_json()["code"] == "id_taken"
    assert len(lines(village)) == 1 and "/exports/2/grant" not in other.open("/exports").text
    # Two at once: neither finds the other before it begins, and the second one to write does not.
    monkeypatch.setattr(type(village.member.casebook), "refuse_repeated", lambda *_: None)
    assert program.post(path, body, "export-0001").get_json() == {"number": 1}
    assert program.post(path, body, "export-0002").get_json() == {"number": 2} and len(lines(village)) == 2


@pytest.mark.slow
def test_no_export_holds_personal_data_in_full_and_every_one_that_names_people_counts_them(
    network: Network, village: Counter, township: Counter, county: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that none has to be encrypted: what leaves in a file is masked."""
    seen: list[tuple[str, int | None, str]] = []

    def noted(visit, table, form):
        rows = [list(map(str, row)) for row in table.rows]
        endpoint = visit.request.endpoint
        name = {"take_work": "work_export", "take_fee_day": "fee_day_export"}.get(endpoint, endpoint)
        seen.append((name, table.person, "\n".join(map("|".join, rows))))
        return given(visit, table._replace(rows=rows), form)

    given = export.given
    monkeypatch.setattr(export, "given", noted)
    canary = {"applicant_name": "钱穆之", "applicant_phone": "13912345678"}
    village.sign_in("0001", "agent").file("001", **PAPERS, **canary)
    everywhere(network)
    for counter, role in ((village, "head"), (township, "head"), (county, "supervisor"), (county, "admin")):
        visitor = counter.sign_in(f"09{role[:2]}", role)
        for endpoint in [name for name in declared(counter.app) if name.endswith("_export") and name != "ask_export"]:
            for rule in counter.app.url_map.iter_rules(endpoint):
                if "GET" in (rule.methods or ()) and "form" in rule.arguments:
                    for query in ("?view=all", "?view=cards", "?view=watched", "?view=asked", ""):
                        take = visitor.take if endpoint in ("work_export", "fee_day_export") else visitor.open
                        take(rule.rule.replace("<any(csv, xlsx):form>", "csv") + query)
    assert {name for name, _, _ in seen} >= {"work_export", "fee_day_export", "audit_export", "children_export"}
    for name, person, text in seen:
        assert not {each for each in ("钱穆之", "13912345678") if each in text}, name
        assert (person is not None) == (name in LISTS), name
        assert "钱*" not in text or person is not None, name
    assert any("钱*" in text for name, _, text in seen if name == "work_export")


def test_a_head_who_makes_a_token_in_another_name_is_no_second_person(
    village: Counter, head: Visitor, other: Visitor
) -> None:
    account = village.sign_in("0804", "head", name="接口程序")
    made = village.accounts.make_token("测试", "0804", "head", 30, by="0002", by_admin=False)
    program = Program(village, made, village.app.test_client())
    number = program.post("/exports/cases?view=all", {"reason": "送上级平台核对"}).get_json()["number"]
    assert "去批准" not in head.open("/work").text and "/exports/1/grant" not in head.open("/exports").text
    own = granted(head, number)
    assert own.status_code == 409 and "自己所建令牌" in own.text
    assert "令牌建立人：李主任" in other.open("/exports").text
    assert granted(other, number).status_code == 303
    assert taken(account, number).status_code == 403, "it was granted to the program"
    given = program.get(f"/exports/cases?view=all&request={number}")
    assert given.status_code == 200 and "令牌由 0002 建立" in given.text
    assert lines(village)[0][2]["token_by"] == lines(village)[-1][2]["token_by"] == "0002"


def test_what_programs_take_counts_for_who_made_their_tokens(village: Counter, agent: Visitor, head: Visitor) -> None:
    agent.file("036", **PAPERS)
    programs, accounts = [], []
    for staff_no in ("0804", "0805"):
        accounts.append(village.sign_in(staff_no, "head", name="接口程序"))
        made = village.accounts.make_token("测试", staff_no, "head", 30, by="0002", by_admin=False)
        programs.append(Program(village, made, village.app.test_client()))
    first, second = programs
    one = "/exports/cases?view=all&item_no=036"
    assert [each.get(one).status_code for each in (first, first, second, second, first)] == [200, 200, 200, 403, 403]
    assert head.take("/work.csv?view=all&item_no=036").status_code == 403
    assert accounts[1].take("/work.csv?view=all&item_no=036").status_code == 200


@pytest.mark.parametrize(("actor", "subject"), [("0003", "0002"), ("0002", "0003")])
@pytest.mark.parametrize("action", ["staff.invite", "staff.renew"])
def test_who_opened_the_account_of_the_other_is_no_second_person(
    village: Counter, head: Visitor, other: Visitor, actor: str, subject: str, action: str
) -> None:
    asked(head)
    village.accounts.audit(actor, action, subject, {})
    refused = granted(other)
    assert refused.status_code == 409 and "邀请或重置过" in refused.text
    assert "/exports/1/grant" not in refused.text and "去批准" not in other.open("/work").text
    assert granted(village.sign_in("0004", "head")).status_code == 303


def test_a_list_that_has_grown_since_is_asked_for_anew(village: Counter, head: Visitor, other: Visitor) -> None:
    asked(head)
    granted(other)
    village.member.casebook.record_many([Application("0001", APPLICATION)])
    refused = taken(head)
    assert refused.status_code == 403 and "名单已增加，请重新申请" in refused.text and "张" not in refused.text
    asked(head)
    granted(other, 2)
    assert taken(head, 2).status_code == 200


def test_a_clock_that_was_years_ahead_leaves_nothing_open_and_forgets_nothing(
    village: Counter, head: Visitor, other: Visitor
) -> None:
    asked(head)
    granted(other)
    assert taken(head).status_code == 200
    village.accounts.keep_house()
    village.member.clock.now_ms += YEARS_MS
    village.accounts.keep_house()
    assert village.accounts.exports.rows.get(1) is not None, "a clock that jumps forgets nothing"
    back(head, "0002")
    back(other, "0003")
    asked(head)
    granted(other, 2)
    asked(head)
    village.member.clock.now_ms -= YEARS_MS
    back(head, "0002")
    back(other, "0003")
    assert taken(head, 2).status_code == 403, "it was granted at a time that has not come"
    assert granted(other, 3).status_code == 409
    page = other.open("/exports").text
    assert "/grant" not in page and page.count("已过期</span>") == 2


def test_what_is_long_over_is_forgotten_in_the_time_that_went_by(
    village: Counter, head: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "KEPT_MS", DAY_MS)
    head.take("/work.csv?view=transit")
    village.accounts.keep_house()
    for hours in range(6, 31, 6):
        assert village.accounts.exports.rows.get(1) is not None, hours
        village.member.clock.now_ms += DAY_MS // 4
        village.accounts.keep_house()
    assert village.accounts.exports.rows.get(1) is None


def test_what_was_taken_when_the_clock_was_hours_ahead_is_counted(village: Counter, head: Visitor, monkeypatch) -> None:
    monkeypatch.setattr(exports, "ALONE", 4)
    village.member.clock.now_ms += DAY_MS // 2
    back(head, "0002")
    assert head.take(LIST).status_code == 200
    village.member.clock.now_ms -= DAY_MS // 2
    back(head, "0002")
    assert head.take(LIST).status_code == 403
    village.member.clock.now_ms -= YEARS_MS
    back(head, "0002")
    assert head.take(LIST).status_code == 200, "a clock that was years ahead locks nobody out for years"


def test_nothing_but_the_view_and_the_filters_becomes_part_of_a_request(
    village: Counter, head: Visitor, other: Visitor
) -> None:
    more = "&endpoint=x&_external=1&事项=最多跑一次&listed=y&done=asked&view=decided"
    refused = head.take(LIST + more)
    (action,) = re.findall(r'<form method="post" action="(/exports/ask/[^"]*)"', refused.text)
    assert action == "/exports/ask/work_export.csv?view=all"
    asked(head, action + more)
    page = other.open("/exports")
    assert page.status_code == 200 and "最多跑一次" not in page.text
    granted(other)
    assert head.open("/exports").status_code == 200 and taken(head).status_code == 200


def test_a_program_that_names_no_view_asks_for_all(village: Counter, head: Visitor, monkeypatch) -> None:
    monkeypatch.setattr(exports, "ALONE", 4)
    assert program_at(village, "0804", "head").get("/exports/cases").status_code == 200
    assert lines(village)[-1][2]["view"] == "all"


def test_a_name_that_was_searched_for_is_not_kept(village: Counter, head: Visitor, other: Visitor) -> None:
    assert head.take("/work.csv?view=transit&text=张秀兰").status_code == 200
    asked(head, "/exports/ask/work_export.csv?view=all&text=张秀兰")
    granted(other, 2)
    for number, narrowed in ((1, ""), (2, "view=all&text=%E5%BC%A0%2A")):
        row = village.accounts.exports.rows.get(number)
        assert row is not None and row.narrowed == narrowed and (row.digest is None) == (number == 1)
        assert row.digest != hashlib.sha256(urlencode({"view": "all", "text": "张秀兰"}).encode()).digest()
        assert not {"张秀兰", quote("张秀兰"), quote("秀兰")} & set(map(str, row)) and "秀" not in repr(row)
    page = head.open("/exports").text
    assert "编号或姓名：张*" in re.sub(r"<[^>]*>", "", page) and "张秀兰" not in page
    (form,) = re.findall(r'<form method="post" action="/narrow/work_export">.*?</form>', page, re.DOTALL)
    assert 'name="view" value="all"' in form and 'name="request" value="2"' in form and 'name="text"' in form
    assert head.take("/work.csv?view=all&request=2&text=张秀").status_code == 403, "another name"
    assert head.take("/work.csv?view=all&request=2").status_code == 403
    assert head.take("/work.csv?view=all&request=2&text=张秀兰").status_code == 200


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_full_disk_or_a_look_at_the_head_uses_nothing_up(
    village: Counter, head: Visitor, other: Visitor, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    asked(head, f"/exports/ask/work_export.{form}?view=all")
    granted(other)
    file = f"/work.{form}?view=all&request=1"
    assert head.client.head(file).status_code == 200 and head.client.head(LIST).status_code == 200
    before = lines(village)

    class Full(SpooledTemporaryFile[bytes]):
        def seek(self, *_: int) -> int:
            raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(export, "SpooledTemporaryFile", Full)
        assert head.take(file).status_code == 503
        patch.setattr(exports, "ALONE", 4)
        assert head.take(LIST).status_code == 503
    assert lines(village) == before and "下载（一次）" in head.open("/exports").text
    assert head.take(file).status_code == 200
    monkeypatch.setattr(exports, "ALONE", 4)
    assert head.take(LIST).status_code == 200, "what came to nothing is not counted"


def test_a_file_that_was_lost_on_the_way_is_taken_away_again_within_minutes(
    village: Counter, head: Visitor, other: Visitor
) -> None:
    asked(head)
    granted(other)
    village.member.clock.now_ms += DAY_MS - 1_000
    back(head, "0002")
    assert taken(head).status_code == 200
    village.member.clock.now_ms += 5 * 60_000
    assert "request=1" in head.open("/exports").text and taken(head).status_code == 200
    back(other, "0003")
    assert taken(other).status_code == 403
    assert [action for _, action, _ in lines(village)][2:] == ["list.export"] * 2
    village.member.clock.now_ms += 5 * 60_000
    back(head, "0002")
    assert taken(head).status_code == 403 and "request=1" not in head.open("/exports").text


def test_what_programs_read_in_lists_is_one_line_of_the_audit_trail_a_token_and_day(
    village: Counter, head: Visitor
) -> None:
    program, second = program_at(village, "0804", "head"), program_at(village, "0805", "head")
    for each in (program, program, second):
        assert len(each.get("/cases?limit=3").get_json()["cases"]) == 3
    village.accounts.keep_house()
    village.member.clock.now_ms += DAY_MS
    village.accounts.keep_house()
    village.accounts.keep_house()
    program.get("/cases")
    told = [one for one in village.accounts.rows.audit_lines(50) if one.action == "token.read"]
    assert sorted((one.actor, one.subject, json.loads(one.detail)["cases"]) for one in told) == [
        ("0804", "1", 6), ("0805", "2", 3),
    ]  # fmt: skip


def test_a_token_reads_no_more_cases_a_day_than_the_node_lets_it(
    village: Counter, head: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    program, second = program_at(village, "0804", "head"), program_at(village, "0805", "head")
    assert program.get("/whoami").get_json()["rows_a_day"] is None
    assert program.get("/cases").status_code == 200 and "没有限制" in head.open("/tokens").text
    monkeypatch.setattr(village.accounts.readings, "most", 6)
    refused = program.get("/cases?limit=3")
    told = refused.get_json()
    assert (refused.status_code, told["code"], told["left"], refused.mimetype) == (
        429, "rows_used_up", 2, "application/problem+json",
    )  # fmt: skip
    assert "还剩 2 件" in told["zh"] and "cases" not in told
    assert 0 < int(refused.headers["Retry-After"]) <= DAY_MS // 1000
    assert len(program.get("/cases?limit=2").get_json()["cases"]) == 2, "what was refused was not counted"
    assert program.get("/cases?limit=1").get_json()["left"] == 0
    assert program.get("/cases?view=transit").status_code == 200, "a list with nothing in it"
    me = program.get("/whoami").get_json()
    assert (me["rows_today"], me["rows_a_day"]) == (6, 6)
    assert second.get("/cases").status_code == 200, "each token has its own"
    page = re.sub(r"\s+", " ", head.open("/tokens").text)
    assert "一天最多从清单读取 6 件" in page and re.findall(r">(\d) 件", page) == ["4", "6"], "the newest first"
    assert page.count("已用完") == 1
    village.member.clock.now_ms += int(refused.headers["Retry-After"]) * 1000
    assert program.get("/cases").status_code == 200 and village.accounts.readings.today() == {1: 4}


def test_with_a_full_disk_programs_read_on_unless_there_is_a_bound(
    village: Counter, head: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = program_at(village, "0804", "head")

    def full(*_: object) -> None:
        raise NotSaved("磁盘已满", "the disk is full")

    monkeypatch.setattr(village.accounts.throttle.rows, "change_throttle", full)
    assert program.get("/cases").status_code == 200
    monkeypatch.setattr(village.accounts.readings, "most", 6)
    assert program.get("/cases").status_code == 503
