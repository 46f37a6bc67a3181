"""Doing one act on a case, whoever asks for it: a form of one of our pages, or a program."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from sync_protocol.case import Case, Position, bodies, kinds, legal_bodies, powers, workflow
from sync_protocol.case.authority import form_fields
from sync_protocol.case.fields import Field
from sync_protocol.places import LEVELS, about
from village_node.casebook import BadBody, CaseRef, Request, Shown
from village_node.store import Connection
from village_node.web import application, charging, entry, particulars, schemas, unproven
from village_node.web.policy import CASEWORK, DESKS, Policy
from village_node.web.site import Visit

# Which of them may make which move is the workflow's table; the casebook asks it under its lock.
ACTS: Final = Policy(CASEWORK - {"supervisor"}, "node", "masked")


def policy_of(kind: int) -> Policy:
    """Who may ask for acts of a kind: whoever works on cases, and whose desk it is."""
    desks = {role for role in DESKS for level in LEVELS if kind in powers.MAY[role, level]}
    return Policy((ACTS.roles or frozenset()) | desks, ACTS.scope, ACTS.fields)


# What a page or a program says beside the fields that people fill in.
_ADDRESSED: Final = {kinds.HANDOFF: ("to", "purpose"), kinds.PREREVIEW: ("to",)}
_SPELLINGS: Final = {**application.SPELLINGS, "phone": entry.phone}


def kind_of(move: str) -> int | None:
    """The kind of an act by its name; None where no act on a case has it.

    An application is filed with a number and a code that the node draws, a case is assigned by two persons, a paper
    is a file, and what supervision writes has pages of its own. To receive is an act of its own for a draft that was
    pre-reviewed.
    """
    row = kinds.BY_NAME.get(move)
    apart = {kinds.CREATE, kinds.FORCE_ASSIGN, kinds.PAPER, *workflow.OVERSIGHT}
    return None if row is None or row.role == "other" or row.number in apart else row.number


def fields_of(kind: int) -> tuple[Field, ...]:
    """The fields that who asks for an act of this kind may give: what the node fills in is left out."""
    extra = _ADDRESSED.get(kind, ())
    rows = form_fields(kind) + tuple(row for row in bodies.TABLES[kind].fields if row.name in extra)
    if kind == kinds.FEE_NOTICE:  # what the item's rule says need not be given
        return tuple(replace(row, required=False) for row in rows)
    return rows


def spelled(kind: int, values: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of an act in the one spelling in which they are signed; empty ones are left out."""
    rows = {row.name: row for row in bodies.TABLES[kind].fields}
    told = {name: _spelled(rows[name], value) if name in rows else value for name, value in values.items()}
    return {name: value for name, value in told.items() if value not in (None, "", [], {})}


def one_text(row: Field, text: str) -> str:
    """One text in its spelling: long ones may have lines."""
    spell = _SPELLINGS.get(row.name)
    if spell is not None:
        return spell(text)
    return entry.paragraph(text) if row.high > 200 else entry.line(text)


def answer_text(name: str, text: str) -> str:
    """One corrected field of the application in its spelling."""
    return application.SPELLINGS.get(name, entry.paragraph)(text)


def _spelled(row: Field, value: Any) -> Any:
    if row.type == "answers" and isinstance(value, Mapping):
        return {entry.line(name): answer_text(name, text) for name, text in value.items()}
    if row.type in ("marks", "materials") and isinstance(value, list):
        return [
            {name: entry.line(one) if isinstance(one, str) else one for name, one in each.items()} for each in value
        ]
    if isinstance(value, list):
        return [entry.line(each) if isinstance(each, str) else each for each in value]
    return one_text(row, value) if isinstance(value, str) else value


def do(
    visit: Visit,
    case: Case,
    kind: int,
    values: Mapping[str, Any],
    seen: Position | None,
    request: Request | None = None,
    shown: Shown | None = None,
    *,
    clock_confirmed: bool = False,
) -> CaseRef:
    """Do one act with these fields by name, for the person in front; of a special procedure that is to propose it.
    ``request``: under which id a program asks for it. ``shown``: what the page of a decision showed.
    ``clock_confirmed``: of a clock that is off.

    Raises ValidationError (marshmallow's), and what the casebook's ``record`` raises.
    """
    book, staff, key = visit.site.casebook, visit.staff, (about(case.home), case.case_id)
    if kind == kinds.RECEIVE:
        channel = str(values.get("channel", "counter"))
        return book.receive_draft(staff.staff_no, staff.roles, key, channel, seen, request)
    presider = str(values.get("presider", ""))
    if takes_two(kind, values) and presider and not visit.site.accounts.name_of(presider):
        told = "本机没有这个工号，请填写听证主持人本人的工号", "nobody here has this number: give that of who presides"
        raise BadBody("presider", *told)
    body = schemas.load(kind, completed(visit, case, kind, values))
    particulars.check(visit, case, kind, values)
    if takes_two(kind, values):
        book.ask_procedure(staff.staff_no, staff.roles, key, body, seen, request)
        return CaseRef(*key, case.case_no, case.query_code)

    def proven(connection: Connection) -> None:  # asked last, of an act that nothing else stands against
        unproven.check(visit, case, kind, values)

    return book.record(
        staff.staff_no, staff.roles, *key, kind, body, seen, request, shown, proven, clock_confirmed=clock_confirmed
    )


def takes_two(kind: int, values: Mapping[str, Any]) -> bool:
    """Whether an act with these fields is proposed here and written when another person approves it."""
    return kind == kinds.SUSPEND and values.get("what") in legal_bodies.SPECIAL


def completed(visit: Visit, case: Case, kind: int, values: Mapping[str, Any]) -> dict[str, Any]:
    """The fields with what nobody types: the persons an act needs, and the day on which a term ends."""
    if kind == kinds.LAPSE and not values.get("limit_day"):
        last = visit.site.casebook.last_day(about(case.home), case.case_id)
        return {**values, "limit_day": last} if last else dict(values)
    if kind == kinds.FEE_NOTICE:
        return charging.completed(visit, case, values)
    return approved(visit, kind, values)


def approved(visit: Visit, kind: int, values: Mapping[str, Any]) -> dict[str, Any]:
    """The fields with the persons that an act needs: who extends a term, or lets a case go as urgent, is the person in
    front; who proposes a special procedure is too, and who will approve it is not known yet."""
    me = visit.staff.staff_no
    if takes_two(kind, values):
        return {**values, "proposer": me, "approver": f"{me}?"[-32:]}
    hurried = kind == kinds.LANE and values.get("lane") == "urgent"
    return {**values, "approver": me} if hurried or kind == kinds.EXTEND else dict(values)
