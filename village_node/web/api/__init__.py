"""The interface for programs: what the pages can do with cases, for other systems, under the same rules."""

from functools import cache
from typing import Final

from flask import Flask, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from village_node.accounts.exports import ExportRefused
from village_node.casebook import CasebookError
from village_node.notices.printing import NotPrinted
from village_node.store import StoreError
from village_node.web.api import (
    accounts,
    acting,
    batches,
    calling,
    casework,
    catalogues,
    claiming,
    day_ends,
    deciders,
    drafts,
    exporting,
    guide,
    idle,
    oversight,
    overview,
    papers,
    phone,
    publishing,
    rates,
    reception,
    registers,
    room,
    rulings,
    staff,
    supervising,
    together,
    voices,
    webhooks,
    windows,
)
from village_node.web.api.docs import Description, routes
from village_node.web.api.operations import BLUEPRINT, PREFIX, Described, Operation, hang
from village_node.web.api.problems import Problem, answer_of, problem_of
from village_node.web.policy import Route, declare
from village_node.web.query import NotTold

OPERATIONS: Final[tuple[Operation, ...]] = (
    *casework.OPERATIONS,
    *accounts.OPERATIONS,
    *acting.OPERATIONS,
    *batches.OPERATIONS,
    *calling.OPERATIONS,
    *catalogues.OPERATIONS,
    *claiming.OPERATIONS,
    *day_ends.OPERATIONS,
    *deciders.OPERATIONS,
    *drafts.OPERATIONS,
    *exporting.OPERATIONS,
    *guide.OPERATIONS,
    *idle.OPERATIONS,
    *oversight.OPERATIONS,
    *overview.OPERATIONS,
    *voices.OPERATIONS,
    *reception.OPERATIONS,
    *registers.OPERATIONS,
    *room.OPERATIONS,
    *rulings.OPERATIONS,
    *staff.OPERATIONS,
    *supervising.OPERATIONS,
    *together.OPERATIONS,
    *windows.OPERATIONS,
    *papers.OPERATIONS,
    *phone.OPERATIONS,
    *publishing.OPERATIONS,
    *rates.OPERATIONS,
    *webhooks.OPERATIONS,
)
_FAULTS: Final = (HTTPException, StoreError, MemoryError, CasebookError, Problem, NotTold, NotPrinted, ExportRefused)


def register(app: Flask) -> tuple[Route, ...]:
    """Hang every operation into the app, each under its policy; the pages of the documentation are handed back."""
    for each in OPERATIONS:
        declare(app, f"{BLUEPRINT}.{each.name}", each.policy)
    app.register_blueprint(_described())
    return routes(Description(app, _described()))


@cache
def _described() -> Described:
    """Every operation in one blueprint: the same for all apps of this process, and slow to put together."""
    blueprint = Described(BLUEPRINT, __name__, url_prefix=PREFIX)
    for each in OPERATIONS:
        hang(blueprint, each)
    for fault in _FAULTS:
        blueprint.register_error_handler(fault, trouble)
    return blueprint


def is_for_programs() -> bool:
    """Whether the request is a program's, by its address."""
    return request.path.startswith(PREFIX + "/") and request.endpoint not in ("api_docs", "api_openapi")


def trouble(error: Exception) -> Response:
    """The answer to a program's request that failed."""
    return answer_of(problem_of(error, changes=request.method not in ("GET", "HEAD", "OPTIONS")))


__all__ = ["OPERATIONS", "PREFIX", "is_for_programs", "register", "trouble"]
