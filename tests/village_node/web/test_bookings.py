"""A booking is called off or moved by who made it, with number and code, or at the counter, which says why."""

import hashlib
import re

from tests.village_node.web.api.program import program_at
from tests.village_node.web.counter import Counter, Visitor, problems
from tests.village_node.web.test_service_room import ROOM, kept
from village_node.casebook import Request, booking_labels
from village_node.store.reception import BOOKING_STATES

TODAY, TOMORROW, FRIDAY = "2026-11-18", "2026-11-19", "2026-11-20"
SAID = {"slot": "09:00", "name": "张秀兰", "item_no": "001", "phone_tail": "1234"}


def booked_oneself(stranger: Visitor, day: str, **said: str) -> dict[str, str]:
    """What a resident copies from the page after booking."""
    page = stranger.send("/book", {**SAID, "day": day, **said}).text
    number, code = re.findall(r'<strong class="number">([^<]+)</strong>', page)
    return {"number": number, "code": code}


def book_of(village: Counter, day: str) -> list[tuple[str, str, str]]:
    rows = village.member.casebook.appointments(day)
    return [(row.slot, row.name, BOOKING_STATES[row.state]) for row in rows]


def test_a_resident_moves_a_booking_and_calls_it_off_and_the_places_are_free_again(
    village: Counter, agent: Visitor
) -> None:
    kept(village.sign_in("0002", "head"), "/duty/room", **{**ROOM, "a_slot": "1"})
    stranger, book = village.visitor(), village.member.casebook
    known = booked_oneself(stranger, TOMORROW)
    assert re.fullmatch(r"[0-9A-Z]{4}-[0-9A-Z]{4}", known["number"]) and len(known["code"]) == 6
    assert dict(book.slots(TOMORROW))["09:00"] == 0
    shown = stranger.send("/book/change", {**known, "number": known["number"].lower(), "do": "look"})
    assert shown.status_code == 200 and "09:00" in shown.text and "换个时间" in shown.text
    assert "张秀兰" not in shown.text
    same = stranger.send("/book/change", {**known, "do": "move", "day": TOMORROW, "slot": "09:00"})
    assert same.status_code == 422 and "就是原来约的时间" in same.text
    moved = stranger.send("/book/change", {**known, "do": "move", "day": FRIDAY, "slot": "09:30"})
    assert moved.status_code == 200 and "已改期" in moved.text
    assert dict(book.slots(TOMORROW))["09:00"] == 1 and dict(book.slots(FRIDAY))["09:30"] == 0
    assert book_of(village, TOMORROW) == [("09:00", "张秀兰", "moved")]
    assert f"由 {TOMORROW} 09:00 改来" in agent.open(f"/turns?day={FRIDAY}").text
    assert "已改期" in agent.open(f"/turns?day={TOMORROW}").text
    off = stranger.send("/book/change", {**known, "do": "off"})
    assert "已取消" in off.text and book_of(village, FRIDAY) == [("09:30", "张秀兰", "cancelled")]
    assert dict(book.slots(FRIDAY))["09:30"] == 1 and "本人" in agent.open(f"/turns?day={FRIDAY}").text
    again = stranger.send("/book/change", {**known, "do": "off"})
    assert again.status_code == 409 and "已经取消" in again.text


def test_without_the_code_nobody_changes_a_booking_or_learns_of_one(village: Counter) -> None:
    kept(village.sign_in("0002", "head"), "/duty/room", **{**ROOM, "a_slot": "4"})
    stranger = village.visitor()
    known = booked_oneself(stranger, TOMORROW)
    for _ in range(5):
        wrong = stranger.send("/book/change", {**known, "code": "000000", "do": "off"})
        assert wrong.status_code == 404 and "预约号或取消码不对" in wrong.text
    assert stranger.send("/book/change", {**known, "do": "off"}).status_code == 429, "of one number five tries"
    assert book_of(village, TOMORROW) == [("09:00", "张秀兰", "booked")]
    double = booked_oneself(village.visitor(), TOMORROW, slot="09:30")
    assert double["number"] != known["number"] and len(book_of(village, TOMORROW)) == 1
    shown = village.visitor().send("/book/change", {**double, "do": "look"})
    assert shown.status_code == 200 and "09:30" in shown.text, "whoever tries a name learns nothing here either"
    elsewhere = village.visitor().send("/book/change", {**double, "do": "move", "day": FRIDAY, "slot": "09:30"})
    assert "已改期" in elsewhere.text and book_of(village, FRIDAY) == [("09:30", "张秀兰", "booked")]
    assert len(book_of(village, TOMORROW)) == 1


def test_who_has_two_bookings_of_a_day_keeps_the_one_that_is_not_given_up(village: Counter) -> None:
    kept(village.sign_in("0002", "head"), "/duty/room", **{**ROOM, "a_slot": "4"})
    stranger, book = village.visitor(), village.member.casebook
    first, second, third = (booked_oneself(stranger, TOMORROW, slot=slot) for slot in ("09:00", "09:30", "09:30"))
    assert len(book_of(village, TOMORROW)) == 1
    assert "已取消" in stranger.send("/book/change", {**third, "do": "off"}).text
    again = stranger.send("/book/change", {**third, "do": "look"}).text
    assert "已经取消" in again, "like any other"
    assert book_of(village, TOMORROW) == [("09:00", "张秀兰", "booked")], "it never stood in the book"
    stranger.send("/book/change", {**first, "do": "off"})
    assert book_of(village, TOMORROW) == [("09:00", "张秀兰", "cancelled"), ("09:30", "张秀兰", "booked")]
    other = booked_oneself(stranger, FRIDAY)
    stranger.send("/book/change", {**second, "do": "move", "day": FRIDAY, "slot": "09:30"})
    assert book_of(village, FRIDAY) == [("09:00", "张秀兰", "booked")]
    stranger.send("/book/change", {**other, "do": "off"})
    assert book_of(village, FRIDAY)[1:] == [("09:30", "张秀兰", "booked")], "what was moved stands again"
    assert dict(book.slots(FRIDAY))["09:30"] == 3


def test_a_double_stays_one_where_its_slot_is_full(village: Counter, agent: Visitor) -> None:
    kept(village.sign_in("0002", "head"), "/duty/room", **{**ROOM, "a_slot": "1"})
    stranger = village.visitor()
    first = booked_oneself(stranger, TOMORROW)
    booked_oneself(stranger, TOMORROW, slot="09:30")
    kept(agent, "/turns/book", **{**SAID, "day": TOMORROW, "slot": "09:30", "name": "李四"})
    stranger.send("/book/change", {**first, "do": "off"})
    assert book_of(village, TOMORROW)[1:] == [("09:30", "李四", "booked")]


def test_the_places_left_do_not_tell_who_comes(village: Counter) -> None:
    kept(village.sign_in("0002", "head"), "/duty/room", **{**ROOM, "a_slot": "8"})
    stranger, book = village.visitor(), village.member.casebook
    booked_oneself(stranger, TOMORROW)

    def lowered(name: str) -> int:
        before = dict(dict(book.own_slots())[TOMORROW])["09:30"]
        booked_oneself(stranger, TOMORROW, slot="09:30", name=name)
        return before - dict(dict(book.own_slots())[TOMORROW])["09:30"]

    assert lowered("张秀兰") == lowered("李四") == 1
    assert dict(book.slots(TOMORROW))["09:30"] == 7, "from the counter it takes no place"


def test_who_tried_too_often_does_not_lock_a_number_out(village: Counter) -> None:
    kept(village.sign_in("0002", "head"), "/duty/room", **{**ROOM, "a_slot": "4"})
    known, prober = booked_oneself(village.visitor(), TOMORROW), village.visitor()
    prober.client.environ_base = {**prober.client.environ_base, "REMOTE_ADDR": "10.9.9.9"}
    for number in range(10):
        prober.send("/book/change", {"number": f"2222-222{number}", "code": "000000", "do": "look"})
    for _ in range(6):
        assert prober.send("/book/change", {**known, "code": "000000", "do": "look"}).status_code == 429
    owner = village.visitor().send("/book/change", {**known, "do": "look"})
    assert owner.status_code == 200 and "09:00" in owner.text
    for typed in ("1", "UUUU-UUUU", "2222-22222"):
        for _ in range(2):
            assert "不对" in village.visitor().send("/book/change", {"number": typed, "code": "0", "do": "look"}).text


def test_a_form_sent_twice_tells_the_same_number_and_code(village: Counter) -> None:
    kept(village.sign_in("0002", "head"), "/duty/room", **{**ROOM, "a_slot": "4"})
    stranger = village.visitor()
    once = {"once": "0" * 31 + "1"}
    first = booked_oneself(stranger, TOMORROW, **once)
    assert booked_oneself(stranger, TOMORROW, **once) == first
    assert len(book_of(village, TOMORROW)) == 1


def test_number_and_code_are_drawn_and_not_worked_out_of_what_was_asked_for(village: Counter) -> None:
    kept(village.sign_in("0002", "head"), "/duty/room", **{**ROOM, "a_slot": "4"})
    book, asked = village.member.casebook, Request("0801", "book-0001", bytes(32))
    agent = ("0801", ("agent",), TOMORROW, "09:00")
    first = book.book(*agent, "张秀兰", "001", "1234", asked)
    assert book.book(*agent, "张秀兰", "001", "1234", asked) == first, "told again"
    worked_out = hashlib.sha256(repr(("booking", *asked[1:])).encode()).digest()
    assert first != booking_labels.labels_of(worked_out)
    [row] = book.appointments(TOMORROW)
    assert (row.number, row.code) == first


def test_the_counter_calls_off_and_moves_with_a_reason_that_the_list_shows(village: Counter, agent: Visitor) -> None:
    kept(village.sign_in("0002", "head"), "/duty/room", **{**ROOM, "a_slot": "1"})
    book = village.member.casebook
    page = agent.open(kept(agent, "/turns/book", **{**SAID, "day": TOMORROW})).text
    [row] = book.appointments(TOMORROW)
    assert row.code in page and "请告诉预约人" in page
    way = f"/turns/bookings/{row.id}"
    assert "改到另一个时间" in agent.open(way).text and agent.open("/turns/bookings/99").status_code == 404
    for path, said in (("move", {"day": FRIDAY, "slot": "09:30"}), ("call-off", {})):
        silent = agent.send(f"{way}/{path}", {**said, "reason": ""})
        assert silent.status_code == 422 and "写明原因" in "".join(problems(silent.text))
    taken = agent.send("/turns/book", {**SAID, "day": FRIDAY, "slot": "09:30", "name": "李四"})
    assert taken.status_code == 303
    full = agent.send(f"{way}/move", {"day": FRIDAY, "slot": "09:30", "reason": "停电"})
    assert full.status_code == 422 and "已约满" in full.text and book_of(village, TOMORROW)[0][2] == "booked"
    assert agent.send(f"{way}/move", {"day": FRIDAY, "slot": "09:00", "reason": "停电"}).status_code == 303
    listed = agent.open(f"/turns?day={TOMORROW}").text
    assert "已改期" in listed and "窗口：停电" in listed
    stale = agent.send(f"{way}/call-off", {"reason": "停电"})
    assert stale.status_code == 409 and "请重新查看" in stale.text
    after = book.appointments(FRIDAY)[0]
    assert (after.slot, after.number, after.code) == ("09:00", row.number, row.code), "number and code go with it"
    own = {"number": row.number, "code": row.code, "do": "look"}
    seen = village.visitor().send("/book/change", own).text
    assert f"窗口给您改了期，原来约的是 {TOMORROW} 09:00。原因：停电" in seen
    off = agent.send(f"/turns/bookings/{after.id}/call-off", {"reason": "窗口调休"})
    assert off.status_code == 303 and "窗口：窗口调休" in agent.open(f"/turns?day={FRIDAY}").text
    told = village.visitor().send("/book/change", {"number": row.number, "code": row.code, "do": "look"})
    assert "窗口取消的原因" in told.text and "窗口调休" in told.text
    kept(agent, "/turns/book", **{**SAID, "day": TOMORROW, "name": "王五"})
    moved = next(row for row in book.appointments(TOMORROW) if row.name == "王五")
    assert (
        agent.send(f"/turns/bookings/{moved.id}/move", {"day": TODAY, "slot": "09:30", "reason": "停电"}).status_code
        == 303
    )
    [today] = book.appointments(TODAY)
    assert agent.send(f"/turns/bookings/{today.id}/missed", {}).status_code == 303
    closed = village.visitor().send("/book/change", {"number": today.number, "code": today.code, "do": "look"}).text
    assert "已经取消或办理" in closed and "窗口取消的原因" not in closed, "it was moved, and not called off"


def test_a_program_moves_and_calls_off_as_the_counter_does(village: Counter) -> None:
    kept(village.sign_in("0002", "head"), "/duty/room", **{**ROOM, "a_slot": "1"})
    agent = program_at(village, "0801", "agent")
    told = [agent.post("/appointments", {**SAID, "day": TOMORROW}, request_id="book-0001") for _ in range(2)]
    assert [each.status_code for each in told] == [200, 200] and told[0].get_json() == told[1].get_json()
    [kept_row] = village.member.casebook.appointments(TOMORROW)
    assert told[0].get_json() == {"booking": kept_row.number, "code": kept_row.code}
    assert kept_row.code not in agent.get(f"/appointments?day={TOMORROW}").text, "told to who booked, and in no list"
    [row] = agent.get(f"/appointments?day={TOMORROW}").get_json()["appointments"]
    way, to = f"/appointments/{row['number']}", {"day": FRIDAY, "slot": "09:30"}
    assert agent.post(f"{way}/move", {**to, "reason": ""}, request_id="move-0001").status_code == 422
    for _ in range(2):
        assert agent.post(f"{way}/move", {**to, "reason": "停电"}, request_id="move-0002").status_code == 200
    [moved] = agent.get(f"/appointments?day={FRIDAY}").get_json()["appointments"]
    assert (moved["moved_from"], moved["booking"]) == (f"{TOMORROW} 09:00", row["booking"])
    off = agent.post(f"/appointments/{moved['number']}/call_off", {"reason": "停电"}, request_id="off-00001")
    assert off.status_code == 200
    [ended] = agent.get(f"/appointments?day={FRIDAY}").get_json()["appointments"]
    assert (ended["state"], ended["reason"], ended["ended_by"]) == ("cancelled", "停电", "0801")
