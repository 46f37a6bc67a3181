"""How a place takes a new node under it into the roster: read the request, sign the change, answer in full."""

from collections.abc import Sequence

from sync_protocol import roster
from sync_protocol.suites import SigningKey
from village_node.casebook import Casebook, CasebookError
from village_node.casebook.rostering import Telling


class EnrolmentRefused(ValueError):
    """The request is sound, but this place cannot grant it; the text says why and what to do."""


class DigitsDiffer(EnrolmentRefused):
    """The place code does not begin like ours, and nobody has said yet that it is right all the same."""


def enrol(
    casebook: Casebook,
    request: bytes,
    keys: Sequence[SigningKey],
    now_ms: int,
    *,
    digits_agreed: bool = False,
    roster_agreed: bool = False,
    told: Telling | None = None,
) -> bytes:
    """Sign the node of `request` into our part of the roster and return the answer for it.

    `digits_agreed`: the operator has confirmed a place code that does not begin like its parent's (mergers leave such).
    `roster_agreed`: the operator answers for it that nobody holds a change that we, restored, have forgotten.
    `told`: what is noted of it in the same transaction; an error of it lets nothing be published.
    Raises EnrolmentRefused, or a ProtocolError when the request does not verify or is not ours to grant.
    """
    asked = roster.read_request(request)
    here = casebook.identity
    if not digits_agreed and not _digits_fit(here.place, asked.place):
        raise DigitsDiffer(
            f"place code {asked.place} does not begin like {here.place}: check it, "
            "and repeat with --digits-agreed if it is right"
        )
    publish(casebook, asked, keys, now_ms, agreed=roster_agreed, told=told)
    return roster.answer(casebook.roster, asked.place, casebook.speaker.incarnation)


def publish(
    casebook: Casebook,
    asked: roster.EnrolRequest,
    keys: Sequence[SigningKey],
    now_ms: int,
    *,
    agreed: bool = False,
    in_stead: bool = False,
    told: Telling | None = None,
) -> None:
    """Sign the node of a request into our part of the roster, unless it is there. `in_stead`: of the place between,
    whose machine is gone.

    Raises EnrolmentRefused while a number of ours might be given twice, a ProtocolError when it is not ours to grant.
    """
    ops = roster.admit_request(casebook.roster, asked, casebook.identity.place, in_stead=in_stead)
    if not ops:
        return
    try:
        change = roster.publish(casebook.roster, casebook.identity.place, ops, keys, now_ms)
        casebook.enrol(change, agreed=agreed, told=told)
    except CasebookError as problem:
        raise EnrolmentRefused(f"{problem.zh} / {problem.en}") from None


def _digits_fit(parent: str, child: str) -> bool:
    """Whether a division code continues its parent's: the first 6 digits are the county's, 9 the township's."""
    if len(parent) == 12 and parent.isdigit() and child.isdigit():
        return child.startswith(parent[:6] if parent.endswith("000000") else parent[:9])
    return child.startswith(parent.rstrip("0"))
