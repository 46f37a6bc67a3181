"""Accounts and the audit trail: what a place above orders about an account, and what a place says of its own.

All three kinds stand in ``about:`` of the place whose accounts they are about, so they reach it and those above it and
nobody else. Nothing here is read by the fold of a case: what somebody signed counts because the key of the node counts,
and who was let in front of it is that place's to answer for.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sync_protocol import encoding
from sync_protocol.case import kinds
from sync_protocol.case.beside import Record, age, by_name, decoded
from sync_protocol.case.bodies import MAX_MS, Checker, compile_checker
from sync_protocol.case.events import Position
from sync_protocol.case.fields import STAFF_MAX, Field, Table
from sync_protocol.places import PlaceTree, about

ORDERS: Final = ("disable", "lift")
STATES: Final = ("disabled", "enabled")
REASON_MAX: Final = 200
MOST_LIFTED: Final = 32
MOST_HEADS: Final = 300  # so that the largest body stays below that of an event held apart
HASH_BYTES: Final = 32

ORDER: Final = Table(kinds.ACCOUNT_ORDER, (
    Field(0, "account", "text", True, 1, STAFF_MAX, "工号", "account"),
    Field(1, "what", "choice", True, 0, 0, "命令", "order", ORDERS),
    Field(2, "reason", "text", True, 1, REASON_MAX, "理由", "reason"),
    Field(3, "lifts", "positions", False, 1, MOST_LIFTED, "所解除的命令", "orders that are lifted",
          required_if=(1, ("lift",))),
))  # fmt: skip
STATE: Final = Table(kinds.ACCOUNT_STATE, (
    Field(0, "account", "text", True, 1, STAFF_MAX, "工号", "account"),
    Field(1, "state", "choice", True, 0, 0, "状态", "state", STATES),
    Field(2, "by_order", "position", False, 0, 0, "所依的命令", "the order that it follows"),
    Field(3, "heads", "heads", False, 1, MOST_HEADS, "此刻各记录流的位置", "where the other streams stood then"),
    Field(4, "more", "bool", False, 0, 0, "未列全", "there are more of them"),
))  # fmt: skip
HEAD: Final = Table(kinds.AUDIT_HEAD, (
    Field(0, "lines", "int", True, 1, MAX_MS, "审计行数", "lines of the audit trail"),
    Field(1, "hash", "bytes", True, HASH_BYTES, HASH_BYTES, "末行摘要", "hash of the last"),
))  # fmt: skip
TABLES: Final[dict[int, Table]] = {table.kind: table for table in (ORDER, STATE, HEAD)}
_CHECKERS: Final[dict[int, Checker]] = {kind: compile_checker(table) for kind, table in TABLES.items()}


def check(kind: int, body: object) -> str | None:
    """The name of the first field of a body that does not fit; None if all do."""
    return _CHECKERS[kind](body)


def read(kind: int, raw: bytes) -> dict[str, Any] | None:
    """A body by field name; None where it does not fit its table, and then it says nothing."""
    body = decoded(raw)
    return by_name(TABLES[kind], body) if body is not None and check(kind, body) is None else None


def to_bytes(kind: int, said: Mapping[str, Any]) -> bytes:
    """The body of a record. Raises ValueError with the name of the first field that does not fit."""
    table = TABLES[kind]
    body = {
        field.number: said[field.name] for field in table.fields if said.get(field.name) not in (None, "", [], False)
    }
    wrong = check(kind, body)
    if wrong is not None:
        raise ValueError(wrong)
    return encoding.encode(body)


def standing(places: PlaceTree, place: str, orders: Iterable[Record]) -> dict[str, list[Record]]:
    """Account -> the orders that keep it shut at a place, in their order; none of an account that nothing keeps shut.

    An order counts of a place above. It stands until one of its own place, or of one above that, names it as lifted. So
    nothing depends on which came first, and no clock is asked: who has not seen an order cannot lift it.
    """
    if place not in places:
        return {}
    line, rank = places.line_of(place), places.rank(place)
    able = [each for each in orders if each.scope == about(place) and each.place in line]
    able = [each for each in sorted(able, key=age) if places.rank(each.place) < rank]
    lifted: dict[tuple[str, Position], int] = {}
    for each in able:
        for named in each.said.get("lifts", ()) if each.said["what"] == "lift" else ():
            key = each.said["account"], Position(*named)
            lifted[key] = min(lifted.get(key, rank), places.rank(each.place))
    found: dict[str, list[Record]] = {}
    for each in able:
        account = each.said["account"]
        over = lifted.get((account, each.position))
        if each.said["what"] == "disable" and (over is None or over > places.rank(each.place)):
            found.setdefault(account, []).append(each)
    return found


def liftable(places: PlaceTree, here: str, orders: Iterable[Record]) -> list[Record]:
    """Those of these standing orders that a place may lift: its own, and those of places under it."""
    return [each for each in orders if places.rank(here) <= places.rank(each.place)]


def reports_of(place: str, states: Iterable[Record]) -> dict[str, list[Record]]:
    """Account -> what a place has said of it, in its order. Only what stands in its own ``about:`` is its word."""
    found: dict[str, list[Record]] = {}
    for each in sorted(states, key=age):
        if each.place == place and each.scope == about(place):
            found.setdefault(each.said["account"], []).append(each)
    return found


def ends_of(reports: Iterable[Record], incarnation: bytes, order: int, scope: str) -> list[tuple[int, bool]]:
    """What the reports of one account say of a stream, in their order: (the position behind which everything is after a
    report, whether the account was disabled then). ``order`` is that of the incarnation in the roster."""
    ends = [(end_of(each, incarnation, order, scope), each.said["state"] == "disabled") for each in reports]
    return [(end, disabled) for end, disabled in ends if end is not None]


def is_late(ends: Sequence[tuple[int, bool]], seq: int) -> bool:
    """Tell whether an act at a position of a stream stands behind one at which its account was disabled, and not behind
    one at which it was enabled again: by the last of the reports that it stands behind."""
    return next((disabled for end, disabled in reversed(ends) if seq > end), False)


def end_of(report: Record, incarnation: bytes, order: int, scope: str) -> int | None:
    """The position in a stream behind which everything is after a report; None where it says nothing of that stream, or
    all of it is before."""
    life, seq, _ = report.position
    if (incarnation, scope) == (life, report.scope):
        return seq
    named = {(each, where): upto for each, where, upto in report.said.get("heads", ())}
    if (incarnation, scope) in named:
        return int(named[incarnation, scope])
    if incarnation == life:  # a stream that had nothing in it then, or for which there was no room
        return None if report.said.get("more") else 0
    return 0 if order > report.order else None
