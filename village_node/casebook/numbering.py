"""The number of an official document: drawn in the transaction that writes the act it rests on, and typed by nobody."""

from collections.abc import Mapping
from typing import Any, Final

from sync_protocol.case import Case, bodies, documents, numbers
from village_node.casebook.errors import BadBody
from village_node.casebook.office import Office
from village_node.store import Connection, peers

# The department of an item that this node's catalogue does not hold.
NO_DEPARTMENT: Final = "政务"


def refuse_typed(kind: int, content: Mapping[int, Any]) -> None:
    """Raises BadBody for a number that came with the act: two of one number could not be told from a forged one."""
    if _field_of(kind) in content:
        raise BadBody(
            documents.NUMBER_FIELD,
            "文号由本机在保存时编排，请不要填写",
            "the node draws the document number when it saves: leave it out",
        )


def with_number(
    office: Office, connection: Connection, case: Case, kind: int, content: Mapping[int, Any], year: int
) -> dict[int, Any]:
    """The body with the number of the document that this act may not be done without; as it is where there is none."""
    field = _field_of(kind)
    item = office.catalogue.find(case.item_no, case.item_version)
    if field is None:
        return dict(content)
    me = office.identity
    ground = documents.ground_now(
        kind,
        bodies.named(kind, content),
        me.level,
        item,
        docketed=case.docketed,
        at_home=me.place == case.home,
        linked=case.acts_on is not None,
    )
    document = documents.numbered(ground)
    if document is None:
        return dict(content)
    department = (item.department if item else NO_DEPARTMENT)[: numbers.DEPARTMENT_LENGTH]
    counter = peers.count_up(connection, f"document {me.incarnation.hex()} {department} {year} {document.mark}")
    number = numbers.make_document_number(department, document.mark, year, me.place, me.incarnation, counter)
    return {**content, field: number}


def number_in(kind: int, content: Mapping[int, Any]) -> str:
    """The number that a body carries; empty where it has none."""
    field = _field_of(kind)
    return str(content.get(field, "")) if field is not None else ""


def _field_of(kind: int) -> int | None:
    if kind not in documents.NUMBERED_KINDS:
        return None
    return next(field.number for field in bodies.TABLES[kind].fields if field.name == documents.NUMBER_FIELD)
