"""What does not count: void, contested, waiting and unknown records in plain words, and the holder's answer."""

from dataclasses import dataclass
from typing import Any, Final

from marshmallow import ValidationError
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from sync_protocol.case import Case, bodies, kinds, powers, why_not
from sync_protocol.places import about
from village_node.casebook import BadBody, NotAllowed, OddCase, Oddity, Stale
from village_node.web import cases, entry, filters, schemas, timeline, words
from village_node.web.doing import ACTS
from village_node.web.filters import Filters
from village_node.web.policy import CASEWORK, Policy, Route
from village_node.web.schemas import messages_of
from village_node.web.site import Visit

READS: Final = Policy(CASEWORK, "node", "masked")
VIEWS: Final[dict[str, tuple[str, str]]] = {
    "held": ("本单位要处理的", "For this place to look at"),
    "ours": ("本单位写的", "Written by this place"),
    "all": ("全部", "All"),
}
UNDECIDED: Final = ("waiting", "needs_update")
ANSWERS: Final = {"adopt": kinds.ADOPT, "dismiss": kinds.DISMISS}

_BY_ITSELF: Final = ("等到了会自动计入，不必操作。", "It counts by itself once that is here; nothing to do.")
_UPDATE: Final = ("请升级本机程序，升级后自动识别。", "Update this node; then it is read by itself.")
_VOID: Final = (
    "它不会再起作用。确属应办的，请重新办理；看过之后选“不予采纳”并写明理由。",
    "It will never count. If the thing is right, do it again; then set it aside with a reason.",
)
_ADOPT: Final = (
    "内容属实就采纳，一次计入；不属实就不予采纳并写明理由。",
    "If it is right, adopt it, and it counts at once; if not, set it aside with a reason.",
)
_TOO_LATE: Final = (
    "案件已往前走，不能再整条采纳。需要的内容请按现在的状态重新办理，然后选“不予采纳”。",
    "The case has gone on, so it cannot be adopted as it is. Do again what is needed, then set it aside.",
)
_HOLDER: Final = ("由现持有单位采纳或不予采纳。", "The place that holds the case adopts it or sets it aside.")
_HOLDER_OF_VOID: Final = (
    "它不会再起作用，由现持有单位看过并说明理由。",
    "It will never count; the place that holds the case says that it has seen it.",
)
_ON_ITS_WAY: Final = (
    "案件在途中，由接收单位接收后处理；一直没有接收的，由它的上级处理。",
    "The case is on its way; its receiver will answer, or a place above it where the receiver never takes the case.",
)
_NOBODY_S: Final = (
    "本案没有有效的申请，没有单位持有，由上级单位看过并说明理由。",
    "No application of this case counts and nobody holds it; a place above says that it has seen this, and why.",
)
_SET_ASIDE: Final = (
    "没有单位持有本案，由本单位处理：看过之后选“不予采纳”并写明理由；要采纳的，先改派。",
    "Nobody holds the case, so it is for this place: set it aside with a reason; to adopt it, assign the case first.",
)


@dataclass
class Row:
    """One record that does not count, as the page shows it."""

    line: timeline.Line
    position: str
    open: bool
    adoptable: bool
    todo: str
    outcome: str


@dataclass
class Group:
    """One case and its records that do not count. `may_answer`: the person in front may adopt or dismiss."""

    odd: OddCase
    rows: list[Row]
    may_answer: bool
    seen: str


def oddities(visit: Visit) -> Response:
    """One view of all cases in which something does not count."""
    view, narrowed = asked(visit)
    at = entry.page(visit.request.args.get("page", "1"))
    found = visit.site.casebook.oddities(view, at, narrowed.text)
    late = sum(visit.site.casebook.late_places().values())
    return _render(visit, view, [group(visit, odd) for odd in found.cases], found=found, late=late, filters=narrowed)


def asked(visit: Visit) -> tuple[str, Filters]:
    """Which view the address asks for, and what it is narrowed to."""
    view = visit.request.args.get("view", "held")
    if view not in VIEWS:
        raise NotFound
    label = visit.t("收件编号、事项编号", "Receipt or service number")
    return view, filters.asked(visit, "oddities", label, kept=("view",))


def oddities_of_case(visit: Visit, place: str, case_id: str) -> Response:
    """The same for one case."""
    return _one(visit, place, case_id)


def answer(visit: Visit, place: str, case_id: str, what: str) -> Response:
    """Adopt what was ticked, or set it aside with a reason."""
    case = cases.fetch(visit, place, case_id)
    kind = ANSWERS.get(what)
    if kind is None:
        raise NotFound
    values: dict[str, Any] = {"named": visit.request.form.getlist("named")[: bodies.MAX_TAKEN]}
    text = visit.line("reason")
    typed = {"typed": text, "ticked": values["named"]}
    if text:
        values["note" if kind == kinds.ADOPT else "reason"] = text
    seen = cases.position_of(visit.request.form.get("seen", ""))
    key = (about(case.home), case.case_id)
    try:
        body = schemas.load(kind, values)
        visit.site.casebook.record(visit.staff.staff_no, visit.staff.roles, *key, kind, body, seen)
    except ValidationError as error:
        wrong = messages_of(error)
        problem = visit.t("请写明理由。", "Please give the reason.") if "reason" in wrong else ""
        problem = visit.t("请先勾选记录。", "Please tick a record first.") if "named" in wrong else problem
        return _one(visit, place, case_id, 422, problem=problem or "; ".join(wrong.values()), **typed)
    except BadBody as bad:
        return _one(visit, place, case_id, 422, problem=visit.t(bad.zh, bad.en), **typed)
    except (Stale, NotAllowed) as refused:
        return _one(visit, place, case_id, 409, problem=visit.t(refused.zh, refused.en), **typed)
    return visit.redirect("oddities_of_case", place=place, case_id=case_id, done=what)


def group(visit: Visit, odd: OddCase) -> Group:
    """Put one case's oddities into words."""
    here, roles, site = visit.site.config.place, visit.staff.roles, visit.site
    # By the roles of the place: what is to be done about it does not depend on who reads the page.
    ours = why_not_set_aside(visit, odd.case, powers.roles_at(site.level)) is None
    can = ours and why_not_set_aside(visit, odd.case, roles) is None
    said = timeline.outcomes(visit, odd)
    rows = [
        Row(
            line=timeline.line(visit, odd.case, each.entry, open_data=False),
            position=schemas.position_text(each.entry.position),
            open=each.open,
            adoptable=each.adoptable,
            todo=visit.t(*advice(odd, each, here, ours=ours)) if still_open(each) else "",
            outcome=said.get(each.entry.position, "") if not each.open else "",
        )
        for each in odd.oddities
    ]
    return Group(odd, rows, can, schemas.position_text(odd.case.last) if odd.case.last else "")


def still_open(each: Oddity) -> bool:
    """Whether anything is still to be done, or waited for."""
    return each.open or each.entry.verdict.code in UNDECIDED


def answered(visit: Visit, each: Oddity) -> str:
    """How the holder has answered a record, without the words of it; empty where it is still open."""
    if each.open or (each.adoption is None and each.dismissal is None):
        return ""
    return visit.t(*words.kind_words(kinds.ADOPT if each.adoption is not None else kinds.DISMISS))


def why_not_set_aside(visit: Visit, case: Case, roles: frozenset[str]) -> tuple[str, str] | None:
    """Why people with these roles cannot answer for what does not count in a case; None if they can."""
    return why_not(case, kinds.DISMISS, visit.site.config.place, roles, visit.site.catalogue, visit.site.places)


def advice(odd: OddCase, each: Oddity, here: str, *, ours: bool) -> tuple[str, str]:
    """What is to be done about one record, in plain words (zh, en). `ours`: this place is to answer."""
    verdict = each.entry.verdict
    if verdict.code == "needs_update" or verdict.reason == "item":
        return _UPDATE
    if verdict.code == "waiting":
        return _BY_ITSELF
    if odd.case.holder is None:
        return _SET_ASIDE if ours else _ON_ITS_WAY if odd.case.transit_to else _NOBODY_S
    if odd.case.holder != here:
        return _HOLDER_OF_VOID if verdict.code == "void" else _HOLDER
    if verdict.code == "void":
        return _VOID
    return _ADOPT if each.adoptable else _TOO_LATE


def _one(visit: Visit, place: str, case_id: str, status: int = 200, **values: Any) -> Response:
    case = cases.fetch(visit, place, case_id)
    odd = visit.site.casebook.oddities_of((about(case.home), case.case_id))
    if odd is None:
        raise NotFound
    return _render(visit, "", [group(visit, odd)], status, **values)


def _render(visit: Visit, view: str, groups: list[Group], status: int = 200, **values: Any) -> Response:
    done = visit.request.args.get("done", "") if visit.request.method == "GET" else ""

    def page_link(number: int) -> str:
        return visit.again("oddities", page=number)

    return visit.render(
        "oddities.html",
        status,
        page_link=page_link,
        view=view,
        views=VIEWS,
        counts=visit.site.casebook.odd_counts(),
        groups=groups,
        done=visit.t(*words.kind_words(ANSWERS[done])) if done in ANSWERS else "",
        **{"ticked": (), "late": 0, **values},
    )


ROUTES: Final = (
    Route("/oddities", "oddities", oddities, READS),
    Route("/cases/<place>/<case_id>/oddities", "oddities_of_case", oddities_of_case, READS),
    Route("/cases/<place>/<case_id>/oddities/<what>", "answer_oddity", answer, ACTS, ("POST",)),
)
