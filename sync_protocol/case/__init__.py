"""What a case is and how it moves. Knows nothing of signing or replication: values in, values out.

The public face: ``fold`` and what it takes and gives, the moves people are offered, items, numbers.
"""

from sync_protocol.case.authority import Offer, form_fields, legal_moves, why_not
from sync_protocol.case.case import Case, fold
from sync_protocol.case.catalogue import Catalogue, CatalogueError, Item, UnknownItem
from sync_protocol.case.events import (
    EFFECTIVE,
    REASONS,
    VERDICT_CODES,
    VERDICT_WORDS,
    BodyState,
    CaseEvent,
    Dep,
    Position,
    Verdict,
    explain,
)
from sync_protocol.case.powers import MAY, may
from sync_protocol.case.records import Decision, Mark, Material, Opinion, Procedure, SideNote
from sync_protocol.case.routes import CasePath, Step, route, why_not_filed
from sync_protocol.case.workflow import LABELS, MOVES, STATES

__all__ = [
    "EFFECTIVE",
    "LABELS",
    "MAY",
    "MOVES",
    "REASONS",
    "STATES",
    "VERDICT_CODES",
    "VERDICT_WORDS",
    "BodyState",
    "Case",
    "CaseEvent",
    "CasePath",
    "Catalogue",
    "CatalogueError",
    "Decision",
    "Dep",
    "Item",
    "Mark",
    "Material",
    "Offer",
    "Opinion",
    "Position",
    "Procedure",
    "SideNote",
    "Step",
    "UnknownItem",
    "Verdict",
    "explain",
    "fold",
    "form_fields",
    "legal_moves",
    "may",
    "route",
    "why_not",
    "why_not_filed",
]
