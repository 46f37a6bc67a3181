"""Public notices that a village posts: what the examining place has opened, the photo of the sheet on the wall, that it
was taken down again, and what the head of the village confirms of it.

Both photos are papers of the case under names of their own, and what is confirmed is a note of it, so that any version
of any node shows them, and whoever examines the case looks at them before the procedure is ended.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from flask import url_for

from sync_protocol.case import Case, Position, postings, powers
from sync_protocol.case.bodies import FINDINGS
from sync_protocol.case.papers import Paper, current
from sync_protocol.case.records import Procedure
from village_node.casebook.postings import POSTED, PUBLICITY, is_plain, last_day, opened
from village_node.casebook.reading import Public
from village_node.web import due_days, schemas, times, words
from village_node.web.policy import COUNTER, Policy
from village_node.web.site import Visit

__all__ = ["POSTED", "opened"]
CONFIRMS: Final = Policy(COUNTER | {"head"}, "node", "masked")
_CAME_TO: Final = {
    "no_objection": ("期满无异议", "nobody had objected when its time was over"),
    "objection": ("有异议，尚未说明怎样处理", "somebody objects, and how that was settled is not said"),
    "settled": ("有过异议，已说明怎样处理", "somebody had objected, and how that was settled is said"),
}
TAKEN_DOWN: Final = "公示撤下照片"
PHOTOS: Final = (POSTED, TAKEN_DOWN)


@dataclass
class Photo:
    """A photo as the box names it."""

    said: str
    preview: str


@dataclass
class Posting:
    """One notice: of which case, how long, what the wall showed. ``wanted``: the photo that comes next, empty where
    both are here; ``ours``: it hangs at this place, and the person in front may hand photos in. ``confirmed``: what the
    head of the place has confirmed of it, who and when; ``came_to``: what it came to by that, in words;
    ``may_confirm``: what the person in front may confirm now, and ``due``: what of it is due, which nothing is once
    somebody has objected (``objected``); ``hindered``: why who confirms notices here may not now."""

    case: str
    case_no: str
    item: str
    days: str
    until: str
    printed: str
    posted: list[Photo]
    taken_down: list[Photo]
    wanted: str
    ours: bool
    confirmed: list[str]
    came_to: str
    may_confirm: list[str]
    due: str
    objected: bool
    hindered: str


def of(visit: Visit, case: Case, positions: Sequence[Position], *, previews: bool = True) -> Posting | None:
    """The open notice of a case and what is known of its posting; None where none is open, or its content is gone.
    ``positions``: of its events, in their order; ``previews``: with the addresses of the photos that are here."""
    notice = opened(case)
    item = visit.site.catalogue.find(case.item_no, case.item_version)
    if notice is None or item is None or notice.opened not in positions:
        return None
    since = set(positions[positions.index(notice.opened) :])  # photos of an earlier notice are of an earlier notice
    photos = [paper for paper in current(case) if paper.position in since]
    posted, down = ([each for each in photos if each.material == name] for name in PHOTOS)
    days = notice.body.get("planned_days") or item.publicity_days
    calendar = item.publicity_unit == "calendar"
    ends = last_day(notice, item, visit.site.casebook.calendar())
    until = due_days.last_day_words(visit, ends, working=not calendar) if ends is not None else ""
    may_confirm = _may_confirm(visit, Public(case, tuple(positions)))
    objected = bool(postings.standing(case, notice))
    due = [] if objected else [each for each in ("no_objection", "posted") if each in may_confirm]
    return Posting(
        url_for("case", place=case.home, case_id=case.case_id.hex()),
        case.case_no or "",
        visit.t(item.name, item.name_en),
        visit.t(f"{days} {'日' if calendar else '个工作日'}", f"{days} {'days' if calendar else 'working days'}"),
        until,
        _sheet(visit, case, notice),
        [_photo(visit, case, paper, previews=previews) for paper in posted],
        [_photo(visit, case, paper, previews=previews) for paper in down],
        POSTED if not posted else TAKEN_DOWN if not down else "",
        case.home == visit.site.config.place and visit.may(COUNTER),
        confirmed(visit, case, notice),
        came_to(visit, case, notice),
        may_confirm,
        "".join(due[:1]),
        objected,
        _hindered(visit, case),
    )


def _may_confirm(visit: Visit, public: Public) -> list[str]:
    book = visit.site.casebook
    here = public.case.home == visit.site.config.place
    if not here or book.why_confirms_none(visit.staff.staff_no, visit.staff.roles) is not None:
        return []
    return [finding for finding in FINDINGS if book.why_not_confirmed(public, finding) is None]


def _hindered(visit: Visit, case: Case) -> str:
    if case.home != visit.site.config.place or powers.confirmer(visit.site.level) not in visit.staff.roles:
        return ""
    why = visit.site.casebook.why_confirms_none(visit.staff.staff_no, visit.staff.roles)
    return visit.t(*why) if why is not None else ""


def came_to(visit: Visit, case: Case, notice: Procedure) -> str:
    """What a notice came to, as far as it was confirmed, in words; empty where nothing was."""
    found = postings.result(case, notice)
    return visit.t(*_CAME_TO[found]) if found else ""


def confirmed(visit: Visit, case: Case, notice: Procedure) -> list[str]:
    """What was confirmed of a notice, in order: what, by whom, where and when; and the words, where they say more."""
    told = []
    for note in postings.findings(case, notice):
        own = note.place == visit.site.config.place
        name = (own and visit.site.accounts.name_of(note.actor)) or note.actor
        finding = visit.t(*words.choice_words(note.body["finding"]))
        at = times.moment(note.at_ms, visit.lang)
        told.append(f"{finding} · {name} · {visit.place_name(note.place)} · {at}")
        if not is_plain(note.body["finding"], note.body["text"]):
            told.append(note.body["text"])
    return told


def waiting(visit: Visit) -> list[Posting]:
    """The notices of this place's own cases that the person in front is to post, to take down, or to confirm."""
    public = visit.site.casebook.made_public() if CONFIRMS.allows(visit.staff.roles) else ()
    notices = (of(visit, each.case, each.positions, previews=False) for each in public)
    return [each for each in notices if each is not None and ((each.wanted and each.ours) or each.due)]


def is_posted_here(case: Case, place: str, code: str) -> bool:
    """Whether a document of a case is the notice that hangs at a place: who prints it is no bystander."""
    return code == PUBLICITY and case.home == place and opened(case) is not None


def _sheet(visit: Visit, case: Case, notice: Procedure) -> str:
    position = schemas.position_text(notice.opened)
    return url_for("document", place=case.home, case_id=case.case_id.hex(), position=position, code=PUBLICITY)


def _photo(visit: Visit, case: Case, paper: Paper, *, previews: bool) -> Photo:
    said = f"{visit.place_name(paper.note.place)} · {times.moment(paper.note.at_ms, visit.lang)}"
    if not previews or not any(
        view.preview_here and view.paper.position == paper.position for view in visit.site.casebook.papers(case)
    ):
        return Photo(said, "")
    position = schemas.position_text(paper.position)
    return Photo(said, url_for("paper_preview", place=case.home, case_id=case.case_id.hex(), position=position))
