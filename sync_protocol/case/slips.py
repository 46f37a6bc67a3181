"""Slips: what somebody hands in about a case at a place that the case never passes, for another place to attach.

A neighbouring village holds nothing of the case and may not write about it. So it writes a slip into its own stream,
and the lowest place above both attaches what it says to the case as an act of its own, or says why not.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from sync_protocol import encoding
from sync_protocol.case import kinds
from sync_protocol.case.beside import Record, age, by_name, decoded, place_of
from sync_protocol.case.bodies import Checker, compile_checker
from sync_protocol.case.fields import Field, Table
from sync_protocol.case.legal_bodies import BAD_GRADES, GRADES
from sync_protocol.places import PlaceTree

PROOF_BYTES: Final = 16
OUTCOMES: Final = ("attached", "declined")
# What may be handed in elsewhere -> the kind of the side event that it becomes.
BECOMES: Final[dict[str, int]] = {
    "supply": kinds.SUPPLY,
    "withdrawal_request": kinds.WITHDRAWAL_REQUEST,
    "rating": kinds.RATING,
    "note": kinds.NOTE,
}

SLIP: Final = Table(kinds.SLIP, (
    Field(0, "slip_no", "case_no", True, 0, 0, "代收编号", "number of the slip"),
    Field(1, "case_no", "case_no", True, 0, 0, "收件编号", "receipt number of the case"),
    Field(2, "what", "choice", True, 0, 0, "代收的内容", "what is handed in", tuple(BECOMES)),
    Field(3, "by", "text", True, 1, 60, "交来的人", "who hands it in"),
    Field(4, "contact", "text", False, 1, 60, "联系方式", "contact"),
    Field(5, "text", "text", False, 1, 350, "说明（撤回的写明理由）", "what is said; why, for a withdrawal",
          required_if=(2, ("withdrawal_request", "note"))),
    Field(6, "materials", "materials", False, 1, 64, "代收的材料", "papers handed in", required_if=(2, ("supply",))),
    Field(7, "grade", "choice", False, 0, 0, "评价", "grade", GRADES, required_if=(2, ("rating",))),
    Field(8, "stage", "int", False, 1, 2, "阶段（1 受理，2 办结）", "stage (1 acceptance, 2 result)",
          required_if=(2, ("rating",))),
    Field(9, "proof", "bytes", False, PROOF_BYTES, PROOF_BYTES, "查询码的摘要", "digest of the query code"),
))  # fmt: skip
ANSWER: Final = Table(kinds.SLIP_ANSWER, (
    Field(0, "slip_no", "case_no", True, 0, 0, "代收编号", "number of the slip"),
    Field(1, "outcome", "choice", True, 0, 0, "处理结果", "outcome", OUTCOMES),
    Field(2, "text", "text", False, 1, 400, "未附入的原因", "why it was not attached", required_if=(1, ("declined",))),
))  # fmt: skip
TABLES: Final[dict[int, Table]] = {table.kind: table for table in (SLIP, ANSWER)}
# What only one of the things that are handed in has: it is never lost in silence on the way into the case.
_ONLY: Final = {6: ("supply", "materials"), 7: ("rating", "grade"), 8: ("rating", "stage")}
_CHECKERS: Final[dict[int, Checker]] = {kind: compile_checker(table) for kind, table in TABLES.items()}


class Slip(NamedTuple):
    """A slip as it stands: the record that counts, and the answer to it; None while it waits."""

    record: Record
    answer: Record | None

    @property
    def number(self) -> str:
        """Its number, as on the paper."""
        return str(self.record.said["slip_no"])

    @property
    def case_no(self) -> str:
        """The number of the case it is about."""
        return str(self.record.said["case_no"])


def check(kind: int, body: object) -> str | None:
    """The name of the first field of a body that does not fit; None if all do."""
    wrong = _CHECKERS[kind](body)
    if wrong is not None or kind != kinds.SLIP or not isinstance(body, dict):
        return wrong
    if body.get(7) in BAD_GRADES and 5 not in body:
        return "text"
    return next((name for number, (what, name) in _ONLY.items() if number in body and body[2] != what), None)


def read(kind: int, raw: bytes) -> dict[str, Any] | None:
    """A body by field name; None where it does not fit its table, and then it says nothing."""
    body = decoded(raw)
    return by_name(TABLES[kind], body) if body is not None and check(kind, body) is None else None


def to_bytes(kind: int, said: Mapping[str, Any]) -> bytes:
    """The body of a record. Raises ValueError with the name of the first field that does not fit."""
    table = TABLES[kind]
    body = {field.number: said[field.name] for field in table.fields if said.get(field.name) not in (None, "", [])}
    wrong = check(kind, body)
    if wrong is not None:
        raise ValueError(wrong)
    return encoding.encode(body)


def proved(network_id: bytes, case_no: str, code: str) -> bytes:
    """Of what a proof is the first bytes of the SHA-256: it shows that who came held the code, and does not tell it."""
    return encoding.encode(["sanji/1/slip", network_id, case_no, code])


def meeting_place(places: PlaceTree, taker: str, case_no: str) -> str:
    """The lowest place above both the one that takes a slip and the one where its case was filed: it attaches the slip.
    Of a case filed above the taker that is where it was filed. The root where the number names a place not known here,
    which is one of another township's or of none; empty where the taker covers or inherits it, and follows the case
    itself."""
    named = place_of(case_no)
    home = named if named in places else _in_capitals(places, named)
    if not home:
        return places.root if taker != places.root else ""
    if places.covers(taker, home) or places.inherits(taker, home):
        return ""
    return next(place for place in places.path_up(taker) if places.covers(place, home))


def _in_capitals(places: PlaceTree, named: str) -> str:
    return next((code for code in places.below_or_self(places.root) if code.upper() == named), "")


def slips_of(places: PlaceTree, made: Iterable[Record], answers: Iterable[Record]) -> list[Slip]:
    """Every slip that the records held make, the newest first. A pure function of the set of records."""
    first: dict[str, Record] = {}
    for record in sorted(made, key=age):
        if place_of(record.said["slip_no"]) == record.place.upper() and record.scope == f"about:{record.place}":
            first.setdefault(record.said["slip_no"], record)
    answered: dict[str, Record] = {}
    for record in sorted(answers, key=age):
        slip = first.get(record.said["slip_no"])
        if slip is None or record.scope != slip.scope or slip.place not in places:
            continue
        if record.place in places.path_up(slip.place)[1:]:
            answered.setdefault(record.said["slip_no"], record)
    found = [Slip(record, answered.get(number)) for number, record in first.items()]
    return sorted(found, key=lambda each: (-each.record.claimed_ms, each.number))
