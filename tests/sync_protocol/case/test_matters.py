"""Which records beside the cases belong together, so that an erasure takes all of a matter and nothing of another."""

import random

import pytest

from sync_protocol.case import kinds, matters
from sync_protocol.case.events import Position
from sync_protocol.case.matters import Said, matters_of

NUMBER, OTHER = "621021101201-261118-7K3M-12-A", "621021101201-261118-7K3M-13-B"


def said(seq: int, kind: int, **fields: object) -> Said:
    return Said(Position(bytes(16), seq, seq.to_bytes(8)), kind, 1_000 + seq, fields)


ASKED = said(1, kinds.CONSULTATION, consultation_no=NUMBER, outcome="open", question="?")
TOLD = said(2, kinds.CONSULTATION, consultation_no=NUMBER, outcome="answered", told="!")
CALLED = said(3, kinds.CALL_BACK, number=NUMBER, reached=True)
SLIP = said(4, kinds.SLIP, slip_no=OTHER, by="张秀兰")
ANSWERED = said(5, kinds.SLIP_ANSWER, slip_no=OTHER, outcome="declined")
COMPLAINT = said(6, kinds.COMPLAINT, complaint_no="C")
PASSED_ON = said(7, kinds.COMPLAINT, complaint_no="C", passed_on=list(COMPLAINT.position))
HEARD = said(8, kinds.COMPLAINT_ANSWER, complaint=list(PASSED_ON.position))
KIN = said(9, kinds.KIN, staff_no="0001", kin_id_no="110105-19491231 002x")
WITHDRAWN = said(10, kinds.KIN, staff_no="0001", kin_id_no="11010519491231002X", withdrawn=True)
OTHER_KIN = said(11, kinds.KIN, staff_no="0002", kin_id_no="11010519491231002X")
STRAY = said(12, kinds.COMPLAINT_ANSWER, complaint=[bytes(16), 99, bytes(8)])
LOST_CALL = said(13, kinds.CALL_BACK, number="nothing of the kind")
CALLED_FIRST = said(14, kinds.CALL_BACK, number="S")
LATE_ANSWER = said(15, kinds.SLIP_ANSWER, slip_no="S", outcome="declined")
OTHER_STRAY = said(16, kinds.COMPLAINT_ANSWER, complaint=[bytes(16), 98, b"8" * 8])
BEGUN = [ASKED, TOLD, CALLED, SLIP, ANSWERED, COMPLAINT, PASSED_ON, HEARD, KIN, WITHDRAWN, OTHER_KIN]
EVERY = [*BEGUN, STRAY, LOST_CALL, CALLED_FIRST, LATE_ANSWER, OTHER_STRAY]


@pytest.mark.parametrize("seed", range(20))
def test_each_record_belongs_to_one_matter_in_whatever_order_they_came(seed: int) -> None:
    held = random.Random(seed).sample(EVERY, len(EVERY))
    made = {(each.what, each.number): each.records for each in matters_of(held)}
    assert made == {
        ("consultation", NUMBER): (ASKED, TOLD, CALLED),
        ("slip", OTHER): (SLIP, ANSWERED),
        ("complaint", "C"): (COMPLAINT, PASSED_ON, HEARD),
        ("kin", KIN.position.mark.hex()): (KIN, WITHDRAWN),
        ("kin", OTHER_KIN.position.mark.hex()): (OTHER_KIN,),
        ("complaint", bytes(8).hex()): (STRAY,),
        ("call", "nothing of the kind"): (LOST_CALL,),
        ("slip", "S"): (CALLED_FIRST, LATE_ANSWER),
        ("complaint", (b"8" * 8).hex()): (OTHER_STRAY,),
    }
    assert [each.first for each in matters_of(held)] == [
        each.said for each in (ASKED, SLIP, COMPLAINT, KIN, OTHER_KIN, STRAY, LOST_CALL, CALLED_FIRST, OTHER_STRAY)
    ]  # fmt: skip


def test_what_does_not_fit_its_table_belongs_to_nobody() -> None:
    for kind in matters.KINDS:
        assert matters.read(kind, b"\xa0") is None and matters.read(kind, b"") is None
        assert kinds.BY_NUMBER[kind].holding == "apart", "what stands in a header is never erased"
