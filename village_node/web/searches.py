"""What somebody searches a list for, which may be a name or the number of a document: it goes by POST, and the address
of what was found bears it under a key of the session alone.

So it survives a reload, the way back, paging and an export, with one worker or many, and nothing of it lies in the
database; the history of a browser and a log of addresses hold what nobody reads any more once the session is over.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Container
from typing import Any, Final

from flask import current_app, url_for
from werkzeug.exceptions import NotFound
from werkzeug.routing import BuildError
from werkzeug.wrappers import Response

from sync_protocol.suites import NONCE_BYTES, NotOpened, lock, unlock
from village_node.web import entry, masking, sign_in
from village_node.web.policy import UNMASKS, Policy, Route, declared
from village_node.web.site import Visit

LONGEST: Final = 60
OWN: Final = Policy(None, "own")
_MARK: Final = "~"  # before what is locked
_INFO: Final = b"sanji search"
_PLAIN: Final = re.compile(r"|[0-9]{1,6}|[0-9]{12}(-[0-9A-Za-z-]*)?")
_CODE: Final = 12  # digits of the code of a place, with which the number of a case begins
_BLOCK: Final = 32  # bytes that a text is filled up to, so that its length tells no name


class Over(Exception):
    """The session in which this was searched for is over."""


def typed(visit: Visit) -> str:
    """What the address has a list searched for, as it was typed. Raises Over."""
    said = visit.request.args.get("text", "")
    if not said.startswith(_MARK) or not visit.cookie:  # a program says plainly what it looks for
        return entry.line(said)[:LONGEST]
    return unlocked(visit, said)


def by_whole_name(visit: Visit) -> bool:
    """Whether the person in front finds applicants by the whole of their names alone: who may never see one would find
    it sign by sign."""
    return not visit.may(UNMASKS)


def label_of_cases(visit: Visit) -> str:
    """What finds a case on a list of cases, as its field says it."""
    if by_whole_name(visit):
        said = "编号、事项编号或姓名（姓名须写全）", "Receipt number, service number or the whole of a name"
    else:
        said = "编号、姓名或事项编号", "Receipt number, name or service number"
    return visit.t(*said)


def told(text: str, places: Container[str]) -> str:
    """What was searched for as a line of the audit trail may have it: the number of a case, place or service as it was
    typed, all else masked, since it may be a name, a telephone or a document. ``places``: the codes of the network;
    twelve digits that are none may be a telephone without its dash."""
    unknown = len(text) >= _CODE and text[:_CODE] not in places
    return masking.name(text) if unknown or _PLAIN.fullmatch(text) is None else text


def is_masked(text: str) -> bool:
    """Whether a line of the audit trail does not have the whole of what was searched for."""
    return _PLAIN.fullmatch(text) is None


def locked(visit: Visit, text: str, purpose: bytes = _INFO) -> str:
    """A text as it may stand in an address: the same for the same text in one session. ``purpose``: what for; what is
    locked for one opens for no other, for anybody may have any text locked that they search for."""
    if not text:
        return ""
    content = text.encode("utf-8", "replace")
    content += bytes(-len(content) % _BLOCK)
    key = _key(visit, purpose)
    nonce = hmac.digest(key, content, "sha256")[:NONCE_BYTES]
    return _MARK + base64.urlsafe_b64encode(lock(key, purpose, nonce, content)).rstrip(b"=").decode("ascii")


def unlocked(visit: Visit, said: str, purpose: bytes = _INFO) -> str:
    """The text that was ``locked`` for this in this session. Raises Over where it was not."""
    try:
        sealed = base64.b64decode(said[1:] + "=" * (-len(said[1:]) % 4), b"-_", validate=True)
        return unlock(_key(visit, purpose), purpose, sealed).rstrip(b"\0").decode("utf-8")
    except (NotOpened, ValueError, binascii.Error):
        raise Over from None


def _key(visit: Visit, purpose: bytes) -> bytes:
    """The browser alone holds its cookie; here lies a hash of it, which is another one."""
    return hashlib.sha256(purpose + b"\0" + visit.cookie.encode("utf-8", "surrogatepass")).digest()


def narrow(visit: Visit, listed: str) -> Response:
    """Go to a list, narrowed to what the form says; where the session is over in which it was typed, by way of signing
    in."""
    policy = declared(current_app).get(listed)
    if policy is None or not any("GET" in (each.methods or ()) for each in current_app.url_map.iter_rules(listed)):
        raise NotFound
    if visit.person is None and policy.roles is not None:
        return sign_in.sign_in_and_go_on(visit, lambda again: narrow(again, listed))
    if not policy.allows(visit.person.roles if visit.person else None):
        raise NotFound
    said = {name: entry.line(text)[:LONGEST] for name, text in visit.request.form.items() if _is_choice(name)}
    narrowed: dict[str, Any] = {name: text for name, text in said.items() if text}
    if "text" in narrowed:
        narrowed["text"] = locked(visit, narrowed["text"])
    try:
        address = url_for(listed, **narrowed)
    except (BuildError, ValueError):
        raise NotFound from None
    response = visit.redirect("start")
    response.headers["Location"] = address
    return response


def _is_choice(name: str) -> bool:
    """Whether a field of the form narrows the list: not the token, nor what would be an order about the address."""
    return name not in ("token", "endpoint", "listed") and not name.startswith(("_", "again_"))


ROUTES: Final = (Route("/narrow/<listed>", "narrow", narrow, OWN, ("POST",)),)
