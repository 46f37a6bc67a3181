"""From events to the facts of the clock: where it starts, what stops it, and that no order of arrival changes it."""

import random
from dataclasses import replace
from datetime import date
from unittest import mock

from hypothesis import given
from hypothesis import strategies as st

from sync_protocol.case import Catalogue, Position, Verdict, fold, kinds, legal_dates
from sync_protocol.case.clock import grade_on, read, turns, watched
from sync_protocol.case.facts import Correction, Exclusion, Facts, Hold, Limits
from sync_protocol.case.legal_dates import facts_of, last_day, turns_of
from tests.sync_protocol.case.histories import CASE_ID, Network, catalogue
from tests.sync_protocol.case.script import COUNTY, PLACES, STATION, TOWNSHIP, VILLAGE, Script
from tests.sync_protocol.case.tape import Tape
from tests.sync_protocol.case.year_2026 import CALENDAR

DAY_MS = 86_400_000


def at(month: int, day: int, year: int = 2026) -> int:
    """Nine in the morning of a day in China."""
    return (date(year, month, day) - date(1970, 1, 1)).days * DAY_MS + 3_600_000


def on(month: int, day: int) -> date:
    return date(2026, month, day)


def told(script: Script) -> Facts:
    return facts_of(script.fold(), script.events, PLACES, catalogue())


def filed(item: str, day: int, home: str = VILLAGE) -> Script:
    """Received on a day of March."""
    script = Script(home, item)
    script.create(claimed_ms=at(3, day))
    script.receive(claimed_ms=at(3, day))
    return script


def relayed(item: str = "001", *, docket: bool = True) -> Script:
    """Received at the village on Monday 2 March, handed on on Tuesday, accepted for by the township on Friday."""
    script = filed(item, 2)
    script.handoff(VILLAGE, TOWNSHIP, "accept", claimed_ms=at(3, 3))
    script.accept(TOWNSHIP, claimed_ms=at(3, 6))
    if docket:
        script.docket(TOWNSHIP, claimed_ms=at(3, 9))
    return script


def wanting(script: Script, place: str, asked: int) -> None:
    script.write(place, kinds.RETURN_FOR_CORRECTION, {0: [["身份证", "不清楚"]]}, claimed_ms=at(3, asked))


def supplied(script: Script, place: str, by: str, came: int, taken: int) -> None:
    supply = script.write(by, kinds.SUPPLY, {2: "补交"}, claimed_ms=at(3, came))
    script.write(place, kinds.TAKE, {0: [list(supply)]}, claimed_ms=at(3, taken))


def test_of_what_a_village_only_passes_on_the_clock_starts_at_the_township() -> None:
    facts = told(relayed())
    assert (facts.begun, facts.received, facts.accepted) == (on(3, 2), on(3, 6), on(3, 9))
    assert facts.holds == (
        Hold(on(3, 2), "village", VILLAGE),
        Hold(on(3, 3), "transit_up", TOWNSHIP),
        Hold(on(3, 6), "township", TOWNSHIP),
    )
    assert facts.limits == Limits(25, 30, None, 1, 10, 14, publicity_excluded=True)


def test_of_what_a_village_accepts_itself_the_clock_starts_at_the_village() -> None:
    assert told(filed("040", 2)).received == on(3, 2)  # decided at the village
    assert told(filed("009", 2)).received == on(3, 2)  # accepted by the village
    assert told(filed("001", 2)).received is None
    assert told(filed("001", 2, TOWNSHIP)).received == on(3, 2)  # at the township's own window


def test_of_what_a_village_may_accept_but_only_passes_on_the_clock_starts_above() -> None:
    script = filed("009", 2)
    items = Catalogue([replace(catalogue().item("009"), village_mode="协办")])
    assert facts_of(fold(VILLAGE, CASE_ID, script.events, PLACES, items), script.events, PLACES, items).received is None


def test_a_station_has_the_case_as_its_village_has() -> None:
    assert told(filed("001", 2, STATION)).holds == (Hold(on(3, 2), "village", STATION),)


def test_done_at_once_is_only_what_is_decided_where_it_is_accepted() -> None:
    script = filed("009", 2)
    script.docket(VILLAGE, claimed_ms=at(3, 2))
    assert told(script).limits.promised == 3  # the county decides it
    window = filed("022", 2, COUNTY)
    window.docket(COUNTY, claimed_ms=at(3, 2))
    assert told(window).limits.promised == 0
    named = filed("022", 2, COUNTY)
    named.write(COUNTY, kinds.DOCKET, {0: 7}, claimed_ms=at(3, 2))
    assert told(named).limits.promised == 7


def test_before_acceptance_papers_count_from_the_day_somebody_with_the_power_to_accept_had_them() -> None:
    script = relayed(docket=False)
    wanting(script, TOWNSHIP, 9)
    assert told(script).corrections == (Correction(on(3, 9)),)
    supplied(script, TOWNSHIP, VILLAGE, 10, 13)
    assert told(script).corrections == (Correction(on(3, 9), on(3, 13)),)
    direct = relayed(docket=False)
    wanting(direct, TOWNSHIP, 9)
    supplied(direct, TOWNSHIP, TOWNSHIP, 11, 13)
    assert told(direct).corrections == (Correction(on(3, 9), on(3, 11)),)


def test_in_the_examination_papers_count_from_the_day_the_resident_gave_them_to_anybody() -> None:
    script = relayed()
    wanting(script, TOWNSHIP, 10)
    supplied(script, TOWNSHIP, VILLAGE, 12, 18)
    assert told(script).exclusions == (Exclusion("supplement", on(3, 10), on(3, 12)),)


def test_papers_that_claim_to_have_come_before_they_were_asked_for_or_after_they_were_taken_do_not() -> None:
    for came, counted in ((4, 10), (27, 18)):
        script = relayed()
        wanting(script, TOWNSHIP, 10)
        supplied(script, TOWNSHIP, VILLAGE, came, 18)
        assert told(script).exclusions == (Exclusion("supplement", on(3, 10), on(3, counted)),)


def test_a_return_by_a_level_that_neither_reviews_nor_decides_stops_nothing() -> None:
    script = filed("016", 2, TOWNSHIP)  # accepted at the township or the county, decided at the county
    script.docket(TOWNSHIP, claimed_ms=at(3, 2))
    wanting(script, TOWNSHIP, 4)
    facts = told(script)
    assert facts.exclusions == (Exclusion("returned", on(3, 4)),)
    clocks = read(facts, CALENDAR, on(3, 6))
    assert clocks.of("promised").used == 4  # type: ignore[union-attr]
    assert clocks.shares == {"township": 4}


def test_the_decision_ends_the_promise_and_starts_the_delivery() -> None:
    script = relayed()
    script.review(TOWNSHIP, claimed_ms=at(3, 11))
    script.handoff(TOWNSHIP, COUNTY, "decide", claimed_ms=at(3, 12))
    script.accept(COUNTY, claimed_ms=at(3, 13))
    script.decide(COUNTY, claimed_ms=at(3, 20))
    script.handoff(COUNTY, VILLAGE, "deliver", claimed_ms=at(3, 23))
    script.accept(VILLAGE, claimed_ms=at(3, 25))
    facts = told(script)
    assert (facts.decided, facts.settled, facts.delivered) == (on(3, 20), on(3, 20), None)
    assert facts.holds[-2:] == (Hold(on(3, 23), "transit_down", VILLAGE), Hold(on(3, 25), "village", VILLAGE))
    script.write(VILLAGE, kinds.DELIVERED, {0: "张三", 1: "in_person", 2: "2026-03-26"}, claimed_ms=at(3, 30))
    assert told(script).delivered == on(3, 26)


def test_a_delivery_that_claims_to_be_older_than_the_decision_is_of_the_same_day() -> None:
    script = filed("040", 2)
    script.docket(VILLAGE, claimed_ms=at(3, 3))
    script.decide(VILLAGE, claimed_ms=at(3, 6))
    script.write(VILLAGE, kinds.DELIVERED, {0: "张三", 1: "in_person", 2: "2026-03-01"}, claimed_ms=at(3, 6))
    assert told(script).delivered == on(3, 6)


def test_a_withdrawal_granted_closes_the_case() -> None:
    script = relayed()
    request = script.write(VILLAGE, kinds.WITHDRAWAL_REQUEST, {0: "不办了"}, claimed_ms=at(3, 10))
    script.write(TOWNSHIP, kinds.ANSWER, {0: list(request), 1: True}, claimed_ms=at(3, 11))
    assert told(script).closed == on(3, 11)


def test_the_first_accept_fixes_the_day_of_filing_and_bounds_what_came_before() -> None:
    script = Script(VILLAGE, "001")
    script.create(claimed_ms=at(7, 1, 2031))
    script.receive(claimed_ms=at(7, 1, 2031))
    script.handoff(VILLAGE, TOWNSHIP, "accept", claimed_ms=at(7, 1, 2031))
    dates = {1: at(7, 1, 2031), 2: at(3, 2), 3: at(3, 6), 4: at(3, 6), 5: True}
    script.write(TOWNSHIP, kinds.ACCEPT, dates, claimed_ms=at(3, 6))
    facts = told(script)
    assert (facts.begun, facts.received) == (on(3, 6), on(3, 6))
    assert {hold.since for hold in facts.holds} == {on(3, 6)}


def test_no_act_is_earlier_than_the_one_before_it() -> None:
    script = relayed()
    script.review(TOWNSHIP, claimed_ms=0)
    script.handoff(TOWNSHIP, COUNTY, "decide", claimed_ms=-5)
    assert told(script).holds[-1] == Hold(on(3, 9), "transit_up", COUNTY)


def test_a_case_assigned_to_the_township_is_received_there() -> None:
    script = filed("001", 2)
    script.assign(COUNTY, TOWNSHIP, claimed_ms=at(3, 16))
    facts = told(script)
    assert facts.received == on(3, 16) and facts.holds[-1] == Hold(on(3, 16), "township", TOWNSHIP)


def test_what_was_adopted_counts_on_its_own_day_and_not_before_the_adoption() -> None:
    script = relayed()
    review = script.last
    lost = script.review(TOWNSHIP, after=review, life=2, order=9, claimed_ms=at(3, 10))
    script.last = review
    script.write(TOWNSHIP, kinds.RETURN_FOR_CORRECTION, {0: [["户口簿", "缺页"]]}, claimed_ms=at(3, 11))
    supplied(script, TOWNSHIP, TOWNSHIP, 12, 12)
    passed_on = script.write(
        TOWNSHIP, kinds.HANDOFF, {0: COUNTY, 1: "decide"}, after=lost, life=2, order=9, claimed_ms=at(3, 10)
    )
    script.last = script.events[-2].position
    script.write(TOWNSHIP, kinds.ADOPT, {0: [list(passed_on)]}, claimed_ms=at(3, 13))
    case = script.fold()
    assert lost in case.adopted and passed_on in case.adopted and case.reviewed
    assert told(script).holds[-1] == Hold(on(3, 6), "township", TOWNSHIP)  # an adopted handoff moves nothing
    assert told(script).exclusions == (Exclusion("supplement", on(3, 11), on(3, 12)),)


def examined() -> Script:
    """At the township since Friday 6 March, accepted on Monday 9 March, reviewed, at the county from 12 March."""
    script = relayed()
    script.review(TOWNSHIP, claimed_ms=at(3, 10))
    script.handoff(TOWNSHIP, COUNTY, "decide", claimed_ms=at(3, 11))
    script.accept(COUNTY, claimed_ms=at(3, 12))
    return script


def test_a_refusal_closes_the_case_and_one_overturned_starts_the_time_to_accept_anew() -> None:
    script = relayed(docket=False)
    refused = script.refuse(TOWNSHIP, claimed_ms=at(3, 9))
    assert told(script).closed == on(3, 9)
    asked = script.write(VILLAGE, kinds.REVIEW_REQUEST, {0: "材料齐全"}, claimed_ms=at(3, 10))
    script.last = refused
    script.write(COUNTY, kinds.REVIEW_DECISION, {0: list(asked), 1: "uphold", 2: "维持"}, claimed_ms=at(3, 12))
    assert told(script).closed == on(3, 9)
    script.events.pop()
    script.last = refused
    script.write(COUNTY, kinds.REVIEW_DECISION, {0: list(asked), 1: "overturn", 2: "撤销"}, claimed_ms=at(3, 12))
    assert (told(script).closed, told(script).received) == (None, on(3, 12))


def test_corrections_before_a_refusal_that_was_overturned_say_nothing_of_the_time_after_it() -> None:
    script = relayed(docket=False)
    wanting(script, TOWNSHIP, 9)
    supplied(script, TOWNSHIP, TOWNSHIP, 10, 10)
    script.last = script.events[-1].position
    refused = script.refuse(TOWNSHIP, claimed_ms=at(3, 11))
    asked = script.write(VILLAGE, kinds.REVIEW_REQUEST, {0: "材料齐全"}, claimed_ms=at(3, 12))
    script.last = refused
    script.write(COUNTY, kinds.REVIEW_DECISION, {0: list(asked), 1: "overturn", 2: "撤销"}, claimed_ms=at(3, 25))
    facts = told(script)
    assert (facts.received, facts.corrections, facts.told_earlier) == (on(3, 25), (), (on(3, 9),))
    wanting(script, TOWNSHIP, 26)
    assert [each.since for each in watched(told(script), CALENDAR)] == [on(3, 26)], "told twice all the same"


def test_a_case_that_lapsed_is_closed_until_papers_that_had_come_in_time_are_taken() -> None:
    script = relayed(docket=False)
    wanting(script, TOWNSHIP, 9)
    script.write(TOWNSHIP, kinds.LAPSE, {0: "2026-03-20", 1: "逾期未补正"}, claimed_ms=at(3, 23))
    assert told(script).closed == on(3, 23)
    supplied(script, TOWNSHIP, TOWNSHIP, 18, 24)
    facts = told(script)
    assert facts.closed is None and facts.corrections == (Correction(on(3, 9), on(3, 18)),)


def term(script: Script) -> date | None:
    return last_day(script.fold(), script.events, CALENDAR)


def test_the_last_day_of_a_term_is_counted_in_working_days_from_the_day_of_the_notice() -> None:
    script = relayed(docket=False)
    assert term(script) is None
    body = {0: [["身份证", "不清楚"]], 2: 20}
    script.write(TOWNSHIP, kinds.RETURN_FOR_CORRECTION, body, claimed_ms=at(3, 9))
    assert term(script) == on(4, 7)  # without Qingming, Monday 6 April
    unnamed = relayed(docket=False)
    wanting(unnamed, TOWNSHIP, 9)
    assert term(unnamed) == on(4, 21)  # 30 of them
    supplied(unnamed, TOWNSHIP, TOWNSHIP, 10, 10)
    assert term(unnamed) is None


def test_the_term_of_a_fee_runs_from_its_notice_and_of_several_supplements_the_first_ends() -> None:
    fee = relayed("034")
    fee.review(TOWNSHIP, claimed_ms=at(3, 10))
    fee.handoff(TOWNSHIP, COUNTY, "decide", claimed_ms=at(3, 11))
    fee.accept(COUNTY, claimed_ms=at(3, 12))
    fee.decide(COUNTY, claimed_ms=at(3, 13))
    fee.write(COUNTY, kinds.FEE_NOTICE, {0: 12_000, 1: "标准", 2: 15}, claimed_ms=at(3, 16))
    assert term(fee) == on(4, 7)
    script = examined()
    for days, day in ((10, 13), (5, 16)):
        body = {0: "supplement", 1: [["户口簿", "缺页"]], 2: "依据", 3: days}
        script.write(COUNTY, kinds.SUSPEND, body, claimed_ms=at(3, day))
    script.suspend(COUNTY, "testing", claimed_ms=at(3, 16))
    assert term(script) == on(3, 23)


def test_no_more_can_be_promised_than_the_statute_allows_and_at_once_only_what_is_decided_here() -> None:
    script = relayed(docket=False)
    script.write(TOWNSHIP, kinds.DOCKET, {0: 99}, claimed_ms=at(3, 9))
    assert told(script).limits.promised == 30
    elsewhere = filed("009", 2)
    elsewhere.write(VILLAGE, kinds.DOCKET, {0: 0}, claimed_ms=at(3, 2))
    assert told(elsewhere).limits.promised == 3


def test_procedures_are_lines_of_the_ledger_from_the_day_they_open_to_the_day_they_end() -> None:
    script = examined()
    testing = script.suspend(COUNTY, "testing", claimed_ms=at(3, 13))
    survey = script.suspend(COUNTY, "site_survey", claimed_ms=at(3, 16))
    script.resume(COUNTY, testing, claimed_ms=at(3, 18))
    assert told(script).exclusions == (
        Exclusion("testing", on(3, 13), on(3, 18), 5),
        Exclusion("site_visit", on(3, 16), None, 5),
    )
    script.resume(COUNTY, survey, claimed_ms=at(3, 19))
    assert told(script).exclusions[1].closed == on(3, 19)


def test_a_supplement_ends_on_the_day_its_papers_came() -> None:
    script = examined()
    opened = script.suspend(COUNTY, "supplement", claimed_ms=at(3, 13))
    supply = script.write(VILLAGE, kinds.SUPPLY, {2: "补交"}, claimed_ms=at(3, 17))
    script.write(
        COUNTY, kinds.RESUME, {0: list(opened), 1: "齐", 2: [list(supply)]}, after=opened, claimed_ms=at(3, 20)
    )
    (line,) = told(script).exclusions
    assert (line.kind, line.opened, line.closed) == ("supplement", on(3, 13), on(3, 17))


def test_an_extension_adds_its_days() -> None:
    script = examined()
    script.write(COUNTY, kinds.EXTEND, {0: 10, 1: "情况复杂", 2: "1002"}, claimed_ms=at(3, 13))
    facts = told(script)
    assert (facts.extension_days, facts.extended) == (10, on(3, 13))
    clocks = read(facts, CALENDAR, on(3, 16))
    assert [clocks.of(clock).limit for clock in ("promised", "statutory")] == [35, 40]  # type: ignore[union-attr]


def test_an_extension_that_comes_when_the_limit_has_passed_wipes_no_card() -> None:
    # 30 working days after Monday 9 March: Tuesday 21 April, with Qingming on Monday 6 April.
    for day, limit in ((21, 40), (22, 30)):
        script = examined()
        script.write(COUNTY, kinds.EXTEND, {0: 10, 1: "情况复杂", 2: "1002"}, claimed_ms=at(4, day))
        facts = told(script)
        clocks = read(facts, CALENDAR, on(4, 30))
        statutory = clocks.of("statutory")
        assert statutory is not None and statutory.limit == limit
        assert clocks.grade == grade_on(turns(facts, CALENDAR, on(4, 30)), on(4, 30))
        assert (clocks.grade == "red_plus") == (limit == 30)
        assert ("too_late" in clocks.flags) == (limit == 30)


def test_without_a_statutory_limit_it_is_the_promise_that_must_not_have_passed() -> None:
    items = Catalogue([replace(catalogue().item("001"), statutory_days=0)])
    for day, limit in ((14, 35), (15, 25)):  # 25 working days after Monday 9 March: Tuesday 14 April
        script = examined()
        script.write(COUNTY, kinds.EXTEND, {0: 10, 1: "情况复杂", 2: "1002"}, claimed_ms=at(4, day))
        case = fold(VILLAGE, CASE_ID, script.events, PLACES, items)
        promised = read(facts_of(case, script.events, PLACES, items), CALENDAR, on(4, 30)).of("promised")
        assert promised is not None and promised.limit == limit


def test_a_countersigning_is_the_members_time_and_stops_no_clock() -> None:
    script = relayed("007")
    script.review(TOWNSHIP, claimed_ms=at(3, 10))
    opened = script.write(TOWNSHIP, kinds.COUNTERSIGN_OPEN, {0: ["建设所", "国土所"]}, claimed_ms=at(3, 11))
    assert told(script).exclusions == (Exclusion("countersign", on(3, 11)),)

    def sign(member: str, day: int) -> Position:
        body = {0: list(opened), 1: member, 2: "agree"}
        return script.write(TOWNSHIP, kinds.COUNTERSIGNATURE, body, claimed_ms=at(3, day))

    # Who has signed shares the time with who has not: it is the members' until the last of them signs, and no longer.
    signed = [sign("建设所", 12)]
    assert told(script).exclusions == (Exclusion("countersign", on(3, 11)),)
    signed += [sign("国土所", 13), sign("国土所", 16)]
    assert told(script).exclusions == (Exclusion("countersign", on(3, 11), on(3, 13)),)
    body = {0: list(opened), 1: [list(each) for each in signed[:2]]}
    script.write(TOWNSHIP, kinds.COUNTERSIGN_CLOSE, body, after=opened, claimed_ms=at(3, 17))
    assert told(script).exclusions == (Exclusion("countersign", on(3, 11), on(3, 13)),)


def test_with_a_fee_the_promise_runs_until_the_certificate_is_made_but_for_the_days_it_waits_for_the_fee() -> None:
    script = relayed("034")
    script.review(TOWNSHIP, claimed_ms=at(3, 10))
    script.handoff(TOWNSHIP, COUNTY, "decide", claimed_ms=at(3, 11))
    script.accept(COUNTY, claimed_ms=at(3, 12))
    script.decide(COUNTY, claimed_ms=at(3, 13))
    assert told(script).settled is None
    script.write(COUNTY, kinds.FEE_NOTICE, {0: 12_000, 1: "标准"}, claimed_ms=at(3, 16))
    facts = told(script)
    assert (facts.decided, facts.settled) == (on(3, 13), None)
    assert facts.exclusions == (Exclusion("fee", on(3, 16)),)
    script.write(COUNTY, kinds.FEE_SETTLED, {0: "paid", 1: "票1"}, claimed_ms=at(3, 20))
    facts = told(script)
    assert facts.settled is None and facts.exclusions == (Exclusion("fee", on(3, 16), on(3, 20)),)
    script.write(COUNTY, kinds.ISSUE, {0: "证1"}, claimed_ms=at(3, 23))
    facts = told(script)
    assert (facts.decided, facts.settled) == (on(3, 13), on(3, 23))
    # Accepted on Monday 9 March: 10 to 23 are ten working days, four of which waited for the fee (17 to 20).
    promised = read(facts, CALENDAR, on(3, 25)).of("promised")
    assert promised is not None and (promised.used, promised.excluded) == (6, 4)


def decided(item: str, outcome: str = "approve") -> Script:
    """Reviewed at the township, decided at the county on Friday 13 March."""
    script = relayed(item)
    script.review(TOWNSHIP, claimed_ms=at(3, 10))
    script.handoff(TOWNSHIP, COUNTY, "decide", claimed_ms=at(3, 11))
    script.accept(COUNTY, claimed_ms=at(3, 12))
    script.decide(COUNTY, outcome, claimed_ms=at(3, 13))
    return script


def test_a_refusal_asks_for_no_fee_and_without_a_certificate_the_delivery_is_the_end() -> None:
    assert told(decided("034", "refuse")).settled == on(3, 13)
    script = decided("034")
    script.write(COUNTY, kinds.FEE_NOTICE, {0: 12_000, 1: "标准"}, claimed_ms=at(3, 16))
    script.write(COUNTY, kinds.FEE_SETTLED, {0: "paid", 1: "票1"}, claimed_ms=at(3, 17))
    script.write(COUNTY, kinds.DELIVERED, {0: "张三", 1: "in_person"}, claimed_ms=at(3, 19))
    assert told(script).settled == on(3, 19)


def test_once_the_applicant_was_told_to_collect_the_days_are_theirs_until_the_result_goes_on() -> None:
    script = decided("001")
    early = script.write(VILLAGE, kinds.COLLECTION_NOTICE, {0: "phone"}, claimed_ms=at(3, 16))
    assert script.verdict(early).code == "effective" and told(script).exclusions == ()  # it is not there yet
    script.write(COUNTY, kinds.COLLECTION_NOTICE, {0: "post", 1: "2026-03-17"}, claimed_ms=at(3, 18))
    script.handoff(COUNTY, VILLAGE, "deliver", claimed_ms=at(3, 19))
    script.accept(VILLAGE, claimed_ms=at(3, 20))
    script.write(VILLAGE, kinds.COLLECTION_NOTICE, {0: "phone"}, claimed_ms=at(3, 23))
    facts = told(script)
    assert facts.exclusions == (
        Exclusion("collection", on(3, 17), on(3, 19)),
        Exclusion("collection", on(3, 23)),
    )
    # Decided on Friday 13 March: 16 and 17, then 20 and 23 are 4 days; since then nobody comes for it.
    clocks = read(facts, CALENDAR, on(5, 29))
    delivery = clocks.of("delivery")
    assert delivery is not None and (delivery.used, delivery.state, delivery.grade) == (4, "stopped", "")
    script.write(VILLAGE, kinds.DELIVERED, {0: "张三", 1: "in_person"}, claimed_ms=at(5, 20))
    assert read(told(script), CALENDAR, on(5, 29)).of("delivery").used == 4  # type: ignore[union-attr]


def test_a_notice_to_collect_what_is_not_decided_waits() -> None:
    script = examined()
    notice = script.write(COUNTY, kinds.COLLECTION_NOTICE, {0: "phone"}, claimed_ms=at(3, 16))
    assert script.verdict(notice) == Verdict("waiting", "decision")
    assert told(script).exclusions == ()


def test_a_fee_that_was_paid_in_time_opens_again_what_lapsed_for_want_of_it() -> None:
    script = decided("034")
    script.write(COUNTY, kinds.FEE_NOTICE, {0: 12_000, 1: "标准", 2: 5}, claimed_ms=at(3, 16))
    script.write(COUNTY, kinds.LAPSE, {0: "2026-03-23", 1: "逾期未缴费"}, claimed_ms=at(3, 24))
    assert (script.fold().state, told(script).closed) == ("lapsed", on(3, 24))
    paid = script.write(COUNTY, kinds.FEE_SETTLED, {0: "paid", 1: "票1", 4: "2026-03-19"}, claimed_ms=at(3, 26))
    case = script.fold()
    assert script.verdict(paid).code == "effective"
    assert (case.state, case.lapse, case.fee_settled) == ("decided_approved", None, True)
    facts = told(script)
    assert (facts.closed, facts.settled) == (None, None)
    assert facts.exclusions == (Exclusion("fee", on(3, 16), on(3, 19)),)


def test_a_fee_opens_nothing_that_ended_for_want_of_papers() -> None:
    script = examined()
    script.suspend(COUNTY, "supplement", claimed_ms=at(3, 13))
    script.write(COUNTY, kinds.LAPSE, {0: "2026-03-23", 1: "逾期未补正"}, claimed_ms=at(3, 24))
    paid = script.write(COUNTY, kinds.FEE_SETTLED, {0: "paid", 1: "票1"}, claimed_ms=at(3, 26))
    assert script.verdict(paid).reason == "fee_lapsed"


@given(st.lists(st.integers(0, 255), min_size=30, max_size=220), st.booleans(), st.randoms(use_true_random=False))
def test_every_node_finds_the_same_clock_in_whatever_order_the_events_came(
    numbers: list[int], honest: bool, chance: random.Random
) -> None:
    history = Network(Tape(numbers), honest).run()
    first = facts_of(history.fold(), history.events, PLACES, catalogue())
    turned = [*history.events, *history.events[:5]]
    chance.shuffle(turned)
    assert facts_of(history.fold(turned), turned, PLACES, catalogue()) == first
    as_of = date(1970, 6, 1)
    assert read(first, CALENDAR, as_of) == read(facts_of(history.fold(), turned, PLACES, catalogue()), CALENDAR, as_of)


@given(st.lists(st.integers(0, 255), min_size=30, max_size=220), st.booleans())
def test_what_cases_share_is_what_each_would_be_told_in_full(numbers: list[int], honest: bool) -> None:
    history = Network(Tape(numbers), honest).run()
    shared = facts_of(history.fold(), history.events, PLACES, catalogue())
    with mock.patch.object(legal_dates, "IN_FULL", frozenset(kinds.BY_NUMBER)):
        assert facts_of(history.fold(), history.events, PLACES, catalogue()) == shared


@given(st.lists(st.integers(0, 255), min_size=30, max_size=220), st.booleans())
def test_when_the_grades_begin_is_what_the_facts_say_whichever_way_it_was_looked_up(
    numbers: list[int], honest: bool
) -> None:
    history = Network(Tape(numbers), honest).run()
    case, as_of = history.fold(), date(1970, 6, 1)
    told = facts_of(case, history.events, PLACES, catalogue())
    assert turns_of(case, history.events, PLACES, catalogue(), CALENDAR, as_of) == turns(told, CALENDAR, as_of)


def test_cases_alike_share_their_facts_and_others_do_not() -> None:
    items = catalogue()

    def facts(item: str, day: int, home: str = VILLAGE) -> Facts:
        script = filed(item, day, home)
        return facts_of(script.fold(), script.events, PLACES, items)

    first = facts("001", 2)
    assert facts("001", 2) is first, "computed once"
    for other in (facts("001", 3), facts("034", 2), facts("001", 2, STATION)):
        assert other != first
