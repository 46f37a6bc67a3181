"""The rows that say what stands in the body of an event: a field, and the table of the fields of one kind."""

from dataclasses import dataclass
from typing import Final, Literal

from sync_protocol.case import kinds

STAFF_MAX: Final = 32  # characters of a staff number
FieldType = Literal[
    "text", "int", "bool", "date", "choice", "place", "case_no", "query_code", "answers", "materials", "marks",
    "position", "positions", "names", "hash", "bytes", "actions", "heads",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Field:
    """One row of a field table.

    ``low`` and ``high`` bound the characters of a text, the value of an int, or the entries of a list or map.
    ``required_if`` = (field number, values): required also when that other field has one of those values.
    """

    number: int
    name: str
    type: FieldType
    required: bool
    low: int
    high: int
    zh: str
    en: str
    choices: tuple[str, ...] = ()
    required_if: tuple[int, tuple[object, ...]] | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """The fields of one kind; ``any_of``: at least one of these must be there; ``dates``: the date rule applies;
    ``differ``: of these no two that are there may be the same; ``manifest``: the rule of files applies."""

    kind: int
    fields: tuple[Field, ...]
    any_of: tuple[int, ...] = ()
    dates: bool = False
    differ: tuple[int, ...] | None = None
    manifest: bool = False

    def number(self, name: str) -> int:
        """Give the field number of a name; KeyError if the table has no such field."""
        for field in self.fields:
            if field.name == name:
                return field.number
        raise KeyError(f"{kinds.name_of(self.kind)} has no field {name}")
