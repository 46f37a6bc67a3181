"""Carrying by hand: a bundle saved to a stick, one brought on a stick taken in, and the slip that goes with it.

The browser saves and opens one file. The stick is in the PC in front of the person, which need not be the machine that
the node runs on; and so no page ever names a folder of that machine.
"""

from dataclasses import dataclass
from typing import Any, Final

from flask import make_response
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from village_node.casebook import CasebookError
from village_node.store.bundles import BundleRow
from village_node.web.policy import STAFF, Policy, Route
from village_node.web.site import Visit

CARRIES: Final = Policy(STAFF, "node")
FILE_MOST: Final = 12 << 20  # bytes of a form with the file in it; a bundle that is saved here is smaller
TAKES_FILES: Final = frozenset({"take_bundle"})
SHOWN: Final = 10


@dataclass(frozen=True)
class _Told:
    """What came of a file, for the page: its tone and one sentence."""

    tone: str
    icon: str
    words: str


def carrying(visit: Visit) -> Response:
    """The page: save to a stick, open from one, and what was carried lately."""
    return _page(visit)


def save_bundle(visit: Visit) -> Response:
    """A bundle for the place that was chosen, as a file to be saved."""
    place = visit.line("place")
    if place not in dict(_places(visit)):
        return _page(visit, 422, visit.t("请从所列单位中选择拷给谁。", "Choose from the list for whom it is."))
    try:
        written, raw = visit.site.courier.fold(visit.staff.staff_no, place)
    except CasebookError as refused:
        return _page(visit, 409, visit.t(refused.zh, refused.en))
    response = make_response(raw)
    response.headers["Content-Type"] = "application/octet-stream"
    response.headers["Content-Disposition"] = f'attachment; filename="{written.name}"'
    return response


def take_bundle(visit: Visit) -> Response:
    """Take in the file that was chosen, or only look at it."""
    file = visit.request.files.get("bundle")
    if file is None or not file.filename:
        return _page(visit, 422, visit.t("请先选择 U 盘上的拷盘文件。", "Choose the file on the stick first."))
    raw, name = file.stream.read(FILE_MOST), file.filename[:80]
    try:
        if visit.line("do") == "check":
            outcome = visit.site.courier.verify_file(name, raw)
        else:
            outcome = visit.site.courier.unfold(visit.staff.staff_no, name, raw)
    except CasebookError as refused:
        return _page(visit, 422, visit.t(refused.zh, refused.en))
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
    Route("/courier/save", "save_bundle", save_bundle, CARRIES, ("POST",)),
    Route("/courier/take", "take_bundle", take_bundle, CARRIES, ("POST",)),
    Route("/courier/slip/<bundle_id>", "courier_slip", slip, CARRIES),
)
