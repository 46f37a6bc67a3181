"""What the audit trail writes in codes, in words: acts, who acted where it was no person, and what is noted beside."""

import csv
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any, Final, NamedTuple

from sync_protocol.case.powers import ROLES
from village_node.store.audit import AuditRow
from village_node.web.site import Visit

_NOBODY: Final = "="  # before the name of an actor that is no person
_BESIDE: Final = "+"  # before the name of something that is noted beside an act


class Told(NamedTuple):
    """One line as the page shows it. ``action`` is empty where the code has no words; ``beside``: name and value of
    what is noted."""

    row: AuditRow
    actor: str
    action: str
    beside: list[tuple[str, str]]


@cache
def known() -> dict[str, tuple[str, str]]:
    """Code -> its words in Chinese and English."""
    text = resources.files(__package__).joinpath("audit_words.csv").read_text(encoding="utf-8")
    return {row["code"]: (row["zh"], row["en"]) for row in csv.DictReader(text.splitlines())}


def told(visit: Visit, row: AuditRow, detail: Mapping[str, Any]) -> Told:
    """Put one line into words; what has none keeps its code."""
    return Told(
        row,
        _words(visit, _NOBODY + row.actor, row.actor),
        _words(visit, row.action, ""),
        [
            (_words(visit, _BESIDE + name, name), _value(visit, name, value))
            for name, value in detail.items()
            if value != ""
        ],
    )


def _words(visit: Visit, code: str, otherwise: str) -> str:
    words = known().get(code)
    return visit.t(*words) if words is not None else otherwise


def _value(visit: Visit, name: str, value: Any) -> str:
    if isinstance(value, bool):
        return visit.t("是", "yes") if value else visit.t("否", "no")
    if name in ("role", "roles", "roles_before"):
        codes = [value] if isinstance(value, str) else list(value)
        level = visit.site.level
        return visit.t("、", ", ").join(visit.t(*ROLES.get((each, level), (each, each))) for each in codes)
    return str(value) if isinstance(value, str | int | float) or value is None else ", ".join(map(str, value))
