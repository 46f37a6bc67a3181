"""The board on the wall: numbers called, cases taken in, results; no word about persons, and it reads itself again."""

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

EVERY_S: Final = 60
CALLED_SHOWN: Final = 4


def board(visit: Visit) -> Response:
    """The wall screen of the room, for everybody who sits there."""
    book, today = visit.site.casebook, day_of(visit.now_ms).isoformat()
    newest, settled = book.board()
    drawn = book.tickets(today)
    called = [each for each in drawn if TICKET_STATES[each.state] == "called"]
    called.sort(key=lambda each: -(each.called_ms or 0))
    state = visit.sync_state
    response = visit.render(
        "board.html",
        called=[(number_words(each.number), each.at_window) for each in called[:CALLED_SHOWN]],
        waiting=sum(TICKET_STATES[each.state] == "waiting" for each in drawn),
        newest=[_line(visit, each) for each in newest],
        settled=[_line(visit, each) for each in settled],
        as_of=state.last_contact_ms if not state.is_root else visit.now_ms,
        is_root=state.is_root,
    )
    response.headers["Refresh"] = str(EVERY_S)
    return response


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


ROUTES: Final = (Route("/board", "board", board, Policy(None, "public"), refreshes=True),)
