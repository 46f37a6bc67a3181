"""One operation of the interface for programs: its address and policy, what it takes and gives, and the door before it.

Who comes brings a token in each request; there is no cookie and no form here, so nothing a browser does by itself opens
this door. Before anything is read the token is looked up, its role is held against the policy of the operation, and
its requests of this minute are counted.
"""

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import wraps
from http import HTTPStatus
from typing import Any, Final, NoReturn

import marshmallow
from flask import Request as HttpRequest
from flask import current_app, request
from flask_smorest import Blueprint
from marshmallow import fields, validate
from webargs import core
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import HTTPException

from village_node.accounts import refusals
from village_node.accounts.throttle import SOURCE
from village_node.casebook import AlreadyDone, CasebookError, Request
from village_node.store import NotSaved
from village_node.store.locks import CaseKey
from village_node.web import cases, entry
from village_node.web.api.problems import PROBLEMS, Problem, invalid, of_messages, problem_of, waiting
from village_node.web.api.sentences import SENTENCES
from village_node.web.policy import Policy
from village_node.web.query import NotTold
from village_node.web.schemas import WHOLE
from village_node.web.site import SITE, Visit
from village_node.web.unlogged import hidden

BLUEPRINT: Final = "api"
PREFIX: Final = "/api/v1"
REPLAYED: Final = "Idempotency-Replayed"
# What any operation may answer beside its own: the names under which flask-smorest keeps the shape of a problem.
_ALWAYS: Final = (400, 429, 500, 503)
_NAMES: Final = {
    400: "BAD_REQUEST", 401: "UNAUTHORIZED", 403: "FORBIDDEN", 404: "NOT_FOUND", 409: "CONFLICT",
    413: "REQUEST_ENTITY_TOO_LARGE", 415: "UNSUPPORTED_MEDIA_TYPE", 422: "UNPROCESSABLE_ENTITY",
    429: "TOO_MANY_REQUESTS", 500: "INTERNAL_SERVER_ERROR", 503: "SERVICE_UNAVAILABLE",
}  # fmt: skip
_PATH_SHAPES: Final = {
    "place": r"^[0-9]{6}([0-9]{3}([0-9]{3})?)?$",
    "case_id": r"^[0-9a-f]{32}$",
    "batch_id": r"^[0-9a-f]{32}$",
    "draft_id": r"^[0-9a-f]{32}$",
    "incarnation": r"^[0-9a-f]{32}$",
    "name": r"^[0-9a-f]{32}$",
    "scope": r"^about:[0-9]{6}([0-9]{3}([0-9]{3})?)?$",
    "period": r"^[0-9]{4}(-([0-9]{2}|Q[1-4]))?$",
    "split": r"^[1-9][0-9]{0,15}$",
    "upload": r"^[0-9a-f]{64}$",
    "position": r"^[0-9a-f]{32}\.[1-9][0-9]{0,15}\.[0-9a-f]{16}$",
    "number": r"^[0-9]{1,9}$",
    "staff_no": r"^[^\s/@]{1,32}$",
    "consultation_no": r"^[0-9A-Z]{1,16}(-[0-9A-Z]{1,8}){4,7}$",
    "slip_no": r"^[0-9A-Z]{1,16}(-[0-9A-Z]{1,8}){4,7}$",
    "call_no": r"^[0-9A-Z]{1,16}(-[0-9A-Z]{1,8}){4,7}$",
    "complaint_no": r"^[0-9A-Z]{1,16}(-[0-9A-Z]{1,8}){4,7}$",
}


class Taken(marshmallow.Schema):
    """What a request brings: nothing that is not asked for is passed over in silence."""

    error_messages = WHOLE


class Id(Taken):
    """The id that a program chooses for a request."""

    request_id = fields.String(
        data_key="Idempotency-Key",
        required=True,
        validate=validate.Regexp(r"^[A-Za-z0-9_.:-]{8,64}$", error="请求编号应为 8 至 64 位字母、数字或 _ . : -"),
        error_messages={"required": "请填写此项"},
        metadata={"description": "An id of your choosing. The same id with the same request is done once."},
    )


class Parser(FlaskParser):
    """Reads what comes, and says in our own words what is wrong with it."""

    DEFAULT_UNKNOWN_BY_LOCATION = {  # noqa: RUF012 - as webargs declares it
        **FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION,
        "json": marshmallow.RAISE,
        "query": marshmallow.RAISE,
        "headers": marshmallow.EXCLUDE,
    }

    def _raw_load_json(self, req: HttpRequest) -> Any:
        if not req.is_json:
            raise Problem("not_json")
        try:
            return core.parse_json(req.get_data(cache=True))
        except (ValueError, RecursionError):  # also a number too long to be read, and nests without end
            raise Problem("malformed_json") from None

    def handle_error(self, error: marshmallow.ValidationError, *_: Any, **__: Any) -> NoReturn:
        """Say which field is wrong."""
        messages = error.messages_dict
        raise of_messages(next(iter(messages.values())) if len(messages) == 1 else messages)


class Described(Blueprint):  # type: ignore[misc] # flask-smorest carries no types
    """A blueprint that reads with our parser."""

    ARGUMENTS_PARSER = Parser()


@dataclass(frozen=True)
class Operation:
    """One operation. ``view`` is handed the visit, then, as far as they are asked for, the id of the request, the body,
    the query, and what stands in the address.

    ``once``: done once for each id that a program chooses. ``fails``: the statuses it may answer beside those that any
    may. ``media``: of an answer that is no JSON. ``brings``: of a body that is none, but a part
    of a file from the byte on that its head names.
    """

    rule: str
    name: str
    view: Callable[..., Any]
    policy: Policy
    tag: str
    method: str = "GET"
    takes: type[marshmallow.Schema] | None = None
    asks: type[marshmallow.Schema] | None = None
    gives: Any = None
    once: bool = False
    fails: tuple[int, ...] = ()
    media: str | None = None
    brings: str | None = None
    words: str = ""


def hang(blueprint: Described, each: Operation) -> None:
    """Hang one operation into the blueprint: documented, guarded, and reading what it takes."""
    # Innermost what is short: every layer copies what is said of those under it, whole schemas too.
    view = _explained(each)
    view = blueprint.response(200, each.gives, content_type=each.media)(view)
    if each.asks is not None:
        view = blueprint.arguments(each.asks, location="query")(view)
    if each.takes is not None:
        view = blueprint.arguments(each.takes)(view)
    if each.once:
        view = blueprint.arguments(Id, location="headers")(view)
    view = _door(each, view)
    roles = sorted(each.policy.roles) if each.policy.roles is not None else None
    known: dict[str, Any] = {"responses": {status: _NAMES[status] for status in sorted(_statuses(each))}}
    known |= {"operationId": each.name, "x-roles": roles, "x-personal-data": each.policy.fields}
    known["security"] = [{"token": []}] if roles is not None else []
    if each.brings is not None:
        bytes_alone = {"schema": {"type": "string", "format": "binary"}}
        known["requestBody"] = {"required": True, "content": {each.brings: bytes_alone}}
    view = blueprint.doc(**known)(view)
    parameters: list[dict[str, Any]] = [
        {"in": "path", "name": name, "required": True, "schema": {"type": "string", "pattern": shape}}
        for name, shape in _PATH_SHAPES.items()
        if f"<{name}>" in each.rule
    ]
    if each.brings is not None:
        offset = {"type": "integer", "minimum": 0}
        parameters.append({"in": "header", "name": "Upload-Offset", "required": True, "schema": offset})
    blueprint.add_url_rule(each.rule, each.name, view, methods=[each.method], tags=[each.tag], parameters=parameters)


def _statuses(each: Operation) -> set[int]:
    found = {*_ALWAYS, *each.fails}
    if each.policy.roles is not None:
        found |= {401, 403}
    if "<" in each.rule:
        found.add(404)
    if each.takes is not None or each.brings is not None:
        found |= {413, 415, 422}
    if each.once:
        found |= {404, 409, 422}
    if each.asks is not None:
        found.add(422)
    return found


def _explained(each: Operation) -> Callable[..., Any]:
    """The view with its words for the documentation: the Chinese sentence, then the English ones."""

    @wraps(each.view)
    def view(*arguments: Any, **path: Any) -> Any:
        return each.view(*arguments, **path)

    view.__doc__ = each.words or f"{SENTENCES[each.name]}\n\n{each.view.__doc__ or ''}"
    return view


def _door(each: Operation, view: Callable[..., Any]) -> Callable[..., Any]:
    """The view behind the door."""

    @wraps(view)
    def answer(**path: Any) -> Any:
        visit = Visit(current_app.extensions[SITE], request, "", None, _language(), big=False)
        token = _let_in(visit, each) if each.policy.roles is not None else 0
        try:
            return view(visit, **path)
        except (HTTPException, CasebookError, Problem, NotTold) as fault:
            if PROBLEMS[problem_of(fault, changes=False).code].status == HTTPStatus.NOT_FOUND:
                _note_refusal(visit, refusals.OBJECT, each, token)
            raise

    return answer


def _language() -> str:
    return request.accept_languages.best_match(["zh", "en"]) or "zh"


def _let_in(visit: Visit, each: Operation) -> int:
    """Find out who comes, and whether he may; the number of the token. Raises Problem."""
    accounts = visit.site.accounts
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    found = accounts.program(token.strip()) if scheme.lower() == "bearer" else None
    if found is None:
        if token:
            _count_a_guess(visit)
        raise Problem("no_token")
    person, known = found
    wait = accounts.tokens.wait_ms(known.token.id)
    if wait:
        raise waiting(wait)
    visit.person = person
    if not each.policy.allows(person.roles):
        _note_refusal(visit, refusals.ROUTE, each, known.token.id)
        raise Problem("role_not_allowed")
    return known.token.id


def _note_refusal(visit: Visit, action: str, each: Operation, token: int) -> None:
    """A program that asks for what is not its own, or not here, leaves a line as somebody at a page does."""
    if visit.person is not None:
        with suppress(NotSaved):
            visit.site.accounts.refusals.note(
                visit.staff.staff_no, action, each.name, hidden(request.path), token=token
            )


def _count_a_guess(visit: Visit) -> None:
    """Count a token that is none, by where it came from. Who brings a good one is never made to wait for that."""
    key = f"token-source:{visit.source}"
    throttle = visit.site.accounts.throttle
    wait = throttle.wait_ms(key, SOURCE) or throttle.attempt(key, SOURCE)
    if wait:
        raise waiting(wait)


def request_of(visit: Visit, chosen: dict[str, str], *asked: object) -> Request:
    """What a program asks for, under the id that it chose: the digest covers the operation and everything in it."""
    told = json.dumps([request.endpoint, *asked], sort_keys=True, separators=(",", ":"))
    return Request(visit.staff.staff_no, chosen["request_id"], hashlib.sha256(told.encode()).digest())


def reason_in(asked: dict[str, str]) -> str:
    """Why a program wants to see what is masked, as the audit trail keeps it. Raises Problem where it is none."""
    reason = entry.line(asked["reason"])
    if len(reason) < cases.REASON_SHORTEST:
        raise invalid({"reason": cases.NO_REASON})
    return reason


def numbered_once(visit: Visit, wanted: Request, do: Callable[[], str | None], number: str = "") -> Any:
    """Do what is asked for unless it was done before; the answer is the number it has, drawn or given."""
    (told, _), headers = done_once(visit, wanted, lambda: (do() or number, b""))
    return {"number": told or number}, 200, headers


def done_once(visit: Visit, wanted: Request, do: Callable[[], CaseKey]) -> tuple[CaseKey, dict[str, str]]:
    """Do what is asked for unless it was done before: the case that it came to, and what the answer's head says of it.

    ``do`` hands the request on to the casebook, which looks again inside the transaction of the act.
    """
    book = visit.site.casebook
    try:
        book.refuse_repeated(wanted)
        try:
            return do(), {}
        except CasebookError as problem:
            # What stands in its way may be itself: the same request, that has come a second time and was faster.
            if not isinstance(problem, AlreadyDone):
                book.refuse_repeated(wanted)
            raise
    except AlreadyDone as before:
        return (before.scope, before.case_id), {REPLAYED: "true"}
