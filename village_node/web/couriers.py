"""Carrying by hand: a bundle saved to a stick, one brought on a stick taken in, and the slip that goes with it.

The browser saves and opens one file. The stick is in the PC in front of the person, which need not be the machine that
the node runs on; and so no page ever names a folder of that machine.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Final

from flask import make_response
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from village_node.casebook import CasebookError
from village_node.store.bundles import BundleRow
from village_node.web.errands import Errand, Tell
from village_node.web.policy import STAFF, Policy, Route
from village_node.web.site import Visit

CARRIES: Final = Policy(STAFF, "node")
FILE_MOST: Final = 12 << 20  # bytes of a form with the file in it; a bundle that is saved here is smaller
SAVE, TAKE = "save", "take"
DROP: Final = "drop"
TAKES_FILES: Final = frozenset({"take_bundle"})
SHOWN: Final = 10
WAIT_S: Final = 2.0  # so long a page waits for a bundle; most are done by then
EVERY_S: Final = 2  # how often the page that says how far it is renews itself
ELSEWHERE: Final = (
    "这里不能拷盘",
    "No sticks here",
    "拷盘文件由负责同步的主进程读写。请管理员按 docker/OPERATIONS.md 把 /courier 转到主进程",
    "The worker that syncs writes and reads what is carried. Have /courier led to it: docker/OPERATIONS.md",
)
OCCUPIED: Final = (
    "本机正在处理拷盘文件，请等它完成后再试。",
    "A bundle is being worked on here: wait for its end, then try again.",
)


@dataclass(frozen=True)
class _Told:
    """What came of a file, for the page: its tone and one sentence."""

    tone: str
    icon: str
    words: str


def _at_the_first(act: Callable[..., Response]) -> Callable[..., Response]:
    """Have it done by the worker that syncs alone: an errand lives in one process, and no other can tell its end."""

    @wraps(act)
    def there(visit: Visit, **named: str) -> Response:
        if visit.site.casebook.pages_only:
            return visit.render("trouble.html", 503, words=ELSEWHERE, typed=None, bare=False)
        return act(visit, **named)

    return there


@_at_the_first
def carrying(visit: Visit) -> Response:
    """The page: save to a stick, open from one, and what was carried lately; what came of an errand is told first."""
    errand = visit.site.errands.of(visit.staff.staff_no)
    if errand is None:
        return _page(visit)
    return _settled(visit, errand) if errand.ended else visit.redirect("bundle_under_way")


@_at_the_first
def under_way(visit: Visit) -> Response:
    """How far a bundle is that takes longer, by a page that renews itself; then what came of it."""
    errands, who = visit.site.errands, visit.staff.staff_no
    errand = errands.of(who)
    if errand is None:
        return visit.redirect("carrying")
    if errand.ended:
        return _settled(visit, errand)
    response = visit.render("courier_under_way.html", errand=errand, saves=errand.what == SAVE)
    response.headers["Refresh"] = str(EVERY_S)
    return response


def _settled(visit: Visit, errand: Errand) -> Response:
    """The page with what came of an errand; a file that is whole waits there to be saved."""
    return _page(visit) if _is_whole(errand) else _answered(visit, errand)


def _is_whole(errand: Errand | None) -> bool:
    """Whether there is a file to be saved: written to its end, and without trouble."""
    return errand is not None and errand.what == SAVE and errand.ended and errand.future.exception() is None


@_at_the_first
def save_bundle(visit: Visit) -> Response:
    """A bundle for the place that was chosen, as a file to be saved; or one that took longer, now that it is whole,
    which is saved or dropped."""
    who, ready = visit.staff.staff_no, visit.line("ready")
    if ready:
        errand = visit.site.errands.of(who)
        if errand is None or not _is_whole(errand):
            return visit.redirect("carrying")
        if ready == DROP:
            visit.site.errands.end(who, errand)
            return visit.redirect("carrying")
        return _answered(visit, errand)
    place = visit.line("place")
    if place not in dict(_places(visit)):
        return _page(visit, 422, visit.t("请从所列单位中选择拷给谁。", "Choose from the list for whom it is."))
    courier = visit.site.courier
    return _begun(visit, SAVE, lambda tell: courier.fold(who, place, tell=tell))


def _saved(written: Any, raw: bytes) -> Response:
    response = make_response(raw)
    response.headers["Content-Type"] = "application/octet-stream"
    response.headers["Content-Disposition"] = f'attachment; filename="{written.name}"'
    return response


@_at_the_first
def take_bundle(visit: Visit) -> Response:
    """Take in the file that was chosen, or only look at it."""
    file = visit.request.files.get("bundle")
    if file is None or not file.filename:
        return _page(visit, 422, visit.t("请先选择 U 盘上的拷盘文件。", "Choose the file on the stick first."))
    raw, name = file.stream.read(FILE_MOST), file.filename[:80]
    courier, who = visit.site.courier, visit.staff.staff_no
    if visit.line("do") == "check":
        return _begun(visit, TAKE, lambda tell: courier.verify_file(name, raw, tell=tell))
    return _begun(visit, TAKE, lambda tell: courier.unfold(who, name, raw, tell=tell))


def _begun(visit: Visit, what: str, act: Callable[[Tell], Any]) -> Response:
    """The answer where it was quick; else the page that says how far it is."""
    errand = visit.site.errands.begin(visit.staff.staff_no, what, act, WAIT_S)
    if errand is None:
        return _page(visit, 409, visit.t(*OCCUPIED))
    return _answered(visit, errand) if errand.ended else visit.redirect("bundle_under_way")


def _answered(visit: Visit, errand: Errand) -> Response:
    """What came of a bundle, told once. Raises StoreError."""
    saves = errand.what == SAVE
    try:
        came = visit.site.errands.end(visit.staff.staff_no, errand)
    except CasebookError as refused:
        return _page(visit, 409 if saves else 422, visit.t(refused.zh, refused.en))
    return _saved(*came) if saves else _taken(visit, came)


def _taken(visit: Visit, outcome: Any) -> Response:
    sound = outcome.whole and not outcome.held_back and not outcome.renewal_left
    return _page(
        visit, told=_Told("good" if sound else "bad", "check" if sound else "warning", _sentence(visit, outcome))
    )


def slip(visit: Visit, bundle_id: str) -> Response:
    """The paper that goes with a stick: from, to, when, how many records, which bundle; nothing of anybody."""
    try:
        wanted = bytes.fromhex(bundle_id)
    except ValueError:
        raise NotFound from None
    row = next((each for each in visit.site.casebook.bundles_out(SHOWN * 10) if each.bundle_id == wanted), None)
    if row is None:
        raise NotFound
    here = visit.site.config.place
    return visit.render("courier_slip.html", row=row, of=_name(visit, here), to=_name(visit, row.place))


def _page(visit: Visit, status: int = 200, problem: str = "", told: _Told | None = None) -> Response:
    book = visit.site.casebook
    return visit.render(
        "courier.html",
        status,
        problem=problem,
        told=told,
        ready=_is_whole(visit.site.errands.of(visit.staff.staff_no)),
        places=_places(visit),
        carried=book.carried().cases,
        out=[(row, _name(visit, row.place)) for row in book.bundles_out(SHOWN)],
        came=[(row, _name(visit, row.place)) for row in book.bundles_in(SHOWN)],
    )


def _places(visit: Visit) -> list[tuple[str, str]]:
    """For whom a bundle can be written: the places above, the next one first, then those below that have a node."""
    book, here = visit.site.casebook, visit.site.config.place
    roster = book.roster
    below = [place for place in roster.places.below_or_self(here) if place != here]
    found = [*roster.places.path_up(here)[1:], *sorted(below)]
    named = []
    for place in found:
        if roster.nodes_of(place):
            first = "" if book.key_of(place) else visit.t("（第一次：只交换密钥）", " (first time: keys only)")
            named.append((place, _name(visit, place) + first))
    return named


def _sentence(visit: Visit, outcome: Any) -> str:
    zh, en = outcome.words
    name = _name(visit, outcome.place) if outcome.place else ""
    return visit.t(f"{name}的拷盘：{zh}" if name else zh, f"From {name}: {en}" if name else en)


def _name(visit: Visit, place: str) -> str:
    places = visit.site.places
    return places.name(place) if place in places else place


def number_of(row: BundleRow) -> str:
    """How people call a bundle: the beginning of its file's name."""
    return row.bundle_id.hex()[:16]


ROUTES: Final = (
    Route("/courier", "carrying", carrying, CARRIES),
    Route("/courier/under-way", "bundle_under_way", under_way, CARRIES, refreshes=True),
    Route("/courier/save", "save_bundle", save_bundle, CARRIES, ("POST",)),
    Route("/courier/take", "take_bundle", take_bundle, CARRIES, ("POST",)),
    Route("/courier/slip/<bundle_id>", "courier_slip", slip, CARRIES),
)
