"""The papers of a case as files: uploading several at once, what of each is here, looking at them, withdrawing one."""

import re
from base64 import b64encode
from collections.abc import Sequence
from typing import Final

from flask import jsonify, make_response
from marshmallow import ValidationError
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from sync_protocol import limits
from sync_protocol.case import Case, Position, kinds, why_not
from sync_protocol.case.bodies import MATERIAL_NAME_MAX
from sync_protocol.case.papers import Paper, current
from sync_protocol.places import about
from sync_protocol.suites import sha256
from village_node import casebook, uploads
from village_node.casebook import BadBody, MismatchingOffset, NotAllowed, PaperView, Request
from village_node.partials import PIECE_LEAST, PIECE_MOST, UploadKey
from village_node.uploads import NotAccepted
from village_node.web import cases, doing, entry, posting, previews, resumable, schemas, times
from village_node.web.policy import CASEWORK, Policy, Route
from village_node.web.site import Site, Visit

OPENS: Final = Policy(CASEWORK - {"supervisor"}, "node", "reasoned")
FORM_MOST: Final = 12 << 20  # bytes of a form with its files: as much as this node reads of one request
FILES_AT_ONCE: Final = 20
TAKES_FILES: Final = frozenset({"add_papers", "api.add_paper"})
NO_MATERIAL: Final = ("请选择是哪一份材料。", "Say which paper it is.")
TOO_LARGE: Final = (
    "文件太大",
    "The files are too large",
    "一次合计不能超过 12 MB，一个也没有收。请返回，分几次传，每个不超过 10 MB。",
    "12 MB together at most: none was taken. Go back and send them in several goes, 10 MB each at most.",
)
SHOWS_PICTURES: Final = frozenset({"paper_view"})  # that stand in the page itself
GIVES_FILES: Final = frozenset({"paper_original", "api.open_paper"})
ENDINGS: Final = {"image/jpeg": "jpg", "image/png": "png", "application/pdf": "pdf"}


def why_not_here(visit: Visit, case: Case) -> tuple[str, str] | None:
    """Why the person in front may not add or withdraw a file here; None if they may."""
    return why_nobody_here(visit.site, case, visit.staff.roles)


def why_nobody_here(site: Site, case: Case, roles: frozenset[str]) -> tuple[str, str] | None:
    """Why nobody with these roles may; None if they may."""
    if site.casebook.purge_of(about(case.home), case.case_id):
        return "正文已按期清除，请先取回", "the contents were cleared after their term: fetch them first"
    if site.casebook.erased_bodies(about(case.home), case.case_id):
        return "正文已依县级删除令删除，不能再办理", "the contents were erased by order of the county"
    return why_not(case, kinds.PAPER, site.config.place, roles, site.catalogue, site.places)


def page(visit: Visit, place: str, case_id: str) -> Response:
    """The papers of a case, and the form for more."""
    return _page(visit, cases.fetch(visit, place, case_id))


def add(visit: Visit, place: str, case_id: str) -> Response:
    """Take in the files that were chosen: each that is sound is kept, and of each other one it is said why not."""
    case, material = cases.fetch(visit, place, case_id), _material(visit)
    if not material:
        return _added(visit, case, [visit.t(*NO_MATERIAL)])
    replaces = _replaced(visit)
    if visit.line("upload"):
        return _add_upload(visit, case, material, replaces)
    chosen = [each for each in visit.request.files.getlist("files") if each.filename]
    if not 1 <= len(chosen) <= FILES_AT_ONCE:
        most = FILES_AT_ONCE
        return _added(visit, case, [visit.t(f"请选择 1 至 {most} 个文件。", f"Choose 1 to {most} files.")])
    problems: list[str] = []
    kept = 0
    for number, each in enumerate(chosen, start=1):
        name = (each.filename or "")[:60]
        told = visit.t(f"第 {number} 个文件（{name}）：", f"File {number} ({name}): ")
        raw = each.stream.read(limits.BLOB + 1)
        try:
            add_file(visit, case, material, raw, replaces if kept == 0 else ())
            kept += 1
        except (NotAccepted, BadBody, NotAllowed) as refused:
            problems.append(told + visit.t(refused.zh, refused.en))
    return _added(visit, case, problems, kept)


def _material(visit: Visit) -> str:
    return entry.line(visit.line("other") or visit.line("material"))[:MATERIAL_NAME_MAX]


def _replaced(visit: Visit) -> tuple[Position, ...]:
    try:
        return replaced(visit.line("replaces"))
    except ValidationError:
        raise NotFound from None


def begin_upload(visit: Visit, place: str, case_id: str, upload: str) -> Response:
    """Begin to send a file in pieces, or go on with it: the form says for which paper, so that what is there already is
    not sent again."""
    case, material = cases.fetch(visit, place, case_id), _material(visit)
    refused = why_not_here(visit, case)
    if refused is not None or not material:
        return resumable.refusal(visit, NotAllowed(*(refused or NO_MATERIAL)))
    key = upload_key(visit, case, upload)
    came = _has_come(visit, case, material, key, _replaced(visit))
    return resumable.begin(visit, key, resumable.size_of(visit), came=came)


def read_upload(visit: Visit, place: str, case_id: str, upload: str) -> Response:
    """How far an upload has come."""
    return resumable.tell(visit, upload_key(visit, cases.fetch(visit, place, case_id), upload))


def append_upload(visit: Visit, place: str, case_id: str, upload: str) -> Response:
    """Take in the next piece of an upload."""
    return resumable.append(visit, upload_key(visit, cases.fetch(visit, place, case_id), upload))


def upload_key(visit: Visit, case: Case, upload: str) -> UploadKey:
    """What an upload of the person in front to a case is known by. Raises NotFound for what is no SHA-256."""
    return resumable.key_of((about(case.home), case.case_id), resumable.staff_holder(visit), upload)


def _has_come(visit: Visit, case: Case, material: str, key: UploadKey, replaces: Sequence[Position]) -> bool:
    """Whether the very file is there for the same paper, and is to take the place of no other: what it was to replace
    has ended by then where it is sent again because the answer was lost."""
    replacing = not {each.position for each in current(case)}.isdisjoint(replaces)
    return not replacing and visit.site.casebook.has_paper(key.case, material, key.digest)


def _add_upload(visit: Visit, case: Case, material: str, replaces: Sequence[Position]) -> Response:
    """Add the file that was sent in pieces."""
    try:
        add_uploaded(visit, case, material, visit.line("upload"), replaces)
    except (MismatchingOffset, casebook.NotFound) as lacking:
        return resumable.refusal(visit, lacking, 409)
    except (NotAccepted, BadBody, NotAllowed) as refused:
        return resumable.refusal(visit, refused)
    return _added(visit, case, [], 1)


def add_uploaded(
    visit: Visit,
    case: Case,
    material: str,
    upload: str,
    replaces: Sequence[Position],
    request: Request | None = None,
) -> None:
    """Add a file that was sent in pieces, as ``add_file`` does, and forget the pieces; where it was added before, that
    is all. Raises what ``add_file`` raises, MismatchingOffset and casebook.NotFound where it is not whole.

    Where it can never be added nothing of it stays: it is no photo, or nobody could begin to send it any more. What
    another day, another paper to be replaced or one that is withdrawn would mend is not sent a second time for it.
    """
    book, key = visit.site.casebook, upload_key(visit, case, upload)
    if not _has_come(visit, case, material, key, replaces):
        try:
            add_file(visit, case, material, book.uploaded(key), replaces, request)
        except NotAccepted as refused:
            if refused.why != "busy":
                book.forget_upload(key)
            raise
        except NotAllowed:
            if why_not_here(visit, cases.fetch(visit, case.home, case.case_id.hex())) is not None:
                book.forget_upload(key)
            raise
    book.forget_upload(key)


def _added(visit: Visit, case: Case, problems: list[str], kept: int = 0) -> Response:
    """What came of the files: a page, or for our own script, which sends one at a time, words alone."""
    place, case_id = case.home, case.case_id.hex()
    if visit.request.accept_mimetypes.best == "application/json":
        told: Response = jsonify(kept=kept, problems=problems)
        told.status_code = 422 if problems else 200
        return told
    if problems:
        return _page(visit, cases.fetch(visit, place, case_id), problems, 422, kept)
    return visit.redirect("papers", place=place, case_id=case_id)


def add_file(
    visit: Visit, case: Case, material: str, raw: bytes, replaces: Sequence[Position], request: Request | None = None
) -> None:
    """Look at a file and add it to the papers of a case; the very same file for the same paper is there already,
    unless it is to take the place of another.

    Raises NotAccepted, BadBody, NotAllowed, StoreError.
    """
    refused = why_not_here(visit, case)
    if refused is not None:
        raise NotAllowed(*refused)
    book, staff, key = visit.site.casebook, visit.staff, upload_key(visit, case, sha256(raw).hex())
    if not _has_come(visit, case, material, key, replaces):
        book.add_paper(staff.staff_no, staff.roles, key.case, material, uploads.inspect(raw), replaces, request)


def withdraw(visit: Visit, place: str, case_id: str) -> Response:
    """Withdraw a paper, with a reason."""
    case = cases.fetch(visit, place, case_id)
    reason = visit.line("reason")[:200]
    if not reason:
        return _page(visit, case, [visit.t("请写明撤下的理由。", "Say why it is withdrawn.")], 422)
    staff, key = visit.staff, (about(case.home), case.case_id)
    try:
        position = paper_of(visit, case, visit.line("paper")).position
        visit.site.casebook.withdraw_paper(staff.staff_no, staff.roles, key, position, reason)
    except (NotAllowed, BadBody) as refused:
        return _page(visit, case, [visit.t(refused.zh, refused.en)], 409)
    return visit.redirect("papers", place=place, case_id=case_id)


def preview(visit: Visit, place: str, case_id: str, position: str) -> Response:
    """The picture that stands for a paper: drawn anew where it was handed in, with nothing in it but what is seen."""
    case = cases.fetch(visit, place, case_id)
    try:
        raw = visit.site.casebook.preview_of(case, paper_of(visit, case, position))
    except casebook.NotFound:
        raise NotFound from None
    response = make_response(raw)
    response.headers["Content-Type"] = "image/jpeg"
    response.headers["Content-Disposition"] = 'inline; filename="preview.jpg"'
    return response


def original(visit: Visit, place: str, case_id: str, position: str) -> Response:
    """The file itself, after a reason that goes into the audit trail first; to be saved, never to be shown."""
    case = cases.fetch(visit, place, case_id)
    reason, problem = cases.reason_given(visit)
    if problem:
        return _page(visit, case, [problem], 422)
    try:
        return given(visit, case, paper_of(visit, case, position), reason)
    except casebook.NotFound as refused:
        return _page(visit, case, [visit.t(refused.zh, refused.en)], 409)


def given(visit: Visit, case: Case, found: Paper, reason: str) -> Response:
    """A file to be saved, under a name of ours and a type from our list. Raises casebook.NotFound, StoreError."""
    raw = visit.site.casebook.original_of(visit.staff.staff_no, case, found, reason)
    response = make_response(raw)
    name = f"{case.case_no or case.case_id.hex()}-{found.hash.hex()[:8]}.{ENDINGS[found.media]}"
    response.headers["Content-Type"] = found.media
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def view(visit: Visit, place: str, case_id: str, position: str) -> Response:
    """One page of a paper in a size in which it can be read, after a reason that goes into the audit trail first. It is
    drawn anew from the original and stands in the page itself: no address gives it, and it never lies on a disk."""
    case = cases.fetch(visit, place, case_id)
    reason, problem = cases.reason_given(visit)
    if problem:
        return _page(visit, case, [problem], 422)
    found, page = paper_of(visit, case, position), _page_number(visit.line("page"))
    try:
        raw = visit.site.casebook.original_of(visit.staff.staff_no, case, found, reason, page)
        drawn = uploads.legible(raw, page)
    except (NotAccepted, casebook.NotFound) as refused:
        return _page(visit, case, [visit.t(refused.zh, refused.en)], 409)
    return visit.render(
        "paper_view.html",
        case=case,
        material=found.material,
        position=position,
        reason=reason,
        picture=f"data:image/jpeg;base64,{b64encode(drawn.picture).decode('ascii')}",
        page=page,
        pages=drawn.pages,
    )


def _page_number(text: str) -> int:
    """The page that a form asks for: the first where it names none. Raises NotFound for what is no number of one."""
    if text and not re.fullmatch("[1-9][0-9]?", text, re.ASCII):
        raise NotFound
    return int(text or 1)


def paper_of(visit: Visit, case: Case, text: str) -> Paper:
    """The paper at a position written as text. Raises NotFound for one that is none."""
    try:
        position = Position(*schemas.parse_position(text))
        return visit.site.casebook.paper_at(case, position)
    except (ValidationError, casebook.NotFound):
        raise NotFound from None


def replaced(text: str) -> tuple[Position, ...]:
    """What a form says is replaced: one paper, or none. Raises ValidationError."""
    return (Position(*schemas.parse_position(text)),) if text else ()


def _page(visit: Visit, case: Case, problems: Sequence[str] = (), status: int = 200, kept: int = 0) -> Response:
    refused = why_not_here(visit, case)
    views = visit.site.casebook.papers(case)
    return visit.render(
        "papers.html",
        status,
        case=case,
        lines=[previews.line(visit, view) for view in views if view.paper.ended is None],
        before=[previews.line(visit, view) for view in views if view.paper.ended is not None],
        materials=[(name, name) for name in names(visit, case)],
        by_phone=len(visit.site.casebook.phone_files((about(case.home), case.case_id))),
        why=visit.t(*refused) if refused else "",
        may_open=visit.may(OPENS.roles or frozenset()),
        replaceable=[choice_of(visit, view) for view in views if view.paper.ended is None],
        problems=list(problems),
        kept=kept,
        chosen=visit.line("material"),
        most=limits.BLOB,
        least=PIECE_LEAST,
        piece=PIECE_MOST,
    )


def names(visit: Visit, case: Case) -> list[str]:
    """The papers that a case has or its item asks for."""
    item = visit.site.catalogue.find(case.item_no, case.item_version)
    photos = posting.PHOTOS if posting.opened(case) is not None else ()
    asked = item.materials if item else ()
    return list(dict.fromkeys([*(material.name for material in case.materials), *asked, *photos]))


def choice_of(visit: Visit, view: PaperView) -> tuple[str, str]:
    """A paper as a form offers it to be replaced."""
    when = times.moment(view.paper.note.at_ms, visit.lang)
    return schemas.position_text(view.paper.position), f"{view.paper.material} · {when}"


_CASE: Final = "/cases/<place>/<case_id>/papers"
_UPLOAD: Final = f"{_CASE}/uploads/<upload>"
ROUTES: Final = (
    Route(_CASE, "papers", page, cases.READS),
    Route(_CASE, "add_papers", add, doing.ACTS, ("POST",)),
    Route(_UPLOAD, "begin_upload", begin_upload, doing.ACTS, ("POST",)),
    Route(_UPLOAD, "read_upload", read_upload, doing.ACTS, ("HEAD",)),
    Route(_UPLOAD, "append_upload", append_upload, doing.ACTS, ("PATCH",)),
    Route(f"{_CASE}/withdraw", "withdraw_paper", withdraw, doing.ACTS, ("POST",)),
    Route(f"{_CASE}/<position>/preview", "paper_preview", preview, previews.LOOKS),
    Route(f"{_CASE}/<position>/view", "paper_view", view, OPENS, ("POST",)),
    Route(f"{_CASE}/<position>/original", "paper_original", original, OPENS, ("POST",)),
)
