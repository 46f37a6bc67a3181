"""Lists: a season's many applications for one item are looked at row by row, filed in one go, and printed together."""

import csv
import io
import re
from datetime import date
from typing import Any

import pytest
from stdnum.cn import ric

from tests.builders import Network
from tests.village_node.web.api.program import FILED, program_at
from tests.village_node.web.counter import CARD, Counter, Visitor, everywhere, hidden_of
from tests.village_node.web.test_filing import held
from village_node.casebook import batches as filing_of_lists
from village_node.web import batches
from village_node.web.entry import identity_card_trouble

FORM = "/batches/file/001"
CAME = "本人（或单位自己）来办"
TODAY = date(2026, 11, 18)


def card(stem: str) -> str:
    """A resident number with this stem and the check character that fits."""
    return stem + ric.calc_check_digit(stem + "0")


def rows_of(*people: dict[str, str], headings: list[str] | None = None) -> str:
    """A sheet as a spreadsheet saves it."""
    out = io.StringIO()
    names = headings or list(dict.fromkeys(name for each in people for name in each))
    writer = csv.DictWriter(out, names, restval="", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(people)
    return out.getvalue()


def person(name: str, number: str, **said: str) -> dict[str, str]:
    return {
        "姓名或单位名称": name,
        "证件号码": number,
        "联系电话": "13800001234",
        CAME: "是",
        "受托人": "",
        "与申请人关系": "",
        "委托说明": "",
        "委托书签名方式": "",
        "委托权限": "",
        "委托期限至": "",
        "申请事由": "烟花爆竹零售点，腊月至正月",
        "材料：身份证": "原件1",
        **said,
    }


PEOPLE = (
    person("张秀兰", CARD),
    person(
        "李老汉",
        card("62282119450304567"),
        **{CAME: "否"},
        受托人="王芳",
        与申请人关系="村代办员",
        委托说明="签名并按手印的委托书 1 份",
        委托书签名方式="签名并按手印",
        委托权限="只代为提交、补正",
        委托期限至="2026-12-31",
    ),
    person("赵四", card("62282119680304511")),
)


def checked(visitor: Visitor, rows: str, **said: Any) -> str:
    """Look a list over; the page."""
    return visitor.send(FORM, {"rows": rows, "channel": "counter", "do": "check", **said}).text


def filed(visitor: Visitor, rows: str) -> str:
    """File a list as its preview offers it; the address of its print."""
    form = {**hidden_of(checked(visitor, rows), FORM), "do": "file"}
    answer = visitor.send(FORM, form)
    assert answer.status_code == 303, answer.text[:3000]
    again = visitor.send(FORM, form)
    assert again.status_code == 303 and again.headers["Location"] == answer.headers["Location"], "a second click"
    return answer.headers["Location"]


def test_a_sheet_is_looked_at_filed_at_once_and_each_row_is_an_ordinary_case(
    network: Network, village: Counter, agent: Visitor, township: Counter
) -> None:
    assert all(identity_card_trouble(each["证件号码"], TODAY) is None for each in PEOPLE)
    empty = agent.open("/batches/sheet/001")
    assert empty.data.startswith(b"\xef\xbb\xbf") and empty.data.decode("utf-8-sig").startswith(
        "姓名或单位名称,证件类型"
    )
    page = checked(agent, rows_of(*PEOPLE))
    assert "共 3 人，逐行核对无误" in page and village.member.casebook.view_counts()["all"] == 0, "nothing is filed yet"
    address = filed(agent, rows_of(*PEOPLE))
    printed = agent.open(address).text
    cases = re.findall(r'href="(/cases/[^"]+)"', printed)
    assert len(cases) == 3 and "张*" in printed and "张秀兰" not in printed and "打印收件名单" in printed
    assert len(set(re.findall(r"\b[0-9A-Z]{6}-[0-9A-Z]{7}\b", printed))) == 3, "each has a code of its own"
    acted_for = held(village, cases[1])
    assert (acted_for.proxy["name"], acted_for.materials[0][:3]) == ("王芳", ("身份证", 1, True))
    [authority] = [each.body for each in acted_for.authorities]
    assert (authority["marked"], authority["scope"], authority["until"]) == ("hand_print", "submit", "2026-12-31")
    assert held(village, cases[0]).authorities == ()
    everywhere(network)
    clerk = township.sign_in("0101", "clerk")
    assert all(clerk.open(each).status_code == 200 for each in cases), "an ordinary case goes up as any other"
    assert clerk.open(address).status_code == 404, "the list itself is this node's own"
    assert "<td" in agent.open("/batches").text and address in agent.open("/batches").text
    same = agent.send(FORM, {**hidden_of(checked(agent, rows_of(*PEOPLE)), FORM), "do": "file"})
    assert same.status_code == 409 and "已经申报过" in same.text
    assert village.member.casebook.view_counts()["all"] == 3


def test_every_row_s_trouble_is_named_by_row_and_column_and_nothing_is_filed(village: Counter, agent: Visitor) -> None:
    rows = rows_of(
        PEOPLE[0],
        person("", "6.22821E+17"),
        person("钱五", CARD, **{CAME: "否"}),
        person("孙六", card("62282119680304522"), **{CAME: "", "材料：身份证": "若干"}),
        person("周七", card("62282119680304533"), 受托人="王芳"),
        person("吴八", card("62282119680304544"), 委托权限="只代为提交、补正"),
    )
    page = agent.send(FORM, {"rows": rows, "channel": "counter", "do": "file", "item_version": "1"})
    assert page.status_code == 422 and "其中 5 行要改" in page.text
    told = dict(re.findall(r"第 (\d+) 行</td>(.*?)</tr>", page.text, re.DOTALL))
    assert sorted(told) == ["3", "4", "5", "6", "7"]
    assert "姓名或单位名称" in told["3"] and "科学计数" in told["3"]
    assert "委托说明" in told["4"] and "选择签名方式" in told["4"] and "与名单中第 1 人的证件号码相同" in told["4"]
    assert "请填“是”或“否”" in told["5"] and "材料：身份证" in told["5"] and "原件1" in told["5"]
    assert "填了受托人的" in told["6"] and "填了受托人的" in told["7"]
    assert "钱五" in page.text and village.member.casebook.view_counts()["all"] == 0
    for text, words in (
        ("", "名单是空的"),
        ("姓名,证件号码\n张三,1\n", "第 1 列“姓名”不是本事项的栏目"),
        ("姓名或单位名称,姓名或单位名称\n张三,1\n", "出现了两次"),
        ("姓名或单位名称\n张三\n", "缺少“证件号码”"),
        (rows_of(*[PEOPLE[0]] * 501), "一次最多 500 人"),
    ):
        assert words in checked(agent, text), words


def test_a_file_in_either_spelling_and_a_pasted_sheet_are_read_alike(agent: Visitor) -> None:
    text = rows_of(*PEOPLE)
    for raw in (text.encode("utf-8-sig"), text.encode("gb18030")):
        page = checked(agent, "", sheet=(io.BytesIO(raw), "名单.csv"))
        assert "共 3 人，逐行核对无误" in page and "李老汉" in page
    assert "共 3 人，逐行核对无误" in checked(agent, text.replace(",", "\t"))
    assert "另存为" in checked(agent, "", sheet=(io.BytesIO(b"PK\x03\x04rest"), "名单.xlsx"))


def test_a_program_files_a_list_once_and_is_told_of_each_wrong_row(village: Counter) -> None:
    program = program_at(village, "0801", "agent")
    one = {name: value for name, value in FILED.items() if name != "item_no"}
    other = {**one, "applicant_name": "赵四", "applicant_id_no": card("62282119680304511")}
    proxied = {**other, "in_person": False}
    wrong = {"item_no": "001", "applications": [{**one, "in_person": True}, proxied]}
    judged = program.post("/batches/check", wrong).get_json()
    assert judged["count"] == 2 and [each["row"] for each in judged["wrong"]] == [1]
    assert {each["field"] for each in judged["wrong"][0]["fields"]} == {
        "proxy_name",
        "proxy_relation",
        "proxy_authorisation",
        "authority_marked",
    }
    refused = program.post("/batches", wrong, "list-00001")
    assert refused.status_code == 422 and refused.get_json()["fields"][0]["field"] == "applications.1.proxy_name"
    shapeless = program.post("/batches", {**wrong, "applications": [{**one, "in_person": True, "applicant_name": 7}]})
    assert shapeless.get_json()["field"] == "applications.0.applicant_name"
    assert program.get("/cases").get_json()["cases"] == []
    right = {"item_no": "001", "applications": [{**one, "in_person": True}, {**other, "in_person": True}]}
    done, again = (program.post("/batches", right, "list-00001") for _ in range(2))
    assert done.status_code == 200 and again.get_json() == done.get_json()
    assert again.headers["Idempotency-Replayed"] == "true"
    made = done.get_json()
    assert made["count"] == 2 and len({each["query_code"] for each in made["cases"]}) == 2
    assert program.get(f"/batches/{made['batch_id']}").get_json() == made
    assert [each["batch_id"] for each in program.get("/batches").get_json()["batches"]] == [made["batch_id"]]
    assert program.post("/batches", right, "list-00002").status_code == 409
    assert len(program.get("/cases").get_json()["cases"]) == 2


def test_a_good_list_of_five_hundred_is_filed_by_the_form_that_its_preview_shows(
    village: Counter, agent: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = "关于在本村设立烟花爆竹零售点的申请，经营场所符合安全距离要求。" * 4
    many = [
        person(f"张{chr(0x4E00 + number)}", card(f"62282119{60 + number // 300}0304{number % 300:03d}"), 申请事由=long)
        for number in range(500)
    ]
    text = rows_of(*many)
    assert len(text.encode()) * 3 > 600_000 and len(text) < batches.LONGEST
    page = checked(agent, "", sheet=(io.BytesIO(text.encode("utf-8-sig")), "名单.csv"))
    assert "共 500 人，逐行核对无误" in page
    assert page.count(f'action="{FORM}" enctype="multipart/form-data"') == 2, "else each character is nine bytes"
    form = {**hidden_of(page, FORM), "do": "file"}
    monkeypatch.setattr(batches, "file", lambda *_: bytes(16))
    token = agent.token()
    sent = agent.client.post(FORM, data={**form, "token": token}, content_type="multipart/form-data")
    assert sent.status_code == 303, sent.text[:500]
    assert village.member.casebook.view_counts()["all"] == 0


def test_what_is_too_large_says_so_and_not_only_that_a_form_was(agent: Visitor) -> None:
    for length in (batches.LONGEST + 1, batches.FORM_MOST):
        page = checked(agent, "", sheet=(io.BytesIO(b"a" * length), "名单.csv"))
        assert "名单过大" in page and "分成几份" in page


def test_who_has_an_open_case_already_is_named_before_a_season_is_filed_twice(
    village: Counter, agent: Visitor, network: Network
) -> None:
    filed(agent, rows_of(*PEOPLE))
    namesake = {**PEOPLE[1], "证件号码": card("62282119450304555")}
    page = checked(agent, rows_of(PEOPLE[0], namesake, person("钱五", card("62282119680304522"))))
    assert "有 1 人在本单位已有同一事项未办结的件" in page and "共 3 人，逐行核对无误" in page
    [(first, _)] = village.member.casebook.batches()
    told = re.findall(r"第 (\d+) 行</td><td[^>]*>([^<]+)</td><td[^>]*>([^<]+)<", page)
    held_row = village.member.casebook.batch(first.batch_id)
    assert held_row is not None and told == [("2", "张秀兰", held_row[1][0].case_no)]
    program = program_at(village, "0801", "agent")
    one = {**{name: value for name, value in FILED.items() if name != "item_no"}, "applicant_id_no": CARD}
    listed = {"item_no": "001", "applications": [{**one, "applicant_name": "张秀兰", "in_person": True}]}
    known = program.post("/batches/check", listed).get_json()
    assert known["open_before"] == [{"row": 0, "case_no": held_row[1][0].case_no}] and known["wrong"] == []
    network.clock.now_ms += 61 * 86_400_000
    late = village.sign_in("0003", "agent")
    assert "已有同一事项" not in checked(late, rows_of(PEOPLE[0]))


def test_the_same_list_is_refused_with_its_day_and_led_to_and_a_new_version_changes_no_resend(
    village: Counter, agent: Visitor
) -> None:
    form = {**hidden_of(checked(agent, rows_of(*PEOPLE)), FORM), "do": "file"}
    first = agent.send(FORM, form).headers["Location"]
    assert agent.send(FORM, {**form, "item_version": "2"}).headers["Location"] == first, "a resend is asked for first"
    same = agent.send(FORM, {**hidden_of(checked(agent, rows_of(*PEOPLE)), FORM), "do": "file"}).text
    assert "2026年11月18日 已经申报过" in same and f'href="{first}"' in same
    assert "还没有收件" not in same, "what was filed before is not offered once more"
    changed = agent.send(FORM, {**form, "rows": rows_of(PEOPLE[0])})
    assert changed.status_code == 409 and village.member.casebook.view_counts()["all"] == 3


def test_a_stray_quotation_mark_swallows_no_rows(agent: Visitor, village: Counter) -> None:
    good = rows_of(*PEOPLE)
    lone = good.replace("李老汉", '"李老汉')
    page = checked(agent, lone)
    assert "从第 3 行起读不出来" in page and "引号" in page
    two = good.replace("李老汉", '"李老汉').replace("赵四", '赵四"')
    page = checked(agent, two)
    assert "这一栏只能有一行" in page and "引号" in page and village.member.casebook.view_counts()["all"] == 0
    several = rows_of(person("张秀兰", CARD, 申请事由="第一行\n第二行"))
    assert "共 1 人，逐行核对无误" in checked(agent, several)
    broken = rows_of(person("张秀兰\n李老汉", CARD))
    assert "这一栏只能有一行" in checked(agent, broken)


def test_lists_are_turned_page_by_page(village: Counter, agent: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filing_of_lists, "SHOWN", 1)
    monkeypatch.setattr(batches, "SHOWN", 1)
    addresses = [filed(agent, rows_of(each)) for each in PEOPLE[:2]]
    pages = [agent.open(f"/batches?page={number}").text for number in (1, 2)]
    assert sorted([address in page for page in pages] for address in addresses) == [[False, True], [True, False]]
    program = program_at(village, "0801", "agent")
    told = program.get("/batches?page=2").get_json()
    assert (told["page"], told["total"], len(told["batches"])) == (2, 2, 1)
