"""Papers as pages show them: what of each is here, and the pictures that stand beside the form at an examination."""

from dataclasses import dataclass
from typing import Final

from sync_protocol.case import Case
from village_node.casebook import PaperView
from village_node.web import schemas, times, words
from village_node.web.policy import CASEWORK, Policy
from village_node.web.site import Visit

# What a preview shows is what the paper shows: nobody may mask that.
LOOKS: Final = Policy(CASEWORK - {"supervisor"}, "node", "typed")


@dataclass
class Line:
    """One paper as a page shows it."""

    position: str
    material: str
    what: str
    size: str
    by: str
    percent: int
    preview: bool
    wrong: bool
    signed: list[str]
    ended: str


def beside(visit: Visit, case: Case) -> list[Line]:
    """The papers that stand beside the form on the page of a case; none for who may not look at what they show."""
    if not case.papers or not LOOKS.allows(visit.staff.roles):
        return []
    return [line(visit, view) for view in visit.site.casebook.papers(case) if view.paper.ended is None]


def line(visit: Visit, view: PaperView) -> Line:
    """One paper in words."""
    paper, ended = view.paper, view.paper.ended
    said = ""
    if ended is not None:
        how = visit.t("已替换", "replaced") if ended.body.get("material") else visit.t("已撤下", "withdrawn")
        when = times.moment(ended.at_ms, visit.lang)
        said = f"{how} · {visit.place_name(ended.place)} · {when} {ended.body.get('reason', '')}".rstrip()
    return Line(
        schemas.position_text(paper.position),
        paper.material,
        visit.t(*words.choice_words(paper.media)),
        size_words(paper.size),
        f"{visit.place_name(paper.note.place)} · {times.moment(paper.note.at_ms, visit.lang)}",
        view.percent,
        view.preview_here,
        view.wrong,
        [f"{visit.place_name(place)} {times.moment(at_ms, visit.lang)}" for place, at_ms in view.receipts],
        said,
    )


def size_words(size: int) -> str:
    """A number of bytes as people read it."""
    return f"{max(size / 1024, 0.1):.0f} KB" if size < 1 << 20 else f"{size / (1 << 20):.1f} MB"


def most_words(most: int) -> str:
    """A bound in bytes as people read it."""
    return f"{most >> 20} MB" if most >= 1 << 20 else f"{most >> 10} KB"
