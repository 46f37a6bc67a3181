"""The papers of a case as files, through the interface for programs."""

import base64
import binascii
from typing import Any, Final

import marshmallow
from marshmallow import Schema
from werkzeug.wrappers import Response

from sync_protocol.case.bodies import MATERIAL_NAME_MAX
from sync_protocol.case.paper_bodies import MEDIA
from sync_protocol.places import about
from village_node.store.locks import CaseKey
from village_node.uploads import NotAccepted
from village_node.web import cases, doing, entry, papers, previews, schemas
from village_node.web.api import shapes
from village_node.web.api.operations import Operation, Taken, done_once, request_of
from village_node.web.api.problems import invalid
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
    """A file of at most 8 MB in base64; for which paper; and the `paper` it takes the place of, or an empty text."""

    material = schemas.Text(1, MATERIAL_NAME_MAX, required=True)
    content = schemas.Text(1, _LONGEST, required=True)
    replaces = schemas.Text(0, 80, load_default="")


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
        case = cases.fetch(visit, place, case_id)
        try:
            raw = base64.b64decode(asked["content"], validate=True)
        except (binascii.Error, ValueError):
            raise invalid({"content": ("应为 base64", "must be base64")}) from None
        try:
            replaces = papers.replaced(asked["replaces"])
        except marshmallow.ValidationError:
            raise invalid({"replaces": ("没有这份材料", "there is no such paper")}) from None
        try:
            papers.add_file(visit, case, entry.line(asked["material"]), raw, replaces, wanted)
        except NotAccepted as refused:
            raise invalid({"content": (refused.zh, refused.en)}) from None
        return about(case.home), case.case_id

    key, headers = done_once(visit, wanted, add)
    return _told(visit, key), 200, headers


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
_BYTES: Final = {"type": "string", "format": "binary"}
OPERATIONS: Final = (
    Operation(_PAPERS, "list_papers", list_papers, cases.READS, TAG, gives=PaperList),
    Operation(
        _PAPERS, "add_paper", add_paper, doing.ACTS, TAG, "POST", PaperTaken, gives=shapes.Done, once=True
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
