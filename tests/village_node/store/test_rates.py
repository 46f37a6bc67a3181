"""What rates are counted from, on either database: whose day, whose events, and by which index they are found."""

from pathlib import Path
from typing import Any

import pytest

from sync_protocol.case import kinds
from tests.builders import empty_database
from tests.village_node.store.test_figures import HERE, THERE, case
from village_node.store import Store, cases, faults, open_store, rates, rows
from village_node.store.faults import BAD_RATING, LATE_ANSWER, FaultRow
from village_node.store.tables.streams import EVENTS, STREAMS

SETTLED: dict[str, Any] = {"done_as": 1, "settled_limit": 5, "settled_kind": 1, "item_version": 1}
DAY_MS, CHINA_MS = 86_400_000, 28_800_000


def settled(number: int, day: int, used: int, scope: str = HERE, **changes: Any) -> cases.CaseRow:
    return case(number, scope, **{**SETTLED, "done_day": day, "settled_day": day, "settled_used": used, **changes})


def stream(number: int, scope: str) -> tuple[Any, ...]:
    said = {
        "id": number, "incarnation": bytes([number]) * 16, "scope": scope, "suite": 1, "stream_id": b"s", "head_seq": 0,
        "head_hash": b"", "body_seq": 0, "body_hash": b"", "hlc": 0, "own": False, "alarm": 0, "since": 0,
        "branch": b"", "trunk": None,
    }  # fmt: skip
    return tuple(said[column.name] for column in STREAMS.columns)


def event(number: int, of: int, kind: int, verdict: int = 1, at: int = 1) -> tuple[Any, ...]:
    said = {
        "stream": at, "seq": number, "hash": bytes([number]), "kind": kind, "kind_version": 1,
        "case_id": bytes([of]) * 16, "stage": True, "header": b"h%d" % number, "salt": None, "body": b"b%d" % number,
        "body_state": 0, "arrived_ms": 0, "verdict": verdict, "verdict_note": "",
    }  # fmt: skip
    return tuple(said[column.name] for column in EVENTS.columns)


@pytest.fixture
def filled(store: Store) -> Store:
    found = [
        settled(1, 110, 3, corrections=2),
        settled(2, 110, 5, red_plus_day=110),
        settled(3, 112, 7, THERE, red_plus_day=111),
        settled(4, 112, 7, settled_kind=2, item_version=2),
        case(5, done_day=109, done_as=4, state="refused", accepted_day=None),
        case(6, done_day=109, done_as=3, due_day=108, red_day=109),  # withdrawn: due no more
        case(7, due_day=108, red_day=109, filed_ms=100 * DAY_MS - CHINA_MS),
        case(8, due_day=108, red_day=None, filed_ms=101 * DAY_MS - CHINA_MS),
        case(9, due_day=108, red_day=109, accepted_day=None, filed_ms=101 * DAY_MS - CHINA_MS - 1),
        settled(10, 125, 6),
    ]
    handed = [(1, 1, kinds.HANDOFF), (2, 1, kinds.ACCEPT), (3, 1, kinds.DECIDE), (4, 1, kinds.DELIVERED)]
    returned = [(5, 2, kinds.DOCKET), (6, 2, kinds.RETURN_FOR_CORRECTION), (7, 4, kinds.DOCKET)]
    looked_at = [(8, 7, kinds.PREREVIEW), (9, 7, kinds.PREREVIEW_REPLY), (10, 8, kinds.PREREVIEW)]
    looked_at.append((11, 9, kinds.PREREVIEW))
    events = [event(*each) for each in (*handed, *returned, *looked_at)]
    events += [event(12, 1, kinds.SUPPLY, verdict=4), event(13, 4, kinds.RETURN_FOR_CORRECTION, at=2)]
    with store.writing() as connection:
        cases.put(connection, found)
        rows.insert(connection, STREAMS, [stream(1, HERE), stream(2, THERE)])
        rows.insert(connection, EVENTS, events)
        keys = [(HERE, bytes([number]) * 16) for number in (1, 2, 4)]
        days = zip(keys, (100, 90, 100), (BAD_RATING, BAD_RATING, LATE_ANSWER), strict=True)
        faults.put(connection, keys, [FaultRow(*key, 0, rule, day, "621021101201") for key, day, rule in days])
    return store


def test_what_was_settled_and_what_is_in_hand_is_found_by_the_day_it_was_due(filled: Store) -> None:
    with filled.reading() as connection:
        # Two left on day 110 cannot be due before 112; two over on 112 not after 110.
        sums = [(HERE, 110, 0, 1), (HERE, 110, 2, 1), (HERE, 125, -1, 1)]
        assert sorted(rates.due(connection, 112, 124, 366)) == sums
        sums = [(HERE, 110, 0, 1), (HERE, 112, -2, 1), (HERE, 125, -1, 1), (THERE, 112, -2, 1)]
        assert sorted(rates.due(connection, 100, 110, 366)) == sums
        assert rates.due(connection, 112, 120, 1) == [(HERE, 125, -1, 1)], "none that was settled longer before"
        found = rates.in_hand(connection, 100, 108)
        assert len(found) == 2 and {(key[0], *days) for key, *days in found} == {(HERE, 108, 109), (HERE, 108, None)}
        assert rates.in_hand(connection, 109, 120) == []


def test_what_was_settled_beyond_the_statute_is_told_by_version_and_kind(filled: Store) -> None:
    with filled.reading() as connection:
        assert sorted(rates.limited(connection, 100, 112)) == [
            (HERE, "001", 1, 1, 2, 1), (HERE, "001", 2, 2, 1, 0), (THERE, "001", 1, 1, 1, 1),
        ]  # fmt: skip
        assert rates.limited(connection, 113, 120) == []
        assert rates.refused(connection, 109, 109) == [(HERE, 1)] and rates.refused(connection, 110, 120) == []
        assert sorted(rates.received(connection, 100, 100)) == [(HERE, 100, 9), (THERE, 100, 1)]


def test_of_the_cases_of_a_period_those_events_are_read_that_count_and_are_theirs(filled: Store) -> None:
    with filled.reading() as connection:
        told = [(scope, [each.kind for each in steps]) for scope, steps in rates.steps(connection, 100, 112)]
        assert [(scope, sorted(found)) for scope, found in told] == [
            (HERE, sorted((kinds.HANDOFF, kinds.ACCEPT, kinds.DELIVERED)))
        ], "neither what is void nor what moves nobody"
        [(_, first)] = rates.steps(connection, 100, 112)
        assert (b"h1", b"b1") in {(each.header, each.body) for each in first}
        assert list(rates.steps(connection, 113, 120)) == []
        returned = sorted(sorted(each.kind for each in steps) for _, steps in rates.returns(connection, 100, 110))
        assert returned == [[kinds.DOCKET], [kinds.DOCKET, kinds.RETURN_FOR_CORRECTION]], (
            "what another scope wrote of a case is no return of it"
        )


def test_days_are_those_of_china_and_bad_ratings_have_a_first_day(filled: Store) -> None:
    with filled.reading() as connection:
        of_one_day = [sorted(each.kind for each in steps) for _, steps in rates.previews(connection, 100, 100)]
        assert sorted(of_one_day) == [[kinds.PREREVIEW], [kinds.PREREVIEW, kinds.PREREVIEW_REPLY]]
        assert len(list(rates.previews(connection, 100, 120))) == 3 and not list(rates.previews(connection, 102, 120))
        assert rates.bad(connection, 100) == [(HERE, bytes([1]) * 16)]
        assert rates.bad(connection, 90) == [(HERE, bytes([1]) * 16), (HERE, bytes([2]) * 16)]


def test_events_are_found_by_the_index_on_cases_and_cases_by_their_day(folder: Path) -> None:
    path = folder / "plan.db"
    path.write_bytes(empty_database())
    store, plans = open_store(f"sqlite:///{path}"), dict[str, str]()
    words = {**rates._WORDS, "received": rates._RECEIVED, "refused": rates._REFUSED, "due": rates._DUE}
    words |= {"limited": rates._LIMITED, "in_hand": rates._IN_HAND, "bad": rates._BAD}
    with store.reading() as connection:
        for what, said in words.items():
            found = rows.ask(connection, f"EXPLAIN QUERY PLAN {said}", (0,) * said.count("?"))
            plans[what] = " ".join(str(row[-1]) for row in found)
    store.close()
    for what, day in {"steps": "done_day", "returns": "accepted_day", "previews": "filed_ms"}.items():
        assert f"ix_cases_{day} ({day}>? AND {day}<?" in plans[what], plans[what]
        assert "ix_events_case (case_id=?)" in plans[what] and "SCAN" not in plans[what].split("SUBQUERY")[0], plans[
            what
        ]
    for what, index in {
        "received": "ix_cases_received_day (received_day>? AND received_day<?",
        "refused": "ix_cases_done_day (done_day>? AND done_day<?",
        "due": "ix_cases_settled (settled_day>? AND settled_day<?",
        "limited": "ix_cases_settled (settled_day>? AND settled_day<?",
        "in_hand": "ix_cases_done_day (done_day=? AND accepted_day<?",
        "bad": "ix_faults_day (day>?",
    }.items():
        assert index in plans[what], plans[what]
