"""What a list gives as a file for a spreadsheet: CSV or XLSX, of what the page shows and with its masks, never more.

A file is written in full before a byte of it leaves, on the disk once it is larger than a page or two: then the line in
the audit trail can say how many rows it has, no half of a file is ever taken for a whole one, and the memory that it
takes does not grow with the list.
"""

import csv
import io
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from tempfile import SpooledTemporaryFile
from typing import IO, Any, Final, NamedTuple

from flask import make_response
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response
from xlsxwriter import Workbook
from xlsxwriter.exceptions import XlsxWriterException

from village_node.store import NotSaved
from village_node.store.cases import CaseRow, Page
from village_node.web import times
from village_node.web.policy import Policy, Route
from village_node.web.site import Visit

ROWS_MOST: Final = 100_000
IN_MEMORY: Final = 1 << 20  # bytes of a file beyond which it is kept on the disk
SLICE: Final = 1 << 16  # bytes that are sent at once
COLUMN_WIDTH: Final = 18  # characters
CELL_MOST: Final = 32_767  # characters that a spreadsheet program takes in one cell
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


class Table(NamedTuple):
    """A list as it is exported. ``name``: of the file, and in the audit trail; ``head``: the columns in Chinese and
    English; ``rows`` are read as they are written; ``filters``: what the list was narrowed to, for the audit trail,
    without personal data."""

    name: str
    head: Sequence[tuple[str, str]]
    rows: Iterable[Sequence[Cell]]
    filters: Mapping[str, object]


def route(rule: str, name: str, table_of: Callable[[Visit], Table | Response], policy: Policy) -> Route:
    """The address under which a list is exported: that of its page, with the form of the file behind it.

    ``table_of`` may answer with a page instead, where what stands in the address cannot be read.
    """

    def view(visit: Visit, form: str) -> Response:
        made = table_of(visit)
        return given(visit, made, form) if isinstance(made, Table) else made

    return Route(f"{rule}.<any(csv, xlsx):form>", name, view, policy)


def given(visit: Visit, table: Table, form: str) -> Response:
    """The file, once the audit trail has its line. Raises NotSaved where there is no room for either of them."""
    if form not in _TYPES:
        raise NotFound
    file: IO[bytes] = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - open until the answer is sent
    try:
        head = [visit.t(*each) for each in table.head]
        count = (_csv if form == "csv" else _xlsx)(visit, file, head, table.rows)
        told = {"form": form, "rows": count, **{name: value for name, value in table.filters.items() if value}}
        visit.site.accounts.audit(visit.staff.staff_no, "list.export", table.name, told)
    except (OSError, XlsxWriterException) as fault:
        file.close()
        raise NotSaved(*_NO_ROOM) from fault
    file.seek(0)
    response = make_response(_slices(file))
    response.call_on_close(file.close)
    response.headers["Content-Type"] = _TYPES[form]
    day = times.local(visit.now_ms).date().isoformat()
    response.headers["Content-Disposition"] = f'attachment; filename="{table.name}-{day}.{form}"'
    return response


def _slices(file: IO[bytes]) -> Iterator[bytes]:
    return iter(lambda: file.read(SLICE), b"")


def _csv(visit: Visit, file: IO[bytes], head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> int:
    """Write the table as CSV; how many rows it has. The mark in front makes spreadsheet programs read it as UTF-8."""
    text = io.TextIOWrapper(file, "utf-8-sig", "replace", newline="", write_through=True)
    writer, count = csv.writer(text), 0
    writer.writerow(head)
    for row in _bounded(visit, rows):
        count += 1
        writer.writerow([harmless(each) if isinstance(each, str) else each for each in row])
    text.detach()
    return min(count, ROWS_MOST)


def _xlsx(visit: Visit, file: IO[bytes], head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> int:
    """Write the table as XLSX; how many rows it has. A text stays a text there, and one that looks like a formula is
    marked, so that it stays one when somebody edits its cell."""
    book, count = Workbook(file, {"constant_memory": True}), 0
    made: datetime = times.local(visit.now_ms).replace(tzinfo=None)
    book.set_properties({"author": visit.staff.staff_no, "company": visit.site.config.name, "created": made})
    bold, quoted = book.add_format({"bold": True}), book.add_format({"quote_prefix": True})
    sheet = book.add_worksheet()
    sheet.set_column(0, max(len(head) - 1, 0), COLUMN_WIDTH)
    sheet.freeze_panes(1, 0)
    sheet.set_footer(f"&L{visit.staff.staff_no} {made:%Y-%m-%d %H:%M}&R&P / &N")
    for column, words in enumerate(head):
        sheet.write_string(0, column, words, bold)
    for row in _bounded(visit, rows):
        count += 1
        for column, cell in enumerate(row):
            if isinstance(cell, str):
                sheet.write_string(count, column, cell[:CELL_MOST], quoted if is_formula(cell) else None)
            else:
                sheet.write_number(count, column, cell)
    book.close()
    return min(count, ROWS_MOST)


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


def paged(page_of: Callable[[int], Page]) -> Iterator[CaseRow]:
    """The cases of all pages of a list, page by page."""
    number, more = 1, True
    while more:
        found: Any = page_of(number)
        yield from found.rows
        more = number * found.page_size < found.total
        number += 1
