"""Each break planted in purging and checkpoints is found by a named promise: tests that cannot fail prove nothing."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest

from sync_protocol.checkpoint import Checkpoint
from tests.closing import closed, net
from tests.network import Network
from tests.village_node.casebook import test_checkpoints as checkpoints_kept
from tests.village_node.casebook import test_purging as purging_kept
from tests.village_node.casebook.purge_property import run
from village_node.casebook import CaseRef, checkpointing, checkpoints, intake, ledger, purged, purging
from village_node.casebook.checkpoints import Standing
from village_node.casebook.purging import Ground
from village_node.store import Store, purges, receipts, rows
from village_node.store.streams import HERE

__all__ = ["closed", "net"]

Plant = Callable[[pytest.MonkeyPatch], None]
Promise = Callable[..., None]


def any_place_s_receipt_will_do(patch: pytest.MonkeyPatch) -> None:
    """A receipt of the township counts like the county's."""

    def receipted(office, connection, roster, row):
        times = [(seq, time) for _, _, seq, time in receipts.times_of(connection, [row.id])]
        return max((seq for _, _, seq in receipts.of_streams(connection, [row.id])), default=0), times

    patch.setattr(purging, "_receipted", receipted)


def no_checkpoint_is_needed(patch: pytest.MonkeyPatch) -> None:
    """The receipt is enough."""

    def newest(connection, roster):
        return Checkpoint(b"", 0, 1, b"", 2**60)

    def grounds(office, connection, roster, about, held):
        found = {row.id: purging._receipted(office, connection, roster, row) for row in held}
        everywhere = {row.id: (row.head_seq, [(row.head_seq, 0)]) for row in held if not row.own}
        return {stream: Ground(upto, tuple(since)) for stream, (upto, since) in (found | everywhere).items() if upto}

    believed = SimpleNamespace(newest=newest, standing=lambda *anything: Standing(newest(None, None)))
    patch.setattr(purging, "_grounds", grounds)
    patch.setattr(purging, "lines", believed)


def the_term_is_not_waited_for(patch: pytest.MonkeyPatch) -> None:
    """What is covered goes at once."""
    patch.setattr(purging, "term_is_over", lambda *times: True)


def only_our_own_clock_is_asked(patch: pytest.MonkeyPatch) -> None:
    """The term is over when this node's clock says so."""
    patch.setattr(purging, "term_is_over", lambda event, word, about, now, term: now - event.arrived_ms >= term)


def only_the_county_s_clock_is_asked(patch: pytest.MonkeyPatch) -> None:
    """The term is over when the county's clock says so."""
    patch.setattr(purging, "term_is_over", lambda event, word, about, now, term: about - word >= term)


def open_cases_go_too(patch: pytest.MonkeyPatch) -> None:
    """Nobody looks whether a case is closed."""
    every = "SELECT scope, case_id FROM cases ORDER BY scope, case_id"
    patch.setattr(purges, "closed", lambda connection: [tuple(row) for row in rows.ask(connection, every)])


def contradictions_are_passed_over(patch: pytest.MonkeyPatch) -> None:
    """Bodies go although the county contradicts what is here."""
    patch.setattr(Standing, "alarms", 0)


def a_kept_line_is_believed(patch: pytest.MonkeyPatch) -> None:
    """Before a body goes its line is not verified again."""
    patch.setattr(purging, "_is_of_our_chain", lambda connection, row, line, about: True)


def a_kept_receipt_is_believed(patch: pytest.MonkeyPatch) -> None:
    """Before a body goes its receipt is not verified again."""
    patch.setattr(purging.receipt, "check", lambda *anything: None)


def paths_are_not_verified(patch: pytest.MonkeyPatch) -> None:
    """A line is kept as it came."""
    patch.setattr(checkpoints.checkpoint, "check", lambda *anything: None)


def heads_are_written_for_contiguous_positions(patch: pytest.MonkeyPatch) -> None:
    """A checkpoint names all headers held, bodies or not."""
    real = checkpointing.streams.in_scopes

    def in_scopes(connection, scopes=None):
        return [row._replace(body_seq=row.head_seq, body_hash=row.head_hash) for row in real(connection, scopes)]

    patch.setattr(checkpointing, "streams", SimpleNamespace(in_scopes=in_scopes, by_keys=checkpointing.streams.by_keys))


def lines_are_given_to_anybody(patch: pytest.MonkeyPatch) -> None:
    """A child gets the lines of scopes it does not follow."""

    def everything(places, place):
        return frozenset(f"{kind}:{code}" for kind in ("about", "below") for code in checkpoints_kept.PLACES)

    patch.setattr(checkpointing, "followed_scopes", everything)


def a_hole_is_not_noticed(patch: pytest.MonkeyPatch) -> None:
    """An answer that begins further on is taken for all."""
    real = checkpoints.take
    patch.setattr(intake.checkpoints, "take", lambda *given: real(*given[:-1], given[-1]._replace(first=0)))


def what_an_older_checkpoint_said_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    """A county that says less than before raises no alarm."""
    real = checkpoints.standing
    patch.setattr(checkpoints, "standing", lambda *given: real(*given)._replace(went_back=()))


def bodies_come_back_unasked(patch: pytest.MonkeyPatch) -> None:
    """A dropped body is taken from anybody who sends it."""
    patch.setattr(purged, "is_wanted", lambda connection, scope, event: event.body is None and event.body_state != HERE)


def the_row_is_what_the_fold_says(patch: pytest.MonkeyPatch) -> None:
    """A case folded without its bodies loses number, code and item."""
    patch.setattr(ledger.purged, "row_kept", lambda before, folded: folded)


def a_late_move_fetches_nothing(patch: pytest.MonkeyPatch) -> None:
    """A move that reaches a cleared case is judged without its bodies for good."""
    patch.setattr(ledger.purged, "recall_late", lambda *anything: None)


def the_log_is_left_as_it_is(patch: pytest.MonkeyPatch) -> None:
    """After a run the database's log still holds what was overwritten."""
    patch.setattr(Store, "scrub", lambda store: True)


def the_salt_stays(patch: pytest.MonkeyPatch) -> None:
    """Who guesses a body can still find out that he is right."""
    real = rows.change

    def change(connection, table, names, values):
        if names == ("salt", "body", "body_state"):
            return real(connection, table, names[1:], [value[1:] for value in values])
        return real(connection, table, names, values)

    patch.setattr(purges.rows, "change", change)


def fetched_cases_go_again_at_once(patch: pytest.MonkeyPatch) -> None:
    """What a person fetched is dropped by the next run."""
    real = purges.get
    patch.setattr(
        purging.purges, "get", lambda *given: found._replace(recalled_ms=None) if (found := real(*given)) else None
    )


OF_PURGING: tuple[tuple[Plant, Promise], ...] = (
    (any_place_s_receipt_will_do, purging_kept.test_a_township_s_receipt_is_not_enough),
    (the_term_is_not_waited_for, purging_kept.test_the_last_act_begins_the_term_for_the_whole_case),
    (only_our_own_clock_is_asked, purging_kept.test_a_node_whose_clock_jumps_ten_years_ahead_drops_nothing),
    (
        only_the_county_s_clock_is_asked,
        purging_kept.test_a_county_whose_clock_jumps_ten_years_ahead_for_a_day_drops_nothing_below,
    ),
    (contradictions_are_passed_over, purging_kept.test_nothing_at_all_goes_while_the_county_contradicts_what_is_here),
    (a_kept_receipt_is_believed, purging_kept.test_a_receipt_that_does_not_verify_any_more_is_none),
    (bodies_come_back_unasked, purging_kept.test_a_body_that_nobody_asked_for_is_not_taken_back),
    (the_row_is_what_the_fold_says, purging_kept.test_a_late_side_event_counts_at_once_and_the_row_keeps_what_it_shows),
    (a_late_move_fetches_nothing, purging_kept.test_a_late_move_makes_the_node_fetch_the_bodies_and_judge_with_them),
    (the_log_is_left_as_it_is, purging_kept.test_no_trace_of_a_purged_body_is_left_in_the_files),
    (the_salt_stays, purging_kept.test_the_salt_goes_with_the_body_and_the_header_stays),
    (
        fetched_cases_go_again_at_once,
        purging_kept.test_a_purged_case_is_fetched_again_on_a_person_s_request_and_stays_for_another_term,
    ),
)
OF_CASES: tuple[tuple[Plant, Promise], ...] = (
    (open_cases_go_too, purging_kept.test_an_open_case_stays_however_old_it_is),
    (no_checkpoint_is_needed, purging_kept.test_nothing_goes_without_a_checkpoint),
)
OF_CHECKPOINTS: tuple[tuple[Plant, Promise], ...] = (
    (heads_are_written_for_contiguous_positions, checkpoints_kept.test_a_missing_body_holds_the_line_back),
    (
        lines_are_given_to_anybody,
        checkpoints_kept.test_every_node_gets_the_lines_of_what_it_follows_only,
    ),
    (
        what_an_older_checkpoint_said_is_forgotten,
        checkpoints_kept.test_a_checkpoint_that_goes_back_below_an_older_one_is_an_alarm_until_it_is_made_good,
    ),
)


_ANOTHER_HASH = checkpoints_kept._another_hash


def named(pair: object) -> str:
    return getattr(pair, "__name__", "")


@pytest.mark.slow
@pytest.mark.parametrize(("plant", "promise"), OF_PURGING, ids=named)
def test_a_break_of_purging_is_found(
    plant: Plant, promise: Promise, net: Network, closed: CaseRef, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)
    with pytest.raises(AssertionError):
        promise(net, closed)


@pytest.mark.parametrize(("plant", "promise"), OF_CASES, ids=named)
def test_a_break_of_what_may_go_is_found(
    plant: Plant, promise: Promise, net: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)
    with pytest.raises(AssertionError):
        promise(net)


@pytest.mark.parametrize("spoil", [purging_kept._path_cut, purging_kept._further])
def test_a_kept_line_that_is_believed_is_found(
    spoil: Callable[..., object], net: Network, closed: CaseRef, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_kept_line_is_believed(monkeypatch)
    with pytest.raises(AssertionError):
        purging_kept.test_a_line_that_does_not_hold_any_more_is_none(net, closed, spoil)


@pytest.fixture
def wide(tmp_path: Path) -> Iterator[Network]:
    """Six nodes, as the tests of checkpoints have them."""
    yield from checkpoints_kept.net.__wrapped__(tmp_path)


@pytest.mark.parametrize(("plant", "promise"), OF_CHECKPOINTS, ids=named)
def test_a_break_of_checkpoints_is_found(
    plant: Plant, promise: Promise, wide: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)
    with pytest.raises(AssertionError):
        promise(wide)


@pytest.mark.parametrize(
    ("plant", "promise"),
    [
        (
            paths_are_not_verified,
            partial(checkpoints_kept.test_a_line_that_does_not_hold_is_refused_and_counted, lie=_ANOTHER_HASH),
        ),
        (
            a_hole_is_not_noticed,
            checkpoints_kept.test_an_answer_that_leaves_a_hole_or_is_about_another_checkpoint_changes_nothing,
        ),
    ],
    ids=["paths_are_not_verified", "a_hole_is_not_noticed"],
)
def test_a_break_of_verifying_lines_is_found(
    plant: Plant, promise: Promise, wide: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    announced = checkpoints_kept.announced.__wrapped__(wide)
    plant(monkeypatch)
    with pytest.raises(AssertionError):
        promise(announced)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_purge_on_a_township_s_receipt_alone_is_found_by_random_histories(monkeypatch: pytest.MonkeyPatch) -> None:
    no_checkpoint_is_needed(monkeypatch)
    any_place_s_receipt_will_do(monkeypatch)
    with pytest.raises(AssertionError, match="the county has no"):
        for seed in range(10):
            run(seed, 40)
