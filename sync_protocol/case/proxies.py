"""Who acts for an applicant, by the last word on it."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from sync_protocol.case.records import SideNote

# What a case says of a proxy -> the field of an authority that says it.
_SAID: Final = {
    "name": "proxy_name",
    "relation": "proxy_relation",
    "phone": "proxy_phone",
    "authorisation": "note",
    "scope": "scope",
    "until": "until",
    "marked": "marked",
}


def authorised(named: dict[str, str], authorities: Sequence[SideNote]) -> dict[str, str]:
    """Who the last of these authorities names, nobody where it revokes one; ``named``: by the application, where there
    is none."""
    if not authorities:
        return named
    said = authorities[-1].body
    if said.get("what") != "given":
        return {}
    return {name: said[field] for name, field in _SAID.items() if field in said}


def may_collect(proxy: Mapping[str, str], day: date) -> bool:
    """Tell whether who acts for an applicant, as a case says it, may take the result on a day: somebody does, not only
    to hand papers in, and not behind the end of the term."""
    return bool(proxy) and proxy.get("scope") != "submit" and day.isoformat() <= proxy.get("until", day.isoformat())
