"""The desks of the cashier and of the archivist: what waits for them, and one case with what their act needs alone.

Whoever stands in for them, at a place where nobody has the role, works on cases and does it on the pages of a case:
there the addresses of the desks lead, and what is sent to them is done or comes back.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from sync_protocol.case import Case, kinds, workflow
from sync_protocol.places import about
from village_node.casebook import BadBody, TimelineEntry
from village_node.store.cases import CaseRow
from village_node.web import (
    acts,
    cases,
    charging,
    entitled,
    entry,
    proceedings,
    schemas,
    searches,
    skews,
    timeline,
    words,
)
from village_node.web.attempts import Attempt, late
from village_node.web.box import Box, yuan
from village_node.web.policy import CASEWORK, DESKS, Policy, Route
from village_node.web.site import Visit

SEES: Final = Policy(DESKS | CASEWORK, "node", "masked")
DOES: Final = Policy(DESKS | CASEWORK - {"supervisor"}, "node", "masked")  # the latter as on the page of a case
# Role -> the list of what waits for it; who has the role sees it among the views of the work list.
VIEWS: Final = {"cashier": "fees", "archivist": "to_file"}
TITLES: Final[dict[str, tuple[str, str]]] = {
    "fees": ("待收费", "Fees to take"),
    "to_file": ("待归档", "To be filed"),
}
EMPTY: Final[dict[str, tuple[str, str]]] = {
    "fees": ("没有等着收费的件。", "No fee waits to be taken."),
    "to_file": ("没有等着本单位归档的件。", "Nothing waits to be filed here."),
}
# Kinds whose fields hold the number of a paper, under the first of these names that is there.
_NUMBERS: Final = ("document_no", "certificate_no", "receipt_no", "decision_no")


@dataclass
class Waiting:
    """One case that waits: its row, and of a fee the sum in words; empty where it cannot be said yet."""

    row: CaseRow
    amount: str


@dataclass
class Leaf:
    """One line of the index of a volume: what was done or written, the number of its paper, where, and when."""

    title: str
    number: str
    place: str
    at_ms: int


def views_of(visit: Visit) -> list[str]:
    """The lists of what waits for the person in front, by the roles they have or stand in for."""
    return [view for role, view in VIEWS.items() if role in visit.staff.roles]


def desk(visit: Visit) -> Response:
    """What waits for somebody who takes fees or files volumes, and does nothing else; the most pressing first."""
    open_to = views_of(visit)
    view = visit.request.args.get("view", open_to[0])
    if view not in open_to:
        raise NotFound
    filters = {"text": searches.typed(visit)}
    at, whole = entry.page(visit.request.args.get("page", "1")), searches.by_whole_name(visit)
    found = visit.site.casebook.work_list(view, filters, at, whole_name=whole)
    counts = visit.site.casebook.view_counts()
    return visit.render(
        "desk.html",
        view=view,
        tabs=[(each, visit.t(*TITLES[each]), counts[each]) for each in open_to],
        filters=filters,
        search_label=searches.label_of_cases(visit),
        found=found,
        waiting=[Waiting(row, _amount(visit, row) if view == "fees" else "") for row in found.rows],
        empty=empty_words(visit, view, counts),
        page_link=lambda number: visit.again("work", page=number),
    )


def empty_words(visit: Visit, view: str, counts: Mapping[str, int]) -> str:
    """What a list of ours says that has nothing in it: of volumes also how many are for others to file."""
    words, elsewhere = visit.t(*EMPTY[view]), counts["to_file_elsewhere"] if view == "to_file" else 0
    if not elsewhere:
        return words
    return words + visit.t(
        f"别处持有的，由持有单位归档（现有 {elsewhere} 件已送达、还没有归档）。",
        f" What is held elsewhere is filed there ({elsewhere} given out and not filed yet).",
    )


def _amount(visit: Visit, row: CaseRow) -> str:
    case = visit.site.casebook.case(row.scope, row.case_id)
    if case is None:
        return ""
    if case.fee is not None and case.fee.amount_fen is not None:
        return yuan(visit, case.fee.amount_fen)
    try:
        owed = visit.site.casebook.fee_owed(case)
    except BadBody:
        return ""
    return yuan(visit, owed.fen) if owed is not None else ""


def concerns(visit: Visit, case: Case) -> bool:
    """Whether a case is any business of the person in front, who works at these desks alone: it has or had a fee to be
    taken; it was given to the applicant."""
    item = charging.item_of(visit, case)
    owes = case.state in workflow.APPROVED and item is not None and item.has_fee
    paid = "cashier" in visit.staff.roles and (case.fee is not None or owes)
    return paid or ("archivist" in visit.staff.roles and (case.state in workflow.GIVEN or bool(case.deliveries)))


def desk_case(visit: Visit, place: str, case_id: str) -> Response:
    """One case with what these desks need of it. Raises NotFound for every other one."""
    case = cases.fetch(visit, place, case_id)
    return visit.redirect("case", place=place, case_id=case_id) if visit.may(CASEWORK) else show(visit, case)


def desk_act(visit: Visit, place: str, case_id: str, move: str) -> Response:
    """Make a move of one of these desks."""
    if visit.may(CASEWORK):
        return acts.act(visit, place, case_id, move)
    return acts.made(visit, place, case_id, move, show, "desk_case")


def show(visit: Visit, case: Case, attempt: Attempt | None = None) -> Response:
    """Draw the page; `attempt`: what was just tried and failed. Raises NotFound for a case that is none of theirs."""
    if not concerns(visit, case):
        raise NotFound
    attempt, key = attempt or Attempt(), (about(case.home), case.case_id)
    gone = visit.site.casebook.erased_bodies(*key) or visit.site.casebook.purge_of(*key)
    stand = entitled.standing(visit, case, [] if gone else cases.offers_of(visit, case))
    entries = visit.site.casebook.timeline(*key)
    files, takes = "archivist" in visit.staff.roles, "cashier" in visit.staff.roles
    return visit.render(
        "desk_case.html",
        attempt.status,
        case=case,
        item=charging.item_of(visit, case),
        here=visit.site.config.place,
        takes=takes,
        files=files,
        boxes=_boxes(visit, case, takes=takes, files=files),
        leaves=list(_leaves(visit, case, entries)) if files else [],
        papers=[timeline.paper_line(visit, paper) for paper in case.materials] if files else [],
        offers=stand.offers,
        hindered=stand.hindered,
        missing=[] if gone else cases.missing_moves(visit, case, {offer.kind for offer in stand.offers}),
        attempt=attempt,
        late=late(visit, case, attempt, entries, stand.offers),
        done=cases.done_words(visit),
        acts_at="desk_act",
        seen=schemas.position_text(case.last) if case.last else "",
        choices_of=lambda kind, name: proceedings.choices(visit, case, kind, name),
        options_of=lambda row: [(code, visit.t(*words.choice_words(code))) for code in row.choices],
        when_required=lambda row: proceedings.when_required(visit, row),
        clock_question=lambda kind: skews.question(visit, kind),
        words=words,
        field_kinds=cases.FIELD_KINDS,
        kinds=kinds,
        proposed={},
        unproven={},
        markable=[],
        usual_promise="",
    )


def _boxes(visit: Visit, case: Case, *, takes: bool, files: bool) -> Sequence[Box]:
    """What is known of the money, and of the volume."""
    money = [*charging.boxes(visit, case), *proceedings.fee_boxes(visit, case)] if takes else []
    return [*money, *(proceedings.volume_boxes(visit, case) if files else [])]


def _leaves(visit: Visit, case: Case, entries: Sequence[TimelineEntry]) -> Iterator[Leaf]:
    """The index of the volume: what counts of the case, in its order, without what was said in it."""
    for each in entries:
        if each.verdict.code == "effective":
            line, body = timeline.line(visit, case, each, open_data=False), each.body or {}
            number = next((str(body[name]) for name in _NUMBERS if body.get(name)), "")
            yield Leaf(line.title, number, line.place, each.claimed_ms)


ROUTES: Final = (
    Route("/desk/<place>/<case_id>", "desk_case", desk_case, SEES),
    Route("/desk/<place>/<case_id>/act/<move>", "desk_act", desk_act, DOES, ("POST",), redraws=True),
)
