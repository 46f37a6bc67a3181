"""What is said of an applicant and of who acts for them, checked alike wherever it is typed: in an application, in a
correction of one, in a change of contact."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from marshmallow import ValidationError

from sync_protocol.case import Case, bodies, kinds
from village_node.casebook import BadBody
from village_node.web import entry, schemas, times, words
from village_node.web.site import Visit

Faults = dict[str, tuple[str, str]]
BORN_BY: Final = date(2026, 12, 31)  # this program was written then: a clock that says earlier is wrong
ORGANISATIONS: Final = "credit_code"
_NAMES: Final = ("applicant_name", "proxy_name", "legal_representative", "by")
_PHONES: Final = ("applicant_phone", "proxy_phone", "phone")
_OF_PEOPLE: Final = {kinds.CONTACT_CHANGE, kinds.PROXY_AUTHORITY, kinds.SERVICE_ADDRESS}
_TEXTS: Final = {row.name: row for row in bodies.CREATE.fields if row.type == "text"}


def faults(visit: Visit, told: Mapping[str, Any], id_kind: str) -> Faults:
    """What is wrong with these fields, each already in its one spelling, in words (zh, en) that say what to do; fields
    that are no names and numbers of people are passed over. ``id_kind``: which document the identity number is of."""
    found: Faults = {}
    checks = dict.fromkeys(_NAMES, entry.name_trouble) | dict.fromkeys(_PHONES, entry.phone_trouble)
    for name, trouble in checks.items():
        wrong = trouble(told[name]) if told.get(name) else None
        if wrong:
            found[name] = wrong
    number = told.get("applicant_id_no")
    wrong = _number_trouble(visit, number, id_kind) if number else None
    return found | ({"applicant_id_no": wrong} if wrong else {})


def _number_trouble(visit: Visit, number: str, id_kind: str) -> tuple[str, str] | None:
    if id_kind == ORGANISATIONS:
        return entry.credit_code_trouble(number)
    if id_kind != "resident_id":
        return None
    # A clock may be years behind: whoever was born since must not be refused for that.
    ahead_ms = max(visit.sync_state.skew_ms or 0, 0)
    return entry.identity_card_trouble(number, max(times.local(visit.now_ms + ahead_ms).date(), BORN_BY))


def check(visit: Visit, case: Case, kind: int, values: Mapping[str, Any]) -> None:
    """Ask of a correction, a change of contact, a proxy's authority and an address for documents what filing asks of
    the same fields: what they say stands on letters, in lists, and finds the case. Raises BadBody."""
    id_kind = case.applicant.get("id_kind", "")
    if kind in _OF_PEOPLE:
        for name, wrong in faults(visit, values, id_kind).items():
            raise BadBody(name, *wrong)
    if kind != kinds.SUPPLY:
        return
    told = values.get("answers", {})
    found = faults(visit, told, id_kind)
    for name, text in told.items():
        misfit = _length_trouble(name, text)
        found |= {name: misfit} if misfit else {}
    if found:
        labels = {name: words.field_words(name) for name in found}
        zh = "；".join(f"{labels[name][0]}：{wrong[0].rstrip('。')}" for name, wrong in found.items())
        en = "; ".join(f"{labels[name][1]}: {wrong[1].rstrip('.')}" for name, wrong in found.items())
        raise BadBody("answers", zh, en)


def _length_trouble(name: str, text: str) -> tuple[str, str] | None:
    """What keeps a corrected text from being the field of an application: the fold would pass over it in silence."""
    if name not in _TEXTS:
        return None
    try:
        schemas.field_for(_TEXTS[name]).deserialize(text)
    except ValidationError as wrong:
        message = str(wrong.messages[0])
        return message, schemas.english(message)
    return None
