"""Lists as files for spreadsheets: what the page shows and no more, harmless to open, noted in the audit trail."""

import csv
import io
import json
import re
import zipfile
from xml.etree import ElementTree

import pytest
from werkzeug.test import TestResponse

from tests.builders import APPLICATION, Network
from tests.village_node.web.counter import Counter, Visitor, everywhere
from tests.village_node.web.errands import PAPERS, done
from village_node.casebook import Application
from village_node.web import export, work

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
DAYS_MS = 60 * 86_400_000
MARK = re.compile(
    r"# (导出第 \d+ 号；|Export no\. \d+; )\d{4}-\d\d-\d\d \d\d:\d\d(；|; )\S+（\d{4}）.*(个人信息已隐去|is masked)$"
)


@pytest.fixture
def head(village: Counter) -> Visitor:
    return village.sign_in("0002", "head", name="李主任")


def csv_rows(answer: TestResponse) -> list[list[str]]:
    assert answer.status_code == 200 and answer.content_type == "text/csv; charset=utf-8", answer.status
    assert answer.data.startswith(b"\xef\xbb\xbf"), "spreadsheet programs take it for another encoding without the mark"
    *rows, mark = csv.reader(io.StringIO(answer.data.decode("utf-8-sig")))
    assert len(mark) == 1 and MARK.match(mark[0]), "the last line says who took it away, and is a comment to a program"
    return rows


def xlsx_cells(answer: TestResponse) -> list[list[ElementTree.Element]]:
    assert answer.status_code == 200 and answer.content_type.endswith("spreadsheetml.sheet"), answer.status
    book = zipfile.ZipFile(io.BytesIO(answer.data))
    assert book.testzip() is None
    sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
    *rows, mark = (list(row) for row in sheet.iter(f"{MAIN}row"))
    assert len(mark) == 1 and MARK.match(words_in(mark[0]))
    printed = [sheet.find(f".//{MAIN}{each}") for each in ("oddHeader", "oddFooter")]
    assert all(each is not None and words_in(mark[0])[:60] in (each.text or "") for each in printed)
    return rows


def words_in(cell: ElementTree.Element) -> str:
    return "".join(cell.itertext())


def told(counter: Counter) -> tuple[str, str, dict]:
    line = counter.accounts.rows.audit_lines(1)[0]
    assert line.action == "list.export"
    detail = json.loads(line.detail)
    assert detail.pop("number") > 0
    return line.actor, line.subject, detail


def links(page: str) -> list[str]:
    return [each.replace("&amp;", "&") for each in re.findall(r'href="([^"]*\.(?:csv|xlsx)[^"]*)"', page)]


def test_the_work_list_is_exported_masked_as_on_the_page_with_the_filters_of_its_address(
    village: Counter, agent: Visitor, head: Visitor
) -> None:
    agent.file("001", **PAPERS, applicant_name="张秀兰")
    agent.file("036", **PAPERS, applicant_name="李玉梅")
    page = head.open("/work?view=all&text=张秀兰&page=1").text
    xlsx, plain = links(page)
    assert head.open("/work?view=all&text=nobody").text.count(".csv") == 0, "there is nothing to export"
    taken = head.take(plain)
    assert taken.headers["Set-Cookie"].startswith("sanji-file=yes; "), "the page that waits for it learns that it comes"
    rows = csv_rows(taken)
    assert rows[0][:4] == ["收件编号", "事项编号", "事项", "申请人"] and len(rows) == 2
    assert rows[1][3] == "张*" and "张秀兰" not in "".join(map("".join, rows))
    assert told(village) == ("0002", "work", {"form": "csv", "rows": 1, "people": 1, "view": "all", "text": "张*"})
    cells = [[words_in(cell) for cell in row] for row in xlsx_cells(head.take(xlsx))]
    assert cells == rows
    assert told(village)[2]["form"] == "xlsx"
    assert head.open("/work.csv?view=secret").status_code == head.open("/work.pdf").status_code == 404
    head.send("/display", {"lang": "en", "back": "/"})
    assert csv_rows(head.take(plain))[0][0] == "Receipt number"


def test_who_works_on_single_cases_takes_no_list_away_and_sees_no_link(village: Counter, agent: Visitor) -> None:
    agent.file("001", **PAPERS)
    for page in ("/work?view=all", "/timeliness", "/document-numbers", "/supervision"):
        assert links(agent.open(page).text) == [], page
    assert len(links(agent.open("/fees").text)) == 2, "who stands in for the cashier takes the sheet of the day"
    village.sign_in("0005", "cashier")
    assert links(agent.open("/fees").text) == []
    for path in ("/work", "/fees", "/timeliness", "/document-numbers", "/supervision", "/audit"):
        assert agent.open(f"{path}.csv").status_code == agent.open(f"{path}.xlsx").status_code == 404


def test_an_export_reads_slice_by_slice_and_leaves_nothing_out(
    village: Counter, head: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    village.member.casebook.record_many([Application("0001", APPLICATION) for _ in range(23)])
    monkeypatch.setattr(work, "SLICE", 5)
    monkeypatch.setattr(export, "IN_MEMORY", 100)  # so that it goes through a file on the disk
    rows = csv_rows(head.take("/work.csv?view=all"))
    assert len({row[0] for row in rows[1:]}) == 23
    assert told(village)[2]["rows"] == 23
    assert len(xlsx_cells(head.take("/work.xlsx?view=all"))) == 24


def test_a_list_that_is_too_long_says_so_in_its_last_line(
    village: Counter, head: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    village.member.casebook.record_many([Application("0001", APPLICATION) for _ in range(4)])
    monkeypatch.setattr(export, "ROWS_MOST", 3)
    rows = csv_rows(head.take("/work.csv?view=all"))
    assert len(rows) == 5 and rows[-1] == ["只导出前 3 行，其余未导出：请缩小筛选范围后分次导出"]
    assert told(village)[2]["rows"] == 3
    monkeypatch.setattr(export, "ROWS_MOST", 4)
    assert len(csv_rows(head.take("/work.csv?view=all"))) == 5, "exactly so many are not too many"


@pytest.mark.parametrize("text", ["=1+1", "+8613800001111", "-2", "@SUM(A1)", "\t=1", "  =1+1", "＝1+1", "＠x", "\rx"])
def test_a_text_that_a_spreadsheet_would_compute_is_made_harmless(text: str) -> None:
    assert export.harmless(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "张*", "621021101001-261121", "3-1", "138****1234", "—"])
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert export.harmless(text) == text


def test_formulas_typed_into_a_register_stay_texts_in_both_forms(village: Counter) -> None:
    admin = village.sign_in("0009", "admin")
    formula = '=HYPERLINK("http://example.invalid")'
    village.accounts.audit("0009", "note", formula, {})
    rows = csv_rows(admin.open("/audit.csv"))
    assert rows[1][4] == f"'{formula}" and rows[1][3] == "note"
    cells = xlsx_cells(admin.open("/audit.xlsx"))
    (cell,) = [cell for row in cells for cell in row if words_in(cell) == formula]
    assert cell.find(f"{MAIN}f") is None and cell.attrib["t"] == "inlineStr" and cell.attrib.get("s", "0") != "0"
    assert told(village) == ("0009", "audit", {"form": "xlsx", "rows": len(cells) - 1})


def test_nothing_leaves_without_its_audit_line(
    village: Counter, agent: Visitor, head: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent.file("001", **PAPERS)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(village.accounts.exports.rows, "add", full)
    answer = head.take("/work.csv?view=all")
    assert answer.status_code == 503 and "没有导出" in answer.text and "张" not in answer.text


def test_the_registers_of_the_county_are_exported(
    network: Network, county: Counter, township: Counter, agent: Visitor
) -> None:
    case = agent.file("014", **PAPERS)
    done(agent, case, "docket")
    network.clock.now_ms += DAYS_MS
    everywhere(network)
    supervisor = county.sign_in("1009", "supervisor")
    (card,) = csv_rows(supervisor.open("/supervision.csv"))[1:]
    assert "上关村" in card and "未回应" not in card and "时限，已用" in card[4]
    assert told(county)[1:] == ("supervision-cards", {"form": "csv", "rows": 1})
    assert csv_rows(supervisor.open("/supervision.csv?view=asked"))[0][0] == "文号"
    assert csv_rows(supervisor.open("/supervision.csv?view=watched"))[0][2] == "为什么列入"
    assert len(links(supervisor.open("/supervision?view=cards&grade=red").text)) == 2
    numbers = csv_rows(supervisor.open("/document-numbers.csv?place=621021101201"))
    assert [row[:3] + row[4:7] for row in numbers[1:]] == [["上关村", "2026", "受理通知书", "1", "1", "0"]]
    assert csv_rows(supervisor.open("/timeliness.csv?first=2026-01-01&last=2027-12-31"))[0][4] == "办结"
    assert supervisor.open("/timeliness.csv?first=x&last=y").status_code == 422
    assert csv_rows(supervisor.take("/fees.csv"))[0][6] == "金额（元）"
    (child,) = csv_rows(supervisor.open("/children.csv"))[1:]
    assert child[:2] == ["621021101000", "驿马镇"] and child[3] == "1"
    assert csv_rows(township.sign_in("0109", "admin").open("/children.csv"))[1][1] == "上关村"
