"""The service room's books and what supervision looks at, on either database."""

import pytest

from sync_protocol.case import kinds
from tests.builders import COUNTY, VILLAGE, Member, Network, hand
from village_node.casebook import BadBody, NotAllowed, Stale
from village_node.casebook.queue import Ending
from village_node.casebook.reception import Room
from village_node.store.reception import Duty

DAY_MS = 86_400_000
TODAY = "2026-09-21"  # a Monday
SUNDAY = "2026-09-20"
ROOM = Room(("agency",), ("8:30–12:00",) * 5 + ("", ""), "一楼", "1", ("09:00", "10:00"), 2)


@pytest.fixture
def county(net: Network) -> Member:
    return net.members[COUNTY]


def test_slots_and_numbers_are_given_out_once(county: Member) -> None:
    book, roles = county.casebook, county.roles
    book.say_room("1", roles, ROOM)
    assert book.room() == ROOM
    for name in ("甲", "乙"):
        book.book("1", roles, TODAY, "09:00", name, "001", "1234")
    with pytest.raises(BadBody, match="full"):
        book.book("1", roles, TODAY, "09:00", "丙", "001", "1234")
    assert book.slots(TODAY) == [("09:00", 0), ("10:00", 2)] and book.slots("2026-09-26") == []
    first, second = (row.id for row in book.appointments(TODAY))
    book.call_off("1", roles, second, "改日再来")
    assert book.slots(TODAY)[0] == ("09:00", 1)
    assert [book.draw_ticket("1", roles, "", ""), book.end_booking("1", roles, first, "came")] == [1, 2]
    called = book.call_next("1", roles, "1号")
    assert (called.number, called.at_window) == (2, "1号")
    with pytest.raises(Stale):
        book.end_ticket("1", roles, 1, Ending("skip"))
    ref = county.file(item_no="036")
    book.end_ticket("1", roles, 2, Ending("done", case_no=ref.case_no))
    assert [(row.number, row.state, row.case_id) for row in book.tickets(TODAY)] == [(1, 0, None), (2, 2, ref.case_id)]


def test_residents_fill_half_of_a_slot_and_none_that_is_past(net: Network, county: Member) -> None:
    book, roles = county.casebook, county.roles
    book.say_room("1", roles, ROOM._replace(a_slot=5))
    net.clock.now_ms += 11 * 3_600_000  # from the evening of that Monday to 09:13 of Tuesday
    today = "2026-09-22"
    assert dict(book.own_slots())[today] == [("10:00", 3)] and "2026-09-26" not in dict(book.own_slots())
    with pytest.raises(BadBody, match="past"):
        book.book_oneself(today, "09:00", "甲", "001", "1234", None)
    book.book("1", roles, today, "09:00", "甲", "001", "1234")
    for name in ("甲", "甲", "乙"):
        book.book_oneself(today, "10:00", name, "001", "1234", None)
    assert dict(book.own_slots())[today] == [("10:00", 0)], "who has a time that day is not told so by the places left"
    with pytest.raises(BadBody, match="full"):
        book.book_oneself(today, "10:00", "丁", "001", "1234", None)
    assert book.slots(today) == [("09:00", 4), ("10:00", 4)], "and gets no second"
    for name in "丁戊己庚":
        book.book("1", roles, today, "10:00", name, "001", "1234")
    assert book.slots(today)[1] == ("10:00", 0)


@pytest.mark.slow
def test_names_of_appointments_long_past_are_taken_off_and_old_years_dropped(net: Network, county: Member) -> None:
    book, roles = county.casebook, county.roles
    book.say_room("1", roles, ROOM)
    book.book("1", roles, TODAY, "09:00", "张秀兰", "001", "1234")
    book.draw_ticket("1", roles, "001", "")

    def pass_days(days: int) -> None:
        for _ in range(days * 4):  # a look at least every six hours: longer steps are not believed
            net.clock.now_ms += DAY_MS // 4
            book.forget_requests()

    book.forget_requests()
    net.clock.now_ms += 400 * DAY_MS
    assert book.forget_requests() == 0 and book.forget_appointments() == 0, "a clock that is a year ahead"
    net.clock.now_ms -= 400 * DAY_MS
    book.forget_requests()
    pass_days(31)
    assert book.forget_appointments() == 1
    (row,) = book.appointments(TODAY)
    assert (row.name, row.phone_tail, row.item_no, row.slot) == ("", "", "001", "09:00")
    assert len(book.tickets(TODAY)) == 1
    pass_days(470)
    assert book.forget_appointments() == 0
    assert (book.appointments(TODAY), book.tickets(TODAY)) == ([], [])


def test_a_roster_has_one_person_a_post(county: Member) -> None:
    book, roles = county.casebook, county.roles
    for staff_no in ("1", "2"):
        book.set_duty("1", roles, Duty(SUNDAY, "A", staff_no, ""))
    assert [row.staff_no for row in book.duty(SUNDAY, TODAY)] == ["2"]
    with pytest.raises(NotAllowed):
        book.set_duty("1", {"window"}, Duty(SUNDAY, "B", "1", ""))
    book.set_duty("1", roles, Duty(SUNDAY, "A", "", ""))
    assert book.duty(SUNDAY, TODAY) == []


def test_cards_samples_and_counts_come_out_of_the_rows(net: Network, county: Member) -> None:
    village, book = net.members[VILLAGE], county.casebook
    ref = village.file(item_no="014")
    village.act(ref, kinds.DOCKET)
    village.act(ref, kinds.SERVICE_ACT, {"what": "door", "day": SUNDAY})
    hand(village, county, VILLAGE)
    net.clock.now_ms += 60 * DAY_MS
    book.follow_calendar()
    assert [row.case_id for row in book.cards().rows] == [ref.case_id]
    assert book.cards("red_plus").total == 1 and book.cards("yellow").total == 0
    assert village.casebook.cards().total == 1, "a village sees its own"
    assert [tuple(each) for each in book.served("2026-09-01", "2026-09-30")] == [(VILLAGE, "door", 1, 1)]
    assert [tuple(each) for each in book.filed("2026-09-01", "2026-09-30")] == [(VILLAGE, 1, 0)]
    assert book.results() == {"014": (1, 0)}
    drawn = book.draw("9", {"supervisor"}, "running", "2026-09-01", "2026-09-30", 5, ["齐全吗"])
    assert drawn.said.cases == ((VILLAGE, ref.case_id),) and book.samples() == [drawn]
    letter = {"to": VILLAGE, "rule": "statutory", "answer_by": "2026-12-01", "text": "请速办"}
    for number in (1, 2):
        book.oversee("9", {"supervisor"}, (ref.scope, ref.case_id), kinds.SUPERVISION_LETTER, letter)
        assert len(book.asked_about()) == number
    numbers = {each.asked.note.body["document_no"] for each in book.asked_about()}
    assert len(numbers) == 2, "each letter has a number of its own"
    with pytest.raises(BadBody, match="draws the number"):
        said = {**letter, "document_no": "督办1号"}
        book.oversee("9", {"supervisor"}, (ref.scope, ref.case_id), kinds.SUPERVISION_LETTER, said)
