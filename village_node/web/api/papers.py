"""The papers of a case as files, through the interface for programs."""

import base64
import binascii
from typing import Any, Final

import marshmallow
from marshmallow import Schema
from werkzeug.exceptions import BadRequest, UnsupportedMediaType
from werkzeug.wrappers import Response

from sync_protocol import limits
from sync_protocol.case.bodies import MATERIAL_NAME_MAX
from sync_protocol.case.paper_bodies import MEDIA
from sync_protocol.places import about
from village_node.casebook import NotAllowed
from village_node.partials import Partial
from village_node.store.locks import CaseKey
from village_node.uploads import NotAccepted
from village_node.web import cases, doing, entry, papers, previews, resumable, schemas, times
from village_node.web.api import shapes
from village_node.web.api.operations import Operation, Taken, done_once, request_of
from village_node.web.api.problems import Problem, invalid, waiting
from village_node.web.api.shapes import flag, many, maybe, number, text
from village_node.web.site import Visit

TAG: Final = "papers"
_LONGEST: Final = 15_000_000  # characters of a file in base64


class PaperShape(Schema):
    """One paper: ``percent`` of its original is here; ``ended``: it was replaced or withdrawn; ``sha256``: that of the
    original, as the signed manifest has it; ``signed``: the places above that have signed for all of it."""

    paper, material, place, sha256 = text(), text(), text(), text()
    media = text(*MEDIA)
    size, at_ms, percent = number(), number(), number()
    preview, wrong, ended = flag(), flag(), flag()
    reason = maybe("Why it was withdrawn; null where it stands, or was replaced.")
    signed = shapes.texts()


class PaperList(Schema):
    """Every paper of a case, in the order in which they were added."""

    papers = many(PaperShape)


class PaperTaken(Taken):
    """A file of at most 8 MB in base64, or the `upload` by which it came in pieces; for which paper; and the `paper` it
    takes the place of, or an empty text."""

    material = schemas.Text(1, MATERIAL_NAME_MAX, required=True)
    content = schemas.Text(0, _LONGEST, load_default="")
    upload = schemas.Text(0, 64, load_default="")
    replaces = schemas.Text(0, 80, load_default="")


class UploadTaken(Taken):
    """How many bytes the whole file has."""

    size = marshmallow.fields.Integer(strict=True, required=True, validate=marshmallow.validate.Range(1, limits.BLOB))


class UploadShape(Schema):
    """How far an upload has come: ``offset`` of ``size`` bytes are here. The head of the answer says the same."""

    size, offset = number(), number()
    complete = flag()


class WithdrawTaken(Taken):
    """Why it is withdrawn."""

    reason = schemas.Text(1, 200, required=True)


class OpenTaken(Taken):
    """Why the original is looked at: it goes into the audit trail."""

    reason = schemas.Text(cases.REASON_SHORTEST, 200, required=True)


def list_papers(visit: Visit, place: str, case_id: str) -> dict[str, Any]:
    """The papers of a case that have files, and how much of each is here."""
    case = cases.fetch(visit, place, case_id)
    return {
        "papers": [
            {
                "paper": schemas.position_text(view.paper.position),
                "material": view.paper.material,
                "place": view.paper.note.place,
                "sha256": view.paper.hash.hex(),
                "media": view.paper.media,
                "size": view.paper.size,
                "at_ms": view.paper.note.at_ms,
                "percent": view.percent,
                "preview": view.preview_here,
                "wrong": view.wrong,
                "ended": view.paper.ended is not None,
                "reason": view.paper.ended.body.get("reason") if view.paper.ended is not None else None,
                "signed": [signer for signer, _ in view.receipts],
            }
            for view in visit.site.casebook.papers(case)
        ]
    }


def add_paper(visit: Visit, chosen: dict[str, str], asked: dict[str, Any], place: str, case_id: str) -> Any:
    """Add a file to the papers of a case. What it is its bytes say: a photo (JPEG, PNG) or a PDF."""
    wanted = request_of(visit, chosen, place, case_id, asked)

    def add() -> CaseKey:
        case, material = cases.fetch(visit, place, case_id), entry.line(asked["material"])
        raw, upload = _file_of(asked)
        try:
            replaces = papers.replaced(asked["replaces"])
        except marshmallow.ValidationError:
            raise invalid({"replaces": ("没有这份材料", "there is no such paper")}) from None
        try:
            if upload:
                papers.add_uploaded(visit, case, material, upload, replaces, wanted)
            else:
                papers.add_file(visit, case, material, raw, replaces, wanted)
        except NotAccepted as refused:
            raise invalid({"upload" if upload else "content": (refused.zh, refused.en)}) from None
        return about(case.home), case.case_id

    key, headers = done_once(visit, wanted, add)
    return _told(visit, key), 200, headers


def _file_of(asked: dict[str, Any]) -> tuple[bytes, str]:
    """The bytes that a request brings, or the upload that it names: one of them. Raises Problem."""
    if bool(asked["content"]) == bool(asked["upload"]):
        raise invalid({"content": ("content 和 upload 填且只填一个", "give either content or upload")})
    try:
        return base64.b64decode(asked["content"], validate=True), asked["upload"]
    except (binascii.Error, ValueError):
        raise invalid({"content": ("应为 base64", "must be base64")}) from None


def begin_upload(visit: Visit, asked: dict[str, Any], place: str, case_id: str, upload: str) -> Any:
    """Begin to send a file in pieces, or learn how much of it is here: `upload` is its SHA-256. What it is for is said
    when it is whole, with `add_paper`. What nobody goes on with for a day is gone."""
    case = cases.fetch(visit, place, case_id)
    refused = papers.why_not_here(visit, case)
    if refused is not None:
        raise NotAllowed(*refused)
    try:
        partial = visit.site.casebook.begin_upload(papers.upload_key(visit, case, upload), asked["size"])
    except NotAccepted as full:
        raise waiting(times.MINUTE_MS, full.zh, full.en) from None
    return _come(partial)


def read_upload(visit: Visit, place: str, case_id: str, upload: str) -> Any:
    """How much of a file that is sent in pieces is here."""
    key = papers.upload_key(visit, cases.fetch(visit, place, case_id), upload)
    return _come(visit.site.casebook.upload(key))


def append_upload(visit: Visit, place: str, case_id: str, upload: str) -> Any:
    """Send the next piece of a file, 32 to 256 KiB but for the last, from the byte that the header `Upload-Offset`
    names. Where it does not follow what is here, 409 `upload_offset` says in the same header where to go on."""
    key = papers.upload_key(visit, cases.fetch(visit, place, case_id), upload)
    try:
        return _come(resumable.appended(visit, key))
    except UnsupportedMediaType:
        kind = resumable.MEDIA_TYPE
        raise Problem("not_json", f"请求正文须为 {kind}", f"The body must be {kind}.") from None
    except BadRequest:
        raise invalid({"Upload-Offset": ("应为字节数", "must be a number of bytes")}) from None


def _come(partial: Partial) -> tuple[dict[str, Any], int, dict[str, str]]:
    told = {"size": partial.size, "offset": partial.offset, "complete": partial.complete}
    return told, 200, resumable.headers_of(partial)


def withdraw_paper(
    visit: Visit, chosen: dict[str, str], asked: dict[str, Any], place: str, case_id: str, position: str
) -> Any:
    """Withdraw a paper: it stays in the record, and counts no more."""
    wanted = request_of(visit, chosen, place, case_id, position, asked)

    def withdraw() -> CaseKey:
        case = cases.fetch(visit, place, case_id)
        found, staff, key = papers.paper_of(visit, case, position), visit.staff, (about(case.home), case.case_id)
        reason = entry.line(asked["reason"])
        visit.site.casebook.withdraw_paper(staff.staff_no, staff.roles, key, found.position, reason, wanted)
        return key

    key, headers = done_once(visit, wanted, withdraw)
    return _told(visit, key), 200, headers


def read_preview(visit: Visit, place: str, case_id: str, position: str) -> Response:
    """The picture that stands for a paper, drawn anew where it was handed in."""
    return papers.preview(visit, place, case_id, position)


def open_paper(visit: Visit, asked: dict[str, Any], place: str, case_id: str, position: str) -> Response:
    """The original, byte for byte, noted in the audit trail first."""
    case = cases.fetch(visit, place, case_id)
    return papers.given(visit, case, papers.paper_of(visit, case, position), entry.line(asked["reason"]))


def _told(visit: Visit, key: CaseKey) -> dict[str, Any]:
    row = visit.site.casebook.case_row(*key)
    case_no = row.case_no if row is not None else None
    return {"place": key[0].partition(":")[2], "case_id": key[1].hex(), "case_no": case_no}


_PAPERS: Final = "/cases/<place>/<case_id>/papers"
_UPLOAD: Final = f"{_PAPERS}/uploads/<upload>"
_BYTES: Final = {"type": "string", "format": "binary"}
OPERATIONS: Final = (
    Operation(_PAPERS, "list_papers", list_papers, cases.READS, TAG, gives=PaperList),
    Operation(
        _PAPERS, "add_paper", add_paper, doing.ACTS, TAG, "POST", PaperTaken, gives=shapes.Done, once=True
    ),
    Operation(
        _UPLOAD, "begin_upload", begin_upload, doing.ACTS, TAG, "POST", UploadTaken, gives=UploadShape, fails=(409,)
    ),
    Operation(_UPLOAD, "read_upload", read_upload, doing.ACTS, TAG, gives=UploadShape),
    Operation(
        _UPLOAD, "append_upload", append_upload, doing.ACTS, TAG, "PATCH", gives=UploadShape, fails=(409,),
        brings=resumable.MEDIA_TYPE,
    ),
    Operation(
        f"{_PAPERS}/<position>/withdraw", "withdraw_paper", withdraw_paper, doing.ACTS, TAG, "POST", WithdrawTaken,
        gives=shapes.Done, once=True,
    ),
    Operation(
        f"{_PAPERS}/<position>/preview", "read_preview", read_preview, previews.LOOKS, TAG, gives=_BYTES,
        media="image/jpeg",
    ),
    Operation(
        f"{_PAPERS}/<position>/original", "open_paper", open_paper, papers.OPENS, TAG, "POST", OpenTaken,
        gives=_BYTES, media="application/octet-stream",
    ),
)  # fmt: skip
