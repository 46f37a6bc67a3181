"""A bad rating opens an order: who handled the stage answers, it is rated again, opened once more, and not twice."""

from datetime import date
from typing import Any

import pytest

from sync_protocol.case import Position, kinds
from sync_protocol.case.authority import to_be_called
from sync_protocol.case.orders import Order, reached_ms
from sync_protocol.case.records import SideNote
from sync_protocol.case.voices import TERMS, span
from tests.sync_protocol.case.script import COUNTY, TOWNSHIP, VILLAGE, Script, to_county, to_township_review
from tests.sync_protocol.case.year_2026 import CALENDAR


def rated(script: Script, grade: str = "poor", stage: int = 1) -> Position:
    return script.write(VILLAGE, kinds.RATING, {0: grade, 1: stage, 2: "跑了三趟"})


def answered(script: Script, named: Position, place: str = TOWNSHIP, **odd: Any) -> Position:
    return script.write(place, kinds.RECTIFICATION, {0: list(named), 1: "已当面道歉，补办"}, **odd)


def followed(script: Script, named: Position, grade: str = "fair") -> Position:
    return script.write(VILLAGE, kinds.FOLLOW_UP, {0: list(named), 1: grade, 2: "还是慢"})


def the_order(script: Script) -> Order:
    return script.fold().orders[0]


def test_a_good_rating_opens_nothing_and_a_bad_one_is_for_who_handled_the_stage() -> None:
    script = to_county()
    rated(script, "fair")
    assert script.fold().orders == ()
    rated(script, "very_poor", 2)
    assert [(each.stage, each.place) for each in script.fold().orders] == [(2, COUNTY)]
    script = to_county()
    rated(script)
    order = the_order(script)
    assert (order.stage, order.place, order.open) == (1, TOWNSHIP, True), "though the county holds the case now"


@pytest.mark.parametrize(("act", "stage"), [("refuse", 1), ("refuse", 2), ("lapse", 2), ("decide", 2)])
def test_who_refused_ended_or_decided_answers(act: str, stage: int) -> None:
    script = to_township_review()
    if act == "refuse":
        script = Script()
        script.create()
        script.receive()
        script.handoff(VILLAGE, TOWNSHIP, "accept")
        script.accept(TOWNSHIP)
        script.refuse(TOWNSHIP)
        script.assign(COUNTY, VILLAGE)
    elif act == "lapse":
        script.suspend(TOWNSHIP, "supplement")
        script.write(TOWNSHIP, kinds.LAPSE, {0: "2026-11-20", 1: "逾期未补正"})
        script.assign(COUNTY, VILLAGE)
    else:
        script = to_county()
        script.decide(COUNTY)
        script.handoff(COUNTY, VILLAGE, "deliver")
        script.accept(VILLAGE)
    rated(script, stage=stage)
    assert the_order(script).place == (COUNTY if act == "decide" else TOWNSHIP)


def test_an_answer_counts_from_that_place_or_above_and_the_first_one_does() -> None:
    script = to_county()
    bad = rated(script)
    answered(script, bad, VILLAGE)
    assert the_order(script).steps == (), "the village did not accept it"
    over = answered(script, bad, COUNTY)
    late = answered(script, bad)
    order = the_order(script)
    assert [step.position for step in order.steps] == [over] and order.unrated is not None
    assert script.verdict(late).code == "effective"


def test_not_satisfied_opens_it_once_more_and_never_twice() -> None:
    script = to_county()
    bad = rated(script)
    first = answered(script, bad)
    assert the_order(script).asks is None
    again = followed(script, first, "poor")
    order = the_order(script)
    assert order.reopened and order.asks is not None and order.asks.position == again
    second = answered(script, again)
    last = followed(script, second, "very_poor")
    order = the_order(script)
    assert [step.position for step in order.steps] == [first, again, second, last] and not order.open
    answered(script, last)
    assert the_order(script) == order
    assert script.fold().ratings[1].position == bad and script.fold().ratings[1].body["grade"] == "poor"


def test_satisfied_with_the_answer_it_is_closed() -> None:
    script = to_county()
    first = answered(script, rated(script))
    followed(script, first, "good")
    order = the_order(script)
    assert not order.open and not order.reopened


def test_what_names_what_is_not_there_means_nothing() -> None:
    script = to_county()
    bad = rated(script)
    later = rated(script)
    answered(script, later)
    followed(script, bad)
    assert the_order(script).steps == () and len(script.fold().later_ratings) == 1
    gone = script.changed(bad, body=None, body_state="purged")
    assert [each.rating.position for each in gone.orders] == [later]


def test_the_clock_counts_working_days_from_the_rating_to_the_answer() -> None:
    since = date(2026, 9, 25)  # a Friday; the National Day holiday lies within, and two make-up days
    limit = TERMS["rectification"].days
    due = span("rectification", since, None, CALENDAR, since).due
    assert CALENDAR.count(since, due) == limit == 15
    grades = {day: span("rectification", since, None, CALENDAR, CALENDAR.nth(since, day)).grade for day in range(18)}
    assert {grade: min(day for day, one in grades.items() if one == grade) for grade in grades.values()} == {
        "": 0,
        "notice": 8,
        "yellow": 12,
        "red": 16,
    }
    late = span("rectification", since, CALENDAR.nth(since, 16), CALENDAR, date(2026, 12, 31))
    assert (late.grade, late.used, late.ended) == ("red", 16, True), "an answer does not take a card away"
    good = span("rectification", since, CALENDAR.nth(since, 9), CALENDAR, date(2026, 12, 31))
    assert (good.grade, good.used) == ("", 9)


def appealed(script: Script, named: Position, what: str = "appeal", place: str = TOWNSHIP) -> Position:
    return script.write(place, kinds.RATING_APPEAL, {0: list(named), 1: what, 2: "当日系统停电，已公告"})


def test_a_rating_that_is_struck_closes_its_order_and_stays_on_record() -> None:
    script = to_county()
    bad = rated(script)
    appealed(script, bad, place=VILLAGE)
    assert the_order(script).appeal is None, "the village was not rated"
    appeal = appealed(script, bad)
    again = appealed(script, bad)
    order = the_order(script)
    assert order.appealed is not None and order.appealed.position == appeal and order.asks is not None
    appealed(script, appeal, "struck")
    assert the_order(script).finding is None, "nobody finds on an appeal of their own place"
    found = appealed(script, appeal, "struck", COUNTY)
    late = appealed(script, appeal, "stands", COUNTY)
    order = the_order(script)
    assert order.struck and not order.open and order.asks is None and order.finding is not None
    assert order.finding.position == found and script.fold().ratings[1].position == bad
    assert {script.verdict(each).code for each in (again, late)} == {"effective"}
    better = rated(script, "good")
    assert script.fold().ratings[1].position == bad and script.verdict(better).code == "effective"


def test_a_rating_that_stands_is_put_right_as_before_and_the_root_finds_for_itself() -> None:
    script = to_county()
    bad = rated(script)
    appealed(script, appealed(script, bad), "stands", COUNTY)
    order = the_order(script)
    assert order.appealed is None and not order.struck and order.asks is not None
    assert answered(script, bad) == the_order(script).steps[0].position
    script = to_county()
    script.decide(COUNTY)
    bad = rated(script, stage=2)
    appeal = appealed(script, bad, place=COUNTY)
    for below in (VILLAGE, TOWNSHIP):
        appealed(script, appeal, "struck", below)
        assert the_order(script).finding is None, "nobody below the root finds on the root"
    appealed(script, appeal, "struck", COUNTY)
    assert the_order(script).struck


def test_who_is_called_and_gives_a_grade_has_rated_the_result() -> None:
    script = to_county()
    script.decide(COUNTY)
    assert not to_be_called(script.fold())
    script.write(VILLAGE, kinds.DELIVERED, {0: "张三", 1: "in_person"})
    assert to_be_called(script.fold())
    script.write(VILLAGE, kinds.CALL_BACK, {0: False, 1: "无人接听", 2: "very_poor"})
    assert to_be_called(script.fold()) and script.fold().ratings == {}, "who was not reached has given no grade"
    call = script.write(VILLAGE, kinds.CALL_BACK, {0: True, 1: "嫌慢", 2: "poor"})
    case = script.fold()
    assert not to_be_called(case) and case.ratings[2].position == call and len(case.calls) == 2
    assert [(each.stage, each.place) for each in case.orders] == [(2, COUNTY)]
    later = rated(script, "good", 2)
    assert [each.position for each in script.fold().later_ratings] == [later]


def test_who_was_reached_or_not_reached_three_times_is_not_called_again() -> None:
    for calls in ((True,), (False, False, False)):
        script = to_county()
        script.decide(COUNTY)
        script.write(VILLAGE, kinds.DELIVERED, {0: "张三", 1: "in_person"})
        for reached in calls:
            assert to_be_called(script.fold())
            script.write(VILLAGE, kinds.CALL_BACK, {0: reached, 1: "不愿评价"})
        assert not to_be_called(script.fold()) and script.fold().ratings == {}


def test_who_is_called_about_a_bad_rating_is_reached_by_a_call_behind_it_or_by_who_records_the_next_one() -> None:
    def note(kind: int, at_ms: int, actor: str = "0001", **said: Any) -> SideNote:
        return SideNote(Position(b"i" * 16, at_ms, b"m" * 8), kind, VILLAGE, actor, at_ms, said)

    rating, answer = note(kinds.RATING, 10, grade="poor"), note(kinds.RECTIFICATION, 20)
    order = Order(2, VILLAGE, rating, (answer,))
    assert reached_ms(order, []) is None
    assert reached_ms(order, [note(kinds.CALL_BACK, 9, reached=True), note(kinds.CALL_BACK, 11, reached=False)]) is None
    assert reached_ms(order, [note(kinds.CALL_BACK, 15, reached=True), note(kinds.CALL_BACK, 12, reached=True)]) == 12
    by_call = order._replace(rating=note(kinds.CALL_BACK, 10, reached=True, grade="poor"))
    assert reached_ms(by_call, [by_call.rating]) is None, "in which the bad grade was given"

    def followed_by(actor: str, grade: str) -> Order:
        return order._replace(steps=(answer, note(kinds.FOLLOW_UP, 30, actor, grade=grade)))

    assert reached_ms(followed_by("0002", "good"), []) == 30
    assert reached_ms(followed_by("resident", "good"), []) is None, "nobody called who rated by himself"
    again = followed_by("0002", "poor")
    assert reached_ms(again, [note(kinds.CALL_BACK, 12, reached=True)]) is None, (
        "its second term began with that rating"
    )
    again = again._replace(steps=(*again.steps, note(kinds.RECTIFICATION, 40), note(kinds.FOLLOW_UP, 50, grade="poor")))
    assert reached_ms(again, []) == 50
