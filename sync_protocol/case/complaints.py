"""Complaints: what a place may hear, sealed to it, and what it answers; records about no case, so no case shows them.

What a record says to everybody is its number and who is to hear it. The rest is sealed, to that place and to the code
that the complainant holds; opening it is the business of who has a key. Here stands what is made of the records held:
which counts, who is to answer, and what was answered.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from sync_protocol import encoding
from sync_protocol.case import kinds
from sync_protocol.case.beside import Record, age, by_name, decoded, place_of
from sync_protocol.case.bodies import Checker, compile_checker
from sync_protocol.case.events import Position
from sync_protocol.case.fields import Field, Table
from sync_protocol.places import PlaceTree

ONESELF: Final = "resident"  # the actor of a complaint that nobody at a counter took
OUTCOMES: Final = ("upheld", "partly", "not_upheld", "elsewhere")
MOST_SEALED: Final = 11_000
KEY_BYTES: Final = {1: 32, 2: 1_216}  # by suite: s1 and s1q of PROTOCOL.md, section 2.4

COMPLAINT: Final = Table(kinds.COMPLAINT, (
    Field(0, "complaint_no", "case_no", True, 0, 0, "投诉编号", "number of the complaint"),
    Field(1, "handler", "place", False, 0, 0, "受理单位", "to be heard by"),
    Field(2, "key", "position", False, 0, 0, "所用密钥", "key it is sealed to"),
    Field(3, "sealed", "bytes", False, 1, MOST_SEALED, "封存的内容", "content, sealed to that place"),
    Field(4, "own", "bytes", True, 1, MOST_SEALED, "投诉人可读的内容", "content, under the complainant's code"),
    Field(5, "passed_on", "position", False, 0, 0, "所转送的投诉", "complaint that is passed on"),
))  # fmt: skip
ANSWER: Final = Table(kinds.COMPLAINT_ANSWER, (
    Field(0, "complaint", "position", True, 0, 0, "所答复的投诉", "complaint answered"),
    Field(1, "own", "bytes", True, 1, MOST_SEALED, "投诉人可读的答复", "answer, under the complainant's code"),
))  # fmt: skip
PLACE_KEY: Final = Table(kinds.PLACE_KEY, (
    Field(0, "suite", "int", True, 1, 2, "算法", "suite"),
    Field(1, "public", "bytes", True, 32, 1_216, "公钥", "public key"),
))  # fmt: skip
TABLES: Final[dict[int, Table]] = {table.kind: table for table in (COMPLAINT, ANSWER, PLACE_KEY)}
# What is sealed: never the body of an event by itself.
SAID: Final = Table(kinds.COMPLAINT, (
    Field(0, "code", "query_code", True, 0, 0, "查询码", "query code"),
    Field(1, "text", "text", True, 1, 2_000, "投诉内容", "what happened"),
    Field(2, "place", "place", True, 0, 0, "被投诉人所在单位", "place of the person complained of"),
    Field(3, "who", "text", True, 1, 60, "被投诉人（姓名、工号或岗位）", "who is complained of"),
    Field(4, "higher", "bool", False, 0, 0, "被投诉人是上一级的负责人或其亲属", "the head above, or kin of the head"),
    Field(5, "by", "text", False, 1, 60, "投诉人", "complainant"),
    Field(6, "contact", "text", False, 1, 60, "联系方式", "contact"),
    Field(7, "case_no", "case_no", False, 0, 0, "所涉办件的收件编号", "receipt number of the case"),
))  # fmt: skip
ANSWERED: Final = Table(kinds.COMPLAINT_ANSWER, (
    Field(0, "outcome", "choice", True, 0, 0, "核查结果", "outcome", OUTCOMES),
    Field(1, "text", "text", True, 1, 2_000, "答复内容", "answer"),
    Field(2, "document_no", "text", False, 1, 80, "文号", "document number"),
))  # fmt: skip
_CHECKERS: Final[dict[int, Checker]] = {kind: compile_checker(table) for kind, table in TABLES.items()}
_CONTENT: Final[dict[int, Checker]] = {table.kind: compile_checker(table) for table in (SAID, ANSWERED)}


class Complaint(NamedTuple):
    """A complaint as it stands: the record that counts last, when it was made, who took it, and the answer to it."""

    record: Record
    at_ms: int
    taken_at: str
    answer: Record | None

    @property
    def number(self) -> str:
        """Its number, as on the slip."""
        return str(self.record.said["complaint_no"])

    @property
    def handler(self) -> str:
        """Who is to hear it; empty for one that nobody in this network may hear."""
        return str(self.record.said.get("handler", ""))


def check(kind: int, body: object) -> str | None:
    """The name of the first field of a body that does not fit; None if all do."""
    wrong = _CHECKERS[kind](body)
    if wrong is None and kind == kinds.COMPLAINT and isinstance(body, dict):
        there = [number in body for number in (1, 2, 3)]
        if any(there) and not all(there):
            return ("handler", "key", "sealed")[there.index(False)]
    if wrong is None and kind == kinds.PLACE_KEY and isinstance(body, dict) and len(body[1]) != KEY_BYTES[body[0]]:
        return "public"
    return wrong


def read(kind: int, raw: bytes) -> dict[str, Any] | None:
    """A body by field name; None where it does not fit its table, and then it says nothing."""
    body = decoded(raw)
    if body is None or check(kind, body) is not None:
        return None
    return by_name(TABLES[kind], body)


def content_of(table: Table, raw: bytes) -> dict[str, Any] | None:
    """What was sealed, by field name; None where it is nothing of the kind."""
    body = decoded(raw)
    if body is None or _CONTENT[table.kind](body) is not None:
        return None
    return by_name(table, body)


def content_bytes(table: Table, said: Mapping[str, Any]) -> bytes:
    """What is to be sealed. Raises ValueError with the name of the first field that does not fit."""
    body = {field.number: said[field.name] for field in table.fields if said.get(field.name) not in (None, "", False)}
    wrong = _CONTENT[table.kind](body)
    if wrong is not None:
        raise ValueError(wrong)
    return encoding.encode(body)


def complaints_of(made: Iterable[Record], answers: Iterable[Record]) -> list[Complaint]:
    """Every complaint that the records held make, the newest first.

    A first record is written at the place that its number names; of several under one number the first in the order
    counts. From there the answer of the place that is to hear it
    ends it, else that place may pass it on, and so on. A pure function of the set of records.
    """
    first: dict[str, Record] = {}
    passed: dict[Position, list[Record]] = {}
    answered: dict[Position, list[Record]] = {}
    for record in sorted(made, key=age):
        if "passed_on" in record.said:
            passed.setdefault(Position(*record.said["passed_on"]), []).append(record)
        elif place_of(record.said["complaint_no"]) == record.place.upper():
            first.setdefault(record.said["complaint_no"], record)
    for record in sorted(answers, key=age):
        answered.setdefault(Position(*record.said["complaint"]), []).append(record)
    found = [_followed(record, passed, answered) for record in first.values()]
    return sorted(found, key=lambda each: (-each.at_ms, each.number))


def _followed(
    first: Record, passed: Mapping[Position, list[Record]], answered: Mapping[Position, list[Record]]
) -> Complaint:
    record, seen = first, {first.position}
    while True:
        handler = record.said.get("handler")
        answer = next((each for each in answered.get(record.position, ()) if each.place == handler), None)
        onward = [
            each
            for each in passed.get(record.position, ())
            if each.place == handler and each.position not in seen
            and each.said["complaint_no"] == first.said["complaint_no"] and each.scope == first.scope
        ]  # fmt: skip
        if answer is not None or not onward:
            return Complaint(record, first.claimed_ms, first.place, answer)
        record = onward[0]
        seen.add(record.position)


def key_in_force(entries: Iterable[Record]) -> Record | None:
    """The key that a place is sealed to: of its entries the last in the order; None where it has none."""
    return max(entries, key=age, default=None)


def heard_by(places: PlaceTree, taker: str, place: str, *, higher: bool, able: Iterable[str]) -> str:
    """Who hears a complaint about somebody at ``place`` that is taken at ``taker``: the lowest place above that one, or
    with ``higher`` above the next, that stands on one line with the taker and is ``able`` to hear any. Somebody at the
    root is heard there, but not its head. Empty: nobody here, it is referred elsewhere."""
    above = places.path_up(place)[1:] or (places.path_up(place) if not higher else ())
    line = above[1:] if higher else above
    may = set(able)
    on_line = (each for each in line if places.covers(each, taker) or places.covers(taker, each))
    return next((each for each in on_line if each in may), "")


def scope_for(places: PlaceTree, taker: str, handler: str) -> str:
    """The place about which the record is written: one that the taker may write about and the handler follows."""
    return taker if not handler or places.covers(handler, taker) else handler
