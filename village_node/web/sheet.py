"""A sheet (表格) of many applications for one item: its columns, and its rows read out of what a spreadsheet gives."""

import csv
import io
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from sync_protocol.case import bodies, legal_bodies
from sync_protocol.case.catalogue import Item
from village_node.web import application, asked, entry, words

IN_PERSON: Final = "in_person"
_MOST_CELLS: Final = 120  # no item asks so much
_YES_NO: Final = {"是": True, "否": False, "yes": True, "no": False}
_PAPER: Final = re.compile(r"(original)? ?([1-9][0-9]?)?", re.ASCII)
_NONE: Final = ("", "无", "0", "none")
_ROUNDED: Final = re.compile(r"[0-9.]+E\+[0-9]+")  # how a spreadsheet spoils a long number
_WORKBOOK: Final = b"PK\x03\x04"
_PROXY: Final = ("proxy_name", "proxy_relation", "proxy_phone", "proxy_authorisation")
Words = tuple[str, str]


class Column(NamedTuple):
    """One column. ``name``: the field it fills; ``hint``: what goes into its cells."""

    name: str
    zh: str
    en: str
    required: bool
    hint_zh: str = ""
    hint_en: str = ""


class Row(NamedTuple):
    """One row that says something. ``line``: where it begins in the sheet; ``body``: the application by field name;
    ``in_person``: whether the applicant came himself; ``wrong``: cells that cannot be read; ``terms``: of the authority
    of who acts for him, empty where nothing is said of it."""

    line: int
    body: dict[str, Any]
    in_person: bool | None
    wrong: dict[str, Words]
    terms: dict[str, str]


class BadSheet(Exception):
    """A sheet that cannot be read at all, in words."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh, self.en = zh, en


def columns(item: Item) -> list[Column]:
    """The columns of an item's sheet, in order."""
    identities = [words.choice_words(code) for code in application.identities(item)]
    kinds = ("、".join(zh for zh, _ in identities), ", ".join(en for _, en in identities))
    made = [
        Column("applicant_name", "姓名或单位名称", "name", True),
        Column(
            "applicant_id_kind",
            "证件类型",
            "kind of document",
            False,
            f"不填为{identities[0][0]}；{kinds[0]}",
            f"empty: {identities[0][1]}; {kinds[1]}",
        ),
        Column("applicant_id_no", "证件号码", "document number", True, "整列设为文本格式", "format the column as text"),
        Column("applicant_phone", "联系电话", "phone", False),
        Column("applicant_address", "联系地址", "address", False),
    ]
    if item.applicants != ("person",):
        said = ("单位申请的必填", "required of organisations")
        made.append(Column("legal_representative", "法定代表人", "legal representative", False, *said))
    came = ("是或否；填“否”的，右边受托人和委托各列都填", "yes or no; if no, fill in the proxy and the authority")
    made.append(Column(IN_PERSON, "本人（或单位自己）来办", "in person", True, *came))
    labels = {field.name: (field.zh, field.en) for field in bodies.CREATE.fields}
    authority = ("逐人写明，如：签名并按手印的委托书 1 份", "for each person, e.g. a signed letter of authorisation")
    for name in _PROXY:
        made.append(Column(name, *labels[name], False, *(authority if name == "proxy_authorisation" else ("", ""))))
    made += _authority()
    for each in asked.asked(item):
        hint = ("、".join(each.choices),) * 2 if each.choices else (each.hint_zh, each.hint_en)
        made.append(Column(each.key, each.zh, each.en, each.required, *hint))
    paper = ("份数，原件写“原件1”；没有的不填", "how many; “original 1” for an original; empty if not there")
    for index, name in enumerate(item.materials):
        made.append(Column(f"m{index}", f"材料：{name}", f"paper: {name}", False, *paper))
    made.append(Column("window_note", *labels["window_note"], False))
    return made


def _authority() -> list[Column]:
    marks, scopes = (_said(codes) for codes in (legal_bodies.PROXY_MARKS, application.SCOPES))
    usual = words.choice_words(application.SCOPES[0])
    ends = ("如 2026-12-31；不填表示至办结", "like 2026-12-31; empty: until the case is settled")
    return [
        Column("authority_marked", "委托书签名方式", "how the authority is signed", False, *marks),
        Column(
            "authority_scope",
            "委托权限",
            "what the proxy may do",
            False,
            f"不填为{usual[0]}；{scopes[0]}",
            f"empty: {usual[1]}; {scopes[1]}",
        ),
        Column("authority_until", "委托期限至", "authority until", False, *ends),
    ]


def _said(codes: Iterable[str]) -> Words:
    told = [words.choice_words(code) for code in codes]
    return "或".join(zh for zh, _ in told), " or ".join(en for _, en in told)


def empty(item: Item) -> bytes:
    """The sheet to be filled in: the row of headings, as spreadsheets of this country open it."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow([each.zh for each in columns(item)])
    return ("\ufeff" + out.getvalue()).encode()


def text_of(raw: bytes) -> str:
    """The text of a file that a spreadsheet saved, in either of the two ways it writes Chinese. Raises BadSheet."""
    if raw.startswith(_WORKBOOK):
        raise BadSheet(
            "这是工作簿文件：请在表格软件里另存为“CSV（逗号分隔）”再选，或全选复制后粘贴到下面",
            "this is a workbook: save it as CSV, or copy all of it and paste it below",
        )
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise BadSheet("文件不是 CSV 表格，无法读取", "the file is no CSV table")


def read(text: str, item: Item, most: int) -> list[Row]:
    """The rows of a sheet. Raises BadSheet where headings or size do not fit; nothing else is dropped in silence."""
    text = text.removeprefix("\ufeff")
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = "\t" if "\t" in first else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    headed: list[Column] = []
    rows: list[Row] = []
    begins = 1
    try:
        for cells in reader:
            line, begins = begins, reader.line_num + 1
            spelled = [entry.paragraph(cell) for cell in cells]
            if not any(spelled):
                continue
            if not headed:
                headed = _headings(spelled, item)
                continue
            if len(rows) == most:
                raise BadSheet(
                    f"一次最多 {most} 人，请分成几份名单", f"at most {most} people at a time: make several lists of it"
                )
            rows.append(_row(line, spelled, headed, item))
    except csv.Error as wrong:
        raise BadSheet(
            f'从第 {begins} 行起读不出来，多半是英文引号（"）不成对：请在这一行删去多余的引号（{wrong}）',
            f"from line {begins} on it cannot be read; most likely a quotation mark stands alone there: take it out "
            f"({wrong})",
        ) from None
    if not headed or not rows:
        raise BadSheet("名单是空的：第一行为栏目名称，以下每人一行", "the list is empty: headings, then a row for each")
    return rows


def _headings(cells: list[str], item: Item) -> list[Column]:
    known: dict[str, Column] = {}
    for column in columns(item):
        known |= {column.zh: column, column.en: column, column.name: column}
        known |= {column.zh.replace("受托人", "代办人"): column}  # as sheets were headed that are filled in already
    if len(cells) > _MOST_CELLS:
        raise BadSheet("栏目过多，请用本事项的空表", "too many columns: use the empty sheet of this item")
    while cells and not cells[-1]:
        cells.pop()
    headed: list[Column] = []
    for at, cell in enumerate(cells, start=1):
        found = known.get(cell)
        if found is None:
            raise BadSheet(
                f"第 {at} 列“{cell[:40]}”不是本事项的栏目，请用本事项的空表",
                f"column {at}, “{cell[:40]}”, is none of this item's: use its empty sheet",
            )
        if found in headed:
            raise BadSheet(f"“{found.zh}”列出现了两次", f"the column “{found.en}” stands there twice")
        headed.append(found)
    missing = [column for column in columns(item) if column.required and column not in headed]
    if missing:
        raise BadSheet(
            f"缺少“{'”“'.join(column.zh for column in missing)}”列，请用本事项的空表",
            f"columns are missing: {', '.join(column.en for column in missing)}",
        )
    return headed


def _row(line: int, cells: list[str], headed: list[Column], item: Item) -> Row:
    values = {column.name: cell for column, cell in zip(headed, cells, strict=False)}
    wrong: dict[str, Words] = {}
    if any(cells[len(headed) :]):
        over = "；".join(cell for cell in cells[len(headed) :] if cell)[:40]
        wrong["window_note"] = (f"这一行多出了没有栏目的内容：{over}", f"cells beyond the last column: {over}")
    several = {"window_note"} | {each.key for each in asked.asked(item) if each.kind == "text"}
    for name in (name for name, cell in values.items() if "\n" in cell and name not in several):
        wrong[name] = (
            '这一栏只能有一行：请删去换行；下面几行被并进来的，是英文引号（"）不成对',
            "one line only: take the line break out; where rows below are in it too, a quotation mark stands alone",
        )
    came = values.get(IN_PERSON, "").lower()
    body: dict[str, Any] = {name: values.get(name, "") for name in application.SPELLINGS}
    body["applicant_id_kind"] = _identity(values.get("applicant_id_kind", ""), item)
    if _ROUNDED.fullmatch(body["applicant_id_no"].upper()):
        wrong["applicant_id_no"] = (
            "号码被表格软件改成了科学计数，请把整列设为文本格式后重新填写",
            "the spreadsheet has rounded the number: format the column as text and type it again",
        )
    body["answers"] = asked.answers(item, asked.typed(item, values))
    body["materials"] = _papers(values, item, wrong)
    return Row(line, application.spelled(body, item), _YES_NO.get(came), wrong, _terms(values))


def _terms(values: Mapping[str, str]) -> dict[str, str]:
    codes = {"authority_marked": legal_bodies.PROXY_MARKS, "authority_scope": legal_bodies.PROXY_SCOPES}
    terms = {}
    for name in application.TERMS:
        cell = values.get(name, "")
        named = codes.get(name, ())
        terms[name] = next((code for code in named if cell in (code, *words.choice_words(code))), cell)
    return terms


def _identity(cell: str, item: Item) -> str:
    identities = application.identities(item)
    if not cell:
        return identities[0]
    named: Iterable[tuple[str, Words]] = ((code, words.choice_words(code)) for code in identities)
    return next((code for code, told in named if cell in (code, *told)), cell)


def _papers(values: Mapping[str, str], item: Item, wrong: dict[str, Words]) -> list[dict[str, Any]]:
    papers = []
    for index, name in enumerate(item.materials):
        cell = values.get(f"m{index}", "")
        if cell.lower() in _NONE:
            continue
        found = _PAPER.fullmatch(cell.lower().replace("原件", "original").removesuffix("份"))
        if found is None:
            wrong[f"m{index}"] = (
                "请填份数（1 到 99），原件写“原件1”，没有的不填",
                "how many copies (1 to 99), “original 1” for an original, empty if it is not there",
            )
            continue
        papers.append({"name": name, "copies": int(found[2] or 1), "original": found[1] is not None})
    return papers
