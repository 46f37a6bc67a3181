"""Which documents rest on which events, and which of them must have a number."""

from importlib import resources
from typing import Any

import pytest

from sync_protocol.case import Catalogue, Item, bodies, documents, kinds
from sync_protocol.case.authority import form_fields
from sync_protocol.case.documents import TYPES, Ground, Happened
from sync_protocol.case.legal_bodies import SUSPENSIONS

APPROVE, REFUSE = {"outcome": "approve"}, {"outcome": "refuse", "reasons": "收入超过标准"}


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    text = resources.files("sync_protocol.case").joinpath("catalogue.csv").read_text(encoding="utf-8")
    return Catalogue.from_csv(text)


def test_the_codes_of_the_field_are_complete_and_every_mark_stands_for_one_document() -> None:
    assert [code for code in TYPES if code.isdigit()] == [f"{number:02}" for number in range(1, 18)]
    marks = [row.mark for row in TYPES.values()]
    assert len(set(marks)) == len(marks)
    assert all(set(row.stands_for) <= TYPES.keys() for row in TYPES.values())
    assert [row.code for row in TYPES.values() if row.adverse] == ["05", "12", "13", "lapse", "recheck"]


@pytest.mark.parametrize(
    ("ground", "expected"),
    [
        (Ground(kinds.CREATE, {}, proxied=True), ["06"]),
        (Ground(kinds.CREATE, {}), []),
        (Ground(kinds.RECEIVE, {}, accepts=True), ["01"]),
        (Ground(kinds.RECEIVE, {}, accepts=False), ["agency", "precheck"]),
        (Ground(kinds.ACCEPT, {}, accepts=True, purpose="accept"), ["01"]),
        (Ground(kinds.ACCEPT, {}, accepts=True, purpose="accept", receipted=True), []),
        (Ground(kinds.ACCEPT, {}, accepts=True, purpose="review"), []),
        (Ground(kinds.ACCEPT, {}, purpose="deliver"), ["16", "17"]),
        (Ground(kinds.RETURN_FOR_CORRECTION, {}, docketed=False), ["02", "17"]),
        (Ground(kinds.RETURN_FOR_CORRECTION, {}, docketed=True, examines=True), ["07", "17"]),
        (Ground(kinds.RETURN_FOR_CORRECTION, {}, docketed=True), ["14", "17"]),
        (Ground(kinds.SUPPLY, {}), ["03"]),
        (Ground(kinds.DOCKET, {}), ["04", "17"]),
        (Ground(kinds.DECIDE, APPROVE), ["11", "16", "17"]),
        (Ground(kinds.DECIDE, REFUSE), ["12", "16", "17"]),
        (Ground(kinds.DECIDE, APPROVE, linked=True), ["13", "16", "17"]),
        (Ground(kinds.DECIDE, REFUSE, linked=True), ["12", "16", "17"]),
        (Ground(kinds.DECIDE, APPROVE, linked=True, higher=True), ["16", "17"]),
        (Ground(kinds.DECIDE, APPROVE, instant=True), ["instant"]),
        (Ground(kinds.DECIDE, REFUSE, instant=True), ["12", "16", "17"]),
        (Ground(kinds.HANDOFF, {"purpose": "review"}), ["handoff"]),
        (Ground(kinds.REVIEW, {"opinion": "agree"}), ["review"]),
        (Ground(kinds.ANSWER, {"granted": True}), ["withdrawal"]),
        (Ground(kinds.ANSWER, {"granted": False}), []),
        (Ground(kinds.DELIVERED, {}), ["17"]),
        (Ground(kinds.REFUSE, {}), ["05", "17"]),
        (Ground(kinds.LAPSE, {}), ["17", "lapse"]),
        (Ground(kinds.SUSPEND, {"what": "supplement"}), ["07", "17"]),
        (Ground(kinds.SUSPEND, {"what": "hearing", "hearing_day": "2026-12-02"}), ["09", "17"]),
        (Ground(kinds.SUSPEND, {"what": "hearing"}), ["08", "17"]),
        (Ground(kinds.SUSPEND, {"what": "site_survey"}), ["08", "17"]),
        (Ground(kinds.SUSPEND, {"what": "publicity"}), ["publicity"]),
        (Ground(kinds.RESUME, {}, ends="publicity"), ["published"]),
        (Ground(kinds.RESUME, {}, ends="site_survey"), ["survey"]),
        (Ground(kinds.RESUME, {}, ends="testing"), []),
        (Ground(kinds.SUSPEND, {"what": "reported_up"}), ["17", "upward", "transmittal"]),
        (Ground(kinds.EXTEND, {}), ["10", "17"]),
        (Ground(kinds.FEE_NOTICE, {}), ["15", "17"]),
        (Ground(kinds.REVIEW_DECISION, {}), ["17", "recheck"]),
        (Ground(kinds.NOTE, {}), []),
    ],
)
def test_an_event_bears_the_documents_of_the_table(ground: Ground, expected: list[str]) -> None:
    assert [each.code for each in documents.borne(ground)] == expected


def test_every_event_that_needs_a_number_has_room_for_it_and_nobody_is_asked_to_type_it() -> None:
    holding = {kind for kind, table in bodies.TABLES.items() if any(f.name == "document_no" for f in table.fields)}
    # A `resume` tells the number of the higher authority's document, and that is typed; a letter of supervision is no
    # document of the case, and its number is drawn where it is written.
    assert holding - {kinds.RESUME, kinds.SUPERVISION_LETTER} == documents.NUMBERED_KINDS
    for kind in bodies.TABLES.keys() - {kinds.SUPERVISION_LETTER}:
        assert ("document_no" in [field.name for field in form_fields(kind)]) == (kind == kinds.RESUME)


def test_an_event_has_at_most_one_document_with_a_number_of_its_own() -> None:
    for docketed in (True, False):
        for instant in (True, False):
            for outcome in (APPROVE, REFUSE):
                for kind in bodies.TABLES:
                    for what in SUSPENSIONS:
                        ground = Ground(kind, {**outcome, "what": what}, docketed=docketed, instant=instant)
                        assert sum(row.numbered for row in documents.borne(ground)) <= 1


def told(item: Item, home: str, *events: tuple[int, str, dict[str, Any]], ineffective: int = -1) -> list[list[str]]:
    levels = {"v": "village", "t": "township", "c": "county"}
    happened = [
        Happened(kind, place, levels[place], body, index != ineffective)
        for index, (kind, place, body) in enumerate(events)
    ]
    return [[each.code for each in documents.borne(ground)] for ground in documents.grounds(happened, home, item)]


WAY: tuple[tuple[int, str, dict[str, Any]], ...] = (
    (kinds.CREATE, "v", {"proxy_name": "王芳"}),
    (kinds.RECEIVE, "v", {}),
    (kinds.HANDOFF, "v", {"purpose": "accept"}),
    (kinds.ACCEPT, "t", {}),
    (kinds.DOCKET, "t", {}),
    (kinds.RETURN_FOR_CORRECTION, "t", {}),
    (kinds.HANDOFF, "t", {"purpose": "decide"}),
    (kinds.ACCEPT, "c", {}),
    (kinds.DECIDE, "c", APPROVE),
    (kinds.HANDOFF, "c", {"purpose": "deliver"}),
    (kinds.ACCEPT, "v", {}),
)


def test_only_who_was_reached_opens_an_order_by_telephone(catalogue: Catalogue) -> None:
    calls = [(kinds.CALL_BACK, "v", {"reached": reached, "text": "回访", "grade": "poor"}) for reached in (False, True)]
    assert told(catalogue.item("001"), "v", *calls) == [[], ["rectify"]]


def test_the_receipt_with_legal_effect_comes_from_the_first_place_that_may_accept(catalogue: Catalogue) -> None:
    assert told(catalogue.item("001"), "v", *WAY) == [
        ["06"], ["agency", "precheck"], ["handoff"], ["01"], ["04", "17"], ["07", "17"], ["handoff"], [],
        ["11", "16", "17"], ["handoff"], ["16", "17"],
    ]  # fmt: skip
    # 009 is accepted by villages as well: there the village's own receipt is the one.
    assert told(catalogue.item("009"), "v", *WAY)[1:4] == [["01"], ["handoff"], []]


def test_a_case_that_acts_upon_an_earlier_decision_is_answered_by_a_document_of_its_own(catalogue: Catalogue) -> None:
    renewal = ((kinds.CREATE, "v", {"acts_on": "renew", "earlier": "1"}), *WAY[1:])
    assert told(catalogue.item("001"), "v", *renewal)[8] == ["13", "16", "17"]
    assert told(catalogue.item("001"), "v", *renewal, ineffective=0)[8] == ["11", "16", "17"]


def test_what_does_not_count_leaves_no_trace_in_what_comes_after(catalogue: Catalogue) -> None:
    docket = [event[0] for event in WAY].index(kinds.DOCKET)
    assert told(catalogue.item("001"), "v", *WAY, ineffective=docket)[docket:][:2] == [["04", "17"], ["02", "17"]]


def test_after_acceptance_papers_are_asked_for_by_who_examines_the_case_and_else_it_is_given_back(
    catalogue: Catalogue,
) -> None:
    item = catalogue.item("016")  # accepted at the township or the county, decided at the county
    asked = [event[0] for event in WAY].index(kinds.RETURN_FOR_CORRECTION)
    assert told(item, "t", *WAY)[asked] == ["14", "17"]
    at_the_county = (*WAY[:asked], (kinds.RETURN_FOR_CORRECTION, "c", {}))
    assert told(item, "t", *at_the_county)[asked] == ["07", "17"]
    here = documents.ground_now(kinds.RETURN_FOR_CORRECTION, {}, "township", item, docketed=True, at_home=True)
    assert documents.numbered(here) == TYPES["14"]


def test_what_a_higher_authority_decided_is_no_document_of_ours(catalogue: Catalogue) -> None:
    item = catalogue.item("030")
    for outcome in (APPROVE, REFUSE):
        ground = documents.ground_now(kinds.DECIDE, outcome, "county", item, docketed=True, at_home=False)
        assert [each.code for each in documents.borne(ground)] == ["16", "17"]
        assert documents.numbered(ground) is None


def test_only_a_case_that_was_filed_where_it_is_decided_is_settled_on_the_spot(catalogue: Catalogue) -> None:
    item = catalogue.item("022")
    assert item.kind == "即办件"
    here = documents.ground_now(kinds.DECIDE, APPROVE, "county", item, docketed=True, at_home=True)
    away = documents.ground_now(kinds.DECIDE, APPROVE, "county", item, docketed=True, at_home=False)
    slow = documents.ground_now(kinds.DECIDE, APPROVE, "county", catalogue.item("001"), docketed=True, at_home=True)
    numbered = [documents.numbered(each) for each in (here, away, slow)]
    assert [each.code for each in numbered if each] == ["instant", "11", "11"]
    upon = documents.ground_now(kinds.DECIDE, APPROVE, "county", item, docketed=True, at_home=True, linked=True)
    assert documents.numbered(upon) == TYPES["13"]
    unknown = documents.ground_now(kinds.DECIDE, APPROVE, "county", None, docketed=True, at_home=True)
    assert documents.numbered(unknown) == TYPES["11"]
