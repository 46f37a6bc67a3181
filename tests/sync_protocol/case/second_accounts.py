"""A second reading of orders about accounts and of what is late, from CASE.md alone: sections 3 and 10.4."""

import re
from dataclasses import dataclass
from typing import Any

from tests.sync_protocol.case.second_bodies import Body, Test, array, fitting, one_of, position, text, truth, whole

ORDER, STATE, HEAD = 79, 80, 81
SCOPE = re.compile("(about|below):[0-9A-Za-z]{1,16}(-[0-9A-Za-z]{1,8}){0,3}")
Place = tuple[bytes, int, bytes]


@dataclass(frozen=True)
class Record:
    """One event about no case, as a node holds it."""

    position: Place
    order: int
    scope: str
    place: str
    kind: int
    body: bytes | None

    @property
    def rank(self) -> tuple[int, int, bytes, bytes]:
        """The order of records."""
        return self.order, self.position[1], self.position[2], self.position[0]


def byte_string(length: int) -> Test:
    return lambda value: isinstance(value, bytes) and len(value) == length


def heads(value: Any) -> bool:
    def entry(each: Any) -> bool:
        return (
            isinstance(each, list)
            and len(each) == 3
            and byte_string(16)(each[0])
            and isinstance(each[1], str)
            and SCOPE.fullmatch(each[1]) is not None
            and whole(1, 2**53 - 1)(each[2])
        )

    return array(1, 300, entry)(value) and len({(each[0], each[1]) for each in value}) == len(value)


TABLES: dict[int, dict[int, Test]] = {
    ORDER: {0: text(1, 32), 1: one_of("disable", "lift"), 2: text(1, 200), 3: array(1, 32, position)},
    STATE: {0: text(1, 32), 1: one_of("disabled", "enabled"), 2: position, 3: heads, 4: truth},
    HEAD: {0: whole(1, 2**53 - 1), 1: byte_string(32)},
}
OPTIONAL = {ORDER: (3,), STATE: (2, 3, 4), HEAD: ()}


def read(kind: int, raw: bytes) -> Body | None:
    """A body of one of these kinds, or None for what is malformed."""
    body = fitting(raw, TABLES[kind], OPTIONAL[kind])
    lacks = body is not None and kind == ORDER and body[1] == "lift" and 3 not in body
    return None if lacks else body


def said(records: list[Record], place: str, kind: int) -> list[tuple[Record, Body]]:
    """What says something in about: of a place, in the order."""
    found = []
    for record in sorted(records, key=lambda each: each.rank):
        if record.kind == kind and record.scope == "about:" + place and record.body is not None:
            body = read(kind, record.body)
            if body is not None:
                found.append((record, body))
    return found


def shut(records: list[Record], place: str, ranks: dict[str, int]) -> dict[str, list[Place]]:
    """Account -> the orders that keep it shut. ``ranks``: of the places of the path of ``place``."""
    counting = [(record, body) for record, body in said(records, place, ORDER) if record.place in ranks]
    counting = [(record, body) for record, body in counting if ranks[record.place] < ranks[place]]
    found: dict[str, list[Place]] = {}
    for record, body in counting:
        lifted = any(
            other[1] == "lift"
            and other[0] == body[0]
            and list(record.position) in other[3]
            and ranks[lifter.place] <= ranks[record.place]
            for lifter, other in counting
        )
        if body[1] == "disable" and not lifted:
            found.setdefault(body[0], []).append(record.position)
    return found


def behind(record: Record, body: Body, incarnation: bytes, order: int, scope: str, seq: int) -> bool:
    """Whether an act stands behind a record."""
    own = record.position[0] == incarnation
    if own and scope == record.scope:
        return seq > record.position[1]
    for life, where, upto in body.get(3, []):
        if (life, where) == (incarnation, scope):
            return bool(seq > upto)
    return not body.get(4, False) if own else order > record.order


def late(records: list[Record], place: str, account: str, incarnation: bytes, order: int, scope: str, seq: int) -> bool:
    """Whether an act of an account of a place is late."""
    last = ""
    for record, body in said(records, place, STATE):
        if record.place == place and body[0] == account and behind(record, body, incarnation, order, scope, seq):
            last = body[1]
    return last == "disabled"
