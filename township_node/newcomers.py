"""New nodes that ask over the line: what they are answered, and how a person here takes one in by its code."""

from sync_protocol import roster
from sync_protocol.errors import Busy, Declined, Revoked
from sync_protocol.roster import read_request
from township_node.enrolment import enrol
from village_node.casebook import Casebook
from village_node.store import Connection
from village_node.store.newcomers import DECLINED, MADE_WAY, TAKEN, Newcomer


class OtherCode(ValueError):
    """The code that was typed is not that of the request."""


def ask(casebook: Casebook, raw: bytes, source: str) -> bytes | None:
    """The answer for a new node, once it is in the roster; None while nobody has decided. `source`: where it asks from.

    Raises ProtocolError: of the request itself, of one that is not ours to grant, Revoked, Declined, Busy; StoreError.
    """
    asked, here = read_request(raw), casebook.identity.place
    known = casebook.newcomer(raw)  # before the roster is read: whoever is taken is in the roster by then
    node = casebook.roster.node(asked.incarnation)
    if node is not None and not node.struck and (node.place, node.public) == (asked.place, asked.public):
        if node.revoked is not None:
            raise Revoked("this machine was revoked: set it up anew, with another key, and ask again")
        return roster.answer(casebook.roster, asked.place, casebook.speaker.incarnation)
    roster.admit_request(casebook.roster, asked, here)
    if known is None or known.state == TAKEN:  # what took it was overruled since: people decide once more
        casebook.keep_newcomer(raw, asked, source)
    elif known.state == MADE_WAY:  # the same again within the minute counts no less than another one
        raise Busy("newer requests of this place came: ask again in a minute")
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
    marked = False

    def mark(connection: Connection) -> None:
        nonlocal marked
        casebook.mark_newcomer(connection, actor, row, taken=True)
        marked = True

    keys, now_ms = casebook.roster_keys(), casebook.clock()
    enrol(casebook, row.request, keys, now_ms, digits_agreed=digits_agreed, told=mark)
    if not marked:  # it was in the roster already, by another road
        casebook.answer_newcomer(actor, row, taken=True)


def weighs_more(casebook: Casebook, row: Newcomer) -> bool:
    """Whether to let it in does more than give a place without a machine its first: then who leads decides. A further
    machine speaks in the name of a place that works already, and another name renames it for the whole county."""
    asked, roster, here = read_request(row.request), casebook.roster, casebook.identity.place
    if asked.place == here or roster.serving(asked.place):
        return True
    return asked.place in roster.places and roster.places.name(asked.place) != asked.name


def digits_of(typed: str) -> str:
    """What was typed, as the digits it means: full-width ones and whatever stands between them as well."""
    return "".join(str(int(each)) for each in typed if each.isdecimal())
