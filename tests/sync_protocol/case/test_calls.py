"""Whom a place calls about its own consultations and slips, and that a call about a record is no call about a case."""

from itertools import permutations

from sync_protocol import encoding
from sync_protocol.case import calls, kinds
from sync_protocol.case.beside import Record
from sync_protocol.case.consultations import Consultation
from sync_protocol.case.slips import Slip
from tests.sync_protocol.case.script import OTHER_VILLAGE, VILLAGE
from tests.sync_protocol.case.test_slips import ASKED_NO, SLIP_NO, answer, record, slip


def call(number: int, reached: bool, place: str = VILLAGE, scope: str = VILLAGE, about: str = ASKED_NO) -> Record:
    return record(number, place, scope)._replace(said={"number": about, "reached": reached, "text": "已告知"})


def asked(contact: str = "13800001234") -> Consultation:
    first = record(1, VILLAGE, VILLAGE, consultation_no=ASKED_NO, outcome="open", question="多久", contact=contact)
    told = record(2, VILLAGE, VILLAGE, consultation_no=ASKED_NO, outcome="answered", told="五天")
    return Consultation(first, told._replace(actor="0002"))


def test_who_left_a_contact_and_was_answered_later_is_called_until_reached_or_three_times_in_vain() -> None:
    def callees(*made: Record, about: Consultation | None = None) -> list[calls.Callee]:
        return calls.callees_of(VILLAGE, [about or asked()], [], made)

    [callee] = callees()
    assert callee.waits and callee.handlers == {"0001", "0002"} and callee.what == "consultation"
    assert callees(about=asked("")) == [] and callees(about=Consultation(asked().last, asked().last)) == []
    assert callees(call(3, reached=False), call(4, reached=False))[0].waits
    assert not callees(call(3, reached=False), call(4, reached=True))[0].waits
    assert not callees(*(call(number, reached=False) for number in (3, 4, 5)))[0].waits
    strange = [call(6, True, place=OTHER_VILLAGE), call(7, True, scope=OTHER_VILLAGE), call(8, True, about=SLIP_NO)]
    assert callees(*strange)[0].calls == ()
    made = [call(3, reached=False), call(4, reached=True), *strange]
    assert all(callees(*order) == callees(*made) for order in permutations(made))


def test_who_handed_something_in_is_told_by_the_place_that_took_it() -> None:
    waiting, told = Slip(slip(1, contact="139"), None), Slip(slip(1, contact="139"), answer(2, VILLAGE))
    assert calls.callees_of(OTHER_VILLAGE, [], [waiting], []) == []
    assert calls.callees_of(VILLAGE, [], [told], []) == []
    [callee] = calls.callees_of(OTHER_VILLAGE, [], [told], [])
    assert (callee.number, callee.what, callee.handlers) == (SLIP_NO, "slip", frozenset({"0001"}))


def test_a_record_of_a_call_names_its_number() -> None:
    raw = calls.to_bytes({"reached": True, "text": "已告知", "number": ASKED_NO})
    assert calls.read(raw) == {"reached": True, "text": "已告知", "number": ASKED_NO}
    assert calls.read(encoding.encode({0: True, 1: "已告知"})) is None, "that is a call about a case"
    assert calls.read(b"\xff") is None and kinds.role_of(kinds.CALL_BACK) == "side"
