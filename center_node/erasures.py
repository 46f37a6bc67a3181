"""An order of the county to erase a case, or what stands beside the cases: two people who may give it show at one
keyboard who they are."""

from typing import Any

from sync_protocol.case import kinds, powers
from township_node.vouching import vouched
from village_node.accounts import Person
from village_node.app import Node
from village_node.casebook import NotAllowed, why_runs


def order(node: Node, arguments: dict[str, Any]) -> dict[str, Any]:
    """Give the order; what bore the number, and how many bodies go. `by`, `approver`: work number and password of two,
    and a code where the account has a second factor.

    Raises NotAllowed where either is not who they say, or may not; NotFound, and whatever `Casebook.erase` raises.
    """
    asks, approves = (_vouched(node, *arguments[name]) for name in ("by", "approver"))
    book, basis = node.casebook, arguments["basis"]
    row = book.find_by_number(arguments["number"])
    if row is not None:
        bodies = book.erase(asks.staff_no, approves.staff_no, (row.scope, row.case_id), basis)
        return {"case_no": row.case_no, "bodies": bodies}
    key, names = book.key_of_number(arguments["number"]), (asks.name, approves.name)
    gone = book.erase_matter(asks.staff_no, approves.staff_no, key, basis, names)
    return {"what": gone.what, "number": gone.number, "bodies": gone.bodies}


def held_of(node: Node, arguments: dict[str, Any]) -> dict[str, Any]:
    """What is held of somebody beside the cases, without their data. Raises NotAllowed, BadBody."""
    asks = _vouched(node, *arguments["by"])
    found = node.casebook.found_of(asks.roles, arguments["text"])
    node.accounts.audit(asks.staff_no, "matter.find", "", {"found": len(found)})
    rows = [
        {"key": each.key, "what": each.what, "number": each.number, "place": each.place, "time_ms": each.at_ms,
         "bodies": each.bodies, "not_yet": "; ".join(filter(None, why_runs(each)))}
        for each in found
    ]  # fmt: skip
    return {"found": rows}


def _vouched(node: Node, staff_no: str, password: str, code: str = "") -> Person:
    person = vouched(node, staff_no, password, code)
    if not powers.may(person.roles, node.config.level, kinds.ERASURE):
        raise NotAllowed(
            f"{staff_no} 的岗位不能下达删除令，须由部门负责人或分管领导",
            f"{staff_no} may not order an erasure: a department head or a leader must",
        )
    return person
