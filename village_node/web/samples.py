"""Spot checks: drawing a sample of a period's cases, the check form that goes with it, and how far each case is."""

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from sync_protocol.case import kinds, oversight
from sync_protocol.case.sampling import MOST_CASES, OF, Drawn
from sync_protocol.case.workdays import day_of
from sync_protocol.places import about
from village_node.casebook import BadBody, NotAllowed
from village_node.web import counter_books, entry, filters, schemas, words
from village_node.web.clocks import Badge
from village_node.web.filters import Choice, Filters
from village_node.web.policy import CASEWORK, Policy, Route
from village_node.web.site import Visit

READS: Final = Policy(CASEWORK, "node")
DRAWS: Final = Policy(frozenset({"supervisor", "business", "head"}), "node")
WHAT_WORDS: Final = {"settled": ("已办结的", "settled"), "running": ("在办的", "running")}
USUAL: Final = 10


@dataclass(frozen=True)
class Line:
    """One case of a sample: how far its check is."""

    place: str
    case_id: str
    case_no: str
    item: str
    state: tuple[str, str, str, str]
    check: Badge


@cache
def usual_questions() -> tuple[str, ...]:
    """The questions that a check form begins with."""
    text = resources.files(__package__).joinpath("check_form.csv").read_text(encoding="utf-8")
    return tuple(row["question"] for row in csv.DictReader(text.splitlines()))


def samples(visit: Visit) -> Response:
    """Every sample drawn here, and the form that draws another."""
    return _page(visit)


def draw(visit: Visit) -> Response:
    """Draw a sample. What cannot be drawn comes back with everything typed."""
    typed = {name: visit.line(name) for name in ("what", "first", "last", "count")}
    typed["questions"] = visit.paragraph("questions")
    count = entry.number(typed["count"])
    questions = [line for each in typed["questions"].splitlines() if (line := entry.line(each))]
    try:
        drawn = visit.site.casebook.draw(
            visit.staff.staff_no,
            visit.staff.roles,
            typed["what"],
            typed["first"],
            typed["last"],
            int(count) if count.isascii() and count.isdecimal() and len(count) < 7 else 0,
            questions,
        )
    except BadBody as bad:
        return _page(visit, 422, visit.t(bad.zh, bad.en), typed, bad.field)
    except NotAllowed as refused:
        return _page(visit, 409, visit.t(refused.zh, refused.en), typed)
    return visit.redirect("sample", position=schemas.position_text(drawn.position), done="drawn")


def sample(visit: Visit, position: str) -> Response:
    """One sample: its cases and how far each check is."""
    for each in visit.site.casebook.samples():
        if schemas.position_text(each.position) == position:
            break
    else:
        raise NotFound
    return visit.render(
        "sample.html",
        drawn=each,
        position=position,
        what=visit.t(*WHAT_WORDS[each.said.what]),
        by=visit.site.accounts.name_of(each.actor) or each.actor,
        lines=[line(visit, each, home, case_id) for home, case_id in each.said.cases],
        done=visit.request.args.get("done", ""),
    )


def line(visit: Visit, drawn: Drawn, home: str, case_id: bytes) -> Line:
    """Put one case of a sample into words."""
    book, key = visit.site.casebook, (about(home), case_id)
    row, notes = book.case_row(*key), book.overseen(key)
    item = visit.site.catalogue.find(row.item_no or "", row.item_version or 0) if row is not None else None
    checks = [
        note
        for note in notes
        if note.kind == kinds.SPOT_CHECK and tuple(note.body.get("sample", ())) == tuple(drawn.position)
    ]
    badge: Badge = ("waiting", "clock", "待检查", "to be checked")
    if checks:
        finding = next((each for each in oversight.asked_of(notes) if each.note.position == checks[-1].position), None)
        badge = ("good", "check", "未发现问题", "in order")
        if finding is not None and finding.settled:
            badge = ("good", "check", "已整改，复查合格", "put right and looked at again")
        elif finding is not None and finding.answered:
            badge = ("active", "clock", "已整改，待复查", "put right, to be looked at again")
        elif finding is not None:
            badge = ("bad", "warning", "发现问题，待整改", "to be put right")
    name = visit.t(item.name, item.name_en) if item is not None else ""
    state = words.state_words(row.state if row is not None else None)
    return Line(home, case_id.hex(), (row.case_no if row is not None else "") or "", name, state, badge)


def _page(
    visit: Visit, status: int = 200, problem: str = "", typed: dict[str, str] | None = None, wrong: str = ""
) -> Response:
    book, today = visit.site.casebook, day_of(visit.now_ms)
    asked, found = narrowed(visit)
    usual = {
        "what": OF[0],
        "first": today.replace(day=1).isoformat(),
        "last": today.isoformat(),
        "count": str(USUAL),
        "questions": "\n".join(usual_questions()),
    }
    return visit.render(
        "samples.html",
        status,
        problem=problem,
        typed=typed or usual,
        errors={wrong: problem},
        what_words=[(code, visit.t(*WHAT_WORDS[code])) for code in OF],
        most=MOST_CASES,
        may_draw=book.may_oversee(visit.staff.roles, kinds.SAMPLE),
        filters=asked,
        listed=counter_books.listed(visit, "samples", found),
    )


def narrowed(visit: Visit) -> tuple[Filters, list[tuple[Drawn, str, str, str]]]:
    """What the list is narrowed to, and what it holds then: each sample, its position, of which cases, and by whom."""
    whats = [(code, visit.t(*WHAT_WORDS[code])) for code in OF]
    label = visit.t("抽样人或日期（年-月-日）", "Who drew it, or a day (YYYY-MM-DD)")
    asked = filters.asked(visit, "samples", label, Choice("of", visit.t("范围", "From"), whats))
    found = [
        (each, schemas.position_text(each.position), visit.t(*WHAT_WORDS[each.said.what]), _by(visit, each))
        for each in visit.site.casebook.samples()
    ]
    return asked, [
        each for each in found if asked.fit((each[3], each[0].said.first, each[0].said.last), of=each[0].said.what)
    ]


def _by(visit: Visit, each: Drawn) -> str:
    return visit.site.accounts.name_of(each.actor) or each.actor


ROUTES: Final = (
    Route("/samples", "samples", samples, READS),
    Route("/samples", "draw_sample", draw, DRAWS, ("POST",)),
    Route("/samples/<position>", "sample", sample, READS),
)
