"""Consultations: who asked what at a counter, what was told, and that the first person asked leads it to its end.

First-asked responsibility (首问负责): whoever is asked first answers, or leads the person to who can, and stays
responsible until that has been done. The record opens with what was asked; later ones under the same number say what
came of it.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from sync_protocol import encoding
from sync_protocol.case import kinds
from sync_protocol.case.beside import Record, age, by_name, decoded, place_of
from sync_protocol.case.bodies import Checker, compile_checker
from sync_protocol.case.fields import Field, Table

OUTCOMES: Final = ("open", "answered", "led", "filed")
ENDS: Final = frozenset({"answered", "led", "filed"})

TABLE: Final = Table(kinds.CONSULTATION, (
    Field(0, "consultation_no", "case_no", True, 0, 0, "咨询编号", "number of the consultation"),
    Field(1, "outcome", "choice", True, 0, 0, "进展", "outcome", OUTCOMES),
    Field(2, "question", "text", False, 1, 1_000, "咨询内容", "what was asked"),
    Field(3, "item_no", "text", False, 1, 32, "事项编号", "item number"),
    Field(4, "by", "text", False, 1, 60, "咨询人", "who asked"),
    Field(5, "contact", "text", False, 1, 60, "联系方式", "contact"),
    Field(6, "told", "text", False, 1, 2_000, "答复内容", "what was told", required_if=(1, ("answered",))),
    Field(7, "to", "text", False, 1, 100, "引导至", "led to", required_if=(1, ("led",))),
    Field(8, "case_no", "case_no", False, 0, 0, "所收件的编号", "receipt number of what was filed",
          required_if=(1, ("filed",))),
))  # fmt: skip
_CHECKER: Final[Checker] = compile_checker(TABLE)


class Consultation(NamedTuple):
    """A consultation as it stands: the record that opened it, and the one that says last what came of it."""

    first: Record
    last: Record

    @property
    def number(self) -> str:
        """Its number, as on the slip."""
        return str(self.first.said["consultation_no"])

    @property
    def outcome(self) -> str:
        """How far it has come; ``open`` while the person first asked still has to do something."""
        return str(self.last.said["outcome"])

    @property
    def owner(self) -> str:
        """The staff number of the person first asked, who is responsible for it."""
        return self.first.actor

    @property
    def told(self) -> str:
        """What was told last; empty while nothing was."""
        return str(self.last.said.get("told") or self.first.said.get("told") or "")


def check(body: object) -> str | None:
    """The name of the first field of a body that does not fit; None if all do."""
    return _CHECKER(body)


def read(raw: bytes) -> dict[str, Any] | None:
    """A body by field name; None where it does not fit its table, and then it says nothing."""
    body = decoded(raw)
    return by_name(TABLE, body) if body is not None and check(body) is None else None


def to_bytes(said: Mapping[str, Any]) -> bytes:
    """The body of a record. Raises ValueError with the name of the first field that does not fit."""
    body = {field.number: said[field.name] for field in TABLE.fields if said.get(field.name) not in (None, "")}
    wrong = check(body)
    if wrong is not None:
        raise ValueError(wrong)
    return encoding.encode(body)


def consultations_of(records: Iterable[Record]) -> list[Consultation]:
    """Every consultation that the records held make, the newest first. A pure function of the set of records: the first
    in the order that says what was asked opens it, and what the same place says later of it counts last; what has
    ended stays ended."""
    opened: dict[str, Consultation] = {}
    for record in sorted(records, key=age):
        number = record.said["consultation_no"]
        held = opened.get(number)
        if place_of(number) != record.place.upper() or record.scope != f"about:{record.place}":
            continue
        if held is None:
            if "question" in record.said:
                opened[number] = Consultation(record, record)
        elif held.outcome not in ENDS:
            opened[number] = held._replace(last=record)
    return sorted(opened.values(), key=lambda each: (-each.first.claimed_ms, each.number))
