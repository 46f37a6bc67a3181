"""What rates are added up from, on either database: which row counts on which day, and by which index it is found."""

from pathlib import Path
from typing import Any

import pytest

from tests.builders import empty_database
from tests.village_node.store.test_figures import HERE, PLACE, THERE, case
from village_node.store import Store, cases, faults, open_store, rates, rows
from village_node.store.faults import BAD_RATING, LATE_ANSWER, FaultRow

SETTLED: dict[str, Any] = {"done_as": 1, "settled_limit": 5, "settled_kind": 1, "transfers": 0, "transfer_days": 0}
DAY_MS, CHINA_MS = 86_400_000, 28_800_000


def settled(number: int, day: int, scope: str = HERE, **changes: Any) -> cases.CaseRow:
    return case(number, scope, **{**SETTLED, "done_day": day, "settled_day": day, **changes})


def summed(found: rates.Sums) -> dict[tuple[str, str], int]:
    """What the sums come to, without what nothing was added to."""
    sums: dict[tuple[str, str], int] = {}
    for scope, grown in found:
        for name, number in grown.items():
            sums[scope, name] = sums.get((scope, name), 0) + number
    return {key: number for key, number in sums.items() if number}


@pytest.fixture
def filled(store: Store) -> Store:
    found = [
        settled(1, 110, corrections=2, owed_day=112, statute=0, rating=5, transfers=2, transfer_days=3, visits=2),
        settled(2, 110, owed_day=110, statute=1, visits=0, rating=0),
        settled(3, 112, THERE, owed_day=110, settled_kind=2, statute=1, returned=1),
        settled(4, 112, owed_day=113, settled_kind=0, statute=1),
        case(5, done_day=109, done_as=4, state="refused", accepted_day=None),
        case(6, done_day=109, done_as=3, returned=1, accepted_day=103),  # withdrawn
        case(7, owed_day=108, filed_ms=100 * DAY_MS - CHINA_MS, previews=2, previews_in_time=1, preview_due=104),
        case(8, owed_day=112, accepted_day=111, filed_ms=101 * DAY_MS - CHINA_MS, previews=0, preview_due=105),
        case(9, owed_day=108, accepted_day=None, filed_ms=101 * DAY_MS - CHINA_MS - 1),
    ]
    with store.writing() as connection:
        cases.put(connection, found)
        key = (HERE, bytes([1]) * 16)
        found_bad = [
            FaultRow(*key, 0, BAD_RATING, 100, PLACE, 115, 1, 0), FaultRow(*key, 1, BAD_RATING, 90, PLACE, 115, 1, 1),
            FaultRow(*key, 2, LATE_ANSWER, 100, PLACE), FaultRow(*key, 3, BAD_RATING, 101, PLACE, 116, 0, 1),
        ]  # fmt: skip
        faults.put(connection, [key], found_bad)
    return store


def test_what_came_in_and_what_was_settled_is_summed_up_by_home(filled: Store) -> None:
    with filled.reading() as connection:
        assert summed(rates.counted(connection, 100, 111)) == {
            (HERE, "received"): 8, (HERE, "corrected"): 1, (HERE, "accepted"): 6, (HERE, "returned"): 1,
            (HERE, "refused"): 1, (HERE, "settled"): 2, (HERE, "rated"): 1, (HERE, "limited"): 2, (HERE, "over"): 1,
            (HERE, "transfers"): 2, (HERE, "transfer_days"): 3, (HERE, "readable"): 2, (HERE, "visits"): 2,
            (THERE, "received"): 1, (THERE, "accepted"): 1, (THERE, "returned"): 1,
        }  # fmt: skip
        # 即办件 are of neither kind that the statute is asked of; nobody knows the visits of these two.
        assert summed(rates.counted(connection, 112, 120)) == {
            (HERE, "settled"): 1, (THERE, "settled"): 1, (THERE, "joint_limited"): 1, (THERE, "joint_over"): 1,
        }  # fmt: skip
        assert summed(rates.received_on(connection, [99, 100])) == {
            (HERE, "off_received"): 8,
            (THERE, "off_received"): 1,
        }
        assert rates.received_on(connection, [99]) == rates.received_on(connection, []) == []


def test_what_was_due_is_settled_or_in_hand_and_past_it(filled: Store) -> None:
    def due(*days: int) -> dict[tuple[str, str], int]:
        return summed(rates.due(connection, *days))

    with filled.reading() as connection:
        assert due(108, 112, 111, 366) == {(HERE, "due"): 4, (HERE, "due_settled"): 2, (THERE, "due"): 1}
        assert due(108, 112, 112, 366)[THERE, "due_settled"] == 1
        assert due(108, 110, 120, 366) == {
            (HERE, "due"): 2, (HERE, "due_settled"): 1, (THERE, "due"): 1, (THERE, "due_settled"): 1
        }  # fmt: skip
        assert due(112, 113, 120, 1) == {(HERE, "due"): 2, (HERE, "due_settled"): 1}, "not what was settled long before"
        assert due(109, 109, 120, 366) == {}


def test_pre_reviews_count_when_they_are_answered_or_their_term_is_over(filled: Store) -> None:
    with filled.reading() as connection:
        assert summed(rates.previews(connection, 100, 100, 103)) == {
            (HERE, "previews"): 2,
            (HERE, "previews_in_time"): 1,
        }
        assert summed(rates.previews(connection, 100, 100, 104))[HERE, "previews"] == 3
        assert summed(rates.previews(connection, 100, 101, 104))[HERE, "previews"] == 3
        assert summed(rates.previews(connection, 101, 101, 105)) == {(HERE, "previews"): 1}
        assert rates.previews(connection, 102, 120, 120) == []


def test_bad_ratings_count_on_the_last_day_of_their_term(filled: Store) -> None:
    with filled.reading() as connection:
        mended = {(HERE, "bad"): 2, (HERE, "bad_mended"): 2, (HERE, "bad_asked"): 1}
        assert summed(rates.bad(connection, 115, 115, 25)) == mended
        assert summed(rates.bad(connection, 115, 115, 24))[HERE, "bad"] == 1, "not one that counts from long before"
        assert summed(rates.bad(connection, 116, 130, 366)) == {(HERE, "bad"): 1, (HERE, "bad_asked"): 1}
        assert rates.bad(connection, 117, 130, 366) == []


def test_a_calendar_moves_what_is_written_due_or_to_be_answered_from_a_day_on(store: Store) -> None:
    rest: dict[str, Any] = {"received_day": None, "accepted_day": None}
    found = [
        case(1, updated_ms=100 * DAY_MS - CHINA_MS - 1), case(2, updated_ms=100 * DAY_MS - CHINA_MS, **rest),
        case(3, updated_ms=0, owed_day=100), case(4, updated_ms=0, preview_due=100), case(5, THERE, updated_ms=0),
    ]  # fmt: skip
    with store.writing() as connection:
        cases.put(connection, found)
        key = (THERE, bytes([5]) * 16)
        faults.put(connection, [key], [FaultRow(*key, 0, BAD_RATING, 80, PLACE, 100, 1, 1)])
    with store.reading() as connection:
        assert {case_id[0] for _, case_id in rates.since(connection, 100)} == {2, 3, 4, 5}
        assert {case_id[0] for _, case_id in rates.since(connection, 101)} == set()


def test_each_sum_reads_an_index_and_most_of_them_nothing_else(folder: Path) -> None:
    path = folder / "plan.db"
    path.write_bytes(empty_database())
    store, plans = open_store(f"sqlite:///{path}"), dict[str, str]()
    words = {name: words for name, (_, words) in rates._PLAIN.items()}
    words |= {"day_off": rates._DAY_OFF.replace("DAYS", "?"), "due": rates._DUE}
    words |= {"previews": rates._PREVIEWS, "bad": rates._BAD}
    with store.reading() as connection:
        for what, said in words.items():
            found = rows.ask(connection, f"EXPLAIN QUERY PLAN {said}", (0,) * said.count("?"))
            plans[what] = " ".join(str(row[-1]) for row in found)
    store.close()
    for what, index in {
        "received": "COVERING INDEX ix_cases_received_day (received_day>? AND received_day<?",
        "accepted": "COVERING INDEX ix_cases_accepted_day (accepted_day>? AND accepted_day<?",
        "returned": "INDEX ix_cases_returned (accepted_day>? AND accepted_day<?",
        "refused": "COVERING INDEX ix_cases_refused (done_day>? AND done_day<?",
        "settled": "COVERING INDEX ix_cases_rates (done_day>? AND done_day<?",
        "day_off": "COVERING INDEX ix_cases_received_day (received_day=?",
        "due": "COVERING INDEX ix_cases_owed_day (owed_day>? AND owed_day<?",
        "previews": "INDEX ix_cases_previews (filed_ms>? AND filed_ms<?",
        "bad": "INDEX ix_faults_due_day (due_day>? AND due_day<?",
    }.items():
        assert index in plans[what], (what, plans[what])
