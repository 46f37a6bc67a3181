"""What an older program could not read counts from the first start of one that can."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sync_protocol.case import kinds
from sync_protocol.case.kinds import Kind
from tests import builders
from tests.builders import TOWNSHIP, VILLAGE


def test_a_case_that_needed_an_update_goes_on_with_the_first_start_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = builders.network(tmp_path)
    village, township = network.members[VILLAGE], network.members[TOWNSHIP]
    ref = village.file()
    village.act(ref, kinds.HANDOFF, {"to": TOWNSHIP, "purpose": "accept"})
    with monkeypatch.context() as older:
        older.setattr(kinds, "understood", _all_but_handoffs(kinds.understood))
        older.setattr(kinds, "TABLE", _without_handoffs(kinds.TABLE))
        township.store.close()
        township = network.open(TOWNSHIP)
        builders.settle(village, township)
        row = township.casebook.case_row(ref.scope, ref.case_id)
        assert row is not None and (row.state, row.n_needs_update) == ("received", 1)
        township.store.close()
    township = network.open(TOWNSHIP)
    row = township.casebook.case_row(ref.scope, ref.case_id)
    assert row is not None and (row.state, row.transit_to, row.n_needs_update) == ("in_transit", TOWNSHIP, 0)
    assert township.casebook.work_list("mine").total == 1
    network.close()


def _all_but_handoffs(understood: Callable[[int, int], bool]) -> Callable[[int, int], bool]:
    return lambda kind, version: kind != kinds.HANDOFF and understood(kind, version)


def _without_handoffs(table: tuple[Kind, ...]) -> tuple[Kind, ...]:
    return tuple(kind for kind in table if kind.number != kinds.HANDOFF)
