"""New nodes that ask over the line: what they are answered, and how a person here takes one in by its code."""

from sync_protocol import roster
from sync_protocol.errors import Declined
from township_node.enrolment import enrol
from village_node.casebook import Casebook
from village_node.store.newcomers import DECLINED


class OtherCode(ValueError):
    """The code that was typed is not that of the request."""


def ask(casebook: Casebook, raw: bytes, source: str) -> bytes | None:
    """The answer for a new node, once it is in the roster; None while nobody has decided. `source`: where it asks from.

    Raises ProtocolError: of the request itself, of one that is not ours to grant, Declined, Busy; StoreError.
    """
    asked, here = roster.read_request(raw), casebook.identity.place
    node = casebook.roster.node(asked.incarnation)
    if node is not None and node.serves and (node.place, node.public) == (asked.place, asked.public):
        return roster.answer(casebook.roster, asked.place, casebook.speaker.incarnation)
    roster.admit_request(casebook.roster, asked, here)
    known = casebook.newcomer(raw)
    if known is None:
        casebook.keep_newcomer(raw, asked, source)
    elif known.state == DECLINED:
        raise Declined(f"the people at {here} have declined this request: ask them why")
    return None


def take(casebook: Casebook, actor: str, number: int, typed: str, *, digits_agreed: bool = False) -> None:
    """Enrol a node that waits, for somebody who was told its code.

    Raises OtherCode, EnrolmentRefused, CasebookError, ProtocolError, StoreError.
    """
    row = casebook.waiting_newcomer(number)
    if digits_of(typed) != digits_of(roster.confirmation_code(row.request)):
        raise OtherCode
    enrol(casebook, row.request, casebook.roster_keys(), casebook.clock(), digits_agreed=digits_agreed)
    casebook.answer_newcomer(actor, row, taken=True)


def digits_of(typed: str) -> str:
    """What was typed, as the digits it means: full-width ones and whatever stands between them as well."""
    return "".join(str(int(each)) for each in typed if each.isdecimal())
