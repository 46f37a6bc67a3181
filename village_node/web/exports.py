"""Long lists of people as files: asked for with a reason, granted by another head, taken away once."""

from collections import deque
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl

from flask import url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from village_node.accounts.exports import ExportRefused
from village_node.store.exports import ExportRow, Keep
from village_node.web import cases, counter_books, export, filters, searches, work
from village_node.web.export import Read, Table
from village_node.web.filters import Choice
from village_node.web.policy import EXPORTS, Policy, Route
from village_node.web.site import Visit

ASKS: Final = Policy(EXPORTS, "node", "masked")
# Export -> the list that it gives, of those that name people.
LISTS: Final = {export.CASES: work.table}
TITLES: Final[dict[str, tuple[str, str]]] = {"work": ("办件清单", "List of cases")}
STATES: Final[dict[str, tuple[str, str, str, str]]] = {
    "asked": ("waiting", "clock", "待批准", "waits for an answer"),
    "granted": ("good", "check", "已批准，可下载一次", "granted: to be taken away once"),
    "refused": ("bad", "cross", "未批准", "refused"),
    "fetched": ("done", "check", "已下载", "taken away"),
    "over": ("plain", "clock", "已过期", "over"),
}


@dataclass
class Line:
    """One request as the page shows it; ``file``: where who looks takes it away; empty where they may not;
    ``typed_again``: what the address has beside a name that was searched for, which nobody keeps; None where there was
    none."""

    row: ExportRow
    title: str
    narrowed: list[tuple[str, str]]
    asked_by: str
    token_by: str
    answered_by: str
    state: tuple[str, str, str, str]
    may_answer: bool
    file: str
    typed_again: dict[str, Any] | None


def requests(visit: Visit) -> Response:
    """What was asked for here, the newest first."""
    return _page(visit)


def ask(visit: Visit, listed: str, form: str) -> Response:
    """Ask for a list, narrowed as the address says, with a reason. Raises NotFound for a list that names nobody."""
    if listed not in LISTS:
        raise NotFound
    table = LISTS[listed](visit)
    reason, problem = cases.reason_given(visit)
    if problem:
        values = {"action": export.asking(visit, table, listed, form), "reason": visit.line("reason"), "error": problem}
        return visit.render("export_refused.html", 422, problem="", **values)
    asked(visit, table, form, reason)
    return visit.redirect("exports", done="asked")


def asked(visit: Visit, table: Table, form: str, reason: str, keep: Keep | None = None) -> int:
    """Ask for a list with a reason; the number of the request. It is read through, for how many people it names.
    ``keep``: what is kept with the request."""
    read = Read(visit, table)
    deque(read, maxlen=0)
    wanted = export.wanted(table, form, read)
    return visit.site.accounts.exports.ask(visit.staff.staff_no, wanted, reason, visit.staff.via, keep)


def answer(visit: Visit, number: str, what: str) -> Response:
    """Grant what somebody else asked for, or refuse it."""
    if what not in ("grant", "reject") or not number.isascii() or not number.isdecimal() or len(number) > 9:
        raise NotFound
    try:
        visit.site.accounts.exports.answer(int(number), visit.staff.staff_no, granted=what == "grant")
    except ExportRefused as refused:
        return _page(visit, 409, problem=visit.t(refused.zh, refused.en))
    return visit.redirect("exports", done=what)


def _page(visit: Visit, status: int = 200, problem: str = "") -> Response:
    exports = visit.site.accounts.exports
    rows = exports.rows.asked()
    open_ = {row.number for row in exports.strangers(visit.staff.staff_no, rows)}
    states = [(code, visit.t(*badge[2:])) for code, badge in STATES.items()]
    label = visit.t("编号、申请人或用途", "Number, by whom, or why")
    asked_for = filters.asked(visit, "exports", label, Choice("state", visit.t("状态", "State"), states))
    lines = [
        line
        for line in (_line(visit, row, row.number in open_) for row in rows)
        if asked_for.fit((str(line.row.number), line.asked_by, line.row.reason or ""), state=exports.state(line.row))
    ]
    listed = counter_books.listed(visit, "exports", lines)
    done = visit.request.args.get("done", "") if visit.request.method == "GET" else ""
    return visit.render("exports.html", status, listed=listed, filters=asked_for, problem=problem, done=done)


def _line(visit: Visit, row: ExportRow, is_anothers: bool) -> Line:
    accounts, mine = visit.site.accounts, (row.staff_no, row.via) == (visit.staff.staff_no, None)
    state = accounts.exports.state(row)
    said = dict(parse_qsl(row.narrowed))
    endpoint = f"{row.name}_export"
    address: dict[str, Any] = {**said, "request": row.number}
    masked = searches.is_masked(said.get("text", ""))
    if masked:
        address["form"] = row.form
        del address["text"]
    elif "text" in said:
        address["text"] = searches.locked(visit, said["text"])
    file = (
        url_for(endpoint, form=row.form, **({} if masked else address))
        if mine and accounts.exports.is_open(row)
        else ""
    )
    return Line(
        row,
        visit.t(*TITLES.get(row.name, (row.name, row.name))),
        [_said(visit, name, text) for name, text in said.items()],
        accounts.name_of(row.staff_no) or row.staff_no,
        (accounts.name_of(row.via) or row.via) if row.via else "",
        (accounts.name_of(row.answered_by) or row.answered_by) if row.answered_by else "",
        STATES[state],
        state == "asked" and is_anothers,
        file,
        address if masked else None,
    )


_WORDS: Final[dict[str, tuple[str, str]]] = {
    "view": ("视图", "view"),
    "text": ("编号或姓名", "number or name"),
    "item_no": ("事项", "service"),
    "state": ("状态", "state"),
    "place": ("申请地", "filed at"),
    "kind": ("件型", "kind"),
    "department": ("部门", "department"),
}


def _said(visit: Visit, name: str, text: str) -> tuple[str, str]:
    """What a list was narrowed to, in words, as it was kept: the name of a person masked."""
    if name == "view" and text in work.VIEWS:
        text = visit.t(*work.VIEWS[text])
    elif name == "place":
        text = visit.place_name(text)
    return visit.t(*_WORDS.get(name, (name, name))), text


ROUTES: Final = (
    Route("/exports", "exports", requests, ASKS),
    Route("/exports/ask/<listed>.<any(csv, xlsx):form>", "ask_export", ask, ASKS, ("POST",)),
    Route("/exports/<number>/<what>", "answer_export", answer, ASKS, ("POST",), vouched=True),
)
