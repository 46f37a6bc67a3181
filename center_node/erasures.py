"""An order of the county to erase a case: two people who may give it show at one keyboard who they are."""

from typing import Any

from sync_protocol.case import kinds, workflow
from township_node.vouching import vouched
from village_node.app import Node
from village_node.casebook import NotAllowed, NotFound


def order(node: Node, arguments: dict[str, Any]) -> dict[str, Any]:
    """Give the order; the case's number, and how many bodies go. `by`, `approver`: work number and password of two,
    and a code where the account has a second factor.

    Raises NotAllowed where either is not who they say, or may not; NotFound, and whatever `Casebook.erase` raises.
    """
    asks, approves = (_vouched(node, *arguments[name]) for name in ("by", "approver"))
    row = node.casebook.find_by_number(arguments["case_no"])
    if row is None:
        raise NotFound("没有这个件号的案件", "no case has this number: write it as it is printed on the receipt")
    bodies = node.casebook.erase(asks, approves, (row.scope, row.case_id), arguments["basis"])
    return {"case_no": row.case_no, "bodies": bodies}


def _vouched(node: Node, staff_no: str, password: str, code: str = "") -> str:
    person = vouched(node, staff_no, password, code)
    if not workflow.may(person.roles, node.config.level, kinds.ERASURE):
        raise NotAllowed(
            f"{staff_no} 的岗位不能下达删除令，须由部门负责人或分管领导",
            f"{staff_no} may not order an erasure: a department head or a leader must",
        )
    return person.staff_no
