"""How a place takes a new node under it into the roster: it reads the request, signs the change, and answers with all the node needs."""

from collections.abc import Sequence

from sync_protocol import roster
from sync_protocol.suites import SigningKey
from village_node.casebook import Casebook


class EnrolmentRefused(ValueError):
    """The request is sound, but this place cannot grant it; the text says why and what to do."""


def enrol(casebook: Casebook, request: bytes, part: str, keys: Sequence[SigningKey], now_ms: int, *, digits_agreed: bool = False) -> bytes:
    """Sign the node of `request` into a part of the roster and return the answer for it.

    `digits_agreed`: the operator has confirmed a place code whose digits do not begin like its parent's (mergers leave such codes).
    Raises EnrolmentRefused, or a ProtocolError when the request does not verify.
    """
    asked = roster.read_request(request)
    here = casebook.identity
    if not digits_agreed and not _digits_fit(here.place, asked.place):
        raise EnrolmentRefused(
            f"place code {asked.place} does not begin like {here.place}: check it, then repeat with --digits-agreed if it is right"
        )
    if casebook.roster.node(asked.incarnation) is None:
        ops = roster.admit_request(casebook.roster, asked, here.place)
        casebook.enrol(roster.publish(casebook.roster, part, ops, keys, now_ms))
    return roster.answer(casebook.roster, asked, here.incarnation)


def _digits_fit(parent: str, child: str) -> bool:
    """Whether a child's division code continues its parent's: 6 digits for a county's, 9 for a township's."""
    if len(parent) == 12 and len(child) == 12 and parent.isdigit() and child.isdigit():
        return child.startswith(parent[:6] if parent.endswith("000000") else parent[:9])
    return child.startswith(parent)
