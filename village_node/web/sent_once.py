"""A form that is sent twice, by a second click or a reload, is done once: the id that a page gives to its forms."""

import hashlib
import re
from typing import Final

from village_node.casebook import Request
from village_node.web.site import Visit

FIELD: Final = "once"
_ID: Final = re.compile(r"[0-9a-f]{32}", re.ASCII)


def asked(visit: Visit, *, besides: str = "") -> Request | None:
    """Under which id the form in hand asks for its act: the page's, for this form of it; None where it brings none.
    ``besides``: a field that a resend may have otherwise.

    Sent again as it was it is the same request; sent again with something else in it, it is refused and shown anew.
    """
    once, path = visit.request.form.get(FIELD, ""), visit.request.path
    if not _ID.fullmatch(once):
        return None
    sent = sorted(each for each in visit.request.form.items(multi=True) if each[0] not in ("token", besides))
    digest = hashlib.sha256(repr((path, sent)).encode()).digest()
    return Request(visit.staff.staff_no, f"form-{once}-{hashlib.sha256(path.encode()).hexdigest()[:8]}", digest)


def changed(visit: Visit) -> str:
    """What to say where the same form comes with something else in it, after it was done."""
    return visit.t(
        "这张表先前已经提交并保存，这次内容有改动，没有保存。确实要再登记一次的，请核对后再提交。",
        "This form was sent and saved before; what it says now differs and was not saved. Send it again if it is meant "
        "as another record.",
    )
