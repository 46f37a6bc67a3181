"""Forms of the service room and of residents: duty, turns, bookings, complaints, slips, ratings."""

from functools import partial
from typing import Final

import pytest

from sync_protocol.case.numbers import check_character
from tests.builders import VILLAGE
from tests.village_node.web.counter import (
    CARD,
    Counter,
    everywhere,
    hidden_of,
)
from tests.village_node.web.test_proxies import PROXY
from tests.village_node.web.test_service_room import ROOM
from tests.village_node.web.test_windows import WINDOW
from tests.village_node.web.unsaved.form import TYPED, Ready, State

_DUTY: Final = {"day": "2026-11-21", "post": "A", "staff_no": "0002"}


def _room(request: pytest.FixtureRequest, where: str, fields: dict[str, str]) -> Ready:
    """One of the service room's own books, with slots to book, an appointment and a number of today that was called."""
    village: Counter = request.getfixturevalue("village")
    somebody = village.sign_in("0002", "agent", "head")
    booked = {"day": "2026-11-18", "slot": "09:00", "name": TYPED, "item_no": "001", "phone_tail": "1234"}
    if where != "/turns/book":
        for path, said in (
            ("/duty/room", ROOM),
            ("/turns/book", booked),
            ("/turns/draw", {"draw_item": "", "draw_window": ""}),
            ("/turns/call", {"window": "1号"}),
            ("/turns/draw", {"draw_item": "", "draw_window": ""}),
        ):
            assert somebody.send(path, said).status_code == 303
        return Ready(somebody, where, fields)
    assert somebody.send("/duty/room", ROOM).status_code == 303
    return Ready(somebody, where, booked)


def _complaint(request: pytest.FixtureRequest, what: str) -> Ready:
    """A complaint about the village, to be taken there or answered at the township."""
    township, agent = request.getfixturevalue("township"), request.getfixturevalue("agent")
    if not what:
        return Ready(agent, "/complaints/new", {"place": VILLAGE, "who": "王芳", "text": TYPED})
    head = township.sign_in("0103", "head")
    head.send("/complaints/open", {})
    everywhere(request.getfixturevalue("network"))
    said = {"place": VILLAGE, "who": "二号窗口", "text": "态度恶劣", "by": "张秀兰"}
    slip = agent.counter.member.casebook.complain("0001", {"agent"}, said)
    everywhere(request.getfixturevalue("network"))
    fields = {"outcome": "upheld", "text": TYPED, "reason": TYPED}
    return Ready(head, f"/complaints/of/{slip.number}/{what}", fields)


def _slip(request: pytest.FixtureRequest, what: str) -> Ready:
    """A slip or a consultation, to be taken, or looked at in full."""
    agent = request.getfixturevalue("agent")
    book = agent.counter.member.casebook
    if what == "slip":
        far = {"case_no": "990101101201-261121-7K3M-3-9", "what": "note", "by": "张秀兰", "text": TYPED}
        far["case_no"] = f"{far['case_no'][:-1]}{check_character(far['case_no'][:-2])}"
        return Ready(agent, "/slips/new", far)
    if what == "consultation":
        return Ready(agent, "/consultations", {"question": TYPED, "outcome": "open"})
    if what == "call":
        number = book.consult("0009", {"agent"}, {"question": "问", "outcome": "open", "contact": "13800001234"})
        book.follow_consultation("0009", {"agent"}, number, {"outcome": "answered", "told": "答"})
        return Ready(agent, f"/calls/{number}", {"reached": "yes", "text": TYPED})
    if what == "consultations":
        number = book.consult("0001", {"agent"}, {"question": "问", "outcome": "open", "by": "张秀兰"})
    else:
        stem = "990101101201-261121-7K3M-3"
        far = {"case_no": f"{stem}-{check_character(stem)}", "what": "note", "by": "张秀兰", "text": "x"}
        number = book.bring("0001", {"agent"}, far)
    return Ready(agent, f"/{what}/of/{number}/unmask", {"reason": TYPED})


def _own(request: pytest.FixtureRequest, what: str) -> Ready:
    """What a resident sends by himself: a rating or a complaint about his case, that it is withdrawn or that nobody
    acts for him, or a booking."""
    agent = request.getfixturevalue("agent")
    stranger = agent.counter.visitor()
    if what in ("book", "change"):
        head = agent.counter.sign_in("0002", "head")
        assert head.send("/duty/room", ROOM).status_code == 303
        fields = {"day": "2026-11-19", "slot": "09:00", "name": TYPED, "item_no": "001", "phone_tail": "1234"}
        if what == "change":
            labels = agent.counter.member.casebook.book("0002", {"agent"}, *fields.values())
            return Ready(stranger, "/book/change", {**labels._asdict(), "do": "off", "slot": TYPED})
        return Ready(stranger, "/book", fields)
    case = agent.file("040", **(PROXY if what == "proxy" else {}))
    row = agent.counter.member.casebook.case_row(f"about:{VILLAGE}", bytes.fromhex(case.rpartition("/")[2]))
    if what == "rating":
        assert agent.act(case, "docket").status_code == 303
        page = stranger.send("/query", {"number": row.case_no, "code": row.query_code}).text
        fields = {**hidden_of(page, "/query/rating"), "grade": "poor", "text": TYPED}
        return Ready(stranger, "/query/rating", fields)
    if what in ("withdrawal", "proxy"):
        known = {"number": row.case_no, "code": row.query_code, "card": CARD[-4:]}
        return Ready(stranger, f"/query/{what}", {**known, "reason": TYPED})
    fields = {
        "number": row.case_no,
        "code": row.query_code,
        "place": VILLAGE,
        "who": "王芳",
        "text": TYPED,
        "do": "send",
    }
    return Ready(stranger, "/query/complaint", fields)


STATES: Final[dict[str, State]] = {
    "set_duty": partial(_room, where="/duty", fields={**_DUTY, "note": TYPED}),
    "say_window": partial(_room, where="/windows/register/open", fields={**WINDOW, "reason": TYPED}),
    "say_room": partial(_room, where="/duty/room", fields={**ROOM, "address": TYPED}),
    "book_slot": partial(_room, where="/turns/book", fields={}),
    "end_booking": partial(_room, where="/turns/bookings/1/missed", fields={"text": TYPED}),
    "call_off_booking": partial(_room, where="/turns/bookings/1/call-off", fields={"reason": TYPED}),
    "move_booking": partial(
        _room, where="/turns/bookings/1/move", fields={"day": "2026-11-19", "slot": "09:00", "reason": TYPED}
    ),
    "draw_number": partial(_room, where="/turns/draw", fields={"draw_item": "", "draw_window": TYPED}),
    "call_number": partial(_room, where="/turns/call", fields={"window": TYPED}),
    "end_turn": partial(_room, where="/turns/1/transfer", fields={"to_window": TYPED}),
    "take_complaint": partial(_complaint, what=""),
    "answer_complaint": partial(_complaint, what="answer"),
    "unmask_complaint": partial(_complaint, what="unmask"),
    "own_complaint": partial(_own, what="complaint"),
    "own_rating": partial(_own, what="rating"),
    "own_withdrawal": partial(_own, what="withdrawal"),
    "own_revocation": partial(_own, what="proxy"),
    "book_oneself": partial(_own, what="book"),
    "change_own_booking": partial(_own, what="change"),
    "take_slip": partial(_slip, what="slip"),
    "unmask_slip": partial(_slip, what="slips"),
    "take_consultation": partial(_slip, what="consultation"),
    "unmask_consultation": partial(_slip, what="consultations"),
    "record_call": partial(_slip, what="call"),
}
