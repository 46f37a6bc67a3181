"""A record that is void, malformed, unknown or refused holds up nobody: what is behind and beside it takes one exchange
a hop, as it does without.
"""

from typing import Any

import pytest
from sqlalchemy import text

from sync_protocol import encoding
from sync_protocol.case import kinds
from sync_protocol.case.kinds import Kind
from sync_protocol.places import about
from tests.network import COUNTY, SECOND_VILLAGE, TOWNSHIP, VILLAGE, Live, Network
from village_node.casebook import CaseRef
from village_node.casebook.passing import Passing

UNKNOWN_STAGE, UNKNOWN_SIDE = 29, 62
POISONS: dict[str, tuple[int, dict[int, Any], str]] = {
    "void": (kinds.DECIDE, {0: "approve"}, "void"),
    "malformed": (kinds.DOCKET, {0: "three weeks"}, "void"),
    "malformed beside": (kinds.NOTE, {0: ""}, "void"),
    "unknown": (UNKNOWN_STAGE, {0: 1}, "needs_update"),
    "unknown beside": (UNKNOWN_SIDE, {0: 1}, "needs_update"),
}


def poison(live: Live, ref: CaseRef, name: str, patch: pytest.MonkeyPatch) -> None:
    """A patched node writes what no desk lets through, into its own stream."""
    kind, body, verdict = POISONS[name]
    book = live.member.casebook
    case = book.case(ref.scope, ref.case_id)
    assert case is not None
    with patch.context() as desk:
        for number in (UNKNOWN_STAGE, UNKNOWN_SIDE):
            desk.setitem(kinds.BY_NUMBER, number, Kind(number, "newer", "stage", "inline", 1))
        desk.setattr(kinds, "STAGE_KINDS", kinds.STAGE_KINDS | {UNKNOWN_STAGE})
        desk.setattr("village_node.casebook.desk.checked", lambda kind, content: content)
        desk.setattr("village_node.casebook.desk.why_not", lambda *_: None)
        desk.setattr("village_node.casebook.terms.check_promise", lambda _office, _case, content: content)
        desk.setattr(book, "_refuse_unless_effective", lambda *_: None)
        book.record("0001", live.member.roles, *ref[:2], kind, body, case.last)
    assert dict(verdicts(live, ref))[verdict] == 1


def verdicts(live: Live, ref: CaseRef) -> dict[str, int]:
    case = live.member.casebook.case(ref.scope, ref.case_id)
    assert case is not None
    return case.counts


@pytest.mark.parametrize("name", POISONS)
def test_what_is_behind_and_beside_a_bad_record_takes_one_exchange_a_hop(
    wide_net: Network, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    net = wide_net
    village, second, township, county = (net[code] for code in (VILLAGE, SECOND_VILLAGE, TOWNSHIP, COUNTY))
    sick = village.member.file()
    poison(village, sick, name, monkeypatch)
    behind = village.member.file()
    village.member.act(behind, kinds.HANDOFF, {"to": TOWNSHIP, "purpose": "accept"})
    beside = second.member.file()
    for child, parent in ((village, township), (second, township), (township, county)):
        assert child.exchange().ok
        refs = [behind, sick] if child is village else [beside] if child is second else [behind, beside, sick]
        for ref in refs:
            assert parent.member.state(ref) == {behind.case_id: "in_transit"}.get(ref.case_id, "received")
        if child is not second:
            assert verdicts(parent, sick)[POISONS[name][2]] == 1
    # Both ends show it, and nothing was parked or refused for its sake.
    for live in (village, township, county):
        assert live.member.casebook.counts()[POISONS[name][2]] == 1
        assert live.member.casebook.counts()["refused"] == live.member.casebook.counts()["parked"] == 0
        assert [odd.case.case_id for odd in live.member.casebook.oddities("all").cases] == [sick.case_id]
    # The way down is as free: the township answers the good case while the bad one stands beside it.
    township.member.act(behind, kinds.ACCEPT)
    county.member.act(beside, kinds.NOTE, {"text": "请尽快"})
    assert township.exchange().ok and village.exchange().ok and second.exchange().ok
    assert village.member.state(behind) == "received"
    assert len(second.member.casebook.timeline(*beside[:2])) == 3


@pytest.mark.parametrize("name", [name for name in POISONS if name != "unknown"])
def test_the_very_case_goes_on_beside_its_bad_record(net: Network, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Void or malformed, a record stops not even its own case; only an unknown stage event does, and says so."""
    village, township = net[VILLAGE], net[TOWNSHIP]
    sick = village.member.file()
    poison(village, sick, name, monkeypatch)
    village.member.act(sick, kinds.HANDOFF, {"to": TOWNSHIP, "purpose": "accept"})
    assert village.exchange().ok
    assert township.member.state(sick) == "in_transit"
    township.member.act(sick, kinds.ACCEPT)
    assert township.member.state(sick) == "received"


@pytest.mark.parametrize("hop", ["village", "township"])
def test_a_segment_that_is_refused_keeps_no_other_author_waiting(wide_net: Network, hop: str) -> None:
    """A bit rots on the sender's disk: its stream stops there, and nobody else's does, at either hop."""
    net = wide_net
    village, second, township, county = (net[code] for code in (VILLAGE, SECOND_VILLAGE, TOWNSHIP, COUNTY))
    rotten, good = village.member.file(), second.member.file()
    if hop == "township":
        assert village.exchange().ok
    spoil(village if hop == "village" else township, about(VILLAGE))
    assert second.exchange().ok
    # One tick for each node, the sick one first.
    assert village.exchange().ok and township.exchange().ok
    assert county.member.state(good) == "received" and county.member.state(rotten) == ""
    receiver, sender = (township, village) if hop == "village" else (county, township)
    assert receiver.member.casebook.counts()["refused"] >= 1
    assert [row.scope for row in receiver.member.casebook.left().refused][:1] == [about(VILLAGE)]
    assert sender.exchange().ok
    assert {row.scope for row in sender.member.casebook.left().answers} == {about(VILLAGE)}
    second.member.act(good, kinds.HANDOFF, {"to": TOWNSHIP, "purpose": "accept"})
    assert second.exchange().ok and township.exchange().ok
    assert county.member.state(good) == "in_transit"


def spoil(live: Live, scope: str) -> None:
    """Change the last byte of every body of a scope behind the node's back, on the disk from which it leaves."""
    live.member.casebook.passing = Passing()
    with live.member.store.writing() as connection:
        query = "select e.stream, e.seq, e.body from events e join streams s on s.id = e.stream where s.scope = :scope"
        for row in connection.execute(text(query), {"scope": scope}).all():
            if row.body is not None:
                values = {"body": bytes(row.body)[:-1] + b"\x00", "stream": row.stream, "seq": row.seq}
                connection.execute(text("update events set body = :body where stream = :stream and seq = :seq"), values)


def test_the_bad_bodies_of_this_file_are_bad() -> None:
    """A body that fits would prove nothing."""
    from sync_protocol.case import bodies

    for kind, body, _ in POISONS.values():
        fits = kind in bodies.TABLES and bodies.check(kind, body) is None
        assert encoding.decode(encoding.encode(body)) == body and (not fits or kind == kinds.DECIDE)
