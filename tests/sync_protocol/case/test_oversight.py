"""What supervision asks beside a case, by a clock of its own, and what a sample may say."""

from datetime import date
from typing import Any

import pytest

from sync_protocol import encoding
from sync_protocol.case import Position, kinds, oversight, sampling
from sync_protocol.case.events import Verdict
from sync_protocol.case.records import SideNote
from sync_protocol.case.sampling import Drawn, Sample
from tests.sync_protocol.case.script import COUNTY, OTHER_VILLAGE, TOWNSHIP, VILLAGE, Script
from tests.sync_protocol.case.test_legal_dates import at
from tests.sync_protocol.case.year_2026 import CALENDAR

LETTER = {0: VILLAGE, 1: "promised", 3: "2026-03-20", 4: "请速办", 5: "督办1号"}


def test_what_supervision_writes_counts_in_one_order_and_moves_nothing() -> None:
    script = Script()
    script.create()
    script.receive()
    before = script.fold().state, script.fold().holder
    letter = script.write(COUNTY, kinds.SUPERVISION_LETTER, LETTER)
    answer = script.write(VILLAGE, kinds.SUPERVISION_ANSWER, {0: list(letter), 1: "已办"})
    other = script.write(TOWNSHIP, kinds.SUPERVISION_ANSWER, {0: list(letter), 1: "与我无关"})
    card = script.write(VILLAGE, kinds.ALERT_ANSWER, {0: "red"})
    stray = script.write(OTHER_VILLAGE, kinds.SUPERVISION_LETTER, LETTER)
    empty = script.write(COUNTY, kinds.SPOT_CHECK, {0: "check", 1: "found"})
    case = script.fold()
    assert (case.state, case.holder) == before
    assert [note.position for note in case.oversight] == [letter, answer, other, card]
    assert case.verdicts[stray] == Verdict("void", "off_path")
    assert case.verdicts[empty] == Verdict("void", "malformed: text")
    (asked,) = oversight.asked_of(case.oversight)
    assert [note.position for note in asked.answers] == [answer], "only who was asked answers"
    assert oversight.acknowledged(case.oversight, "red", VILLAGE) is not None
    assert oversight.acknowledged(case.oversight, "yellow", VILLAGE) is None


def note(number: int, kind: int, place: str, day: int, **body: Any) -> SideNote:
    return SideNote(Position(bytes(16), number, bytes(8)), kind, place, "1", at(3, day), body)


# Asked on Monday, 16 March 2026, to be answered by Friday: four working days.
ASKED = note(1, kinds.SUPERVISION_LETTER, COUNTY, 16, to=VILLAGE, answer_by="2026-03-20")
FOUND = note(1, kinds.SPOT_CHECK, COUNTY, 16, what="check", outcome="found", to=VILLAGE, due="2026-03-20")


def answered(number: int, day: int) -> SideNote:
    return note(number, kinds.SUPERVISION_ANSWER, VILLAGE, day, of=ASKED.position, text="已办")


def looked(number: int, day: int, outcome: str, **more: Any) -> SideNote:
    return note(number, kinds.SPOT_CHECK, COUNTY, day, what="recheck", of=FOUND.position, outcome=outcome, **more)


AGAIN = [FOUND, answered(2, 18), looked(3, 23, "found", due="2026-03-27")]


@pytest.mark.parametrize(
    ("notes", "day", "grade"),
    [
        ([ASKED], 16, ""),
        ([ASKED], 17, ""),
        ([ASKED], 18, "notice"),
        ([ASKED], 20, "yellow"),
        ([ASKED], 21, "red"),
        ([ASKED, answered(2, 20)], 30, ""),
        ([ASKED, answered(2, 23)], 30, "red"),
        ([FOUND, answered(2, 18)], 30, ""),
        (AGAIN, 24, ""),
        (AGAIN, 28, "red"),
        ([*AGAIN, answered(4, 27), looked(5, 30, "sound")], 31, ""),
        ([FOUND, looked(3, 23, "sound")], 31, ""),
    ],
)  # fmt: skip
def test_a_letter_and_a_finding_have_a_clock_of_their_own(notes: list[SideNote], day: int, grade: str) -> None:
    (asked,) = oversight.asked_of(notes)
    assert oversight.grade_of(asked, CALENDAR, date(2026, 3, day)) == grade


def test_who_was_asked_waits_until_it_answers_and_a_finding_until_it_is_in_order() -> None:
    def stands(*notes: SideNote) -> tuple[bool, bool]:
        (asked,) = oversight.asked_of(notes)
        assert bool(oversight.unanswered(notes, VILLAGE)) == asked.waits
        return asked.waits, asked.settled

    assert stands(ASKED) == (True, False) and stands(ASKED, answered(2, 18)) == (False, True)
    assert stands(FOUND) == (True, False) and stands(FOUND, answered(2, 18)) == (False, False)
    assert stands(FOUND, answered(2, 18), looked(3, 19, "found")) == (True, False)
    assert stands(FOUND, answered(2, 18), looked(3, 19, "sound")) == (False, True)


SAMPLE = Sample("settled", "2026-03-01", "2026-03-31", 3, ((VILLAGE, bytes(16)), (TOWNSHIP, bytes(16))), ("齐全吗",))


def test_a_sample_comes_back_as_it_was_written() -> None:
    assert sampling.from_bytes(sampling.to_bytes(SAMPLE)) == SAMPLE
    newer = encoding.decode(sampling.to_bytes(SAMPLE))
    assert isinstance(newer, dict)
    assert sampling.from_bytes(encoding.encode({**newer, 9: "newer"})) == SAMPLE
    assert sampling.from_bytes(encoding.encode({**newer, -1: "critical"})) is None
    assert sampling.from_bytes(b"\xff") is None and sampling.from_bytes(encoding.encode([1])) is None


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("what", {"what": "all"}),
        ("first", {"first": "2026-02-30"}),
        ("last", {"last": "2026-02-01"}),
        ("out_of", {"out_of": 0}),
        ("cases", {"cases": ()}),
        ("cases", {"cases": ((VILLAGE, bytes(16)),) * 2}),
        ("cases", {"out_of": 1}),
        ("cases", {"cases": ((VILLAGE, bytes(15)),)}),
        ("questions", {"questions": ()}),
        ("questions", {"questions": ("a", "a")}),
        ("questions", {"questions": ("x" * 61,)}),
    ],
)
def test_a_sample_that_does_not_fit_names_its_first_wrong_field(field: str, change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"^{field}$"):
        sampling.to_bytes(SAMPLE._replace(**change))


def test_days_that_were_drawn_from_are_known() -> None:
    drawn = Drawn(Position(bytes(16), 1, bytes(8)), COUNTY, "1009", 0, SAMPLE)
    assert drawn.overlaps(SAMPLE._replace(first="2026-03-31", last="2026-04-30"))
    assert not drawn.overlaps(SAMPLE._replace(first="2026-04-01", last="2026-04-30"))
    assert not drawn.overlaps(SAMPLE._replace(first="2026-02-01", last="2026-02-28"))
    assert not drawn.overlaps(SAMPLE._replace(what="running"))
