"""How the buttons of the frame come back to the page that they stand on: large print, language, an exchange now.

A page that was asked for by address is asked for again. The answer to a look-up is drawn once more, by what stands for
what was typed. What else a form brings, an answer that is shown once or what was refused with all that was typed, would
be lost or sent a second time: there the buttons stand back, and with scripts letters grow in place.
"""

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from flask import Request

LOOK_UPS: Final = frozenset({"query", "by_card"})
# Forms that are little else.
_FROM_THE_START: Final = {"sign_in": "/sign-in", "first_sign_in": "/first-sign-in", "confirm_factor": "/account"}
_NUMBER: Final = re.compile(r"[0-9]{12}-[0-9A-Za-z-]{1,20}", re.ASCII)
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
    if carries:
        return WayBack(request.full_path.rstrip("?"), carries)
    if endpoint in LOOK_UPS and 400 <= status < 500:  # it stands in its field; a code or a card is typed again
        number = request.form.get("number", "")
        return WayBack(request.path, (("number", number if _NUMBER.fullmatch(number) else ""),))
    return WayBack("/") if status == HTTPStatus.NOT_FOUND else None  # alike, whatever is not there
