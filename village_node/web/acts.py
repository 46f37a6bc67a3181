"""Acting on a case: the form of one move read by its field table, and every way it can fail."""

from collections.abc import Callable
from typing import Any, Final

from marshmallow import ValidationError
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from sync_protocol.case import Case, bodies, kinds, workflow
from sync_protocol.case.authority import form_fields
from sync_protocol.case.fields import Field
from sync_protocol.places import about
from village_node import casebook
from village_node.casebook import AlreadyDone, BadBody, IdTaken, NotAllowed, Stale
from village_node.store import StoreError
from village_node.web import cases, doing, entitled, entry, schemas, sent_once, skews, told_once, words
from village_node.web.attempts import Attempt
from village_node.web.doing import ACTS
from village_node.web.policy import Route
from village_node.web.schemas import messages_of
from village_node.web.site import LONGEST_FIELD, Visit


def act(visit: Visit, place: str, case_id: str, move: str) -> Response:
    """Make one move from the page of a case."""
    return made(visit, place, case_id, move, cases.show, "case")


def made(
    visit: Visit, place: str, case_id: str, move: str, show: Callable[[Visit, Case, Attempt], Response], page: str
) -> Response:
    """Make one move. What cannot be done comes back on the page that ``show`` draws, with everything that was typed;
    what was done leads to ``page``."""
    case = cases.fetch(visit, place, case_id)
    kind = doing.kind_of(move)
    if kind is None or kind in workflow.APART:  # those have pages of their own
        raise NotFound
    values = collect(visit, case, kind)
    typed = {name: visit.request.form.get(name, "")[:4000] for name in visit.request.form if name != "token"}
    attempt = Attempt(kind, str(values.get("to", "")) if kind in (kinds.HANDOFF, kinds.PREREVIEW) else "", typed)
    if visit.redrawn:
        seen = cases.position_of(visit.request.form.get("seen", ""))
        # Drawn anew it would otherwise say that it has seen what came since.
        attempt.stale = seen is not None and seen != case.last
        return show(visit, case, attempt)
    try:
        shown = entitled.shown_on(visit) if kind == kinds.DECIDE else None
        seen, request = cases.position_of(visit.request.form.get("seen", "")), sent_once.asked(visit)
        doing.do(visit, case, kind, values, seen, request, shown, clock_confirmed=skews.confirmed(visit))
    except AlreadyDone:
        pass
    except IdTaken:
        attempt.problem, attempt.status = sent_once.changed(visit), 409
        case = cases.fetch(visit, place, case_id)
    except ValidationError as error:
        attempt.errors = {name: visit.t(found, schemas.english(found)) for name, found in messages_of(error).items()}
        attempt.status = 422
    except BadBody as bad:
        attempt.errors, attempt.status = {bad.field: visit.t(bad.zh, bad.en)}, 422
    except Stale:
        attempt.stale, attempt.status = True, 409
        case = cases.fetch(visit, place, case_id)
    except NotAllowed as refused:
        attempt.problem, attempt.status = visit.t(refused.zh, refused.en), 409
        case = cases.fetch(visit, place, case_id)
    except StoreError as fault:
        attempt.problem, attempt.status = visit.unsaved(fault), 503
    if attempt.status != 200:
        return show(visit, case, attempt)
    if kind == kinds.RECEIVE:
        return visit.redirect("receipt", place=place, case_id=case_id)
    return visit.redirect(page, place=place, case_id=case_id, done="asked" if doing.takes_two(kind, values) else move)


def collect(visit: Visit, case: Case, kind: int) -> dict[str, Any]:
    """The fields of one move by name, as their table has them, without empty ones; others are never looked at."""
    values: dict[str, Any] = {}
    for row in form_fields(kind):
        value = _READERS.get(row.type, _text)(visit, case, row)
        if value not in (None, "", [], {}):
            values[row.name] = value
    if kind == kinds.PREREVIEW:
        values["to"] = visit.line("to")
    if kind == kinds.HANDOFF:
        values |= {name: visit.line(name) for name in ("to", "purpose")}
    return values


def answer_procedure(visit: Visit, place: str, case_id: str, what: str) -> Response:
    """Approve a special procedure that another person has proposed, or reject it."""
    if what not in ("approve", "reject"):
        raise NotFound
    case = cases.fetch(visit, place, case_id)
    book, staff, key = visit.site.casebook, visit.staff, (about(case.home), case.case_id)
    try:
        if what == "approve":
            book.approve_procedure(
                staff.staff_no, staff.roles, key, visit.line("shown"), clock_confirmed=skews.confirmed(visit)
            )
        else:
            book.reject_procedure(staff.staff_no, staff.roles, key, visit.line("answer"))
    except (Stale, NotAllowed, casebook.NotFound) as refused:
        problem = visit.t(refused.zh, refused.en)
        return cases.show(visit, cases.fetch(visit, place, case_id), Attempt(problem=problem, status=409))
    return visit.redirect("case", place=place, case_id=case_id, done="suspend" if what == "approve" else "")


def _text(visit: Visit, case: Case, row: Field) -> Any:
    return doing.one_text(row, visit.request.form.get(row.name, "")[:LONGEST_FIELD])


def _int(visit: Visit, case: Case, row: Field) -> Any:
    typed = entry.number(visit.request.form.get(row.name, "")[:20])
    return int(typed) if typed.isascii() and typed.isdecimal() else typed


def _bool(visit: Visit, case: Case, row: Field) -> Any:
    return {"yes": True, "no": False}.get(visit.request.form.get(row.name, ""))


def _answers(visit: Visit, case: Case, row: Field) -> Any:
    """Corrected fields: those of the application that were filled in again."""
    found = {}
    for name, _ in cases.markable(visit, case):
        if not name.startswith(words.MATERIAL):
            text = doing.answer_text(name, visit.request.form.get(f"answer:{name}", "")[:4000])
            if text:
                found[name] = text
    return found


def _materials(visit: Visit, case: Case, row: Field) -> Any:
    """Papers ticked, with their copies; and one that stands in no list."""
    found = []
    for name, _ in cases.markable(visit, case):
        if name.startswith(words.MATERIAL) and visit.request.form.get(f"paper:{name}"):
            found.append(_paper(visit, name.removeprefix(words.MATERIAL), f"copies:{name}", f"original:{name}"))
    other = visit.line("paper_other")
    if other:
        found.append(_paper(visit, other, "copies_other", "original_other"))
    return found


def _paper(visit: Visit, name: str, copies: str, original: str) -> dict[str, Any]:
    typed = entry.number(visit.request.form.get(copies, "1")[:4])
    number = int(typed) if typed.isascii() and typed.isdecimal() else 0
    return {"name": name, "copies": number, "original": bool(visit.request.form.get(original))}


def _marks(visit: Visit, case: Case, row: Field) -> Any:
    """Fields and papers ticked, each with what is wrong; a ticked one without words says so by itself."""
    found = []
    for name, _ in cases.markable(visit, case):
        what = visit.line(f"what:{name}")
        if visit.request.form.get(f"mark:{name}") or what:
            found.append({"field": name, "what": what or told_once.usual_words(visit, case, name)})
    return found


def _positions(visit: Visit, case: Case, row: Field) -> Any:
    return visit.request.form.getlist(row.name)[: bodies.MAX_LIST]


def _names(visit: Visit, case: Case, row: Field) -> Any:
    """One name a line."""
    lines = visit.paragraph(row.name).splitlines()[: bodies.MAX_LIST]
    return [name for line in lines if (name := entry.line(line))]


_READERS: Final = {
    "names": _names,
    "int": _int,
    "bool": _bool,
    "answers": _answers,
    "materials": _materials,
    "marks": _marks,
    "positions": _positions,
}

ROUTES: Final = (
    Route("/cases/<place>/<case_id>/act/<move>", "act", act, ACTS, ("POST",), redraws=True),
    Route("/cases/<place>/<case_id>/procedure/<what>", "answer_procedure", answer_procedure, ACTS, ("POST",)),
)
