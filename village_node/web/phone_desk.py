"""Papers by telephone, at the clerk's page: a code for the telephone in the room, and what it sent, taken or not."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from flask import make_response
from marshmallow import ValidationError
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from sync_protocol.case import Case
from sync_protocol.case.bodies import MATERIAL_NAME_MAX
from sync_protocol.places import about
from village_node import casebook
from village_node.accounts.passes import LIFE_MS, token_of
from village_node.casebook import BadBody, IdTaken, NotAllowed
from village_node.config import Config, is_reachable
from village_node.store.locks import CaseKey
from village_node.store.phone import PassRow, PhoneFile
from village_node.web import cases, doing, entry, papers, previews, times, words
from village_node.web.policy import Route
from village_node.web.qr import qr
from village_node.web.site import Visit


@dataclass
class Received:
    """One file as the clerk sees it."""

    name: str
    material: str
    what: str
    size: str
    at: str
    preview: bool
    first_page: bool


def desk(visit: Visit, place: str, case_id: str) -> Response:
    """The code of this session for a case, while it lives, and what has come."""
    return _page(visit, cases.fetch(visit, place, case_id))


def give(visit: Visit, place: str, case_id: str) -> Response:
    """Open the case for one telephone; the code this session showed before ends."""
    case = cases.fetch(visit, place, case_id)
    why = papers.why_not_here(visit, case) or why_no_telephone(visit.site.config)
    if why is not None:
        return _page(visit, case, visit.t(*why), 409)
    visit.site.accounts.passes.give(visit.cookie, visit.staff.staff_no, _key(case))
    return visit.redirect("phone_papers", place=place, case_id=case_id)


def end(visit: Visit, place: str, case_id: str) -> Response:
    """End the code; what has come by it waits on."""
    case = cases.fetch(visit, place, case_id)
    given = visit.site.accounts.passes.of(visit.cookie, _key(case))
    if given is not None:
        visit.site.accounts.passes.end(given, visit.staff.staff_no)
    return visit.redirect("phone_papers", place=place, case_id=case_id)


def news(visit: Visit, place: str, case_id: str) -> Response:
    """How many files wait, and how long the code lives: the strip of the page that renews itself."""
    case = cases.fetch(visit, place, case_id)
    given = visit.site.accounts.passes.of(visit.cookie, _key(case))
    count = len(visit.site.casebook.phone_files(_key(case)))
    return visit.render("phone_news.html", case=case, count=count, minutes=_minutes(visit, given))


def preview(visit: Visit, place: str, case_id: str, name: str) -> Response:
    """The picture that stands for a file that waits."""
    book, case = visit.site.casebook, cases.fetch(visit, place, case_id)
    try:
        raw = book.phone_preview(book.phone_file(_key(case), name))
    except casebook.NotFound:
        raise NotFound from None
    response = make_response(raw)
    response.headers["Content-Type"] = "image/jpeg"
    response.headers["Content-Disposition"] = 'inline; filename="preview.jpg"'
    return response


def take(visit: Visit, place: str, case_id: str, name: str) -> Response:
    """Make a file that came a paper of the case: from here on the clerk's name stands for it."""
    case = cases.fetch(visit, place, case_id)
    material = entry.line(visit.line("other") or visit.line("material"))[:MATERIAL_NAME_MAX]
    if not material:
        return _page(visit, case, visit.t("请选择是哪一份材料。", "Say which paper it is."), 422)
    refused = papers.why_not_here(visit, case)
    if refused is not None:
        return _page(visit, case, visit.t(*refused), 409)
    staff = visit.staff
    try:
        replaces = papers.replaced(visit.line("replaces"))
        visit.site.casebook.take_phone_file(staff.staff_no, staff.roles, _key(case), name, material, replaces)
    except ValidationError:
        raise NotFound from None
    except (casebook.NotFound, NotAllowed, BadBody, IdTaken) as wrong:
        return _page(visit, case, visit.t(wrong.zh, wrong.en), 409)
    return visit.redirect("phone_papers", place=place, case_id=case_id)


def discard(visit: Visit, place: str, case_id: str, name: str) -> Response:
    """Discard a file that came: it was never part of the case."""
    case = cases.fetch(visit, place, case_id)
    try:
        visit.site.casebook.discard_phone_file(visit.staff.staff_no, _key(case), name)
    except casebook.NotFound as gone:
        return _page(visit, case, visit.t(gone.zh, gone.en), 409)
    return visit.redirect("phone_papers", place=place, case_id=case_id)


def _key(case: Case) -> CaseKey:
    return about(case.home), case.case_id


def why_no_telephone(config: Config) -> tuple[str, str] | None:
    """Why no telephone in the room could open an address of this node, and what to set; None where one can."""
    setting = "http://192.168.1.10:8700"
    if is_reachable(config.host) is False and not config.behind_tls:
        return (
            f"本机现在只听 {config.host} 这个地址，房间里的手机连不上。请管理员在 node.toml 里写明 host = 0.0.0.0、"
            f"public_url（本机在局域网里的地址，例如 {setting}），没有加密入口的再写 pages_without_tls = true，"
            "然后重新启动",
            f"this node listens on {config.host} alone, which no telephone reaches: have host = 0.0.0.0, public_url "
            f"(its address in the local network, as in {setting}) and, with no TLS edge, pages_without_tls = true "
            "written into node.toml, and restart it",
        )
    if not is_reachable(urlsplit(config.url).hostname or ""):
        return (
            "还没有写明手机用哪个地址找到本机。请管理员在 node.toml 里写明 public_url"
            f"（本机在局域网里的地址，例如 {setting}），然后重新启动",
            "nobody has said at which address a telephone finds this node: have public_url (its address in the local "
            f"network, as in {setting}) written into node.toml, and restart it",
        )
    return None


def _page(visit: Visit, case: Case, problem: str = "", status: int = 200) -> Response:
    refused = papers.why_not_here(visit, case)
    book, config = visit.site.casebook, visit.site.config
    unreachable = why_no_telephone(config)
    passes = visit.site.accounts.passes
    given = passes.of(visit.cookie, _key(case))
    drawing = None
    if given is not None and unreachable is None:
        address = f"{config.url}/phone/{token_of(visit.cookie, given.id)}"
        drawing = qr(address, visit.t("手机扫的二维码", "Code to scan"))
    held = [view for view in book.papers(case) if view.paper.ended is None]
    files = [_received(visit, each) for each in book.phone_files(_key(case))]
    return visit.render(
        "phone_papers.html",
        status,
        case=case,
        problem=problem,
        why=visit.t(*refused) if refused else "",
        unreachable=visit.t(*unreachable) if unreachable else "",
        drawing=drawing,
        given=given is not None,
        ends=times.moment(given.opened_ms + LIFE_MS, visit.lang) if given is not None else "",
        files=files,
        count=len(files),
        minutes=_minutes(visit, given),
        materials=[(name, name) for name in papers.names(visit, case)],
        replaceable=[papers.choice_of(visit, view) for view in held],
    )


def _minutes(visit: Visit, given: PassRow | None) -> int:
    """How long a pass lives if nobody uses it, begun minutes counted."""
    return -(-visit.site.accounts.passes.left_ms(given) // times.MINUTE_MS) if given is not None else 0


def _received(visit: Visit, row: PhoneFile) -> Received:
    return Received(
        row.name,
        row.material,
        visit.t(*words.choice_words(row.media)),
        previews.size_words(row.size),
        times.moment(row.at_ms, visit.lang),
        bool(row.preview),
        row.media == "application/pdf",
    )


_DESK: Final = "/cases/<place>/<case_id>/papers/phone"
ROUTES: Final = (
    Route(_DESK, "phone_papers", desk, doing.ACTS),
    Route(_DESK, "give_phone_pass", give, doing.ACTS, ("POST",)),
    Route(f"{_DESK}/end", "end_phone_pass", end, doing.ACTS, ("POST",)),
    Route(f"{_DESK}/news", "phone_news", news, doing.ACTS, refreshes=True),
    Route(f"{_DESK}/<name>/preview", "phone_preview", preview, previews.LOOKS),
    Route(f"{_DESK}/<name>/take", "take_phone_file", take, doing.ACTS, ("POST",)),
    Route(f"{_DESK}/<name>/discard", "discard_phone_file", discard, doing.ACTS, ("POST",)),
)
