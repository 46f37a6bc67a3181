"""What accounts of places below have signed after they were disabled, as far as these places said so."""

from collections.abc import Iterator
from itertools import count
from typing import Final, NamedTuple

from flask import url_for
from werkzeug.wrappers import Response

from sync_protocol.event import load_header
from sync_protocol.places import parse_scope
from village_node.casebook import LateAct, Narrowed
from village_node.web import counter_books, entry, export, filters, times, words
from village_node.web.export import Cell, Table
from village_node.web.oddities import READS
from village_node.web.policy import EXPORTS, Policy, Route
from village_node.web.site import Visit

TAKES: Final = Policy(EXPORTS, "node")
_HEAD: Final = (
    ("单位代码", "Place code"),
    ("单位", "Place"),
    ("账号", "Account"),
    ("记录", "Record"),
    ("第几条", "Number"),
    ("自称写于", "Dated"),
    ("收件编号", "Case number"),
)


class Line(NamedTuple):
    """One act as the page shows it. ``case_id``: in hex, empty where it is of no case; ``link``: of its case where that
    is here, else empty."""

    act: LateAct
    what: str
    claimed_ms: int
    case_place: str
    case_id: str
    case_no: str
    link: str


def late_acts(visit: Visit) -> Response:
    """Every one of them, page by page."""
    asked = _asked(visit)
    found = visit.site.casebook.late_acts(_narrowed(asked), entry.page(visit.request.args.get("page", "")))
    listed = counter_books.Listed(
        [line(visit, act) for act in found.acts],
        found.page,
        found.pages,
        lambda number: visit.again("late_acts", page=number),
    )
    return visit.render("late_acts.html", listed=listed, total=found.total, filters=asked)


def table(visit: Visit) -> Table:
    """The same as a file."""
    asked = _asked(visit)
    return Table("late-acts", _HEAD, _rows(visit, _narrowed(asked)), asked.told())


def line(visit: Visit, act: LateAct) -> Line:
    """One act in words."""
    case_id, place = act.event.case_id, parse_scope(act.scope)[1]
    row = visit.site.casebook.case_row(act.scope, case_id) if case_id else None
    what, header = visit.t(*words.kind_words(act.event.kind)), load_header(act.event.header)
    there = url_for("case", place=place, case_id=case_id.hex()) if row is not None and case_id else ""
    case_no = (row.case_no or "") if row is not None else ""
    return Line(act, what, header.claimed, place, case_id.hex() if case_id else "", case_no, there)


def _asked(visit: Visit) -> filters.Filters:
    places = [(place, visit.place_name(place)) for place in visit.site.casebook.late_places()]
    choice = filters.Choice("place", visit.t("单位", "Place"), places)
    return filters.asked(visit, "late_acts", visit.t("账号", "Account"), choice)


def _narrowed(asked: filters.Filters) -> Narrowed:
    return Narrowed(asked.chosen["place"], asked.text)


def _rows(visit: Visit, narrowed: Narrowed) -> Iterator[list[Cell]]:
    for number in count(1):
        found = visit.site.casebook.late_acts(narrowed, number)
        for each in (line(visit, act) for act in found.acts):
            day = times.local(each.claimed_ms).strftime("%Y-%m-%d %H:%M")
            of, seq = each.act.place, each.act.event.seq
            yield [of, visit.place_name(of), each.act.account, each.what, seq, day, each.case_no]
        if number >= found.pages:
            return


ROUTES: Final = (
    Route("/late-acts", "late_acts", late_acts, READS),
    export.route("/late-acts", "late_acts_export", table, TAKES),
)
