"""What turns up off the path: adopted in one act and all of it, or set aside with a reason; and shown as either."""

import random
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from hypothesis import given

from sync_protocol.case import CaseEvent, Position, Verdict, adoption, baton, kinds, powers, tree, why_not
from sync_protocol.case.content import adopts
from tests.sync_protocol.case.histories import PLACES, History, catalogue, histories
from tests.sync_protocol.case.script import (
    COUNTY,
    OTHER_VILLAGE,
    STATION,
    TOWNSHIP,
    VILLAGE,
    Script,
    to_township_review,
)

EFFECTIVE = Verdict("effective")
ADOPTED = Verdict("contested", "adopted")


def adopt(script: Script, place: str, *named: Position, **odd: object) -> Position:
    return script.write(place, kinds.ADOPT, {0: [list(each) for each in named]}, **odd)


def cut_off() -> tuple[Script, list[Position]]:
    """The township docketed and reviewed, unheard, while the county took the case away and gave it back."""
    script = Script()
    script.create()
    script.receive()
    script.handoff(VILLAGE, TOWNSHIP, "accept")
    fence = script.accept(TOWNSHIP)
    late = [script.docket(TOWNSHIP), script.review(TOWNSHIP), script.handoff(TOWNSHIP, COUNTY, "decide")]
    script.assign(COUNTY, COUNTY, after=fence)
    return script, late


def test_a_branch_is_adopted_in_one_act_and_counts_as_its_authors_acts() -> None:
    script, late = cut_off()
    case = script.fold()
    assert (case.state, case.review, case.adoptable) == ("received", None, tuple(sorted(late)))
    adoption = adopt(script, COUNTY, late[-1])
    case = script.fold()
    assert case.verdicts[adoption] == EFFECTIVE
    assert [case.verdicts[each] for each in late] == [ADOPTED] * 3
    assert (case.state, case.holder, case.docketed, case.docketed_at) == ("reviewed", COUNTY, True, TOWNSHIP)
    assert case.review is not None and (case.review.place, case.review.opinion) == (TOWNSHIP, "agree")
    assert case.open_oddities == () and case.adoptable == ()
    assert script.verdict(script.decide(COUNTY)) == EFFECTIVE


def test_part_of_a_branch_may_be_adopted_and_the_rest_later() -> None:
    script, (docket, review, handoff) = cut_off()
    adopt(script, COUNTY, docket)
    assert script.fold().state == "accepted" and script.fold().open_oddities == tuple(sorted((review, handoff)))
    assert script.verdict(adopt(script, COUNTY, docket)) == Verdict("void", "adoption")
    again = script.events[-2].position
    assert script.verdict(adopt(script, COUNTY, review, after=again)) == EFFECTIVE
    assert script.fold().state == "reviewed"


def test_what_the_workflow_does_not_allow_any_more_is_adopted_not_even_in_part() -> None:
    script, (_, _, handoff) = cut_off()
    script.handoff(COUNTY, TOWNSHIP, "accept")
    script.accept(TOWNSHIP)
    script.docket(TOWNSHIP)
    before = script.fold()
    assert before.state == "accepted" and before.adoptable == ()
    assert script.verdict(adopt(script, TOWNSHIP, handoff)) == Verdict("void", "adoption")
    assert script.fold().state == "accepted" and not script.fold().adopted


def test_only_the_holder_adopts_and_only_what_is_off_his_path() -> None:
    script, late = cut_off()
    end = script.last
    assert script.verdict(adopt(script, TOWNSHIP, late[0], after=end)) == Verdict("void", "not_holder")
    on_path = script.events[1].position
    assert script.verdict(adopt(script, COUNTY, on_path, after=end)) == Verdict("void", "adoption")
    void = script.review(OTHER_VILLAGE, after=end)
    assert script.verdict(adopt(script, COUNTY, void, after=end)) == Verdict("void", "adoption")
    # Two files are two roots; what hangs on the other has nothing in common with the path.
    stranger = script.create(after=None, life=2)
    assert script.verdict(adopt(script, COUNTY, stranger, after=end)) == Verdict("void", "adoption")


def test_an_adoption_waits_for_what_it_names_and_for_its_body() -> None:
    script, late = cut_off()
    adoption = adopt(script, COUNTY, late[1])
    assert script.without(late[1]).verdicts[adoption] == Verdict("waiting", "named", late[1])
    assert script.without(late[0]).verdicts[adoption] == Verdict("waiting", "named", late[1])
    assert script.changed(late[1], body=None).verdicts[adoption] == Verdict("waiting", "named", late[1])
    assert script.changed(late[1], critical_ext=True).needs_update
    erased = script.changed(late[1], body=None, body_state="erased")
    assert erased.state == "reviewed" and erased.review is not None and erased.review.opinion == ""


def test_an_adoption_stays_when_the_author_of_what_it_names_is_found_out() -> None:
    script, late = cut_off()
    adoption = adopt(script, COUNTY, late[-1])
    frozen = script.changed(late[0], entitled=False)
    assert frozen.verdicts[adoption] == EFFECTIVE and frozen.verdicts[late[0]] == ADOPTED


def test_an_adoption_that_another_names_is_judged_first_in_whatever_order_they_come() -> None:
    script, late = cut_off()
    fence = script.events[-1].position
    inner = adopt(script, COUNTY, late[0])
    script.handoff(COUNTY, TOWNSHIP, "accept", after=fence, life=2, order=-1)
    script.accept(TOWNSHIP)
    outer = adopt(script, TOWNSHIP, inner, late[0])
    seen = set()
    chance = random.Random(17)
    for _ in range(200):
        case = script.fold(chance.sample(script.events, len(script.events)))
        seen.add((case.verdicts[inner], case.verdicts[outer], case.state))
    assert seen == {(ADOPTED, EFFECTIVE, "accepted")}


def test_adoptions_that_name_each_other_are_void_and_stop_nobody() -> None:
    """No honest hash makes such a ring; a fold that meets one must still come to an end."""
    script = to_township_review()
    end = script.last
    ring = Position(script.events[-1].position.incarnation, 99, b"ring-one")
    one = adopt(script, TOWNSHIP, ring, after=end)
    two = adopt(script, TOWNSHIP, one, after=end, seq=99, mark=b"ring-one")
    beyond = script.review(TOWNSHIP, after=two)
    honest = script.review(TOWNSHIP, after=end)
    case = script.fold()
    assert two == ring and case.verdicts[one] == case.verdicts[two] == Verdict("void", "after_circle")
    assert case.verdicts[beyond] == Verdict("void", "after_void") and case.verdicts[honest] == EFFECTIVE


def test_a_side_event_of_a_frozen_machine_counts_once_it_is_adopted() -> None:
    script = to_township_review()
    note = script.write(VILLAGE, kinds.NOTE, {0: "现场看过"}, entitled=False)
    assert script.verdict(note) == Verdict("contested", "not_entitled")
    assert script.fold().adoptable == (note,) and script.fold().notes == ()
    adopt(script, TOWNSHIP, note)
    assert script.verdict(note) == EFFECTIVE and len(script.fold().notes) == 1


def test_a_side_event_of_a_place_that_the_case_never_passes_is_not_adopted() -> None:
    script = to_township_review()
    note = script.write(OTHER_VILLAGE, kinds.NOTE, {0: "路过看见"})
    assert script.verdict(note) == Verdict("void", "off_path")
    assert script.verdict(adopt(script, TOWNSHIP, note)) == Verdict("void", "adoption")


def test_an_adopted_decision_may_be_delivered_where_it_was_made_and_where_it_was_adopted() -> None:
    script = Script(item="040")
    script.create()
    fence = script.receive()
    late = [script.docket(VILLAGE), script.decide(VILLAGE)]
    script.assign(TOWNSHIP, TOWNSHIP, after=fence)
    delivery = script.write(TOWNSHIP, kinds.DELIVERED, {0: "张三", 1: "post"})
    assert script.verdict(delivery) == Verdict("waiting", "decision")
    adopt(script, TOWNSHIP, late[-1])
    case = script.fold()
    assert case.decision is not None and case.decision.place == VILLAGE
    assert case.verdicts[delivery] == EFFECTIVE and case.state == "delivered"


def test_a_dismissal_empties_the_list_says_why_and_changes_no_verdict() -> None:
    script, late = cut_off()
    early = script.write(TOWNSHIP, kinds.DISMISS, {0: [list(late[0])], 1: "已由县级重办"})
    stranger = script.write(VILLAGE, kinds.DISMISS, {0: [list(late[0])], 1: "x"}, life=2)
    assert script.verdict(early) == EFFECTIVE  # it held the case before
    other = Script(STATION)
    other.create()
    too_early = other.write(TOWNSHIP, kinds.DISMISS, {0: [list(late[0])], 1: "x"})
    assert other.verdict(too_early) == Verdict("waiting", "held")
    case = script.fold()
    assert case.verdicts[stranger] == EFFECTIVE and case.verdicts[late[0]] == Verdict("contested", "other_branch")
    assert case.open_oddities == tuple(sorted(late[1:]))
    assert case.dismissed[late[0]].body["reason"] == "已由县级重办"
    adopt(script, COUNTY, late[0])
    assert script.verdict(late[0]) == ADOPTED


def test_places_above_home_set_aside_what_nobody_holds_and_home_does_not() -> None:
    """No application is effective, so there never was a holder; otherwise nobody could ever answer."""
    script = Script()
    bad = script.write(VILLAGE, kinds.CREATE, {0: "no such shape"})
    home = script.write(VILLAGE, kinds.DISMISS, {0: [list(bad)], 1: "x"})
    assert script.verdict(bad).code == "void" and script.verdict(home) == Verdict("waiting", "create")
    assert script.fold().open_oddities == (bad,)
    first = script.write(COUNTY, kinds.DISMISS, {0: [list(bad)], 1: "x"})
    assert script.verdict(first) == Verdict("waiting", "create"), "so it was before version 2"
    above = script.write(COUNTY, kinds.DISMISS, {0: [list(bad)], 1: "程序出错写下的"}, version=2)
    case = script.fold()
    assert case.verdicts[above] == EFFECTIVE and case.open_oddities == ()
    assert case.dismissed[bad].place == COUNTY


def test_who_may_set_aside_follows_who_holds() -> None:
    """A holder alone; on the way places above the receiver, who may assign the case as well; else those above home."""

    def may(script: Script, *places: str) -> None:
        case = script.fold()
        assert case.open_oddities
        for place in (VILLAGE, TOWNSHIP, COUNTY):
            roles = powers.roles_at(PLACES.level(place))
            why = why_not(case, kinds.DISMISS, place, roles, catalogue(), PLACES)
            assert (why is None) == (place in places), (place, why)

    held = Script()
    held.create()
    held.receive()
    received = held.last
    held.write(VILLAGE, kinds.DECIDE, {0: "approve"})
    may(held, VILLAGE)
    sent = held.handoff(VILLAGE, TOWNSHIP, "accept", after=received)
    may(held, COUNTY)
    assert held.fold().last == sent
    nobody = Script()
    nobody.write(VILLAGE, kinds.CREATE, {0: "no such shape"})
    may(nobody, TOWNSHIP, COUNTY)


def test_a_long_chain_of_adoptions_is_read_once_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever writes hundreds, each naming the one before, keeps nobody above busy: not every one is looked at again
    each time another one is judged."""
    script = Script()
    script.create()
    received = last = script.receive()
    for _ in range(50):
        last = adopt(script, STATION, last, after=received)
    looked_at = []

    def looking(event: CaseEvent) -> list[Position]:
        looked_at.append(event.position)
        return adopts(event)

    monkeypatch.setattr(tree, "adopts", looking)
    case = script.fold()
    assert len(looked_at) == 50 and case.counts["void"] == 50


def test_no_path_adopts_more_than_its_bound_in_all() -> None:
    script, _ = cut_off()
    notes = [script.write(VILLAGE, kinds.NOTE, {0: "x"}) for _ in range(baton.ADOPTED_MOST + 1)]
    for start in range(0, baton.ADOPTED_MOST, 32):
        assert script.verdict(adopt(script, COUNTY, *notes[start : start + 32])) == EFFECTIVE
    assert script.verdict(adopt(script, COUNTY, notes[-1])) == Verdict("void", "adoption")


def test_no_path_answers_more_requests_than_its_bound() -> None:
    script, _ = cut_off()
    asked = [script.write(VILLAGE, kinds.WITHDRAWAL_REQUEST, {0: "x"}) for _ in range(baton.ANSWERED_MOST + 1)]
    for request in asked[:-1]:
        script.write(COUNTY, kinds.ANSWER, {0: list(request), 1: False, 2: "不予同意"})
    assert script.fold().counts["void"] == 0
    assert script.verdict(script.write(COUNTY, kinds.ANSWER, {0: list(asked[-1]), 1: True})) == Verdict(
        "void", "request"
    )


def test_a_long_branch_is_looked_through_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What leads to its last event is what leads to each before it: done once each, not once for each that follows."""
    script = Script()
    script.create()
    script.receive()
    script.handoff(VILLAGE, TOWNSHIP, "accept")
    fence = script.accept(TOWNSHIP)
    late = [script.docket(TOWNSHIP)]
    for _ in range(40):
        late.append(script.suspend(TOWNSHIP, "hearing"))
        late.append(script.resume(TOWNSHIP, late[-1]))
    script.assign(COUNTY, COUNTY, after=fence)
    done: list[Position] = []
    real = baton.do_again

    def counted(*values: Any) -> bool:
        done.append(values[-1])
        return real(*values)

    monkeypatch.setattr(baton, "do_again", counted)
    assert script.fold().adoptable == tuple(sorted(late))
    assert sorted(done) == sorted(late)


@given(histories())
def test_what_is_offered_for_adoption_is_what_an_adoption_of_it_alone_could_do(history: History) -> None:
    real = adoption.adoptable
    differ: list[tuple[Any, Any]] = []

    def both(
        flow: baton.Flow, end: int, named: Iterable[Position], judged: adoption.Judged, sides: Any, path: Any
    ) -> Iterator[Position]:
        given_ = list(named)
        found = list(real(flow, end, given_, judged, sides, path))
        alone = [
            each
            for each in given_
            if adoption.check_named([each], judged, sides, path) is None
            and not isinstance(adoption.adopt(flow, flow.holder, end, [each], judged, path), str)
        ]
        if found != alone:
            differ.append((found, alone))
        return iter(found)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(adoption, "adoptable", both)
        history.fold()
    assert differ == []
