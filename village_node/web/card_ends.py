"""The last four characters of an applicant's identity card, which a resident types beside the number of a case."""

import re
from typing import Final

from sync_protocol.case import Case
from village_node.web import entry

CARDS: Final = "resident_id"
NO_CARD: Final = "----"  # which nobody can type
_TAIL: Final = re.compile(r"[0-9]{3}[0-9X]", re.ASCII)
_CARD: Final = re.compile(r"[0-9]{15}|[0-9]{17}[0-9X]", re.ASCII)
NOT_AN_END: Final = (
    "“身份证号后四位”应为四位，前三位是数字，最后一位是数字或 X。",
    "“Last four of the identity card”: three digits, and a digit or X.",
)


def end_of_card(case: Case) -> str:
    """The last four characters of the applicant's identity card; empty without one, and once it has been cleared."""
    return end_of_number(case.applicant.get("id_no", "")) if case.applicant.get("id_kind") == CARDS else ""


def end_of_number(typed: str) -> str:
    """The last four characters of the number of an identity card; empty of what is no such number."""
    number = entry.number(typed)
    return number[-4:] if _CARD.fullmatch(number) else ""


def typed_end(card: str) -> str:
    """What was typed as the end of a card, in one spelling; empty of what cannot be one."""
    typed = entry.number(card)
    return typed if _TAIL.fullmatch(typed) else ""
