"""What a list gives as a file for a spreadsheet: CSV or XLSX, of what the page shows and with its masks, never more.

A file is written in full before a byte of it leaves, on the disk once it is larger than a page or two: then the line in
the audit trail can say how many rows it has, no half of a file is ever taken for a whole one, and the memory that it
takes does not grow with the list.

Its last row says who took it away, when, from which node and under which number, in one cell that begins with "# ": a
program that reads a header and rows finds them where they are, and skips a comment. Since nothing unmasked is ever
written into a file, none is encrypted. A list that names more people than one person may take away alone is asked for
with a reason, and taken away once another head has agreed (``village_node.accounts.exports``).
"""

import csv
import io
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from tempfile import SpooledTemporaryFile
from typing import IO, Any, Final, NamedTuple, Protocol, TypeVar
from urllib.parse import urlencode

from flask import make_response, redirect, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response
from xlsxwriter import Workbook
from xlsxwriter.exceptions import XlsxWriterException

from village_node.accounts.exports import ExportRefused, NeedsSecond, Wanted
from village_node.store import NotSaved
from village_node.store.case_lists import Page
from village_node.store.cases import CaseRow
from village_node.store.exports import ExportRow
from village_node.web import leaves, searches, sign_in, times
from village_node.web.policy import Policy, Route
from village_node.web.site import Visit

READY_COOKIE: Final = "sanji-file"  # tells the page from which a file was asked for that it comes (page.js)
READY_S: Final = 60
CASES: Final = "work_export"  # the one list of people that there is
ROWS_MOST: Final = 100_000
IN_MEMORY: Final = 1 << 20  # bytes of a file beyond which it is kept on the disk
SLICE: Final = 1 << 16  # bytes that are sent at once
COLUMN_WIDTH: Final = 18  # characters
PRINTED_MOST: Final = 200  # characters of the line above and below each printed page, of which a program takes 255
CELL_MOST: Final = 32_767  # characters that a spreadsheet program takes in one cell
_FORM: Final = "<any(csv, xlsx):form>"
_FORMULA: Final = ("=", "+", "-", "@")
_TYPES: Final = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_NO_ROOM: Final = (
    "没有导出：本机磁盘空间不足，临时文件写不下。请腾出空间，或缩小筛选范围后再导出",
    "nothing was exported: the disk has no room for the file. Make room, or narrow the filter and export again",
)
Cell = str | int | float


class Paged(Protocol):
    """A page of a list: of how many it is one, and how many a page has."""

    @property
    def total(self) -> int:
        """How many there are on all pages."""

    @property
    def page_size(self) -> int:
        """How many there are on a page."""


_P = TypeVar("_P", bound=Paged)


class Table(NamedTuple):
    """A list as it is exported. ``name``: of the file, and in the audit trail; ``head``: the columns in Chinese and
    English; ``rows`` are read as they are written; ``filters``: what the list was narrowed to, for the audit trail,
    without personal data; ``person``: the column that names somebody, masked, where there is one: such a row counts as
    one person, since masked names cannot be told apart; ``asked``: what the address narrows it to, as it was read, so
    that the same list can be asked for again."""

    name: str
    head: Sequence[tuple[str, str]]
    rows: Iterable[Sequence[Cell]]
    filters: Mapping[str, object]
    person: int | None = None
    asked: Mapping[str, str] = {}


class Read(Iterator[Sequence[Cell]]):
    """The rows of a table as they are written, no more than a file may have: how many there were, and how many of them
    name somebody. Where there are more, the last line says so."""

    def __init__(self, visit: Visit, table: Table) -> None:
        self.rows = self.people = 0
        self._person = table.person
        self._left = _bounded(visit, table.rows)

    def __next__(self) -> Sequence[Cell]:
        row = next(self._left)
        if len(row) > 1:  # what is not the line that says so
            self.rows += 1
            self.people += self._person is not None and bool(row[self._person])
        return row


def route(rule: str, name: str, table_of: Callable[[Visit], Table | Response], policy: Policy) -> Route:
    """The address under which a list that names nobody is exported: that of its page, with the form of the file behind
    it.

    ``table_of`` may answer with a page instead, where what stands in the address cannot be read.
    """
    return Route(f"{rule}.{_FORM}", name, _view(name, table_of), policy)


def vouched_routes(
    rule: str, name: str, taken: str, table_of: Callable[[Visit], Table | Response], policy: Policy
) -> tuple[Route, Route]:
    """The same for a list of people: its address asks for the password, and the page that this brings fetches the file.
    ``taken``: the name of the second."""
    give = _view(name, table_of)

    def address(visit: Visit, form: str) -> str:
        return visit.again(name, form=form, **{leaves.FIELD: None})

    def view(visit: Visit, form: str) -> Response:
        if leaves.given(visit, address(visit, form)):
            return give(visit, form)
        if leaves.FIELD in visit.request.args:  # over, or another's: the password again
            return redirect(address(visit, form), code=303)
        made = table_of(visit)
        return sign_in.ask_password(visit) if isinstance(made, Table) else made

    def begin(visit: Visit, form: str) -> Response:
        made = table_of(visit)
        back = sign_in.listed(visit)
        return leaves.begin(visit, address(visit, form), back) if isinstance(made, Table) else made

    where = f"{rule}.{_FORM}"
    return Route(where, name, view, policy), Route(where, taken, begin, policy, ("POST",), vouched=True)


def _view(name: str, table_of: Callable[[Visit], Table | Response]) -> Callable[[Visit, str], Response]:
    """What gives the file, or says why not."""

    def view(visit: Visit, form: str) -> Response:
        made = table_of(visit)
        if not isinstance(made, Table):
            return made
        try:
            return given(visit, made, form)
        except ExportRefused as refused:
            people = refused.people if isinstance(refused, NeedsSecond) else 0
            words = visit.t(refused.zh, refused.en)
            values = {"problem": words, "people": people, "action": asking(visit, made, name, form)}
            return visit.render("export_refused.html", 403, **values)

    return view


def asking(visit: Visit, table: Table, name: str, form: str) -> str:
    """Where a list is asked for with a reason, narrowed alike; empty for one that names nobody."""
    text = searches.locked(visit, table.asked.get("text", "")) or None
    address: dict[str, Any] = {**table.asked, "text": text, "listed": name, "form": form}
    return url_for("ask_export", **address) if name == CASES else ""


def wanted(table: Table, form: str, read: Read) -> Wanted:
    """The list that somebody wants, once its rows were read."""
    narrowed = {name: value for name, value in table.filters.items() if value}
    told = {"form": form, "rows": read.rows, **narrowed}
    if read.people:
        told["people"] = read.people
    return Wanted(table.name, form, urlencode(narrowed), urlencode(table.asked), read.people, told)


def given(visit: Visit, table: Table, form: str) -> Response:
    """The file, once the audit trail has its line: the last thing that can fail. Raises NotSaved where there is no room
    for either of them, and ExportRefused where a second person has to agree, or has not."""
    if form not in _TYPES:
        raise NotFound
    if visit.request.method == "HEAD":  # which takes nothing away
        return _headed(visit, make_response(b""), table, form)
    file: IO[bytes] = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - open until the answer is sent
    try:
        _written(visit, file, table, form)
    except (OSError, XlsxWriterException) as fault:
        file.close()
        raise NotSaved(*_NO_ROOM) from fault
    except (ExportRefused, NotSaved):
        file.close()
        raise
    response = make_response(_slices(file))
    response.call_on_close(file.close)
    tls = visit.site.config.behind_tls
    response.set_cookie(READY_COOKIE, "yes", max_age=READY_S, samesite="Strict", secure=tls, path="/")
    return _headed(visit, response, table, form)


def _written(visit: Visit, file: IO[bytes], table: Table, form: str) -> None:
    """Write the file and then note that it is taken away. Raises as ``given``, and OSError, XlsxWriterException."""
    exports, by, via = visit.site.accounts.exports, visit.staff.staff_no, visit.staff.via
    typed = visit.request.args.get("request", "")
    number = int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 10 else None
    read, begun = Read(visit, table), []

    def mark() -> str:
        """The line that says who takes the file away."""
        asked = wanted(table, form, read)
        begun.append(exports.begin(by, asked, via) if number is None else exports.granted(number, by, asked, via))
        return watermark(visit, begun[0])

    head = [visit.t(*each) for each in table.head]
    (_csv if form == "csv" else _xlsx)(visit, file, head, read, mark)
    file.flush()
    file.seek(0)
    if number is None:
        exports.take(begun[0], wanted(table, form, read))
    else:
        exports.fetch(number, by, wanted(table, form, read), via)


def _headed(visit: Visit, response: Response, table: Table, form: str) -> Response:
    response.headers["Content-Type"] = _TYPES[form]
    day = times.local(visit.now_ms).date().isoformat()
    response.headers["Content-Disposition"] = f'attachment; filename="{table.name}-{day}.{form}"'
    return response


def _slices(file: IO[bytes]) -> Iterator[bytes]:
    return iter(lambda: file.read(SLICE), b"")


def watermark(visit: Visit, row: ExportRow) -> str:
    """Who took a file away, when, from which node, under which number, and who agreed."""
    accounts, config = visit.site.accounts, visit.site.config
    at = times.local(visit.now_ms).strftime("%Y-%m-%d %H:%M")
    by = f"{visit.staff.name}（{row.staff_no}）"
    agreed = f"{accounts.name_of(row.answered_by)}（{row.answered_by}）" if row.answered_by else ""
    if row.via is not None:
        by += visit.t(f"的程序，令牌由 {row.via} 建立", f", by a program whose token {row.via} made")
    zh = f"导出第 {row.number} 号；{at}；{by}；{config.name} {config.place}"
    en = f"Export no. {row.number}; {at}; {by}; {config.name} {config.place}"
    zh, en = (f"{zh}；{agreed}批准", f"{en}; approved by {agreed}") if agreed else (zh, en)
    return visit.t(f"# {zh}；个人信息已隐去", f"# {en}; personal data is masked")


def _csv(visit: Visit, file: IO[bytes], head: Sequence[str], rows: Read, mark: Callable[[], str]) -> None:
    """Write the table as CSV. The mark in front makes spreadsheet programs read it as UTF-8."""
    text = io.TextIOWrapper(file, "utf-8-sig", "replace", newline="", write_through=True)
    writer = csv.writer(text)
    writer.writerow(head)
    for row in rows:
        writer.writerow([harmless(each) if isinstance(each, str) else each for each in row])
    writer.writerow([mark()])
    text.detach()


def _xlsx(visit: Visit, file: IO[bytes], head: Sequence[str], rows: Read, mark: Callable[[], str]) -> None:
    """Write the table as XLSX. A text stays a text there, and one that looks like a formula is marked, so that it stays
    one when somebody edits its cell."""
    book, count = Workbook(file, {"constant_memory": True}), 0
    made: datetime = times.local(visit.now_ms).replace(tzinfo=None)
    book.set_properties({"author": visit.staff.staff_no, "company": visit.site.config.name, "created": made})
    bold, quoted = book.add_format({"bold": True}), book.add_format({"quote_prefix": True})
    sheet = book.add_worksheet()
    sheet.set_column(0, max(len(head) - 1, 0), COLUMN_WIDTH)
    sheet.freeze_panes(1, 0)
    for column, words in enumerate(head):
        sheet.write_string(0, column, words, bold)
    for row in rows:
        count += 1
        for column, cell in enumerate(row):
            if isinstance(cell, str):
                sheet.write_string(count, column, cell[:CELL_MOST], quoted if is_formula(cell) else None)
            else:
                sheet.write_number(count, column, cell)
    said = mark()
    sheet.write_string(count + 1, 0, said)
    printed = said.replace("&", "&&")[:PRINTED_MOST]
    sheet.set_header(f"&L{printed}")
    sheet.set_footer(f"&L{printed}&R&P / &N")
    book.close()


def _bounded(visit: Visit, rows: Iterable[Sequence[Cell]]) -> Iterator[Sequence[Cell]]:
    """No more rows than a file may have; where there are more, the last line says so."""
    left = iter(rows)
    yield from islice(left, ROWS_MOST)
    if next(left, None) is not None:
        yield [
            visit.t(
                f"只导出前 {ROWS_MOST} 行，其余未导出：请缩小筛选范围后分次导出",
                f"Only the first {ROWS_MOST} rows: the others were left out; narrow the filter and export in parts",
            )
        ]


def is_formula(text: str) -> bool:
    """Whether a spreadsheet program would compute a cell with this text, instead of showing it: its first sign, which
    may be full-width and stand behind blanks and tabs, begins a formula (OWASP, CSV injection)."""
    return unicodedata.normalize("NFKC", text.lstrip()[:1]) in _FORMULA or text[:1] in ("\t", "\r", "\n")


def harmless(text: str) -> str:
    """A text that no spreadsheet program computes: with an apostrophe in front of one that looks like a formula."""
    return f"'{text}" if is_formula(text) else text


def pages(page_of: Callable[[int], _P]) -> Iterator[_P]:
    """The pages of a list, each read as it is asked for."""
    number, more = 1, True
    while more:
        found = page_of(number)
        yield found
        more = number * found.page_size < found.total
        number += 1


def paged(page_of: Callable[[int], Page]) -> Iterator[CaseRow]:
    """The cases of all pages of a list, page by page."""
    for found in pages(page_of):
        yield from found.rows
