"""A program decides what it was shown, and nothing that has grown since."""

import pytest

from sync_protocol import encoding
from sync_protocol.case import kinds
from sync_protocol.places import about
from tests.builders import Network
from tests.village_node.web.api.program import Program, path_of, program_at
from tests.village_node.web.counter import Counter
from village_node.casebook.ledger import held_events


@pytest.fixture
def head(network: Network, county: Counter) -> Program:
    """The head of a department, who decides what is not delegated."""
    return program_at(county, "0823", "head")


@pytest.fixture
def case(county: Counter, head: Program) -> str:
    """A case at the county that waits for its decision."""
    window = program_at(county, "0821", "window")
    made = path_of(window.file(item_no="036"))
    window.done(made, "docket")
    return made


def test_a_decision_carries_what_the_program_was_shown(head: Program, case: str, county: Counter) -> None:
    shown = head.get(case).get_json()["shown"]
    head.done(case, "decide", outcome="approve")
    _, _, place, case_id = case.split("/")
    book, key = county.member.casebook, (about(place), bytes.fromhex(case_id))
    with book.store.reading() as connection:
        held = held_events(book, connection, book.roster_in(connection), {key})[key]
    (body,) = [encoding.decode(each.event.body or b"") for each in held if each.event.kind == kinds.DECIDE]
    assert body[6] == shown.split()[0]
    assert [f"{life.hex()}.{seq}.{mark.hex()}" for life, seq, mark in body[5]] == shown.split()[1:]


def test_a_decision_is_refused_where_the_case_has_grown_since(head: Program, case: str, county: Counter) -> None:
    told = head.get(case).get_json()
    decided = {"seen": told["seen"], "shown": told["shown"], "outcome": "approve", "reasons": "原件已核验"}
    program_at(county, "0821", "window").done(case, "supply", text="又交来一份")
    answer = head.post(f"{case}/acts/decide", decided).get_json()
    assert answer["code"] == "stale" and "补交材料或更正（庆城县）" in answer["zh"]
    again = {**decided, "shown": head.get(case).get_json()["shown"]}
    assert head.post(f"{case}/acts/decide", again).status_code == 200


@pytest.mark.parametrize("shown", [None, "", "0" * 64, "nothing", "0" * 64 + " 1.2.3"])
def test_a_decision_without_what_was_shown_is_no_decision(head: Program, case: str, shown: str | None) -> None:
    said = {"seen": head.get(case).get_json()["seen"], "outcome": "approve"}
    answer = head.post(f"{case}/acts/decide", said if shown is None else {**said, "shown": shown})
    assert (answer.status_code, answer.get_json()["field"]) == (422, "shown")
    assert head.get(case).get_json()["decision"] is None


def test_a_case_that_is_unmasked_was_shown_as_well(head: Program, case: str) -> None:
    full = head.post(f"{case}/unmask", {"reason": "核对申请人号码"}).get_json()
    assert full["shown"] == head.get(case).get_json()["shown"]
