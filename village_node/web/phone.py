"""The page that a telephone in the room opens by its code: photos for one case, and nothing of the case itself."""

from typing import Final

from flask import jsonify
from werkzeug.exceptions import NotFound, TooManyRequests
from werkzeug.wrappers import Response

from sync_protocol import limits
from sync_protocol.suites import sha256
from village_node import casebook, uploads
from village_node.accounts import Rule
from village_node.casebook import BadBody, MismatchingOffset, NotAllowed
from village_node.casebook.phoning import TRIES_A_PASS
from village_node.partials import PIECE_LEAST, PIECE_MOST, UploadKey
from village_node.store.phone import DISCARDED, LAPSED, TAKEN, WAITING, PassRow, PhoneFile
from village_node.uploads import NotAccepted
from village_node.web import papers, previews, resumable, times
from village_node.web.policy import CASEWORK, Policy, Route
from village_node.web.site import Site, Visit

ANYBODY: Final = Policy(None, "own")
BUSY_S: Final = 5  # after which another file by the same code is worth a try
TAKES_FILES: Final = frozenset({"send_by_phone"})
MISSES: Final = Rule(free=20, longest_ms=times.MINUTE_MS, forget_ms=10 * times.MINUTE_MS)

STATES: Final = {
    WAITING: ("clock", "已传到，等窗口确认", "received, to be confirmed"),
    TAKEN: ("check", "窗口已采用", "taken"),
    DISCARDED: ("cross", "窗口没有采用，请问工作人员", "not taken: ask at the counter"),
    LAPSED: ("cross", "没有确认，已清除", "not confirmed, removed"),
}


def found(visit: Visit, token: str) -> PassRow:
    """The pass of a token. Raises NotFound for one that is wrong, over or unknown, all alike; TooManyRequests where
    there were too many of those from this address. A right one is never kept waiting for others' wrong ones."""
    row = visit.site.accounts.passes.find(token)
    if row is not None and _takes_papers(visit.site, row):
        return row
    if row is not None:  # what was on its way can never be kept
        visit.site.casebook.forget_uploads_to(row.case)
    wait = visit.site.accounts.throttle.attempt(f"phone:{visit.source}", MISSES)
    if wait:
        raise TooManyRequests(retry_after=-(-wait // 1000))
    raise NotFound


def _takes_papers(site: Site, row: PassRow) -> bool:
    """Whether anybody here may still add a paper to the case: it may be closed, handed over, cleared or erased."""
    case = site.casebook.case(*row.case)
    return case is not None and papers.why_nobody_here(site, case, CASEWORK - {"supervisor"}) is None


def phone(visit: Visit, token: str) -> Response:
    """What to photograph, and what has come."""
    return _page(visit, found(visit, token), token)


def send(visit: Visit, token: str) -> Response:
    """Take in photos: each that is sound waits for the clerk, and of each other one it is said why not."""
    row = found(visit, token)
    with visit.site.accounts.passes.turn(row) as free:
        if not free:
            raise TooManyRequests(retry_after=BUSY_S)
        return _received(visit, row, token)


def begin_upload(visit: Visit, token: str, upload: str) -> Response:
    """Begin to send a file in pieces, or go on with it; what there is no room for is told before any of it is sent."""
    row = found(visit, token)
    key, size = _upload_key(row, upload), resumable.size_of(visit)
    try:
        came = visit.site.casebook.came_by_phone(row.id, _material(visit, row), key.digest, size)
    except (BadBody, NotAllowed) as refused:
        return resumable.refusal(visit, refused)
    return resumable.begin(visit, key, size, came=came)


def read_upload(visit: Visit, token: str, upload: str) -> Response:
    """How far an upload has come."""
    return resumable.tell(visit, _upload_key(found(visit, token), upload))


def append_upload(visit: Visit, token: str, upload: str) -> Response:
    """Take in the next piece of an upload."""
    return resumable.append(visit, _upload_key(found(visit, token), upload))


def _upload_key(row: PassRow, upload: str) -> UploadKey:
    """What an upload is known by. It is bound to the clerk's session and the case: with a code that he opens anew,
    because the last one was over, it goes on."""
    return resumable.key_of(row.case, f"phone {row.session.hex()}", upload)


def _material(visit: Visit, row: PassRow) -> str:
    material = visit.line("material")
    return material if material in _materials(visit, row) else ""


def _keep_upload(visit: Visit, row: PassRow, material: str, token: str) -> Response:
    """Keep the file that was sent in pieces, and forget the pieces."""
    book, key = visit.site.casebook, _upload_key(row, visit.line("upload"))
    try:
        if not book.came_by_phone(row.id, material, key.digest, 0):
            _keep(visit, row, material, book.uploaded(key))
    except (MismatchingOffset, casebook.NotFound) as lacking:
        return resumable.refusal(visit, lacking, 409)
    except (NotAccepted, BadBody, NotAllowed) as refused:
        if isinstance(refused, NotAccepted) and refused.why != "busy":
            book.forget_upload(key)
        return resumable.refusal(visit, refused)
    book.forget_upload(key)
    return _answer(visit, row, token, [], 1)


def _received(visit: Visit, row: PassRow, token: str) -> Response:
    material = _material(visit, row)
    if visit.line("upload"):
        return _keep_upload(visit, row, material, token)
    chosen = [each for each in visit.request.files.getlist("files") if each.filename]
    if not 1 <= len(chosen) <= papers.FILES_AT_ONCE:
        most = papers.FILES_AT_ONCE
        problem = visit.t(f"请选择 1 至 {most} 个文件。", f"Choose 1 to {most} files.")
        return _answer(visit, row, token, [problem], 0)
    problems, kept, busy = [], 0, False
    for number, each in enumerate(chosen, start=1):
        raw = each.stream.read(limits.BLOB + 1)
        try:
            _keep(visit, row, material, raw)
            kept += 1
        except (NotAccepted, BadBody, NotAllowed) as refused:
            busy = busy or (isinstance(refused, NotAccepted) and refused.why == "busy")
            told = visit.t(f"第 {number} 个文件：", f"File {number}: ") if len(chosen) > 1 else ""
            problems.append(told + visit.t(refused.zh, refused.en))
    return _answer(visit, row, token, problems, kept, busy=busy)


def _keep(visit: Visit, row: PassRow, material: str, raw: bytes) -> None:
    """Keep one file, looked at only where there is room for it and there were not too many before."""
    book = visit.site.casebook
    if book.came_by_phone(row.id, material, sha256(raw), len(raw)):
        return
    if not visit.site.accounts.passes.may_try(row, TRIES_A_PASS):
        raise BadBody(
            "file",
            "这个二维码传的次数太多；还有要传的，请工作人员重新打开二维码",
            "too many files were sent by this code: ask for a new one",
        )
    book.keep_phone_file(row.id, row.case, material, uploads.inspect(raw))


def _answer(visit: Visit, row: PassRow, token: str, problems: list[str], kept: int, *, busy: bool = False) -> Response:
    """What came of it: a page, or for our own script, which sends one file at a time, words alone."""
    status = 429 if busy else 422 if problems else 200
    if visit.request.accept_mimetypes.best == "application/json":
        response: Response = jsonify(kept=kept, problems=problems)
        response.status_code = status
        return response
    if not problems:
        return visit.redirect("phone", token=token)
    return _page(visit, row, token, problems, status, kept)


def _page(
    visit: Visit, row: PassRow, token: str, problems: list[str] | None = None, status: int = 200, kept: int = 0
) -> Response:
    sent = visit.site.casebook.phone_sent(row.id)
    return visit.render(
        "phone.html",
        status,
        address=token,
        materials=_materials(visit, row),
        chosen=visit.line("material"),
        problems=problems or [],
        kept=kept,
        sent=[_told(each) for each in sent],
        most=limits.BLOB,
        least=PIECE_LEAST,
        piece=PIECE_MOST,
    )


def _told(row: PhoneFile) -> tuple[str, str, str, str, str]:
    return (row.material, previews.size_words(row.size), *STATES[row.state])


def _materials(visit: Visit, row: PassRow) -> list[str]:
    """The papers that the item asks for, by the catalogue alone: what a clerk typed might name somebody."""
    case = visit.site.casebook.case(*row.case)
    item = visit.site.catalogue.find(case.item_no, case.item_version) if case is not None else None
    return list(dict.fromkeys(item.materials)) if item is not None else []


_UPLOAD: Final = "/phone/<token>/uploads/<upload>"
ROUTES: Final = (
    Route("/phone/<token>", "phone", phone, ANYBODY),
    Route("/phone/<token>", "send_by_phone", send, ANYBODY, ("POST",)),
    Route(_UPLOAD, "begin_upload_by_phone", begin_upload, ANYBODY, ("POST",)),
    Route(_UPLOAD, "read_upload_by_phone", read_upload, ANYBODY, ("HEAD",)),
    Route(_UPLOAD, "append_upload_by_phone", append_upload, ANYBODY, ("PATCH",)),
)
