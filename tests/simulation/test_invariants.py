"""Every invariant is looked at: what must not be is shown to the watch, which names what does not hold."""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.simulation import healing, simulation
from tests.simulation.breaks import BREAKS, at_rest
from tests.simulation.simulation import Simulation
from tests.simulation.truth import Violation

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def counties(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Simulation]]:
    """Makes counties at rest."""
    made: list[Simulation] = []

    def make() -> Simulation:
        made.append(Simulation(1, tmp_path_factory.mktemp("county")))
        at_rest(made[-1])
        return made[-1]

    yield make
    for sim in made:
        sim.close()


@pytest.fixture(scope="module")
def county(counties: Callable[[], Simulation]) -> Simulation:
    """One whom no break changes."""
    return counties()


def test_a_county_at_rest_holds_them_all(county: Simulation) -> None:
    assert len(county.truth.filed) == 6
    healing.judge(county)


@pytest.mark.slow
@pytest.mark.parametrize("invariant", BREAKS)
def test_what_must_not_be_is_named(county: Simulation, counties: Callable[[], Simulation], invariant: str) -> None:
    broken = BREAKS[invariant]
    with pytest.raises(Violation) as named:
        broken.show(counties() if broken.alone else county)
    assert named.value.invariant == invariant, named.value


def test_every_invariant_has_its_break() -> None:
    named = {simulation.UNFORESEEN}
    for file in HERE.glob("*.py"):
        if file.name.startswith("test_"):
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Violation":
                named.add(ast.literal_eval(node.args[0]))
    assert named == set(BREAKS)
