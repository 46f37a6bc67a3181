"""The books beside the cases are kept, say the same everywhere, and where they do not the watch names it."""

from collections.abc import Iterator
from unittest.mock import patch

import pytest

from tests.simulation import bookkeepers, healing
from tests.simulation.breaks import at_rest
from tests.simulation.simulation import Simulation
from tests.simulation.truth import Violation
from tests.simulation.world import VILLAGES
from village_node.casebook import Casebook


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulation]:
    """A county at rest in which everybody has kept their books for some evenings."""
    sim = Simulation(1, tmp_path_factory.mktemp("county"))
    at_rest(sim)
    with patch.multiple(bookkeepers, CLOSES=1.0, PUBLISHES=1.0, SETS_RULES=1.0, ORDERS=1.0, SHUTS=1.0):
        for _ in range(6):
            for code in sim.stations:
                sim.bookkeepers._evening(code)
            healing._exchange_everywhere(sim, 2)
    yield sim
    sim.close()


@pytest.mark.slow
def test_everything_that_is_kept_comes_to_pass_and_holds(kept: Simulation) -> None:
    assert kept.decisions.keys() >= {
        "day_end", "bulletin", "rules", "account_order", "account_state", "audit_head"
    }, kept.decisions  # fmt: skip
    healing.judge(kept)


@pytest.mark.parametrize("name", ["bulletins", "accounts_of"])
def test_whoever_reads_another_bulletin_or_order_is_named(kept: Simulation, name: str) -> None:
    village, real = kept.stations[VILLAGES[0]].casebook, getattr(Casebook, name)

    def fewer(book: Casebook, *asked: str) -> list[object]:
        found: list[object] = real(book, *asked)
        assert found
        return found[1:] if book is village else found

    with patch.object(Casebook, name, fewer), pytest.raises(Violation) as named:
        healing.judge(kept)
    assert named.value.invariant == "all nodes agree" and VILLAGES[0] in named.value.nodes
