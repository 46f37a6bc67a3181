"""The numbers of documents by series and year: how far each has come, what is missing, what stands on nothing."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from flask import url_for
from werkzeug.wrappers import Response

from sync_protocol.case import Position, documents, explain, kinds
from sync_protocol.case.series import Series
from village_node.casebook import Numbered, by_year
from village_node.web import entry, export, searches, words
from village_node.web.export import Table
from village_node.web.policy import CASEWORK, EXPORTS, Policy, Route
from village_node.web.site import Visit

READS: Final = Policy(CASEWORK, "node")
HEAD: Final = (
    ("单位", "Place"), ("年份", "Year"), ("文书", "Document"), ("文号前段", "Numbers begin with"), ("编到", "Up to"),
    ("有效", "Count"), ("空号、未生效", "Gaps"), ("文号", "Number"), ("情况", "What"), ("记录和原因", "Record and why"),
)  # fmt: skip
WHAT: Final = {
    "missing": ("本机没有这个文号的记录", "no record with this number is held here"),
    "uncounted": ("文号所在的记录没有生效", "the record that bears it does not count"),
    "twice": ("两条有效的记录用了同一文号", "two records that count bear it"),
    "foreign": ("不是本单位这台机器的文号", "not a number of this place and machine"),
}


class OddLine(NamedTuple):
    """A number that is not simply there: what is wrong with it, why, and where the records that bear it are seen."""

    number: str
    what: str
    why: str
    cases: list[str]


class SeriesLine(NamedTuple):
    """One series as the page has it."""

    title: str
    stem: str
    highest: int
    counted: int
    odd: list[OddLine]
    left_off: int


def number_series(visit: Visit) -> Response:
    """The series of one place, this one where no other that is held here is asked for."""
    place, places = asked(visit)
    found = visit.site.casebook.numbered_at(place)
    years = sorted(by_year(found), reverse=True)
    year, text = _year(visit, years), searches.typed(visit)
    return visit.render(
        "number_series.html",
        place=place,
        places=[(code, visit.place_name(code)) for code in places],
        year=year,
        all_years=[(str(each), str(each)) for each in years],
        text=text,
        years=_years(visit, found, year, text),
        foreign=_foreign(visit, found, text) if not year else [],
        unread=found.unread,
    )


def _year(visit: Visit, years: Sequence[int]) -> str:
    """The year that the address asks for, if numbers were given in it."""
    year = entry.line(visit.request.args.get("year", ""))[:4]
    return year if year in map(str, years) else ""


def _years(visit: Visit, found: Numbered, year: str, text: str) -> list[tuple[int, list[SeriesLine]]]:
    """The series by year, with a text in the name of the document, what its numbers begin with, or an odd number."""
    told = []
    for each, series in by_year(found).items():
        lines = [_line(visit, found, one) for one in series]
        fitting = [
            line
            for line in lines
            if any(text in words for words in (line.title, line.stem, *(odd.number for odd in line.odd)))
        ]
        if fitting and year in ("", str(each)):
            told.append((each, fitting))
    return told


def _foreign(visit: Visit, found: Numbered, text: str) -> list[OddLine]:
    return [
        _odd(visit, found, each.number, "foreign", (each.position,)) for each in found.foreign if text in each.number
    ]


def table(visit: Visit) -> Table:
    """The same as a file: a line for each series, and one for each number in it that is not simply there."""
    place, _ = asked(visit)
    found = visit.site.casebook.numbered_at(place)
    year, text = _year(visit, list(by_year(found))), searches.typed(visit)
    name = visit.place_name(place)
    rows: list[tuple[str | int, ...]] = []
    for of_year, series in _years(visit, found, year, text):
        for each in series:
            rows.append(
                (name, of_year, each.title, each.stem, each.highest, each.counted, len(each.odd) + each.left_off)
            )
            rows += [(name, of_year, each.title, each.stem, "", "", "", *odd[:3]) for odd in each.odd]
    foreign = _foreign(visit, found, text) if not year else []
    rows += [(name, "", "", "", "", "", "", *odd[:3]) for odd in foreign]
    return Table(
        "document-numbers", HEAD, rows, {"place": place, "year": year, "text": searches.told(text, visit.site.places)}
    )


def asked(visit: Visit) -> tuple[str, list[str]]:
    """The place whose series are asked for, and those that can be: this one, and all below it."""
    here, tree = visit.site.config.place, visit.site.places
    known = [here]
    for code in known:
        known += tree.children(code) if code in tree else ()
    typed = entry.line(visit.request.args.get("place", ""))[:30]
    return (typed if typed in known else here), known


def stem_of(each: Series) -> str:
    """What all numbers of a series begin with."""
    return f"{each.department}行审{each.mark}〔{each.year}〕{each.prefix}-{each.tag}-"


def _line(visit: Visit, found: Numbered, each: Series) -> SeriesLine:
    names = {row.mark: (row.zh, row.en) for row in documents.TYPES.values()}
    title = visit.t(*names.get(each.mark, (each.mark, each.mark)))
    odd = [_odd(visit, found, f"{stem_of(each)}{one.n}号", one.what, one.by) for one in each.odd]
    return SeriesLine(title, stem_of(each), each.highest, each.counted, odd, each.left_off)


def _odd(visit: Visit, found: Numbered, number: str, what: str, by: tuple[Position, ...]) -> OddLine:
    bearers = [found.bearers[position] for position in by]
    why = [visit.t(*explain(each.verdict)) for each in bearers if each.verdict.code != "effective"]
    acts = [visit.t(*words.kind_words(each.kind)) for each in bearers]
    said = visit.t("；", "; ").join(dict.fromkeys((*acts, *why)))
    addresses = [
        url_for("case", place=each.scope.partition(":")[2], case_id=each.case_id.hex())
        for each in bearers
        if each.case_id
    ]
    return OddLine(number, visit.t(*WHAT[what]), said, addresses)


def told(visit: Visit, place: str) -> dict[str, Any]:
    """The same for programs."""
    found = visit.site.casebook.numbered_at(place)

    def odd(number: str, what: str, by: tuple[Position, ...]) -> dict[str, Any]:
        bearers = [found.bearers[position] for position in by]
        records = [
            {
                "place": each.scope.partition(":")[2],
                "case_id": each.case_id.hex(),
                "kind": kinds.name_of(each.kind),
                "verdict": each.verdict.code,
                "why": dict(zip(("zh", "en"), explain(each.verdict), strict=True)),
            }
            for each in bearers
        ]
        return {"number": number, "what": what, "records": records}

    def line(each: Series) -> dict[str, Any]:
        numbers = [odd(f"{stem_of(each)}{one.n}号", one.what, one.by) for one in each.odd]
        known = {name: getattr(each, name) for name in ("department", "mark", "year", "highest", "counted", "left_off")}
        return {**known, "stem": stem_of(each), "odd": numbers}

    foreign = [odd(each.number, "foreign", (each.position,)) for each in found.foreign]
    return {
        "place": place,
        "series": [line(each) for each in found.series],
        "foreign": foreign,
        "unread": found.unread,
    }


ROUTES: Final = (
    Route("/document-numbers", "number_series", number_series, READS),
    export.route("/document-numbers", "number_series_export", table, Policy(EXPORTS, "node")),
)
