"""Uploads that go on where they broke, as pages and programs reach them.

The terms are those of the IETF draft "Resumable Uploads for HTTP" (draft-ietf-httpbis-resumable-upload): an upload has
an address of its own, HEAD says how far it has come, PATCH appends a piece at an offset, and 409 names the right one.
Two things are simpler here. The length and the SHA-256 are known before the first byte, and by them the same file is
found again, whoever chose it anew after whatever break; no name of a file is ever sent. And what the file is for is
said when it is whole, by the form or request that takes a file as a whole as well: it has one way in and one set of
checks. No library is used: those for Flask have not been kept since 2020, and the others keep what came in the clear.
"""

import re
from typing import Final

from flask import jsonify, make_response
from werkzeug.exceptions import BadRequest, NotFound, UnsupportedMediaType
from werkzeug.wrappers import Response

from sync_protocol import limits
from village_node import casebook
from village_node.casebook import BadBody, MismatchingOffset, NotAllowed
from village_node.partials import KEPT_S, PIECE_LEAST, PIECE_MOST, Partial, UploadKey
from village_node.store.locks import CaseKey
from village_node.uploads import NotAccepted
from village_node.web.site import Visit

MEDIA_TYPE: Final = "application/partial-upload"
TAKES_PIECES: Final = frozenset({"append_upload", "append_upload_by_phone", "api.append_upload"})
LIMITS: Final = f"max-size={limits.BLOB}, min-append-size={PIECE_LEAST}, max-append-size={PIECE_MOST}, max-age={KEPT_S}"
_DIGEST: Final = re.compile("[0-9a-f]{64}", re.ASCII)
_NUMBER: Final = re.compile("[0-9]{1,9}", re.ASCII)


def key_of(case: CaseKey, holder: str, digest: str) -> UploadKey:
    """What an upload is known by. Raises NotFound (of the web) for what is no SHA-256."""
    if not _DIGEST.fullmatch(digest):
        raise NotFound
    return UploadKey(case, holder, bytes.fromhex(digest))


def staff_holder(visit: Visit) -> str:
    """Whose uploads they are of somebody signed in: his own, at whichever machine he goes on."""
    return f"staff {visit.staff.staff_no}"


def headers_of(partial: Partial) -> dict[str, str]:
    """What the head of an answer says of an upload."""
    return {
        "Upload-Offset": str(partial.offset),
        "Upload-Length": str(partial.size),
        "Upload-Complete": "?1" if partial.complete else "?0",
        "Upload-Limit": LIMITS,
    }


def size_of(visit: Visit) -> int:
    """How many bytes a form says that its file has. Raises BadRequest."""
    return _number(visit.line("size"))


def begin(visit: Visit, key: UploadKey, size: int, *, came: bool) -> Response:
    """Begin an upload or go on with it, at the address that was asked. ``came``: the very file is there already, and
    nothing of it need be sent."""
    if came:
        return _answer(200, Partial(size, size))
    try:
        partial = visit.site.casebook.begin_upload(key, size)
    except (NotAccepted, NotAllowed) as refused:
        return refusal(visit, refused)
    answer = _answer(201 if partial.offset == 0 else 200, partial)
    answer.headers["Location"] = visit.request.path
    return answer


def tell(visit: Visit, key: UploadKey) -> Response:
    """How far an upload has come: the head alone, as it is asked for."""
    try:
        partial = visit.site.casebook.upload(key)
    except casebook.NotFound:
        raise NotFound from None
    answer = make_response("", 204)
    answer.headers.update(headers_of(partial))
    return answer


def append(visit: Visit, key: UploadKey) -> Response:
    """Take in the next piece."""
    try:
        return _answer(200, appended(visit, key))
    except casebook.NotFound:
        raise NotFound from None
    except MismatchingOffset as elsewhere:
        answer = refusal(visit, elsewhere, 409)
        answer.headers["Upload-Offset"] = str(elsewhere.offset)
        return answer
    except (BadBody, NotAllowed) as refused:
        return refusal(visit, refused)


def appended(visit: Visit, key: UploadKey) -> Partial:
    """Take in the piece that a request brings at the offset that it names. Raises what ``append_piece`` raises, and
    BadRequest, UnsupportedMediaType (of the web) for a request that is none."""
    if visit.request.mimetype != MEDIA_TYPE:
        raise UnsupportedMediaType
    offset = _number(visit.request.headers.get("Upload-Offset", ""))
    return visit.site.casebook.append_piece(key, offset, visit.request.get_data(cache=False))


def refusal(visit: Visit, refused: casebook.CasebookError | NotAccepted, status: int = 422) -> Response:
    """Why not, in words alone; with 429 where it may be tried again as it is."""
    answer: Response = jsonify(kept=0, problems=[visit.t(refused.zh, refused.en)])
    answer.status_code = 429 if isinstance(refused, NotAccepted) and refused.why == "busy" else status
    return answer


def _answer(status: int, partial: Partial) -> Response:
    answer: Response = jsonify(offset=partial.offset, size=partial.size)
    answer.status_code = status
    answer.headers.update(headers_of(partial))
    return answer


def _number(text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise BadRequest
    return int(text)
