"""Acting through the interface for programs: filing, every act of the workflow, assigning, asking contents back.

Each is done once for the id that the program chooses. What an act takes is what its form takes, generated from the
table of its kind; whether it may be done is asked where the pages ask it.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, Final

import marshmallow
from marshmallow import Schema
from werkzeug.exceptions import NotFound

from sync_protocol.case import bodies, kinds, workflow
from sync_protocol.places import about
from village_node.casebook import Request, Shown
from village_node.casebook.skews import CONCERNED
from village_node.store.locks import CaseKey
from village_node.store.proposals import STATES
from village_node.web import application, assignments, cases, doing, entitled, entry, schemas, serving, skews
from village_node.web.api import shapes
from village_node.web.api.operations import Operation, Taken, done_once, request_of
from village_node.web.api.problems import invalid, of_messages
from village_node.web.policy import COUNTER, Policy
from village_node.web.recall import RECALLS
from village_node.web.site import Visit

TAG: Final = "acts"
_OF_THE_CASE: Final = ("seen", "shown", skews.FIELD)
_LONGEST_SHOWN: Final = 4_096
FILES: Final = Policy(COUNTER, "node", "typed")
_MARKED: Final = "How the proxy's authority is signed: hand_print, signature or notarised; required with a proxy."
_SCOPE: Final = "What the proxy may do: both (the default) or submit."
_UNTIL: Final = "The last day of the authority; empty: until the case is settled."
ACTS: Final = tuple(kind for kind in kinds.TABLE if doing.kind_of(kind.name) is not None)


def _seen(*, required: bool) -> Any:
    return marshmallow.fields.String(
        required=required,
        load_default="" if not required else marshmallow.missing,
        error_messages={**schemas.REQUIRED},
        metadata={"description": "`seen` of the case as it was read: what has moved on since is not acted on."},
    )


def _shown() -> Any:
    return marshmallow.fields.String(
        required=True,
        error_messages={**schemas.REQUIRED},
        metadata={"description": "`shown` of the case as it was read: a decision is bound to what was shown."},
    )


def _clock_confirmed() -> Any:
    return marshmallow.fields.Boolean(
        load_default=False,
        error_messages={"invalid": "应为 true 或 false"},
        metadata={"description": "A person has looked at the time of a clock that is off: `clock_not_confirmed` asks."},
    )


@cache
def application_schema() -> type[Schema]:
    """What filing takes: the table of the application, and how it came in."""
    rows = tuple(row for row in bodies.TABLES[kinds.CREATE].fields if row.name != "item_version")
    form = schemas.form_schema(kinds.CREATE, rows)
    channel = marshmallow.fields.String(
        load_default="counter",
        validate=marshmallow.validate.OneOf(bodies.CHANNELS, error="请从所列选项中选择"),
        metadata={"description": "How the application came in."},
    )
    preview = marshmallow.fields.Boolean(
        load_default=False,
        error_messages={"invalid": "应为 true 或 false"},
        metadata={"description": "Send it for pre-review: nobody receives it yet, and it has no number."},
    )
    return type("Application", (form,), {"channel": channel, "preview": preview, **terms(), **serving.fields()})


def terms() -> dict[str, marshmallow.fields.Field[Any]]:
    """The fields of a proxy's authority, as they are told beside an application."""
    return {
        "authority_marked": schemas.Text(0, 20, load_default="", metadata={"description": _MARKED}),
        "authority_scope": schemas.Text(0, 20, load_default="", metadata={"description": _SCOPE}),
        "authority_until": schemas.Text(0, 10, load_default="", metadata={"description": _UNTIL}),
    }


@cache
def act_schema(kind: int) -> type[Schema]:
    """What an act of this kind takes: the fields of its form, and the state of the case that was seen."""
    form = schemas.form_schema(kind, doing.fields_of(kind))
    name = f"{kinds.name_of(kind).title().replace('_', '')}Act"
    beside = {"seen": _seen(required=kind in kinds.STAGE_KINDS)}
    if kind in CONCERNED:
        beside[skews.FIELD] = _clock_confirmed()
    return type(name, (form,), {**beside, "shown": _shown()} if kind == kinds.DECIDE else beside)


class ProposeTaken(Taken):
    """Where a case should go, and why."""

    to = schemas.Text(1, 12, required=True)
    reason = schemas.Text(1, 2000, required=True)
    seen = _seen(required=True)


class AnswerTaken(Taken):
    """Words to who proposed it."""

    answer = schemas.Text(0, 400, load_default="")


class ApproveTaken(Taken):
    """``shown``: that of the proposal, as the case gave it with ``asked``."""

    shown = schemas.Text(1, 64, required=True)
    clock_confirmed = _clock_confirmed()


class Nothing(Taken):
    """An empty object."""


def file_application(visit: Visit, chosen: dict[str, str], asked: dict[str, Any]) -> Any:
    """File an application of a resident of this place, and receive it: number and query code are drawn here.

    The same id with the same application answers with the first result, however often it is sent.
    """
    wanted = request_of(visit, chosen, asked)

    def file() -> CaseKey:
        item = visit.site.finder.newest(entry.line(asked["item_no"]))
        if item is None:
            raise invalid({"item_no": ("没有这个事项，或已停用", "there is no such item in force")})
        given = {name: asked[name] for name in application.BESIDE}
        typed = {name: value for name, value in asked.items() if name not in ("channel", "preview", *given)}
        body = application.spelled(typed, item)
        proxied = any(name.startswith("proxy_") for name in body)
        found = application.faults(visit, body, asked["channel"], item, proxied=proxied, terms=given)
        if found:
            raise invalid(found)
        ref = application.file(visit, body, asked["channel"], wanted, preview=asked["preview"], terms=given)
        return ref.scope, ref.case_id

    key, headers = done_once(visit, wanted, file)
    return _told(visit, key), 200, headers


def act_of(kind: int) -> Callable[..., Any]:
    """The view that does acts of one kind."""

    def act(visit: Visit, chosen: dict[str, str], asked: dict[str, Any], place: str, case_id: str) -> Any:
        wanted = request_of(visit, chosen, place, case_id, asked)

        def do() -> CaseKey:
            case = cases.fetch(visit, place, case_id)
            values = doing.spelled(kind, {name: value for name, value in asked.items() if name not in _OF_THE_CASE})
            shown = _was_shown(asked["shown"]) if kind == kinds.DECIDE else None
            try:
                ref = doing.do(
                    visit, case, kind, values, cases.position_of(asked["seen"]), wanted, shown,
                    clock_confirmed=asked.get(skews.FIELD, False),
                )  # fmt: skip
            except marshmallow.ValidationError as error:
                raise of_messages(error.messages_dict) from None
            return ref.scope, ref.case_id

        key, headers = done_once(visit, wanted, do)
        return _told(visit, key), 200, headers

    return act


def _was_shown(text: str) -> Shown:
    """What a decision says was shown. Raises Problem."""
    found = entitled.shown_in(text[:_LONGEST_SHOWN])
    if found is None:
        words = (
            "请先读取案件，看过后将其中的 shown 原样带回",
            "read the case, look at it, and give its `shown` as it is",
        )
        raise invalid({"shown": words})
    return found


def propose_assignment(visit: Visit, chosen: dict[str, str], asked: dict[str, str], place: str, case_id: str) -> Any:
    """Propose to give a case to another place of its path; another person here confirms it."""
    wanted = request_of(visit, chosen, place, case_id, asked)

    def propose() -> CaseKey:
        case = cases.fetch(visit, place, case_id)
        key, seen = (about(case.home), case.case_id), cases.position_of(asked["seen"])
        staff, (to, reason) = visit.staff, (entry.line(asked["to"]), entry.line(asked["reason"]))
        visit.site.casebook.propose(staff.staff_no, staff.roles, key, to, reason, seen, wanted)
        return key

    key, headers = done_once(visit, wanted, propose)
    return _told(visit, key), 200, headers


def done_with(
    visit: Visit,
    chosen: dict[str, str],
    asked: dict[str, Any],
    place: str,
    case_id: str,
    do: Callable[[CaseKey, Request], CaseKey],
) -> Any:
    """Do something once with a case that is held here."""
    wanted = request_of(visit, chosen, place, case_id, asked)

    def once() -> CaseKey:
        case = cases.fetch(visit, place, case_id)
        return do((about(case.home), case.case_id), wanted)

    key, headers = done_once(visit, wanted, once)
    return _told(visit, key), 200, headers


def list_assignments(visit: Visit) -> dict[str, Any]:
    """The proposals of this node: those that wait, then the newest that were answered."""
    told = []
    for row in visit.site.casebook.proposals():
        line = assignments.line(visit, row, may=False)
        known = {name: getattr(line, name) for name in ("place", "case_id", "proposer", "answerer")}
        told.append(
            {
                **row._asdict(),
                **known,
                "number": row.id,
                "to": row.to_place,
                "state": STATES[row.state],
                "case_no": line.case_no or None,
            }
        )
    return {"assignments": told}


def confirm_assignment(visit: Visit, chosen: dict[str, str], asked: dict[str, str], number: str) -> Any:
    """Confirm another person's proposal: the case is assigned at once."""

    def confirm(wanted: Request) -> CaseKey:
        staff = visit.staff
        ref = visit.site.casebook.confirm(staff.staff_no, staff.roles, _number(number), wanted)
        return ref.scope, ref.case_id

    return _answered(visit, request_of(visit, chosen, number, asked), confirm)


def reject_assignment(visit: Visit, chosen: dict[str, str], asked: dict[str, str], number: str) -> Any:
    """Reject a proposal, or take one's own back."""

    def reject(wanted: Request) -> CaseKey:
        staff, said = visit.staff, entry.line(asked["answer"])
        return visit.site.casebook.reject(staff.staff_no, staff.roles, _number(number), said, wanted)

    return _answered(visit, request_of(visit, chosen, number, asked), reject)


def _answered(visit: Visit, wanted: Request, answer: Callable[[Request], CaseKey]) -> Any:
    key, headers = done_once(visit, wanted, lambda: answer(wanted))
    return _told(visit, key), 200, headers


def _number(typed: str) -> int:
    if not typed.isascii() or not typed.isdecimal() or len(typed) > 9:
        raise NotFound
    return int(typed)


def approve_procedure(visit: Visit, chosen: dict[str, str], asked: dict[str, Any], place: str, case_id: str) -> Any:
    """Approve the special procedure that another account proposed, as it was shown: it is opened at once."""
    wanted = request_of(visit, chosen, place, case_id, asked)

    def approve() -> CaseKey:
        case, staff = cases.fetch(visit, place, case_id), visit.staff
        key = about(case.home), case.case_id
        visit.site.casebook.approve_procedure(
            staff.staff_no, staff.roles, key, asked["shown"], wanted, clock_confirmed=asked["clock_confirmed"]
        )
        return key

    key, headers = done_once(visit, wanted, approve)
    return _told(visit, key), 200, headers


def reject_procedure(visit: Visit, chosen: dict[str, str], asked: dict[str, str], place: str, case_id: str) -> Any:
    """Reject the special procedure that waits, or take one's own proposal back."""
    wanted = request_of(visit, chosen, place, case_id, asked)

    def reject() -> CaseKey:
        case, staff = cases.fetch(visit, place, case_id), visit.staff
        key, said = (about(case.home), case.case_id), entry.line(asked["answer"])
        visit.site.casebook.reject_procedure(staff.staff_no, staff.roles, key, said, wanted)
        return key

    key, headers = done_once(visit, wanted, reject)
    return _told(visit, key), 200, headers


def recall_case(visit: Visit, asked: dict[str, str], place: str, case_id: str) -> Any:
    """Ask the level above for the contents of a case that were cleared here. Asking twice is asking once."""
    case = cases.fetch(visit, place, case_id)
    key = (about(case.home), case.case_id)
    visit.site.casebook.recall(visit.staff.staff_no, *key)
    return _told(visit, key)


def _told(visit: Visit, key: CaseKey) -> dict[str, Any]:
    """What an act came to. The code of a case goes on its receipt: only the answer to a filing says it."""
    row = visit.site.casebook.case_row(*key)
    return {
        "place": key[0].partition(":")[2],
        "case_id": key[1].hex(),
        "case_no": row.case_no if row is not None else None,
        "query_code": (row.query_code if row is not None else None) or "",
    }


_CASE: Final = "/cases/<place>/<case_id>"
OPERATIONS: Final = (
    Operation(
        "/applications", "file_application", file_application, FILES, TAG, "POST", application_schema(),
        gives=shapes.Filed, once=True,
    ),
    *(
        Operation(
            f"{_CASE}/acts/{kind.name}", f"act_{kind.name}", act_of(kind.number), doing.policy_of(kind.number),
            TAG, "POST",
            act_schema(kind.number), gives=shapes.Done, once=True,
            words=f"{workflow.LABELS[kind.number][0]}\n\n{workflow.LABELS[kind.number][1].capitalize()}.",
        )
        for kind in ACTS
    ),
    Operation(
        f"{_CASE}/assignment", "propose_assignment", propose_assignment, doing.ACTS, TAG, "POST", ProposeTaken,
        gives=shapes.Done, once=True,
    ),
    Operation("/assignments", "list_assignments", list_assignments, assignments.READS, TAG, gives=shapes.Proposals),
    Operation(
        "/assignments/<number>/confirm", "confirm_assignment", confirm_assignment, doing.ACTS, TAG, "POST", Nothing,
        gives=shapes.Done, once=True,
    ),
    Operation(
        "/assignments/<number>/reject", "reject_assignment", reject_assignment, doing.ACTS, TAG, "POST", AnswerTaken,
        gives=shapes.Done, once=True,
    ),
    Operation(
        f"{_CASE}/procedure/approve", "approve_procedure", approve_procedure, doing.ACTS, TAG, "POST", ApproveTaken,
        gives=shapes.Done, once=True,
    ),
    Operation(
        f"{_CASE}/procedure/reject", "reject_procedure", reject_procedure, doing.ACTS, TAG, "POST", AnswerTaken,
        gives=shapes.Done, once=True,
    ),
    Operation(f"{_CASE}/recall", "recall_case", recall_case, RECALLS, TAG, "POST", Nothing, gives=shapes.Done),
)  # fmt: skip
