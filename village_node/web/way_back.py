"""How the buttons of the frame come back to the page that they stand on: large print, language, an exchange now.

A page that was asked for by address is asked for again. One that a form brought is asked for again with what that form
said, so that an answer, an error and what was typed stay: that is done for look-ups, and for what was refused, which
has done nothing so far. What else a form brings is shown once; there the buttons stand back.
"""

from dataclasses import dataclass
from typing import Final

from flask import Request

# Forms that only look something up, or are done once however often they come.
LOOK_UPS: Final = frozenset({"query", "by_card", "tell_complaint", "own_rating"})
# Secrets are typed again by who knows them: no page carries them to another.
_STAYS: Final = frozenset({"token", "old", "password", "again", "again_password", "again_code", "again_approver"})
# Where a code is that of a receipt; elsewhere it is one to come in with.
_SAY_A_QUERY_CODE: Final = LOOK_UPS | {"own_complaint"}
# Forms that are little else.
_FROM_THE_START: Final = {"sign_in": "/sign-in", "first_sign_in": "/first-sign-in", "confirm_factor": "/account"}
ANEW: Final = "anew"  # in the address: the form comes along, and is sent once more


@dataclass(frozen=True)
class WayBack:
    """``path``: where to; ``fields``: what is sent there, None where the address alone says it."""

    path: str
    fields: tuple[tuple[str, str], ...] | None = None

    @property
    def asked(self) -> dict[str, str]:
        """What the address of a button says where its form holds the fields of another."""
        return {} if self.fields is None else {"back": self.path, ANEW: "yes"}


def way_back(
    request: Request, status: int, address: str, *, ours: bool, carries: tuple[tuple[str, str], ...] = ()
) -> WayBack | None:
    """The way back to the answer with this status that is being drawn; None: there is none.

    ``address``: where the page can be asked for all the same, if anywhere. ``ours``: the form came from a page of ours,
    for what others make up is never sent on in our name. ``carries``: what stands for its fields.
    """
    if address or request.method in ("GET", "HEAD"):
        return WayBack(address or request.full_path.rstrip("?"))
    endpoint = request.endpoint or ""
    if not ours:
        return WayBack("/")
    if endpoint in _FROM_THE_START:
        return WayBack(_FROM_THE_START[endpoint])
    if status >= 500 or (status < 400 and endpoint not in LOOK_UPS):  # not saved: it is sent again by its own button
        return None
    stays = _STAYS if endpoint in _SAY_A_QUERY_CODE else _STAYS | {"code"}
    fields = tuple(each for each in request.form.items(multi=True) if each[0] not in stays)
    return WayBack(request.full_path.rstrip("?"), carries or fields)
