"""What a desk is given and gives back: an application to be filed, an act on a case, and the case that it was."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from sync_protocol.case import Position
from sync_protocol.event import Dep
from village_node.casebook.entitlement import Shown
from village_node.casebook.errors import Stale
from village_node.store.locks import CaseKey


class CaseRef(NamedTuple):
    """A case that was filed or acted on; number and code are empty where it has none yet."""

    scope: str
    case_id: bytes
    case_no: str
    query_code: str


class Application(NamedTuple):
    """One application to be filed: what was typed (by field name or number), how it came in, by which authority
    somebody acts for the applicant, and where documents are served."""

    actor: str
    body: Mapping[Any, Any]
    channel: str = "counter"
    authority: Mapping[str, Any] | None = None
    service: Mapping[str, Any] | None = None


class CheckedIn(NamedTuple):
    """An application that was checked, as its events will say it."""

    actor: str
    create: dict[int, Any]
    channel: str
    deps: tuple[Dep, ...]
    beside: tuple[tuple[int, dict[int, Any]], ...] = ()


class Act(NamedTuple):
    """One act to be done on a case; ``seen``: its last stage event as the page had it; ``clock_confirmed``: who does it
    has confirmed the time of a clock that is off."""

    actor: str
    roles: frozenset[str]
    key: CaseKey
    kind: int
    content: Mapping[int, Any]
    seen: Position | None = None
    shown: Shown | None = None
    clock_confirmed: bool = False


def stale() -> Stale:
    """What is raised when the page shows a case as it no longer is."""
    return Stale(
        "案件在您填写期间已有新的进展，请重新查看后再办理",
        "the case has moved on since the page was drawn: look at it again",
    )
