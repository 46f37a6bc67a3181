"""The board, as a page and for a screen on a wall: numbers called, cases taken in, results; no word about persons."""

from datetime import timedelta
from typing import Any, Final

from werkzeug.wrappers import Response

from sync_protocol.case.workdays import FIRST_DAY, day_of
from village_node.store.board import Entry
from village_node.store.cases import FINISHED
from village_node.store.reception import TICKET_STATES
from village_node.web import times
from village_node.web.policy import Policy, Route
from village_node.web.site import Visit
from village_node.web.turns import number_words

# How often each reads itself again, whatever it was answered: an error must not stay on a wall until somebody comes.
EVERY_S: Final = {"board": 60, "wall": 15}
CALLED_SHOWN: Final = 4
WALL_LINES: Final = 5


def board(visit: Visit) -> Response:
    """The board as a page among the others."""
    return visit.render("board.html", **_shown(visit))


def wall(visit: Visit) -> Response:
    """The board for a screen on a wall: nothing but the board, in letters to be read from five metres."""
    return visit.render("wall.html", **_shown(visit), most=WALL_LINES)


def _shown(visit: Visit) -> dict[str, Any]:
    book, today = visit.site.casebook, day_of(visit.now_ms).isoformat()
    newest, settled = book.board()
    drawn = book.tickets(today)
    called = [each for each in drawn if TICKET_STATES[each.state] == "called"]
    called.sort(key=lambda each: -(each.called_ms or 0))
    state = visit.sync_state
    return {
        "called": [(number_words(each.number), each.at_window) for each in called[:CALLED_SHOWN]],
        "waiting": sum(TICKET_STATES[each.state] == "waiting" for each in drawn),
        "newest": [_line(visit, each) for each in newest],
        "settled": [_line(visit, each) for each in settled],
        "as_of": state.last_contact_ms if not state.is_root else visit.now_ms,
        "is_root": state.is_root,
        "now_ms": visit.now_ms,
    }


def _line(visit: Visit, each: Entry) -> dict[str, Any]:
    item = visit.site.catalogue.find(each.item_no or "", each.item_version or 0)
    day = FIRST_DAY + timedelta(each.settled_day) if each.settled_day is not None else None
    return {
        "case_no": each.case_no,
        "item": visit.t(item.name, item.name_en) if item is not None else each.item_no or "",
        "filed": times.day(each.filed_ms, visit.lang) if each.filed_ms is not None else "",
        "done": each.settled_day is not None or each.state in FINISHED,
        "settled": times.date_words(day, visit.lang) if day is not None else "",
    }


SEES: Final = Policy(None, "public")
ROUTES: Final = (
    Route("/board", "board", board, SEES, refreshes=True),
    Route("/wall", "wall", wall, SEES, refreshes=True),
)
