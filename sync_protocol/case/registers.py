"""The registers of a place: who may decide in its name, which seals are in use, who is whose kin. What an entry says.

An entry is an event about no case. Entries of the first two stand in the ``below:`` scope of the place, so every node
under it can check a decision by them; those of the third, which name residents, in its ``about:`` scope, apart, so that
they reach nobody but the place and those above it.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from sync_protocol import encoding, limits
from sync_protocol.case import kinds
from sync_protocol.case.bodies import Checker, compile_checker
from sync_protocol.case.events import Position
from sync_protocol.case.fields import STAFF_MAX, Field, Table
from sync_protocol.case.publications import body_of

AUTHORITY_ACTS: Final = ("delegate", "consent", "revoke", "absent", "back")
SEAL_KINDS: Final = ("acceptance", "decision")
MOST_ITEMS: Final = 128

AUTHORITY: Final = Table(kinds.AUTHORITY, (
    Field(0, "what", "choice", True, 0, 0, "登记事项", "what is entered", AUTHORITY_ACTS),
    Field(1, "department", "text", False, 1, 40, "部门", "department", required_if=(0, ("delegate",))),
    Field(2, "head", "text", False, 1, STAFF_MAX, "部门负责人工号", "department head's staff number",
          required_if=(0, ("delegate",))),
    Field(3, "head_name", "text", False, 1, 60, "部门负责人", "department head", required_if=(0, ("delegate",))),
    Field(4, "a", "text", False, 1, STAFF_MAX, "A角工号", "staff number of A"),
    Field(5, "a_name", "text", False, 1, 60, "A角", "A"),
    Field(6, "b", "text", False, 1, STAFF_MAX, "B角工号", "staff number of B"),
    Field(7, "b_name", "text", False, 1, 60, "B角", "B"),
    Field(8, "full", "names", False, 0, MOST_ITEMS, "全权事项", "items with full authority"),
    Field(9, "limited", "names", False, 0, MOST_ITEMS, "受理、初审、发证事项",
          "items to accept, review and issue only"),
    Field(10, "first", "date", False, 0, 0, "自", "from", required_if=(0, ("delegate", "absent"))),
    Field(11, "last", "date", False, 0, 0, "至", "to", required_if=(0, ("delegate",))),
    Field(12, "document_no", "text", False, 1, 80, "文号", "document number",
          required_if=(0, ("delegate", "consent", "revoke"))),
    Field(13, "of", "position", False, 0, 0, "所指的记录", "the entry it is about",
          required_if=(0, ("consent", "revoke", "back"))),
    Field(14, "person", "text", False, 1, STAFF_MAX, "外出人工号", "staff number of who is out",
          required_if=(0, ("absent",))),
    Field(15, "reason", "text", False, 1, 100, "理由", "reason", required_if=(0, ("revoke",))),
), differ=(4, 6))  # fmt: skip
SEAL: Final = Table(kinds.SEAL, (
    Field(0, "seal_no", "text", True, 1, 40, "印章编号", "number of the seal"),
    Field(1, "use", "choice", True, 0, 0, "印章种类", "kind of seal", SEAL_KINDS),
    Field(2, "owner", "text", True, 1, 60, "印章单位", "owner"),
    Field(3, "department", "text", False, 1, 40, "部门", "department"),
    Field(4, "mark", "text", False, 1, 10, "印章标记", "mark"),
    Field(5, "custodians", "names", True, 1, 12, "保管人工号", "staff numbers of the custodians"),
    Field(6, "first", "date", True, 0, 0, "启用日期", "in use from"),
    Field(7, "last", "date", False, 0, 0, "停用日期", "last day of use"),
    Field(8, "document_no", "text", True, 1, 80, "文号", "document number"),
    Field(9, "reason", "text", False, 1, 100, "说明", "remark"),
))  # fmt: skip
KIN: Final = Table(kinds.KIN, (
    Field(0, "staff_no", "text", True, 1, STAFF_MAX, "工作人员工号", "staff number"),
    Field(1, "kin_name", "text", True, 1, 60, "亲属姓名", "relative's name"),
    Field(2, "kin_id_no", "text", True, 1, 40, "亲属证件号码", "relative's identity number"),
    Field(3, "relation", "text", True, 1, 40, "亲属关系", "relation"),
    Field(4, "withdrawn", "bool", False, 0, 0, "撤销登记", "withdrawn"),
    Field(5, "first", "date", False, 0, 0, "自", "from"),
    Field(6, "last", "date", False, 0, 0, "至", "to"),
))  # fmt: skip
TABLES: Final[dict[int, Table]] = {table.kind: table for table in (AUTHORITY, SEAL, KIN)}
_CHECKERS: Final[dict[int, Checker]] = {kind: compile_checker(table) for kind, table in TABLES.items()}


class Entry(NamedTuple):
    """One entry as a reader sees it: who wrote it, when by that place's clock, and its body by field name."""

    position: Position
    order: int
    claimed_ms: int
    actor: str
    said: Mapping[str, Any]


_TERMS: Final = {kinds.AUTHORITY: (10, 11), kinds.SEAL: (6, 7), kinds.KIN: (5, 6)}


def check(kind: int, body: Mapping[int, Any]) -> str | None:
    """The name of the first field of an entry that does not fit; None if all do."""
    wrong = _CHECKERS[kind](body)
    if wrong is not None:
        return wrong
    first, last = _TERMS[kind]
    if last in body and body[last] < body.get(first, ""):
        return "last"
    if kind == kinds.AUTHORITY and (4 in body) != (5 in body):
        return "a_name"
    if kind == kinds.AUTHORITY and (6 in body) != (7 in body):
        return "b_name"
    return None


def to_bytes(kind: int, said: Mapping[str, Any]) -> bytes:
    """The body of an entry from its fields by name; what is empty is left out. Raises ValueError naming the field."""
    table = TABLES[kind]
    body = {field.number: said[field.name] for field in table.fields if said.get(field.name) not in (None, "", [])}
    wrong = check(kind, body)
    if wrong is not None:
        raise ValueError(wrong)
    raw = encoding.encode(body)
    if len(raw) > limits.INLINE_BODY:
        raise ValueError("full" if kind == kinds.AUTHORITY else table.fields[0].name)
    return raw


def from_bytes(kind: int, raw: bytes) -> dict[str, Any] | None:
    """What an entry says by field name; None where it does not fit its form, and then it says nothing."""
    body = body_of(raw, lambda fields: check(kind, fields))
    if body is None:
        return None
    return {field.name: body[field.number] for field in TABLES[kind].fields if field.number in body}
