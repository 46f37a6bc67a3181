"""The casework of the benchmarks, done through a casebook as people at their desks would do it.

The mix is six events a case: created with its full body, received, returned for a correction, supplied (beside the
case), taken and docketed: one creation, four stage events, one side event, all of them legal at a village.
"""

from collections.abc import Sequence
from typing import Any, Final

from sync_protocol.case import Case, kinds
from tests.benchmarks.documents import Document
from village_node.casebook import Application, Casebook, CaseRef

EVENTS_OF_A_MIX: Final = 6
EVENTS_OF_A_FILING: Final = 2
AGENT: Final = "V01"
AGENT_ROLES: Final = frozenset({"agent"})
OFFICER: Final = "C01"
OFFICER_ROLES: Final = frozenset({"window", "officer", "head"})


def file_all(casebook: Casebook, filed: Sequence[Document]) -> list[CaseRef]:
    """File the documents in bulk, as an import would."""
    return casebook.record_many([Application(AGENT, document.body) for document in filed])


def file_one(casebook: Casebook, document: Document) -> CaseRef:
    """File one document as a person does: created and received, committed."""
    return casebook.file(AGENT, AGENT_ROLES, document.body)


def correct(casebook: Casebook, ref: CaseRef) -> None:
    """Return a case that was just received for a correction, supply it, take it, docket the case."""
    act(casebook, ref, kinds.RETURN_FOR_CORRECTION, {"marks": [["开户银行", "账号与户名不符,请核对"]], "due_days": 5})
    supply = {"answers": {"开户银行": "农村信用社驿马支行"}, "text": "已与本人核对更正"}
    act(casebook, ref, kinds.SUPPLY, supply)
    (supplied,) = look(casebook, ref).open_supplies
    act(casebook, ref, kinds.TAKE, {"supplies": [list(supplied.position)]})
    act(casebook, ref, kinds.DOCKET, {"promised_days": 3})


def act(
    casebook: Casebook,
    ref: CaseRef,
    kind: int,
    body: dict[str, Any],
    *,
    actor: str = AGENT,
    roles: frozenset[str] = AGENT_ROLES,
) -> None:
    """Record one event about a case, seeing it as it stands now."""
    casebook.record(actor, roles, ref.scope, ref.case_id, kind, body, look(casebook, ref).last)


def look(casebook: Casebook, ref: CaseRef) -> Case:
    """The case as it stands. Raises AssertionError where it is not held."""
    case = casebook.case(ref.scope, ref.case_id)
    assert case is not None, "the case was filed here, or came here"
    return case


def mix(casebook: Casebook, filed: Sequence[Document]) -> None:
    """Carry every document through the whole mix."""
    for ref in file_all(casebook, filed):
        correct(casebook, ref)


def sound(casebook: Casebook) -> bool:
    """Whether every event held counts, and nothing was refused or parked, here or at a peer."""
    counts = casebook.counts()
    wrong = ("waiting", "void", "contested", "needs_update", "refused", "parked", "parked_there", "refused_there")
    return not any(counts[name] for name in wrong)


def cases_held(casebook: Casebook) -> int:
    """How many cases have a row here."""
    with casebook.store.reading() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM cases WHERE case_no IS NOT NULL").scalar_one())
