"""The identity numbers that the papers of a case name, read without folding it.

A fold takes longer the longer a case is, and by the time an answer takes somebody could tell which numbers there are.
The application, and what was supplied to it, are all that can name an identity number.
"""

from collections.abc import Collection
from typing import Any

from sync_protocol.case import bodies, kinds
from sync_protocol.encoding import decode
from sync_protocol.errors import ProtocolError
from village_node.store import Connection, streams
from village_node.store.locks import CaseKey

_NUMBER = "applicant_id_no"


def named_in(connection: Connection, key: CaseKey) -> list[str]:
    """Every identity number, of whatever document, that the application of a case or what was supplied to it names;
    none once these have been cleared. Which of them counts, the fold alone says."""
    return named_in_each(connection, [key])[key]


def named_in_each(connection: Connection, keys: Collection[CaseKey]) -> dict[CaseKey, list[str]]:
    """The same of several cases, asked for at once."""
    found: dict[CaseKey, list[str]] = {key: [] for key in keys}
    for key, kind, raw in streams.bodies_of(connection, keys, (kinds.CREATE, kinds.SUPPLY)):
        if number := _named(kind, raw):
            found[key].append(number)
    return found


def _named(kind: int, raw: bytes) -> str:
    try:
        body: Any = decode(raw)
    except ProtocolError:
        return ""
    if bodies.check(kind, body) is not None:
        return ""
    said = bodies.named(kind, body)
    return str((said if kind == kinds.CREATE else said.get("answers", {})).get(_NUMBER, ""))
